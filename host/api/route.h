/* The routes: method and path to scope, kind of body and handler, as one const table. */
#ifndef PP_API_ROUTE_H
#define PP_API_ROUTE_H

#include "host/app/keys.h"

#include <stdbool.h>
#include <stddef.h>

struct request;

enum route_body {
    ROUTE_NONE,   /* ignored, at most 1 MiB */
    ROUTE_JSON,   /* an object of at most 1 MiB, parsed before the handler runs */
    ROUTE_FIELDS, /* form fields or an object, at most 1 MiB, parsed likewise (form.h) */
    ROUTE_RAW,  /* a file whose name is the rest of the path ('**'), or a package (.gjob) whose name
                   is the argument `name`; streamed to disk */
    ROUTE_FORM, /* multipart/form-data with a part `file`; streamed to disk */
};

struct route {
    const char *method;   /* GET serves HEAD too */
    const char *path;     /* '*' stands for one component, '**' at the end for all that follow */
    enum key_scope scope; /* KEY_NONE: everybody */
    enum route_body body;
    void (*handle)(struct request *r);
};

extern const struct route routes[];
extern const size_t routes_count;

#define ROUTE_STARS     2
#define ROUTE_STAR_SIZE 256 /* a longer component fits no '*' */

/* What the stars of a path stand for; "" where there is none. */
struct route_stars {
    char star[ROUTE_STARS][ROUTE_STAR_SIZE];
    const char *tail; /* of '**': points into the path */
};

/* The first route of the table that fits, NULL if there is none. `allow` gets the methods this path
 * does have ("GET, PUT"), "" for an unknown path. */
const struct route *route_find(const struct route *table, size_t count, const char *method,
    const char *path, struct route_stars *stars, char *allow, size_t allow_size);

/* True for methods that change nothing. */
bool route_method_is_safe(const char *method);

#endif
