/* Following a print: what is shown of it. */
#include "tools/ppctl/wait_priv.h"

#include "host/base/clock.h"
#include "tools/ppctl/bar.h"
#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool wait_on_stderr(const struct wait *w)
{
    return w->c->json;
}

static bool can_draw(const struct wait *w)
{
    return wait_on_stderr(w) ? w->c->term.err_tty : w->c->term.tty;
}

bool wait_can_ask(const struct wait *w)
{
    return w->c->term.in_tty && !w->c->json;
}

void wait_say(struct wait *w, const char *text)
{
    char safe[512];
    term_clear(&w->c->term, wait_on_stderr(w));
    fprintf(wait_on_stderr(w) ? stderr : stdout, "%s\n",
        str_escape(safe, sizeof safe, text, strlen(text)));
    fflush(stdout);
}

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
    term_draw(&w->c->term, strbuf_text(&line), wait_on_stderr(w));
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

/* Before it runs. */
static void draw_turn(struct wait *w)
{
    struct strbuf line = {0};
    struct strbuf cut = {0};
    const json_t *job = field_node(w->track.status, "job");
    const char *running = field_text(job, "file_name");
    const char *text = field_text(field_node(w->track.status, "manage"), "text");
    if (!can_draw(w) || w->asked[0] != '\0' || *text == '\0') {
        return;
    }
    strbuf_puts(&line, *running != '\0' ? "waits for " : "waits; ");
    text_foreign(&line, *running != '\0' ? running : text);
    if (*running != '\0') {
        strbuf_printf(&line, ", %d %%", field_percent(job));
    }
    text_cut(&cut, strbuf_text(&line), term_columns() - 1);
    term_draw(&w->c->term, strbuf_text(&cut), wait_on_stderr(w));
    strbuf_fini(&cut);
    strbuf_fini(&line);
}

void wait_show(struct wait *w)
{
    const json_t *job = field_node(w->track.status, "job");
    char state[32];
    struct parts p;
    if (w->track.phase == TRACK_PENDING && w->track.job[0] != '\0') {
        draw_turn(w);
        return;
    }
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
