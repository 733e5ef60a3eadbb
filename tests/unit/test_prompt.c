/* "//action:" lines and the prompts they make up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/core/prompt.h"
#include "host/core/reply.h"

#include <stdio.h>
#include <string.h>

static struct action_line parsed(const char *text)
{
    struct action_line a;
    action_parse(&a, text);
    return a;
}

static enum prompt_event take(struct prompt *p, const char *text)
{
    struct action_line a = parsed(text);
    return prompt_take(p, &a);
}

static void every_action_is_known_by_its_name(void **state)
{
    static const struct {
        const char *text;
        enum action what;
        const char *rest;
    } cases[] = {
        {"start", ACTION_START, ""},
        {"cancel", ACTION_CANCEL, ""},
        {"pause", ACTION_PAUSE, ""},
        {"pause: filament_runout", ACTION_PAUSE, "filament_runout"},
        {"resume", ACTION_RESUME, ""},
        {"paused", ACTION_PAUSED, ""},
        {"paused filament_runout 0", ACTION_PAUSED, "filament_runout 0"},
        {"resumed\r", ACTION_RESUMED, ""},
        {"disconnect", ACTION_DISCONNECT, ""},
        {"shutdown", ACTION_SHUTDOWN, ""},
        {"poweroff", ACTION_POWEROFF, ""},
        {"kill", ACTION_KILL, ""},
        {"out_of_filament T1", ACTION_OUT_OF_FILAMENT, "T1"},
        {"filament_runout T0", ACTION_OUT_OF_FILAMENT, "T0"},
        {"sd_inserted", ACTION_SD_INSERTED, ""},
        {"sd_ejected", ACTION_SD_EJECTED, ""},
        {"sd_updated", ACTION_SD_UPDATED, ""},
        {"prompt_begin Nozzle Parked", ACTION_PROMPT_BEGIN, "Nozzle Parked"},
        {"prompt_choice A", ACTION_PROMPT_BUTTON, "A"},
        {"prompt_button PurgeMore", ACTION_PROMPT_BUTTON, "PurgeMore"},
        {"prompt_show", ACTION_PROMPT_SHOW, ""},
        {"prompt_end", ACTION_PROMPT_END, ""},
        {"notification Sleep...\r", ACTION_NOTIFICATION, "Sleep..."},
        {"probe_failed", ACTION_PROBE_FAILED, ""},
        {"ready", ACTION_READY, ""},
        {"not_ready", ACTION_NOT_READY, ""},
        {"uvlo_recovery_ready", ACTION_RECOVERY_READY, ""},
        {"uvlo_auto_recovery_ready", ACTION_AUTO_RECOVERY_READY, ""},
        {"dump_available", ACTION_DUMP_AVAILABLE, ""},
        {" pause ", ACTION_PAUSE, ""},
        {"pausedd", ACTION_UNKNOWN, ""},
        {"paus", ACTION_UNKNOWN, ""},
        {"PAUSE", ACTION_UNKNOWN, ""},
        {"", ACTION_UNKNOWN, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct action_line a = parsed(cases[i].text);
        if (a.what != cases[i].what || strcmp(a.text, cases[i].rest) != 0) {
            fail_msg("\"%s\": %d \"%s\"", cases[i].text, (int)a.what, a.text);
        }
    }
}

static void both_ways_to_write_an_action_are_read(void **state)
{
    static const char *const lines[] = {"//action:pause", "// action:pause", "//  action:pause"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct reply r;
        reply_parse(&r, lines[i], strlen(lines[i]));
        assert_int_equal(r.kind, REPLY_ACTION);
        assert_int_equal(parsed(r.text).what, ACTION_PAUSE);
    }
}

static void foreign_bytes_are_escaped_and_cut(void **state)
{
    char line[400] = "notification ";
    (void)state;
    struct action_line a = parsed("notification \x1b[2Jx");
    assert_string_equal(a.text, "\\x1b[2Jx");
    memset(line + 13, 'x', 300);
    line[313] = '\0';
    a = parsed(line);
    assert_int_equal(strlen(a.text), sizeof a.text - 1);
    memset(line, 'w', 300);
    a = parsed(line);
    assert_int_equal(a.what, ACTION_UNKNOWN);
    assert_int_equal(strlen(a.word), sizeof a.word - 1);
}

static void a_prompt_is_shown_when_it_is_complete(void **state)
{
    (void)state;
    struct prompt p = {0};
    assert_int_equal(take(&p, "prompt_end"), PROMPT_NOTHING);
    assert_int_equal(take(&p, "prompt_begin Paused"), PROMPT_NOTHING);
    assert_int_equal(take(&p, "prompt_button PurgeMore"), PROMPT_NOTHING);
    assert_int_equal(take(&p, "prompt_choice Continue"), PROMPT_NOTHING);
    assert_int_equal(take(&p, "prompt_show"), PROMPT_SHOW);
    assert_string_equal(p.text, "Paused");
    assert_int_equal(p.buttons, 2);
    assert_string_equal(p.button[0], "PurgeMore");
    assert_string_equal(p.button[1], "Continue");
    assert_int_equal(take(&p, "prompt_show"), PROMPT_NOTHING);
    assert_int_equal(take(&p, "paused"), PROMPT_NOTHING);
    assert_int_equal(take(&p, "prompt_end"), PROMPT_CLOSE);
    assert_int_equal(take(&p, "prompt_end"), PROMPT_NOTHING);
    assert_int_equal(take(&p, "prompt_show"), PROMPT_NOTHING);
}

static void a_new_prompt_ends_the_one_before(void **state)
{
    (void)state;
    struct prompt p = {0};
    take(&p, "prompt_begin One");
    take(&p, "prompt_button Continue");
    take(&p, "prompt_show");
    assert_int_equal(take(&p, "prompt_begin Two"), PROMPT_CLOSE);
    assert_int_equal(take(&p, "prompt_show"), PROMPT_SHOW);
    assert_string_equal(p.text, "Two");
    assert_int_equal(p.buttons, 0);
}

static void what_is_left_of_a_prompt_is_shown(void **state)
{
    (void)state;
    struct prompt p = {0};
    take(&p, "prompt_begin One");
    take(&p, "prompt_button A");
    take(&p, "prompt_show");
    assert_int_equal(take(&p, "prompt_button B"), PROMPT_CLOSE); /* prompt_begin was lost */
    assert_int_equal(take(&p, "prompt_show"), PROMPT_SHOW);
    assert_string_equal(p.text, "");
    assert_int_equal(p.buttons, 1);
    assert_string_equal(p.button[0], "B");
}

