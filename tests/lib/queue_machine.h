/* The real queue (host/core/queue.h) as the machine of a group: commands as JSON, rows, a digest.
 *
 * Rows: "job/ID" and "answer/CLIENT" as the queue has them, and "print/RUN" for every successful
 * print whose end has been told: counted, or a surplus (nobody waited for it any more). What a
 * print comes to is thus in the state itself, for whoever judges it.
 *
 * Bytes that are no command change nothing.
 */
#ifndef PP_TESTS_QUEUE_MACHINE_H
#define PP_TESTS_QUEUE_MACHINE_H

#include "host/base/str.h"
#include "host/core/queue.h"
#include "net/machine.h"

struct queue_machine;

/* What happens to it; any may be NULL. None may call back into the group. */
struct queue_machine_events {
    void (*applied)(void *context, const struct net_entry *entry, const struct queue_command *c,
        const struct queue_result *result);
    void (*pending)(void *context, uint64_t id, const struct queue_command *c);
    void (*kept)(void *context, uint64_t id);
    void (*refused)(void *context, uint64_t id, const struct err *e);
    void (*loaded)(void *context);
    void (*carrying)(void *context); /* its state is about to be replaced by another group's */
    void (*changed)(void *context);
    void *context;
};

enum queue_machine_plant {
    QUEUE_MACHINE_BUG_CLAIM = 1 << 0 /* a job may be claimed although it is */
};

/* A print whose end was told. */
struct queue_machine_print {
    char job[ID_SIZE];
    char set[ID_SIZE];
    bool counted;
};

struct queue_machine *queue_machine_new(const struct queue_machine_events *events, unsigned plant);
void queue_machine_free(struct queue_machine *m);
struct net_machine queue_machine_of(struct queue_machine *m);

const struct queue *queue_machine_queue(const struct queue_machine *m);
/* Equal for equal rows, whatever led to them. */
uint64_t queue_machine_digest(const struct queue_machine *m);
/* False when no end of this run was told. */
bool queue_machine_print(
    const struct queue_machine *m, const char *run, struct queue_machine_print *out);
/* The text of every row, for a person who compares two. */
void queue_machine_show(const struct queue_machine *m, struct strbuf *out);

/* The bytes of a command. */
void queue_machine_encode(struct strbuf *out, const struct queue_command *c);

#endif
