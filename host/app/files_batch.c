#include "host/app/files_batch.h"

#include "host/app/files_impl.h"
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

#define FOLDER_BYTES    100 /* with its number */
#define PART_BYTES      98  /* with '.' and '/' no more than a name may have */
#define FOLDER_TRIES    1000
#define ROOM_STEP_BYTES (INT64_C(8) << 20)

struct batch_file {
    char part[PART_BYTES + 1];
    char name[201]; /* once staged */
    struct blob blob;
    char sha256[BLOB_NAME_SIZE];
    struct analysis analysis;
};

enum batch_state {
    BATCH_FILLING, /* the pool's */
    BATCH_STAGING, /* from here on its contents are taken */
    BATCH_STAGED,
    BATCH_SHOWING
};

struct file_batch {
    struct task task;
    struct turn turn;
    uv_work_t work;
    uv_loop_t *loop;
    char *dir; /* owned; for the pool */
    struct kinematics kinematics;
    int64_t room_checked; /* bytes written since */
    atomic_bool stop;
    struct batch_file *files; /* owned */
    size_t count;
    enum batch_state state;
    bool busy;  /* the pool, the store or the turns will come back to it */
    bool freed; /* by its owner: goes when that is over */
    char folder[201];
    struct err err;
    store_cb done;
    void *context;
};

static void destroy(struct file_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->files[i].blob.path != NULL) {
            blob_discard_later(b->loop, &b->files[i].blob);
        }
    }
    free(b->files);
    free(b->dir);
    free(b);
}

static void cancel(struct task *t, const struct err *e)
{
    struct file_batch *b = (struct file_batch *)t;
    store_cb done = b->done;
    atomic_store(&b->stop, true);
    b->done = NULL;
    if (b->busy && b->turn.begin != NULL && !b->turn.begun) {
        b->busy = false; /* its turn never comes */
    }
    if (done != NULL) {
        done(b->context, e); /* may free it */
    } else if (b->freed && !b->busy) {
        destroy(b);
    }
}

/* Ends what kept it busy and answers, which may free it or close the files. */
static void end(struct file_batch *b, const struct err *e)
{
    store_cb done = b->done;
    b->done = NULL;
    b->busy = false;
    if (b->freed) {
        batch_free(b);
    } else if (done != NULL) {
        done(b->context, e);
    }
}

struct file_batch *batch_new(struct files *f)
{
    struct file_batch *b = mem_alloc(sizeof *b);
    b->loop = f->loop;
    b->dir = mem_strdup(f->dir);
    b->kinematics = f->kinematics;
    b->files = mem_array(BATCH_MAX, sizeof *b->files);
    task_add(f, &b->task, cancel);
    return b;
}

bool batch_has_content(const struct task *t, const char *sha256)
{
    const struct file_batch *b = (const struct file_batch *)t;
    if (t->cancel != cancel || b->state == BATCH_FILLING) {
        return false;
    }
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->files[i].sha256, sha256) == 0) {
            return true;
        }
    }
    return false;
}

const char *batch_name(const struct file_batch *b, size_t index)
{
    assert(index < b->count && b->state >= BATCH_STAGED);
    return b->files[index].name;
}

const char *batch_sha256(const struct file_batch *b, size_t index)
{
    return b->files[index].sha256;
}

int64_t batch_size(const struct file_batch *b, size_t index)
{
    return b->files[index].blob.size_bytes;
}

void batch_stop(struct file_batch *b)
{
    atomic_store(&b->stop, true);
}

/* ---- in the pool
 * --------------------------------------------------------------------------------- */

static bool has_part(const struct file_batch *b, const char *part)
{
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->files[i].part, part) == 0) {
            return true;
        }
    }
    return false;
}

