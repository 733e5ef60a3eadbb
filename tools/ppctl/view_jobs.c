#include "tools/ppctl/view_jobs.h"

#include "tools/ppctl/term.h"
#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MM_PER_M 1000.0

#define ID_SHOWN     6
#define JOB_COLUMNS  46 /* of a row of jobs without name and reason */
#define NAME_LEAST   16
#define FACT_COLUMNS 12
#define SET_COLUMNS  46 /* of a row of sets without its file */

/* The end of an id, enough of it to be used again. */
static const char *id_end(const char *id)
{
    size_t len = strlen(id);
    return len > ID_SHOWN ? id + len - ID_SHOWN : id;
}

static enum term_color state_color(const char *state)
{
    static const struct {
        const char *state;
        enum term_color color;
    } colors[] = {{"printing", TERM_GREEN}, {"next", TERM_BOLD}, {"blocked", TERM_RED},
        {"draft", TERM_DIM}, {"done", TERM_GREEN}, {"removed", TERM_DIM}, {"elsewhere", TERM_DIM}};
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++) {
        if (strcmp(colors[i].state, state) == 0) {
            return colors[i].color;
        }
    }
    return TERM_PLAIN;
}

static const char *job_name(const json_t *job)
{
    const char *name = field_text(job, "name");
    const json_t *first = json_array_get(field_node(job, "sets"), 0);
    return name[0] != '\0' ? name : first != NULL ? field_text(first, "path") : "(no files)";
}

/* "2/5", with "+" for one that begins anew when it is done */
static void put_copies(struct strbuf *out, const json_t *job)
{
    char text[48];
    snprintf(text, sizeof text, "%" PRId64 "/%" PRId64 "%s", field_int(job, "completed", 0),
        field_int(job, "count", 0), field_true(job, "repeat") ? "+" : "");
    strbuf_printf(out, "%9s", text);
}

/* On a narrow terminal a row of jobs has no copies and no time, one of sets no counts but "1/4". */
static bool is_narrow(const struct view *v, int columns)
{
    return v->columns < columns + NAME_LEAST;
}

static int name_columns(const struct view *v, int columns, int most)
{
    int left = v->columns - columns;
    return is_narrow(v, columns) || left < NAME_LEAST ? NAME_LEAST : left > most ? most : left;
}

static void job_row(struct strbuf *out, const struct view *v, const json_t *job)
{
    char text[TEXT_SIZE];
    char word[16];
    const char *state = field_text(job, "state");
    int64_t position = field_int(job, "position", 0);
    int64_t left = field_int(job, "time_left_ms", -1);
    bool narrow = is_narrow(v, JOB_COLUMNS);
    snprintf(word, sizeof word, "%" PRId64, position);
    strbuf_printf(out, "%3s  ", position > 0 ? word : "-");
    text_cell(out, id_end(field_text(job, "id")), ID_SHOWN);
    strbuf_puts(out, "  ");
    text_cell(out, job_name(job), name_columns(v, JOB_COLUMNS, 30));
    if (!narrow) {
        put_copies(out, job);
    }
    str_escape(text, sizeof text, state, strlen(state));
    snprintf(word, sizeof word, "  %-9.9s", text);
    term_paint(out, v->color, state_color(state), word);
    if (!narrow) {
        strbuf_printf(out, "  %s", left >= 0 ? text_duration(text, left) : "-");
    }
    strbuf_puts(out, "\n");
}

/* On a line of its own: it is what a person looks for. */
static void job_why(struct strbuf *out, const struct view *v, const json_t *job)
{
    const char *why = field_text(job, "why");
    struct strbuf safe = {0};
    if (*why != '\0') {
        text_foreign(&safe, why);
        strbuf_printf(out, "%*s", 13, "");
        text_wrap(out, strbuf_text(&safe), 13, v->columns);
        strbuf_fini(&safe);
    }
}

/* "12.3 m", "34 mm" */
static void put_length(struct strbuf *out, double mm)
{
    strbuf_printf(out, mm < MM_PER_M ? "%.0f mm" : "%.1f m", mm < MM_PER_M ? mm : mm / MM_PER_M);
}

static void job_totals(struct strbuf *out, const struct view *v, const json_t *doc)
{
    struct strbuf line = {0};
    char text[TEXT_SIZE];
    int64_t time_ms = 0;
    double filament_mm = 0;
    size_t i;
    size_t shown = json_array_size(field_node(doc, "jobs"));
    int64_t total = field_int(doc, "total", (int64_t)shown);
    json_t *job;
    json_array_foreach(field_node(doc, "jobs"), i, job)
    {
        int64_t left = field_int(job, "time_left_ms", 0);
        bool goes = !field_true(job, "draft") && field_int(job, "archived_ms", 0) == 0;
        time_ms += goes && left > 0 ? left : 0;
        filament_mm += goes ? field_real(job, "filament_left_mm", 0) : 0;
    }
    strbuf_printf(&line, "%" PRId64 " job%s", total, total == 1 ? "" : "s");
    if (total > (int64_t)shown) {
        strbuf_printf(&line, ", the first %zu shown", shown);
    }
    if (time_ms > 0) {
        strbuf_printf(&line, ", %s", text_duration(text, time_ms));
    }
    if (filament_mm > 0) {
        strbuf_puts(&line, ", ");
        put_length(&line, filament_mm);
        strbuf_puts(&line, " of filament");
    }
    strbuf_puts(&line, time_ms > 0 || filament_mm > 0 ? " to go" : "");
    text_wrap(out, strbuf_text(&line), 0, v->columns);
    strbuf_fini(&line);
}

