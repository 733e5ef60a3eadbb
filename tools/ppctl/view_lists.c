/* The views of files, runs, keys, the terminal and the log. */
#include "tools/ppctl/view.h"

#include "tools/ppctl/term.h"
#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MM_PER_M 1000.0

#define FACT_COLUMNS  12 /* where the values of a file begin */
#define REASON_INDENT 18
#define RUN_COLUMNS   61 /* before the file in the table of runs */
#define RUNS_COLUMNS  57 /* and where a column says whose they are */
#define RUNS_PRINTER  14

static void fact(struct strbuf *out, const struct view *v, const char *name, struct strbuf *value)
{
    size_t from = out->len;
    if (value->len > 0) {
        strbuf_printf(out, "  %s", name);
        text_pad(out, from, FACT_COLUMNS);
        text_cut(out, strbuf_text(value), v->columns - FACT_COLUMNS);
        strbuf_puts(out, "\n");
    }
    strbuf_fini(value);
}

static void file_size(struct strbuf *out, const struct view *v, const json_t *file)
{
    struct strbuf value = {0};
    char text[TEXT_SIZE];
    int64_t lines = field_int(field_node(file, "analysis"), "commands", -1);
    strbuf_puts(&value, text_size(text, field_int(file, "size_bytes", 0)));
    if (lines >= 0) {
        strbuf_printf(&value, ", %s commands", text_count(text, lines));
    }
    fact(out, v, "size", &value);
}

static void file_time(struct strbuf *out, const struct view *v, const json_t *analysis)
{
    struct strbuf value = {0};
    char text[TEXT_SIZE];
    int64_t ours = field_int(analysis, "time_ms", -1);
    int64_t slicer = field_int(analysis, "slicer_time_ms", -1);
    if (ours > 0) {
        strbuf_puts(&value, text_duration(text, ours));
    }
    if (slicer > 0) {
        strbuf_printf(
            &value, "%s%s by the slicer", ours > 0 ? ", " : "", text_duration(text, slicer));
    }
    fact(out, v, "time", &value);
}

static void file_layers(struct strbuf *out, const struct view *v, const json_t *analysis)
{
    struct strbuf value = {0};
    int64_t layers = field_int(analysis, "layers", 0);
    double height = field_real(analysis, "layer_height_mm", 0);
    if (layers > 0) {
        strbuf_printf(&value, "%" PRId64, layers);
    }
    if (layers > 0 && height > 0) {
        strbuf_printf(&value, " of %.2f mm", height);
    }
    fact(out, v, "layers", &value);
}

static void file_filament(struct strbuf *out, const struct view *v, const json_t *analysis)
{
    struct strbuf value = {0};
    const char *tool;
    json_t *mm;
    json_object_foreach(field_node(analysis, "filament_mm"), tool, mm)
    {
        if (json_is_number(mm) && json_number_value(mm) > 0) {
            strbuf_printf(
                &value, "%s%.2f m", value.len > 0 ? " + " : "", json_number_value(mm) / MM_PER_M);
            if (strcmp(tool, "tool0") != 0) {
                strbuf_puts(&value, " on ");
                text_foreign(&value, tool);
            }
        }
    }
    if (value.len > 0 && *field_text(analysis, "material") != '\0') {
        strbuf_puts(&value, " ");
        text_foreign(&value, field_text(analysis, "material"));
    }
    fact(out, v, "filament", &value);
}

static void file_maker(struct strbuf *out, const struct view *v, const json_t *analysis)
{
    struct strbuf value = {0};
    text_foreign(&value, field_text(analysis, "slicer"));
    if (*field_text(analysis, "printer") != '\0') {
        strbuf_puts(&value, value.len > 0 ? " for " : "for ");
        text_foreign(&value, field_text(analysis, "printer"));
    }
    fact(out, v, "sliced by", &value);
}

void view_file(struct strbuf *out, const struct view *v, const json_t *file)
{
    const json_t *analysis = field_node(file, "analysis");
    struct strbuf name = {0};
    text_foreign(&name, field_text(file, "name"));
    text_cut(out, strbuf_text(&name), v->columns);
    strbuf_puts(out, "\n");
    strbuf_fini(&name);
    file_size(out, v, file);
    file_time(out, v, analysis);
    file_layers(out, v, analysis);
    file_filament(out, v, analysis);
    file_maker(out, v, analysis);
}

static enum term_color result_color(const char *result)
{
    if (strcmp(result, "success") == 0) {
        return TERM_GREEN;
    }
    return strcmp(result, "open") == 0 ? TERM_BOLD : TERM_RED;
}

/* On lines of its own: it is what a person looks for. */
static void run_reason(
    struct strbuf *out, const struct view *v, const char *result, const char *reason)
{
    struct strbuf safe = {0};
    if (*reason == '\0' || strcmp(reason, result) == 0) {
        return;
    }
    text_foreign(&safe, reason);
    strbuf_printf(out, "%*s", REASON_INDENT, "");
    text_wrap(out, strbuf_text(&safe), REASON_INDENT, v->columns);
    strbuf_fini(&safe);
}

