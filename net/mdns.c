/* DNS-SD on every interface: sockets, interfaces, names of ours that others have.
 *
 * An interface has a socket, what others say there (net/mdns_seen.h), and what we say there
 * (net/mdns_speak.h), with its own address: so everybody gets one that he can reach.
 */
#include "net/mdns.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "net/mdns_speak.h"
#include "net/mdns_seen.h"

#include <assert.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT           5353
#define INTERFACES_MAX 16
#define RESCAN_MS      30000
#define ECHOES         16
#define JUMP_MS        2000
#define RENAMES_MAX    20

struct iface {
    struct mdns *m;
    char name[IF_NAMESIZE];
    struct in_addr ip, mask;
    bool loopback, seen_now, closing;
    uv_udp_t socket;
    struct mdns_seen *seen;
    struct mdns_speak *speak;
    uint64_t echoes[ECHOES]; /* hashes of what we sent last */
    size_t echo;
};

struct mdns {
    uv_loop_t *loop;
    uv_timer_t timer;
    unsigned handles;
    bool closing;
    mdns_cb found;
    void *context;
    void (*closed)(void *context);
    void *closed_context;
    char host[24]; /* "pphost-1a2b3c4d5e6f7a8b": of this process, so never another's */
    struct mdns_name host_name;
    struct mdns_own services[MDNS_SERVICES_MAX];
    size_t services_count;
    char types[MDNS_TYPES_MAX][64];
    size_t types_count;
    struct iface *interfaces[INTERFACES_MAX]; /* owned */
    size_t interfaces_count;
    uint64_t rescan_ms;
    int64_t clock_offset_ms; /* wall minus monotonic */
    char state[160];
    uint8_t packet[MDNS_PACKET_MAX + 1];
};

static void run(struct mdns *m);

/* ---- sending ------------------------------------------------------------------------------------
 */

/* FNV-1a: only to know our own packets again. */
static uint64_t hash(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) {
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    }
    return h;
}

/* What cannot be sent now is lost, as any packet may be. */
static void send_to(void *context, const void *bytes, size_t len, struct in_addr to, int port)
{
    struct iface *i = context;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr = to, .sin_port = htons((uint16_t)port)};
    const struct sockaddr *sa = (const struct sockaddr *)&address;
    union {
        const void *in;
        char *out;
    } writable = {.in = bytes}; /* uv_buf_t is not const; nothing is written */
    uv_buf_t buf = uv_buf_init(writable.out, (unsigned)len);
    if (i->closing) {
        return;
    }
    i->echoes[i->echo++ % ECHOES] = hash(bytes, len);
    uv_udp_try_send(&i->socket, &buf, 1, sa);
}

static void send_questions(void *context, const struct mdns_writer *questions)
{
    const struct in_addr group = {.s_addr = htonl(0xe00000fb)};
    send_to(context, questions->bytes, questions->len, group, PORT);
}

static void tell(void *context, const struct mdns_found *found)
{
    struct iface *i = context;
    if (!i->m->closing) {
        i->m->found(i->m->context, found);
    }
}

/* ---- our services -------------------------------------------------------------------------------
 */

/* The library takes a dot for the end of a label. Cut between characters of UTF-8. */
static void label_make(char *out, const char *wanted, unsigned attempt)
{
    char tail[16] = "";
    size_t len = strlen(wanted);
    if (attempt > 1) {
        snprintf(tail, sizeof tail, " (%u)", attempt);
    }
    size_t room = MDNS_LABEL_MAX - strlen(tail);
    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)wanted[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(out, wanted, len);
    memcpy(out + len, tail, strlen(tail) + 1);
    for (char *c = out; *c != '\0'; c++) {
        *c = *c == '.' ? '-' : *c;
    }
}

static void own_name(struct mdns_own *o)
{
    label_make(o->label, o->wanted[0] != '\0' ? o->wanted : "pphost", o->attempt);
    bool ok = mdns_name_child(&o->name, o->label, &o->type_name);
    assert(ok); /* a label of 63 and a type of 60 bytes */
    (void)ok;
}

