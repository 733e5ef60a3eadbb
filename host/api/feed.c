#include "host/api/feed_private.h"

#include "host/api/view.h"
#include "host/api/view_jobs.h"
#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/mem.h"

#include <stdlib.h>

#define TICK_MS 5000

/* What the printer's status says now about what changed. */
static json_t *status_part(enum hub_event event, const struct http *h)
{
    struct device_status s;
    device_status(h->o.device, &s);
    json_int_t now_ms = (json_int_t)clock_wall_ms();
    if (event == HUB_TEMPS) {
        return json_pack("{s:s, s:I, s:o, s:o}", "type", "temps", "now_ms", now_ms, "temperatures",
            view_temperatures(&s), "temperatures_ms",
            json_known(s.temps_told_ms > 0 ? s.temps_told_ms : -1));
    }
    if (event == HUB_PROGRESS) {
        return json_pack("{s:s, s:I, s:o, s:o}", "type", "progress", "now_ms", now_ms, "job",
            view_job(&s.job), "link", view_link(&s.link));
    }
    if (event == HUB_BED) {
        return json_pack("{s:s, s:s}", "type", "bed", "bed", view_bed(s.bed));
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "type", "question", "question", view_question(&s),
        "questions", view_questions(&s), "waiting_for", json_text(s.waiting_for));
}

static json_t *typed(json_t *object, const char *type)
{
    json_object_set_new(object, "type", json_string(type));
    return object;
}

static json_t *message(enum hub_event event, const void *data, const struct http *h)
{
    switch (event) {
    case HUB_STATE:
        return typed(view_status(h), "status");
    case HUB_TEMPS:
    case HUB_PROGRESS:
    case HUB_QUESTION:
    case HUB_BED:
        return status_part(event, h);
    case HUB_CARD:
        return json_pack("{s:s, s:o}", "type", "sd", "sd", view_sd(h->o.device));
    case HUB_TERMINAL:
        return typed(view_terminal(data), "terminal");
    case HUB_RUN:
        return json_pack("{s:s, s:o}", "type", "run", "run", view_run(data));
    case HUB_JOBS:
        return typed(view_queue_counts(h), "jobs");
    case HUB_MANAGE:
        return json_pack("{s:s, s:o}", "type", "manage", "manage", view_manage(h, false));
    case HUB_SPOOLS:
        return typed(h->o.spools != NULL ? view_spools(h->o.spools) : json_object(), "spools");
    case HUB_PEERS:
        return json_pack("{s:s}", "type", "peers");
    case HUB_NOTICE:
        return json_pack("{s:s, s:I, s:o}", "type", "notice", "time_ms",
            (json_int_t)clock_wall_ms(), "text", json_text(data));
    case HUB_QUEUE_GO:
    case HUB_FAULT:
    case HUB_EVENTS:
        break;
    }
    return json_object();
}

char *feed_message(const struct http *h, enum hub_event event, const void *data)
{
    json_t *value = message(event, data, h);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(value);
    return text != NULL ? text : mem_strdup("{}");
}

unsigned feed_stale_bit(enum hub_event event)
{
    switch (event) {
    case HUB_STATE:
        return STALE_STATUS;
    case HUB_TEMPS:
        return STALE_TEMPS;
    case HUB_PROGRESS:
        return STALE_PROGRESS;
    case HUB_JOBS:
        return STALE_JOBS;
    case HUB_MANAGE:
        return STALE_MANAGE;
    case HUB_SPOOLS:
        return STALE_SPOOLS;
    case HUB_PEERS:
        return STALE_PEERS;
    case HUB_TERMINAL:
    case HUB_QUESTION:
    case HUB_RUN:
    case HUB_CARD:
    case HUB_BED:
    case HUB_QUEUE_GO:
    case HUB_FAULT:
    case HUB_NOTICE:
    case HUB_EVENTS:
        break;
    }
    return 0;
}

