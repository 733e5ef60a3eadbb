/* Changes of scripts, conditions and hooks: checked, made durable, then in effect. */
#include "host/app/queue/scripts_impl.h"

#include "host/app/queue/script_file.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define OWN_MAX 500 /* of a kind */

static const char *const kinds[SCRIPTS_KINDS] = {"script", "condition"};

/* ---- in effect ------------------------------------------------------------------------------- */

static enum scripts_kind kind_of(const struct script_row *row)
{
    return row->condition ? SCRIPTS_CONDITION : SCRIPTS_SCRIPT;
}

static void apply_row(struct scripts *s, struct script_row *row)
{
    if (row->body == NULL) {
        scripts_own_drop(s, kind_of(row), row->name);
        return;
    }
    struct scripts_entry *entry = mem_alloc(sizeof *entry);
    str_copy(entry->name, sizeof entry->name, row->name, strlen(row->name));
    entry->description = row->description;
    entry->body = row->body;
    entry->clears_bed = row->clears_bed;
    row->description = NULL;
    row->body = NULL;
    scripts_own_put(s, kind_of(row), entry);
}

static void apply_hooks(struct scripts *s, const struct script_change *c)
{
    bool seen[MOMENTS] = {false};
    for (size_t i = 0; i < c->hook_count; i++) {
        const struct hook_row *row = &c->hooks[i];
        enum driver_moment m = MOMENT_ACTIVATE;
        if (!driver_moment_parse(row->moment, &m)) {
            log_warn("scripts: \"%s\" is no moment; what hangs on it is left out", row->moment);
            continue;
        }
        struct scripts_hooks *h = &s->hooks[m];
        h->count = seen[m] ? h->count : 0;
        seen[m] = true;
        if (row->script[0] != '\0' && h->count < SCRIPTS_HOOKS_MAX) {
            struct scripts_hook *hook = &h->at[h->count++];
            memcpy(hook->script, row->script, sizeof hook->script);
            memcpy(hook->condition, row->condition, sizeof hook->condition);
        }
    }
}

void scripts_apply(struct scripts *s, struct script_change *c)
{
    for (size_t i = 0; i < c->script_count; i++) {
        apply_row(s, &c->scripts[i]);
    }
    apply_hooks(s, c);
    scripts_index(s);
    script_change_fini(c);
}

/* ---- durable --------------------------------------------------------------------------------- */

static struct script_change copy_change(const struct script_change *c)
{
    struct script_change copy = *c;
    copy.scripts = mem_array(c->script_count + 1, sizeof *copy.scripts);
    copy.hooks = mem_array(c->hook_count + 1, sizeof *copy.hooks);
    for (size_t i = 0; i < c->script_count; i++) {
        const struct script_row *row = &c->scripts[i];
        copy.scripts[i] = *row;
        copy.scripts[i].body = row->body != NULL ? mem_strdup(row->body) : NULL;
        copy.scripts[i].description =
            row->description != NULL ? mem_strdup(row->description) : NULL;
    }
    if (c->hook_count > 0) {
        memcpy(copy.hooks, c->hooks, c->hook_count * sizeof *c->hooks);
    }
    return copy;
}

static void free_pending(struct scripts_pending *p)
{
    script_change_fini(&p->change);
    free(p);
}

/* Answers come in the order of the changes: it is the oldest. */
static void on_durable(void *context, const struct err *e)
{
    struct scripts_pending *p = context;
    struct scripts *s = p->owner;
    if (s != NULL) {
        s->pending = p->next;
        if (e == NULL) {
            scripts_apply(s, &p->change);
        }
        if (p->done != NULL) {
            p->done(p->context, e);
        }
    }
    free_pending(p);
}

void scripts_forget_pending(struct scripts *s)
{
    struct err e = {0};
    err_set(&e, PP_ECANCELED, "the host is shutting down");
    while (s->pending != NULL) {
        struct scripts_pending *p = s->pending;
        s->pending = p->next;
        p->owner = NULL;
        if (p->done != NULL) {
            p->done(p->context, &e);
        }
    }
}