/* Pairs that do not fit are left out. An empty TXT record is one empty string (RFC 6763 §6.1). */
static void own_txt(struct mdns_own *o, const struct mdns_service *s)
{
    o->txt_len = 0;
    for (size_t i = 0; i < MDNS_TXT_MAX && s->txt[i][0] != NULL; i++) {
        char pair[256];
        const char *value = s->txt[i][1] != NULL ? s->txt[i][1] : "";
        int n = snprintf(pair, sizeof pair, "%s=%s", s->txt[i][0], value);
        if (n > 0 && n < (int)sizeof pair && o->txt_len + (size_t)n + 1 <= sizeof o->txt - 100) {
            o->txt[o->txt_len] = (uint8_t)n;
            memcpy(o->txt + o->txt_len + 1, pair, (size_t)n);
            o->txt_len = (uint16_t)(o->txt_len + n + 1);
        }
    }
    if (o->txt_len == 0) {
        o->txt[0] = 0;
        o->txt_len = 1;
    }
}

/* All our services anew on one interface: libmdnsd forgets none in a way that is safe. */
static void speak_anew(struct iface *i)
{
    mdns_speak_free(i->speak);
    i->speak = mdns_speak_new(i->m->host, i->ip, send_to, i);
    for (size_t s = 0; s < i->m->services_count; s++) {
        mdns_speak_publish(i->speak, &i->m->services[s]);
    }
}

static struct mdns_own *own_find(struct mdns *m, const char *type, const char *name)
{
    char wanted[MDNS_LABEL_MAX + 1];
    label_make(wanted, name, 1);
    for (size_t i = 0; i < m->services_count; i++) {
        if (strcmp(m->services[i].type, type) == 0 && strcmp(m->services[i].wanted, wanted) == 0) {
            return &m->services[i];
        }
    }
    return NULL;
}

void mdns_publish(struct mdns *m, const struct mdns_service *s)
{
    struct mdns_own *o = own_find(m, s->type, s->name);
    char dotted[80];
    if (o == NULL) {
        assert(m->services_count < MDNS_SERVICES_MAX && strlen(s->type) < sizeof o->type);
        o = &m->services[m->services_count++];
        *o = (struct mdns_own){.attempt = 1};
        str_copy(o->type, sizeof o->type, s->type, strlen(s->type));
        snprintf(dotted, sizeof dotted, "%s.local", s->type);
        bool ok = mdns_name_set(&o->type_name, dotted);
        assert(ok); /* types are constants */
        (void)ok;
        label_make(o->wanted, s->name, 1);
        own_name(o);
    }
    o->port = s->port;
    own_txt(o, s);
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_speak_publish(m->interfaces[i]->speak, o);
    }
    run(m);
}

static void bye(struct mdns *m, const struct mdns_own *o)
{
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_speak_bye(m->interfaces[i]->speak, o);
    }
}

void mdns_withdraw(struct mdns *m, const char *type, const char *name)
{
    struct mdns_own *o = own_find(m, type, name);
    if (o == NULL) {
        return;
    }
    bye(m, o);
    *o = m->services[--m->services_count];
    for (size_t i = 0; i < m->interfaces_count; i++) {
        speak_anew(m->interfaces[i]);
    }
    run(m);
}

void mdns_browse(struct mdns *m, const char *type)
{
    if (m->types_count == MDNS_TYPES_MAX) {
        return;
    }
    str_copy(m->types[m->types_count++], sizeof *m->types, type, strlen(type));
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_seen_browse(m->interfaces[i]->seen, type, (int64_t)uv_now(m->loop));
    }
    run(m);
}

/* ---- receiving ----------------------------------------------------------------------------------
 */

/* Another host announces our name. The one whose host name is the lesser takes another: both see
 * the same two, so one of them stays (as of two that probe at a time, RFC 6762 §8.2). */
