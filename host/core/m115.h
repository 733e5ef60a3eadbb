/* What a printer says of itself in answer to M115, line by line; capabilities are in
 * host/core/caps.h.
 *
 * One line holds `FIRMWARE_NAME:Marlin 2.1 (date) SOURCE_CODE_URL:... MACHINE_TYPE:... UUID:...`,
 * with blanks inside the values; Malyan's holds `NAME. Malyan VER: 3.8 MODEL: M200` instead. Newer
 * Marlins add `area:{full:{min:{x:0,...},max:{...}},work:{...}}`. Pure.
 */
#ifndef PP_CORE_M115_H
#define PP_CORE_M115_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct m115 {
    char firmware[128]; /* "" = not told, as all texts; escaped, so safe to print */
    char machine[128];
    char uuid[64];
    bool has_area;
    int64_t min_um[3]; /* X Y Z: where the axes can go */
    int64_t max_um[3];
};

/* Takes one line into `m` (zero-initialise before the first); false if it is none of these. */
bool m115_take(struct m115 *m, const char *line);

/* Compares the area with the space a profile prints in (micrometres, `slack_um` more is let pass):
 * true, and a sentence, if the profile goes beyond what the printer says. */
bool m115_contradicts(const struct m115 *m, const int64_t min_um[3], const int64_t max_um[3],
    int64_t slack_um, char *text, size_t text_size);

#endif
