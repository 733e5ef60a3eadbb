#include "tools/ppload/hosts.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 8192

static bool set(char *to, size_t size, const char *from)
{
    return from != NULL && str_copy(to, size, from, strlen(from));
}

/* ---- runtime files ------------------------------------------------------------------------------
 */

static bool may_be_trusted(int fd, const struct stat *folder)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH) != 0) {
        return false;
    }
    return st.st_uid == geteuid() || st.st_uid == 0 || st.st_uid == folder->st_uid;
}

static json_t *read_document(int fd)
{
    char bytes[FILE_MAX];
    size_t used = 0;
    ssize_t n;
    while (used < sizeof bytes && (n = read(fd, bytes + used, sizeof bytes - used)) > 0) {
        used += (size_t)n;
    }
    return json_loadb(bytes, used, 0, NULL);
}

static bool fill(struct host *out, const json_t *doc)
{
    json_int_t pid = json_integer_value(json_object_get(doc, "pid"));
    bool gone = pid < 1 || pid > INT32_MAX || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
    return !gone &&
           set(out->name, sizeof out->name, json_string_value(json_object_get(doc, "name"))) &&
           set(out->url, sizeof out->url, json_string_value(json_object_get(doc, "url"))) &&
           set(out->key, sizeof out->key, json_string_value(json_object_get(doc, "key")));
}

static bool is_known(const struct hosts *h, const char *url)
{
    for (size_t i = 0; i < h->count; i++) {
        if (strcmp(h->at[i].url, url) == 0) {
            return true;
        }
    }
    return false;
}

static void add_file(struct hosts *h, int folder_fd, const struct stat *folder, const char *file)
{
    struct host found = {0};
    int fd = openat(folder_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    json_t *doc = may_be_trusted(fd, folder) ? read_document(fd) : NULL;
    if (doc != NULL && fill(&found, doc) && !is_known(h, found.url) && h->count < HOSTS_MAX) {
        h->at[h->count++] = found;
    }
    json_decref(doc);
    close(fd);
}

static bool is_runtime_file(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && name[0] != '.' && strcmp(name + len - 5, ".json") == 0;
}

static void add_folder(struct hosts *h, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    bool system = strcmp(path, "/run/pphost") == 0;
    struct dirent *entry;
    if (fstat(fd, &st) == 0 && (st.st_mode & S_IWOTH) == 0 &&
        (system || st.st_uid == geteuid() || st.st_uid == 0)) {
        while ((entry = readdir(entries)) != NULL) {
            if (is_runtime_file(entry->d_name)) {
                add_file(h, fd, &st, entry->d_name);
            }
        }
    }
    closedir(entries);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct host *)a)->name, ((const struct host *)b)->name);
}

void hosts_find(struct hosts *h)
{
    const char *own = getenv("PPHOST_RUNTIME");
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    char path[256];
    if (own != NULL && *own != '\0') {
        add_folder(h, own);
    } else {
        if (xdg != NULL && *xdg != '\0') {
            snprintf(path, sizeof path, "%s/pphost", xdg);
            add_folder(h, path);
        }
        add_folder(h, "/run/pphost");
        snprintf(path, sizeof path, "/tmp/pphost-%u", (unsigned)geteuid());
        add_folder(h, path);
    }
    qsort(h->at, h->count, sizeof h->at[0], by_name);
}

/* ---- addresses ----------------------------------------------------------------------------------
 */

static int add_named(struct hosts *h, const char *name, struct err *e)
{
    struct hosts *all = mem_alloc(sizeof *all);
    int rc = err_set(e, PP_ENOTFOUND, "no host \"%s\" runs on this machine", name);
    hosts_find(all);
    for (size_t i = 0; i < all->count && rc != 0; i++) {
        if (strcmp(all->at[i].name, name) == 0) {
            h->at[h->count++] = all->at[i];
            rc = 0;
        }
    }
    free(all);
    return rc;
}

int hosts_add(struct hosts *h, const char *text, const char *key, struct err *e)
{
    size_t len = strcspn(text, "=");
    const char *given = text[len] == '=' ? text + len + 1 : key;
    if (h->count == HOSTS_MAX) {
        return err_set(e, PP_ELIMIT, "%d hosts are the most", HOSTS_MAX);
    }
    if (memchr(text, ':', len) == NULL && memchr(text, '/', len) == NULL) {
        return add_named(h, text, e);
    }
    while (len > 0 && text[len - 1] == '/') {
        len--;
    }
    struct host *to = &h->at[h->count];
    bool bare = strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0;
    int n = snprintf(to->url, sizeof to->url, "%s%.*s", bare ? "http://" : "", (int)len, text);
    if (n >= (int)sizeof to->url || strstr(to->url + 8, "://") != NULL ||
        strpbrk(to->url, " @?#") != NULL || !set(to->key, sizeof to->key, given)) {
        return err_set(
            e, PP_EINVAL, "\"%.*s\": must be like http://printer:8125=KEY", (int)len, text);
    }
    str_copy(to->name, sizeof to->name, to->url, strlen(to->url));
    h->count++;
    return 0;
}
