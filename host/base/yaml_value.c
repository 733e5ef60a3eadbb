#include "host/base/yaml_value.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit time_units[] = {{"s", 1e3}, {"min", 60e3}, {"m", 60e3}, {"h", 3600e3},
    {"d", 86400e3}, {"y", 365 * 86400e3}, {NULL, 0}};

static const struct unit size_units[] = {{"", 1}, {"B", 1}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6},
    {"GB", 1e9}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {NULL, 0}};

static const struct yaml_word bool_words[] = {
    {"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {NULL, 0}};

/* "one of a, b or c" for the words of a field. */
static void format_words(const struct yaml_word *words, struct strbuf *out)
{
    for (size_t i = 0; words[i].word != NULL; i++) {
        const char *before = i == 0 ? "" : words[i + 1].word == NULL ? " or " : ", ";
        strbuf_printf(out, "%s%s", before, words[i].word);
    }
}

static const struct yaml_word *find_word(const struct yaml_word *words, const char *text)
{
    for (; words != NULL && words->word != NULL; words++) {
        if (strcmp(words->word, text) == 0) {
            return words;
        }
    }
    return NULL;
}

/* A number with a unit, blanks between them allowed; false if it is none. */
static bool with_unit(const char *text, const struct unit *units, double *out)
{
    char number[32];
    size_t digits = strspn(text, "0123456789.");
    const char *name = text + digits + strspn(text + digits, " ");
    if (!str_copy(number, sizeof number, text, digits) || !str_to_double(number, out)) {
        return false;
    }
    for (; units->name != NULL; units++) {
        if (strcmp(units->name, name) == 0) {
            *out *= units->factor;
            return true;
        }
    }
    return false;
}

/* A limit as a person would write it. */
static void put_duration(struct strbuf *b, double ms)
{
    static const struct unit shown[] = {
        {"y", 365 * 86400e3}, {"d", 86400e3}, {"h", 3600e3}, {"m", 60e3}};
    for (size_t i = ms <= 86400e3 ? 2 : 0; i < 4; i++) { /* a day is 24h */
        if (ms >= shown[i].factor && fmod(ms, shown[i].factor) == 0) {
            strbuf_printf(b, "%.15g%s", ms / shown[i].factor, shown[i].name);
            return;
        }
    }
    strbuf_printf(b, "%.15gs", ms / 1e3);
}

static void put_size(struct strbuf *b, double bytes)
{
    static const struct unit shown[] = {{"GiB", 1073741824}, {"MiB", 1048576}, {"KiB", 1024}};
    for (size_t i = 0; i < 3; i++) {
        if (bytes >= shown[i].factor && fmod(bytes, shown[i].factor) == 0) {
            strbuf_printf(b, "%.15g%s", bytes / shown[i].factor, shown[i].name);
            return;
        }
    }
    strbuf_printf(b, "%.15g", bytes);
}

static int refuse_number(const struct yaml_field *f, const char *text, struct err *e)
{
    double number = 0;
    bool fraction = f->kind == YAML_INT && str_to_double(text, &number) && trunc(number) != number;
    struct strbuf b = {0};
    if (f->kind == YAML_DURATION) {
        strbuf_puts(&b, "must be a time such as 90s, 30m or 2h, from ");
        put_duration(&b, f->min);
        strbuf_puts(&b, " to ");
        put_duration(&b, f->max);
    } else if (f->kind == YAML_SIZE) {
        strbuf_puts(&b, "must be a size such as 500MB or 2GiB, from ");
        put_size(&b, f->min);
        strbuf_puts(&b, " to ");
        put_size(&b, f->max);
    } else {
        strbuf_printf(
            &b, "must be a %snumber from %.15g to %.15g", fraction ? "whole " : "", f->min, f->max);
    }
    if (f->words != NULL) {
        strbuf_puts(&b, ", or ");
        format_words(f->words, &b);
    }
    int rc = err_set(e, PP_EINVAL, "%s", strbuf_text(&b));
    strbuf_fini(&b);
    return rc;
}

static int refuse_word(const struct yaml_word *words, const char *text, struct err *e)
{
    const char *known[16];
    size_t count = 0;
    struct strbuf b = {0};
    format_words(words, &b);
    for (; words[count].word != NULL && count < 16; count++) {
        known[count] = words[count].word;
    }
    const char *near = str_suggest(text, known, count);
    int rc = near == NULL
                 ? err_set(e, PP_EINVAL, "must be %s", strbuf_text(&b))
                 : err_set(e, PP_EINVAL, "must be %s; did you mean \"%s\"?", strbuf_text(&b), near);
    strbuf_fini(&b);
    return rc;
}

/* The number behind the text in the unit the struct stores; false if it is none. */
static bool to_number(const struct yaml_field *f, const char *text, double *out)
{
    int64_t whole = 0;
    if (f->kind == YAML_INT) {
        bool ok = str_to_int(text, INT32_MIN, INT32_MAX, &whole);
        *out = (double)whole;
        return ok;
    }
    if (f->kind == YAML_DURATION) {
        return with_unit(text, time_units, out);
    }
    if (f->kind == YAML_SIZE) {
        return with_unit(text, size_units, out);
    }
    return str_to_double(text, out);
}

static void store(enum yaml_kind kind, double value, void *place)
{
    switch (kind) {
    case YAML_BOOL:
        *(bool *)place = value != 0;
        break;
    case YAML_CHOICE:
    case YAML_INT:
        *(int *)place = (int)value;
        break;
    case YAML_REAL:
        *(double *)place = value;
        break;
    case YAML_CELSIUS:
        *(int32_t *)place = (int32_t)lround(value * 1000);
        break;
    case YAML_MM:
        *(int64_t *)place = llround(value * 1000);
        break;
    case YAML_DURATION:
    case YAML_SIZE:
        *(int64_t *)place = llround(value);
        break;
    case YAML_STRING:
    case YAML_TEXT:
    case YAML_STRINGS:
    case YAML_MAP:
    case YAML_ITEMS:
    case YAML_LIST:
        abort(); /* not a kind with a number: our mistake */
    }
}

int yaml_value_parse(
    const struct yaml_field *f, const char *text, size_t len, void *place, struct err *e)
{
    const struct yaml_word *words = f->kind == YAML_BOOL ? bool_words : f->words;
    const struct yaml_word *word = strlen(text) == len ? find_word(words, text) : NULL;
    double value = 0;
    if (word != NULL) {
        store(f->kind, word->value, place);
        return 0;
    }
    if (f->kind == YAML_BOOL || f->kind == YAML_CHOICE) {
        return refuse_word(words, text, e);
    }
    if (strlen(text) != len || !to_number(f, text, &value) || value < f->min || value > f->max) {
        return refuse_number(f, text, e);
    }
    store(f->kind, value, place);
    return 0;
}

size_t yaml_value_size(enum yaml_kind kind)
{
    static const size_t sizes[] = {
        [YAML_BOOL] = sizeof(bool),
        [YAML_CHOICE] = sizeof(int),
        [YAML_INT] = sizeof(int),
        [YAML_REAL] = sizeof(double),
        [YAML_MM] = sizeof(int64_t),
        [YAML_CELSIUS] = sizeof(int32_t),
        [YAML_DURATION] = sizeof(int64_t),
        [YAML_SIZE] = sizeof(int64_t),
    };
    assert(kind >= YAML_BOOL && kind <= YAML_SIZE);
    return sizes[kind];
}
