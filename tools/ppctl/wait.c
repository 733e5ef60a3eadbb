#include "tools/ppctl/wait.h"

#include "host/base/clock.h"
#include "tools/ppctl/bar.h"
#include "tools/ppctl/question.h"
#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS       1000u
#define SEARCHES_MOST 3u
#define RUNS_PATH     "/api/v1/runs?limit=20"

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

/* Progress goes where a person sees it and a program does not. */
static bool on_stderr(const struct wait *w)
{
    return w->c->json;
}

static bool can_draw(const struct wait *w)
{
    return on_stderr(w) ? w->c->term.err_tty : w->c->term.tty;
}

static bool can_ask(const struct wait *w)
{
    return w->c->term.in_tty && !w->c->json;
}

/* A line for people that stays, above the progress line. */
static void say(struct wait *w, const char *text)
{
    char safe[512];
    term_clear(&w->c->term, on_stderr(w));
    fprintf(
        on_stderr(w) ? stderr : stdout, "%s\n", str_escape(safe, sizeof safe, text, strlen(text)));
    fflush(stdout);
}

/* ---- progress ----------------------------------------------------------------------------------
 */

struct parts {
    char layer[48];
    char left[2 * TEXT_SIZE];
    char rate[48];
    struct strbuf temps;
};

static void make_parts(const struct wait *w, const json_t *job, struct parts *p)
{
    char text[TEXT_SIZE];
    char clock[TEXT_SIZE];
    int64_t left = field_int(job, "left_ms", -1);
    int64_t layers = field_int(job, "layers", 0);
    double rate = track_rate(&w->track);
    int64_t now = clock_wall_ms();
    *p = (struct parts){0};
    if (layers > 0) { /* of a fixed width, so that the bar stays where it is */
        int digits = snprintf(NULL, 0, "%" PRId64, layers);
        snprintf(p->layer, sizeof p->layer, "layer %*" PRId64 "/%" PRId64, digits,
            field_int(job, "layer", 0), layers);
    }
    if (left >= 0) {
        snprintf(p->left, sizeof p->left, "%s left, %s", text_hms(text, left),
            text_clock(clock, now + left, now));
    }
    if (rate >= 0) {
        snprintf(p->rate, sizeof p->rate, "%3.0f lines/s", rate);
    }
    view_temps(&p->temps, field_node(w->track.status, "temperatures"), !can_draw(w));
}

static void draw(struct wait *w, const char *state, double percent, const struct parts *p)
{
    struct strbuf line = {0};
    struct bar bar = {.lead = strcmp(state, "printing") == 0 ? "" : state,
        .percent = percent,
        .part = {p->left, p->layer, p->rate, strbuf_text(&p->temps)}};
    bar_line(&line, &bar, term_columns() - 1, w->c->term.utf8);
    term_draw(&w->c->term, strbuf_text(&line), on_stderr(w));
    strbuf_fini(&line);
}

/* Without a terminal, a line for each tenth of the print. */
static void tell_tenth(struct wait *w, double percent, const struct parts *p)
{
    const char *parts[] = {p->layer, p->rate, p->left, strbuf_text(&p->temps)};
    int tenth = (int)(percent / 10);
    if (tenth <= w->told_tenth || w->c->json) {
        return;
    }
    w->told_tenth = tenth;
    printf("%3d %%", tenth * 10);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        printf("%s%s", *parts[i] != '\0' ? "  " : "", parts[i]);
    }
    printf("\n");
    fflush(stdout);
}

static void show(struct wait *w)
{
    const json_t *job = field_node(w->track.status, "job");
    char state[32];
    struct parts p;
    if (w->track.phase != TRACK_RUNNING || *field_text(job, "run_id") == '\0') {
        return;
    }
    const char *told = field_text(w->track.status, "state");
    double percent = field_percent(job);
    make_parts(w, job, &p);
    str_escape(state, sizeof state, told, strlen(told));
    if (can_draw(w) && w->asked[0] == '\0') {
        draw(w, state, percent, &p);
    } else if (!can_draw(w)) {
        tell_tenth(w, percent, &p);
    }
    strbuf_fini(&p.temps);
}

