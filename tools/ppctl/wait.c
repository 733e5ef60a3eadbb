#include "tools/ppctl/wait_priv.h"

#include "host/base/clock.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 1000u

void wait_init(struct wait *w, struct ppctl *c, struct host *h, const char *file, json_t *before)
{
    *w = (struct wait){.c = c, .host = h, .before = before, .told_tenth = -1};
    track_init(&w->track, file, field_int(before, "now_ms", 0), clock_ms());
}

void wait_fini(struct wait *w)
{
    follow_close(&w->follow);
    track_fini(&w->track);
    json_decref(w->before);
    json_decref(w->run);
}

/* Keeps the run's row and the counters after the print. */
static void collect(struct wait *w, struct answer *after)
{
    struct answer a;
    size_t i;
    json_t *run;
    if (w->track.run_id[0] != '\0' && get(w->host, WAIT_RUNS_PATH, &a) == 0) {
        json_array_foreach(field_node(a.doc, "runs"), i, run)
        {
            if (strcmp(field_text(run, "id"), w->track.run_id) == 0 && w->run == NULL) {
                w->run = json_incref(run);
            }
        }
        answer_fini(&a);
    }
    get(w->host, "/api/v1/status", after);
}

/* How often the planner ran dry during this print; -1 unknown. */
static int64_t underruns(const struct wait *w, const json_t *after)
{
    int64_t was = field_int(field_node(w->before, "link"), "underruns", -1);
    int64_t is = field_int(field_node(after, "link"), "underruns", -1);
    return was >= 0 && is >= was ? is - was : -1;
}

static void summary(const struct wait *w, int64_t under, struct strbuf *out)
{
    const struct track *t = &w->track;
    char text[TEXT_SIZE];
    bool well = strcmp(t->result, "success") == 0;
    text_foreign(out, t->file);
    strbuf_puts(out, well ? " printed" : ": ");
    if (!well) {
        text_foreign(out, t->result);
    }
    if (t->duration_ms >= 0) {
        strbuf_printf(out, " %s %s", well ? "in" : "after", text_duration(text, t->duration_ms));
    }
    if (t->lines > 0 || well) {
        strbuf_printf(out, "%s %s lines", well ? ":" : ",", text_count(text, t->lines));
        strbuf_printf(out, ", %s resends", text_count(text, t->resends));
    }
    if (under >= 0 && (t->lines > 0 || well)) {
        strbuf_printf(out, ", %s under-runs", text_count(text, under));
    }
    if (!well && t->reason[0] != '\0') {
        strbuf_puts(out, ": ");
        text_foreign(out, t->reason);
    }
}

static int finish(struct wait *w)
{
    struct answer after;
    struct strbuf line = {0};
    bool well = strcmp(w->track.result, "success") == 0;
    term_clear(&w->c->term, wait_on_stderr(w));
    collect(w, &after);
    int64_t under = underruns(w, after.doc);
    summary(w, under, &line);
    json_object_set_new(w->before, "underruns", under >= 0 ? json_integer(under) : json_null());
    if (!well) {
        fprintf(stderr, "ppctl: %s\n", strbuf_text(&line));
    } else if (!w->c->json) {
        printf("%s\n", strbuf_text(&line));
    }
    answer_fini(&after);
    strbuf_fini(&line);
    return well ? PPCTL_DONE : PPCTL_FAILED;
}

static const char *code_of(const char *result)
{
    return strcmp(result, "cancelled") == 0     ? err_name(PP_ECANCELED)
           : strcmp(result, "not started") == 0 ? err_name(PP_EREFUSED)
                                                : err_name(PP_EIO);
}

bool wait_result(const struct wait *w, json_t *doc)
{
    const struct track *t = &w->track;
    json_t *under = json_object_get(w->before, "underruns");
    if (t->phase != TRACK_ENDED) {
        return false;
    }
    json_object_set_new(doc, "run", w->run != NULL ? json_incref(w->run) : json_null());
    json_object_set(doc, "underruns", under);
    if (strcmp(t->result, "success") != 0) {
        struct strbuf line = {0};
        summary(w, -1, &line);
        json_object_set_new(doc, "error",
            json_pack("{s:s, s:s, s:n}", "code", code_of(t->result), "message", strbuf_text(&line),
                "field"));
        strbuf_fini(&line);
    }
    return true;
}

static int leave(struct wait *w)
{
    char text[200];
    snprintf(text, sizeof text, "the print %s; follow it with: ppctl %swatch",
        w->track.phase == TRACK_RUNNING ? "goes on" : "still waits", w->c->target_hint);
    if (w->asked[0] != '\0') {
        printf("\n");
    }
    term_clear(&w->c->term, wait_on_stderr(w));
    fprintf(stderr, "ppctl: %s\n", text);
    return PPCTL_INTERRUPTED;
}

static void tell_failure(struct wait *w)
{
    const struct track *t = &w->track;
    char text[512];
    bool waits = t->failed && t->phase == TRACK_PENDING;
    if (waits && !w->failed_told) {
        snprintf(text, sizeof text, "%.200s: %s%s%.200s; if it may be, it is tried again", t->file,
            t->result, t->reason[0] != '\0' ? ": " : "", t->reason);
        wait_say(w, text);
    }
    w->failed_told = waits;
}

/* One thing that happened; an exit status when it is over, else -1. */
static int step(struct wait *w, enum follow_what what, json_t *event)
{
    switch (what) {
    case FOLLOW_EVENT:
        track_event(&w->track, event, clock_ms());
        tell_failure(w);
        if (strcmp(field_text(event, "type"), "notice") == 0) {
            wait_say(w, field_text(event, "text"));
        }
        return wait_consider_question(w);
    case FOLLOW_INPUT:
        wait_take_input(w);
        return -1;
    case FOLLOW_LOST:
        wait_say(w, "the host does not answer; the print may go on; waiting for it");
        return -1;
    case FOLLOW_BACK:
        wait_say(w, "the host is there again");
        w->track.seen_ms = clock_ms();
        return -1;
    case FOLLOW_REFUSED:
        return fail(w->c, PPCTL_FAILED, &w->follow.error);
    case FOLLOW_STOPPED:
        return leave(w);
    case FOLLOW_QUIET:
        return -1;
    }
    return -1;
}

int wait_run(struct wait *w, const json_t *started)
{
    struct err e;
    int http_status;
    bool queued = field_true(started, "queued");
    const char *other = queued ? field_text(field_node(started, "job"), "run_id") : "";
    track_set_job(&w->track, field_text(started, "job_id"), other);
    track_event(&w->track, started, clock_ms());
    int status = wait_consider_question(w);
    if (status < 0 && follow_open(&w->follow, w->host, NULL, &http_status, &e) != 0) {
        wait_say(w, e.text);
    }
    while (status < 0 && w->track.phase != TRACK_ENDED) {
        json_t *event = NULL;
        size_t which = 0;
        int input = w->asked[0] != '\0' ? STDIN_FILENO : -1;
        enum follow_what what = follow_next(&w->follow, 1, input, TICK_MS, &which, &event);
        status = step(w, what, event);
        json_decref(event);
        if (status < 0 && w->follow.feed != NULL && track_is_lost(&w->track, clock_ms())) {
            wait_search(w);
        }
        if (status < 0) {
            wait_show(w);
        }
    }
    return status >= 0 ? status : finish(w);
}
