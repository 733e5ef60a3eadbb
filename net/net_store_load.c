/* A queue read from the database, in one read: everything it holds at one moment.
 *
 * Failure modes: bytes that cannot be what was written, a log with a gap: PP_ECORRUPT; the queue
 * must then be forgotten and joined anew.
 */
#include "net/net_store_priv.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What net_store_load() gives, with all that belongs to it. */
struct loaded {
    struct group_state state; /* first: what the caller sees */
    void **owned;             /* every key and byte string */
    size_t owned_count, owned_cap;
    struct replica_entry *entries;
    struct net_row *rows;
    struct group_kept *outbox;
    size_t entries_cap, rows_cap, outbox_cap;
};

/* Room for one more. */
static void *grow(void *at, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return at;
    }
    *cap = *cap * 2 + 16;
    return mem_resize(at, *cap, size);
}

/* Ends with a NUL that is not counted. */
static void *column_copy(struct loaded *l, sqlite3_stmt *q, int column, size_t *len)
{
    const void *bytes = sqlite3_column_blob(q, column);
    *len = (size_t)sqlite3_column_bytes(q, column);
    char *copy = mem_alloc(*len + 1);
    if (*len > 0) {
        memcpy(copy, bytes, *len);
    }
    l->owned = grow(l->owned, l->owned_count, &l->owned_cap, sizeof *l->owned);
    l->owned[l->owned_count++] = copy;
    return copy;
}

static int take_entry(struct loaded *l, sqlite3_stmt *q, struct err *e)
{
    size_t n = l->state.entries_count;
    struct replica_entry entry = {
        .index = (uint64_t)sqlite3_column_int64(q, 0),
        .term = (uint64_t)sqlite3_column_int64(q, 1),
    };
    int64_t type = sqlite3_column_int64(q, 2);
    if (type < REPLICA_COMMAND || type > REPLICA_CHANGE ||
        (n > 0 && entry.index != l->entries[n - 1].index + 1)) {
        return err_set(e, PP_ECORRUPT, "net.db: the log is broken at %" PRIu64, entry.index);
    }
    entry.type = (enum replica_type)type;
    entry.bytes = column_copy(l, q, 3, &entry.len);
    l->entries = grow(l->entries, n, &l->entries_cap, sizeof *l->entries);
    l->entries[n] = entry;
    l->state.entries_count++;
    return 0;
}

static int take_row(struct loaded *l, sqlite3_stmt *q, struct err *e)
{
    (void)e;
    size_t n = l->state.rows_count;
    size_t key_len;
    struct net_row row = {.key = column_copy(l, q, 0, &key_len)};
    row.bytes = column_copy(l, q, 1, &row.len);
    l->rows = grow(l->rows, n, &l->rows_cap, sizeof *l->rows);
    l->rows[n] = row;
    l->state.rows_count++;
    return 0;
}

static int take_kept(struct loaded *l, sqlite3_stmt *q, struct err *e)
{
    (void)e;
    size_t n = l->state.outbox_count;
    struct group_kept kept = {.id = (uint64_t)sqlite3_column_int64(q, 0)};
    kept.bytes = column_copy(l, q, 1, &kept.len);
    l->outbox = grow(l->outbox, n, &l->outbox_cap, sizeof *l->outbox);
    l->outbox[n] = kept;
    l->state.outbox_count++;
    return 0;
}

/* Every row of a query about this queue. */
static int each(struct net_db *db, const char *text, const char *queue, struct loaded *l,
    int (*take)(struct loaded *l, sqlite3_stmt *q, struct err *e), struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(net_db_handle(db), text, -1, &q, NULL);
    if (rc != SQLITE_OK) {
        return net_db_fail(net_db_handle(db), e);
    }
    sqlite3_bind_text(q, 1, queue, -1, SQLITE_STATIC);
    int failed = 0;
    while (failed == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        failed = take(l, q, e);
    }
    if (failed == 0 && rc != SQLITE_DONE) {
        failed = net_db_fail(net_db_handle(db), e);
    }
    sqlite3_finalize(q);
    return failed;
}

static int take_meta(struct loaded *l, sqlite3_stmt *q, struct err *e)
{
    size_t len;
    l->state.exists = true;
    if (sqlite3_column_type(q, 0) == SQLITE_NULL) {
        return 0;
    }
    const uint8_t *meta = column_copy(l, q, 0, &len);
    return group_meta_read(meta, len, &l->state.meta, e);
}

static int read_all(struct net_db *db, const char *queue, struct loaded *l, struct err *e)
{
    static const struct {
        const char *text;
        int (*take)(struct loaded *l, sqlite3_stmt *q, struct err *e);
    } parts[] = {
        {"SELECT meta FROM queues WHERE name = ?", take_meta},
        {"SELECT idx, term, type, bytes FROM log WHERE queue = "
         "(SELECT id FROM queues WHERE name = ?) ORDER BY idx",
            take_entry},
        {"SELECT key, bytes FROM rows WHERE queue = (SELECT id FROM queues WHERE name = ?) "
         "ORDER BY key",
            take_row},
        {"SELECT id, bytes FROM outbox WHERE queue = (SELECT id FROM queues WHERE name = ?) "
         "ORDER BY id",
            take_kept},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++) {
        rc = each(db, parts[i].text, queue, l, parts[i].take, e);
    }
    l->state.entries = l->entries;
    l->state.rows = l->rows;
    l->state.outbox = l->outbox;
    return rc;
}

int net_db_load(struct net_db *db, const char *queue, struct group_state **out, struct err *e)
{
    struct loaded *l = mem_alloc(sizeof *l);
    sqlite3_exec(net_db_handle(db), "BEGIN", NULL, NULL, NULL);
    int rc = read_all(db, queue, l, e);
    sqlite3_exec(net_db_handle(db), "COMMIT", NULL, NULL, NULL);
    if (rc != 0) {
        net_store_unload(&l->state);
        return rc;
    }
    *out = &l->state;
    return 0;
}

void net_store_unload(struct group_state *state)
{
    struct loaded *l = (struct loaded *)state;
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < l->owned_count; i++) {
        free(l->owned[i]);
    }
    free(l->owned);
    free(l->entries);
    free(l->rows);
    free(l->outbox);
    free(l);
}

int net_db_names(struct net_db *db, char ***names, size_t *n, struct err *e)
{
    sqlite3_stmt *q = NULL;
    size_t cap = 0;
    int rc = sqlite3_prepare_v2(
        net_db_handle(db), "SELECT name FROM queues ORDER BY name", -1, &q, NULL);
    *names = NULL;
    *n = 0;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(q);
        if (rc == SQLITE_ROW) {
            *names = grow(*names, *n, &cap, sizeof **names);
            (*names)[(*n)++] = mem_strdup((const char *)sqlite3_column_text(q, 0));
        }
    }
    int failed = rc == SQLITE_DONE ? 0 : net_db_fail(net_db_handle(db), e);
    sqlite3_finalize(q);
    if (failed != 0) {
        net_store_free_names(*names, *n);
        *names = NULL;
        *n = 0;
    }
    return failed;
}

void net_store_free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
}
