/* What time does to a link: keepalive, silence, back-pressure, and the rate of what it may say. */
#include "net/links_priv.h"

#include <string.h>

#define RELIEVE_MS 50

/* Too many small messages: it is read again when it has been paid for. */
void link_limit(struct link *k)
{
    if (--k->budget < 0 && k->reading) {
        uv_read_stop((uv_stream_t *)&k->tcp);
        k->reading = false;
        links_soon(k->links, RELIEVE_MS);
    }
}

void link_relieve(struct link *k)
{
    int64_t now = links_now(k->links);
    k->budget += (now - k->budget_ms) * LINKS_SMALL_PER_S / 1000;
    k->budget = k->budget < LINKS_SMALL_PER_S ? k->budget : LINKS_SMALL_PER_S;
    k->budget_ms = now;
    if (k->reading || k->dead || k->channel == NULL) {
        return;
    }
    if (k->budget < 0) {
        links_soon(k->links, RELIEVE_MS);
        return;
    }
    k->heard_ms = now;
    link_read(k);
}

void link_ping(struct link *k)
{
    k->ping_ms = links_now(k->links);
    k->ping_stamp = uv_hrtime() / 1000;
    struct frame f = {.type = FRAME_PING, .number = k->ping_stamp};
    link_put(k, &f);
}

static bool is_stuck(struct link *k, int64_t now)
{
    size_t queued = uv_stream_get_write_queue_size((uv_stream_t *)&k->tcp);
    if (!k->writing || queued < k->last_queued) {
        k->taken_ms = now;
    }
    k->last_queued = queued;
    return now - k->taken_ms >= k->links->times.stuck;
}

static void sweep_open(struct link *k, int64_t now)
{
    const struct links_times *t = &k->links->times;
    link_relieve(k);
    if (now - k->heard_ms >= t->silence) {
        link_close(k, "silent for %d s", (int)(t->silence / 1000));
        return;
    }
    for (int i = 0; i < LINKS_QUEUES_MAX && k->asks && link_is_alive(k); i++) {
        link_ask_rivals(k, i);
    }
    if (!link_is_alive(k)) {
        return;
    }
    if (k->members != NULL) {
        k->used_ms = now;
    } else if (now - k->used_ms >= t->idle) {
        link_part(k, BYE_IDLE, "no queue in common");
        return;
    }
    if (now - k->ping_ms >= t->ping) {
        link_ping(k);
    }
}

void link_sweep(struct link *k)
{
    const struct links_times *t = &k->links->times;
    int64_t now = links_now(k->links);
    if (k->dead) {
        return;
    }
    if (k->parting && now - k->part_ms >= t->part) {
        char why[sizeof k->why];
        memcpy(why, k->why, sizeof why);
        link_close(k, "%s", why);
    } else if (!k->open && now - k->begun_ms >= t->handshake) {
        link_close(k, "no handshake within %d s", (int)(t->handshake / 1000));
    } else if (k->channel != NULL && is_stuck(k, now)) {
        link_close(k, "it takes nothing for %d s", (int)(t->stuck / 1000));
    } else if (k->open && link_is_alive(k)) {
        sweep_open(k, now);
    }
}
