#include "host/app/hub.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

struct hub_listener {
    struct hub_listener *next;
    unsigned events;
    bool removed; /* while events are on their way; freed after them */
    hub_cb cb;
    void *context;
};

struct hub {
    struct hub_listener *first; /* owned */
    struct hub_listener *last;
    unsigned emitting; /* depth of hub_emit() */
    bool sweep;        /* somebody was removed meanwhile */
};

struct hub *hub_new(void)
{
    return mem_alloc(sizeof(struct hub));
}

static void free_removed(struct hub *h, bool all)
{
    struct hub_listener **at = &h->first;
    h->last = NULL;
    while (*at != NULL) {
        struct hub_listener *l = *at;
        if (all || l->removed) {
            *at = l->next;
            free(l);
        } else {
            h->last = l;
            at = &l->next;
        }
    }
    h->sweep = false;
}

void hub_free(struct hub *h)
{
    if (h != NULL) {
        assert(h->emitting == 0);
        free_removed(h, true);
        free(h);
    }
}

struct hub_listener *hub_add(struct hub *h, unsigned events, hub_cb cb, void *context)
{
    struct hub_listener *l = mem_alloc(sizeof *l);
    l->events = events;
    l->cb = cb;
    l->context = context;
    if (h->last != NULL) {
        h->last->next = l;
    } else {
        h->first = l;
    }
    h->last = l;
    return l;
}

void hub_remove(struct hub *h, struct hub_listener *l)
{
    if (l != NULL) {
        assert(!l->removed);
        l->removed = true;
        h->sweep = true;
        if (h->emitting == 0) {
            free_removed(h, false);
        }
    }
}

void hub_emit(struct hub *h, enum hub_event event, const void *data)
{
    struct hub_listener *last = h->last; /* who is added from now on waits for the next event */
    h->emitting++;
    for (struct hub_listener *l = last != NULL ? h->first : NULL; l != NULL; l = l->next) {
        if (!l->removed && (l->events & 1u << event)) {
            l->cb(l->context, event, data);
        }
        if (l == last) {
            break;
        }
    }
    if (--h->emitting == 0 && h->sweep) {
        free_removed(h, false);
    }
}

size_t hub_count(const struct hub *h, enum hub_event event)
{
    size_t count = 0;
    for (const struct hub_listener *l = h->first; l != NULL; l = l->next) {
        count += !l->removed && (l->events & 1u << event);
    }
    return count;
}
