/* The connection: statements kept ready, one write at a time.
 *
 * Happy path: begin, any number of writes, commit. The first transaction of a process also marks
 * the file as not closed cleanly: opening itself writes nothing, so that it works on a full disk.
 *
 * Failure modes: any call may fail with what net_db_fail() says; then the caller rolls back, and
 * nothing of the transaction has happened.
 */
#include "net/net_store_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum query {
    Q_BEGIN,
    Q_COMMIT,
    Q_DIRTY,
    Q_ADD_QUEUE,
    Q_FIND_QUEUE,
    Q_SET_META,
    Q_DROP_QUEUE,
    Q_DROP_LOG,
    Q_TRUNCATE,
    Q_COMPACT,
    Q_ADD_ENTRY,
    Q_DROP_ROWS,
    Q_DROP_ROW,
    Q_PUT_ROW,
    Q_DROP_OUTBOX,
    Q_DROP_KEPT,
    Q_PUT_KEPT,
    QUERIES
};

static const char *const texts[QUERIES] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_DIRTY] = "UPDATE host SET clean = 0",
    [Q_ADD_QUEUE] = "INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING",
    [Q_FIND_QUEUE] = "SELECT id FROM queues WHERE name = ?",
    [Q_SET_META] = "UPDATE queues SET meta = ?2 WHERE id = ?1",
    [Q_DROP_QUEUE] = "DELETE FROM queues WHERE id = ?",
    [Q_DROP_LOG] = "DELETE FROM log WHERE queue = ?",
    [Q_TRUNCATE] = "DELETE FROM log WHERE queue = ? AND idx >= ?",
    [Q_COMPACT] = "DELETE FROM log WHERE queue = ? AND idx <= ?",
    [Q_ADD_ENTRY] = "REPLACE INTO log (queue, idx, term, type, bytes) VALUES (?, ?, ?, ?, ?)",
    [Q_DROP_ROWS] = "DELETE FROM rows WHERE queue = ?",
    [Q_DROP_ROW] = "DELETE FROM rows WHERE queue = ? AND key = ?",
    [Q_PUT_ROW] = "REPLACE INTO rows (queue, key, bytes) VALUES (?, ?, ?)",
    [Q_DROP_OUTBOX] = "DELETE FROM outbox WHERE queue = ?",
    [Q_DROP_KEPT] = "DELETE FROM outbox WHERE queue = ? AND id = ?",
    [Q_PUT_KEPT] = "REPLACE INTO outbox (queue, id, bytes) VALUES (?, ?, ?)",
};

struct net_db {
    sqlite3 *handle;
    sqlite3_stmt *queries[QUERIES];
    bool marked; /* as not closed cleanly */
    bool marks;  /* within this transaction */
};

sqlite3 *net_db_handle(struct net_db *db)
{
    return db->handle;
}

/* ---- statements ---------------------------------------------------------------------------------
 */

static void put_blob(sqlite3_stmt *q, int at, const uint8_t *bytes, size_t len)
{
    /* A NULL pointer would bind NULL, and an empty entry is no NULL. */
    sqlite3_bind_blob64(q, at, bytes != NULL ? bytes : (const uint8_t *)"", len, SQLITE_STATIC);
}

static int finish(struct net_db *db, sqlite3_stmt *q, struct err *e)
{
    int rc = sqlite3_step(q);
    rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : net_db_fail(db->handle, e);
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return rc;
}

/* Runs a statement about a queue, and maybe one number more. */
static int run(struct net_db *db, enum query which, int64_t queue, uint64_t number, struct err *e)
{
    sqlite3_stmt *q = db->queries[which];
    int wanted = sqlite3_bind_parameter_count(q);
    if (wanted > 0) {
        sqlite3_bind_int64(q, 1, queue);
    }
    if (wanted > 1) {
        sqlite3_bind_int64(q, 2, (int64_t)number);
    }
    return finish(db, q, e);
}

static int find_queue(struct net_db *db, const char *name, int64_t *out, struct err *e)
{
    sqlite3_stmt *q = db->queries[Q_FIND_QUEUE];
    sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(q);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : net_db_fail(db->handle, e);
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return rc;
}

static int need_queue(struct net_db *db, const char *name, int64_t *out, struct err *e)
{
    int rc = find_queue(db, name, out, e);
    if (rc != 0 || *out != 0) {
        return rc;
    }
    sqlite3_bind_text(db->queries[Q_ADD_QUEUE], 1, name, -1, SQLITE_STATIC);
    rc = finish(db, db->queries[Q_ADD_QUEUE], e);
    return rc == 0 ? find_queue(db, name, out, e) : rc;
}

/* ---- what a write consists of -------------------------------------------------------------------
 */

static int drop_and_add_entries(
    struct net_db *db, int64_t queue, const struct group_write *w, struct err *e)
{
    int rc = w->wipe ? run(db, Q_DROP_LOG, queue, 0, e) : 0;
    if (rc == 0 && w->truncate_from != 0) {
        rc = run(db, Q_TRUNCATE, queue, w->truncate_from, e);
    }
    for (size_t i = 0; rc == 0 && i < w->entries_count; i++) {
        const struct replica_entry *entry = &w->entries[i];
        sqlite3_stmt *q = db->queries[Q_ADD_ENTRY];
        sqlite3_bind_int64(q, 1, queue);
        sqlite3_bind_int64(q, 2, (int64_t)entry->index);
        sqlite3_bind_int64(q, 3, (int64_t)entry->term);
        sqlite3_bind_int64(q, 4, entry->type);
        put_blob(q, 5, entry->bytes, entry->len);
        rc = finish(db, q, e);
    }
    if (rc == 0 && w->compact_to != 0) {
        rc = run(db, Q_COMPACT, queue, w->compact_to, e);
    }
    return rc;
}

