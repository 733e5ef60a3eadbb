#include "host/app/device/device_words.h"

#include "host/base/json.h"
#include "host/base/str.h"
#include "host/core/line.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define VERSION       1
#define POSITION_MAX  INT64_C(1000000000000000) /* as in host/core/gcode_modal.c */
#define TARGET_MAX_MC 2000000
#define COUNT(array)  (sizeof(array) / sizeof *(array))

static json_t *targets_json(const int32_t target_mc[TEMP_HEATERS])
{
    json_t *list = json_array();
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        bool known = target_mc[i] >= 0 && target_mc[i] <= TARGET_MAX_MC;
        json_array_append_new(list, known ? json_integer(target_mc[i]) : json_null());
    }
    return list;
}

/* Bytes that are no text are escaped, and what gets too long by that is cut. */
static json_t *text_json(const char *text)
{
    char clean[256];
    str_escape(clean, sizeof clean, text, strlen(text));
    return json_string(clean);
}

static json_t *words_json(const struct device_words *w)
{
    json_t *o = json_object();
    json_object_set_new(o, "version", json_integer(VERSION));
    json_object_set_new(o, "run", json_string(w->run_id));
    json_object_set_new(o, "state", json_string(printer_states[w->state].name));
    json_object_set_new(o, "bed_taken", json_boolean(w->bed_taken));
    json_object_set_new(o, "script_begun", json_boolean(w->script_begun));
    json_object_set_new(o, "parked", json_boolean(w->parked));
    json_object_set_new(o, "parks", json_boolean(w->parks));
    json_object_set_new(o, "offered", json_boolean(w->offered));
    json_object_set_new(o, "moved", json_boolean(w->moved));
    json_object_set_new(o, "by_itself", json_boolean(w->by_itself));
    json_object_set_new(o, "offset", json_integer((json_int_t)w->offset));
    json_object_set_new(o, "lines", json_integer((json_int_t)w->lines));
    json_object_set_new(o, "pause_extruded", json_integer(w->pause_extruded));
    json_object_set_new(o, "passed", json_integer((json_int_t)w->passed_offset));
    json_object_set_new(o, "max_command", json_integer((json_int_t)w->max_command));
    json_object_set_new(o, "job_wall_ms", json_integer(w->job_wall_ms));
    json_object_set_new(o, "result", json_integer(w->result));
    json_object_set_new(o, "reason", text_json(w->reason));
    if (w->fault) { /* left out else: who knows nothing of it reads the rest */
        json_object_set_new(o, "fault", json_true());
    }
    json_object_set_new(o, "targets", targets_json(w->target_mc));
    json_object_set_new(o, "reheat", targets_json(w->reheat_mc));
    json_object_set_new(o, "baud", json_integer(w->baud));
    json_object_set_new(o, "dialect", text_json(w->dialect));
    json_object_set_new(o, "port", text_json(w->port));
    json_object_set_new(o, "uuid", text_json(w->uuid));
    json_object_set_new(o, "firmware", text_json(w->firmware));
    return o;
}

size_t device_words_format(const struct device_words *w, char out[static DEVICE_WORDS + 1])
{
    json_t *o = words_json(w);
    size_t len = json_dumpb(o, out, DEVICE_WORDS, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(o);
    if (len > DEVICE_WORDS) {
        len = 0; /* no words are better than half of them: the person is asked */
    }
    out[len] = '\0';
    return len;
}

/* ---- reading ---- */

static int bad(struct err *e, const char *what)
{
    return err_set(e, PP_ECORRUPT, "the words of the last process: %s", what);
}

static int read_state(struct device_words *w, const char *name, struct err *e)
{
    for (int i = PRINTER_STARTING; i <= PRINTER_FINISHING; i++) {
        if (strcmp(printer_states[i].name, name) == 0) {
            w->state = (enum printer_state)i;
            return 0;
        }
    }
    return bad(e, "state is none in which there is a print");
}

static int read_targets(int32_t target_mc[TEMP_HEATERS], const json_t *list, struct err *e)
{
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        const json_t *value = json_array_get(list, i);
        json_int_t mc = json_integer_value(value);
        bool known = json_is_integer(value);
        if ((!known && !json_is_null(value)) || mc < 0 || mc > TARGET_MAX_MC) {
            return bad(e, "targets are none");
        }
        target_mc[i] = known ? (int32_t)mc : TEMP_NONE;
    }
    return 0;
}

