/* The queues of this host, and who else is in those it shares. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/job_command.h"
#include "host/api/view_jobs.h"
#include "host/app/network/network.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TIMEOUT_MIN  120000
#define TIMEOUT_MAX  (24 * 60 * 60 * 1000)
#define REPLICAS_MAX 10
#define QUEUE_RANKS  64

/* ---- looking ------------------------------------------------------------------------------------
 */

void api_queues(struct request *r)
{
    const struct jobs_queue *queue;
    const struct jobs *jobs = job_command_jobs(r);
    if (jobs == NULL) {
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; (queue = jobs_queue_at(jobs, i)) != NULL; i++) {
        json_array_append_new(list, view_queue(r->http, queue));
    }
    reply_json(r, 200, json_pack("{s:o}", "queues", list));
}

static const struct jobs_queue *queue_of_path(struct request *r)
{
    struct err e = {0};
    if (job_command_jobs(r) == NULL) {
        return NULL;
    }
    const struct jobs_queue *queue = job_command_queue(r, r->stars.star[0], &e);
    if (queue == NULL) {
        reply_error(r, &e);
    }
    return queue;
}

void api_queue(struct request *r)
{
    const struct jobs_queue *queue = queue_of_path(r);
    if (queue != NULL) {
        reply_json(r, 200, view_queue(r->http, queue));
    }
}

void api_peers(struct request *r)
{
    struct err e = {0};
    const char *name = request_argument(r, "queue");
    const struct network *network = r->http->o.network;
    if (job_command_jobs(r) == NULL) {
        return;
    }
    if (name != NULL && job_command_queue(r, name, &e) == NULL) {
        reply_error(r, &e);
        return;
    }
    reply_json(r, 200,
        json_pack("{s:o, s:o}", "peers",
            network != NULL ? network_peers(network, name) : json_array(), "moves",
            network != NULL ? network_moves(network) : json_array()));
}

/* ---- changing -----------------------------------------------------------------------------------
 */

/* What comes as text and is kept as something else. */
struct words {
    char strategy[32];
    char kind[16];
    char control[16];
    char accept[16];
    int64_t replicas;
    int64_t rank;
};

/* One of `words`, which end with NULL; what is kept is that of the same place in `kept`. */
static int choose(const char *field, const char *text, const char *const *words,
    const char *const *kept, char *out, size_t size, struct err *e)
{
    char shown[32];
    struct strbuf list = {0};
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            snprintf(out, size, "%s", kept[i]);
            strbuf_fini(&list);
            return 0;
        }
        strbuf_printf(&list, "%s%s", i > 0 ? ", " : "", words[i]);
    }
    int rc = err_field(e, PP_EINVAL, field, "%s \"%s\": must be one of %s", field,
        str_escape(shown, sizeof shown, text, strlen(text)), strbuf_text(&list));
    strbuf_fini(&list);
    return rc;
}

static int read_words(struct jobs_queue *q, const struct words *w, struct err *e)
{
    static const char *const kinds[] = {"lan", "wan", NULL};
    static const char *const controls[] = {"keyed", "yes", "no", NULL};
    static const char *const controls_kept[] = {"", "yes", "no"};
    static const char *const accepts[] = {"all", "trusted", "model", NULL};
    char shown[32];
    int rc = 0;
    if (w->strategy[0] != '\0' && !queue_strategy_parse(w->strategy, &q->strategy)) {
        return err_field(e, PP_EINVAL, "strategy",
            "strategy \"%s\": must be in-order, least-changes or oldest-first",
            str_escape(shown, sizeof shown, w->strategy, strlen(w->strategy)));
    }
    if (w->kind[0] != '\0') {
        rc = choose("kind", w->kind, kinds, kinds, q->kind, sizeof q->kind, e);
    }
    if (rc == 0 && w->control[0] != '\0') {
        rc = choose("control", w->control, controls, controls_kept, q->shared.control,
            sizeof q->shared.control, e);
    }
    if (rc == 0 && w->accept[0] != '\0') {
        rc = choose(
            "accept", w->accept, accepts, accepts, q->shared.accept, sizeof q->shared.accept, e);
    }
    return rc;
}

