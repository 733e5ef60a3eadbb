#include "host/api/view.h"

#include "host/api/http_private.h"
#include "host/api/view_jobs.h"
#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/core/file_kind.h"

#include <unistd.h>

static json_t *millimetres(int64_t um)
{
    return json_number((double)um / 1000.0, 3);
}

static json_t *microseconds(uint64_t ns)
{
    return json_number((double)ns / 1000.0, 3);
}

json_t *view_temperatures(const struct device_status *s)
{
    json_t *all = json_object();
    for (size_t i = 0; i < s->heaters; i++) {
        const struct device_heater *heater = &s->heater[i];
        json_object_set_new(all, heater->name,
            json_pack("{s:o, s:o}", "actual", json_celsius(heater->actual_mc), "target",
                json_celsius(heater->target_mc)));
    }
    return all;
}

json_t *view_job(const struct device_job *j)
{
    if (j->run_id[0] == '\0') {
        return json_null();
    }
    json_t *job = json_pack("{s:o, s:o, s:I, s:I, s:I, s:o}", "run_id", json_text(j->run_id),
        "file_name", json_text(j->file_name), "size_bytes", (json_int_t)j->size_bytes, "done_bytes",
        (json_int_t)j->done_bytes, "lines", (json_int_t)j->lines, "total_lines",
        json_known(j->total_lines));
    json_t *rest =
        json_pack("{s:I, s:I, s:o, s:i, s:o, s:o, s:o}", "started_ms", (json_int_t)j->started_ms,
            "elapsed_ms", (json_int_t)j->elapsed_ms, "left_ms", json_known(j->left_ms), "layer",
            j->layer, "layers", json_known(j->layers > 0 ? j->layers : -1), "z_mm",
            millimetres(j->z_um), "percent", json_number(j->percent, 2));
    json_object_update(job, rest);
    json_decref(rest);
    return job;
}

static json_t *question_view(const struct device_question *q)
{
    json_t *answers = json_array();
    for (size_t i = 0; i < sizeof q->answers / sizeof *q->answers; i++) {
        if (q->answers[i][0] != '\0') {
            json_array_append_new(answers, json_text(q->answers[i]));
        }
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:I}", "id", json_text(q->id), "kind",
        json_text(q->kind), "text", json_text(q->text), "answers", answers, "asked_ms",
        (json_int_t)q->asked_ms);
}

json_t *view_questions(const struct device_status *s)
{
    json_t *all = json_array();
    for (size_t i = 0; i < s->questions; i++) {
        json_array_append_new(all, question_view(&s->question[i]));
    }
    return all;
}

json_t *view_question(const struct device_status *s)
{
    return s->questions > 0 ? question_view(&s->question[0]) : json_null();
}

const char *view_bed(enum bed_state bed)
{
    switch (bed) {
    case BED_UNKNOWN:
        return "unknown";
    case BED_OCCUPIED:
        return "occupied";
    case BED_CLEAR:
        return "clear";
    }
    return "unknown";
}

static json_t *react_view(const struct device_link *l)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "react_p50_us", microseconds(l->react_p50_ns),
        "react_p99_us", microseconds(l->react_p99_ns), "react_p999_us",
        microseconds(l->react_p999_ns), "react_max_us", microseconds(l->react_max_ns));
}

json_t *view_link(const struct device_link *l)
{
    json_t *link = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "device", json_text(l->device),
        "port", json_text(l->port), "baud", json_known(l->baud > 0 ? l->baud : -1), "firmware",
        json_text(l->firmware), "machine", json_text(l->machine), "uuid", json_text(l->uuid));
    json_t *counts =
        json_pack("{s:I, s:I, s:I, s:i, s:I, s:I}", "lines", (json_int_t)l->lines, "resends",
            (json_int_t)l->resends, "underruns", (json_int_t)l->underruns, "window", l->window,
            "ack_p50_us", (json_int_t)l->ack_p50_us, "ack_p99_us", (json_int_t)l->ack_p99_us);
    json_t *react = react_view(l);
    json_object_update(link, react);
    json_object_update(link, counts);
    json_decref(react);
    json_decref(counts);
    return link;
}

