/* The store's journal: one row, there while a run is under way. */
#include "host/io/store_impl.h"

#include <string.h>

static bool can_be(const struct journal_row *row, sqlite3_stmt *q)
{
    return sqlite3_column_bytes(q, 0) == 36 && sqlite3_column_bytes(q, 1) <= STORE_WORDS &&
           strlen(row->words) == (size_t)sqlite3_column_bytes(q, 1) &&
           sqlite3_column_int64(q, 2) >= 0 && sqlite3_column_int64(q, 3) >= 0;
}

int store_load_journal(struct store *s, struct journal_row *out, struct err *e)
{
    sqlite3_stmt *q;
    sqlite3 *db = store_lock(s);
    *out = (struct journal_row){0};
    int rc = sql_query(
        db, "SELECT run_id, words, acked_offset, lines, wall_ms FROM journal", SQL_NO_ARGS, &q, e);
    if (rc == 0 && (rc = sql_next(q, e)) > 0) {
        sql_text(q, 0, out->run_id, sizeof out->run_id);
        sql_text(q, 1, out->words, sizeof out->words);
        out->acked_offset = (uint64_t)sqlite3_column_int64(q, 2);
        out->lines = (uint64_t)sqlite3_column_int64(q, 3);
        out->wall_ms = sqlite3_column_int64(q, 4);
        rc = can_be(out, q) ? 0 : err_set(e, PP_ECORRUPT, "the journal's row cannot be");
    }
    sqlite3_finalize(q);
    store_unlock(s);
    if (rc < 0) {
        *out = (struct journal_row){0};
    }
    return rc;
}

static int save_journal(sqlite3 *db, void *data, struct err *e)
{
    const struct journal_row *r = data;
    return sql_run(db, "REPLACE INTO journal VALUES (1, ?, ?, ?, ?, ?)",
        SQL_ARGS(SQL_TEXT(r->run_id), SQL_TEXT(r->words), SQL_INT((int64_t)r->acked_offset),
            SQL_INT((int64_t)r->lines), SQL_INT(r->wall_ms)),
        e);
}

void store_save_journal(
    struct store *s, const struct journal_row *row, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "save journal", .writes = true, .run = save_journal};
    store_queue(s, &kind, store_copy(row, sizeof *row), done, context);
}

static int drop_journal(sqlite3 *db, void *data, struct err *e)
{
    (void)data;
    return sql_run(db, "DELETE FROM journal", SQL_NO_ARGS, e);
}

void store_drop_journal(struct store *s, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "drop journal", .writes = true, .run = drop_journal};
    store_queue(s, &kind, NULL, done, context);
}
