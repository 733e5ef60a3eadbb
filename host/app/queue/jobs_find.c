/* Looking: which job is meant, which is next, which needs this content. */
#include "host/app/queue/jobs_priv.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SUFFIX_MIN 4
#define NAMED_MAX  3 /* jobs an error names */

/* ---- by what a person says ----------------------------------------------------------------------
 */

struct search {
    const char *text;
    size_t len;
    const struct queue_job *job; /* the first found */
    const struct jobs_queue *queue;
    size_t found;
    struct strbuf named;
};

const char *jobs_title(const struct queue_job *job)
{
    bool named = job->name != NULL && job->name[0] != '\0';
    return named ? job->name : job->sets_count > 0 ? job->sets[0].path : "";
}

static bool is_meant(const struct search *s, const struct queue_job *job)
{
    size_t id_len = strlen(job->id);
    if (s->len >= SUFFIX_MIN && s->len <= id_len &&
        strcasecmp(job->id + id_len - s->len, s->text) == 0) {
        return true;
    }
    return s->len > 0 && strcmp(jobs_title(job), s->text) == 0;
}

static void look_at(struct search *s, const struct jobs_queue *queue, const struct queue_job *job)
{
    if (!is_meant(s, job)) {
        return;
    }
    if (s->found++ == 0) {
        s->job = job;
        s->queue = queue;
    }
    if (s->found <= NAMED_MAX) {
        strbuf_printf(&s->named, "%s%s (%s)", s->found > 1 ? ", " : "",
            job->id + strlen(job->id) - 12, jobs_title(job));
    }
}

static void look_through(const struct jobs *j, struct search *s, bool archive)
{
    for (size_t i = 0; i < j->slots_count; i++) {
        const struct queue *q = j->slots[i]->queue;
        const struct queue_job *job = archive ? queue_archive_first(q) : queue_first(q);
        while (job != NULL) {
            look_at(s, &j->slots[i]->shown, job);
            job = archive ? queue_archive_after(q, job) : queue_after(q, job);
        }
    }
}

static bool find_id(const struct jobs *j, struct search *s)
{
    for (size_t i = 0; i < j->slots_count && s->len == ID_SIZE - 1; i++) {
        s->job = queue_find(j->slots[i]->queue, s->text);
        if (s->job != NULL) {
            s->queue = &j->slots[i]->shown;
            return true;
        }
    }
    return false;
}

static int judge(const struct search *s, struct err *e)
{
    char shown[80];
    str_escape(shown, sizeof shown, s->text, strnlen(s->text, sizeof shown));
    if (s->found == 0) {
        return err_field(e, PP_ENOTFOUND, "job",
            "there is no job \"%s\"; give its name, its id or the last %d characters of it or more",
            shown, SUFFIX_MIN);
    }
    if (s->found > 1) {
        return err_field(e, PP_EINVAL, "job",
            "\"%s\" may be any of %zu jobs: %s%s; give more of "
            "the id",
            shown, s->found, strbuf_text(&s->named), s->found > NAMED_MAX ? ", ..." : "");
    }
    return 0;
}

int jobs_find(const struct jobs *j, const char *text, const struct queue_job **job,
    const struct jobs_queue **queue, struct err *e)
{
    struct search s = {.text = text, .len = strlen(text)};
    int rc = 0;
    if (!find_id(j, &s)) {
        look_through(j, &s, false);
        if (s.found == 0) {
            look_through(j, &s, true);
        }
        rc = judge(&s, e);
    }
    if (rc == 0) {
        *job = s.job;
        *queue = s.queue;
    }
    strbuf_fini(&s.named);
    return rc;
}

/* ---- work ---------------------------------------------------------------------------------------
 */

/* One queue's offer; blocked work is kept in mind until something better comes. */
static bool look_in(const struct slot *slot, struct queue_printer *p, struct jobs_work *out)
{
    const struct jobs_queue *q = &slot->shown;
    struct queue_next next = {0};
    if (!q->enabled || q->queue == NULL) {
        return false;
    }
    p->strategy = q->strategy;
    p->queue = q->name;
    queue_next(q->queue, p, !slot->network, &next);
    bool ready = next.job != NULL && next.block == QUEUE_READY;
    if (ready || (next.job != NULL && out->next.job == NULL)) {
        out->next = next;
        str_copy(out->queue, sizeof out->queue, q->name, strlen(q->name));
    }
    return ready;
}

void jobs_next(const struct jobs *j, struct queue_printer *p, struct jobs_work *out)
{
    const char *own_name = p->name;
    *out = (struct jobs_work){0};
    for (size_t i = 0; i < j->slots_count; i++) {
        const struct slot *slot = j->slots[i];
        p->name = slot->network ? slot->shown.printer : own_name;
        if (look_in(slot, p, out)) {
            break;
        }
    }
    p->name = own_name;
}

/* ---- content ------------------------------------------------------------------------------------
 */

#define ASKED_MIN 8

/* By content, the first job in order that needs it; texts and jobs are the queues' own, so it is
 * made anew after a change, when somebody has asked often enough for that to be worth it. */
struct content {
    struct need {
        const char *sha256; /* NULL = free */
        const struct queue_job *job;
    } * at;
    size_t cap;     /* a power of two, at most half full */
    unsigned asked; /* since the last change */
    bool fresh;
};

