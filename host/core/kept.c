#include "host/core/kept.h"

#include "host/core/stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RELAXED memory_order_relaxed

void kept_init(struct kept *k)
{
    memset(k, 0, sizeof *k);
}

size_t kept_waiting(const struct kept *k)
{
    return (size_t)(atomic_load_explicit(&k->inject_put, RELAXED) -
                    atomic_load_explicit(&k->inject_taken, RELAXED));
}

bool kept_inject(struct kept *k, const char *text, size_t len, uint32_t tag)
{
    uint64_t put = atomic_load_explicit(&k->inject_put, RELAXED);
    struct kept_inject *i = &k->inject[put % KEPT_INJECT];
    if (kept_waiting(k) == KEPT_INJECT || len > LINE_MAX_CMD) {
        return false;
    }
    memcpy(i->text, text, len);
    i->text[len] = '\0';
    i->len = (uint16_t)len;
    i->tag = tag;
    i->seq = put + 1;
    atomic_store_explicit(&k->inject_put, put + 1, memory_order_release);
    return true;
}

const struct kept_inject *kept_peek(const struct kept *k)
{
    uint64_t taken = atomic_load_explicit(&k->inject_taken, RELAXED);
    return kept_waiting(k) > 0 ? &k->inject[taken % KEPT_INJECT] : NULL;
}

void kept_taken(struct kept *k)
{
    uint64_t taken = atomic_load_explicit(&k->inject_taken, RELAXED);
    atomic_store_explicit(&k->inject_taken, taken + 1, memory_order_release);
}

/* ---- after a death ---- */

static uint64_t oldest_n(const struct kept *k)
{
    const char *bytes;
    uint64_t n = k->history.last_n + 1;
    while (n > 1 && history_find(&k->history, n - 1, &bytes) != NULL) {
        n--;
    }
    return n;
}

bool kept_has_tag(const struct kept *k, uint32_t tag)
{
    const char *bytes;
    uint64_t oldest = oldest_n(k);
    for (uint64_t i = k->inject_taken; i < k->inject_put; i++) {
        if (k->inject[i % KEPT_INJECT].tag == tag) {
            return true;
        }
    }
    for (uint64_t n = k->history.last_n; n > k->told_n && n >= oldest; n--) {
        const struct history_line *l = history_find(&k->history, n, &bytes);
        if (l->seq > 0 && l->tag == tag) {
            return true;
        }
    }
    return false;
}

/* The record lies inside the ring of bytes, and those say what was sent: number and checksum. */
static bool line_is_whole(const struct kept *k, uint64_t n)
{
    char again[LINE_MAX_OUT];
    const struct history_line *l = &k->history.line[n % HISTORY_LINES];
    size_t at = l->at % HISTORY_BYTES;
    if (l->len < 4 || l->len > LINE_MAX_OUT || at + l->len > HISTORY_BYTES ||
        l->at + l->len > k->history.written) {
        return false;
    }
    const char *bytes = k->history.bytes + at;
    char *end = NULL;
    uint64_t wire = strtoull(bytes + 1, &end, 10); /* n, less what renumbering took off */
    size_t head_len = (size_t)(end - bytes) + 1;
    const char *star = memrchr(bytes, '*', l->len);
    if (wire > n || star == NULL || star < bytes + head_len || star - bytes > LINE_MAX_CMD) {
        return false;
    }
    size_t len = line_format(again, wire, bytes + head_len, (size_t)(star - bytes) - head_len);
    return len == l->len && memcmp(again, bytes, len) == 0;
}

/* Lines beyond a gap were not looked at: they are not to be found any more. */
static void forget_up_to(struct kept *k, uint64_t n)
{
    for (size_t i = 0; i < HISTORY_LINES; i++) {
        if (k->history.line[i].n <= n) {
            k->history.line[i].len = 0;
        }
    }
}

static bool is_job(const struct kept *k, const struct history_line *l)
{
    return l->kind == STREAM_JOB && l->n >= k->job_first_n;
}

static int check_history(struct kept *k, struct err *e)
{
    const char *bytes;
    uint64_t seq = UINT64_MAX;
    uint64_t offset = UINT64_MAX;
    uint64_t n = k->history.last_n;
    for (; n > 0 && history_find(&k->history, n, &bytes); n--) {
        const struct history_line *l = &k->history.line[n % HISTORY_LINES];
        bool job = is_job(k, l);
        if (!line_is_whole(k, n) || (l->seq > 0 && l->seq >= seq) ||
            (job && l->end_offset > offset)) {
            return err_set(e, PP_ECORRUPT, "line %" PRIu64 " of %" PRIu64 " is damaged", n,
                (uint64_t)k->history.last_n);
        }
        seq = l->seq > 0 ? l->seq : seq;
        offset = job ? l->end_offset : offset;
    }
    forget_up_to(k, n);
    return 0;
}

static int check_injected(struct kept *k, struct err *e)
{
    if (k->inject_put - k->inject_taken > KEPT_INJECT) {
        return err_set(e, PP_ECORRUPT, "%" PRIu64 " lines put and %" PRIu64 " taken cannot be",
            (uint64_t)k->inject_put, (uint64_t)k->inject_taken);
    }
    for (uint64_t i = k->inject_taken; i < k->inject_put; i++) {
        struct kept_inject *line = &k->inject[i % KEPT_INJECT];
        if (line->seq != i + 1 || !line_is_command(line->text, line->len)) {
            return err_set(e, PP_ECORRUPT, "waiting line %" PRIu64 " is damaged", i + 1);
        }
        line->text[line->len] = '\0';
    }
    return 0;
}

static void mend(struct kept *k)
{
    const char *bytes;
    const struct history_line *l;
    uint64_t last = k->history.last_n;
    for (uint64_t n = last; n > 0 && (l = history_find(&k->history, n, &bytes)) != NULL; n--) {
        if (l->seq > k->inject_taken) {
            k->inject_taken = l->seq; /* the newest comes first: once at most */
        }
        if (is_job(k, l) && l->end_offset > k->job_taken) {
            k->job_taken = l->end_offset;
        }
    }
}

int kept_check(struct kept *k, struct err *e)
{
    uint64_t last = k->history.last_n;
    if (k->acked_n > last || k->told_n > last || k->job_first_n > last + 1 ||
        k->job_acked > k->job_taken || last == UINT64_MAX) {
        return err_set(e, PP_ECORRUPT, "its counters contradict each other");
    }
    int rc = check_history(k, e);
    if (rc == 0) {
        mend(k);
        rc = check_injected(k, e);
    }
    return rc;
}
