#include "tests/lib/fake_network.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void fake_network_init(struct network *w)
{
    *w = (struct network){.peers = json_array(), .moves = json_array(), .why = json_object()};
}

void fake_network_fini(struct network *w)
{
    json_decref(w->peers);
    json_decref(w->moves);
    json_decref(w->why);
}

/* True when the call is to fail; *e says so. */
static bool fails(struct network *w, struct err *e)
{
    if (w->next.code == 0) {
        return false;
    }
    *e = w->next;
    w->next.code = 0;
    return true;
}

int network_check_queue(const struct network *w, const struct jobs_queue *q, struct err *e)
{
    struct network *own = (struct network *)(uintptr_t)w;
    snprintf(own->checked, sizeof own->checked, "%s", q->name);
    return fails(own, e) ? -e->code : 0;
}

bool network_status(const struct network *w, const char *queue, struct net_queue_status *out)
{
    (void)queue;
    *out = w->status;
    return w->joined;
}

int network_takeover(struct network *w, const char *queue, struct err *e)
{
    snprintf(w->taken_over, sizeof w->taken_over, "%s", queue);
    return fails(w, e) ? -e->code : 0;
}

json_t *network_peers(const struct network *w, const char *queue)
{
    (void)queue;
    return json_deep_copy(w->peers);
}

bool network_host_name(
    const struct network *w, const char *queue, const char *peer, char name[static 64])
{
    size_t i;
    json_t *p;
    (void)queue;
    name[0] = '\0';
    json_array_foreach(w->peers, i, p)
    {
        if (strcmp(json_string_value(json_object_get(p, "peer")), peer) == 0) {
            snprintf(name, 64, "%s", json_string_value(json_object_get(p, "name")));
        }
    }
    return name[0] != '\0';
}

int network_release(
    struct network *w, const char *queue, const char *host, const char *actor, struct err *e)
{
    snprintf(w->released, sizeof w->released, "%s %s %s", queue, host, actor);
    return fails(w, e) ? -e->code : 1;
}

json_t *network_why(const struct network *w, const char *queue, const struct queue_job *job)
{
    (void)queue;
    (void)job;
    return json_deep_copy(w->why);
}

json_t *network_moves(const struct network *w)
{
    return json_deep_copy(w->moves);
}

void network_move(struct network *w, const char *from, const char *job, const char *to,
    const char *after, const char *actor, jobs_cb done, void *context)
{
    struct queue_result result = {.job = ""};
    snprintf(w->moved, sizeof w->moved, "%s %s %s \"%s\" %s", from, job, to, after, actor);
    if (fails(w, &result.err) || !w->slow) {
        done(context, &result);
        return;
    }
    assert(w->move_done == NULL);
    w->move_done = done;
    w->move_context = context;
}

void fake_network_moved(struct network *w, int code, const char *text)
{
    struct queue_result result = {.job = ""};
    jobs_cb done = w->move_done;
    if (code != 0) {
        err_set(&result.err, code, "%s", text);
    }
    w->move_done = NULL;
    done(w->move_context, &result);
}

void network_ask(struct network *w, const char *host, const char *who, const char *method,
    const char *path, const char *body, size_t body_len, net_answer_cb done, void *context)
{
    struct err e;
    snprintf(w->asked, sizeof w->asked, "%s %s %s %s %.*s", host, who, method, path, (int)body_len,
        body);
    if (fails(w, &e)) {
        done(context, &e, NULL, 0);
    } else {
        done(context, NULL, (const uint8_t *)w->answer, strlen(w->answer));
    }
}
