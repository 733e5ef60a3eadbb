/* Acting on the printer. Actions answer with the status right after; what follows comes by the
 * feed. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/print_job.h"
#include "host/api/view.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/core/gcheck.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GCODE_LINES_MAX 100
#define GCODE_BYTES_MAX 255
#define CELSIUS_MAX     1000

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void reply_status(struct request *r, int rc, const struct err *e)
{
    if (!reply_failed(r, rc, e)) {
        reply_json(r, 200, view_status(r->http));
    }
}

static void log_refusal(const char *name, int rc, const struct err *e)
{
    char text[512];
    if (rc != 0) {
        log_info("%s refused: %s", name, str_escape(text, sizeof text, e->text, strlen(e->text)));
    }
}

/* An action without arguments: its body is empty or {}. */
static void act(struct request *r, const char *name, int (*action)(struct device *, struct err *))
{
    struct err e = {0};
    int rc = r->input != NULL ? json_read(r->input, NULL, 0, &e) : 0;
    if (rc == 0) {
        log_info("%s asked for by %s", name, r->key_name);
        rc = action(r->http->o.device, &e);
        log_refusal(name, rc, &e);
    }
    reply_status(r, rc, &e);
}

void api_pause(struct request *r)
{
    act(r, "pause", device_pause);
}

void api_resume(struct request *r)
{
    act(r, "resume", device_resume);
}

void api_cancel(struct request *r)
{
    act(r, "cancel", device_cancel);
}

void api_recover(struct request *r)
{
    act(r, "recover", device_recover);
}

void api_estop(struct request *r)
{
    struct err e = {0};
    int rc = device_estop(r->http->o.device, &e); /* before the log, which may be on a dying card */
    log_info("emergency stop asked for by %s", r->key_name);
    log_refusal("emergency stop", rc, &e);
    reply_status(r, rc, &e);
}

void api_connect(struct request *r)
{
    act(r, "connect", device_connect);
}

void api_disconnect(struct request *r)
{
    act(r, "disconnect", device_disconnect);
}

static void print_told(struct request *r, const struct err *e, const struct print_told *told)
{
    log_refusal("print", e != NULL ? -e->code : 0, e);
    if (e != NULL) {
        reply_error(r, e);
    } else {
        json_t *status = view_status(r->http);
        json_object_set_new(status, "job_id", json_text(told->job));
        json_object_set_new(status, "queued", json_boolean(told->queued));
        json_object_set_new(status, "waits", json_boolean(told->waits));
        reply_json(r, 200, status);
    }
    request_wake(r);
}

void api_print(struct request *r)
{
    struct print_wish wish = {.count = 1};
    char shown[256];
    struct err e = {0};
    const struct json_field fields[] = {
        {"file", JSON_KIND_TEXT, true, wish.file, 1, 200},
        {"bed_clear", JSON_KIND_BOOL, false, &wish.bed_clear, 0, 0},
        {"count", JSON_KIND_INT, false, &wish.count, 1, QUEUE_COUNT_MAX},
    };
    if (reply_failed(r, json_read(r->input, fields, COUNT(fields), &e), &e)) {
        return;
    }
    str_escape(shown, sizeof shown, wish.file, strlen(wish.file));
    log_info("print of \"%s\" asked for by %s%s", shown, r->key_name,
        wish.bed_clear ? ", who says that the bed is clear" : "");
    request_wait(r);
    print_job(r, &wish, print_told);
}

void api_confirm(struct request *r)
{
    char id[37] = "";
    char answer[41] = "";
    char shown[64];
    struct err e = {0};
    const struct json_field fields[] = {
        {"id", JSON_KIND_TEXT, false, id, 0, 36},
        {"answer", JSON_KIND_TEXT, false, answer, 0, 40},
    };
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        str_escape(shown, sizeof shown, answer, strlen(answer));
        log_info("\"%s\" answered by %s", answer[0] != '\0' ? shown : "yes", r->key_name);
        rc = device_confirm(r->http->o.device, id, answer, &e);
        log_refusal("answer", rc, &e);
    }
    reply_status(r, rc, &e);
}

