/* Names that go, folders that come, names that become others (files_move.c): each in its turn, in
 * one transaction of the store, done here once that is durable.
 */
#include "host/app/files_change.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FOLDERS_MAX 4096

static void cancel(struct task *t, const struct err *e)
{
    struct naming *n = (struct naming *)t;
    if (n->done != NULL) {
        n->done(n->context, e);
    }
    if (n->turn.begin != NULL && !n->turn.begun) {
        free(n); /* nobody else will */
    }
}

/* The answer comes last: it may close the files. */
static void end(struct naming *n, const struct err *e)
{
    if (n->task.files != NULL) {
        task_end(&n->task);
        if (n->done != NULL) {
            n->done(n->context, e);
        }
    }
    free(n);
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void on_refused(uv_work_t *work, int status)
{
    struct naming *n = work->data;
    (void)status;
    end(n, &n->err);
}

/* Answers with n->err, later. */
void naming_refuse(struct naming *n)
{
    n->work.data = n;
    uv_queue_work(n->task.files->loop, &n->work, do_nothing, on_refused);
}

void naming_refuse_turn(struct naming *n)
{
    naming_refuse(n);
    turn_end(n->task.files, &n->turn);
}

struct naming *naming_new(
    struct files *f, const char *name, const char *to, store_cb done, void *context)
{
    struct naming *n = mem_alloc(sizeof *n);
    n->done = done;
    n->context = context;
    str_copy(n->name, sizeof n->name, name, strlen(name));
    str_copy(n->to, sizeof n->to, to, strlen(to));
    task_add(f, &n->task, cancel);
    return n;
}

struct naming *naming_of(struct turn *t)
{
    return (struct naming *)((char *)t - offsetof(struct naming, turn));
}

/* Ends a turn that has been written, or could not be. */
void naming_end_turn(struct naming *n, const struct err *e)
{
    if (n->task.files != NULL) {
        turn_end(n->task.files, &n->turn);
    }
    end(n, e);
}

/* ---- a file's name goes
 * -------------------------------------------------------------------------- */

static void on_file_removed(void *context, const struct err *e)
{
    struct naming *n = context;
    if (n->task.files != NULL && e == NULL) {
        entry_keep(n->task.files, n->entry);
    } else if (n->task.files != NULL) {
        n->entry->removing = false;
    }
    naming_end_turn(n, e);
}

static void remove_file(struct turn *t)
{
    struct naming *n = naming_of(t);
    struct files *f = n->task.files;
    if (strcmp(n->entry->file.row.name, n->name) != 0) {
        n->entry->removing = false; /* it was moved meanwhile */
        name_not_found(n->name, &n->err);
        naming_refuse_turn(n);
        return;
    }
    struct file_change *c = file_change_new();
    file_change_drop(c, n->name);
    entry_keep_row(f, n->entry, c);
    store_change_files(f->store, c, on_file_removed, n);
}

static int check_not_replaced(const struct files *f, const char *name, struct err *e)
{
    if (!entry_is_replaced(f, name)) {
        return 0;
    }
    return err_field(e, PP_EBUSY, "file", "file \"%s\" is just being replaced by an upload", name);
}

static int check_not_pinned(const struct files *f, const struct entry *entry, struct err *e)
{
    const char *name = entry->file.row.name;
    if (!content_is_pinned(f, entry->file.row.sha256) || !entry_is_only(f, entry)) {
        return 0;
    }
    if (file_kind_of(name) != FILE_GCODE) {
        return err_field(e, PP_EBUSY, "file", "file \"%s\" is being read: wait for the end", name);
    }
    return err_field(
        e, PP_EBUSY, "file", "file \"%s\" is being printed: wait for the end of the print", name);
}

static int check_not_needed(const struct files *f, const struct entry *entry, struct err *e)
{
    char user[160];
    entry_user(f, entry->file.row.sha256, user, sizeof user);
    if (user[0] == '\0') {
        return 0;
    }
    return err_field(e, PP_EBUSY, "file",
        "%s needs file \"%.80s\": with --force (force=1) its name goes, the job keeps the content",
        user, entry->file.row.name);
}

/* ---- a folder's name goes
 * ------------------------------------------------------------------------ */

static int check_empty(const struct files *f, const char *name, struct err *e)
{
    if (!folder_is(f, name)) {
        return name_not_found(name, e);
    }
    if (!folder_is_full(f, name)) {
        return 0;
    }
    return err_field(
        e, PP_EBUSY, "file", "folder \"%s\" is not empty: remove what is in it first", name);
}

static void on_folder_removed(void *context, const struct err *e)
{
    struct naming *n = context;
    if (n->task.files != NULL && e == NULL) {
        folder_take_out(n->task.files, n->name);
    }
    naming_end_turn(n, e);
}

static void remove_folder(struct turn *t)
{
    struct naming *n = naming_of(t);
    struct files *f = n->task.files;
    if (check_empty(f, n->name, &n->err) != 0) {
        naming_refuse_turn(n);
        return;
    }
    struct file_change *c = file_change_new();
    file_change_drop_folder(c, n->name);
    store_change_files(f->store, c, on_folder_removed, n);
}

void files_remove_name(struct files *f, const char *name, bool force, store_cb done, void *context)
{
    struct naming *n = naming_new(f, name, "", done, context);
    bool hidden = name[0] == '.';
    n->entry = hidden ? NULL : entry_find(f, name);
    if (n->entry == NULL) {
        if (check_empty(f, name, &n->err) != 0) {
            naming_refuse(n);
        } else {
            turn_wait(f, &n->turn, remove_folder);
        }
    } else if (check_not_pinned(f, n->entry, &n->err) != 0 ||
               check_not_replaced(f, name, &n->err) != 0 ||
               (!force && check_not_needed(f, n->entry, &n->err) != 0)) {
        naming_refuse(n);
    } else {
        n->entry->removing = true;
        turn_wait(f, &n->turn, remove_file);
    }
}

/* ---- a folder comes
 * ------------------------------------------------------------------------------ */

static int check_folder(const struct files *f, const char *name, struct err *e)
{
    if (entry_find_any(f, name) != NULL) {
        return err_field(e, PP_EEXIST, "file", "\"%s\" is a file already", name);
    }
    if (f->folders_count >= FOLDERS_MAX) {
        return err_set(
            e, PP_ELIMIT, "there are %d folders already; remove some first", FOLDERS_MAX);
    }
    return name_check_place(f, name, e);
}

static void on_folder_made(void *context, const struct err *e)
{
    struct naming *n = context;
    if (n->task.files != NULL && e == NULL) {
        folders_add(n->task.files, n->name);
        folder_insert(n->task.files, n->name);
    }
    naming_end_turn(n, e);
}

static void make_folder(struct turn *t)
{
    struct naming *n = naming_of(t);
    struct files *f = n->task.files;
    if (check_folder(f, n->name, &n->err) != 0) {
        naming_refuse_turn(n);
        return;
    }
    struct file_change *c = file_change_new();
    folders_add_rows(f, n->name, c);
    file_change_add_folder(c, n->name);
    store_change_files(f->store, c, on_folder_made, n);
}

int files_mkdir(struct files *f, const char *name, store_cb done, void *context, struct err *e)
{
    int rc = name_check_folder(name, e);
    rc = rc == 0 ? check_folder(f, name, e) : rc;
    if (rc == 0) {
        struct naming *n = naming_new(f, name, "", done, context);
        turn_wait(f, &n->turn, make_folder);
    }
    return rc;
}
