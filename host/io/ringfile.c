#include "host/io/ringfile.h"

#include "host/base/file.h"
#include "host/base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define MAGIC   "pphost ring"
#define VERSION 1u

struct words {
    uint32_t len;
    unsigned char bytes[RINGFILE_WORDS];
};

struct ringfile_map {
    char magic[16];
    uint32_t version;
    uint32_t size; /* of this struct: another build's is not ours */
    char boot_id[40];
    _Atomic bool used; /* kept holds something */
    _Atomic uint64_t alive_ms;
    _Atomic uint32_t words_at; /* which of the two holds */
    struct words words[2];
    struct kept kept;
};

static uint64_t boottime_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void read_boot_id(char out[40])
{
    memset(out, 0, 40);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!read(fd, out, 36);
        close(fd);
    }
}

/* ---- where it lies ---- */

static bool is_tmpfs(const char *dir)
{
    struct statfs fs;
    return statfs(dir, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* Beside what is on a disk: in /dev/shm, told apart by the folder's path. */
static void choose_path(struct ringfile *r, const char *path)
{
    char dir[PATH_MAX];
    char real[PATH_MAX];
    unsigned char hash[16];
    char hex[2 * sizeof hash + 1];
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    snprintf(dir, sizeof dir, "%.*s", (int)len, path);
    snprintf(r->path, sizeof r->path, "%s", path);
    if (slash == NULL || is_tmpfs(dir) || realpath(dir, real) == NULL || !is_tmpfs("/dev/shm")) {
        return;
    }
    crypto_generichash(hash, sizeof hash, (const unsigned char *)real, strlen(real), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(r->path, sizeof r->path, "/dev/shm/pphost-%u-%s-%.200s", (unsigned)geteuid(), hex,
        slash + 1);
}

static int open_file(struct ringfile *r, struct err *e)
{
    struct stat st;
    r->fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (r->fd < 0) {
        return err_errno(e, errno, "\"%s\"", r->path);
    }
    if (flock(r->fd, LOCK_EX | LOCK_NB) != 0) {
        return err_set(e, PP_EBUSY, "\"%s\" is in use by another pphost", r->path);
    }
    if (fstat(r->fd, &st) != 0 || st.st_uid != geteuid() || !S_ISREG(st.st_mode)) {
        return err_set(e, PP_EREFUSED, "\"%s\" is not ours: remove it", r->path);
    }
    r->left = st.st_size == sizeof(struct ringfile_map);
    if (ftruncate(r->fd, sizeof(struct ringfile_map)) != 0) {
        return err_errno(e, errno, "\"%s\"", r->path);
    }
    int rc = posix_fallocate(r->fd, 0, sizeof(struct ringfile_map));
    return rc == 0 ? 0 : err_errno(e, rc, "\"%s\"", r->path);
}

static int map_memory(struct ringfile *r, struct err *e)
{
    int flags = r->fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void *at = mmap(NULL, sizeof *r->map, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, r->fd, 0);
    if (at == MAP_FAILED) {
        return err_errno(e, errno, "map \"%s\"", r->path);
    }
    r->map = at;
    r->kept = &r->map->kept;
    if (mlock(at, sizeof *r->map) != 0) {
        log_debug("\"%s\" is not locked in memory: %s", r->path, strerror(errno));
    }
    return 0;
}

/* ---- what lies there ---- */

static bool can_be_believed(struct ringfile *r)
{
    struct ringfile_map *m = r->map;
    char boot_id[40];
    struct err e;
    read_boot_id(boot_id);
    if (memcmp(m->magic, MAGIC, sizeof MAGIC) != 0 || m->version != VERSION ||
        m->size != sizeof *m || memcmp(m->boot_id, boot_id, sizeof boot_id) != 0 || !m->used) {
        return false;
    }
    if (m->words_at > 1 || m->words[m->words_at].len > RINGFILE_WORDS) {
        return false;
    }
    if (kept_check(r->kept, &e) < 0) {
        log_warn("what the last process left in \"%s\" is of no use: %s", r->path, e.text);
        return false;
    }
    return true;
}

static void begin_anew(struct ringfile_map *m)
{
    m->used = false;
    kept_init(&m->kept);
    memset(m->words, 0, sizeof m->words);
    m->words_at = 0;
    m->version = VERSION;
    m->size = sizeof *m;
    read_boot_id(m->boot_id);
    memcpy(m->magic, MAGIC, sizeof MAGIC);
}

int ringfile_open(struct ringfile *r, const char *path, struct err *e)
{
    *r = (struct ringfile){.fd = -1};
    int rc = 0;
    if (path[0] != '\0') {
        choose_path(r, path);
        rc = open_file(r, e);
    }
    rc = rc == 0 ? map_memory(r, e) : rc;
    if (rc < 0) {
        ringfile_close(r);
        return rc;
    }
    r->left = r->left && can_be_believed(r);
    if (!r->left) {
        begin_anew(r->map);
    }
    return 0;
}

void ringfile_close(struct ringfile *r)
{
    if (r->map != NULL) {
        munmap(r->map, sizeof *r->map);
    }
    if (r->fd >= 0) {
        close(r->fd);
    }
    *r = (struct ringfile){.fd = -1};
}

void ringfile_forget(struct ringfile *r)
{
    r->left = false;
    r->map->used = false;
    if (r->fd >= 0) {
        unlink(r->path);
    }
}

void ringfile_alive(struct ringfile *r)
{
    atomic_store(&r->map->alive_ms, boottime_ms());
    atomic_store(&r->map->used, true);
}

uint64_t ringfile_away_ms(const struct ringfile *r)
{
    uint64_t now = boottime_ms();
    uint64_t alive = r->map->alive_ms;
    return alive < now ? now - alive : 0;
}

void ringfile_set_words(struct ringfile *r, const void *words, size_t len)
{
    uint32_t at = 1 - r->map->words_at;
    assert(len <= RINGFILE_WORDS);
    memcpy(r->map->words[at].bytes, words, len);
    r->map->words[at].len = (uint32_t)len;
    atomic_store(&r->map->words_at, at);
}

const void *ringfile_words(const struct ringfile *r, size_t *len)
{
    const struct words *w = &r->map->words[r->map->words_at];
    *len = w->len;
    return w->bytes;
}
