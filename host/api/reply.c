/* The answers of request.h. */
#include "host/api/request.h"

#include "host/base/json.h"
#include "host/base/mem.h"

#include <string.h>

#define PIECE_BYTES 32768

static void set(struct request *r, unsigned status, struct MHD_Response *response)
{
    if (r->response != NULL || r->gone) {
        MHD_destroy_response(response);
        return;
    }
    r->status = status;
    r->response = response;
    reply_header(r, "X-Content-Type-Options", "nosniff");
}

void reply_header(struct request *r, const char *name, const char *value)
{
    if (r->response != NULL) {
        MHD_add_response_header(r->response, name, value);
    }
}

void reply_json(struct request *r, unsigned status, json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(value);
    if (text == NULL) {
        text = mem_strdup("{}");
    }
    set(r, status, MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE));
    reply_header(r, "Content-Type", "application/json");
    reply_header(r, "Cache-Control", "no-store");
}

void reply_pieces(struct request *r, unsigned status, MHD_ContentReaderCallback reader,
    MHD_ContentReaderFreeCallback end, void *context)
{
    set(r, status,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, reader, context, end));
    reply_header(r, "Content-Type", "application/json");
    reply_header(r, "Cache-Control", "no-store");
}

void reply_file(struct request *r, int fd, uint64_t size_bytes, const char *type)
{
    set(r, 200, MHD_create_response_from_fd64(size_bytes, fd));
    reply_header(r, "Content-Type", type);
    reply_header(r, "Cache-Control", "no-store");
}

void reply_empty(struct request *r, unsigned status)
{
    set(r, status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
    reply_header(r, "Cache-Control", "no-store");
}

/* OctoPrint's clients expect its own shape of an error. */
static json_t *describe(const struct request *r, const struct err *e)
{
    json_t *text = json_text(e->text);
    if (!str_starts(r->path, "/api/v1/") && str_starts(r->path, "/api/")) {
        return json_pack("{s:o}", "error", text);
    }
    return json_pack("{s:{s:s, s:o, s:o}}", "error", "code", err_name(e->code), "message", text,
        "field", json_text(e->field));
}

void reply_error(struct request *r, const struct err *e)
{
    char allow[64];
    struct route_stars stars;
    unsigned status = (unsigned)err_http_status(e->code);
    reply_json(r, status, describe(r, e));
    if (e->code == PP_EMETHOD) {
        route_find(routes, routes_count, r->method, r->path, &stars, allow, sizeof allow);
        reply_header(r, "Allow", allow);
    }
}

bool reply_failed(struct request *r, int rc, const struct err *e)
{
    if (rc != 0) {
        reply_error(r, e);
    }
    return rc != 0;
}

void reply_text(struct request *r, unsigned status, const char *type, const void *bytes, size_t len)
{
    void *copy = mem_alloc(len + 1);
    memcpy(copy, bytes, len);
    set(r, status, MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE));
    reply_header(r, "Content-Type", type);
    reply_header(r, "Cache-Control", "no-store");
}

void reply_static(struct request *r, const char *type, const void *bytes, size_t len)
{
    /* MHD's signature is older than const; a persistent buffer is only read. */
    union {
        const void *in;
        void *out;
    } buffer = {bytes};
    set(r, 200, MHD_create_response_from_buffer(len, buffer.out, MHD_RESPMEM_PERSISTENT));
    reply_header(r, "Content-Type", type);
    reply_header(r, "Cache-Control", "no-cache");
    reply_header(r, "Referrer-Policy", "no-referrer");
    reply_header(r, "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}
