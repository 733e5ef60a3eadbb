// link: ppapi
// with: fake_device fake_manage fake_network api_server
/* Uploads: raw and multipart, split anywhere, in OctoPrint's dialect and ours. */
#include "tests/lib/api_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BOUNDARY "----b0undary"
#define CUBE                                                                                       \
    "G28\nG90\nM83\nG1 X10 Y10 Z0.2 F3000\nG1 X20 Y10 E1\nG1 X20 Y20 E1\nG1 X10 Y20 E1\n"          \
    "G1 X10 Y10 E1\n"

static int set_up(void **state)
{
    struct api_server *a = malloc(sizeof *a);
    api_server_open(a, false);
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    api_server_close(*state);
    free(*state);
    return 0;
}

/* ---- building requests */

static void add_field(struct strbuf *b, const char *name, const char *value)
{
    strbuf_printf(b, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
        name, value);
}

static void add_file(struct strbuf *b, const char *name, const char *content)
{
    strbuf_printf(b,
        "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n%s\r\n",
        name, content);
}

static void add_head(
    struct api_server *a, struct strbuf *b, const char *path, size_t length, const char *more)
{
    strbuf_printf(b,
        "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nX-Api-Key: %s\r\n%s"
        "Content-Type: multipart/form-data; boundary=" BOUNDARY "\r\nContent-Length: %zu\r\n\r\n",
        path, a->host, a->print, more, length);
}

static void post_form(struct api_server *a, struct answer *w, const char *path, struct strbuf *form)
{
    struct strbuf b = {0};
    strbuf_puts(form, "--" BOUNDARY "--\r\n");
    add_head(a, &b, path, form->len, "");
    strbuf_add(&b, form->data, form->len);
    api_ask_raw(a, w, b.data, b.len);
    strbuf_fini(&b);
    strbuf_fini(form);
}

/* What a slicer sends. */
static void send_file(struct api_server *a, struct answer *w, const char *name, const char *print)
{
    struct strbuf form = {0};
    add_field(&form, "print", print);
    add_field(&form, "path", "");
    add_file(&form, name, CUBE);
    post_form(a, w, "/api/files/local", &form);
}

static const json_t *member(const struct answer *w, const char *a, const char *b, const char *c)
{
    return json_object_get(json_object_get(json_object_get(w->json, a), b), c);
}

/* ---- OctoPrint's dialect */

static void a_slicer_stores_a_file(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    char location[128];
    send_file(a, &w, "cube.gcode", "false");
    assert_int_equal(w.status, 201);
    snprintf(location, sizeof location, "http://%s/api/files/local/cube.gcode", a->host);
    assert_string_equal(answer_header(&w, "Location"), location);
    assert_true(json_is_true(json_object_get(w.json, "done")));
    assert_true(json_is_false(json_object_get(w.json, "effectivePrint")));
    assert_string_equal(json_string_value(member(&w, "files", "local", "name")), "cube.gcode");
    assert_string_equal(json_string_value(member(&w, "files", "local", "origin")), "local");
    answer_fini(&w);
    assert_non_null(files_find(a->files, "cube.gcode"));
    assert_int_equal(files_find(a->files, "cube.gcode")->row.size_bytes, strlen(CUBE));
    api_ask(a, &w, a->read, "GET", "/api/files/local/cube.gcode", "", NULL);
    assert_int_equal(w.status, 200);
    answer_fini(&w);
}

static void the_fields_come_in_any_order(void **state)
{
    struct api_server *a = *state;
    struct strbuf form = {0};
    struct answer w;
    add_file(&form, "cube.GCO", CUBE);
    add_field(&form, "unknown", "x");
    add_field(&form, "select", "true");
    add_field(&form, "print", "True");
    post_form(a, &w, "/api/files/local", &form);
    assert_int_equal(w.status, 201);
    assert_true(json_is_true(json_object_get(w.json, "effectiveSelect")));
    assert_string_equal(a->device.status.waiting_for, "cube.GCO");
    answer_fini(&w);
}

