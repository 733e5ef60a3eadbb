/* The store's queues: jobs, what clients were answered, queue definitions, templates, moves. Each
 * is a document (JSON of whoever asks; nothing is read of it here) under a name.
 *
 * Happy path: the changes of one transaction are put together with store_changes_add() and written
 * by one store_save_changes(): all of them or none.
 *
 * Failure modes: those of the store (host/io/store.h).
 */
#ifndef PP_IO_STORE_QUEUE_H
#define PP_IO_STORE_QUEUE_H

#include "host/io/store.h"

enum store_docs {
    STORE_JOBS,      /* by queue and id */
    STORE_ANSWERS,   /* by queue and client */
    STORE_QUEUES,    /* by name; `queue` is "" */
    STORE_TEMPLATES, /* by name; `queue` is "" */
    STORE_MOVES,     /* by the job's id; `queue` is "": jobs on their way to another queue */
    STORE_DOCS
};

struct store_changes;

struct store_changes *store_changes_new(void);
void store_changes_free(struct store_changes *c); /* NULL is fine */

/* The document is put in the place of an older one of that name; NULL removes it. Takes `doc` over
 * (from malloc). */
void store_changes_add(
    struct store_changes *c, enum store_docs docs, const char *queue, const char *name, char *doc);
size_t store_changes_count(const struct store_changes *c);

/* Takes `c` over. */
void store_save_changes(struct store *s, struct store_changes *c, store_cb done, void *context);

/* At start: every document of a kind, by queue and name; texts are borrowed during the call. */
typedef void (*store_doc_cb)(void *context, const char *queue, const char *name, const char *doc);
int store_load_docs(
    struct store *s, enum store_docs docs, store_doc_cb row, void *context, struct err *e);

#endif
