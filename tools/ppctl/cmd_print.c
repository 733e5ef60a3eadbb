/* print: upload a file, have it printed, and with --wait follow it to its end. */
#include "tools/ppctl/ppctl.h"

#include "tools/ppctl/text.h"
#include "tools/ppctl/upload.h"
#include "tools/ppctl/wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct ppctl *c;
    struct host *host;
    struct upload file;
    json_t *started; /* owned; the host's answer to "print this" */
    json_t *doc;     /* owned; what --json prints */
    bool ended;      /* and it is complete */
};

/* Why this host cannot print now; 0 if it can as far as can be seen. While it prints something else
 * the job waits for its turn. */
static int refuse(const json_t *status, const struct ppctl *c, struct err *e)
{
    const char *state = field_text(status, "state");
    const char *running = field_text(field_node(status, "job"), "file_name");
    const char *why = field_text(status, "error");
    char shown[160];
    if (strcmp(state, "recovering") == 0) {
        str_escape(shown, sizeof shown, running, strlen(running));
        return err_set(e, PP_ESTATE,
            "the print of \"%s\" was cut off: first ppctl %srecover, or ppctl %scancel", shown,
            c->target_hint, c->target_hint);
    }
    if (*running != '\0') {
        return 0;
    }
    if (strcmp(state, "offline") == 0 || strcmp(state, "error") == 0) {
        str_escape(shown, sizeof shown, why, strlen(why));
        err_set(e, PP_ESTATE, "the printer is %s%s%s",
            strcmp(state, "error") == 0 ? "in error" : "offline", *why != '\0' ? ": " : "", shown);
        return -e->code;
    }
    if (strcmp(state, "detecting") == 0 || strcmp(state, "connecting") == 0) {
        return err_set(e, PP_ESTATE, "the printer has not answered yet (%s); see ppctl %sstatus",
            state, c->target_hint);
    }
    return 0;
}

/* Asks before a long upload; *before gets the status. */
static int check_host(struct job *j, json_t **before)
{
    struct answer a;
    struct err e;
    int status = PPCTL_DONE;
    if (get(j->host, "/api/v1/status", &a) != 0) {
        status = fail_answer(j->c, j->host, &a);
    } else if (refuse(a.doc, j->c, &e) != 0) {
        status = fail(j->c, PPCTL_FAILED, &e);
    } else {
        *before = json_incref(a.doc);
    }
    answer_fini(&a);
    return status;
}

static void show_file(const struct job *j, const json_t *file)
{
    struct strbuf text = {0};
    struct view v = view_now(j->c);
    if (!j->c->json) {
        view_file(&text, &v, file);
        print_text(&text);
    }
}

static int upload(struct job *j)
{
    json_t *file = NULL;
    char *path = client_path("/api/v1/files/", j->file.name);
    int status = upload_place(&j->file, path, &file);
    if (status == PPCTL_DONE) {
        show_file(j, file);
        json_object_set(j->doc, "file", file);
    }
    json_decref(file);
    free(path);
    return status;
}

/* What stands in the way, one finding a line. */
static int refused(const struct job *j, const struct answer *a)
{
    const char *text = field_text(json_object_get(a->doc, "error"), "message");
    const char *line_end = strchr(text, '\n');
    if (line_end == NULL || j->c->json) {
        return fail_answer(j->c, j->host, a);
    }
    while (*text != '\0') {
        char line[256];
        size_t len = strcspn(text, "\n");
        fprintf(stderr, "ppctl: %s\n", str_escape(line, sizeof line, text, len));
        text += len + (text[len] == '\n');
    }
    return PPCTL_FAILED;
}

/* A file that may not be printed does not stay behind, unless it was there before. */
static void take_back(struct job *j, const struct answer *refusal)
{
    struct answer a;
    const char *code = field_text(json_object_get(refusal->doc, "error"), "code");
    char *path = client_path("/api/v1/files/", j->file.name);
    struct request r = {.method = "DELETE", .path = path};
    if (strcmp(code, "refused") == 0 && !j->file.was_there) {
        client_call(j->host, &r, &a);
        answer_fini(&a);
    }
    free(path);
}

/* Tells the host to print. */
static int start(struct job *j)
{
    struct answer a;
    json_t *body = json_pack(
        "{s:s, s:b}", "file", j->file.name, "bed_clear", option_value(j->c, "--bed-clear") != NULL);
    int status = PPCTL_DONE;
    if (post(j->host, "/api/v1/print", body, &a) != 0) {
        status = refused(j, &a);
        take_back(j, &a);
    } else {
        j->started = a.doc != NULL ? json_incref(a.doc) : json_object();
        const char *id = field_text(a.doc, "job_id");
        json_object_set_new(j->doc, "job", *id != '\0' ? json_string(id) : json_null());
        json_object_set_new(j->doc, "queued", json_boolean(field_true(a.doc, "queued")));
        json_object_set_new(j->doc, "waits", json_boolean(field_true(a.doc, "waits")));
    }
    answer_fini(&a);
    return status;
}

