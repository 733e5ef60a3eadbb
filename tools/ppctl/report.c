/* How commands tell what they found, and why they failed. */
#include "tools/ppctl/ppctl.h"

#include "host/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What goes to a file or another program is not cut. */
#define UNCUT 4096

void print_json(json_t *doc)
{
    char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(12));
    if (text != NULL) {
        puts(text);
        fflush(stdout);
    }
    free(text);
    json_decref(doc);
}

void print_text(struct strbuf *text)
{
    fputs(strbuf_text(text), stdout);
    fflush(stdout);
    strbuf_fini(text);
}

static json_t *error_doc(const struct err *e)
{
    json_t *field = e->field[0] != '\0' ? json_string(e->field) : json_null();
    return json_pack("{s:{s:s, s:s, s:o}}", "error", "code", err_name(e->code), "message", e->text,
        "field", field);
}

int fail(const struct ppctl *c, int status, const struct err *e)
{
    fflush(stdout);
    fprintf(stderr, "ppctl: %s\n", e->text);
    if (c->json) {
        print_json(error_doc(e));
    }
    return status;
}

/* A failure is one line: what takes several is left to help. */
void usage_hint(const struct command *command, struct err *e)
{
    size_t used = strlen(e->text);
    bool several = strchr(command->args, '\n') != NULL;
    snprintf(e->text + used, sizeof e->text - used, "; %s%s%s%s",
        several ? "see: ppctl help " : "usage: ppctl ", command->name,
        several || *command->args == '\0' ? "" : " ", several ? "" : command->args);
}

int fail_answer(const struct ppctl *c, const struct host *h, const struct answer *a)
{
    int status = a->interrupted ? PPCTL_INTERRUPTED : a->status == 0 ? PPCTL_NO_HOST : PPCTL_FAILED;
    struct err e = a->error;
    if (c->count > 1) {
        err_wrap(&e, "%s", host_label(h));
    }
    return fail(c, status, &e);
}

int fail_usage(const struct ppctl *c, const char *fmt, ...)
{
    struct err e = {.code = PP_EINVAL};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e.text, sizeof e.text, fmt, ap);
    va_end(ap);
    usage_hint(c->command, &e);
    return fail(c, PPCTL_USAGE, &e);
}

struct view view_now(const struct ppctl *c)
{
    return (struct view){
        .columns = c->term.tty ? term_columns() : UNCUT,
        .color = c->term.color,
        .utf8 = c->term.utf8,
        .now_ms = clock_wall_ms(),
        .target = c->target_hint,
    };
}

int get(const struct host *h, const char *path, struct answer *a)
{
    struct request r = {.method = "GET", .path = path};
    return client_call(h, &r, a);
}

int post(const struct host *h, const char *path, json_t *body, struct answer *a)
{
    json_t *sent = body != NULL ? body : json_object();
    struct request r = {.method = "POST", .path = path, .body = sent};
    int rc = client_call(h, &r, a);
    json_decref(sent);
    return rc;
}

int call(
    const struct ppctl *c, const char *method, const char *path, json_t *body, struct answer *a)
{
    struct request r = {.method = method, .path = path, .body = body};
    int rc = client_call(c->chosen[0], &r, a);
    json_decref(body);
    return rc;
}

int tell(struct ppctl *c, const char *method, const char *path, json_t *body, const char *done)
{
    struct answer a;
    int status = PPCTL_DONE;
    if (call(c, method, path, body, &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else if (c->json) {
        print_json(a.doc != NULL ? json_incref(a.doc) : json_object());
    } else {
        printf("%s: %s\n", host_label(c->chosen[0]), done);
    }
    answer_fini(&a);
    return status;
}

int tell_done(struct ppctl *c, const char *path, json_t *body, const char *done)
{
    return tell(c, "POST", path, body != NULL ? body : json_object(), done);
}

int tell_view(struct ppctl *c, const char *method, const char *path, json_t *body,
    void (*show)(struct strbuf *out, const struct view *v, const json_t *doc))
{
    struct answer a;
    struct strbuf text = {0};
    struct view v = view_now(c);
    int status = PPCTL_DONE;
    if (call(c, method, path, body, &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else if (c->json) {
        print_json(a.doc != NULL ? json_incref(a.doc) : json_object());
    } else {
        show(&text, &v, a.doc);
        print_text(&text);
    }
    answer_fini(&a);
    return status;
}

/* "add NAME, list or rm NAME" */
static void name_actions(char *out, size_t out_size, const struct action *actions, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < out_size; i++) {
        const char *before = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        int n = snprintf(out + used, out_size - used, "%s%s", before, actions[i].name);
        used += (size_t)n;
    }
}

int run_action(struct ppctl *c, const struct action *actions, size_t count)
{
    char shown[64];
    char names[160];
    const char *word = c->operands > 0 ? c->operand[0] : actions[0].name;
    for (size_t i = 0; i < count; i++) {
        size_t given = c->operands > 0 ? c->operands - 1 : 0;
        if (strcmp(actions[i].name, word) != 0) {
            continue;
        }
        if (given < actions[i].least || given > actions[i].most) {
            return fail_usage(c, "%s %s: %s %s", c->command->name, word,
                given < actions[i].least ? "missing:" : "takes no more than",
                actions[i].args[0] != '\0' ? actions[i].args : "its name");
        }
        return actions[i].exec(c);
    }
    name_actions(names, sizeof names, actions, count);
    return fail_usage(c, "%s \"%s\": must be %s", c->command->name,
        str_escape(shown, sizeof shown, word, strlen(word)), names);
}
