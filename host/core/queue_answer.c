/* What each client's last command got, so that a command sent twice is applied once. The client
 * whose last command is oldest is forgotten first; of two, the one whose name comes first. */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <stdlib.h>
#include <string.h>

static size_t index_of(const struct queue_answers *a, const char *client)
{
    size_t low = 0;
    size_t high = a->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(a->at[middle].client, client) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct queue_answers *a, size_t i, const char *client)
{
    return i < a->count && strcmp(a->at[i].client, client) == 0;
}

const struct queue_answer *queue_answer_find(const struct queue_answers *a, const char *client)
{
    size_t i = index_of(a, client);
    return is_at(a, i, client) ? &a->at[i] : NULL;
}

static void note(struct queue_answers *a, bool had, const struct queue_answer *answer)
{
    if (a->old_count == a->old_cap) {
        a->old_cap = a->old_cap > 0 ? a->old_cap * 2 : 4;
        a->old = mem_resize(a->old, a->old_cap, sizeof *a->old);
    }
    a->old[a->old_count++] = (struct queue_answer_old){had, *answer};
}

static void insert(struct queue_answers *a, const struct queue_answer *answer, bool touched)
{
    size_t i = index_of(a, answer->client);
    if (a->at == NULL) {
        a->at = mem_array(QUEUE_ANSWERS_MAX, sizeof *a->at);
        a->touched = mem_array(QUEUE_ANSWERS_MAX, sizeof *a->touched);
    }
    memmove(&a->at[i + 1], &a->at[i], (a->count - i) * sizeof *a->at);
    memmove(&a->touched[i + 1], &a->touched[i], (a->count - i) * sizeof *a->touched);
    a->at[i] = *answer;
    a->touched[i] = touched;
    a->count++;
}

static void delete_at(struct queue_answers *a, size_t i)
{
    a->count--;
    memmove(&a->at[i], &a->at[i + 1], (a->count - i) * sizeof *a->at);
    memmove(&a->touched[i], &a->touched[i + 1], (a->count - i) * sizeof *a->touched);
}

static void forget_oldest(struct queue_answers *a)
{
    size_t oldest = 0;
    for (size_t i = 1; i < a->count; i++) {
        if (a->at[i].used_ms < a->at[oldest].used_ms) {
            oldest = i;
        }
    }
    if (!a->touched[oldest]) {
        note(a, true, &a->at[oldest]);
    }
    delete_at(a, oldest);
}

void queue_answer_set(struct queue_answers *a, const struct queue_answer *answer)
{
    size_t i = index_of(a, answer->client);
    if (is_at(a, i, answer->client)) {
        if (!a->touched[i]) {
            note(a, true, &a->at[i]);
        }
        a->at[i] = *answer;
        a->touched[i] = true;
        return;
    }
    if (a->count == QUEUE_ANSWERS_MAX) {
        forget_oldest(a);
    }
    note(a, false, answer);
    insert(a, answer, true);
}

void queue_answers_tell(const struct queue_answers *a, const struct queue_sink *sink)
{
    for (size_t i = 0; i < a->old_count; i++) {
        const char *client = a->old[i].answer.client;
        sink->answer(sink->context, client, queue_answer_find(a, client));
    }
}

void queue_answers_settle(struct queue_answers *a)
{
    for (size_t i = 0; i < a->old_count; i++) {
        size_t at = index_of(a, a->old[i].answer.client);
        if (is_at(a, at, a->old[i].answer.client)) {
            a->touched[at] = false;
        }
    }
    a->old_count = 0;
}

/* Backwards, since a client may have gone and come again in one transaction. */
void queue_answers_undo(struct queue_answers *a)
{
    while (a->old_count > 0) {
        const struct queue_answer_old *old = &a->old[--a->old_count];
        size_t i = index_of(a, old->answer.client);
        if (is_at(a, i, old->answer.client)) {
            delete_at(a, i);
        }
        if (old->had) {
            insert(a, &old->answer, false);
        }
    }
}

void queue_answers_fini(struct queue_answers *a)
{
    free(a->at);
    free(a->touched);
    free(a->old);
}

const struct queue_answer *queue_last_answer(const struct queue *q, const char *client)
{
    return q != NULL ? queue_answer_find(&q->answers, client) : NULL;
}
