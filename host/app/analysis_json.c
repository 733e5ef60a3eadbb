#include "host/app/analysis_json.h"

#include "host/base/str.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum kind {
    IS_NUMBER, /* int, int32_t, int64_t: by its size */
    IS_BOOL,
    IS_TEMP, /* int32_t millidegrees <-> degrees */
    IS_TEXT,
    IS_POINT,    /* int64_t[3] */
    IS_FILAMENT, /* int64_t[ANALYSIS_TOOLS] <-> as many as are needed */
    IS_TOOLS,    /* uint32_t bits <-> list of tool numbers */
    IS_FILAMENTS /* struct analysis_filament[ANALYSIS_TOOLS] <-> list of objects, as many as told */
};

struct field {
    const char *name;
    enum kind kind;
    size_t offset;
    size_t size;
    int64_t unknown; /* this value is null */
};

#define NEVER INT64_MIN
#define FIELD(name, kind, member, unknown)                                                         \
    {                                                                                              \
        name, kind, offsetof(struct analysis, member), sizeof(((struct analysis *)0)->member),     \
            unknown                                                                                \
    }

static const struct field fields[] = {
    FIELD("bytes", IS_NUMBER, bytes, NEVER),
    FIELD("lines", IS_NUMBER, lines, NEVER),
    FIELD("commands", IS_NUMBER, commands, NEVER),
    FIELD("has_moves", IS_BOOL, has_moves, NEVER),
    FIELD("min_um", IS_POINT, min_um, NEVER),
    FIELD("max_um", IS_POINT, max_um, NEVER),
    FIELD("min_line", IS_POINT, min_line, NEVER),
    FIELD("max_line", IS_POINT, max_line, NEVER),
    FIELD("radius_um", IS_NUMBER, radius_um, NEVER),
    FIELD("has_travel", IS_BOOL, has_travel, NEVER),
    FIELD("travel_min_um", IS_POINT, travel_min_um, NEVER),
    FIELD("travel_max_um", IS_POINT, travel_max_um, NEVER),
    FIELD("travel_min_line", IS_POINT, travel_min_line, NEVER),
    FIELD("travel_max_line", IS_POINT, travel_max_line, NEVER),
    FIELD("layers", IS_NUMBER, layers, 0),
    FIELD("layer_height_um", IS_NUMBER, layer_height_um, 0),
    FIELD("filament_um", IS_FILAMENT, filament_um, NEVER),
    FIELD("tools", IS_TOOLS, tools_used, NEVER),
    FIELD("time_ms", IS_NUMBER, time_ms, NEVER),
    FIELD("slicer_time_ms", IS_NUMBER, slicer_time_ms, -1),
    FIELD("max_tool_c", IS_TEMP, max_tool_mc, INT32_MIN),
    FIELD("max_bed_c", IS_TEMP, max_bed_mc, INT32_MIN),
    FIELD("max_chamber_c", IS_TEMP, max_chamber_mc, INT32_MIN),
    FIELD("longest_line", IS_NUMBER, longest_line, NEVER),
    FIELD("longest_line_no", IS_NUMBER, longest_line_no, 0),
    FIELD("longest_display", IS_NUMBER, longest_display, NEVER),
    FIELD("longest_display_no", IS_NUMBER, longest_display_no, 0),
    FIELD("binary_line_no", IS_NUMBER, binary_line_no, 0),
    FIELD("placeholder_line_no", IS_NUMBER, placeholder_line_no, 0),
    FIELD("placeholder", IS_TEXT, placeholder, NEVER),
    FIELD("person_line_no", IS_NUMBER, person_line_no, 0),
    FIELD("relative_xyz_before_home", IS_BOOL, relative_xyz_before_home, NEVER),
    FIELD("slicer", IS_TEXT, slicer, NEVER),
    FIELD("printer", IS_TEXT, printer, NEVER),
    FIELD("printer_exact", IS_BOOL, printer_exact, NEVER),
    FIELD("material", IS_TEXT, material, NEVER),
    FIELD("nozzle_um", IS_NUMBER, nozzle_um, 0),
    FIELD("filament_diameter_um", IS_NUMBER, filament_diameter_um, 0),
    FIELD("density_mg_cm3", IS_NUMBER, density_mg_cm3, 0),
    FIELD("filaments", IS_FILAMENTS, filament, NEVER),
};

#define FIELDS (sizeof fields / sizeof *fields)

static int64_t get_int(const struct field *f, const void *at)
{
    int64_t wide;
    int32_t narrow;
    if (f->size == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    assert(f->size == sizeof narrow);
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
}

static bool set_int(const struct field *f, void *at, int64_t value)
{
    int32_t narrow = (int32_t)value;
    if (f->size == sizeof value) {
        memcpy(at, &value, sizeof value);
        return true;
    }
    memcpy(at, &narrow, sizeof narrow);
    return narrow == value;
}

/* ---- to JSON
 * ------------------------------------------------------------------------------------- */

static json_t *from_list(const int64_t *values, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_integer(values[i]));
    }
    return list;
}

static json_t *from_filament(const int64_t *lengths)
{
    size_t n = ANALYSIS_TOOLS;
    while (n > 0 && lengths[n - 1] == 0) {
        n--;
    }
    return from_list(lengths, n);
}

static json_t *from_tools(uint32_t bits)
{
    json_t *list = json_array();
    for (int i = 0; i < 32; i++) {
        if ((bits >> i & 1) != 0) {
            json_array_append_new(list, json_integer(i));
        }
    }
    return list;
}

