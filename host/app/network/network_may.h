/* What other hosts may ask of this one: a pure check of their requests, made before anything is
 * done for them. The route then checks the request like any other.
 *
 * Happy path: network_may_ask() is 0 and the request becomes one of our own API.
 *
 * Failure modes: PP_EINVAL for what is no request of another host's program (a method or a path
 * that none of ours sends), PP_EPERM for what the queue's setting `control` keeps from its members.
 */
#ifndef PP_APP_NETWORK_NETWORK_MAY_H
#define PP_APP_NETWORK_NETWORK_MAY_H

#include "host/base/err.h"

#include <stdbool.h>

#define NETWORK_PATH_MAX 400 /* of a request, its query included */
#define NETWORK_ESTOP    "/api/v1/estop"

/* Who asks, by the queue he is in. */
struct network_asker {
    const char *control; /* of the queue: "", "yes" or "no" */
    bool locked;         /* it has a key, so he has it */
    bool trusted;        /* the queue's registry names him */
};

/* Looking at jobs, hosts and the printer's state is free to who is trusted or has the key; an
 * emergency stop is taken from whoever has the key, always; the rest is as `control` says. */
int network_may_ask(
    const struct network_asker *a, const char *method, const char *path, struct err *e);

#endif
