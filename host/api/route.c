#include "host/api/route.h"

#include <stdio.h>
#include <string.h>

/* True if the path is the pattern's; *tail is what '*' stands for, "" without one. */
static bool matches(const char *pattern, const char *path, const char **tail)
{
    size_t len = strlen(pattern);
    *tail = "";
    if (pattern[len - 1] != '*') {
        return strcmp(pattern, path) == 0;
    }
    if (strncmp(pattern, path, len - 1) != 0 || path[len - 1] == '\0') {
        return false;
    }
    *tail = path + len - 1;
    return true;
}

static void add_method(char *allow, size_t allow_size, const char *method)
{
    size_t used = strlen(allow);
    snprintf(allow + used, allow_size - used, "%s%s", used > 0 ? ", " : "", method);
}

const struct route *route_find(const struct route *table, size_t count, const char *method,
    const char *path, const char **tail, char *allow, size_t allow_size)
{
    if (strcmp(method, "HEAD") == 0) {
        method = "GET";
    }
    allow[0] = '\0';
    for (const struct route *r = table; r < table + count; r++) {
        if (!matches(r->path, path, tail)) {
            continue;
        }
        if (strcmp(r->method, method) == 0) {
            return r;
        }
        add_method(allow, allow_size, r->method);
    }
    return NULL;
}

bool route_method_is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}
