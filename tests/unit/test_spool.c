// link: ppapp
/* A file on its way into the ring. The sender has no port here: the test takes the items itself. */
#include "host/app/device/spool.h"

#include "host/base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    uv_loop_t loop;
    struct sender *sender;
    struct spool *spool;
    char path[64];
    struct strbuf out; /* what came through the ring, one item a line */
    size_t items;
    bool ended;
    bool closed;
    uint64_t last_offset;
    char error[256];
};

static const char *const kinds[] = {
    [ITEM_LINE] = "", [ITEM_SYNC] = "sync ", [ITEM_BARRIER] = "barrier", [ITEM_END] = "end"};

static void on_note(void *context, const struct stream_note *note)
{
    (void)context;
    (void)note;
}

static void on_fill(void *context)
{
    (void)context;
}

static void on_closed(void *context)
{
    struct bench *b = context;
    b->closed = true;
}

static void on_error(void *context, const struct err *e)
{
    struct bench *b = context;
    snprintf(b->error, sizeof b->error, "%s", e->text);
}

static void write_file(struct bench *b, const char *text, size_t len)
{
    strcpy(b->path, "/tmp/pp-test-spool-XXXXXX");
    int fd = mkstemp(b->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static struct bench *open_sender(void)
{
    struct bench *b = calloc(1, sizeof *b);
    struct err e;
    struct sender_options options = {
        .loop = &b->loop, .estop_path = "", .note = on_note, .fill = on_fill, .context = b};
    uv_loop_init(&b->loop);
    assert_int_equal(sender_open(&b->sender, &options, &e), 0);
    return b;
}

/* `size`: what the file is said to have had when it was checked. */
static void open_spool_sized(struct bench *b, size_t max_command, uint64_t size)
{
    struct err e;
    struct spool_options options = {.loop = &b->loop,
        .sender = b->sender,
        .path = b->path,
        .size_bytes = size,
        .max_command = max_command,
        .on_error = on_error,
        .context = b};
    assert_int_equal(spool_open(&b->spool, &options, &e), 0);
    spool_fill(b->spool);
}

static void open_spool(struct bench *b, size_t max_command)
{
    struct stat st;
    assert_int_equal(stat(b->path, &st), 0);
    open_spool_sized(b, max_command, (uint64_t)st.st_size);
}

static struct bench *make_bench(const char *text, size_t len, size_t max_command)
{
    struct bench *b = open_sender();
    write_file(b, text, len);
    open_spool(b, max_command);
    return b;
}

static void finish(struct bench *b)
{
    if (b->spool != NULL) {
        spool_close(b->spool);
    }
    sender_close(b->sender, on_closed, b);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_true(b->closed);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    unlink(b->path);
    strbuf_fini(&b->out);
    free(b);
}

static void tell_item(struct bench *b, const struct stream_item *item)
{
    if (item->kind == ITEM_REPLAY) {
        strbuf_printf(&b->out, "replay %llu ", (unsigned long long)item->n);
    } else {
        assert_true(item->end_offset >= b->last_offset);
        b->last_offset = item->end_offset;
        strbuf_puts(&b->out, kinds[item->kind]);
    }
    if (item->kind == ITEM_BARRIER) {
        strbuf_printf(&b->out, " %u", item->tag);
    }
    strbuf_printf(&b->out, "%.*s\n", (int)item->len, item->text);
}

/* Takes what is in the ring; at most `most` items. Those of other generations are thrown away. */
static void take(struct bench *b, size_t most)
{
    struct spsc *ring = sender_ring(b->sender);
    struct stream_item *item;
    size_t len;
    while (most > 0 && (item = spsc_peek(ring, &len)) != NULL) {
        assert_int_equal(len, sizeof *item + item->len);
        if (item->generation == spool_generation(b->spool)) {
            tell_item(b, item);
            b->items++;
            b->ended = item->kind == ITEM_END;
            most--;
        }
        spsc_pop(ring);
    }
}

static void take_all(struct bench *b)
{
    while (!b->ended && b->error[0] == '\0') {
        take(b, SIZE_MAX);
        spool_fill(b->spool);
        take(b, SIZE_MAX);
        if (!b->ended) {
            assert_int_not_equal(uv_run(&b->loop, UV_RUN_ONCE), 0);
        }
    }
}

static void assert_items(const char *text, size_t max_command, const char *want)
{
    struct bench *b = make_bench(text, strlen(text), max_command);
    take_all(b);
    assert_string_equal(strbuf_text(&b->out), want);
    assert_int_equal(b->last_offset, strlen(text));
    finish(b);
}

static void lines_are_stripped_of_what_the_printer_need_not_see(void **state)
{
    (void)state;
    assert_items("; a comment\r\nG28 ; home\r\n\r\n   G1 X10\t\nM104 S200;x\n", 0,
        "G28\nbarrier 1\nG1 X10\nM104 S200\nend\n");
}

static void the_last_line_needs_no_newline_and_an_empty_file_ends(void **state)
{
    (void)state;
    assert_items("G28\nG1 X1", 0, "G28\nbarrier 1\nG1 X1\nend\n");
    assert_items("", 0, "end\n");
    assert_items("\n\n;\n", 0, "end\n");
}

static void the_bed_is_declared_before_the_first_move(void **state)
{
    (void)state;
    assert_items("G28\nM83\nG1 X1\nG1 X2 E1\n", 0, "G28\nM83\nbarrier 1\nG1 X1\nG1 X2 E1\nend\n");
    assert_items(
        "G92 E5\nG0 Z4\nM0\nG1 E5\n", 0, "G92 E5\nbarrier 1\nG0 Z4\nbarrier 2\nG1 E5\nend\n");
    assert_items("G1 E1", 0, "barrier 1\nG1 E1\nend\n");
    assert_items("G4 P1\nG10\nM104 S1\n", 0, "G4 P1\nG10\nM104 S1\nend\n");
}

static void the_first_extrusion_is_known_by_its_offset(void **state)
{
    (void)state;
    static const char text[] = "G28\nM83\nG1 X1 E-1\nG1 X2 E0\nG1 X3 E1\nG1 X4 E1\n";
    struct bench *b = make_bench(text, sizeof text - 1, 0);
    take_all(b);
    uint64_t behind = (uint64_t)(strstr(text, "G1 X4") - text);
    assert_false(spool_has_extruded(b->spool, 0));
    assert_false(spool_has_extruded(b->spool, behind - 1));
    assert_true(spool_has_extruded(b->spool, behind));
    assert_true(spool_has_extruded(b->spool, UINT64_MAX - 1));
    finish(b);
}

static void pauses_and_cancels_are_barriers_and_m600_is_waited_for(void **state)
{
    (void)state;
    assert_items("G28\nM0\nM1 stop here\n@pause\nG1 X1\nM600\n@cancel\n@ABORT now\n@something\n", 0,
        "G28\nbarrier 2\nbarrier 2\nbarrier 2\nbarrier 1\nG1 X1\nbarrier 4\nsync M600\nbarrier 5\n"
        "barrier 3\nbarrier 3\nend\n");
    assert_items("M01\n@pausenot\n", 0, "barrier 2\nend\n");
    assert_items("M25\nM226\nM226 P2 S1\nM601\n;@pause\n;@PAUSE now\n;@pausenot\n", 0,
        "barrier 2\nbarrier 2\nM226 P2 S1\nbarrier 2\nbarrier 2\nbarrier 2\nend\n");
}

static void unknown_host_commands_are_not_sent(void **state)
{
    (void)state;
    assert_items("@info hello\n@info again\n@resume\n@\n@@\nG4 P1\n", 0, "G4 P1\nend\n");
}

static void progress_of_the_file_itself_is_known(void **state)
{
    (void)state;
    static const char *const texts[] = {"G28\n", "M73 P0 R10\nG28\n", "G28\nM117 hello\n"};
    for (size_t i = 0; i < 3; i++) {
        struct bench *b = make_bench(texts[i], strlen(texts[i]), 0);
        take_all(b);
        assert_int_equal(spool_shows(b->spool, 73), i == 1);
        assert_int_equal(spool_shows(b->spool, 117), i == 2);
        finish(b);
    }
}

static void only_what_is_displayed_is_cut(void **state)
{
    (void)state;
    assert_items("M117 0123456789012345678901234567890\nM118 01234567890123456789\nG1 X1\n", 20,
        "M117 012345678901234\nM118 012345678901234\nbarrier 1\nG1 X1\nend\n");
}

static void a_line_longer_than_any_command_is_skipped(void **state)
{
    size_t len = 300000;
    char *text = malloc(len);
    (void)state;
    memset(text, 'x', len);
    memcpy(text, "G28\n;", 5);
    memcpy(text + len - 13, "\nG1 X1\nG1 X2\n", 13);
    struct bench *b = make_bench(text, len, 0);
    take_all(b);
    assert_string_equal(strbuf_text(&b->out), "G28\nbarrier 1\nG1 X1\nG1 X2\nend\n");
    assert_int_equal(b->last_offset, len);
    finish(b);
    free(text);
}

/* ---- a file larger than ring and buffer ---- */

#define MOVES 30000

static struct strbuf big_file(void)
{
    struct strbuf s = {0};
    for (int i = 0; i < MOVES; i++) {
        if (i % 500 == 0) {
            strbuf_printf(&s, ";LAYER_CHANGE\n;Z:%d\n", i / 500);
        }
        strbuf_printf(&s, "G1 X%d.%03d Y%d ; move\n", i % 200, i % 1000, i % 180);
    }
    return s;
}

static void a_large_file_comes_whole_however_it_is_taken(void **state)
{
    struct strbuf file = big_file();
    struct strbuf want = {0};
    (void)state;
    strbuf_puts(&want, "barrier 1\n");
    for (int i = 0; i < MOVES; i++) {
        strbuf_printf(&want, "G1 X%d.%03d Y%d\n", i % 200, i % 1000, i % 180);
    }
    strbuf_puts(&want, "end\n");
    for (size_t most = 100; most < 40000; most = most * 7 + 1) {
        struct bench *b = make_bench(strbuf_text(&file), strlen(strbuf_text(&file)), 0);
        while (!b->ended) {
            take(b, most);
            spool_fill(b->spool);
            uv_run(&b->loop, UV_RUN_NOWAIT);
        }
        assert_int_equal(b->items, MOVES + 2);
        assert_string_equal(strbuf_text(&b->out), strbuf_text(&want));
        finish(b);
    }
    strbuf_fini(&want);
    strbuf_fini(&file);
}

static void filament_changes_come_once_and_in_order_however_full_the_ring_is(void **state)
{
    struct strbuf file = {0};
    struct strbuf want = {0};
    (void)state;
    strbuf_puts(&want, "barrier 1\n");
    for (int i = 0; i < 20000; i++) {
        strbuf_printf(&file, "M600 X%d\n", i);
        strbuf_printf(&want, "barrier 4\nsync M600 X%d\nbarrier 5\n", i);
    }
    strbuf_puts(&want, "end\n");
    for (size_t most = 1; most < 2000; most = most * 31 + 1) {
        struct bench *b = make_bench(strbuf_text(&file), file.len, 0);
        while (!b->ended) {
            for (size_t i = 0; i < 1000 && most == 1; i++) {
                take(b, most);
                spool_fill(b->spool);
            }
            take(b, most);
            spool_fill(b->spool);
            uv_run(&b->loop, UV_RUN_NOWAIT);
        }
        assert_string_equal(strbuf_text(&b->out), strbuf_text(&want));
        finish(b);
    }
    strbuf_fini(&want);
    strbuf_fini(&file);
}

/* The offset behind the move number `i` of the big file. */
static uint64_t offset_behind(const char *file, int i)
{
    const char *p = file;
    for (int seen = -1; seen < i; p = strchr(p, '\n') + 1) {
        seen += *p == 'G';
    }
    return (uint64_t)(p - file);
}

static void the_state_behind_a_line_is_known(void **state)
{
    struct strbuf file = big_file();
    struct bench *b = make_bench(strbuf_text(&file), strlen(strbuf_text(&file)), 0);
    struct gcode_modal m;
    struct err e;
    (void)state;
    while (b->items < 20000) {
        take(b, 1);
        spool_fill(b->spool);
        uv_run(&b->loop, UV_RUN_NOWAIT);
    }
    for (int i = 19000; i < 20000; i += 111) {
        uint64_t offset = offset_behind(strbuf_text(&file), i);
        assert_int_equal(spool_modal(b->spool, offset, &m, &e), 0);
        assert_int_equal(m.pos[0], (int64_t)(i % 200) * 1000000 + (int64_t)(i % 1000) * 1000);
        assert_int_equal(m.pos[1], (int64_t)(i % 180) * 1000000);
        assert_int_equal(spool_layer(b->spool, offset), i / 500 + 1);
    }
    assert_int_equal(spool_modal(b->spool, 0, &m, &e), 0);
    assert_int_equal(m.pos[0], 0);
    assert_int_equal(spool_layer(b->spool, 0), 0);

    finish(b);
    strbuf_fini(&file);
}

/* ---- going on in the middle ---- */

struct passed {
    bool done;
    char text[400];
};

static struct passed passed;

static void on_ready(void *context, const struct err *e)
{
    (void)context;
    assert_false(passed.done);
    passed.done = true;
    snprintf(passed.text, sizeof passed.text, "%s", e != NULL ? e->text : "");
}

static struct bench *open_at(const char *text, size_t len, uint64_t offset, bool bed_taken)
{
    struct bench *b = open_sender();
    struct err e;
    write_file(b, text, len);
    struct spool_options options = {.loop = &b->loop,
        .sender = b->sender,
        .path = b->path,
        .size_bytes = len,
        .on_error = on_error,
        .context = b};
    passed = (struct passed){0};
    assert_int_equal(spool_open_at(&b->spool, &options, offset, bed_taken, on_ready, &e), 0);
    assert_false(passed.done);
    while (!passed.done) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
    return b;
}

static void a_job_goes_on_in_the_middle_as_if_it_had_come_there(void **state)
{
    struct strbuf file = big_file();
    const char *text = strbuf_text(&file);
    struct gcode_modal m;
    struct err e;
    (void)state;
    for (int i = 100; i < 20000; i += 6511) {
        uint64_t offset = offset_behind(text, i);
        struct bench *b = open_at(text, file.len, offset, true);
        assert_string_equal(passed.text, "");
        assert_int_equal(spool_modal(b->spool, offset, &m, &e), 0);
        assert_int_equal(m.pos[0], (int64_t)(i % 200) * 1000000 + (int64_t)(i % 1000) * 1000);
        assert_int_equal(spool_layer(b->spool, offset), i / 500 + 1);
        spool_fill(b->spool);
        take(b, 1);
        if (text[offset] == 'G') { /* else a comment, of which nothing is sent */
            assert_memory_equal(strstr(strbuf_text(&b->out), "G1"), text + offset, 12);
        }
        finish(b);
    }
    strbuf_fini(&file);
}

static void a_bed_that_is_taken_is_not_asked_for_again(void **state)
{
    static const char text[] = "G28\nG29\nG1 X1 E1\nM0\nG1 X2 E2\n";
    (void)state;
    struct bench *b = open_at(text, sizeof text - 1, 8, true);
    assert_true(spool_levels(b->spool));
    take_all(b);
    assert_null(strstr(strbuf_text(&b->out), "barrier 1"));
    assert_non_null(strstr(strbuf_text(&b->out), "barrier 2"));
    finish(b);
    b = open_at(text, sizeof text - 1, 4, false);
    assert_false(spool_levels(b->spool));
    take_all(b);
    assert_non_null(strstr(strbuf_text(&b->out), "barrier 1"));
    finish(b);
    b = open_at(text, sizeof text - 1, sizeof text - 1, true);
    take_all(b);
    assert_int_equal(b->items, 1); /* the end */
    finish(b);
    b = open_at(text, sizeof text - 1, 0, false);
    take_all(b);
    assert_non_null(strstr(strbuf_text(&b->out), "G28"));
    finish(b);
}

static void where_no_line_ends_nothing_goes_on(void **state)
{
    static const char text[] = "G28\nG1 X1 E1\n";
    (void)state;
    struct bench *b = open_at(text, sizeof text - 1, 6, true);
    assert_non_null(strstr(passed.text, "byte 6"));
    finish(b);
    b = open_at(text, sizeof text - 1, 1000, true);
    assert_non_null(strstr(passed.text, "byte 1000"));
    finish(b);
}

/* ---- lines wanted again ---- */

static const char resent[] = "G28\n;c\nG1 X1\n@nothing\nG1 X2\nM0\nG1 X3\n"
                             "M117 01234567890123456789012345678901234567890123456789\nG1 X4\n";

/* Line 11 is G28, 13 an M105, 15 a G4 of a person's; the job is taken up to `upto`. */
static void numbers(struct bench *b)
{
    spool_checkpoint(b->spool, 11, 4);
    spool_injected(b->spool, 13, "M105");
    spool_injected(b->spool, 15, "G4 P1");
}

static void lines_wanted_again_come_before_the_rest(void **state)
{
    (void)state;
    struct bench *b = make_bench(resent, strlen(resent), 0);
    const char *taken = strstr(resent, "G1 X4");
    while (b->items < 7) {
        uv_run(&b->loop, UV_RUN_ONCE);
        take(b, 7 - b->items);
    }
    assert_string_equal(strbuf_text(&b->out),
        "G28\nbarrier 1\nG1 X1\nG1 X2\nbarrier 2\nG1 X3\n"
        "M117 01234567890123456789012345678901234567890123456789\n");
    numbers(b);
    strbuf_fini(&b->out);
    b->out = (struct strbuf){0};
    uint32_t before = spool_generation(b->spool);
    uint32_t after = spool_rewind(b->spool, 12, 17, (uint64_t)(taken - resent));
    assert_int_not_equal(before, after);
    assert_int_equal(after, spool_generation(b->spool));
    take_all(b);
    assert_string_equal(b->error, "");
    assert_string_equal(strbuf_text(&b->out), "replay 12 G1 X1\nreplay 13 M105\nreplay 14 G1 X2\n"
                                              "replay 15 G4 P1\nreplay 16 G1 X3\nG1 X4\nend\n");
    finish(b);
}

/* A line goes out again exactly as it went out the first time. */
static void a_line_that_was_cut_is_cut_again(void **state)
{
    (void)state;
    struct bench *b = make_bench(resent, strlen(resent), 15);
    const char *taken = strstr(resent, "G1 X4");
    while (b->items < 7) {
        uv_run(&b->loop, UV_RUN_ONCE);
        take(b, 7 - b->items);
    }
    numbers(b);
    strbuf_fini(&b->out);
    b->out = (struct strbuf){0};
    spool_rewind(b->spool, 17, 18, (uint64_t)(taken - resent));
    take_all(b);
    assert_string_equal(strbuf_text(&b->out), "replay 17 M117 0123456789\nG1 X4\nend\n");
    finish(b);
}

static void a_line_from_before_the_job_is_lost_and_told(void **state)
{
    (void)state;
    struct bench *b = make_bench(resent, strlen(resent), 0);
    numbers(b);
    spool_rewind(b->spool, 5, 17, 4);
    take_all(b);
    assert_non_null(strstr(b->error, "line 5"));
    finish(b);
}

/* ---- the end ---- */

static void closes_while_a_read_is_under_way(void **state)
{
    (void)state;
    finish(make_bench("G28\nG1 X1\n", 10, 0));
}

static uv_sem_t disk_answers;

static void wait_for_the_disk(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&disk_answers);
}

/* Uploads that wait for an fsync have every thread of the loop's pool. */
static void a_print_is_read_although_the_whole_pool_waits_for_a_disk(void **state)
{
    (void)state;
    const char *text = "G28\nG1 X1\n";
    uv_work_t work[16];
    struct bench *b = open_sender();
    write_file(b, text, strlen(text));
    uv_sem_init(&disk_answers, 0);
    for (size_t i = 0; i < 16; i++) {
        uv_queue_work(&b->loop, &work[i], wait_for_the_disk, NULL);
    }
    open_spool(b, 0);
    take_all(b);
    assert_string_equal(strbuf_text(&b->out), "G28\nbarrier 1\nG1 X1\nend\n");
    for (size_t i = 0; i < 16; i++) {
        uv_sem_post(&disk_answers);
    }
    finish(b);
    uv_sem_destroy(&disk_answers);
}

/* Offsets of the lines' ends: 4, 12, 18, 26, 32, 44. */
static void the_height_is_known_without_reading_again(void **state)
{
    (void)state;
    const char *text = "G28\nG1 Z0.2\nG1 X5\nG1 Z0.8\nG1 X6\nG0 Z0.4 X10\n";
    static const struct {
        uint64_t offset;
        int64_t nm;
    } want[] = {{0, 0}, {4, 0}, {11, 0}, {12, 200000}, {18, 200000}, {26, 800000}, {32, 800000},
        {44, 400000}, {1000, 400000}};
    struct bench *b = make_bench(text, strlen(text), 0);
    take_all(b);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(spool_height_nm(b->spool, want[i].offset), want[i].nm);
    }
    finish(b);
}

