/* What managing does, and the tables around the queue: templates, queues, quarantine, profiles,
 * sums. */
#include "tools/ppctl/view_jobs.h"

#include "host/base/mem.h"
#include "tools/ppctl/term.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/view_network.h"

#include <inttypes.h>
#include <stdlib.h>

#define MM_PER_M       1000.0
#define QUEUE_COLUMNS  65 /* of a row of queues without its name */
#define STATS_COLUMNS  68 /* of a row of sums without its key */
#define STATUS_COLUMNS 13 /* where the values of a status begin */

void view_manage(struct strbuf *out, const struct view *v, const json_t *manage)
{
    const char *text = field_text(manage, "text");
    enum term_color color = field_true(manage, "in_error")       ? TERM_RED
                            : field_true(manage, "needs_person") ? TERM_YELLOW
                                                                 : TERM_PLAIN;
    struct strbuf safe = {0};
    struct strbuf lines = {0};
    if (*text == '\0') {
        return;
    }
    text_foreign(&safe, text);
    text_wrap(&lines, strbuf_text(&safe), STATUS_COLUMNS, v->columns);
    char *whole = mem_strdup(strbuf_text(&lines));
    whole[lines.len - 1] = '\0'; /* the newline comes after the colour */
    strbuf_puts(out, "  queue      ");
    term_paint(out, v->color, color, whole);
    strbuf_puts(out, "\n");
    free(whole);
    strbuf_fini(&lines);
    strbuf_fini(&safe);
}

void view_templates(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *template;
    if (json_array_size(field_node(doc, "templates")) == 0) {
        strbuf_printf(out, "no templates; ppctl %stemplate save NAME ID makes one\n", v->target);
        return;
    }
    json_array_foreach(field_node(doc, "templates"), i, template)
    {
        const json_t *job = field_node(template, "job");
        size_t sets = json_array_size(field_node(job, "sets"));
        text_cell(out, field_text(template, "name"), v->columns > 60 ? 40 : 20);
        strbuf_printf(out, "  %" PRId64 " x %zu file%s\n", field_int(job, "count", 1), sets,
            sets == 1 ? "" : "s");
    }
}

/* On a narrow terminal only name, jobs and time. */
static void queue_row(struct strbuf *out, const json_t *queue, int wide, bool narrow)
{
    char text[TEXT_SIZE];
    int64_t left = field_int(queue, "time_left_ms", -1);
    text_cell(out, field_text(queue, "name"), wide);
    if (!narrow) {
        strbuf_puts(out, "  ");
        text_cell(out, field_text(queue, "kind"), 6);
        strbuf_puts(out, "  ");
        text_cell(out, field_text(queue, "strategy"), 14);
    }
    strbuf_printf(out, "  %6" PRId64, field_int(queue, "jobs", 0));
    if (!narrow) {
        strbuf_printf(out, "  %8" PRId64, field_int(queue, "archived", 0));
    }
    strbuf_printf(out, "  %s%s\n", left > 0 ? text_duration(text, left) : "-",
        field_true(queue, "enabled") ? "" : "  disabled");
}

void view_queues(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *queue;
    bool narrow = v->columns < QUEUE_COLUMNS + 12;
    int wide = narrow ? 8 : v->columns - QUEUE_COLUMNS > 20 ? 20 : v->columns - QUEUE_COLUMNS;
    if (narrow) {
        strbuf_printf(out, "%-*s  %6s  left\n", wide, "queue", "jobs");
    } else {
        strbuf_printf(out, "%-*s  %-6s  %-14s  %6s  %8s  left\n", wide, "queue", "kind", "strategy",
            "jobs", "archived");
    }
    json_array_foreach(field_node(doc, "queues"), i, queue)
    {
        queue_row(out, queue, wide, narrow);
        view_queue_line(out, v, queue);
    }
}

