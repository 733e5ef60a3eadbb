#include "tools/ppctl/view.h"

#include "tools/ppctl/bar.h"
#include "tools/ppctl/question.h"
#include "tools/ppctl/term.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/view_jobs.h"

#include <inttypes.h>
#include <string.h>

#define LABEL_COLUMNS 13    /* where the values of a status begin */
#define OLD_MS        15000 /* temperatures that are older are said to be */

static const struct {
    const char *state;
    enum term_color color;
} state_colors[] = {
    {"printing", TERM_GREEN},
    {"operational", TERM_BOLD},
    {"paused", TERM_YELLOW},
    {"pausing", TERM_YELLOW},
    {"resuming", TERM_YELLOW},
    {"cancelling", TERM_YELLOW},
    {"recovering", TERM_YELLOW},
    {"transferring", TERM_GREEN},
    {"offline", TERM_RED},
    {"error", TERM_RED},
};

static enum term_color color_of(const char *state)
{
    for (size_t i = 0; i < sizeof state_colors / sizeof *state_colors; i++) {
        if (strcmp(state_colors[i].state, state) == 0) {
            return state_colors[i].color;
        }
    }
    return TERM_PLAIN;
}

static void label(struct strbuf *out, const char *name)
{
    size_t from = out->len;
    strbuf_puts(out, "  ");
    text_cut(out, name, LABEL_COLUMNS - 3);
    text_pad(out, from, LABEL_COLUMNS);
}

/* The rest of a line, cut to what is left of it after the label; takes `value`. */
static void rest(struct strbuf *out, const struct view *v, struct strbuf *value)
{
    text_cut(out, strbuf_text(value), v->columns - LABEL_COLUMNS);
    strbuf_puts(out, "\n");
    strbuf_fini(value);
}

/* Foreign text that a person must be able to read to its end. */
static void whole(struct strbuf *out, const struct view *v, const char *name, const char *text)
{
    struct strbuf safe = {0};
    text_foreign(&safe, text);
    label(out, name);
    text_wrap(out, strbuf_text(&safe), LABEL_COLUMNS, v->columns);
    strbuf_fini(&safe);
}

/* Foreign text cut and painted; its columns are returned. */
static int paint_foreign(
    struct strbuf *out, const struct view *v, enum term_color color, const char *text, int columns)
{
    struct strbuf safe = {0};
    struct strbuf cut = {0};
    text_foreign(&safe, *text != '\0' ? text : "-");
    text_cut(&cut, strbuf_text(&safe), columns);
    term_paint(out, v->color, color, strbuf_text(&cut));
    int used = text_columns(strbuf_text(&cut));
    strbuf_fini(&safe);
    strbuf_fini(&cut);
    return used;
}

static void head(struct strbuf *out, const struct view *v, const char *name, const json_t *status)
{
    const char *state = field_text(status, "state");
    int left = v->columns - paint_foreign(out, v, TERM_BOLD, name, v->columns / 2) - 2;
    strbuf_puts(out, "  ");
    const char *detail = field_text(status, "detail");
    left -= paint_foreign(out, v, color_of(state), state, left);
    if (*detail != '\0' && left > 4) {
        strbuf_puts(out, ", ");
        paint_foreign(out, v, TERM_PLAIN, detail, left - 2);
    }
    strbuf_puts(out, "\n");
    if (*field_text(status, "error") != '\0') {
        whole(out, v, "reason", field_text(status, "error"));
    }
}

static void put_layer(struct strbuf *out, const json_t *job)
{
    int64_t layers = field_int(job, "layers", 0);
    if (layers > 0) {
        strbuf_printf(out, "layer %" PRId64 "/%" PRId64, field_int(job, "layer", 0), layers);
    }
}

