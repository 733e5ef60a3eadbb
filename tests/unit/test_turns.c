// link: ppapp
/* How long the loop's turns take. */
#include "host/app/turns.h"

#include "host/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void work_for(uint64_t ms)
{
    uint64_t end = clock_ms() + ms;
    while (clock_ms() < end) {
    }
}

struct work {
    uint64_t after_ms;
    uint64_t ms;
};

static void on_timer(uv_timer_t *timer)
{
    const struct work *work = timer->data;
    work_for(work->ms);
    uv_close((uv_handle_t *)timer, NULL);
}

/* However late the loop comes to run, the work is not in its first turn, which has no beginning. */
static void on_first(uv_timer_t *timer)
{
    const struct work *work = timer->data;
    uv_timer_start(timer, on_timer, work->after_ms, 0);
}

/* The longest turn of a loop with one timer. */
static uint64_t longest_us(uint64_t after_ms, uint64_t work_ms)
{
    uv_loop_t loop;
    uv_timer_t timer;
    struct turns turns;
    struct work work = {after_ms, work_ms};
    uv_loop_init(&loop);
    turns_open(&turns, &loop);
    uv_timer_init(&loop, &timer);
    timer.data = &work;
    uv_timer_start(&timer, on_first, 0, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_run(&loop, UV_RUN_NOWAIT); /* the turn is over when the next one begins */
    turns_close(&turns);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return turns_longest_us(&turns);
}

static void work_counts(void **state)
{
    (void)state;
    assert_in_range(longest_us(1, 30), 29000, 1000000);
}

static void waiting_for_something_to_do_does_not(void **state)
{
    (void)state;
    assert_in_range(longest_us(300, 0), 0, 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_counts),
        cmocka_unit_test(waiting_for_something_to_do_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
