/* Where a host may be: texts into addresses. */
#include "net/address.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX      65535
#define MULTIADDR_MAX 512

/* Foreign text for an error: escaped and short. */
struct quoted {
    char text[80];
};

static const char *quote(struct quoted *q, const char *text, size_t len)
{
    return str_escape(q->text, sizeof q->text, text, len);
}

/* The port of `whole`, from `min` on; errors name both. */
static int port_parse(
    const char *whole, const char *text, size_t len, int min, int *out, struct err *e)
{
    char digits[8];
    int64_t value = -1;
    struct quoted w, p;
    quote(&w, whole, strlen(whole));
    if (len == 0) {
        return err_set(e, PP_EINVAL, "address \"%s\": the port is missing", w.text);
    }
    quote(&p, text, len);
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return err_set(e, PP_EINVAL,
                "address \"%s\": port \"%s\" is not a number from %d to %d", w.text, p.text, min,
                PORT_MAX);
        }
    }
    if (!str_copy(digits, sizeof digits, text, len) || !str_to_int(digits, min, PORT_MAX, &value)) {
        return err_set(e, PP_EINVAL, "address \"%s\": port %s is not from %d to %d", w.text, p.text,
            min, PORT_MAX);
    }
    *out = (int)value;
    return 0;
}

static int ip_family(const char *ip)
{
    struct in6_addr bytes;
    if (inet_pton(AF_INET, ip, &bytes) == 1) {
        return AF_INET;
    }
    return inet_pton(AF_INET6, ip, &bytes) == 1 ? AF_INET6 : AF_UNSPEC;
}

/* Splits "HOST", "HOST:PORT", "[IPV6]:PORT" and a bare IPv6 address. *port: what follows the ':',
 * NULL when there is none. False for a bracket without its other. */
static bool split(const char *text, const char **host, size_t *host_len, const char **port)
{
    const char *end;
    *port = NULL;
    *host = text;
    if (text[0] == '[') {
        end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
        *host = text + 1;
        *host_len = (size_t)(end - *host);
        *port = end[1] == ':' ? end + 2 : NULL;
        return true;
    }
    end = strchr(text, ':');
    if (end != NULL && strchr(end + 1, ':') == NULL) {
        *port = end + 1;
    } else {
        end = text + strlen(text); /* none, or several: an IPv6 address alone */
    }
    *host_len = (size_t)(end - text);
    return true;
}

/* ---- where to listen ----------------------------------------------------------------------------
 */

static int not_an_address(const char *text, struct err *e)
{
    struct quoted q;
    return err_set(e, PP_EINVAL,
        "address \"%s\": must be auto, localhost, 0.0.0.0 or IP:PORT, like 192.168.1.43:6789",
        quote(&q, text, strlen(text)));
}

int listen_address_parse(const char *text, struct listen_address *out, struct err *e)
{
    const char *host;
    const char *port;
    size_t len;
    *out = (struct listen_address){.port = 0};
    if (strcmp(text, "auto") == 0) {
        out->automatic = true;
        return 0;
    }
    if (!split(text, &host, &len, &port) || !str_copy(out->ip, sizeof out->ip, host, len)) {
        return not_an_address(text, e);
    }
    if (strcmp(out->ip, "localhost") == 0) {
        str_copy(out->ip, sizeof out->ip, "127.0.0.1", 9);
    }
    if (ip_family(out->ip) == AF_UNSPEC) {
        return not_an_address(text, e);
    }
    out->local_only = str_starts(out->ip, "127.") || strcmp(out->ip, "::1") == 0;
    return port == NULL ? 0 : port_parse(text, port, strlen(port), 0, &out->port, e);
}

/* ---- where somebody else may be -----------------------------------------------------------------
 */

static int host_set(
    struct remote_address *out, const char *whole, const char *host, size_t len, struct err *e)
{
    struct quoted q, w;
    bool ok = len > 0 && str_copy(out->host, sizeof out->host, host, len);
    for (size_t i = 0; ok && i < len; i++) {
        ok = host[i] > ' ' && host[i] < 0x7f && host[i] != '/' && host[i] != '[' && host[i] != ']';
    }
    if (!ok) {
        return err_set(e, PP_EINVAL, "address \"%s\": \"%s\" is not the name or address of a host",
            quote(&w, whole, strlen(whole)), quote(&q, host, len));
    }
    return 0;
}