static void a_print_asked_for_by_a_slicer_never_passes_the_bed_gate(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    send_file(a, &w, "cube.gcode", "true");
    assert_int_equal(w.status, 201);
    assert_true(json_is_false(json_object_get(w.json, "effectivePrint")));
    assert_int_equal(a->device.status.state, PRINTER_OPERATIONAL);
    assert_string_equal(a->device.status.waiting_for, "cube.gcode");
    answer_fini(&w);
    a->device.status.questions = 0;
    a->device.status.bed = BED_CLEAR;
    send_file(a, &w, "cube.gcode", "true");
    assert_int_equal(w.status, 201);
    assert_true(json_is_true(json_object_get(w.json, "effectivePrint")));
    assert_int_equal(a->device.status.state, PRINTER_PRINTING);
    answer_fini(&w);
}

static void on_notice(void *context, enum hub_event event, const void *data)
{
    (void)event;
    snprintf(context, 512, "%s", (const char *)data);
}

static void a_print_asked_for_while_the_printer_is_busy_is_queued(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    fake_device_start(&a->device, "other.gcode");
    send_file(a, &w, "cube.gcode", "true");
    assert_int_equal(w.status, 201);
    assert_true(json_is_true(json_object_get(w.json, "effectivePrint")));
    const struct queue_job *first = queue_first(jobs_queue_find(a->jobs, "local")->queue);
    assert_string_equal(json_string_value(json_object_get(w.json, "job")), first->id);
    assert_string_equal(first->sets[0].path, "cube.gcode");
    assert_string_equal(a->device.status.job.file_name, "other.gcode");
    answer_fini(&w);
}

static void a_print_that_is_refused_leaves_the_file_and_a_word(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    char notice[512] = "";
    struct hub_listener *l = hub_add(a->hub, 1u << HUB_NOTICE, on_notice, notice);
    err_set(&a->manage.next, PP_EOFFLINE, "the printer is offline");
    send_file(a, &w, "cube.gcode", "true");
    assert_int_equal(w.status, 201);
    assert_true(json_is_false(json_object_get(w.json, "effectivePrint")));
    assert_string_equal(notice, "\"cube.gcode\" is stored but not printed: the printer is offline");
    assert_non_null(files_find(a->files, "cube.gcode"));
    assert_int_equal(queue_count(jobs_queue_find(a->jobs, "local")->queue), 0);
    answer_fini(&w);
    hub_remove(a->hub, l);
}

/* The print goes on with what it began with. */
static void the_file_that_is_printed_may_be_sent_anew(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    fake_device_start(&a->device, "cube.gcode");
    send_file(a, &w, "cube.gcode", "false");
    assert_int_equal(w.status, 201);
    answer_fini(&w);
}

static void what_is_wrong_with_an_upload_is_told_in_octoprints_way(void **state)
{
    static const struct {
        int status;
        const char *file;
    } cases[] = {
        {415, "cube.txt"},
        {415, "cube"},
        {400, "../"},
    };
    struct api_server *a = *state;
    struct strbuf form = {0};
    struct answer w;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        send_file(a, &w, cases[i].file, "false");
        assert_int_equal(w.status, cases[i].status);
        assert_true(json_is_string(json_object_get(w.json, "error")));
        answer_fini(&w);
    }
    add_field(&form, "print", "true");
    post_form(a, &w, "/api/files/local", &form);
    assert_int_equal(w.status, 400);
    assert_string_equal(
        json_string_value(json_object_get(w.json, "error")), "the part \"file\" is missing");
    answer_fini(&w);
    api_ask(a, &w, a->print, "POST", "/api/files/local", "Content-Type: text/plain\r\n", "x");
    assert_int_equal(w.status, 400);
    answer_fini(&w);
    assert_null(files_at(a->files, 0));
}

