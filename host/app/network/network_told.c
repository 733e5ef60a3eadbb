#include "host/app/network/network_told.h"

#include "host/base/str.h"

#include <stdbool.h>
#include <string.h>

#define TEXT_MAX   300
#define HEATER_MAX 32
#define NEVER_MS   INT64_C(253402300800000) /* the year 10000 */

static json_t *shown_text(const json_t *told)
{
    const char *text = json_string_value(told);
    char shown[TEXT_MAX];
    if (text == NULL || text[0] == '\0') {
        return json_null();
    }
    json_t *out = json_string(str_escape(shown, sizeof shown, text, strlen(text)));
    return out != NULL ? out : json_null();
}

static json_t *shown_number(const json_t *told, json_int_t min, json_int_t max)
{
    json_int_t n = json_integer_value(told);
    return json_is_integer(told) && n >= min && n <= max ? json_integer(n) : json_null();
}

static json_t *shown_heaters(const json_t *told)
{
    json_t *out = json_object();
    const char *name;
    json_t *heater;
    json_object_foreach((json_t *)(uintptr_t)told, name, heater)
    {
        char shown[HEATER_MAX];
        if (json_object_size(out) == NETWORK_HEATERS_MAX || !json_is_object(heater)) {
            continue;
        }
        json_t *actual = shown_number(json_object_get(heater, "actual"), -300, 2000);
        json_t *target = shown_number(json_object_get(heater, "target"), 0, 2000);
        json_object_set_new(out, str_escape(shown, sizeof shown, name, strlen(name)),
            json_pack("{s:o, s:o}", "actual", actual, "target", target));
    }
    return out;
}

json_t *network_told(const uint8_t *bytes, size_t len)
{
    static const char *const texts[] = {"profile", "state", "doing", "job", "file", "queue"};
    static const char *const flags[] = {"managing", "needs_person"};
    static const struct {
        const char *name;
        json_int_t min, max;
    } numbers[] = {{"progress", 0, 100}, {"eta_ms", 0, NEVER_MS}, {"files", 0, INT32_MAX},
        {"api_port", 1, 65535}};
    json_t *told =
        bytes != NULL ? json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_object_set_new(out, texts[i], shown_text(json_object_get(told, texts[i])));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_object_set_new(out, numbers[i].name,
            shown_number(json_object_get(told, numbers[i].name), numbers[i].min, numbers[i].max));
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        bool is = json_is_true(json_object_get(told, flags[i]));
        json_object_set_new(out, flags[i], json_boolean(is));
    }
    json_object_set_new(out, "temperatures", shown_heaters(json_object_get(told, "temperatures")));
    json_decref(told);
    return out;
}
