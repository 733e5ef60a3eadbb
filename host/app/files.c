/* Entries: the names, what they stand for, who holds on to them. */
#include "host/app/files_impl.h"

#include "host/app/analysis_json.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- tasks
 * --------------------------------------------------------------------------------------- */

void task_add(struct files *f, struct task *t, void (*cancel)(struct task *t, const struct err *e))
{
    t->files = f;
    t->cancel = cancel;
    t->next = f->tasks;
    t->link = &f->tasks;
    if (t->next != NULL) {
        t->next->link = &t->next;
    }
    f->tasks = t;
}

void task_end(struct task *t)
{
    if (t->files == NULL) {
        return;
    }
    *t->link = t->next;
    if (t->next != NULL) {
        t->next->link = t->link;
    }
    t->files = NULL;
}

/* ---- turns
 * --------------------------------------------------------------------------------------- */

void turn_wait(struct files *f, struct turn *t, void (*begin)(struct turn *t))
{
    struct turn **last = &f->turns;
    *t = (struct turn){.begin = begin};
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = t;
    if (f->turns == t) {
        t->begun = true;
        begin(t);
    }
}

void turn_end(struct files *f, struct turn *t)
{
    assert(f->turns == t);
    f->turns = t->next;
    if (f->turns != NULL) {
        f->turns->begun = true;
        f->turns->begin(f->turns);
    }
}

/* ---- entries
 * ------------------------------------------------------------------------------------- */

typedef int (*entry_order)(const struct entry *a, const struct entry *b);

static int order_by_name(const struct entry *a, const struct entry *b)
{
    return strcmp(a->file.row.name, b->file.row.name);
}

static int order_by_content(const struct entry *a, const struct entry *b)
{
    int order = strcmp(a->file.row.sha256, b->file.row.sha256);
    return order != 0 ? order : order_by_name(a, b);
}

/* The first entry not before `wanted`. */
static size_t position(const struct entry_list *l, const struct entry *wanted, entry_order order)
{
    size_t low = 0;
    size_t high = l->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (order(l->at[middle], wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void list_insert(struct entry_list *l, struct entry *entry, entry_order order)
{
    size_t i = position(l, entry, order);
    if (l->count == l->cap) {
        l->cap = l->cap > 0 ? l->cap * 2 : 16;
        l->at = mem_resize(l->at, l->cap, sizeof(void *));
    }
    memmove(l->at + i + 1, l->at + i, (l->count - i) * sizeof(void *));
    l->at[i] = entry;
    l->count++;
}

static void list_take_out(struct entry_list *l, const struct entry *entry, entry_order order)
{
    size_t i = position(l, entry, order);
    assert(i < l->count && l->at[i] == entry);
    l->count--;
    memmove(l->at + i, l->at + i + 1, (l->count - i) * sizeof(void *));
}

size_t entry_position(const struct files *f, const char *name)
{
    struct entry wanted;
    str_copy(wanted.file.row.name, sizeof wanted.file.row.name, name, strlen(name));
    return position(&f->by_name, &wanted, order_by_name);
}

struct entry *entry_find_any(const struct files *f, const char *name)
{
    size_t i = entry_position(f, name);
    bool found = i < f->by_name.count && strcmp(f->by_name.at[i]->file.row.name, name) == 0;
    return found ? f->by_name.at[i] : NULL;
}

struct entry *entry_find(const struct files *f, const char *name)
{
    struct entry *entry = entry_find_any(f, name);
    return entry != NULL && !entry->removing ? entry : NULL;
}

bool entry_is_hidden(const struct entry *entry)
{
    return entry->file.row.name[0] == '.';
}

void entry_insert(struct files *f, struct entry *entry)
{
    list_insert(&f->by_name, entry, order_by_name);
    list_insert(&f->by_content, entry, order_by_content);
    f->hidden += entry_is_hidden(entry);
}

void entry_take_out(struct files *f, struct entry *entry)
{
    list_take_out(&f->by_name, entry, order_by_name);
    list_take_out(&f->by_content, entry, order_by_content);
    f->hidden -= entry_is_hidden(entry);
}

void entry_rename(struct files *f, struct entry *entry, const char *name)
{
    entry_take_out(f, entry);
    str_copy(entry->file.row.name, sizeof entry->file.row.name, name, strlen(name));
    entry_insert(f, entry);
}

size_t entry_content_position(const struct files *f, const char *sha256)
{
    struct entry wanted;
    wanted.file.row.name[0] = '\0';
    str_copy(wanted.file.row.sha256, sizeof wanted.file.row.sha256, sha256, strlen(sha256));
    return position(&f->by_content, &wanted, order_by_content);
}

struct entry *entry_content_at(const struct files *f, size_t index, const char *sha256)
{
    struct entry *entry = index < f->by_content.count ? f->by_content.at[index] : NULL;
    return entry != NULL && strcmp(entry->file.row.sha256, sha256) == 0 ? entry : NULL;
}

void entry_save_row(struct file_change *c, const struct entry *entry, const char *name)
{
    struct file_row row = entry->file.row;
    json_t *json = analysis_to_json(&entry->file.analysis);
    row.analysis = entry->file.analysed ? json_dumps(json, JSON_COMPACT) : NULL;
    str_copy(row.name, sizeof row.name, name, strlen(name));
    file_change_save(c, &row);
    free(row.analysis);
    json_decref(json);
}

/* ---- looking
 * ------------------------------------------------------------------------------------- */

const struct file_entry *files_find(const struct files *f, const char *name)
{
    const struct entry *entry = name[0] != '.' ? entry_find(f, name) : NULL;
    return entry != NULL ? &entry->file : NULL;
}

const struct file_entry *files_find_content(const struct files *f, const char *sha256)
{
    const struct entry *best = NULL;
    const struct entry *entry;
    for (size_t i = entry_content_position(f, sha256);
         (entry = entry_content_at(f, i, sha256)) != NULL; i++) {
        bool worse = best != NULL && (entry_is_hidden(best) || !best->file.analysed);
        if (best == NULL || best->removing || (worse && !entry->removing)) {
            best = entry;
        }
    }
    return best != NULL ? &best->file : NULL;
}

static bool is_shown(const struct entry *entry)
{
    return !entry->removing && !entry_is_hidden(entry);
}

const struct file_entry *files_after(const struct files *f, const char *name)
{
    for (size_t i = entry_position(f, name); i < f->by_name.count; i++) {
        const struct entry *entry = f->by_name.at[i];
        if (is_shown(entry) && strcmp(entry->file.row.name, name) != 0) {
            return &entry->file;
        }
    }
    return NULL;
}

const struct file_entry *files_at(const struct files *f, size_t index)
{
    for (size_t i = 0; i < f->by_name.count; i++) {
        if (is_shown(f->by_name.at[i]) && index-- == 0) {
            return &f->by_name.at[i]->file;
        }
    }
    return NULL;
}

void files_path(const struct files *f, const char *sha256, char *out, size_t out_size)
{
    int n = snprintf(out, out_size, "%s/%s", f->dir, sha256);
    assert(n > 0 && (size_t)n < out_size);
}

void files_set_kinematics(struct files *f, const struct kinematics *k)
{
    f->kinematics = *k;
}

const struct kinematics *files_kinematics(const struct files *f)
{
    return &f->kinematics;
}

bool entry_is_replaced(const struct files *f, const char *name)
{
    const struct task *t = f->tasks;
    while (t != NULL && !upload_replaces(t, name)) {
        t = t->next;
    }
    return t != NULL;
}
