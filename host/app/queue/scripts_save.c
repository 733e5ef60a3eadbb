/* One script, condition or moment is changed. */
#include "host/app/queue/scripts_impl.h"

#include "host/base/mem.h"

#include <string.h>

static int save(struct scripts *s, enum scripts_kind kind, const struct scripts_entry *entry,
    store_cb done, void *context, struct err *e)
{
    struct script_change c = {0};
    struct script_row *row = scripts_add_row(&c, kind, entry->name);
    row->description = mem_strdup(entry->description != NULL ? entry->description : "");
    row->body = mem_strdup(entry->body != NULL ? entry->body : "");
    row->clears_bed = kind == SCRIPTS_SCRIPT && entry->clears_bed;
    return scripts_check_and_submit(s, &c, done, context, e);
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

static int remove_one(struct scripts *s, enum scripts_kind kind, const char *name, store_cb done,
    void *context, struct err *e)
{
    struct script_change c = {0};
    int rc = scripts_check_removable(s, kind, name, e);
    if (rc == 0) {
        scripts_add_row(&c, kind, name);
        rc = scripts_check_and_submit(s, &c, done, context, e);
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

int scripts_set_hooks(struct scripts *s, enum driver_moment m, const struct scripts_hook *hooks,
    size_t n, store_cb done, void *context, struct err *e)
{
    struct script_change c = {0};
    if (n > SCRIPTS_HOOKS_MAX) {
        return scripts_too_many_hooks(m, n, e);
    }
    for (size_t i = 0; i < n; i++) {
        if (hooks[i].script[0] == '\0') {
            script_change_fini(&c);
            return err_field(
                e, PP_EINVAL, "script", "%s: a script needs a name", driver_moment_name(m));
        }
        scripts_add_hook(&c, m, hooks[i].script, hooks[i].condition);
    }
    if (n == 0) {
        scripts_add_hook(&c, m, "", "");
    }
    return scripts_check_and_submit(s, &c, done, context, e);
}
