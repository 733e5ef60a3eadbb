#include "tests/bench/network_load.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (60 << 10)

static uint8_t command[BYTES_MAX]; /* of either; it begins with its number */
static uint64_t number;

void load_fail(const char *text)
{
    fprintf(stderr, "network_bench: %s\n", text);
    exit(1);
}

/* It stands in a document, whose texts end at a quotation mark. */
static void note_why(struct load *l, const struct err *e)
{
    str_copy(l->why, sizeof l->why, e->text, strlen(e->text));
    for (char *c = l->why; *c != '\0'; c++) {
        *c = *c == '"' || *c == '\\' || (unsigned char)*c < ' ' ? '\'' : *c;
    }
}

void load_done(struct load *l, uint64_t id, const struct err *refused)
{
    for (size_t i = 0; l->took_ns != NULL && i < l->concurrent; i++) {
        if (l->sent[i].id == id) {
            l->took_ns[l->done++] = clock_ns() - l->sent[i].begin_ns;
            l->sent[i].id = 0;
            if (refused != NULL) {
                l->refused++;
                note_why(l, refused);
            }
            return;
        }
    }
}

/* ---- load ---------------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    const uint64_t *one = a;
    const uint64_t *other = b;
    return *one < *other ? -1 : *one > *other;
}

static void finish_load(struct load *l)
{
    uint64_t end_ns = clock_ns();
    qsort(l->took_ns, l->done, sizeof *l->took_ns, compare);
    printf("{\"event\": \"load\", \"at_ns\": %" PRIu64 ", \"n\": %zu, \"refused\": %zu, "
           "\"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, "
           "\"why\": \"%s\"}\n",
        end_ns, l->done, l->refused, (double)(end_ns - l->begin_ns) / 1e9,
        (double)l->took_ns[l->done / 2] / 1e3, (double)l->took_ns[l->done * 99 / 100] / 1e3,
        (double)l->took_ns[l->done - 1] / 1e3, l->why);
    fflush(stdout);
    free(l->sent);
    free(l->took_ns);
    *l = (struct load){0};
}

static bool submit(struct load *l, struct sent *slot, struct net *net, const char *queue)
{
    struct err e = {0};
    number++;
    memcpy(command, &number, sizeof number);
    slot->begin_ns = clock_ns();
    slot->id = net_submit(net, queue, l->kept, command, l->bytes, &e);
    if (slot->id == 0) {
        note_why(l, &e);
        return false;
    }
    l->begun++;
    return true;
}

void load_go_on(struct load *l, struct net *net, const char *queue)
{
    for (size_t i = 0; i < l->concurrent && l->begun < l->count; i++) {
        if (l->sent[i].id == 0 && !submit(l, &l->sent[i], net, queue)) {
            return;
        }
    }
    if (l->took_ns != NULL && l->done == l->count) {
        finish_load(l);
    }
}

void load_begin(struct load *l, const size_t given[4])
{
    bool fits = given[0] > 0 && given[1] >= sizeof number && given[1] <= BYTES_MAX;
    if (!fits || given[2] == 0 || l->took_ns != NULL) {
        load_fail("load: out of range, or one is under way");
    }
    *l = (struct load){
        .concurrent = given[0],
        .bytes = given[1],
        .count = given[2],
        .kept = given[3] != 0,
        .sent = mem_array(given[0], sizeof(struct sent)),
        .took_ns = mem_array(given[2], sizeof(uint64_t)),
        .begin_ns = clock_ns(),
    };
}

/* ---- the yardstick ------------------------------------------------------------------------------
 */

static void run_sql(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        load_fail(why != NULL ? why : sql);
    }
}

/* So many commits of one row each, on the disk of the log. As in life its WAL does not grow: that
 * costs the file system more than the commit. */
void load_bare(const char *folder, size_t bytes, size_t count)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    char *path = mem_printf("%s/bare.db", folder);
    uint64_t *took_ns = mem_array(count + 1, sizeof *took_ns);
    if (bytes > BYTES_MAX || count == 0) {
        load_fail("bare: out of range");
    }
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        load_fail("bare.db cannot be opened");
    }
    run_sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                "CREATE TABLE IF NOT EXISTS log(id INTEGER PRIMARY KEY, bytes BLOB);"
                "INSERT INTO log(bytes) VALUES (zeroblob(5000000)); DELETE FROM log;"
                "PRAGMA wal_checkpoint(RESTART)");
    sqlite3_prepare_v2(db, "INSERT INTO log(bytes) VALUES (?)", -1, &insert, NULL);
    for (size_t i = 0; i < count; i++) {
        uint64_t begin_ns = clock_ns();
        sqlite3_bind_blob(insert, 1, command, (int)bytes, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) {
            load_fail(sqlite3_errmsg(db));
        }
        sqlite3_reset(insert);
        took_ns[i] = clock_ns() - begin_ns;
    }
    qsort(took_ns, count, sizeof *took_ns, compare);
    printf("{\"event\": \"bare\", \"n\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", count,
        (double)took_ns[count / 2] / 1e3, (double)took_ns[count * 99 / 100] / 1e3);
    fflush(stdout);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    free(took_ns);
    free(path);
}
