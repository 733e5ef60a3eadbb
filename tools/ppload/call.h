/* One request to a host, timed. A caller belongs to one thread and keeps its connection. */
#ifndef PP_PPLOAD_CALL_H
#define PP_PPLOAD_CALL_H

#include "host/base/str.h"
#include "tools/ppload/hosts.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdint.h>

struct caller {
    CURL *curl;
    struct curl_slist *json_headers, *file_headers;
    const struct host *host; /* borrowed */
    struct strbuf body;      /* of the answer */
};

struct answer {
    int status;       /* of HTTP; 0 = none came */
    uint64_t took_ns; /* from the call to the last byte of the answer */
    json_t *doc;      /* owned; NULL = none */
    char kind[48];  /* of what went wrong: the host's code, "timeout", "no answer"; "" = nothing */
    char text[160]; /* for people */
};

void caller_open(struct caller *c, const struct host *host);
void caller_close(struct caller *c);

/* `path` below /api/v1/. `body`: JSON, borrowed, or NULL. Free the answer with answer_fini(). */
void caller_ask(
    struct caller *c, const char *method, const char *path, const json_t *body, struct answer *a);
/* PUT of a file's bytes. */
void caller_put(
    struct caller *c, const char *path, const char *bytes, size_t len, struct answer *a);
void answer_fini(struct answer *a);

#endif
