#include "host/api/gate.h"

#include "host/api/http_private.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define FORM_OVERHEAD_MAX 65536 /* of a multipart body around its file */

enum shown {
    SHOWN_NONE,
    SHOWN_KEY,
    SHOWN_COOKIE
};

void gate_cookie_name(const struct http *h, char *out, size_t out_size)
{
    snprintf(out, out_size, "pphost_session_%d", h->socket.port);
}

static int check_host(const struct request *r, struct err *e)
{
    const char *host = request_header(r, "Host");
    if (host == NULL) {
        return err_field(e, PP_EINVAL, "Host", "the Host header is missing");
    }
    if (!access_host_ok(host, r->http->names)) {
        char shown[64];
        str_escape(shown, sizeof shown, host, strlen(host));
        return err_field(e, PP_EPERM, "Host",
            "Host \"%s\" is not a name of this machine: use its address or \"%s\"", shown,
            r->http->hostname);
    }
    return 0;
}

/* A page of another site must not act in the name of the person in front of the browser. */
static int check_origin(const struct request *r, enum shown shown, struct err *e)
{
    const char *origin = request_header(r, "Origin");
    const char *host = request_header(r, "Host");
    bool changes = !route_method_is_safe(r->method);
    if (!changes && request_header(r, "Upgrade") == NULL) {
        return 0;
    }
    if (origin != NULL && !access_origin_ok(origin, host != NULL ? host : "")) {
        char text[96];
        str_escape(text, sizeof text, origin, strlen(origin));
        return err_field(
            e, PP_EPERM, "Origin", "Origin \"%s\" is another site: it may not act here", text);
    }
    if (changes && shown == SHOWN_COOKIE && origin == NULL &&
        request_header(r, "X-PPHost") == NULL) {
        return err_field(e, PP_EPERM, "Origin",
            "a session cookie alone may not act: send Origin or the header X-PPHost as well");
    }
    return 0;
}

static enum shown take_key(const struct request *r, char key[static ACCESS_KEY_MAX + 1])
{
    const char *plain = request_header(r, "X-Api-Key");
    const char *authorization = request_header(r, "Authorization");
    const char *cookies = request_header(r, "Cookie");
    char cookie[40];
    if (plain != NULL && plain[0] != '\0') {
        str_copy(key, ACCESS_KEY_MAX + 1, plain, strlen(plain));
        return SHOWN_KEY;
    }
    if (authorization != NULL && access_bearer(authorization, key)) {
        return SHOWN_KEY;
    }
    gate_cookie_name(r->http, cookie, sizeof cookie);
    if (cookies != NULL && access_cookie(cookies, cookie, key)) {
        return SHOWN_COOKIE;
    }
    return SHOWN_NONE;
}

static int wrong_key(struct request *r, struct err *e)
{
    struct limit *limit = &r->http->limit;
    uint64_t now_ms = uv_now(r->http->loop);
    if (limit_is_spent(limit, r->address, now_ms)) {
        return err_set(e, PP_ELIMIT, "too many wrong keys from %s: wait a minute", r->address);
    }
    if (limit_fail(limit, r->address, now_ms) == 1) {
        log_warn("http: %s shows a key that is not ours", r->address);
    }
    return err_set(e, PP_EAUTH, "the key is not known here (or was removed)");
}

/* Behind a proxy on this machine everybody seems to be local. */
static bool is_open_to(const struct request *r)
{
    return r->http->o.loopback_open && r->loopback &&
           request_header(r, "X-Forwarded-For") == NULL && request_header(r, "Forwarded") == NULL;
}

/* A person at another host, whose request this host makes here with its own key: may operate the
 * printer, and nothing beyond that. */
static void take_actor(struct request *r)
{
    const char *actor = request_header(r, "X-Actor");
    if (actor != NULL && strcmp(r->key_name, "local") == 0) {
        str_escape(r->key_name, sizeof r->key_name, actor, strlen(actor));
        r->scope = KEY_PRINT;
    }
}

static int check_key(struct request *r, enum shown *shown, struct err *e)
{
    char key[ACCESS_KEY_MAX + 1];
    *shown = take_key(r, key);
    if (*shown == SHOWN_COOKIE && r->route->scope == KEY_NONE) {
        *shown = SHOWN_NONE; /* an old cookie must not bar the way to the login */
    }
    if (*shown != SHOWN_NONE) {
        r->scope = keys_check(r->http->o.keys, key, r->key_name, sizeof r->key_name);
        explicit_bzero(key, sizeof key);
        take_actor(r);
    }
    if (r->scope == KEY_NONE && is_open_to(r)) {
        r->scope = KEY_ADMIN;
        str_copy(r->key_name, sizeof r->key_name, "loopback", 8);
    }
    if (r->scope != KEY_NONE || *shown == SHOWN_NONE) {
        return 0;
    }
    return *shown == SHOWN_KEY ? wrong_key(r, e)
                               : err_set(e, PP_EAUTH, "the session has ended: log in again");
}

static int check_scope(const struct request *r, struct err *e)
{
    if (r->scope >= r->route->scope) {
        return 0;
    }
    if (r->scope == KEY_NONE) {
        return err_set(e, PP_EAUTH,
            "a key is needed: send it as X-Api-Key (make one with: ppctl key add NAME)");
    }
    return err_set(e, PP_EAUTH, "key \"%s\" has scope %s: %s is needed", r->key_name,
        key_scope_name(r->scope), key_scope_name(r->route->scope));
}

static int check_route(struct request *r, struct err *e)
{
    char allow[64];
    char shown[96];
    r->route = route_find(routes, routes_count, r->method, r->path, &r->stars, allow, sizeof allow);
    if (r->route != NULL) {
        return 0;
    }
    str_escape(shown, sizeof shown, r->path, strlen(r->path));
    if (allow[0] != '\0') {
        return err_set(e, PP_EMETHOD, "%s takes %s only", shown, allow);
    }
    return err_set(e, PP_ENOTFOUND, "there is nothing at %s", shown);
}

static int check_size(const struct request *r, struct err *e)
{
    const char *text = request_header(r, "Content-Length");
    int64_t size = 0;
    int64_t limit = REQUEST_BODY_MAX;
    int64_t overhead = 0;
    if (r->route->body == ROUTE_RAW || r->route->body == ROUTE_FORM) {
        int64_t quota = r->http->o.upload_max_bytes;
        overhead = FORM_OVERHEAD_MAX;
        limit = quota > 0 ? quota : INT64_MAX - overhead;
    }
    if (text != NULL && (!str_to_int(text, 0, INT64_MAX, &size) || size > limit + overhead)) {
        return err_set(e, PP_ETOOBIG, "%s bytes are too many: the limit is %lld bytes", text,
            (long long)limit);
    }
    return 0;
}

int gate_check(struct request *r, struct err *e)
{
    enum shown shown = SHOWN_NONE;
    int rc = check_host(r, e);
    if (rc == 0) {
        rc = check_route(r, e);
    }
    if (rc == 0) {
        rc = check_key(r, &shown, e);
    }
    if (rc == 0) {
        rc = check_origin(r, shown, e);
    }
    if (rc == 0) {
        rc = check_scope(r, e);
    }
    return rc == 0 ? check_size(r, e) : rc;
}
