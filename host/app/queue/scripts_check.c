/* What a change of scripts, conditions and hooks must be like. */
#include "host/app/queue/scripts_impl.h"

#include "host/app/queue/script_file.h"

#include <string.h>

#define OWN_MAX 500 /* of a kind */

static const char *const kinds[SCRIPTS_KINDS] = {"script", "condition"};

const char *scripts_kind_name(enum scripts_kind kind)
{
    return kinds[kind];
}

/* ---- scripts and conditions
 * ---------------------------------------------------------------------------------- */

int scripts_check_name(enum scripts_kind kind, const char *name, struct err *e)
{
    char shown[96];
    size_t len = strnlen(name, SCRIPTS_NAME_MAX + 1);
    bool good = len > 0 && len <= SCRIPTS_NAME_MAX && name[0] != ' ' && name[0] != '.' &&
                name[len - 1] != ' ';
    for (size_t i = 0; good && i < len; i++) {
        good = (unsigned char)name[i] >= 0x20 && name[i] != 0x7f && name[i] != '/';
    }
    return good ? 0
                : err_field(e, PP_EINVAL, "name",
                      "%s \"%s\": a name has 1 to %d characters, no / and no dot or blank first",
                      kinds[kind], str_escape(shown, sizeof shown, name, len), SCRIPTS_NAME_MAX);
}

static int check_row(const struct script_row *row, struct err *e)
{
    enum scripts_kind kind = scripts_row_kind(row);
    if (scripts_check_name(kind, row->name, e) != 0) {
        return -e->code;
    }
    if (row->body == NULL) {
        return 0;
    }
    if (strlen(row->description) > SCRIPTS_DESCRIPTION_MAX) {
        return err_field(e, PP_EINVAL, "description",
            "%s \"%s\": more than %d bytes of description", kinds[kind], row->name,
            SCRIPTS_DESCRIPTION_MAX);
    }
    int rc = row->condition ? condition_body_check(row->body, e) : script_body_check(row->body, e);
    if (rc != 0) {
        str_copy(e->field, sizeof e->field, "body", 4);
        return err_wrap(e, "%s \"%s\"", kinds[kind], row->name);
    }
    return 0;
}

static void look_in(
    const struct script_change *c, enum scripts_kind kind, const char *name, int *there)
{
    for (size_t i = 0; i < c->script_count; i++) {
        if (scripts_row_kind(&c->scripts[i]) == kind && strcmp(c->scripts[i].name, name) == 0) {
            *there = c->scripts[i].body != NULL;
        }
    }
}

/* True if there will be one of this name after all changes under way and this one. */
static bool will_exist(const struct scripts *s, const struct script_change *c,
    enum scripts_kind kind, const char *name)
{
    int own = -1; /* nobody says anything */
    size_t i = 0;
    for (const struct scripts_pending *p = s->pending; p != NULL; p = p->next) {
        look_in(&p->change, kind, name, &own);
    }
    look_in(c, kind, name, &own);
    return own > 0 || scripts_shipped(s, kind, name) != NULL ||
           (own < 0 && scripts_list_find(&s->own[kind], name, &i));
}

static int check_hook(
    const struct scripts *s, const struct script_change *c, const struct hook_row *h, struct err *e)
{
    if (!will_exist(s, c, SCRIPTS_SCRIPT, h->script)) {
        return err_field(
            e, PP_ENOTFOUND, "script", "%s: there is no script \"%s\"", h->moment, h->script);
    }
    if (h->condition[0] != '\0' && !will_exist(s, c, SCRIPTS_CONDITION, h->condition)) {
        return err_field(e, PP_ENOTFOUND, "condition", "%s: there is no condition \"%s\"",
            h->moment, h->condition);
    }
    return 0;
}

