// link: ppapp
#include "host/app/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define ALL ((1u << HUB_EVENTS) - 1)

struct listener {
    struct hub *hub;
    struct hub_listener *handle;
    struct listener *victim; /* removed in the callback */
    struct listener *added;  /* added in the callback */
    int events;
    const void *last;
};

static void on_event(void *context, enum hub_event event, const void *data)
{
    struct listener *l = context;
    (void)event;
    l->events++;
    l->last = data;
    if (l->victim != NULL) {
        hub_remove(l->hub, l->victim->handle);
        l->victim = NULL;
    }
    if (l->added != NULL) {
        l->added->handle = hub_add(l->hub, ALL, on_event, l->added);
        l->added = NULL;
    }
}

static void a_listener_gets_what_it_asked_for(void **state)
{
    struct hub *hub = hub_new();
    struct listener a = {.hub = hub};
    (void)state;
    hub_add(hub, 1u << HUB_NOTICE | 1u << HUB_BED, on_event, &a);
    hub_emit(hub, HUB_NOTICE, "text");
    assert_string_equal(a.last, "text");
    hub_emit(hub, HUB_TEMPS, NULL);
    assert_int_equal(a.events, 1);
    assert_int_equal(hub_count(hub, HUB_BED), 1);
    assert_int_equal(hub_count(hub, HUB_TEMPS), 0);
    hub_free(hub);
}

static void a_listener_may_remove_itself(void **state)
{
    struct hub *hub = hub_new();
    struct listener a = {.hub = hub};
    struct listener b = {.hub = hub};
    (void)state;
    a.handle = hub_add(hub, ALL, on_event, &a);
    b.handle = hub_add(hub, ALL, on_event, &b);
    a.victim = &a;
    hub_emit(hub, HUB_STATE, NULL);
    hub_emit(hub, HUB_STATE, NULL);
    assert_int_equal(a.events, 1);
    assert_int_equal(b.events, 2);
    hub_remove(hub, b.handle);
    hub_emit(hub, HUB_STATE, NULL);
    assert_int_equal(b.events, 2);
    hub_free(hub);
}

static void one_removed_meanwhile_gets_nothing_more(void **state)
{
    struct hub *hub = hub_new();
    struct listener a = {.hub = hub};
    struct listener b = {.hub = hub};
    (void)state;
    a.handle = hub_add(hub, ALL, on_event, &a);
    b.handle = hub_add(hub, ALL, on_event, &b);
    a.victim = &b;
    hub_emit(hub, HUB_STATE, NULL);
    assert_int_equal(b.events, 0);
    assert_int_equal(hub_count(hub, HUB_STATE), 1);
    hub_free(hub);
}

static void one_added_meanwhile_gets_the_next_event(void **state)
{
    struct hub *hub = hub_new();
    struct listener a = {.hub = hub};
    struct listener b = {.hub = hub};
    (void)state;
    a.handle = hub_add(hub, ALL, on_event, &a);
    a.added = &b;
    hub_emit(hub, HUB_STATE, NULL);
    assert_int_equal(b.events, 0);
    hub_emit(hub, HUB_STATE, NULL);
    assert_int_equal(b.events, 1);
    hub_free(hub);
}

struct relay {
    struct hub *hub;
    struct listener *leaver;
};

static void on_relay(void *context, enum hub_event event, const void *data)
{
    struct relay *r = context;
    (void)data;
    if (event == HUB_STATE) {
        hub_emit(r->hub, HUB_BED, NULL);
        hub_remove(r->hub, r->leaver->handle);
    }
}

static void events_may_nest(void **state)
{
    struct hub *hub = hub_new();
    struct listener a = {.hub = hub};
    struct relay r = {.hub = hub, .leaver = &a};
    (void)state;
    hub_add(hub, ALL, on_relay, &r);
    a.handle = hub_add(hub, ALL, on_event, &a);
    hub_emit(hub, HUB_STATE, NULL);
    assert_int_equal(a.events, 1);
    hub_free(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_gets_what_it_asked_for),
        cmocka_unit_test(a_listener_may_remove_itself),
        cmocka_unit_test(one_removed_meanwhile_gets_nothing_more),
        cmocka_unit_test(one_added_meanwhile_gets_the_next_event),
        cmocka_unit_test(events_may_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