/* The settings as they stand in the body, over those in `q`. */
static int read_queue(
    struct request *r, struct jobs_queue *q, struct words *w, bool add, struct err *e)
{
    struct jobs_shared *s = &q->shared;
    const struct json_field fields[] = {
        {"strategy", JSON_KIND_TEXT, false, w->strategy, 1, sizeof w->strategy - 1},
        {"enabled", JSON_KIND_BOOL, false, &q->enabled, 0, 0},
        {"share", JSON_KIND_BOOL, false, &q->share, 0, 0},
        {"rank", JSON_KIND_INT, false, &w->rank, 0, QUEUE_RANKS},
        {"namespace", JSON_KIND_TEXT, false, s->namespace, 0, sizeof s->namespace - 1},
        {"key", JSON_KIND_TEXT, false, s->key, 0, sizeof s->key - 1},
        {"address", JSON_KIND_TEXT, false, s->address, 1, sizeof s->address - 1},
        {"registry", JSON_KIND_TEXT, false, s->registry, 0, sizeof s->registry - 1},
        {"identity", JSON_KIND_TEXT, false, s->identity, 0, sizeof s->identity - 1},
        {"control", JSON_KIND_TEXT, false, w->control, 1, sizeof w->control - 1},
        {"accept", JSON_KIND_TEXT, false, w->accept, 1, sizeof w->accept - 1},
        {"replicas", JSON_KIND_INT, false, &w->replicas, 1, REPLICAS_MAX},
        {"claim_timeout_ms", JSON_KIND_INT, false, &s->claim_timeout_ms, TIMEOUT_MIN, TIMEOUT_MAX},
        {"name", JSON_KIND_TEXT, true, q->name, 1, sizeof q->name - 1},
        {"kind", JSON_KIND_TEXT, false, w->kind, 1, sizeof w->kind - 1},
    };
    bool local = !add && strcmp(q->kind, "local") == 0;
    size_t count = add ? COUNT(fields) : local ? 4 : COUNT(fields) - 2;
    w->replicas = s->replicas;
    w->rank = -1;
    int rc = json_read(r->input, fields, count, e);
    s->replicas = (int)w->replicas;
    return rc != 0 ? rc : read_words(q, w, e);
}

static int check_joinable(const struct request *r, const struct jobs_queue *q, struct err *e)
{
    if (strcmp(q->kind, "local") == 0) {
        return 0;
    }
    if (r->http->o.network == NULL) {
        return err_set(
            e, PP_EOFFLINE, "this host shares no queues (--no-network, or net: enabled: no)");
    }
    return network_check_queue(r->http->o.network, q, e);
}

static void reply_queue(struct request *r, const char *name, unsigned status)
{
    const struct jobs_queue *queue = jobs_queue_find(r->http->o.jobs, name);
    reply_json(r, status, queue != NULL ? view_queue(r->http, queue) : json_object());
}

static void answer_change(struct request *r, const char *name, unsigned status, const struct err *e)
{
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_queue(r, name, status);
    }
    request_wake(r);
}

/* Its name: in the path of one that is there, in the body of a new one. */
static const char *name_of(const struct request *r)
{
    return r->stars.star[0][0] != '\0' ? r->stars.star[0]
                                       : json_string_value(json_object_get(r->input, "name"));
}

static void on_ranked(void *context, const struct err *e)
{
    struct request *r = context;
    answer_change(r, name_of(r), r->stars.star[0][0] != '\0' ? 200 : 201, e);
}

/* The rank comes after the rest: each is written with what was there before. */
static void on_changed(void *context, const struct err *e)
{
    struct request *r = context;
    const json_t *rank = json_object_get(r->input, "rank");
    if (e == NULL && rank != NULL && !r->gone) {
        jobs_queue_rank(
            r->http->o.jobs, name_of(r), (size_t)json_integer_value(rank), on_ranked, r);
    } else {
        on_ranked(r, e);
    }
}

/* Who may print chooses the order; with whom and by which key it is shared is the owner's affair,
 * above all when the request comes from another host. */
