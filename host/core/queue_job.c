/* Jobs as values: made, copied, freed, asked. See queue.h. */
#include "host/base/mem.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *copy_text(const char *text)
{
    return text != NULL ? mem_strdup(text) : NULL;
}

struct queue_job *queue_job_new(void)
{
    struct queue_job *job = mem_alloc(sizeof *job);
    job->name = mem_strdup("");
    job->count = 1;
    job->remaining = 1;
    return job;
}

struct queue_set *queue_job_add_set(struct queue_job *job)
{
    job->sets = mem_resize(job->sets, job->sets_count + 1, sizeof *job->sets);
    struct queue_set *set = &job->sets[job->sets_count++];
    memset(set, 0, sizeof *set);
    set->count = 1;
    set->remaining = 1;
    set->time_ms = -1;
    return set;
}

static void free_profiles(char **profiles)
{
    for (size_t i = 0; profiles != NULL && profiles[i] != NULL; i++) {
        free(profiles[i]);
    }
    free(profiles);
}

void queue_set_fini(struct queue_set *set)
{
    free(set->path);
    free(set->sha256);
    free_profiles(set->profiles);
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        free(set->materials[i]);
    }
    free(set->metadata);
    memset(set, 0, sizeof *set);
}

static char **copy_profiles(char *const *from)
{
    size_t n = 0;
    while (from != NULL && from[n] != NULL) {
        n++;
    }
    if (n == 0) {
        return NULL;
    }
    char **to = mem_array(n + 1, sizeof *to);
    for (size_t i = 0; i < n; i++) {
        to[i] = mem_strdup(from[i]);
    }
    return to;
}

static void copy_set(struct queue_set *to, const struct queue_set *from)
{
    *to = *from;
    to->path = copy_text(from->path);
    to->sha256 = copy_text(from->sha256);
    to->profiles = copy_profiles(from->profiles);
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        to->materials[i] = copy_text(from->materials[i]);
    }
    to->metadata = copy_text(from->metadata);
}

static void copy_claim(struct queue_claim *to, const struct queue_claim *from)
{
    *to = *from;
    if (from->counters != NULL) {
        to->counters = mem_array(from->counters_count, sizeof *to->counters);
        memcpy(to->counters, from->counters, from->counters_count * sizeof *to->counters);
    }
}

struct queue_job *queue_job_copy(const struct queue_job *job)
{
    struct queue_job *to = mem_alloc(sizeof *to);
    *to = *job;
    to->name = copy_text(job->name);
    to->submitter = copy_text(job->submitter);
    to->origin = copy_text(job->origin);
    to->note = copy_text(job->note);
    to->changed_by = copy_text(job->changed_by);
    to->sets = job->sets_count > 0 ? mem_array(job->sets_count, sizeof *to->sets) : NULL;
    for (size_t i = 0; i < job->sets_count; i++) {
        copy_set(&to->sets[i], &job->sets[i]);
    }
    to->claims = job->claims_count > 0 ? mem_array(job->claims_count, sizeof *to->claims) : NULL;
    for (size_t i = 0; i < job->claims_count; i++) {
        copy_claim(&to->claims[i], &job->claims[i]);
    }
    to->lost = job->lost_count > 0 ? mem_array(job->lost_count, sizeof *to->lost) : NULL;
    if (to->lost != NULL) {
        memcpy(to->lost, job->lost, job->lost_count * sizeof *to->lost);
    }
    return to;
}

void queue_job_free(struct queue_job *job)
{
    if (job == NULL) {
        return;
    }
    for (size_t i = 0; i < job->sets_count; i++) {
        queue_set_fini(&job->sets[i]);
    }
    for (size_t i = 0; i < job->claims_count; i++) {
        free(job->claims[i].counters);
    }
    free(job->sets);
    free(job->claims);
    free(job->lost);
    free(job->name);
    free(job->submitter);
    free(job->origin);
    free(job->note);
    free(job->changed_by);
    free(job);
}

const struct queue_set *queue_job_set(const struct queue_job *job, const char *id)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        if (strcmp(job->sets[i].id, id) == 0) {
            return &job->sets[i];
        }
    }
    return NULL;
}

bool queue_set_fits(const struct queue_set *set, const char *profile)
{
    if (set->profiles == NULL || set->profiles[0] == NULL) {
        return true;
    }
    for (size_t i = 0; set->profiles[i] != NULL; i++) {
        if (strcmp(set->profiles[i], profile) == 0) {
            return true;
        }
    }
    return false;
}

