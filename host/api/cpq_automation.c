/* Continuous Print's scripts, preprocessors and events over ours; what other programs tell.
 *
 * Its preprocessors are our conditions. They are Lua here: one in its own language is refused with
 * the mistake that Lua finds in it. Its eight events are eight of our moments, ours that it does
 * not know are called alike. An edit brings everything: a person's script that is not in it is
 * removed, and an event without a list has none; our own scripts, and moments it does not know,
 * stay.
 */
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
#define TRIALS_MAX   64

static const struct {
    const char *id;
    enum driver_moment moment;
    bool its_own; /* its clients send it with every edit, unless nothing hangs on it */
} events[] = {
    {"continuousprint_activate", MOMENT_ACTIVATE, true},
    {"continuousprint_start_print", MOMENT_PRINT_START, true},
    {"continuousprint_success", MOMENT_PRINT_SUCCESS, true},
    {"continuousprint_cancel", MOMENT_PRINT_CANCEL, true},
    {"continuousprint_cooldown", MOMENT_COOLDOWN, true},
    {"continuousprint_finish", MOMENT_FINISH, true},
    {"continuousprint_awaiting_material", MOMENT_AWAITING_MATERIAL, true},
    {"continuousprint_deactivate", MOMENT_DEACTIVATE, true},
    {"continuousprint_failure", MOMENT_PRINT_FAILURE, false},
    {"continuousprint_pause", MOMENT_PRINT_PAUSE, false},
    {"continuousprint_resume", MOMENT_PRINT_RESUME, false},
    {"continuousprint_awaiting_bed", MOMENT_AWAITING_BED, false},
};

/* ---- shown ----------------------------------------------------------------------------------- */

static json_t *hooks_view(const struct scripts *s, enum driver_moment moment)
{
    json_t *list = json_array();
    const struct scripts_hook *hooks;
    size_t n = scripts_hooks(s, moment, &hooks);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{s:s, s:o}", "script", hooks[i].script,
                                        "preprocessor", json_text(hooks[i].condition)));
    }
    return list;
}

void cpq_automation_get(struct request *r)
{
    const struct scripts_entry *entry;
    const struct scripts *s = api_scripts_of(r);
    if (s == NULL) {
        return;
    }
    json_t *scripts = json_object();
    json_t *conditions = json_object();
    json_t *hooks = json_object();
    for (size_t i = 0; (entry = scripts_at(s, i)) != NULL; i++) {
        json_object_set_new(scripts, entry->name, json_string(entry->body));
    }
    for (size_t i = 0; (entry = scripts_condition_at(s, i)) != NULL; i++) {
        json_object_set_new(conditions, entry->name, json_string(entry->body));
    }
    for (size_t i = 0; i < COUNT(events); i++) {
        json_t *list = hooks_view(s, events[i].moment);
        if (json_array_size(list) > 0) {
            json_object_set(hooks, events[i].id, list);
        }
        json_decref(list);
    }
    reply_json(r, 200,
        json_pack(
            "{s:o, s:o, s:o}", "scripts", scripts, "preprocessors", conditions, "events", hooks));
}

/* ---- edited ---------------------------------------------------------------------------------- */

/* What a person has made and is not listed is to go. */
static void remove_others(const struct scripts *s,
    const struct scripts_entry *(*at)(const struct scripts *, size_t), json_t *listed)
{
    const struct scripts_entry *entry;
    for (size_t i = 0; (entry = at(s, i)) != NULL; i++) {
        if (!entry->shipped && json_object_get(listed, entry->name) == NULL) {
            json_object_set_new(listed, entry->name, json_null());
        }
    }
}

static int unknown_event(const char *id, struct err *e)
{
    char shown[64];
    const char *names[COUNT(events)];
    for (size_t i = 0; i < COUNT(events); i++) {
        names[i] = events[i].id;
    }
    str_escape(shown, sizeof shown, id, strlen(id));
    const char *near = str_suggest(shown, names, COUNT(events));
    return err_field(e, PP_EINVAL, "events", "\"%s\" is no event%s%s%s", shown,
        near != NULL ? ": did you mean \"" : " (such as continuousprint_success)",
        near != NULL ? near : "", near != NULL ? "\"?" : "");
}