/* ---- questions ---------------------------------------------------------------------------------
 */

/* Puts the question to the person at the terminal. */
static void ask(struct wait *w, const json_t *question)
{
    struct strbuf text = {0};
    term_clear(&w->c->term, false);
    text_foreign(&text, field_text(question, "text"));
    if (question_is_yes_no(question)) {
        strbuf_puts(&text, " [y/N] ");
    } else {
        strbuf_puts(&text, " [");
        question_put_answers(&text, question, ", ");
        strbuf_puts(&text, "] ");
    }
    fputs(strbuf_text(&text), stdout);
    fflush(stdout);
    strbuf_fini(&text);
    snprintf(w->asked, sizeof w->asked, "%s", field_text(question, "id"));
}

/* What the printer asks while it prints, where nobody is at a terminal. */
static void tell_question(struct wait *w, const json_t *question)
{
    struct strbuf text = {0};
    text_foreign(&text, field_text(question, "text"));
    strbuf_printf(&text, " Answer with: ppctl %sconfirm ", w->c->target_hint);
    text_foreign(&text, question_short_id(question));
    strbuf_puts(&text, " ");
    question_put_answers(&text, question, "|");
    say(w, strbuf_text(&text));
    strbuf_fini(&text);
}

/* The print does not begin before it is answered. */
static int fail_unanswered(struct wait *w, const json_t *question)
{
    struct err e;
    struct strbuf text = {0};
    bool about_bed = strcmp(field_text(question, "kind"), "bed") == 0;
    text_foreign(&text, field_text(question, "text"));
    err_set(&e, PP_ESTATE, "%.100s The print waits for the answer: ppctl %sconfirm%s",
        strbuf_text(&text), w->c->target_hint, about_bed ? " (or print --bed-clear)" : "");
    strbuf_fini(&text);
    return fail(w->c, PPCTL_FAILED, &e);
}

static void remember(struct wait *w, const char *id)
{
    size_t kept = sizeof w->told / sizeof *w->told;
    snprintf(w->told[w->told_count++ % kept], sizeof *w->told, "%s", id);
}

/* The first open question that was not yet put here; NULL if there is none. */
static const json_t *next_question(const struct wait *w, const json_t *list)
{
    size_t i;
    json_t *question;
    json_array_foreach(list, i, question)
    {
        bool told = false;
        for (size_t k = 0; k < sizeof w->told / sizeof *w->told; k++) {
            told = told || strcmp(w->told[k], field_text(question, "id")) == 0;
        }
        if (!told) {
            return question;
        }
    }
    return NULL;
}

/* Nobody is here to answer: an exit status once the print cannot go on without, else -1. */
static int consider_question(struct wait *w)
{
    const json_t *list = question_list(w->track.status);
    const json_t *question = next_question(w, list);
    if (w->asked[0] != '\0' && question_find(list, w->asked) == NULL) {
        printf("answered elsewhere\n");
        w->asked[0] = '\0';
    }
    if (question == NULL || w->asked[0] != '\0') {
        return -1;
    }
    if (can_ask(w)) {
        ask(w, question);
    } else if (w->track.phase == TRACK_ASKING) {
        return fail_unanswered(w, question);
    } else if (w->track.phase == TRACK_RUNNING) {
        remember(w, field_text(question, "id"));
        tell_question(w, question);
    }
    return -1;
}

static void send_answer(struct wait *w, const char *text)
{
    struct answer a;
    json_t *body = json_pack("{s:s, s:s}", "id", w->asked, "answer", text);
    if (post(w->host, "/api/v1/confirm", body, &a) != 0) {
        say(w, a.error.text);
    } else if (strcmp(text, "no") == 0 && w->track.phase == TRACK_ASKING) {
        track_end(&w->track, "not started", "the answer was no");
    }
    answer_fini(&a);
    remember(w, w->asked); /* until the host has closed it */
    w->asked[0] = '\0';
}