/* Lifted and lowered more often than is remembered: the oldest height known is the best answer. */
static void of_many_heights_the_last_ones_are_known(void **state)
{
    (void)state;
    struct strbuf text = {0};
    for (int i = 0; i < 6000; i++) {
        strbuf_printf(&text, "G1 Z%04d\n", i % 2 + 1);
    }
    struct bench *b = make_bench(strbuf_text(&text), text.len, 0);
    take_all(b);
    assert_int_equal(spool_height_nm(b->spool, text.len), 2000000);
    assert_int_equal(spool_height_nm(b->spool, text.len - 9), 1000000);
    assert_in_range(spool_height_nm(b->spool, 9), 1000000, 2000000);
    strbuf_fini(&text);
    finish(b);
}

static void a_file_that_is_missing_or_cannot_be_read_is_told(void **state)
{
    struct err e;
    (void)state;
    struct bench *b = open_sender();
    struct spool_options options = {.loop = &b->loop,
        .sender = b->sender,
        .path = "/nowhere/at/all.gcode",
        .on_error = on_error,
        .context = b};
    assert_true(spool_open(&b->spool, &options, &e) < 0);
    assert_non_null(strstr(e.text, "/nowhere/at/all.gcode"));
    strcpy(b->path, "/tmp");
    open_spool(b, 0);
    take_all(b);
    assert_non_null(strstr(b->error, "read"));
    assert_false(b->ended);
    strcpy(b->path, "");
    finish(b);
}

