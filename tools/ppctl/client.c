#include "tools/ppctl/client.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "tools/ppctl/term.h"
#include "tools/ppctl/text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX         (16u << 20)
#define CONNECT_MS         5000L
#define CALL_MS            15000L
#define UPLOAD_IDLE_S      300L /* a host may analyse a large file for minutes before it answers */
#define PROGRESS_PERIOD_MS 100u

struct transfer {
    const struct request *request;
    CURL *curl;
    int64_t saved;
    char file_name[256];
    struct strbuf body;
    uint64_t told_ms;
    bool too_large;
};

/* Only what the host means to give is saved: a refusal is read as any. */
static bool is_download(const struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return t->request->download != NULL && status >= 200 && status <= 299;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t len = size * count;
    if (is_download(t)) {
        size_t n = fwrite(bytes, 1, len, t->request->download);
        t->saved += (int64_t)n;
        return n;
    }
    if (t->body.len + len > ANSWER_MAX) {
        t->too_large = true;
        return 0;
    }
    strbuf_add(&t->body, bytes, len);
    return len;
}

/* Content-Disposition: attachment; filename="gears.gjob" */
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    static const char name[] = "content-disposition:";
    static const char key[] = "filename=\"";
    size_t len = size * count;
    char line[512];
    if (len > sizeof name && len < sizeof line && strncasecmp(bytes, name, sizeof name - 1) == 0) {
        memcpy(line, bytes, len);
        line[len] = '\0';
        const char *found = strstr(line, key);
        if (found != NULL) {
            found += sizeof key - 1;
            str_copy(t->file_name, sizeof t->file_name, found, strcspn(found, "\"\r\n"));
        }
    }
    return len;
}

static size_t on_upload(char *buffer, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t n = fread(buffer, 1, size * count, t->request->upload);
    return n == 0 && ferror(t->request->upload) ? CURL_READFUNC_ABORT : n;
}

static int on_progress(
    void *context, curl_off_t all, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    struct transfer *t = context;
    uint64_t now = clock_ms();
    (void)all;
    (void)got;
    (void)to_send;
    if (t->request != NULL && t->request->progress != NULL &&
        now - t->told_ms >= PROGRESS_PERIOD_MS) {
        t->told_ms = now;
        t->request->progress(t->request->context, sent);
    }
    return term_stopped();
}

static int on_idle(
    void *context, curl_off_t all, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    (void)context;
    (void)all;
    (void)got;
    (void)to_send;
    (void)sent;
    return term_stopped();
}

char *client_path(const char *folder, const char *name)
{
    char *escaped = curl_easy_escape(NULL, name, 0);
    char *path = mem_printf("%s%s", folder, escaped != NULL ? escaped : "");
    curl_free(escaped);
    return path;
}

/* The header lines of a request, the key among them. Free with curl_slist_free_all(). */
static struct curl_slist *headers_of(const struct host *h, const char *content_type)
{
    struct curl_slist *list = NULL;
    char line[200];
    if (h->key[0] != '\0') {
        snprintf(line, sizeof line, "X-Api-Key: %s", h->key);
        list = curl_slist_append(list, line);
        sodium_memzero(line, sizeof line);
    }
    if (h->via[0] != '\0') {
        snprintf(line, sizeof line, "X-Host: %s", h->via);
        list = curl_slist_append(list, line);
    }
    if (content_type != NULL) {
        snprintf(line, sizeof line, "Content-Type: %s", content_type);
        list = curl_slist_append(list, line);
    }
    return list;
}

void client_setup(CURL *curl, const struct host *h, const char *path, char *error_text)
{
    char *url = mem_printf("%s%s", h->url, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    free(url);
    error_text[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "ppctl/" PP_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_idle);
}

void client_fault(const struct host *h, CURLcode code, const char *error_text, struct err *e)
{
    const char *detail = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
    const char *url = h->url;
    if (code == CURLE_OPERATION_TIMEDOUT) {
        err_set(e, PP_ETIMEOUT, "the host at %s does not answer in time", url);
    } else if (code == CURLE_COULDNT_RESOLVE_HOST) {
        err_set(e, PP_EOFFLINE, "no host at %s: the name is not known", url);
    } else if (code == CURLE_COULDNT_CONNECT) {
        err_set(e, PP_EOFFLINE, "no host answers at %s", url);
    } else {
        err_set(e, PP_EOFFLINE, "the host at %s broke off: %s", url, detail);
    }
}

static void set_body(CURL *curl, struct transfer *t, const char *text)
{
    const struct request *r = t->request;
    if (r->upload != NULL) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->upload_bytes);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(curl, CURLOPT_READDATA, t);
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, UPLOAD_IDLE_S);
    } else if (r->download != NULL) { /* a host may pack files for minutes before it answers */
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, UPLOAD_IDLE_S);
    } else {
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, r->timeout_ms > 0 ? r->timeout_ms : CALL_MS);
    }
    if (text != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
}

