// link: ppnet
#include "net/net_store.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "net/wire.h"
#include "tests/unit/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NOTES 4096

struct fixture {
    char dir[TEMPDIR_SIZE];
    char path[TEMPDIR_SIZE + 16];
    uv_loop_t loop;
    struct net_store *store;
    bool was_corrupt, closed;
    struct {
        char queue[64];
        uint64_t ticket;
    } notes[NOTES];
    size_t notes_count;
    char disk[64]; /* one letter for each word about the disk: f(ull), a(gain) */
    char why[160];
};

/* ---- the store ---- */

static void on_written(void *context, const char *queue, uint64_t ticket)
{
    struct fixture *f = context;
    assert_true(f->notes_count < NOTES);
    snprintf(f->notes[f->notes_count].queue, 64, "%s", queue);
    f->notes[f->notes_count++].ticket = ticket;
}

static void on_disk(void *context, bool full, const char *why)
{
    struct fixture *f = context;
    strncat(f->disk, full ? "f" : "a", sizeof f->disk - strlen(f->disk) - 1);
    if (full) {
        snprintf(f->why, sizeof f->why, "%s", why);
    }
}

static void on_closed(void *context)
{
    struct fixture *f = context;
    f->closed = true;
    f->store = NULL;
}

static int try_open(struct fixture *f, struct err *e)
{
    struct net_store_events events = {.written = on_written, .disk = on_disk, .context = f};
    return net_store_open(&f->store, &f->loop, f->path, &events, &f->was_corrupt, e);
}

static void open_store(struct fixture *f)
{
    struct err e = {0};
    if (try_open(f, &e) != 0) {
        fail_msg("%s", e.text);
    }
    f->notes_count = 0;
}

