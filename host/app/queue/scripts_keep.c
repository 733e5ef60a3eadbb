/* Changes of scripts, conditions and hooks become durable and then are in effect. */
#include "host/app/queue/scripts_impl.h"

#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum scripts_kind scripts_row_kind(const struct script_row *row)
{
    return row->condition ? SCRIPTS_CONDITION : SCRIPTS_SCRIPT;
}

/* ---- in effect ------------------------------------------------------------------------------- */

static void apply_row(struct scripts *s, struct script_row *row)
{
    if (row->body == NULL) {
        scripts_own_drop(s, scripts_row_kind(row), row->name);
        return;
    }
    struct scripts_entry *entry = mem_alloc(sizeof *entry);
    str_copy(entry->name, sizeof entry->name, row->name, strlen(row->name));
    entry->description = row->description;
    entry->body = row->body;
    entry->clears_bed = row->clears_bed;
    row->description = NULL;
    row->body = NULL;
    scripts_own_put(s, scripts_row_kind(row), entry);
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
        s->hooks_set[m] = true;
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

void scripts_submit(struct scripts *s, struct script_change *c, store_cb done, void *context)
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

/* ---- building a change ------------------------------------------------------------------------
 */

struct script_row *scripts_add_row(
    struct script_change *c, enum scripts_kind kind, const char *name)
{
    c->scripts = mem_resize(c->scripts, c->script_count + 1, sizeof *c->scripts);
    struct script_row *row = &c->scripts[c->script_count++];
    *row = (struct script_row){.condition = kind == SCRIPTS_CONDITION};
    str_copy(row->name, sizeof row->name, name, strlen(name));
    return row;
}

void scripts_add_hook(
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

/* Takes the change. */
int scripts_check_and_submit(
    struct scripts *s, struct script_change *c, store_cb done, void *context, struct err *e)
{
    struct err own = {0};
    int rc = scripts_check(s, c, e != NULL ? e : &own);
    if (rc == 0) {
        scripts_submit(s, c, done, context);
    }
    script_change_fini(c);
    return rc;
}
