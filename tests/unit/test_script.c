/* Scripts: templates, host commands, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/core/script.h"

#include "host/base/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script_step *steps;
static size_t count;
static struct err err;

static const char *value(void *context, const char *name)
{
    static const struct {
        const char *name;
        const char *value;
    } values[] = {
        {"bed", "60"},
        {"empty", ""},
        {"file", "a \"b\"\\c&d=1;e.gcode"},
        {"url", "http://printer.local/x?y=1"},
        {"job.name", "box"},
        {"evil", "1\nM104 S300"},
        {"braces", "{bed}"},
    };
    assert_ptr_equal(context, &err);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strcmp(values[i].name, name) == 0) {
            return values[i].value;
        }
    }
    return NULL;
}

static int expand(const char *body)
{
    script_steps_free(steps, count);
    steps = NULL;
    count = 0;
    err = (struct err){0};
    return script_expand(body, value, &err, &steps, &count, &err);
}

static int teardown(void **state)
{
    (void)state;
    script_steps_free(steps, count);
    steps = NULL;
    count = 0;
    return 0;
}

static void assert_prints(const char *body, const char *printed)
{
    struct strbuf out = {0};
    if (expand(body) != 0) {
        fail_msg("\"%s\": %s", body, err.text);
    }
    script_print(steps, count, &out);
    assert_string_equal(strbuf_text(&out), printed);
    strbuf_fini(&out);
}

static void assert_refused(const char *body, const char *text)
{
    if (expand(body) == 0) {
        fail_msg("\"%s\" is accepted", body);
    }
    assert_int_equal(err.code, PP_EINVAL);
    if (strstr(err.text, text) == NULL) {
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", body, err.text, text);
    }
}

static void comments_and_empty_lines_are_dropped(void **state)
{
    (void)state;
    assert_prints("", "");
    assert_prints("\n\n ; all\r\n;\n", "");
    assert_prints("G28 ; home\r\n\r\n  M140 S0\t;off\n", "G28\nM140 S0\n");
    assert_int_equal(steps[0].line, 1);
    assert_int_equal(steps[1].line, 3);
    assert_prints("G1\tX1", "G1 X1\n");
}

static void names_are_replaced_by_their_values(void **state)
{
    (void)state;
    assert_prints("M190 S{bed}\nM117 {job.name}/{job.name}", "M190 S60\nM117 box/box\n");
    assert_prints("{empty}\nM84", "M84\n");
    assert_prints("M117 {braces}", "M117 {bed}\n"); /* a value is no template */
    assert_prints("; {nothing} in a comment\nM84 ; {nothing}", "M84\n");
}

static void other_braces_stay_as_they_are(void **state)
{
    (void)state;
    assert_prints("M117 {}", "M117 {}\n");
    assert_prints("M117 { bed } {1} { {\"a\"}", "M117 { bed } {1} { {\"a\"}\n");
    assert_prints("M117 {{bed}} {{ }}", "M117 {bed} { }\n");
    assert_prints("M117 {bed", "M117 {bed\n");
    assert_prints("M117 }", "M117 }\n");
}

static void a_name_without_a_value_is_a_mistake_that_tells_name_and_line(void **state)
{
    (void)state;
    assert_refused("G28\nM140 S{bad_temp}\n", "line 2: {bad_temp}: there is no such value");
    assert_refused("M104 S{first_layer_temperature[0]}", "{first_layer_temperature[0]}");
    assert_refused("@notify {x}", "line 1: {x}");
}

static void a_value_cannot_bring_in_another_line(void **state)
{
    (void)state;
    assert_refused("M104 S{evil}", "line 1: {evil}: its value has a control character (0x0a)");
}

static void host_commands_have_their_arguments(void **state)
{
    (void)state;
    assert_prints("@pause\n@pause take it  off \n", "@pause\n@pause take it  off\n");
    assert_int_equal(steps[1].kind, SCRIPT_PAUSE);
    assert_string_equal(steps[1].text, "take it  off");
    assert_prints("@pause ; until it is off", "@pause\n");
    assert_prints("@heaters_off ; all of them\n", "@heaters_off\n");
    assert_refused("@heaters_off now", "@heaters_off \"now\": nothing may follow it");
    assert_prints("@wait_bed 27.5\n@wait_hotend {bed}\n@wait 0.25 ; a moment",
        "@wait_bed 27.5\n@wait_hotend 60\n@wait 0.25\n");
    assert_int_equal(steps[0].mc, 27500);
    assert_int_equal(steps[1].mc, 60000);
    assert_int_equal(steps[2].ms, 250);
    assert_prints("@notify a; b ; c\n@notify \"a ; b\"", "@notify a; b\n@notify \"a ; b\"\n");
    assert_prints("@cancel\n@cancel too hot", "@cancel\n@cancel too hot\n");
    assert_int_equal(steps[0].kind, SCRIPT_CANCEL);
}

