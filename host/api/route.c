#include "host/api/route.h"

#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

/* Takes one component of the path for a '*'; false if it is empty or too long. */
static bool take_star(const char **path, char star[static ROUTE_STAR_SIZE])
{
    size_t len = strcspn(*path, "/");
    if (len == 0 || len >= ROUTE_STAR_SIZE) {
        return false;
    }
    str_copy(star, ROUTE_STAR_SIZE, *path, len);
    *path += len;
    return true;
}

/* True if the path is the pattern's. */
static bool matches(const char *pattern, const char *path, struct route_stars *stars)
{
    size_t star = 0;
    *stars = (struct route_stars){.tail = ""};
    for (; *pattern != '\0'; pattern++) {
        if (strcmp(pattern, "**") == 0) {
            stars->tail = path;
            return *path != '\0';
        }
        if (*pattern == '*') {
            if (star >= ROUTE_STARS || !take_star(&path, stars->star[star++])) {
                return false;
            }
        } else if (*path++ != *pattern) {
            return false;
        }
    }
    return *path == '\0';
}

static void add_method(char *allow, size_t allow_size, const char *method)
{
    size_t used = strlen(allow);
    snprintf(allow + used, allow_size - used, "%s%s", used > 0 ? ", " : "", method);
}

const struct route *route_find(const struct route *table, size_t count, const char *method,
    const char *path, struct route_stars *stars, char *allow, size_t allow_size)
{
    if (strcmp(method, "HEAD") == 0) {
        method = "GET";
    }
    allow[0] = '\0';
    for (const struct route *r = table; r < table + count; r++) {
        if (!matches(r->path, path, stars)) {
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
