#include "host/api/listen.h"

#include "host/api/access.h"
#include "host/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "[::1]:8125" -> "::1", 8125 */
static int split(const char *address, char *host, size_t host_size, int *port, struct err *e)
{
    const char *colon = strrchr(address, ':');
    int64_t number;
    size_t len = colon != NULL ? (size_t)(colon - address) : 0;
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    } else if (len > 0 && memchr(address, ':', len) != NULL) {
        return err_field(e, PP_EINVAL, "listen",
            "listen \"%s\": an IPv6 address stands in brackets, like [::1]:8125", address);
    }
    if (len == 0 || !str_to_int(colon + 1, 0, 65535, &number) ||
        !str_copy(host, host_size, address, len)) {
        return err_field(e, PP_EINVAL, "listen",
            "listen \"%s\": must be ADDRESS:PORT, like 127.0.0.1:8125 or 0.0.0.0:8125", address);
    }
    *port = (int)number;
    return 0;
}

static void set_port(struct sockaddr_storage *address, int port)
{
    if (address->ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((uint16_t)port);
    } else {
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((uint16_t)port);
    }
}

static int get_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {0}};
    socklen_t len = sizeof address;
    if (getsockname(fd, &address.any, &len) != 0) {
        return 0;
    }
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* A listening socket, or -errno. */
static int try_port(const struct sockaddr_storage *address, socklen_t len)
{
    int on = 1;
    int off = 0;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ss_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, (const struct sockaddr *)address, len) != 0 || listen(fd, 128) != 0) {
        int saved = errno;
        close(fd);
        return -saved;
    }
    return fd;
}

static int resolve(const char *host, struct sockaddr_storage *out, socklen_t *len, struct err *e)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc != 0) {
        return err_field(
            e, PP_EINVAL, "listen", "listen address \"%s\": %s", host, gai_strerror(rc));
    }
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static void describe(struct listen_socket *s, const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN];
    access_address((const struct sockaddr *)address, text, sizeof text);
    if (strcmp(text, "0.0.0.0") == 0) {
        str_copy(text, sizeof text, "127.0.0.1", 9);
    } else if (strcmp(text, "::") == 0) {
        str_copy(text, sizeof text, "::1", 3);
    }
    s->port = get_port(s->fd);
    s->loopback = access_is_loopback((const struct sockaddr *)address);
    bool v6 = address->ss_family == AF_INET6;
    snprintf(
        s->url, sizeof s->url, "http://%s%s%s:%d", v6 ? "[" : "", text, v6 ? "]" : "", s->port);
}

int listen_open(struct listen_socket *out, const char *address, bool next_free, struct err *e)
{
    struct sockaddr_storage where = {0};
    socklen_t len = 0;
    int port = 0;
    int rc = split(address, out->host, sizeof out->host, &port, e);
    if (rc == 0) {
        rc = resolve(out->host, &where, &len, e);
    }
    if (rc != 0) {
        return rc;
    }
    int tries = next_free && port > 0 ? LISTEN_TRIES : 1;
    for (int i = 0; i < tries && port + i <= 65535; i++) {
        set_port(&where, port + i);
        out->fd = try_port(&where, len);
        if (out->fd != -EADDRINUSE) {
            break;
        }
    }
    if (out->fd < 0) {
        err_errno(e, -out->fd, "%s", address);
        return err_wrap(e, "cannot listen");
    }
    describe(out, &where);
    return 0;
}
