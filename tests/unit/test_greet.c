#include "host/core/greet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS     UINT64_C(1000)
#define SECOND (1000 * MS)
#define DAY    (86400 * SECOND)

struct bench {
    struct greet g;
    char resets[32]; /* per hello: whether the unpacker was reset before it */
    uint64_t now_us;
    uint64_t start_us;
    size_t hellos;
    int bauds[GREET_BAUDS]; /* at which a hello was said, in order */
    size_t baud_count;
    enum greet_result result;
};

static void tick(struct bench *b)
{
    b->result = greet_tick(&b->g, b->now_us);
    b->g.set_baud = false;
    if (b->g.say_hello) {
        int baud = b->g.baud[b->g.at];
        b->g.say_hello = false;
        assert_true(b->hellos + 1 < sizeof b->resets);
        b->resets[b->hellos] = b->g.say_reset ? 'R' : '-';
        b->g.say_reset = false;
        b->hellos++;
        if (b->baud_count == 0 || b->bauds[b->baud_count - 1] != baud) {
            assert_true(b->baud_count < GREET_BAUDS);
            b->bauds[b->baud_count++] = baud;
        }
    }
}

static struct bench begin(int baud, int last_good)
{
    struct bench b = {.now_us = 77 * SECOND, .start_us = 77 * SECOND};
    greet_init(&b.g, b.now_us, baud, last_good, false);
    tick(&b);
    return b;
}

static void advance(struct bench *b, uint64_t us)
{
    uint64_t end = b->now_us + us;
    while (b->result == GREET_GOING && b->g.next_us <= end) {
        b->now_us = b->g.next_us > b->now_us ? b->g.next_us : b->now_us + 1;
        tick(b);
    }
    b->now_us = b->result == GREET_GOING ? end : b->now_us;
}

static void rx(struct bench *b, const char *line)
{
    greet_rx(&b->g, b->now_us, line, strlen(line));
}

static uint64_t seconds(const struct bench *b)
{
    return (b->now_us - b->start_us) / SECOND;
}

static void a_printer_left_unpacking_is_told_to_stop(void **state)
{
    (void)state;
    struct bench b = begin(115200, 0);
    advance(&b, DAY);
    assert_string_equal(b.resets, "----R"); /* the last try */
    b = (struct bench){.now_us = SECOND};
    greet_init(&b.g, b.now_us, 115200, 0, true);
    tick(&b);
    advance(&b, DAY);
    assert_string_equal(b.resets, "-R-R-"); /* it may well be */
}

static void the_hello_has_a_right_checksum_and_ends_half_a_line(void **state)
{
    unsigned char sum = 0;
    const char *star = strchr(greet_hello, '*');
    (void)state;
    assert_int_equal(greet_hello[0], '\n');
    for (const char *p = greet_hello + 1; p < star; p++) {
        sum ^= (unsigned char)*p;
    }
    assert_int_equal(strtol(star + 1, NULL, 10), sum);
    assert_int_equal(greet_hello[strlen(greet_hello) - 1], '\n');
}

static void an_ok_and_a_quiet_moment_are_an_answer(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    advance(&b, 20 * MS);
    rx(&b, "ok");
    advance(&b, 100 * MS);
    assert_int_equal(b.result, GREET_GOING);
    rx(&b, "ok"); /* of the newline, or of line noise: not to be taken for an answer later */
    advance(&b, 100 * MS);
    assert_int_equal(b.result, GREET_GOING);
    advance(&b, 100 * MS);
    assert_int_equal(b.result, GREET_ANSWERED);
    assert_int_equal(b.hellos, 1);
}

static void a_board_that_boots_is_greeted_again_behind_its_banner(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    advance(&b, 1500 * MS);
    rx(&b, "start");
    rx(&b, "echo:Marlin 2.1.2");
    advance(&b, 200 * MS);
    rx(&b, "echo:SD init fail");
    advance(&b, 200 * MS);
    assert_int_equal(b.hellos, 1);
    advance(&b, 200 * MS);
    assert_int_equal(b.hellos, 2);
    rx(&b, "ok");
    advance(&b, 200 * MS);
    assert_int_equal(b.result, GREET_ANSWERED);
}

static void an_answer_from_before_the_boot_does_not_count(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    rx(&b, "ok");
    advance(&b, 50 * MS);
    rx(&b, "ok T:19.38 /0.00start");
    advance(&b, 310 * MS);
    assert_int_equal(b.result, GREET_GOING);
    assert_int_equal(b.hellos, 2);
}

static void wait_is_an_answer_too(void **state)
{
    struct bench b = begin(250000, 0);
    (void)state;
    rx(&b, "wait");
    advance(&b, 200 * MS);
    assert_int_equal(b.result, GREET_ANSWERED);
}

static void silence_at_the_only_rate_takes_ten_seconds(void **state)
{
    struct bench b = begin(250000, 0);
    (void)state;
    advance(&b, DAY);
    assert_int_equal(b.result, GREET_FAILED);
    assert_int_equal(b.hellos, 5);
    assert_int_equal(seconds(&b), 10);
    assert_string_equal(
        b.g.text, "no answer at 250000 baud: printer off, another port, or another baud rate?");
}