json_t *view_sd(const struct device *d)
{
    static const char *const words[] = {
        [SD_NO_SLOT] = "none", [SD_NO_CARD] = "no_card", [SD_READY] = "ready"};
    struct device_sd_status s;
    device_sd_status(d, &s);
    json_t *transfer = json_null();
    if (s.put_file[0] != '\0') {
        double percent = s.put_size > 0 ? (double)s.put_bytes * 100 / (double)s.put_size : 0;
        transfer = json_pack("{s:o, s:o, s:I, s:I, s:o}", "file", json_text(s.put_file), "name",
            json_text(s.put_name), "done_bytes", (json_int_t)s.put_bytes, "size_bytes",
            (json_int_t)s.put_size, "percent", json_number(percent, 2));
    }
    return json_pack("{s:s, s:b, s:I, s:b, s:o}", "card", words[s.presence], "reading", s.reading,
        "count", (json_int_t)s.files, "printing", s.printing, "transfer", transfer);
}

static json_t *main_loop_view(const struct turns *turns)
{
    return turns != NULL ? json_pack("{s:o}", "longest_ms",
                               json_number((double)turns_longest_us(turns) / 1000.0, 3))
                         : json_null();
}

json_t *view_status(const struct http *h)
{
    struct device_status s;
    device_status(h->o.device, &s);
    json_t *all = json_pack("{s:o, s:o, s:s, s:s, s:i, s:I, s:I}", "name", json_text(h->o.name),
        "profile", json_text(h->o.profile != NULL ? h->o.profile->id : NULL), "url", h->socket.url,
        "version", PP_VERSION, "pid", (int)getpid(), "uptime_ms",
        (json_int_t)clock_ms() - h->started_ms, "now_ms", (json_int_t)clock_wall_ms());
    json_t *printer =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "state",
            printer_states[s.state].name, "state_text", printer_octoprint_text(s.state), "error",
            json_text(s.error), "detail", json_text(s.detail), "message", json_text(s.message),
            "temperatures", view_temperatures(&s), "temperatures_ms",
            json_known(s.temps_told_ms > 0 ? s.temps_told_ms : -1), "job", view_job(&s.job), "link",
            view_link(&s.link), "question", view_question(&s), "questions", view_questions(&s),
            "bed", view_bed(s.bed), "waiting_for", json_text(s.waiting_for), "last_run",
            s.last.id[0] != '\0' ? view_run(&s.last) : json_null());
    json_object_set_new(all, "main_loop", main_loop_view(h->o.turns));
    json_object_set_new(all, "sd", view_sd(h->o.device));
    json_object_set_new(all, "manage", view_manage(h, false));
    json_object_update(all, printer);
    json_decref(printer);
    return all;
}

json_t *view_terminal(const struct hub_terminal *line)
{
    const char direction[2] = {line->direction, '\0'};
    return json_pack("{s:I, s:s, s:o}", "time_ms", (json_int_t)line->wall_ms, "direction",
        direction, "text", json_text(line->text));
}

json_t *view_run(const struct run *run)
{
    json_t *view = json_pack("{s:o, s:o, s:o, s:I, s:o}", "id", json_text(run->id), "file_name",
        json_text(run->file_name), "sha256", json_text(run->sha256), "start_ms",
        (json_int_t)run->start_ms, "end_ms", json_known(run->end_ms > 0 ? run->end_ms : -1));
    json_t *rest = json_pack("{s:s, s:o, s:I, s:I, s:o}", "result", run_result_name(run->result),
        "reason", json_text(run->reason), "lines", (json_int_t)run->lines, "resends",
        (json_int_t)run->resends, "filament_mm", millimetres(run->filament_um));
    json_t *origin = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "printer",
        json_text(run->printer), "peer", json_text(run->peer), "queue", json_text(run->queue),
        "job", json_text(run->job_id), "job_name", json_text(run->job_name), "set",
        json_text(run->set_id), "material", json_text(run->material), "used_mm",
        millimetres(run->used_um));
    json_object_update(view, rest);
    json_object_update(view, origin);
    json_decref(rest);
    json_decref(origin);
    return view;
}