static void on_conflict(struct mdns *m, struct mdns_own *o)
{
    if (o->attempt >= RENAMES_MAX) {
        return;
    }
    o->attempt++;
    own_name(o);
    for (size_t i = 0; i < m->interfaces_count; i++) {
        speak_anew(m->interfaces[i]);
    }
}

static void conflicts(struct mdns *m, const uint8_t *bytes, size_t len)
{
    struct mdns_reader r;
    struct mdns_rr rr;
    if (!mdns_read_begin(&r, bytes, len)) {
        return;
    }
    while (mdns_read_rr(&r, &rr)) {
        if (rr.type != MDNS_SRV || rr.ttl_s == 0 || mdns_name_equal(&rr.target, &m->host_name)) {
            continue;
        }
        for (size_t i = 0; i < m->services_count; i++) {
            struct mdns_own *o = &m->services[i];
            size_t n = m->host_name.len < rr.target.len ? m->host_name.len : rr.target.len;
            if (mdns_name_equal(&rr.name, &o->name) &&
                memcmp(m->host_name.wire, rr.target.wire, n) < 0) {
                on_conflict(m, o);
            }
        }
    }
}

static bool is_echo(const struct iface *i, const uint8_t *bytes, size_t len)
{
    uint64_t h = hash(bytes, len);
    for (size_t n = 0; n < ECHOES; n++) {
        if (i->echoes[n] == h) {
            return true;
        }
    }
    return false;
}

/* Nobody but neighbours (RFC 6762 §11): a mask of one host says nothing about them. */
static bool is_neighbour(const struct iface *i, struct in_addr from)
{
    uint32_t mask = i->mask.s_addr;
    return ntohl(mask) >= 0xfffffffe || ((from.s_addr ^ i->ip.s_addr) & mask) == 0;
}

static void on_packet(uv_udp_t *socket, ssize_t nread, const uv_buf_t *buf,
    const struct sockaddr *sender, unsigned flags)
{
    struct iface *i = socket->data;
    const uint8_t *bytes = (const uint8_t *)buf->base;
    if (nread <= 0 || sender == NULL || sender->sa_family != AF_INET || i->closing ||
        (flags & UV_UDP_PARTIAL) != 0) {
        return;
    }
    const struct sockaddr_in *from = (const void *)sender;
    size_t len = (size_t)nread;
    if (!is_neighbour(i, from->sin_addr) || is_echo(i, bytes, len)) {
        return;
    }
    int port = ntohs(from->sin_port);
    mdns_speak_packet(i->speak, bytes, len, from->sin_addr, port);
    if (port == PORT) { /* responses from elsewhere are none (RFC 6762 §6) */
        conflicts(i->m, bytes, len);
        mdns_seen_packet(i->seen, bytes, len, (int64_t)uv_now(i->m->loop));
    }
    run(i->m);
}

static void on_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct iface *i = h->data;
    (void)suggested;
    *buf = uv_buf_init((char *)i->m->packet, sizeof i->m->packet);
}

/* ---- interfaces ---------------------------------------------------------------------------------
 */

static int option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

/* Shared with every other program on the port; hears its own interface only. */
static int socket_make(const struct iface *i)
{
    struct ip_mreqn group = {
        .imr_multiaddr = {htonl(0xe00000fb)}, .imr_ifindex = (int)if_nametoindex(i->name)};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    bool ok = option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
              option(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0 &&
              option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) == 0 &&
              option(fd, IPPROTO_IP, IP_MULTICAST_TTL, 255) == 0 &&
              option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1) == 0 &&
              bind(fd, (const struct sockaddr *)&any, sizeof any) == 0 &&
              setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == 0 &&
              setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group) == 0;
    if (!ok) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static void handle_closed(struct mdns *m)
{
    if (--m->handles > 0) {
        return;
    }
    if (m->closed != NULL) {
        m->closed(m->closed_context);
    }
    free(m);
}