/* Jobs that are printed now or stand in front of this one; 0 unknown. */
static size_t count_before(const struct job *j)
{
    struct answer a;
    size_t before = 0;
    size_t i;
    json_t *job;
    bool passed = false;
    if (get(j->host, "/api/v1/jobs?queue=local&limit=1000", &a) == 0) {
        json_array_foreach(field_node(a.doc, "jobs"), i, job)
        {
            const char *state = field_text(job, "state");
            bool mine = strcmp(field_text(job, "id"), field_text(j->started, "job_id")) == 0;
            bool goes = strcmp(state, "waiting") == 0 || strcmp(state, "next") == 0;
            passed = passed || mine;
            before += strcmp(state, "printing") == 0 || (!passed && goes);
        }
    }
    answer_fini(&a);
    return before;
}

static void tell_queued(const struct job *j)
{
    struct view v = view_now(j->c);
    struct strbuf text = {0};
    const json_t *manage = field_node(j->started, "manage");
    const char *running = field_text(field_node(j->started, "job"), "file_name");
    size_t before = count_before(j);
    text_foreign(&text, host_label(j->host));
    strbuf_puts(&text, ": queued");
    if (before > 0) {
        strbuf_printf(&text, " behind %zu job%s", before, before == 1 ? "" : "s");
    }
    strbuf_puts(&text, *running != '\0' ? "; now it prints " : "; ");
    text_foreign(&text, *running != '\0' ? running : field_text(manage, "text"));
    strbuf_puts(&text, "\n");
    if (field_true(manage, "needs_person") && field_node(j->started, "question") != NULL) {
        view_question(&text, &v, field_node(j->started, "question"));
    } else if (!field_true(manage, "managing")) {
        strbuf_printf(
            &text, "nothing is managed: ppctl %sstart prints it then\n", j->c->target_hint);
    }
    print_text(&text);
}

/* Started, and nobody follows: says how to. */
static void hand_over(struct job *j)
{
    struct view v = view_now(j->c);
    struct strbuf text = {0};
    const json_t *question = field_node(j->started, "question");
    json_t *told = json_object_get(j->started, "question");
    json_object_set_new(j->doc, "question", told != NULL ? json_incref(told) : json_null());
    if (j->c->json) {
        return;
    }
    if (field_true(j->started, "queued")) {
        tell_queued(j);
        return;
    }
    text_foreign(&text, host_label(j->host));
    if (field_true(j->started, "waits")) {
        strbuf_puts(&text, ": the print waits for an answer\n");
        view_question(&text, &v, question);
    } else {
        strbuf_printf(&text, ": printing; follow it with: ppctl %swatch\n", j->c->target_hint);
    }
    print_text(&text);
}

static int start_and_wait(struct job *j, json_t *before)
{
    struct wait w;
    wait_init(&w, j->c, j->host, j->file.name, before);
    int status = start(j);
    if (status == PPCTL_DONE && field_true(j->started, "queued") && !j->c->json) {
        tell_queued(j);
    }
    if (status == PPCTL_DONE) {
        status = wait_run(&w, j->started);
        j->ended = wait_result(&w, j->doc);
    }
    wait_fini(&w);
    return status;
}

static int print_file(struct job *j, json_t *before)
{
    int status = upload(j);
    if (status == PPCTL_DONE && option_value(j->c, "--wait") != NULL) {
        return start_and_wait(j, json_incref(before));
    }
    if (status == PPCTL_DONE) {
        status = start(j);
    }
    if (status == PPCTL_DONE) {
        hand_over(j);
        j->ended = true;
    }
    return status;
}

int cmd_print(struct ppctl *c)
{
    struct job j = {.c = c, .host = c->chosen[0], .doc = json_object()};
    json_t *before = NULL;
    int status = upload_open(&j.file, c, c->operand[0]);
    if (status == PPCTL_DONE) {
        status = check_host(&j, &before);
    }
    if (status == PPCTL_DONE) {
        status = print_file(&j, before);
    }
    if (c->json && j.ended) {
        print_json(json_incref(j.doc));
    }
    upload_close(&j.file);
    json_decref(before);
    json_decref(j.started);
    json_decref(j.doc);
    return status;
}
