/* Inside net_store: its database, and writes on their way to it. Included by net/net_store*.c only.
 */
#ifndef PP_NET_NET_STORE_PRIV_H
#define PP_NET_NET_STORE_PRIV_H

#include "net/net_store.h"

#include <sqlite3.h>

/* ---- the database: one connection, used by one thread at a time --------------------------------
 */

struct net_db;

/* Opens or makes it; *was_corrupt: what was there could not be read, and was moved aside. */
int net_db_open(struct net_db **out, const char *path, bool *was_corrupt, struct err *e);
/* Marks that it was closed cleanly, if that can be. */
void net_db_close(struct net_db *db);

int net_db_begin(struct net_db *db, struct err *e);
int net_db_commit(struct net_db *db, struct err *e);
void net_db_rollback(struct net_db *db);
/* Within a transaction. `meta` are the bytes of w->meta, NULL = as it was. */
int net_db_apply(struct net_db *db, const char *queue, const struct group_write *w,
    const uint8_t *meta, size_t meta_len, struct err *e);
int net_db_forget(struct net_db *db, const char *queue, struct err *e);

int net_db_load(struct net_db *db, const char *queue, struct group_state **out, struct err *e);
int net_db_names(struct net_db *db, char ***names, size_t *n, struct err *e);

/* A query whose first parameters are these; reset it when done. For net_store_load.c. */
sqlite3 *net_db_handle(struct net_db *db);
/* From the connection's last error; -PP_ENOSPC, -PP_ECORRUPT or -PP_EIO. */
int net_db_fail(sqlite3 *handle, struct err *e);

/* ---- schema -------------------------------------------------------------------------------------
 */

/* Opens the file, checks and migrates it. PP_ECORRUPT is what may be moved aside. *dirty: it was
 * not closed cleanly. */
int net_schema_open(sqlite3 **out, const char *path, bool *dirty, struct err *e);
/* Renames the file and its log to PATH.corrupt-N; out: its name. */
int net_schema_move_aside(const char *path, char *out, size_t out_size, struct err *e);

/* ---- a write that waits: one block of memory ----------------------------------------------------
 */

struct net_item {
    struct net_item *next;
    char queue[64];
    bool forget;
    bool silent;     /* nobody is told: its queue has begun a new life */
    uint64_t due_ms; /* when it must be written at the latest */
    size_t size_bytes;
    struct group_write write; /* its pointers lead into this block; meta is NULL */
    const uint8_t *meta;
    size_t meta_len;
};

/* A copy of everything `w` leads to; free() it. */
struct net_item *net_item_new(const char *queue, const struct group_write *w);
struct net_item *net_item_forget(const char *queue);

#endif