static void broadcast(struct feed *f, enum hub_event event, const void *data)
{
    char *text = NULL;
    unsigned bit = feed_stale_bit(event);
    struct subscriber *next;
    for (struct subscriber *s = f->first; s != NULL; s = next) {
        next = s->next;
        if (event == HUB_TERMINAL && !s->wants_terminal) {
            continue;
        }
        if (bit != 0 && s->writing) {
            s->stale |= bit;
            continue;
        }
        if (text == NULL) {
            text = feed_message(f->http, event, data);
        }
        subscriber_send(s, text);
    }
    free(text);
}

static void on_event(void *context, enum hub_event event, const void *data)
{
    broadcast(context, event, data);
}

void feed_want_terminal(struct subscriber *s, bool wanted)
{
    struct feed *f = s->feed;
    if (s->wants_terminal == wanted) {
        return;
    }
    s->wants_terminal = wanted;
    f->terminals += wanted ? 1 : (size_t)-1;
    if (f->terminals > 0 && f->terminal == NULL) {
        f->terminal = hub_add(f->http->o.hub, 1u << HUB_TERMINAL, on_event, f);
    } else if (f->terminals == 0 && f->terminal != NULL) {
        hub_remove(f->http->o.hub, f->terminal);
        f->terminal = NULL;
    }
}

void feed_tick(struct feed *f, uint64_t now_ms)
{
    struct subscriber *next;
    for (struct subscriber *s = f->first; s != NULL; s = next) {
        next = s->next;
        if (s->closing) {
            continue;
        }
        if (now_ms - s->heard_ms >= FEED_SILENCE_MS) {
            subscriber_drop(s, 1001, "silent for too long");
        } else if (now_ms - s->pinged_ms >= FEED_PING_MS) {
            s->pinged_ms = now_ms;
            subscriber_ping(s);
        }
    }
    if (f->count == 0) {
        uv_timer_stop(&f->timer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct feed *f = timer->data;
    feed_tick(f, uv_now(timer->loop));
}

struct feed *feed_new(struct http *h)
{
    struct feed *f = mem_alloc(sizeof *f);
    f->http = h;
    uv_timer_init(h->loop, &f->timer);
    f->timer.data = f;
    f->open = 1;
    f->events = hub_add(h->o.hub,
        ((1u << HUB_EVENTS) - 1) & ~(1u << HUB_TERMINAL | 1u << HUB_QUEUE_GO | 1u << HUB_FAULT),
        on_event, f);
    return f;
}

static void one_closed(struct feed *f)
{
    if (--f->open == 0) {
        f->closed(f->closed_context);
        free(f);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

void feed_forget(struct subscriber *s)
{
    struct feed *f = s->feed;
    if (s->next != NULL) {
        s->next->prev = s->prev;
    }
    *(s->prev != NULL ? &s->prev->next : &f->first) = s->next;
    f->count--;
    one_closed(f);
}

void feed_close(struct feed *f, void (*closed)(void *context), void *context)
{
    f->closing = true;
    f->closed = closed;
    f->closed_context = context;
    hub_remove(f->http->o.hub, f->events);
    for (struct subscriber *s = f->first; s != NULL; s = s->next) {
        subscriber_drop(s, 1001, "pphost is stopping");
    }
    uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}

size_t feed_count(const struct feed *f)
{
    return f->count;
}

void feed_add(struct feed *f, int fd, const void *extra, size_t extra_len,
    void (*released)(void *context), void *context)
{
    struct subscriber *s = mem_alloc(sizeof *s);
    s->feed = f;
    s->released = released;
    s->context = context;
    s->heard_ms = s->pinged_ms = uv_now(f->http->loop);
    s->next = f->first;
    if (s->next != NULL) {
        s->next->prev = s;
    }
    f->first = s;
    f->count++;
    f->open++;
    subscriber_open(s, fd, extra, extra_len);
    if (!uv_is_active((uv_handle_t *)&f->timer)) {
        uv_timer_start(&f->timer, on_timer, TICK_MS, TICK_MS);
    }
}
