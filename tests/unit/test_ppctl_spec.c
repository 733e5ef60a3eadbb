// link: ppctl_parts
/* KEY=VALUE words as fields of a body. What is wrong goes to standard error, quoted. */
#include "tools/ppctl/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct spec_key keys[] = {
    {"name", NULL, SPEC_TEXT, 0, 0},
    {"count", NULL, SPEC_COUNT, 1, 999999},
    {"draft", NULL, SPEC_FLAG, 0, 0},
    {"profiles", NULL, SPEC_LIST, 0, 0},
    {"materials", NULL, SPEC_MATERIALS, 0, 0},
    {"left", "left_g", SPEC_GRAMS, 0, 1000},
};

static const struct command about = {.name = "edit", .args = "ID KEY=VALUE..."};

/* The words from `words` on as a body; NULL, and in `complaint` what was said, when one is wrong.
 */
static char *take(const char *const *words, char complaint[static 512])
{
    struct ppctl c = {.command = &about};
    json_t *body = json_object();
    char *text = NULL;
    FILE *said = tmpfile();
    int before = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(said), STDERR_FILENO);
    while (words[c.operands] != NULL) {
        c.operand[c.operands] = words[c.operands];
        c.operands++;
    }
    int status = spec_take_all(&c, 0, keys, sizeof keys / sizeof *keys, body);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(said);
    size_t n = fread(complaint, 1, 511, said);
    complaint[n] = '\0';
    fclose(said);
    if (status == PPCTL_DONE) {
        text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    } else {
        assert_int_equal(status, PPCTL_USAGE);
    }
    json_decref(body);
    return text;
}

static void assert_taken(const char *word, const char *wanted)
{
    char complaint[512];
    char *got = take((const char *const[]){word, NULL}, complaint);
    if (got == NULL) {
        fail_msg("%s: %s", word, complaint);
    }
    assert_string_equal(got, wanted);
    assert_string_equal(complaint, "");
    free(got);
}

static void assert_refused(const char *word, const char *said)
{
    char complaint[512];
    char *got = take((const char *const[]){word, NULL}, complaint);
    assert_null(got);
    if (strstr(complaint, said) == NULL || strstr(complaint, "; usage: ppctl edit") == NULL) {
        fail_msg("no \"%s\" in: %s", said, complaint);
    }
    assert_ptr_equal(strchr(complaint, '\n'), complaint + strlen(complaint) - 1);
}

static void every_kind_of_value_is_taken(void **state)
{
    (void)state;
    assert_taken("name=a=b", "{\"name\":\"a=b\"}");
    assert_taken("name=", "{\"name\":\"\"}");
    assert_taken("count=999999", "{\"count\":999999}");
    assert_taken("draft=yes", "{\"draft\":true}");
    assert_taken("draft=no", "{\"draft\":false}");
    assert_taken("profiles=a,b", "{\"profiles\":[\"a\",\"b\"]}");
    assert_taken("profiles=,a,,", "{\"profiles\":[\"a\"]}");
    assert_taken("profiles=", "{\"profiles\":[]}");
    assert_taken(
        "materials=PLA,any,,Any,PETG", "{\"materials\":[\"PLA\",null,null,null,\"PETG\"]}");
    assert_taken("materials=", "{\"materials\":[]}");
    assert_taken("left=420.5", "{\"left_g\":420.5}");
    assert_taken("left=unknown", "{\"left_g\":null}");
}

static void bad_values_are_quoted_with_what_would_be_right(void **state)
{
    (void)state;
    assert_refused("count=0", "count=\"0\": must be a whole number from 1 to 999999");
    assert_refused("count=-1", "\"-1\"");
    assert_refused("count=1000000", "\"1000000\"");
    assert_refused("count=1000000000000000000000", "\"1000000000000000000000\"");
    assert_refused("count=3x", "\"3x\"");
    assert_refused("count=", "\"\"");
    assert_refused("count=\x1b[2J", "\"\\x1b[2J\"");
    assert_refused("draft=true", "draft=\"true\": must be yes or no");
    assert_refused("left=-1", "left=\"-1\": must be a number from 0 to 1000");
    assert_refused("left=nan", "\"nan\"");
    assert_refused("left=1e9", "\"1e9\"");
    assert_refused("name=\xff", "name: must be UTF-8 text");
    assert_refused("profiles=a,\xff", "profiles: must be UTF-8 text");
}

static void unknown_keys_are_told_the_known_ones(void **state)
{
    (void)state;
    assert_refused("size=3", "\"size\": KEY=VALUE is wanted, KEY one of name, count, draft");
    assert_refused("count", "\"count\": KEY=VALUE is wanted");
    assert_refused("=3", "\"\": KEY=VALUE");
    assert_refused("COUNT=3", "\"COUNT\"");
}

static void a_key_is_taken_once(void **state)
{
    char complaint[512];
    (void)state;
    assert_null(take((const char *const[]){"count=1", "draft=no", "count=1", NULL}, complaint));
    assert_non_null(strstr(complaint, "count is there twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_taken),
        cmocka_unit_test(bad_values_are_quoted_with_what_would_be_right),
        cmocka_unit_test(unknown_keys_are_told_the_known_ones),
        cmocka_unit_test(a_key_is_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