/* "tool0" to "tool7", "bed", "chamber" */
static bool is_heater(const char *name)
{
    return strcmp(name, "bed") == 0 || strcmp(name, "chamber") == 0 ||
           (strncmp(name, "tool", 4) == 0 && name[4] >= '0' && name[4] <= '7' && name[5] == '\0');
}

static int check_target(const char *heater, const json_t *value, struct err *e)
{
    char shown[48];
    double celsius = json_number_value(value);
    if (!is_heater(heater)) {
        str_escape(shown, sizeof shown, heater, strlen(heater));
        return err_field(e, PP_EINVAL, shown,
            "unknown heater \"%s\": must be tool0 to tool7, bed or chamber", shown);
    }
    if (!json_is_number(value) || celsius < 0 || celsius > CELSIUS_MAX) {
        json_quote(value, shown, sizeof shown);
        return err_field(e, PP_EINVAL, heater, "%s %s: must be a number from 0 to %d (°C)", heater,
            shown, CELSIUS_MAX);
    }
    return 0;
}

static int set_targets(struct device *d, json_t *input, const char *key_name, struct err *e)
{
    const char *heater;
    json_t *value;
    if (json_object_size(input) == 0) {
        return err_set(e, PP_EINVAL, "no heater is named: send e.g. {\"tool0\": 210, \"bed\": 60}");
    }
    json_object_foreach(input, heater, value)
    {
        int rc = check_target(heater, value, e);
        if (rc != 0) {
            return rc;
        }
    }
    json_object_foreach(input, heater, value)
    {
        int32_t mc = (int32_t)lround(json_number_value(value) * 1000);
        int rc = device_set_temp(d, heater, mc, e);
        if (rc != 0) {
            return rc;
        }
        log_info("%s to %g °C asked for by %s", heater, json_number_value(value), key_name);
    }
    return 0;
}

void api_temperature(struct request *r)
{
    struct err e = {0};
    int rc = set_targets(r->http->o.device, r->input, r->key_name, &e);
    reply_status(r, rc, &e);
}

/* What a file may not do is not done by hand either. */
static int check_heat(const struct profile *p, const char *field, const char *text, struct err *e)
{
    struct gcode g;
    struct err why;
    gcode_parse(&g, text, strlen(text));
    return p != NULL && gcheck_heat(&g, &p->limits, &why) < 0
               ? err_field(e, PP_EINVAL, field, "%.240s", why.text)
               : 0;
}

/* Every command is looked at before the first is sent. */
static int check_commands(const struct profile *p, json_t *commands, struct err *e)
{
    for (size_t i = 0; i < json_array_size(commands); i++) {
        const json_t *value = json_array_get(commands, i);
        const char *text = json_string_value(value);
        char field[32];
        snprintf(field, sizeof field, "commands[%zu]", i);
        if (text == NULL || text[0] == '\0' || json_string_length(value) > GCODE_BYTES_MAX ||
            strpbrk(text, "\r\n") != NULL) {
            char shown[64];
            json_quote(value, shown, sizeof shown);
            return err_field(e, PP_EINVAL, field,
                "%s %s: must be one line of gcode of 1 to %d bytes", field, shown, GCODE_BYTES_MAX);
        }
        int rc = check_heat(p, field, text, e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int send_commands(struct device *d, json_t *commands, struct err *e)
{
    for (size_t i = 0; i < json_array_size(commands); i++) {
        int rc = device_send(d, json_string_value(json_array_get(commands, i)), e);
        if (rc != 0) {
            err_wrap(e, "commands[%zu]", i);
            snprintf(e->field, sizeof e->field, "commands[%zu]", i);
            return rc;
        }
    }
    return 0;
}

void api_gcode(struct request *r)
{
    json_t *commands = NULL;
    struct err e = {0};
    const struct json_field fields[] = {
        {"commands", JSON_KIND_ARRAY, true, &commands, 1, GCODE_LINES_MAX},
    };
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        rc = check_commands(r->http->o.profile, commands, &e);
    }
    if (rc == 0) {
        rc = send_commands(r->http->o.device, commands, &e);
    }
    if (!reply_failed(r, rc, &e)) {
        reply_json(r, 200, json_pack("{s:I}", "sent", (json_int_t)json_array_size(commands)));
    }
}
