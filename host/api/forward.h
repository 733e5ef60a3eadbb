/* A request for another host's API: the header "X-Host: NAME" sends it there through the network
 * queue both are in, and its answer comes back as it is.
 *
 * Failure modes: no such host, two of one name, a host that does not answer (504: it may have been
 * done), one that does not let this queue's hosts operate its printer (403), a body that is a file.
 */
#ifndef PP_API_FORWARD_H
#define PP_API_FORWARD_H

#include "host/api/request.h"

/* True if the request is for another host than this; it is answered then, or will be. */
bool forward(struct request *r);

#endif