struct content *jobs_content_new(void)
{
    return mem_alloc(sizeof(struct content));
}

void jobs_content_free(struct content *c)
{
    free(c->at);
    free(c);
}

void jobs_forget_content(struct jobs *j)
{
    j->content->fresh = false;
    j->content->asked = 0;
}

static struct need *place(const struct content *c, const char *sha256)
{
    uint64_t hash = 0;
    for (size_t len = strlen(sha256), at = 0; at + 8 <= len; at += 8) {
        uint64_t part;
        memcpy(&part, sha256 + at, sizeof part);
        hash = (hash ^ part) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    size_t i = (size_t)hash & (c->cap - 1);
    while (c->at[i].sha256 != NULL && strcmp(c->at[i].sha256, sha256) != 0) {
        i = (i + 1) & (c->cap - 1);
    }
    return &c->at[i];
}

static void add_job(struct content *c, const struct queue_job *job)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        const char *sha256 = job->sets[i].sha256;
        struct need *need = sha256 != NULL ? place(c, sha256) : NULL;
        if (need != NULL && need->sha256 == NULL) {
            *need = (struct need){sha256, job};
        }
    }
}

static size_t count_sets(const struct jobs *j)
{
    size_t n = 0;
    for (size_t i = 0; i < j->slots_count; i++) {
        const struct queue *q = j->slots[i]->queue;
        for (const struct queue_job *job = queue_first(q); job; job = queue_after(q, job)) {
            n += job->sets_count;
        }
    }
    for (size_t i = 0; i < j->held_count; i++) {
        n += j->held[i]->sets_count;
    }
    return n;
}

static void refresh(const struct jobs *j)
{
    struct content *c = j->content;
    size_t sets = count_sets(j);
    for (c->cap = 16; c->cap < sets * 2;) {
        c->cap *= 2;
    }
    free(c->at);
    c->at = mem_array(c->cap, sizeof *c->at);
    for (size_t i = 0; i < j->slots_count; i++) {
        const struct queue *q = j->slots[i]->queue;
        for (const struct queue_job *job = queue_first(q); job; job = queue_after(q, job)) {
            add_job(c, job);
        }
    }
    for (size_t i = 0; i < j->held_count; i++) {
        add_job(c, j->held[i]);
    }
    c->fresh = true;
}

static bool needs(const struct queue_job *job, const char *sha256)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        if (job->sets[i].sha256 != NULL && strcmp(job->sets[i].sha256, sha256) == 0) {
            return true;
        }
    }
    return false;
}

static const struct queue_job *look_for_need(const struct jobs *j, const char *sha256)
{
    for (size_t i = 0; i < j->slots_count; i++) {
        const struct queue *q = j->slots[i]->queue;
        for (const struct queue_job *job = queue_first(q); job; job = queue_after(q, job)) {
            if (needs(job, sha256)) {
                return job;
            }
        }
    }
    for (size_t i = 0; i < j->held_count; i++) {
        if (needs(j->held[i], sha256)) {
            return j->held[i];
        }
    }
    return NULL;
}

const struct queue_job *jobs_using(const struct jobs *j, const char *sha256)
{
    if (!j->content->fresh && ++j->content->asked < ASKED_MIN) {
        return look_for_need(j, sha256);
    }
    if (!j->content->fresh) {
        refresh(j);
    }
    return place(j->content, sha256)->job;
}

/* A job that could not be read may need it too: its document has the hash in it somewhere. */
static bool unread_need(const struct jobs *j, const char *sha256)
{
    for (size_t i = 0; i < j->unread_count; i++) {
        if (strstr(j->unread[i], sha256) != NULL) {
            return true;
        }
    }
    return false;
}

void jobs_set_other_needs(
    struct jobs *j, bool (*other)(void *context, const char *sha256), void *context)
{
    j->other_left = j->other_needs != NULL && other == NULL;
    j->other_needs = other;
    j->other_context = context;
}

static bool is_needed_by_others(const struct jobs *j, const char *sha256)
{
    return j->other_left || (j->other_needs != NULL && j->other_needs(j->other_context, sha256));
}

/* What a queue holds is not known before it is joined. */
static const char *unknown_queue(const struct jobs *j)
{
    for (size_t i = 0; i < j->slots_count; i++) {
        const struct slot *slot = j->slots[i];
        if (slot->network && slot->shown.enabled && slot->queue == NULL) {
            return slot->shown.name;
        }
    }
    return NULL;
}

void jobs_name_user(void *context, const char *sha256, char *out, size_t out_size)
{
    const struct jobs *j = context;
    const struct queue_job *job = jobs_using(j, sha256);
    *out = '\0';
    if (job == NULL && unread_need(j, sha256)) {
        snprintf(out, out_size, "a job that could not be read");
    } else if (job == NULL && is_needed_by_others(j, sha256)) {
        snprintf(out, out_size, "a job on its way to another queue");
    } else if (job == NULL && unknown_queue(j) != NULL) {
        snprintf(out, out_size, "a job of queue \"%s\", which is not joined yet: maybe",
            unknown_queue(j));
    } else if (job != NULL && job->name != NULL && job->name[0] != '\0') {
        snprintf(out, out_size, "job \"%s\"", job->name);
    } else if (job != NULL) {
        snprintf(out, out_size, "job %s", job->id + strlen(job->id) - 12);
    }
}
