/* Continuous Print's list of queues, and their strategies. */
#include "host/api/cpq.h"

#include "host/api/handlers.h"
#include "host/api/http_private.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define EDITS_MAX    64

void cpq_queues_get(struct request *r)
{
    const struct jobs_queue *queue;
    const struct jobs *jobs = job_command_jobs(r);
    if (jobs == NULL) {
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; (queue = jobs_queue_at(jobs, i)) != NULL; i++) {
        json_array_append_new(list,
            json_pack("{s:s, s:s, s:s, s:b, s:I}", "name", queue->name, "addr", "", "strategy",
                cpq_strategy(queue->strategy), "enabled", queue->enabled, "rank", (json_int_t)i));
    }
    reply_json(r, 200, list);
}

/* ---- edits ----------------------------------------------------------------------------------- */

/* One after the other; what is wrong with any of them is found before the first. */
struct edits {
    struct request *request;
    struct jobs_queue changed[EDITS_MAX];
    size_t count;
    size_t at;
};

static int read_strategy(const char *text, enum queue_strategy *out, struct err *e)
{
    static const struct {
        const char *name;
        enum queue_strategy strategy;
    } names[] = {
        {"", QUEUE_IN_ORDER},
        {"IN_ORDER", QUEUE_IN_ORDER},
        {"LINEAR", QUEUE_IN_ORDER}, /* what its own database has */
        {"LEAST_MANUAL", QUEUE_LEAST_CHANGES},
        {"OLDEST_FIRST", QUEUE_OLDEST_FIRST},
    };
    char shown[32];
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(names[i].name, text) == 0) {
            *out = names[i].strategy;
            return 0;
        }
    }
    return err_field(e, PP_EINVAL, "strategy",
        "strategy \"%s\": must be IN_ORDER, LEAST_MANUAL or OLDEST_FIRST",
        str_escape(shown, sizeof shown, text, strlen(text)));
}

static int read_edit(struct edits *x, json_t *object, struct err *e)
{
    char name[QUEUE_NAME_MAX + 1] = "";
    char addr[128] = "";
    char strategy[32] = "";
    bool enabled = true;
    static const char *const shown_only[] = {
        "peers", "jobs", "active_set", "created", "rank", NULL};
    static const char *const nullable[] = {"addr", "strategy", "enabled"};
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, name, 1, QUEUE_NAME_MAX},
        {"addr", JSON_KIND_TEXT, false, addr, 0, sizeof addr - 1},
        {"strategy", JSON_KIND_TEXT, false, strategy, 0, sizeof strategy - 1},
        {"enabled", JSON_KIND_BOOL, false, &enabled, 0, 0},
    };
    cpq_drop(object, shown_only);
    for (size_t i = 0; i < COUNT(nullable); i++) {
        if (json_is_null(json_object_get(object, nullable[i]))) {
            json_object_del(object, nullable[i]);
        }
    }
    int rc = json_read(object, fields, COUNT(fields), e);
    const struct jobs_queue *queue = rc == 0 ? job_command_queue(x->request, name, e) : NULL;
    if (queue == NULL) {
        return -e->code;
    }
    struct jobs_queue *changed = &x->changed[x->count++];
    *changed = *queue;
    if (addr[0] != '\0') {
        return err_field(
            e, PP_EINVAL, "addr", "addr \"%s\": queue \"%s\" is not shared", addr, name);
    }
    changed->enabled = json_object_get(object, "enabled") != NULL ? enabled : changed->enabled;
    return strategy[0] != '\0' ? read_strategy(strategy, &changed->strategy, e) : 0;
}

static int read_edits(struct edits *x, const json_t *list, struct err *e)
{
    char shown[64];
    char field[64];
    size_t i;
    json_t *object;
    if (!json_is_array(list) || json_array_size(list) > EDITS_MAX) {
        return err_field(e, PP_EINVAL, "json", "json %s: must be a list of at most %d queues",
            json_quote(list, shown, sizeof shown), EDITS_MAX);
    }
    json_array_foreach(list, i, object)
    {
        int rc = json_is_object(object)
                     ? read_edit(x, object, e)
                     : err_set(e, PP_EINVAL, "%s: must be an object {\"name\", \"strategy\"}",
                           json_quote(object, shown, sizeof shown));
        if (rc != 0) {
            snprintf(
                field, sizeof field, "[%zu]%s%.30s", i, e->field[0] != '\0' ? "." : "", e->field);
            str_copy(e->field, sizeof e->field, field, strlen(field));
            return rc;
        }
    }
    return 0;
}

static void next_edit(void *context, const struct err *e)
{
    struct edits *x = context;
    struct request *r = x->request;
    if (!r->gone && e == NULL && x->at < x->count) {
        jobs_queue_edit(r->http->o.jobs, &x->changed[x->at++], next_edit, x);
        return;
    }
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        cpq_reply_ok(r);
    }
    free(x);
    request_wake(r);
}

void cpq_queues_edit(struct request *r)
{
    struct err e = {0};
    if (job_command_jobs(r) == NULL) {
        return;
    }
    struct edits *x = mem_alloc(sizeof *x);
    x->request = r;
    int rc = cpq_input(r, &e);
    rc = rc == 0 ? read_edits(x, r->input, &e) : rc;
    if (reply_failed(r, rc, &e)) {
        free(x);
        return;
    }
    log_info("%zu queues edited by %s", x->count, r->key_name);
    request_wait(r);
    next_edit(x, NULL);
}
