/* script, condition: one of what runs between prints, or of what decides whether it does. */
#include "tools/ppctl/ppctl.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "tools/ppctl/editor.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 65536

static bool is_condition(const struct ppctl *c)
{
    return strcmp(c->command->name, "condition") == 0;
}

static char *entry_path(const struct ppctl *c)
{
    return client_path(is_condition(c) ? "/api/v1/conditions/" : "/api/v1/scripts/", c->operand[1]);
}

/* The entry called by the second operand; NULL when there is none. Borrowed from the document. */
static json_t *find_entry(const struct ppctl *c, const json_t *doc)
{
    size_t i;
    json_t *entry;
    json_array_foreach(field_node(doc, is_condition(c) ? "conditions" : "scripts"), i, entry)
    {
        if (strcmp(field_text(entry, "name"), c->operand[1]) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* *entry (owned) gets it, NULL when there is none; an exit status. */
static int fetch_entry(struct ppctl *c, json_t **entry)
{
    struct answer a;
    int status = PPCTL_DONE;
    *entry = NULL;
    if (get(c->chosen[0], "/api/v1/scripts", &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else {
        *entry = json_incref(find_entry(c, a.doc));
    }
    answer_fini(&a);
    return status;
}

static int no_entry(struct ppctl *c)
{
    struct err e;
    char shown[80];
    err_set(&e, PP_ENOTFOUND, "no %s \"%s\"; ppctl %sscripts lists them", c->command->name,
        str_escape(shown, sizeof shown, c->operand[1], strlen(c->operand[1])), c->target_hint);
    return fail(c, PPCTL_FAILED, &e);
}

/* Foreign text of several lines. */
static void put_lines(struct strbuf *out, const char *text, const char *indent)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char *one = mem_printf("%.*s", (int)len, text);
        strbuf_puts(out, indent);
        text_foreign(out, one);
        strbuf_puts(out, "\n");
        free(one);
        text += len + (text[len] == '\n');
    }
}

static int show_entry(struct ppctl *c)
{
    json_t *entry;
    int status = fetch_entry(c, &entry);
    if (status == PPCTL_DONE && entry == NULL) {
        return no_entry(c);
    }
    if (status == PPCTL_DONE && c->json) {
        print_json(json_incref(entry));
    } else if (status == PPCTL_DONE) {
        struct strbuf text = {0};
        put_lines(&text, field_text(entry, "body"), "");
        print_text(&text);
    }
    json_decref(entry);
    return status;
}

static int put_entry(struct ppctl *c, const json_t *old, const char *body)
{
    const char *text = option_value(c, "--text");
    json_t *doc = json_pack("{s:s, s:s}", "body", body, "description",
        text != NULL ? text : field_text(old, "description"));
    if (doc == NULL) {
        return fail_usage(c, "the file and the description must be UTF-8 text");
    }
    if (!is_condition(c)) {
        bool clears = option_value(c, "--clears-bed") != NULL || field_true(old, "clears_bed");
        json_object_set_new(doc, "clears_bed", json_boolean(clears));
    }
    char *path = entry_path(c);
    int status = tell(c, "PUT", path, doc, "saved");
    free(path);
    return status;
}

static int read_body(struct ppctl *c, struct strbuf *out)
{
    struct err e;
    char block[4096];
    size_t n;
    if (strcmp(c->operand[2], "-") != 0) {
        return file_read(c->operand[2], BODY_MAX, out, &e) == 0 ? PPCTL_DONE
                                                                : fail(c, PPCTL_FAILED, &e);
    }
    while ((n = fread(block, 1, sizeof block, stdin)) > 0 && out->len <= BODY_MAX) {
        strbuf_add(out, block, n);
    }
    if (out->len > BODY_MAX) {
        err_set(&e, PP_ETOOBIG, "standard input: longer than %d bytes", BODY_MAX);
        return fail(c, PPCTL_FAILED, &e);
    }
    return PPCTL_DONE;
}

static int set_entry(struct ppctl *c)
{
    struct strbuf body = {0};
    json_t *old = NULL;
    int status = read_body(c, &body);
    status = status == PPCTL_DONE ? fetch_entry(c, &old) : status;
    status = status == PPCTL_DONE ? put_entry(c, old, strbuf_text(&body)) : status;
    json_decref(old);
    strbuf_fini(&body);
    return status;
}

static void tell_unchanged(const struct ppctl *c)
{
    if (c->json) {
        print_json(json_object());
    } else {
        puts("not changed");
    }
}

static int edit_entry(struct ppctl *c)
{
    struct strbuf body = {0};
    struct err e;
    json_t *old = NULL;
    bool changed = false;
    int status = fetch_entry(c, &old);
    if (status == PPCTL_DONE) {
        strbuf_puts(&body, field_text(old, "body"));
        if (editor_run(&body, BODY_MAX, is_condition(c) ? ".lua" : ".gcode", &changed, &e) != 0) {
            status = fail(c, PPCTL_FAILED, &e);
        }
    }
    if (status == PPCTL_DONE && changed) {
        status = put_entry(c, old, strbuf_text(&body));
    } else if (status == PPCTL_DONE) {
        tell_unchanged(c);
    }
    json_decref(old);
    strbuf_fini(&body);
    return status;
}

static int remove_entry(struct ppctl *c)
{
    char *path = entry_path(c);
    int status = tell(c, "DELETE", path, NULL, "removed");
    free(path);
    return status;
}

static void view_trial(struct strbuf *out, const struct view *v, const json_t *doc)
{
    const char *said = field_text(doc, "said");
    (void)v;
    strbuf_puts(out, field_true(doc, "runs") ? "it would run now\n" : "it would not run now\n");
    if (*said != '\0') {
        strbuf_puts(out, "it says: ");
        text_foreign(out, said);
        strbuf_puts(out, "\n");
    }
    put_lines(out, field_text(doc, "gcode"), "  ");
}

/* A mistake in it is a failure here. */
static int tell_trial(struct ppctl *c, json_t *body)
{
    struct answer a;
    struct strbuf text = {0};
    struct view v = view_now(c);
    int status = PPCTL_DONE;
    if (call(c, "POST", "/api/v1/scripts/try", body, &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else if (*field_text(a.doc, "error") != '\0') {
        text_foreign(&text, field_text(a.doc, "error"));
        fprintf(stderr, "ppctl: %s\n", strbuf_text(&text));
        status = PPCTL_FAILED;
    } else if (!c->json) {
        view_trial(&text, &v, a.doc);
        fputs(strbuf_text(&text), stdout);
    }
    if (c->json && a.error.code == 0) {
        print_json(json_incref(a.doc));
    }
    strbuf_fini(&text);
    answer_fini(&a);
    return status;
}

static int test_entry(struct ppctl *c)
{
    const char *moment = option_value(c, "--moment");
    const char *condition = is_condition(c) ? c->operand[1] : option_value(c, "--condition");
    json_t *body = json_object();
    if (!is_condition(c)) {
        json_object_set_new(body, "script", json_string(c->operand[1]));
    }
    if (condition != NULL) {
        json_object_set_new(body, "condition", json_string(condition));
    }
    if (moment != NULL) {
        json_object_set_new(body, "moment", json_string(moment));
    }
    return tell_trial(c, body);
}

static const struct action entry_actions[] = {{"show", "NAME", 1, 1, show_entry},
    {"set", "NAME FILE", 2, 2, set_entry}, {"edit", "NAME", 1, 1, edit_entry},
    {"test", "NAME", 1, 1, test_entry}, {"rm", "NAME", 1, 1, remove_entry}};

int cmd_script(struct ppctl *c)
{
    return run_action(c, entry_actions, sizeof entry_actions / sizeof *entry_actions);
}

int cmd_condition(struct ppctl *c)
{
    return run_action(c, entry_actions, sizeof entry_actions / sizeof *entry_actions);
}