/* The newest change that sets this moment's hooks; NULL: none does. */
static const struct script_change *sets_moment(
    const struct scripts *s, const struct script_change *c, const char *moment)
{
    const struct script_change *found = NULL;
    for (const struct scripts_pending *p = s->pending; p != NULL; p = p->next) {
        for (size_t i = 0; i < p->change.hook_count; i++) {
            found = strcmp(p->change.hooks[i].moment, moment) == 0 ? &p->change : found;
        }
    }
    for (size_t i = 0; i < c->hook_count; i++) {
        found = strcmp(c->hooks[i].moment, moment) == 0 ? c : found;
    }
    return found;
}

/* A removed script or condition must not hang on a moment. */
static int check_removed(const struct scripts *s, const struct script_change *c,
    const struct script_row *row, const char *moment, const char *script, const char *condition,
    struct err *e)
{
    const char *used = row->condition ? condition : script;
    if (strcmp(used, row->name) != 0 || will_exist(s, c, scripts_row_kind(row), row->name)) {
        return 0;
    }
    return err_set(e, PP_EBUSY, "%s \"%s\" hangs on %s: take it off there first",
        kinds[scripts_row_kind(row)], row->name, moment);
}

static int check_moment(const struct scripts *s, const struct script_change *c,
    const struct script_row *row, enum driver_moment m, struct err *e)
{
    const char *moment = driver_moment_name(m);
    const struct script_change *set = sets_moment(s, c, moment);
    int rc = 0;
    for (size_t i = 0; set == NULL && rc == 0 && i < s->hooks[m].count; i++) {
        const struct scripts_hook *h = &s->hooks[m].at[i];
        rc = check_removed(s, c, row, moment, h->script, h->condition, e);
    }
    for (size_t i = 0; set != NULL && rc == 0 && i < set->hook_count; i++) {
        const struct hook_row *h = &set->hooks[i];
        if (strcmp(h->moment, moment) == 0) {
            rc = check_removed(s, c, row, moment, h->script, h->condition, e);
        }
    }
    return rc;
}

int scripts_check(const struct scripts *s, const struct script_change *c, struct err *e)
{
    int rc = 0;
    size_t added[SCRIPTS_KINDS] = {s->own[0].count, s->own[1].count};
    for (size_t i = 0; rc == 0 && i < c->script_count; i++) {
        const struct script_row *row = &c->scripts[i];
        added[scripts_row_kind(row)] += row->body != NULL;
        rc = check_row(row, e);
        for (int m = 0; rc == 0 && row->body == NULL && m < MOMENTS; m++) {
            rc = check_moment(s, c, row, (enum driver_moment)m, e);
        }
    }
    for (size_t i = 0; rc == 0 && i < c->hook_count; i++) {
        rc = c->hooks[i].script[0] != '\0' ? check_hook(s, c, &c->hooks[i], e) : 0;
    }
    if (rc == 0 && (added[0] > OWN_MAX || added[1] > OWN_MAX)) {
        rc = err_set(e, PP_ELIMIT, "at most %d scripts and as many conditions", OWN_MAX);
    }
    return rc;
}

int scripts_check_removable(
    const struct scripts *s, enum scripts_kind kind, const char *name, struct err *e)
{
    size_t i = 0;
    if (scripts_list_find(&s->own[kind], name, &i)) {
        return 0;
    }
    const struct scripts_entry *shipped = scripts_shipped(s, kind, name);
    if (shipped != NULL) {
        return err_set(e, PP_EREFUSED, "%s \"%s\" comes from %s and cannot be removed here",
            kinds[kind], name, shipped->source);
    }
    char shown[96];
    return err_set(e, PP_ENOTFOUND, "there is no %s \"%s\"", kinds[kind],
        str_escape(shown, sizeof shown, name, strlen(name)));
}

int scripts_too_many_hooks(enum driver_moment m, size_t n, struct err *e)
{
    return err_field(e, PP_EINVAL, "hooks", "%s: %zu scripts are more than %d",
        driver_moment_name(m), n, SCRIPTS_HOOKS_MAX);
}
