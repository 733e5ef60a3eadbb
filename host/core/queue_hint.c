/* Hints: what is asked of every job when work is looked for, kept small and up to date.
 *
 * Lists of profiles and of materials are kept once each and known by numbers, so that a printer's
 * verdict on one list is found once per look and not once per job. */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

static int compare(const struct queue_word *w, const char *bytes, size_t len)
{
    int d = memcmp(w->bytes, bytes, w->len < len ? w->len : len);
    return d != 0 ? d : (w->len > len) - (w->len < len);
}

static uint32_t index_of(const struct queue_words *w, const char *bytes, size_t len)
{
    uint32_t low = 0;
    uint32_t high = w->sorted_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&w->at[w->sorted[middle]], bytes, len) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t free_number(struct queue_words *w)
{
    if (w->unused > 0) {
        uint32_t number = w->unused - 1;
        w->unused = (uint32_t)w->at[number].len;
        return number;
    }
    if (w->count == w->cap) {
        w->cap = w->cap > 0 ? w->cap * 2 : 8;
        w->at = mem_resize(w->at, w->cap, sizeof *w->at);
        w->sorted = mem_resize(w->sorted, w->cap, sizeof *w->sorted);
    }
    return w->count++;
}

/* The number of a list, one more user of it. */
static uint32_t words_take(struct queue_words *w, const char *bytes, size_t len)
{
    uint32_t i = index_of(w, bytes, len);
    if (i < w->sorted_count && compare(&w->at[w->sorted[i]], bytes, len) == 0) {
        w->at[w->sorted[i]].refs++;
        return w->sorted[i];
    }
    uint32_t number = free_number(w);
    struct queue_word word = {.bytes = mem_alloc(len), .len = len, .refs = 1};
    memcpy(word.bytes, bytes, len);
    w->at[number] = word;
    memmove(&w->sorted[i + 1], &w->sorted[i], (w->sorted_count - i) * sizeof *w->sorted);
    w->sorted[i] = number;
    w->sorted_count++;
    return number;
}

static void words_drop(struct queue_words *w, uint32_t number)
{
    struct queue_word *word = &w->at[number];
    if (--word->refs > 0) {
        return;
    }
    uint32_t i = index_of(w, word->bytes, word->len);
    assert(i < w->sorted_count && w->sorted[i] == number);
    w->sorted_count--;
    memmove(&w->sorted[i], &w->sorted[i + 1], (w->sorted_count - i) * sizeof *w->sorted);
    free(word->bytes);
    word->bytes = NULL;
    word->len = w->unused;
    w->unused = number + 1;
}

void queue_words_fini(struct queue_words *w)
{
    for (uint32_t i = 0; i < w->sorted_count; i++) {
        free(w->at[w->sorted[i]].bytes);
    }
    free(w->at);
    free(w->sorted);
}

/* ---- hints ---- */

static struct queue_want *wants_of(struct queue_hint *h)
{
    return h->many != NULL ? h->many : h->few;
}

static void clear(struct queue *q, struct queue_hint *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        words_drop(&q->profiles, wants_of(h)[i].profiles);
        words_drop(&q->materials, wants_of(h)[i].materials);
    }
    q->claimed -= h->claimed;
    free(h->many);
    memset(h, 0, sizeof *h);
    h->held = true;
}

/* `words` is room to write in. */
static struct queue_want want_of(struct queue *q, const struct queue_set *set, struct strbuf *words)
{
    struct queue_want want = {.open = set->remaining > 0};
    words->len = 0;
    for (size_t i = 0; set->profiles != NULL && set->profiles[i] != NULL; i++) {
        strbuf_add(words, set->profiles[i], strlen(set->profiles[i]) + 1);
    }
    want.profiles = words_take(&q->profiles, strbuf_text(words), words->len);
    words->len = 0;
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        const char *material = set->materials[i] != NULL ? set->materials[i] : "";
        strbuf_add(words, material, strlen(material) + 1);
    }
    want.materials = words_take(&q->materials, strbuf_text(words), words->len) & INT32_MAX;
    return want;
}

void queue_hint_set(struct queue *q, struct queue_entry *e)
{
    struct queue_hint *h = &e->hint;
    struct strbuf words = {0};
    const struct queue_job *job = e->job;
    clear(q, h);
    if (job == NULL || job->archived_ms != 0) {
        return;
    }
    h->held = job->draft || job->moving;
    h->more = job->remaining > 1;
    h->claimed = job->claims_count > 0;
    q->claimed += h->claimed;
    h->count = (uint32_t)job->sets_count;
    if (h->count > QUEUE_HINT_SETS) {
        h->many = mem_array(h->count, sizeof *h->many);
    }
    for (uint32_t i = 0; i < h->count; i++) {
        wants_of(h)[i] = want_of(q, &job->sets[i], &words);
    }
    strbuf_fini(&words);
}
