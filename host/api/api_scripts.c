/* Scripts, conditions and the moments they hang on. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array)    (sizeof(array) / sizeof *(array))
#define DESCRIPTION_MAX 1000

static struct scripts *scripts_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.scripts == NULL) {
        err_set(&e, PP_EOFFLINE, "this host has no scripts");
        reply_error(r, &e);
    }
    return r->http->o.scripts;
}

static int parse_moment(const char *name, enum driver_moment *out, struct err *e)
{
    const char *names[MOMENTS];
    char shown[48];
    if (driver_moment_parse(name, out)) {
        return 0;
    }
    for (int i = 0; i < MOMENTS; i++) {
        names[i] = driver_moment_name((enum driver_moment)i);
    }
    str_escape(shown, sizeof shown, name, strlen(name));
    const char *near = str_suggest(shown, names, MOMENTS);
    return err_field(e, PP_EINVAL, "moment", "moment \"%s\": must be activate, print_start, … %s%s%s",
        shown, near != NULL ? "(did you mean \"" : "(", near != NULL ? near : "GET scripts lists them",
        near != NULL ? "\"?)" : ")");
}

/* ---- looking */

static json_t *entry_view(const struct scripts_entry *entry, bool script)
{
    json_t *view = json_pack("{s:o, s:o, s:s, s:b, s:o}", "name", json_text(entry->name),
        "description", json_text(entry->description), "body", entry->body, "shipped",
        entry->shipped, "source", json_text(entry->source));
    if (script) {
        json_object_set_new(view, "clears_bed", json_boolean(entry->clears_bed));
    }
    return view;
}

static json_t *hooks_view(const struct scripts *s, enum driver_moment moment)
{
    json_t *list = json_array();
    const struct scripts_hook *hooks;
    size_t n = scripts_hooks(s, moment, &hooks);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{s:o, s:o}", "script", json_text(hooks[i].script),
                                        "condition", json_text(hooks[i].condition)));
    }
    return list;
}

static json_t *all_view(const struct scripts *s)
{
    json_t *scripts = json_array();
    json_t *conditions = json_array();
    json_t *events = json_object();
    json_t *mistakes = json_array();
    const struct scripts_entry *entry;
    const char *mistake;
    for (size_t i = 0; (entry = scripts_at(s, i)) != NULL; i++) {
        json_array_append_new(scripts, entry_view(entry, true));
    }
    for (size_t i = 0; (entry = scripts_condition_at(s, i)) != NULL; i++) {
        json_array_append_new(conditions, entry_view(entry, false));
    }
    for (int i = 0; i < MOMENTS; i++) {
        enum driver_moment moment = (enum driver_moment)i;
        json_object_set_new(events, driver_moment_name(moment), hooks_view(s, moment));
    }
    for (size_t i = 0; (mistake = scripts_mistake(s, i)) != NULL; i++) {
        json_array_append_new(mistakes, json_text(mistake));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "scripts", scripts, "conditions", conditions, "events",
        events, "mistakes", mistakes);
}

void api_scripts(struct request *r)
{
    const struct scripts *s = scripts_of(r);
    if (s != NULL) {
        reply_json(r, 200, all_view(s));
    }
}

/* ---- changing */

static void done(void *context, const struct err *e)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else if (strcmp(r->method, "DELETE") == 0) {
        reply_empty(r, 204);
    } else {
        reply_json(r, 200, all_view(r->http->o.scripts));
    }
    request_wake(r);
}

/* Whoever waits for the disk waits with the request; an error at once ends both. */
static void finish(struct request *r, int rc, const struct err *e)
{
    if (rc != 0) {
        request_wake(r);
        reply_error(r, e);
    }
}

static int read_name(const struct request *r, struct scripts_entry *entry, struct err *e)
{
    char shown[64];
    const char *name = r->stars.star[0];
    if (!str_copy(entry->name, sizeof entry->name, name, strlen(name))) {
        return err_field(e, PP_EINVAL, "name", "name \"%s\": must have at most %d bytes",
            str_escape(shown, sizeof shown, name, strlen(name)), SCRIPTS_NAME_MAX);
    }
    return 0;
}

