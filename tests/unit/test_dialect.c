#include "host/core/dialect.h"

#include "host/core/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

/* FIRMWARE_NAME as the families write it. */
static const struct {
    const char *firmware;
    const char *name;
} known[] = {
    {"Marlin 2.1.2.1 (Jan 10 2025 12:00:00)", "marlin"},
    {"Marlin 1.1.9.1 (Github)", "marlin"},
    {"Marlin bugfix-2.1.x", "marlin"},
    {"Prusa-Firmware 3.14.0 based on Marlin", "prusa"},
    {"Prusa-Firmware-Buddy 6.0.1", "prusa-buddy"},
    {"Repetier_1.0.4", "repetier"},
    {"REPETIER_0.92.9", "repetier"},
    {"ANET_A8_V1.0", "repetier-anet"},
    {"Klipper", "klipper"},
    {"RepRapFirmware for Duet 2 WiFi/Ethernet", "reprapfirmware"},
    {"Smoothieware", "smoothieware"},
    {"Teacup", "teacup"},
    {"Malyan VER: 3.8", "malyan"},
    {"Sprinter", "sprinter"},
    {"", "marlin"},
    {"Something nobody has heard of", "marlin"},
};

static void each_firmware_finds_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_string_equal(dialect_by_firmware(known[i].firmware)->name, known[i].name);
        assert_ptr_equal(dialect_by_name(known[i].name), dialect_by_firmware(known[i].firmware));
    }
}

static void names_are_found_in_any_case_and_marlin_is_the_default(void **state)
{
    (void)state;
    assert_string_equal(dialect_by_name("KLIPPER")->name, "klipper");
    assert_string_equal(dialect_by_name("")->name, "marlin");
    assert_string_equal(dialect_by_name("marlim")->name, "marlin");
}

static void every_row_can_be_used(void **state)
{
    size_t rows = 0;
    (void)state;
    for (const struct dialect *d; (d = dialect_at(rows)) != NULL; rows++) {
        assert_ptr_equal(dialect_by_name(d->name), d);
        /* a command of some length is left even with the largest number */
        assert_true(dialect_max_command(d, UINT64_MAX) > 40);
        assert_true(d->max_line < LINE_MAX_OUT);
        for (size_t i = 0; i < rows; i++) {
            assert_true(strcasecmp(dialect_at(i)->name, d->name) != 0);
        }
    }
    assert_true(rows >= 11);
    assert_null(dialect_at(rows));
    assert_null(dialect_at(SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_firmware_finds_its_row),
        cmocka_unit_test(names_are_found_in_any_case_and_marlin_is_the_default),
        cmocka_unit_test(every_row_can_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
