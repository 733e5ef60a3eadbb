/* The loop: events in order of time, and of making where times are equal. */
#include "tests/sim/sim.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX     UINT64_C(30000000) /* of a seed: a host that never rests is a mistake */
#define TRANSCRIPT_MAX (256 << 10)
#define HEAL_MAX_US    (400 * SIM_S)
#define JUDGE_EVERY_US (500 * SIM_MS)

/* ---- random numbers and words -------------------------------------------------------------------
 */

/* splitmix64 */
uint64_t sim_random(struct sim *s, uint64_t below)
{
    uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return below > 0 ? (z ^ z >> 31) % below : z ^ z >> 31;
}

uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high)
{
    return low + sim_random(s, high - low + 1);
}

bool sim_chance(struct sim *s, unsigned percent)
{
    return sim_random(s, 100) < percent;
}

void sim_note(struct sim *s, const char *fmt, ...)
{
    char line[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (s->transcript.len > TRANSCRIPT_MAX) { /* the end is what matters */
        size_t half = s->transcript.len / 2;
        memmove(s->transcript.data, s->transcript.data + half, s->transcript.len - half);
        s->transcript.len -= half;
    }
    size_t begin = s->transcript.len;
    strbuf_printf(&s->transcript, "%9.3f %s\n", (double)s->now_us / 1e6, line);
    if (s->options.loud) {
        fputs(s->transcript.data + begin, stdout);
    }
}

void sim_bad(struct sim *s, const char *kind, const char *fmt, ...)
{
    struct sim_verdict *v = &s->verdict;
    va_list ap;
    if (v->bad) {
        return;
    }
    v->bad = true;
    snprintf(v->kind, sizeof v->kind, "%s", kind);
    va_start(ap, fmt);
    vsnprintf(v->text, sizeof v->text, fmt, ap);
    va_end(ap);
    sim_note(s, "BAD %s: %s", v->kind, v->text);
}

/* ---- events -------------------------------------------------------------------------------------
 */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void sim_after(struct sim *s, uint64_t us, const struct sim_event *e)
{
    if (s->events_count == s->events_cap) {
        s->events_cap = s->events_cap * 2 + 256;
        s->events = mem_resize(s->events, s->events_cap, sizeof *s->events);
    }
    size_t i = s->events_count++;
    struct sim_event new = *e;
    new.at_us = s->now_us + us;
    new.order = ++s->order;
    for (; i > 0 && before(&new, &s->events[(i - 1) / 2]); i = (i - 1) / 2) {
        s->events[i] = s->events[(i - 1) / 2];
    }
    s->events[i] = new;
}

static struct sim_event take(struct sim *s)
{
    struct sim_event first = s->events[0];
    struct sim_event last = s->events[--s->events_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < s->events_count && before(&s->events[child + 1], &s->events[child])) {
            child++;
        }
        if (child >= s->events_count || !before(&s->events[child], &last)) {
            break;
        }
        s->events[i] = s->events[child];
        i = child;
    }
    s->events[i] = last;
    return first;
}

static void look(struct sim *s)
{
    if (s->healing && sim_judge_is_done(s)) {
        sim_judge_end(s);
        s->finished = true;
        return;
    }
    if (s->healing && s->now_us > s->heal_us + HEAL_MAX_US) {
        sim_judge_end(s);
        sim_bad(s, "stuck", "not everything is done %d s after all was healed",
            (int)(HEAL_MAX_US / SIM_S));
        return;
    }
    sim_after(s, JUDGE_EVERY_US, &(struct sim_event){.what = SIM_DO_JUDGE});
}

/* Now and then, and when there is something to look at. */
static void look_at_printer(struct sim_host *h, const struct sim_event *e)
{
    if (e->bulk) {
        sim_after(h->sim, sim_between(h->sim, 200, 1500) * SIM_MS, e);
    }
    sim_printer_look(h);
}

static void about_host(struct sim_host *h, const struct sim_event *e)
{
    bool same = e->number == h->life && sim_is_up(h);
    switch (e->what) {
    case SIM_DO_TICK:
        if (same && h->tick_us == e->at_us) {
            sim_host_tick(h);
        }
        break;
    case SIM_DO_PRINTER:
        if (same) {
            look_at_printer(h, e);
        }
        break;
    case SIM_DO_LEADER:
        if (same) {
            sim_leader_act(h);
        }
        break;
    case SIM_DO_LEAVE:
        if (same) {
            sim_look_at_leaving(h);
        }
        break;
    case SIM_DO_BOOT:
        if (h->state == SIM_OFF || h->state == SIM_NEW) {
            sim_boot(h);
        }
        break;
    case SIM_DO_DISK:
        if (sim_is_up(h)) {
            sim_disk_done(h, e->number);
        }
        break;
    case SIM_DO_MESSAGE:
    case SIM_DO_CONNECT:
    case SIM_DO_LOST:
    case SIM_DO_PEOPLE:
    case SIM_DO_FAULT:
    case SIM_DO_UNDO:
    case SIM_DO_HEAL:
    case SIM_DO_JUDGE:
        break;
    }
}