static void save(struct request *r, bool script)
{
    struct err e = {0};
    struct scripts_entry entry = {0};
    struct scripts *s = scripts_of(r);
    if (s == NULL) {
        return;
    }
    entry.body = mem_alloc(SCRIPTS_BODY_MAX + 1);
    entry.description = mem_alloc(DESCRIPTION_MAX + 1);
    const struct json_field fields[] = {
        {"body", JSON_KIND_TEXT, true, entry.body, 0, SCRIPTS_BODY_MAX},
        {"description", JSON_KIND_TEXT, false, entry.description, 0, DESCRIPTION_MAX},
        {"clears_bed", JSON_KIND_BOOL, false, &entry.clears_bed, 0, 0},
    };
    int rc = read_name(r, &entry, &e);
    rc = rc == 0 ? json_read(r->input, fields, script ? 3 : 2, &e) : rc;
    if (!reply_failed(r, rc, &e)) {
        log_info("%s \"%s\" saved by %s", script ? "script" : "condition", entry.name, r->key_name);
        request_wait(r);
        finish(r, script ? scripts_save(s, &entry, done, r, &e)
                         : scripts_save_condition(s, &entry, done, r, &e), &e);
    }
    free(entry.body);
    free(entry.description);
}

void api_script_save(struct request *r)
{
    save(r, true);
}

void api_condition_save(struct request *r)
{
    save(r, false);
}

void api_script_remove(struct request *r)
{
    struct err e = {0};
    struct scripts *s = scripts_of(r);
    if (s != NULL) {
        log_info("script \"%s\" removed by %s", r->stars.star[0], r->key_name);
        request_wait(r);
        finish(r, scripts_remove(s, r->stars.star[0], done, r, &e), &e);
    }
}

void api_condition_remove(struct request *r)
{
    struct err e = {0};
    struct scripts *s = scripts_of(r);
    if (s != NULL) {
        log_info("condition \"%s\" removed by %s", r->stars.star[0], r->key_name);
        request_wait(r);
        finish(r, scripts_remove_condition(s, r->stars.star[0], done, r, &e), &e);
    }
}

static int read_hook(json_t *object, size_t index, struct scripts_hook *hook, struct err *e)
{
    char shown[64];
    char field[64];
    const struct json_field fields[] = {
        {"script", JSON_KIND_TEXT, true, hook->script, 1, SCRIPTS_NAME_MAX},
        {"condition", JSON_KIND_TEXT, false, hook->condition, 0, SCRIPTS_NAME_MAX},
    };
    *hook = (struct scripts_hook){.script = ""};
    if (json_is_null(json_object_get(object, "condition"))) {
        json_object_del(object, "condition");
    }
    int rc = json_is_object(object)
                 ? json_read(object, fields, COUNT(fields), e)
                 : err_set(e, PP_EINVAL, "%s: must be an object {\"script\", \"condition\"}",
                       json_quote(object, shown, sizeof shown));
    if (rc != 0) {
        snprintf(field, sizeof field, "hooks[%zu]%s%s", index, e->field[0] != '\0' ? "." : "",
            e->field);
        err_wrap(e, "hooks[%zu]", index);
        str_copy(e->field, sizeof e->field, field, strlen(field));
    }
    return rc;
}

void api_event_set(struct request *r)
{
    struct scripts_hook hooks[SCRIPTS_HOOKS_MAX];
    json_t *list = NULL;
    enum driver_moment moment = MOMENT_ACTIVATE;
    struct err e = {0};
    struct scripts *s = scripts_of(r);
    const struct json_field fields[] = {
        {"hooks", JSON_KIND_ARRAY, true, &list, 0, SCRIPTS_HOOKS_MAX},
    };
    if (s == NULL) {
        return;
    }
    int rc = parse_moment(r->stars.star[0], &moment, &e);
    rc = rc == 0 ? json_read(r->input, fields, COUNT(fields), &e) : rc;
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        rc = read_hook(json_array_get(list, i), i, &hooks[i], &e);
    }
    if (!reply_failed(r, rc, &e)) {
        log_info("scripts of %s set by %s", driver_moment_name(moment), r->key_name);
        request_wait(r);
        finish(r,
            scripts_set_hooks(s, moment, hooks, json_array_size(list), done, r, &e), &e);
    }
}

/* ---- a dry run */

struct trial {
    char script[SCRIPTS_NAME_MAX + 1];
    char condition[SCRIPTS_NAME_MAX + 1];
    char moment[48];
    char *script_body; /* owned, as is condition_body */
    char *condition_body;
    enum driver_moment at;
};

