/* What conditions and templates see, and a dry run of a script. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/base/json.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct scripts *api_scripts_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.scripts == NULL) {
        err_set(&e, PP_EOFFLINE, "this host has no scripts");
        reply_error(r, &e);
    }
    return r->http->o.scripts;
}

int api_moment_parse(const char *name, enum driver_moment *out, struct err *e)
{
    struct strbuf names = {0};
    char shown[32];
    if (driver_moment_parse(name, out)) {
        return 0;
    }
    for (int i = 0; i < MOMENTS; i++) {
        strbuf_printf(&names, "%s%s",
            i == 0            ? ""
            : i < MOMENTS - 1 ? ", "
                              : " or ",
            driver_moment_name((enum driver_moment)i));
    }
    err_field(e, PP_EINVAL, "moment", "moment \"%s\": must be %s",
        str_escape(shown, sizeof shown, name, strlen(name)), strbuf_text(&names));
    strbuf_fini(&names);
    return -PP_EINVAL;
}

/* ---- a dry run */

struct trial {
    char script[SCRIPTS_NAME_MAX + 1];
    char condition[SCRIPTS_NAME_MAX + 1];
    char moment[48];
    char *script_body; /* owned, as is condition_body */
    char *condition_body;
    enum driver_moment at;
};

static int read_trial(json_t *input, struct trial *t, struct err *e)
{
    const struct json_field fields[] = {
        {"script", JSON_KIND_TEXT, false, t->script, 0, SCRIPTS_NAME_MAX},
        {"condition", JSON_KIND_TEXT, false, t->condition, 0, SCRIPTS_NAME_MAX},
        {"script_body", JSON_KIND_TEXT, false, t->script_body, 0, SCRIPTS_BODY_MAX},
        {"condition_body", JSON_KIND_TEXT, false, t->condition_body, 0, SCRIPTS_BODY_MAX},
        {"moment", JSON_KIND_TEXT, false, t->moment, 1, sizeof t->moment - 1},
    };
    int rc = json_read(input, fields, COUNT(fields), e);
    return rc == 0 && t->moment[0] != '\0' ? api_moment_parse(t->moment, &t->at, e) : rc;
}

/* The body that is meant by a name, unless one was sent. */
static int choose_body(const struct scripts_entry *entry, const char *name, const char *what,
    char *body, struct err *e)
{
    char shown[SCRIPTS_NAME_MAX + 1];
    if (name[0] == '\0' || body[0] != '\0') {
        return 0;
    }
    if (entry == NULL) {
        return err_field(e, PP_ENOTFOUND, what, "there is no %s \"%s\"", what,
            str_escape(shown, sizeof shown, name, strlen(name)));
    }
    str_copy(body, SCRIPTS_BODY_MAX + 1, entry->body, strlen(entry->body));
    return 0;
}

static int prepare_trial(const struct scripts *s, json_t *input, struct trial *t, struct err *e)
{
    int rc = read_trial(input, t, e);
    if (rc == 0) {
        rc = choose_body(scripts_find(s, t->script), t->script, "script", t->script_body, e);
    }
    if (rc == 0) {
        rc = choose_body(scripts_condition_find(s, t->condition), t->condition, "condition",
            t->condition_body, e);
    }
    return rc;
}

/* What the printer's limits do not allow stops a script before its first step, also here. */
static json_t *check_gcode(const struct device *d, json_t *told)
{
    struct err e = {0};
    struct strbuf gcode = {0};
    const char *text = json_string_value(json_object_get(told, "gcode"));
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, "\n");
        if (*text != '@') {
            strbuf_printf(&gcode, "%.*s\n", (int)len, text);
        }
        text += len + (text[len] == '\n');
    }
    if (device_check_script(d, strbuf_text(&gcode), &e) != 0) {
        err_wrap(&e, "script");
        json_object_set_new(told, "runs", json_false());
        json_object_set_new(told, "error", json_text(e.text));
    }
    strbuf_fini(&gcode);
    return told;
}

void api_script_try(struct request *r)
{
    struct err e = {0};
    struct trial t = {.at = MOMENT_PRINT_SUCCESS};
    struct scripts *s = api_scripts_of(r);
    if (s == NULL) {
        return;
    }
    t.script_body = mem_alloc(SCRIPTS_BODY_MAX + 1);
    t.condition_body = mem_alloc(SCRIPTS_BODY_MAX + 1);
    json_t *symbols = json_incref(json_object_get(r->input, "symbols"));
    json_object_del(r->input, "symbols");
    int rc = symbols == NULL || json_is_object(symbols)
                 ? prepare_trial(s, r->input, &t, &e)
                 : err_field(&e, PP_EINVAL, "symbols", "symbols must be an object {…}");
    if (rc == 0 && symbols == NULL) {
        symbols =
            r->http->o.manage != NULL ? manage_symbols(r->http->o.manage, t.at) : json_object();
    }
    if (!reply_failed(r, rc, &e)) {
        json_t *told = scripts_try(t.script_body, t.condition_body, symbols);
        reply_json(r, 200, check_gcode(r->http->o.device, told));
    }
    json_decref(symbols);
    free(t.script_body);
    free(t.condition_body);
}

/* ---- symbols */

static struct manage *manage_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.manage == NULL) {
        err_set(&e, PP_EOFFLINE, "this host manages no queue");
        reply_error(r, &e);
    }
    return r->http->o.manage;
}

void api_symbols(struct request *r)
{
    struct err e = {0};
    enum driver_moment moment = MOMENT_PRINT_SUCCESS;
    const char *name = request_argument(r, "moment");
    const struct manage *m = manage_of(r);
    if (m != NULL && !reply_failed(r, name != NULL ? api_moment_parse(name, &moment, &e) : 0, &e)) {
        reply_json(r, 200, manage_symbols(m, moment));
    }
}

void api_external(struct request *r)
{
    const struct manage *m = manage_of(r);
    if (m != NULL) {
        json_t *external = manage_external(m);
        reply_json(r, 200, external != NULL ? json_incref(external) : json_object());
    }
}

void api_external_set(struct request *r)
{
    struct err e = {0};
    struct manage *m = manage_of(r);
    if (m != NULL && !reply_failed(r, manage_set_external(m, r->input, &e), &e)) {
        json_t *external = manage_external(m);
        reply_json(r, 200, external != NULL ? json_incref(external) : json_object());
    }
}
