#include "host/io/blob.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define UPLOAD_PREFIX  ".upload-"
#define REMOVED_PREFIX ".removed-"
#define RESERVE_BYTES  (INT64_C(64) << 20)

int blob_create(struct blob *b, const char *dir, struct err *e)
{
    *b = (struct blob){.fd = -1, .path = mem_printf("%s/" UPLOAD_PREFIX "XXXXXX", dir)};
    crypto_hash_sha256_init(&b->hash);
    b->fd = mkostemp(b->path, O_CLOEXEC);
    if (b->fd < 0) {
        int rc = err_errno(e, errno, "create a file in \"%s\"", dir);
        free(b->path);
        b->path = NULL;
        return rc;
    }
    return 0;
}

int blob_write(struct blob *b, const void *bytes, size_t len, struct err *e)
{
    const char *p = bytes;
    size_t left = len;
    while (left > 0) {
        ssize_t n = write(b->fd, p, left);
        if (n < 0 && errno != EINTR) {
            return err_errno(e, errno, "write \"%s\"", b->path);
        }
        if (n > 0) {
            p += n;
            left -= (size_t)n;
        }
    }
    crypto_hash_sha256_update(&b->hash, bytes, len);
    b->size_bytes += (int64_t)len;
    return 0;
}

void blob_finish(struct blob *b, char sha256[static BLOB_NAME_SIZE])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&b->hash, hash);
    sodium_bin2hex(sha256, BLOB_NAME_SIZE, hash, sizeof hash);
}

int blob_publish(struct blob *b, const char *sha256, struct err *e)
{
    int dir_len = (int)(file_basename(b->path) - b->path);
    char *path = mem_printf("%.*s%s", dir_len, b->path, sha256);
    int rc = 0;
    if (fsync(b->fd) != 0 || rename(b->path, path) != 0) {
        rc = err_errno(e, errno, "write \"%s\"", path);
    } else {
        free(b->path);
        b->path = NULL;
        rc = file_sync_parent(path, e);
    }
    free(path);
    return rc;
}

void blob_discard(struct blob *b)
{
    if (b->fd >= 0) {
        close(b->fd);
        b->fd = -1;
    }
    if (b->path != NULL) {
        unlink(b->path);
        free(b->path);
        b->path = NULL;
    }
}

char *blob_hide(const char *dir, const char *sha256)
{
    char *path = mem_printf("%s/%s", dir, sha256);
    char *hidden = mem_printf("%s/" REMOVED_PREFIX "%s", dir, sha256);
    if (rename(path, hidden) != 0) {
        free(hidden);
        hidden = NULL;
    }
    free(path);
    return hidden;
}

static bool is_blob_name(const char *name)
{
    return strlen(name) == BLOB_NAME_SIZE - 1 &&
           strspn(name, "0123456789abcdef") == BLOB_NAME_SIZE - 1;
}

int blob_sweep(const char *dir, bool (*wanted)(const void *context, const char *sha256),
    const void *context, size_t *count, struct err *e)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    *count = 0;
    if (d == NULL) {
        return err_errno(e, errno, "folder \"%s\"", dir);
    }
    while ((entry = readdir(d)) != NULL) {
        const char *name = entry->d_name;
        bool leftover = str_starts(name, UPLOAD_PREFIX) || str_starts(name, REMOVED_PREFIX);
        bool unwanted = is_blob_name(name) && !wanted(context, name);
        if ((leftover || unwanted) && unlinkat(dirfd(d), name, 0) == 0) {
            ++*count;
        }
    }
    closedir(d);
    return 0;
}

int blob_room(const char *dir, int64_t *bytes, struct err *e)
{
    struct statvfs fs;
    if (statvfs(dir, &fs) != 0) {
        return err_errno(e, errno, "free space of \"%s\"", dir);
    }
    int64_t unit = (int64_t)fs.f_frsize;
    int64_t reserve = (int64_t)fs.f_blocks * unit / 20;
    reserve = reserve < RESERVE_BYTES ? reserve : RESERVE_BYTES;
    *bytes = (int64_t)fs.f_bavail * unit - reserve;
    return 0;
}
