/* What goes wrong: one thing after the other, chosen by weight; and how it ends. */
#include "tests/sim/sim.h"

#include "host/base/mem.h"

#include <string.h>

#define CALM_US (20 * SIM_S)

enum undo { /* in `b` of the event */
    UNDO_SIDES,
    UNDO_FULL,
    GO_ON /* with what is no end, but more of it */
};

static struct sim_host *some_host(struct sim *s, bool (*fits)(const struct sim_host *h))
{
    unsigned at = (unsigned)sim_random(s, s->hosts);
    for (unsigned i = 0; i < s->hosts; i++) {
        struct sim_host *h = &s->host[(at + i) % s->hosts];
        if (fits(h)) {
            return h;
        }
    }
    return NULL;
}

static bool is_running(const struct sim_host *h)
{
    return h->state == SIM_UP;
}

static bool is_new(const struct sim_host *h)
{
    return h->state == SIM_NEW;
}

static void boot_later(struct sim_host *h, uint64_t low_ms, uint64_t high_ms)
{
    sim_after(h->sim, sim_between(h->sim, low_ms, high_ms) * SIM_MS,
        &(struct sim_event){.what = SIM_DO_BOOT, .a = h->number});
}

static void undo_later(struct sim *s, enum undo what, unsigned a, uint64_t low_ms, uint64_t high_ms)
{
    sim_after(s, sim_between(s, low_ms, high_ms) * SIM_MS,
        &(struct sim_event){.what = SIM_DO_UNDO, .a = a, .b = what});
}

/* ---- processes and links ------------------------------------------------------------------------
 */

static void crash_some(struct sim *s)
{
    struct sim_host *leader = sim_leader(s);
    unsigned n = sim_chance(s, 75) ? 1 : (unsigned)sim_between(s, 2, 3);
    for (unsigned i = 0; i < n; i++) {
        struct sim_host *h =
            leader != NULL && sim_chance(s, 35) ? leader : some_host(s, is_running);
        if (h != NULL && sim_is_up(h)) {
            sim_crash(h);
            boot_later(h, 50, sim_chance(s, 80) ? 4000 : 20000);
        }
        leader = NULL;
    }
}

static void part(struct sim *s)
{
    unsigned sides = sim_chance(s, 80) ? 2 : 3;
    unsigned alone = sim_chance(s, 40) ? (unsigned)sim_random(s, s->hosts) : SIM_HOSTS_MAX;
    struct strbuf shown = {0};
    for (unsigned i = 0; i < s->hosts; i++) {
        s->side[i] = alone == SIM_HOSTS_MAX ? (unsigned)sim_random(s, sides) : i == alone;
        strbuf_printf(&shown, "%u", s->side[i]);
    }
    sim_note(s, "the network parts: %s", strbuf_text(&shown));
    strbuf_fini(&shown);
    s->count.partitions++;
    sim_links_follow(s);
    undo_later(s, UNDO_SIDES, 0, 300, sim_chance(s, 80) ? 6000 : 40000);
}

/* Just when votes are given: who has voted dies and comes back at once, and others are in touch. */
static void stir(struct sim *s)
{
    struct sim_host *h = some_host(s, is_running);
    for (unsigned i = 0; i < s->hosts; i++) {
        s->side[i] = (unsigned)sim_random(s, 2);
    }
    if (h != NULL && sim_chance(s, 60)) {
        sim_crash(h);
        boot_later(h, 1, 60);
    }
    sim_links_follow(s);
}

static void unrest(struct sim *s)
{
    struct sim_host *leader = sim_leader(s);
    uint64_t at_ms = 0;
    sim_note(s, "unrest");
    if (leader != NULL && leader->state == SIM_UP) {
        sim_crash(leader);
        boot_later(leader, 1, 300);
    }
    for (uint64_t i = sim_between(s, 4, 12); i > 0; i--) {
        at_ms += sim_between(s, 20, 500);
        undo_later(s, GO_ON, 0, at_ms, at_ms);
    }
    undo_later(s, UNDO_SIDES, 0, at_ms + 10, at_ms + 2000);
}

