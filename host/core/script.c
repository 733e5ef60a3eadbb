#include "host/core/script.h"

#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/core/template.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One call of script_expand(). */
struct expansion {
    script_value value;
    void *context;
    struct script_step **steps;
    size_t *count;
    int line;
    struct err *e;
};

/* A piece of the body. */
struct piece {
    const char *at;
    size_t len;
};

struct command {
    const char *name;
    enum script_kind kind;
    int (*take)(
        struct expansion *x, const struct command *c, struct piece arg, struct script_step *step);
    const char *needs; /* what must follow, for its mistakes */
    double min;
    double max;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece p)
{
    while (p.len > 0 && is_blank(p.at[p.len - 1])) {
        p.len--;
    }
    while (p.len > 0 && is_blank(*p.at)) {
        p.at++;
        p.len--;
    }
    return p;
}

static size_t word_length(struct piece p)
{
    size_t n = 0;
    while (n < p.len && !is_blank(p.at[n])) {
        n++;
    }
    return n;
}

static struct piece after(struct piece p, size_t n)
{
    return trim((struct piece){p.at + n, p.len - n});
}

static struct piece cut_gcode_comment(struct piece p)
{
    const char *semicolon = memchr(p.at, ';', p.len);
    return semicolon != NULL ? trim((struct piece){p.at, (size_t)(semicolon - p.at)}) : p;
}

/* Texts and URLs may have semicolons of their own. */
static struct piece cut_host_comment(struct piece p)
{
    bool quoted = false;
    for (size_t i = 0; i < p.len; i++) {
        char before = ' ';
        if (i > 0) {
            before = p.at[i - 1];
        }
        if (p.at[i] == ';' && !quoted && is_blank(before)) {
            return trim((struct piece){p.at, i});
        }
        quoted ^= p.at[i] == '"' && before != '\\';
    }
    return p;
}

/* ---- values put in --------------------------------------------------------------------------- */

static int wrap(struct expansion *x, int rc)
{
    return rc != 0 ? err_wrap(x->e, "line %d", x->line) : 0;
}

static int expand(
    struct expansion *x, struct piece p, enum template_place place, size_t max, struct strbuf *out)
{
    struct template_in in = {p.at, p.len, place, x->value, x->context, max};
    return wrap(x, template_expand(&in, out, x->e));
}

/* A piece with its values, without blanks around it, in fresh memory; NULL after a mistake. */
static char *expand_text(struct expansion *x, struct piece p, enum template_place place, size_t max)
{
    struct strbuf out = {0};
    char *text = NULL;
    if (expand(x, p, place, max, &out) == 0) {
        struct piece whole = trim((struct piece){strbuf_text(&out), out.len});
        text = mem_printf("%.*s", (int)whole.len, whole.at);
    }
    strbuf_fini(&out);
    return text;
}

/* Names left as they are, because this is a check: what stands there later is not known. */
static bool unknown_yet(const struct expansion *x, const char *text)
{
    return x->value == NULL && strchr(text, '{') != NULL;
}

/* ---- host commands --------------------------------------------------------------------------- */

static int wrong(struct expansion *x, const struct command *c, const char *text)
{
    char shown[64];
    return err_set(x->e, PP_EINVAL, "line %d: @%s \"%s\": must be %s", x->line, c->name,
        str_escape(shown, sizeof shown, text, strlen(text)), c->needs);
}

static int take_text(
    struct expansion *x, const struct command *c, struct piece arg, struct script_step *step)
{
    step->text = expand_text(x, arg, TEMPLATE_PLAIN, SCRIPT_LINE_MAX);
    if (step->text == NULL) {
        return -x->e->code;
    }
    return step->text[0] == '\0' && c->needs != NULL ? wrong(x, c, "") : 0;
}

/* The number of thousandths after the command. */
static int take_number(struct expansion *x, const struct command *c, struct piece arg, int64_t *out)
{
    double number = 0;
    char *text = expand_text(x, arg, TEMPLATE_PLAIN, SCRIPT_LINE_MAX);
    if (text == NULL) {
        return -x->e->code;
    }
    int rc = 0;
    if (unknown_yet(x, text)) {
        *out = 0;
    } else if (str_to_double(text, &number) && number >= c->min && number <= c->max) {
        *out = llround(number * 1000);
    } else {
        rc = wrong(x, c, text);
    }
    free(text);
    return rc;
}

