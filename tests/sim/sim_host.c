/* A host's process: started from what its disk holds, ended well or not. */
#include "tests/sim/sim.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UTC_MS     INT64_C(1700000000000)
#define LEADER_US  SIM_S
#define LEAVE_US   (5 * SIM_S)
#define LEAVE_STEP (100 * SIM_MS)
#define MONO_MS    (1000000)

bool sim_is_up(const struct sim_host *h)
{
    return h->state == SIM_UP || h->state == SIM_LEAVING;
}

uint64_t sim_mono_ms(const struct sim_host *h)
{
    return MONO_MS + h->mono_offset_ms + h->sim->now_us / 1000;
}

/* ---- what the group wants -----------------------------------------------------------------------
 */

static void io_write(void *context, const struct group_write *w)
{
    sim_disk_write(context, w);
}

static bool io_send(
    void *context, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    return sim_send(context, to, bulk, bytes, len);
}

/* Among hosts that are all right nobody misbehaves. */
static void io_drop(void *context, const struct peer *peer, const char *why)
{
    struct sim_host *h = context;
    (void)peer;
    sim_bad(h->sim, "dropped", "%s drops a peer: %s", h->name, why);
}

static int64_t io_utc(void *context)
{
    struct sim_host *h = context;
    return UTC_MS + (int64_t)(h->sim->now_us / 1000) + h->utc_offset_ms;
}

static uint64_t io_random(void *context)
{
    struct sim_host *h = context;
    return sim_random(h->sim, 0);
}

/* ---- what the machine tells ---------------------------------------------------------------------
 */

static void on_applied(void *context, const struct net_entry *entry, const struct queue_command *c,
    const struct queue_result *result)
{
    struct sim_host *h = context;
    h->applied_since++;
    h->last_entry = (uint64_t)entry->utc_ms;
    for (size_t i = 0; i < entry->len; i++) {
        h->last_entry = (h->last_entry ^ entry->bytes[i]) * UINT64_C(0x100000001b3);
    }
    h->look = true;
    if (entry->own != 0 && result->err.code != 0) {
        sim_note(h->sim, "%s: refused at %" PRIu64 ": %s%s", h->name, entry->index,
            result->err.text, result->repeated ? " (again)" : "");
    }
    (void)c;
    if (entry->own != 0) {
        sim_printer_applied(h, entry->own, result);
    }
}

static void on_loaded(void *context)
{
    struct sim_host *h = context;
    h->loaded_since = true;
    h->look = true;
}

static void on_pending(void *context, uint64_t id, const struct queue_command *c)
{
    sim_printer_pending(context, id, c);
}

static void on_kept(void *context, uint64_t id)
{
    sim_printer_kept(context, id);
}

static void on_refused(void *context, uint64_t id, const struct err *e)
{
    sim_printer_refused(context, id, e);
}

static void on_carrying(void *context)
{
    struct sim_host *h = context;
    h->sim->count.carried++;
    sim_note(h->sim, "%s carries over what it has", h->name);
    sim_judge_excuse(h, SIM_MET);
}

/* ---- start and stop -----------------------------------------------------------------------------
 */

static struct group_options options_of(struct sim_host *h, struct peer *trusted)
{
    const struct sim_plan *p = &h->sim->plan;
    struct group_options o = {.self = h->peer,
        .fixed = p->fixed,
        .trusted = trusted,
        .trusted_count = p->trusted,
        .heartbeat_ms = 100,
        .election_ms = 700,
        .found_ms = 2500,
        .retire_ms = 8000,
        .submit_ms = 4000,
        .plant = h->sim->options.guards_off,
        .machine = queue_machine_of(h->machine),
        .io = {.write = io_write,
            .send = io_send,
            .drop = io_drop,
            .utc_ms = io_utc,
            .random = io_random,
            .context = h}};
    for (unsigned i = 0; i < p->trusted; i++) {
        trusted[i] = h->sim->host[i].peer;
    }
    return o;
}

static void start_group(struct sim_host *h)
{
    struct queue_machine_events events = {.applied = on_applied,
        .loaded = on_loaded,
        .pending = on_pending,
        .kept = on_kept,
        .refused = on_refused,
        .carrying = on_carrying,
        .context = h};
    struct peer trusted[8];
    struct err e = {0};
    h->machine = queue_machine_new(&events, h->sim->options.machine_plant);
    struct group_options o = options_of(h, trusted);
    struct group_state *state = sim_disk_load(h);
    h->group = group_new(&o);
    if (group_start(h->group, sim_mono_ms(h), state, &e) != 0) {
        sim_bad(h->sim, "no start", "%s: %s", h->name, e.text);
    }
    sim_disk_unload(state);
}

void sim_boot(struct sim_host *h)
{
    struct sim *s = h->sim;
    h->state = SIM_UP;
    h->life = sim_random(s, 0) | 1;
    h->sequence_kept = h->sequence_asked = 0;
    h->checked = 0;
    h->boot_us = s->now_us;
    h->fresh = false;
    h->problem[0] = '\0';
    h->mono_offset_ms = sim_random(s, 100000000);
    s->count.boots++;
    memset(h->seen_us, 0, sizeof h->seen_us);
    sim_note(s, "%s starts", h->name);
    sim_printer_boot(h);
    start_group(h);
    h->tick_us = SIM_NEVER;
    sim_host_after(h);
    sim_links_follow(s);
    struct sim_event e = {.a = h->number, .number = h->life, .bulk = true};
    e.what = SIM_DO_PRINTER;
    sim_after(s, sim_between(s, 100, 1500) * SIM_MS, &e);
    e.what = SIM_DO_LEADER;
    sim_after(s, sim_random(s, LEADER_US), &e);
}

