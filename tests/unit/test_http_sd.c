// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* The printer's SD card in the API: our routes and OctoPrint's. */
#include "tests/unit/http_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define JSON "Content-Type: application/json\r\n"

static int set_up(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    a->device.sd = (struct device_sd_status){.presence = SD_READY, .files = 1};
    a->device.card[0] = (struct sd_entry){
        .name = "PART.GCO", .display = "a part.gcode", .size_bytes = 1234, .date_s = 1737374400};
    *state = a;
    return 0;
}

/* Asks, asserts the status, and gives the answer's text until the next call. */
static const char *ask(struct api_server *a, int status, const char *key, const char *method,
    const char *path, const char *body)
{
    static char text[4096];
    struct answer w;
    api_ask(a, &w, key, method, path, body != NULL ? JSON : "", body);
    if (w.status != status) {
        fail_msg("%s %s: %d, expected %d: %s", method, path, w.status, status, w.body);
    }
    snprintf(text, sizeof text, "%s", w.body);
    answer_fini(&w);
    return text;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no %s in %s", part, text);
    }
}

static void the_card_and_its_files_are_shown(void **state)
{
    struct api_server *a = *state;
    const char *text = ask(a, 200, a->read, "GET", "/api/v1/sd", NULL);
    has(text, "\"card\":\"ready\"");
    has(text, "\"display\":\"a part.gcode\"");
    has(text, "\"date_ms\":1737374400000");
    has(ask(a, 200, a->read, "GET", "/api/v1/status", NULL), "\"sd\":{\"card\":\"ready\"");
}

static void orders_reach_the_printer_and_readers_give_none(void **state)
{
    struct api_server *a = *state;
    ask(a, 200, a->print, "POST", "/api/v1/sd", "{\"action\":\"init\"}");
    assert_string_equal(a->device.card_asked, "init ");
    ask(a, 400, a->print, "POST", "/api/v1/sd", "{\"action\":\"eat\"}");
    ask(a, 403, a->read, "POST", "/api/v1/sd", "{\"action\":\"init\"}");
    ask(a, 200, a->print, "POST", "/api/v1/sd/remove", "{\"file\":\"PART.GCO\"}");
    assert_string_equal(a->device.card_asked, "remove PART.GCO");
    ask(a, 200, a->print, "POST", "/api/v1/sd/put", "{\"file\":\"x.gcode\"}");
    assert_string_equal(a->device.card_asked, "put x.gcode");
}

static void a_print_says_whether_it_waits_for_a_person(void **state)
{
    struct api_server *a = *state;
    has(ask(a, 200, a->print, "POST", "/api/v1/sd/print", "{\"file\":\"PART.GCO\"}"),
        "\"waits\":true");
    assert_string_equal(a->device.card_asked, "ask for PART.GCO");
    has(ask(a, 200, a->print, "POST", "/api/v1/sd/print",
            "{\"file\":\"PART.GCO\",\"bed_clear\":true,\"unchecked\":true}"),
        "\"waits\":false");
    assert_string_equal(a->device.card_asked, "print PART.GCO");
}

static void octoprints_clients_see_the_card(void **state)
{
    struct api_server *a = *state;
    has(ask(a, 200, a->read, "GET", "/api/printer/sd", NULL), "\"ready\":true");
    const char *text = ask(a, 200, a->read, "GET", "/api/files", NULL);
    has(text, "\"origin\":\"sdcard\"");
    has(text, "/api/files/sdcard/PART.GCO");
    assert_null(strstr(ask(a, 200, a->read, "GET", "/api/files/local", NULL), "sdcard"));
    has(ask(a, 200, a->read, "GET", "/api/files/sdcard", NULL), "\"size\":1234");
    has(ask(a, 200, a->read, "GET", "/api/files/sdcard/part.gco", NULL), "\"date\":1737374400");
    ask(a, 404, a->read, "GET", "/api/files/sdcard/no.gco", NULL);
}

static void octoprints_clients_steer_the_card(void **state)
{
    struct api_server *a = *state;
    ask(a, 204, a->print, "POST", "/api/printer/sd", "{\"command\":\"release\"}");
    assert_string_equal(a->device.card_asked, "release ");
    ask(a, 204, a->print, "POST", "/api/files/sdcard/PART.GCO",
        "{\"command\":\"select\",\"print\":true}");
    assert_string_equal(a->device.card_asked, "ask for PART.GCO");
    ask(a, 400, a->print, "POST", "/api/files/sdcard/PART.GCO", "{\"command\":\"slice\"}");
    ask(a, 204, a->print, "DELETE", "/api/files/sdcard/PART.GCO", NULL);
    assert_string_equal(a->device.card_asked, "remove PART.GCO");
    a->device.status.state = PRINTER_OFFLINE;
    ask(a, 409, a->read, "GET", "/api/printer/sd", NULL);
}

static void an_upload_for_the_card_is_copied_to_it(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    api_ask(a, &w, a->print, "POST", "/api/files/sdcard",
        "Content-Type: multipart/form-data; boundary=XX\r\n",
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.gcode\"\r\n\r\n"
        "G28\nG1 X1 Y1 E1\n\r\n--XX--\r\n");
    assert_int_equal(w.status, 201);
    assert_non_null(strstr(answer_header(&w, "Location"), "/api/files/sdcard/CHOSEN.GCO"));
    answer_fini(&w);
    assert_string_equal(a->device.card_asked, "put b.gcode");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_card_and_its_files_are_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            orders_reach_the_printer_and_readers_give_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_print_says_whether_it_waits_for_a_person, set_up, tear_down),
        cmocka_unit_test_setup_teardown(octoprints_clients_see_the_card, set_up, tear_down),
        cmocka_unit_test_setup_teardown(octoprints_clients_steer_the_card, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_upload_for_the_card_is_copied_to_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
