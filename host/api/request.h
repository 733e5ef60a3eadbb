/* One HTTP request: its checks, its body, its answer.
 *
 * Happy path: the gate finds the route and the scope of the key shown, the body is read (or
 * streamed to disk), the route's handler runs and calls one of the reply functions. A handler that
 * has to wait calls request_wait() first and request_wake() after its reply; meanwhile the
 * connection is suspended. Failure modes: a refusal before the body is told at once when the client
 * waits for "100 Continue" or the body is large, else after the body was read and dropped, so that
 * the answer is not lost in a reset connection. When the server closes, waiting requests are
 * answered with 503 and `gone`; a callback that comes later only has to call request_wake().
 */
#ifndef PP_API_REQUEST_H
#define PP_API_REQUEST_H

#include "host/api/access.h"
#include "host/api/route.h"
#include "host/app/keys.h"
#include "host/base/err.h"
#include "host/base/str.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define REQUEST_BODY_MAX  (1 << 20) /* JSON */
#define REQUEST_DRAIN_MAX (2 << 20) /* of a body nobody wants */
#define REQUEST_PATH_MAX  1024

struct http;
struct intake;

struct request {
    struct http *http;
    struct MHD_Connection *connection;
    struct request *prev; /* list of all requests of the server */
    struct request *next;
    const struct route *route; /* NULL when refused before it was known */
    char method[16];
    char path[REQUEST_PATH_MAX];
    struct route_stars stars;
    char address[46]; /* of the client */
    bool loopback;
    enum key_scope scope;
    char key_name[64]; /* "" when no key was shown */
    struct strbuf body;
    int64_t taken;         /* bytes of the body so far */
    json_t *input;         /* owned; the object of a ROUTE_JSON or ROUTE_FIELDS */
    struct intake *intake; /* owned; the upload of a ROUTE_RAW or ROUTE_FORM */
    struct err refused;    /* code 0 = fine so far */
    unsigned refs;         /* the connection's and that of a callback waited for */
    bool suspended;
    bool gone; /* the connection is no more; `http` must not be touched */
    unsigned status;
    struct MHD_Response *response; /* owned until it is queued */
    char secret[KEY_TEXT_SIZE];    /* a key on its way out; wiped with the request */
    bool restart_after;            /* the host restarts once this is answered */
};

/* MHD's callbacks; `cls` is the server. */
enum MHD_Result request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
    void **slot);
void request_on_completed(void *cls, struct MHD_Connection *connection, void **slot,
    enum MHD_RequestTerminationCode code);

/* The handler's callback comes later; it must end with request_wake(). */
void request_wait(struct request *r);
void request_wake(struct request *r);

/* More of the body can be taken; fine at any time. */
void request_go_on(struct request *r);

/* Answers every waiting request with 503 and cuts it loose; for the server's end. */
void request_abandon(struct request *r);

/* A header of the request, NULL if absent. */
const char *request_header(const struct request *r, const char *name);

/* A query argument, NULL if absent. */
const char *request_argument(const struct request *r, const char *name);

/* The answer. Only the first one counts. `value` is taken over. */
void reply_json(struct request *r, unsigned status, json_t *value);
/* JSON in pieces: `reader` is MHD's content reader, `end` frees `context`. */
void reply_pieces(struct request *r, unsigned status, MHD_ContentReaderCallback reader,
    MHD_ContentReaderFreeCallback end, void *context);
/* The bytes of an open file, which is taken over. It should be in memory: the loop reads it. */
void reply_file(struct request *r, int fd, uint64_t size_bytes, const char *type);
void reply_empty(struct request *r, unsigned status);
void reply_error(struct request *r, const struct err *e);
void reply_text(
    struct request *r, unsigned status, const char *type, const void *bytes, size_t len);
void reply_static(struct request *r, const char *type, const void *bytes, size_t len);

/* Adds a header to the answer given before. */
void reply_header(struct request *r, const char *name, const char *value);

/* Replies with the error if rc is not 0; true if it did. */
bool reply_failed(struct request *r, int rc, const struct err *e);

#endif
