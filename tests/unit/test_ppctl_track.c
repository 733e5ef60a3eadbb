// link: ppctl_parts
#include "tools/ppctl/track.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SINCE INT64_C(1000000)

static void feed(struct track *t, uint64_t now_ms, const char *text)
{
    json_error_t why;
    json_t *event = json_loads(text, 0, &why);
    if (event == NULL) {
        fail_msg("%s: %s", text, why.text);
    }
    track_event(t, event, now_ms);
    json_decref(event);
}

static void start(struct track *t)
{
    track_init(t, "a.gcode", SINCE, 0);
    feed(t, 10,
        "{\"type\":\"status\",\"state\":\"starting\",\"job\":{\"run_id\":\"r1\",\"file_name\":"
        "\"a.gcode\",\"started_ms\":1000100,\"lines\":0},\"question\":null,\"waiting_for\":null}");
    assert_int_equal(t->phase, TRACK_RUNNING);
}

static void a_print_is_followed_from_its_job_to_its_end(void **state)
{
    struct track t;
    (void)state;
    start(&t);
    feed(&t, 20,
        "{\"type\":\"run\",\"run\":{\"id\":\"r1\",\"file_name\":\"a.gcode\",\"start_ms\":1000100,"
        "\"end_ms\":1060100,\"result\":\"success\",\"lines\":77,\"resends\":2,\"reason\":null}}");
    assert_int_equal(t.phase, TRACK_ENDED);
    assert_string_equal(t.result, "success");
    assert_int_equal(t.lines, 77);
    assert_int_equal(t.resends, 2);
    assert_int_equal(t.duration_ms, 60000);
    track_fini(&t);
}

static void a_question_and_its_answer_come_before_the_run(void **state)
{
    struct track t;
    (void)state;
    track_init(&t, "a.gcode", SINCE, 0);
    feed(&t, 10, "{\"type\":\"question\",\"question\":{\"id\":\"q\"},\"waiting_for\":\"a.gcode\"}");
    assert_int_equal(t.phase, TRACK_ASKING);
    feed(&t, 20, "{\"type\":\"question\",\"question\":null,\"waiting_for\":null}");
    assert_int_equal(t.phase, TRACK_PENDING);
    feed(&t, 30,
        "{\"type\":\"run\",\"run\":{\"id\":\"r1\",\"file_name\":\"a.gcode\",\"start_ms\":1000200,"
        "\"result\":\"open\"}}");
    assert_int_equal(t.phase, TRACK_RUNNING);
    track_fini(&t);
}

static void other_and_earlier_prints_change_nothing(void **state)
{
    struct track t;
    (void)state;
    track_init(&t, "a.gcode", SINCE, 0);
    feed(&t, 10,
        "{\"type\":\"run\",\"run\":{\"id\":\"r0\",\"file_name\":\"a.gcode\",\"start_ms\":500000,"
        "\"result\":\"failure\"}}");
    feed(&t, 20,
        "{\"type\":\"run\",\"run\":{\"id\":\"x\",\"file_name\":\"b.gcode\",\"start_ms\":1000200,"
        "\"result\":\"failure\"}}");
    feed(&t, 30,
        "{\"type\":\"progress\",\"job\":{\"run_id\":\"x\",\"file_name\":\"b.gcode\",\"started_ms\":"
        "1000200}}");
    assert_int_equal(t.phase, TRACK_PENDING);
    track_fini(&t);
    start(&t);
    feed(&t, 40,
        "{\"type\":\"run\",\"run\":{\"id\":\"r2\",\"file_name\":\"a.gcode\",\"start_ms\":1000300,"
        "\"result\":\"cancelled\"}}");
    assert_int_equal(t.phase, TRACK_RUNNING);
    track_fini(&t);
}

static void a_print_without_a_trace_is_lost_after_two_seconds(void **state)
{
    struct track t;
    (void)state;
    start(&t);
    assert_false(track_is_lost(&t, 2009));
    assert_true(track_is_lost(&t, 2010));
    feed(&t, 2010, "{\"type\":\"temps\",\"temperatures\":{}}");
    assert_false(track_is_lost(&t, 4000)); /* its job is still in the status */
    feed(&t, 4000, "{\"type\":\"status\",\"state\":\"operational\",\"job\":null}");
    assert_true(track_is_lost(&t, 6000));
    track_fini(&t);
}

static void the_rate_is_that_of_the_last_seconds(void **state)
{
    struct track t;
    (void)state;
    start(&t);
    assert_true(track_rate(&t) < 0);
    for (int second = 1; second <= 60; second++) {
        char text[200];
        int lines = second <= 30 ? second * 100 : 3000 + (second - 30) * 10;
        snprintf(text, sizeof text,
            "{\"type\":\"progress\",\"job\":{\"run_id\":\"r1\",\"file_name\":\"a.gcode\",\"lines\":"
            "%d}}",
            lines);
        feed(&t, 10 + (uint64_t)second * 1000, text);
        if (second == 30) {
            assert_true(track_rate(&t) > 99 && track_rate(&t) < 101);
        }
    }
    assert_true(track_rate(&t) > 9.9 && track_rate(&t) < 10.1);
    track_fini(&t);
}