/* One list of {"script", "preprocessor"} in our words. */
static json_t *take_hooks(const json_t *list)
{
    size_t i;
    json_t *hook;
    json_t *hooks = json_array();
    json_array_foreach(list, i, hook)
    {
        json_t *ours = json_copy(hook);
        json_t *condition = json_incref(json_object_get(ours, "preprocessor"));
        if (condition != NULL) {
            json_object_del(ours, "preprocessor");
            json_object_set_new(ours, "condition", condition);
        }
        json_array_append_new(hooks, ours);
    }
    return hooks;
}

static int take_events(const json_t *given, json_t *out, struct err *e)
{
    const char *id;
    json_t *list;
    for (size_t i = 0; i < COUNT(events); i++) {
        if (events[i].its_own) {
            json_object_set_new(out, driver_moment_name(events[i].moment), json_array());
        }
    }
    json_object_foreach((json_t *)(uintptr_t)given, id, list)
    {
        size_t i = 0;
        while (i < COUNT(events) && strcmp(events[i].id, id) != 0) {
            i++;
        }
        if (i == COUNT(events)) {
            return unknown_event(id, e);
        }
        if (!json_is_array(list)) {
            return err_field(
                e, PP_EINVAL, "events", "%s: must be a list of {\"script\", \"preprocessor\"}", id);
        }
        json_object_set_new(out, driver_moment_name(events[i].moment), take_hooks(list));
    }
    return 0;
}

static int check_parts(const json_t *input, struct err *e)
{
    static const char *const parts[] = {"scripts", "preprocessors", "events"};
    char shown[64];
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)input, name, value)
    {
        size_t i = 0;
        while (i < COUNT(parts) && strcmp(parts[i], name) != 0) {
            i++;
        }
        if (i == COUNT(parts)) {
            str_escape(shown, sizeof shown, name, strlen(name));
            return err_field(e, PP_EINVAL, shown, "unknown field \"%s\"", shown);
        }
        if (!json_is_object(value)) {
            return err_field(e, PP_EINVAL, name, "%s %s: must be an object", name,
                json_quote(value, shown, sizeof shown));
        }
    }
    if (json_object_size(input) == 0) {
        return err_set(e, PP_EINVAL, "send {\"scripts\", \"preprocessors\", \"events\"}");
    }
    return 0;
}

/* As scripts_replace() takes it; what was not sent stays as it is. */
static int make_change(const struct scripts *s, json_t *input, json_t *all, struct err *e)
{
    json_t *scripts = json_object_get(input, "scripts");
    json_t *conditions = json_object_get(input, "preprocessors");
    const json_t *hooks = json_object_get(input, "events");
    int rc = 0;
    if (scripts != NULL) {
        remove_others(s, scripts_at, scripts);
        json_object_set(all, "scripts", scripts);
    }
    if (conditions != NULL) {
        remove_others(s, scripts_condition_at, conditions);
        json_object_set(all, "conditions", conditions);
    }
    if (hooks != NULL) {
        json_t *ours = json_object();
        rc = take_events(hooks, ours, e);
        json_object_set_new(all, "events", ours);
    }
    return rc;
}

static void replaced(void *context, const struct err *e)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        cpq_reply_ok(r);
    }
    request_wake(r);
}

void cpq_automation_edit(struct request *r)
{
    struct err e = {0};
    struct scripts *s = api_scripts_of(r);
    if (s == NULL) {
        return;
    }
    json_t *all = json_object();
    int rc = cpq_input(r, &e);
    rc = rc == 0 ? check_parts(r->input, &e) : rc;
    rc = rc == 0 ? make_change(s, r->input, all, &e) : rc;
    request_wait(r);
    rc = rc == 0 ? scripts_replace(s, all, replaced, r, &e) : rc;
    if (rc != 0) {
        reply_error(r, &e);
        request_wake(r);
    } else {
        log_info("scripts, conditions and events replaced by %s", r->key_name);
    }
    json_decref(all);
}

/* ---- told by others -------------------------------------------------------------------------- */

