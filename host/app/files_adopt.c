/* Content that came from another host gets a row: judged and moved into blobs in the pool, then
 * saved in its turn. The file stays where it was, as a second link to the same bytes, until the row
 * is durable: whatever happens in between, the next start finds it and does this again.
 */
#include "host/app/files_impl.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".net"

struct adoption {
    struct task task;
    struct turn turn;
    uv_work_t work;
    char *path; /* owned */
    char *blob; /* owned; where it goes */
    char called[201];
    char sha256[BLOB_NAME_SIZE];
    struct kinematics kinematics;
    struct entry *entry; /* owned until it is the files' */
    files_cb done;
    void *context;
    struct err err; /* the pool's while it works, as is what follows */
    int64_t size_bytes;
    struct analysis analysis;
    bool given; /* the analysis, by the caller */
    bool analysed;
    atomic_bool stop;
};

static void destroy(struct adoption *a)
{
    free(a->entry);
    free(a->path);
    free(a->blob);
    free(a);
}

/* ---- in the pool
 * --------------------------------------------------------------------------------- */

static int judge(struct adoption *a, int fd, struct err *e)
{
    if (file_kind_of(a->called) != FILE_GCODE) {
        return 0;
    }
    int rc = a->given ? content_check(a->called, &a->analysis, e)
                      : content_judge(fd, a->called, &a->kinematics, &a->stop, &a->analysis, e);
    a->analysed = rc == 0;
    if (a->called[0] == '\0' && (rc == -PP_ETYPE || rc == -PP_EINVAL)) {
        *e = (struct err){0}; /* then it is something else */
        return 0;
    }
    return rc;
}

/* A file system without links gets it moved: after a crash just then it has to come again. */
static int publish(struct adoption *a, int fd, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || fsync(fd) != 0) {
        return err_errno(e, errno, "write \"%s\"", a->path);
    }
    a->size_bytes = (int64_t)st.st_size;
    if (link(a->path, a->blob) != 0 && errno != EEXIST && rename(a->path, a->blob) != 0) {
        return err_errno(e, errno, "write \"%s\"", a->blob);
    }
    return file_sync_parent(a->blob, e);
}

static void take(uv_work_t *work)
{
    struct adoption *a = work->data;
    int fd = open(a->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(&a->err, errno, "\"%s\"", a->path);
        return;
    }
    if (judge(a, fd, &a->err) == 0) {
        publish(a, fd, &a->err);
    }
    close(fd);
}

/* ---- on the loop
 * --------------------------------------------------------------------------------- */

static void cancel(struct task *t, const struct err *e)
{
    struct adoption *a = (struct adoption *)t;
    bool waits = a->turn.begin != NULL && !a->turn.begun;
    atomic_store(&a->stop, true);
    a->done(a->context, e, NULL);
    if (waits) {
        destroy(a); /* nobody else will */
    }
}

/* Ends it with an answer, unless files_close() gave one. That comes last: it may close the files.
 */
static void finish(struct adoption *a, const struct file_entry *file)
{
    struct files *f = a->task.files;
    struct adoption told = {.done = a->done, .context = a->context, .err = a->err};
    task_end(&a->task);
    if (f != NULL && file == NULL) {
        entry_drop_content(f, a->sha256);
    }
    destroy(a);
    if (f != NULL) {
        told.done(told.context, file != NULL ? NULL : &told.err, file);
    }
}

static void on_saved(void *context, const struct err *e)
{
    struct adoption *a = context;
    struct files *f = a->task.files;
    const struct file_entry *file = NULL;
    if (e != NULL) {
        a->err = *e;
    } else if (f != NULL) {
        struct entry *old = entry_find_any(f, a->entry->file.row.name);
        if (old != NULL) {
            entry_take_out(f, old);
            free(old);
        }
        entry_insert(f, a->entry);
        file = &a->entry->file;
        a->entry = NULL;
    }
    if (f != NULL) {
        turn_end(f, &a->turn);
    }
    finish(a, file);
}

static struct entry *entry_of(const struct adoption *a)
{
    struct entry *entry = mem_alloc(sizeof *entry);
    struct file_row *row = &entry->file.row;
    const char *suffix = file_kind_suffix(a->called);
    if (file_kind_of(a->called) == FILE_GCODE) {
        suffix = a->analysed ? ".gcode" : ".stl";
    }
    snprintf(row->name, sizeof row->name, ".%s" MARK "%s", a->sha256, suffix);
    str_copy(row->sha256, sizeof row->sha256, a->sha256, strlen(a->sha256));
    row->size_bytes = a->size_bytes;
    row->uploaded_ms = clock_wall_ms();
    entry->file.analysis = a->analysis;
    entry->file.analysed = a->analysed;
    return entry;
}

static void save(struct turn *turn)
{
    struct adoption *a = (struct adoption *)((char *)turn - offsetof(struct adoption, turn));
    struct file_change *c = file_change_new();
    a->entry = entry_of(a);
    entry_save_row(c, a->entry, a->entry->file.row.name);
    store_change_files(a->task.files->store, c, on_saved, a);
}

static void on_taken(uv_work_t *work, int status)
{
    struct adoption *a = work->data;
    (void)status;
    if (a->task.files == NULL || a->err.code != 0) {
        finish(a, NULL);
    } else {
        turn_wait(a->task.files, &a->turn, save);
    }
}

void files_adopt(struct files *f, const char *path, const char *sha256, const char *called,
    const struct analysis *analysis, files_cb done, void *context)
{
    struct adoption *a = mem_alloc(sizeof *a);
    a->path = mem_strdup(path);
    a->blob = mem_printf("%s/%s", f->dir, sha256);
    str_copy(a->called, sizeof a->called, called, strlen(called));
    str_copy(a->sha256, sizeof a->sha256, sha256, strlen(sha256));
    a->kinematics = f->kinematics;
    a->given = analysis != NULL;
    a->analysis = a->given ? *analysis : (struct analysis){0};
    a->done = done;
    a->context = context;
    a->work.data = a;
    task_add(f, &a->task, cancel);
    uv_queue_work(f->loop, &a->work, take, on_taken);
}

bool adoption_has_content(const struct task *t, const char *sha256)
{
    const struct adoption *a = (const struct adoption *)t;
    return t->cancel == cancel && strcmp(a->sha256, sha256) == 0;
}

/* ---- what was adopted
 * ---------------------------------------------------------------------------- */

bool entry_is_adopted(const struct entry *entry)
{
    const char *name = entry->file.row.name;
    return name[0] == '.' && strlen(name) > BLOB_NAME_SIZE &&
           strncmp(name + BLOB_NAME_SIZE, MARK ".", sizeof MARK) == 0;
}

const struct file_entry *files_adopted_at(const struct files *f, size_t index)
{
    for (size_t i = entry_position(f, "."); i < f->by_name.count; i++) {
        const struct entry *entry = f->by_name.at[i];
        if (!entry_is_hidden(entry)) {
            return NULL;
        }
        if (entry_is_adopted(entry) && index-- == 0) {
            return &entry->file;
        }
    }
    return NULL;
}

void files_set_holder(
    struct files *f, bool (*holds)(void *context, const char *sha256), void *context)
{
    f->holds = holds;
    f->holds_context = context;
}

void files_drop_adopted(struct files *f, const char *sha256)
{
    struct entry *entry;
    size_t i = entry_content_position(f, sha256);
    while ((entry = entry_content_at(f, i, sha256)) != NULL) {
        if (entry_is_adopted(entry) && !entry_is_needed(f, entry)) {
            entry_drop(f, entry);
        } else {
            i++;
        }
    }
}
