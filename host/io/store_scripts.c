#include "host/io/store_scripts.h"

#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/store_impl.h"

#include <stdlib.h>
#include <string.h>

void script_change_fini(struct script_change *c)
{
    for (size_t i = 0; i < c->script_count; i++) {
        free(c->scripts[i].description);
        free(c->scripts[i].body);
    }
    free(c->scripts);
    free(c->hooks);
    *c = (struct script_change){0};
}

/* ---- changes --------------------------------------------------------------------------------- */

static const char *kind_name(const struct script_row *row)
{
    return row->condition ? "condition" : "script";
}

static int change_script(sqlite3 *db, const struct script_row *row, struct err *e)
{
    if (row->body == NULL) {
        return sql_run(db, "DELETE FROM scripts WHERE kind = ? AND name = ?",
            SQL_ARGS(SQL_TEXT(kind_name(row)), SQL_TEXT(row->name)), e);
    }
    return sql_run(db,
        "REPLACE INTO scripts (kind, name, description, clears_bed, body) VALUES (?, ?, ?, ?, ?)",
        SQL_ARGS(SQL_TEXT(kind_name(row)), SQL_TEXT(row->name), SQL_TEXT(row->description),
            SQL_INT(row->clears_bed), SQL_TEXT(row->body)),
        e);
}

static int change_hooks(sqlite3 *db, const struct script_change *c, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->hook_count; i++) {
        rc = sql_run(
            db, "DELETE FROM hooks WHERE moment = ?", SQL_ARGS(SQL_TEXT(c->hooks[i].moment)), e);
    }
    for (size_t i = 0; rc == 0 && i < c->hook_count; i++) {
        const struct hook_row *h = &c->hooks[i];
        rc = sql_run(db,
            "INSERT INTO hooks (moment, position, script, condition) VALUES (?, ?, ?, ?)",
            SQL_ARGS(SQL_TEXT(h->moment), SQL_INT(i), SQL_TEXT(h->script), SQL_TEXT(h->condition)),
            e);
    }
    return rc;
}

static int change(sqlite3 *db, void *data, struct err *e)
{
    const struct script_change *c = data;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->script_count; i++) {
        rc = change_script(db, &c->scripts[i], e);
    }
    return rc == 0 ? change_hooks(db, c, e) : rc;
}

static void fini_change(void *data)
{
    script_change_fini(data);
}

void store_change_scripts(struct store *s, struct script_change *c, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "save scripts", .writes = true, .run = change, .fini = fini_change};
    store_queue(s, &kind, store_copy(c, sizeof *c), done, context);
    *c = (struct script_change){0};
}

/* ---- at start -------------------------------------------------------------------------------- */

static char *column_text(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    return mem_strdup(text != NULL ? text : "");
}

static void read_script(sqlite3_stmt *q, struct script_change *out)
{
    char kind[16];
    out->scripts = mem_resize(out->scripts, out->script_count + 1, sizeof *out->scripts);
    struct script_row *row = &out->scripts[out->script_count++];
    *row = (struct script_row){0};
    sql_text(q, 0, kind, sizeof kind);
    row->condition = strcmp(kind, "condition") == 0;
    sql_text(q, 1, row->name, sizeof row->name);
    row->description = column_text(q, 2);
    row->clears_bed = sqlite3_column_int(q, 3) != 0;
    row->body = column_text(q, 4);
}

static void read_hook(sqlite3_stmt *q, struct script_change *out)
{
    out->hooks = mem_resize(out->hooks, out->hook_count + 1, sizeof *out->hooks);
    struct hook_row *row = &out->hooks[out->hook_count++];
    sql_text(q, 0, row->moment, sizeof row->moment);
    sql_text(q, 1, row->script, sizeof row->script);
    sql_text(q, 2, row->condition, sizeof row->condition);
}

static int load_rows(sqlite3 *db, const char *text,
    void (*read)(sqlite3_stmt *q, struct script_change *out), struct script_change *out,
    struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sql_query(db, text, SQL_NO_ARGS, &q, e);
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        read(q, out);
        rc = 0;
    }
    sqlite3_finalize(q);
    return rc;
}

int store_load_scripts(struct store *s, struct script_change *out, struct err *e)
{
    *out = (struct script_change){0};
    sqlite3 *db = store_lock(s);
    int rc = load_rows(db,
        "SELECT kind, name, description, clears_bed, body FROM scripts ORDER BY kind, name",
        read_script, out, e);
    if (rc == 0) {
        rc = load_rows(db, "SELECT moment, script, condition FROM hooks ORDER BY moment, position",
            read_hook, out, e);
    }
    store_unlock(s);
    if (rc != 0) {
        script_change_fini(out);
    }
    return rc;
}