static void every_usual_rate_is_tried_once_the_last_good_one_first(void **state)
{
    static const int want[] = {57600, 115200, 250000, 230400, 38400, 19200, 9600, 500000, 1000000};
    struct bench b = begin(0, 57600);
    (void)state;
    advance(&b, DAY);
    assert_int_equal(b.result, GREET_FAILED);
    assert_int_equal(b.baud_count, sizeof want / sizeof *want);
    assert_memory_equal(b.bauds, want, sizeof want);
    assert_true(seconds(&b) < 60);
    assert_non_null(strstr(b.g.text, "any baud rate"));
}

static void an_unusual_last_good_rate_is_tried_as_well(void **state)
{
    struct bench b = begin(0, 12345);
    (void)state;
    advance(&b, DAY);
    assert_int_equal(b.bauds[0], 12345);
    assert_int_equal(b.baud_count, 10);
}

static void garbage_means_a_wrong_rate(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    for (int i = 0; i < 100; i++) {
        rx(&b, "\x80\xf3\x11ok\xff");
        advance(&b, 10 * MS);
    }
    advance(&b, DAY);
    assert_int_equal(b.result, GREET_FAILED);
    assert_int_equal(seconds(&b), 10);
    assert_string_equal(
        b.g.text, "what the printer sends makes no sense at 115200 baud: wrong baud rate?");
    b = begin(0, 0);
    rx(&b, "\x80\x81");
    advance(&b, DAY);
    assert_null(strstr(b.g.text, "115200"));
    assert_non_null(strstr(b.g.text, "makes no sense at any baud rate"));
}

static void a_halted_printer_is_told_at_once(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    rx(&b, "Error:Printer halted. kill() called!");
    advance(&b, SECOND);
    assert_int_equal(b.result, GREET_FAILED);
    assert_int_equal(seconds(&b), 0);
    assert_non_null(strstr(b.g.text, "halted"));
    assert_non_null(strstr(b.g.text, "Printer halted. kill() called!"));
}

static void a_busy_printer_is_waited_for(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    for (int i = 0; i < 300; i++) {
        rx(&b, "echo:busy: processing");
        advance(&b, 2 * SECOND);
    }
    assert_int_equal(b.result, GREET_GOING);
    assert_int_equal(b.hellos, 1);
    rx(&b, "ok");
    advance(&b, SECOND);
    assert_int_equal(b.result, GREET_ANSWERED);
}

static void reports_every_second_do_not_hinder(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    advance(&b, 500 * MS);
    rx(&b, " T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0");
    advance(&b, 500 * MS);
    rx(&b, "ok");
    rx(&b, " T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0");
    advance(&b, 500 * MS);
    assert_int_equal(b.result, GREET_ANSWERED);
}

/* Some other device that logs without a pause. */
static void what_never_stops_talking_is_given_up(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    while (b.result == GREET_GOING && seconds(&b) < 600) {
        rx(&b, "$GPGGA,123519,4807.038,N");
        advance(&b, 50 * MS);
    }
    assert_int_equal(b.result, GREET_FAILED);
    assert_true(seconds(&b) < 60);
}

static void a_printer_that_never_stops_talking_is_connected_all_the_same(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    rx(&b, "ok");
    while (b.result == GREET_GOING && seconds(&b) < 600) {
        rx(&b, "echo:debug");
        advance(&b, 50 * MS);
    }
    assert_int_equal(b.result, GREET_ANSWERED);
    assert_true(seconds(&b) < 10);
}

static void a_board_that_boots_for_ever_is_given_up(void **state)
{
    struct bench b = begin(115200, 0);
    (void)state;
    while (b.result == GREET_GOING && seconds(&b) < 600) {
        rx(&b, "start");
        advance(&b, SECOND);
    }
    assert_int_equal(b.result, GREET_FAILED);
    assert_true(seconds(&b) < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_printer_left_unpacking_is_told_to_stop),
        cmocka_unit_test(the_hello_has_a_right_checksum_and_ends_half_a_line),
        cmocka_unit_test(an_ok_and_a_quiet_moment_are_an_answer),
        cmocka_unit_test(a_board_that_boots_is_greeted_again_behind_its_banner),
        cmocka_unit_test(an_answer_from_before_the_boot_does_not_count),
        cmocka_unit_test(wait_is_an_answer_too),
        cmocka_unit_test(silence_at_the_only_rate_takes_ten_seconds),
        cmocka_unit_test(every_usual_rate_is_tried_once_the_last_good_one_first),
        cmocka_unit_test(an_unusual_last_good_rate_is_tried_as_well),
        cmocka_unit_test(garbage_means_a_wrong_rate),
        cmocka_unit_test(a_halted_printer_is_told_at_once),
        cmocka_unit_test(a_busy_printer_is_waited_for),
        cmocka_unit_test(reports_every_second_do_not_hinder),
        cmocka_unit_test(what_never_stops_talking_is_given_up),
        cmocka_unit_test(a_printer_that_never_stops_talking_is_connected_all_the_same),
        cmocka_unit_test(a_board_that_boots_for_ever_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
