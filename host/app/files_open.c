/* Opening and closing: rows and blobs are brought together, what nobody names is swept, what was
 * not analysed (or by a program that wrote other fields) is analysed again, one file at a time.
 */
#include "host/app/files_impl.h"

#include "host/app/analysis_json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- analysing again
 * ------------------------------------------------------------------------------ */

struct again {
    struct task task;
    uv_work_t work;
    char name[201];
    char sha256[BLOB_NAME_SIZE];
    char *path; /* owned */
    struct kinematics kinematics;
    struct analysis analysis; /* the pool's until it is done, as is what follows */
    struct err err;
    atomic_bool stop;
};

static void analyse_next(struct files *f);

static void cancel_again(struct task *t, const struct err *e)
{
    struct again *a = (struct again *)t;
    (void)e;
    atomic_store(&a->stop, true);
    uv_cancel((uv_req_t *)&a->work);
}

/* In the pool. */
static void analyse(uv_work_t *work)
{
    struct again *a = work->data;
    int fd = open(a->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(&a->err, errno, "\"%s\"", a->path);
        return;
    }
    if (content_analyse(fd, &a->kinematics, &a->stop, &a->analysis, &a->err) == 0) {
        content_check(a->name, &a->analysis, &a->err);
    }
    close(fd);
}

static void take_result(struct files *f, const struct again *a)
{
    struct entry *entry = entry_find(f, a->name);
    if (entry == NULL || strcmp(entry->file.row.sha256, a->sha256) != 0) {
        return;
    }
    if (a->err.code != 0) {
        log_warn("file \"%s\" cannot be printed: %s", a->name, a->err.text);
        entry->hopeless = true;
        return;
    }
    entry->file.analysis = a->analysis;
    entry->file.analysed = true;
    if (entry_is_replaced(f, a->name) || entry->moving) {
        return; /* our row would undo the newer one that is queued */
    }
    struct file_change *c = file_change_new();
    entry_save_row(c, entry, a->name);
    store_change_files(f->store, c, NULL, NULL);
}

static void on_analysed(uv_work_t *work, int status)
{
    struct again *a = work->data;
    struct files *f = a->task.files;
    (void)status; /* cancelled only by files_close() */
    task_end(&a->task);
    if (f != NULL) {
        take_result(f, a);
        analyse_next(f);
    }
    free(a->path);
    free(a);
}

static void analyse_again(struct files *f, const struct entry *entry)
{
    struct again *a = mem_alloc(sizeof *a);
    memcpy(a->name, entry->file.row.name, sizeof a->name);
    memcpy(a->sha256, entry->file.row.sha256, sizeof a->sha256);
    a->path = mem_printf("%s/%s", f->dir, a->sha256);
    a->kinematics = f->kinematics;
    a->work.data = a;
    task_add(f, &a->task, cancel_again);
    uv_queue_work(f->loop, &a->work, analyse, on_analysed);
}

static void analyse_next(struct files *f)
{
    for (size_t i = 0; i < f->by_name.count; i++) {
        const struct entry *entry = f->by_name.at[i];
        bool wanted = file_kind_of(entry->file.row.name) == FILE_GCODE;
        if (wanted && !entry->file.analysed && !entry->hopeless && !entry->removing) {
            analyse_again(f, entry);
            return;
        }
    }
}

/* ---- open
 * ----------------------------------------------------------------------------------------- */

static void tell_forgotten(const struct file_row *row, const char *path, int64_t found)
{
    if (row->name[0] == '.') {
        return; /* let go of when the disk could not take that */
    }
    if (found < 0) {
        log_warn("file \"%s\" is forgotten: its content \"%s\" is missing", row->name, path);
    } else {
        log_warn("file \"%s\" is forgotten: its content has %" PRId64 " of %" PRId64 " bytes",
            row->name, found, row->size_bytes);
    }
}

/* True if the content is there in full: a name without it could not be printed. */
static bool is_whole(const struct files *f, const struct file_row *row)
{
    struct stat st;
    char *path = mem_printf("%s/%s", f->dir, row->sha256);
    int64_t found = stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
    if (found != row->size_bytes) {
        tell_forgotten(row, path, found);
    }
    free(path);
    return found == row->size_bytes;
}

static void restore(struct files *f, const struct file_row *row)
{
    struct entry *entry = mem_alloc(sizeof *entry);
    json_t *json = row->analysis != NULL ? json_loads(row->analysis, 0, NULL) : NULL;
    entry->file.row = *row;
    entry->file.row.analysis = NULL;
    entry->file.analysed = json != NULL && analysis_from_json(json, &entry->file.analysis);
    json_decref(json);
    entry_insert(f, entry);
    if (!entry_is_hidden(entry)) {
        folders_add(f, row->name); /* a row of a folder may be missing, a file's is what counts */
    }
}

static int load(struct files *f, struct err *e)
{
    struct file_row *rows;
    size_t n;
    int rc = store_load_files(f->store, &rows, &n, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (is_whole(f, &rows[i])) {
            restore(f, &rows[i]);
        } else {
            store_remove_file(f->store, rows[i].name, NULL, NULL);
        }
    }
    store_free_files(rows, n);
    return rc;
}

static int load_folders(struct files *f, struct err *e)
{
    struct folder_row *rows;
    size_t n;
    int rc = store_load_folders(f->store, &rows, &n, e);
    for (size_t i = 0; i < n; i++) {
        if (name_check_folder(rows[i].name, NULL) == 0) {
            folder_insert(f, rows[i].name);
        }
    }
    free(rows);
    return rc;
}

static bool is_named(const void *files, const char *sha256)
{
    return files_find_content(files, sha256) != NULL;
}

static void destroy(struct files *f)
{
    for (size_t i = 0; i < f->by_name.count; i++) {
        free(f->by_name.at[i]);
    }
    for (size_t i = 0; i < f->folders_count; i++) {
        free(f->folders[i]);
    }
    for (struct pin *next; f->pins != NULL; f->pins = next) {
        next = f->pins->next;
        free(f->pins);
    }
    free(f->by_name.at);
    free(f->by_content.at);
    free(f->folders);
    free(f->dir);
    free(f);
}

int files_open(struct files **out, uv_loop_t *loop, struct store *store, const char *data_dir,
    int64_t max_bytes, struct err *e)
{
    struct files *f = mem_alloc(sizeof *f);
    size_t swept;
    f->loop = loop;
    f->store = store;
    f->dir = mem_printf("%s/blobs", data_dir);
    f->max_bytes = max_bytes;
    f->kinematics = kinematics_marlin;
    int rc = load(f, e);
    rc = rc == 0 ? load_folders(f, e) : rc;
    if (rc == 0) {
        rc = blob_sweep(f->dir, is_named, f, &swept, e);
    }
    if (rc != 0) {
        destroy(f);
        return rc;
    }
    if (swept > 0) {
        log_info("\"%s\": swept %zu files of broken-off uploads or without a name", f->dir, swept);
    }
    analyse_next(f);
    *out = f;
    return 0;
}

void files_close(struct files *f)
{
    struct err e = {0};
    err_set(&e, PP_ECANCELED, "the host is shutting down");
    while (f->tasks != NULL) {
        struct task *t = f->tasks;
        task_end(t);
        t->cancel(t, &e);
    }
    destroy(f);
}
