// link: ppctl_parts
#include "tools/ppctl/bar.h"
#include "tools/ppctl/text.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOON INT64_C(1763640000000) /* 2025-11-20 12:00 UTC, a Thursday */

static void durations_grow_coarser(void **state)
{
    char out[TEXT_SIZE];
    (void)state;
    assert_string_equal(text_duration(out, 0), "0 s");
    assert_string_equal(text_duration(out, 59400), "59 s");
    assert_string_equal(text_duration(out, 245000), "4 min 05 s");
    assert_string_equal(text_duration(out, 4320000), "1 h 12 min");
    assert_string_equal(text_duration(out, INT64_C(183600000)), "2 d 3 h");
    assert_string_equal(text_duration(out, -5), "0 s");
    assert_string_equal(text_hms(out, 3723999), "1:02:03");
    assert_string_equal(text_hms(out, -1), "-:--:--");
}

static void sizes_and_counts_are_readable(void **state)
{
    char out[TEXT_SIZE];
    (void)state;
    assert_string_equal(text_size(out, 999), "999 B");
    assert_string_equal(text_size(out, 2449000), "2.4 MB");
    assert_string_equal(text_size(out, 999999), "1.0 MB");
    assert_string_equal(text_size(out, INT64_MAX), "9223372.0 TB");
    assert_string_equal(text_count(out, 0), "0");
    assert_string_equal(text_count(out, 999), "999");
    assert_string_equal(text_count(out, 52113), "52,113");
    assert_string_equal(text_count(out, -1234567), "-1,234,567");
    assert_string_equal(text_count(out, INT64_MIN), "-9,223,372,036,854,775,808");
}

static void clock_times_name_the_day_when_it_is_another(void **state)
{
    char out[TEXT_SIZE];
    (void)state;
    assert_string_equal(text_clock(out, NOON + 7200000, NOON), "14:00");
    assert_string_equal(text_clock(out, NOON + 86400000, NOON), "Fri 12:00");
    assert_string_equal(text_clock(out, NOON + INT64_C(864000000), NOON), "2025-11-30 12:00");
    assert_string_equal(text_date(out, NOON), "2025-11-20 12:00:00");
}

static void cut_text_is_marked_and_never_wider(void **state)
{
    (void)state;
    static const char text[] = "w\xc3\xbcrfel\xe2\x82\xac.gcode";
    for (int columns = 0; columns < 20; columns++) {
        struct strbuf out = {0};
        text_cut(&out, text, columns);
        assert_true(text_columns(strbuf_text(&out)) <= columns);
        strbuf_fini(&out);
    }
    struct strbuf out = {0};
    text_cut(&out, text, 9);
    assert_string_equal(strbuf_text(&out), "w\xc3\xbcrfel\xe2\x82\xac..");
    strbuf_fini(&out);
}

static void wrapped_text_loses_no_word(void **state)
{
    struct strbuf out = {0};
    (void)state;
    text_wrap(&out, "no answer from the printer at any speed", 4, 20);
    assert_string_equal(strbuf_text(&out), "no answer from\n    the printer at\n    any speed\n");
    strbuf_fini(&out);
    text_wrap(&out, "/dev/serial/by-id/usb-Prusa", 2, 12);
    assert_string_equal(strbuf_text(&out), "/dev/seria\n  l/by-id/us\n  b-Prusa\n");
    strbuf_fini(&out);
    text_wrap(&out, "", 2, 12);
    assert_string_equal(strbuf_text(&out), "\n");
    strbuf_fini(&out);
}