static int plain_parse(const char *text, struct remote_address *out, struct err *e)
{
    const char *host;
    const char *port;
    size_t len;
    struct quoted q;
    if (!split(text, &host, &len, &port) || port == NULL) {
        return err_set(e, PP_EINVAL,
            "address \"%s\": must be HOST:PORT, [IPV6]:PORT or like /ip4/192.168.1.5/tcp/6789",
            quote(&q, text, strlen(text)));
    }
    int rc = host_set(out, text, host, len, e);
    if (rc == 0) {
        out->family = ip_family(out->host);
        rc = port_parse(text, port, strlen(port), 1, &out->port, e);
    }
    return rc;
}

static const struct protocol {
    const char *name;
    int family;
    bool numeric;
} hosts[] = {
    {"ip4", AF_INET, true},
    {"ip6", AF_INET6, true},
    {"dns4", AF_INET, false},
    {"dns6", AF_INET6, false},
    {"dns", AF_UNSPEC, false},
};

/* A part of a multiaddr, up to the next '/'; *rest goes behind it. */
static size_t part(const char **rest, const char **begin)
{
    *begin = *rest;
    size_t len = strcspn(*rest, "/");
    *rest += len + ((*rest)[len] == '/');
    return len;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static int multiaddr_host(
    const char *text, const char **rest, struct remote_address *out, struct err *e)
{
    const char *name;
    const char *value;
    struct quoted q, p;
    size_t len = part(rest, &name);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (is_word(name, len, hosts[i].name)) {
            size_t value_len = part(rest, &value);
            int rc = host_set(out, text, value, value_len, e);
            out->family = hosts[i].family;
            if (rc == 0 && hosts[i].numeric && ip_family(out->host) != out->family) {
                rc = err_set(e, PP_EINVAL, "address \"%s\": \"%s\" is not an address of %s",
                    quote(&q, text, strlen(text)), quote(&p, value, value_len), hosts[i].name);
            }
            return rc;
        }
    }
    return err_set(e, PP_EINVAL,
        "address \"%s\": must begin with /ip4/, /ip6/, /dns4/, /dns6/ or /dns/, not /%s/",
        quote(&q, text, strlen(text)), quote(&p, name, len));
}

static int multiaddr_port(
    const char *text, const char **rest, struct remote_address *out, struct err *e)
{
    const char *name;
    const char *value;
    struct quoted q, p;
    size_t len = part(rest, &name);
    if (!is_word(name, len, "tcp")) {
        return err_set(e, PP_EINVAL, "address \"%s\": the host must be followed by /tcp/PORT%s%s",
            quote(&q, text, strlen(text)), len > 0 ? ", not /" : "", quote(&p, name, len));
    }
    len = part(rest, &value);
    return port_parse(text, value, len, 1, &out->port, e);
}

/* Nothing, or /p2p/ID; /ipfs/ID is how older ones say it. */
static int multiaddr_peer(
    const char *text, const char **rest, struct remote_address *out, struct err *e)
{
    const char *name;
    const char *value;
    char id[128];
    struct quoted q, p;
    size_t len = part(rest, &name);
    if (len == 0 && **rest == '\0') {
        return 0;
    }
    if (!is_word(name, len, "p2p") && !is_word(name, len, "ipfs")) {
        return err_set(e, PP_EINVAL,
            "address \"%s\": after the port only /p2p/PEER-ID may follow, not /%s",
            quote(&q, text, strlen(text)), quote(&p, name, len));
    }
    len = part(rest, &value);
    if (**rest != '\0' || !str_copy(id, sizeof id, value, len)) {
        return err_set(e, PP_EINVAL, "address \"%s\": must end with the peer id after /p2p/",
            quote(&q, text, strlen(text)));
    }
    out->has_peer = true;
    int rc = peer_parse(id, &out->peer, e);
    return rc == 0 ? 0 : err_wrap(e, "address \"%s\"", quote(&q, text, strlen(text)));
}

int remote_address_parse(const char *text, struct remote_address *out, struct err *e)
{
    *out = (struct remote_address){.family = AF_UNSPEC};
    struct quoted q;
    if (strlen(text) > MULTIADDR_MAX) {
        return err_set(e, PP_EINVAL, "address \"%s…\": longer than %d bytes", quote(&q, text, 60),
            MULTIADDR_MAX);
    }
    if (text[0] != '/') {
        return plain_parse(text, out, e);
    }
    const char *rest = text + 1;
    int rc = multiaddr_host(text, &rest, out, e);
    if (rc == 0) {
        rc = multiaddr_port(text, &rest, out, e);
    }
    return rc == 0 ? multiaddr_peer(text, &rest, out, e) : rc;
}

/* ---- names into numbers -------------------------------------------------------------------------
 */

