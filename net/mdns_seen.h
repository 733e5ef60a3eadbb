/* What others announce on one network interface: instances of the service types we browse.
 *
 * Pure: packets and the time go in; what was found, and questions to ask, come out through
 * callbacks. An instance is told when its PTR, SRV, TXT and address are known, told again when one
 * of them changes (as gone first when its address or port did), and told as gone when one has
 * expired or it said goodbye.
 *
 * Questions (RFC 6762 §5.2): a type at once, then after 1, 2, 4 … s, at most every 10 min; what is
 * missing of an instance after 0, 1, 2, 4 … s, eight times; what is known again at 80, 85, 90 and
 * 95 % of its time.
 *
 * Bounds: MDNS_SEEN_MAX instances, four records each; a new one takes the place of one that was
 * never complete, else it is passed over.
 */
#ifndef PP_NET_MDNS_SEEN_H
#define PP_NET_MDNS_SEEN_H

#include "net/mdns.h"
#include "net/mdns_packet.h"

#define MDNS_SEEN_MAX  256
#define MDNS_TYPES_MAX 8
#define MDNS_TXT_BYTES 1300

struct mdns_seen;

struct mdns_seen_events {
    void (*found)(void *context, const struct mdns_found *found);
    void (*ask)(void *context, const struct mdns_writer *questions);
    void *context;
};

/* `own_host`: instances there are ours and not told. `seed` spreads questions of many hosts. */
struct mdns_seen *mdns_seen_new(
    const struct mdns_name *own_host, uint32_t seed, const struct mdns_seen_events *events);
/* Tells whatever was told as gone when `tell`. */
void mdns_seen_free(struct mdns_seen *s, bool tell);
/* "_pphost._tcp"; at most MDNS_TYPES_MAX, again changes nothing. */
void mdns_seen_browse(struct mdns_seen *s, const char *type, int64_t now_ms);
/* A packet from this interface; queries are passed over. */
void mdns_seen_packet(struct mdns_seen *s, const uint8_t *bytes, size_t len, int64_t now_ms);
/* Expires and asks; to be called again after the milliseconds that it returns. */
int64_t mdns_seen_step(struct mdns_seen *s, int64_t now_ms);
size_t mdns_seen_count(const struct mdns_seen *s);

#endif
