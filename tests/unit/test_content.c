// link: ppapp
#include "host/app/network/content.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "tests/unit/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define MIB ((int64_t)1 << 20)

struct fixture {
    char dir[TEMPDIR_SIZE];
    uv_loop_t loop;
    struct store *store;
    struct files *files;
    struct content *content;
    char needed[65]; /* a job needs it */
    /* What was answered last. */
    int answers;
    uint64_t id;
    struct err err;
    struct strbuf bytes;
};

struct made {
    char sha256[65];
    char *bytes;
    int64_t size;
    uint32_t count;
};

/* ---- contents -----------------------------------------------------------------------------------
 */

static void name_it(struct made *m)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)m->bytes, (unsigned long long)m->size);
    sodium_bin2hex(m->sha256, sizeof m->sha256, hash, sizeof hash);
    m->count = (uint32_t)((m->size + MIB - 1) / MIB);
}

/* Gcode of about that size. */
static struct made make_gcode(int64_t size, int seed)
{
    struct made m = {.size = size, .bytes = mem_alloc((size_t)size + 64)};
    int64_t at = sprintf(m.bytes, "G28\nG1 X10 Y10 Z0.2 F3000 E%d\n", seed);
    while (at < size) { /* a few long comments: quickly analysed */
        int64_t len = size - at < 8000 ? size - at : 8000;
        memset(m.bytes + at, 'a' + seed % 20, (size_t)len);
        m.bytes[at] = ';';
        m.bytes[at + len - 1] = '\n';
        at += len;
    }
    name_it(&m);
    return m;
}

static size_t chunk_len(const struct made *m, uint32_t i)
{
    int64_t left = m->size - (int64_t)i * MIB;
    return (size_t)(left < MIB ? left : MIB);
}

/* ---- the fixture --------------------------------------------------------------------------------
 */

static void answered(struct fixture *f, uint64_t id, const struct err *e)
{
    f->answers++;
    f->id = id;
    f->err = e != NULL ? *e : (struct err){0};
}

static void on_read(
    void *context, uint64_t id, const uint8_t *bytes, size_t len, const struct err *e)
{
    struct fixture *f = context;
    f->bytes.len = 0;
    strbuf_add(&f->bytes, bytes != NULL ? (const char *)bytes : "", len);
    answered(f, id, e);
}

static void on_answer(void *context, uint64_t id, const struct err *e)
{
    answered(context, id, e);
}

static void user(void *context, const char *sha256, char *out, size_t out_size)
{
    const struct fixture *f = context;
    snprintf(out, out_size, "%s", strcmp(f->needed, sha256) == 0 ? "job \"Vase\"" : "");
}

static void open_all(struct fixture *f)
{
    struct err e = {0};
    if (store_open(&f->store, &f->loop, tempdir_path(f->dir, "pphost.db"), &e) != 0 ||
        files_open(&f->files, &f->loop, f->store, f->dir, 1 << 30, &e) != 0) {
        fail_msg("%s", e.text);
    }
    files_set_users(f->files, user, f);
    if (content_open(&f->content, &f->loop, f->files, NULL, f->dir, &e) != 0) {
        fail_msg("%s", e.text);
    }
    content_set_answers(f->content, &(struct content_answers){on_read, on_answer, on_answer, f});
    content_set_limits(f->content, 100 * MIB, 0);
}

