// link: ppbase
#include "host/base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct thing {
    char name[64];
    struct yaml_mark mark[2];
    int size;
};

struct all {
    char text[16];
    char *lines;
    bool flag;
    int choice;
    int baud;
    double real;
    int64_t range[2];
    int32_t celsius;
    int64_t duration;
    int64_t bytes;
    char *names[4];
    struct yaml_mark names_at[3];
    struct yaml_items things;
    struct yaml_items parts;
    int inner;
    struct yaml_mark mark[20];
};

static int check_text(const char *text, struct err *e)
{
    return strcmp(text, "bad") == 0 ? err_set(e, PP_EINVAL, "must not be bad") : 0;
}

#define AT(member) offsetof(struct all, member)

static const struct yaml_word choices[] = {{"red", 1}, {"green", 2}, {"blue", 3}, {NULL, 0}};
static const struct yaml_word autos[] = {{"auto", 0}, {NULL, 0}};

static const struct yaml_field thing_fields[] = {
    {.key = "size",
        .kind = YAML_INT,
        .offset = offsetof(struct thing, size),
        .max = 100,
        .required = true},
    {.key = "colour",
        .kind = YAML_CHOICE,
        .offset = offsetof(struct thing, size),
        .words = choices},
};

static const struct yaml_table thing_table = {.fields = thing_fields,
    .count = 2,
    .size = sizeof(struct thing),
    .marks = offsetof(struct thing, mark)};

struct part {
    int size;
    struct yaml_mark mark[1];
};

static const struct yaml_field part_fields[] = {
    {.key = "size", .kind = YAML_INT, .offset = offsetof(struct part, size), .max = 9},
};

static const struct yaml_table part_table = {.fields = part_fields,
    .count = 1,
    .size = sizeof(struct part),
    .marks = offsetof(struct part, mark)};

static const struct yaml_field inner_fields[] = {
    {.key = "value", .kind = YAML_INT, .offset = AT(inner), .min = -5, .max = 5},
};

static const struct yaml_table inner_table = {.fields = inner_fields, .count = 1};

static const struct yaml_field fields[] = {
    {.key = "text", .kind = YAML_STRING, .offset = AT(text), .size = 16, .check = check_text},
    {.key = "lines", .kind = YAML_TEXT, .offset = AT(lines), .size = 40},
    {.key = "flag", .kind = YAML_BOOL, .offset = AT(flag)},
    {.key = "choice", .kind = YAML_CHOICE, .offset = AT(choice), .words = choices},
    {.key = "baud",
        .kind = YAML_INT,
        .offset = AT(baud),
        .min = 1200,
        .max = 4000000,
        .words = autos},
    {.key = "real", .kind = YAML_REAL, .offset = AT(real), .min = -1, .max = 1e6},
    {.key = "range", .kind = YAML_MM, .offset = AT(range), .count = 2, .min = -500, .max = 500},
    {.key = "celsius", .kind = YAML_CELSIUS, .offset = AT(celsius), .max = 500},
    {.key = "duration", .kind = YAML_DURATION, .offset = AT(duration), .max = 86400e3},
    {.key = "bytes", .kind = YAML_SIZE, .offset = AT(bytes), .max = 1099511627776},
    {.key = "names",
        .kind = YAML_STRINGS,
        .offset = AT(names),
        .size = 3,
        .check = check_text,
        .item_marks = AT(names_at)},
    {.key = "things", .kind = YAML_ITEMS, .offset = AT(things), .size = 3, .table = &thing_table},
    {.key = "inner", .kind = YAML_MAP, .table = &inner_table},
    {.key = "parts",
        .kind = YAML_LIST,
        .offset = AT(parts),
        .size = 3,
        .table = &part_table,
        .min = 1},
};

static const struct yaml_table table = {
    .fields = fields, .count = sizeof fields / sizeof *fields, .marks = AT(mark)};

static struct all a;
static struct yaml_mistakes mistakes;

