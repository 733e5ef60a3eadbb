/* sd: the printer's own SD card, its files, prints from it and copies to it. */
#include "tools/ppctl/ppctl.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "tools/ppctl/bar.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_MS 300 /* between two looks at a copy under way */

#define NAME_COLUMNS 26
#define SIZE_COLUMNS 10

/* ---- looking -----------------------------------------------------------------------------------
 */

static void show_entry(struct strbuf *out, const json_t *file, int columns)
{
    char text[TEXT_SIZE];
    size_t from = out->len;
    int64_t size = field_int(file, "size_bytes", -1);
    int64_t date_ms = field_int(file, "date_ms", -1);
    const char *name = field_text(file, "name");
    const char *display = field_text(file, "display");
    text_foreign(out, name);
    text_pad(out, from, NAME_COLUMNS);
    strbuf_printf(out, " %*s", SIZE_COLUMNS, size >= 0 ? text_size(text, size) : "-");
    if (date_ms >= 0) {
        strbuf_printf(out, "  %.16s", text_date(text, date_ms));
    }
    if (strcmp(name, display) != 0) {
        struct strbuf shown = {0};
        strbuf_puts(out, "  ");
        text_foreign(&shown, display);
        text_cut(out, strbuf_text(&shown), columns);
        strbuf_fini(&shown);
    }
    strbuf_puts(out, "\n");
}

static void show_card(const struct ppctl *c, size_t i, const json_t *doc)
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    size_t at;
    json_t *file;
    const char *card = field_text(doc, "card");
    if (c->count > 1) {
        strbuf_printf(&text, "%s:\n", host_label(c->chosen[i]));
    }
    if (strcmp(card, "ready") != 0) {
        strbuf_printf(&text, "%s\n",
            strcmp(card, "no_card") == 0 ? "there is no card in the printer"
                                         : "this printer does not tell of a card");
    } else if (json_array_size(field_node(doc, "files")) == 0) {
        strbuf_puts(&text, "the card is empty\n");
    }
    json_array_foreach(field_node(doc, "files"), at, file)
    {
        show_entry(&text, file, v.columns);
    }
    print_text(&text);
}

static int list(struct ppctl *c)
{
    return read_each(c, "/api/v1/sd", "sd", show_card);
}

/* ---- small orders ------------------------------------------------------------------------------
 */

static int order(struct ppctl *c)
{
    bool init = strcmp(c->operand[0], "init") == 0;
    return tell_done(c, "/api/v1/sd", json_pack("{s:s}", "action", c->operand[0]),
        init ? "the printer looks at its card again" : "the card may be taken out");
}

static int take_away(struct ppctl *c)
{
    json_t *body = json_pack("{s:s}", "file", c->operand[1]);
    return body == NULL ? fail_usage(c, "FILE must be UTF-8 text")
                        : tell_done(c, "/api/v1/sd/remove", body, "deleted from the card");
}

/* ---- print -------------------------------------------------------------------------------------
 */

static void hand_over(struct ppctl *c, json_t *started)
{
    struct view v = view_now(c);
    struct strbuf text = {0};
    if (c->json) {
        print_json(json_incref(started));
        return;
    }
    text_foreign(&text, host_label(c->chosen[0]));
    if (field_true(started, "waits")) {
        strbuf_puts(&text, ": the print waits for an answer\n");
        view_question(&text, &v, field_node(started, "question"));
    } else {
        strbuf_printf(&text, ": printing; follow it with: ppctl %swatch\n", c->target_hint);
    }
    print_text(&text);
}

static int follow_print(struct ppctl *c, struct wait *w, json_t *started)
{
    json_t *doc = json_object();
    int status = wait_run(w, started);
    if (wait_result(w, doc) && c->json) {
        print_json(json_incref(doc));
    }
    json_decref(doc);
    return status;
}

/* The run is called by the file's long name. */
static const char *long_name(const json_t *card, const char *name)
{
    size_t at;
    json_t *file;
    const char *bare = name + (*name == '/');
    json_array_foreach(field_node(card, "files"), at, file)
    {
        const char *known = field_text(file, "name");
        if (strcasecmp(known + (*known == '/'), bare) == 0) {
            return field_text(file, "display");
        }
    }
    return name;
}

static int start_print(struct ppctl *c, const struct answer *card, struct answer *before)
{
    struct host *h = c->chosen[0];
    struct answer a;
    struct wait w;
    bool waits = option_value(c, "--wait") != NULL;
    json_t *body = json_pack("{s:s, s:b, s:b}", "file", c->operand[1], "bed_clear",
        option_value(c, "--bed-clear") != NULL, "unchecked",
        option_value(c, "--unchecked") != NULL);
    int status = PPCTL_DONE;
    if (waits) {
        wait_init(&w, c, h, long_name(card->doc, c->operand[1]), json_incref(before->doc));
    }
    if (post(h, "/api/v1/sd/print", body, &a) != 0) {
        status = fail_answer(c, h, &a);
    } else if (waits) {
        status = follow_print(c, &w, a.doc);
    } else {
        hand_over(c, a.doc);
    }
    if (waits) {
        wait_fini(&w);
    }
    answer_fini(&a);
    return status;
}

