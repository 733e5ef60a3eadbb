// link: ppnet
/* The facade as a program uses it, alone on its machine: queues added, removed, closed at any
 * moment; whatever happens, no handle is left and no byte. */
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "net/net.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

struct rig {
    char dir[TEMPDIR_SIZE];
    uv_loop_t *loop;
    uv_loop_t own_loop;
    uv_timer_t wake; /* so that waiting ends */
    struct net *net;
    size_t loaded, applied, refused;
    bool closed, gone;
};

static void on_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct rig *r = context;
    char key[32];
    snprintf(key, sizeof key, "entry/%zu", ++r->applied);
    row(row_context, &(struct net_row){key, entry->bytes, entry->len});
}

static void on_dump(void *context, net_row_cb row, void *row_context)
{
    (void)context, (void)row, (void)row_context;
}

static void on_load(void *context, const struct net_row *rows, size_t n)
{
    (void)rows;
    ((struct rig *)context)->loaded = n;
}

static void on_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    (void)context, (void)id, (void)bytes, (void)len;
}

static void on_kept(void *context, uint64_t id)
{
    (void)context, (void)id;
}

static void on_refused(void *context, uint64_t id, const struct err *e)
{
    (void)id, (void)e;
    ((struct rig *)context)->refused++;
}

static void on_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    (void)context, (void)submit, (void)c;
}

static void on_changed(void *context)
{
    (void)context;
}

static bool has_none(void *context, const char *sha256, int64_t *size_bytes)
{
    (void)context, (void)sha256, (void)size_bytes;
    return false;
}