/* Slicers differ in the order of the fields. */
static void the_field_path_is_the_folder_wherever_it_stands(void **state)
{
    static const char *const wanted[] = {"shelf/small parts/a.gcode", "shelf/b.gcode"};
    struct api_server *a = *state;
    struct answer w;
    for (int i = 0; i < 2; i++) {
        struct strbuf form = {0};
        if (i == 0) {
            add_field(&form, "path", "/shelf/small parts/");
            add_file(&form, "a.gcode", CUBE);
        } else {
            add_file(&form, "b.gcode", CUBE);
            add_field(&form, "path", "shelf");
        }
        post_form(a, &w, "/api/files/local", &form);
        assert_int_equal(w.status, 201);
        assert_string_equal(json_string_value(member(&w, "files", "local", "path")), wanted[i]);
        assert_string_equal(json_string_value(member(&w, "files", "local", "name")),
            i == 0 ? "a.gcode" : "b.gcode");
        answer_fini(&w);
        assert_non_null(files_find(a->files, wanted[i]));
    }
    assert_string_equal(files_folder_at(a->files, 0), "shelf");
    assert_string_equal(files_folder_at(a->files, 1), "shelf/small parts");
    api_ask(a, &w, a->read, "GET", "/api/files/local/shelf/small%20parts/a.gcode", "", NULL);
    assert_int_equal(w.status, 200);
    answer_fini(&w);
    api_ask(a, &w, a->read, "GET", "/api/v1/files/shelf%2Fb.gcode", "", NULL);
    assert_int_equal(w.status, 200);
    answer_fini(&w);
    api_ask(a, &w, a->print, "DELETE", "/api/v1/files/shelf/b.gcode", "", NULL);
    assert_int_equal(w.status, 204);
    answer_fini(&w);
    assert_null(files_find(a->files, "shelf/b.gcode"));
}

static void a_path_that_leads_out_is_refused(void **state)
{
    static const char *const bad[] = {"../up", "a/../../b", "a//b", ".hidden", "1/2/3/4/5/6/7/8/9"};
    struct api_server *a = *state;
    struct answer w;
    for (size_t i = 0; i < 2 * sizeof bad / sizeof *bad; i++) {
        struct strbuf form = {0};
        if (i % 2 == 0) {
            add_field(&form, "path", bad[i / 2]);
        }
        add_file(&form, "a.gcode", CUBE);
        if (i % 2 != 0) {
            add_field(&form, "path", bad[i / 2]);
        }
        post_form(a, &w, "/api/files/local", &form);
        assert_int_equal(w.status, 400);
        assert_non_null(
            strstr(json_string_value(json_object_get(w.json, "error")), "8 folders deep"));
        answer_fini(&w);
    }
    assert_null(files_at(a->files, 0));
}

static void models_and_packages_are_stored_but_not_printed(void **state)
{
    static const char *const names[] = {"vase.STL", "vase.3mf", "vase.obj", "vase.gjob"};
    struct api_server *a = *state;
    struct answer w;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        send_file(a, &w, names[i], "false");
        assert_int_equal(w.status, 201);
        answer_fini(&w);
        snprintf(path, sizeof path, "/api/v1/files/%s", names[i]);
        api_ask(a, &w, a->read, "GET", path, "", NULL);
        assert_string_equal(
            json_string_value(json_object_get(w.json, "kind")), i < 3 ? "model" : "job");
        assert_true(json_is_null(json_object_get(w.json, "analysis")));
        answer_fini(&w);
    }
}

static void a_path_in_the_file_name_is_only_data(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    send_file(a, &w, "../../etc/cron.d/x.gcode", "false");
    assert_int_equal(w.status, 201);
    answer_fini(&w);
    assert_non_null(files_find(a->files, "x.gcode"));
}

/* ---- what follows an upload */

static const struct queue *local(struct api_server *a)
{
    return jobs_queue_find(a->jobs, "local")->queue;
}

