#include "tools/ppctl/spec.h"

#include <stdio.h>
#include <string.h>

static const struct spec_key *find(
    const struct spec_key *keys, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(keys[i].name) == len && strncmp(keys[i].name, name, len) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

static int unknown_key(
    const struct ppctl *c, const struct spec_key *keys, size_t count, const char *word, size_t len)
{
    char shown[64];
    struct strbuf names = {0};
    for (size_t i = 0; i < count; i++) {
        strbuf_printf(&names, "%s%s", i > 0 ? ", " : "", keys[i].name);
    }
    int status = fail_usage(c, "\"%s\": KEY=VALUE is wanted, KEY one of %s",
        str_escape(shown, sizeof shown, word, len), strbuf_text(&names));
    strbuf_fini(&names);
    return status;
}

/* Adds the words between the commas of `text`; false if one is no UTF-8. */
static bool add_words(json_t *list, const char *text, bool any_is_null)
{
    bool good = true;
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        bool any = any_is_null && (len == 0 || (len == 3 && strncasecmp(text, "any", 3) == 0));
        if (len > 0 || any) {
            json_t *word = any ? json_null() : json_stringn(text, len);
            good = word != NULL && good;
            json_array_append_new(list, word);
        }
        text += len + (text[len] == ',');
    }
    return good;
}

static int take_count(
    const struct ppctl *c, const struct spec_key *key, const char *text, json_t **out)
{
    int64_t number;
    char shown[48];
    if (!str_to_int(text, key->min, key->max, &number)) {
        return fail_usage(c, "%s=\"%s\": must be a whole number from %lld to %lld", key->name,
            str_escape(shown, sizeof shown, text, strlen(text)), (long long)key->min,
            (long long)key->max);
    }
    *out = json_integer(number);
    return PPCTL_DONE;
}

static int take_grams(
    const struct ppctl *c, const struct spec_key *key, const char *text, json_t **out)
{
    double number;
    char shown[48];
    if (strcmp(text, "unknown") == 0) {
        *out = json_null();
        return PPCTL_DONE;
    }
    if (!str_to_double(text, &number) || number < (double)key->min || number > (double)key->max) {
        return fail_usage(c, "%s=\"%s\": must be a number from %lld to %lld", key->name,
            str_escape(shown, sizeof shown, text, strlen(text)), (long long)key->min,
            (long long)key->max);
    }
    *out = json_real(number);
    return PPCTL_DONE;
}

static int take_flag(
    const struct ppctl *c, const struct spec_key *key, const char *text, json_t **out)
{
    char shown[48];
    bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0) {
        return fail_usage(c, "%s=\"%s\": must be yes or no", key->name,
            str_escape(shown, sizeof shown, text, strlen(text)));
    }
    *out = json_boolean(yes);
    return PPCTL_DONE;
}

static int take_value(
    const struct ppctl *c, const struct spec_key *key, const char *text, json_t **out)
{
    switch (key->kind) {
    case SPEC_COUNT:
        return take_count(c, key, text, out);
    case SPEC_GRAMS:
        return take_grams(c, key, text, out);
    case SPEC_FLAG:
        return take_flag(c, key, text, out);
    case SPEC_LIST:
    case SPEC_MATERIALS:
        *out = json_array();
        if (!add_words(*out, text, key->kind == SPEC_MATERIALS)) {
            json_decref(*out);
            *out = NULL;
        }
        break;
    case SPEC_TEXT:
        *out = json_string(text);
        break;
    }
    return *out != NULL ? PPCTL_DONE : fail_usage(c, "%s: must be UTF-8 text", key->name);
}

int spec_take(const struct ppctl *c, const char *word, const struct spec_key *keys, size_t count,
    json_t *body)
{
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct spec_key *key = equals != NULL ? find(keys, count, word, len) : NULL;
    json_t *value = NULL;
    if (key == NULL) {
        return unknown_key(c, keys, count, word, len);
    }
    int status = take_value(c, key, equals + 1, &value);
    const char *field = key->field != NULL ? key->field : key->name;
    if (status == PPCTL_DONE && json_object_get(body, field) != NULL) {
        json_decref(value);
        return fail_usage(c, "%s is there twice", key->name);
    }
    if (status == PPCTL_DONE) {
        json_object_set_new(body, field, value);
    }
    return status;
}

int spec_take_all(
    const struct ppctl *c, size_t first, const struct spec_key *keys, size_t count, json_t *body)
{
    int status = PPCTL_DONE;
    for (size_t i = first; i < c->operands && status == PPCTL_DONE; i++) {
        status = spec_take(c, c->operand[i], keys, count, body);
    }
    return status;
}

json_t *spec_option_list(const struct ppctl *c, const char *option, bool any_is_null)
{
    json_t *list = json_array();
    const char *value;
    bool good = true;
    for (size_t at = 0; (value = option_next(c, option, &at)) != NULL;) {
        good = add_words(list, value, any_is_null) && good;
    }
    if (!good) {
        json_decref(list);
        list = NULL;
    }
    return list;
}
