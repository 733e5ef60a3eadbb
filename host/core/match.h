/* Which known printer does a file's word for its printer mean? Pure.
 *
 * First the exact name (any case): id, name or one of the models of just one candidate. Then by
 * words: names are cut at everything that is neither letter nor digit and between letters and
 * digits ("CR-6 SE" is as good as "CR6SE"), and each word is of one of three kinds:
 *
 * - makers ("Creality", "Two Trees"): may be left out on one side, must never contradict;
 * - words that say nothing of the model ("0.4 nozzle", "printer", "PETG", "fast"): cost a little;
 * - all others tell models apart and must be the same on both sides, in the same order.
 *
 * So an "Ender-3 V2" is never taken for an "Ender-3", nor the other way round, and a word never
 * seen ("Ender-3 Quux") makes another model of it. What is left is scored by the share of words
 * that agree; it must reach MATCH_THRESHOLD and beat the second by MATCH_MARGIN. Better none than a
 * wrong one.
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

/* The index of the one meant, -1 if none is or several are. `score` (may be NULL) gets 0..1: 1 for
 * an exact name, else that of the best. */
int match_model(
    const char *model, const struct match_candidate *candidates, size_t count, double *score);

/* The same by words alone, for a name that a person made up: "mini" may be anyone's. */
int match_words(
    const char *model, const struct match_candidate *candidates, size_t count, double *score);

#endif
