/* What is in the tools, what prints take from it, and whether it will do. */
#include "host/app/queue/spools_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/store_spools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a tool holds, while that is being written. */
struct loading {
    struct spools *owner;
    unsigned tool;
    char holds[QUEUE_WORD_MAX + 1];
    uint64_t version;
    store_cb done;
    void *context;
};

static void hold(struct spools *s, unsigned tool, const char *holds)
{
    struct tool *t = &s->tool[tool];
    str_copy(t->holds, sizeof t->holds, holds, strlen(holds));
    t->version = ++s->versions;
    spools_changed(s);
}

static void on_loaded(void *context, const struct err *e)
{
    struct loading *l = context;
    struct spools *s = l->owner;
    struct tool *t = &s->tool[l->tool];
    s->open--;
    if (e == NULL) {
        memcpy(t->saved, l->holds, sizeof t->saved);
    } else if (t->version == l->version) {
        hold(s, l->tool, t->saved);
    }
    if (l->done != NULL) {
        l->done(l->context, e);
    }
    spools_drop(s);
    free(l);
}

static int in_other_tool(
    const struct spools *s, const struct spool_entry *spool, unsigned tool, struct err *e)
{
    for (unsigned i = 0; i < QUEUE_TOOLS_MAX; i++) {
        if (i != tool && strcmp(s->tool[i].holds, spool->id) == 0) {
            return err_field(e, PP_EBUSY, "holds",
                "spool \"%s\" is in tool %u: unload it there first", spool->name, i);
        }
    }
    return 0;
}

/* A spool's id, or the key as it is. */
static int what_is_meant(const struct spools *s, unsigned tool, const char *what,
    char out[static QUEUE_WORD_MAX + 1], struct err *e)
{
    const struct spool_entry *spool = NULL;
    int rc = spools_find(s, what, &spool, e);
    if (rc == -PP_ENOTFOUND) {
        rc = spools_check_key(s, what, e);
    } else if (rc == 0 && spool->archived) {
        rc = err_field(e, PP_EREFUSED, "holds", "spool \"%s\" is archived", spool->name);
    } else if (rc == 0) {
        rc = in_other_tool(s, spool, tool, e);
    }
    if (rc == 0) {
        const char *text = spool != NULL ? spool->id : what;
        str_copy(out, QUEUE_WORD_MAX + 1, text, strlen(text));
    }
    return rc;
}

int spools_load(
    struct spools *s, unsigned tool, const char *what, store_cb done, void *context, struct err *e)
{
    char holds[QUEUE_WORD_MAX + 1] = "";
    if (tool >= QUEUE_TOOLS_MAX) {
        return err_field(
            e, PP_EINVAL, "tool", "tool %u: must be from 0 to %d", tool, QUEUE_TOOLS_MAX - 1);
    }
    int rc = what[0] != '\0' ? what_is_meant(s, tool, what, holds, e) : 0;
    if (rc != 0) {
        return rc;
    }
    struct loading *l = mem_alloc(sizeof *l);
    *l = (struct loading){.owner = s, .tool = tool, .done = done, .context = context};
    memcpy(l->holds, holds, sizeof l->holds);
    s->open++;
    store_save_tool(s->store, tool, holds, on_loaded, l);
    hold(s, tool, holds);
    l->version = s->tool[tool].version;
    return 0;
}

const char *spools_loaded(const struct spools *s, unsigned tool)
{
    return tool < QUEUE_TOOLS_MAX ? s->tool[tool].key : "";
}

static struct kept_spool *spool_in(const struct spools *s, unsigned tool)
{
    bool holds = tool < QUEUE_TOOLS_MAX && s->tool[tool].holds[0] != '\0';
    return holds ? spools_by_id(s, s->tool[tool].holds) : NULL;
}

const struct spool_entry *spools_loaded_spool(const struct spools *s, unsigned tool)
{
    const struct kept_spool *k = spool_in(s, tool);
    return k != NULL ? &k->entry : NULL;
}

/* ---- prints ----------------------------------------------------------------------------------
 */

static void on_used(void *context, const struct err *e)
{
    struct spools *s = context;
    s->open--;
    if (e != NULL) {
        log_warn("what is left on a spool could not be recorded: %s", e->text);
    }
    spools_drop(s);
}

static void take(int64_t *left_mg, int64_t used_mg)
{
    if (*left_mg >= 0) {
        *left_mg = *left_mg > used_mg ? *left_mg - used_mg : 0;
    }
}

void spools_use(struct spools *s, const int64_t filament_um[QUEUE_TOOLS_MAX])
{
    bool any = false;
    for (unsigned i = 0; i < QUEUE_TOOLS_MAX; i++) {
        struct kept_spool *k = spool_in(s, i);
        if (filament_um[i] > 0 && k != NULL && k->entry.left_mg >= 0) {
            int64_t used = spools_weigh_mg(s, &k->entry, filament_um[i]);
            take(&k->entry.left_mg, used);
            take(&k->saved.left_mg, used);
            s->open++;
            spools_write(s, &k->entry, on_used, s);
            any = true;
        }
    }
    if (any) {
        spools_changed(s);
    }
}

static void tell_lack(const struct spool_entry *spool, unsigned tool, int64_t needs_mg,
    int64_t reserve_mg, char *out, size_t out_size)
{
    char spare[48] = "";
    if (reserve_mg > 0) {
        snprintf(spare, sizeof spare, ", and %.0f g to spare", (double)reserve_mg / 1000);
    }
    snprintf(out, out_size, "tool %u: spool \"%s\" has %.1f g left, this print needs %.1f g%s",
        tool, spool->name, (double)spool->left_mg / 1000, (double)needs_mg / 1000, spare);
}

bool spools_enough(const struct spools *s, const int64_t filament_um[QUEUE_TOOLS_MAX],
    int64_t reserve_mg, char *out, size_t out_size)
{
    *out = '\0';
    for (unsigned i = 0; i < QUEUE_TOOLS_MAX; i++) {
        const struct kept_spool *k = spool_in(s, i);
        if (filament_um[i] > 0 && k != NULL && k->entry.left_mg >= 0) {
            int64_t needs = spools_weigh_mg(s, &k->entry, filament_um[i]);
            if (k->entry.left_mg < needs + reserve_mg) {
                tell_lack(&k->entry, i, needs, reserve_mg, out, out_size);
                return false;
            }
        }
    }
    return true;
}