void cpq_automation_external(struct request *r)
{
    struct err e = {0};
    struct manage *m = r->http->o.manage;
    int rc = cpq_input(r, &e);
    if (rc == 0 && m == NULL) {
        rc = err_set(&e, PP_EOFFLINE, "this host manages no queue");
    }
    rc = rc == 0 ? manage_set_external(m, r->input, &e) : rc;
    if (!reply_failed(r, rc, &e)) {
        cpq_reply_ok(r);
    }
}

/* ---- a dry run ------------------------------------------------------------------------------- */

static int text_of(const json_t *value, const char **out, struct err *e)
{
    char shown[64];
    *out = value == NULL || json_is_null(value) ? "" : json_string_value(value);
    return *out != NULL ? 0
                        : err_field(e, PP_EINVAL, "automation",
                              "automation: %s: must be the text of a script or preprocessor",
                              json_quote(value, shown, sizeof shown));
}

/* [script, preprocessor] or an object of both, their texts. */
static int read_trial(const json_t *value, struct scripts_trial *t, struct err *e)
{
    bool list = json_is_array(value);
    const json_t *script = list ? json_array_get(value, 0) : json_object_get(value, "script");
    const json_t *condition =
        list ? json_array_get(value, 1) : json_object_get(value, "preprocessor");
    int rc = text_of(script, &t->script, e);
    return rc == 0 ? text_of(condition, &t->condition, e) : rc;
}

static int read_trials(
    const json_t *list, struct scripts_trial trials[static TRIALS_MAX], struct err *e)
{
    char shown[64];
    int rc = 0;
    if (!json_is_array(list) || json_array_size(list) > TRIALS_MAX) {
        return err_field(e, PP_EINVAL, "automation",
            "automation %s: must be a list of at most %d [script, preprocessor]",
            json_quote(list, shown, sizeof shown), TRIALS_MAX);
    }
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        rc = read_trial(json_array_get(list, i), &trials[i], e);
    }
    return rc;
}

/* Its clients show each changed symbol as a text. */
static json_t *changes_view(const json_t *changed)
{
    const char *name;
    json_t *value;
    json_t *view = json_object();
    json_object_foreach((json_t *)(uintptr_t)changed, name, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));
        json_object_set_new(view, name, json_text(text));
        free(text);
    }
    return view;
}

static int read_simulation(struct request *r, json_t **symbols,
    struct scripts_trial trials[static TRIALS_MAX], struct err *e)
{
    char shown[64];
    int rc = cpq_input(r, e);
    rc = rc == 0 ? cpq_unwrap(r->input, "symtable", e) : rc;
    rc = rc == 0 ? cpq_unwrap(r->input, "automation", e) : rc;
    rc = rc == 0 ? read_trials(json_object_get(r->input, "automation"), trials, e) : rc;
    *symbols = rc == 0 ? json_incref(json_object_get(r->input, "symtable")) : NULL;
    if (*symbols != NULL && !json_is_object(*symbols)) {
        return err_field(e, PP_EINVAL, "symtable", "symtable %s: must be an object {…}",
            json_quote(*symbols, shown, sizeof shown));
    }
    if (rc == 0 && *symbols == NULL) {
        const struct manage *m = r->http->o.manage;
        *symbols = m != NULL ? manage_symbols(m, MOMENT_PRINT_SUCCESS) : json_object();
    }
    return rc;
}

void cpq_automation_simulate(struct request *r)
{
    struct scripts_trial trials[TRIALS_MAX];
    json_t *symbols = NULL;
    struct err e = {0};
    if (!reply_failed(r, read_simulation(r, &symbols, trials, &e), &e)) {
        size_t n = json_array_size(json_object_get(r->input, "automation"));
        json_t *told = scripts_try_all(trials, n, symbols);
        const char *mistake = json_string_value(json_object_get(told, "error"));
        reply_json(r, 200,
            json_pack("{s:O, s:O, s:s, s:o}", "gcode", json_object_get(told, "gcode"), "stdout",
                json_object_get(told, "said"), "stderr", mistake != NULL ? mistake : "",
                "symtable_diff", changes_view(json_object_get(told, "symbols"))));
        json_decref(told);
    }
    json_decref(symbols);
}