static void buttons_without_a_name_or_with_the_same_are_told_apart(void **state)
{
    (void)state;
    struct prompt p = {0};
    char long_name[100] = "prompt_button ";
    memset(long_name + 14, 'y', 60);
    take(&p, "prompt_begin");
    take(&p, "prompt_button Yes");
    take(&p, "prompt_button Yes");
    take(&p, "prompt_button");
    take(&p, long_name);
    take(&p, long_name);
    assert_int_equal(p.buttons, 5);
    assert_string_equal(p.button[0], "Yes");
    assert_string_equal(p.button[1], "Yes (2)");
    assert_string_equal(p.button[2], "button (3)");
    assert_int_equal(strlen(p.button[3]), 40);
    assert_string_not_equal(p.button[4], "");
    assert_string_not_equal(p.button[3], p.button[4]);
    p = (struct prompt){0};
    take(&p, "prompt_begin");
    take(&p, "prompt_button Yes (3)");
    take(&p, "prompt_button Yes");
    take(&p, "prompt_button Yes");
    assert_string_equal(p.button[2], "Yes (4)");
}

static void more_buttons_than_there_is_room_for_are_counted(void **state)
{
    (void)state;
    struct prompt p = {0};
    char text[40];
    take(&p, "prompt_begin Many");
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "prompt_button %d", i);
        take(&p, text);
    }
    assert_int_equal(take(&p, "prompt_show"), PROMPT_SHOW);
    assert_int_equal(p.buttons, PROMPT_BUTTONS);
    assert_int_equal(p.left_out, 12);
}

static void several_texts_are_one_and_are_cut(void **state)
{
    (void)state;
    struct prompt p = {0};
    take(&p, "prompt_begin One");
    take(&p, "prompt_text Two");
    assert_string_equal(p.text, "One Two");
    for (int i = 0; i < 100; i++) {
        take(&p, "prompt_text something");
    }
    assert_int_equal(strlen(p.text), sizeof p.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_is_known_by_its_name),
        cmocka_unit_test(both_ways_to_write_an_action_are_read),
        cmocka_unit_test(foreign_bytes_are_escaped_and_cut),
        cmocka_unit_test(a_prompt_is_shown_when_it_is_complete),
        cmocka_unit_test(a_new_prompt_ends_the_one_before),
        cmocka_unit_test(what_is_left_of_a_prompt_is_shown),
        cmocka_unit_test(buttons_without_a_name_or_with_the_same_are_told_apart),
        cmocka_unit_test(more_buttons_than_there_is_room_for_are_counted),
        cmocka_unit_test(several_texts_are_one_and_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
