/* Requests of the API from host to host: who may, in which words.
 *
 * A request is JSON: {"who", "method", "path", "body"}; the answer {"status", "type", "body"}, the
 * body as text. What a peer may ask for is decided here (docs of `control`); the route then checks
 * it like any other.
 */
#include "host/app/network/network_priv.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000

/* ---- asking -------------------------------------------------------------------------------------
 */

/* Where that host is: its queue and peer, by name or id. */
static int find_host(
    const struct network *w, const char *host, char queue[64], struct peer *out, struct err *e)
{
    size_t found = 0;
    for (size_t i = 0; i < w->queues_count; i++) {
        struct net_peer p;
        for (size_t k = 1; net_peer_at(w->net, w->queues[i]->name, k, &p); k++) {
            bool meant = strcmp(p.name, host) == 0 || strcmp(p.text, host) == 0;
            if (meant && (found == 0 || memcmp(out, &p.peer, sizeof *out) != 0)) {
                found++;
                *out = p.peer;
                snprintf(queue, 64, "%s", w->queues[i]->name);
            }
        }
    }
    if (found == 0) {
        return err_set(e, PP_ENOTFOUND, "there is no host \"%.80s\" in a network queue", host);
    }
    if (found > 1) {
        return err_set(
            e, PP_EINVAL, "%zu hosts are called \"%.60s\": name it by its peer id", found, host);
    }
    return 0;
}

void network_ask(struct network *w, const char *host, const char *who, const char *method,
    const char *path, const char *body, size_t body_len, net_answer_cb done, void *context)
{
    char queue[64] = "";
    struct peer to = {{0}};
    struct err e = {0};
    if (find_host(w, host, queue, &to, &e) != 0) {
        done(context, &e, NULL, 0);
        return;
    }
    json_t *request = json_pack("{s:s, s:s, s:s, s:s%}", "who", who, "method", method, "path", path,
        "body", body, body_len);
    char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    if (text == NULL) {
        err_set(&e, PP_EINVAL, "the request's body is no text");
        done(context, &e, NULL, 0);
        return;
    }
    net_ask(w->net, queue, &to, text, strlen(text), TIMEOUT_MS, done, context);
    free(text);
}

/* ---- serving ------------------------------------------------------------------------------------
 */

static void refuse(struct network *w, uint64_t id, int status, const char *text)
{
    json_t *body = json_pack("{s:{s:s, s:s, s:n}}", "error", "code",
        err_name(status == 403 ? PP_EPERM : PP_EINVAL), "message", text, "field");
    char *bytes = json_dumps(body, JSON_COMPACT);
    network_answered(w, id, status, "application/json", bytes, strlen(bytes));
    free(bytes);
    json_decref(body);
}

/* Looking is free to members; an emergency stop is taken from any member of a keyed queue, always;
 * the rest as `control` says. */
static bool is_allowed(
    const struct joined *q, bool locked, bool trusted, const char *method, const char *path)
{
    const char *control = q->shared.control;
    if (strcmp(method, "GET") == 0) {
        return locked || trusted || strcmp(control, "yes") == 0;
    }
    if (strcmp(path, "/api/v1/estop") == 0) {
        return locked || strcmp(control, "yes") == 0;
    }
    return strcmp(control, "yes") == 0 || (control[0] == '\0' && locked);
}

static void serve(struct network *w, const struct joined *q, const struct peer *from, bool trusted,
    uint64_t id, json_t *request)
{
    const char *who;
    const char *method;
    const char *path;
    const char *body;
    size_t len;
    struct net_queue_status s;
    struct net_peer p;
    char name[200];
    if (json_unpack(request, "{s:s, s:s, s:s, s:s%}", "who", &who, "method", &method, "path", &path,
            "body", &body, &len) != 0 ||
        !str_starts(path, "/api/")) {
        refuse(w, id, 400, "that is no request of another host's program");
        return;
    }
    if (!net_queue_status(w->net, q->name, &s) || !is_allowed(q, s.locked, trusted, method, path)) {
        refuse(w, id, 403,
            "this printer is not operated from other hosts of this queue (its setting "
            "\"control\")");
        return;
    }
    bool known = net_peer_find(w->net, q->name, from, &p);
    snprintf(name, sizeof name, "%.60s at %.60s", who, known ? p.name : "another host");
    w->o.serve(w->o.serve_context, id, name, method, path, body, len);
}

void network_request(void *context, const char *queue, const struct peer *from, bool trusted,
    uint64_t id, const uint8_t *bytes, size_t len)
{
    struct network *w = context;
    const struct joined *q = network_joined(w, queue);
    json_t *request = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    if (q == NULL || request == NULL || w->o.serve == NULL) {
        refuse(w, id, 400, "that is no request of another host's program");
    } else {
        serve(w, q, from, trusted, id, request);
    }
    json_decref(request);
}

void network_answered(
    struct network *w, uint64_t id, int status, const char *type, const void *body, size_t len)
{
    json_t *answer =
        json_pack("{s:i, s:s, s:s%}", "status", status, "type", type, "body", body, len);
    char *text = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    net_answer(w->net, id, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    free(text);
}