static void job_progress(struct strbuf *out, const struct view *v, const json_t *job, bool card)
{
    struct strbuf line = {0};
    double percent = field_real(job, "percent", 0);
    const json_t *z = json_object_get(job, "z_mm");
    strbuf_puts(&line, v->utf8 ? "" : "[");
    bar_draw(&line, percent, 24, v->utf8);
    strbuf_printf(&line, "%s %3d %%  ", v->utf8 ? "" : "]", field_percent(job));
    put_layer(&line, job);
    if (json_is_number(z) && !card) {
        strbuf_printf(&line, "  z %.2f mm", json_number_value(z));
    }
    label(out, "progress");
    rest(out, v, &line);
}

static void job_times(struct strbuf *out, const struct view *v, const json_t *job)
{
    struct strbuf line = {0};
    char text[TEXT_SIZE];
    int64_t left = field_int(job, "left_ms", -1);
    strbuf_printf(&line, "%s gone", text_hms(text, field_int(job, "elapsed_ms", -1)));
    if (left >= 0) {
        strbuf_printf(&line, "  %s left", text_hms(text, left));
        strbuf_printf(&line, "  ends %s", text_clock(text, v->now_ms + left, v->now_ms));
    }
    label(out, "time");
    rest(out, v, &line);
}

static void job_lines(struct strbuf *out, const struct view *v, const json_t *job)
{
    struct strbuf line = {0};
    char text[TEXT_SIZE];
    int64_t total = field_int(job, "total_lines", -1);
    strbuf_puts(&line, text_count(text, field_int(job, "lines", 0)));
    if (total >= 0) {
        strbuf_printf(&line, " of %s", text_count(text, total));
    }
    label(out, "lines");
    rest(out, v, &line);
}

/* Of a print from the card the printer tells only how far it has read. */
static void job_view(struct strbuf *out, const struct view *v, const json_t *job, bool card)
{
    struct strbuf file = {0};
    if (*field_text(job, "run_id") == '\0' && *field_text(job, "file_name") == '\0') {
        return;
    }
    text_foreign(&file, field_text(job, "file_name"));
    label(out, "file");
    rest(out, v, &file);
    job_progress(out, v, job, card);
    job_times(out, v, job);
    if (!card) {
        job_lines(out, v, job);
    }
}

static void copy_view(struct strbuf *out, const struct view *v, const json_t *copy)
{
    struct strbuf line = {0};
    if (copy == NULL) {
        return;
    }
    text_foreign(&line, field_text(copy, "file"));
    strbuf_puts(&line, " to the card as ");
    text_foreign(&line, field_text(copy, "name"));
    strbuf_printf(&line, ", %d %%", field_percent(copy));
    label(out, "copying");
    rest(out, v, &line);
}

static void put_target(struct strbuf *out, const json_t *heater, const char *unit)
{
    const json_t *target = json_object_get(heater, "target");
    if (json_is_number(target) && json_number_value(target) > 0) {
        strbuf_printf(out, "/%g%s", json_number_value(target), unit);
    } else {
        strbuf_printf(out, "%s%s", unit, json_is_number(target) && *unit != '\0' ? ", off" : "");
    }
}

void view_temps(struct strbuf *out, const json_t *temperatures, bool names)
{
    const char *name;
    json_t *heater;
    json_object_foreach((json_t *)(uintptr_t)temperatures, name, heater)
    {
        if (!json_is_number(json_object_get(heater, "actual"))) {
            continue;
        }
        strbuf_puts(out, out->len == 0 ? "" : names ? "  " : " ");
        if (names) {
            text_foreign(out, name);
            strbuf_puts(out, " ");
        }
        strbuf_printf(out, "%.0f", field_real(heater, "actual", 0));
        put_target(out, heater, "");
    }
}

/* Who is not connected does not know what a heater does now. */
static void put_age(struct strbuf *out, const json_t *status)
{
    char text[TEXT_SIZE];
    int64_t told = field_int(status, "temperatures_ms", 0);
    int64_t age = field_int(status, "now_ms", 0) - told;
    bool away = *field_text(field_node(status, "link"), "port") == '\0';
    if (told > 0 && (away || age > OLD_MS)) {
        strbuf_printf(out, ", %s ago", text_duration(text, age > 0 ? age : 0));
    }
}

