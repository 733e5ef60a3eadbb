// link: ppnet
// with: fleet fleet_disk fleet_lines
/* Fleets to which anything may happen, by seed: afterwards all agree and nothing kept is lost.
 * GROUP_SEEDS=FIRST-LAST runs others than the usual few. */
#include "tests/unit/group_bench.h"

struct chaos {
    struct fleet *f;
    uint64_t seed;
    unsigned hosts;
    unsigned next; /* text of the next command */
    char kept[FLEET_MAX * 40][32];
    size_t kept_count;
};

static void submit(struct chaos *c, unsigned host)
{
    char text[24];
    struct group_status s = status_of(c->f, host);
    snprintf(text, sizeof text, "%u", c->next++);
    unsigned before = fleet_told_kept(c->f, host);
    if (fleet_submit(c->f, host, true, text) == 0) {
        return;
    }
    fleet_run(c->f, fleet_random(c->f, 30));
    /* It is a promise only once it is on the disk. */
    if (s.waiting == 0 && fleet_is_up(c->f, host) && fleet_told_kept(c->f, host) > before &&
        c->kept_count < sizeof c->kept / sizeof c->kept[0]) {
        snprintf(c->kept[c->kept_count++], sizeof c->kept[0], "h%u %s", host, text);
    }
}

static void happen(struct chaos *c)
{
    struct fleet *f = c->f;
    unsigned a = (unsigned)fleet_random(f, c->hosts);
    unsigned b = (unsigned)fleet_random(f, c->hosts);
    bool up = fleet_is_up(f, a);
    switch (fleet_random(f, 12)) {
    case 0:
        if (up) {
            fleet_kill(f, a);
        }
        break;
    case 1:
        if (up && fleet_random(f, 3) == 0) {
            fleet_leave(f, a);
        }
        break;
    case 2:
    case 3:
        if (!up) {
            fleet_start(f, a);
        }
        break;
    case 4:
        fleet_cut(f, a, b, true);
        break;
    case 5:
        fleet_cut(f, a, b, false);
        break;
    case 6:
        fleet_flap(f, a, b);
        break;
    case 7:
        fleet_isolate(f, a, fleet_random(f, 2) == 0);
        break;
    case 8:
        fleet_disk_full(f, a, fleet_random(f, 2) == 0);
        break;
    case 9:
        fleet_disk_ms(f, a, fleet_random(f, 3) == 0 ? 200 : 2);
        break;
    default:
        if (up) {
            submit(c, a);
        }
        break;
    }
}

static void heal(struct chaos *c)
{
    fleet_heal(c->f);
    for (unsigned i = 0; i < c->hosts; i++) {
        fleet_disk_full(c->f, i, false);
        fleet_disk_ms(c->f, i, 2);
        if (!fleet_is_up(c->f, i)) {
            fleet_start(c->f, i);
        }
    }
}

/* What only a person or a broken disk does. One disk at a time, and never so that nobody is left
 * who knows what it held. */
static void happen_roughly(struct chaos *c)
{
    struct fleet *f = c->f;
    size_t voters = 0;
    unsigned a = (unsigned)fleet_random(f, c->hosts);
    struct err e;
    switch (fleet_random(f, 40)) {
    case 0:
    case 1:
        heal(c);
        if (!fleet_until(f, 100000, agree_with, &voters)) {
            return;
        }
        fleet_disk_save(f, a);
        fleet_run(f, fleet_random(f, 30000));
        submit(c, (a + 1) % c->hosts);
        fleet_run(f, 12000);
        fleet_kill(f, a);
        if (fleet_random(f, 2) == 0 && c->hosts > 2) {
            fleet_disk_restore(f, a);
        } else if (c->hosts > 2) {
            fleet_disk_lose(f, a);
        }
        fleet_start(f, a);
        fleet_run(f, 1000);
        break;
    case 2:
        if (fleet_is_up(f, a)) {
            group_takeover(fleet_group(f, a), fleet_now(f), &e);
        }
        break;
    default:
        happen(c);
        break;
    }
}

/* A person helps where nobody can decide any more. */
static bool agree_with_help(struct chaos *c)
{
    size_t voters = 0;
    struct err e;
    for (unsigned i = 0; i < 4 * c->hosts; i++) {
        if (fleet_until(c->f, 200000, agree_with, &voters)) {
            return true;
        }
        if (fleet_leader(c->f) < 0) {
            group_takeover(fleet_group(c->f, i % c->hosts), fleet_now(c->f), &e);
        }
    }
    return false;
}