static void flap(struct sim *s)
{
    struct sim_host *a = some_host(s, is_running);
    struct sim_host *b = some_host(s, is_running);
    if (a != NULL && a != b) {
        sim_cut(s, a->number, b->number);
        sim_links_follow(s);
    }
}

static void leave(struct sim *s)
{
    struct sim_host *h = some_host(s, is_running);
    if (h != NULL) {
        sim_begin_leave(h, s->hosts > 3 && h->number > 2 && sim_chance(s, 20));
    }
}

static void join(struct sim *s)
{
    struct sim_host *h = some_host(s, is_new);
    if (h != NULL) {
        sim_boot(h);
    }
}

/* ---- disks --------------------------------------------------------------------------------------
 */

static void slow(struct sim *s)
{
    struct sim_host *h = some_host(s, is_running);
    if (h != NULL) {
        h->disk.slow_until_us = s->now_us + sim_between(s, 1, 15) * SIM_S;
        sim_note(s, "%s: its disk is slow", h->name);
    }
}

static void fill(struct sim *s)
{
    struct sim_host *h = some_host(s, is_running);
    if (h != NULL) {
        sim_disk_set_full(h, true);
        sim_note(s, "%s: its disk is full", h->name);
        undo_later(s, UNDO_FULL, h->number, 500, 10000);
    }
}

/* One host may lose what its disk held, if all others are there and have it: else what is lost is
 * lost, and nobody can be blamed. */
static bool may_lose_a_disk(struct sim *s, const struct sim_host *h)
{
    struct sim_host *leader = sim_leader(s);
    struct group_status st;
    if (leader == NULL || leader == h) {
        return false;
    }
    unsigned up = 0;
    for (unsigned i = 0; i < s->hosts; i++) {
        const struct sim_host *other = &s->host[i];
        up += other->state == SIM_UP;
        bool settled = other->state == SIM_NEW || other->state == SIM_GONE ||
                       (other->state == SIM_UP && !other->disk.full && s->side[i] == 0);
        if (!settled) {
            return false;
        }
    }
    group_status(leader->group, &st);
    bool votes = group_is_voter(leader->group, &h->peer);
    size_t wanted = s->plan.fixed ? s->plan.trusted : up < 3 ? 1 : up < 7 ? 3 : 5;
    if (st.voters != wanted) { /* it may be about to become one, and be the second */
        return false;
    }
    return st.voters == st.voters_linked && st.applied == st.commit && (!votes || st.voters >= 3);
}

static void keep_copy(struct sim *s)
{
    struct sim_host *h = some_host(s, is_running);
    if (h != NULL) {
        sim_disk_backup(h);
        h->printer.backup_count = h->printer.past_count;
        memcpy(h->printer.backup, h->printer.past, sizeof h->printer.past);
        sim_note(s, "%s: its disk is copied", h->name);
    }
}

static bool has_copy(const struct sim_host *h)
{
    return h->state == SIM_UP && h->disk.backup != NULL;
}

static void lose_disk(struct sim *s, bool blank)
{
    struct sim_host *h = some_host(s, blank ? is_running : has_copy);
    if (h == NULL || !may_lose_a_disk(s, h)) {
        return;
    }
    sim_crash(h);
    sim_judge_disk_loss(h);
    sim_note(s, "%s: its disk is %s", h->name, blank ? "blank" : "an old copy");
    s->count.disk_losses++;
    struct sim_image *backup = h->disk.backup;
    h->disk.backup = blank ? NULL : backup;
    sim_disk_restore(h);
    h->disk.backup = backup;
    h->printer.past_count = blank ? 0 : h->printer.backup_count;
    memcpy(h->printer.past, h->printer.backup, sizeof h->printer.past);
    boot_later(h, 50, 2000);
    s->calm_until_us = s->now_us + CALM_US;
}

/* ---- the rest -----------------------------------------------------------------------------------
 */