/* The answer that a typed line means, NULL if none. To yes or no, anything but yes is a no. */
static const char *answer_of(const json_t *question, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (question_is_yes_no(question)) {
        return line[0] == 'y' || line[0] == 'Y' ? "yes" : "no";
    }
    return line[0] != '\0' ? question_answer(question, line) : question_default(question);
}

/* The person typed a line (a terminal gives whole lines). The end of the input is no answer to a
 * question of the printer. */
static void take_input(struct wait *w)
{
    char line[64];
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    const json_t *question = question_find(question_list(w->track.status), w->asked);
    if (w->asked[0] == '\0' || question == NULL || (n < 0 && !term_stopped())) {
        return;
    }
    line[n > 0 ? n : 0] = '\0';
    const char *answer = answer_of(question, line);
    if (answer != NULL && (n > 0 || question_is_yes_no(question))) {
        send_answer(w, answer);
    } else if (n > 0) {
        ask(w, question);
    } else {
        remember(w, w->asked);
        w->asked[0] = '\0';
    }
}

/* ---- the end -----------------------------------------------------------------------------------
 */

/* True if the printer does nothing that could be the beginning of a print. */
static bool is_idle(const struct wait *w)
{
    const char *state = field_text(w->track.status, "state");
    return strcmp(state, "operational") == 0 || strcmp(state, "offline") == 0 ||
           strcmp(state, "error") == 0;
}

/* Looks for the print in the history: the feed was away when it ended, or it never began. */
static void search(struct wait *w)
{
    struct answer a;
    size_t i;
    json_t *run;
    if (get(w->host, RUNS_PATH, &a) == 0) {
        json_array_foreach(field_node(a.doc, "runs"), i, run)
        {
            track_run(&w->track, run, clock_ms());
        }
        w->searches += is_idle(w);
    }
    answer_fini(&a);
    w->track.seen_ms = clock_ms();
    if (w->searches >= SEARCHES_MOST && w->track.phase != TRACK_ENDED) {
        track_end(&w->track, "not started", "the host has dropped it");
    }
}

/* Keeps the run's row and the counters after the print. */
static void collect(struct wait *w, struct answer *after)
{
    struct answer a;
    size_t i;
    json_t *run;
    if (w->track.run_id[0] != '\0' && get(w->host, RUNS_PATH, &a) == 0) {
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
    term_clear(&w->c->term, on_stderr(w));
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
    term_clear(&w->c->term, on_stderr(w));
    fprintf(stderr, "ppctl: %s\n", text);
    return PPCTL_INTERRUPTED;
}

/* One thing that happened; an exit status when it is over, else -1. */
static int step(struct wait *w, enum follow_what what, json_t *event)
{
    switch (what) {
    case FOLLOW_EVENT:
        track_event(&w->track, event, clock_ms());
        if (strcmp(field_text(event, "type"), "notice") == 0) {
            say(w, field_text(event, "text"));
        }
        return consider_question(w);
    case FOLLOW_INPUT:
        take_input(w);
        return -1;
    case FOLLOW_LOST:
        say(w, "the host does not answer; the print may go on; waiting for it");
        return -1;
    case FOLLOW_BACK:
        say(w, "the host is there again");
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
    track_event(&w->track, started, clock_ms());
    int status = consider_question(w);
    if (status < 0 && follow_open(&w->follow, w->host, NULL, &http_status, &e) != 0) {
        say(w, e.text);
    }
    while (status < 0 && w->track.phase != TRACK_ENDED) {
        json_t *event = NULL;
        size_t which = 0;
        int input = w->asked[0] != '\0' ? STDIN_FILENO : -1;
        enum follow_what what = follow_next(&w->follow, 1, input, TICK_MS, &which, &event);
        status = step(w, what, event);
        json_decref(event);
        if (status < 0 && w->follow.feed != NULL && track_is_lost(&w->track, clock_ms())) {
            search(w);
        }
        if (status < 0) {
            show(w);
        }
    }
    return status >= 0 ? status : finish(w);
}
