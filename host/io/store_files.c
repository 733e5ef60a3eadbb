/* The store's changes of several files and folders at once, and its folders. */
#include "host/io/store_impl.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdlib.h>
#include <string.h>

enum step_kind {
    STEP_SAVE,
    STEP_DROP,
    STEP_ADD_FOLDER,
    STEP_DROP_FOLDER
};

struct step {
    enum step_kind kind;
    struct file_row row; /* analysis owned; all but STEP_SAVE: the name alone */
};

struct file_change {
    struct step *steps; /* owned */
    size_t count;
    size_t cap;
};

struct file_change *file_change_new(void)
{
    return mem_alloc(sizeof(struct file_change));
}

static struct step *add(struct file_change *c, enum step_kind kind)
{
    if (c->count == c->cap) {
        c->cap = c->cap > 0 ? c->cap * 2 : 8;
        c->steps = mem_resize(c->steps, c->cap, sizeof *c->steps);
    }
    struct step *step = &c->steps[c->count++];
    *step = (struct step){.kind = kind};
    return step;
}

static void add_name(struct file_change *c, enum step_kind kind, const char *name)
{
    struct step *step = add(c, kind);
    str_copy(step->row.name, sizeof step->row.name, name, strlen(name));
}

void file_change_save(struct file_change *c, const struct file_row *row)
{
    struct step *step = add(c, STEP_SAVE);
    step->row = *row;
    step->row.analysis = row->analysis != NULL ? mem_strdup(row->analysis) : NULL;
}

void file_change_drop(struct file_change *c, const char *name)
{
    add_name(c, STEP_DROP, name);
}

void file_change_add_folder(struct file_change *c, const char *name)
{
    add_name(c, STEP_ADD_FOLDER, name);
}

void file_change_drop_folder(struct file_change *c, const char *name)
{
    add_name(c, STEP_DROP_FOLDER, name);
}

static int run_step(sqlite3 *db, const struct step *s, struct err *e)
{
    static const char *const by_name[] = {
        [STEP_DROP] = "DELETE FROM files WHERE name = ?",
        [STEP_ADD_FOLDER] = "REPLACE INTO folders VALUES (?)",
        [STEP_DROP_FOLDER] = "DELETE FROM folders WHERE name = ?",
    };
    const struct file_row *f = &s->row;
    if (s->kind != STEP_SAVE) {
        return sql_run(db, by_name[s->kind], SQL_ARGS(SQL_TEXT(f->name)), e);
    }
    return sql_run(db, "REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
        SQL_ARGS(SQL_TEXT(f->name), SQL_TEXT(f->sha256), SQL_INT(f->size_bytes),
            SQL_INT(f->uploaded_ms), SQL_TEXT(f->analysis)),
        e);
}

static int run(sqlite3 *db, void *data, struct err *e)
{
    const struct file_change *c = data;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->count; i++) {
        rc = run_step(db, &c->steps[i], e);
    }
    return rc;
}

static void fini(void *data)
{
    struct file_change *c = data;
    for (size_t i = 0; i < c->count; i++) {
        free(c->steps[i].row.analysis);
    }
    free(c->steps);
}

void store_change_files(struct store *s, struct file_change *c, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "change files", .writes = true, .run = run, .fini = fini};
    store_queue(s, &kind, c, done, context);
}

int store_load_folders(struct store *s, struct folder_row **out, size_t *n, struct err *e)
{
    sqlite3_stmt *q = NULL;
    struct folder_row *rows = NULL;
    size_t cap = 0;
    *n = 0;
    int rc = sql_query(store_lock(s), "SELECT name FROM folders ORDER BY name", SQL_NO_ARGS, &q, e);
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        if (*n == cap) {
            cap = cap > 0 ? cap * 2 : 16;
            rows = mem_resize(rows, cap, sizeof *rows);
        }
        sql_text(q, 0, rows[*n].name, sizeof rows->name);
        ++*n;
        rc = 0;
    }
    sqlite3_finalize(q);
    store_unlock(s);
    if (rc != 0) {
        free(rows);
        rows = NULL;
        *n = 0;
    }
    *out = rows;
    return rc;
}
