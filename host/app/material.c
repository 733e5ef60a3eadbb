#include "host/app/material.h"

#include "host/app/shelf.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define AT(member)   offsetof(struct material, member)

struct materials {
    struct shelf *shelf;
};

static const struct yaml_field fields[] = {
    {.key = "name", .kind = YAML_STRING, .offset = AT(name), .size = 96, .required = true},
    {.key = "types", .kind = YAML_STRINGS, .offset = AT(types), .size = 15, .required = true},
    {.key = "tool",
        .kind = YAML_CELSIUS,
        .offset = AT(tool_mc),
        .count = 2,
        .min = 100,
        .max = 500,
        .required = true},
    {.key = "bed",
        .kind = YAML_CELSIUS,
        .offset = AT(bed_mc),
        .count = 2,
        .max = 250,
        .required = true},
    {.key = "density",
        .kind = YAML_REAL,
        .offset = AT(density_g_cm3),
        .min = 0.1,
        .max = 20,
        .required = true},
    {.key = "diameter", .kind = YAML_MM, .offset = AT(diameter_um), .min = 0.5, .max = 5},
};

static const struct yaml_table table = {.fields = fields, .count = COUNT(fields)};

static void init(void *item, const char *id, const char *source)
{
    struct material *m = item;
    str_copy(m->id, sizeof m->id, id, strlen(id));
    str_copy(m->source, sizeof m->source, source, strlen(source));
    m->diameter_um = 1750;
}

static void check_order(
    const int32_t range[2], const char *key, const char *source, struct yaml_mistakes *mistakes)
{
    if (range[0] > range[1]) {
        yaml_mistake(mistakes, source, (struct yaml_mark){0},
            "%s: [%g, %g]: the second must be the larger one", key, range[0] / 1000.0,
            range[1] / 1000.0);
    }
}

static void finish(void *item, const char *source, struct yaml_mistakes *mistakes)
{
    const struct material *m = item;
    check_order(m->tool_mc, "tool", source, mistakes);
    check_order(m->bed_mc, "bed", source, mistakes);
}

static void fini(void *item)
{
    struct material *m = item;
    for (size_t i = 0; i < COUNT(m->types); i++) {
        free(m->types[i]);
    }
}

static const struct shelf_kind kind = {
    .folder = "materials",
    .size = sizeof(struct material),
    .table = &table,
    .init = init,
    .finish = finish,
    .fini = fini,
};

int materials_open(struct materials **out, const char *const *dirs, struct err *e)
{
    struct shelf *shelf = NULL;
    int rc = shelf_open(&shelf, &kind, dirs, e);
    if (rc == 0) {
        *out = mem_alloc(sizeof **out);
        (*out)->shelf = shelf;
    }
    return rc;
}

void materials_close(struct materials *m)
{
    if (m != NULL) {
        shelf_close(m->shelf);
        free(m);
    }
}

const struct material *materials_find(const struct materials *m, const char *id)
{
    return shelf_find(m->shelf, id);
}

const struct material *materials_at(const struct materials *m, size_t index)
{
    return shelf_at(m->shelf, index);
}

const char *materials_mistake(const struct materials *m, size_t index)
{
    return shelf_mistake(m->shelf, index);
}

static bool has_type(const struct material *m, const char *type)
{
    for (size_t i = 0; i < COUNT(m->types) && m->types[i] != NULL; i++) {
        if (strcasecmp(m->types[i], type) == 0) {
            return true;
        }
    }
    return false;
}

const struct material *materials_match(const struct materials *m, const char *type)
{
    const struct material *found = NULL;
    for (size_t i = 0; (found = materials_at(m, i)) != NULL && !has_type(found, type);) {
        i++;
    }
    return found;
}

double material_grams(const struct material *m, int64_t length_um)
{
    double radius_cm = (double)m->diameter_um / 2e4;
    return 3.14159265358979 * radius_cm * radius_cm * ((double)length_um / 1e4) * m->density_g_cm3;
}

/* "PLA-Wood" is taken for "PLA"; "PLANT" and "P" for nothing. */
static const struct material *match_beginning(const struct materials *m, const char *type)
{
    char beginning[64];
    size_t len = strcspn(type, "-+ ");
    if (len == 0 || type[len] == '\0' || !str_copy(beginning, sizeof beginning, type, len)) {
        return NULL;
    }
    return materials_match(m, beginning);
}

double materials_weigh(void *materials, const char *key, int64_t length_um)
{
    char type[64];
    if (!str_copy(type, sizeof type, key, strcspn(key, "_"))) {
        return 0;
    }
    const struct material *m = materials_match(materials, type);
    m = m != NULL ? m : match_beginning(materials, type);
    return m != NULL ? material_grams(m, length_um) : 0;
}
