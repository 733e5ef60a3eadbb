#include "tools/ppctl/hosts.h"

#include "host/base/file.h"
#include "tools/ppctl/text.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNTIME_FILE_MAX 8192
#define SYSTEM_DIR       "/run/pphost"

static void remark(struct hosts *h, const char *dir, const char *file, const char *why)
{
    strbuf_printf(&h->remarks, "%signored \"", h->remarks.len > 0 ? "; " : "");
    text_foreign(&h->remarks, dir);
    strbuf_puts(&h->remarks, "/");
    text_foreign(&h->remarks, file);
    strbuf_printf(&h->remarks, "\": %s", why);
}

/* Why a file cannot be trusted; NULL if it can. */
static const char *distrust(const struct stat *file, const struct stat *dir)
{
    if (!S_ISREG(file->st_mode)) {
        return "not a regular file";
    }
    if (file->st_uid != geteuid() && file->st_uid != 0 && file->st_uid != dir->st_uid) {
        return "belongs to another user";
    }
    if ((file->st_mode & S_IWOTH) != 0) {
        return "everybody may write it";
    }
    return NULL;
}

/* Reads at most `size - 1` bytes through the descriptor that was checked. */
static size_t read_some(int fd, char *out, size_t size)
{
    size_t used = 0;
    ssize_t n;
    while (used + 1 < size && (n = read(fd, out + used, size - 1 - used)) > 0) {
        used += (size_t)n;
    }
    out[used] = '\0';
    return used;
}

static bool process_is_gone(int64_t pid)
{
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static const char *fill(struct host *out, const json_t *doc, bool *gone)
{
    const char *name = field_text(doc, "name");
    const char *key = field_text(doc, "key");
    struct err e;
    if (!file_name_ok(name) || !str_copy(out->name, sizeof out->name, name, strlen(name))) {
        return "no valid \"name\" in it";
    }
    if (host_parse_url(field_text(doc, "url"), out->url, sizeof out->url, &e) != 0) {
        return "no valid \"url\" in it";
    }
    if (!str_copy(out->key, sizeof out->key, key, strlen(key))) {
        return "the key in it is too long";
    }
    int64_t pid = field_int(doc, "pid", 0);
    if (pid < 1 || pid > INT32_MAX) {
        return "no valid \"pid\" in it";
    }
    *gone = process_is_gone(pid);
    return NULL;
}

static const char *parse(struct host *out, char *bytes, size_t len, bool *gone)
{
    json_t *doc = json_loadb(bytes, len, 0, NULL);
    const char *why = json_is_object(doc) ? fill(out, doc, gone) : "not a JSON document";
    json_decref(doc);
    sodium_memzero(bytes, len);
    return why;
}

/* Reads one runtime file; NULL or why it does not count. */
static const char *load(int dir_fd, const char *file, struct host *out, bool *gone)
{
    char bytes[RUNTIME_FILE_MAX];
    struct stat dir_st;
    struct stat st;
    int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        *gone = errno == ENOENT;
        return errno == EACCES ? "not readable: are you in the group \"pphost\"?" : strerror(errno);
    }
    const char *why = "cannot be examined";
    if (fstat(fd, &st) == 0 && fstat(dir_fd, &dir_st) == 0) {
        why = distrust(&st, &dir_st);
    }
    if (why == NULL) {
        why = parse(out, bytes, read_some(fd, bytes, sizeof bytes), gone);
    }
    close(fd);
    return why;
}

static int open_dir(const char *dir)
{
    return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* In a folder that anybody could have made, only our own or root's counts. */
static bool dir_is_trusted(int fd, const char *dir)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || (st.st_mode & S_IWOTH) != 0) {
        return false;
    }
    return st.st_uid == geteuid() || st.st_uid == 0 || strcmp(dir, SYSTEM_DIR) == 0;
}

static bool ends_with_json(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && name[0] != '.' && strcmp(name + len - 5, ".json") == 0;
}

static void add_file(struct hosts *h, int dir_fd, const char *dir, const char *file)
{
    struct host found = {0};
    bool gone = false;
    const char *why = load(dir_fd, file, &found, &gone);
    if (why != NULL && !gone) {
        remark(h, dir, file, why);
    } else if (why == NULL && !gone && h->count < HOSTS_MAX && hosts_named(h, found.name) == NULL) {
        snprintf(found.dir, sizeof found.dir, "%s", dir);
        h->host[h->count++] = found;
    }
    sodium_memzero(&found, sizeof found);
}

