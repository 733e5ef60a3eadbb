/* A log that several hosts share, in memory: for tests of what stands above net/.
 *
 * Each host has its outbox and sees the log as far as it is told to. Nothing happens by itself: a
 * test says when a word is on a host's disk, when the leader takes one in, and how far each host
 * has got; so delays, losses, repetitions, partitions and restarts are a matter of what it says and
 * in which order.
 */
#ifndef PP_TESTS_FAKE_NET_H
#define PP_TESTS_FAKE_NET_H

#include "host/app/queue/jobs.h"

#define FAKE_HOSTS 4

struct fake_word { /* a command of a host, not seen applied there yet */
    struct fake_word *next;
    uint64_t id;
    bool keep;
    bool told; /* machine.kept */
    char *bytes;
    size_t len;
};

struct fake_row {
    char *key;
    char *doc;
    size_t len;
};

struct fake_host {
    struct fake_net *net;
    struct jobs *jobs; /* NULL = it is off */
    struct peer peer;
    char text[PEER_TEXT_SIZE];
    char printer[80];
    bool trusted;
    struct net_machine machine;
    struct fake_word *words;
    uint64_t next_id;
    size_t applied;        /* entries of the log */
    struct fake_row *rows; /* what its disk has */
    size_t rows_count;
    struct err next; /* what the next submit fails with; code 0 = it is taken */
    bool may_begin;
    bool connected;
};

struct fake_entry {
    size_t host;
    uint64_t id;
    bool trusted;
    int64_t utc_ms;
    char *bytes;
    size_t len;
};

struct fake_net {
    const char *queue;
    struct fake_host host[FAKE_HOSTS];
    struct fake_entry *log;
    size_t log_count;
    int64_t utc_ms;
};

struct fake_net *fake_net_new(const char *queue);
void fake_net_free(struct fake_net *n);

/* Host `index` of the queue is this program: jobs_set_network() and jobs_joined(), then what its
 * disk has. Fails the test if it cannot. */
void fake_net_join(struct fake_net *n, size_t index, struct jobs *jobs, const char *name);
/* It is off. What was not kept is lost. */
void fake_net_leave(struct fake_net *n, size_t index);

/* Its words are on its disk. */
void fake_net_keep(struct fake_net *n, size_t index);
/* The leader takes in its words that are not in the log yet, oldest first, at most `count`. */
size_t fake_net_commit(struct fake_net *n, size_t index, size_t count);
/* A host that is nowhere else in the test says this: it is in the log at once. */
void fake_net_say(struct fake_net *n, size_t index, const struct queue_command *c);
/* The same word comes into the log again: the oldest one not applied at home. */
void fake_net_repeat(struct fake_net *n, size_t index);
/* It is given up: refused with this. */
void fake_net_refuse(struct fake_net *n, size_t index, int code, const char *text);
/* It gets at most `count` entries of the log. */
size_t fake_net_deliver(struct fake_net *n, size_t index, size_t count);
/* All of that, for all that are on. */
void fake_net_settle(struct fake_net *n);

/* Another group's state is taken over: carry_over, then these rows. */
void fake_net_take_over(struct fake_net *n, size_t index, const struct fake_host *from);

/* A row of a host (`context`) is on its disk. */
void fake_net_put_row(void *context, const struct net_row *row);
/* Fails the test unless what it dumps is what its rows on the disk say. */
void fake_net_check_rows(struct fake_net *n, size_t index);
/* What it dumps, in one text; free() it. */
char *fake_net_dump(struct fake_net *n, size_t index);

#endif
