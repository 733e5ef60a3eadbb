/* DATA/incoming: SHA256.part, as long as what came last, and SHA256.have, which of its chunks are
 * there: "pphave1\n", the size (8 bytes, big-endian), the boot of the machine (16), of each chunk
 * whether it is written (1) or safe on the disk (2), BLAKE2b-128 of all of it. What is only written
 * counts as long as the machine runs, what is safe for ever. It is replaced as a whole; one that is
 * cut, or fits nothing, counts as none.
 */
#include "host/app/network/content_priv.h"

#include "host/base/file.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      "pphave1\n"
#define MAGIC_SIZE ((size_t)8)
#define BOOT_SIZE  ((size_t)16)
#define HEAD_SIZE  (MAGIC_SIZE + 8 + BOOT_SIZE)
#define SUM_SIZE   ((size_t)16)
#define HAVE_MAX   ((size_t)65536 + HEAD_SIZE + SUM_SIZE) /* of 64 GiB */

/* ---- written ------------------------------------------------------------------------------------
 */

static void put_size(uint8_t out[8], int64_t size_bytes)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)((uint64_t)size_bytes >> (8 * (7 - i)));
    }
}

static int write_file(const char *path, const uint8_t *bytes, size_t len, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_errno(e, errno, "create \"%s\"", path);
    }
    ssize_t n = write(fd, bytes, len);
    int errnum = n < 0 ? errno : ENOSPC;
    close(fd);
    return n == (ssize_t)len ? 0 : err_errno(e, errnum, "write \"%s\"", path);
}

int disk_save(const struct part *p, struct err *e)
{
    size_t len = HEAD_SIZE + p->count + SUM_SIZE;
    char path[4096];
    char fresh[4096];
    uint8_t *bytes = mem_alloc(len);
    memcpy(bytes, MAGIC, MAGIC_SIZE);
    put_size(bytes + MAGIC_SIZE, p->size_bytes);
    memcpy(bytes + MAGIC_SIZE + 8, p->content->boot, BOOT_SIZE);
    memcpy(bytes + HEAD_SIZE, p->claims, p->count);
    crypto_generichash(bytes + len - SUM_SIZE, SUM_SIZE, bytes, len - SUM_SIZE, NULL, 0);
    part_path(p, ".have", path, sizeof path);
    part_path(p, ".have.new", fresh, sizeof fresh);
    int rc = write_file(fresh, bytes, len, e);
    if (rc == 0 && rename(fresh, path) != 0) {
        rc = err_errno(e, errno, "write \"%s\"", path);
    }
    free(bytes);
    return rc;
}

/* ---- found --------------------------------------------------------------------------------------
 */

static int64_t get_size(const uint8_t *bytes)
{
    uint64_t size = 0;
    for (int i = 0; i < 8; i++) {
        size = size << 8 | bytes[i];
    }
    return (int64_t)size;
}

static bool is_have(const struct strbuf *b)
{
    const uint8_t *bytes = (const uint8_t *)b->data;
    uint8_t sum[SUM_SIZE];
    if (b->len < HEAD_SIZE + SUM_SIZE || memcmp(bytes, MAGIC, MAGIC_SIZE) != 0) {
        return false;
    }
    int64_t size = get_size(bytes + MAGIC_SIZE);
    crypto_generichash(sum, sizeof sum, bytes, b->len - SUM_SIZE, NULL, 0);
    return memcmp(sum, bytes + b->len - SUM_SIZE, SUM_SIZE) == 0 && size >= 0 &&
           (uint64_t)(size + CONTENT_CHUNK - 1) / CONTENT_CHUNK == b->len - HEAD_SIZE - SUM_SIZE;
}

static bool is_sha256(const char *name, size_t len)
{
    return len == BLOB_NAME_SIZE - 1 && strspn(name, "0123456789abcdef") >= len;
}