/* The text comes from the file: JSON takes no bytes that are not UTF-8. */
static json_t *from_text(const char *text)
{
    char escaped[256];
    if (*text == '\0') {
        return json_null();
    }
    return json_string(str_escape(escaped, sizeof escaped, text, strlen(text)));
}

static bool is_told(const struct analysis_filament *f)
{
    return f->type[0] != '\0' || f->colour[0] != '\0' || f->density_mg_cm3 > 0;
}

static json_t *from_filaments(const struct analysis_filament *f)
{
    json_t *list = json_array();
    size_t n = ANALYSIS_TOOLS;
    while (n > 0 && !is_told(&f[n - 1])) {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:i}", "type", from_text(f[i].type), "colour",
                      from_text(f[i].colour), "density_mg_cm3", f[i].density_mg_cm3));
    }
    return list;
}

static json_t *from_number(const struct field *f, const void *at)
{
    int64_t value = get_int(f, at);
    if (value == f->unknown) {
        return json_null();
    }
    return f->kind == IS_TEMP ? json_real((double)value / 1000) : json_integer(value);
}

static json_t *to_json(const struct field *f, const void *at)
{
    switch (f->kind) {
    case IS_NUMBER:
    case IS_TEMP:
        return from_number(f, at);
    case IS_BOOL:
        return json_boolean(*(const bool *)at);
    case IS_TEXT:
        return from_text(at);
    case IS_POINT:
        return from_list(at, 3);
    case IS_FILAMENT:
        return from_filament(at);
    case IS_TOOLS:
        return from_tools(*(const uint32_t *)at);
    case IS_FILAMENTS:
        return from_filaments(at);
    }
    return NULL;
}

/* Bounds of moves there are none of. */
static bool is_void(const struct analysis *a, const struct field *f)
{
    return (str_starts(f->name, "travel_") && !a->has_travel) ||
           (!a->has_moves && (strcmp(f->name, "radius_um") == 0 || strcmp(f->name, "min_um") == 0 ||
                                 strcmp(f->name, "max_um") == 0));
}

json_t *analysis_to_json(const struct analysis *a)
{
    json_t *object = json_object();
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        json_t *value = is_void(a, f) ? json_null() : to_json(f, (const char *)a + f->offset);
        json_object_set_new(object, f->name, value);
    }
    return object;
}

/* ---- from JSON
 * ----------------------------------------------------------------------------------- */

static bool to_list(const json_t *value, int64_t *out, size_t max)
{
    if (!json_is_array(value) || json_array_size(value) > max) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_integer(item)) {
            return false;
        }
        out[i] = json_integer_value(item);
    }
    return true;
}

static bool to_tools(const json_t *value, uint32_t *bits)
{
    int64_t tools[32] = {0};
    if (!to_list(value, tools, 32)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (tools[i] < 0 || tools[i] > 31) {
            return false;
        }
        *bits |= UINT32_C(1) << tools[i];
    }
    return true;
}

static bool to_number(const struct field *f, const json_t *value, void *at)
{
    if (f->kind != IS_TEMP) {
        return json_is_integer(value) && set_int(f, at, json_integer_value(value));
    }
    double degrees = json_number_value(value);
    return json_is_number(value) && fabs(degrees) < 2e6 && set_int(f, at, llround(degrees * 1000));
}

static bool to_text(const struct field *f, const json_t *value, char *at)
{
    return json_is_string(value) &&
           str_copy(at, f->size, json_string_value(value), json_string_length(value));
}

static bool take_text(const json_t *object, const char *key, char *out, size_t size)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ||
           (json_is_string(value) &&
               str_copy(out, size, json_string_value(value), json_string_length(value)));
}

static bool to_filaments(const json_t *list, struct analysis_filament *out)
{
    if (!json_is_array(list) || json_array_size(list) > ANALYSIS_TOOLS) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *density = json_object_get(item, "density_mg_cm3");
        json_int_t mg = json_integer_value(density);
        if (!take_text(item, "type", out[i].type, sizeof out[i].type) ||
            !take_text(item, "colour", out[i].colour, sizeof out[i].colour) ||
            !json_is_integer(density) || mg < 0 || mg > 1000000) {
            return false;
        }
        out[i].density_mg_cm3 = (int)mg;
    }
    return true;
}

static bool from_json(const struct field *f, const json_t *value, void *at)
{
    switch (f->kind) {
    case IS_NUMBER:
    case IS_TEMP:
        return to_number(f, value, at);
    case IS_BOOL:
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value);
    case IS_TEXT:
        return to_text(f, value, at);
    case IS_POINT:
        return json_array_size(value) == 3 && to_list(value, at, 3);
    case IS_FILAMENT:
        return to_list(value, at, ANALYSIS_TOOLS);
    case IS_TOOLS:
        return to_tools(value, at);
    case IS_FILAMENTS:
        return to_filaments(value, at);
    }
    return false;
}

/* null stands for the field's unknown value; where it has none, for the zeros that are there. */
static bool set_unknown(const struct field *f, void *at)
{
    return f->unknown == NEVER ? f->kind == IS_TEXT || f->kind == IS_POINT || f->kind == IS_NUMBER
                               : set_int(f, at, f->unknown);
}

bool analysis_from_json(const json_t *object, struct analysis *out)
{
    *out = (struct analysis){0};
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        const json_t *value = json_object_get(object, f->name);
        char *at = (char *)out + f->offset;
        if (value == NULL ||
            !(json_is_null(value) ? set_unknown(f, at) : from_json(f, value, at))) {
            return false;
        }
    }
    return true;
}
