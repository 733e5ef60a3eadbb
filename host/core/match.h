/* Which known printer does a file's word for its printer mean? Pure.
 *
 * First the exact name (any case), then words: both names are cut into words at everything that is
 * neither letter nor digit and between letters and digits, and compared without case. A match must
 * have every word of the wanted model that tells models apart (numbers and short codes: "6", "SE",
 * "V2", "Pro", "MK4"), reach MATCH_THRESHOLD and beat the second by MATCH_MARGIN; else there is
 * none. Better none than a wrong one: a file for a "Creality CR-6 SE" is not for a CR-30.
 */
#ifndef PP_CORE_MATCH_H
#define PP_CORE_MATCH_H

#include <stddef.h>

#define MATCH_THRESHOLD 0.6
#define MATCH_MARGIN    0.15

struct match_candidate {
    const char *id;
    const char *name;          /* for people: "Creality Ender-3 V2" */
    const char *const *models; /* other names, NULL-terminated; NULL = none */
};

/* The index of the one meant, -1 if none is or several are. `score` (may be NULL) gets 0..1. */
int match_model(
    const char *model, const struct match_candidate *candidates, size_t count, double *score);

#endif