static void an_upload_adds_a_job_where_that_is_wanted(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    send_file(a, &w, "cube.gcode", "false");
    assert_true(json_is_null(json_object_get(w.json, "job")));
    assert_int_equal(queue_count(local(a)), 0);
    answer_fini(&w);
    http_set_upload_action(a->http, CONFIG_UPLOAD_ADD_DRAFT);
    send_file(a, &w, "cube.gcode", "false");
    assert_int_equal(w.status, 201);
    assert_true(json_is_false(json_object_get(w.json, "effectivePrint")));
    const struct queue_job *job = queue_first(local(a));
    assert_string_equal(json_string_value(json_object_get(w.json, "job")), job->id);
    assert_true(job->draft);
    assert_string_equal(job->sets[0].path, "cube.gcode");
    assert_true(job->sets[0].time_ms > 0);
    answer_fini(&w);
    http_set_upload_action(a->http, CONFIG_UPLOAD_ADD_PRINTABLE);
    send_file(a, &w, "cube.stl", "false");
    assert_int_equal(w.status, 201);
    job = queue_after(local(a), job);
    assert_false(job->draft);
    assert_true(job->sets[0].model);
    answer_fini(&w);
}

static void uploads_that_belong_to_something_else_add_no_job(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    http_set_upload_action(a->http, CONFIG_UPLOAD_ADD_PRINTABLE);
    json_decref(api_expect(a, 201, a->print, "PUT", "/api/v1/files/ours.gcode", CUBE));
    assert_int_equal(queue_count(local(a)), 0);
    send_file(a, &w, "cube.gcode", "true"); /* its job is the one to be printed */
    assert_int_equal(queue_count(local(a)), 1);
    answer_fini(&w);
}

static void a_package_that_is_uploaded_is_imported(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    struct answer package;
    struct strbuf form = {0};
    char path[100];
    api_server_add_file(a, "part.gcode");
    json_t *job = api_expect(a, 201, a->print, "POST", "/api/v1/jobs",
        "{\"name\":\"Vase\",\"count\":3,\"sets\":[{\"path\":\"part.gcode\"}]}");
    snprintf(
        path, sizeof path, "/api/v1/jobs/%s/export", json_string_value(json_object_get(job, "id")));
    json_decref(job);
    api_ask(a, &package, a->read, "GET", path, "", NULL);
    http_set_upload_action(a->http, CONFIG_UPLOAD_ADD_PRINTABLE);
    strbuf_puts(&form, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"file\"; "
                       "filename=\"vase.gjob\"\r\n\r\n");
    strbuf_add(&form, package.body, package.raw.len - (size_t)(package.body - package.raw.data));
    strbuf_puts(&form, "\r\n");
    post_form(a, &w, "/api/files/local", &form);
    assert_int_equal(w.status, 201);
    const struct queue_job *added = queue_after(local(a), queue_first(local(a)));
    assert_string_equal(json_string_value(json_object_get(w.json, "job")), added->id);
    assert_string_equal(added->name, "Vase");
    assert_int_equal(added->count, 3);
    assert_true(added->draft);
    answer_fini(&w);
    answer_fini(&package);
    send_file(a, &w, "broken.gjob", "false"); /* stored, and told */
    assert_int_equal(w.status, 201);
    assert_true(json_is_null(json_object_get(w.json, "job")));
    assert_non_null(files_find(a->files, "broken.gjob"));
    assert_int_equal(queue_count(local(a)), 2);
    answer_fini(&w);
}

