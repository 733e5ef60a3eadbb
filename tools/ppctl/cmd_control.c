/* Commands that tell the host to do one thing: pause .. restart, temp, send, estop. */
#include "tools/ppctl/ppctl.h"

#include "tools/ppctl/estop.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <string.h>

int cmd_simple(struct ppctl *c)
{
    static const struct {
        const char *name;
        const char *path;
        const char *done;
    } acts[] = {
        {"pause", "/api/v1/pause", "pausing"},
        {"resume", "/api/v1/resume", "resuming"},
        {"cancel", "/api/v1/cancel", "cancelling"},
        {"recover", "/api/v1/recover", "going on with the print"},
        {"connect", "/api/v1/connect", "connecting"},
        {"disconnect", "/api/v1/disconnect", "disconnecting"},
        {"restart", "/api/v1/restart", "restarting; printer, heaters and print stay as they are"},
    };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].name, c->command->name) == 0) {
            return tell_done(c, acts[i].path, NULL, acts[i].done);
        }
    }
    return PPCTL_USAGE;
}

static const char *const heaters[] = {
    "tool0", "tool1", "tool2", "tool3", "tool4", "tool5", "tool6", "tool7", "bed", "chamber"};

/* "tool0=210" into `body`; an exit status. */
static int take_target(const struct ppctl *c, const char *word, json_t *body)
{
    char name[16];
    char quoted[64];
    double degrees = 0;
    const char *equals = strchr(word, '=');
    str_escape(quoted, sizeof quoted, word, strlen(word));
    if (equals == NULL || !str_copy(name, sizeof name, word, (size_t)(equals - word))) {
        return fail_usage(c, "\"%s\": must be HEATER=DEGREES, e.g. tool0=210", quoted);
    }
    bool known = false;
    for (size_t i = 0; i < sizeof heaters / sizeof *heaters; i++) {
        known |= strcmp(heaters[i], name) == 0;
    }
    if (!known) {
        return fail_usage(c, "\"%s\": HEATER must be tool0 to tool7, bed or chamber", quoted);
    }
    if (strcmp(equals + 1, "off") != 0 &&
        (!str_to_double(equals + 1, &degrees) || degrees < 0 || degrees > 1000)) {
        return fail_usage(c, "\"%s\": DEGREES must be a number from 0 to 1000, or off", quoted);
    }
    if (json_object_get(body, name) != NULL) {
        return fail_usage(c, "\"%s\": %s is there twice", quoted, name);
    }
    json_object_set_new(body, name, json_real(degrees));
    return PPCTL_DONE;
}

int cmd_temp(struct ppctl *c)
{
    json_t *body = json_object();
    struct strbuf done = {0};
    const char *name;
    json_t *degrees;
    for (size_t i = 0; i < c->operands; i++) {
        int status = take_target(c, c->operand[i], body);
        if (status != PPCTL_DONE) {
            json_decref(body);
            return status;
        }
    }
    json_object_foreach(body, name, degrees)
    {
        double value = json_real_value(degrees);
        strbuf_puts(&done, done.len > 0 ? ", " : "");
        if (value > 0) {
            strbuf_printf(&done, "%s to %g °C", name, value);
        } else {
            strbuf_printf(&done, "%s off", name);
        }
    }
    int status = tell_done(c, "/api/v1/temperature", body, strbuf_text(&done));
    strbuf_fini(&done);
    return status;
}

/* Each line of the text is a command; blank ones are left out. */
static void add_lines(json_t *list, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\r\n");
        if (strspn(text, " \t") < len) {
            json_array_append_new(list, json_stringn(text, len));
        }
        text += len + strspn(text + len, "\r\n");
    }
}

int cmd_send(struct ppctl *c)
{
    json_t *list = json_array();
    char done[64];
    for (size_t i = 0; i < c->operands; i++) {
        json_t *text = json_string(c->operand[i]);
        if (text == NULL) {
            json_decref(list);
            return fail_usage(c, "GCODE must be UTF-8 text");
        }
        json_decref(text);
        add_lines(list, c->operand[i]);
    }
    size_t count = json_array_size(list);
    if (count == 0) {
        json_decref(list);
        return fail_usage(c, "GCODE is empty");
    }
    snprintf(done, sizeof done, "%zu command%s sent", count, count == 1 ? "" : "s");
    return tell_done(c, "/api/v1/gcode", json_pack("{s:o}", "commands", list), done);
}

/* Neither way worked. */
static int estop_failed(
    const struct ppctl *c, const struct host *h, struct answer *a, const struct err *direct_error)
{
    char why[sizeof a->error.text];
    memcpy(why, a->error.text, sizeof why);
    err_set(&a->error, a->error.code,
        "NO EMERGENCY STOP, cut the power of the printer: %.120s%s%.80s", why,
        h->dir[0] != '\0' ? "; " : "", h->dir[0] != '\0' ? direct_error->text : "");
    return fail_answer(c, h, a);
}

/* The host hangs, and nobody can say whether its sending thread took the message. */
static int estop_handed_over(const struct ppctl *c, const struct host *h, const struct answer *a)
{
    fprintf(stderr,
        "ppctl: %s: emergency stop handed to the sending thread, but the host is silent (%s): "
        "watch "
        "the printer, and cut its power if it goes on\n",
        host_label(h), a->error.text);
    if (c->json) {
        print_json(json_pack("{s:b}", "direct", 1));
    }
    return PPCTL_DONE;
}

int cmd_estop(struct ppctl *c)
{
    struct host *h = c->chosen[0];
    struct err direct_error = {0};
    struct answer a;
    /* first the way that cannot block, then the one that answers */
    bool direct = estop_send(h, &direct_error) == 0;
    json_t *body = json_object();
    struct request r = {
        .method = "POST", .path = "/api/v1/estop", .body = body, .timeout_ms = ESTOP_HTTP_MS};
    client_call(h, &r, &a);
    json_decref(body);
    int status = PPCTL_DONE;
    if (a.error.code != 0) {
        status = direct ? estop_handed_over(c, h, &a) : estop_failed(c, h, &a, &direct_error);
    } else if (c->json) {
        print_json(a.doc != NULL ? json_incref(a.doc) : json_object());
    } else {
        printf("%s: emergency stop done; to go on: reset the printer, then ppctl %sconnect\n",
            host_label(h), c->target_hint);
    }
    answer_fini(&a);
    return status;
}
