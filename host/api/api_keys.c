/* Keys, the page's login, and a restart. Secrets stand in bodies and cookies, never in a URL. */
#include "host/api/handlers.h"

#include "host/api/gate.h"
#include "host/api/http_private.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void api_keys(struct request *r)
{
    json_t *list = json_array();
    const struct key_row *key;
    for (size_t i = 0; (key = keys_at(r->http->o.keys, i)) != NULL; i++) {
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:I}", "name", json_text(key->name), "scope",
                      json_text(key->scope), "created_ms", (json_int_t)key->created_ms));
    }
    reply_json(r, 200, json_pack("{s:o}", "keys", list));
}

static void key_added(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_json(r, 201,
            json_pack("{s:O, s:O, s:s}", "name", json_object_get(r->input, "name"), "scope",
                json_object_get(r->input, "scope"), "key", r->secret));
    }
    request_wake(r);
}

void api_key_add(struct request *r)
{
    char name[64] = "";
    char scope[8] = "";
    struct err e = {0};
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, name, 1, 63},
        {"scope", JSON_KIND_TEXT, true, scope, 1, 7},
    };
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0 && key_scope_parse(scope) == KEY_NONE) {
        rc = err_field(&e, PP_EINVAL, "scope", "scope \"%s\": must be read, print or admin", scope);
    }
    if (rc == 0) {
        request_wait(r);
        rc = keys_add(r->http->o.keys, name, scope, r->secret, key_added, r, &e);
        if (rc != 0) {
            request_wake(r);
        } else {
            log_info("key \"%s\" (%s) made by %s", name, scope, r->key_name);
        }
    }
    reply_failed(r, rc, &e);
}

static void key_removed(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

void api_key_remove(struct request *r)
{
    struct err e = {0};
    request_wait(r);
    int rc = keys_remove(r->http->o.keys, r->stars.tail, key_removed, r, &e);
    if (rc != 0) {
        request_wake(r);
    } else {
        log_info("key \"%s\" removed by %s", r->stars.tail, r->key_name);
    }
    reply_failed(r, rc, &e);
}

static void set_cookie(struct request *r, const char *value, const char *more)
{
    char name[40];
    char cookie[200];
    gate_cookie_name(r->http, name, sizeof name);
    snprintf(
        cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s", name, value, more);
    reply_header(r, "Set-Cookie", cookie);
    explicit_bzero(cookie, sizeof cookie);
}

/* A wrong token counts like a wrong key. */
static int redeem(struct request *r, const char *token, struct err *e)
{
    struct limit *limit = &r->http->limit;
    uint64_t now_ms = uv_now(r->http->loop);
    if (limit_is_spent(limit, r->address, now_ms)) {
        return err_set(e, PP_ELIMIT, "too many wrong keys from %s: wait a minute", r->address);
    }
    int rc = keys_redeem(r->http->o.keys, token, r->secret, e);
    if (rc != 0) {
        limit_fail(limit, r->address, now_ms);
    }
    return rc;
}

void api_login(struct request *r)
{
    char token[ACCESS_KEY_MAX + 1] = "";
    struct err e = {0};
    const struct json_field fields[] = {
        {"token", JSON_KIND_TEXT, true, token, 1, ACCESS_KEY_MAX},
    };
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        rc = redeem(r, token, &e);
    }
    explicit_bzero(token, sizeof token);
    if (reply_failed(r, rc, &e)) {
        return;
    }
    log_info("http: %s logged in", r->address);
    reply_empty(r, 204);
    set_cookie(r, r->secret, "");
}

void api_login_link(struct request *r)
{
    char token[KEY_TEXT_SIZE];
    char url[sizeof r->http->socket.url + 64];
    keys_login_token(r->http->o.keys, token);
    snprintf(url, sizeof url, "%s/#login=%s", r->http->socket.url, token);
    reply_json(r, 201, json_pack("{s:s}", "url", url));
    explicit_bzero(token, sizeof token);
    explicit_bzero(url, sizeof url);
}

void api_logout(struct request *r)
{
    reply_empty(r, 204);
    set_cookie(r, "", "; Max-Age=0");
}

void api_restart(struct request *r)
{
    struct err e = {0};
    int rc = json_read(r->input, NULL, 0, &e);
    if (rc == 0 && r->http->o.restart == NULL) {
        rc = err_set(&e, PP_ESTATE, "this host cannot restart itself");
    }
    if (rc == 0 && r->http->o.may_restart != NULL) {
        rc = r->http->o.may_restart(r->http->o.restart_context, &e);
    }
    if (reply_failed(r, rc, &e)) {
        return;
    }
    log_info("restart asked for by %s", r->key_name);
    r->restart_after = true;
    reply_json(r, 202, json_pack("{s:b}", "restarting", true));
}
