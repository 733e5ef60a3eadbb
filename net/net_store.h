/* net.db: log, rows, outbox and meta of every network queue of this host, in one SQLite database
 * (WAL, synchronous=FULL) with a writer thread of its own.
 *
 * Writes of all queues are done in the order they were given; those that wait together go into one
 * transaction (group commit). A write that the disk does not take is tried again every 200 ms, for
 * ever, with all behind it: nothing is ever skipped; `disk` says so.
 *
 * Failure modes: a corrupt file is moved aside (net.db.corrupt-N) and told: the host rejoins under
 * new ids; a newer schema is refused. Schema: queues(name, meta), log(queue, idx, term, type,
 * bytes), rows(queue, key, bytes), outbox(queue, id, bytes).
 */
#ifndef PP_NET_NET_STORE_H
#define PP_NET_NET_STORE_H

#include "net/group.h"
#include "host/base/str.h"

#include <uv.h>

struct net_store;

struct net_store_events {
    /* All of this queue up to `ticket` is durable; on the loop. */
    void (*written)(void *context, const char *queue, uint64_t ticket);
    void (*disk)(void *context, bool full, const char *why);
    void *context;
};

int net_store_open(struct net_store **out, uv_loop_t *loop, const char *path,
    const struct net_store_events *events, bool *was_corrupt, struct err *e);
/* Writes what is queued (gives up after 5 s where the disk does not take it). */
void net_store_close(struct net_store *s, void (*closed)(void *context), void *context);

/* Reads a queue, before its first write; synchronous. Freed with net_store_unload(). */
int net_store_load(struct net_store *s, const char *queue, struct group_state **out, struct err *e);
void net_store_unload(struct group_state *state);
void net_store_write(struct net_store *s, const char *queue, const struct group_write *w);
/* Forgets a queue altogether. */
void net_store_forget(struct net_store *s, const char *queue);
/* The names of all queues there; freed by the caller with net_store_free_names(). */
int net_store_names(struct net_store *s, char ***names, size_t *n, struct err *e);
void net_store_free_names(char **names, size_t n);
/* For tests and measurements: every fsync takes so much longer; 0 = as it is. */
void net_store_slow(struct net_store *s, unsigned extra_ms);

/* The bytes of group_meta and replica_conf, for this and the simulator. */
void group_meta_write(struct strbuf *out, const struct group_meta *meta);
int group_meta_read(const uint8_t *bytes, size_t len, struct group_meta *out, struct err *e);

#endif
