/* Scripts, conditions and hooks are changed all at once, from JSON. */
#include "host/app/queue/scripts_impl.h"

#include "host/base/json.h"
#include "host/base/mem.h"

#include <string.h>

/* What there is now, which a body alone changes. */
static const struct scripts_entry *current(
    const struct scripts *s, enum scripts_kind kind, const char *name)
{
    return kind == SCRIPTS_SCRIPT ? scripts_find(s, name) : scripts_condition_find(s, name);
}

static void take_body(const struct scripts *s, struct script_change *c, enum scripts_kind kind,
    const char *name, const char *body)
{
    const struct scripts_entry *now = current(s, kind, name);
    if (now != NULL && strcmp(now->body, body) == 0) {
        return;
    }
    struct script_row *row = scripts_add_row(c, kind, name);
    row->body = mem_strdup(body);
    row->description = mem_strdup(now != NULL ? now->description : "");
}

static int take_object(
    struct script_change *c, enum scripts_kind kind, const char *name, json_t *value, struct err *e)
{
    static const char *const known[] = {"body", "description", "clears_bed", NULL};
    const json_t *body = json_object_get(value, "body");
    const json_t *description = json_object_get(value, "description");
    const json_t *clears = json_object_get(value, "clears_bed");
    const char *key = NULL;
    json_t *member = NULL;
    json_object_foreach(value, key, member)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            return err_field(e, PP_EINVAL, "scripts",
                "%s \"%s\": \"%s\": must be body, description or clears_bed",
                scripts_kind_name(kind), name, key);
        }
    }
    if (!json_is_string(body) || (description != NULL && !json_is_string(description)) ||
        (clears != NULL && !json_is_boolean(clears))) {
        return err_field(e, PP_EINVAL, "scripts",
            "%s \"%s\": must have a body and may have a description (texts) and clears_bed (true "
            "or false)",
            scripts_kind_name(kind), name);
    }
    struct script_row *row = scripts_add_row(c, kind, name);
    row->body = mem_strdup(json_string_value(body));
    row->description = mem_strdup(description != NULL ? json_string_value(description) : "");
    row->clears_bed = kind == SCRIPTS_SCRIPT && json_is_true(clears);
    return 0;
}

static int take_entry(const struct scripts *s, struct script_change *c, enum scripts_kind kind,
    const char *name, json_t *value, struct err *e)
{
    char shown[64];
    if (scripts_check_name(kind, name, e) != 0) { /* before it is cut to fit */
        return -e->code;
    }
    if (json_is_string(value)) {
        take_body(s, c, kind, name, json_string_value(value));
        return 0;
    }
    if (json_is_object(value)) {
        return take_object(c, kind, name, value, e);
    }
    if (!json_is_null(value)) {
        return err_field(e, PP_EINVAL, "scripts",
            "%s \"%s\": %s: must be a text, or null to remove", scripts_kind_name(kind), name,
            json_quote(value, shown, sizeof shown));
    }
    int rc = scripts_check_removable(s, kind, name, e);
    if (rc == 0) {
        scripts_add_row(c, kind, name);
    }
    return rc;
}

static int take_hook(struct script_change *c, enum driver_moment m, json_t *value, struct err *e)
{
    char script[SCRIPTS_NAME_MAX + 1] = "";
    char condition[SCRIPTS_NAME_MAX + 1] = "";
    const struct json_field fields[] = {
        {"script", JSON_KIND_TEXT, true, script, 1, SCRIPTS_NAME_MAX},
        {"condition", JSON_KIND_TEXT, false, condition, 0, SCRIPTS_NAME_MAX},
    };
    if (json_is_null(json_object_get(value, "condition"))) {
        json_object_del(value, "condition");
    }
    if (!json_is_object(value)) {
        return err_field(e, PP_EINVAL, "events",
            "%s: must be a list of {\"script\": name, \"condition\": name}", driver_moment_name(m));
    }
    int rc = json_read(value, fields, 2, e);
    if (rc != 0) {
        return err_wrap(e, "%s", driver_moment_name(m));
    }
    scripts_add_hook(c, m, script, condition);
    return 0;
}

static int take_moment(struct script_change *c, const char *name, const json_t *list, struct err *e)
{
    char shown[64];
    enum driver_moment m = MOMENT_ACTIVATE;
    size_t n = json_array_size(list);
    if (!driver_moment_parse(name, &m)) {
        return err_field(e, PP_EINVAL, "events", "\"%s\" is no moment",
            str_escape(shown, sizeof shown, name, strlen(name)));
    }
    if (!json_is_array(list)) {
        return err_field(e, PP_EINVAL, "events", "%s: must be a list", name);
    }
    if (n > SCRIPTS_HOOKS_MAX) {
        return scripts_too_many_hooks(m, n, e);
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_t *copy = json_copy(json_array_get(list, i));
        rc = take_hook(c, m, copy, e);
        json_decref(copy);
    }
    if (n == 0) {
        scripts_add_hook(c, m, "", "");
    }
    return rc;
}

static int take_part(const struct scripts *s, struct script_change *c, const char *part,
    json_t *value, struct err *e)
{
    const char *name = NULL;
    json_t *member = NULL;
    int rc = 0;
    bool events = strcmp(part, "events") == 0;
    bool scripts = strcmp(part, "scripts") == 0;
    if (!events && !scripts && strcmp(part, "conditions") != 0) {
        return err_set(
            e, PP_EINVAL, "\"%s\": there are scripts, conditions and events alone", part);
    }
    if (!json_is_object(value)) {
        return err_field(e, PP_EINVAL, part, "%s: must be an object", part);
    }
    json_object_foreach(value, name, member)
    {
        if (rc == 0) {
            rc = events ? take_moment(c, name, member, e)
                        : take_entry(
                              s, c, scripts ? SCRIPTS_SCRIPT : SCRIPTS_CONDITION, name, member, e);
        }
    }
    return rc;
}

int scripts_replace(
    struct scripts *s, const json_t *all, store_cb done, void *context, struct err *e)
{
    struct err own = {0};
    struct script_change c = {0};
    const char *part = NULL;
    json_t *value = NULL;
    int rc = 0;
    e = e != NULL ? e : &own;
    json_object_foreach((json_t *)(uintptr_t)all, part, value)
    {
        rc = rc == 0 ? take_part(s, &c, part, value, e) : rc;
    }
    if (rc == 0) {
        return scripts_check_and_submit(s, &c, done, context, e);
    }
    script_change_fini(&c);
    return rc;
}