static int put_rows(struct net_db *db, int64_t queue, const struct group_write *w, struct err *e)
{
    int rc = w->wipe || w->replace_rows ? run(db, Q_DROP_ROWS, queue, 0, e) : 0;
    for (size_t i = 0; rc == 0 && i < w->rows_count; i++) {
        const struct net_row *row = &w->rows[i];
        sqlite3_stmt *q = db->queries[row->bytes != NULL ? Q_PUT_ROW : Q_DROP_ROW];
        sqlite3_bind_int64(q, 1, queue);
        sqlite3_bind_text(q, 2, row->key, -1, SQLITE_STATIC);
        if (row->bytes != NULL) {
            put_blob(q, 3, row->bytes, row->len);
        }
        rc = finish(db, q, e);
    }
    return rc;
}

static int put_outbox(struct net_db *db, int64_t queue, const struct group_write *w, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < w->outbox_count; i++) {
        const struct group_kept *kept = &w->outbox[i];
        sqlite3_stmt *q = db->queries[kept->bytes != NULL ? Q_PUT_KEPT : Q_DROP_KEPT];
        sqlite3_bind_int64(q, 1, queue);
        sqlite3_bind_int64(q, 2, (int64_t)kept->id);
        if (kept->bytes != NULL) {
            put_blob(q, 3, kept->bytes, kept->len);
        }
        rc = finish(db, q, e);
    }
    return rc;
}

int net_db_apply(struct net_db *db, const char *queue, const struct group_write *w,
    const uint8_t *meta, size_t meta_len, struct err *e)
{
    int64_t id = 0;
    if (need_queue(db, queue, &id, e) != 0 || drop_and_add_entries(db, id, w, e) != 0 ||
        put_rows(db, id, w, e) != 0 || put_outbox(db, id, w, e) != 0) {
        return -e->code;
    }
    if (meta == NULL) {
        return 0;
    }
    sqlite3_stmt *q = db->queries[Q_SET_META];
    sqlite3_bind_int64(q, 1, id);
    put_blob(q, 2, meta, meta_len);
    return finish(db, q, e);
}

int net_db_forget(struct net_db *db, const char *queue, struct err *e)
{
    static const enum query drops[] = {Q_DROP_LOG, Q_DROP_ROWS, Q_DROP_OUTBOX, Q_DROP_QUEUE};
    int64_t id = 0;
    int rc = find_queue(db, queue, &id, e);
    for (size_t i = 0; rc == 0 && i < sizeof drops / sizeof *drops; i++) {
        rc = run(db, drops[i], id, 0, e);
    }
    return rc;
}

/* ---- transactions -------------------------------------------------------------------------------
 */

int net_db_begin(struct net_db *db, struct err *e)
{
    int rc = run(db, Q_BEGIN, 0, 0, e);
    db->marks = !db->marked;
    if (rc == 0 && db->marks) {
        rc = run(db, Q_DIRTY, 0, 0, e);
    }
    return rc;
}

int net_db_commit(struct net_db *db, struct err *e)
{
    int rc = run(db, Q_COMMIT, 0, 0, e);
    db->marked = db->marked || (rc == 0 && db->marks);
    return rc;
}

void net_db_rollback(struct net_db *db)
{
    if (!sqlite3_get_autocommit(db->handle)) {
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

/* ---- open and close -----------------------------------------------------------------------------
 */

static void finalize(struct net_db *db)
{
    for (int i = 0; i < QUERIES; i++) {
        sqlite3_finalize(db->queries[i]);
    }
    sqlite3_close(db->handle);
    free(db);
}

static int open_file(sqlite3 **out, const char *path, bool *was_corrupt, bool *dirty, struct err *e)
{
    struct err why = {0};
    char aside[4096];
    int rc = net_schema_open(out, path, dirty, &why);
    *was_corrupt = rc == -PP_ECORRUPT;
    if (!*was_corrupt) {
        *e = why;
        return rc;
    }
    rc = net_schema_move_aside(path, aside, sizeof aside, e);
    if (rc != 0) {
        return rc;
    }
    log_warn("%s; it is kept as \"%s\", and the network queues begin anew", why.text, aside);
    return net_schema_open(out, path, dirty, e);
}

int net_db_open(struct net_db **out, const char *path, bool *was_corrupt, struct err *e)
{
    sqlite3 *handle = NULL;
    bool dirty = false;
    struct err ignored;
    e = e != NULL ? e : &ignored;
    int rc = open_file(&handle, path, was_corrupt, &dirty, e);
    if (rc != 0) {
        return rc;
    }
    struct net_db *db = mem_alloc(sizeof *db);
    *db = (struct net_db){.handle = handle, .marked = dirty};
    for (int i = 0; i < QUERIES; i++) {
        if (sqlite3_prepare_v3(handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &db->queries[i],
                NULL) != SQLITE_OK) {
            rc = net_db_fail(handle, e);
            finalize(db);
            return rc;
        }
    }
    *out = db;
    return 0;
}

void net_db_close(struct net_db *db)
{
    if (db->marked) {
        sqlite3_exec(db->handle, "UPDATE host SET clean = 1", NULL, NULL, NULL);
    }
    finalize(db);
}
