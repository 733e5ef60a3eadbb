/* Jobs as packages (.gjob): taken out of the queue, and into it.
 *
 * A package that is sent with the request is imported from where it arrived and never stored.
 */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/api/job_command.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct packages *packages_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.packages == NULL || r->http->o.jobs == NULL) {
        err_set(&e, PP_EOFFLINE, "this host has no queue");
        reply_error(r, &e);
        return NULL;
    }
    return r->http->o.packages;
}

/* ---- out */

/* A job's name is anything; a header's value is not. */
static void name_package(struct request *r, const char *file_name)
{
    char name[201];
    char disposition[300];
    str_copy(name, sizeof name, file_name, strlen(file_name));
    for (char *p = name; *p != '\0'; p++) {
        *p = *p < ' ' || *p > '~' || *p == '"' || *p == '\\' ? '_' : *p;
    }
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", name);
    reply_header(r, "Content-Disposition", disposition);
}

static void reply_package(struct request *r, const char *path, const char *file_name)
{
    struct err e = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        err_errno(&e, errno, "the package cannot be read");
        reply_error(r, &e);
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    reply_file(r, fd, (uint64_t)st.st_size, "application/zip");
    name_package(r, file_name);
}

static void exported(void *context, const struct err *e, const char *path, const char *file_name)
{
    struct request *r = context;
    if (path == NULL) {
        reply_error(r, e);
    } else if (!r->gone) {
        reply_package(r, path, file_name);
    }
    if (path != NULL) {
        unlink(path);
    }
    request_wake(r);
}

void api_job_export(struct request *r)
{
    const struct jobs_queue *queue;
    struct packages *packages = packages_of(r);
    const struct queue_job *job = packages != NULL ? job_command_find(r, &queue) : NULL;
    if (job != NULL) {
        request_wait(r);
        package_export(packages, job, exported, r);
    }
}

/* ---- in */

/* A package is looked through here first; in a shared queue it might be printed before. */
static int check_target(const struct request *r, const char *name, struct err *e)
{
    const struct jobs_queue *queue = job_command_queue(r, name, e);
    if (queue == NULL) {
        return -e->code;
    }
    if (strcmp(queue->kind, "local") != 0) {
        return err_field(e, PP_EINVAL, "queue",
            "queue \"%s\": a package is imported into the local queue; move the job there then",
            queue->name);
    }
    return 0;
}

static void reply_imported(struct request *r, const char *id, const char *notice)
{
    struct err e = {0};
    const struct queue_job *job;
    const struct jobs_queue *queue;
    if (!reply_failed(r, jobs_find(r->http->o.jobs, id, &job, &queue, &e), &e)) {
        json_t *view = view_one_job(r->http, queue, job);
        json_object_set_new(view, "notice", json_text(notice));
        reply_json(r, 201, view);
    }
}

static void imported(void *context, const struct err *e, const char *job, const char *notice)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more, and the server may be closing */
    } else if (job == NULL) {
        job_command_refused(r, e);
    } else {
        reply_imported(r, job, notice);
    }
    request_wake(r);
}

void api_job_import(struct request *r)
{
    char file[201] = "";
    char name[QUEUE_NAME_MAX + 1] = QUEUE_LOCAL;
    struct err e = {0};
    const struct json_field fields[] = {
        {"file", JSON_KIND_TEXT, true, file, 1, 200},
        {"queue", JSON_KIND_TEXT, false, name, 1, QUEUE_NAME_MAX},
    };
    struct packages *packages = packages_of(r);
    if (packages == NULL || reply_failed(r, json_read(r->input, fields, COUNT(fields), &e), &e)) {
        return;
    }
    if (reply_failed(r, check_target(r, name, &e), &e)) {
        return;
    }
    log_info("import of package \"%s\" asked for by %s", file, r->key_name);
    request_wait(r);
    package_import(packages,
        &(struct package_wish){.file = file, .queue = name, .actor = r->key_name}, imported, r);
}

static void sent(struct request *r, const char *path)
{
    const char *queue = request_argument(r, "queue");
    const char *name = request_argument(r, "name");
    log_info("package \"%s\" sent by %s, to be imported", name != NULL ? name : "", r->key_name);
    package_import(r->http->o.packages,
        &(struct package_wish){.path = path, .name = name, .queue = queue, .actor = r->key_name},
        imported, r);
}

void api_job_import_upload(struct request *r)
{
    struct err e = {0};
    const char *queue = request_argument(r, "queue");
    if (packages_of(r) == NULL) {
        return;
    }
    if (queue != NULL && reply_failed(r, check_target(r, queue, &e), &e)) {
        return;
    }
    intake_pass(r, sent);
}