static void open_net(struct rig *r)
{
    struct err e = {0};
    struct net_options o = {.folder = r->dir,
        .name = "alone",
        .version = "test",
        .listen = "localhost",
        .no_mdns = true,
        .heartbeat_ms = 20,
        .election_ms = 100,
        .found_ms = 50,
        .content = {.has = has_none}};
    r->closed = false;
    if (net_open(&r->net, r->loop, &o, &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static void add_at(struct rig *r, const char *name, const char *address)
{
    const char *bootstrap[] = {address, NULL};
    struct err e = {0};
    struct net_machine m = {
        on_apply, on_dump, on_load, on_pending, on_kept, on_refused, on_carry_over, on_changed, r};
    struct net_queue_options o = {.name = name,
        .kind = NET_LAN,
        .key = "secret",
        .address = "localhost",
        .bootstrap = bootstrap};
    r->loaded = r->applied = 0;
    if (net_queue_add(r->net, &o, &m, &e) != 0) {
        fail_msg("%s", e.text);
    }
}

static void add(struct rig *r, const char *name)
{
    add_at(r, name, NULL);
}

static void on_wake(uv_timer_t *timer)
{
    (void)timer;
}

#define RIG_UNTIL(r, condition)                                                                    \
    for (uint64_t until_ = clock_ms() + 20000; !(condition);) {                                    \
        uv_run((r)->loop, UV_RUN_ONCE);                                                            \
        if (clock_ms() > until_) {                                                                 \
            fail_msg("not within 20 s: " #condition);                                              \
        }                                                                                          \
    }

static void on_closed(void *context)
{
    *(bool *)context = true;
}

static void close_net(struct rig *r, bool leave)
{
    net_close(r->net, leave, on_closed, &r->closed);
    RIG_UNTIL(r, r->closed);
}

static int setup(void **state)
{
    struct rig *r = mem_alloc(sizeof *r);
    tempdir_make(r->dir);
    r->loop = &r->own_loop;
    uv_loop_init(r->loop);
    uv_timer_init(r->loop, &r->wake);
    uv_timer_start(&r->wake, on_wake, 10, 10);
    open_net(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    if (!r->closed) {
        close_net(r, false);
    }
    uv_close((uv_handle_t *)&r->wake, NULL);
    uv_run(r->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(r->loop), 0);
    tempdir_remove(r->dir);
    free(r);
    return 0;
}

static uint64_t submit(struct rig *r, const char *queue, const char *text, struct err *e)
{
    return net_submit(r->net, queue, true, text, strlen(text), e);
}

static void what_was_said_is_there_after_a_restart(void **state)
{
    struct rig *r = *state;
    struct err e = {0};
    add(r, "Lab");
    assert_int_not_equal(submit(r, "Lab", "one", &e), 0);
    RIG_UNTIL(r, r->applied == 1);
    close_net(r, true);
    open_net(r);
    add(r, "Lab");
    assert_int_equal(r->loaded, 1);
}

static void what_is_not_committed_yet_is_said_again_after_a_restart(void **state)
{
    struct rig *r = *state;
    struct err e = {0};
    add(r, "Lab");
    assert_int_not_equal(submit(r, "Lab", "one", &e), 0); /* no group is founded yet */
    close_net(r, false);
    open_net(r);
    add(r, "Lab");
    assert_int_equal(r->loaded, 0);
    RIG_UNTIL(r, r->applied == 1);
}

static void a_queue_that_is_removed_is_forgotten(void **state)
{
    struct rig *r = *state;
    struct err e = {0};
    add(r, "Lab");
    submit(r, "Lab", "one", &e);
    RIG_UNTIL(r, r->applied == 1);
    net_queue_remove(r->net, "Lab", true, on_closed, &r->gone);
    RIG_UNTIL(r, r->gone);
    add(r, "Lab");
    assert_int_equal(r->loaded, 0);
    RIG_UNTIL(r, submit(r, "Lab", "two", &e) != 0 && r->applied > 0);
}

static bool is_client(const struct rig *r)
{
    struct net_queue_status s;
    return net_queue_status(r->net, "Lab", &s) && s.connected && s.applied > 0;
}

/* A host is switched off while it leaves a queue that somebody has removed: others are to take over
 * what it was for them, which takes a moment. */
static void so_it_is_when_the_host_ends_meanwhile(void **state)
{
    struct rig *r = *state;
    struct rig other = {.loop = r->loop};
    struct net_queue_status s;
    struct err e = {0};
    add(r, "Lab");
    submit(r, "Lab", "one", &e);
    RIG_UNTIL(r, r->applied == 1);
    assert_true(net_queue_status(r->net, "Lab", &s));
    tempdir_make(other.dir);
    open_net(&other);
    add_at(&other, "Lab", s.address);
    RIG_UNTIL(r, is_client(&other));
    net_queue_remove(r->net, "Lab", true, NULL, NULL);
    close_net(r, false);
    open_net(r);
    add(r, "Lab");
    assert_int_equal(r->loaded, 0);
    close_net(&other, false);
    tempdir_remove(other.dir);
}

static void what_cannot_be_said_is_refused_at_once(void **state)
{
    struct rig *r = *state;
    struct err e = {0};
    static char large[(60 << 10) + 1];
    assert_int_equal(submit(r, "Lab", "one", &e), 0);
    assert_int_equal(e.code, PP_EOFFLINE);
    assert_string_equal(e.text, "queue \"Lab\" is not joined");
    add(r, "Lab");
    assert_int_equal(net_submit(r->net, "Lab", true, large, sizeof large, &e), 0);
    assert_int_equal(e.code, PP_ETOOBIG);
    assert_string_equal(e.text, "a command of 61441 bytes: must be 1 to 61440");
    assert_int_not_equal(net_submit(r->net, "Lab", true, large, sizeof large - 1, &e), 0);
    RIG_UNTIL(r, r->applied == 1);
}

static void it_may_be_closed_at_any_moment(void **state)
{
    struct rig *r = *state;
    struct err e = {0};
    for (int turns = 0; turns < 24; turns += 3) {
        add(r, "Lab");
        add(r, "Farm");
        submit(r, "Farm", "one", &e);
        for (int i = 0; i < turns; i++) {
            uv_run(r->loop, UV_RUN_ONCE);
        }
        if (turns % 2 == 0) {
            net_queue_remove(r->net, "Lab", false, NULL, NULL);
        }
        close_net(r, turns % 4 == 0);
        open_net(r);
    }
}

#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(what_was_said_is_there_after_a_restart),
        NET_TEST(what_is_not_committed_yet_is_said_again_after_a_restart),
        NET_TEST(a_queue_that_is_removed_is_forgotten),
        NET_TEST(so_it_is_when_the_host_ends_meanwhile),
        NET_TEST(what_cannot_be_said_is_refused_at_once),
        NET_TEST(it_may_be_closed_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