static void a_form_may_be_split_anywhere(void **state)
{
    struct api_server *a = *state;
    struct strbuf form = {0};
    struct strbuf b = {0};
    add_field(&form, "print", "false");
    add_file(&form, "split.gcode", CUBE);
    strbuf_puts(&form, "--" BOUNDARY "--\r\n");
    add_head(a, &b, "/api/files/local", form.len, "");
    size_t head = b.len;
    strbuf_add(&b, form.data, form.len);
    for (size_t at = head - 3; at < b.len; at += 7) {
        struct client c;
        client_open(&c, a);
        client_send(&c, b.data, at);
        client_settle(&c);
        client_send(&c, b.data + at, b.len - at);
        client_until_eof(&c);
        assert_true(str_starts(strbuf_text(&c.in), "HTTP/1.1 201"));
        client_close(&c);
        assert_int_equal(files_find(a->files, "split.gcode")->row.size_bytes, strlen(CUBE));
    }
    strbuf_fini(&b);
    strbuf_fini(&form);
}

static void a_form_cut_short_stores_nothing(void **state)
{
    struct api_server *a = *state;
    struct strbuf form = {0};
    struct strbuf b = {0};
    struct answer w;
    add_file(&form, "short.gcode", CUBE);
    form.len -= 20;
    add_head(a, &b, "/api/files/local", form.len, "");
    strbuf_add(&b, form.data, form.len);
    api_ask_raw(a, &w, b.data, b.len);
    assert_int_equal(w.status, 400);
    assert_null(files_at(a->files, 0));
    answer_fini(&w);
    strbuf_fini(&b);
    strbuf_fini(&form);
}

static bool continues(const struct client *c)
{
    return strstr(strbuf_text(&c->in), "100 Continue\r\n\r\n") != NULL;
}

static void a_client_that_waits_for_100_continue_gets_it_or_the_refusal(void **state)
{
    struct api_server *a = *state;
    struct strbuf form = {0};
    struct strbuf b = {0};
    struct answer w;
    struct client c;
    add_file(&form, "cube.gcode", CUBE);
    strbuf_puts(&form, "--" BOUNDARY "--\r\n");
    add_head(a, &b, "/api/files/local", form.len, "Expect: 100-continue\r\n");
    client_open(&c, a);
    client_send(&c, b.data, b.len);
    client_until(&c, continues);
    client_send(&c, form.data, form.len);
    client_until_eof(&c);
    assert_non_null(strstr(strbuf_text(&c.in), "HTTP/1.1 201"));
    client_close(&c);
    b.len = 0;
    add_head(a, &b, "/api/files/local", (size_t)3 << 30, "Expect: 100-continue\r\n");
    api_ask_raw(a, &w, b.data, b.len);
    assert_int_equal(w.status, 413);
    answer_fini(&w);
    strbuf_fini(&b);
    strbuf_fini(&form);
}

/* ---- ours */

static void put_file(struct api_server *a, struct answer *w, const char *name, const char *body)
{
    char path[512];
    snprintf(path, sizeof path, "/api/v1/files/%s", name);
    api_ask(a, w, a->print, "PUT", path, "", body);
}

static void a_raw_upload_is_answered_with_its_analysis(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    put_file(a, &w, "left%20arm.gcode", CUBE);
    assert_int_equal(w.status, 201);
    assert_string_equal(json_string_value(json_object_get(w.json, "name")), "left arm.gcode");
    const json_t *analysis = json_object_get(w.json, "analysis");
    assert_int_equal(json_integer_value(json_object_get(analysis, "commands")), 8);
    assert_true(json_is_true(json_object_get(analysis, "has_moves")));
    answer_fini(&w);
    api_ask(a, &w, a->read, "GET", "/api/v1/files", "", NULL);
    assert_int_equal(json_array_size(json_object_get(w.json, "files")), 1);
    answer_fini(&w);
    api_ask(a, &w, a->print, "DELETE", "/api/v1/files/left%20arm.gcode", "", NULL);
    assert_int_equal(w.status, 204);
    answer_fini(&w);
    api_ask(a, &w, a->read, "GET", "/api/v1/files/left%20arm.gcode", "", NULL);
    assert_int_equal(w.status, 404);
    answer_fini(&w);
}

