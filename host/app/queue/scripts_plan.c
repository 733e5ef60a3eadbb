/* What runs at a moment: conditions decide and give values, templates become steps. */
#include "host/app/queue/scripts.h"

#include "host/app/queue/condition.h"
#include "host/base/json.h"
#include "host/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the values of {name} come from. */
struct sources {
    json_t *values;        /* owned; of the conditions so far */
    const json_t *symbols; /* may be NULL */
    char text[512];        /* of the value given out last */
};

/* ---- {name} ---------------------------------------------------------------------------------- */

/* Gcode knows no exponents, and a whole number needs no point. */
static const char *number_text(struct sources *s, double number)
{
    if (!isfinite(number) || fabs(number) >= 1e15) {
        return NULL;
    }
    snprintf(s->text, sizeof s->text, "%.6f", number);
    size_t len = strlen(s->text);
    while (s->text[len - 1] == '0') {
        s->text[--len] = '\0';
    }
    if (s->text[len - 1] == '.') {
        s->text[--len] = '\0';
    }
    return strcmp(s->text, "-0") == 0 ? "0" : s->text;
}

static const char *value_text(struct sources *s, const json_t *value)
{
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        snprintf(s->text, sizeof s->text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return s->text;
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "true" : "false";
    }
    return json_is_real(value) ? number_text(s, json_real_value(value)) : NULL;
}

/* "current.path" */
static const json_t *symbol_at(const json_t *symbols, const char *path)
{
    const json_t *at = symbols;
    while (at != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        at = json_object_getn(at, path, len);
        path += len + (path[len] == '.');
    }
    return at;
}

/* "x_25": a quarter of the volume along X. */
static const char *part_of_volume(struct sources *s, const json_t *printer, const char *name)
{
    char low[] = "min_x";
    char high[] = "max_x";
    int64_t percent = 0;
    if (strchr("xyz", name[0]) == NULL || name[0] == '\0' || name[1] != '_' ||
        !str_to_int(name + 2, 0, 100, &percent)) {
        return NULL;
    }
    low[4] = name[0];
    high[4] = name[0];
    const json_t *from = json_object_get(printer, low);
    const json_t *to = json_object_get(printer, high);
    if (!json_is_number(from) || !json_is_number(to)) {
        return NULL;
    }
    double start = json_number_value(from);
    double mm = start + (json_number_value(to) - start) * (double)percent / 100;
    return number_text(s, round(mm * 1000) / 1000);
}

static const char *lookup(void *context, const char *name)
{
    struct sources *s = context;
    const char *text = value_text(s, json_object_get(s->values, name));
    if (text == NULL) {
        text = value_text(s, symbol_at(s->symbols, name));
    }
    if (text == NULL) {
        const json_t *printer = json_object_get(s->symbols, "printer");
        text = value_text(s, json_object_get(printer, name));
        text = text != NULL ? text : part_of_volume(s, printer, name);
    }
    return text;
}

/* ---- a moment -------------------------------------------------------------------------------- */

static int judge(struct sources *s, const struct scripts_entry *condition, bool *runs,
    struct strbuf *said, struct err *e)
{
    struct condition_result result = {0};
    int rc = condition_run(condition->body, s->symbols, &result, NULL, said, e);
    if (rc != 0) {
        return err_wrap(e, "condition \"%s\"", condition->name);
    }
    *runs = result.runs;
    if (result.values != NULL) {
        json_object_update(s->values, result.values);
        json_decref(result.values);
    }
    return 0;
}

static void add_name(struct scripts_plan *p, const char *name)
{
    size_t len = strlen(p->names);
    snprintf(p->names + len, sizeof p->names - len, "%s%s", len > 0 ? ", " : "", name);
}

static int missing(const char *what, const char *name, struct err *e)
{
    return err_set(e, PP_ENOTFOUND, "there is no %s \"%s\"", what, name);
}

/* What only tells and waits takes no part off. */
static bool does_something(const struct script_step *steps, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        enum script_kind kind = steps[i].kind;
        if (kind == SCRIPT_GCODE || kind == SCRIPT_PAUSE || kind == SCRIPT_HTTP) {
            return true;
        }
    }
    return false;
}

