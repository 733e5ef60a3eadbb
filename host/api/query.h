/* Arguments of the query ("?limit=50"). */
#ifndef PP_API_QUERY_H
#define PP_API_QUERY_H

#include "host/api/request.h"

/* Leaves *value alone when the argument is absent; PP_EINVAL names it. */
int query_int(const struct request *r, const char *name, int64_t min, int64_t max, int64_t *value,
    struct err *e);

#endif
