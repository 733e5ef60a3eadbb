/* The store's printer, files, keys and settings. */
#include "host/io/store_impl.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SETTING_MAX 4096

/* ---- printer
 * ------------------------------------------------------------------------------------- */

static const char *const beds[] = {
    [BED_UNKNOWN] = "unknown",
    [BED_OCCUPIED] = "occupied",
    [BED_CLEAR] = "clear",
};

/* What we cannot read is unknown, never clear. */
static enum bed_state parse_bed(const char *text)
{
    for (size_t i = 0; i < sizeof beds / sizeof *beds; i++) {
        if (strcmp(beds[i], text) == 0) {
            return (enum bed_state)i;
        }
    }
    return BED_UNKNOWN;
}

static void read_printer(sqlite3_stmt *q, struct printer_row *out)
{
    char bed[16];
    sql_text(q, 0, out->port_identity, sizeof out->port_identity);
    sql_text(q, 1, out->uuid, sizeof out->uuid);
    sql_text(q, 2, out->firmware, sizeof out->firmware);
    sql_text(q, 3, out->machine_type, sizeof out->machine_type);
    out->baud = sqlite3_column_int(q, 4);
    sql_text(q, 5, bed, sizeof bed);
    out->bed = parse_bed(bed);
}

int store_load_printer(struct store *s, struct printer_row *out, struct err *e)
{
    sqlite3_stmt *q = NULL;
    *out = (struct printer_row){.bed = BED_UNKNOWN};
    int rc = sql_query(store_lock(s),
        "SELECT port_identity, uuid, firmware, machine_type, baud, bed FROM printer", SQL_NO_ARGS,
        &q, e);
    if (rc == 0 && (rc = sql_next(q, e)) > 0) {
        read_printer(q, out);
        rc = 0;
    }
    sqlite3_finalize(q);
    store_unlock(s);
    return rc;
}

static int save_printer(sqlite3 *db, void *data, struct err *e)
{
    const struct printer_row *p = data;
    return sql_run(db, "REPLACE INTO printer VALUES (1, ?, ?, ?, ?, ?, ?)",
        SQL_ARGS(SQL_TEXT(p->port_identity), SQL_TEXT(p->uuid), SQL_TEXT(p->firmware),
            SQL_TEXT(p->machine_type), SQL_INT(p->baud), SQL_TEXT(beds[p->bed])),
        e);
}

void store_save_printer(
    struct store *s, const struct printer_row *row, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "save printer", .writes = true, .run = save_printer};
    store_queue(s, &kind, store_copy(row, sizeof *row), done, context);
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

static int remove_file(sqlite3 *db, void *name, struct err *e)
{
    return sql_run(db, "DELETE FROM files WHERE name = ?", SQL_ARGS(SQL_TEXT(name)), e);
}

void store_remove_file(struct store *s, const char *name, store_cb done, void *context)
{
    static const struct job_kind kind = {.name = "remove file", .writes = true, .run = remove_file};
    store_queue(s, &kind, mem_strdup(name), done, context);
}

static void read_file_row(sqlite3_stmt *q, void *row)
{
    struct file_row *f = row;
    const char *analysis = (const char *)sqlite3_column_text(q, 4);
    sql_text(q, 0, f->name, sizeof f->name);
    sql_text(q, 1, f->sha256, sizeof f->sha256);
    f->size_bytes = sqlite3_column_int64(q, 2);
    f->uploaded_ms = sqlite3_column_int64(q, 3);
    f->analysis = analysis != NULL ? mem_strdup(analysis) : NULL;
}

/* A growing array of rows of one size. */
struct rows {
    char *at; /* owned */
    size_t size;
    size_t count;
    size_t cap;
};

static void *add_row(struct rows *r)
{
    if (r->count == r->cap) {
        r->cap = r->cap > 0 ? r->cap * 2 : 16;
        r->at = mem_resize(r->at, r->cap, r->size);
    }
    char *row = r->at + r->count++ * r->size;
    memset(row, 0, r->size);
    return row;
}

/* All rows of a query; on failure `r` holds those read so far. */
static int load_all(struct store *s, const char *text, void (*read)(sqlite3_stmt *q, void *row),
    struct rows *r, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sql_query(store_lock(s), text, SQL_NO_ARGS, &q, e);
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        read(q, add_row(r));
        rc = 0;
    }
    sqlite3_finalize(q);
    store_unlock(s);
    return rc;
}