static int plan_hook(const struct scripts *r, const struct scripts_hook *hook, struct sources *s,
    struct scripts_plan *out, struct strbuf *said, struct err *e)
{
    bool runs = true;
    const struct scripts_entry *script = scripts_find(r, hook->script);
    if (script == NULL) {
        return missing("script", hook->script, e);
    }
    if (hook->condition[0] != '\0') {
        const struct scripts_entry *condition = scripts_condition_find(r, hook->condition);
        int rc = condition != NULL ? judge(s, condition, &runs, said, e)
                                   : missing("condition", hook->condition, e);
        if (rc != 0) {
            return rc;
        }
    }
    if (!runs) {
        return 0;
    }
    size_t from = out->count;
    if (script_expand(script->body, lookup, s, &out->steps, &out->count, e) != 0) {
        return err_wrap(e, "script \"%s\"", script->name);
    }
    out->clears_bed |= script->clears_bed && does_something(out->steps, from, out->count);
    add_name(out, script->name);
    return 0;
}

int scripts_plan(const struct scripts *r, enum driver_moment m, const json_t *symbols,
    struct scripts_plan *out, struct err *e)
{
    struct err own = {0};
    struct strbuf said = {0};
    struct sources s = {.values = json_object(), .symbols = symbols};
    const struct scripts_hook *hooks = NULL;
    size_t n = scripts_hooks(r, m, &hooks);
    int rc = 0;
    *out = (struct scripts_plan){0};
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = plan_hook(r, &hooks[i], &s, out, &said, e != NULL ? e : &own);
    }
    json_decref(s.values);
    out->said = mem_strdup(strbuf_text(&said));
    strbuf_fini(&said);
    if (rc != 0) {
        scripts_plan_fini(out);
    }
    return rc;
}

void scripts_plan_fini(struct scripts_plan *p)
{
    script_steps_free(p->steps, p->count);
    free(p->said);
    *p = (struct scripts_plan){0};
}

/* ---- a dry run ------------------------------------------------------------------------------- */

struct trial {
    struct sources sources;
    struct script_step *steps;
    size_t count;
    json_t *changed;
    struct strbuf said;
    bool runs;
};

static int try_both(struct trial *t, const struct scripts_trial *texts, struct err *e)
{
    struct condition_result result = {.runs = true};
    json_t *changed = NULL;
    if (texts->condition[0] != '\0' &&
        condition_run(texts->condition, t->sources.symbols, &result, &changed, &t->said, e) != 0) {
        return err_wrap(e, "condition");
    }
    if (changed != NULL) {
        json_object_update(t->changed, changed);
        json_decref(changed);
    }
    if (result.values != NULL) {
        json_object_update(t->sources.values, result.values);
        json_decref(result.values);
    }
    t->runs = t->runs || result.runs;
    if (result.runs &&
        script_expand(texts->script, lookup, &t->sources, &t->steps, &t->count, e) != 0) {
        return err_wrap(e, "script");
    }
    return 0;
}

/* What a condition prints may be cut within a character, or be no text at all. */
static json_t *whole_text(const struct strbuf *b)
{
    json_t *text = json_stringn(strbuf_text(b), b->len);
    if (text == NULL) {
        char *escaped = mem_array(4 * b->len + 1, 1);
        text = json_string(str_escape(escaped, 4 * b->len + 1, strbuf_text(b), b->len));
        free(escaped);
    }
    return text;
}

json_t *scripts_try_all(const struct scripts_trial *trials, size_t n, const json_t *symbols)
{
    struct err e = {0};
    struct strbuf gcode = {0};
    struct trial t = {.sources = {.values = json_object(), .symbols = symbols}};
    int rc = 0;
    t.changed = json_object();
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = try_both(&t, &trials[i], &e);
    }
    if (rc == 0) {
        script_print(t.steps, t.count, &gcode);
    }
    json_t *out = json_object();
    json_object_set_new(out, "runs", json_boolean(rc == 0 && t.runs));
    json_object_set_new(out, "gcode", whole_text(&gcode));
    json_object_set_new(out, "said", whole_text(&t.said));
    json_object_set_new(out, "error", rc != 0 ? json_text(e.text) : json_null());
    json_object_set_new(out, "symbols", t.changed);
    json_decref(t.sources.values);
    script_steps_free(t.steps, t.count);
    strbuf_fini(&gcode);
    strbuf_fini(&t.said);
    return out;
}

json_t *scripts_try(const char *script, const char *condition, const json_t *symbols)
{
    return scripts_try_all(&(struct scripts_trial){script, condition}, 1, symbols);
}