static bool is_boot(const struct content *c, const uint8_t *boot)
{
    static const uint8_t unknown[BOOT_SIZE];
    return memcmp(c->boot, unknown, BOOT_SIZE) != 0 && memcmp(c->boot, boot, BOOT_SIZE) == 0;
}

static void find_boot(struct content *c)
{
    struct strbuf b = {0};
    if (file_read("/proc/sys/kernel/random/boot_id", 100, &b, NULL) == 0) {
        crypto_generichash(c->boot, BOOT_SIZE, (const uint8_t *)b.data, b.len, NULL, 0);
    }
    strbuf_fini(&b);
}

/* True if it was taken over: what its chunks say must lie within the file. */
static bool load_part(struct content *c, const char *sha256, int64_t file_size)
{
    struct strbuf b = {0};
    char *path = mem_printf("%s/%s.have", c->dir, sha256);
    bool good = file_read(path, HAVE_MAX, &b, NULL) == 0 && is_have(&b);
    if (good) {
        const uint8_t *bytes = (const uint8_t *)b.data;
        struct part *p = part_new(c, sha256, get_size(bytes + MAGIC_SIZE));
        bool same_boot = is_boot(c, bytes + MAGIC_SIZE + 8);
        for (uint32_t i = 0; i < p->count; i++) {
            int64_t end = (int64_t)i * CONTENT_CHUNK + (int64_t)part_chunk_len(p, i);
            uint8_t claim = bytes[HEAD_SIZE + i];
            bool counts = claim == CLAIM_SAFE || (claim == CLAIM_WRITTEN && same_boot);
            p->written[i] = counts && end <= file_size ? claim : CLAIM_NONE;
            p->dirty += p->written[i] == CLAIM_WRITTEN;
        }
    }
    free(path);
    strbuf_fini(&b);
    return good;
}

static bool is_old(const struct stat *st, int64_t now_ms)
{
    return now_ms - (int64_t)st->st_mtime * 1000 > CONTENT_PART_KEEP_MS;
}

static void look_at(struct content *c, int dir, const char *name, int64_t now_ms, size_t *swept)
{
    struct stat st;
    const char *dot = strchr(name, '.');
    char sha256[BLOB_NAME_SIZE];
    if (dot == NULL || !is_sha256(name, (size_t)(dot - name)) || strcmp(dot, ".have") == 0) {
        return;
    }
    str_copy(sha256, sizeof sha256, name, (size_t)(dot - name));
    bool part = strcmp(dot, ".part") == 0 && fstatat(dir, name, &st, 0) == 0;
    if (part && !is_old(&st, now_ms) && files_find_content(c->files, sha256) == NULL &&
        load_part(c, sha256, (int64_t)st.st_size)) {
        return;
    }
    *swept += unlinkat(dir, name, 0) == 0;
}

/* Those whose part has gone. */
static void sweep_have(const struct content *c, int dir, const char *name)
{
    const char *dot = strchr(name, '.');
    char sha256[BLOB_NAME_SIZE];
    if (dot == NULL || !is_sha256(name, (size_t)(dot - name)) || strcmp(dot, ".have") != 0) {
        return;
    }
    str_copy(sha256, sizeof sha256, name, (size_t)(dot - name));
    if (part_find(c, sha256) == NULL) {
        unlinkat(dir, name, 0);
    }
}

int disk_load(struct content *c, int64_t now_ms, struct err *e)
{
    DIR *d = opendir(c->dir);
    const struct dirent *entry;
    size_t swept = 0;
    if (d == NULL) {
        return err_errno(e, errno, "folder \"%s\"", c->dir);
    }
    find_boot(c);
    while ((entry = readdir(d)) != NULL) {
        look_at(c, dirfd(d), entry->d_name, now_ms, &swept);
    }
    rewinddir(d);
    while ((entry = readdir(d)) != NULL) {
        sweep_have(c, dirfd(d), entry->d_name);
    }
    closedir(d);
    if (swept > 0) {
        log_info("\"%s\": swept %zu parts that nobody goes on with", c->dir, swept);
    }
    return 0;
}
