/* One HTTP request to a host and its answer.
 *
 * Happy path: client_call() connects (5 s), sends, and gives the JSON document of a 2xx answer.
 * Failures: nobody answers (status 0), an error document of the host, an answer that is not of a
 * print host, ctrl-C. Redirects and proxies are not followed: a key goes to the host it is meant
 * for.
 */
#ifndef PP_PPCTL_CLIENT_H
#define PP_PPCTL_CLIENT_H

#include "host/base/err.h"
#include "tools/ppctl/hosts.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct request {
    const char *method; /* "GET", "POST", "PUT", "DELETE" */
    const char *path;   /* below the host's address: "/api/v1/status" */
    json_t *body;       /* borrowed; NULL = none */
    FILE *upload;       /* raw body instead, upload_bytes from its present position; borrowed */
    int64_t upload_bytes;
    FILE *download; /* takes the body of a 2xx answer as it is; borrowed; NULL = it is JSON */
    /* called about ten times a second during an upload; may be NULL */
    void (*progress)(void *context, int64_t done_bytes);
    void *context;
    long timeout_ms; /* for the whole of it; 0 = 15 s, uploads: while bytes flow */
};

struct answer {
    long status;         /* HTTP status; 0 = no host answered */
    bool interrupted;    /* ctrl-C */
    json_t *doc;         /* owned; the error document too; NULL = none */
    int64_t bytes;       /* downloaded */
    char file_name[256]; /* which the host gives to that; "" = none. Foreign */
    struct err error;    /* code 0 = a 2xx answer */
};

/* Does it; 0 or -PP_E as in a->error. Free with answer_fini() either way. */
int client_call(const struct host *h, const struct request *r, struct answer *a);
void answer_fini(struct answer *a);

/* "/api/v1/files/" and a name escaped for a path; free() it. */
char *client_path(const char *folder, const char *name);

/* What every transfer has: address, time limits, no redirects, no proxies, ctrl-C. */
void client_setup(CURL *curl, const struct host *h, const char *path, char *error_text);

/* One line for a transfer that failed. */
void client_fault(const struct host *h, CURLcode code, const char *error_text, struct err *e);

#endif
