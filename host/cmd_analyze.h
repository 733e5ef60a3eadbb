/* What `pphost analyze` says about one file, for people and as JSON. */
#ifndef PP_CMD_ANALYZE_H
#define PP_CMD_ANALYZE_H

#include "host/app/profile.h"
#include "host/core/analyze.h"
#include "host/core/preflight.h"

#include <jansson.h>

struct examined {
    const char *path;
    struct analysis analysis;
    const struct profile *profile; /* NULL: no printer to check against */
    bool by_model;                 /* the profile was found by the model named in the file */
    struct preflight preflight;
};

void examined_print(const struct examined *x);
json_t *examined_json(const struct examined *x);

#endif
