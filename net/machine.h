/* What a queue's log is for, as the program above sees it: a deterministic machine that applies
 * commands, and its rows.
 *
 * All calls come on the loop, from within a step of the group; none may call back into net. What
 * the machine holds in memory is the truth between a start and a stop; the rows it reports are what
 * it is built from again. Commands are opaque here.
 */
#ifndef PP_NET_MACHINE_H
#define PP_NET_MACHINE_H

#include "net/identity.h"

struct net_row {
    const char *key;      /* at most 200 bytes, "job/0191…" */
    const uint8_t *bytes; /* NULL = the row is gone */
    size_t len;
};
typedef void (*net_row_cb)(void *context, const struct net_row *row);

/* An entry that is committed. */
struct net_entry {
    uint64_t index;
    int64_t utc_ms;     /* the leader's clock when it ordered it; never goes back within a log */
    struct peer origin; /* who sent it, authenticated */
    bool trusted;       /* origin was a trusted peer (WAN), a key holder (keyed LAN) */
    uint64_t own; /* the id net_submit() gave here; 0 = not of this host (or of a former life) */
    const uint8_t *bytes;
    size_t len;
};

struct net_machine {
    /* Applies one; each row it changes is reported through `row`. Same state and entry, same rows,
     * everywhere. What cannot be applied changes nothing (and is still remembered as applied). */
    void (*apply)(void *context, const struct net_entry *entry, net_row_cb row, void *row_context);
    /* Every row of the present state, in any order that is always the same. */
    void (*dump)(void *context, net_row_cb row, void *row_context);
    /* Replaces the state by these rows: at the start, and when another group's state is taken over.
     * A row that cannot be right is left out and told; it must not fail on others' bytes. */
    void (*load)(void *context, const struct net_row *rows, size_t n);
    /* At the start, after load: a kept command that is not known to be committed yet. */
    void (*pending)(void *context, uint64_t id, const uint8_t *bytes, size_t len);
    /* A kept command is on this host's disk. */
    void (*kept)(void *context, uint64_t id);
    /* A command was refused or given up without being applied (PP_ETIMEOUT: it may be applied yet).
     */
    void (*refused)(void *context, uint64_t id, const struct err *e);
    /* The state here is about to be replaced by that of another group (or a newer epoch): `submit`
     * takes commands that carry over what would be lost; they are kept in the outbox. */
    void (*carry_over)(
        void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c);
    /* Leader, role, peers or health have changed; ask net_queue_status(). */
    void (*changed)(void *context);
    void *context;
};

#endif
