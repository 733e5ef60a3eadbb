/* A queue's registry, from wherever it is: fetched at start and every hour, checked, and kept.
 *
 * Happy path: registry_load_open(); GETs go out through `get` and come back with
 * registry_load_got(), names are asked of DNS, files and YAML are read in libuv's pool; `loaded`
 * tells the registry each time it was read, or what is wrong. The last one that was right is kept
 * in folder/registry-NAME.yaml (its first line says where it is from) and stands in when the source
 * is away at start.
 *
 * Failure modes: no source and nothing kept, mistakes in the registry: `loaded` gets the problem;
 * what was loaded before goes on to count. It is tried again after a minute, then after twice as
 * long each time, up to the period.
 */
#ifndef PP_NET_REGISTRY_LOAD_H
#define PP_NET_REGISTRY_LOAD_H

#include "net/registry.h"

#include <uv.h>

struct registry_load;

struct registry_loaded {
    const struct registry *registry; /* borrowed until the call returns; NULL = a problem only */
    const char *cid;                 /* "" when it came by path or https */
    bool kept;                       /* the copy of an earlier time, for the source is away */
    const struct err *problem;       /* NULL = none; also set when `kept` */
};
typedef void (*registry_loaded_cb)(void *context, const struct registry_loaded *loaded);

struct registry_load_options {
    const char *where;           /* net/locate.h */
    const char *name;            /* of the queue: for the kept copy's name */
    const char *folder;          /* of the kept copies */
    const char *const *gateways; /* NULL-terminated; NULL = well-known ones */
    const char *nameserver;      /* "IP:PORT"; NULL = the system's */
    uint64_t period_ms;          /* 0 = an hour */
    uint64_t retry_ms;           /* 0 = a minute */
    uint64_t first_id;           /* of GETs: this one and the 2^32 after it are ours */
    /* As net_get of net/net.h: registry_load_got() later, once. */
    void (*get)(void *context, uint64_t id, const char *url, const char *accept, size_t limit);
    void *get_context;
    registry_loaded_cb loaded;
    void *context;
};

/* PP_EINVAL when `where` is no place; what else is wrong is told by `loaded`, never before it
 * returns. */
int registry_load_open(struct registry_load **out, uv_loop_t *loop,
    const struct registry_load_options *o, struct err *e);
/* `loaded` does not run any more; `closed` runs once everything is let go. */
void registry_load_close(struct registry_load *l, void (*closed)(void *context), void *context);
/* False when the id is not one that this one waits for. */
bool registry_load_got(
    struct registry_load *l, uint64_t id, const void *bytes, size_t len, const struct err *e);
/* At once, unless it is under way. */
void registry_load_again(struct registry_load *l);

#endif
