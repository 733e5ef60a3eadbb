/* Uploads: from the first byte to the saved row. The order of a commit is: content durable under
 * its hash, then the row that names it; a crash between the two leaves a blob nobody names, which
 * the next start removes.
 */
#include "host/app/files_impl.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define UPLOADS_MAX 16

static void destroy(struct upload *u)
{
    blob_pour_fini(&u->pour);
    blob_discard_later(u->loop, &u->blob);
    free(u->entry);
    free(u->dir);
    free(u);
}

static void answer(const struct upload *u, const struct err *e, const struct file_entry *entry)
{
    if (u->ready != NULL) {
        u->ready(u->context, e, NULL);
    } else {
        u->done(u->context, e, entry);
    }
}

/* Ends the upload with an answer, unless its owner or files_close() no longer wants one. The answer
 * comes last: it may close the files. */
static void finish(struct upload *u, const struct file_entry *entry)
{
    struct files *f = u->task.files;
    struct upload told = {.done = u->done, .ready = u->ready, .context = u->context, .err = u->err};
    bool wanted = !u->aborted && f != NULL;
    task_end(&u->task);
    if (f != NULL) {
        f->uploads--;
        if (entry == NULL && u->state != UPLOAD_OPEN && u->ready == NULL) {
            entry_drop_content(f, u->sha256);
        }
    }
    destroy(u);
    if (wanted) {
        answer(&told, entry != NULL ? NULL : &told.err, entry);
    }
}

/* ---- bytes arrive
 * -------------------------------------------------------------------------------- */

/* What the pool has begun ends soon, what it has not begun is never begun. */
static void stop(struct upload *u)
{
    if (u->state == UPLOAD_CHECKING) {
        atomic_store(&u->stop, true);
        uv_cancel((uv_req_t *)&u->work);
    }
}

static void cancel(struct task *t, const struct err *e)
{
    struct upload *u = (struct upload *)t;
    if (u->state == UPLOAD_OPEN || u->state == UPLOAD_READY) {
        u->err = *e;
        return;
    }
    stop(u);
    if (!u->aborted) {
        answer(u, e, NULL);
    }
    if (u->state == UPLOAD_WAITING && !u->turn.begun) {
        destroy(u); /* nobody else will */
    }
}

/* What can change while an upload goes on. */
static int check_place(const struct files *f, const char *name, struct err *e)
{
    int rc = name_check_place(f, name, e);
    size_t count = f->by_name.count - f->hidden;
    if (rc == 0 && count >= FILES_MAX && entry_find_any(f, name) == NULL) {
        rc = err_set(e, PP_ELIMIT, "there are %d files already; remove some first", FILES_MAX);
    }
    return rc;
}

static int check_begin(const struct files *f, const char *name, struct err *e)
{
    int rc = name_check(name, "file", e);
    rc = rc == 0 ? check_place(f, name, e) : rc;
    if (rc == 0 && f->uploads >= UPLOADS_MAX) {
        rc = err_set(e, PP_ELIMIT, "%d uploads are under way already", UPLOADS_MAX);
    }
    return rc;
}

static void on_poured(void *context);

int files_begin(struct files *f, const char *name, struct upload **out, struct err *e)
{
    int rc = check_begin(f, name, e);
    if (rc != 0) {
        return rc;
    }
    struct upload *u = mem_alloc(sizeof *u);
    u->blob.fd = -1;
    u->loop = f->loop;
    u->max_bytes = f->max_bytes;
    u->kinematics = f->kinematics;
    u->kind = file_kind_of(name);
    u->dir = mem_strdup(f->dir);
    str_copy(u->name, sizeof u->name, name, strlen(name));
    u->pour = (struct blob_pour){
        .loop = f->loop, .blob = &u->blob, .dir = u->dir, .written = on_poured, .context = u};
    rc = upload_check_room(u, 1, e);
    if (rc != 0) {
        destroy(u);
        return rc;
    }
    task_add(f, &u->task, cancel);
    f->uploads++;
    *out = u;
    return 0;
}

int files_rename_upload(struct upload *u, const char *name, struct err *e)
{
    assert(u->state == UPLOAD_OPEN);
    int rc = name_check(name, "file", e);
    rc = rc == 0 && u->task.files != NULL ? check_place(u->task.files, name, e) : rc;
    if (rc == 0 && file_kind_of(name) != u->kind) {
        rc = err_field(e, PP_EINVAL, "file", "\"%s\" is no %s", name, file_kind_name(u->kind));
    }
    if (rc == 0) {
        str_copy(u->name, sizeof u->name, name, strlen(name));
    }
    return rc;
}

/* ---- commit
 * -------------------------------------------------------------------------------------- */

/* In the pool. */
static void check(uv_work_t *work)
{
    struct upload *u = work->data;
    if (u->err.code != 0) {
        return;
    }
    if (content_judge(u->blob.fd, u->name, &u->kinematics, &u->stop, &u->analysis, &u->err) == 0 &&
        u->ready == NULL) {
        blob_publish(&u->blob, u->sha256, &u->err);
    }
}

