/* What is in a file: read and analysed in the pool, judged. */
#include "host/app/files_impl.h"

#include "host/base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 * 1024)

static int feed_all(
    int fd, struct analyzer *a, char *buffer, const atomic_bool *stop, struct err *e)
{
    off_t at = 0;
    ssize_t n;
    while ((n = pread(fd, buffer, READ_BYTES, at)) != 0) {
        if (n < 0 && errno != EINTR) {
            return err_errno(e, errno, "read the file back");
        }
        if (atomic_load(stop)) {
            return err_set(e, PP_ECANCELED, "the upload was given up");
        }
        if (n > 0) {
            analyze_feed(a, buffer, (size_t)n);
            at += n;
        }
    }
    return 0;
}

int content_analyse(int fd, const struct kinematics *k, const atomic_bool *stop,
    struct analysis *out, struct err *e)
{
    struct analyzer *a = analyze_new(k);
    char *buffer = mem_alloc(READ_BYTES);
    int rc = feed_all(fd, a, buffer, stop, e);
    if (rc == 0) {
        analyze_finish(a, out);
    }
    free(buffer);
    analyze_free(a);
    return rc;
}

int content_check(const char *name, const struct analysis *a, struct err *e)
{
    if (a->bytes == 0) {
        return err_field(e, PP_EINVAL, "file", "file \"%s\" is empty", name);
    }
    if (a->binary_line_no > 0) {
        return err_field(e, PP_ETYPE, "file",
            "file \"%s\": line %" PRId64 " has binary bytes: this is no gcode text", name,
            a->binary_line_no);
    }
    if (a->commands == 0) {
        return err_field(e, PP_ETYPE, "file",
            "file \"%s\": no gcode command in its %" PRId64 " lines", name, a->lines);
    }
    return 0;
}

static int not_empty(int fd, const char *name, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return err_errno(e, errno, "read the file back");
    }
    return st.st_size > 0 ? 0 : err_field(e, PP_EINVAL, "file", "file \"%s\" is empty", name);
}

int content_judge(int fd, const char *name, const struct kinematics *k, const atomic_bool *stop,
    struct analysis *out, struct err *e)
{
    if (file_kind_of(name) != FILE_GCODE) {
        return not_empty(fd, name, e);
    }
    int rc = content_analyse(fd, k, stop, out, e);
    return rc == 0 ? content_check(name, out, e) : rc;
}
