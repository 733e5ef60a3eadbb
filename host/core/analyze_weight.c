/* Filament by weight. */
#include "host/core/analyze.h"

#include <math.h>
#include <string.h>
#include <strings.h>

int64_t analyze_weight_mg(const struct analysis *a, int64_t filament_um)
{
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
    int density = a->density_mg_cm3;
    for (size_t i = 0; density == 0 && i < sizeof usual / sizeof *usual; i++) {
        size_t n = strlen(usual[i].material);
        if (strncasecmp(a->material, usual[i].material, n) == 0) {
            density = usual[i].mg_cm3;
        }
    }
    double diameter_mm = a->filament_diameter_um > 0 ? a->filament_diameter_um / 1000.0 : 1.75;
    double mm3 = M_PI / 4 * diameter_mm * diameter_mm * ((double)filament_um / 1000);
    return (int64_t)(mm3 * density / 1000 + 0.5);
}