static int take_degrees(
    struct expansion *x, const struct command *c, struct piece arg, struct script_step *step)
{
    int64_t mc = 0;
    int rc = take_number(x, c, arg, &mc);
    step->mc = (int32_t)mc;
    return rc;
}

static int take_nothing(
    struct expansion *x, const struct command *c, struct piece arg, struct script_step *step)
{
    char shown[64];
    (void)step;
    if (arg.len == 0) {
        return 0;
    }
    return err_set(x->e, PP_EINVAL, "line %d: @%s \"%s\": nothing may follow it", x->line, c->name,
        str_escape(shown, sizeof shown, arg.at, arg.len));
}

static int take_seconds(
    struct expansion *x, const struct command *c, struct piece arg, struct script_step *step)
{
    return take_number(x, c, arg, &step->ms);
}

static int check_body(struct expansion *x, const char *body)
{
    struct err why = {0};
    json_error_t at;
    if (body[0] == '\0' || unknown_yet(x, body)) {
        return 0;
    }
    json_t *value = json_loads(body, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &at);
    if (value == NULL) {
        str_escape(why.text, sizeof why.text, at.text, strlen(at.text));
        return err_set(x->e, PP_EINVAL, "line %d: @http: the body is not JSON: %s (column %d)",
            x->line, why.text, at.column);
    }
    json_decref(value);
    return 0;
}

static bool url_ok(const char *url)
{
    size_t scheme = str_starts(url, "http://") ? 7 : str_starts(url, "https://") ? 8 : 0;
    return scheme > 0 && url[scheme] != '\0' && url[scheme] != '/' && strchr(url, ' ') == NULL;
}

static int take_http(
    struct expansion *x, const struct command *c, struct piece arg, struct script_step *step)
{
    size_t n = word_length(arg);
    step->text = expand_text(x, (struct piece){arg.at, n}, TEMPLATE_URL, SCRIPT_HTTP_MAX);
    if (step->text == NULL) {
        return -x->e->code;
    }
    if (!url_ok(step->text) && !(unknown_yet(x, step->text) && step->text[0] == '{')) {
        return wrong(x, c, step->text);
    }
    step->body = expand_text(x, after(arg, n), TEMPLATE_JSON, SCRIPT_HTTP_MAX);
    return step->body == NULL ? -x->e->code : check_body(x, step->body);
}

static const struct command commands[] = {
    {"pause", SCRIPT_PAUSE, take_text, NULL, 0, 0},
    {"wait_bed", SCRIPT_WAIT_BED, take_degrees, "a temperature from 15 to 150 °C", 15, 150},
    {"wait_hotend", SCRIPT_WAIT_HOTEND, take_degrees, "a temperature from 15 to 500 °C", 15, 500},
    {"heaters_off", SCRIPT_HEATERS_OFF, take_nothing, NULL, 0, 0},
    {"wait", SCRIPT_WAIT, take_seconds, "a number of seconds from 0 to 86400", 0, 86400},
    {"notify", SCRIPT_NOTIFY, take_text, "a text for people", 0, 0},
    {"http", SCRIPT_HTTP, take_http, "http://HOST… or https://HOST…, then JSON or nothing", 0, 0},
    {"cancel", SCRIPT_CANCEL, take_text, NULL, 0, 0},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static int unknown_command(struct expansion *x, struct piece word)
{
    const char *names[COMMANDS];
    char shown[64];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    str_escape(shown, sizeof shown, word.at, word.len);
    const char *near = str_suggest(shown, names, COMMANDS);
    return err_set(x->e, PP_EINVAL, "line %d: there is no command \"@%s\"%s%s%s", x->line, shown,
        near != NULL ? "; did you mean \"@"
                     : "; @pause, @wait_bed, @wait_hotend, @heaters_off, @wait, @notify, ",
        near != NULL ? near : "@http and @cancel are", near != NULL ? "\"?" : "");
}

static int take_command(struct expansion *x, struct piece p, struct script_step *step)
{
    struct piece word = {p.at + 1, word_length(p) - 1};
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *c = &commands[i];
        if (strlen(c->name) == word.len && memcmp(c->name, word.at, word.len) == 0) {
            step->kind = c->kind;
            return c->take(x, c, cut_host_comment(after(p, word.len + 1)), step);
        }
    }
    return unknown_command(x, word);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void step_fini(struct script_step *step)
{
    free(step->text);
    free(step->body);
}

static int check_bytes(struct expansion *x, struct piece p)
{
    for (size_t i = 0; i < p.len; i++) {
        unsigned char c = (unsigned char)p.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return err_set(x->e, PP_EINVAL, "line %d: a control character (0x%02x) in column %zu",
                x->line, c, i + 1);
        }
    }
    return 0;
}

