/* Requests of the API from host to host: who may, in which words.
 *
 * A request is JSON: {"who", "method", "path", "body"}; the answer {"status", "type", "body"}, the
 * body as text. What a peer may ask for is decided by network_may.h; the route then checks it like
 * any other.
 */
#include "host/app/network/network_may.h"
#include "host/app/network/network_priv.h"

#include "host/app/device/device.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000

/* ---- asking -------------------------------------------------------------------------------------
 */

/* Whatever others call themselves. */
static bool find_by_id(const struct network *w, const char *host, char queue[64], struct peer *out)
{
    struct net_peer p;
    for (size_t i = 0; net_peer_parse(host, out) && i < w->queues_count; i++) {
        if (net_peer_find(w->net, w->queues[i]->name, out, &p) && !p.self) {
            snprintf(queue, 64, "%s", w->queues[i]->name);
            return true;
        }
    }
    return false;
}

/* Where that host is: its queue and peer, by name or id. */
static int find_host(
    const struct network *w, const char *host, char queue[64], struct peer *out, struct err *e)
{
    size_t found = 0;
    if (find_by_id(w, host, queue, out)) {
        return 0;
    }
    for (size_t i = 0; i < w->queues_count; i++) {
        struct net_peer p;
        for (size_t k = 1; net_peer_at(w->net, w->queues[i]->name, k, &p); k++) {
            if (strcmp(p.name, host) == 0 &&
                (found == 0 || memcmp(out, &p.peer, sizeof *out) != 0)) {
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

static const struct err no_request = {
    .code = PP_EINVAL, .text = "that is no request of another host's program"};

static const struct err stopping = {.code = PP_EOFFLINE, .text = "that host is being stopped"};

static void refuse(struct network *w, uint64_t id, const struct err *e)
{
    json_t *body = json_pack(
        "{s:{s:s, s:s, s:n}}", "error", "code", err_name(e->code), "message", e->text, "field");
    char *bytes = json_dumps(body, JSON_COMPACT);
    network_answered(w, id, err_http_status(e->code), "application/json", bytes, strlen(bytes));
    free(bytes);
    json_decref(body);
}

/* At once and by nobody else's leave: it waits behind no other request. */
static void stop(struct network *w, uint64_t id, const char *who)
{
    struct err e = {0};
    device_estop(w->o.device, &e); /* before the log, which may be on a dying card */
    log_info("emergency stop asked for by %s", who);
    if (e.code != 0) {
        log_info("emergency stop refused: %s", e.text);
        refuse(w, id, &e);
    } else {
        network_answered(w, id, 200, "application/json", "{}", 2);
    }
}

/* "ana at shed", as it may stand in a log and in a header. */
static void name_asker(struct network *w, const char *queue, const struct peer *from,
    const char *who, char *out, size_t size)
{
    struct net_peer p;
    char shown[100];
    bool known = net_peer_find(w->net, queue, from, &p);
    str_escape(shown, sizeof shown, who, strnlen(who, 60));
    snprintf(out, size, "%s at %s", shown, known ? p.name : "another host");
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
    struct err e = {0};
    char name[200];
    if (json_unpack(request, "{s:s, s:s, s:s, s:s%}", "who", &who, "method", &method, "path", &path,
            "body", &body, &len) != 0 ||
        !net_queue_status(w->net, q->name, &s)) {
        refuse(w, id, &no_request);
        return;
    }
    const struct network_asker asker = {q->shared.control, s.locked, trusted};
    if (network_may_ask(&asker, method, path, &e) != 0) {
        refuse(w, id, &e);
        return;
    }
    name_asker(w, q->name, from, who, name, sizeof name);
    if (strcmp(path, NETWORK_ESTOP) == 0 && strcmp(method, "POST") == 0) {
        stop(w, id, name);
    } else {
        w->o.serve(w->o.serve_context, id, name, method, path, body, len);
    }
}

void network_request(void *context, const char *queue, const struct peer *from, bool trusted,
    uint64_t id, const uint8_t *bytes, size_t len)
{
    struct network *w = context;
    const struct joined *q = network_joined(w, queue);
    json_t *request = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    if (w->resting) {
        refuse(w, id, &stopping);
    } else if (q == NULL || request == NULL || w->o.serve == NULL) {
        refuse(w, id, &no_request);
    } else {
        serve(w, q, from, trusted, id, request);
    }
    json_decref(request);
}

void network_answered(
    struct network *w, uint64_t id, int status, const char *type, const void *body, size_t len)
{
    if (w->net == NULL) {
        return;
    }
    json_t *answer =
        json_pack("{s:i, s:s, s:s%}", "status", status, "type", type, "body", body, len);
    char *text = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    net_answer(w->net, id, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    free(text);
}
