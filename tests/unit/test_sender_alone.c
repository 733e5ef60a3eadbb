// link: ppio
/* The sender's thread needs nobody: no memory, no lock, no main loop. */
#include "tests/unit/sender_bench.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

/* There with AddressSanitizer. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
    void (*on_free)(const volatile void *)) __attribute__((weak));

static pthread_t main_thread;
static atomic_bool watching;
static atomic_size_t allocations;
static atomic_size_t locks;

static bool watched(void)
{
    return atomic_load(&watching) && !pthread_equal(pthread_self(), main_thread);
}

static void on_malloc(const volatile void *p, size_t size)
{
    (void)p;
    (void)size;
    atomic_fetch_add(&allocations, watched());
}

static void on_free(const volatile void *p)
{
    (void)p;
    atomic_fetch_add(&allocations, watched());
}

/* In the place of libc's, for libuv and for us. */
int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*real)(pthread_mutex_t *);
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    }
    atomic_fetch_add(&locks, watched());
    return real(mutex);
}

static void begin_job(struct bench *b, size_t lines)
{
    b->job_lines = lines;
    b->generation = 1;
    sender_begin(b->sender, 1);
    put_job(b);
}

static void between_an_ack_and_the_next_line_nothing_is_allocated_or_locked(void **state)
{
    (void)state;
    if (__sanitizer_install_malloc_and_free_hooks == NULL) {
        skip();
    }
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    sender_tap(b->sender, true); /* the long way: each line is told as well */
    begin_job(b, 3000);
    RUN_UNTIL(b, b->printer.lines > 300);
    atomic_store(&watching, true);
    RUN_UNTIL(b, b->printer.lines > 2500);
    atomic_store(&watching, false);
    assert_int_equal(atomic_load(&allocations), 0);
    assert_int_equal(atomic_load(&locks), 0);
    RUN_UNTIL(b, b->notes[NOTE_END] == 1);
    finish(b);
}

/* Serves the printer without the main loop, until `lines` have come. */
static void serve_alone(struct bench *b, size_t lines)
{
    struct pollfd fd = {.fd = b->printer.master, .events = POLLIN};
    while (b->printer.lines < lines && poll(&fd, 1, 10000) == 1) {
        on_printer(&b->printer.poll, 0, UV_READABLE);
    }
    assert_int_equal(b->printer.lines, lines);
}

static size_t notes_of(const struct bench *b)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof b->notes / sizeof *b->notes; i++) {
        count += b->notes[i];
    }
    return count;
}

/* What the main loop missed does not come all at once: it has other work too. */
static void notes_are_told_a_few_in_each_turn_of_the_main_loop(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    sender_tap(b->sender, true);
    begin_job(b, 300);
    serve_alone(b, 300);
    size_t before = notes_of(b);
    while (b->notes[NOTE_END] == 0 && !b->late) {
        uv_run(&loop, UV_RUN_ONCE);
        assert_true(notes_of(b) <= before + 128);
        before = notes_of(b);
    }
    assert_int_equal(b->notes[NOTE_SENT], 300);
    finish(b);
}

/* What is left when the ring is asked to be filled again lasts longer than a read may take: the
 * densest print, at 250000 baud, has 600 lines a second. */
static void ten_seconds_of_lines_go_out_while_the_main_loop_stands_still(void **state)
{
    (void)state;
    struct bench *b = connected(STREAM_WINDOW_BYTES);
    begin_job(b, 100000);
    assert_true(b->job_put > 12000);
    serve_alone(b, b->job_put);
    assert_true(b->job_put / 2 > 6000);
    assert_int_equal(b->fills, 0);
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_an_ack_and_the_next_line_nothing_is_allocated_or_locked),
        cmocka_unit_test(notes_are_told_a_few_in_each_turn_of_the_main_loop),
        cmocka_unit_test(ten_seconds_of_lines_go_out_while_the_main_loop_stands_still),
    };
    main_thread = pthread_self();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