static void close_store(struct fixture *f)
{
    f->closed = false;
    net_store_close(f->store, on_closed, f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_true(f->closed);
}

static void reopen(struct fixture *f)
{
    close_store(f);
    open_store(f);
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    snprintf(f->path, sizeof f->path, "%s/net.db", f->dir);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->store != NULL) {
        close_store(f);
    }
    assert_int_equal(uv_loop_close(&f->loop), 0);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

/* The last ticket told of this queue; 0 = none. */
static uint64_t told(const struct fixture *f, const char *queue)
{
    uint64_t last = 0;
    for (size_t i = 0; i < f->notes_count; i++) {
        if (strcmp(f->notes[i].queue, queue) == 0) {
            assert_true(f->notes[i].ticket > last);
            last = f->notes[i].ticket;
        }
    }
    return last;
}

static void wait_told(struct fixture *f, const char *queue, uint64_t ticket)
{
    while (told(f, queue) < ticket) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static struct group_state *load(struct fixture *f, const char *queue)
{
    struct group_state *state;
    struct err e = {0};
    if (net_store_load(f->store, queue, &state, &e) != 0) {
        fail_msg("%s", e.text);
    }
    return state;
}

/* ---- states as text ---- */

static void text_of_rows(struct strbuf *out, const struct group_state *s)
{
    for (size_t i = 0; i < s->rows_count; i++) {
        strbuf_printf(out, " %s=%.*s", s->rows[i].key, (int)s->rows[i].len, s->rows[i].bytes);
    }
    for (size_t i = 0; i < s->outbox_count; i++) {
        strbuf_printf(
            out, " #%" PRIu64 "=%.*s", s->outbox[i].id, (int)s->outbox[i].len, s->outbox[i].bytes);
    }
}

static void text_of(struct strbuf *out, const struct group_state *s)
{
    strbuf_printf(out, "%s %" PRIu64 " |", s->exists ? "is" : "none", s->meta.applied_index);
    for (size_t i = 0; i < s->entries_count; i++) {
        const struct replica_entry *e = &s->entries[i];
        strbuf_printf(out, " %" PRIu64 ".%" PRIu64 "%c%.*s", e->index, e->term, "?cbx"[e->type],
            (int)e -> len, e -> bytes);
    }
    strbuf_puts(out, " |");
    text_of_rows(out, s);
}

static void assert_holds(struct fixture *f, const char *queue, const char *expected)
{
    struct strbuf got = {0};
    struct group_state *s = load(f, queue);
    text_of(&got, s);
    assert_string_equal(strbuf_text(&got), expected);
    strbuf_fini(&got);
    net_store_unload(s);
}

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define ENTRY(index, term, text)                                                                   \
    {                                                                                              \
        index, term, REPLICA_COMMAND, BYTES(text)                                                  \
    }

static void write_row(struct fixture *f, const char *queue, uint64_t ticket, bool urgent,
    const char *key, const char *text)
{
    struct net_row row = {key, (const uint8_t *)text, strlen(text)};
    struct group_write w = {.ticket = ticket, .urgent = urgent, .rows = &row, .rows_count = 1};
    net_store_write(f->store, queue, &w);
}

/* ---- meta ---- */

static struct group_meta some_meta(void)
{
    struct group_meta m = {.epoch = {.id = {1, 2, 3}, .number = 7},
        .incarnation = UINT64_MAX,
        .term = 3,
        .vote = 0x7fffffffffffffff,
        .applied_index = 99,
        .applied_term = 2,
        .applied_utc_ms = -5,
        .conf = {.count = 2, .index = 98},
        .member = true,
        .next_id = 4096,
        .seen = (const uint8_t *)"seen",
        .seen_len = 4};
    m.conf.at[0] = (struct replica_server){.id = 11, .role = REPLICA_VOTER, .address = "12D3a"};
    m.conf.at[1] = (struct replica_server){.id = 12, .role = REPLICA_LEARNER, .address = ""};
    return m;
}

static void what_is_kept_of_a_group_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct group_meta m = some_meta();
    struct group_meta got;
    struct strbuf once = {0};
    struct strbuf again = {0};
    group_meta_write(&once, &m);
    assert_int_equal(group_meta_read((uint8_t *)once.data, once.len, &got, NULL), 0);
    group_meta_write(&again, &got);
    assert_int_equal(once.len, again.len);
    assert_memory_equal(once.data, again.data, once.len);
    assert_int_equal(got.applied_utc_ms, -5);
    assert_int_equal(got.conf.count, 2);
    assert_string_equal(got.conf.at[0].address, "12D3a");
    assert_memory_equal(got.seen, "seen", 4);
    strbuf_fini(&once);
    strbuf_fini(&again);
}

static void other_bytes_are_no_group(void **state)
{
    (void)state;
    struct group_meta m = some_meta();
    struct group_meta got;
    struct strbuf b = {0};
    struct err e = {0};
    group_meta_write(&b, &m);
    for (size_t len = 0; len < b.len; len++) {
        assert_int_equal(group_meta_read((uint8_t *)b.data, len, &got, &e), -PP_ECORRUPT);
    }
    b.data[0] = 2;
    assert_int_equal(group_meta_read((uint8_t *)b.data, b.len, &got, &e), -PP_ECORRUPT);
    assert_non_null(strstr(e.text, "version 2"));
    b.data[0] = 1;
    strbuf_add(&b, "x", 1);
    assert_int_equal(group_meta_read((uint8_t *)b.data, b.len, &got, &e), -PP_ECORRUPT);
    b.data[1 + 16 + 7 * 8 + 8] = 17; /* servers */
    assert_int_equal(group_meta_read((uint8_t *)b.data, b.len - 1, &got, &e), -PP_ECORRUPT);
    strbuf_fini(&b);
}

/* ---- writing and reading ---- */

static void a_queue_is_after_a_restart_what_was_written(void **state)
{
    struct fixture *f = *state;
    struct group_meta meta = some_meta();
    struct replica_entry entries[] = {ENTRY(1, 1, "one"), ENTRY(2, 1, "two"), ENTRY(3, 1, "")};
    struct net_row rows[] = {{"job/a", BYTES("A")}, {"job/b", BYTES("B")}, {"empty", BYTES("")}};
    struct group_kept kept[] = {{5, BYTES("five")}, {6, BYTES("six")}};
    struct group_write w = {.ticket = 1,
        .urgent = true,
        .entries = entries,
        .entries_count = 3,
        .rows = rows,
        .rows_count = 3,
        .outbox = kept,
        .outbox_count = 2,
        .meta = &meta};
    entries[2].type = REPLICA_BARRIER;
    open_store(f);
    assert_holds(f, "LAN", "none 0 | |");
    net_store_write(f->store, "LAN", &w);
    wait_told(f, "LAN", 1);
    reopen(f);
    assert_holds(f, "LAN", "is 99 | 1.1cone 2.1ctwo 3.1b | empty= job/a=A job/b=B #5=five #6=six");
    assert_holds(f, "lan", "none 0 | |");
}

static void a_write_is_done_in_its_order(void **state)
{
    struct fixture *f = *state;
    struct replica_entry first[] = {ENTRY(1, 1, "a"), ENTRY(2, 1, "b"), ENTRY(3, 1, "c")};
    struct replica_entry second[] = {ENTRY(3, 2, "C"), ENTRY(4, 2, "D")};
    struct net_row rows[] = {{"x", NULL, 0}, {"y", BYTES("2")}};
    struct group_kept gone = {.id = 5};
    struct group_write w = {.ticket = 1, .entries = first, .entries_count = 3};
    open_store(f);
    net_store_write(f->store, "Q", &w);
    write_row(f, "Q", 2, false, "x", "1");
    w = (struct group_write){.ticket = 3,
        .urgent = true,
        .truncate_from = 3,
        .entries = second,
        .entries_count = 2,
        .compact_to = 1,
        .rows = rows,
        .rows_count = 2,
        .outbox = &gone,
        .outbox_count = 1};
    net_store_write(f->store, "Q", &w);
    wait_told(f, "Q", 3);
    assert_holds(f, "Q", "is 0 | 2.1cb 3.2cC 4.2cD | y=2");
}

static void a_wipe_leaves_the_outbox_and_new_rows_replace_all(void **state)
{
    struct fixture *f = *state;
    struct replica_entry entry = ENTRY(9, 4, "z");
    struct group_kept kept = {7, BYTES("seven")};
    struct net_row row = {"new", BYTES("n")};
    struct group_write w = {
        .ticket = 1, .entries = &entry, .entries_count = 1, .outbox = &kept, .outbox_count = 1};
    open_store(f);
    net_store_write(f->store, "Q", &w);
    write_row(f, "Q", 2, false, "old", "o");
    w = (struct group_write){.ticket = 3, .replace_rows = true, .rows = &row, .rows_count = 1};
    net_store_write(f->store, "Q", &w);
    assert_holds(f, "Q", "is 0 | 9.4cz | new=n #7=seven");
    w = (struct group_write){.ticket = 4, .wipe = true};
    net_store_write(f->store, "Q", &w);
    assert_holds(f, "Q", "is 0 | | #7=seven");
}

static void a_write_that_nobody_waits_for_waits_for_the_next(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    uint64_t begin_ms = clock_ms();
    write_row(f, "A", 1, false, "k", "1");
    wait_told(f, "A", 1);
    assert_true(clock_ms() - begin_ms >= 99);
    write_row(f, "A", 2, false, "k", "2");
    begin_ms = clock_ms();
    write_row(f, "B", 1, true, "k", "1");
    wait_told(f, "B", 1);
    assert_int_equal(told(f, "A"), 2);
    assert_true(clock_ms() - begin_ms < 90);
}

static void many_writes_of_many_queues_are_told_in_order(void **state)
{
    struct fixture *f = *state;
    char *large = mem_alloc(300001);
    char name[8];
    memset(large, 'x', 300000);
    open_store(f);
    for (unsigned i = 1; i <= 700; i++) {
        snprintf(name, sizeof name, "q%u", i % 3);
        write_row(f, name, i, false, "k", i % 100 == 0 ? large : "small");
    }
    reopen(f);
    assert_holds(f, "q0", "is 0 | | k=small");
    for (unsigned i = 1; i <= 700; i++) {
        snprintf(name, sizeof name, "q%u", i % 3);
        write_row(f, name, i, i == 700, i % 7 ? "k" : "l", i % 100 == 0 ? large : "small");
    }
    wait_told(f, "q1", 700);
    assert_int_equal(told(f, "q0"), 699);
    assert_int_equal(told(f, "q2"), 698);
    free(large);
}

static void a_queue_that_is_forgotten_begins_anew(void **state)
{
    struct fixture *f = *state;
    char **names;
    size_t n;
    open_store(f);
    write_row(f, "A", 100, false, "k", "1");
    write_row(f, "B", 1, false, "k", "1");
    net_store_forget(f->store, "A");
    assert_holds(f, "A", "none 0 | |");
    write_row(f, "A", 1, true, "n", "2");
    wait_told(f, "A", 1);
    assert_int_equal(told(f, "A"), 1);
    assert_int_equal(net_store_names(f->store, &names, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "A");
    assert_string_equal(names[1], "B");
    net_store_free_names(names, n);
    reopen(f);
    assert_holds(f, "A", "is 0 | | n=2");
    assert_holds(f, "B", "is 0 | | k=1");
}

static void a_queue_that_is_loaded_again_hears_nothing_of_its_former_life(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    write_row(f, "A", 50, false, "k", "1");
    assert_holds(f, "A", "is 0 | | k=1"); /* waits for it */
    write_row(f, "A", 1, true, "k", "2");
    wait_told(f, "A", 1);
    assert_int_equal(f->notes_count, 1);
}

static void a_slow_disk_only_takes_longer(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    net_store_slow(f->store, 150);
    uint64_t begin_ms = clock_ms();
    write_row(f, "A", 1, true, "k", "1");
    wait_told(f, "A", 1);
    assert_true(clock_ms() - begin_ms >= 150);
    net_store_slow(f->store, 0);
}

/* ---- a disk that does not take it ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static off_t log_size(const struct fixture *f)
{
    struct stat st;
    assert_int_equal(stat(tempdir_path(f->dir, "net.db-wal"), &st), 0);
    return st.st_size;
}

static void on_timer(uv_timer_t *t)
{
    uv_close((uv_handle_t *)t, NULL);
}

static void wait_ms(struct fixture *f, uint64_t ms)
{
    uv_timer_t timer;
    assert_int_equal(uv_timer_init(&f->loop, &timer), 0);
    uv_timer_start(&timer, on_timer, ms, 0);
    while (!uv_is_closing((uv_handle_t *)&timer)) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void a_full_disk_is_told_and_nothing_is_lost(void **state)
{
    struct fixture *f = *state;
    char large[20001] = "";
    memset(large, 'x', sizeof large - 1);
    signal(SIGXFSZ, SIG_IGN);
    open_store(f);
    write_row(f, "A", 1, true, "k", "1");
    wait_told(f, "A", 1);
    limit_files((rlim_t)log_size(f));
    write_row(f, "A", 2, true, "large", large);
    write_row(f, "A", 3, true, "large", "small");
    write_row(f, "B", 1, true, "k", "b");
    while (f->disk[0] == '\0') {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    assert_string_equal(f->why, "no room left on the disk of net.db");
    wait_ms(f, 450); /* it goes on trying, and tells it once */
    assert_string_equal(f->disk, "f");
    assert_int_equal(told(f, "A"), 1);
    limit_files(RLIM_INFINITY);
    wait_told(f, "B", 1);
    assert_string_equal(f->disk, "fa");
    assert_int_equal(told(f, "A"), 3);
    reopen(f);
    assert_holds(f, "A", "is 0 | | k=1 large=small");
    assert_holds(f, "B", "is 0 | | k=b");
}

static void it_comes_up_with_a_full_disk(void **state)
{
    struct fixture *f = *state;
    signal(SIGXFSZ, SIG_IGN);
    open_store(f);
    write_row(f, "A", 1, true, "k", "1");
    close_store(f);
    limit_files(0);
    open_store(f);
    limit_files(RLIM_INFINITY);
    assert_false(f->was_corrupt);
    assert_holds(f, "A", "is 0 | | k=1");
    write_row(f, "A", 1, true, "k", "2");
    wait_told(f, "A", 1);
}

/* ---- files that are not as they should be ---- */

static void damage(const char *path, const char *with, size_t len, off_t at)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, with, len, at), (ssize_t)len);
    close(fd);
}

