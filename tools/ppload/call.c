#include "tools/ppload/call.h"

#include "host/base/clock.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (16u << 20)
#define CALL_MS    60000L /* a move to a shared queue may take 20 s */

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct caller *c = context;
    size_t len = size * count;
    if (c->body.len + len > ANSWER_MAX) {
        return 0;
    }
    strbuf_add(&c->body, bytes, len);
    return len;
}

static struct curl_slist *headers_of(const struct host *host, const char *type)
{
    struct curl_slist *list = curl_slist_append(NULL, type);
    char line[200];
    if (host->key[0] != '\0') {
        snprintf(line, sizeof line, "X-Api-Key: %s", host->key);
        list = curl_slist_append(list, line);
    }
    return curl_slist_append(list, "Expect:"); /* none of "100-continue" */
}

void caller_open(struct caller *c, const struct host *host)
{
    *c = (struct caller){.host = host, .curl = curl_easy_init()};
    if (c->curl == NULL) {
        fprintf(stderr, "ppload: libcurl cannot start\n");
        abort();
    }
    c->json_headers = headers_of(host, "Content-Type: application/json");
    c->file_headers = headers_of(host, "Content-Type: application/octet-stream");
}

void caller_close(struct caller *c)
{
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->json_headers);
    curl_slist_free_all(c->file_headers);
    strbuf_fini(&c->body);
}

static void set_text(struct answer *a, const char *kind, const char *text)
{
    snprintf(a->kind, sizeof a->kind, "%s", kind);
    str_escape(a->text, sizeof a->text, text, strlen(text));
}

static void explain(struct answer *a, CURLcode code)
{
    const json_t *error = json_object_get(a->doc, "error");
    const char *name = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    char shown[48];
    if (code == CURLE_OPERATION_TIMEDOUT) {
        set_text(a, "timeout", "no answer within 60 s");
    } else if (code != CURLE_OK) {
        set_text(a, code == CURLE_COULDNT_CONNECT ? "no answer" : "broken off",
            curl_easy_strerror(code));
    } else if (name != NULL) {
        set_text(
            a, str_escape(shown, sizeof shown, name, strlen(name)), message != NULL ? message : "");
    } else if (a->status < 200 || a->status > 299) {
        snprintf(shown, sizeof shown, "HTTP %d", a->status);
        set_text(a, shown, "an answer without a reason");
    }
}

static void perform(struct caller *c, const char *path, struct answer *a)
{
    long status = 0;
    char *url = mem_printf("%s/api/v1/%s", c->host->url, path);
    c->body.len = 0;
    *a = (struct answer){0};
    curl_easy_setopt(c->curl, CURLOPT_URL, url);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, CALL_MS);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "ppload/" PP_VERSION);
    curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    uint64_t begin = clock_ns();
    CURLcode code = curl_easy_perform(c->curl);
    a->took_ns = clock_ns() - begin;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    a->status = code == CURLE_OK ? (int)status : 0;
    a->doc = json_loadb(strbuf_text(&c->body), c->body.len, 0, NULL);
    explain(a, code);
    curl_easy_reset(c->curl);
    free(url);
}

static void set_bytes(struct caller *c, const char *method, const char *bytes, size_t len)
{
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, bytes);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
}

void caller_ask(
    struct caller *c, const char *method, const char *path, const json_t *body, struct answer *a)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    if (text != NULL) {
        set_bytes(c, method, text, strlen(text));
    } else {
        curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    }
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->json_headers);
    perform(c, path, a);
    free(text);
}

void caller_put(struct caller *c, const char *path, const char *bytes, size_t len, struct answer *a)
{
    set_bytes(c, "PUT", bytes, len);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->file_headers);
    perform(c, path, a);
}

void answer_fini(struct answer *a)
{
    json_decref(a->doc);
    a->doc = NULL;
}