/* `shared`: who printed it, instead of what only that host knows. */
static void run_view(struct strbuf *out, const struct view *v, const json_t *run, bool shared)
{
    int before = shared ? RUNS_COLUMNS : RUN_COLUMNS;
    const char *result = field_text(run, "result");
    int64_t start = field_int(run, "start_ms", 0);
    int64_t end = field_int(run, "end_ms", 0);
    char text[TEXT_SIZE];
    char word[64];
    char cell[16];
    struct strbuf line = {0};
    text_date(text, start);
    strbuf_printf(out, "%.16s  ", text);
    str_escape(word, sizeof word, result, strlen(result));
    snprintf(cell, sizeof cell, "%-12.11s", strcmp(result, "open") == 0 ? "printing" : word);
    term_paint(out, v->color, result_color(result), cell);
    strbuf_printf(out, "%9.9s  ", end > start ? text_hms(text, end - start) : "-");
    if (shared) {
        text_cell(out, field_text(run, "printer"), RUNS_PRINTER);
        strbuf_puts(out, "  ");
    } else {
        strbuf_printf(out, "%9.9s  ", text_count(text, field_int(run, "lines", 0)));
        strbuf_printf(out, "%7.7s  ", text_count(text, field_int(run, "resends", 0)));
    }
    text_foreign(&line, field_text(run, "file_name"));
    text_cut(out, strbuf_text(&line), v->columns - before > 12 ? v->columns - before : 12);
    strbuf_puts(out, "\n");
    strbuf_fini(&line);
    run_reason(out, v, result, field_text(run, "reason"));
}

static bool of_several(const json_t *runs)
{
    size_t i;
    json_t *run;
    json_array_foreach(runs, i, run)
    {
        if (*field_text(run, "peer") != '\0') {
            return true;
        }
    }
    return false;
}

void view_runs(struct strbuf *out, const struct view *v, const json_t *runs)
{
    size_t count = json_array_size(runs);
    bool shared = of_several(runs);
    if (count == 0) {
        strbuf_puts(out, "nothing printed yet\n");
        return;
    }
    strbuf_printf(out, "%-16s  %-12s%9s  ", "started", "result", "time");
    if (shared) {
        strbuf_printf(out, "%-*s  file\n", RUNS_PRINTER, "printer");
    } else {
        strbuf_printf(out, "%9s  %7s  file\n", "lines", "resends");
    }
    for (size_t i = count; i > 0; i--) {
        run_view(out, v, json_array_get(runs, i - 1), shared);
    }
}

void view_keys(struct strbuf *out, const struct view *v, const json_t *keys)
{
    size_t i;
    json_t *key;
    char text[TEXT_SIZE];
    if (json_array_size(keys) == 0) {
        strbuf_puts(out, "no keys\n");
        return;
    }
    strbuf_printf(out, "%-16s  %-6s  %s\n", "made", "scope", "name");
    json_array_foreach(keys, i, key)
    {
        struct strbuf name = {0};
        text_foreign(&name, field_text(key, "name"));
        text_date(text, field_int(key, "created_ms", 0));
        strbuf_printf(out, "%.16s  ", text);
        str_escape(text, sizeof text, field_text(key, "scope"), strlen(field_text(key, "scope")));
        strbuf_printf(out, "%-6.6s  ", text);
        text_cut(out, strbuf_text(&name), v->columns - 26);
        strbuf_puts(out, "\n");
        strbuf_fini(&name);
    }
}

/* "15:42:07", the time of day part of a date. */
static void put_time(struct strbuf *out, const struct view *v, int64_t wall_ms)
{
    char text[TEXT_SIZE];
    text_date(text, wall_ms);
    term_paint(out, v->color, TERM_DIM, strlen(text) > 11 ? text + 11 : text);
    strbuf_puts(out, " ");
}

void view_terminal(struct strbuf *out, const struct view *v, const json_t *line)
{
    const char *direction = field_text(line, "direction");
    struct strbuf text = {0};
    text_foreign(&text, *direction != '\0' ? direction : "?");
    strbuf_puts(&text, " ");
    text_foreign(&text, field_text(line, "text"));
    put_time(out, v, field_int(line, "time_ms", 0));
    enum term_color color = *direction == '>'   ? TERM_BOLD
                            : *direction == '!' ? TERM_YELLOW
                                                : TERM_PLAIN;
    term_paint(out, v->color, color, strbuf_text(&text));
    strbuf_puts(out, "\n");
    strbuf_fini(&text);
}

void view_log(struct strbuf *out, const struct view *v, const json_t *line)
{
    const char *level = field_text(line, "level");
    char text[TEXT_SIZE];
    enum term_color color = strcmp(level, "error") == 0  ? TERM_RED
                            : strcmp(level, "warn") == 0 ? TERM_YELLOW
                                                         : TERM_PLAIN;
    struct strbuf words = {0};
    term_paint(out, v->color, TERM_DIM, text_date(text, field_int(line, "time_ms", 0)));
    str_escape(text, sizeof text, level, strlen(level));
    strbuf_printf(out, " %-5.5s ", text);
    text_foreign(&words, field_text(line, "text"));
    term_paint(out, v->color, color, strbuf_text(&words));
    strbuf_puts(out, "\n");
    strbuf_fini(&words);
}
