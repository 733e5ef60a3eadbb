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

/* ---- entries
 * ------------------------------------------------------------------------------------- */

/* The first entry not before `name`. */
static size_t position(const struct files *f, const char *name)
{
    size_t low = 0;
    size_t high = f->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(f->entry[middle]->file.row.name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct entry *find(const struct files *f, const char *name)
{
    size_t i = position(f, name);
    return i < f->count && strcmp(f->entry[i]->file.row.name, name) == 0 ? f->entry[i] : NULL;
}

struct entry *entry_find(const struct files *f, const char *name)
{
    struct entry *entry = find(f, name);
    return entry != NULL && !entry->removing ? entry : NULL;
}

static void insert(struct files *f, struct entry *entry)
{
    size_t i = position(f, entry->file.row.name);
    if (f->count == f->cap) {
        f->cap = f->cap > 0 ? f->cap * 2 : 16;
        f->entry = mem_resize(f->entry, f->cap, sizeof(void *));
    }
    for (size_t at = f->count++; at > i; at--) {
        f->entry[at] = f->entry[at - 1];
    }
    f->entry[i] = entry;
}

static void take_out(struct files *f, struct entry *entry)
{
    size_t i = position(f, entry->file.row.name);
    assert(f->entry[i] == entry);
    f->count--;
    for (; i < f->count; i++) {
        f->entry[i] = f->entry[i + 1];
    }
}

static void remove_entry(struct files *f, struct entry *entry)
{
    take_out(f, entry);
    entry_drop_content(f, entry->file.row.sha256);
    free(entry);
}

void entry_put(struct files *f, struct entry *entry)
{
    struct entry *old = find(f, entry->file.row.name);
    if (old != NULL) {
        take_out(f, old);
    }
    insert(f, entry);
    if (old != NULL) {
        entry_drop_content(f, old->file.row.sha256);
        free(old);
    }
}

static bool has_content(const struct files *f, const char *sha256)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->entry[i]->file.row.sha256, sha256) == 0) {
            return true;
        }
    }
    for (const struct task *t = f->tasks; t != NULL; t = t->next) {
        if (upload_has_content(t, sha256)) {
            return true;
        }
    }
    return false;
}

struct file_row entry_row(const struct entry *entry, char **text)
{
    struct file_row row = entry->file.row;
    json_t *json = analysis_to_json(&entry->file.analysis);
    *text = entry->file.analysed ? json_dumps(json, JSON_COMPACT) : NULL;
    row.analysis = *text;
    json_decref(json);
    return row;
}

/* ---- unlinking: a large file can take a slow disk a second
 * ---------------------------------------- */

struct unlinking {
    uv_work_t work;
    char *path; /* owned */
};

static void do_unlink(uv_work_t *work)
{
    struct unlinking *u = work->data;
    unlink(u->path);
}

static void on_unlinked(uv_work_t *work, int status)
{
    struct unlinking *u = work->data;
    (void)status; /* what stays is swept at the next start */
    free(u->path);
    free(u);
}

void entry_drop_content(struct files *f, const char *sha256)
{
    char *hidden = has_content(f, sha256) ? NULL : blob_hide(f->dir, sha256);
    if (hidden == NULL) {
        return;
    }
    struct unlinking *u = mem_alloc(sizeof *u);
    u->work.data = u;
    u->path = hidden;
    uv_queue_work(f->loop, &u->work, do_unlink, on_unlinked);
}

/* ---- looking
 * ------------------------------------------------------------------------------------- */

const struct file_entry *files_find(const struct files *f, const char *name)
{
    const struct entry *entry = entry_find(f, name);
    return entry != NULL ? &entry->file : NULL;
}

const struct file_entry *files_after(const struct files *f, const char *name)
{
    for (size_t i = position(f, name); i < f->count; i++) {
        const struct file_entry *file = &f->entry[i]->file;
        if (!f->entry[i]->removing && strcmp(file->row.name, name) != 0) {
            return file;
        }
    }
    return NULL;
}

const struct file_entry *files_at(const struct files *f, size_t index)
{
    for (size_t i = 0; i < f->count; i++) {
        if (!f->entry[i]->removing && index-- == 0) {
            return &f->entry[i]->file;
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

/* ---- pins
 * ---------------------------------------------------------------------------------------- */

static int not_found(const char *name, struct err *e)
{
    char shown[128];
    str_escape(shown, sizeof shown, name, strnlen(name, sizeof shown));
    return err_field(e, PP_ENOTFOUND, "file", "no file is called \"%s\"", shown);
}

bool entry_is_replaced(const struct files *f, const char *name)
{
    const struct task *t = f->tasks;
    while (t != NULL && !upload_replaces(t, name)) {
        t = t->next;
    }
    return t != NULL;
}

int entry_may_change(const struct files *f, const char *name, struct err *e)
{
    const struct entry *entry = find(f, name);
    if (entry == NULL || entry->pins == 0) {
        return 0;
    }
    return err_field(e, PP_EBUSY, "file",
        "file \"%s\" is being printed: use another name, or wait for the end of the print", name);
}

void files_pin(struct files *f, const char *name)
{
    struct entry *entry = entry_find(f, name);
    assert(entry != NULL);
    entry->pins++;
}

void files_unpin(struct files *f, const char *name)
{
    struct entry *entry = find(f, name);
    assert(entry != NULL && entry->pins > 0);
    entry->pins--;
}

/* ---- removing
 * ------------------------------------------------------------------------------------ */

struct removal {
    struct task task;
    uv_work_t work; /* answers a refusal later, as everything is answered */
    struct entry *entry;
    struct err err;
    store_cb done;
    void *context;
};

static void cancel_removal(struct task *t, const struct err *e)
{
    struct removal *r = (struct removal *)t;
    if (r->done != NULL) {
        r->done(r->context, e);
    }
}

static void end_removal(struct removal *r, const struct err *e)
{
    if (r->task.files != NULL) {
        task_end(&r->task);
        if (r->done != NULL) {
            r->done(r->context, e);
        }
    }
    free(r);
}

static void on_row_removed(void *context, const struct err *e)
{
    struct removal *r = context;
    if (r->task.files != NULL && e == NULL) {
        remove_entry(r->task.files, r->entry);
    } else if (r->task.files != NULL) {
        r->entry->removing = false;
    }
    end_removal(r, e);
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void on_refused(uv_work_t *work, int status)
{
    struct removal *r = work->data;
    (void)status;
    end_removal(r, &r->err);
}

static int check_not_replaced(const struct files *f, const char *name, struct err *e)
{
    if (!entry_is_replaced(f, name)) {
        return 0;
    }
    return err_field(e, PP_EBUSY, "file", "file \"%s\" is just being replaced by an upload", name);
}

void files_remove(struct files *f, const char *name, store_cb done, void *context)
{
    struct removal *r = mem_alloc(sizeof *r);
    r->done = done;
    r->context = context;
    r->entry = entry_find(f, name);
    task_add(f, &r->task, cancel_removal);
    if (r->entry == NULL) {
        not_found(name, &r->err);
    } else if (entry_may_change(f, name, &r->err) == 0 &&
               check_not_replaced(f, name, &r->err) == 0) {
        r->entry->removing = true;
        store_remove_file(f->store, name, on_row_removed, r);
        return;
    }
    r->work.data = r;
    uv_queue_work(f->loop, &r->work, do_nothing, on_refused);
}
