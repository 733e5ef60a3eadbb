/* Statistics over the store's runs. */
#include "host/io/store_impl.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define STATS_MAX 1000
#define PARTS_MAX 20000 /* a row for each key and material */

static const char *const keys[] = {
    [STATS_BY_PRINTER] = "printer",
    [STATS_BY_FILE] = "file_name",
    [STATS_BY_MATERIAL] = "material",
    [STATS_BY_DAY] = "strftime('%Y-%m-%d', start_ms / 1000, 'unixepoch', 'localtime')",
};

/* What is known of one key and one material of it: materials differ in weight. */
struct part {
    struct run_stats stats;
    char material[97];
};

struct question {
    struct stats_filter filter;
    store_stats_cb done;
    struct part *parts; /* owned; by key */
    size_t count;
};

static void read_part(sqlite3_stmt *q, struct part *p)
{
    sql_text(q, 0, p->stats.key, sizeof p->stats.key);
    sql_text(q, 1, p->material, sizeof p->material);
    p->stats.prints = sqlite3_column_int64(q, 2);
    for (int i = RUN_SUCCESS; i <= RUN_INTERRUPTED; i++) {
        p->stats.results[i] = sqlite3_column_int64(q, 2 + i);
    }
    p->stats.time_ms = sqlite3_column_int64(q, 3 + RUN_INTERRUPTED);
    p->stats.filament_um = sqlite3_column_int64(q, 4 + RUN_INTERRUPTED);
}

static char *make_query(enum stats_by by)
{
    return mem_printf(
        "SELECT %s AS key, material, count(*), total(result = 'success'), total(result = "
        "'failure'), total(result = 'cancelled'), total(result = 'aborted'), total(result = "
        "'interrupted'), total(max(0, end_ms - start_ms)), total(used_um) FROM runs "
        "WHERE result <> 'open' AND peer = '' AND start_ms >= ?1 GROUP BY key, material "
        "ORDER BY key%s, material LIMIT ?2",
        keys[by], by == STATS_BY_DAY ? " DESC" : "");
}

static int ask_stats(sqlite3 *db, void *data, struct err *e)
{
    struct question *w = data;
    char *text = make_query(w->filter.by);
    sqlite3_stmt *q = NULL;
    int rc = sql_query(db, text, SQL_ARGS(SQL_INT(w->filter.since_ms), SQL_INT(PARTS_MAX)), &q, e);
    free(text);
    size_t cap = 0;
    while (rc == 0 && (rc = sql_next(q, e)) > 0) {
        if (w->count == cap) {
            cap = cap > 0 ? cap * 2 : 16;
            w->parts = mem_resize(w->parts, cap, sizeof *w->parts);
        }
        w->parts[w->count] = (struct part){0};
        read_part(q, &w->parts[w->count++]);
        rc = 0;
    }
    sqlite3_finalize(q);
    return rc;
}

static void add_part(struct run_stats *sum, const struct part *p, const struct stats_filter *f)
{
    sum->prints += p->stats.prints;
    for (int i = RUN_SUCCESS; i <= RUN_INTERRUPTED; i++) {
        sum->results[i] += p->stats.results[i];
    }
    sum->time_ms += p->stats.time_ms;
    sum->filament_um += p->stats.filament_um;
    if (f->weigh != NULL) {
        sum->grams += f->weigh(f->weigh_context, p->material, p->stats.filament_um);
    }
}

static int by_prints(const void *a, const void *b)
{
    const struct run_stats *one = a;
    const struct run_stats *other = b;
    if (one->prints != other->prints) {
        return one->prints < other->prints ? 1 : -1;
    }
    return strcmp(one->key, other->key);
}

/* One row a key; returns how many. */
static size_t sum_up(const struct question *w, struct run_stats *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct part *p = &w->parts[i];
        if (n == 0 || strcmp(rows[n - 1].key, p->stats.key) != 0) {
            memcpy(rows[n++].key, p->stats.key, sizeof p->stats.key);
        }
        add_part(&rows[n - 1], p, &w->filter);
    }
    if (w->filter.by != STATS_BY_DAY) {
        qsort(rows, n, sizeof *rows, by_prints);
    }
    return n < STATS_MAX ? n : STATS_MAX;
}

static void answer_stats(struct job *j, const struct err *e)
{
    const struct question *w = j->data;
    struct run_stats *rows = mem_array(w->count + 1, sizeof *rows);
    w->done(j->context, e, rows, e == NULL ? sum_up(w, rows) : 0);
    free(rows);
}

static void fini_question(void *data)
{
    struct question *w = data;
    free(w->parts);
}

void store_stats(
    struct store *s, const struct stats_filter *filter, store_stats_cb done, void *context)
{
    static const struct job_kind kind = {
        .name = "statistics", .run = ask_stats, .answer = answer_stats, .fini = fini_question};
    struct question w = {.filter = *filter, .done = done};
    store_queue(s, &kind, store_copy(&w, sizeof w), NULL, context);
}