static void foreign_text_keeps_its_letters_and_loses_its_controls(void **state)
{
    struct strbuf in = {0};
    struct strbuf out = {0};
    (void)state;
    for (int i = 0; i < 100; i++) {
        strbuf_puts(&in, "\xe2\x82\xac");
        if (i % 7 == 0) {
            strbuf_puts(&in, "a");
        }
    }
    text_foreign(&out, strbuf_text(&in));
    assert_string_equal(strbuf_text(&out), strbuf_text(&in));
    strbuf_fini(&out);
    text_foreign(&out, "a\x1b[2J\xff");
    assert_string_equal(strbuf_text(&out), "a\\x1b[2J\\xff");
    strbuf_fini(&out);
    /* right-to-left override, line separator, isolate; a joiner stays, emoji are made of it */
    text_foreign(&out, "a\xe2\x80\xae"
                       "b\xe2\x80\xa8\xe2\x81\xa6\xe2\x80\x8f\xe2\x80\x8d");
    assert_string_equal(strbuf_text(&out),
        "a\\xe2\\x80\\xae"
        "b\\xe2\\x80\\xa8\\xe2\\x81\\xa6\\xe2\\x80\\x8f\xe2\x80\x8d");
    strbuf_fini(&out);
    strbuf_fini(&in);
}

static void fields_of_the_wrong_type_are_unknown(void **state)
{
    (void)state;
    json_t *doc = json_pack(
        "{s:s, s:i, s:f, s:n, s:f}", "text", "x", "int", 7, "real", 2.6, "null", "huge", 1e300);
    assert_string_equal(field_text(doc, "int"), "");
    assert_string_equal(field_text(NULL, "text"), "");
    assert_int_equal(field_int(doc, "text", -1), -1);
    assert_int_equal(field_int(doc, "real", -1), 3);
    assert_int_equal(field_int(doc, "huge", -1), -1);
    assert_int_equal(field_int(doc, "null", -1), -1);
    assert_null(field_node(doc, "text"));
    assert_int_equal(field_percent(doc), 0);
    json_decref(doc);
}

static void the_bar_gives_way_to_what_is_told(void **state)
{
    struct strbuf out = {0};
    const struct bar bar = {.lead = "",
        .percent = 45.9,
        .part = {"0:12:34 left", "ends 14:05", "layer 12/120", "85 lines/s"}};
    (void)state;
    bar_line(&out, &bar, 80, false);
    assert_string_equal(strbuf_text(&out),
        " 45 % [#########-----------]  0:12:34 left  ends 14:05  layer 12/120  85 lines/s");
    strbuf_fini(&out);
    bar_line(&out, &bar, 40, false);
    assert_string_equal(strbuf_text(&out), " 45 % [########----------]  0:12:34 left");
    strbuf_fini(&out);
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    const struct bar bar = {.lead = "paused",
        .percent = 100,
        .part = {"0:12:34 left", NULL, "layer 12/120", "", "tool0 210/210  bed 60/60"}};
    for (int columns = 1; columns < 200; columns++) {
        for (int utf8 = 0; utf8 < 2; utf8++) {
            struct strbuf out = {0};
            bar_line(&out, &bar, columns, utf8 != 0);
            assert_true(text_columns(strbuf_text(&out)) <= columns);
            strbuf_fini(&out);
        }
    }
}

static void a_bar_is_full_only_at_the_end(void **state)
{
    struct strbuf out = {0};
    (void)state;
    bar_draw(&out, 99.9, 10, false);
    bar_draw(&out, 100, 10, false);
    bar_draw(&out, -3, 4, false);
    assert_string_equal(strbuf_text(&out), "#########-##########----");
    strbuf_fini(&out);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_grow_coarser),
        cmocka_unit_test(sizes_and_counts_are_readable),
        cmocka_unit_test(clock_times_name_the_day_when_it_is_another),
        cmocka_unit_test(cut_text_is_marked_and_never_wider),
        cmocka_unit_test(wrapped_text_loses_no_word),
        cmocka_unit_test(foreign_text_keeps_its_letters_and_loses_its_controls),
        cmocka_unit_test(fields_of_the_wrong_type_are_unknown),
        cmocka_unit_test(the_bar_gives_way_to_what_is_told),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(a_bar_is_full_only_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
