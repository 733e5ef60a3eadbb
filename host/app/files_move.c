/* A name becomes another: a file's, or a folder's and those of all that is in it. */
#include "host/app/files_change.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_moved(const char *name, const struct naming *n)
{
    return strcmp(name, n->name) == 0 || name_is_in(name, n->name);
}

/* False when it gets too long. */
static bool new_name(const char *name, const struct naming *n, char out[static 402])
{
    snprintf(out, 402, "%s%s", n->to, name + strlen(n->name));
    return strlen(out) <= 200;
}

static int check_target(const struct files *f, const struct naming *n, struct err *e)
{
    if (is_moved(n->to, n)) {
        return err_field(
            e, PP_EINVAL, "to", "\"%s\" cannot go into itself (\"%s\")", n->name, n->to);
    }
    if (entry_find_any(f, n->to) != NULL || folder_is(f, n->to)) {
        return err_field(e, PP_EEXIST, "to", "\"%s\" is there already", n->to);
    }
    return name_check_place(f, n->to, e);
}

static int check_member(const struct entry *entry, const struct naming *n, struct err *e)
{
    char to[402];
    const char *name = entry->file.row.name;
    if (entry->removing) {
        return err_field(e, PP_EBUSY, "file", "file \"%s\" is being removed", name);
    }
    if (!new_name(name, n, to) || name_check(to, "file", e) != 0) {
        return err_field(e, PP_EINVAL, "to",
            "\"%.60s\" would be called \"%.80s\": at most 200 bytes, 8 folders deep", name, to);
    }
    if (file_kind_of(name) != file_kind_of(to)) {
        return err_field(e, PP_EINVAL, "to", "\"%.80s\" is no %s: keep the suffix of \"%.80s\"", to,
            file_kind_name(file_kind_of(name)), name);
    }
    return 0;
}

static int check_folder_member(const char *name, const struct naming *n, struct err *e)
{
    char to[402];
    if (new_name(name, n, to) && name_check_folder(to, e) == 0) {
        return 0;
    }
    return err_field(e, PP_EINVAL, "to",
        "folder \"%.60s\" would be called \"%.80s\": at most 200 bytes, 8 folders deep", name, to);
}

static int check_move(const struct files *f, const struct naming *n, struct err *e)
{
    bool found = false;
    int rc = name_check(n->to, "new", e);
    rc = rc == 0 ? check_target(f, n, e) : rc;
    for (size_t i = 0; rc == 0 && i < f->by_name.count; i++) {
        const struct entry *entry = f->by_name.at[i];
        if (is_moved(entry->file.row.name, n)) {
            found = true;
            rc = check_member(entry, n, e);
        }
    }
    for (size_t i = 0; rc == 0 && i < f->folders_count; i++) {
        if (is_moved(f->folders[i], n)) {
            found = true;
            rc = check_folder_member(f->folders[i], n, e);
        }
    }
    return rc == 0 && !found ? name_not_found(n->name, e) : rc;
}

/* The entries that move, as an array to be freed: their order changes as they do. */
static struct entry **moved_entries(const struct files *f, const struct naming *n, size_t *count)
{
    struct entry **moved = mem_array(f->by_name.count + 1, sizeof *moved);
    *count = 0;
    for (size_t i = 0; i < f->by_name.count; i++) {
        if (is_moved(f->by_name.at[i]->file.row.name, n)) {
            moved[(*count)++] = f->by_name.at[i];
        }
    }
    return moved;
}

static void rename_folders(struct files *f, const struct naming *n)
{
    char to[402];
    for (size_t i = 0; i < f->folders_count;) {
        if (is_moved(f->folders[i], n)) {
            new_name(f->folders[i], n, to);
            folder_take_out(f, f->folders[i]);
            folder_insert(f, to);
            i = 0;
        } else {
            i++;
        }
    }
}

static void rename_all(struct files *f, const struct naming *n, struct entry **moved, size_t count)
{
    char to[402];
    for (size_t i = 0; i < count; i++) {
        new_name(moved[i]->file.row.name, n, to);
        entry_rename(f, moved[i], to);
    }
    rename_folders(f, n);
    folders_add(f, n->to);
}

static void on_moved(void *context, const struct err *e)
{
    struct naming *n = context;
    struct files *f = n->task.files;
    size_t count = 0;
    struct entry **moved = f != NULL ? moved_entries(f, n, &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        moved[i]->moving = false;
    }
    if (f != NULL && e == NULL) {
        rename_all(f, n, moved, count);
    }
    free(moved);
    naming_end_turn(n, e);
}

static void move(struct turn *t)
{
    struct naming *n = naming_of(t);
    struct files *f = n->task.files;
    char to[402];
    size_t count;
    if (check_move(f, n, &n->err) != 0) {
        naming_refuse_turn(n);
        return;
    }
    struct entry **moved = moved_entries(f, n, &count);
    struct file_change *c = file_change_new();
    folders_add_rows(f, n->to, c);
    for (size_t i = 0; i < count; i++) {
        new_name(moved[i]->file.row.name, n, to);
        file_change_drop(c, moved[i]->file.row.name);
        entry_save_row(c, moved[i], to);
        moved[i]->moving = true;
    }
    for (size_t i = 0; i < f->folders_count; i++) {
        if (is_moved(f->folders[i], n)) {
            new_name(f->folders[i], n, to);
            file_change_drop_folder(c, f->folders[i]);
            file_change_add_folder(c, to);
        }
    }
    free(moved);
    store_change_files(f->store, c, on_moved, n);
}

void files_move(struct files *f, const char *from, const char *to, store_cb done, void *context)
{
    struct naming *n = naming_new(f, from, to, done, context);
    if (name_check(from, "file", &n->err) != 0 || name_check(to, "new", &n->err) != 0) {
        naming_refuse(n);
        return;
    }
    turn_wait(f, &n->turn, move);
}
