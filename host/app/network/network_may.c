#include "host/app/network/network_may.h"

#include "host/base/str.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool is_method(const char *method)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(method, methods[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "." and "..", also written as %2e: whoever reads the path next may walk up by them. */
static bool walks(const char *segment, size_t len)
{
    size_t dots = 0;
    while (len > 0) {
        bool coded = len >= 3 && strncasecmp(segment, "%2e", 3) == 0;
        if (!coded && *segment != '.') {
            return false;
        }
        segment += coded ? 3 : 1;
        len -= coded ? 3 : 1;
        dots++;
    }
    return dots == 1 || dots == 2;
}

static bool is_path(const char *path)
{
    size_t len = strlen(path);
    if (!str_starts(path, "/api/v1/") || len >= NETWORK_PATH_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (path[i] <= ' ' || path[i] > '~' || path[i] == '\\' || path[i] == '#') {
            return false;
        }
    }
    size_t end = strcspn(path, "?");
    for (size_t at = 0; at < end;) {
        size_t n = strcspn(path + at + 1, "/?");
        if (walks(path + at + 1, n)) {
            return false;
        }
        at += n + 1;
    }
    return true;
}

/* Is `path` this route, or, for one that ends in "/", something below it? */
static bool is_one_of(const char *path, const char *const *routes)
{
    size_t end = strcspn(path, "?");
    for (size_t i = 0; routes[i] != NULL; i++) {
        size_t len = strlen(routes[i]);
        bool below = routes[i][len - 1] == '/';
        if (strncmp(path, routes[i], len) == 0 && (below ? end > len : end == len)) {
            return true;
        }
    }
    return false;
}

/* What lies in files, in the log or on the wire is nobody's to look at who may not operate. */
static bool only_looks(const char *method, const char *path)
{
    static const char *const routes[] = {"/api/v1/status", "/api/v1/manage", "/api/v1/peers",
        "/api/v1/queues", "/api/v1/queues/", "/api/v1/jobs", "/api/v1/runs", "/api/v1/stats",
        "/api/v1/profiles", "/api/v1/spools", NULL};
    return strcmp(method, "GET") == 0 && is_one_of(path, routes);
}

/* Nobody tries keys here, or takes a session, by way of our own key. */
static bool is_own_affair(const char *path)
{
    static const char *const routes[] = {"/api/v1/login", "/api/v1/login-link", "/api/v1/logout",
        "/api/v1/keys", "/api/v1/keys/", "/api/v1/restart", "/api/v1/feed", NULL};
    return is_one_of(path, routes);
}

int network_may_ask(
    const struct network_asker *a, const char *method, const char *path, struct err *e)
{
    bool operates = strcmp(a->control, "yes") == 0 || (a->control[0] == '\0' && a->locked);
    bool stops = strcmp(method, "POST") == 0 && strcmp(path, NETWORK_ESTOP) == 0;
    if (!is_method(method) || !is_path(path)) {
        return err_set(e, PP_EINVAL, "that is no request of another host's program");
    }
    if (is_own_affair(path)) {
        return err_set(e, PP_EPERM, "that is not asked from another host");
    }
    if (operates || (stops && a->locked) ||
        ((a->locked || a->trusted) && only_looks(method, path))) {
        return 0;
    }
    return err_set(e, PP_EPERM,
        "this printer is not operated from other hosts of this queue (its setting \"control\")");
}