bool queue_job_fits(const struct queue_job *job, const char *profile)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        if (queue_set_fits(&job->sets[i], profile)) {
            return true;
        }
    }
    return false;
}

int64_t queue_set_pending(const struct queue_job *job, const struct queue_set *set)
{
    size_t index = (size_t)(set - job->sets);
    int64_t pending = 0;
    int64_t copies = job->remaining;
    for (size_t i = 0; i < job->claims_count; i++) {
        if (job->claims[i].counters != NULL) {
            pending += job->claims[i].counters[index].remaining;
            copies--;
        }
    }
    return copies > 0 ? pending + (copies - 1) * set->count + set->remaining : pending;
}

/* ---- materials ---- */

struct words {
    struct {
        const char *text;
        size_t len;
    } word[3]; /* type, colour, #rrggbb; length 0 = left out */
};

static struct words split_material(const char *key)
{
    struct words w = {0};
    const char *end = key + strlen(key);
    const char *last = strrchr(key, '_');
    if (last != NULL && last[1] == '#') {
        w.word[2].text = last + 1;
        w.word[2].len = (size_t)(end - last - 1);
        end = last;
    }
    const char *first = memchr(key, '_', (size_t)(end - key));
    if (first != NULL) {
        w.word[1].text = first + 1;
        w.word[1].len = (size_t)(end - first - 1);
        end = first;
    }
    w.word[0].text = key;
    w.word[0].len = (size_t)(end - key);
    return w;
}

bool queue_material_fits(const char *wanted, const char *loaded)
{
    if (wanted == NULL || wanted[0] == '\0') {
        return true;
    }
    if (loaded == NULL || loaded[0] == '\0') {
        return false;
    }
    struct words want = split_material(wanted);
    struct words have = split_material(loaded);
    for (size_t i = 0; i < 3; i++) {
        if (want.word[i].len > 0 &&
            (want.word[i].len != have.word[i].len ||
                strncasecmp(want.word[i].text, have.word[i].text, want.word[i].len) != 0)) {
            return false;
        }
    }
    return true;
}

/* ---- strategies ---- */

static const char *const strategies[] = {
    [QUEUE_IN_ORDER] = "in-order",
    [QUEUE_LEAST_CHANGES] = "least-changes",
    [QUEUE_OLDEST_FIRST] = "oldest-first",
};

const char *queue_strategy_name(enum queue_strategy s)
{
    return strategies[s];
}

bool queue_strategy_parse(const char *text, enum queue_strategy *out)
{
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        if (strcmp(strategies[i], text) == 0) {
            *out = (enum queue_strategy)i;
            return true;
        }
    }
    return false;
}

/* ---- state --------------------------------------------------------------------------------------
 */

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325) /* FNV-1a: the same on every machine */
#define HASH_PRIME UINT64_C(0x100000001b3)

static void hash_number(uint64_t *h, int64_t number)
{
    uint64_t rest = (uint64_t)number;
    for (int i = 0; i < 8; i++, rest >>= 8) {
        *h = (*h ^ (rest & 0xff)) * HASH_PRIME;
    }
}

static void hash_text(uint64_t *h, const char *text)
{
    do {
        *h = (*h ^ (uint8_t)*text) * HASH_PRIME;
    } while (*text++ != '\0');
}

void queue_job_state(const struct queue_job *job, char out[static QUEUE_STATE_SIZE])
{
    uint64_t h = HASH_BEGIN;
    hash_number(&h, job->revision);
    hash_number(&h, job->count);
    hash_number(&h, job->remaining);
    for (size_t i = 0; i < job->sets_count; i++) {
        hash_text(&h, job->sets[i].id);
        hash_number(&h, job->sets[i].remaining);
        hash_number(&h, job->sets[i].completed);
    }
    for (size_t i = 0; i < job->claims_count; i++) {
        const struct queue_claim *claim = &job->claims[i];
        for (size_t k = 0; k < claim->counters_count; k++) {
            hash_number(&h, claim->counters[k].remaining);
            hash_number(&h, claim->counters[k].completed);
        }
    }
    snprintf(out, QUEUE_STATE_SIZE, "%016" PRIx64, h);
}