static void close_all(struct fixture *f)
{
    int before = f->answers;
    content_close(f->content);
    files_close(f->files);
    store_close(f->store, NULL, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(f->answers, before);
}

static void reopen(struct fixture *f)
{
    close_all(f);
    open_all(f);
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    mkdir(tempdir_path(f->dir, "blobs"), 0700);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    open_all(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_all(f);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    tempdir_remove(f->dir);
    strbuf_fini(&f->bytes);
    free(f);
    return 0;
}

static const struct net_content *net(const struct fixture *f)
{
    return content_for_net(f->content);
}

static void wait_for(struct fixture *f, int answers)
{
    while (f->answers < answers) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

/* How many chunks are there already. */
static uint32_t begin(struct fixture *f, const struct made *m, uint8_t **out)
{
    struct err e = {0};
    uint8_t *have = NULL;
    uint32_t n = 0;
    if (net(f)->begin(f->content, m->sha256, m->size, &have, &e) != 0) {
        fail_msg("%s", e.text);
    }
    for (uint32_t i = 0; have != NULL && i < m->count; i++) {
        n += have[i] != 0;
    }
    if (out != NULL) {
        *out = have;
    } else {
        free(have);
    }
    return n;
}

static void write_chunk(struct fixture *f, const struct made *m, uint32_t i)
{
    int before = f->answers;
    net(f)->write(f->content, 1000 + i, m->sha256, i * MIB, (const uint8_t *)m->bytes + i * MIB,
        chunk_len(m, i));
    assert_int_equal(f->answers, before); /* never at once */
}

static void write_from(struct fixture *f, const struct made *m, uint32_t first, uint32_t to)
{
    int before = f->answers;
    for (uint32_t i = first; i < to; i++) {
        write_chunk(f, m, i);
    }
    wait_for(f, before + (int)(to - first));
}

static struct err finish(struct fixture *f, const struct made *m)
{
    int before = f->answers;
    net(f)->finish(f->content, 7, m->sha256);
    assert_int_equal(f->answers, before);
    wait_for(f, before + 1);
    assert_int_equal(f->id, 7);
    return f->err;
}

static void fetch(struct fixture *f, const struct made *m)
{
    assert_int_equal(begin(f, m, NULL), 0);
    write_from(f, m, 0, m->count);
    struct err e = finish(f, m);
    if (e.code != 0) {
        fail_msg("%s", e.text);
    }
}

static bool has(const struct fixture *f, const struct made *m)
{
    int64_t size = -1;
    bool there = net(f)->has(f->content, m->sha256, &size);
    assert_true(!there || size == m->size);
    return there;
}

static void expect_content(struct fixture *f, const struct made *m)
{
    assert_true(has(f, m));
    for (uint32_t i = 0; i < m->count; i++) {
        int before = f->answers;
        net(f)->read(f->content, 5, m->sha256, i * MIB, chunk_len(m, i));
        wait_for(f, before + 1);
        assert_int_equal(f->err.code, 0);
        assert_int_equal(f->bytes.len, chunk_len(m, i));
        assert_memory_equal(f->bytes.data, m->bytes + i * MIB, f->bytes.len);
    }
}

static const char *incoming(const struct fixture *f, const struct made *m, const char *suffix)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/incoming/%s%s", f->dir, m->sha256, suffix);
    return path;
}

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* Until the pool has nothing more to do. */
static void settle(struct fixture *f, const struct made *m)
{
    while (exists(incoming(f, m, ".part"))) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

/* ---- what comes ---------------------------------------------------------------------------------
 */

static void chunks_in_any_order_become_content_that_is_analysed(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(5 * MIB + 17, 1);
    assert_int_equal(begin(f, &m, NULL), 0);
    static const uint32_t order[] = {5, 0, 3, 1, 4, 2};
    for (size_t i = 0; i < 6; i++) {
        write_chunk(f, &m, order[i]);
    }
    wait_for(f, 6);
    assert_false(has(f, &m));
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    const struct file_entry *file = files_find_content(f->files, m.sha256);
    assert_true(file->analysed);
    assert_int_equal(file->analysis.bytes, m.size);
    assert_null(files_at(f->files, 0)); /* nobody sees it */
    settle(f, &m);
    assert_false(exists(incoming(f, &m, ".have")));
    reopen(f);
    expect_content(f, &m);
    assert_int_equal(content_count(f->content), 1);
    free(m.bytes);
}

static void what_is_here_is_not_begun_again(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(100, 1);
    struct err e = {0};
    uint8_t *have = NULL;
    fetch(f, &m);
    assert_int_equal(net(f)->begin(f->content, m.sha256, m.size, &have, &e), -PP_EEXIST);
    assert_null(have);
    free(m.bytes);
}

static void reading_what_is_not_there_is_an_error_that_comes_later(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(100, 1);
    net(f)->read(f->content, 9, m.sha256, 0, 100);
    assert_int_equal(f->answers, 0);
    wait_for(f, 1);
    assert_int_equal(f->id, 9);
    assert_int_equal(f->err.code, PP_ENOTFOUND);
    fetch(f, &m);
    int before = f->answers;
    net(f)->read(f->content, 10, m.sha256, 50, 100);
    wait_for(f, before + 1);
    assert_int_equal(f->err.code, PP_EIO);
    free(m.bytes);
}

static void what_is_no_gcode_is_kept_while_nobody_says_what_it_is(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(3000, 1);
    memset(m.bytes, 0, 3000);
    name_it(&m);
    fetch(f, &m);
    expect_content(f, &m);
    assert_false(files_find_content(f->files, m.sha256)->analysed);
    free(m.bytes);
}

static void on_file(void *context, const struct err *e, const struct file_entry *entry)
{
    struct fixture *f = context;
    assert_true((e == NULL) == (entry != NULL));
    answered(f, 0, e);
}

static void what_a_job_calls_gcode_and_is_none_is_refused(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(3000, 1);
    const char *path = incoming(f, &m, ".part");
    memset(m.bytes, 0, 3000);
    name_it(&m);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, m.bytes, (size_t)m.size), m.size);
    close(fd);
    files_adopt(f->files, path, m.sha256, "a/b.gcode", NULL, on_file, f);
    wait_for(f, 1);
    assert_int_equal(f->err.code, PP_ETYPE);
    assert_null(files_find_content(f->files, m.sha256));
    files_adopt(f->files, path, m.sha256, "a/b.STL", NULL, on_file, f);
    wait_for(f, 2);
    assert_int_equal(f->err.code, 0);
    assert_non_null(files_find_content(f->files, m.sha256));
    free(m.bytes);
}

static void a_wrong_whole_is_told_and_thrown_away_and_comes_again(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(3 * MIB, 1);
    begin(f, &m, NULL);
    m.bytes[2 * MIB + 5] ^= 1;
    write_from(f, &m, 0, 3);
    m.bytes[2 * MIB + 5] ^= 1;
    struct err e = finish(f, &m);
    assert_int_equal(e.code, PP_ECORRUPT);
    assert_false(has(f, &m));
    net(f)->discard(f->content, m.sha256);
    assert_int_equal(begin(f, &m, NULL), 0);
    write_from(f, &m, 0, 3);
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    settle(f, &m);
    free(m.bytes);
}

static void what_is_thrown_away_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(20 * MIB, 1);
    begin(f, &m, NULL);
    write_from(f, &m, 0, 20);
    net(f)->discard(f->content, m.sha256);
    settle(f, &m);
    assert_false(exists(incoming(f, &m, ".have")));
    reopen(f);
    assert_int_equal(begin(f, &m, NULL), 0);
    free(m.bytes);
}

