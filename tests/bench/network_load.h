/* Commands that network_bench gives a queue, so many outstanding at a time, and how long each took
 * until it was applied on this host; and what the disk alone takes. */
#ifndef PP_TESTS_NETWORK_LOAD_H
#define PP_TESTS_NETWORK_LOAD_H

#include "net/net.h"

/* A command that was sent and not seen applied. */
struct sent {
    uint64_t id; /* 0 = no command */
    uint64_t begin_ns;
};

struct load {
    size_t concurrent, bytes, count;
    bool kept;
    size_t begun, done, refused;
    struct sent *sent; /* `concurrent` of them */
    uint64_t *took_ns; /* `count` of them; NULL = no load */
    uint64_t begin_ns;
    char why[200]; /* the last one was refused */
};

_Noreturn void load_fail(const char *text);

/* Concurrent, bytes of a command, count, kept. Ends the program when they are out of range. */
void load_begin(struct load *l, const size_t given[4]);
/* Gives further commands; says one line of JSON when all are done. Not from within a step of net.
 */
void load_go_on(struct load *l, struct net *net, const char *queue);
/* A command of this host is applied, or `refused`. Others' ids are fine. */
void load_done(struct load *l, uint64_t id, const struct err *refused);
/* `count` durable commits of one row by SQLite alone, in `folder`; one line of JSON. */
void load_bare(const char *folder, size_t bytes, size_t count);

#endif
