#include "host/app/datadir.h"

#include "host/base/file.h"
#include "host/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST_ENTRY 96 /* room for "/blobs/.removed-" and a SHA-256 */

static int default_path(const char *name, char *out, size_t out_size, struct err *e)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n;
    if (!file_name_ok(name)) {
        char shown[64];
        str_escape(shown, sizeof shown, name, strlen(name));
        return err_set(e, PP_EINVAL, "printer name \"%s\": cannot be the name of a folder", shown);
    }
    if (state != NULL && state[0] == '/') {
        n = snprintf(out, out_size, "%s/pphost/%s", state, name);
    } else if (home != NULL && home[0] == '/') {
        n = snprintf(out, out_size, "%s/.local/state/pphost/%s", home, name);
    } else {
        return err_set(e, PP_EINVAL,
            "no place for data: neither HOME nor XDG_STATE_HOME is set; give --data DIR");
    }
    return n < (int)out_size ? 0 : err_set(e, PP_EINVAL, "data directory \"%s...\": too long", out);
}

/* Long enough a path would be cut somewhere below it. */
static int choose_path(struct datadir *d, const char *given, const char *name, struct err *e)
{
    int rc = 0;
    if (given == NULL || *given == '\0') {
        rc = default_path(name, d->path, sizeof d->path, e);
    } else if (!str_copy(d->path, sizeof d->path, given, strlen(given))) {
        rc = err_set(e, PP_EINVAL, "data directory \"%.60s...\": too long", given);
    }
    if (rc == 0 && strlen(d->path) + LONGEST_ENTRY > sizeof d->path) {
        rc = err_set(e, PP_EINVAL, "data directory \"%.60s...\": longer than %d bytes", d->path,
            DATADIR_MAX - LONGEST_ENTRY);
    }
    return rc;
}

static int make_folder(const char *path, struct err *e)
{
    struct stat st;
    int rc = file_mkdirs(path, 0700, e);
    if (rc != 0) {
        return err_wrap(e, "data directory");
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return err_set(e, PP_EINVAL, "data directory \"%s\": is no folder", path);
    }
    if (access(path, W_OK | X_OK) != 0) {
        return err_errno(e, errno, "data directory \"%s\": cannot write to it", path);
    }
    return 0;
}

static int make_folders(const struct datadir *d, struct err *e)
{
    static const char *const names[] = {"", "/blobs", "/keys"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[DATADIR_MAX + 16];
        snprintf(path, sizeof path, "%s%s", d->path, names[i]);
        if (make_folder(path, e) != 0) {
            return -e->code;
        }
    }
    return 0;
}

static int busy(const struct datadir *d, int fd, struct err *e)
{
    char pid[16];
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    int64_t number;
    if (!str_to_int(pid, 1, INT32_MAX, &number)) {
        return err_set(e, PP_EBUSY, "data directory \"%s\": another pphost uses it", d->path);
    }
    return err_set(
        e, PP_EBUSY, "data directory \"%s\": another pphost uses it (pid %s)", d->path, pid);
}

static int lock(struct datadir *d, struct err *e)
{
    char path[DATADIR_MAX + 16];
    snprintf(path, sizeof path, "%s/lock", d->path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_errno(e, errno, "lock file \"%s\"", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int rc = errno == EWOULDBLOCK ? busy(d, fd, e) : err_errno(e, errno, "lock \"%s\"", path);
        close(fd);
        return rc;
    }
    /* The pid is for people; on a full disk the lock holds without it. */
    if (ftruncate(fd, 0) == 0) {
        dprintf(fd, "%d\n", (int)getpid());
    }
    d->lock_fd = fd;
    return 0;
}

int datadir_open(struct datadir *d, const char *given, const char *name, struct err *e)
{
    struct err why = {0};
    *d = (struct datadir){.lock_fd = -1};
    if (choose_path(d, given, name, &why) == 0 && make_folders(d, &why) == 0 &&
        lock(d, &why) == 0) {
        return 0;
    }
    if (e != NULL) {
        *e = why;
    }
    return -why.code;
}

/* The file stays: removing it could pull it from under one who just opened it. */
void datadir_close(struct datadir *d)
{
    if (d->lock_fd >= 0) {
        close(d->lock_fd);
    }
    d->lock_fd = -1;
}