static void heater_view(struct strbuf *out, const struct view *v, const char *name,
    const json_t *heater, const json_t *status)
{
    struct strbuf line = {0};
    struct strbuf safe = {0};
    text_foreign(&safe, name);
    if (json_is_number(json_object_get(heater, "actual"))) {
        strbuf_printf(&line, "%.1f", field_real(heater, "actual", 0));
    } else {
        strbuf_puts(&line, "-");
    }
    put_target(&line, heater,
        v->utf8 ? " \xc2\xb0"
                  "C"
                : " C");
    put_age(&line, status);
    label(out, strbuf_text(&safe));
    rest(out, v, &line);
    strbuf_fini(&safe);
}

static void bed_view(struct strbuf *out, const struct view *v, const json_t *status)
{
    const char *bed = field_text(status, "bed");
    struct strbuf line = {0};
    text_foreign(&line, *bed != '\0' ? bed : "-");
    if (strcmp(bed, "clear") != 0 && question_list(status) == NULL &&
        field_node(status, "job") == NULL) {
        strbuf_printf(&line, "  (once it is clear: ppctl %sconfirm)", v->target);
    }
    label(out, "plate");
    rest(out, v, &line);
}

void view_question(struct strbuf *out, const struct view *v, const json_t *question)
{
    struct strbuf line = {0};
    whole(out, v, "question", field_text(question, "text"));
    strbuf_printf(&line, "ppctl %sconfirm ", v->target);
    text_foreign(&line, question_short_id(question));
    strbuf_puts(&line, " ");
    question_put_answers(&line, question, "|");
    label(out, "answer by");
    if (text_columns(strbuf_text(&line)) > v->columns - LABEL_COLUMNS) {
        text_wrap(out, strbuf_text(&line), LABEL_COLUMNS, v->columns); /* every answer is shown */
    } else {
        term_paint(out, v->color, TERM_YELLOW, strbuf_text(&line));
        strbuf_puts(out, "\n");
    }
    strbuf_fini(&line);
}

static void link_port(struct strbuf *out, const struct view *v, const json_t *link)
{
    struct strbuf line = {0};
    const char *port = field_text(link, "port");
    int64_t baud = field_int(link, "baud", 0);
    text_foreign(&line, *port != '\0' ? port : field_text(link, "device"));
    if (baud > 0) {
        strbuf_printf(&line, " at %" PRId64 " baud", baud);
    }
    label(out, "port");
    rest(out, v, &line);
}

static void link_firmware(struct strbuf *out, const struct view *v, const json_t *link)
{
    struct strbuf line = {0};
    text_foreign(&line, field_text(link, "firmware"));
    if (*field_text(link, "machine") != '\0') {
        strbuf_puts(&line, " on ");
        text_foreign(&line, field_text(link, "machine"));
    }
    label(out, "firmware");
    rest(out, v, &line);
}

static void link_counts(struct strbuf *out, const struct view *v, const json_t *link)
{
    struct strbuf line = {0};
    char text[TEXT_SIZE];
    int64_t p50 = field_int(link, "ack_p50_us", 0);
    strbuf_printf(&line, "%s lines", text_count(text, field_int(link, "lines", 0)));
    strbuf_printf(&line, "  %s resends", text_count(text, field_int(link, "resends", 0)));
    strbuf_printf(&line, "  %s under-runs", text_count(text, field_int(link, "underruns", 0)));
    strbuf_printf(&line, "  window %" PRId64, field_int(link, "window", 0));
    label(out, "link");
    rest(out, v, &line);
    if (p50 > 0) {
        strbuf_printf(&line, "p50 %.1f ms  p99 %.1f ms", (double)p50 / 1000,
            field_real(link, "ack_p99_us", 0) / 1000);
        label(out, "acks");
        rest(out, v, &line);
    }
}

