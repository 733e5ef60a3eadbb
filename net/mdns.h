/* DNS-SD on the local network (libmdnsd): we are announced, others are found.
 *
 * Several hosts on one machine share the port (SO_REUSEPORT); so does an avahi-daemon. Every
 * interface that can multicast is served, and looked at again every 30 s.
 *
 * Failure modes: no interface with multicast (mdns_state() says so; tried again), foreign bytes
 * (parsed by the library; bounded by us to 1,024 records), a name taken by another (" (2)").
 */
#ifndef PP_NET_MDNS_H
#define PP_NET_MDNS_H

#include "host/base/err.h"

#include <stdbool.h>

#include <uv.h>

struct mdns;

#define MDNS_TXT_MAX 24

/* One service of ours. */
struct mdns_service {
    const char *type; /* "_pphost._tcp" */
    const char *name; /* "Shed printer" */
    int port;
    const char *txt[MDNS_TXT_MAX + 1][2]; /* key, value; ended by a NULL key */
};

/* One that was found; gone = its time is over or it said goodbye. All texts are foreign. */
struct mdns_found {
    const char *type;
    const char *name;
    const char *address; /* "192.168.1.5" */
    int port;
    const char *const (*txt)[2]; /* ended by a NULL key */
    bool gone;
};
typedef void (*mdns_cb)(void *context, const struct mdns_found *found);

int mdns_open(struct mdns **out, uv_loop_t *loop, mdns_cb found, void *context, struct err *e);
void mdns_close(struct mdns *m, void (*closed)(void *context), void *context); /* says goodbye */
void mdns_publish(struct mdns *m, const struct mdns_service *s); /* again: replaces, by type+name */
void mdns_withdraw(struct mdns *m, const char *type, const char *name);
void mdns_browse(struct mdns *m, const char *type);
/* "" when it works, else what a person should know ("no network interface can multicast"). */
const char *mdns_state(const struct mdns *m);

#endif
