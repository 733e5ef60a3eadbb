#include "host/io/webcall.h"

#include "host/base/mem.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX    (64 << 10) /* more of an answer is not read */
#define USER_AGENT    "pphost"
#define REDIRECTS_MAX 5L
#define CONNECT_PART  2 /* of the time, for connecting alone */

/* As libcurl has them. */
static struct {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*perform)(CURL *curl);
    CURLcode (*getinfo)(CURL *curl, CURLINFO info, ...);
    void (*cleanup)(CURL *curl);
    const char *(*strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free)(struct curl_slist *list);
    bool loaded;
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    *(void **)function = address; /* what POSIX says to do with dlsym() */
    return address != NULL;
}

static void load(void)
{
    void *library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    library = library != NULL ? library : dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    lib.loaded = library != NULL && find(library, "curl_global_init", &lib.global_init) &&
                 find(library, "curl_easy_init", &lib.easy_init) &&
                 find(library, "curl_easy_setopt", &lib.setopt) &&
                 find(library, "curl_easy_perform", &lib.perform) &&
                 find(library, "curl_easy_getinfo", &lib.getinfo) &&
                 find(library, "curl_easy_cleanup", &lib.cleanup) &&
                 find(library, "curl_easy_strerror", &lib.strerror) &&
                 find(library, "curl_slist_append", &lib.slist_append) &&
                 find(library, "curl_slist_free_all", &lib.slist_free) &&
                 lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static size_t drop(char *bytes, size_t size, size_t n, void *context)
{
    size_t *taken = context;
    (void)bytes;
    *taken += size * n;
    return *taken <= ANSWER_MAX ? size * n : 0;
}

static void set_options(CURL *curl, const char *url, const char *body, int64_t timeout_ms,
    struct curl_slist *headers, size_t *taken)
{
    lib.setopt(curl, CURLOPT_URL, url);
    lib.setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    lib.setopt(curl, CURLOPT_NOSIGNAL, 1L);
    lib.setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    lib.setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms / CONNECT_PART);
    lib.setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
    lib.setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    lib.setopt(curl, CURLOPT_WRITEDATA, taken);
    if (body[0] != '\0') {
        lib.setopt(curl, CURLOPT_HTTPHEADER, headers);
        lib.setopt(curl, CURLOPT_POSTFIELDS, body);
    }
}

int webcall(const char *url, const char *body, int64_t timeout_ms, struct err *e)
{
    long status = 0;
    size_t taken = 0;
    pthread_once(&once, load);
    CURL *curl = lib.loaded ? lib.easy_init() : NULL;
    if (curl == NULL) {
        return err_set(e, PP_EIO, "\"%.100s\" is not called: libcurl cannot be loaded", url);
    }
    struct curl_slist *headers = lib.slist_append(NULL, "Content-Type: application/json");
    set_options(curl, url, body, timeout_ms, headers, &taken);
    CURLcode code = lib.perform(curl);
    lib.getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    lib.cleanup(curl);
    lib.slist_free(headers);
    if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && taken > ANSWER_MAX)) {
        return err_set(e, code == CURLE_OPERATION_TIMEDOUT ? PP_ETIMEOUT : PP_EIO, "\"%.100s\": %s",
            url, lib.strerror(code));
    }
    if (status >= 400) {
        return err_set(e, PP_EIO, "\"%.100s\" answers %ld", url, status);
    }
    return 0;
}

struct taking {
    char *bytes; /* owned */
    size_t len;
    size_t limit;
};

static size_t take(char *bytes, size_t size, size_t n, void *context)
{
    struct taking *t = context;
    size_t more = size * n;
    if (more > t->limit - t->len) {
        t->limit = 0; /* says why */
        return 0;
    }
    t->bytes = mem_resize(t->bytes, t->len + more + 1, 1);
    memcpy(t->bytes + t->len, bytes, more);
    t->len += more;
    t->bytes[t->len] = '\0';
    return more;
}

static CURLcode get(CURL *curl, const char *url, const char *accept, int64_t timeout_ms,
    struct taking *t, long *status)
{
    struct curl_slist *headers = NULL;
    char line[200];
    if (accept != NULL) {
        snprintf(line, sizeof line, "Accept: %s", accept);
        headers = lib.slist_append(NULL, line);
    }
    set_options(curl, url, "", timeout_ms, NULL, NULL);
    lib.setopt(curl, CURLOPT_WRITEFUNCTION, take);
    lib.setopt(curl, CURLOPT_WRITEDATA, t);
    lib.setopt(curl, CURLOPT_HTTPHEADER, headers);
    lib.setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    lib.setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    bool secure = strncmp(url, "https:", 6) == 0; /* and so it stays */
    lib.setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    CURLcode code = lib.perform(curl);
    lib.getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    lib.slist_free(headers);
    return code;
}

