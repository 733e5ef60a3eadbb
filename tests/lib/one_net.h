/* A host of net/ with one LAN queue on loopback, whose program does next to nothing: for tests of
 * what other hosts may send it. */
#ifndef PP_TESTS_ONE_NET_H
#define PP_TESTS_ONE_NET_H

#include "net/net.h"
#include "tests/unit/tempdir.h"

#define ONE_NET_ASKS 300

struct one_net {
    uv_loop_t *loop;
    char dir[TEMPDIR_SIZE];
    struct net *net;
    bool answers; /* requests, at once, with what was asked */
    size_t asked;
    uint64_t ask[ONE_NET_ASKS];
    struct peer asker;
    bool trusted; /* the last of them was said to be */
    size_t told;  /* times that peers were news */
    bool closed;
};

/* Its queue "open" has this key, "" = none. `bootstrap`: "127.0.0.1:PORT" or NULL. */
void one_net_open(
    struct one_net *o, uv_loop_t *loop, const char *name, const char *key, const char *bootstrap);
void one_net_close(struct one_net *o); /* the loop runs until it is */
struct net_queue_status one_net_status(const struct one_net *o);

#endif