static void end_process(struct sim_host *h, enum sim_host_state then)
{
    sim_printer_crash(h);
    group_free(h->group);
    queue_machine_free(h->machine);
    h->group = NULL;
    h->machine = NULL;
    h->state = then;
    for (unsigned i = 0; i < h->sim->hosts; i++) {
        h->sim->link[h->number][i].noticed = false;
    }
    sim_links_follow(h->sim);
}

void sim_crash(struct sim_host *h)
{
    sim_note(h->sim, "%s dies", h->name);
    h->sim->count.crashes++;
    sim_disk_crash(h);
    end_process(h, SIM_OFF);
}

void sim_begin_leave(struct sim_host *h, bool for_good)
{
    h->state = SIM_LEAVING;
    h->leave_for_good = for_good;
    h->leave_us = h->sim->now_us;
    h->sim->count.leaves++;
    sim_note(h->sim, "%s leaves%s", h->name, for_good ? " for good" : "");
    group_leave(h->group, sim_mono_ms(h));
    sim_host_after(h);
    sim_look_at_leaving(h);
}

void sim_look_at_leaving(struct sim_host *h)
{
    struct sim *s = h->sim;
    bool left = group_has_left(h->group);
    if (h->state != SIM_LEAVING) {
        return;
    }
    if (!left && s->now_us - h->leave_us < LEAVE_US) {
        struct sim_event e = {.what = SIM_DO_LEAVE, .a = h->number, .number = h->life};
        sim_after(s, LEAVE_STEP, &e);
        return;
    }
    struct group_status st;
    group_status(h->group, &st);
    bool owes = h->disk.first != NULL || st.waiting > 0 || !sim_printer_settled(h) ||
                group_is_voter(h->group, &h->peer); /* it was the last: the queue is here alone */
    bool gone = left && h->leave_for_good && !owes;
    sim_note(s, "%s has %s", h->name, left ? "left" : "given up leaving");
    sim_disk_flush(h);
    end_process(h, gone ? SIM_GONE : SIM_OFF);
    if (!gone) {
        sim_after(s, sim_between(s, 500, 15000) * SIM_MS,
            &(struct sim_event){.what = SIM_DO_BOOT, .a = h->number});
    }
}

/* ---- after every call ---------------------------------------------------------------------------
 */

static void plan_tick(struct sim_host *h)
{
    uint64_t due_ms = group_next_ms(h->group);
    uint64_t now_ms = sim_mono_ms(h);
    uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    wait_ms = wait_ms < 3600000 ? wait_ms : 3600000;
    uint64_t at_us = (h->sim->now_us / SIM_MS + wait_ms) * SIM_MS;
    at_us = at_us > h->sim->now_us ? at_us : h->sim->now_us + 1;
    if (at_us != h->tick_us) {
        h->tick_us = at_us;
        sim_after(h->sim, at_us - h->sim->now_us,
            &(struct sim_event){.what = SIM_DO_TICK, .a = h->number, .number = h->life});
    }
}

void sim_host_after(struct sim_host *h)
{
    if (h->group == NULL) {
        return;
    }
    sim_judge_applied(h);
    plan_tick(h);
    if (h->look) {
        h->look = false;
        sim_after(h->sim, sim_between(h->sim, 1, 20) * SIM_MS,
            &(struct sim_event){.what = SIM_DO_PRINTER, .a = h->number, .number = h->life});
    }
}

void sim_host_tick(struct sim_host *h)
{
    h->tick_us = SIM_NEVER;
    group_tick(h->group, sim_mono_ms(h));
    sim_host_after(h);
}

/* ---- commands -----------------------------------------------------------------------------------
 */

/* Its client is this life of the process: a restored disk cannot use a number again. Kept ones and
 * the others are in an order of their own each. */
uint64_t sim_submit(struct sim_host *h, bool keep, struct queue_command *c)
{
    struct strbuf bytes = {0};
    struct err e = {0};
    snprintf(c->client, sizeof c->client, "%s-%08" PRIx32 "-%c", h->name, (uint32_t)h->life,
        keep ? 'k' : 'a');
    c->sequence = keep ? ++h->sequence_kept : ++h->sequence_asked;
    c->now_ms = 1; /* the log says when */
    queue_machine_encode(&bytes, c);
    uint64_t id =
        group_submit(h->group, sim_mono_ms(h), keep, (const uint8_t *)bytes.data, bytes.len, &e);
    strbuf_fini(&bytes);
    sim_host_after(h);
    return id;
}

struct sim_host *sim_leader(struct sim *s)
{
    struct group_status st;
    for (unsigned i = 0; i < s->hosts; i++) {
        if (sim_is_up(&s->host[i])) {
            group_status(s->host[i].group, &st);
            if (st.role == GROUP_LEADER) {
                return &s->host[i];
            }
        }
    }
    return NULL;
}
