/* A network that misbehaves, for hosts of one process: every connection goes through here.
 *
 * claims_relay_port() is an address for host `from` at which it meets host `to`. What goes through
 * is delayed, stalls as if a segment was lost, breaks off at random; and while the fleet is cut
 * into parts nothing passes between two of them (what was under way waits or breaks off).
 *
 * Failure modes: out of descriptors: a connection breaks off, as others do.
 */
#ifndef PP_TESTS_CLAIMS_RELAY_H
#define PP_TESTS_CLAIMS_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct claims_relay;

struct claims_relay_faults {
    unsigned delay_ms;       /* of every chunk, on average */
    unsigned stall_per_mill; /* chunks of a thousand that wait for a retransmission */
    unsigned stall_ms;       /* at most so long */
    unsigned reset_per_min;  /* connections that break off, of the whole fleet */
};

struct claims_relay_sums {
    uint64_t connections, chunks, bytes, stalls, resets, partitions;
};

struct claims_relay *claims_relay_new(uv_loop_t *loop, uint64_t seed);
void claims_relay_set_faults(struct claims_relay *r, const struct claims_relay_faults *f);
/* The port of host `to` itself, as soon as it is known. */
void claims_relay_host(struct claims_relay *r, size_t to, int port);
int claims_relay_port(struct claims_relay *r, size_t from, size_t to);
/* Each host is in part `part[host]`; NULL: all are in one. */
void claims_relay_part(struct claims_relay *r, const unsigned *part);
void claims_relay_sums(const struct claims_relay *r, struct claims_relay_sums *out);
/* The loop runs until all its handles are closed, then claims_relay_free(). */
void claims_relay_close(struct claims_relay *r);
void claims_relay_free(struct claims_relay *r);

#endif