static void a_url_and_its_body_take_values_of_any_kind(void **state)
{
    (void)state;
    assert_prints("@http http://h/{job.name}?f={file}",
        "@http http://h/box?f=a%20%22b%22%5Cc%26d%3D"
        "1%3Be.gcode\n");
    assert_prints("@http {url}&f={file}",
        "@http http://printer.local/x?y=1&f=a%20%22b%22%5Cc%26d%3D1%3Be.gcode\n");
    assert_prints("@http https://h/x {\"a\": {\"f\": \"{file}\", \"n\": {bed}}}",
        "@http https://h/x {\"a\": {\"f\": \"a \\\"b\\\"\\\\c&d=1;e.gcode\", \"n\": 60}}\n");
    assert_string_equal(steps[0].text, "https://h/x");
    assert_refused("@http ftp://h/x", "line 1: @http \"ftp://h/x\": must be http://");
    assert_refused("@http", "@http \"\": must be");
    assert_refused("@http http://", "must be");
    assert_refused("@http http://h/x {\"a\": }", "the body is not JSON");
    assert_refused("@http http://h/x {\"a\": {file}}", "the body is not JSON");
}

static void an_argument_that_cannot_be_is_a_mistake(void **state)
{
    (void)state;
    assert_refused("@wait_bed", "@wait_bed \"\": must be a temperature");
    assert_refused("\n@wait_bed hot", "line 2: @wait_bed \"hot\": must be a temperature from 15");
    assert_refused("@wait_bed 0", "must be");
    assert_refused("@wait_bed 151", "must be");
    assert_refused("@wait_bed 30 C", "must be");
    assert_refused("@wait_bed {job.name}", "@wait_bed \"box\": must be");
    assert_refused("@wait_hotend nan", "must be");
    assert_refused("@wait -1", "@wait \"-1\": must be a number of seconds");
    assert_refused("@wait 1e9", "must be");
    assert_refused("@notify", "@notify \"\": must be a text");
}

static void an_unknown_command_is_a_mistake_with_a_suggestion(void **state)
{
    (void)state;
    assert_refused("@paus", "line 1: there is no command \"@paus\"; did you mean \"@pause\"?");
    assert_refused("@", "there is no command \"@\"; @pause, ");
    assert_refused("@queuego", "there is no command \"@queuego\"");
    assert_refused("@\x1b[2J", "control character");
}

static void control_characters_are_a_mistake(void **state)
{
    (void)state;
    assert_refused("M117 a\x07", "line 1: a control character (0x07) in column 7");
    assert_prints("; \x07 in a comment\nM84", "M84\n");
}

static void lines_and_steps_are_bounded(void **state)
{
    (void)state;
    char line[SCRIPT_LINE_MAX + 32];
    memset(line, 'a', sizeof line);
    memcpy(line, "M117 ", 5);
    line[SCRIPT_LINE_MAX] = '\0';
    assert_int_equal(expand(line), 0);
    line[SCRIPT_LINE_MAX] = 'b';
    line[SCRIPT_LINE_MAX + 1] = '\0';
    assert_refused(line, "line 1: longer than 255 bytes");
    struct strbuf many = {0};
    for (int i = 0; i < SCRIPT_STEPS_MAX; i++) {
        strbuf_puts(&many, "M84\n");
    }
    assert_int_equal(expand(strbuf_text(&many)), 0);
    strbuf_puts(&many, "\nM84");
    assert_refused(strbuf_text(&many), "line 2002: more than 2000 steps");
    strbuf_fini(&many);
}

static void a_check_without_values_finds_what_is_wrong_whatever_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool right;
    } cases[] = {
        {"M140 S{bed}\n@wait_bed {bed}\n@http {url} {\"a\": {n}}", true},
        {"@http http://{host}/x", true},
        {"@http ftp://{host}/x", false},
        {"@wait_bed warm", false},
        {"@stop", false},
        {"M140 S{a b}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct script_step *own = NULL;
        size_t n = 0;
        int rc = script_expand(cases[i].body, NULL, NULL, &own, &n, NULL);
        script_steps_free(own, n);
        assert_int_equal(rc == 0, cases[i].right);
    }
}

static void steps_are_appended_to_those_there_are(void **state)
{
    (void)state;
    assert_int_equal(expand("G28"), 0);
    assert_int_equal(script_expand("M84", NULL, NULL, &steps, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_int_equal(script_expand("M85\n@no", NULL, NULL, &steps, &count, NULL), -PP_EINVAL);
    assert_int_equal(count, 3);
    assert_string_equal(steps[2].text, "M85");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments_and_empty_lines_are_dropped),
        cmocka_unit_test(names_are_replaced_by_their_values),
        cmocka_unit_test(other_braces_stay_as_they_are),
        cmocka_unit_test(a_name_without_a_value_is_a_mistake_that_tells_name_and_line),
        cmocka_unit_test(a_value_cannot_bring_in_another_line),
        cmocka_unit_test(host_commands_have_their_arguments),
        cmocka_unit_test(a_url_and_its_body_take_values_of_any_kind),
        cmocka_unit_test(an_argument_that_cannot_be_is_a_mistake),
        cmocka_unit_test(an_unknown_command_is_a_mistake_with_a_suggestion),
        cmocka_unit_test(control_characters_are_a_mistake),
        cmocka_unit_test(lines_and_steps_are_bounded),
        cmocka_unit_test(a_check_without_values_finds_what_is_wrong_whatever_they_are),
        cmocka_unit_test(steps_are_appended_to_those_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