/* More than fits one piece of the answer. */
static void a_long_list_of_files_is_whole_and_in_order(void **state)
{
    struct api_server *a = *state;
    struct answer w;
    char name[32];
    for (int i = 0; i < 150; i++) {
        snprintf(name, sizeof name, "file%03d.gcode", i * 7 % 150);
        put_file(a, &w, name, CUBE);
        assert_int_equal(w.status, 201);
        answer_fini(&w);
    }
    api_ask(a, &w, a->read, "GET", "/api/v1/files", "", NULL);
    const json_t *files = json_object_get(w.json, "files");
    assert_true(strlen(w.body) > 65536);
    assert_int_equal(json_array_size(files), 150);
    for (size_t i = 0; i < 150; i++) {
        snprintf(name, sizeof name, "file%03zu.gcode", i);
        const json_t *file = json_array_get(files, i);
        assert_string_equal(json_string_value(json_object_get(file, "name")), name);
    }
    answer_fini(&w);
}

static void a_raw_upload_keeps_its_name_or_is_refused(void **state)
{
    static const struct {
        int status;
        const char *name;
    } cases[] = {
        {400, "..%2fx.gcode"},
        {400, ".x.gcode"},
        {400, "a%0ab.gcode"},
        {400, "a%22b.gcode"},
        {415, "x.txt"},
    };
    struct api_server *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer w;
        put_file(a, &w, cases[i].name, CUBE);
        assert_int_equal(w.status, cases[i].status);
        assert_string_equal(answer_error(&w, "field"), "file");
        answer_fini(&w);
    }
    assert_null(files_at(a->files, 0));
}

static void an_upload_above_the_quota_is_refused(void **state)
{
    struct api_server *a = *state;
    size_t len = API_UPLOAD_MAX + 1000;
    char *body = malloc(len + 1);
    struct answer w;
    memset(body, '\n', len);
    memcpy(body, CUBE, strlen(CUBE));
    body[len] = '\0';
    put_file(a, &w, "big.gcode", body);
    assert_int_equal(w.status, 413);
    assert_null(files_at(a->files, 0));
    answer_fini(&w);
    free(body);
}

#define POOL 16 /* more than the loop's pool has */

static uv_sem_t disk;
static int turns_left;

static void wait_for_the_disk(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&disk);
}

static void on_turn(uv_idle_t *idle)
{
    if (--turns_left == 0) {
        for (int i = 0; i < POOL; i++) {
            uv_sem_post(&disk);
        }
        uv_close((uv_handle_t *)idle, NULL);
    }
}

/* Nothing can be written for 300 turns of the loop; meanwhile another client is answered. */
static void an_upload_waits_while_the_disk_is_behind_and_is_whole(void **state)
{
    struct api_server *a = *state;
    static uv_work_t work[POOL];
    static uv_idle_t idle;
    size_t len = API_UPLOAD_MAX;
    char *body = malloc(len + 1);
    struct answer w;
    memset(body, '\n', len);
    memcpy(body, CUBE, strlen(CUBE));
    body[len] = '\0';
    uv_sem_init(&disk, 0);
    for (int i = 0; i < POOL; i++) {
        uv_queue_work(&a->loop, &work[i], wait_for_the_disk, NULL);
    }
    turns_left = 300;
    uv_idle_init(&a->loop, &idle);
    uv_idle_start(&idle, on_turn);
    api_ask(a, &w, a->read, "GET", "/api/v1/status", "", NULL);
    assert_int_equal(w.status, 200);
    assert_true(turns_left > 0);
    answer_fini(&w);
    put_file(a, &w, "big.gcode", body);
    assert_int_equal(w.status, 201);
    assert_int_equal(json_integer_value(json_object_get(w.json, "size_bytes")), len);
    assert_int_equal(turns_left, 0);
    answer_fini(&w);
    uv_sem_destroy(&disk);
    free(body);
}

