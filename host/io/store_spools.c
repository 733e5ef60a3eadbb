#include "host/io/store_spools.h"

#include "host/base/mem.h"
#include "host/io/store_impl.h"

#include <stdlib.h>

struct spool_row {
    char *id;  /* owned */
    char *doc; /* owned; NULL = removed */
};

struct tool_row {
    unsigned tool;
    char *holds; /* owned */
};

static int save_spool(sqlite3 *db, void *data, struct err *e)
{
    const struct spool_row *r = data;
    if (r->doc == NULL) {
        return sql_run(db, "DELETE FROM spools WHERE id = ?", SQL_ARGS(SQL_TEXT(r->id)), e);
    }
    return sql_run(
        db, "REPLACE INTO spools VALUES (?, ?)", SQL_ARGS(SQL_TEXT(r->id), SQL_TEXT(r->doc)), e);
}

static void fini_spool(void *data)
{
    struct spool_row *r = data;
    free(r->id);
    free(r->doc);
}

void store_save_spool(
    struct store *s, const char *id, const char *doc, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "save spool", .writes = true, .run = save_spool, .fini = fini_spool};
    struct spool_row r = {mem_strdup(id), doc != NULL ? mem_strdup(doc) : NULL};
    store_queue(s, &kind, store_copy(&r, sizeof r), done, context);
}

static int save_tool(sqlite3 *db, void *data, struct err *e)
{
    const struct tool_row *r = data;
    if (r->holds[0] == '\0') {
        return sql_run(db, "DELETE FROM tools WHERE tool = ?", SQL_ARGS(SQL_INT(r->tool)), e);
    }
    return sql_run(
        db, "REPLACE INTO tools VALUES (?, ?)", SQL_ARGS(SQL_INT(r->tool), SQL_TEXT(r->holds)), e);
}

static void fini_tool(void *data)
{
    struct tool_row *r = data;
    free(r->holds);
}

void store_save_tool(
    struct store *s, unsigned tool, const char *holds, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "save tool", .writes = true, .run = save_tool, .fini = fini_tool};
    struct tool_row r = {tool, mem_strdup(holds)};
    store_queue(s, &kind, store_copy(&r, sizeof r), done, context);
}

static const char *text_of(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    return text != NULL ? text : "";
}

int store_load_spools(struct store *s, store_spool_cb row, void *context, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sql_query(store_lock(s), "SELECT id, doc FROM spools ORDER BY id", SQL_NO_ARGS, &q, e);
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        row(context, text_of(q, 0), text_of(q, 1));
        rc = 0;
    }
    sqlite3_finalize(q);
    store_unlock(s);
    return rc;
}

int store_load_tools(struct store *s, store_tool_cb row, void *context, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc =
        sql_query(store_lock(s), "SELECT tool, holds FROM tools ORDER BY tool", SQL_NO_ARGS, &q, e);
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        int64_t tool = sqlite3_column_int64(q, 0);
        if (tool >= 0 && tool < UINT32_MAX) {
            row(context, (unsigned)tool, text_of(q, 1));
        }
        rc = 0;
    }
    sqlite3_finalize(q);
    store_unlock(s);
    return rc;
}
