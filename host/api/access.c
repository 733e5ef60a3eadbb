#include "host/api/access.h"

#include "host/base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

/* Splits the name from "name:port" or "[v6]:port"; false when it is malformed. */
static bool host_name(const char *host, char *out, size_t out_size)
{
    size_t len;
    const char *rest;
    if (*host == '[') {
        len = strcspn(++host, "]");
        rest = host + len + (host[len] == ']');
        if (host[len] != ']') {
            return false;
        }
    } else {
        len = strcspn(host, ":");
        rest = host + len;
    }
    int64_t port;
    if (*rest != '\0' && (*rest != ':' || !str_to_int(rest + 1, 0, 65535, &port))) {
        return false;
    }
    return len > 0 && str_copy(out, out_size, host, len);
}

static bool is_address(const char *name)
{
    struct in6_addr any;
    return inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1;
}

static bool is_called(const char *name, const char *ours)
{
    size_t len = strlen(ours);
    if (len == 0 || strncasecmp(name, ours, len) != 0) {
        return false;
    }
    return name[len] == '\0' || strcasecmp(name + len, ".local") == 0;
}

bool access_host_ok(const char *host, const char *const *names)
{
    char name[256];
    if (!host_name(host, name, sizeof name)) {
        return false;
    }
    if (is_address(name) || strcasecmp(name, "localhost") == 0) {
        return true;
    }
    for (; *names != NULL; names++) {
        if (is_called(name, *names)) {
            return true;
        }
    }
    return false;
}

bool access_origin_ok(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority != NULL && strcasecmp(authority + 3, host) == 0;
}

bool access_bearer(const char *authorization, char out[static ACCESS_KEY_MAX + 1])
{
    static const char scheme[] = "bearer ";
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    authorization += sizeof scheme - 1;
    authorization += strspn(authorization, " ");
    size_t len = strcspn(authorization, " ");
    return len > 0 && str_copy(out, ACCESS_KEY_MAX + 1, authorization, len);
}

bool access_cookie(const char *cookies, const char *name, char out[static ACCESS_KEY_MAX + 1])
{
    size_t name_len = strlen(name);
    for (const char *p = cookies; *p != '\0';) {
        p += strspn(p, "; ");
        size_t len = strcspn(p, ";");
        if (len > name_len && strncmp(p, name, name_len) == 0 && p[name_len] == '=') {
            return str_copy(out, ACCESS_KEY_MAX + 1, p + name_len + 1, len - name_len - 1);
        }
        p += len;
    }
    return false;
}

bool access_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
    }
    return false;
}

void access_address(const struct sockaddr *address, char *out, size_t out_size)
{
    const void *bytes = NULL;
    if (address->sa_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    } else if (address->sa_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    }
    if (bytes == NULL || inet_ntop(address->sa_family, bytes, out, (socklen_t)out_size) == NULL) {
        str_copy(out, out_size, "?", 1);
    }
}