static void set_clock(struct sim *s)
{
    struct sim_host *h = some_host(s, is_running);
    if (h != NULL) {
        h->utc_offset_ms += (int64_t)sim_random(s, 172800000) - 86400000;
        sim_note(s, "%s: its clock is set", h->name);
    }
}

/* Where the others are away: that is when a person does it. */
static void take_over(struct sim *s)
{
    struct sim_host *h = some_host(s, is_running);
    struct group_status st;
    struct err e = {0};
    if (h == NULL) {
        return;
    }
    group_status(h->group, &st);
    if (st.has_leader || group_takeover(h->group, sim_mono_ms(h), &e) != 0) {
        return;
    }
    sim_note(s, "%s takes over", h->name);
    s->count.takeovers++;
    sim_judge_excuse(h, SIM_MET);
    sim_host_after(h);
}

static enum sim_fault choose(struct sim *s)
{
    unsigned total = 0;
    int f = 0;
    for (int i = 0; i < SIM_FAULTS; i++) {
        total += s->plan.fault[i];
    }
    uint64_t at = sim_random(s, total > 0 ? total : 1);
    while (total > 0 && at >= s->plan.fault[f]) {
        at -= s->plan.fault[f++];
    }
    return total > 0 ? (enum sim_fault)f : SIM_FAULTS;
}

static void act(struct sim *s, enum sim_fault f)
{
    bool moves = f == SIM_CRASH || f == SIM_LEAVE || f == SIM_JOIN || f == SIM_UNREST;
    if (moves && s->plan.hurry) {
        s->hurry_until_us = s->now_us + sim_between(s, 200, 2500) * SIM_MS;
    }
    switch (f) {
    case SIM_CRASH:
        crash_some(s);
        return;
    case SIM_PARTITION:
        part(s);
        return;
    case SIM_FLAP:
        flap(s);
        return;
    case SIM_UNREST:
        unrest(s);
        return;
    case SIM_SLOW_DISK:
        slow(s);
        return;
    case SIM_FULL_DISK:
        fill(s);
        return;
    case SIM_CLOCK:
        set_clock(s);
        return;
    case SIM_LEAVE:
        leave(s);
        return;
    case SIM_JOIN:
        join(s);
        return;
    case SIM_BACKUP:
        keep_copy(s);
        return;
    case SIM_RESTORE:
        lose_disk(s, false);
        return;
    case SIM_BLANK:
        lose_disk(s, true);
        return;
    case SIM_TAKEOVER:
        take_over(s);
        return;
    case SIM_FAULTS:
        return;
    }
}

void sim_fault(struct sim *s)
{
    if (s->healing) {
        return;
    }
    sim_after(s, sim_between(s, s->plan.fault_every_us / 4, s->plan.fault_every_us * 2),
        &(struct sim_event){.what = SIM_DO_FAULT});
    if (s->now_us >= s->calm_until_us) {
        s->count.faults++;
        act(s, choose(s));
    }
}

/* ---- ends ---------------------------------------------------------------------------------------
 */

static void join_sides(struct sim *s)
{
    memset(s->side, 0, sizeof s->side);
    sim_links_follow(s);
}

void sim_undo(struct sim *s, const struct sim_event *e)
{
    switch ((enum undo)e->b) {
    case UNDO_SIDES:
        sim_note(s, "the network is whole");
        join_sides(s);
        return;
    case UNDO_FULL:
        sim_disk_set_full(&s->host[e->a], false);
        return;
    case GO_ON:
        if (!s->healing) {
            stir(s);
        }
        return;
    }
}

void sim_heal(struct sim *s)
{
    s->healing = true;
    s->heal_us = s->now_us;
    sim_note(s, "all is healed");
    for (unsigned i = 0; i < s->hosts; i++) {
        struct sim_host *h = &s->host[i];
        sim_disk_set_full(h, false);
        h->disk.slow_until_us = 0;
        if (h->state == SIM_OFF) {
            boot_later(h, 10, 500);
        }
    }
    join_sides(s);
}
