/* Who may do what in a queue of many hosts, above all in one that anybody can join: asked of every
 * command of its log before it is applied, with the same answer on every host. Pure.
 *
 * Happy path: queue_trust_check() is 0 and queue_apply() follows.
 *
 * Failure modes: a refusal says what the limit is (PP_ELIMIT) or who may (PP_EPERM). In a queue
 * whose hosts all have its key nothing is refused here but a set without a profile; in one that has
 * no key, other content put into another host's job is refused too.
 */
#ifndef PP_CORE_QUEUE_TRUST_H
#define PP_CORE_QUEUE_TRUST_H

#include "host/core/queue.h"

#define QUEUE_TRUST_JOBS   100                   /* open ones of one host */
#define QUEUE_TRUST_CLAIMS 2                     /* of one host: one, and one ahead */
#define QUEUE_TRUST_BYTES  (INT64_C(2048) << 20) /* of files of one host still to be printed */

struct queue_trust {
    bool open_wan; /* anybody may take part */
};

/* Claims are known by the printer's name, which ends with "@" and the id of its host
 * (`c->origin`). A job carried over (QUEUE_F_STATE) keeps of its claims only those of whoever sends
 * it, unless that host is trusted: queue_trust_trim(). */
int queue_trust_check(const struct queue *q, const struct queue_trust *t,
    const struct queue_command *c, struct err *e);
void queue_trust_trim(const struct queue_trust *t, struct queue_command *c);

#endif
