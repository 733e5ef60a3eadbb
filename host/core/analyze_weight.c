/* Filament by weight. */
#include "host/core/analyze.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *material;
    int mg_cm3;
} usual[] = {
    {"PLA", 1240},
    {"PETG", 1270},
    {"PET", 1270},
    {"ABS", 1040},
    {"ASA", 1070},
    {"TPU", 1210},
    {"FLEX", 1210},
    {"PC", 1200},
    {"PA", 1140},
    {"NYLON", 1140},
    {"HIPS", 1040},
    {"PVA", 1230},
    {"PP", 900},
    {"PVB", 1080},
};

/* Of "PLA" and of what begins with it ("PLA-CF"); 0 if nothing is known. */
static int usual_density(const char *material)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (strncasecmp(material, usual[i].material, strlen(usual[i].material)) == 0) {
            return usual[i].mg_cm3;
        }
    }
    return 0;
}

static int64_t weight(const struct analysis *a, int density, int64_t filament_um)
{
    double diameter_mm = a->filament_diameter_um > 0 ? a->filament_diameter_um / 1000.0 : 1.75;
    double mm3 = M_PI / 4 * diameter_mm * diameter_mm * ((double)filament_um / 1000);
    return (int64_t)(mm3 * density / 1000 + 0.5);
}

int64_t analyze_weight_mg(const struct analysis *a, int64_t filament_um)
{
    int density = a->density_mg_cm3 > 0 ? a->density_mg_cm3 : usual_density(a->material);
    return weight(a, density, filament_um);
}

int64_t analyze_tool_weight_mg(const struct analysis *a, int tool, int64_t filament_um)
{
    const struct analysis_filament *f = &a->filament[tool];
    if (f->density_mg_cm3 > 0) {
        return weight(a, f->density_mg_cm3, filament_um);
    }
    return f->type[0] != '\0' ? weight(a, usual_density(f->type), filament_um)
                              : analyze_weight_mg(a, filament_um);
}
