/* Packages of jobs (.gjob) in and out of the queue.
 *
 * Import: the pool unpacks and analyses, then the files are durable under names that nobody sees,
 * then one command submits the job as a draft, then the files appear in imports/NAME (or "NAME (2)"
 * when other files are there; the same files are taken as they are). What fails before the job is
 * there leaves nothing; a process killed in between is completed or undone by packages_open().
 *
 * Export: the pool packs the job into a file of its own under DATA/exports, which the next start
 * sweeps.
 *
 * Failure modes: what is wrong with a package (io/gjob.h), a full disk, a queue that refuses the
 * job, content that is not here, more than PACKAGES_MAX at a time (PP_ELIMIT).
 */
#ifndef PP_APP_QUEUE_PACKAGE_H
#define PP_APP_QUEUE_PACKAGE_H

#include "host/app/files.h"
#include "host/app/profile.h"
#include "host/app/queue/jobs.h"

#define PACKAGES_MAX 4

struct packages;

struct packages_options {
    struct jobs *jobs;
    struct files *files;
    struct hub *hub;
    const struct profiles *profiles; /* borrowed; may be reloaded, not closed */
    const char *data_dir;
    int64_t max_bytes; /* of all files of a package, unpacked */
};

int packages_open(
    struct packages **out, uv_loop_t *loop, const struct packages_options *o, struct err *e);

/* Before jobs_close() and files_close(). What is under way is answered PP_ECANCELED within the
 * call; nothing is called after it. */
void packages_close(struct packages *p);

struct package_wish {
    const char *file;  /* a stored package; NULL: `path` */
    const char *path;  /* a file on the disk, the caller's until the answer */
    const char *name;  /* for a job whose manifest has none, NULL: of `file` */
    const char *queue; /* NULL: local */
    const char *after; /* as QUEUE_SUBMIT: NULL or "" = at the end, "-" = at the front */
    const char *actor; /* for "submitted by"; may be NULL */
};

/* `notice`: what a person should know of a job that is there, such as profiles that are not known
 * here; "" = nothing. `job` is its id, NULL on failure. */
typedef void (*package_imported)(
    void *context, const struct err *e, const char *job, const char *notice);
void package_import(
    struct packages *p, const struct package_wish *wish, package_imported done, void *context);

/* `path` is the caller's: unlink() it. `file_name` is what to call it. NULL on failure. */
typedef void (*package_exported)(
    void *context, const struct err *e, const char *path, const char *file_name);
void package_export(
    struct packages *p, const struct queue_job *job, package_exported done, void *context);

/* The same, and the package is stored here under a free name, like an upload. NULL on failure. */
typedef void (*package_stored)(void *context, const struct err *e, const char *name);
void package_store(
    struct packages *p, const struct queue_job *job, package_stored done, void *context);

/* The folder of what is imported with a job, "imports/NAME". */
void package_folder(const char *name, char *out, size_t out_size);

#endif