static int clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        free(a.names[i]);
    }
    free(a.lines);
    free(a.things.items);
    free(a.parts.items);
    a = (struct all){0};
    yaml_mistakes_fini(&mistakes);
    return 0;
}

static int read_bytes(const char *bytes, size_t len)
{
    return yaml_read("f.yaml", bytes, len, &table, &a, &mistakes);
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void assert_right(const char *text)
{
    int rc = read_text(text);
    assert_string_equal(strbuf_text(&mistakes.text), "");
    assert_int_equal(rc, 0);
}

/* The mistakes of `text` are exactly these lines. */
static void assert_wrong(const char *text, const char *lines)
{
    yaml_mistakes_fini(&mistakes);
    assert_int_equal(read_text(text), -PP_EINVAL);
    assert_string_equal(strbuf_text(&mistakes.text), lines);
}

static void every_kind_of_value_arrives_in_its_place(void **state)
{
    (void)state;
    assert_right("text: hello # remark\n"
                 "lines: |\n  G28\n  G1 X1\n"
                 "flag: yes\nchoice: blue\nbaud: 115200\nreal: 2.5\nrange: [-4, 210.5]\n"
                 "celsius: 215.5\nduration: 30m\nbytes: 2GiB\nnames: [one, \"two three\"]\n"
                 "things: {x: {size: 1}, y: {size: 2}}\ninner: {value: -5}\n");
    assert_string_equal(a.text, "hello");
    assert_string_equal(a.lines, "G28\nG1 X1\n");
    assert_true(a.flag);
    assert_int_equal(a.choice, 3);
    assert_int_equal(a.baud, 115200);
    assert_true(a.real == 2.5);
    assert_int_equal(a.range[0], -4000);
    assert_int_equal(a.range[1], 210500);
    assert_int_equal(a.celsius, 215500);
    assert_int_equal(a.duration, 1800000);
    assert_int_equal(a.bytes, INT64_C(2) << 30);
    assert_string_equal(a.names[0], "one");
    assert_string_equal(a.names[1], "two three");
    assert_null(a.names[2]);
    const struct thing *t = a.things.items;
    assert_int_equal(a.things.count, 2);
    assert_string_equal(t[1].name, "y");
    assert_int_equal(t[1].size, 2);
    assert_int_equal(a.inner, -5);
}

static void leading_zeros_do_not_make_a_number_octal(void **state)
{
    (void)state;
    assert_right("baud: 0115200\n");
    assert_int_equal(a.baud, 115200);
}

static void words_may_stand_for_numbers(void **state)
{
    (void)state;
    a.baud = 7;
    assert_right("baud: auto\n");
    assert_int_equal(a.baud, 0);
}

static void durations_and_sizes_have_units(void **state)
{
    (void)state;
    assert_right("duration: 90s\nbytes: 500MB\n");
    assert_int_equal(a.duration, 90000);
    assert_int_equal(a.bytes, 500000000);
    assert_right("duration: 1.5 h\nbytes: 4096\n");
    assert_int_equal(a.duration, 5400000);
    assert_int_equal(a.bytes, 4096);
}

static void keys_not_given_keep_their_defaults(void **state)
{
    (void)state;
    a.choice = 2;
    assert_right("flag: true\n");
    assert_int_equal(a.choice, 2);
    assert_int_equal(a.mark[3].line, 0);
    assert_int_equal(a.mark[2].line, 1);
    assert_int_equal(a.mark[2].column, 7);
}

static void an_empty_document_is_an_empty_mapping(void **state)
{
    (void)state;
    assert_right("");
    assert_right("# only a remark\n");
    assert_right("---\n");
    assert_right("things:\n");
}

static void values_out_of_range_tell_the_range(void **state)
{
    (void)state;
    assert_wrong("a: 1\nbaud: fast\n",
        "f.yaml:1:1: a: unknown key; here may stand: text, lines, flag, choice, baud, real, range, "
        "celsius, duration, bytes, names, things, inner, parts\n"
        "f.yaml:2:7: baud: \"fast\": must be a number from 1200 to 4000000, or auto\n");
    assert_wrong("baud: 5000000\n",
        "f.yaml:1:7: baud: \"5000000\": must be a number from 1200 to 4000000, or auto\n");
    assert_wrong("baud: 9600.5\n",
        "f.yaml:1:7: baud: \"9600.5\": must be a whole number from 1200 to 4000000, or auto\n");
    assert_wrong(
        "real: 0x10\n", "f.yaml:1:7: real: \"0x10\": must be a number from -1 to 1000000\n");
    assert_wrong(
        "real: .inf\n", "f.yaml:1:7: real: \".inf\": must be a number from -1 to 1000000\n");
    assert_wrong("duration: 2d\n",
        "f.yaml:1:11: duration: \"2d\": must be a time such as 90s, 30m or "
        "2h, from 0s to 24h\n");
    assert_wrong("bytes: -1\n",
        "f.yaml:1:8: bytes: \"-1\": must be a size such as 500MB or 2GiB, from "
        "0 to 1024GiB\n");
}

static void wrong_types_are_told(void **state)
{
    (void)state;
    assert_wrong("text: [a]\n", "f.yaml:1:7: text: \"[...]\": must be a text\n");
    assert_wrong("text:\n", "f.yaml:1:6: text: \"\": must be a text that is not empty\n");
    assert_wrong("flag: maybe\n", "f.yaml:1:7: flag: \"maybe\": must be yes, no, true or false\n");
    assert_wrong(
        "range: 5\n", "f.yaml:1:8: range: \"5\": must be a list of 2 numbers, such as [0, 220]\n");
    assert_wrong("range: [1]\n",
        "f.yaml:1:8: range: \"[...]\": must be a list of 2 numbers, such as [0, 220]\n");
    assert_wrong(
        "range: [0, {}]\n", "f.yaml:1:12: range: \"{...}\": must be a number from -500 to 500\n");
    assert_wrong(
        "inner: 3\n", "f.yaml:1:8: inner: \"3\": must have keys of its own, indented below it\n");
    assert_wrong(
        "things: {x: 1}\n", "f.yaml:1:13: x: must have keys of its own, indented below it\n");
    assert_wrong(
        "names: one\n", "f.yaml:1:8: names: \"one\": must be a list of texts, such as [a, b]\n");
    assert_wrong("[a]: 1\n", "f.yaml:1:1: a key must be one word, not a list or a mapping\n");
    assert_wrong("- a\n", "f.yaml:1:1: must be lines of the form \"key: value\"\n");
    assert_wrong("word\n", "f.yaml:1:1: must be lines of the form \"key: value\"\n");
}

static void a_misspelt_key_or_word_gets_a_suggestion(void **state)
{
    (void)state;
    assert_wrong("buad: 9600\n", "f.yaml:1:1: buad: unknown key; did you mean \"baud\"?\n");
    assert_wrong("choice: gren\n",
        "f.yaml:1:9: choice: \"gren\": must be red, green or blue; did you "
        "mean \"green\"?\n");
}

static void a_key_given_twice_is_a_mistake(void **state)
{
    (void)state;
    assert_wrong("flag: yes\nflag: no\n", "f.yaml:2:1: flag: given twice\n");
    assert_wrong("things:\n  x: {size: 1}\n  x: {size: 2}\n", "f.yaml:3:3: x: given twice\n");
}

static void a_required_key_is_missed(void **state)
{
    (void)state;
    assert_wrong("things:\n  x: {colour: red}\n  y:\n",
        "f.yaml:2:6: size: is missing\nf.yaml:3:5: size: is missing\n");
}

static void the_fields_own_check_is_asked(void **state)
{
    (void)state;
    assert_wrong("text: bad\nnames: [good, bad]\n",
        "f.yaml:1:7: text: \"bad\": must not be "
        "bad\nf.yaml:2:15: names: \"bad\": must not be bad\n");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    assert_wrong("text: 0123456789abcdef\n",
        "f.yaml:1:7: text: \"0123456789abcdef\": must be at most 15 bytes long, is 16\n");
    assert_wrong("names: [a, b, c, d]\n",
        "f.yaml:1:8: names: \"[...]\": at most 3 texts are possible, here are 4\n");
    assert_wrong("things: {a: , b: , c: , d: }\n",
        "f.yaml:1:9: things: \"{...}\": at most 3 are possible, here are 4\n");
}

static void control_characters_are_refused_and_shown_escaped(void **state)
{
    (void)state;
    assert_wrong("text: \"a\\e[2J\"\n",
        "f.yaml:1:7: text: \"a\\x1b[2J\": must not contain control characters\n");
    assert_wrong("text: \"a\\0b\"\n",
        "f.yaml:1:7: text: \"a\\x00b\": must not contain control characters\n");
    assert_wrong("text: \"a\\nb\"\n",
        "f.yaml:1:7: text: \"a\\x0ab\": must not contain control characters\n");
}

static void an_item_met_again_is_read_over_the_older_one(void **state)
{
    (void)state;
    assert_right("things: {x: {size: 1}, y: {size: 2}}\n");
    assert_right("things: {y: {size: 5}}\n");
    const struct thing *t = a.things.items;
    assert_int_equal(a.things.count, 2);
    assert_int_equal(t[0].size, 1);
    assert_int_equal(t[1].size, 5);
}

static void aliases_work_and_cannot_explode(void **state)
{
    char bomb[4096] = "names: &n0 [a, b, c]\n";
    (void)state;
    assert_right("things:\n  x: &x {size: 7}\n  y: *x\n");
    assert_int_equal(((struct thing *)a.things.items)[1].size, 7);
    for (int i = 1; i < 20; i++) {
        size_t len = strlen(bomb);
        snprintf(bomb + len, sizeof bomb - len, "k%d: &n%d [*n%d, *n%d, *n%d, *n%d]\n", i, i, i - 1,
            i - 1, i - 1, i - 1);
    }
    assert_int_equal(read_text(bomb), -PP_EINVAL);
    assert_int_equal(mistakes.count, 19);
    assert_wrong("names: &n [*n]\n", "f.yaml:1:8: names: \"[...]\": must be a text\n");
    assert_wrong("text: *nowhere\n", "f.yaml:1:7: found undefined alias\n");
}

static void depth_size_and_documents_are_bounded(void **state)
{
    char deep[4096] = "text: ";
    (void)state;
    memset(deep + 6, '[', 4000);
    assert_wrong(deep, "f.yaml:1:38: nested deeper than 32 levels\n");
    char *big = calloc(1, YAML_MAX_BYTES + 2);
    memset(big, '\n', YAML_MAX_BYTES + 1);
    assert_wrong(big, "f.yaml: is larger than 1048576 bytes\n");
    free(big);
    assert_wrong(
        "flag: yes\n---\nflag: no\n", "f.yaml:2:1: a second document; one file holds one\n");
}

static void broken_yaml_is_told_with_its_place(void **state)
{
    (void)state;
    assert_wrong(
        "flag: yes\n\ttext: a\n", "f.yaml:2:1: a tab stands here; indentation must be blanks\n");
    assert_wrong("text: a: b\n", "f.yaml:1:8: mapping values are not allowed in this context\n");
    assert_wrong("text: \xff\n", "f.yaml: byte 6: invalid leading UTF-8 octet\n");
    assert_wrong("text: !secret a\n", "f.yaml:1:7: \"!secret\": tags are not supported\n");
    assert_int_equal(read_bytes("text: a\0b", 9), -PP_EINVAL);
}

static void mistakes_are_collected_up_to_a_bound(void **state)
{
    char text[2048] = "";
    (void)state;
    for (int i = 0; i < 80; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "zzzzzzzzz%d: 1\n", i);
    }
    assert_int_equal(read_text(text), -PP_EINVAL);
    assert_int_equal(mistakes.count, YAML_MAX_MISTAKES);
}