/* The new entry in the place of the old one, whose content a job may need. */
static const struct file_entry *take_entry(struct files *f, struct upload *u)
{
    struct entry *old = entry_find_any(f, u->name);
    struct entry *entry = u->entry;
    u->entry = NULL;
    if (old != NULL && strcmp(old->file.row.sha256, u->sha256) == 0) {
        entry_take_out(f, old);
        free(old);
    } else if (old != NULL) {
        entry_keep(f, old);
    }
    entry_insert(f, entry);
    folders_add(f, u->name);
    return &entry->file;
}

static void on_saved(void *context, const struct err *e)
{
    struct upload *u = context;
    struct files *f = u->task.files;
    const struct file_entry *file = NULL;
    if (e != NULL) {
        u->err = *e;
    } else if (f != NULL) {
        file = take_entry(f, u);
    }
    if (f != NULL) {
        turn_end(f, &u->turn);
    }
    finish(u, file);
}

static struct entry *entry_of(const struct upload *u)
{
    struct entry *entry = mem_alloc(sizeof *entry);
    struct file_row *row = &entry->file.row;
    str_copy(row->name, sizeof row->name, u->name, strlen(u->name));
    str_copy(row->sha256, sizeof row->sha256, u->sha256, strlen(u->sha256));
    row->size_bytes = u->blob.size_bytes;
    row->uploaded_ms = clock_wall_ms();
    entry->file.analysis = u->analysis;
    entry->file.analysed = u->kind == FILE_GCODE;
    return entry;
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void on_refused(uv_work_t *work, int status)
{
    (void)status;
    finish(work->data, NULL);
}

static void save(struct turn *turn)
{
    struct upload *u = (struct upload *)((char *)turn - offsetof(struct upload, turn));
    struct files *f = u->task.files;
    const struct entry *old = entry_find_any(f, u->name);
    if (u->aborted || check_place(f, u->name, &u->err) != 0) {
        uv_queue_work(u->loop, &u->work, do_nothing, on_refused);
        turn_end(f, turn);
        return;
    }
    struct file_change *c = file_change_new();
    u->entry = entry_of(u);
    u->state = UPLOAD_SAVING;
    folders_add_rows(f, u->name, c);
    entry_save_row(c, u->entry, u->name);
    if (old != NULL && strcmp(old->file.row.sha256, u->sha256) != 0) {
        entry_keep_row(f, old, c);
    }
    store_change_files(f->store, c, on_saved, u);
}

static void on_checked(uv_work_t *work, int status)
{
    struct upload *u = work->data;
    struct files *f = u->task.files;
    if (status != 0 || u->aborted || f == NULL) {
        err_set(&u->err, PP_ECANCELED, "the upload was given up");
    }
    if (u->err.code != 0) {
        finish(u, NULL);
    } else if (u->ready != NULL) {
        u->state = UPLOAD_READY;
        u->ready(u->context, NULL, u->blob.path);
    } else {
        u->state = UPLOAD_WAITING;
        turn_wait(f, &u->turn, save);
    }
}

static void begin_check(struct upload *u)
{
    if (u->err.code == 0) {
        blob_finish(&u->blob, u->sha256);
    }
    u->work.data = u;
    uv_queue_work(u->loop, &u->work, check, on_checked);
}

/* A piece is with the disk, or could not be written. Room does not end an upload: who waits for it
 * takes more bytes later. */
static void on_poured(void *context)
{
    struct upload *u = context;
    bool open = u->state == UPLOAD_OPEN && !u->aborted;
    if (open && u->room != NULL && !files_full(u)) {
        u->room(u->room_context);
    }
    if (blob_pour_busy(&u->pour)) {
        return;
    }
    if (u->err.code == 0 && u->pour.err.code != 0) {
        u->err = u->pour.err;
    }
    if (u->state == UPLOAD_CHECKING) {
        begin_check(u);
    } else if (u->aborted) {
        finish(u, NULL);
    }
}

void files_commit(struct upload *u, files_cb done, void *context)
{
    assert(u->task.files != NULL && u->state == UPLOAD_OPEN);
    u->done = done;
    u->context = context;
    u->state = UPLOAD_CHECKING;
    blob_pour_flush(&u->pour);
}

void files_commit_unnamed(struct upload *u, files_ready_cb ready, void *context)
{
    u->ready = ready;
    files_commit(u, NULL, context);
}

void files_abort(struct upload *u)
{
    u->aborted = true;
    if (u->state == UPLOAD_READY) {
        finish(u, NULL);
    } else if (u->state != UPLOAD_OPEN) {
        stop(u);
    } else if (!blob_pour_busy(&u->pour)) {
        finish(u, NULL);
    }
}

bool upload_has_content(const struct task *t, const char *sha256)
{
    const struct upload *u = (const struct upload *)t;
    return t->cancel == cancel && u->state != UPLOAD_OPEN && u->ready == NULL &&
           strcmp(u->sha256, sha256) == 0;
}

bool upload_replaces(const struct task *t, const char *name)
{
    const struct upload *u = (const struct upload *)t;
    bool saves = u->state == UPLOAD_WAITING || u->state == UPLOAD_SAVING;
    return t->cancel == cancel && saves && strcmp(u->name, name) == 0;
}