struct lookup {
    uv_getaddrinfo_t request;
    uv_timer_t later;
    address_cb done;
    void *context;
    char host[254];
    int port;
};

/* "ip:port" of one answer; false for what cannot be dialled (link-local IPv6 wants an interface).
 */
static bool format(const struct addrinfo *a, int port, char out[ADDRESS_TEXT])
{
    char ip[46];
    if (a->ai_family == AF_INET) {
        uv_ip4_name((const struct sockaddr_in *)(const void *)a->ai_addr, ip, sizeof ip);
        snprintf(out, ADDRESS_TEXT, "%s:%d", ip, port);
        return true;
    }
    const struct sockaddr_in6 *six = (const void *)a->ai_addr;
    if (a->ai_family != AF_INET6 || IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) {
        return false;
    }
    uv_ip6_name(six, ip, sizeof ip);
    snprintf(out, ADDRESS_TEXT, "[%s]:%d", ip, port);
    return true;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *l = request->data;
    char texts[ADDRESSES_MAX][ADDRESS_TEXT];
    const char *addresses[ADDRESSES_MAX];
    size_t n = 0;
    struct err e = {0};
    for (const struct addrinfo *a = found; a != NULL && n < ADDRESSES_MAX; a = a->ai_next) {
        if (format(a, l->port, texts[n])) {
            addresses[n] = texts[n];
            n++;
        }
    }
    if (n == 0) {
        err_set(&e, status == UV_ECANCELED ? PP_ECANCELED : PP_ENOTFOUND, "host \"%s\": %s",
            l->host, status == 0 ? "has no address" : uv_strerror(status));
    }
    uv_freeaddrinfo(found);
    l->done(l->context, n == 0 ? &e : NULL, addresses, n);
    free(l);
}

static void on_later_closed(uv_handle_t *h)
{
    free(h->data);
}

static void on_later(uv_timer_t *t)
{
    struct lookup *l = t->data;
    struct err e = {0};
    err_set(&e, PP_ENOTFOUND, "host \"%s\": not a name that can be looked up", l->host);
    l->done(l->context, &e, NULL, 0);
    uv_close((uv_handle_t *)t, on_later_closed);
}

void address_resolve(
    uv_loop_t *loop, const struct remote_address *a, address_cb done, void *context)
{
    struct addrinfo hints = {
        .ai_family = a->family, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    struct lookup *l = mem_alloc(sizeof *l);
    l->done = done;
    l->context = context;
    l->port = a->port;
    l->request.data = l->later.data = l;
    str_copy(l->host, sizeof l->host, a->host, strlen(a->host));
    if (uv_getaddrinfo(loop, &l->request, on_resolved, l->host, NULL, &hints) != 0) {
        uv_timer_init(loop, &l->later); /* refused at once; the answer still comes later */
        uv_timer_start(&l->later, on_later, 0, 0);
    }
}

/* ---- our own ------------------------------------------------------------------------------------
 */

bool address_is_bridge(const char *interface, const char *ip, const char *netmask)
{
    struct in_addr a;
    return str_starts(interface, "eth") && strcmp(netmask, "255.255.0.0") == 0 &&
           inet_pton(AF_INET, ip, &a) == 1 && ntohl(a.s_addr) >= 0xac110000 &&
           ntohl(a.s_addr) <= 0xac1fffff;
}

static bool usable(const uv_interface_address_t *i, int family)
{
    return !i->is_internal && i->address.address4.sin_family == family &&
           (family == AF_INET || !IN6_IS_ADDR_LINKLOCAL(&i->address.address6.sin6_addr));
}

/* IPv4 first: that is what people read out to each other. */
size_t address_own(char (*out)[46], size_t max, bool *container)
{
    static const int families[] = {AF_INET, AF_INET6};
    uv_interface_address_t *all;
    int count;
    size_t n = 0;
    bool bridges = true;
    if (uv_interface_addresses(&all, &count) != 0) {
        *container = false;
        return 0;
    }
    for (size_t f = 0; f < 2; f++) {
        for (int i = 0; i < count && n < max; i++) {
            if (!usable(&all[i], families[f])) {
                continue;
            }
            if (families[f] == AF_INET) {
                char mask[46];
                uv_ip4_name(&all[i].address.address4, out[n], 46);
                uv_ip4_name(&all[i].netmask.netmask4, mask, sizeof mask);
                bridges = bridges && address_is_bridge(all[i].name, out[n], mask);
            } else {
                uv_ip6_name(&all[i].address.address6, out[n], 46);
                bridges = false;
            }
            n++;
        }
    }
    uv_free_interface_addresses(all, count);
    *container = n > 0 && bridges;
    return n;
}