static void submit(struct scripts *s, struct script_change *c, store_cb done, void *context)
{
    if (s->store == NULL) {
        scripts_apply(s, c);
        if (done != NULL) {
            done(context, NULL);
        }
        return;
    }
    struct scripts_pending *p = mem_alloc(sizeof *p);
    *p = (struct scripts_pending){
        .owner = s, .change = copy_change(c), .done = done, .context = context};
    struct scripts_pending **end = &s->pending;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = p;
    store_change_scripts(s->store, c, on_durable, p);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static int check_name(enum scripts_kind kind, const char *name, struct err *e)
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
    enum scripts_kind kind = kind_of(row);
    if (check_name(kind, row->name, e) != 0) {
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
        if (kind_of(&c->scripts[i]) == kind && strcmp(c->scripts[i].name, name) == 0) {
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
    if (strcmp(used, row->name) != 0 || will_exist(s, c, kind_of(row), row->name)) {
        return 0;
    }
    return err_set(e, PP_EBUSY, "%s \"%s\" hangs on %s: take it off there first",
        kinds[kind_of(row)], row->name, moment);
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

static int check_change(const struct scripts *s, const struct script_change *c, struct err *e)
{
    int rc = 0;
    size_t added[SCRIPTS_KINDS] = {s->own[0].count, s->own[1].count};
    for (size_t i = 0; rc == 0 && i < c->script_count; i++) {
        const struct script_row *row = &c->scripts[i];
        added[kind_of(row)] += row->body != NULL;
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

/* Takes the change. */
static int check_and_submit(
    struct scripts *s, struct script_change *c, store_cb done, void *context, struct err *e)
{
    struct err own = {0};
    int rc = check_change(s, c, e != NULL ? e : &own);
    if (rc == 0) {
        submit(s, c, done, context);
    }
    script_change_fini(c);
    return rc;
}

/* ---- one script or condition ----------------------------------------------------------------- */

static struct script_row *add_row(struct script_change *c, enum scripts_kind kind, const char *name)
{
    c->scripts = mem_resize(c->scripts, c->script_count + 1, sizeof *c->scripts);
    struct script_row *row = &c->scripts[c->script_count++];
    *row = (struct script_row){.condition = kind == SCRIPTS_CONDITION};
    str_copy(row->name, sizeof row->name, name, strlen(name));
    return row;
}

static int save(struct scripts *s, enum scripts_kind kind, const struct scripts_entry *entry,
    store_cb done, void *context, struct err *e)
{
    struct script_change c = {0};
    struct script_row *row = add_row(&c, kind, entry->name);
    row->description = mem_strdup(entry->description != NULL ? entry->description : "");
    row->body = mem_strdup(entry->body != NULL ? entry->body : "");
    row->clears_bed = kind == SCRIPTS_SCRIPT && entry->clears_bed;
    return check_and_submit(s, &c, done, context, e);
}

int scripts_save(struct scripts *s, const struct scripts_entry *script, store_cb done,
    void *context, struct err *e)
{
    return save(s, SCRIPTS_SCRIPT, script, done, context, e);
}

int scripts_save_condition(struct scripts *s, const struct scripts_entry *condition, store_cb done,
    void *context, struct err *e)
{
    return save(s, SCRIPTS_CONDITION, condition, done, context, e);
}

static int check_removable(
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

static int remove_one(struct scripts *s, enum scripts_kind kind, const char *name, store_cb done,
    void *context, struct err *e)
{
    struct script_change c = {0};
    int rc = check_removable(s, kind, name, e);
    if (rc == 0) {
        add_row(&c, kind, name);
        rc = check_and_submit(s, &c, done, context, e);
    }
    return rc;
}

int scripts_remove(struct scripts *s, const char *name, store_cb done, void *context, struct err *e)
{
    return remove_one(s, SCRIPTS_SCRIPT, name, done, context, e);
}

int scripts_remove_condition(
    struct scripts *s, const char *name, store_cb done, void *context, struct err *e)
{
    return remove_one(s, SCRIPTS_CONDITION, name, done, context, e);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static void add_hook(
    struct script_change *c, enum driver_moment m, const char *script, const char *condition)
{
    const char *moment = driver_moment_name(m);
    c->hooks = mem_resize(c->hooks, c->hook_count + 1, sizeof *c->hooks);
    struct hook_row *row = &c->hooks[c->hook_count++];
    *row = (struct hook_row){.moment = ""};
    str_copy(row->moment, sizeof row->moment, moment, strlen(moment));
    str_copy(row->script, sizeof row->script, script, strlen(script));
    str_copy(row->condition, sizeof row->condition, condition, strlen(condition));
}

static int too_many_hooks(enum driver_moment m, size_t n, struct err *e)
{
    return err_field(e, PP_EINVAL, "hooks", "%s: %zu scripts are more than %d",
        driver_moment_name(m), n, SCRIPTS_HOOKS_MAX);
}

int scripts_set_hooks(struct scripts *s, enum driver_moment m, const struct scripts_hook *hooks,
    size_t n, store_cb done, void *context, struct err *e)
{
    struct script_change c = {0};
    if (n > SCRIPTS_HOOKS_MAX) {
        return too_many_hooks(m, n, e);
    }
    for (size_t i = 0; i < n; i++) {
        if (hooks[i].script[0] == '\0') {
            script_change_fini(&c);
            return err_field(
                e, PP_EINVAL, "script", "%s: a script needs a name", driver_moment_name(m));
        }
        add_hook(&c, m, hooks[i].script, hooks[i].condition);
    }
    if (n == 0) {
        add_hook(&c, m, "", "");
    }
    return check_and_submit(s, &c, done, context, e);
}

/* ---- everything at once ---------------------------------------------------------------------- */

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
    struct script_row *row = add_row(c, kind, name);
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
                "%s \"%s\": \"%s\": must be body, description or clears_bed", kinds[kind], name,
                key);
        }
    }
    if (!json_is_string(body) || (description != NULL && !json_is_string(description)) ||
        (clears != NULL && !json_is_boolean(clears))) {
        return err_field(e, PP_EINVAL, "scripts",
            "%s \"%s\": must have a body and may have a description (texts) and clears_bed (true "
            "or false)",
            kinds[kind], name);
    }
    struct script_row *row = add_row(c, kind, name);
    row->body = mem_strdup(json_string_value(body));
    row->description = mem_strdup(description != NULL ? json_string_value(description) : "");
    row->clears_bed = kind == SCRIPTS_SCRIPT && json_is_true(clears);
    return 0;
}

static int take_entry(const struct scripts *s, struct script_change *c, enum scripts_kind kind,
    const char *name, json_t *value, struct err *e)
{
    char shown[64];
    if (check_name(kind, name, e) != 0) { /* before it is cut to fit */
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
            "%s \"%s\": %s: must be a text, or null to remove", kinds[kind], name,
            json_quote(value, shown, sizeof shown));
    }
    int rc = check_removable(s, kind, name, e);
    if (rc == 0) {
        add_row(c, kind, name);
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
    add_hook(c, m, script, condition);
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
        return too_many_hooks(m, n, e);
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_t *copy = json_copy(json_array_get(list, i));
        rc = take_hook(c, m, copy, e);
        json_decref(copy);
    }
    if (n == 0) {
        add_hook(c, m, "", "");
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
        return check_and_submit(s, &c, done, context, e);
    }
    script_change_fini(&c);
    return rc;
}