static void several_come_at_once(void **state)
{
    struct fixture *f = *state;
    struct made m[4];
    for (int i = 0; i < 4; i++) {
        m[i] = make_gcode(4 * MIB + i, i);
        begin(f, &m[i], NULL);
    }
    for (uint32_t k = 0; k < 4; k++) {
        for (int i = 0; i < 4; i++) {
            write_chunk(f, &m[i], k);
        }
    }
    for (int i = 1; i < 4; i++) {
        write_chunk(f, &m[i], 4);
    }
    wait_for(f, 19);
    for (int i = 0; i < 4; i++) {
        net(f)->finish(f->content, 7, m[i].sha256);
    }
    wait_for(f, 23);
    for (int i = 0; i < 4; i++) {
        expect_content(f, &m[i]);
        free(m[i].bytes);
    }
}

/* ---- breaks -------------------------------------------------------------------------------------
 */

static void after_a_stop_it_goes_on_with_every_chunk_that_was_written(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(9 * MIB + 1, 1);
    begin(f, &m, NULL);
    write_from(f, &m, 2, 9);
    reopen(f);
    assert_int_equal(begin(f, &m, NULL), 7);
    write_from(f, &m, 0, 2);
    write_from(f, &m, 9, 10);
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    free(m.bytes);
}

