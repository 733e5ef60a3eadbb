#include "host/core/history.h"

#include "host/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make(void **state)
{
    *state = mem_alloc(sizeof(struct history));
    return 0;
}

static int drop(void **state)
{
    free(*state);
    return 0;
}

/* A line whose bytes tell its number. */
static size_t text_of(uint64_t n, size_t len, char *out)
{
    memset(out, 'a' + (char)(n % 26), len);
    size_t head = (size_t)snprintf(out, len, "N%llu ", (unsigned long long)n);
    out[head] = 'x';
    return len;
}

static void put(struct history *h, uint64_t n, size_t len)
{
    char text[LINE_MAX_OUT];
    text_of(n, len, text);
    history_put(h,
        &(struct history_line){.n = n, .end_offset = 10 * n, .tag = 3, .len = (uint16_t)len}, text);
}

static bool is_kept(const struct history *h, uint64_t n, size_t len)
{
    char want[LINE_MAX_OUT];
    const char *bytes;
    const struct history_line *l = history_find(h, n, &bytes);
    if (l == NULL) {
        return false;
    }
    text_of(n, len, want);
    assert_int_equal(l->n, n);
    assert_int_equal(l->len, len);
    assert_int_equal(l->end_offset, 10 * n);
    assert_int_equal(l->tag, 3);
    assert_memory_equal(bytes, want, len);
    return true;
}

static void a_line_is_found_by_its_number(void **state)
{
    const char *bytes;
    assert_null(history_find(*state, 0, &bytes));
    assert_null(history_find(*state, 1, &bytes));
    put(*state, 1, 30);
    put(*state, 2, LINE_MAX_OUT);
    assert_true(is_kept(*state, 1, 30));
    assert_true(is_kept(*state, 2, LINE_MAX_OUT));
    assert_false(is_kept(*state, 3, 30));
    assert_false(is_kept(*state, 1 + HISTORY_LINES, 30));
}

static void the_last_lines_are_kept_whatever_their_length(void **state)
{
    static const size_t lengths[] = {17, 31, 32, 40, 100, 272};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t len = lengths[k];
        uint64_t sure = HISTORY_BYTES / len - 2;
        sure = sure < HISTORY_LINES ? sure : HISTORY_LINES - 1;
        memset(*state, 0, sizeof(struct history));
        for (uint64_t n = 1; n < 40000; n++) {
            put(*state, n, len);
            assert_true(is_kept(*state, n, len));
            if (n > sure && n % 97 == 0) {
                assert_true(is_kept(*state, n - sure, len));
                assert_false(is_kept(*state, n - HISTORY_LINES, len) && n > HISTORY_LINES);
            }
        }
    }
}

/* What is found is whole, at every place of the wrap. */
static void what_has_fallen_out_is_not_found(void **state)
{
    size_t found = 0;
    uint64_t last = 30011;
    for (uint64_t n = 1; n <= last; n++) {
        put(*state, n, 20 + n % 7 * 31);
    }
    for (uint64_t n = 1; n <= last; n++) {
        found += is_kept(*state, n, 20 + n % 7 * 31);
    }
    assert_in_range(found, 2000, HISTORY_LINES);
    assert_false(is_kept(*state, 1, 51));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_found_by_its_number, make, drop),
        cmocka_unit_test_setup_teardown(the_last_lines_are_kept_whatever_their_length, make, drop),
        cmocka_unit_test_setup_teardown(what_has_fallen_out_is_not_found, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