static int read_trial(json_t *input, struct trial *t, struct err *e)
{
    const struct json_field fields[] = {
        {"script", JSON_KIND_TEXT, false, t->script, 0, SCRIPTS_NAME_MAX},
        {"condition", JSON_KIND_TEXT, false, t->condition, 0, SCRIPTS_NAME_MAX},
        {"script_body", JSON_KIND_TEXT, false, t->script_body, 0, SCRIPTS_BODY_MAX},
        {"condition_body", JSON_KIND_TEXT, false, t->condition_body, 0, SCRIPTS_BODY_MAX},
        {"moment", JSON_KIND_TEXT, false, t->moment, 1, sizeof t->moment - 1},
    };
    int rc = json_read(input, fields, COUNT(fields), e);
    return rc == 0 && t->moment[0] != '\0' ? parse_moment(t->moment, &t->at, e) : rc;
}

/* The body that is meant by a name, unless one was sent. */
static int choose_body(const struct scripts_entry *entry, const char *name, const char *what,
    char *body, struct err *e)
{
    char shown[SCRIPTS_NAME_MAX + 1];
    if (name[0] == '\0' || body[0] != '\0') {
        return 0;
    }
    if (entry == NULL) {
        return err_field(e, PP_ENOTFOUND, what, "there is no %s \"%s\"", what,
            str_escape(shown, sizeof shown, name, strlen(name)));
    }
    str_copy(body, SCRIPTS_BODY_MAX + 1, entry->body, strlen(entry->body));
    return 0;
}

static int prepare_trial(const struct scripts *s, json_t *input, struct trial *t, struct err *e)
{
    int rc = read_trial(input, t, e);
    if (rc == 0) {
        rc = choose_body(scripts_find(s, t->script), t->script, "script", t->script_body, e);
    }
    if (rc == 0) {
        rc = choose_body(scripts_condition_find(s, t->condition), t->condition, "condition",
            t->condition_body, e);
    }
    return rc;
}

void api_script_try(struct request *r)
{
    struct err e = {0};
    struct trial t = {.at = MOMENT_PRINT_SUCCESS};
    struct scripts *s = scripts_of(r);
    if (s == NULL) {
        return;
    }
    t.script_body = mem_alloc(SCRIPTS_BODY_MAX + 1);
    t.condition_body = mem_alloc(SCRIPTS_BODY_MAX + 1);
    json_t *symbols = json_incref(json_object_get(r->input, "symbols"));
    json_object_del(r->input, "symbols");
    int rc = symbols == NULL || json_is_object(symbols)
                 ? prepare_trial(s, r->input, &t, &e)
                 : err_field(&e, PP_EINVAL, "symbols", "symbols must be an object {…}");
    if (rc == 0 && symbols == NULL) {
        symbols = r->http->o.manage != NULL ? manage_symbols(r->http->o.manage, t.at)
                                            : json_object();
    }
    if (!reply_failed(r, rc, &e)) {
        reply_json(r, 200, scripts_try(t.script_body, t.condition_body, symbols));
    }
    json_decref(symbols);
    free(t.script_body);
    free(t.condition_body);
}

/* ---- symbols */

static struct manage *manage_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.manage == NULL) {
        err_set(&e, PP_EOFFLINE, "this host manages no queue");
        reply_error(r, &e);
    }
    return r->http->o.manage;
}

void api_symbols(struct request *r)
{
    struct err e = {0};
    enum driver_moment moment = MOMENT_PRINT_SUCCESS;
    const char *name = request_argument(r, "moment");
    const struct manage *m = manage_of(r);
    if (m != NULL &&
        !reply_failed(r, name != NULL ? parse_moment(name, &moment, &e) : 0, &e)) {
        reply_json(r, 200, manage_symbols(m, moment));
    }
}

void api_external(struct request *r)
{
    const struct manage *m = manage_of(r);
    if (m != NULL) {
        json_t *external = manage_external(m);
        reply_json(r, 200, external != NULL ? json_incref(external) : json_object());
    }
}

void api_external_set(struct request *r)
{
    struct err e = {0};
    struct manage *m = manage_of(r);
    if (m != NULL && !reply_failed(r, manage_set_external(m, r->input, &e), &e)) {
        json_t *external = manage_external(m);
        reply_json(r, 200, external != NULL ? json_incref(external) : json_object());
    }
}