int store_load_files(struct store *s, struct file_row **out, size_t *n, struct err *e)
{
    struct rows r = {.size = sizeof **out};
    int rc = load_all(s,
        "SELECT name, sha256, size_bytes, uploaded_ms, analysis FROM files ORDER BY name",
        read_file_row, &r, e);
    *out = (void *)r.at;
    *n = r.count;
    if (rc != 0) {
        store_free_files(*out, *n);
        *out = NULL;
        *n = 0;
    }
    return rc;
}

void store_free_files(struct file_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(rows[i].analysis);
    }
    free(rows);
}

/* ---- keys
 * ---------------------------------------------------------------------------------------- */

static int save_key(sqlite3 *db, void *data, struct err *e)
{
    const struct key_row *k = data;
    return sql_run(db, "INSERT INTO keys VALUES (?, ?, ?, ?)",
        SQL_ARGS(SQL_TEXT(k->name), SQL_TEXT(k->scope), SQL_BLOB(k->hash, sizeof k->hash),
            SQL_INT(k->created_ms)),
        e);
}

void store_save_key(struct store *s, const struct key_row *k, store_cb done, void *context)
{
    static const struct job_kind kind = {.name = "save key", .writes = true, .run = save_key};
    store_queue(s, &kind, store_copy(k, sizeof *k), done, context);
}

static int remove_key(sqlite3 *db, void *name, struct err *e)
{
    return sql_run(db, "DELETE FROM keys WHERE name = ?", SQL_ARGS(SQL_TEXT(name)), e);
}

void store_remove_key(struct store *s, const char *name, store_cb done, void *context)
{
    static const struct job_kind kind = {.name = "remove key", .writes = true, .run = remove_key};
    store_queue(s, &kind, mem_strdup(name), done, context);
}

static void read_key_row(sqlite3_stmt *q, void *row)
{
    struct key_row *k = row;
    const void *hash = sqlite3_column_blob(q, 2);
    sql_text(q, 0, k->name, sizeof k->name);
    sql_text(q, 1, k->scope, sizeof k->scope);
    if (hash != NULL && sqlite3_column_bytes(q, 2) == (int)sizeof k->hash) {
        memcpy(k->hash, hash, sizeof k->hash);
    }
    k->created_ms = sqlite3_column_int64(q, 3);
}

int store_load_keys(struct store *s, struct key_row **out, size_t *n, struct err *e)
{
    struct rows r = {.size = sizeof **out};
    int rc = load_all(s, "SELECT name, scope, hash, created_ms FROM keys ORDER BY created_ms, name",
        read_key_row, &r, e);
    if (rc != 0) {
        free(r.at);
        r = (struct rows){0};
    }
    *out = (void *)r.at;
    *n = r.count;
    return rc;
}

/* ---- settings
 * ------------------------------------------------------------------------------------ */

struct setting {
    char *name;  /* owned */
    char *value; /* owned */
};

static int save_setting(sqlite3 *db, void *data, struct err *e)
{
    const struct setting *t = data;
    size_t len = strlen(t->value);
    if (len > SETTING_MAX) {
        return err_set(
            e, PP_ETOOBIG, "\"%s\": %zu bytes are more than %d", t->name, len, SETTING_MAX);
    }
    return sql_run(db, "REPLACE INTO settings VALUES (?, ?)",
        SQL_ARGS(SQL_TEXT(t->name), SQL_TEXT(t->value)), e);
}

static void fini_setting(void *data)
{
    struct setting *t = data;
    free(t->name);
    free(t->value);
}

void store_save_setting(
    struct store *s, const char *name, const char *value, store_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "save setting", .writes = true, .run = save_setting, .fini = fini_setting};
    struct setting t = {mem_strdup(name), mem_strdup(value)};
    store_queue(s, &kind, store_copy(&t, sizeof t), done, context);
}

int store_load_setting(struct store *s, const char *name, char *out, size_t out_size, struct err *e)
{
    sqlite3_stmt *q = NULL;
    *out = '\0';
    int rc = sql_query(store_lock(s), "SELECT value FROM settings WHERE name = ?",
        SQL_ARGS(SQL_TEXT(name)), &q, e);
    if (rc == 0 && (rc = sql_next(q, e)) > 0) {
        rc = 0;
        if ((size_t)sqlite3_column_bytes(q, 0) >= out_size) {
            rc = err_set(
                e, PP_ETOOBIG, "setting \"%s\" is longer than %zu bytes", name, out_size - 1);
        } else {
            sql_text(q, 0, out, out_size);
        }
    }
    sqlite3_finalize(q);
    store_unlock(s);
    return rc;
}
