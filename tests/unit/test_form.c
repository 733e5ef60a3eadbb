// link: ppapi
// with: fake_device fake_manage
/* Form fields: decoding, lists, both kinds of bodies, what is refused. */
#include "host/api/form.h"
#include "host/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAIRS "application/x-www-form-urlencoded"
#define PARTS "multipart/form-data; charset=utf-8; boundary=\"XX\""

static json_t *parse(const char *type, const char *body)
{
    json_t *fields = NULL;
    struct err e = {0};
    if (form_parse(&fields, type, body, strlen(body), &e) != 0) {
        fail_msg("%s: %s", body, e.text);
    }
    return fields;
}

static void assert_fields(const char *type, const char *body, const char *expected)
{
    json_t *fields = parse(type, body);
    char *text = json_dumps(fields, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(fields);
}

static void assert_refused(const char *type, const char *body, int code, const char *text)
{
    json_t *fields = NULL;
    struct err e = {0};
    assert_int_equal(form_parse(&fields, type, body, strlen(body), &e), -code);
    assert_null(fields);
    if (strstr(e.text, text) == NULL) {
        fail_msg("%s: \"%s\" is not in \"%s\"", body, text, e.text);
    }
}

static void pairs_are_decoded(void **state)
{
    (void)state;
    assert_fields(PAIRS, "", "{}");
    assert_fields(NULL, "a=1&b=x+y%2bz&c=", "{\"a\":\"1\",\"b\":\"x y+z\",\"c\":\"\"}");
    assert_fields(PAIRS "; charset=UTF-8", "&&a=%C3%a4%26%3D&&d", "{\"a\":\"ä&=\",\"d\":\"\"}");
    assert_fields(
        PAIRS, "a%5b%5D=1&json=%7B%22x%22%3A+1%7D", "{\"a\":[\"1\"],\"json\":\"{\\\"x\\\": 1}\"}");
    assert_fields("APPLICATION/X-WWW-FORM-URLENCODED", "a=b=c", "{\"a\":\"b=c\"}");
}

static void fields_that_come_again_are_lists(void **state)
{
    (void)state;
    assert_fields(PAIRS, "a[]=1", "{\"a\":[\"1\"]}");
    assert_fields(PAIRS, "a=1&b=0&a=2&a[]=3", "{\"a\":[\"1\",\"2\",\"3\"],\"b\":\"0\"}");
    assert_fields(PAIRS, "[]=1", "{\"[]\":\"1\"}");
}

static void parts_are_taken_out(void **state)
{
    (void)state;
    assert_fields(PARTS,
        "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n"
        "--XX \r\nContent-Type: text/plain\r\ncontent-disposition: form-data; x; name=b[]\r\n\r\n"
        "\r\n--XX--\r\n",
        "{\"a\":\"one\\r\\ntwo\",\"b\":[\"\"]}");
    assert_fields("multipart/form-data;boundary=XX",
        "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"a;b\"\r\n\r\n1\r\n--XX--",
        "{\"a;b\":\"1\"}");
    assert_fields(PARTS, "--XX--", "{}");
}

static void an_object_is_one_whatever_it_is_called(void **state)
{
    (void)state;
    assert_fields(PAIRS, " {\"a\": 1}", "{\"a\":1}");
    assert_fields("application/json", "{\"a\": [1]}", "{\"a\":[1]}");
    assert_refused("application/json", "[1]", PP_EINVAL, "must be an object");
    assert_refused(PAIRS, "{\"a\": ", PP_EINVAL, "not JSON: line 1");
}

static void what_is_no_form_is_refused(void **state)
{
    (void)state;
    assert_refused(PAIRS, "a=%4", PP_EINVAL, "\"a=%4\": a % needs two");
    assert_refused(PAIRS, "b=1&a%zz=1", PP_EINVAL, "\"a%zz=1\"");
    assert_refused(PAIRS, "a=%", PP_EINVAL, "a % needs two");
    assert_refused(PAIRS, "a=%ff", PP_EINVAL, "field \"a\" must be text in UTF-8");
    assert_refused(PAIRS, "a=%00", PP_EINVAL, "field \"a\" must be text");
    assert_refused(PAIRS, "a%00=1", PP_EINVAL, "name of a field");
    assert_refused(PAIRS, "%ff=1", PP_EINVAL, "must be UTF-8");
    assert_refused(PAIRS, "=1", PP_EINVAL, "name of a field");
    assert_refused("text/plain", "a=1", PP_ETYPE, "Content-Type \"text/plain\": must be");
    assert_refused("multipart/form-data", "--XX--", PP_EINVAL, "needs a boundary");
    assert_refused("multipart/form-data; boundary=\"XX", "--XX--", PP_EINVAL, "needs a boundary");
    assert_refused(PARTS, "", PP_EINVAL, "cut short");
    assert_refused(PARTS, "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none",
        PP_EINVAL, "cut short");
    assert_refused(PARTS, "--XX\r\n\r\n\r\n1\r\n--XX--", PP_EINVAL, "no name");
    assert_refused(PARTS, "--XX\r\nno end\r\n--XX--", PP_EINVAL, "no headers");
    assert_refused(PARTS,
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.gcode\"\r\n\r\nG28"
        "\r\n--XX--",
        PP_EINVAL, "\"a.gcode\": a file is not expected here");
}

static void too_many_or_too_long_names_are_refused(void **state)
{
    (void)state;
    struct strbuf many = {0};
    for (int i = 0; i <= FORM_FIELDS_MAX; i++) {
        strbuf_puts(&many, "a=1&");
    }
    assert_refused(PAIRS, strbuf_text(&many), PP_ETOOBIG, "more than 2000 fields");
    strbuf_fini(&many);
    assert_refused(PAIRS, "aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaa=1",
        PP_EINVAL, "1 to 64 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_decoded),
        cmocka_unit_test(fields_that_come_again_are_lists),
        cmocka_unit_test(parts_are_taken_out),
        cmocka_unit_test(an_object_is_one_whatever_it_is_called),
        cmocka_unit_test(what_is_no_form_is_refused),
        cmocka_unit_test(too_many_or_too_long_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
