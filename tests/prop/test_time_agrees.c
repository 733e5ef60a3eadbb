// link: ppcore ppvirtual_model
/* A law: the analyser's time is that of the virtual printer's own planner, which shares no code
 * with it, for each sample. The printer runs on virtual time, so that hours pass in a moment. */
#include "host/base/file.h"
#include "host/core/analyze.h"
#include "tools/ppvirtual/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WINDOW 4

struct feeder {
    struct model model;
    struct strbuf out;
    uint64_t now_ns;
    size_t seen; /* bytes of `out` read */
    int unanswered;
};

static void count_answers(struct feeder *f)
{
    const char *newline;
    while (f->seen < f->out.len &&
           (newline = memchr(f->out.data + f->seen, '\n', f->out.len - f->seen)) != NULL) {
        const char *line = f->out.data + f->seen;
        f->unanswered -= strncmp(line, "ok", 2) == 0;
        f->seen = (size_t)(newline + 1 - f->out.data);
    }
    if (f->seen == f->out.len) {
        f->out.len = 0;
        f->seen = 0;
    }
}

static void tick(struct feeder *f)
{
    uint64_t next = model_next_ns(&f->model);
    assert_true(next != UINT64_MAX);
    f->now_ns = next > f->now_ns ? next : f->now_ns + 1;
    model_step(&f->model, f->now_ns, NULL, &f->out);
    count_answers(f);
}

static void send(struct feeder *f, const char *line, size_t len)
{
    char bytes[256];
    while (f->unanswered >= WINDOW) {
        tick(f);
    }
    assert_true(len + 1 < sizeof bytes);
    memcpy(bytes, line, len);
    bytes[len] = '\n';
    struct event event = {.kind = EVENT_BYTES, .bytes = bytes, .len = len + 1};
    f->unanswered++;
    model_step(&f->model, f->now_ns, &event, &f->out);
    count_answers(f);
}

/* Commands only; what is behind a ';' never reaches a printer. */
static void print(struct feeder *f, const char *text, size_t len)
{
    while (len > 0) {
        size_t n = strcspn(text, "\n");
        size_t command = strcspn(text, ";\n");
        while (command > 0 && (text[command - 1] == ' ' || text[command - 1] == '\r')) {
            command--;
        }
        if (command > 0) {
            send(f, text, command);
        }
        n += n < len;
        text += n;
        len -= n;
    }
    send(f, "M400", 4);
    while (f->unanswered > 0) {
        tick(f);
    }
}

static double printer_seconds(const char *text, size_t len)
{
    struct feeder f = {.now_ns = 1};
    struct settings s;
    settings_default(&s);
    s.wire = false;
    s.heat_k_s = 1000;
    s.speed = 1;
    model_init(&f.model, &s);
    model_step(&f.model, f.now_ns, NULL, &f.out);
    count_answers(&f);
    f.unanswered = 0;
    print(&f, text, len);
    double seconds = f.model.tally.total.motion_s;
    model_fini(&f.model);
    strbuf_fini(&f.out);
    return seconds;
}

/* The printer's own defaults, before the file sets any. */
static struct kinematics defaults(void)
{
    const struct limits *l = &limits_default;
    struct kinematics k = {.accel_print_mm_s2 = l->accel_print,
        .accel_travel_mm_s2 = l->accel_travel,
        .accel_retract_mm_s2 = l->accel_retract,
        .junction_deviation_mm = l->classic_jerk ? 0 : l->junction_mm};
    memcpy(k.max_feed_mm_s, l->max_feed, sizeof k.max_feed_mm_s);
    memcpy(k.max_accel_mm_s2, l->max_accel, sizeof k.max_accel_mm_s2);
    memcpy(k.jerk_mm_s, l->jerk, sizeof k.jerk_mm_s);
    return k;
}

static double analyzer_seconds(const char *text, size_t len)
{
    struct analysis r;
    struct kinematics k = defaults();
    struct analyzer *a = analyze_new(&k);
    analyze_feed(a, text, len);
    analyze_finish(a, &r);
    analyze_free(a);
    return (double)r.time_ms / 1000;
}

static void assert_agree(const char *name, const struct strbuf *text, double tolerance)
{
    double printer = printer_seconds(text->data, text->len);
    double ours = analyzer_seconds(text->data, text->len);
    print_message("%s: planner %.1f s, analyser %.1f s\n", name, printer, ours);
    if (!(fabs(ours - printer) <= tolerance * printer)) {
        fail_msg("%s: off by more than %g", name, tolerance);
    }
}

static void both_planners_agree_on_the_samples(void **state)
{
    (void)state;
    static const char *const names[] = {"demo.gcode", "gear.gcode", "bracket.gcode"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        struct strbuf text = {0};
        struct err e;
        snprintf(path, sizeof path, PP_SOURCE_DIR "/tests/samples/%s", names[i]);
        assert_int_equal(file_read(path, 4000000, &text, &e), 0);
        assert_agree(names[i], &text, 0.02);
        strbuf_fini(&text);
    }
}

static void both_planners_agree_on_arcs(void **state)
{
    (void)state;
    struct strbuf text = {0};
    strbuf_puts(&text, "G28\nM83\nG1 X60 Y60 Z1 F6000\n");
    for (int i = 1; i < 60; i++) {
        strbuf_printf(&text, "G%d X%d Y%d I%d J%d E1 F%d\n", 2 + i % 2, 60 + i, 60 + i, i % 7 + 3,
            i % 5 + 4, 1200 + 60 * i);
        strbuf_printf(&text, "G3 I%d E1\nG1 X%d\n", 2 + i / 4, 60 + i);
    }
    assert_agree("arcs", &text, 0.05); /* one block here, chords there */
    strbuf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_planners_agree_on_the_samples),
        cmocka_unit_test(both_planners_agree_on_arcs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
