#include "host/core/gcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct limits limits = {
    .max_um = {200000, 180000, 150000},
    .margin_um = 5000,
    .tools = 1,
    .max_tool_mc = 250000,
    .max_bed_mc = 100000,
    .max_line = 60,
};

/* What is said against the lines, "" if nothing is. */
static const char *verdict(const char *text)
{
    static struct err e;
    struct gcheck c;
    gcheck_init(&c, &limits);
    e = (struct err){0};
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (gcheck_line(&c, text, len, &e) < 0) {
            assert_int_equal(e.code, PP_EREFUSED);
            return e.text;
        }
        text += len + (text[len] == '\n');
    }
    return "";
}

static void refused(const char *text, const char *why)
{
    const char *said = verdict(text);
    if (strstr(said, why) == NULL) {
        fail_msg("\"%s\": said \"%s\", wanted \"%s\"", text, said, why);
    }
}

static void fine(const char *text)
{
    assert_string_equal(verdict(text), "");
}

static void a_clearing_script_passes(void **state)
{
    (void)state;
    fine("; sweep\nM104 S0\nM140 S0\nG90\nG1 Z120 F600\nG1 X100 Y175 F6000\nG1 Z0.4\n"
         "G1 Y5 F2000 ; push\nG28 X Y\nM84\n\n");
    fine("G91\nG1 Z10\nG1 X-300\nG90\n"); /* from where nobody knows */
    fine("G1 X-5 Y185 Z-0.5 Z999\nT0\nM300 S440 P200\n");
    fine("M140 S100\nM104 S250\nM303 E-1 S90\n");
}

static void heat_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    refused("M104 S251", "the limit of this printer's hotend is 250");
    refused("M109 R300", "hotend");
    refused("M140 S101", "the limit of this printer's bed is 100");
    refused("M190 R120", "bed");
    refused("M303 E-1 S120", "bed");
    refused("M141 S40", "chamber is 0");
}

static void moves_out_of_the_volume_are_refused(void **state)
{
    (void)state;
    refused("G1 X206", "the build volume ends at X 200 mm");
    refused("G0 Y-6", "the build volume begins at Y 0 mm");
    refused("G1 Z-1", "the build volume begins at Z 0 mm");
    refused("G90\nG1 X190\nG91\nG1 X20", "goes to X210");
    refused("G20\nG1 X9", "goes to X228.6");
    refused("G28\nG1 X10\nG92 X0\nG1 X196", "goes to X206");
}

static void what_is_not_known_is_not_judged(void **state)
{
    (void)state;
    fine("G92 Y0\nG1 Y300\nG91\nG1 Y300"); /* a belt */
    fine("G28\nG91\nG1 X-10");             /* it may home at its far end */
    fine("G1 X10\nM84\nG91\nG1 X-100");    /* moved by hand since */
    refused("G92 Y0\nG28\nG1 Y300", "goes to Y300");
}

static void what_waits_at_the_printer_or_writes_to_its_card_is_refused(void **state)
{
    (void)state;
    refused("M0", "use @pause");
    refused("M600", "use @pause");
    refused("M112", "@cancel");
    refused("m28 x.gco", "card");
    refused("M110 N5", "line numbers");
    refused("@pause", "no command of a printer");
}

static void what_the_printer_cannot_read_is_refused(void **state)
{
    (void)state;
    refused("T1", "this printer has 1 tool");
    refused("G1 X{x}", "nobody has filled in");
    refused(
        "M117 123456789 123456789 123456789 123456789 123456789 123456", "this printer reads 60");
    fine("M117 {done}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clearing_script_passes),
        cmocka_unit_test(heat_beyond_the_limit_is_refused),
        cmocka_unit_test(moves_out_of_the_volume_are_refused),
        cmocka_unit_test(what_is_not_known_is_not_judged),
        cmocka_unit_test(what_waits_at_the_printer_or_writes_to_its_card_is_refused),
        cmocka_unit_test(what_the_printer_cannot_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
