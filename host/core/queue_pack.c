/* A job in one piece of memory: what ten thousand of them take is mostly small allocations. What a
 * set has in common with the one before it is kept once. */
#include "host/base/mem.h"
#include "host/core/queue_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Written twice: without `base` it is only measured. */
struct pack {
    char *base;
    size_t used;
};

static void *put(struct pack *p, const void *from, size_t size, size_t align)
{
    p->used = (p->used + align - 1) / align * align;
    char *at = p->base != NULL ? p->base + p->used : NULL;
    if (at != NULL && size > 0) {
        memcpy(at, from, size);
    }
    p->used += size;
    return at;
}

static char *put_text(struct pack *p, const char *text)
{
    return text != NULL ? put(p, text, strlen(text) + 1, 1) : NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* `like`: the text of the set before, packed as `packed`. */
static char *put_again(struct pack *p, const char *text, const char *like, char *packed)
{
    return is_same(text, like) ? packed : put_text(p, text);
}

static bool is_same_list(char *const *a, char *const *b)
{
    size_t i = 0;
    while (a != NULL && b != NULL && is_same(a[i], b[i])) {
        i++;
    }
    return a != NULL && b != NULL && a[i] == NULL && b[i] == NULL;
}

static char **put_list(struct pack *p, char *const *list)
{
    size_t n = 0;
    while (list[n] != NULL) {
        n++;
    }
    char **to = put(p, list, (n + 1) * sizeof *list, _Alignof(char *));
    for (size_t i = 0; i < n; i++) {
        char *text = put_text(p, list[i]);
        if (to != NULL) {
            to[i] = text;
        }
    }
    return to;
}

/* The texts of a set into `to`, which has those of `from` so far. */
static void put_set(struct pack *p, struct queue_set *to, const struct queue_set *from,
    const struct queue_set *before, const struct queue_set *before_to)
{
    to->path = put_again(p, from->path, before->path, before_to->path);
    to->sha256 = put_again(p, from->sha256, before->sha256, before_to->sha256);
    to->metadata = put_again(p, from->metadata, before->metadata, before_to->metadata);
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        to->materials[i] =
            put_again(p, from->materials[i], before->materials[i], before_to->materials[i]);
    }
    if (from->profiles != NULL) {
        to->profiles = is_same_list(from->profiles, before->profiles) ? before_to->profiles
                                                                      : put_list(p, from->profiles);
    }
}

static void put_sets(struct pack *p, struct queue_job *to, const struct queue_job *from)
{
    static const struct queue_set none;
    struct queue_set scratch[2] = {none, none}; /* stand in while it is only measured */
    struct queue_set *sets =
        put(p, from->sets, from->sets_count * sizeof *from->sets, _Alignof(struct queue_set));
    for (size_t i = 0; i < from->sets_count; i++) {
        struct queue_set *at = sets != NULL ? &sets[i] : &scratch[0];
        const struct queue_set *left = sets != NULL && i > 0 ? &sets[i - 1] : &scratch[1];
        put_set(p, at, &from->sets[i], i > 0 ? &from->sets[i - 1] : &none, left);
    }
    to->sets = from->sets_count > 0 ? sets : NULL;
}

static void put_claims(struct pack *p, struct queue_job *to, const struct queue_job *from)
{
    struct queue_claim *claims = put(
        p, from->claims, from->claims_count * sizeof *from->claims, _Alignof(struct queue_claim));
    for (size_t i = 0; i < from->claims_count; i++) {
        const struct queue_claim *c = &from->claims[i];
        void *counters = c->counters != NULL
                             ? put(p, c->counters, c->counters_count * sizeof *c->counters,
                                   _Alignof(struct queue_counter))
                             : NULL;
        if (claims != NULL) {
            claims[i].counters = counters;
        }
    }
    to->claims = from->claims_count > 0 ? claims : NULL;
}

static struct queue_job *put_job(struct pack *p, const struct queue_job *from)
{
    struct queue_job scratch;
    struct queue_job *at = put(p, from, sizeof *from, _Alignof(struct queue_job));
    struct queue_job *to = at != NULL ? at : &scratch;
    put_sets(p, to, from);
    put_claims(p, to, from);
    struct queue_lost *lost =
        put(p, from->lost, from->lost_count * sizeof *from->lost, _Alignof(struct queue_lost));
    to->lost = from->lost_count > 0 ? lost : NULL;
    to->name = put_text(p, from->name);
    to->submitter = put_text(p, from->submitter);
    to->origin = put_text(p, from->origin);
    to->note = put_text(p, from->note);
    to->changed_by = put_text(p, from->changed_by);
    return at;
}

struct queue_job *queue_job_pack(struct queue_job *job)
{
    struct pack p = {0};
    put_job(&p, job);
    size_t size = p.used;
    p = (struct pack){.base = mem_alloc(size)};
    struct queue_job *packed = put_job(&p, job);
    assert(p.used == size);
    queue_job_free(job);
    return packed;
}