static void a_list_has_mappings_without_names(void **state)
{
    (void)state;
    assert_right("parts:\n- size: 3\n- {size: 4}\n- {}\n");
    const struct part *parts = a.parts.items;
    assert_int_equal(a.parts.count, 3);
    assert_int_equal(parts[0].size, 3);
    assert_int_equal(parts[1].size, 4);
    assert_int_equal(parts[1].mark[0].line, 3);
    assert_int_equal(parts[1].mark[0].column, 10);
    assert_int_equal(parts[2].mark[0].line, 0);
    assert_wrong("parts: []\n", "f.yaml:1:8: parts: \"[...]\": must not be empty\n");
    assert_wrong(
        "parts:\n", "f.yaml:1:7: parts: \"\": must be a list: lines that begin with \"-\"\n");
    assert_wrong("parts: [{}, {}, {}, {}]\n",
        "f.yaml:1:8: parts: \"[...]\": at most 3 are possible, here are 4\n");
    assert_wrong("parts: [{sise: 1}, 2]\n",
        "f.yaml:1:10: sise: unknown key; did you mean \"size\"?\n"
        "f.yaml:1:20: parts: \"2\": must have keys of its own behind the \"-\"\n");
}

static void each_text_of_a_list_has_its_place(void **state)
{
    (void)state;
    assert_wrong("names:\n- a\n- bad\n- c\n", "f.yaml:3:3: names: \"bad\": must not be bad\n");
    assert_string_equal(a.names[1], "c");
    assert_int_equal(a.names_at[0].line, 2);
    assert_int_equal(a.names_at[1].line, 4);
}

