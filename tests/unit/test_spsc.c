// link: ppcore Threads::Threads
#include "host/base/spsc.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 4096u

static int make(void **state)
{
    struct spsc *q = aligned_alloc(64, sizeof *q);
    spsc_init(q, SIZE);
    *state = q;
    return 0;
}

static int drop(void **state)
{
    spsc_fini(*state);
    free(*state);
    return 0;
}

static bool put(struct spsc *q, size_t len, unsigned char fill)
{
    void *record = spsc_reserve(q, len);
    if (record == NULL) {
        return false;
    }
    assert_int_equal((uintptr_t)record % 8, 0);
    memset(record, fill, len);
    spsc_push(q, len);
    return true;
}

static void take(struct spsc *q, size_t want, unsigned char fill)
{
    size_t len = 12345;
    unsigned char *record = spsc_peek(q, &len);
    assert_non_null(record);
    assert_int_equal(len, want);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(record[i], fill);
    }
    spsc_pop(q);
}

static void records_come_out_as_they_went_in(void **state)
{
    size_t len;
    assert_null(spsc_peek(*state, &len));
    assert_true(put(*state, 5, 1));
    assert_true(put(*state, 0, 2));
    assert_true(put(*state, SIZE / 4 - 8, 3));
    take(*state, 5, 1);
    take(*state, 0, 2);
    take(*state, SIZE / 4 - 8, 3);
    assert_null(spsc_peek(*state, &len));
    assert_int_equal(spsc_used(*state), 0);
}

static void what_is_reserved_is_not_seen_before_it_is_pushed(void **state)
{
    size_t len;
    assert_non_null(spsc_reserve(*state, 100));
    assert_null(spsc_peek(*state, &len));
    assert_non_null(spsc_reserve(*state, 50)); /* another size instead */
    spsc_push(*state, 50);
    assert_non_null(spsc_peek(*state, &len));
    assert_int_equal(len, 50);
}

static void a_full_queue_refuses_and_takes_again(void **state)
{
    unsigned char in = 0;
    unsigned char out = 0;
    while (put(*state, 120, in)) {
        in++;
    }
    assert_int_equal(in, SIZE / 128);
    assert_int_equal(spsc_used(*state), SIZE);
    for (int i = 0; i < 1000; i++) {
        assert_false(put(*state, 120, in));
        take(*state, 120, out++);
        assert_true(put(*state, 120, in++));
    }
}

/* A record that does not fit before the end of the buffer goes to its beginning, whole. */
static void every_place_of_the_wrap_works(void **state)
{
    for (size_t len = 0; len < SIZE / 4 - 8; len += 13) {
        for (unsigned char i = 0; i < 40; i++) {
            assert_true(put(*state, len, i));
            assert_true(put(*state, 24, (unsigned char)(i + 100)));
            take(*state, len, i);
            take(*state, 24, (unsigned char)(i + 100));
        }
    }
}

static void a_full_queue_with_a_gap_at_its_end_stays_in_order(void **state)
{
    unsigned char in = 0;
    unsigned char out = 0;
    for (int i = 0; i < 5000; i++) {
        while (put(*state, 8 + (size_t)in % 97 * 8, in)) {
            in++;
        }
        for (int k = 0; k < 3; k++) {
            take(*state, 8 + (size_t)out % 97 * 8, out);
            out++;
        }
        assert_true(spsc_used(*state) <= SIZE);
    }
}

/* ---- two threads ---- */

#define RECORDS 200000u

static void *produce(void *arg)
{
    struct spsc *q = arg;
    for (uint32_t i = 0; i < RECORDS; i++) {
        size_t len = sizeof i * (1 + i * 2654435761u % 60);
        uint32_t *record;
        while ((record = spsc_reserve(q, len)) == NULL) {
            sched_yield();
        }
        for (size_t k = 0; k < len / sizeof i; k++) {
            record[k] = i;
        }
        spsc_push(q, len);
    }
    return NULL;
}

static void two_threads_lose_nothing(void **state)
{
    struct spsc *q = *state;
    pthread_t thread;
    size_t bad = 0;
    pthread_create(&thread, NULL, produce, q);
    for (uint32_t i = 0; i < RECORDS; i++) {
        size_t len;
        const uint32_t *record;
        while ((record = spsc_peek(q, &len)) == NULL) {
            sched_yield();
        }
        bad += len != sizeof i * (1 + i * 2654435761u % 60);
        for (size_t k = 0; k < len / sizeof i; k++) {
            bad += record[k] != i;
        }
        spsc_pop(q);
    }
    pthread_join(thread, NULL);
    assert_int_equal(bad, 0);
    assert_int_equal(spsc_used(q), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_come_out_as_they_went_in, make, drop),
        cmocka_unit_test_setup_teardown(
            what_is_reserved_is_not_seen_before_it_is_pushed, make, drop),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses_and_takes_again, make, drop),
        cmocka_unit_test_setup_teardown(every_place_of_the_wrap_works, make, drop),
        cmocka_unit_test_setup_teardown(
            a_full_queue_with_a_gap_at_its_end_stays_in_order, make, drop),
        cmocka_unit_test_setup_teardown(two_threads_lose_nothing, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
