/* A job goes out as a package that is stored here, like an upload. */
#include "host/app/queue/package_priv.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE 65536

struct storing {
    struct package_task task; /* from when it is packed */
    struct packages *packages;
    int fd; /* of the package; -1 once it is read */
    struct upload *upload;
    package_stored done;
    void *context;
};

/* The answer comes last: it may close everything. */
static void end(struct storing *s, const struct err *e, const char *name)
{
    package_stored done = s->done;
    void *context = s->context;
    package_task_end(&s->task);
    if (s->fd >= 0) {
        close(s->fd);
    }
    free(s);
    done(context, e, name);
}

static void cancel(struct package_task *t, const struct err *e)
{
    struct storing *s = (struct storing *)t;
    files_abort(s->upload);
    end(s, e, NULL);
}

static void committed(void *context, const struct err *e, const struct file_entry *entry)
{
    end(context, e, entry != NULL ? entry->row.name : NULL);
}

static void fail(struct storing *s, const struct err *e)
{
    files_abort(s->upload);
    end(s, e, NULL);
}

/* As much as the disk takes now. The package was written a moment ago: reading does not wait. */
static void copy_more(void *context)
{
    char bytes[PIECE];
    struct err e = {0};
    struct storing *s = context;
    while (s->fd >= 0 && !files_full(s->upload)) {
        ssize_t n = read(s->fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            err_errno(&e, errno, "the package cannot be read");
        }
        if (n < 0 || (n > 0 && files_write(s->upload, bytes, (size_t)n, &e) != 0)) {
            fail(s, &e);
            return;
        }
        if (n == 0) {
            close(s->fd);
            s->fd = -1;
            files_commit(s->upload, committed, s);
            return;
        }
    }
}

static void packed(void *context, const struct err *e, const char *path, const char *file_name)
{
    char name[201];
    struct err own = {0};
    struct storing *s = context;
    if (path == NULL) {
        end(s, e, NULL);
        return;
    }
    files_free_name(s->packages->files, file_name, name, sizeof name);
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = s->fd < 0 ? err_errno(&own, errno, "the package cannot be read")
                       : files_begin(s->packages->files, name, &s->upload, &own);
    unlink(path);
    if (rc != 0) {
        end(s, &own, NULL);
        return;
    }
    package_task_add(s->packages, &s->task, cancel);
    files_on_room(s->upload, copy_more, s);
    copy_more(s);
}

void package_store(
    struct packages *p, const struct queue_job *job, package_stored done, void *context)
{
    struct storing *s = mem_alloc(sizeof *s);
    *s = (struct storing){.packages = p, .fd = -1, .done = done, .context = context};
    package_export(p, job, packed, s);
}
