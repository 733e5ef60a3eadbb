/* Our services by libmdnsd. */
#include "net/mdns_speak.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <libmdnsd/mdnsd.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TTL_HOST_S    120 /* RFC 6762 §10: what names a host */
#define TTL_SERVICE_S 4500
#define DOTTED        (MDNS_NAME_MAX + 1)
#define QUESTIONS_MAX 32 /* of one packet */

/* A name of ours as the library writes it, and what it has there. */
struct record {
    char dotted[DOTTED];
    struct mdns_name name;
    uint16_t type;
    mdns_record_t *r;
};

struct mdns_speak {
    mdns_daemon_t *daemon;
    char host[DOTTED];
    mdns_send send;
    void *context;
    size_t count;
    struct record records[1 + 3 * MDNS_SERVICES_MAX]; /* A; PTR, SRV and TXT of each */
};

/* The library finds conflicts only in what we do not hand over. */
static void on_conflict(char *host, int type, void *arg)
{
    (void)host;
    (void)type;
    (void)arg;
}

static struct record *record_find(struct mdns_speak *a, const struct mdns_name *name, int type)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->records[i].type == type && mdns_name_equal(&a->records[i].name, name)) {
            return &a->records[i];
        }
    }
    return NULL;
}

/* PTRs of one type are several of one name: those are told apart by what they say. */
static struct record *record_add(
    struct mdns_speak *a, const struct mdns_name *name, const char *dotted, uint16_t type)
{
    struct record *k = &a->records[a->count++];
    k->name = *name;
    k->type = type;
    str_copy(k->dotted, sizeof k->dotted, dotted, strlen(dotted));
    if (type == MDNS_PTR) {
        k->r = mdnsd_shared(a->daemon, k->dotted, type, TTL_SERVICE_S);
    } else {
        k->r = mdnsd_unique(a->daemon, k->dotted, type,
            type == MDNS_TXT ? TTL_SERVICE_S : TTL_HOST_S, on_conflict, NULL);
    }
    return k;
}

struct mdns_speak *mdns_speak_new(
    const char *host, struct in_addr ip, mdns_send send, void *context)
{
    struct mdns_speak *a = mem_alloc(sizeof *a);
    struct mdns_name name;
    char quiet[] = "none";
    mdnsd_log_level(quiet);
    a->send = send;
    a->context = context;
    a->daemon = mdnsd_new(QCLASS_IN, MDNS_WRITE_MAX);
    snprintf(a->host, sizeof a->host, "%s.local.", host);
    if (a->daemon == NULL || !mdns_name_set(&name, a->host)) {
        abort();
    }
    mdnsd_set_address(a->daemon, ip);
    mdnsd_set_ip(a->daemon, record_add(a, &name, a->host, MDNS_A)->r, ip);
    return a;
}

void mdns_speak_free(struct mdns_speak *a)
{
    if (a != NULL) {
        mdnsd_free(a->daemon);
        free(a);
    }
}

void mdns_speak_publish(struct mdns_speak *a, const struct mdns_own *o)
{
    char dotted[DOTTED];
    char type[DOTTED];
    struct record *srv = record_find(a, &o->name, MDNS_SRV);
    struct record *txt = record_find(a, &o->name, MDNS_TXT);
    if (srv == NULL && a->count + 3 > sizeof a->records / sizeof *a->records) {
        return;
    }
    snprintf(type, sizeof type, "%s.local.", o->type);
    snprintf(dotted, sizeof dotted, "%s.%s.local.", o->label, o->type);
    if (srv == NULL) {
        mdnsd_set_host(a->daemon, record_add(a, &o->type_name, type, MDNS_PTR)->r, dotted);
        srv = record_add(a, &o->name, dotted, MDNS_SRV);
        txt = record_add(a, &o->name, dotted, MDNS_TXT);
    }
    mdnsd_set_srv(a->daemon, srv->r, 0, 0, (uint16_t)o->port, a->host);
    mdnsd_set_raw(a->daemon, txt->r, (const char *)o->txt, o->txt_len);
}