static int check_owner(const struct request *r, const struct jobs_queue *q, struct err *e)
{
    static const char *const anybodys_fields[] = {"strategy", "share", "rank"};
    const char *name;
    json_t *value;
    bool local = strcmp(q->kind, "local") == 0;
    json_object_foreach(r->input, name, value)
    {
        bool anybodys = local;
        for (size_t i = 0; i < COUNT(anybodys_fields); i++) {
            anybodys = anybodys || strcmp(name, anybodys_fields[i]) == 0;
        }
        if (!anybodys && r->scope < KEY_ADMIN) {
            return err_set(e, PP_EAUTH, "key \"%s\" has scope %s: admin is needed for \"%.40s\"",
                r->key_name, key_scope_name(r->scope), name);
        }
    }
    return 0;
}

void api_queue_edit(struct request *r)
{
    struct err e = {0};
    struct words w = {.strategy = ""};
    const struct jobs_queue *queue = queue_of_path(r);
    if (queue == NULL) {
        return;
    }
    struct jobs_queue changed = *queue;
    int rc = check_owner(r, queue, &e);
    rc = rc == 0 ? read_queue(r, &changed, &w, false, &e) : rc;
    rc = rc == 0 ? check_joinable(r, &changed, &e) : rc;
    if (reply_failed(r, rc, &e)) {
        return;
    }
    log_info("queue \"%s\" edited by %s", changed.name, r->key_name);
    request_wait(r);
    jobs_queue_edit(r->http->o.jobs, &changed, on_changed, r);
}

void api_queue_add(struct request *r)
{
    struct err e = {0};
    struct words w = {.strategy = ""};
    if (job_command_jobs(r) == NULL) {
        return;
    }
    struct jobs_queue q = {.kind = "lan",
        .enabled = true,
        .shared = {.address = "auto", .replicas = 2, .claim_timeout_ms = 15 * 60 * 1000}};
    int rc = read_queue(r, &q, &w, true, &e);
    if (rc == 0 && w.kind[0] == '\0' && q.shared.registry[0] != '\0') {
        snprintf(q.kind, sizeof q.kind, "wan");
    }
    rc = rc == 0 ? check_joinable(r, &q, &e) : rc;
    if (!reply_failed(r, rc, &e)) {
        log_info("queue \"%s\" added by %s", q.name, r->key_name);
        request_wait(r);
        jobs_queue_add(r->http->o.jobs, &q, on_changed, r);
    }
}

static void on_removed(void *context, const struct err *e)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, MHD_HTTP_NO_CONTENT);
    }
    request_wake(r);
}

void api_queue_remove(struct request *r)
{
    const struct jobs_queue *queue = queue_of_path(r);
    if (queue != NULL) {
        log_info("queue \"%s\" removed by %s", queue->name, r->key_name);
        request_wait(r);
        jobs_queue_remove(r->http->o.jobs, queue->name, on_removed, r);
    }
}

void api_queue_takeover(struct request *r)
{
    struct err e = {0};
    const struct jobs_queue *queue = queue_of_path(r);
    if (queue == NULL) {
        return;
    }
    int rc = r->http->o.network != NULL ? network_takeover(r->http->o.network, queue->name, &e)
                                        : err_set(&e, PP_EOFFLINE, "this host shares no queues");
    if (!reply_failed(r, rc, &e)) {
        log_warn("queue \"%s\" taken over by %s", queue->name, r->key_name);
        reply_queue(r, queue->name, 200);
    }
}

void api_queue_release(struct request *r)
{
    struct err e = {0};
    char host[QUEUE_WORD_MAX + 1];
    const struct json_field fields[] = {
        {"host", JSON_KIND_TEXT, true, host, 1, sizeof host - 1},
    };
    const struct jobs_queue *queue = queue_of_path(r);
    if (queue == NULL || reply_failed(r, json_read(r->input, fields, COUNT(fields), &e), &e)) {
        return;
    }
    int rc = r->http->o.network != NULL
                 ? network_release(r->http->o.network, queue->name, host, r->key_name, &e)
                 : err_set(&e, PP_EOFFLINE, "this host shares no queues");
    if (rc < 0) {
        reply_error(r, &e);
        return;
    }
    log_warn("what \"%s\" had claimed in queue \"%s\" is given back by %s", host, queue->name,
        r->key_name);
    reply_json(r, 200, json_pack("{s:i}", "released", rc));
}