static void a_chunked_upload_works(void **state)
{
    struct api_server *a = *state;
    struct strbuf b = {0};
    struct answer w;
    strbuf_printf(&b,
        "PUT /api/v1/files/c.gcode HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nX-Api-Key: %s\r\n"
        "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
        a->host, a->print, strlen(CUBE), CUBE);
    api_ask_raw(a, &w, b.data, b.len);
    assert_int_equal(w.status, 201);
    answer_fini(&w);
    strbuf_fini(&b);
}

static void an_upload_under_way_when_the_server_closes_leaves_nothing(void **state)
{
    struct api_server *a = *state;
    struct strbuf b = {0};
    struct client c;
    client_open(&c, a);
    add_head(a, &b, "/api/files/local", 100000, "");
    add_file(&b, "half.gcode", CUBE);
    client_send(&c, b.data, b.len);
    client_settle(&c);
    api_server_close_http(a);
    client_until_eof(&c);
    client_close(&c);
    assert_null(files_at(a->files, 0));
    strbuf_fini(&b);
}

static void closing_while_a_file_is_being_stored_harms_nobody(void **state)
{
    struct api_server *a = *state;
    struct strbuf b = {0};
    struct client c;
    strbuf_printf(&b,
        "PUT /api/v1/files/late.gcode HTTP/1.1\r\nHost: %s\r\nX-Api-Key: %s\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        a->host, a->print, strlen(CUBE), CUBE);
    for (int turns = 0; turns < 4; turns++) {
        client_open(&c, a);
        client_send(&c, b.data, b.len);
        for (int i = 0; i < turns; i++) {
            uv_run(&a->loop, UV_RUN_NOWAIT);
        }
        if (turns == 3) {
            api_server_close_http(a);
            client_until_eof(&c);
        }
        client_close(&c);
    }
    strbuf_fini(&b);
}

static void a_client_that_goes_away_in_mid_upload_leaves_nothing(void **state)
{
    struct api_server *a = *state;
    struct strbuf b = {0};
    struct client c;
    struct client other;
    client_open(&c, a);
    add_head(a, &b, "/api/files/local", 100000, "");
    add_file(&b, "half.gcode", CUBE);
    client_send(&c, b.data, b.len);
    client_settle(&c);
    client_close(&c);
    client_open(&other, a);
    client_settle(&other);
    client_close(&other);
    assert_null(files_at(a->files, 0));
    strbuf_fini(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_slicer_stores_a_file),
        TEST(the_fields_come_in_any_order),
        TEST(a_print_asked_for_by_a_slicer_never_passes_the_bed_gate),
        TEST(a_print_asked_for_while_the_printer_is_busy_is_queued),
        TEST(a_print_that_is_refused_leaves_the_file_and_a_word),
        TEST(the_file_that_is_printed_may_be_sent_anew),
        TEST(what_is_wrong_with_an_upload_is_told_in_octoprints_way),
        TEST(a_path_in_the_file_name_is_only_data),
        TEST(the_field_path_is_the_folder_wherever_it_stands),
        TEST(a_path_that_leads_out_is_refused),
        TEST(models_and_packages_are_stored_but_not_printed),
        TEST(a_form_may_be_split_anywhere),
        TEST(a_form_cut_short_stores_nothing),
        TEST(a_client_that_waits_for_100_continue_gets_it_or_the_refusal),
        TEST(a_raw_upload_is_answered_with_its_analysis),
        TEST(a_long_list_of_files_is_whole_and_in_order),
        TEST(a_raw_upload_keeps_its_name_or_is_refused),
        TEST(an_upload_above_the_quota_is_refused),
        TEST(an_upload_waits_while_the_disk_is_behind_and_is_whole),
        TEST(an_upload_adds_a_job_where_that_is_wanted),
        TEST(uploads_that_belong_to_something_else_add_no_job),
        TEST(a_package_that_is_uploaded_is_imported),
        TEST(a_chunked_upload_works),
        TEST(an_upload_under_way_when_the_server_closes_leaves_nothing),
        TEST(closing_while_a_file_is_being_stored_harms_nobody),
        TEST(a_client_that_goes_away_in_mid_upload_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