/* ---- questions ----------------------------------------------------------------------------------
 */

/* The questions about our names, in our spelling, and which of our PTRs they know already. */
static bool rewrite(struct mdns_speak *a, const uint8_t *bytes, size_t len, struct mdns_writer *w)
{
    struct mdns_reader r;
    struct mdns_question q;
    struct mdns_rr rr;
    unsigned n = 0;
    if (!mdns_read_begin(&r, bytes, len) || r.response) {
        return false;
    }
    mdns_write_begin(w, false);
    memcpy(w->bytes, bytes, 2); /* the id, which an answer to one alone repeats */
    while (n < QUESTIONS_MAX && mdns_read_question(&r, &q)) {
        for (size_t i = 0; i < a->count; i++) {
            const struct record *k = &a->records[i];
            if ((q.type == k->type || q.type == MDNS_ANY) && mdns_name_equal(&q.name, &k->name)) {
                n += mdns_write_question(w, &k->name, q.type);
                break; /* the library finds all it has by that name */
            }
        }
    }
    while (n > 0 && mdns_read_rr(&r, &rr)) {
        const struct record *k = rr.type == MDNS_PTR ? record_find(a, &rr.name, MDNS_PTR) : NULL;
        const struct record *known = record_find(a, &rr.target, MDNS_SRV);
        if (k != NULL && known != NULL && rr.section == 1 && rr.ttl_s >= TTL_SERVICE_S / 2) {
            mdns_write_answer(w, &k->name, MDNS_PTR, rr.ttl_s, known->name.wire, known->name.len);
        }
    }
    return n > 0;
}

void mdns_speak_packet(
    struct mdns_speak *a, const uint8_t *bytes, size_t len, struct in_addr from, int from_port)
{
    static struct message m; /* 70 kB; the loop is one thread */
    struct mdns_writer w;
    if (!rewrite(a, bytes, len, &w)) {
        return;
    }
    memset(&m, 0, sizeof m);
    if (message_parse(&m, w.bytes) == 0) {
        mdnsd_in(a->daemon, &m, from, (uint16_t)from_port);
    }
}

/* ---- sending ------------------------------------------------------------------------------------
 */

#define OUT_MAX 64 /* packets of one step; more is a mistake of the library */

int mdns_speak_step(struct mdns_speak *a)
{
    static struct message m;
    struct in_addr to;
    unsigned short port;
    for (int i = 0; i < OUT_MAX && mdnsd_out(a->daemon, &m, &to, &port) > 0; i++) {
        const void *bytes = message_packet(&m);
        a->send(a->context, bytes, (size_t)message_packet_len(&m), to, ntohs(port));
    }
    const struct timeval *wait = mdnsd_sleep(a->daemon);
    int64_t ms = (int64_t)wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1;
    return ms > 60000 ? 60000 : (ms < 1 ? 1 : (int)ms);
}

static void send_group(struct mdns_speak *a, const struct mdns_writer *w)
{
    const struct in_addr group = {.s_addr = htonl(0xe00000fb)};
    a->send(a->context, w->bytes, w->len, group, 5353);
}

void mdns_speak_bye(struct mdns_speak *a, const struct mdns_own *o)
{
    struct mdns_writer w;
    struct mdns_name host;
    uint8_t srv[6 + MDNS_NAME_MAX] = {0};
    mdns_name_set(&host, a->host);
    srv[4] = (uint8_t)(o->port >> 8);
    srv[5] = (uint8_t)o->port;
    memcpy(srv + 6, host.wire, host.len);
    mdns_write_begin(&w, true);
    mdns_write_answer(&w, &o->type_name, MDNS_PTR, 0, o->name.wire, o->name.len);
    mdns_write_answer(&w, &o->name, MDNS_SRV, 0, srv, 6 + (size_t)host.len);
    send_group(a, &w);
}