static int read_object(struct device_words *w, json_t *o, struct err *e)
{
    char state[16] = "";
    int64_t version = 0;
    int64_t passed = 0;
    int64_t result = 0;
    int64_t max_command = 0;
    int64_t baud = 0;
    int64_t offset = 0;
    int64_t lines = 0;
    json_t *targets = NULL;
    json_t *reheat = NULL;
    const struct json_field fields[] = {
        {"version", JSON_KIND_INT, true, &version, VERSION, VERSION},
        {"run", JSON_KIND_TEXT, true, w->run_id, 36, 36},
        {"state", JSON_KIND_TEXT, true, state, 1, 15},
        {"bed_taken", JSON_KIND_BOOL, true, &w->bed_taken, 0, 0},
        {"script_begun", JSON_KIND_BOOL, true, &w->script_begun, 0, 0},
        {"parked", JSON_KIND_BOOL, true, &w->parked, 0, 0},
        {"parks", JSON_KIND_BOOL, true, &w->parks, 0, 0},
        {"offered", JSON_KIND_BOOL, true, &w->offered, 0, 0},
        {"moved", JSON_KIND_BOOL, true, &w->moved, 0, 0},
        {"by_itself", JSON_KIND_BOOL, true, &w->by_itself, 0, 0},
        {"offset", JSON_KIND_INT, true, &offset, 0, INT64_MAX},
        {"lines", JSON_KIND_INT, true, &lines, 0, INT64_MAX},
        {"pause_extruded", JSON_KIND_INT, true, &w->pause_extruded, -POSITION_MAX, POSITION_MAX},
        {"passed", JSON_KIND_INT, true, &passed, 0, INT64_MAX},
        {"max_command", JSON_KIND_INT, true, &max_command, 0, LINE_MAX_CMD},
        {"job_wall_ms", JSON_KIND_INT, true, &w->job_wall_ms, 0, INT64_MAX},
        {"result", JSON_KIND_INT, true, &result, RUN_OPEN, RUN_INTERRUPTED},
        {"reason", JSON_KIND_TEXT, true, w->reason, 0, sizeof w->reason - 1},
        {"fault", JSON_KIND_BOOL, false, &w->fault, 0, 0},
        {"targets", JSON_KIND_ARRAY, true, &targets, TEMP_HEATERS, TEMP_HEATERS},
        {"reheat", JSON_KIND_ARRAY, true, &reheat, TEMP_HEATERS, TEMP_HEATERS},
        {"baud", JSON_KIND_INT, true, &baud, 1200, 4000000},
        {"dialect", JSON_KIND_TEXT, true, w->dialect, 0, sizeof w->dialect - 1},
        {"port", JSON_KIND_TEXT, true, w->port, 0, sizeof w->port - 1},
        {"uuid", JSON_KIND_TEXT, true, w->uuid, 0, sizeof w->uuid - 1},
        {"firmware", JSON_KIND_TEXT, true, w->firmware, 0, sizeof w->firmware - 1},
    };
    int rc = json_read(o, fields, COUNT(fields), e);
    if (rc < 0) {
        return bad(e, "a field is missing, unknown or out of its bounds");
    }
    w->passed_offset = (uint64_t)passed;
    w->max_command = (size_t)max_command;
    w->offset = (uint64_t)offset;
    w->lines = (uint64_t)lines;
    w->result = (enum run_result)result;
    w->baud = (int)baud;
    rc = read_state(w, state, e);
    rc = rc == 0 ? read_targets(w->target_mc, targets, e) : rc;
    return rc == 0 ? read_targets(w->reheat_mc, reheat, e) : rc;
}

int device_words_parse(struct device_words *w, const char *bytes, size_t len, struct err *e)
{
    json_t *o = NULL;
    *w = (struct device_words){0};
    int rc =
        len == 0 || len > DEVICE_WORDS ? bad(e, "there are none") : json_parse(&o, bytes, len, e);
    if (rc == 0) {
        rc = read_object(w, o, e);
    } else {
        rc = bad(e, "not readable");
    }
    json_decref(o);
    if (rc < 0) {
        *w = (struct device_words){0};
    }
    return rc;
}
