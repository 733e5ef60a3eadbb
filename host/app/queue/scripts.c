#include "host/app/queue/scripts_impl.h"

#include "host/app/queue/script_file.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Until a person sets others: wait for somebody to take the part off; at the end all is off. */
static const struct {
    enum driver_moment moment;
    struct scripts_hook hook;
} defaults[] = {
    {MOMENT_PRINT_SUCCESS, {"pause", ""}},
    {MOMENT_FINISH, {"off", ""}},
};

/* ---- lists ----------------------------------------------------------------------------------- */

bool scripts_list_find(const struct scripts_list *l, const char *name, size_t *index)
{
    size_t low = 0;
    size_t high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(l->at[middle]->name, name);
        if (order == 0) {
            *index = middle;
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    *index = low;
    return false;
}

static const struct scripts_entry *find(const struct scripts_list *l, const char *name)
{
    size_t i = 0;
    return scripts_list_find(l, name, &i) ? l->at[i] : NULL;
}

static const struct scripts_entry *at(const struct scripts_list *l, size_t index)
{
    return index < l->count ? l->at[index] : NULL;
}

static void insert(struct scripts_list *l, size_t index, const struct scripts_entry *entry)
{
    l->at = mem_resize(l->at, l->count + 1, sizeof *l->at);
    memmove(&l->at[index + 1], &l->at[index], (l->count - index) * sizeof *l->at);
    l->at[index] = entry;
    l->count++;
}

/* Adds an entry unless there is one of its name. */
static void add(struct scripts_list *l, const struct scripts_entry *entry)
{
    size_t i = 0;
    if (!scripts_list_find(l, entry->name, &i)) {
        insert(l, i, entry);
    }
}

/* ---- a person's ------------------------------------------------------------------------------ */

static void free_own(const struct scripts_entry *entry)
{
    free(entry->description);
    free(entry->body);
    free((void *)(uintptr_t)entry);
}

void scripts_own_put(struct scripts *s, enum scripts_kind kind, struct scripts_entry *entry)
{
    struct scripts_list *l = &s->own[kind];
    size_t i = 0;
    if (scripts_list_find(l, entry->name, &i)) {
        free_own(l->at[i]);
        l->at[i] = entry;
    } else {
        insert(l, i, entry);
    }
}

void scripts_own_drop(struct scripts *s, enum scripts_kind kind, const char *name)
{
    struct scripts_list *l = &s->own[kind];
    size_t i = 0;
    if (scripts_list_find(l, name, &i)) {
        free_own(l->at[i]);
        memmove(&l->at[i], &l->at[i + 1], (l->count - i - 1) * sizeof *l->at);
        l->count--;
    }
}

void scripts_index(struct scripts *s)
{
    const struct script_file *file = NULL;
    for (int kind = 0; kind < SCRIPTS_KINDS; kind++) {
        s->all[kind].count = 0;
        for (size_t i = 0; i < s->own[kind].count; i++) {
            add(&s->all[kind], s->own[kind].at[i]);
        }
    }
    for (size_t i = 0; (file = shelf_at(s->shelf, i)) != NULL; i++) {
        add(&s->all[file->condition ? SCRIPTS_CONDITION : SCRIPTS_SCRIPT], &file->entry);
    }
}

const struct scripts_entry *scripts_shipped(
    const struct scripts *s, enum scripts_kind kind, const char *name)
{
    const struct script_file *file = shelf_find(s->shelf, name);
    return file != NULL && file->condition == (kind == SCRIPTS_CONDITION) ? &file->entry : NULL;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void set_defaults(struct scripts *s)
{
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        struct scripts_hooks *h = &s->hooks[defaults[i].moment];
        h->at[h->count++] = defaults[i].hook;
    }
}

void scripts_set_clear_script(struct scripts *s, const char *name)
{
    struct scripts_hooks *h = &s->hooks[MOMENT_PRINT_SUCCESS];
    const struct scripts_entry *script = scripts_find(s, name);
    bool usable = script != NULL && script->clears_bed;
    if (s->hooks_set[MOMENT_PRINT_SUCCESS]) {
        return;
    }
    if (name[0] != '\0' && !usable) {
        log_warn("clear_script \"%s\": %s; a person is asked to clear the bed", name,
            script != NULL ? "does not say that it clears the bed" : "there is no such script");
    }
    const char *chosen = usable ? name : defaults[0].hook.script;
    h->count = 1;
    h->at[0] = (struct scripts_hook){.condition = ""};
    str_copy(h->at[0].script, sizeof h->at[0].script, chosen, strlen(chosen));
}

int scripts_open(struct scripts **out, const char *const *dirs, struct store *store, struct err *e)
{
    struct script_change kept = {0};
    struct shelf *shelf = NULL;
    int rc = shelf_open(&shelf, &script_file_kind, dirs, e);
    if (rc == 0 && store != NULL) {
        rc = store_load_scripts(store, &kept, e);
    }
    if (rc != 0) {
        shelf_close(shelf);
        return rc;
    }
    struct scripts *s = mem_alloc(sizeof *s);
    s->shelf = shelf;
    s->store = store;
    set_defaults(s);
    scripts_apply(s, &kept);
    *out = s;
    return 0;
}

void scripts_close(struct scripts *s)
{
    if (s == NULL) {
        return;
    }
    scripts_forget_pending(s);
    for (int kind = 0; kind < SCRIPTS_KINDS; kind++) {
        for (size_t i = 0; i < s->own[kind].count; i++) {
            free_own(s->own[kind].at[i]);
        }
        free(s->own[kind].at);
        free(s->all[kind].at);
    }
    shelf_close(s->shelf);
    free(s);
}

bool scripts_reload(struct scripts *s)
{
    bool changed = shelf_reload(s->shelf);
    scripts_index(s);
    return changed;
}

const char *scripts_mistake(const struct scripts *s, size_t index)
{
    return shelf_mistake(s->shelf, index);
}

const struct scripts_entry *scripts_at(const struct scripts *s, size_t index)
{
    return at(&s->all[SCRIPTS_SCRIPT], index);
}

const struct scripts_entry *scripts_find(const struct scripts *s, const char *name)
{
    return find(&s->all[SCRIPTS_SCRIPT], name);
}

const struct scripts_entry *scripts_condition_at(const struct scripts *s, size_t index)
{
    return at(&s->all[SCRIPTS_CONDITION], index);
}

const struct scripts_entry *scripts_condition_find(const struct scripts *s, const char *name)
{
    return find(&s->all[SCRIPTS_CONDITION], name);
}

size_t scripts_hooks(const struct scripts *s, enum driver_moment m, const struct scripts_hook **out)
{
    *out = s->hooks[m].at;
    return s->hooks[m].count;
}
