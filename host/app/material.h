/* Materials: what a filament weighs and how hot it is printed, from profiles/materials/NAME.yaml.
 *
 * Folders and overriding as for printers (profile.h).
 */
#ifndef PP_APP_MATERIAL_H
#define PP_APP_MATERIAL_H

#include "host/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct material {
    char id[64];
    char name[96];
    char *types[16];    /* names slicers give it ("PLA"); owned */
    int32_t tool_mc[2]; /* from, to */
    int32_t bed_mc[2];
    double density_g_cm3;
    int64_t diameter_um;
    char source[256];
};

struct materials;

int materials_open(struct materials **out, const char *const *dirs, struct err *e);
void materials_close(struct materials *m);

const struct material *materials_find(const struct materials *m, const char *id); /* NULL if none */
const struct material *materials_at(const struct materials *m, size_t index);     /* NULL past */
const char *materials_mistake(const struct materials *m, size_t index);           /* NULL past */

/* The material one of whose types is this (any case); NULL if none. */
const struct material *materials_match(const struct materials *m, const char *type);

/* What this length of filament weighs, in grams. */
double material_grams(const struct material *m, int64_t length_um);

/* The same by a material's key (TYPE or TYPE_Color_#rrggbb); of a type that is not known, by what
 * it begins with ("PLA-Wood"). 0 when nothing is known of it. `materials`: a struct materials; the
 * form is that of `weigh` in store.h. */
double materials_weigh(void *materials, const char *key, int64_t length_um);

#endif
