// link: ppapp
#include "host/app/device/device_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct device_words some(void)
{
    struct device_words w = {.run_id = "01234567-89ab-7def-8123-456789abcdef",
        .state = PRINTER_PAUSING,
        .bed_taken = true,
        .script_begun = true,
        .parked = true,
        .parks = true,
        .offered = true,
        .moved = true,
        .fault = true,
        .pause_extruded = -2000000,
        .passed_offset = 123456789012,
        .max_command = 83,
        .job_wall_ms = 1763600000000,
        .result = RUN_CANCELLED,
        .reason = "a reason with \"quotes\" and an \xc3\xa4",
        .baud = 250000,
        .dialect = "marlin",
        .port = "/dev/serial/by-id/usb-x",
        .uuid = "cede2a2f-41a2-4748-9b12-c55c62f367ff",
        .firmware = "Marlin 2.1.2"};
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        w.target_mc[i] = i == 0 ? 210000 : i == TEMP_BED ? 0 : TEMP_NONE;
    }
    return w;
}

static void what_is_written_is_read_again(void **state)
{
    char text[DEVICE_WORDS + 1];
    struct device_words w = some();
    struct device_words back;
    struct err e;
    (void)state;
    size_t len = device_words_format(&w, text);
    assert_in_range(len, 100, DEVICE_WORDS);
    assert_int_equal(strlen(text), len);
    if (device_words_parse(&back, text, len, &e) != 0) {
        fail_msg("%s", e.text);
    }
    assert_string_equal(back.run_id, w.run_id);
    assert_int_equal(back.state, w.state);
    assert_true(back.bed_taken && back.script_begun && back.parked && back.parks && back.offered &&
                back.moved && back.fault);
    assert_int_equal(back.pause_extruded, w.pause_extruded);
    assert_int_equal(back.passed_offset, w.passed_offset);
    assert_int_equal(back.max_command, w.max_command);
    assert_int_equal(back.job_wall_ms, w.job_wall_ms);
    assert_int_equal(back.result, w.result);
    assert_string_equal(back.reason, w.reason);
    assert_int_equal(back.baud, w.baud);
    assert_string_equal(back.dialect, w.dialect);
    assert_string_equal(back.port, w.port);
    assert_string_equal(back.uuid, w.uuid);
    assert_string_equal(back.firmware, w.firmware);
    assert_memory_equal(back.target_mc, w.target_mc, sizeof w.target_mc);
}

/* Bytes that are no text are escaped and cut, so that the rest is not lost with them. */
static void the_worst_texts_fit(void **state)
{
    char text[DEVICE_WORDS + 1];
    struct device_words w = some();
    struct device_words back;
    (void)state;
    memset(w.reason, 0xff, sizeof w.reason - 1);
    memset(w.port, '"', sizeof w.port - 1);
    memset(w.firmware, '\\', sizeof w.firmware - 1);
    size_t len = device_words_format(&w, text);
    assert_true(len > 0);
    assert_int_equal(device_words_parse(&back, text, len, NULL), 0);
    assert_string_equal(back.port, w.port);
    assert_true(strncmp(back.reason, "\\xff\\xff", 8) == 0);
}

static void refuses(const char *from, const char *to)
{
    char text[DEVICE_WORDS + 1];
    char changed[2 * DEVICE_WORDS];
    struct device_words w = some();
    struct err e;
    device_words_format(&w, text);
    char *at = strstr(text, from);
    assert_non_null(at);
    int len = snprintf(
        changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    assert_int_equal(device_words_parse(&w, changed, (size_t)len, &e), -PP_ECORRUPT);
    assert_string_equal(w.run_id, "");
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    refuses("\"version\":1", "\"version\":2");
    refuses("\"pausing\"", "\"operational\"");
    refuses("\"pausing\"", "\"recovering\"");
    refuses("\"pausing\"", "\"\"");
    refuses("01234567-", "0123");
    refuses("\"baud\":250000", "\"baud\":0");
    refuses("\"passed\":123456789012", "\"passed\":-1");
    refuses("\"passed\":", "\"past\":");
    refuses("\"result\":3", "\"result\":6");
    refuses("[210000,", "[-1,");
    refuses("[210000,", "[210000,1,");
    refuses("[210000,", "[\"hot\",");
    refuses("[210000,", "[99999999999,");
    refuses("\"bed_taken\":true", "\"bed_taken\":1");
    refuses("\"max_command\":83", "\"max_command\":1000000");
    refuses("}", "");
    refuses("}", "}}");
}

static void nothing_and_too_much_are_refused(void **state)
{
    static char much[DEVICE_WORDS + 10];
    struct device_words w;
    struct err e;
    (void)state;
    memset(much, ' ', sizeof much);
    assert_int_equal(device_words_parse(&w, "", 0, &e), -PP_ECORRUPT);
    assert_int_equal(device_words_parse(&w, much, sizeof much, &e), -PP_ECORRUPT);
    assert_int_equal(device_words_parse(&w, "[]", 2, &e), -PP_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(the_worst_texts_fit),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(nothing_and_too_much_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