/* The name cut to what fits, with a number when that makes it one that is there. */
static void choose_part(const struct file_batch *b, const char *name, char out[PART_BYTES + 1])
{
    char mark[16] = "";
    const char *suffix = file_kind_suffix(name);
    size_t stem = (size_t)(suffix - name);
    for (int n = 2;; n++) {
        size_t most = PART_BYTES - strlen(suffix) - strlen(mark);
        snprintf(
            out, PART_BYTES + 1, "%.*s%s%s", (int)name_cut(name, stem, most), name, mark, suffix);
        if (!has_part(b, out)) {
            return;
        }
        snprintf(mark, sizeof mark, " (%d)", n);
    }
}

int batch_begin(struct file_batch *b, const char *part, struct err *e)
{
    assert(b->count < BATCH_MAX);
    if (file_kind_suffix(part) == NULL || file_kind_of(part) == FILE_PACKAGE) {
        return err_field(e, PP_ETYPE, "file",
            "file \"%.100s\": must be gcode (.gcode, .gco, .g, .gc) or a model (.stl, .3mf, .obj)",
            part);
    }
    struct batch_file *file = &b->files[b->count];
    int rc = blob_create(&file->blob, b->dir, e);
    if (rc == 0) {
        choose_part(b, part, file->part);
        b->count++;
    }
    return rc;
}

static int check_room(struct file_batch *b, size_t len, struct err *e)
{
    int64_t room;
    b->room_checked -= (int64_t)len;
    if (b->room_checked > 0) {
        return 0;
    }
    b->room_checked = ROOM_STEP_BYTES;
    int rc = blob_room(b->dir, &room, e);
    if (rc == 0 && room < (int64_t)len) {
        rc = err_set(e, PP_ENOSPC, "file \"%s\": the disk of \"%s\" has no room for it",
            b->files[b->count - 1].part, b->dir);
    }
    return rc;
}

int batch_write(struct file_batch *b, const void *bytes, size_t len, struct err *e)
{
    struct batch_file *file = &b->files[b->count - 1];
    if (atomic_load(&b->stop)) {
        return err_set(e, PP_ECANCELED, "the import was given up");
    }
    if (file_kind_of(file->part) == FILE_GCODE && memchr(bytes, '\0', len) != NULL) {
        return err_field(
            e, PP_ETYPE, "file", "file \"%s\": has a NUL: this is no gcode text", file->part);
    }
    int rc = check_room(b, len, e);
    return rc == 0 ? blob_write(&file->blob, bytes, len, e) : rc;
}

/* Closed until it is published: a package has more files than a process may have open. */
int batch_end(struct file_batch *b, struct err *e)
{
    struct batch_file *file = &b->files[b->count - 1];
    int rc = content_judge(file->blob.fd, file->part, &b->kinematics, &b->stop, &file->analysis, e);
    blob_finish(&file->blob, file->sha256);
    close(file->blob.fd);
    file->blob.fd = -1;
    return rc;
}

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
    end(b, &b->err);
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
    end(b, e);
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
        end(b, &b->err);
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
    end(b, e);
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

/* ---- the end
 * ------------------------------------------------------------------------------------- */

/* What is staged and nobody needs goes; a row that stays is asked about at the next start. */
static void drop_staged(struct files *f, const char *name)
{
    struct entry *entry = staged(f, name);
    if (entry != NULL && (!entry_is_only(f, entry) || !entry_is_needed(f, entry))) {
        entry_drop(f, entry);
    }
}

void batch_free(struct file_batch *b)
{
    struct files *f = b->task.files;
    b->freed = true;
    if (b->busy) {
        return;
    }
    task_end(&b->task);
    for (size_t i = 0; f != NULL && i < b->count; i++) {
        if (b->state == BATCH_STAGED) {
            drop_staged(f, b->files[i].name);
        } else if (b->state == BATCH_STAGING) {
            entry_drop_content(f, b->files[i].sha256);
        }
    }
    destroy(b);
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
            drop_staged(f, copy);
        }
        i += f->by_name.count == before;
    }
    if (b->count > 0) {
        batch_show(b, on_settled, b);
    } else {
        batch_free(b);
    }
}