static void step(struct sim *s, const struct sim_event *e)
{
    switch (e->what) {
    case SIM_DO_MESSAGE:
        sim_deliver(s, e);
        break;
    case SIM_DO_CONNECT:
        sim_connect(s, e);
        break;
    case SIM_DO_LOST:
        sim_lost(s, e);
        break;
    case SIM_DO_PEOPLE:
        sim_people_act(s);
        break;
    case SIM_DO_FAULT:
        sim_fault(s);
        break;
    case SIM_DO_UNDO:
        sim_undo(s, e);
        break;
    case SIM_DO_HEAL:
        sim_heal(s);
        break;
    case SIM_DO_JUDGE:
        look(s);
        break;
    case SIM_DO_TICK:
    case SIM_DO_DISK:
    case SIM_DO_PRINTER:
    case SIM_DO_LEADER:
    case SIM_DO_BOOT:
    case SIM_DO_LEAVE:
        about_host(&s->host[e->a], e);
        break;
    }
}

void sim_run(struct sim *s)
{
    while (!s->verdict.bad && !s->finished && s->events_count > 0) {
        struct sim_event e = take(s);
        s->now_us = e.at_us;
        step(s, &e);
        free(e.bytes);
        if (++s->count.events > EVENTS_MAX) {
            sim_bad(s, "busy", "%" PRIu64 " events", s->count.events);
        }
    }
    s->count.virtual_us = s->now_us;
    s->count.seeds = 1;
}

/* ---- the world ----------------------------------------------------------------------------------
 */

static void make_host(struct sim *s, unsigned number)
{
    struct sim_host *h = &s->host[number];
    struct identity id;
    uint8_t secret[32];
    h->sim = s;
    h->number = number;
    h->tick_us = SIM_NEVER;
    snprintf(h->name, sizeof h->name, "h%u", number);
    for (size_t i = 0; i < sizeof secret; i++) {
        secret[i] = (uint8_t)sim_random(s, 256);
    }
    identity_from_seed(&id, secret);
    h->peer = id.peer;
    h->utc_offset_ms = (int64_t)sim_random(s, 7200000) - 3600000;
    h->mono_offset_ms = sim_random(s, 100000000);
    sim_disk_init(&h->disk);
}

struct sim *sim_new(const struct sim_options *o)
{
    struct sim *s = mem_alloc(sizeof *s);
    s->options = *o;
    s->random = o->seed * UINT64_C(0xd1342543de82ef95) + 7;
    s->run = mem_array(SIM_RUNS_MAX, sizeof *s->run);
    sim_make_plan(s);
    s->hosts = s->plan.hosts + s->plan.joiners;
    for (unsigned i = 0; i < s->hosts; i++) {
        make_host(s, i);
    }
    for (unsigned i = 0; i < s->plan.hosts; i++) {
        /* The first founds the group before the others look for it, unless groups are to meet. */
        uint64_t at = s->plan.apart || i == 0 ? sim_random(s, 500 * SIM_MS)
                                              : sim_between(s, 4 * SIM_S, 8 * SIM_S);
        sim_after(s, at, &(struct sim_event){.what = SIM_DO_BOOT, .a = i});
        s->side[i] = s->plan.apart ? i % 2 : 0;
    }
    sim_after(s, 9 * SIM_S, &(struct sim_event){.what = SIM_DO_PEOPLE});
    sim_after(s, 9 * SIM_S, &(struct sim_event){.what = SIM_DO_FAULT});
    sim_after(s, 9 * SIM_S + s->plan.faults_us, &(struct sim_event){.what = SIM_DO_HEAL});
    sim_after(s, SIM_S, &(struct sim_event){.what = SIM_DO_JUDGE});
    return s;
}

void sim_free(struct sim *s)
{
    for (size_t i = 0; i < s->events_count; i++) {
        free(s->events[i].bytes);
    }
    for (unsigned i = 0; i < s->hosts; i++) {
        struct sim_host *h = &s->host[i];
        if (h->group != NULL) {
            group_free(h->group);
            queue_machine_free(h->machine);
        }
        sim_disk_fini(&h->disk);
    }
    strbuf_fini(&s->transcript);
    free(s->events);
    free(s->run);
    free(s->seen);
    free(s);
}
