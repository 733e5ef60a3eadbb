// link: ppapp
/* What other hosts told of their printers, as it is shown. */
#include "host/app/network/network_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_told(const char *text)
{
    return network_told((const uint8_t *)text, strlen(text));
}

static void expect(const char *told, const char *member, const char *shown)
{
    json_t *out = read_told(told);
    char *text = json_dumps(json_object_get(out, member), JSON_ENCODE_ANY | JSON_COMPACT);
    assert_non_null(text);
    assert_string_equal(text, shown);
    free(text);
    json_decref(out);
}

static void what_a_host_tells_is_shown(void **state)
{
    static const char told[] =
        "{\"profile\":\"mk3\",\"state\":\"printing\",\"progress\":40,\"eta_ms\":1700000000000,"
        "\"files\":3,\"api_port\":8125,\"managing\":true,\"temperatures\":{\"bed\":{\"actual\":60,"
        "\"target\":60}},\"file\":null}";
    (void)state;
    expect(told, "profile", "\"mk3\"");
    expect(told, "progress", "40");
    expect(told, "eta_ms", "1700000000000");
    expect(told, "files", "3");
    expect(told, "api_port", "8125");
    expect(told, "managing", "true");
    expect(told, "needs_person", "false");
    expect(told, "file", "null");
    expect(told, "temperatures", "{\"bed\":{\"actual\":60,\"target\":60}}");
}

static void what_is_of_another_kind_or_beyond_all_bounds_is_not(void **state)
{
    (void)state;
    expect("{\"progress\":101}", "progress", "null");
    expect("{\"progress\":-1}", "progress", "null");
    expect("{\"progress\":\"40\"}", "progress", "null");
    expect("{\"progress\":1e3}", "progress", "null");
    expect("{\"eta_ms\":9223372036854775807}", "eta_ms", "null");
    expect("{\"files\":-9223372036854775808}", "files", "null");
    expect("{\"api_port\":65536}", "api_port", "null");
    expect("{\"managing\":1}", "managing", "false");
    expect("{\"profile\":{\"a\":1}}", "profile", "null");
    expect("{\"temperatures\":[1]}", "temperatures", "{}");
    expect("{\"temperatures\":{\"bed\":60}}", "temperatures", "{}");
    expect("{\"temperatures\":{\"bed\":{\"actual\":\"<b>\",\"target\":99999,\"x\":{}}}}",
        "temperatures", "{\"bed\":{\"actual\":null,\"target\":null}}");
    expect("[", "profile", "null");
    expect("", "state", "null");
    json_t *none = network_told(NULL, 0);
    assert_int_equal(json_object_size(none), 13);
    json_decref(none);
}

static void no_text_reaches_a_terminal_as_it_came(void **state)
{
    (void)state;
    expect("{\"file\":\"a\\u001b[2Jb\\n\"}", "file", "\"a\\\\x1b[2Jb\\\\x0a\"");
    expect("{\"temperatures\":{\"\\u001b[31m\":{\"actual\":1,\"target\":1}}}", "temperatures",
        "{\"\\\\x1b[31m\":{\"actual\":1,\"target\":1}}");
}

static void a_host_has_so_many_heaters_and_no_more(void **state)
{
    char told[4096] = "{\"temperatures\":{";
    (void)state;
    for (int i = 0; i < 40; i++) {
        char one[60];
        snprintf(one, sizeof one, "%s\"t%d\":{\"actual\":1,\"target\":2}", i > 0 ? "," : "", i);
        strcat(told, one);
    }
    strcat(told, "}}");
    json_t *out = read_told(told);
    assert_int_equal(json_object_size(json_object_get(out, "temperatures")), NETWORK_HEATERS_MAX);
    json_decref(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_host_tells_is_shown),
        cmocka_unit_test(what_is_of_another_kind_or_beyond_all_bounds_is_not),
        cmocka_unit_test(no_text_reaches_a_terminal_as_it_came),
        cmocka_unit_test(a_host_has_so_many_heaters_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
