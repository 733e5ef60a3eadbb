/* Inside the store: jobs for the writer thread. Included by host/io/store*.c only. */
#ifndef PP_IO_STORE_IMPL_H
#define PP_IO_STORE_IMPL_H

#include "host/io/sql.h"
#include "host/io/store.h"

#define TEMP_HEATERS 16

struct job;

/* What a job is; one const object for each. */
struct job_kind {
    const char *name; /* in front of its errors: "save run" */
    bool writes;      /* runs inside a transaction, with its neighbours if it can */
    int (*run)(sqlite3 *db, void *data, struct err *e); /* writer thread; may run twice */
    void (*answer)(struct job *j, const struct err *e); /* loop; NULL: calls j->done */
    void (*fini)(void *data);                           /* what data owns; may be NULL */
};

struct job {
    const struct job_kind *kind;
    struct job *next;
    void *data; /* owned: a copy of the arguments, later the result */
    store_cb done;
    void *context;
    struct err err; /* code 0: it went well */
};

/* The last minute taken of each heater, so that the rest never reaches the queue. Loop only. */
struct temp_gate {
    struct {
        char heater[8];
        int64_t minute;
    } last[TEMP_HEATERS];
    int64_t thinned_to; /* minute: before it there is one row an hour */
    bool dropping;      /* told the log that rows are dropped */
};

/* Queues a job; takes `data` (from mem.h). */
void store_queue(
    struct store *s, const struct job_kind *kind, void *data, store_cb done, void *context);

/* True while the queue has room for what may be dropped. */
bool store_has_room(struct store *s);

struct temp_gate *store_temp_gate(struct store *s);

/* The connection for a synchronous call, held until store_unlock(). */
sqlite3 *store_lock(struct store *s);
void store_unlock(struct store *s);

/* A copy of an argument for a job. */
void *store_copy(const void *bytes, size_t size);

#endif
