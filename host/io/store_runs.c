/* The store's runs. */
#include "host/io/store_impl.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 1000
#define COLUMNS                                                                                    \
    "id, file_name, sha256, start_ms, end_ms, result, reason, lines, resends, filament_um, "       \
    "printer, queue, job_id, job_name, set_id, material, used_um, peer"

static const char *const results[] = {
    [RUN_OPEN] = "open",
    [RUN_SUCCESS] = "success",
    [RUN_FAILURE] = "failure",
    [RUN_CANCELLED] = "cancelled",
    [RUN_ABORTED] = "aborted",
    [RUN_INTERRUPTED] = "interrupted",
};

const char *run_result_name(enum run_result r)
{
    return results[r];
}

/* The schema allows no other text; should there be one, the run did not end well. */
static enum run_result parse_result(const char *text)
{
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        if (strcmp(results[i], text) == 0) {
            return (enum run_result)i;
        }
    }
    return RUN_INTERRUPTED;
}

#define INTO_RUNS                                                                                  \
    " INTO runs (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

static int write_run(sqlite3 *db, const char *text, const struct run *r, struct err *e)
{
    return sql_run(db, text,
        SQL_ARGS(SQL_TEXT(r->id), SQL_TEXT(r->file_name), SQL_TEXT(r->sha256), SQL_INT(r->start_ms),
            SQL_INT(r->end_ms), SQL_TEXT(results[r->result]), SQL_TEXT(r->reason),
            SQL_INT(r->lines), SQL_INT(r->resends), SQL_INT(r->filament_um), SQL_TEXT(r->printer),
            SQL_TEXT(r->queue), SQL_TEXT(r->job_id), SQL_TEXT(r->job_name), SQL_TEXT(r->set_id),
            SQL_TEXT(r->material), SQL_INT(r->used_um), SQL_TEXT(r->peer)),
        e);
}

static int save_run(sqlite3 *db, void *data, struct err *e)
{
    return write_run(db, "REPLACE" INTO_RUNS, data, e);
}

static int add_run(sqlite3 *db, void *data, struct err *e)
{
    return write_run(db, "INSERT OR IGNORE" INTO_RUNS, data, e);
}

void store_save_run(struct store *s, const struct run *r, store_cb done, void *context)
{
    static const struct job_kind kind = {.name = "save run", .writes = true, .run = save_run};
    store_queue(s, &kind, store_copy(r, sizeof *r), done, context);
}

void store_add_run(struct store *s, const struct run *r, store_cb done, void *context)
{
    static const struct job_kind kind = {.name = "add run", .writes = true, .run = add_run};
    store_queue(s, &kind, store_copy(r, sizeof *r), done, context);
}

struct listing {
    struct run_filter filter;
    char *word[4]; /* owned: what its texts point to */
    enum run_result result;
    store_runs_cb done;
    struct run *runs; /* owned */
    size_t count;
};

static void read_run(sqlite3_stmt *q, struct run *r)
{
    char result[16];
    sql_text(q, 0, r->id, sizeof r->id);
    sql_text(q, 1, r->file_name, sizeof r->file_name);
    sql_text(q, 2, r->sha256, sizeof r->sha256);
    r->start_ms = sqlite3_column_int64(q, 3);
    r->end_ms = sqlite3_column_int64(q, 4);
    sql_text(q, 5, result, sizeof result);
    r->result = parse_result(result);
    sql_text(q, 6, r->reason, sizeof r->reason);
    r->lines = sqlite3_column_int64(q, 7);
    r->resends = sqlite3_column_int64(q, 8);
    r->filament_um = sqlite3_column_int64(q, 9);
    sql_text(q, 10, r->printer, sizeof r->printer);
    sql_text(q, 11, r->queue, sizeof r->queue);
    sql_text(q, 12, r->job_id, sizeof r->job_id);
    sql_text(q, 13, r->job_name, sizeof r->job_name);
    sql_text(q, 14, r->set_id, sizeof r->set_id);
    sql_text(q, 15, r->material, sizeof r->material);
    r->used_um = sqlite3_column_int64(q, 16);
    sql_text(q, 17, r->peer, sizeof r->peer);
}

/* Each condition is met by anything when its word is empty. */
#define WANTED                                                                                     \
    "(?2 = 0 OR start_ms < ?2) AND (?3 = '' OR printer = ?3) AND (?4 = '' OR file_name = ?4) "     \
    "AND (?5 = '' OR job_id = ?5) AND (?6 = '' OR set_id = ?6) AND (?7 = '' OR result = ?7)"       \
    " AND (?8 = 0 OR peer = '')"