static int take_gcode(struct expansion *x, struct piece p, struct script_step *step)
{
    step->kind = SCRIPT_GCODE;
    step->text = expand_text(x, p, TEMPLATE_PLAIN, SCRIPT_LINE_MAX);
    if (step->text == NULL) {
        return -x->e->code;
    }
    for (char *c = step->text; *c != '\0'; c++) {
        *c = *c == '\t' ? ' ' : *c;
    }
    return 0;
}

static int add_step(struct expansion *x, struct script_step *step)
{
    if (*x->count >= SCRIPT_STEPS_MAX) {
        return err_set(x->e, PP_EINVAL, "line %d: more than %d steps", x->line, SCRIPT_STEPS_MAX);
    }
    step->text = step->text != NULL ? step->text : mem_strdup("");
    step->body = step->body != NULL ? step->body : mem_strdup("");
    *x->steps = mem_resize(*x->steps, *x->count + 1, sizeof **x->steps);
    (*x->steps)[(*x->count)++] = *step;
    return 0;
}

static int take_line(struct expansion *x, struct piece p)
{
    struct script_step step = {.line = x->line};
    p = trim(p);
    bool host = p.len > 0 && p.at[0] == '@';
    p = host ? p : cut_gcode_comment(p);
    if (p.len == 0) {
        return 0;
    }
    int rc = check_bytes(x, p);
    if (rc == 0) {
        rc = host ? take_command(x, p, &step) : take_gcode(x, p, &step);
    }
    if (rc == 0 && !host && step.text[0] == '\0') {
        step_fini(&step); /* its values were empty */
        return 0;
    }
    if (rc == 0) {
        rc = add_step(x, &step);
    }
    if (rc != 0) {
        step_fini(&step);
    }
    return rc;
}

int script_expand(const char *body, script_value value, void *context, struct script_step **steps,
    size_t *count, struct err *e)
{
    struct err own = {0};
    struct expansion x = {value, context, steps, count, 1, e != NULL ? e : &own};
    int rc = 0;
    while (rc == 0 && *body != '\0') {
        size_t len = strcspn(body, "\n");
        rc = take_line(&x, (struct piece){body, len});
        body += len + (body[len] == '\n');
        x.line++;
    }
    return rc;
}

void script_steps_free(struct script_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        step_fini(&steps[i]);
    }
    free(steps);
}

/* ---- for people ------------------------------------------------------------------------------ */

static const char *command_name(enum script_kind kind)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (commands[i].kind == kind) {
            return commands[i].name;
        }
    }
    return "";
}

static void print_step(const struct script_step *s, struct strbuf *out)
{
    if (s->kind != SCRIPT_GCODE) {
        strbuf_printf(out, "@%s", command_name(s->kind));
    }
    if (s->kind == SCRIPT_WAIT_BED || s->kind == SCRIPT_WAIT_HOTEND) {
        strbuf_printf(out, " %g", s->mc / 1000.0);
    } else if (s->kind == SCRIPT_WAIT) {
        strbuf_printf(out, " %.9g", (double)s->ms / 1000);
    } else if (s->text[0] != '\0') {
        strbuf_printf(out, "%s%s", s->kind == SCRIPT_GCODE ? "" : " ", s->text);
    }
    if (s->body[0] != '\0') {
        strbuf_printf(out, " %s", s->body);
    }
    strbuf_puts(out, "\n");
}

void script_print(const struct script_step *steps, size_t count, struct strbuf *out)
{
    for (size_t i = 0; i < count; i++) {
        print_step(&steps[i], out);
    }
}
