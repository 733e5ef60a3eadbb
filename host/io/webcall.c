#include "host/io/webcall.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX   (64 << 10) /* more of an answer is not read */
#define USER_AGENT   "pphost"
#define CONNECT_PART 2 /* of the time, for connecting alone */

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
