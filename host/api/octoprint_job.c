/* OctoPrint's /api/job: what is printed, and start, cancel and pause for programs that know nothing
 * of a queue.
 *
 * "start" prints the file that was selected last, by way of the queue. "restart" is refused: what
 * it restarts lies on the bed.
 */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/print_job.h"
#include "host/base/file.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

void octoprint_select(struct request *r, const char *name)
{
    struct http *h = r->http;
    str_copy(h->selected, sizeof h->selected, name, strlen(name));
}

static json_t *seconds(int64_t ms)
{
    return ms < 0 ? json_null() : json_integer(ms / 1000);
}

static json_t *file_view(const struct file_entry *file, const char *name)
{
    if (name[0] == '\0') {
        return json_pack(
            "{s:n, s:n, s:n, s:n, s:n, s:n}", "name", "display", "path", "origin", "size", "date");
    }
    const char *base = file_basename(name);
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "name", json_text(base), "display",
        json_text(base), "path", json_text(name), "origin", "local", "size",
        json_known(file != NULL ? file->row.size_bytes : -1), "date",
        seconds(file != NULL ? file->row.uploaded_ms : -1));
}

static json_t *filament_view(const struct file_entry *file)
{
    json_t *all = json_object();
    char name[8] = "tool0";
    for (int i = 0; file != NULL && file->analysed && i < ANALYSIS_TOOLS; i++) {
        if ((file->analysis.tools_used >> i & 1) != 0) {
            name[4] = (char)('0' + i);
            json_object_set_new(all, name,
                json_pack("{s:o, s:n}", "length",
                    json_number((double)file->analysis.filament_um[i] / 1000, 3), "volume"));
        }
    }
    return all;
}

static json_t *progress_view(const struct device_job *job)
{
    if (job->run_id[0] == '\0') {
        return json_pack("{s:n, s:n, s:n, s:n, s:n}", "completion", "filepos", "printTime",
            "printTimeLeft", "printTimeLeftOrigin");
    }
    return json_pack("{s:o, s:I, s:o, s:o, s:s}", "completion", json_number(job->percent, 2),
        "filepos", (json_int_t)job->done_bytes, "printTime", seconds(job->elapsed_ms),
        "printTimeLeft", seconds(job->left_ms), "printTimeLeftOrigin", "analysis");
}

void octoprint_job(struct request *r)
{
    struct device_status s;
    device_status(r->http->o.device, &s);
    const char *name = s.job.run_id[0] != '\0' ? s.job.file_name : r->http->selected;
    const struct file_entry *file = files_find(r->http->o.files, name);
    json_t *job = json_pack("{s:o, s:o, s:n, s:o, s:n}", "file", file_view(file, name),
        "estimatedPrintTime", seconds(file != NULL && file->analysed ? file->analysis.time_ms : -1),
        "lastPrintTime", "filament", filament_view(file), "user");
    json_t *view = json_pack("{s:o, s:o, s:s}", "job", job, "progress", progress_view(&s.job),
        "state", printer_octoprint_text(s.state));
    if (s.error[0] != '\0') {
        json_object_set_new(view, "error", json_text(s.error));
    }
    reply_json(r, 200, view);
}

/* ---- commands */

static void started(struct request *r, const struct err *e, const struct print_told *told)
{
    (void)told;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

static void start(struct request *r, const struct device_status *s)
{
    struct err e = {0};
    struct print_wish wish = {.count = 1};
    if (printer_has_job(s->state)) {
        err_set(&e, PP_ESTATE, "the printer is printing \"%s\"", s->job.file_name);
    } else if (r->http->selected[0] == '\0') {
        err_set(&e, PP_ESTATE, "no file is selected");
    }
    if (e.code != 0) {
        reply_error(r, &e);
        return;
    }
    str_copy(wish.file, sizeof wish.file, r->http->selected, strlen(r->http->selected));
    request_wait(r);
    print_job(r, &wish, started);
}

static int pause_or_resume(
    struct request *r, const char *action, const struct device_status *s, struct err *e)
{
    char shown[32];
    bool paused = s->state == PRINTER_PAUSED;
    bool toggle = action[0] == '\0' || strcmp(action, "toggle") == 0;
    if (!toggle && strcmp(action, "pause") != 0 && strcmp(action, "resume") != 0) {
        return err_field(e, PP_EINVAL, "action", "action \"%s\": must be pause, resume or toggle",
            str_escape(shown, sizeof shown, action, strlen(action)));
    }
    if (toggle ? paused : strcmp(action, "resume") == 0) {
        return device_resume(r->http->o.device, e);
    }
    return device_pause(r->http->o.device, e);
}

static int act(struct request *r, const char *command, const char *action,
    const struct device_status *s, struct err *e)
{
    char shown[32];
    if (strcmp(command, "cancel") == 0) {
        return device_cancel(r->http->o.device, e);
    }
    if (strcmp(command, "pause") == 0) {
        return pause_or_resume(r, action, s, e);
    }
    if (strcmp(command, "restart") == 0) {
        return err_set(e, PP_ESTATE,
            "a print is not begun anew on a bed that it lies on: cancel it, clear the bed, start");
    }
    return err_field(e, PP_EINVAL, "command",
        "command \"%s\": must be start, cancel, restart or pause",
        str_escape(shown, sizeof shown, command, strlen(command)));
}

void octoprint_job_command(struct request *r)
{
    char command[32] = "";
    char action[32] = "";
    struct device_status s;
    struct err e = {0};
    const struct json_field fields[] = {
        {"command", JSON_KIND_TEXT, true, command, 1, 31},
        {"action", JSON_KIND_TEXT, false, action, 1, 31},
    };
    if (reply_failed(r, json_read(r->input, fields, COUNT(fields), &e), &e)) {
        return;
    }
    log_info("%s of the print asked for by %s", command, r->key_name);
    device_status(r->http->o.device, &s);
    if (strcmp(command, "start") == 0) {
        start(r, &s);
    } else if (!reply_failed(r, act(r, command, action, &s, &e), &e)) {
        reply_empty(r, 204);
    }
}
