/* print: upload a file, have it printed, and with --wait follow it to its end. */
#include "tools/ppctl/ppctl.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "tools/ppctl/bar.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/wait.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct job {
    struct ppctl *c;
    struct host *host;
    const char *path;
    const char *name; /* of the file, on the host */
    FILE *file;
    int64_t bytes;
    uint64_t start_ms; /* of the upload */
    json_t *started;   /* owned; the host's answer to "print this" */
    json_t *doc;       /* owned; what --json prints */
    bool ended;        /* and it is complete */
};

/* Opens the file and refuses what can be no gcode file. */
static int open_file(struct job *j)
{
    struct stat st;
    struct err e;
    char shown[200];
    str_escape(shown, sizeof shown, j->path, strlen(j->path));
    j->name = file_basename(j->path);
    j->file = fopen(j->path, "rbe");
    if (j->file == NULL || fstat(fileno(j->file), &st) != 0) {
        err_errno(&e, errno, "\"%s\"", shown);
    } else if (!S_ISREG(st.st_mode)) {
        err_set(&e, PP_EINVAL, "\"%s\": not a file", shown);
    } else if (st.st_size == 0) {
        err_set(&e, PP_EINVAL, "\"%s\": the file is empty", shown);
    } else if (!file_name_ok(j->name)) {
        err_set(&e, PP_EINVAL,
            "\"%s\": the name must be UTF-8 of at most 200 bytes, without control characters and "
            "not begin with a dot",
            shown);
    } else {
        j->bytes = st.st_size;
        return PPCTL_DONE;
    }
    return fail(j->c, PPCTL_FAILED, &e);
}

/* Why this host cannot print now; 0 if it can as far as can be seen. */
static int refuse(const json_t *status, const struct ppctl *c, struct err *e)
{
    const char *state = field_text(status, "state");
    const char *running = field_text(field_node(status, "job"), "file_name");
    const char *waiting = field_text(status, "waiting_for");
    const char *why = field_text(status, "error");
    char shown[160];
    if (*running != '\0') {
        str_escape(shown, sizeof shown, running, strlen(running));
        return err_set(e, PP_EBUSY, "the printer is busy with \"%s\" (%d %%)", shown,
            field_percent(field_node(status, "job")));
    }
    if (*waiting != '\0') {
        str_escape(shown, sizeof shown, waiting, strlen(waiting));
        return err_set(e, PP_EBUSY, "\"%s\" waits for an answer already: ppctl %sconfirm", shown,
            c->target_hint);
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

static void on_progress(void *context, int64_t done)
{
    struct job *j = context;
    struct term *t = &j->c->term;
    struct strbuf line = {0};
    char rate[TEXT_SIZE + 8] = "";
    char left[TEXT_SIZE + 8] = "";
    char text[TEXT_SIZE];
    uint64_t ms = clock_ms() - j->start_ms;
    if (!(j->c->json ? t->err_tty : t->tty)) {
        return;
    }
    if (ms > 500 && done > 0 && done < j->bytes) {
        double per_s = (double)done * 1000 / (double)ms;
        snprintf(rate, sizeof rate, "%s/s", text_size(text, (int64_t)per_s));
        snprintf(left, sizeof left, "%s left",
            text_hms(text, (int64_t)((double)(j->bytes - done) / per_s * 1000)));
    }
    struct bar bar = {.lead = done < j->bytes ? "upload" : "the host reads the file",
        .percent = done < j->bytes ? (double)done * 100 / (double)j->bytes : -1,
        .part = {rate, left}};
    bar_line(&line, &bar, term_columns() - 1, t->utf8);
    term_draw(t, strbuf_text(&line), j->c->json);
    strbuf_fini(&line);
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
    struct answer a;
    char *path = client_path("/api/v1/files/", j->name);
    struct request r = {.method = "PUT",
        .path = path,
        .upload = j->file,
        .upload_bytes = j->bytes,
        .progress = on_progress,
        .context = j};
    int status = PPCTL_DONE;
    j->start_ms = clock_ms();
    int rc = client_call(j->host, &r, &a);
    term_clear(&j->c->term, j->c->json);
    if (rc != 0) {
        if (a.interrupted) {
            err_set(&a.error, PP_ECANCELED, "upload stopped; nothing is printed");
        } else if (a.error.code == PP_ETOOBIG) {
            err_wrap(&a.error, "\"%s\"", j->name);
        }
        status = fail_answer(j->c, j->host, &a);
    } else {
        show_file(j, a.doc);
        json_object_set(j->doc, "file", a.doc != NULL ? a.doc : json_null());
    }
    answer_fini(&a);
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

/* A file that may not be printed does not stay behind. */
static void take_back(struct job *j, const struct answer *refusal)
{
    struct answer a;
    const char *code = field_text(json_object_get(refusal->doc, "error"), "code");
    char *path = client_path("/api/v1/files/", j->name);
    struct request r = {.method = "DELETE", .path = path};
    if (strcmp(code, "refused") == 0) {
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
        "{s:s, s:b}", "file", j->name, "bed_clear", option_value(j->c, "--bed-clear") != NULL);
    int status = PPCTL_DONE;
    if (post(j->host, "/api/v1/print", body, &a) != 0) {
        status = refused(j, &a);
        take_back(j, &a);
    } else {
        j->started = a.doc != NULL ? json_incref(a.doc) : json_object();
        json_object_set_new(j->doc, "waits", json_boolean(field_true(a.doc, "waits")));
    }
    answer_fini(&a);
    return status;
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
    wait_init(&w, j->c, j->host, j->name, before);
    int status = start(j);
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
    struct job j = {.c = c, .host = c->chosen[0], .path = c->operand[0], .doc = json_object()};
    json_t *before = NULL;
    int status = open_file(&j);
    if (status == PPCTL_DONE) {
        status = check_host(&j, &before);
    }
    if (status == PPCTL_DONE) {
        status = print_file(&j, before);
    }
    if (c->json && j.ended) {
        print_json(json_incref(j.doc));
    }
    if (j.file != NULL) {
        fclose(j.file);
    }
    json_decref(before);
    json_decref(j.started);
    json_decref(j.doc);
    return status;
}
