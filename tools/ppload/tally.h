/* How long operations took and what went wrong with them; safe to use from several threads. */
#ifndef PP_PPLOAD_TALLY_H
#define PP_PPLOAD_TALLY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tally_op {
    TALLY_UPLOAD,
    TALLY_SUBMIT,
    TALLY_LIST,
    TALLY_EDIT,
    TALLY_MOVE,
    TALLY_REMOVE,
    TALLY_OPS
};

#define TALLY_KINDS 64 /* of errors that are told apart */

struct tally_error {
    enum tally_op op;
    char kind[48];
    char text[160]; /* of the first */
    size_t count;
};

struct tally_times {
    uint64_t *ns; /* owned */
    size_t count, cap;
    size_t failed;
};

struct tally {
    pthread_mutex_t lock;
    struct tally_times times[TALLY_OPS];
    struct tally_error errors[TALLY_KINDS];
    size_t errors_count;
};

struct tally_figures {
    size_t count, failed;
    double p50_ms, p90_ms, p99_ms, max_ms; /* 0 when there is none */
};

void tally_init(struct tally *t);
void tally_fini(struct tally *t);
void tally_add(struct tally *t, enum tally_op op, uint64_t took_ns);
void tally_fail(struct tally *t, enum tally_op op, const char *kind, const char *text);
/* Sorts what there is; not beside tally_add(). */
void tally_figures(struct tally *t, enum tally_op op, struct tally_figures *out);
size_t tally_failed(const struct tally *t);
const char *tally_name(enum tally_op op);

#endif
