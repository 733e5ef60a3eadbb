#include "host/base/file.h"

#include "host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, const char *path, size_t max_bytes, struct strbuf *out, struct err *e)
{
    char chunk[16384];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0) {
            return err_errno(e, errno, "read \"%s\"", path);
        }
        if (out->len + (size_t)n > max_bytes) {
            return err_set(e, PP_ETOOBIG, "\"%s\" is larger than %zu bytes", path, max_bytes);
        }
        strbuf_add(out, chunk, (size_t)n);
    }
    return 0;
}

int file_read(const char *path, size_t max_bytes, struct strbuf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_errno(e, errno, "\"%s\"", path);
    }
    int rc = read_all(fd, path, max_bytes, out, e);
    close(fd);
    return rc;
}

static int write_all(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd);
}

typedef int put_in_place(const char *tmp, const char *path);

/* Not every file system can rename without replacing; then a second link does it. */
static int put_new(const char *tmp, const char *path)
{
    if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    return link(tmp, path) == 0 ? unlink(tmp) : -1;
}

static int write_file(
    const char *path, const void *bytes, size_t len, mode_t mode, put_in_place *put, struct err *e)
{
    char *tmp = mem_printf("%s.XXXXXX", path);
    int rc = 0;
    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        rc = err_errno(e, errno, "create \"%s\"", tmp);
        goto out;
    }
    if (fchmod(fd, mode) != 0 || write_all(fd, bytes, len) != 0 || put(tmp, path) != 0) {
        rc = err_errno(e, errno, "write \"%s\"", path);
        unlink(tmp);
    } else {
        rc = file_sync_parent(path, e);
    }
    close(fd);
out:
    free(tmp);
    return rc;
}

int file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
{
    return write_file(path, bytes, len, mode, rename, e);
}

int file_create(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
{
    return write_file(path, bytes, len, mode, put_new, e);
}

int file_mkdirs(const char *path, mode_t mode, struct err *e)
{
    char *copy = mem_strdup(path);
    int rc = 0;
    for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST) {
            rc = err_errno(e, errno, "create folder \"%s\"", copy);
            goto out;
        }
        *slash = '/';
    }
    if (mkdir(copy, mode) != 0 && errno != EEXIST) {
        rc = err_errno(e, errno, "create folder \"%s\"", copy);
    }
out:
    free(copy);
    return rc;
}

int file_sync_parent(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash == NULL ? mem_strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int rc = 0;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        rc = err_errno(e, errno, "sync folder \"%s\"", dir);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(dir);
    return rc;
}

bool file_name_ok(const char *name)
{
    char escaped[256];
    size_t len = strlen(name);
    if (len == 0 || len > 200 || name[0] == '.' || strchr(name, '/') != NULL) {
        return false;
    }
    return strcmp(str_escape(escaped, sizeof escaped, name, len), name) == 0;
}

bool file_path_ok(const char *name)
{
    char part[201];
    int folders = 0;
    if (strlen(name) > 200) {
        return false;
    }
    for (const char *slash; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
        size_t len = (size_t)(slash - name);
        if (++folders > FILE_FOLDERS_MAX || !str_copy(part, sizeof part, name, len) ||
            !file_name_ok(part)) {
            return false;
        }
    }
    return file_name_ok(name);
}

const char *file_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int make_private(const char *path, struct err *e)
{
    struct stat st;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return err_errno(e, errno, "create folder \"%s\"", path);
    }
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
        return err_set(e, PP_EPERM, "runtime folder \"%s\" belongs to somebody else", path);
    }
    return 0;
}

int file_runtime_dir(char *out, size_t out_size, bool create, struct err *e)
{
    const char *own = getenv("PPHOST_RUNTIME");
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    if (own != NULL && *own != '\0') {
        snprintf(out, out_size, "%s", own);
        return create ? file_mkdirs(out, 0700, e) : 0;
    }
    if (xdg != NULL && *xdg != '\0' && access(xdg, W_OK) == 0) {
        snprintf(out, out_size, "%s/pphost", xdg);
    } else if (access("/run/pphost", W_OK) == 0) {
        snprintf(out, out_size, "/run/pphost");
        return 0;
    } else {
        snprintf(out, out_size, "/tmp/pphost-%u", (unsigned)geteuid());
    }
    return create ? make_private(out, e) : 0;
}
