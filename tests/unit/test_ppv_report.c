// link: ppvirtual_model
/* The wire's arithmetic, the hash, the report, and the command line. */
#include "ppv.h"

#include "tools/ppvirtual/options.h"

#include <jansson.h>
#include <math.h>
#include <unistd.h>

static void real_wire(struct settings *s)
{
    s->wire = true;
    s->latency_ms = 4;
    s->real_moves = false;
}

static void an_answer_takes_both_ways_on_the_wire_and_the_latency(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", real_wire);
    rig_run(r, 100);
    rig_clear(r);
    uint64_t sent_ns = r->now_ns;
    rig_send(r, "G21\n");
    assert_int_equal(r->out.len, 0);
    while (r->out.len == 0) {
        r->now_ns = model_next_ns(&r->m);
        model_step(&r->m, r->now_ns, NULL, &r->out);
    }
    assert_string_equal(strbuf_text(&r->out), "ok P15 B3\n");
    double ms = (double)(r->now_ns - sent_ns) / 1e6;
    assert_true(fabs(ms - ((4 + 10) * 10 / 115.2 + 4)) < 0.001);
    rig_free(r);
}

static void bytes_leave_one_after_the_other_and_in_order_whatever_the_jitter(void **state)
{
    (void)state;
    struct wire w;
    wire_init(&w, 1000, 5000, 20000, 7);
    char c = 0;
    for (int i = 0; i < 10000; i++, c++) {
        wire_send(&w, (uint64_t)i * 500, &c, 1);
    }
    uint64_t before_ns = 0;
    struct wire_byte b;
    for (c = 0; wire_take(&w, NEVER_NS, &b); c++) {
        assert_int_equal(b.c, c);
        assert_true(b.at_ns >= before_ns + 1000);
        before_ns = b.at_ns;
    }
    assert_int_equal(w.delivered, 10000);
    wire_fini(&w);
}

static void steps_early_or_late_give_the_same_bytes(void **state)
{
    (void)state;
    struct rig *fine = rig_new("marlin-2.1", real_wire);
    struct rig *coarse = rig_new("marlin-2.1", real_wire);
    struct rig *both[] = {fine, coarse};
    for (int i = 0; i < 2; i++) {
        rig_run(both[i], 100);
        rig_send(both[i], "G28\nM155 S1\nM109 S60\nM105\nM105\nM105\nM105\nM105\nM105\n");
    }
    for (int i = 0; i < 30000; i++) {
        fine->now_ns += 1000000;
        model_step(&fine->m, fine->now_ns, NULL, &fine->out);
    }
    coarse->now_ns = fine->now_ns;
    model_step(&coarse->m, coarse->now_ns, NULL, &coarse->out);
    assert_string_equal(strbuf_text(&fine->out), strbuf_text(&coarse->out));
    rig_free(fine);
    rig_free(coarse);
}

static const char sample[] = "\xef\xbb\xbf; a small file\r\n"
                             "G21 ; millimetres\r\n"
                             "  G28   \n"
                             "\n"
                             "M117 Printing 50% (half) done\n"
                             "M73 P0 R5\n"
                             "M104 S0\n"
                             "G1 X10.5 Y20 E.3 F1500;outer wall\n"
                             "@pause\n"
                             "(a comment) G1 X11 (another)\n"
                             "M204 P800\n"
                             "G1 X0";
static const char *const sent[] = {"G21", "G28", "M117 Printing 50% (half) done", "M73 P0 R5",
    "M104 S0", "G1 X10.5 Y20 E.3 F1500", "G1 X11", "M204 P800", "G1 X0"};

static void send_print(struct rig *r)
{
    rig_ask(r, numbered(0, "M110"), 1);
    rig_ask(r, numbered(1, "M75"), 1);
    long n = 2;
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        rig_ask(r, numbered(n++, sent[i]), 5000);
        rig_ask(r, "M105\n", 1);
    }
    rig_ask(r, numbered(n, "M77"), 1);
}