static void a_stop_at_any_moment_answers_nobody_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(6 * MIB, 1);
    uint32_t have = 0;
    for (int turns = 0; turns < 4; turns++) {
        uint32_t before = have;
        have = begin(f, &m, NULL);
        assert_true(have >= before);
        for (uint32_t i = 0; i < m.count; i++) {
            write_chunk(f, &m, i);
        }
        for (int i = 0; i < turns; i++) {
            uv_run(&f->loop, UV_RUN_ONCE);
        }
        reopen(f);
    }
    assert_int_equal(begin(f, &m, NULL), m.count);
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    free(m.bytes);
}

static void a_stop_while_it_is_finished_is_made_good_by_the_next_start(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(3 * MIB, 1);
    begin(f, &m, NULL);
    write_from(f, &m, 0, 3);
    for (int turns = 0; turns < 6 && !has(f, &m); turns++) {
        int before = f->answers;
        net(f)->finish(f->content, 7, m.sha256);
        for (int i = 0; i < turns && f->answers == before; i++) {
            uv_run(&f->loop, UV_RUN_ONCE);
        }
        reopen(f);
        if (!has(f, &m)) {
            assert_int_equal(begin(f, &m, NULL), 3);
        }
    }
    if (!has(f, &m)) {
        assert_int_equal(finish(f, &m).code, 0);
    }
    expect_content(f, &m);
    free(m.bytes);
}

/* In a process of its own, which is killed after so many answers. */
static void be_killed(const char *dir, const struct made *m, int after)
{
    struct fixture f = {0};
    signal(SIGALRM, SIG_DFL);
    snprintf(f.dir, sizeof f.dir, "%s", dir);
    uv_loop_init(&f.loop);
    open_all(&f);
    begin(&f, m, NULL);
    for (uint32_t i = 0; i < m->count; i++) {
        write_chunk(&f, m, i);
    }
    wait_for(&f, after);
    kill(getpid(), SIGKILL);
}

