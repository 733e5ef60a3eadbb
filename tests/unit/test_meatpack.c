#include "host/core/meatpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_packs(const char *line, const char *wanted)
{
    char out[MEATPACK_MAX(64)];
    size_t len = meatpack_pack(out, line, strlen(line));
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(out, wanted, len);
    assert_int_equal(meatpack_size(line, strlen(line)), len);
}

static void two_common_characters_share_a_byte_the_first_in_its_lower_half(void **state)
{
    (void)state;
    assert_packs("G1 X5\n", "\x1d\xeb\xc5");
    assert_packs("98.76\n", "\x89\x7a\xc6");
}

static void a_newline_that_is_left_over_takes_the_lower_half(void **state)
{
    (void)state;
    assert_packs("\n", "\xcc");
    assert_packs("G2\n", "\x2d\xcc");
    assert_packs("G28\n", "\x2d\xc8");
    assert_packs("G2 X\n", "\x2d\xeb\xcc");
}

static void other_characters_follow_as_bytes_of_their_own(void **state)
{
    (void)state;
    assert_packs("M1\n", "\x1fM\xcc");
    assert_packs("1M\n", "\xf1M\xcc");
    assert_packs("MY\n", "\xffMY\xcc");
    assert_packs("1M2\n", "\xf1M\xc2");
    assert_packs("2M1M\n", "\xf2M\xf1M\xcc");
    assert_packs("Ab\n", "\xff"
                         "Ab\xcc");
    assert_packs("12A\n", "\x21\xcf"
                          "A");
}

/* A lost byte must show in the checksum, and two equal characters cancel out in it. */
static void two_equal_characters_never_share_a_byte(void **state)
{
    (void)state;
    assert_packs("X100\n", "\x1e\xf0"
                           "0\xcc");
    assert_packs("11  \n", "\xf1"
                           "1\xfb \xcc");
    assert_packs("GG\n", "\xfdG\xcc");
}

static void a_line_of_rare_characters_grows_by_half(void **state)
{
    char line[64];
    char out[MEATPACK_MAX(64)];
    (void)state;
    memset(line, 'a', sizeof line);
    line[63] = '\n';
    assert_true(meatpack_pack(out, line, sizeof line) <= MEATPACK_MAX(sizeof line));
    assert_int_equal(meatpack_size(line, sizeof line), 32 + 63);
}

static void an_answer_tells_whether_it_unpacks_and_as_we_pack(void **state)
{
    struct meatpack_report r;
    (void)state;
    assert_true(meatpack_report(&r, "[MP] PV01 ON ESP"));
    assert_true(r.on && r.usable);
    assert_true(meatpack_report(&r, "[MP]PV01 ON ESP"));
    assert_true(r.on && r.usable);
    assert_true(meatpack_report(&r, "[MP] PV01 OFF ESP"));
    assert_true(!r.on && r.usable);
    assert_true(meatpack_report(&r, "[MP] PV01 ON NSP"));
    assert_true(r.on && !r.usable);
    assert_true(meatpack_report(&r, "[MP] PV02 ON ESP"));
    assert_true(r.on && !r.usable);
    assert_false(meatpack_report(&r, "[MP] "));
    assert_false(meatpack_report(&r, "[MPDBG] ENA REC"));
    assert_false(meatpack_report(&r, "ok"));
    assert_false(meatpack_report(&r, ""));
}

static void orders_begin_with_two_signs_that_no_packed_line_has(void **state)
{
    static const unsigned char wanted[] = {
        [MEATPACK_PLAIN_BLANKS] = 246, [MEATPACK_ON] = 251, [MEATPACK_RESET] = 249};
    (void)state;
    for (int i = MEATPACK_PLAIN_BLANKS; i <= MEATPACK_RESET; i++) {
        const char *bytes = meatpack_order((enum meatpack_order)i);
        assert_int_equal(strlen(bytes), MEATPACK_ORDER);
        assert_int_equal((unsigned char)bytes[0], 255);
        assert_int_equal((unsigned char)bytes[1], 255);
        assert_int_equal((unsigned char)bytes[2], wanted[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_common_characters_share_a_byte_the_first_in_its_lower_half),
        cmocka_unit_test(a_newline_that_is_left_over_takes_the_lower_half),
        cmocka_unit_test(other_characters_follow_as_bytes_of_their_own),
        cmocka_unit_test(two_equal_characters_never_share_a_byte),
        cmocka_unit_test(a_line_of_rare_characters_grows_by_half),
        cmocka_unit_test(an_answer_tells_whether_it_unpacks_and_as_we_pack),
        cmocka_unit_test(orders_begin_with_two_signs_that_no_packed_line_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