static void run_sql(const struct fixture *f, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_corrupt_file_is_moved_aside(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    write_row(f, "A", 1, true, "k", "1");
    close_store(f);
    damage(f->path, "no database any more", 20, 0);
    open_store(f);
    assert_true(f->was_corrupt);
    assert_int_equal(access(tempdir_path(f->dir, "net.db.corrupt-1"), F_OK), 0);
    assert_holds(f, "A", "none 0 | |");
    close_store(f);
    damage(f->path, "again", 5, 0);
    open_store(f);
    assert_true(f->was_corrupt);
    assert_int_equal(access(tempdir_path(f->dir, "net.db.corrupt-2"), F_OK), 0);
    reopen(f);
    assert_false(f->was_corrupt);
}

static void damage_is_looked_for_after_a_stop_that_was_not_clean(void **state)
{
    struct fixture *f = *state;
    char junk[300];
    memset(junk, 0xa5, sizeof junk);
    open_store(f);
    write_row(f, "A", 1, true, "k", "1");
    close_store(f);
    run_sql(f, "UPDATE host SET clean = 0");
    open_store(f);
    assert_false(f->was_corrupt);
    close_store(f);
    run_sql(f, "UPDATE host SET clean = 0; PRAGMA journal_mode = DELETE");
    damage(f->path, junk, sizeof junk, 4 * 4096);
    open_store(f);
    assert_true(f->was_corrupt);
}

static void assert_refused(struct fixture *f, int code, const char *part)
{
    struct err e = {0};
    assert_int_equal(try_open(f, &e), -code);
    assert_null(f->store);
    assert_false(f->was_corrupt);
    if (strstr(e.text, f->path) == NULL || strstr(e.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", e.text, part);
    }
}

static void what_is_newer_or_not_ours_or_open_elsewhere_is_refused(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "CREATE TABLE t (x); PRAGMA application_id = 77");
    assert_refused(f, PP_EREFUSED, "belongs to another program (application_id 77)");
    unlink(f->path);
    open_store(f);
    struct fixture other = *f;
    other.store = NULL;
    assert_refused(&other, PP_EBUSY, "locked");
    close_store(f);
    run_sql(f, "PRAGMA user_version = 1000");
    assert_refused(f, PP_EREFUSED, "newer pphost");
}

static void a_queue_whose_bytes_cannot_be_is_told_and_the_others_are_there(void **state)
{
    struct fixture *f = *state;
    struct group_state *s;
    struct err e = {0};
    open_store(f);
    write_row(f, "A", 1, true, "k", "1");
    write_row(f, "B", 1, true, "k", "1");
    close_store(f);
    run_sql(f, "UPDATE queues SET meta = x'0102' WHERE name = 'A'");
    open_store(f);
    assert_int_equal(net_store_load(f->store, "A", &s, &e), -PP_ECORRUPT);
    assert_non_null(strstr(e.text, "queue \"A\""));
    assert_holds(f, "B", "is 0 | | k=1");
}

/* ---- killed ---- */

/* Write number n: an entry, a log cut now and then, two rows, an outbox, a meta. */
static void nth_write(struct fixture *f, uint64_t n)
{
    char key[16];
    char text[24];
    snprintf(key, sizeof key, "k%u", (unsigned)(n * 7 % 5));
    int len = snprintf(text, sizeof text, "%" PRIu64, n);
    const uint8_t *bytes = (const uint8_t *)text;
    struct group_meta meta = {.applied_index = n, .member = true};
    struct replica_entry entry = {n, 1, REPLICA_COMMAND, bytes, (size_t)len};
    struct net_row rows[] = {
        {key, n % 11 == 0 ? NULL : bytes, (size_t)len}, {"last", bytes, (size_t)len}};
    struct group_kept kept[] = {{n, bytes, (size_t)len}, {n - 3, NULL, 0}};
    struct group_write w = {.ticket = n,
        .urgent = n % 3 == 0,
        .entries = &entry,
        .entries_count = 1,
        .compact_to = n > 10 ? n - 10 : 0,
        .replace_rows = n % 29 == 0,
        .rows = rows,
        .rows_count = 2,
        .outbox = kept,
        .outbox_count = 2,
        .meta = &meta};
    net_store_write(f->store, "Q", &w);
}

/* What is told goes into the pipe, until we are killed. */
static void child(struct fixture *f, int to, uint64_t from)
{
    struct net_store_events events = {.written = on_written, .disk = on_disk, .context = f};
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0 ||
        net_store_open(&f->store, &loop, f->path, &events, &f->was_corrupt, NULL) != 0 ||
        f->was_corrupt) {
        _exit(1);
    }
    for (uint64_t n = from;; n++) {
        nth_write(f, n);
        while (n - told(f, "Q") > 40 && n - from > 40) {
            uv_run(&loop, UV_RUN_ONCE);
        }
        uint64_t durable = told(f, "Q");
        f->notes_count = f->notes_count > NOTES / 2 ? 0 : f->notes_count;
        if (durable > 0 && write(to, &durable, sizeof durable) != sizeof durable) {
            _exit(1);
        }
    }
}

