/* The store's temperatures: one row a minute and heater, one an hour after a week, none after a
 * year.
 *
 * The first sample of a minute is taken, the others never reach the queue. Once an hour of samples
 * the job that adds them also thins what has become a week old.
 */
#include "host/io/store_impl.h"

#include "host/base/log.h"

#include <string.h>

#define MINUTE_MS  60000
#define FINE_MIN   (INT64_C(7) * 24 * 60)   /* kept by the minute */
#define COARSE_MIN (INT64_C(366) * 24 * 60) /* kept by the hour */

struct temps {
    struct temp_row row[TEMP_HEATERS];
    size_t count;
    int64_t thin_from; /* minutes: thin what lies between, if anything */
    int64_t thin_to;
};

static int add_row(sqlite3 *db, const struct temp_row *t, struct err *e)
{
    bool told = t->target_mc != INT32_MIN;
    return sql_run(db, "INSERT OR IGNORE INTO temps VALUES (?, ?, ?, ?, ?)",
        SQL_ARGS(SQL_TEXT(t->heater), SQL_INT(t->wall_ms / MINUTE_MS), SQL_INT(t->wall_ms),
            SQL_INT(t->actual_mc), told ? SQL_INT(t->target_mc) : SQL_NULL),
        e);
}

static int thin(sqlite3 *db, int64_t from, int64_t to, struct err *e)
{
    int rc = sql_run(db,
        "DELETE FROM temps WHERE minute >= ?1 AND minute < ?2 AND EXISTS (SELECT 1 FROM temps AS t "
        "WHERE t.heater = temps.heater AND t.minute < temps.minute AND t.minute >= temps.minute / "
        "60 * 60)",
        SQL_ARGS(SQL_INT(from), SQL_INT(to)), e);
    if (rc != 0) {
        return rc;
    }
    return sql_run(
        db, "DELETE FROM temps WHERE minute < ?", SQL_ARGS(SQL_INT(to + FINE_MIN - COARSE_MIN)), e);
}

static int add_temps(sqlite3 *db, void *data, struct err *e)
{
    const struct temps *t = data;
    for (size_t i = 0; i < t->count; i++) {
        if (add_row(db, &t->row[i], e) != 0) {
            return -e->code;
        }
    }
    return t->thin_from < t->thin_to ? thin(db, t->thin_from, t->thin_to, e) : 0;
}

/* True once for each minute of a heater; a clock set back begins anew. */
static bool pass(struct temp_gate *g, const struct temp_row *t)
{
    int64_t minute = t->wall_ms / MINUTE_MS;
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        if (g->last[i].heater[0] == '\0') {
            memcpy(g->last[i].heater, t->heater, sizeof t->heater);
        } else if (strcmp(g->last[i].heater, t->heater) != 0) {
            continue;
        } else if (g->last[i].minute == minute) {
            return false;
        }
        g->last[i].minute = minute;
        return true;
    }
    return false;
}

/* Whole hours only, so that an hour is thinned when it is complete. */
static void plan_thinning(struct temp_gate *g, struct temps *t)
{
    int64_t minute = t->row[0].wall_ms / MINUTE_MS;
    int64_t to = (minute - FINE_MIN) / 60 * 60;
    if (to > g->thinned_to) {
        t->thin_from = g->thinned_to;
        t->thin_to = to;
        g->thinned_to = to;
    }
}

static void tell(struct temp_gate *g, bool dropping)
{
    if (dropping && !g->dropping) {
        log_warn("the disk is behind: temperatures are not recorded for now");
    }
    g->dropping = dropping;
}

void store_add_temps(struct store *s, const struct temp_row *rows, size_t n)
{
    static const struct job_kind kind = {
        .name = "save temperatures", .writes = true, .run = add_temps};
    struct temp_gate *g = store_temp_gate(s);
    struct temps t = {.count = 0};
    for (size_t i = 0; i < n && t.count < TEMP_HEATERS; i++) {
        if (pass(g, &rows[i])) {
            t.row[t.count++] = rows[i];
        }
    }
    if (t.count == 0) {
        return;
    }
    bool room = store_has_room(s);
    tell(g, !room);
    if (room) {
        plan_thinning(g, &t);
        store_queue(s, &kind, store_copy(&t, sizeof t), NULL, NULL);
    }
}
