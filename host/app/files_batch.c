#include "host/app/files_batch_impl.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_STEP_BYTES (INT64_C(8) << 20)

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

void batch_done(struct file_batch *b, const struct err *e)
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
            batch_drop_staged(f, b->files[i].name);
        } else if (b->state == BATCH_STAGING) {
            entry_drop_content(f, b->files[i].sha256);
        }
    }
    destroy(b);
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
static void choose_part(
    const struct file_batch *b, const char *name, char out[BATCH_PART_BYTES + 1])
{
    char mark[16] = "";
    const char *suffix = file_kind_suffix(name);
    size_t stem = (size_t)(suffix - name);
    for (int n = 2;; n++) {
        size_t most = BATCH_PART_BYTES - strlen(suffix) - strlen(mark);
        snprintf(out, BATCH_PART_BYTES + 1, "%.*s%s%s", (int)name_cut(name, stem, most), name, mark,
            suffix);
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
