/* status and watch: the state of one or several printers, once or kept up to date. */
#include "tools/ppctl/ppctl.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tools/ppctl/follow.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDRAW_MS 250u

static void show_one(const struct ppctl *c, size_t i, const json_t *status)
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    char target[80];
    const char *name = field_text(status, "name");
    v.target = target_of(c, c->chosen[i], target);
    strbuf_puts(&text, i > 0 ? "\n" : "");
    view_status(&text, &v, *name != '\0' ? name : host_label(c->chosen[i]), status);
    print_text(&text);
}

int cmd_status(struct ppctl *c)
{
    return read_each(c, "/api/v1/status", "status", show_one);
}

/* ---- watch -------------------------------------------------------------------------------------
 */

struct watch {
    struct ppctl *c;
    struct follow follow[HOSTS_MAX];
    json_t *status[HOSTS_MAX];     /* owned; as far as known */
    char told[HOSTS_MAX][512];     /* the last line of each, to tell only changes */
    char managing[HOSTS_MAX][256]; /* the same of the queue; "" = nothing heard yet */
    int lines;                     /* drawn, to be drawn over */
    uint64_t drawn_ms;
    bool stale; /* something changed since */
};

static const char *name_of(const struct watch *w, size_t i)
{
    const char *name = field_text(w->status[i], "name");
    return *name != '\0' ? name : host_label(w->c->chosen[i]);
}

static void merge(struct watch *w, size_t i, const json_t *event)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)event, name, value)
    {
        json_object_set(w->status[i], name, value);
    }
}

static int count_lines(const char *text)
{
    int n = 0;
    for (; *text != '\0'; text++) {
        n += *text == '\n';
    }
    return n;
}

/* Everything again, in place of what stood there. */
static void redraw(struct watch *w)
{
    struct strbuf text = {0};
    struct view v = view_now(w->c);
    char target[80];
    for (size_t i = 0; i < w->c->count; i++) {
        v.target = target_of(w->c, w->c->chosen[i], target);
        if (w->c->count == 1) {
            view_status(&text, &v, name_of(w, i), w->status[i]);
        } else {
            view_brief(&text, &v, name_of(w, i), w->status[i]);
            strbuf_puts(&text, "\n");
        }
    }
    if (w->lines > 0) {
        printf("\x1b[%dA\x1b[J", w->lines);
    }
    w->lines = count_lines(strbuf_text(&text));
    print_text(&text);
    w->drawn_ms = clock_ms();
    w->stale = false;
}

/* One line when the line would be another one, without what changes every second. */
static void tell_event(struct watch *w, size_t i)
{
    struct strbuf line = {0};
    struct view v = view_now(w->c);
    const json_t *job = field_node(w->status[i], "job");
    json_t *calm = json_copy(w->status[i]);
    if (job != NULL) {
        json_t *steady = json_copy((json_t *)(uintptr_t)job);
        json_object_set_new(
            steady, "percent", json_integer((json_int_t)(field_percent(job) / 10) * 10));
        json_object_set_new(steady, "left_ms", json_null());
        json_object_set_new(steady, "layer", json_null());
        json_object_set_new(steady, "layers", json_null());
        json_object_set_new(calm, "job", steady);
    }
    v.columns = 500;
    view_brief(&line, &v, name_of(w, i), calm);
    if (strcmp(w->told[i], strbuf_text(&line)) != 0) {
        char date[TEXT_SIZE];
        str_copy(w->told[i], sizeof w->told[i], strbuf_text(&line), line.len);
        printf("%s  %s\n", text_date(date, v.now_ms), strbuf_text(&line));
        fflush(stdout);
    }
    json_decref(calm);
    strbuf_fini(&line);
}

/* What managing does now, when that is something else than before. */
static void tell_managing(struct watch *w, size_t i)
{
    struct strbuf line = {0};
    char date[TEXT_SIZE];
    const char *text = field_text(field_node(w->status[i], "manage"), "text");
    bool first = w->managing[i][0] == '\0';
    text_foreign(&line, text);
    if (*text == '\0' || strncmp(w->managing[i], strbuf_text(&line), 255) == 0) {
        strbuf_fini(&line);
        return;
    }
    str_copy(w->managing[i], sizeof w->managing[i], strbuf_text(&line), line.len);
    if (!first) {
        printf("%s  %s: queue: %s\n", text_date(date, clock_wall_ms()), name_of(w, i),
            strbuf_text(&line));
        fflush(stdout);
    }
    strbuf_fini(&line);
}

static void remark(struct watch *w, size_t i, const char *text)
{
    struct strbuf line = {0};
    char date[TEXT_SIZE];
    if (w->c->json) {
        return;
    }
    text_foreign(&line, text);
    if (w->lines > 0) {
        printf("\x1b[%dA\x1b[J", w->lines);
        w->lines = 0;
    }
    printf("%s  %s: %s\n", text_date(date, clock_wall_ms()), name_of(w, i), strbuf_text(&line));
    fflush(stdout);
    strbuf_fini(&line);
    w->stale = true;
}

static void take_event(struct watch *w, size_t i, json_t *event)
{
    if (w->c->json) {
        if (w->c->count > 1) {
            json_object_set_new(event, "host", json_string(name_of(w, i)));
        }
        print_json(json_incref(event));
        return;
    }
    if (strcmp(field_text(event, "type"), "notice") == 0) {
        remark(w, i, field_text(event, "text"));
    }
    merge(w, i, event);
    w->stale = true;
    if (!w->c->term.tty) {
        tell_event(w, i);
        tell_managing(w, i);
    }
}

/* One thing that happened; an exit status when it is over, else -1. */
static int watch_step(struct watch *w, enum follow_what what, size_t i, json_t *event)
{
    switch (what) {
    case FOLLOW_EVENT:
        take_event(w, i, event);
        return -1;
    case FOLLOW_LOST:
        json_object_set_new(w->status[i], "state", json_string("no answer from the host"));
        remark(w, i, "the host does not answer; waiting for it");
        return -1;
    case FOLLOW_BACK:
        remark(w, i, "the host is there again");
        return -1;
    case FOLLOW_REFUSED:
        return w->c->count == 1 ? fail(w->c, PPCTL_FAILED, &w->follow[i].error) : -1;
    case FOLLOW_STOPPED:
        return PPCTL_INTERRUPTED;
    case FOLLOW_INPUT:
    case FOLLOW_QUIET:
        return -1;
    }
    return -1;
}

static int watch_run(struct watch *w)
{
    int status = -1;
    size_t which = 0;
    while (status < 0) {
        json_t *event = NULL;
        enum follow_what what = follow_next(w->follow, w->c->count, -1, REDRAW_MS, &which, &event);
        status = watch_step(w, what, which, event);
        json_decref(event);
        uint64_t now = clock_ms();
        if (status < 0 && w->c->term.tty && !w->c->json && w->stale &&
            now - w->drawn_ms >= REDRAW_MS) {
            redraw(w);
        }
    }
    return status;
}

int cmd_watch(struct ppctl *c)
{
    struct watch *w = mem_alloc(sizeof *w);
    w->c = c;
    for (size_t i = 0; i < c->count; i++) {
        w->status[i] = json_object();
    }
    int status = follow_each(c, w->follow, NULL);
    if (status == PPCTL_DONE) {
        status = watch_run(w);
    }
    for (size_t i = 0; i < c->count; i++) {
        follow_close(&w->follow[i]);
        json_decref(w->status[i]);
    }
    free(w);
    return status;
}
