/* queue, queues, peers: what is shared with other hosts. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/spec.h"
#include "tools/ppctl/view_jobs.h"
#include "tools/ppctl/view_network.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MIN    1440
#define MS_PER_MIN 60000

static void show_queues(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_queues);
}

int cmd_queues(struct ppctl *c)
{
    return read_each(c, "/api/v1/queues", "queues", show_queues);
}

static void show_peers(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_peers);
}

int cmd_peers(struct ppctl *c)
{
    char *path = c->operands > 0 ? client_path("/api/v1/peers?queue=", c->operand[0])
                                 : mem_strdup("/api/v1/peers");
    int status = read_each(c, path, "peers", show_peers);
    free(path);
    return status;
}

/* ---- queue: show, add, edit, remove -------------------------------------------------------------
 */

static const struct spec_key shared_keys[] = {
    {"strategy", NULL, SPEC_TEXT, 0, 0},
    {"share", NULL, SPEC_FLAG, 0, 0},
    {"rank", NULL, SPEC_COUNT, 0, 64},
    {"key", NULL, SPEC_TEXT, 0, 0},
    {"namespace", NULL, SPEC_TEXT, 0, 0},
    {"address", NULL, SPEC_TEXT, 0, 0},
    {"registry", NULL, SPEC_TEXT, 0, 0},
    {"identity", NULL, SPEC_TEXT, 0, 0},
    {"control", NULL, SPEC_TEXT, 0, 0},
    {"accept", NULL, SPEC_TEXT, 0, 0},
    {"replicas", NULL, SPEC_COUNT, 1, 10},
    {"claim_timeout_min", NULL, SPEC_COUNT, 2, DAY_MIN},
};

/* The host may be started elsewhere: it gets whole paths of files that are here. */
static void make_absolute(json_t *body, const char *field)
{
    const char *text = json_string_value(json_object_get(body, field));
    char path[PATH_MAX];
    if (text != NULL && text[0] != '\0' && strstr(text, "://") == NULL &&
        realpath(text, path) != NULL) {
        json_object_set_new(body, field, json_string(path));
    }
}

static int read_settings(struct ppctl *c, json_t *body)
{
    const char *registry = option_value(c, "--registry");
    const char *identity = option_value(c, "--identity");
    identity = identity != NULL ? identity : option_value(c, "--key");
    size_t count = sizeof shared_keys / sizeof *shared_keys;
    int status = spec_take_all(c, 2, shared_keys, count, body);
    if (status != PPCTL_DONE) {
        return status;
    }
    if (registry != NULL) {
        json_object_set_new(body, "registry", json_string(registry));
    }
    if (identity != NULL) {
        json_object_set_new(body, "identity", json_string(identity));
    }
    json_t *minutes = json_object_get(body, "claim_timeout_min");
    if (minutes != NULL) {
        json_object_set_new(
            body, "claim_timeout_ms", json_integer(json_integer_value(minutes) * MS_PER_MIN));
        json_object_del(body, "claim_timeout_min");
    }
    make_absolute(body, "registry");
    make_absolute(body, "identity");
    return PPCTL_DONE;
}

static int change_queue(struct ppctl *c, const char *method, json_t *body, const char *done)
{
    char *path = client_path("/api/v1/queues/", c->operand[1]);
    int status = tell(c, method, path, body, done);
    free(path);
    return status;
}

static int show_queue(struct ppctl *c)
{
    char *path = client_path("/api/v1/queues/", c->operand[1]);
    int status = tell_view(c, "GET", path, NULL, view_queue);
    free(path);
    return status;
}

static int add_queue(struct ppctl *c)
{
    json_t *body = json_pack("{s:s}", "name", c->operand[1]);
    if (body == NULL) {
        return fail_usage(c, "NAME must be UTF-8 text");
    }
    int status = read_settings(c, body);
    if (status != PPCTL_DONE) {
        json_decref(body);
        return status;
    }
    return tell_view(c, "POST", "/api/v1/queues", body, view_queue);
}

static int edit_queue(struct ppctl *c)
{
    json_t *body = json_object();
    int status = read_settings(c, body);
    if (status != PPCTL_DONE) {
        json_decref(body);
        return status;
    }
    return change_queue(c, "PATCH", body, "queue changed");
}

static int enable_queue(struct ppctl *c)
{
    bool enable = strcmp(c->operand[0], "enable") == 0;
    json_t *body = json_pack("{s:b}", "enabled", enable);
    const char *key = option_value(c, "--secret");
    if (key != NULL) {
        json_object_set_new(body, "key", json_string(key));
    }
    return change_queue(c, "PATCH", body,
        enable ? "enabled: jobs of this queue are printed"
               : "disabled: no job of this queue is printed here any more");
}

static int remove_queue(struct ppctl *c)
{
    return change_queue(c, "DELETE", NULL, "removed");
}

static int take_over(struct ppctl *c)
{
    char *queue = client_path("/api/v1/queues/", c->operand[1]);
    char *path = mem_printf("%s/takeover", queue);
    int status = tell_view(c, "POST", path, json_object(), view_queue);
    free(queue);
    free(path);
    return status;
}

static int release_claims(struct ppctl *c)
{
    char *queue = client_path("/api/v1/queues/", c->operand[1]);
    char *path = mem_printf("%s/release", queue);
    json_t *body = json_pack("{s:s}", "host", c->operand[2]);
    int status = body != NULL
                     ? tell(c, "POST", path, body, "what it had claimed is for others to print now")
                     : fail_usage(c, "HOST must be UTF-8 text");
    free(queue);
    free(path);
    return status;
}

int cmd_queue(struct ppctl *c)
{
    static const struct action actions[] = {
        {"show", "NAME", 1, 1, show_queue},
        {"add", "NAME KEY=VALUE...", 1, COMMAND_OPERANDS, add_queue},
        {"edit", "NAME KEY=VALUE...", 1, COMMAND_OPERANDS, edit_queue},
        {"rm", "NAME", 1, 1, remove_queue},
        {"enable", "NAME", 1, 1, enable_queue},
        {"disable", "NAME", 1, 1, enable_queue},
        {"takeover", "NAME", 1, 1, take_over},
        {"release", "NAME HOST", 2, 2, release_claims},
    };
    return run_action(c, actions, sizeof actions / sizeof *actions);
}