static json_t *point(const int64_t um[3])
{
    return json_pack("[o, o, o]", millimetres(um[0]), millimetres(um[1]), millimetres(um[2]));
}

static json_t *filament(const struct analysis *a)
{
    json_t *all = json_object();
    char name[8] = "tool0";
    for (int i = 0; i < ANALYSIS_TOOLS; i++) {
        if ((a->tools_used >> i & 1) != 0) {
            name[4] = (char)('0' + i);
            json_object_set_new(all, name, millimetres(a->filament_um[i]));
        }
    }
    return all;
}

/* Of tools up to the last of which something is told. */
static json_t *filaments(const struct analysis *a)
{
    json_t *all = json_array();
    size_t n = ANALYSIS_TOOLS;
    while (n > 0 && a->filament[n - 1].type[0] == '\0' && a->filament[n - 1].colour[0] == '\0') {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        const struct analysis_filament *f = &a->filament[i];
        json_array_append_new(all, json_pack("{s:o, s:o}", "material", json_text(f->type), "colour",
                                       json_text(f->colour)));
    }
    return all;
}

json_t *view_analysis(const struct analysis *a)
{
    json_t *view =
        json_pack("{s:I, s:I, s:b, s:I, s:o, s:i, s:o}", "lines", (json_int_t)a->lines, "commands",
            (json_int_t)a->commands, "has_moves", a->has_moves, "time_ms", (json_int_t)a->time_ms,
            "slicer_time_ms", json_known(a->slicer_time_ms), "layers", a->layers, "layer_height_mm",
            a->layer_height_um > 0 ? millimetres(a->layer_height_um) : json_null());
    json_t *bounds =
        json_pack("{s:o, s:o, s:o}", "min_mm", a->has_moves ? point(a->min_um) : json_null(),
            "max_mm", a->has_moves ? point(a->max_um) : json_null(), "filament_mm", filament(a));
    json_t *made = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "max_tool",
        json_celsius(a->max_tool_mc), "max_bed", json_celsius(a->max_bed_mc), "max_chamber",
        json_celsius(a->max_chamber_mc), "slicer", json_text(a->slicer), "printer",
        json_text(a->printer), "material", json_text(a->material), "nozzle_mm",
        a->nozzle_um > 0 ? millimetres(a->nozzle_um) : json_null());
    json_object_update(view, bounds);
    json_object_update(view, made);
    json_object_set_new(view, "filaments", filaments(a));
    json_decref(bounds);
    json_decref(made);
    return view;
}

json_t *view_file(const struct file_entry *file)
{
    return json_pack("{s:o, s:s, s:I, s:o, s:I, s:o}", "name", json_text(file->row.name), "kind",
        file_kind_name(file_kind_of(file->row.name)), "size_bytes",
        (json_int_t)file->row.size_bytes, "sha256", json_text(file->row.sha256), "uploaded_ms",
        (json_int_t)file->row.uploaded_ms, "analysis",
        file->analysed ? view_analysis(&file->analysis) : json_null());
}

json_t *view_profile(const struct profile *p)
{
    json_t *models = json_array();
    for (size_t i = 0; i < sizeof p->models / sizeof *p->models && p->models[i] != NULL; i++) {
        json_array_append_new(models, json_text(p->models[i]));
    }
    const struct limits *l = &p->limits;
    json_t *view = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "id", json_text(p->id), "name",
        json_text(p->name), "models", models, "firmware", json_text(p->firmware), "baud",
        json_known(p->baud > 0 ? p->baud : -1), "source", json_text(p->source));
    json_t *limits = json_pack("{s:b, s:o, s:o, s:i, s:o, s:o, s:o}", "round", l->round, "min_mm",
        point(l->min_um), "max_mm", point(l->max_um), "tools", l->tools, "max_tool",
        json_celsius(l->max_tool_mc), "max_bed", json_celsius(l->max_bed_mc), "max_chamber",
        json_celsius(l->max_chamber_mc));
    json_object_update(view, limits);
    json_decref(limits);
    return view;
}
