#include "host/api/request.h"

#include "host/api/form.h"
#include "host/api/forward.h"
#include "host/api/gate.h"
#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <assert.h>
#include <string.h>

static const struct err stopping = {PP_EOFFLINE, "", "pphost is stopping"};

static struct request *request_new(
    struct http *h, struct MHD_Connection *connection, const char *method, const char *url)
{
    struct request *r = mem_alloc(sizeof *r);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    r->http = h;
    r->connection = connection;
    r->refs = 1;
    r->stars.tail = "";
    str_copy(r->method, sizeof r->method, method, strlen(method));
    if (!str_copy(r->path, sizeof r->path, url, strlen(url))) {
        err_set(&r->refused, PP_EINVAL, "the path has more than %d bytes", REQUEST_PATH_MAX - 1);
    }
    access_address(info->client_addr, r->address, sizeof r->address);
    r->loopback = access_is_loopback(info->client_addr);
    r->next = h->requests;
    if (r->next != NULL) {
        r->next->prev = r;
    }
    h->requests = r;
    return r;
}

static void unlink_request(struct request *r)
{
    if (r->next != NULL) {
        r->next->prev = r->prev;
    }
    if (r->prev != NULL) {
        r->prev->next = r->next;
    } else {
        r->http->requests = r->next;
    }
}

static void unref(struct request *r)
{
    if (--r->refs > 0) {
        return;
    }
    if (r->response != NULL) {
        MHD_destroy_response(r->response);
    }
    explicit_bzero(r->secret, sizeof r->secret);
    json_decref(r->input);
    strbuf_fini(&r->body);
    free(r);
}

/* A refusal may be told at once when the client has not begun to send, or would send for long. */
static bool answer_now(const struct request *r)
{
    const char *length = request_header(r, "Content-Length");
    int64_t size = 0;
    if (request_header(r, "Expect") != NULL) {
        return true;
    }
    return length != NULL && (!str_to_int(length, 0, INT64_MAX, &size) || size > REQUEST_DRAIN_MAX);
}

static enum MHD_Result queue_response(struct request *r)
{
    enum MHD_Result rc = MHD_queue_response(r->connection, r->status, r->response);
    log_debug("http: %s %s %s: %u", r->address, r->method, r->path, r->status);
    MHD_destroy_response(r->response);
    r->response = NULL;
    return rc;
}

static enum MHD_Result begin(struct request *r)
{
    if (r->refused.code == 0 && gate_check(r, &r->refused) == 0 &&
        (r->route->body == ROUTE_RAW || r->route->body == ROUTE_FORM)) {
        intake_begin(r, &r->refused);
    }
    if (r->refused.code != 0 && answer_now(r)) {
        reply_error(r, &r->refused);
        return queue_response(r);
    }
    return MHD_YES;
}

/* Takes the next bytes of the body. What is not wanted is dropped, up to a bound. */
static enum MHD_Result take(struct request *r, const char *bytes, size_t len)
{
    r->taken += (int64_t)len;
    if (r->refused.code == 0 && r->intake != NULL) {
        intake_data(r->intake, bytes, len, &r->refused);
        return MHD_YES;
    }
    if (r->refused.code == 0 && r->taken <= REQUEST_BODY_MAX) {
        if (r->route->body == ROUTE_JSON || r->route->body == ROUTE_FIELDS) {
            strbuf_add(&r->body, bytes, len);
        }
        return MHD_YES;
    }
    if (r->refused.code == 0) {
        err_set(&r->refused, PP_ETOOBIG, "the body is larger than %d bytes", REQUEST_BODY_MAX);
    }
    /* An upload that said its size was within the quota; its rest may be dropped as well. */
    bool bounded = r->intake != NULL && request_header(r, "Content-Length") != NULL;
    return bounded || r->taken <= REQUEST_DRAIN_MAX ? MHD_YES : MHD_NO;
}

/* The client waits while the disk is behind. */
static enum MHD_Result pace(struct request *r, enum MHD_Result rc)
{
    if (rc == MHD_YES && r->refused.code == 0 && r->intake != NULL && intake_full(r->intake) &&
        !r->gone && !r->http->closing) {
        r->suspended = true;
        MHD_suspend_connection(r->connection);
    }
    return rc;
}

/* The body as an object, where the route wants one. */
static int parse_body(struct request *r, struct err *e)
{
    const char *bytes = strbuf_text(&r->body);
    if (r->route->body == ROUTE_FIELDS) {
        return form_parse(&r->input, request_header(r, "Content-Type"), bytes, r->body.len, e);
    }
    return r->route->body == ROUTE_JSON ? json_parse(&r->input, bytes, r->body.len, e) : 0;
}

static void dispatch(struct request *r)
{
    struct err e = {0};
    if (r->http->closing) {
        reply_error(r, &stopping);
    } else if (r->refused.code != 0) {
        reply_error(r, &r->refused);
    } else if (!reply_failed(r, parse_body(r, &e), &e)) {
        if (!forward(r)) {
            r->route->handle(r);
        }
    }
}

enum MHD_Result request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
    void **slot)
{
    struct request *r = *slot;
    (void)version;
    if (r == NULL) {
        *slot = r = request_new(cls, connection, method, url);
        return begin(r);
    }
    if (*upload_data_size > 0) {
        size_t len = *upload_data_size;
        *upload_data_size = 0;
        return pace(r, take(r, upload_data, len));
    }
    if (r->response == NULL) {
        dispatch(r);
    }
    if (r->response == NULL) {
        assert(r->refs > 1); /* a handler replies or waits */
        r->suspended = true;
        MHD_suspend_connection(connection);
        return MHD_YES;
    }
    return queue_response(r);
}

void request_on_completed(
    void *cls, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode code)
{
    struct request *r = *slot;
    (void)connection;
    (void)code;
    if (r == NULL) {
        return;
    }
    *slot = NULL;
    if (r->restart_after) {
        http_restart_soon(cls);
    }
    if (r->intake != NULL) {
        intake_free(r->intake);
        r->intake = NULL;
    }
    unlink_request(r);
    r->gone = true;
    r->connection = NULL;
    unref(r);
}

void request_wait(struct request *r)
{
    r->refs++;
}

void request_go_on(struct request *r)
{
    if (r->suspended && !r->gone) {
        r->suspended = false;
        MHD_resume_connection(r->connection);
        http_pump_soon(r->http);
    }
}

/* One callback may have begun to wait for the next: then that one wakes the client. */
void request_wake(struct request *r)
{
    bool others_wait = r->refs > 2;
    if (r->response != NULL || !others_wait) {
        request_go_on(r);
    }
    unref(r);
}

void request_abandon(struct request *r)
{
    if (!r->suspended) {
        return;
    }
    reply_error(r, &stopping);
    r->gone = true;
    r->suspended = false;
    MHD_resume_connection(r->connection);
}

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *request_argument(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}