/* Lets it run for a while, kills it; what was told to be durable is at least the result. */
static uint64_t killed_after(struct fixture *f, unsigned us, uint64_t from)
{
    int ends[2];
    uint64_t durable = 0;
    uint64_t got;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        child(f, ends[1], from);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], &got, sizeof got); /* it is under way */
    assert_int_equal(n, sizeof got);
    usleep(us);
    kill(pid, SIGKILL);
    do {
        durable = got > durable ? got : durable;
    } while (read(ends[0], &got, sizeof got) == sizeof got);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    close(ends[0]);
    return durable;
}

/* The same writes in another database that nobody kills. */
static void assert_equals_writes(struct fixture *f, uint64_t n)
{
    struct fixture *other;
    void *made;
    struct strbuf expected = {0};
    setup(&made);
    other = made;
    open_store(other);
    for (uint64_t i = 1; i <= n; i++) {
        nth_write(other, i);
    }
    struct group_state *s = load(other, "Q");
    text_of(&expected, s);
    net_store_unload(s);
    teardown(&made);
    assert_holds(f, "Q", strbuf_text(&expected));
    strbuf_fini(&expected);
}

static void whatever_was_told_survives_kill_9_and_nothing_is_half_there(void **state)
{
    struct fixture *f = *state;
    uint64_t from = 1;
    for (unsigned round = 0; round < 8; round++) {
        uint64_t durable = killed_after(f, 500 + round * 2711 % 9000, from);
        open_store(f);
        assert_false(f->was_corrupt);
        struct group_state *s = load(f, "Q");
        uint64_t last = s->meta.applied_index;
        net_store_unload(s);
        assert_true(last >= durable);
        assert_equals_writes(f, last);
        close_store(f);
        from = last + 1;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_of_a_group_is_read_as_it_was_written),
        cmocka_unit_test(other_bytes_are_no_group),
        TEST(a_queue_is_after_a_restart_what_was_written),
        TEST(a_write_is_done_in_its_order),
        TEST(a_wipe_leaves_the_outbox_and_new_rows_replace_all),
        TEST(a_write_that_nobody_waits_for_waits_for_the_next),
        TEST(many_writes_of_many_queues_are_told_in_order),
        TEST(a_queue_that_is_forgotten_begins_anew),
        TEST(a_queue_that_is_loaded_again_hears_nothing_of_its_former_life),
        TEST(a_slow_disk_only_takes_longer),
        TEST(a_full_disk_is_told_and_nothing_is_lost),
        TEST(it_comes_up_with_a_full_disk),
        TEST(a_corrupt_file_is_moved_aside),
        TEST(damage_is_looked_for_after_a_stop_that_was_not_clean),
        TEST(what_is_newer_or_not_ours_or_open_elsewhere_is_refused),
        TEST(a_queue_whose_bytes_cannot_be_is_told_and_the_others_are_there),
        TEST(whatever_was_told_survives_kill_9_and_nothing_is_half_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