static void what_counts_after_a_kill_has_the_right_bytes(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(20 * MIB, 1);
    uint32_t most = 0;
    close_all(f);
    for (int after = 1; after <= 20; after += 19) {
        pid_t child = fork();
        if (child == 0) {
            be_killed(f->dir, &m, after);
            _exit(1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        uint8_t *have = NULL;
        open_all(f);
        uint32_t n = begin(f, &m, &have);
        char *bytes = mem_alloc(MIB);
        int fd = open(incoming(f, &m, ".part"), O_RDONLY);
        for (uint32_t i = 0; i < m.count; i++) {
            if (have[i]) {
                assert_int_equal(pread(fd, bytes, MIB, i * MIB), MIB);
                assert_memory_equal(bytes, m.bytes + i * MIB, MIB);
            }
        }
        close(fd);
        free(bytes);
        free(have);
        most = n > most ? n : most;
        close_all(f);
    }
    assert_int_equal(most, 20); /* what was written outlives the process */
    open_all(f);
    begin(f, &m, NULL);
    write_from(f, &m, 0, m.count);
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    free(m.bytes);
}

static void after_a_power_cut_only_what_was_safe_counts(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(20 * MIB, 1);
    const char *have = incoming(f, &m, ".have");
    uint8_t bytes[32 + 20 + 16];
    int safe = 0;
    begin(f, &m, NULL);
    write_from(f, &m, 0, 18);
    while (safe == 0) { /* by itself, after sixteen */
        uv_run(&f->loop, UV_RUN_ONCE);
        int fd = open(have, O_RDONLY);
        assert_int_equal(read(fd, bytes, sizeof bytes), sizeof bytes);
        close(fd);
        for (int i = 0; i < 20; i++) {
            safe += bytes[32 + i] == 2;
        }
    }
    assert_true(safe >= 16);
    close_all(f);
    memset(bytes + 16, 0x77, 16); /* as if another boot had written it */
    crypto_generichash(bytes + 52, 16, bytes, 52, NULL, 0);
    int fd = open(have, O_WRONLY);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    open_all(f);
    assert_int_equal(begin(f, &m, NULL), safe);
    free(m.bytes);
}

static void killed_before_its_row_was_saved_it_is_found_as_a_whole_part(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(2 * MIB, 1);
    char blob[512];
    begin(f, &m, NULL);
    write_from(f, &m, 0, 2);
    close_all(f);
    snprintf(blob, sizeof blob, "%s/blobs/%s", f->dir, m.sha256);
    assert_int_equal(link(incoming(f, &m, ".part"), blob), 0);
    open_all(f);
    assert_false(exists(blob));
    assert_int_equal(begin(f, &m, NULL), 2);
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    free(m.bytes);
}

static void a_bitmap_that_is_cut_or_damaged_counts_as_none(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(4 * MIB, 1);
    for (int how = 0; how < 3; how++) {
        begin(f, &m, NULL);
        write_from(f, &m, 0, 3);
        close_all(f);
        const char *have = incoming(f, &m, ".have");
        assert_true(exists(have));
        if (how == 0) {
            assert_int_equal(truncate(have, 20), 0);
        } else if (how == 1) {
            int fd = open(have, O_WRONLY);
            assert_int_equal(pwrite(fd, "\1", 1, 35), 1); /* chunk 3: not there */
            close(fd);
        } else {
            unlink(have);
        }
        open_all(f);
        assert_int_equal(begin(f, &m, NULL), 0);
        net(f)->discard(f->content, m.sha256);
        settle(f, &m);
    }
    free(m.bytes);
}

static void a_part_that_is_shorter_than_its_bitmap_says_lacks_those_chunks(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(4 * MIB, 1);
    begin(f, &m, NULL);
    write_from(f, &m, 0, 4);
    close_all(f);
    assert_int_equal(truncate(incoming(f, &m, ".part"), 2 * MIB + 5), 0);
    open_all(f);
    assert_int_equal(begin(f, &m, NULL), 2);
    free(m.bytes);
}

static void of_another_size_what_is_there_is_not_used(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(4 * MIB, 1);
    struct made other = m;
    begin(f, &m, NULL);
    write_from(f, &m, 0, 4);
    reopen(f);
    other.size = 3 * MIB;
    other.count = 3;
    assert_int_equal(begin(f, &other, NULL), 0);
    write_from(f, &other, 0, 1);
    reopen(f);
    assert_int_equal(begin(f, &m, NULL), 0);
    write_from(f, &m, 0, 4);
    assert_int_equal(finish(f, &m).code, 0);
    free(m.bytes);
}

static void parts_older_than_a_week_go_at_the_start(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(2 * MIB, 1);
    struct made young = make_gcode(2 * MIB, 2);
    begin(f, &m, NULL);
    write_from(f, &m, 0, 1);
    begin(f, &young, NULL);
    write_from(f, &young, 0, 1);
    close_all(f);
    struct timespec times[2] = {{time(NULL) - 8 * 86400, 0}, {time(NULL) - 8 * 86400, 0}};
    assert_int_equal(utimensat(AT_FDCWD, incoming(f, &m, ".part"), times, 0), 0);
    open_all(f);
    assert_false(exists(incoming(f, &m, ".part")));
    assert_false(exists(incoming(f, &m, ".have")));
    assert_int_equal(begin(f, &young, NULL), 1);
    free(m.bytes);
    free(young.bytes);
}

/* ---- a full disk --------------------------------------------------------------------------------
 */

static void a_disk_that_takes_no_more_is_told_and_it_goes_on_when_it_does(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(6 * MIB, 1);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){(rlim_t)(3 * MIB + 7), old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    begin(f, &m, NULL);
    write_from(f, &m, 0, 3);
    setrlimit(RLIMIT_FSIZE, &small);
    write_from(f, &m, 3, 4);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_true(f->err.code != 0);
    assert_int_equal(begin(f, &m, NULL), 3);
    write_from(f, &m, 3, 6);
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    free(m.bytes);
}

static void a_part_that_cannot_be_read_back_is_an_error_of_the_disk_not_of_the_sender(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(3 * MIB, 1);
    char aside[512];
    begin(f, &m, NULL);
    write_from(f, &m, 1, 3);
    snprintf(aside, sizeof aside, "%s/aside", f->dir);
    assert_int_equal(rename(incoming(f, &m, ".part"), aside), 0);
    write_from(f, &m, 0, 1);
    struct err e = finish(f, &m);
    assert_int_equal(e.code, PP_ENOTFOUND);
    assert_int_equal(rename(aside, incoming(f, &m, ".part")), 0);
    assert_int_equal(begin(f, &m, NULL), 3);
    assert_int_equal(finish(f, &m).code, 0);
    expect_content(f, &m);
    free(m.bytes);
}

static void what_does_not_fit_on_the_disk_is_refused_before_the_first_byte(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(100, 1);
    struct err e = {0};
    uint8_t *have = NULL;
    assert_int_equal(net(f)->begin(f->content, m.sha256, INT64_C(1) << 50, &have, &e), -PP_ENOSPC);
    assert_non_null(strstr(e.text, m.sha256[0] != '\0' ? "room" : ""));
    free(m.bytes);
}

/* ---- how much is kept ---------------------------------------------------------------------------
 */

static bool accepts(struct fixture *f, const struct made *m, struct err *e)
{
    *e = (struct err){0};
    return net(f)->accepts(f->content, "LAN", m->sha256, m->size, e);
}

static int64_t hours(int n)
{
    return clock_wall_ms() + n * INT64_C(3600000) + 1000;
}

static void what_came_is_kept_for_an_hour_although_no_job_names_it(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(2 * MIB, 1);
    fetch(f, &m);
    content_set_limits(f->content, 0, 0);
    content_evict(f->content, clock_wall_ms());
    files_drop_unused(f->files);
    assert_true(has(f, &m));
    reopen(f);
    content_set_limits(f->content, 0, 0);
    files_drop_unused(f->files);
    content_evict(f->content, clock_wall_ms());
    assert_true(has(f, &m));
    content_evict(f->content, hours(1));
    assert_false(has(f, &m));
    assert_int_equal(content_count(f->content), 0);
    free(m.bytes);
}

static void what_an_unfinished_job_needs_stays_however_much_it_is(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(2 * MIB, 1);
    fetch(f, &m);
    content_set_limits(f->content, 0, 0);
    memcpy(f->needed, m.sha256, sizeof f->needed);
    content_evict(f->content, hours(48));
    assert_true(has(f, &m));
    f->needed[0] = '\0';
    content_evict(f->content, hours(48));
    assert_false(has(f, &m));
    free(m.bytes);
}

static void the_oldest_go_first_and_only_as_many_as_must(void **state)
{
    struct fixture *f = *state;
    struct made m[4];
    for (int i = 0; i < 4; i++) {
        m[i] = make_gcode(2 * MIB, i);
        fetch(f, &m[i]);
        int64_t came_ms = files_adopted_at(f->files, 0)->row.uploaded_ms;
        while (clock_wall_ms() <= came_ms) { /* each its own millisecond */
        }
    }
    content_set_limits(f->content, 5 * MIB, 0);
    memcpy(f->needed, m[1].sha256, sizeof f->needed);
    content_evict(f->content, hours(2));
    assert_false(has(f, &m[0]));
    assert_true(has(f, &m[1]));
    assert_false(has(f, &m[2]));
    assert_true(has(f, &m[3]));
    for (int i = 0; i < 4; i++) {
        free(m[i].bytes);
    }
}

static void an_offer_is_refused_with_a_reason_when_there_is_no_room(void **state)
{
    struct fixture *f = *state;
    struct made a = make_gcode(6 * MIB, 1);
    struct made b = make_gcode(5 * MIB, 2);
    struct err e;
    content_set_limits(f->content, 10 * MIB, 0);
    assert_true(accepts(f, &a, &e));
    fetch(f, &a);
    assert_false(accepts(f, &b, &e)); /* the first came just now */
    assert_int_equal(e.code, PP_ENOSPC);
    assert_non_null(strstr(e.text, "10 MiB"));
    content_set_limits(f->content, 11 * MIB, 0);
    assert_true(accepts(f, &b, &e));
    begin(f, &b, NULL);
    assert_true(accepts(f, &b, &e)); /* again: it is counted once */
    struct made c = make_gcode(MIB, 3);
    assert_false(accepts(f, &c, &e));
    content_set_limits(f->content, 100 * MIB, INT64_C(1) << 60);
    assert_false(accepts(f, &c, &e));
    assert_non_null(strstr(e.text, "disk"));
    free(a.bytes);
    free(b.bytes);
    free(c.bytes);
}

static void content_that_has_a_name_too_outlives_what_was_kept_of_it(void **state)
{
    struct fixture *f = *state;
    struct made m = make_gcode(MIB, 1);
    struct upload *u;
    fetch(f, &m);
    assert_int_equal(files_begin(f->files, "mine.gcode", &u, NULL), 0);
    assert_int_equal(files_write(u, m.bytes, (size_t)m.size, NULL), 0);
    int before = f->answers;
    files_commit(u, on_file, f);
    wait_for(f, before + 1);
    content_set_limits(f->content, 0, 0);
    content_evict(f->content, hours(2));
    assert_int_equal(content_count(f->content), 0);
    expect_content(f, &m);
    assert_string_equal(files_find_content(f->files, m.sha256)->row.name, "mine.gcode");
    free(m.bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(chunks_in_any_order_become_content_that_is_analysed),
        TEST(what_is_here_is_not_begun_again),
        TEST(reading_what_is_not_there_is_an_error_that_comes_later),
        TEST(what_is_no_gcode_is_kept_while_nobody_says_what_it_is),
        TEST(what_a_job_calls_gcode_and_is_none_is_refused),
        TEST(a_wrong_whole_is_told_and_thrown_away_and_comes_again),
        TEST(what_is_thrown_away_leaves_nothing),
        TEST(several_come_at_once),
        TEST(after_a_stop_it_goes_on_with_every_chunk_that_was_written),
        TEST(a_stop_at_any_moment_answers_nobody_and_loses_nothing),
        TEST(a_stop_while_it_is_finished_is_made_good_by_the_next_start),
        TEST(what_counts_after_a_kill_has_the_right_bytes),
        TEST(after_a_power_cut_only_what_was_safe_counts),
        TEST(killed_before_its_row_was_saved_it_is_found_as_a_whole_part),
        TEST(a_bitmap_that_is_cut_or_damaged_counts_as_none),
        TEST(a_part_that_is_shorter_than_its_bitmap_says_lacks_those_chunks),
        TEST(of_another_size_what_is_there_is_not_used),
        TEST(parts_older_than_a_week_go_at_the_start),
        TEST(a_disk_that_takes_no_more_is_told_and_it_goes_on_when_it_does),
        TEST(a_part_that_cannot_be_read_back_is_an_error_of_the_disk_not_of_the_sender),
        TEST(what_does_not_fit_on_the_disk_is_refused_before_the_first_byte),
        TEST(what_came_is_kept_for_an_hour_although_no_job_names_it),
        TEST(what_an_unfinished_job_needs_stays_however_much_it_is),
        TEST(the_oldest_go_first_and_only_as_many_as_must),
        TEST(an_offer_is_refused_with_a_reason_when_there_is_no_room),
        TEST(content_that_has_a_name_too_outlives_what_was_kept_of_it),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