void view_quarantine(struct strbuf *out, const struct view *v, const json_t *manage)
{
    size_t i;
    json_t *file;
    char text[TEXT_SIZE];
    if (json_array_size(field_node(manage, "quarantine")) == 0) {
        strbuf_puts(out, "no file is in quarantine\n");
        return;
    }
    json_array_foreach(field_node(manage, "quarantine"), i, file)
    {
        struct strbuf line = {0};
        text_foreign(&line, field_text(file, "path"));
        strbuf_printf(
            &line, "  since %s: ", text_clock(text, field_int(file, "since_ms", 0), v->now_ms));
        text_foreign(&line, field_text(file, "reason"));
        text_wrap(out, strbuf_text(&line), 4, v->columns);
        strbuf_fini(&line);
    }
}

/* "250 x 210 x 200", "round, 180 x 180 x 200" */
static void put_volume(struct strbuf *out, const json_t *profile)
{
    const json_t *least = field_node(profile, "min_mm");
    const json_t *most = field_node(profile, "max_mm");
    strbuf_puts(out, field_true(profile, "round") ? "round, " : "");
    for (size_t i = 0; i < 3; i++) {
        double mm = json_number_value(json_array_get(most, i)) -
                    json_number_value(json_array_get(least, i));
        strbuf_printf(out, "%s%.0f", i > 0 ? " x " : "", mm);
    }
}

void view_profiles(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *profile;
    json_t *mistake;
    int wide = v->columns >= 80 ? 36 : 20;
    if (json_array_size(field_node(doc, "profiles")) == 0) {
        strbuf_puts(out, "no such profile\n");
        return;
    }
    strbuf_printf(out, "%-24s  %-*s  %s\n", "profile", wide, "printer", "mm");
    json_array_foreach(field_node(doc, "profiles"), i, profile)
    {
        text_cell(out, field_text(profile, "id"), 24);
        strbuf_puts(out, "  ");
        text_cell(out, field_text(profile, "name"), wide);
        strbuf_puts(out, "  ");
        put_volume(out, profile);
        strbuf_puts(out, "\n");
    }
    json_array_foreach(field_node(doc, "mistakes"), i, mistake)
    {
        text_foreign(out, json_is_string(mistake) ? json_string_value(mistake) : "");
        strbuf_puts(out, "\n");
    }
}

/* On a narrow terminal only how many, and how they ended. */
static void stats_row(struct strbuf *out, const json_t *row, int wide, bool narrow)
{
    char text[TEXT_SIZE];
    double m = field_real(row, "filament_mm", 0) / MM_PER_M;
    int64_t failed = field_int(row, "failure", 0) + field_int(row, "aborted", 0) +
                     field_int(row, "interrupted", 0);
    text_cell(out, *field_text(row, "key") != '\0' ? field_text(row, "key") : "-", wide);
    strbuf_printf(out, "  %6" PRId64 "  %6" PRId64 "  %6" PRId64, field_int(row, "prints", 0),
        field_int(row, "success", 0), failed);
    if (!narrow) {
        strbuf_printf(out, "  %9" PRId64, field_int(row, "cancelled", 0));
        strbuf_printf(out, "  %-11s", text_duration(text, field_int(row, "time_ms", 0)));
        strbuf_printf(out, m < 10000 ? "  %7.1f m" : "  %7.0f m", m);
        strbuf_printf(out, "  %5.0f g", field_real(row, "grams", 0));
    }
    strbuf_puts(out, "\n");
}

void view_stats(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *row;
    bool narrow = v->columns < STATS_COLUMNS + 12;
    int wide = narrow ? 12 : v->columns - STATS_COLUMNS > 40 ? 40 : v->columns - STATS_COLUMNS;
    if (json_array_size(field_node(doc, "stats")) == 0) {
        strbuf_puts(out, "nothing printed yet\n");
        return;
    }
    strbuf_printf(out, "%-*s  %6s  %6s  %6s", wide, "", "prints", "good", "failed");
    strbuf_puts(out, narrow ? "\n" : "  cancelled  time          filament   weight\n");
    json_array_foreach(field_node(doc, "stats"), i, row)
    {
        stats_row(out, row, wide, narrow);
    }
}
