#include "host/api/forward.h"

#include "host/api/http_private.h"
#include "host/app/network/network.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void add_escaped(struct strbuf *b, const char *text)
{
    for (; *text != '\0'; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text) != NULL) {
            strbuf_add(b, text, 1);
        } else {
            strbuf_printf(b, "%%%02X", (unsigned char)*text);
        }
    }
}

static enum MHD_Result add_argument(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct strbuf *b = context;
    (void)kind;
    strbuf_puts(b, strchr(strbuf_text(b), '?') != NULL ? "&" : "?");
    add_escaped(b, name);
    if (value != NULL) {
        strbuf_puts(b, "=");
        add_escaped(b, value);
    }
    return MHD_YES;
}

/* Path and query, as they go into the address of another request. */
static void write_path(const struct request *r, struct strbuf *out)
{
    for (const char *part = r->path; *part != '\0';) {
        size_t len = strcspn(part + 1, "/") + 1;
        char one[REQUEST_PATH_MAX];
        str_copy(one, sizeof one, part + 1, len - 1);
        strbuf_puts(out, "/");
        add_escaped(out, one);
        part += len;
    }
    MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, add_argument, out);
}

/* A page, or a script, of another host's making is not to run as one of ours. */
static const char *shown_type(const char *type)
{
    static const char json[] = "application/json";
    bool is_json = strncmp(type, json, sizeof json - 1) == 0 &&
                   (type[sizeof json - 1] == '\0' || type[sizeof json - 1] == ';');
    return is_json ? json : "text/plain; charset=utf-8";
}

static void reply_answer(struct request *r, const uint8_t *bytes, size_t len)
{
    struct err e = {0};
    int status;
    const char *type;
    const char *body;
    size_t body_len;
    json_t *answer = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    if (json_unpack(answer, "{s:i, s:s, s:s%}", "status", &status, "type", &type, "body", &body,
            &body_len) != 0 ||
        status < 200 || status > 599) {
        err_set(&e, PP_EPROTO, "that host answers what is no answer");
        reply_error(r, &e);
    } else if (status == MHD_HTTP_NO_CONTENT) {
        reply_empty(r, MHD_HTTP_NO_CONTENT);
    } else {
        reply_text(r, (unsigned)status, shown_type(type), body, body_len);
    }
    json_decref(answer);
}

static void on_answer(void *context, const struct err *e, const uint8_t *bytes, size_t len)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_answer(r, bytes, len);
    }
    request_wake(r);
}

static int check(const struct request *r, struct err *e)
{
    if (r->http->o.network == NULL) {
        return err_field(e, PP_EOFFLINE, "X-Host", "this host is in no network queue");
    }
    if (r->route->body == ROUTE_RAW || r->route->body == ROUTE_FORM) {
        return err_field(e, PP_EINVAL, "X-Host",
            "files are not sent to another host: put them into a job and move that");
    }
    if (strncmp(r->path, "/api/v1/", 8) != 0 || r->route->scope == KEY_NONE) {
        return err_field(e, PP_EINVAL, "X-Host", "\"%.60s\" is not asked of another host", r->path);
    }
    return 0;
}

bool forward(struct request *r)
{
    struct err e = {0};
    const char *host = request_header(r, "X-Host");
    if (host == NULL || host[0] == '\0' || strcmp(host, r->http->o.name) == 0) {
        return false;
    }
    if (reply_failed(r, check(r, &e), &e)) {
        return true;
    }
    struct strbuf path = {0};
    write_path(r, &path);
    log_info("%s %s for \"%.60s\" by %s", r->method, r->path, host, r->key_name);
    request_wait(r);
    network_ask(r->http->o.network, host, r->key_name, r->method, strbuf_text(&path),
        strbuf_text(&r->body), r->body.len, on_answer, r);
    strbuf_fini(&path);
    return true;
}
