/* A batch on its way to its names: staged, shown, settled after a crash. */
#include "host/app/files_batch_impl.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_BYTES 100 /* with its number */
#define FOLDER_TRIES 1000

/* In the pool. */
static void publish(uv_work_t *work)
{
    struct file_batch *b = work->data;
    for (size_t i = 0; i < b->count && b->err.code == 0; i++) {
        struct blob *blob = &b->files[i].blob;
        blob->fd = open(blob->path, O_RDONLY | O_CLOEXEC);
        if (blob->fd < 0) {
            err_errno(&b->err, errno, "\"%s\"", blob->path);
        } else if (blob_publish(blob, b->files[i].sha256, &b->err) == 0) {
            close(blob->fd);
            blob->fd = -1;
        }
    }
}

/* ---- staged
 * -------------------------------------------------------------------------------------- */

static void staged_name(const char *name, char out[static 202])
{
    snprintf(out, 202, ".%s", name);
}

static struct entry *staged(const struct files *f, const char *name)
{
    char hidden[202];
    staged_name(name, hidden);
    return entry_find_any(f, hidden);
}

/* True if all files are in the folder as they are, or nothing is. */
static bool folder_does(const struct files *f, const struct file_batch *b, const char *folder)
{
    char name[201];
    char hidden[202];
    size_t same = 0;
    staged_name(folder, hidden);
    if (entry_find_any(f, folder) != NULL || folder_is_full(f, hidden)) {
        return false;
    }
    for (size_t i = 0; i < b->count; i++) {
        snprintf(name, sizeof name, "%.100s/%s", folder, b->files[i].part);
        const struct entry *entry = entry_find(f, name);
        same += entry != NULL && strcmp(entry->file.row.sha256, b->files[i].sha256) == 0;
    }
    return same == b->count || !folder_is_full(f, folder);
}

static int choose_names(const struct files *f, struct file_batch *b, struct err *e)
{
    char folder[FOLDER_BYTES + 1];
    size_t len = name_cut(b->folder, strlen(b->folder), FOLDER_BYTES - 8);
    str_copy(folder, sizeof folder, b->folder, len);
    for (int n = 2; !folder_does(f, b, folder); n++) {
        if (n > FOLDER_TRIES) {
            return err_set(e, PP_ELIMIT, "there are %d folders like \"%s\" already", n, b->folder);
        }
        snprintf(folder, sizeof folder, "%.*s (%d)", (int)len, b->folder, n);
    }
    for (size_t i = 0; i < b->count; i++) {
        snprintf(b->files[i].name, sizeof b->files[i].name, "%s/%s", folder, b->files[i].part);
    }
    return b->count > 0 ? name_check_place(f, b->files[0].name, e) : 0;
}

static int check_count(const struct files *f, const struct file_batch *b, struct err *e)
{
    if (f->by_name.count - f->hidden + b->count <= FILES_MAX) {
        return 0;
    }
    return err_set(e, PP_ELIMIT, "there are %zu files already, and at most %d: remove some first",
        f->by_name.count - f->hidden, FILES_MAX);
}

static struct entry *entry_of(const struct batch_file *file, int64_t now_ms)
{
    char hidden[202];
    struct entry *entry = mem_alloc(sizeof *entry);
    struct file_row *row = &entry->file.row;
    staged_name(file->name, hidden);
    str_copy(row->name, sizeof row->name, hidden, strlen(hidden));
    str_copy(row->sha256, sizeof row->sha256, file->sha256, strlen(file->sha256));
    row->size_bytes = file->blob.size_bytes;
    row->uploaded_ms = now_ms;
    entry->file.analysis = file->analysis;
    entry->file.analysed = file_kind_of(file->part) == FILE_GCODE;
    return entry;
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void on_refused(uv_work_t *work, int status)
{
    struct file_batch *b = work->data;
    (void)status;
    batch_done(b, &b->err);
}

/* Answers with b->err, later. */
static void refuse(struct file_batch *b)
{
    b->work.data = b;
    uv_queue_work(b->loop, &b->work, do_nothing, on_refused);
}

static void on_staged(void *context, const struct err *e)
{
    struct file_batch *b = context;
    struct files *f = b->task.files;
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; f != NULL && e == NULL && i < b->count; i++) {
        entry_insert(f, entry_of(&b->files[i], now_ms));
    }
    if (f != NULL) {
        b->state = e == NULL ? BATCH_STAGED : b->state;
        turn_end(f, &b->turn);
    }
    batch_done(b, e);
}

static struct file_batch *batch_of(struct turn *t)
{
    return (struct file_batch *)((char *)t - offsetof(struct file_batch, turn));
}

static void stage(struct turn *t)
{
    struct file_batch *b = batch_of(t);
    struct files *f = b->task.files;
    if (b->freed || check_count(f, b, &b->err) != 0 || choose_names(f, b, &b->err) != 0) {
        refuse(b);
        turn_end(f, t);
        return;
    }
    struct file_change *c = file_change_new();
    for (size_t i = 0; i < b->count; i++) {
        struct entry *entry = entry_of(&b->files[i], clock_wall_ms());
        entry_save_row(c, entry, entry->file.row.name);
        free(entry);
    }
    store_change_files(f->store, c, on_staged, b);
}

