#include "host/io/store_queue.h"

#include "host/base/mem.h"
#include "host/io/store_impl.h"

#include <stdlib.h>

/* ?1 queue, ?2 name, ?3 document */
static const struct statements {
    const char *put;
    const char *remove;
    const char *load;
} statements[STORE_DOCS] = {
    [STORE_JOBS] = {"REPLACE INTO jobs VALUES (?1, ?2, ?3)",
        "DELETE FROM jobs WHERE queue = ?1 AND id = ?2",
        "SELECT queue, id, doc FROM jobs ORDER BY queue, id"},
    [STORE_ANSWERS] = {"REPLACE INTO answers VALUES (?1, ?2, ?3)",
        "DELETE FROM answers WHERE queue = ?1 AND client = ?2",
        "SELECT queue, client, doc FROM answers ORDER BY queue, client"},
    [STORE_QUEUES] = {"REPLACE INTO queues VALUES (?2, ?3)", "DELETE FROM queues WHERE name = ?2",
        "SELECT '', name, doc FROM queues ORDER BY name"},
    [STORE_TEMPLATES] = {"REPLACE INTO templates VALUES (?2, ?3)",
        "DELETE FROM templates WHERE name = ?2",
        "SELECT '', name, doc FROM templates ORDER BY name"},
    [STORE_MOVES] = {"REPLACE INTO moves VALUES (?2, ?3)", "DELETE FROM moves WHERE job = ?2",
        "SELECT '', job, doc FROM moves ORDER BY job"},
};

struct change {
    enum store_docs docs;
    char *queue; /* owned, as are the others */
    char *name;
    char *doc; /* NULL = removed */
};

struct store_changes {
    struct change *at; /* owned */
    size_t count;
    size_t cap;
};

struct store_changes *store_changes_new(void)
{
    return mem_alloc(sizeof(struct store_changes));
}

static void fini_changes(void *data)
{
    struct store_changes *c = data;
    for (size_t i = 0; i < c->count; i++) {
        free(c->at[i].queue);
        free(c->at[i].name);
        free(c->at[i].doc);
    }
    free(c->at);
}

void store_changes_free(struct store_changes *c)
{
    if (c != NULL) {
        fini_changes(c);
        free(c);
    }
}

void store_changes_add(
    struct store_changes *c, enum store_docs docs, const char *queue, const char *name, char *doc)
{
    if (c->count == c->cap) {
        c->cap = c->cap > 0 ? c->cap * 2 : 8;
        c->at = mem_resize(c->at, c->cap, sizeof *c->at);
    }
    c->at[c->count++] = (struct change){docs, mem_strdup(queue), mem_strdup(name), doc};
}

size_t store_changes_count(const struct store_changes *c)
{
    return c->count;
}

static int save_change(sqlite3 *db, const struct change *c, struct err *e)
{
    const struct statements *s = &statements[c->docs];
    if (c->doc == NULL) {
        return sql_run(db, s->remove, SQL_ARGS(SQL_TEXT(c->queue), SQL_TEXT(c->name)), e);
    }
    return sql_run(
        db, s->put, SQL_ARGS(SQL_TEXT(c->queue), SQL_TEXT(c->name), SQL_TEXT(c->doc)), e);
}

static int save_changes(sqlite3 *db, void *data, struct err *e)
{
    const struct store_changes *c = data;
    for (size_t i = 0; i < c->count; i++) {
        int rc = save_change(db, &c->at[i], e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

void store_save_changes(struct store *s, struct store_changes *c, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "save the queue", .writes = true, .run = save_changes, .fini = fini_changes};
    store_queue(s, &kind, c, done, context);
}

static const char *text_of(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    return text != NULL ? text : "";
}

int store_load_docs(
    struct store *s, enum store_docs docs, store_doc_cb row, void *context, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sql_query(store_lock(s), statements[docs].load, SQL_NO_ARGS, &q, e);
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        row(context, text_of(q, 0), text_of(q, 1), text_of(q, 2));
        rc = 0;
    }
    sqlite3_finalize(q);
    store_unlock(s);
    return rc;
}
