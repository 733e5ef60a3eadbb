/* The gate: may this request go on? Host, Origin, key, scope, route, size; before any body is read.
 */
#ifndef PP_API_GATE_H
#define PP_API_GATE_H

#include "host/api/request.h"

/* Fills in route, tail, address, scope and key_name; 0 or why not. */
int gate_check(struct request *r, struct err *e);

/* The cookie's name on this server. Browsers send a cookie to every port of a machine, so that the
 * hosts of two printers need two names. */
void gate_cookie_name(const struct http *h, char *out, size_t out_size);

#endif
