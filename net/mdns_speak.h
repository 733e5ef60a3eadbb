/* Our own services on one network interface: libmdnsd probes, announces and answers for them.
 *
 * Only questions go into the library, and only such as concern our names; they are written anew
 * from what our reader took (net/mdns_packet.h). So its parser, which counts on zeros behind a
 * packet, never sees a foreign byte, and its cache, which has no bound, stays empty. What others
 * say is net/mdns_seen.h's business, conflicts of names too: the library takes an equal record for
 * one and lets a different one pass.
 *
 * It reads the wall clock: after that has jumped, make a new one.
 */
#ifndef PP_NET_MDNS_SPEAK_H
#define PP_NET_MDNS_SPEAK_H

#include "net/mdns.h"
#include "net/mdns_packet.h"

#include <netinet/in.h>

#define MDNS_SERVICES_MAX 8

struct mdns_speak;

/* A service of ours, ready for the wire. */
struct mdns_own {
    char type[64]; /* "_pphost._tcp" */
    char wanted[MDNS_LABEL_MAX + 1];
    char label[MDNS_LABEL_MAX + 1]; /* wanted, perhaps with " (2)" */
    unsigned attempt;               /* 1 = wanted itself */
    int port;
    struct mdns_name type_name, name;
    uint8_t txt[1300];
    uint16_t txt_len;
};

typedef void (*mdns_send)(
    void *context, const void *bytes, size_t len, struct in_addr to, int port);

/* `host`: one label, "pphost-1a2b3c4d", which becomes that of `ip`. */
struct mdns_speak *mdns_speak_new(
    const char *host, struct in_addr ip, mdns_send send, void *context);
void mdns_speak_free(struct mdns_speak *a); /* without a goodbye */
/* Announces it, or what changed of it (port, TXT) when its name is announced already. */
void mdns_speak_publish(struct mdns_speak *a, const struct mdns_own *o);
/* A packet from this interface; all but queries are passed over. */
void mdns_speak_packet(
    struct mdns_speak *a, const uint8_t *bytes, size_t len, struct in_addr from, int from_port);
/* Sends what is due; to be called again after the milliseconds that it returns. */
int mdns_speak_step(struct mdns_speak *a);
/* Tells all that one of them is gone; it must be forgotten by making a new mdns_speak. */
void mdns_speak_bye(struct mdns_speak *a, const struct mdns_own *o);

#endif
