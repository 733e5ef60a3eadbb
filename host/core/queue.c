/* The queue's jobs, their order, and what a transaction has changed. See queue.h. */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct queue *queue_new(const char *name)
{
    struct queue *q = mem_alloc(sizeof *q);
    str_copy(q->name, sizeof q->name, name, strlen(name));
    return q;
}

static void free_entry(struct queue_entry *e)
{
    if (e->dirty && e->before != e->job) {
        free(e->before);
    }
    free(e->job);
    free(e->hint.many);
    free(e);
}

void queue_free(struct queue *q)
{
    if (q == NULL) {
        return;
    }
    for (size_t i = 0; i < q->count; i++) {
        free_entry(q->by_id[i]);
    }
    queue_answers_fini(&q->answers);
    queue_words_fini(&q->profiles);
    queue_words_fini(&q->materials);
    free(q->by_id);
    free(q->order.at);
    free(q->archive.at);
    free(q->dirty);
    free(q);
}

const char *queue_name(const struct queue *q)
{
    return q->name;
}

/* ---- places ---- */

static int compare(const struct queue_place *p, int64_t key, const char *id)
{
    return p->key != key ? (p->key < key ? -1 : 1) : strcmp(p->entry->id, id);
}

size_t queue_places_find(const struct queue_places *p, int64_t key, const char *id)
{
    size_t low = 0;
    size_t high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&p->at[middle], key, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Room for one more; the arrays only grow. */
static void *grown(void *at, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return at;
    }
    *cap = *cap > 0 ? *cap * 2 : 16;
    return mem_resize(at, *cap, size);
}

static void place(struct queue_places *p, int64_t key, struct queue_entry *e)
{
    size_t i = queue_places_find(p, key, e->id);
    p->at = grown(p->at, p->count, &p->cap, sizeof *p->at);
    memmove(&p->at[i + 1], &p->at[i], (p->count - i) * sizeof *p->at);
    p->at[i] = (struct queue_place){key, e};
    p->count++;
}

static void unplace(struct queue_places *p, int64_t key, const struct queue_entry *e)
{
    size_t i = queue_places_find(p, key, e->id);
    assert(i < p->count && p->at[i].entry == e);
    p->count--;
    memmove(&p->at[i], &p->at[i + 1], (p->count - i) * sizeof *p->at);
}

static struct queue_places *places_of(struct queue *q, const struct queue_job *job, int64_t *key)
{
    *key = job->archived_ms != 0 ? job->archived_ms : job->rank;
    return job->archived_ms != 0 ? &q->archive : &q->order;
}

/* Puts `job` where the entry's job is; frees nothing. */
static void exchange(struct queue *q, struct queue_entry *e, struct queue_job *job)
{
    int64_t was = 0;
    int64_t is = 0;
    struct queue_places *from = e->job != NULL ? places_of(q, e->job, &was) : NULL;
    struct queue_places *to = job != NULL ? places_of(q, job, &is) : NULL;
    e->job = job;
    queue_hint_set(q, e);
    if (from == to && was == is) {
        return;
    }
    if (from != NULL) {
        unplace(from, was, e);
    }
    if (to != NULL) {
        place(to, is, e);
    }
}

/* ---- entries ---- */