int webcall_get(const char *url, const char *accept, size_t limit, int64_t timeout_ms, char **bytes,
    size_t *len, struct err *e)
{
    struct taking t = {.limit = limit};
    long status = 0;
    pthread_once(&once, load);
    CURL *curl = lib.loaded ? lib.easy_init() : NULL;
    if (curl == NULL) {
        return err_set(e, PP_EIO, "\"%.100s\" is not fetched: libcurl cannot be loaded", url);
    }
    CURLcode code = get(curl, url, accept, timeout_ms, &t, &status);
    lib.cleanup(curl);
    int rc = 0;
    if (code == CURLE_WRITE_ERROR && t.limit == 0) {
        rc = err_set(e, PP_ETOOBIG, "\"%.100s\" is larger than %zu bytes", url, limit);
    } else if (code != CURLE_OK) {
        rc = err_set(e, code == CURLE_OPERATION_TIMEDOUT ? PP_ETIMEOUT : PP_EIO, "\"%.100s\": %s",
            url, lib.strerror(code));
    } else if (status >= 400) {
        rc = err_set(
            e, status == 404 ? PP_ENOTFOUND : PP_EIO, "\"%.100s\" answers %ld", url, status);
    }
    if (rc != 0) {
        free(t.bytes);
        return rc;
    }
    *bytes = t.bytes;
    *len = t.len;
    return 0;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[300];
    snprintf(line, sizeof line, "%s: %s", name, value);
    return value[0] != '\0' ? lib.slist_append(list, line) : list;
}

/* libcurl writes a header as it is, line ends too. */
static int check_words(const struct webcall_request *r, struct err *e)
{
    const char *const texts[] = {r->key, r->actor};
    size_t len = strlen(r->method);
    bool good = len > 0 && strspn(r->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (const char *at = texts[i]; *at != '\0'; at++) {
            good = good && (unsigned char)*at >= ' ' && *at != 0x7f;
        }
    }
    return good ? 0 : err_set(e, PP_EINVAL, "a request whose method or headers are no words");
}

static CURLcode request(CURL *curl, const struct webcall_request *r, int64_t timeout_ms,
    struct taking *t, struct webcall_answer *out)
{
    struct curl_slist *headers = lib.slist_append(NULL, "Expect:");
    char *type = NULL;
    headers = add_header(headers, "X-Api-Key", r->key);
    headers = add_header(headers, "X-Actor", r->actor);
    set_options(curl, r->url, "", timeout_ms, NULL, NULL);
    if (r->body_len > 0) {
        headers = lib.slist_append(headers, "Content-Type: application/json");
        lib.setopt(curl, CURLOPT_POSTFIELDS, r->body);
        lib.setopt(curl, CURLOPT_POSTFIELDSIZE, (long)r->body_len);
    }
    lib.setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    lib.setopt(curl, CURLOPT_HTTPHEADER, headers);
    lib.setopt(curl, CURLOPT_WRITEFUNCTION, take);
    lib.setopt(curl, CURLOPT_WRITEDATA, t);
    CURLcode code = lib.perform(curl);
    lib.getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    lib.getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(out->type, sizeof out->type, "%s", type != NULL ? type : "");
    lib.slist_free(headers);
    return code;
}

int webcall_request(const struct webcall_request *r, size_t limit, int64_t timeout_ms,
    struct webcall_answer *out, struct err *e)
{
    struct taking t = {.limit = limit};
    *out = (struct webcall_answer){.status = 0};
    if (check_words(r, e) != 0) {
        return -PP_EINVAL;
    }
    pthread_once(&once, load);
    CURL *curl = lib.loaded ? lib.easy_init() : NULL;
    if (curl == NULL) {
        return err_set(e, PP_EIO, "\"%.100s\" is not called: libcurl cannot be loaded", r->url);
    }
    CURLcode code = request(curl, r, timeout_ms, &t, out);
    lib.cleanup(curl);
    out->bytes = t.bytes;
    out->len = t.len;
    if (code == CURLE_OK) {
        return 0;
    }
    free(t.bytes);
    out->bytes = NULL;
    return err_set(e, code == CURLE_OPERATION_TIMEDOUT ? PP_ETIMEOUT : PP_EIO, "\"%.100s\": %s",
        r->url, lib.strerror(code));
}
