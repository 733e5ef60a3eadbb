// link: ppbase
#include "host/base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The example of RFC 9562, appendix A.6. */
static void an_id_has_the_layout_of_the_standard(void **state)
{
    static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char id[ID_SIZE];
    (void)state;
    id_format(id, 0x017F22E279B0, random);
    assert_string_equal(id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void version_and_variant_are_set_whatever_the_random_bytes(void **state)
{
    static const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const uint8_t zeros[10] = {0};
    char id[ID_SIZE];
    (void)state;
    id_format(id, 0, ones);
    assert_string_equal(id, "00000000-0000-7fff-bfff-ffffffffffff");
    id_format(id, -5, zeros);
    assert_string_equal(id, "00000000-0000-7000-8000-000000000000");
}

static void ids_sort_by_age_and_differ_within_a_millisecond(void **state)
{
    char old[ID_SIZE];
    char young[ID_SIZE];
    char twin[ID_SIZE];
    (void)state;
    id_new(old, 1700000000000);
    id_new(young, 1700000000001);
    id_new(twin, 1700000000001);
    assert_true(strcmp(old, young) < 0);
    assert_string_not_equal(young, twin);
    assert_int_equal(strlen(twin), 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_has_the_layout_of_the_standard),
        cmocka_unit_test(version_and_variant_are_set_whatever_the_random_bytes),
        cmocka_unit_test(ids_sort_by_age_and_differ_within_a_millisecond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
