/* Content: kept while a name or a job has it, gone from the disk after that. */
#include "host/app/files_impl.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_content(const struct files *f, const char *sha256)
{
    if (entry_content_at(f, entry_content_position(f, sha256), sha256) != NULL) {
        return true;
    }
    for (const struct task *t = f->tasks; t != NULL; t = t->next) {
        if (upload_has_content(t, sha256) || batch_has_content(t, sha256) ||
            adoption_has_content(t, sha256)) {
            return true;
        }
    }
    return false;
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

/* ---- content without a name
 * ---------------------------------------------------------------------- */

void files_set_users(struct files *f,
    void (*user)(void *context, const char *sha256, char *out, size_t out_size), void *context)
{
    f->users_left = f->user != NULL && user == NULL;
    f->user = user;
    f->user_context = context;
}

void entry_user(const struct files *f, const char *sha256, char *out, size_t out_size)
{
    out[0] = '\0';
    if (f->user != NULL) {
        f->user(f->user_context, sha256, out, out_size);
    }
}

bool files_is_needed(const struct files *f, const char *sha256)
{
    char user[256];
    entry_user(f, sha256, user, sizeof user);
    return f->users_left || user[0] != '\0' || content_is_pinned(f, sha256);
}

static bool is_held(const struct files *f, const struct entry *entry)
{
    return entry_is_adopted(entry) &&
           (f->holds == NULL || f->holds(f->holds_context, entry->file.row.sha256));
}

bool entry_is_needed(const struct files *f, const struct entry *entry)
{
    return files_is_needed(f, entry->file.row.sha256) || is_held(f, entry);
}

bool entry_is_only(const struct files *f, const struct entry *entry)
{
    const char *sha256 = entry->file.row.sha256;
    const struct entry *other;
    for (size_t i = entry_content_position(f, sha256);
         (other = entry_content_at(f, i, sha256)) != NULL; i++) {
        if (other != entry) {
            return false;
        }
    }
    return true;
}

void entry_keep_row(const struct files *f, const struct entry *entry, struct file_change *c)
{
    char name[sizeof entry->file.row.name];
    if (entry_is_only(f, entry)) {
        name_kept(entry, name);
        entry_save_row(c, entry, name);
    }
}

void entry_keep(struct files *f, struct entry *entry)
{
    char name[sizeof entry->file.row.name];
    if (!entry_is_only(f, entry)) {
        entry_take_out(f, entry);
        free(entry);
        return;
    }
    name_kept(entry, name);
    entry_rename(f, entry, name);
    entry->removing = false;
    if (!entry_is_needed(f, entry)) {
        entry_drop(f, entry);
    }
}

void entry_drop(struct files *f, struct entry *entry)
{
    char sha256[sizeof entry->file.row.sha256];
    memcpy(sha256, entry->file.row.sha256, sizeof sha256);
    store_remove_file(f->store, entry->file.row.name, NULL, NULL);
    entry_take_out(f, entry);
    free(entry);
    entry_drop_content(f, sha256);
}

/* True for what entry_keep() made; an import under way looks after its own. */
static bool is_kept(const struct entry *entry)
{
    return entry_is_hidden(entry) && strchr(entry->file.row.name, '/') == NULL;
}

void files_drop_unused(struct files *f)
{
    for (size_t i = entry_position(f, "."); i < f->by_name.count;) {
        struct entry *entry = f->by_name.at[i];
        if (!entry_is_hidden(entry)) {
            return;
        }
        if (is_kept(entry) && !entry_is_needed(f, entry)) {
            entry_drop(f, entry);
        } else {
            i++;
        }
    }
}

/* ---- pins
 * ---------------------------------------------------------------------------------------- */

static struct pin **find_pin(const struct files *f, const char *sha256)
{
    struct pin **at = (struct pin **)(uintptr_t)&f->pins;
    while (*at != NULL && strcmp((*at)->sha256, sha256) != 0) {
        at = &(*at)->next;
    }
    return at;
}

bool content_is_pinned(const struct files *f, const char *sha256)
{
    return *find_pin(f, sha256) != NULL;
}

void files_pin(struct files *f, const char *sha256)
{
    struct pin **at = find_pin(f, sha256);
    assert(files_find_content(f, sha256) != NULL);
    if (*at == NULL) {
        *at = mem_alloc(sizeof **at);
        str_copy((*at)->sha256, sizeof(*at)->sha256, sha256, strlen(sha256));
    }
    (*at)->count++;
}

/* What was kept for the pin alone goes with it. */
static void drop_kept(struct files *f, const char *sha256)
{
    struct entry *entry;
    size_t i = entry_content_position(f, sha256);
    while ((entry = entry_content_at(f, i, sha256)) != NULL) {
        if (is_kept(entry) && !entry_is_needed(f, entry)) {
            entry_drop(f, entry);
        } else {
            i++;
        }
    }
}

void files_unpin(struct files *f, const char *sha256)
{
    char copy[BLOB_NAME_SIZE]; /* the caller's may be the entry's own */
    struct pin **at = find_pin(f, sha256);
    assert(*at != NULL);
    if (--(*at)->count > 0) {
        return;
    }
    struct pin *gone = *at;
    *at = gone->next;
    memcpy(copy, gone->sha256, sizeof copy);
    free(gone);
    drop_kept(f, copy);
}
