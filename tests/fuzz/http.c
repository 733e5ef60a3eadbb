// link: ppapi
// with: fake_device fake_manage
/* What strangers may send over HTTP and is parsed by us: frames, headers, file names, JSON. (The
 * HTTP syntax itself is libmicrohttpd's.) The first byte chooses, the rest is the input. */
#include "host/api/access.h"
#include "host/api/form.h"
#include "host/api/job_input.h"
#include "host/api/route.h"
#include "host/api/upload_name.h"
#include "host/api/ws.h"
#include "host/base/file.h"
#include "host/base/json.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_text(void *context, const char *text, size_t len)
{
    assert(len <= WS_MESSAGE_MAX);
    strbuf_add(context, text, len);
}

/* Whole or in two pieces, the same frames give the same messages. */
static void frames(const uint8_t *data, size_t size)
{
    struct strbuf got[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        size_t cut = i == 0 ? size : size / 2;
        struct ws *w = ws_new(on_text, &got[i]);
        if (ws_feed(w, data, cut)) {
            ws_feed(w, data + cut, size - cut);
        }
        ws_free(w);
    }
    assert(strcmp(strbuf_text(&got[0]), strbuf_text(&got[1])) == 0);
    strbuf_fini(&got[0]);
    strbuf_fini(&got[1]);
}

static void headers(const char *text)
{
    static const char *const names[] = {"workshop", NULL};
    char key[ACCESS_KEY_MAX + 1];
    char accept[WS_ACCEPT_SIZE];
    access_host_ok(text, names);
    access_origin_ok(text, "workshop:8125");
    access_bearer(text, key);
    access_cookie(text, "pphost_session_8125", key);
    ws_accept(text, accept);
}

/* A cleaned name is one we are ready to create, and cleaning it again changes nothing. */
static void names(const char *text)
{
    char once[UPLOAD_NAME_SIZE];
    char twice[UPLOAD_NAME_SIZE];
    if (upload_name_clean(text, once)) {
        assert(file_name_ok(once));
        assert(upload_name_clean(once, twice) && strcmp(once, twice) == 0);
        upload_name_is_taken(once);
    }
}

static void input(const char *text, size_t size)
{
    char name[9] = "";
    bool flag;
    int64_t count;
    json_t *list;
    json_t *object = NULL;
    struct err e = {0};
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, name, 1, 8},
        {"flag", JSON_KIND_BOOL, false, &flag, 0, 0},
        {"count", JSON_KIND_INT, false, &count, -5, 5},
        {"list", JSON_KIND_ARRAY, false, &list, 0, 3},
    };
    if (json_parse(&object, text, size, &e) == 0) {
        json_read(object, fields, sizeof fields / sizeof *fields, &e);
        assert(strlen(name) <= 8);
        json_decref(object);
    }
}

/* Of a route that fits, each star stands for one component that the path has. */
static void paths(const char *text)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    struct route_stars stars;
    char allow[64];
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (route_find(routes, routes_count, methods[i], text, &stars, allow, sizeof allow) ==
            NULL) {
            continue;
        }
        for (size_t k = 0; k < ROUTE_STARS; k++) {
            assert(strchr(stars.star[k], '/') == NULL && strstr(text, stars.star[k]) != NULL);
        }
        assert(*stars.tail == '\0' || stars.tail > text);
    }
}

/* The first line is the type of the body. Every field has a name and is text, or a list of them. */
static void fields(const char *text, size_t size)
{
    json_t *object = NULL;
    json_t *value;
    const char *name;
    struct err e = {0};
    const char *line = memchr(text, '\n', size);
    size_t at = line != NULL ? (size_t)(line - text) + 1 : size;
    char *type = strndup(text, line != NULL ? at - 1 : at);
    bool parsed = form_parse(&object, type, text + at, size - at, &e) == 0;
    bool form = parsed && at < size && text[at] == '-';
    json_object_foreach(object, name, value)
    {
        assert(!form || (name[0] != '\0' && (json_is_string(value) || json_is_array(value))));
    }
    assert(parsed || (e.code != 0 && object == NULL));
    json_decref(object);
    free(type);
}

/* A job that is read is one the queue accepts by its form, or says what is wrong with. */
static void jobs(const char *text, size_t size)
{
    const struct job_known known = {.files = NULL};
    struct job_input in = {.job = NULL};
    struct job_input edit = {.job = NULL};
    struct err e = {0};
    json_t *object = NULL;
    json_t *again = NULL;
    if (json_parse(&object, text, size, &e) != 0 || json_parse(&again, text, size, &e) != 0) {
        json_decref(object);
        return;
    }
    if (job_input_new(object, &known, &in, &e) == 0) {
        queue_job_check(in.job, &e);
        assert(in.job->sets_count <= QUEUE_SETS_MAX);
        job_input_edit(again, in.job, &known, &edit, &e);
    } else {
        assert(e.code != 0 && e.text[0] != '\0');
    }
    job_input_fini(&in);
    job_input_fini(&edit);
    json_decref(object);
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 8192) {
        return 0;
    }
    char *text = strndup((const char *)data + 1, size - 1);
    switch ((data[0] + 256u - '0') % 7) {
    case 0:
        frames(data + 1, size - 1);
        break;
    case 1:
        headers(text);
        break;
    case 2:
        names(text);
        break;
    case 3:
        input((const char *)data + 1, size - 1);
        break;
    case 4:
        paths(text);
        break;
    case 5:
        jobs((const char *)data + 1, size - 1);
        break;
    case 6:
        fields((const char *)data + 1, size - 1);
        break;
    }
    free(text);
    return 0;
}