static void on_socket_closed(uv_handle_t *h)
{
    struct iface *i = h->data;
    struct mdns *m = i->m;
    mdns_seen_free(i->seen, false);
    mdns_speak_free(i->speak);
    free(i);
    handle_closed(m);
}

static void iface_close(struct iface *i)
{
    i->closing = true;
    uv_close((uv_handle_t *)&i->socket, on_socket_closed);
}

/* Its neighbours are gone for us: told from here, for when it is freed nobody listens any more. */
static void iface_lost(struct mdns *m, size_t index)
{
    struct iface *i = m->interfaces[index];
    const struct mdns_seen_events none = {.found = tell, .ask = send_questions, .context = i};
    m->interfaces[index] = m->interfaces[--m->interfaces_count];
    struct mdns_seen *old = i->seen;
    i->seen = mdns_seen_new(&m->host_name, 1, &none);
    iface_close(i);
    mdns_seen_free(old, true);
}

static void iface_open(struct mdns *m, const struct ifaddrs *a)
{
    struct iface *i = mem_alloc(sizeof *i);
    const struct mdns_seen_events events = {.found = tell, .ask = send_questions, .context = i};
    i->m = m;
    i->ip = ((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr;
    i->mask.s_addr = UINT32_MAX;
    if (a->ifa_netmask != NULL) {
        i->mask = ((const struct sockaddr_in *)(const void *)a->ifa_netmask)->sin_addr;
    }
    i->loopback = (a->ifa_flags & IFF_LOOPBACK) != 0;
    i->seen_now = true;
    str_copy(i->name, sizeof i->name, a->ifa_name, strlen(a->ifa_name));
    int fd = socket_make(i);
    if (fd < 0) {
        snprintf(m->state, sizeof m->state, "DNS-SD on %s: UDP port %d: %s", i->name, PORT,
            strerror(errno));
        free(i);
        return;
    }
    uv_udp_init(m->loop, &i->socket);
    i->socket.data = i;
    m->handles++;
    if (uv_udp_open(&i->socket, fd) != 0) {
        close(fd);
    }
    i->seen = mdns_seen_new(&m->host_name, randombytes_random(), &events);
    for (size_t t = 0; t < m->types_count; t++) {
        mdns_seen_browse(i->seen, m->types[t], (int64_t)uv_now(m->loop));
    }
    speak_anew(i);
    uv_udp_recv_start(&i->socket, on_buffer, on_packet);
    m->interfaces[m->interfaces_count++] = i;
}

/* Up, with an IPv4 address, and able to multicast; loopback is, whatever it says. */
static bool is_usable(const struct ifaddrs *a)
{
    return a->ifa_addr != NULL && a->ifa_addr->sa_family == AF_INET &&
           (a->ifa_flags & IFF_UP) != 0 && (a->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) != 0;
}

static struct iface *iface_find(const struct mdns *m, const struct ifaddrs *a, bool by_address)
{
    struct in_addr ip = ((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr;
    for (size_t n = 0; n < m->interfaces_count; n++) {
        struct iface *i = m->interfaces[n];
        if (strcmp(i->name, a->ifa_name) == 0 && (!by_address || i->ip.s_addr == ip.s_addr)) {
            return i;
        }
    }
    return NULL;
}

static void scan_with(struct mdns *m, const struct ifaddrs *all)
{
    bool any = false;
    for (size_t n = 0; n < m->interfaces_count; n++) {
        m->interfaces[n]->seen_now = false;
    }
    for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
        struct iface *i = is_usable(a) ? iface_find(m, a, true) : NULL;
        if (i != NULL) {
            i->seen_now = true;
        }
    }
    for (size_t n = m->interfaces_count; n > 0; n--) {
        if (!m->interfaces[n - 1]->seen_now) {
            iface_lost(m, n - 1);
        }
    }
    for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
        if (is_usable(a) && iface_find(m, a, false) == NULL &&
            m->interfaces_count < INTERFACES_MAX) {
            iface_open(m, a); /* the first address of each */
        }
    }
    for (size_t n = 0; n < m->interfaces_count; n++) {
        any = any || !m->interfaces[n]->loopback;
    }
    if (!any && m->state[0] == '\0') {
        snprintf(m->state, sizeof m->state, "no network interface can multicast");
    }
}

static void scan(struct mdns *m)
{
    struct ifaddrs *all;
    m->rescan_ms = uv_now(m->loop) + RESCAN_MS;
    m->state[0] = '\0';
    if (getifaddrs(&all) != 0) {
        snprintf(m->state, sizeof m->state, "network interfaces: %s", strerror(errno));
        return;
    }
    scan_with(m, all);
    freeifaddrs(all);
}

/* ---- time ---------------------------------------------------------------------------------------
 */

static int64_t clock_offset(void)
{
    return clock_wall_ms() - (int64_t)clock_ms();
}

/* A Raspberry Pi starts in 1970 and is told the time later: libmdnsd goes by it. */
static void look_at_clock(struct mdns *m)
{
    int64_t offset = clock_offset();
    if (llabs(offset - m->clock_offset_ms) <= JUMP_MS) {
        return;
    }
    m->clock_offset_ms = offset;
    for (size_t n = 0; n < m->interfaces_count; n++) {
        speak_anew(m->interfaces[n]);
    }
}

static void on_timer(uv_timer_t *t)
{
    struct mdns *m = t->data;
    if (uv_now(m->loop) >= m->rescan_ms) {
        scan(m);
    }
    look_at_clock(m);
    run(m);
}

/* Does what is due everywhere and sets the timer for what is next. */
static void run(struct mdns *m)
{
    int64_t wait_ms = (int64_t)(m->rescan_ms - uv_now(m->loop));
    if (m->closing) {
        return;
    }
    for (size_t n = 0; n < m->interfaces_count && !m->closing; n++) {
        struct iface *i = m->interfaces[n];
        int64_t seen_ms = mdns_seen_step(i->seen, (int64_t)uv_now(m->loop));
        int64_t speak_ms = mdns_speak_step(i->speak);
        wait_ms = seen_ms < wait_ms ? seen_ms : wait_ms;
        wait_ms = speak_ms < wait_ms ? speak_ms : wait_ms;
    }
    if (!m->closing) {
        uv_timer_start(&m->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 1, 0);
    }
}

/* ---- opening and closing ------------------------------------------------------------------------
 */

int mdns_open(struct mdns **out, uv_loop_t *loop, mdns_cb found, void *context, struct err *e)
{
    struct mdns *m = mem_alloc(sizeof *m);
    char dotted[40];
    (void)e; /* no interface yet is no error: it is looked for again */
    m->loop = loop;
    m->found = found;
    m->context = context;
    snprintf(
        m->host, sizeof m->host, "pphost-%08x%08x", randombytes_random(), randombytes_random());
    snprintf(dotted, sizeof dotted, "%s.local", m->host);
    mdns_name_set(&m->host_name, dotted);
    m->timer.data = m;
    m->handles = 1;
    m->clock_offset_ms = clock_offset();
    uv_timer_init(loop, &m->timer);
    scan(m);
    uv_timer_start(&m->timer, on_timer, 1, 0);
    *out = m;
    return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
    handle_closed(h->data);
}

void mdns_close(struct mdns *m, void (*closed)(void *context), void *context)
{
    assert(!m->closing);
    for (size_t s = 0; s < m->services_count; s++) {
        bye(m, &m->services[s]);
    }
    m->closing = true;
    m->closed = closed;
    m->closed_context = context;
    for (size_t i = 0; i < m->interfaces_count; i++) {
        iface_close(m->interfaces[i]);
    }
    uv_close((uv_handle_t *)&m->timer, on_timer_closed);
}

const char *mdns_state(const struct mdns *m)
{
    return m->state;
}
