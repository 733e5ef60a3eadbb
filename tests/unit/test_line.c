#include "host/core/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_line(uint64_t n, const char *command, const char *want)
{
    char out[LINE_MAX_OUT + 1];
    size_t len = line_format(out, n, command, strlen(command));
    out[len] = '\0';
    assert_string_equal(out, want);
}

static void a_line_carries_number_and_checksum(void **state)
{
    (void)state;
    assert_line(0, "M110 N0", "N0 M110 N0*125\n");
    assert_line(1, "G28", "N1 G28*18\n");
    assert_line(3, "T0", "N3 T0*57\n");
    assert_line(123, "G1 X10.5 Y20 F1800", "N123 G1 X10.5 Y20 F1800*94\n");
}

static void the_text_may_hold_stars_and_any_byte(void **state)
{
    char out[LINE_MAX_OUT];
    unsigned char sum = 0;
    const char text[] = "M117 a * b \xc3\xa4";
    (void)state;
    size_t len = line_format(out, 7, text, strlen(text));
    const char *star = memrchr(out, '*', len);
    for (const char *p = out; p < star; p++) {
        sum ^= (unsigned char)*p;
    }
    assert_int_equal(strtol(star + 1, NULL, 10), sum);
}

static void the_longest_line_fits(void **state)
{
    char out[LINE_MAX_OUT];
    char command[LINE_MAX_CMD];
    (void)state;
    memset(command, 'x', sizeof command);
    size_t len = line_format(out, UINT64_MAX, command, sizeof command);
    assert_true(len <= sizeof out);
    assert_int_equal(out[len - 1], '\n');
    assert_memory_equal(out, "N18446744073709551615 x", 23);
}

static void the_overhead_is_never_told_too_small(void **state)
{
    static const uint64_t numbers[] = {0, 9, 10, 99, 100, 12345678, UINT64_MAX};
    char out[LINE_MAX_OUT];
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t most = 0;
        for (int c = 1; c < 256; c++) { /* every checksum */
            char command[] = {'G', (char)c};
            size_t len = line_format(out, numbers[i], command, 2) - 2;
            most = len > most ? len : most;
        }
        assert_int_equal(line_overhead(numbers[i]), most);
    }
}

/* Feeds `bytes` and writes the lines into `out`, each with a '|' behind it. */
static void split(struct line_split *s, const char *bytes, size_t left, char *out)
{
    const char *line;
    size_t len;
    while (line_next(s, &bytes, &left, &line, &len)) {
        assert_int_equal(strlen(line), len);
        strcat(out, line);
        strcat(out, "|");
    }
    assert_int_equal(left, 0);
}

static void bytes_become_lines(void **state)
{
    struct line_split s = {.len = 0};
    char out[256] = "";
    (void)state;
    split(&s, "ok\nResend: 4\r\n\nhal", 18, out);
    assert_string_equal(out, "ok|Resend: 4||");
    split(&s, "f\n", 2, out);
    assert_string_equal(out, "ok|Resend: 4||half|");
}

static void nuls_and_returns_are_dropped_anywhere(void **state)
{
    struct line_split s = {.len = 0};
    char out[64] = "";
    (void)state;
    split(&s, "\0o\0k\r\r\n\0\0\n", 10, out);
    assert_string_equal(out, "ok||");
}

static void a_line_without_end_stays_bounded(void **state)
{
    struct line_split s = {.len = 0};
    static char garbage[100000];
    char out[LINE_MAX_IN + 16] = "";
    (void)state;
    memset(garbage, 'x', sizeof garbage);
    split(&s, garbage, sizeof garbage, out);
    assert_string_equal(out, "");
    split(&s, "tail\nok\n", 8, out);
    assert_int_equal(strlen(out), LINE_MAX_IN + 4);
    assert_string_equal(out + LINE_MAX_IN, "|ok|");
}

/* However the bytes are cut, the lines are the same. */
static void every_cut_gives_the_same_lines(void **state)
{
    static const char text[] = "start\r\nMarlin 2.1\n\necho:\x80\xff\nok T:20 /0\nResend:";
    char whole[128] = "";
    (void)state;
    split(&(struct line_split){.len = 0}, text, sizeof text - 1, whole);
    for (size_t a = 0; a < sizeof text; a++) {
        for (size_t b = a; b < sizeof text; b++) {
            struct line_split s = {.len = 0};
            char cut[128] = "";
            split(&s, text, a, cut);
            split(&s, text + a, b - a, cut);
            split(&s, text + b, sizeof text - 1 - b, cut);
            assert_string_equal(cut, whole);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_carries_number_and_checksum),
        cmocka_unit_test(the_text_may_hold_stars_and_any_byte),
        cmocka_unit_test(the_longest_line_fits),
        cmocka_unit_test(the_overhead_is_never_told_too_small),
        cmocka_unit_test(bytes_become_lines),
        cmocka_unit_test(nuls_and_returns_are_dropped_anywhere),
        cmocka_unit_test(a_line_without_end_stays_bounded),
        cmocka_unit_test(every_cut_gives_the_same_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