static bool run_roughly(uint64_t seed, bool fixed)
{
    struct fleet_options o = {.seed = seed, .fixed = fixed, .trusted = fixed ? 3 : 0};
    struct chaos *c = calloc(1, sizeof *c);
    *c = (struct chaos){.f = fleet_new(&o), .seed = seed};
    c->hosts = 3 + (unsigned)fleet_random(c->f, 5);
    for (unsigned i = 0; i < c->hosts; i++) {
        fleet_add(c->f);
    }
    for (unsigned i = 0; i < c->hosts; i++) {
        fleet_start(c->f, i);
    }
    fleet_run(c->f, 30000);
    for (unsigned i = 0; i < 120 && fleet_broken(c->f) == NULL; i++) {
        happen_roughly(c);
        fleet_run(
            c->f, fleet_random(c->f, 4) == 0 ? fleet_random(c->f, 20000) : fleet_random(c->f, 800));
    }
    heal(c);
    bool ok = fleet_broken(c->f) == NULL && agree_with_help(c) && fleet_broken(c->f) == NULL;
    if (!ok) {
        print_message("seed %llu%s, roughly: %s\n", (unsigned long long)seed, fixed ? " WAN" : "",
            fleet_broken(c->f) != NULL ? fleet_broken(c->f) : "no agreement");
        show_fleet(c->f);
    }
    fleet_free(c->f);
    free(c);
    return ok;
}

static bool run(uint64_t seed, bool fixed)
{
    struct fleet_options o = {.seed = seed, .fixed = fixed, .trusted = fixed ? 3 : 0};
    struct chaos *c = calloc(1, sizeof *c);
    *c = (struct chaos){.f = fleet_new(&o), .seed = seed};
    c->hosts = 2 + (unsigned)fleet_random(c->f, 6);
    c->hosts += fixed ? 2 : 0;
    for (unsigned i = 0; i < c->hosts; i++) {
        fleet_add(c->f);
    }
    for (unsigned i = 0; i < c->hosts; i++) {
        fleet_start(c->f, i);
    }
    unsigned steps = 40 + (unsigned)fleet_random(c->f, 120);
    for (unsigned i = 0; i < steps && fleet_broken(c->f) == NULL; i++) {
        happen(c);
        fleet_run(
            c->f, fleet_random(c->f, 4) == 0 ? fleet_random(c->f, 20000) : fleet_random(c->f, 800));
    }
    heal(c);
    size_t voters = 0;
    bool ok = fleet_until(c->f, 400000, agree_with, &voters) && fleet_broken(c->f) == NULL;
    for (size_t i = 0; i < c->kept_count; i++) {
        if (!all_have(c->f, c->kept[i])) {
            print_message("lost: %s\n", c->kept[i]);
            ok = false;
        }
    }
    if (!ok) {
        print_message("seed %llu%s: %s\n", (unsigned long long)seed, fixed ? " WAN" : "",
            fleet_broken(c->f) != NULL ? fleet_broken(c->f) : "no agreement, or a loss");
        show_fleet(c->f);
    }
    fleet_free(c->f);
    free(c);
    return ok;
}

static void seeds(uint64_t *first, uint64_t *last)
{
    const char *text = getenv("GROUP_SEEDS");
    *first = 1;
    *last = 10;
    if (text != NULL && strchr(text, '-') != NULL) {
        *first = strtoull(text, NULL, 10);
        *last = strtoull(strchr(text, '-') + 1, NULL, 10);
    }
}

static void whatever_happens_on_a_lan_nothing_kept_is_lost_and_all_agree(void **state)
{
    uint64_t first, last;
    unsigned bad = 0;
    (void)state;
    seeds(&first, &last);
    for (uint64_t seed = first; seed <= last; seed++) {
        bad += !run(seed, false);
    }
    assert_int_equal(bad, 0);
}

static void whatever_happens_on_a_wan_nothing_kept_is_lost_and_all_agree(void **state)
{
    uint64_t first, last;
    unsigned bad = 0;
    (void)state;
    seeds(&first, &last);
    for (uint64_t seed = first; seed <= last; seed++) {
        bad += !run(seed, true);
    }
    assert_int_equal(bad, 0);
}

static void with_lost_disks_old_backups_and_takeovers_all_still_apply_the_same(void **state)
{
    uint64_t first, last;
    unsigned bad = 0;
    (void)state;
    seeds(&first, &last);
    for (uint64_t seed = first; seed <= last; seed++) {
        bad += !run_roughly(seed, seed % 2 == 0);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_on_a_lan_nothing_kept_is_lost_and_all_agree),
        cmocka_unit_test(whatever_happens_on_a_wan_nothing_kept_is_lost_and_all_agree),
        cmocka_unit_test(with_lost_disks_old_backups_and_takeovers_all_still_apply_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
