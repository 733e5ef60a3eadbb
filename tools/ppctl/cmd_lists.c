/* terminal, log and history: lists that the host keeps. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/follow.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number after -n; an exit status. */
static int take_count(const struct ppctl *c, int64_t least, int64_t most, int64_t *out)
{
    const char *text = option_value(c, "-n");
    char shown[48];
    if (text == NULL || str_to_int(text, least, most, out)) {
        return PPCTL_DONE;
    }
    return fail_usage(c, "-n \"%s\": must be a number from %d to %d",
        str_escape(shown, sizeof shown, text, strlen(text)), (int)least, (int)most);
}

/* Cuts the array `name` of the document to its last `count`. */
static void keep_last(json_t *doc, const char *name, int64_t count)
{
    json_t *list = json_object_get(doc, name);
    while ((int64_t)json_array_size(list) > count) {
        json_array_remove(list, 0);
    }
}

/* "mk3:" before the lines of one of several hosts. */
static void headline(const struct ppctl *c, size_t i)
{
    if (c->count > 1) {
        printf("%s%s:\n", i > 0 ? "\n" : "", host_label(c->chosen[i]));
    }
}

/* ---- terminal ----------------------------------------------------------------------------------
 */

static void show_terminal_line(const struct ppctl *c, size_t i, const json_t *line)
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    if (c->count > 1) {
        strbuf_printf(&text, "%s ", host_label(c->chosen[i]));
    }
    view_terminal(&text, &v, line);
    print_text(&text);
}

/* The lines so far of one host; *newest gets the time of the last. */
static int show_past(struct ppctl *c, size_t i, int64_t count, int64_t *newest)
{
    struct answer a;
    size_t at;
    json_t *line;
    int status = PPCTL_DONE;
    *newest = 0;
    if (get(c->chosen[i], "/api/v1/terminal", &a) != 0) {
        status = fail_answer(c, c->chosen[i], &a);
    }
    json_array_foreach(json_object_get(a.doc, "lines"), at, line)
    {
        *newest = field_int(line, "time_ms", 0);
    }
    keep_last(a.doc, "lines", count);
    json_array_foreach(json_object_get(a.doc, "lines"), at, line)
    {
        if (c->json) {
            print_json(json_incref(line));
        } else {
            show_terminal_line(c, i, line);
        }
    }
    answer_fini(&a);
    return status;
}

/* A line of the feed that was not among those shown before. */
static void show_new(struct ppctl *c, size_t i, json_t *event, int64_t newest)
{
    if (strcmp(field_text(event, "type"), "terminal") != 0 ||
        field_int(event, "time_ms", 0) <= newest) {
        return;
    }
    if (c->json) {
        json_object_del(event, "type");
        print_json(json_incref(event));
    } else {
        show_terminal_line(c, i, event);
    }
}

struct tail {
    struct follow follow[HOSTS_MAX];
    int64_t newest[HOSTS_MAX];
};

static int follow_lines(struct ppctl *c, struct tail *t)
{
    size_t which = 0;
    for (;;) {
        json_t *event = NULL;
        enum follow_what what = follow_next(t->follow, c->count, -1, 1000, &which, &event);
        if (what == FOLLOW_EVENT) {
            show_new(c, which, event, t->newest[which]);
            json_decref(event);
        } else if (what == FOLLOW_LOST) {
            fprintf(stderr, "ppctl: %s does not answer; waiting for it\n",
                host_label(c->chosen[which]));
        } else if (what == FOLLOW_REFUSED) {
            return fail(c, PPCTL_FAILED, &t->follow[which].error);
        } else if (what == FOLLOW_STOPPED || ferror(stdout)) {
            return what == FOLLOW_STOPPED ? PPCTL_INTERRUPTED : PPCTL_FAILED;
        }
    }
}

int cmd_terminal(struct ppctl *c)
{
    int64_t count = 20;
    bool follow = option_value(c, "--follow") != NULL || option_value(c, "-n") == NULL;
    int status = take_count(c, 0, 200, &count);
    if (status != PPCTL_DONE) {
        return status;
    }
    struct tail *t = mem_alloc(sizeof *t);
    if (follow) {
        /* first the feed, so that no line falls between */
        status = follow_each(c, t->follow, "terminal");
    }
    for (size_t i = 0; i < c->count && status == PPCTL_DONE; i++) {
        status = show_past(c, i, count, &t->newest[i]);
    }
    if (follow && status == PPCTL_DONE) {
        status = follow_lines(c, t);
    }
    for (size_t i = 0; i < c->count; i++) {
        follow_close(&t->follow[i]);
    }
    free(t);
    return status;
}

/* ---- log and history ---------------------------------------------------------------------------
 */

static int64_t log_count;

static void show_log(const struct ppctl *c, size_t i, const json_t *doc)
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    const json_t *lines = field_node(doc, "lines");
    size_t total = json_array_size(lines);
    size_t from = total > (size_t)log_count ? total - (size_t)log_count : 0;
    headline(c, i);
    for (size_t at = from; at < total; at++) {
        view_log(&text, &v, json_array_get(lines, at));
    }
    print_text(&text);
}

int cmd_log(struct ppctl *c)
{
    log_count = 50;
    int status = take_count(c, 1, 500, &log_count);
    return status == PPCTL_DONE ? read_each(c, "/api/v1/log", "log", show_log) : status;
}

static void show_history(const struct ppctl *c, size_t i, const json_t *doc)
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    bool filtered = option_value(c, "--file") != NULL || option_value(c, "--job") != NULL ||
                    option_value(c, "--result") != NULL;
    headline(c, i);
    if (filtered && json_array_size(field_node(doc, "runs")) == 0) {
        strbuf_puts(&text, "no such print\n");
    } else {
        view_runs(&text, &v, field_node(doc, "runs"));
    }
    print_text(&text);
}

int cmd_history(struct ppctl *c)
{
    static const struct {
        const char *option;
        const char *argument;
    } filters[] = {{"--file", "&file="}, {"--job", "&job="}, {"--result", "&result="}};
    struct strbuf path = {0};
    int64_t count = 20;
    int status = take_count(c, 1, 1000, &count);
    strbuf_printf(&path, "/api/v1/runs?limit=%d", (int)count);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        const char *value = option_value(c, filters[i].option);
        char *part = value != NULL ? client_path(filters[i].argument, value) : NULL;
        strbuf_puts(&path, part != NULL ? part : "");
        free(part);
    }
    status =
        status == PPCTL_DONE ? read_each(c, strbuf_text(&path), "history", show_history) : status;
    strbuf_fini(&path);
    return status;
}