static void a_file_that_cannot_be_read_is_a_mistake(void **state)
{
    (void)state;
    assert_int_equal(yaml_load("/nonexistent/f.yaml", &table, &a, &mistakes), -PP_ENOTFOUND);
    assert_string_equal(
        strbuf_text(&mistakes.text), "\"/nonexistent/f.yaml\": No such file or directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_kind_of_value_arrives_in_its_place, clean),
        cmocka_unit_test_teardown(leading_zeros_do_not_make_a_number_octal, clean),
        cmocka_unit_test_teardown(words_may_stand_for_numbers, clean),
        cmocka_unit_test_teardown(durations_and_sizes_have_units, clean),
        cmocka_unit_test_teardown(keys_not_given_keep_their_defaults, clean),
        cmocka_unit_test_teardown(an_empty_document_is_an_empty_mapping, clean),
        cmocka_unit_test_teardown(values_out_of_range_tell_the_range, clean),
        cmocka_unit_test_teardown(wrong_types_are_told, clean),
        cmocka_unit_test_teardown(a_misspelt_key_or_word_gets_a_suggestion, clean),
        cmocka_unit_test_teardown(a_key_given_twice_is_a_mistake, clean),
        cmocka_unit_test_teardown(a_required_key_is_missed, clean),
        cmocka_unit_test_teardown(the_fields_own_check_is_asked, clean),
        cmocka_unit_test_teardown(sizes_are_bounded, clean),
        cmocka_unit_test_teardown(control_characters_are_refused_and_shown_escaped, clean),
        cmocka_unit_test_teardown(an_item_met_again_is_read_over_the_older_one, clean),
        cmocka_unit_test_teardown(aliases_work_and_cannot_explode, clean),
        cmocka_unit_test_teardown(depth_size_and_documents_are_bounded, clean),
        cmocka_unit_test_teardown(broken_yaml_is_told_with_its_place, clean),
        cmocka_unit_test_teardown(mistakes_are_collected_up_to_a_bound, clean),
        cmocka_unit_test_teardown(a_list_has_mappings_without_names, clean),
        cmocka_unit_test_teardown(each_text_of_a_list_has_its_place, clean),
        cmocka_unit_test_teardown(a_file_that_cannot_be_read_is_a_mistake, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
