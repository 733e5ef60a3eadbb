/* A fleet of hosts of one queue, on virtual time: a group and a disk for each, links between them.
 * Everything is decided by the seed.
 *
 * Links: reliable and in order while up, with a latency drawn per message; what is under way when a
 * link goes down is lost at both ends. Disks: writes are done one after the other, each after
 * disk_ms (those nobody waits for up to 100 ms later); a kill loses what is not done; a full disk
 * does nothing until there is room. So a host comes back with what its disk has.
 *
 * Watched all the time: the entry applied at one index of one epoch is the same on every host
 * (fleet_broken()).
 *
 * The machine is given per host (fleet_options.machine), or is the built-in one: a list of strings
 * in the order of their commands, each once, in rows "s/00000001"; it carries over the strings that
 * were submitted on its own host (they begin with "h3 ").
 */
#ifndef PP_TESTS_FLEET_H
#define PP_TESTS_FLEET_H

#include "net/group.h"

#define FLEET_MAX 64

struct fleet;

struct fleet_options {
    uint64_t seed;
    bool fixed; /* WAN: hosts 0 … trusted-1 are the trusted peers */
    unsigned trusted;
    uint32_t latency_ms; /* 0 = 2; drawn from half to one and a half of it */
    uint32_t disk_ms;    /* 0 = 2 */
    uint32_t heartbeat_ms, election_ms, found_ms, retire_ms, submit_ms; /* 0 = as usual */
    unsigned plant; /* of every host; fleet_plant() for one */
    /* A host's machine, when it starts; NULL = the built-in one. `stop` when it has been killed. */
    void (*machine)(void *context, unsigned host, struct net_machine *out);
    void (*stop)(void *context, unsigned host);
    /* What a host is told about its own commands (also by the built-in machine); may be NULL. */
    void *context;
};

struct fleet *fleet_new(const struct fleet_options *o);
void fleet_free(struct fleet *f);

/* A host with an empty disk, not started; linked with all others as soon as both run. Its number.
 */
unsigned fleet_add(struct fleet *f);
unsigned fleet_count(const struct fleet *f);
void fleet_start(struct fleet *f, unsigned host);
void fleet_kill(struct fleet *f, unsigned host); /* kill -9 */
/* Leaves cleanly, for at most 5 s, then stops; true if it was done in time. */
bool fleet_leave(struct fleet *f, unsigned host);
bool fleet_is_up(const struct fleet *f, unsigned host);
struct group *fleet_group(const struct fleet *f, unsigned host); /* NULL while it is not up */
const struct peer *fleet_peer(const struct fleet *f, unsigned host);
unsigned fleet_host_of(const struct fleet *f, const struct peer *p); /* FLEET_MAX: none */

/* Time. */
uint64_t fleet_now(const struct fleet *f);
void fleet_run(struct fleet *f, uint64_t ms);
/* Runs until it is true, at most so long; whether it came true. */
bool fleet_until(struct fleet *f, uint64_t ms, bool (*is)(struct fleet *f, void *c), void *c);

/* Links. Cut ones stay cut over restarts. */
void fleet_cut(struct fleet *f, unsigned a, unsigned b, bool cut);
void fleet_flap(struct fleet *f, unsigned a, unsigned b); /* down and up again: loss */
void fleet_isolate(struct fleet *f, unsigned host, bool cut);
void fleet_heal(struct fleet *f); /* no cuts any more */
/* A message as if `from` had sent it. */
void fleet_inject(struct fleet *f, unsigned from, unsigned to, const uint8_t *bytes, size_t len);

/* Disks. */
void fleet_disk_ms(struct fleet *f, unsigned host, uint32_t ms);
void fleet_disk_full(struct fleet *f, unsigned host, bool full);
void fleet_disk_lose(struct fleet *f, unsigned host);                /* while it is not up */
void fleet_disk_save(struct fleet *f, unsigned host);                /* a backup */
void fleet_disk_restore(struct fleet *f, unsigned host);             /* while it is not up */
void fleet_plant(struct fleet *f, unsigned host, unsigned plant);    /* from its next start on */
void fleet_clock(struct fleet *f, unsigned host, int64_t offset_ms); /* its wall clock is off */

/* The built-in machine. */
uint64_t fleet_submit(struct fleet *f, unsigned host, bool keep, const char *text); /* "h3 text" */
size_t fleet_lines(const struct fleet *f, unsigned host);
const char *fleet_line(const struct fleet *f, unsigned host, size_t i);
bool fleet_has(const struct fleet *f, unsigned host, const char *line);
unsigned fleet_told_kept(const struct fleet *f, unsigned host);
unsigned fleet_told_refused(const struct fleet *f, unsigned host);
unsigned fleet_told_own(const struct fleet *f, unsigned host); /* own commands seen applied */
unsigned fleet_dumps(const struct fleet *f, unsigned host);    /* loads since its start */

/* Looks. */
int fleet_leader(const struct fleet *f); /* a host that leads, the newest epoch's; -1 = none */
size_t fleet_role_count(const struct fleet *f, enum group_role role);
/* All that run are of one epoch, know a leader and have applied the same. */
bool fleet_agrees(const struct fleet *f);
const char *fleet_broken(const struct fleet *f); /* NULL while all is well */
uint64_t fleet_random(struct fleet *f, uint64_t below);

#endif