static int print_file(struct ppctl *c)
{
    struct host *h = c->chosen[0];
    struct answer card;
    struct answer before = {0};
    int status = PPCTL_DONE;
    if (get(h, "/api/v1/sd", &card) != 0) {
        status = fail_answer(c, h, &card);
    } else if (get(h, "/api/v1/status", &before) != 0) {
        status = fail_answer(c, h, &before);
    } else {
        status = start_print(c, &card, &before);
    }
    answer_fini(&before);
    answer_fini(&card);
    return status;
}

/* ---- put ---------------------------------------------------------------------------------------
 */

/* A file of this machine goes to the host first; anything else is taken for a name there. */
static int upload(struct ppctl *c, const char *path, const char *name)
{
    struct stat st;
    struct err e;
    struct answer a;
    FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rbe") : NULL;
    if (file == NULL) {
        if (strchr(path, '/') == NULL && errno == ENOENT) {
            return PPCTL_DONE;
        }
        char shown[200];
        str_escape(shown, sizeof shown, path, strlen(path));
        err_errno(&e, errno, "\"%s\"", shown);
        return fail(c, PPCTL_FAILED, &e);
    }
    char *url = client_path("/api/v1/files/", name);
    struct request r = {.method = "PUT", .path = url, .upload = file, .upload_bytes = st.st_size};
    int status =
        client_call(c->chosen[0], &r, &a) == 0 ? PPCTL_DONE : fail_answer(c, c->chosen[0], &a);
    answer_fini(&a);
    free(url);
    fclose(file);
    return status;
}

static void draw(struct ppctl *c, const json_t *transfer)
{
    struct term *t = &c->term;
    struct strbuf line = {0};
    if (c->json ? t->err_tty : t->tty) {
        struct bar bar = {.lead = "to the card", .percent = field_real(transfer, "percent", -1)};
        bar_line(&line, &bar, term_columns() - 1, t->utf8);
        term_draw(t, strbuf_text(&line), c->json);
        strbuf_fini(&line);
    }
}

/* Whether it is on the card now that the copying has ended. */
static int tell_end(struct ppctl *c, const json_t *card, const char *name)
{
    size_t at;
    json_t *file;
    struct err e;
    json_array_foreach(field_node(card, "files"), at, file)
    {
        if (strcasecmp(field_text(file, "name"), name) == 0) {
            if (c->json) {
                print_json(json_incref(file));
            } else {
                printf("%s: on the card as %s\n", host_label(c->chosen[0]), name);
            }
            return PPCTL_DONE;
        }
    }
    err_set(&e, PP_EIO, "it is not on the card; ppctl %slog says why", c->target_hint);
    return fail(c, PPCTL_FAILED, &e);
}

static int follow_copy(struct ppctl *c, const char *name)
{
    for (;;) {
        struct answer a;
        if (get(c->chosen[0], "/api/v1/sd", &a) != 0) {
            term_clear(&c->term, c->json);
            int status = fail_answer(c, c->chosen[0], &a);
            answer_fini(&a);
            return status;
        }
        json_t *transfer = field_node(a.doc, "transfer");
        if (transfer == NULL && !field_true(a.doc, "reading")) {
            term_clear(&c->term, c->json);
            int status = tell_end(c, a.doc, name);
            answer_fini(&a);
            return status;
        }
        draw(c, transfer);
        answer_fini(&a);
        struct pollfd stop = {.fd = term_stop_fd(), .events = POLLIN};
        poll(&stop, 1, LOOK_MS);
        if (term_stopped()) {
            term_clear(&c->term, c->json);
            return PPCTL_INTERRUPTED;
        }
    }
}

static int put(struct ppctl *c)
{
    struct host *h = c->chosen[0];
    struct answer a;
    const char *name = file_basename(c->operand[1]);
    const char *wanted = option_value(c, "--name");
    int status = upload(c, c->operand[1], name);
    if (status != PPCTL_DONE) {
        return status;
    }
    json_t *body = json_pack("{s:s, s:s}", "file", name, "name", wanted != NULL ? wanted : "");
    if (post(h, "/api/v1/sd/put", body, &a) != 0) {
        status = fail_answer(c, h, &a);
    } else {
        char target[200];
        snprintf(target, sizeof target, "%s", field_text(field_node(a.doc, "transfer"), "name"));
        status = follow_copy(c, target);
    }
    answer_fini(&a);
    return status;
}

/* ---- the command -------------------------------------------------------------------------------
 */

int cmd_sd(struct ppctl *c)
{
    static const struct {
        const char *name;
        size_t operands;
        int (*run)(struct ppctl *c);
    } acts[] = {
        {"ls", 1, list},
        {"print", 2, print_file},
        {"put", 2, put},
        {"rm", 2, take_away},
        {"init", 1, order},
        {"release", 1, order},
    };
    char shown[48];
    const char *wanted = c->operands > 0 ? c->operand[0] : "ls";
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].name, wanted) == 0) {
            if (c->operands > 0 && c->operands != acts[i].operands) {
                return fail_usage(c, "sd %s %s", wanted,
                    acts[i].operands > 1 ? "needs one FILE" : "takes no FILE");
            }
            return acts[i].run(c);
        }
    }
    return fail_usage(c, "\"%s\": must be ls, print, put, rm, init or release",
        str_escape(shown, sizeof shown, wanted, strlen(wanted)));
}
