#include "tools/ppload/tally.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[TALLY_OPS] = {
    [TALLY_UPLOAD] = "upload",
    [TALLY_SUBMIT] = "submit",
    [TALLY_LIST] = "list",
    [TALLY_EDIT] = "edit",
    [TALLY_MOVE] = "move",
    [TALLY_REMOVE] = "remove",
};

const char *tally_name(enum tally_op op)
{
    return names[op];
}

void tally_init(struct tally *t)
{
    *t = (struct tally){0};
    pthread_mutex_init(&t->lock, NULL);
}

void tally_fini(struct tally *t)
{
    for (size_t i = 0; i < TALLY_OPS; i++) {
        free(t->times[i].ns);
    }
    pthread_mutex_destroy(&t->lock);
}

void tally_add(struct tally *t, enum tally_op op, uint64_t took_ns)
{
    pthread_mutex_lock(&t->lock);
    struct tally_times *times = &t->times[op];
    if (times->count == times->cap) {
        times->cap = times->cap == 0 ? 256 : times->cap * 2;
        times->ns = mem_resize(times->ns, times->cap, sizeof *times->ns);
    }
    times->ns[times->count++] = took_ns;
    pthread_mutex_unlock(&t->lock);
}

/* The last place holds whatever does not fit. */
static struct tally_error *error_of(struct tally *t, enum tally_op op, const char *kind)
{
    for (size_t i = 0; i < t->errors_count; i++) {
        if (t->errors[i].op == op && strcmp(t->errors[i].kind, kind) == 0) {
            return &t->errors[i];
        }
    }
    if (t->errors_count < TALLY_KINDS) {
        t->errors_count++;
    }
    return &t->errors[t->errors_count - 1];
}

void tally_fail(struct tally *t, enum tally_op op, const char *kind, const char *text)
{
    pthread_mutex_lock(&t->lock);
    struct tally_error *error = error_of(t, op, kind);
    if (error->count++ == 0) {
        error->op = op;
        snprintf(error->kind, sizeof error->kind, "%s", kind);
        snprintf(error->text, sizeof error->text, "%s", text);
    }
    t->times[op].failed++;
    pthread_mutex_unlock(&t->lock);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *one = a;
    const uint64_t *other = b;
    return *one < *other ? -1 : *one > *other;
}

static double at(const struct tally_times *times, size_t percent)
{
    size_t index = times->count * percent / 100;
    index = index < times->count ? index : times->count - 1;
    return (double)times->ns[index] / 1e6;
}

void tally_figures(struct tally *t, enum tally_op op, struct tally_figures *out)
{
    struct tally_times *times = &t->times[op];
    *out = (struct tally_figures){.count = times->count, .failed = times->failed};
    if (times->count == 0) {
        return;
    }
    qsort(times->ns, times->count, sizeof *times->ns, compare);
    out->p50_ms = at(times, 50);
    out->p90_ms = at(times, 90);
    out->p99_ms = at(times, 99);
    out->max_ms = at(times, 100);
}

size_t tally_failed(const struct tally *t)
{
    size_t n = 0;
    for (size_t i = 0; i < TALLY_OPS; i++) {
        n += t->times[i].failed;
    }
    return n;
}
