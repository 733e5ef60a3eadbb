/* Scripts, conditions and the moments they hang on: shown and changed. */
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
    const struct scripts *s = api_scripts_of(r);
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
    struct scripts *s = api_scripts_of(r);
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
        finish(r,
            script ? scripts_save(s, &entry, done, r, &e)
                   : scripts_save_condition(s, &entry, done, r, &e),
            &e);
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
    struct scripts *s = api_scripts_of(r);
    if (s != NULL) {
        log_info("script \"%s\" removed by %s", r->stars.star[0], r->key_name);
        request_wait(r);
        finish(r, scripts_remove(s, r->stars.star[0], done, r, &e), &e);
    }
}

void api_condition_remove(struct request *r)
{
    struct err e = {0};
    struct scripts *s = api_scripts_of(r);
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
        snprintf(
            field, sizeof field, "hooks[%zu]%s%s", index, e->field[0] != '\0' ? "." : "", e->field);
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
    struct scripts *s = api_scripts_of(r);
    const struct json_field fields[] = {
        {"hooks", JSON_KIND_ARRAY, true, &list, 0, SCRIPTS_HOOKS_MAX},
    };
    if (s == NULL) {
        return;
    }
    int rc = api_moment_parse(r->stars.star[0], &moment, &e);
    rc = rc == 0 ? json_read(r->input, fields, COUNT(fields), &e) : rc;
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        rc = read_hook(json_array_get(list, i), i, &hooks[i], &e);
    }
    if (!reply_failed(r, rc, &e)) {
        log_info("scripts of %s set by %s", driver_moment_name(moment), r->key_name);
        request_wait(r);
        finish(r, scripts_set_hooks(s, moment, hooks, json_array_size(list), done, r, &e), &e);
    }
}
