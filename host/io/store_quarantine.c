#include "host/io/store_quarantine.h"

#include "host/base/mem.h"
#include "host/io/store_impl.h"

#include <stdlib.h>

static int save(sqlite3 *db, void *data, struct err *e)
{
    const struct quarantine_row *r = data;
    return sql_run(db,
        "REPLACE INTO quarantine (sha256, path, reason, since_ms) VALUES (?, ?, ?, ?)",
        SQL_ARGS(SQL_TEXT(r->sha256), SQL_TEXT(r->path), SQL_TEXT(r->reason), SQL_INT(r->since_ms)),
        e);
}

void store_save_quarantine(
    struct store *s, const struct quarantine_row *row, store_cb done, void *context)
{
    static const struct job_kind kind = {.name = "save quarantine", .writes = true, .run = save};
    store_queue(s, &kind, store_copy(row, sizeof *row), done, context);
}

static int take_off(sqlite3 *db, void *sha256, struct err *e)
{
    return sql_run(db, "DELETE FROM quarantine WHERE sha256 = ?", SQL_ARGS(SQL_TEXT(sha256)), e);
}

void store_remove_quarantine(struct store *s, const char *sha256, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "remove quarantine", .writes = true, .run = take_off};
    store_queue(s, &kind, mem_strdup(sha256), done, context);
}

int store_load_quarantine(struct store *s, struct quarantine_row **out, size_t *n, struct err *e)
{
    sqlite3_stmt *q = NULL;
    *out = NULL;
    *n = 0;
    int rc = sql_query(store_lock(s),
        "SELECT sha256, path, reason, since_ms FROM quarantine ORDER BY since_ms, sha256",
        SQL_NO_ARGS, &q, e);
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        *out = mem_resize(*out, *n + 1, sizeof **out);
        struct quarantine_row *row = &(*out)[(*n)++];
        *row = (struct quarantine_row){.since_ms = sqlite3_column_int64(q, 3)};
        sql_text(q, 0, row->sha256, sizeof row->sha256);
        sql_text(q, 1, row->path, sizeof row->path);
        sql_text(q, 2, row->reason, sizeof row->reason);
        rc = 0;
    }
    sqlite3_finalize(q);
    store_unlock(s);
    if (rc != 0) {
        free(*out);
        *out = NULL;
        *n = 0;
    }
    return rc;
}