static void on_published(uv_work_t *work, int status)
{
    struct file_batch *b = work->data;
    (void)status;
    if (b->task.files == NULL || b->freed || b->err.code != 0) {
        batch_done(b, &b->err);
    } else {
        turn_wait(b->task.files, &b->turn, stage);
    }
}

void batch_stage(struct file_batch *b, const char *folder, store_cb done, void *context)
{
    assert(b->state == BATCH_FILLING && !b->busy);
    b->done = done;
    b->context = context;
    b->busy = true;
    str_copy(b->folder, sizeof b->folder, folder, strlen(folder));
    b->work.data = b;
    if (b->task.files == NULL) {
        err_set(&b->err, PP_ECANCELED, "the host is shutting down");
        refuse(b);
        return;
    }
    b->state = BATCH_STAGING;
    uv_queue_work(b->loop, &b->work, publish, on_published);
}

/* ---- shown
 * --------------------------------------------------------------------------------------- */

/* Somebody may have made a file of that name meanwhile: the job keeps the content. */
static bool may_show(const struct files *f, const char *name)
{
    return entry_find_any(f, name) == NULL && name_check_place(f, name, NULL) == 0;
}

static void show_one(struct files *f, const char *name)
{
    struct entry *entry = staged(f, name);
    if (entry == NULL) {
        return;
    }
    if (may_show(f, name)) {
        entry_rename(f, entry, name);
        folders_add(f, name);
    } else {
        entry_keep(f, entry);
    }
}

static void on_shown(void *context, const struct err *e)
{
    struct file_batch *b = context;
    struct files *f = b->task.files;
    for (size_t i = 0; f != NULL && e == NULL && i < b->count; i++) {
        show_one(f, b->files[i].name);
    }
    if (f != NULL) {
        turn_end(f, &b->turn);
    }
    batch_done(b, e);
}

static void show(struct turn *t)
{
    struct file_batch *b = batch_of(t);
    struct files *f = b->task.files;
    struct file_change *c = file_change_new();
    for (size_t i = 0; i < b->count; i++) {
        const char *name = b->files[i].name;
        const struct entry *entry = staged(f, name);
        if (entry == NULL) {
            continue;
        }
        file_change_drop(c, entry->file.row.name);
        if (may_show(f, name)) {
            folders_add_rows(f, name, c);
            entry_save_row(c, entry, name);
        } else {
            entry_keep_row(f, entry, c);
        }
    }
    store_change_files(f->store, c, on_shown, b);
}

void batch_show(struct file_batch *b, store_cb done, void *context)
{
    assert(!b->busy);
    b->done = done;
    b->context = context;
    b->busy = true;
    b->state = BATCH_SHOWING;
    if (b->task.files == NULL) {
        err_set(&b->err, PP_ECANCELED, "the host is shutting down");
        refuse(b);
    } else {
        turn_wait(b->task.files, &b->turn, show);
    }
}

/* ---- after a crash
 * -------------------------------------------------------------------------------- */

void batch_drop_staged(struct files *f, const char *name)
{
    struct entry *entry = staged(f, name);
    if (entry != NULL && (!entry_is_only(f, entry) || !entry_is_needed(f, entry))) {
        entry_drop(f, entry);
    }
}

static void on_settled(void *context, const struct err *e)
{
    if (e != NULL && e->code != PP_ECANCELED) {
        log_warn("the files of an import do not appear yet: %s", e->text);
    }
    batch_free(context);
}

static void take_staged(struct file_batch *b, const char *name)
{
    if (b->count % BATCH_MAX == 0) {
        b->files = mem_resize(b->files, b->count + BATCH_MAX, sizeof *b->files);
    }
    struct batch_file *file = &b->files[b->count++];
    memset(file, 0, sizeof *file);
    file->blob.fd = -1;
    str_copy(file->name, sizeof file->name, name, strlen(name));
}

void batch_settle(struct files *f,
    bool (*wanted)(void *context, const char *name, const char *sha256), void *context)
{
    struct file_batch *b = batch_new(f);
    for (size_t i = entry_position(f, "."); i < f->by_name.count;) {
        const struct entry *entry = f->by_name.at[i];
        const char *name = entry->file.row.name + 1;
        size_t before = f->by_name.count;
        if (!entry_is_hidden(entry)) {
            break;
        }
        if (strchr(name, '/') != NULL && wanted(context, name, entry->file.row.sha256)) {
            take_staged(b, name);
        } else if (strchr(name, '/') != NULL) {
            char copy[201];
            snprintf(copy, sizeof copy, "%s", name);
            batch_drop_staged(f, copy);
        }
        i += f->by_name.count == before;
    }
    if (b->count > 0) {
        batch_show(b, on_settled, b);
    } else {
        batch_free(b);
    }
}