static size_t index_of(const struct queue *q, const char *id)
{
    size_t low = 0;
    size_t high = q->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(q->by_id[middle]->id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct queue *q, size_t i, const char *id)
{
    return i < q->count && strcmp(q->by_id[i]->id, id) == 0;
}

struct queue_entry *queue_entry_find(const struct queue *q, const char *id)
{
    size_t i = index_of(q, id);
    return is_at(q, i, id) && q->by_id[i]->job != NULL ? q->by_id[i] : NULL;
}

struct queue_entry *queue_entry_make(struct queue *q, const char *id)
{
    size_t i = index_of(q, id);
    if (is_at(q, i, id)) {
        return q->by_id[i];
    }
    struct queue_entry *e = mem_alloc(sizeof *e);
    str_copy(e->id, sizeof e->id, id, strlen(id));
    q->by_id = grown(q->by_id, q->count, &q->cap, sizeof *q->by_id);
    memmove(&q->by_id[i + 1], &q->by_id[i], (q->count - i) * sizeof *q->by_id);
    q->by_id[i] = e;
    q->count++;
    return e;
}

static void forget(struct queue *q, struct queue_entry *e)
{
    size_t i = index_of(q, e->id);
    q->count--;
    memmove(&q->by_id[i], &q->by_id[i + 1], (q->count - i) * sizeof *q->by_id);
    free(e);
}

struct queue_job *queue_draw(const struct queue_entry *e)
{
    return queue_job_copy(e->job);
}

void queue_put(struct queue *q, struct queue_entry *e, struct queue_job *job)
{
    struct queue_job *old = e->job;
    exchange(q, e, job != NULL ? queue_job_pack(job) : NULL);
    if (!e->dirty) {
        e->dirty = true;
        e->before = old;
        q->dirty = grown(q->dirty, q->dirty_count, &q->dirty_cap, sizeof *q->dirty);
        q->dirty[q->dirty_count++] = e;
    } else {
        free(old);
    }
}

/* ---- transactions ---- */

void queue_dump(const struct queue *q, const struct queue_sink *sink)
{
    for (size_t i = 0; i < q->count; i++) {
        if (q->by_id[i]->job != NULL) {
            sink->job(sink->context, q->by_id[i]->id, q->by_id[i]->job);
        }
    }
    for (size_t i = 0; i < q->answers.count; i++) {
        sink->answer(sink->context, q->answers.at[i].client, &q->answers.at[i]);
    }
}

void queue_changes(const struct queue *q, const struct queue_sink *sink)
{
    for (size_t i = 0; i < q->dirty_count; i++) {
        sink->job(sink->context, q->dirty[i]->id, q->dirty[i]->job);
    }
    queue_answers_tell(&q->answers, sink);
}

void queue_settle(struct queue *q)
{
    for (size_t i = 0; i < q->dirty_count; i++) {
        struct queue_entry *e = q->dirty[i];
        free(e->before);
        e->before = NULL;
        e->dirty = false;
        if (e->job == NULL) {
            forget(q, e);
        }
    }
    q->dirty_count = 0;
    queue_answers_settle(&q->answers);
}

void queue_undo(struct queue *q)
{
    for (size_t i = 0; i < q->dirty_count; i++) {
        struct queue_entry *e = q->dirty[i];
        struct queue_job *undone = e->job;
        exchange(q, e, e->before);
        free(undone);
        e->before = NULL;
        e->dirty = false;
        if (e->job == NULL) {
            forget(q, e);
        }
    }
    q->dirty_count = 0;
    queue_answers_undo(&q->answers);
}

int queue_load_job(struct queue *q, struct queue_job *job, struct err *e)
{
    int rc = queue_job_holds(job, e);
    if (rc != 0) {
        return rc;
    }
    if (queue_entry_find(q, job->id) != NULL) {
        return err_set(e, PP_ECORRUPT, "job %s is there twice", job->id);
    }
    struct queue_entry *entry = queue_entry_make(q, job->id);
    exchange(q, entry, queue_job_pack(job));
    return 0;
}

void queue_load_answer(struct queue *q, const struct queue_answer *answer)
{
    queue_answer_set(&q->answers, answer);
    queue_answers_settle(&q->answers);
}

/* ---- reading ---- */

static const struct queue_job *job_at(const struct queue_places *p, size_t i)
{
    return i < p->count ? p->at[i].entry->job : NULL;
}

const struct queue_job *queue_first(const struct queue *q)
{
    return q != NULL ? job_at(&q->order, 0) : NULL;
}

const struct queue_job *queue_after(const struct queue *q, const struct queue_job *job)
{
    return job_at(&q->order, queue_places_find(&q->order, job->rank, job->id) + 1);
}

const struct queue_job *queue_archive_first(const struct queue *q)
{
    return q != NULL ? job_at(&q->archive, q->archive.count - 1) : NULL;
}

const struct queue_job *queue_archive_after(const struct queue *q, const struct queue_job *job)
{
    return job_at(&q->archive, queue_places_find(&q->archive, job->archived_ms, job->id) - 1);
}

size_t queue_count(const struct queue *q)
{
    return q != NULL ? q->order.count : 0;
}

size_t queue_archive_count(const struct queue *q)
{
    return q != NULL ? q->archive.count : 0;
}

const struct queue_job *queue_find(const struct queue *q, const char *id)
{
    const struct queue_entry *e = q != NULL ? queue_entry_find(q, id) : NULL;
    return e != NULL ? e->job : NULL;
}