static void lines_that_are_counted_anew_begin_a_new_rate(void **state)
{
    struct track t;
    (void)state;
    start(&t);
    feed(&t, 1000,
        "{\"type\":\"progress\",\"job\":{\"run_id\":\"r1\",\"file_name\":\"a.gcode\",\"lines\":500}"
        "}");
    feed(&t, 2000,
        "{\"type\":\"progress\",\"job\":{\"run_id\":\"r1\",\"file_name\":\"a.gcode\",\"lines\":-5}"
        "}");
    assert_true(track_rate(&t) <= 0);
    track_fini(&t);
}

#define OURS "\"job\":\"j1\",\"file_name\":\"a.gcode\""

static void a_job_is_known_by_its_id_not_by_its_file(void **state)
{
    struct track t;
    (void)state;
    track_init(&t, "a.gcode", SINCE, 0);
    track_set_job(&t, "j1", "r0");
    feed(&t, 10,
        "{\"type\":\"status\",\"job\":{\"run_id\":\"r0\",\"file_name\":\"a.gcode\",\"started_ms\":"
        "1000100},\"manage\":{\"job\":\"j1\",\"state\":\"printing\"}}");
    feed(&t, 20,
        "{\"type\":\"run\",\"run\":{\"id\":\"r9\",\"job\":\"j2\",\"file_name\":\"a.gcode\",\"start_"
        "ms\":"
        "1000200,\"result\":\"success\"}}");
    assert_int_equal(t.phase, TRACK_PENDING);
    feed(&t, 30,
        "{\"type\":\"run\",\"run\":{\"id\":\"r1\"," OURS
        ",\"start_ms\":1000300,\"result\":\"open\"}}");
    assert_int_equal(t.phase, TRACK_RUNNING);
    assert_string_equal(t.run_id, "r1");
    track_fini(&t);
}

static void a_job_that_waits_for_a_person_is_asked_about(void **state)
{
    struct track t;
    (void)state;
    track_init(&t, "a.gcode", SINCE, 0);
    track_set_job(&t, "j1", "");
    feed(&t, 10, "{\"type\":\"manage\",\"manage\":{\"job\":\"j2\",\"needs_person\":true}}");
    assert_int_equal(t.phase, TRACK_PENDING);
    feed(&t, 20, "{\"type\":\"manage\",\"manage\":{\"job\":\"j1\",\"needs_person\":true}}");
    assert_int_equal(t.phase, TRACK_ASKING);
    assert_true(track_is_managed(&t));
    track_fini(&t);
}

static void a_failed_print_may_be_followed_by_another_while_it_is_managed(void **state)
{
    static const char failed[] =
        "{\"type\":\"run\",\"run\":{\"id\":\"r1\"," OURS
        ",\"start_ms\":1000300,\"end_ms\":1000400,\"result\":\"failure\",\"reason\":\"x\"}}";
    struct track t;
    (void)state;
    for (int managing = 0; managing < 2; managing++) {
        track_init(&t, "a.gcode", SINCE, 0);
        track_set_job(&t, "j1", "");
        feed(&t, 10,
            managing ? "{\"manage\":{\"job\":\"j1\",\"managing\":true}}"
                     : "{\"manage\":{\"job\":\"j1\",\"managing\":false}}");
        feed(&t, 20, failed);
        assert_int_equal(t.phase, managing ? TRACK_PENDING : TRACK_ENDED);
        assert_string_equal(t.reason, "x");
        feed(&t, 30, failed); /* the history tells it again */
        assert_int_equal(t.phase, managing ? TRACK_PENDING : TRACK_ENDED);
        if (managing) {
            feed(&t, 40,
                "{\"type\":\"run\",\"run\":{\"id\":\"r2\"," OURS
                ",\"start_ms\":1000450,\"end_ms\":1000500,\"result\":\"success\"}}");
            assert_string_equal(t.result, "success");
        }
        track_fini(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_print_is_followed_from_its_job_to_its_end),
        cmocka_unit_test(a_question_and_its_answer_come_before_the_run),
        cmocka_unit_test(other_and_earlier_prints_change_nothing),
        cmocka_unit_test(a_print_without_a_trace_is_lost_after_two_seconds),
        cmocka_unit_test(the_rate_is_that_of_the_last_seconds),
        cmocka_unit_test(lines_that_are_counted_anew_begin_a_new_rate),
        cmocka_unit_test(a_job_is_known_by_its_id_not_by_its_file),
        cmocka_unit_test(a_job_that_waits_for_a_person_is_asked_about),
        cmocka_unit_test(a_failed_print_may_be_followed_by_another_while_it_is_managed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