/* The code of a name in an error document; PP_EREFUSED for one we do not know. */
static int code_named(const char *name)
{
    static const int codes[] = {
#define X(code, number, text, http) code,
        PP_ERRORS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (strcmp(err_name(codes[i]), name) == 0) {
            return codes[i];
        }
    }
    return PP_EREFUSED;
}

static void explain_key(const struct host *h, struct err *e)
{
    struct strbuf hint = {0};
    strbuf_puts(&hint, e->text);
    if (h->key[0] == '\0') {
        strbuf_puts(&hint, "; no key given: set PPCTL_KEY or use --key-file FILE");
    } else if (h->key_given) {
        strbuf_puts(&hint, "; it came from --key-file or PPCTL_KEY");
    }
    str_copy(e->text, sizeof e->text, strbuf_text(&hint), hint.len);
    strbuf_fini(&hint);
}

/* Fills the error from the host's document, escaped: it may be anybody's. */
static void explain(const struct host *h, struct answer *a)
{
    const json_t *error = json_object_get(a->doc, "error");
    const char *message = field_text(error, "message");
    const char *field = field_text(error, "field");
    if (*message == '\0') {
        err_set(
            &a->error, PP_EPROTO, "the host at %s answers %ld without a reason", h->url, a->status);
    } else {
        a->error.code = code_named(field_text(error, "code"));
        str_escape(a->error.text, sizeof a->error.text, message, strlen(message));
        str_escape(a->error.field, sizeof a->error.field, field, strlen(field));
    }
    if (a->status == 401 || (a->status == 403 && a->error.code == PP_EAUTH)) {
        explain_key(h, &a->error);
    }
}

static void read_answer(const struct host *h, CURL *curl, struct transfer *t, struct answer *a)
{
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
    a->doc = json_loadb(strbuf_text(&t->body), t->body.len, 0, NULL);
    if (!json_is_object(a->doc) && !json_is_array(a->doc)) {
        json_decref(a->doc);
        a->doc = NULL;
    }
    a->bytes = t->saved;
    memcpy(a->file_name, t->file_name, sizeof a->file_name);
    if (a->status < 200 || a->status > 299) {
        explain(h, a);
    } else if (a->doc == NULL && t->body.len > 0) {
        err_set(&a->error, PP_EPROTO, "%s is not a print host: its answer is not JSON", h->url);
    }
}

static void perform(const struct host *h, CURL *curl, struct transfer *t, struct answer *a)
{
    char error_text[CURL_ERROR_SIZE];
    client_setup(curl, h, t->request->path, error_text);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK) {
        read_answer(h, curl, t, a);
    } else if (term_stopped()) {
        a->interrupted = true;
        err_set(&a->error, PP_ECANCELED, "interrupted");
    } else if (t->too_large) {
        err_set(&a->error, PP_ETOOBIG, "%s is not a print host: its answer has no end", h->url);
    } else if (code == CURLE_ABORTED_BY_CALLBACK) {
        err_set(&a->error, PP_EIO, "the file cannot be read");
    } else {
        client_fault(h, code, error_text, &a->error);
    }
}

int client_call(const struct host *h, const struct request *r, struct answer *a)
{
    struct transfer t = {.request = r};
    *a = (struct answer){0};
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        return err_set(&a->error, PP_EIO, "libcurl cannot start");
    }
    t.curl = curl;
    char *text = r->body != NULL ? json_dumps(r->body, JSON_COMPACT) : NULL;
    const char *type = text != NULL        ? "application/json"
                       : r->upload != NULL ? "application/octet-stream"
                                           : NULL;
    struct curl_slist *headers = headers_of(h, type);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    set_body(curl, &t, text);
    perform(h, curl, &t, a);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    strbuf_fini(&t.body);
    free(text);
    return -a->error.code;
}

void answer_fini(struct answer *a)
{
    json_decref(a->doc);
    a->doc = NULL;
}