static int list_runs(sqlite3 *db, void *data, struct err *e)
{
    struct listing *l = data;
    const struct run_filter *f = &l->filter;
    sqlite3_stmt *q;
    int rc = sql_query(db,
        "SELECT " COLUMNS " FROM runs WHERE " WANTED " ORDER BY start_ms DESC, id DESC LIMIT ?1",
        SQL_ARGS(SQL_INT(f->limit), SQL_INT(f->before_ms), SQL_TEXT(f->printer), SQL_TEXT(f->file),
            SQL_TEXT(f->job), SQL_TEXT(f->set),
            SQL_TEXT(f->result != NULL ? results[l->result] : ""), SQL_INT(f->own)),
        &q, e);
    if (rc != 0) {
        return rc;
    }
    l->runs = mem_array(f->limit, sizeof *l->runs);
    while (l->count < f->limit && (rc = sql_next(q, e)) > 0) {
        read_run(q, &l->runs[l->count++]);
    }
    sqlite3_finalize(q);
    return rc < 0 ? rc : 0;
}

static void answer_list(struct job *j, const struct err *e)
{
    const struct listing *l = j->data;
    l->done(j->context, e, l->runs, e == NULL ? l->count : 0);
}

static void fini_list(void *data)
{
    struct listing *l = data;
    for (size_t i = 0; i < sizeof l->word / sizeof *l->word; i++) {
        free(l->word[i]);
    }
    free(l->runs);
}

void store_list_runs(
    struct store *s, const struct run_filter *filter, store_runs_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "list runs", .run = list_runs, .answer = answer_list, .fini = fini_list};
    struct listing *l = mem_alloc(sizeof *l);
    const char **words[] = {&l->filter.printer, &l->filter.file, &l->filter.job, &l->filter.set};
    l->filter = *filter;
    l->filter.limit = filter->limit < LIST_MAX ? filter->limit : LIST_MAX;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        l->word[i] = mem_strdup(*words[i] != NULL ? *words[i] : "");
        *words[i] = l->word[i];
    }
    l->result = filter->result != NULL ? *filter->result : RUN_OPEN;
    l->done = done;
    store_queue(s, &kind, l, NULL, context);
}

/* A job whose print has ended finds out from here whether it is counted, also after a crash. */
static int clear_runs(sqlite3 *db, void *data, struct err *e)
{
    const int64_t *before_ms = data;
    return sql_run(db,
        "DELETE FROM runs WHERE result <> 'open' AND end_ms < ?1 AND id NOT IN ("
        "  SELECT c.value ->> '$.run' FROM jobs, json_each("
        "    CASE WHEN json_valid(doc) THEN doc ELSE '{}' END, '$.claims') AS c"
        "  WHERE c.value ->> '$.run' IS NOT NULL)",
        SQL_ARGS(SQL_INT(*before_ms)), e);
}

void store_clear_runs(struct store *s, int64_t before_ms, store_cb done, void *context)
{
    static const struct job_kind kind = {.name = "clear runs", .writes = true, .run = clear_runs};
    store_queue(s, &kind, store_copy(&before_ms, sizeof before_ms), done, context);
}

static int load_one(
    struct store *s, const char *text, struct sql_args args, struct run *out, struct err *e)
{
    sqlite3_stmt *q;
    sqlite3 *db = store_lock(s);
    *out = (struct run){0};
    int rc = sql_query(db, text, args, &q, e);
    if (rc == 0) {
        rc = sql_next(q, e);
        if (rc > 0) {
            read_run(q, out);
        }
        sqlite3_finalize(q);
    }
    store_unlock(s);
    return rc < 0 ? rc : 0;
}

int store_load_open_run(struct store *s, struct run *out, struct err *e)
{
    return load_one(s,
        "SELECT " COLUMNS " FROM runs WHERE result = 'open' ORDER BY start_ms DESC, id DESC "
        "LIMIT 1",
        SQL_NO_ARGS, out, e);
}

int store_load_run(struct store *s, const char *id, struct run *out, struct err *e)
{
    return load_one(s, "SELECT " COLUMNS " FROM runs WHERE id = ?", SQL_ARGS(SQL_TEXT(id)), out, e);
}

int store_interrupt_runs(
    struct store *s, const char *except_id, int64_t now_ms, size_t *count, struct err *e)
{
    sqlite3 *db = store_lock(s);
    int rc = sql_run(db,
        "UPDATE runs SET result = 'interrupted', end_ms = ?, reason = 'the host stopped during it' "
        "WHERE result = 'open' AND id <> ?",
        SQL_ARGS(SQL_INT(now_ms), SQL_TEXT(except_id)), e);
    *count = rc == 0 ? (size_t)sqlite3_changes(db) : 0;
    store_unlock(s);
    return rc;
}
