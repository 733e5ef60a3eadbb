/* DNS-SD on every interface: sockets, and which interfaces there are.
 *
 * An interface has a socket, what others say there (net/mdns_seen.h), and what we say there
 * (net/mdns_speak.h), with its own address: so everybody gets one that he can reach.
 */
#include "net/mdns_priv.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <errno.h>
#include <ifaddrs.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT      5353
#define RESCAN_MS 30000

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

/* ---- receiving ----------------------------------------------------------------------------------
 */

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
        mdns_conflicts(i->m, bytes, len);
        mdns_seen_packet(i->seen, bytes, len, (int64_t)uv_now(i->m->loop));
    }
    mdns_run(i->m);
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

/* Shared with every other program on the port; hears its own interface only, where it may say so
 * (anybody may since Linux 5.7; without it is_neighbour() sorts). It is not done by leaving
 * IP_MULTICAST_ALL off: Linux 6.18 gives a packet that only one socket wants to any other of those
 * that share the port. */
static int socket_make(const struct iface *i)
{
    struct ip_mreqn group = {
        .imr_multiaddr = {htonl(0xe00000fb)}, .imr_ifindex = (int)if_nametoindex(i->name)};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, i->name, (socklen_t)strlen(i->name) + 1);
    bool ok = option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
              option(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0 &&
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

/* All our services anew on one interface: libmdnsd forgets none in a way that is safe. */
void mdns_iface_speak_anew(struct iface *i)
{
    mdns_speak_free(i->speak);
    i->speak = mdns_speak_new(i->m->host, i->ip, send_to, i);
    for (size_t s = 0; s < i->m->services_count; s++) {
        mdns_speak_publish(i->speak, &i->m->services[s]);
    }
}

static void on_socket_closed(uv_handle_t *h)
{
    struct iface *i = h->data;
    struct mdns *m = i->m;
    mdns_seen_free(i->seen, false);
    mdns_speak_free(i->speak);
    free(i);
    mdns_let_go(m);
}

void mdns_iface_close(struct iface *i)
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
    mdns_iface_close(i);
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
    int rc = uv_udp_open(&i->socket, fd);
    assert(rc == 0); /* a socket just made */
    (void)rc;
    i->seen = mdns_seen_new(&m->host_name, randombytes_random(), &events);
    for (size_t t = 0; t < m->types_count; t++) {
        mdns_seen_browse(i->seen, m->types[t], (int64_t)uv_now(m->loop));
    }
    mdns_iface_speak_anew(i);
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

void mdns_scan(struct mdns *m)
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