static void expected_hash(char out[65])
{
    char path[] = "/tmp/ppv-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, sample, sizeof(sample) - 1), sizeof(sample) - 1);
    close(fd);
    char *command = NULL;
    assert_true(asprintf(&command, "%s/tests/lib/expect %s", PP_SOURCE_DIR, path) > 0);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    char line[80];
    assert_non_null(fgets(line, sizeof(line), p));
    assert_int_equal(strcspn(line, "\n"), 64);
    str_copy(out, 65, line, 64);
    assert_int_equal(pclose(p), 0);
    unlink(path);
    free(command);
}

static void the_hash_of_a_print_is_the_expected_one_of_its_file(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "M140 S0\n", 1); /* outside of the print */
    send_print(r);
    rig_ask(r, "M104 S0\n", 1);
    char wanted[65];
    char got[65];
    expected_hash(wanted);
    assert_int_equal(r->m.tally.prints_len, 1);
    assert_true(r->m.tally.prints[0].complete);
    assert_int_equal(r->m.tally.prints[0].commands, 7);
    tally_hash(&r->m.tally.prints[0], got);
    assert_string_equal(got, wanted);
    tally_hash(&r->m.tally.total, got);
    assert_string_not_equal(got, wanted);
    rig_free(r);
}

static void a_damaged_line_shows_in_the_hash(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    send_print(r);
    char one[65];
    tally_hash(&r->m.tally.prints[0], one);
    rig_ask(r, numbered(0, "M110"), 1);
    rig_ask(r, numbered(1, "M75"), 1);
    rig_ask(r, "G1 X1\n", 1);
    send_print(r);
    char other[65];
    tally_hash(&r->m.tally.prints[1], other);
    assert_false(r->m.tally.prints[1].complete);
    assert_string_not_equal(one, other);
    tally_hash(&r->m.tally.prints[2], other);
    assert_string_equal(one, other);
    rig_free(r);
}

static void what_runs_while_a_print_is_paused_is_no_part_of_it(void **state)
{
    (void)state;
    struct rig *plain = rig_new("marlin-2.1", NULL);
    struct rig *paused = rig_new("marlin-2.1", NULL);
    rig_ask(plain, "M75\nG21\nG90\nM77\n", 1);
    rig_ask(paused, "M75\nG21\nM76\nG91\nG28\nM75\nG90\nM77\nM84\n", 20000);
    char one[65];
    char other[65];
    assert_int_equal(paused->m.tally.prints_len, 1);
    tally_hash(&plain->m.tally.prints[0], one);
    tally_hash(&paused->m.tally.prints[0], other);
    assert_string_equal(one, other);
    rig_free(plain);
    rig_free(paused);
}

static void a_full_wire_is_reported_as_full(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", real_wire);
    rig_run(r, 100);
    rig_send(r, "M75\n");
    for (int i = 0; i < 200; i++) {
        rig_send(r, "G1 X100 Y100 E1.2345 ; a job\n");
    }
    rig_send(r, "M77\n");
    rig_run(r, 5000);
    char *text = report_text(&r->m);
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    double used;
    int commands;
    assert_int_equal(json_unpack(o, "{s:[{s:f, s:i}]}", "prints", "wire_utilisation", &used,
                         "commands", &commands),
        0);
    assert_int_equal(commands, 200);
    assert_true(fabs(used - 1) < 1e-6);
    json_decref(o);
    free(text);
    rig_free(r);
}

static void the_report_tells_what_happened(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_ask(r, "G28\nG1 X10 Y20 Z1 E2\nM400\nM104 S50\n", 60000);
    rig_ask(r, "N5 M105*1\nM112\n", 10);
    char *text = report_text(&r->m);
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    int lines;
    int numbers;
    const char *halted;
    double y;
    json_t *heaters;
    assert_int_equal(
        json_unpack(o, "{s:i, s:{s:i}, s:s, s:{s:f}, s:o}", "lines", &lines, "errors",
            "line_number", &numbers, "halted", &halted, "position", "Y", &y, "heaters", &heaters),
        0);
    assert_int_equal(lines, 5);
    assert_int_equal(numbers, 1);
    assert_string_equal(halted, "M112");
    assert_true(fabs(y - 20) < 1e-9);
    assert_int_equal(json_array_size(heaters), 2);
    json_decref(o);
    free(text);
    rig_free(r);
}