static void link_view(struct strbuf *out, const struct view *v, const json_t *link)
{
    if (link == NULL) {
        return;
    }
    link_port(out, v, link);
    if (*field_text(link, "firmware") != '\0') {
        link_firmware(out, v, link);
    }
    if (field_int(link, "lines", 0) > 0) {
        link_counts(out, v, link);
    }
}

/* How the last print ended, also for who comes only now. */
static void last_view(struct strbuf *out, const struct view *v, const json_t *run)
{
    struct strbuf line = {0};
    char text[TEXT_SIZE];
    const char *reason = field_text(run, "reason");
    if (*field_text(run, "file_name") == '\0') {
        return;
    }
    text_foreign(&line, field_text(run, "file_name"));
    strbuf_puts(&line, ": ");
    text_foreign(&line, field_text(run, "result"));
    strbuf_printf(&line, ", %s", text_clock(text, field_int(run, "end_ms", 0), v->now_ms));
    if (*reason != '\0' && strcmp(reason, field_text(run, "result")) != 0) {
        strbuf_puts(&line, ": ");
        text_foreign(&line, reason);
    }
    label(out, "last print");
    text_wrap(out, strbuf_text(&line), LABEL_COLUMNS, v->columns);
    strbuf_fini(&line);
}

static bool is_asked_about(const json_t *status, const char *file)
{
    size_t i;
    json_t *question;
    json_array_foreach(question_list(status), i, question)
    {
        if (strstr(field_text(question, "text"), file) != NULL) {
            return true;
        }
    }
    return false;
}

void view_status(struct strbuf *out, const struct view *v, const char *name, const json_t *status)
{
    const char *heater_name;
    json_t *heater;
    const char *waiting = field_text(status, "waiting_for");
    size_t i;
    json_t *question;
    head(out, v, name, status);
    if (*field_text(status, "message") != '\0') {
        whole(out, v, "display", field_text(status, "message"));
    }
    json_array_foreach(question_list(status), i, question)
    {
        view_question(out, v, question);
    }
    if (*waiting != '\0' && !is_asked_about(status, waiting)) {
        struct strbuf line = {0};
        text_foreign(&line, waiting);
        label(out, "waiting");
        rest(out, v, &line);
    }
    view_manage(out, v, field_node(status, "manage"));
    const json_t *sd = field_node(status, "sd");
    job_view(out, v, field_node(status, "job"), field_true(sd, "printing"));
    copy_view(out, v, field_node(sd, "transfer"));
    if (field_node(status, "job") == NULL) {
        last_view(out, v, field_node(status, "last_run"));
    }
    json_object_foreach(field_node(status, "temperatures"), heater_name, heater)
    {
        heater_view(out, v, heater_name, heater, status);
    }
    bed_view(out, v, status);
    link_view(out, v, field_node(status, "link"));
}

void view_brief(struct strbuf *out, const struct view *v, const char *name, const json_t *status)
{
    const json_t *job = field_node(status, "job");
    struct strbuf line = {0};
    char text[TEXT_SIZE];
    text_foreign(&line, name);
    strbuf_puts(&line, "  ");
    text_foreign(&line, field_text(status, "state"));
    if (*field_text(status, "error") != '\0') {
        strbuf_puts(&line, ": ");
        text_foreign(&line, field_text(status, "error"));
    }
    if (*field_text(job, "file_name") != '\0') {
        strbuf_printf(&line, "  %d %%  ", field_percent(job));
        put_layer(&line, job);
        strbuf_printf(&line, "  %s left  ", text_hms(text, field_int(job, "left_ms", -1)));
        text_foreign(&line, field_text(job, "file_name"));
    }
    if (question_list(status) != NULL) {
        strbuf_puts(&line, "  asks: ");
        text_foreign(&line, field_text(json_array_get(question_list(status), 0), "text"));
    }
    text_cut(out, strbuf_text(&line), v->columns);
    strbuf_fini(&line);
}