/* Adds the hosts of one folder; one that is missing adds nothing. */
static void add_dir(struct hosts *h, const char *dir)
{
    int fd = open_dir(dir);
    if (fd < 0) {
        return;
    }
    if (!dir_is_trusted(fd, dir)) {
        remark(h, dir, "", "the folder belongs to another user or everybody may write it");
        close(fd);
        return;
    }
    DIR *entries = fdopendir(fd);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (ends_with_json(entry->d_name)) {
            add_file(h, dirfd(entries), dir, entry->d_name);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct host *x = a;
    const struct host *y = b;
    return strcmp(x->name, y->name);
}

void hosts_find(struct hosts *h)
{
    const char *own = getenv("PPHOST_RUNTIME");
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    char dir[256];
    if (own != NULL && *own != '\0') {
        add_dir(h, own);
    } else {
        if (xdg != NULL && *xdg != '\0') {
            snprintf(dir, sizeof dir, "%s/pphost", xdg);
            add_dir(h, dir);
        }
        add_dir(h, SYSTEM_DIR);
        snprintf(dir, sizeof dir, "/tmp/pphost-%u", (unsigned)geteuid());
        add_dir(h, dir);
    }
    qsort(h->host, h->count, sizeof h->host[0], by_name);
}

struct host *hosts_named(struct hosts *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++) {
        if (strcmp(h->host[i].name, name) == 0) {
            return &h->host[i];
        }
    }
    return NULL;
}

void hosts_fini(struct hosts *h)
{
    strbuf_fini(&h->remarks);
    sodium_memzero(h, sizeof *h);
}

bool host_refresh(struct host *h)
{
    struct host found = {0};
    bool gone = false;
    char file[80];
    snprintf(file, sizeof file, "%s.json", h->name);
    int dir_fd = h->dir[0] != '\0' ? open_dir(h->dir) : -1;
    if (dir_fd < 0) {
        return false;
    }
    bool ok = load(dir_fd, file, &found, &gone) == NULL && !gone;
    close(dir_fd);
    if (ok) {
        memcpy(h->url, found.url, sizeof h->url);
        if (!h->key_given) {
            memcpy(h->key, found.key, sizeof h->key);
        }
    }
    sodium_memzero(&found, sizeof found);
    return ok;
}

bool host_is_url(const char *target)
{
    return strchr(target, ':') != NULL || strchr(target, '/') != NULL;
}

/* Why the parsed address is not one of a host; NULL if it is. */
static const char *url_fault(CURLU *url)
{
    static const struct {
        CURLUPart part;
        const char *why;
    } unwanted[] = {
        {CURLUPART_USER, "no user name or key in it: use --key-file or PPCTL_KEY"},
        {CURLUPART_QUERY, "no \"?\" in it"},
        {CURLUPART_FRAGMENT, "no \"#\" in it"},
    };
    char *text = NULL;
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++) {
        if (curl_url_get(url, unwanted[i].part, &text, 0) == CURLUE_OK) {
            curl_free(text);
            return unwanted[i].why;
        }
    }
    if (curl_url_get(url, CURLUPART_SCHEME, &text, 0) != CURLUE_OK) {
        return "must begin with http:// or https://";
    }
    bool http = strcmp(text, "http") == 0 || strcmp(text, "https") == 0;
    curl_free(text);
    return http ? NULL : "must begin with http:// or https://";
}

int host_parse_url(const char *text, char *out, size_t out_size, struct err *e)
{
    char shown[200];
    char whole[512];
    char *clean = NULL;
    const char *why = "must be like http://printer:8125";
    CURLU *url = curl_url();
    str_escape(shown, sizeof shown, text, strlen(text));
    int n =
        snprintf(whole, sizeof whole, "%s%s", strstr(text, "://") != NULL ? "" : "http://", text);
    if (url != NULL && n < (int)sizeof whole &&
        curl_url_set(url, CURLUPART_URL, whole, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
        why = url_fault(url);
    }
    if (why == NULL && curl_url_get(url, CURLUPART_URL, &clean, 0) == CURLUE_OK) {
        size_t len = strlen(clean);
        while (len > 0 && clean[len - 1] == '/') {
            len--;
        }
        why = str_copy(out, out_size, clean, len) ? NULL : "too long";
    }
    curl_free(clean);
    curl_url_cleanup(url);
    return why == NULL ? 0 : err_set(e, PP_EINVAL, "address \"%s\": %s", shown, why);
}

const char *host_label(const struct host *h)
{
    return h->name[0] != '\0' ? h->name : h->url;
}