static int parse(struct options *o, struct err *e, const char *a, const char *b)
{
    char *argv[] = {(char[]){"ppvirtual"}, strdup(a), b != NULL ? strdup(b) : NULL, NULL};
    int rc = options_parse(o, b != NULL ? 3 : 2, argv, e);
    free(argv[1]);
    free(argv[2]);
    return rc;
}

static void a_wrong_option_is_quoted_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        const char *text;
    } cases[] = {
        {"--buad", "1", "unknown option \"--buad\": did you mean --baud?"},
        {"--baud", "fast", "--baud \"fast\": must be a whole number from 1200 to 4000000"},
        {"--baud=7", NULL, "--baud \"7\": must be a whole number from 1200 to 4000000"},
        {"--speed", "0", "--speed \"0\": must be a number from 0.01 to 100000"},
        {"--wire", "on", "--wire \"on\": must be real or off"},
        {"--firmware", "marlin2.1", "no such firmware, did you mean \"marlin-2.1\""},
        {"--plain-ok=1", NULL, "--plain-ok takes no value"},
        {"--report", NULL, "--report needs a value"},
        {"--area", "1,2", "must be three lengths"},
        {"--verbose", NULL, "one of --link PATH and --device PATH is needed"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct options o;
        struct err e = {0};
        assert_int_equal(parse(&o, &e, cases[i].a, cases[i].b), -PP_EINVAL);
        assert_contains(e.text, cases[i].text);
    }
}

static void the_gap_runs_from_an_ok_between_moves_to_the_next_byte(void **state)
{
    (void)state;
    struct gap *g = calloc(1, sizeof(*g));
    const char *said[] = {"ok\n", "T:20 ok\n", "ok P15 B3\n", "echo:busy\n", "ok"};
    uint64_t now_ns = 1000000;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        for (const char *c = said[i]; *c != '\0'; c++) {
            gap_byte(g, *c, true);
        }
        gap_hand_over(g, now_ns);
        gap_answered(g, now_ns + 250);
        now_ns += 1000000;
    }
    assert_int_equal(g->ns.count, 2);
    assert_int_equal(g->ns.max, 250);
    gap_byte(g, '\n', false); /* the last ok is none between moves */
    gap_hand_over(g, now_ns);
    gap_answered(g, now_ns + 1000000);
    assert_int_equal(g->ns.count, 2);
    free(g);
}

static void of_several_unanswered_oks_the_oldest_counts(void **state)
{
    (void)state;
    struct gap *g = calloc(1, sizeof(*g));
    for (int i = 0; i < 3; i++) {
        gap_byte(g, 'o', true);
        gap_byte(g, 'k', true);
        gap_byte(g, '\n', true);
        gap_hand_over(g, 5000000 + (uint64_t)i * 1000000);
    }
    gap_answered(g, 9000000);
    gap_answered(g, 9500000);
    assert_int_equal(g->ns.count, 1);
    assert_int_equal(g->ns.max, 4000000);
    free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_takes_both_ways_on_the_wire_and_the_latency),
        cmocka_unit_test(bytes_leave_one_after_the_other_and_in_order_whatever_the_jitter),
        cmocka_unit_test(steps_early_or_late_give_the_same_bytes),
        cmocka_unit_test(the_hash_of_a_print_is_the_expected_one_of_its_file),
        cmocka_unit_test(a_damaged_line_shows_in_the_hash),
        cmocka_unit_test(what_runs_while_a_print_is_paused_is_no_part_of_it),
        cmocka_unit_test(a_full_wire_is_reported_as_full),
        cmocka_unit_test(the_report_tells_what_happened),
        cmocka_unit_test(the_gap_runs_from_an_ok_between_moves_to_the_next_byte),
        cmocka_unit_test(of_several_unanswered_oks_the_oldest_counts),
        cmocka_unit_test(a_wrong_option_is_quoted_with_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