void view_jobs(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *job;
    int wide = name_columns(v, JOB_COLUMNS, 30);
    if (json_array_size(field_node(doc, "jobs")) == 0) {
        strbuf_puts(out, "no jobs\n");
        return;
    }
    strbuf_printf(out, "%3s  %-6s  %-*s", "#", "id", wide, "job");
    strbuf_puts(out, is_narrow(v, JOB_COLUMNS) ? "  state\n" : "   copies  state      left\n");
    json_array_foreach(field_node(doc, "jobs"), i, job)
    {
        job_row(out, v, job);
        job_why(out, v, job);
    }
    job_totals(out, v, doc);
}

/* ---- one job -----------------------------------------------------------------------------------
 */

static void fact(struct strbuf *out, const struct view *v, const char *name, struct strbuf *value)
{
    size_t from = out->len;
    if (value->len > 0) {
        strbuf_printf(out, "  %s", name);
        text_pad(out, from, FACT_COLUMNS);
        text_wrap(out, strbuf_text(value), FACT_COLUMNS, v->columns);
    }
    strbuf_fini(value);
}

static void fact_state(struct strbuf *out, const struct view *v, const json_t *job)
{
    struct strbuf value = {0};
    char text[TEXT_SIZE];
    int64_t position = field_int(job, "position", 0);
    text_foreign(&value, field_text(job, "state"));
    if (*field_text(job, "why") != '\0') {
        strbuf_puts(&value, ": ");
        text_foreign(&value, field_text(job, "why"));
    }
    strbuf_puts(&value, "; queue ");
    text_foreign(&value, field_text(job, "queue"));
    if (position > 0) {
        strbuf_printf(&value, ", position %" PRId64, position);
    }
    if (field_int(job, "archived_ms", 0) > 0) {
        strbuf_printf(
            &value, ", archived %s", text_clock(text, field_int(job, "archived_ms", 0), v->now_ms));
    }
    fact(out, v, "state", &value);
}

static void fact_copies(struct strbuf *out, const struct view *v, const json_t *job)
{
    struct strbuf value = {0};
    char text[TEXT_SIZE];
    int64_t left = field_int(job, "time_left_ms", -1);
    double mm = field_real(job, "filament_left_mm", 0);
    strbuf_printf(&value, "%" PRId64 " of %" PRId64 " done", field_int(job, "completed", 0),
        field_int(job, "count", 0));
    if (left > 0) {
        strbuf_printf(&value, ", %s to go", text_duration(text, left));
    }
    if (mm > 0) {
        strbuf_puts(&value, ", ");
        put_length(&value, mm);
        strbuf_puts(&value, " of filament");
    }
    if (field_true(job, "repeat")) {
        strbuf_puts(&value, "; begins anew when done");
    }
    if (field_true(job, "share")) {
        strbuf_puts(&value, "; several printers may print it");
    }
    fact(out, v, "copies", &value);
}

static void fact_claims(struct strbuf *out, const struct view *v, const json_t *job)
{
    size_t i;
    json_t *claim;
    char text[TEXT_SIZE];
    json_array_foreach(field_node(job, "claims"), i, claim)
    {
        struct strbuf value = {0};
        bool prints = *field_text(claim, "run") != '\0';
        const char *printer = field_text(claim, "printer");
        text_foreign(&value, *printer != '\0' ? printer : "a copy begun and given back");
        strbuf_printf(&value, ", %s since %s", prints ? "printing" : "taken",
            text_clock(text, field_int(claim, prints ? "run_ms" : "since_ms", 0), v->now_ms));
        fact(out, v, "printer", &value);
    }
}

/* Which hosts of its queue cannot print it. */
static void fact_others(struct strbuf *out, const struct view *v, const json_t *job)
{
    const char *name;
    json_t *why;
    json_object_foreach(field_node(job, "peers_why"), name, why)
    {
        struct strbuf value = {0};
        text_foreign(&value, name);
        strbuf_puts(&value, ": ");
        text_foreign(&value, json_is_string(why) ? json_string_value(why) : "");
        fact(out, v, "not on", &value);
    }
}

static void fact_text(struct strbuf *out, const struct view *v, const json_t *job,
    const char *field, const char *name)
{
    struct strbuf value = {0};
    text_foreign(&value, field_text(job, field));
    fact(out, v, name, &value);
}

