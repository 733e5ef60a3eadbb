/* Links: streams that keep their order, and lose what is in flight when they are cut.
 *
 * Both sides are told when a connection is made; when it is lost each notices on its own, later.
 * Until then what it sends goes nowhere.
 */
#include "tests/sim/sim.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define NOTICE_US (2 * SIM_S)
#define BULK_RATE 20 /* bytes a microsecond */

static bool may_talk(const struct sim *s, unsigned a, unsigned b)
{
    return a != b && sim_is_up(&s->host[a]) && sim_is_up(&s->host[b]) && s->side[a] == s->side[b];
}

static int number_of(const struct sim *s, const struct peer *p)
{
    for (unsigned i = 0; i < s->hosts; i++) {
        if (peer_compare(&s->host[i].peer, p) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool sim_send(
    struct sim_host *from, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    struct sim *s = from->sim;
    int b = number_of(s, to);
    if (b < 0 || !s->link[from->number][b].noticed) {
        return false;
    }
    struct sim_link *l = &s->link[from->number][b];
    s->count.messages++;
    if (!l->open) {
        return true; /* it is not known yet that nobody is there */
    }
    uint64_t at = s->now_us + sim_between(s, s->plan.link_us / 2, s->plan.link_us * 3 / 2) +
                  (bulk ? len / BULK_RATE : 0);
    at = at > l->last_us[bulk] ? at : l->last_us[bulk];
    l->last_us[bulk] = at;
    struct sim_event e = {.what = SIM_DO_MESSAGE,
        .a = from->number,
        .b = (unsigned)b,
        .number = l->number,
        .bytes = mem_alloc(len + 1),
        .len = len,
        .bulk = bulk};
    memcpy(e.bytes, bytes, len);
    sim_after(s, at - s->now_us, &e);
    return true;
}

void sim_deliver(struct sim *s, const struct sim_event *e)
{
    const struct sim_link *l = &s->link[e->a][e->b];
    struct sim_host *to = &s->host[e->b];
    if (!l->open || l->number != e->number || !s->link[e->b][e->a].noticed) {
        return;
    }
    /* What reads beyond the bytes given is found by the sanitizer: they are not a part of more. */
    group_receive(to->group, sim_mono_ms(to), &s->host[e->a].peer, e->bytes, e->len);
    sim_host_after(to);
}

static void tell_down(struct sim *s, unsigned a, unsigned b)
{
    struct sim_host *h = &s->host[a];
    s->link[a][b].noticed = false;
    if (sim_is_up(h)) {
        group_peer_down(h->group, sim_mono_ms(h), &s->host[b].peer);
        sim_host_after(h);
    }
}

static void tell_up(struct sim *s, unsigned a, unsigned b)
{
    struct sim_host *h = &s->host[a];
    if (s->link[a][b].noticed) {
        tell_down(s, a, b);
    }
    s->link[a][b].noticed = true;
    group_peer_up(h->group, sim_mono_ms(h), &s->host[b].peer);
    sim_host_after(h);
}

void sim_connect(struct sim *s, const struct sim_event *e)
{
    struct sim_link *there = &s->link[e->a][e->b];
    struct sim_link *back = &s->link[e->b][e->a];
    if (there->open || !may_talk(s, e->a, e->b)) {
        return;
    }
    uint32_t number = ++s->connections;
    *there = (struct sim_link){.open = true, .noticed = there->noticed, .number = number};
    *back = (struct sim_link){.open = true, .noticed = back->noticed, .number = number};
    tell_up(s, e->a, e->b);
    if (there->open && there->number == number) {
        tell_up(s, e->b, e->a);
    }
}

void sim_lost(struct sim *s, const struct sim_event *e)
{
    const struct sim_link *l = &s->link[e->a][e->b];
    if (!l->open && l->noticed && l->number == e->number) {
        tell_down(s, e->a, e->b);
    }
}

static void notice(struct sim *s, unsigned a, unsigned b)
{
    struct sim_event e = {.what = SIM_DO_LOST, .a = a, .b = b, .number = s->link[a][b].number};
    if (s->link[a][b].noticed) {
        sim_after(s, sim_random(s, sim_chance(s, 50) ? 5 * SIM_MS : NOTICE_US), &e);
    }
}

void sim_cut(struct sim *s, unsigned a, unsigned b)
{
    if (!s->link[a][b].open) {
        return;
    }
    s->link[a][b].open = false;
    s->link[b][a].open = false;
    notice(s, a, b);
    notice(s, b, a);
}

void sim_links_follow(struct sim *s)
{
    for (unsigned a = 0; a < s->hosts; a++) {
        for (unsigned b = a + 1; b < s->hosts; b++) {
            bool may = may_talk(s, a, b);
            if (!may) {
                sim_cut(s, a, b);
            } else if (!s->link[a][b].open) {
                struct sim_event e = {.what = SIM_DO_CONNECT, .a = a, .b = b};
                sim_after(s, sim_between(s, SIM_MS, s->plan.connect_us), &e);
            }
        }
    }
}