static void a_file_that_lost_its_end_is_told_and_does_not_end_the_print(void **state)
{
    static const char text[] = "G28\nG1 X1\nG1 X2\n";
    (void)state;
    struct bench *b = open_sender();
    write_file(b, text, 10);
    open_spool_sized(b, 0, sizeof text - 1);
    take_all(b);
    assert_non_null(strstr(b->error, "10 bytes"));
    assert_false(b->ended);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_stripped_of_what_the_printer_need_not_see),
        cmocka_unit_test(the_last_line_needs_no_newline_and_an_empty_file_ends),
        cmocka_unit_test(the_bed_is_declared_before_the_first_move),
        cmocka_unit_test(the_first_extrusion_is_known_by_its_offset),
        cmocka_unit_test(pauses_and_cancels_are_barriers_and_m600_is_waited_for),
        cmocka_unit_test(unknown_host_commands_are_not_sent),
        cmocka_unit_test(progress_of_the_file_itself_is_known),
        cmocka_unit_test(only_what_is_displayed_is_cut),
        cmocka_unit_test(a_line_longer_than_any_command_is_skipped),
        cmocka_unit_test(a_large_file_comes_whole_however_it_is_taken),
        cmocka_unit_test(filament_changes_come_once_and_in_order_however_full_the_ring_is),
        cmocka_unit_test(the_state_behind_a_line_is_known),
        cmocka_unit_test(a_job_goes_on_in_the_middle_as_if_it_had_come_there),
        cmocka_unit_test(a_bed_that_is_taken_is_not_asked_for_again),
        cmocka_unit_test(where_no_line_ends_nothing_goes_on),
        cmocka_unit_test(lines_wanted_again_come_before_the_rest),
        cmocka_unit_test(a_line_that_was_cut_is_cut_again),
        cmocka_unit_test(a_line_from_before_the_job_is_lost_and_told),
        cmocka_unit_test(closes_while_a_read_is_under_way),
        cmocka_unit_test(a_print_is_read_although_the_whole_pool_waits_for_a_disk),
        cmocka_unit_test(the_height_is_known_without_reading_again),
        cmocka_unit_test(of_many_heights_the_last_ones_are_known),
        cmocka_unit_test(a_file_that_is_missing_or_cannot_be_read_is_told),
        cmocka_unit_test(a_file_that_lost_its_end_is_told_and_does_not_end_the_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
