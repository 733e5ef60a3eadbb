/* The store's quarantine: content that failed too often and is not printed until a person says so.
 * Failure modes: those of the store (host/io/store.h).
 */
#ifndef PP_IO_STORE_QUARANTINE_H
#define PP_IO_STORE_QUARANTINE_H

#include "host/io/store.h"

struct quarantine_row {
    char sha256[65]; /* unique */
    char path[201];  /* as people knew it then */
    char reason[200];
    int64_t since_ms; /* UTC */
};

/* Puts it in the place of an older row of that content. */
void store_save_quarantine(
    struct store *s, const struct quarantine_row *row, store_cb done, void *context);
void store_remove_quarantine(struct store *s, const char *sha256, store_cb done, void *context);

/* At start, oldest first; free() the array. */
int store_load_quarantine(struct store *s, struct quarantine_row **out, size_t *n, struct err *e);

#endif