static void fact_changed(struct strbuf *out, const struct view *v, const json_t *job)
{
    struct strbuf value = {0};
    char text[TEXT_SIZE];
    strbuf_puts(&value, text_clock(text, field_int(job, "created_ms", 0), v->now_ms));
    if (*field_text(job, "submitter") != '\0') {
        strbuf_puts(&value, " by ");
        text_foreign(&value, field_text(job, "submitter"));
    }
    if (*field_text(job, "changed_by") != '\0') {
        strbuf_printf(&value, "; changed %s by ",
            text_clock(text, field_int(job, "changed_ms", 0), v->now_ms));
        text_foreign(&value, field_text(job, "changed_by"));
    }
    fact(out, v, "added", &value);
}

/* "PLA, any"; "any" for nothing wanted */
static void put_list(struct strbuf *out, const json_t *list)
{
    size_t i;
    json_t *word;
    json_array_foreach(list, i, word)
    {
        strbuf_puts(out, i > 0 ? ", " : "");
        text_foreign(out, json_is_string(word) ? json_string_value(word) : "any");
    }
    if (json_array_size(list) == 0) {
        strbuf_puts(out, "any");
    }
}

static void set_line(struct strbuf *out, const struct view *v, const char *name, const json_t *list)
{
    struct strbuf value = {0};
    if (json_array_size(list) > 0) {
        strbuf_printf(&value, "%s ", name);
        put_list(&value, list);
        strbuf_printf(out, "%*s", 5, "");
        text_wrap(out, strbuf_text(&value), 5, v->columns);
        strbuf_fini(&value);
    }
}

static void set_row(struct strbuf *out, const struct view *v, const json_t *set, size_t i)
{
    char text[TEXT_SIZE];
    char done[48];
    int64_t time_ms = field_int(set, "time_ms", -1);
    int64_t completed = field_int(set, "completed", 0);
    int64_t count = field_int(set, "count", 0);
    strbuf_printf(out, "%3zu  ", i + 1);
    text_cell(out, field_text(set, "path"), name_columns(v, SET_COLUMNS, 40));
    if (is_narrow(v, SET_COLUMNS)) {
        snprintf(done, sizeof done, "%" PRId64 "/%" PRId64, completed, count);
        strbuf_printf(out, "%6s", done);
    } else {
        strbuf_printf(out, "%6" PRId64 "%10" PRId64 "%8" PRId64, completed,
            field_int(set, "remaining", 0), count);
    }
    strbuf_printf(out, "  %s\n", time_ms > 0 ? text_duration(text, time_ms) : "-");
    set_line(out, v, "for", field_node(set, "profiles"));
    set_line(out, v, "of", field_node(set, "materials"));
    if (*field_text(set, "why") != '\0') {
        struct strbuf why = {0};
        text_foreign(&why, field_text(set, "why"));
        strbuf_printf(out, "%*s", 5, "");
        text_wrap(out, strbuf_text(&why), 5, v->columns);
        strbuf_fini(&why);
    }
}

/* Of a job that goes to another queue for longer than anybody waits. */
static void view_moving(struct strbuf *out, const struct view *v, const json_t *move)
{
    struct strbuf text = {0};
    char done[TEXT_SIZE];
    char all[TEXT_SIZE];
    strbuf_puts(&text, "on its way from ");
    text_foreign(&text, field_text(move, "from"));
    strbuf_puts(&text, " to ");
    text_foreign(&text, field_text(move, "to"));
    if (field_int(move, "size_bytes", -1) > 0) {
        strbuf_printf(&text, " (%s of %s)", text_size(done, field_int(move, "done_bytes", 0)),
            text_size(all, field_int(move, "size_bytes", 0)));
    }
    strbuf_printf(&text, "; it goes on by itself (ppctl %speers shows it)", v->target);
    text_wrap(out, strbuf_text(&text), 0, v->columns);
    strbuf_fini(&text);
}

void view_job(struct strbuf *out, const struct view *v, const json_t *job)
{
    size_t i;
    json_t *set;
    struct strbuf name = {0};
    if (json_is_object(field_node(job, "moving"))) {
        view_moving(out, v, field_node(job, "moving"));
        return;
    }
    text_foreign(&name, job_name(job));
    text_cut(out, strbuf_text(&name), v->columns);
    strbuf_fini(&name);
    strbuf_puts(out, "\n");
    fact_text(out, v, job, "id", "id");
    fact_state(out, v, job);
    fact_copies(out, v, job);
    fact_claims(out, v, job);
    fact_others(out, v, job);
    fact_changed(out, v, job);
    fact_text(out, v, job, "note", "note");
    strbuf_printf(out, "%3s  %-*s%6s", "#", name_columns(v, SET_COLUMNS, 40), "file", "done");
    strbuf_puts(out, is_narrow(v, SET_COLUMNS) ? "  each\n" : " remaining      of  each\n");
    json_array_foreach(field_node(job, "sets"), i, set)
    {
        set_row(out, v, set, i);
    }
}
