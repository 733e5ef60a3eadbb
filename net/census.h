/* How many hosts there are: exactly up to 200, beyond that by a poll. Pure.
 *
 * The leader asks every peer; each answers with probability p, chosen so that about 50 do. n
 * answers of N: N̂ = n/p is unbiased, its variance N(1-p)/p estimated by n(1-p)/p², so 95 % lie
 * within N̂ ± 1.96·sqrt(n(1-p))/p, and never below n. The last polls combine: N̂ = Σn/Σp, variance
 * N̂·Σp(1-p)/(Σp)². The one who asks is added. A new leader polls at once.
 *
 * Happy path: census_step() once a second; when it says so the poll goes to everybody,
 * census_answer() for each answer, `result` is what to tell.
 *
 * Failure modes: answers to an older poll, or after its time, are not counted; hosts that came or
 * went by the hundred make what is older than the last poll worthless: it is left out.
 */
#ifndef PP_NET_CENSUS_H
#define PP_NET_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CENSUS_EXACT_MAX 200
#define CENSUS_TARGET    50
#define CENSUS_EVERY_MS  60000
#define CENSUS_WINDOW_MS 5000
#define CENSUS_POLLS     5 /* that are combined */

struct census_result {
    bool exact;
    uint64_t peers;     /* with the one who counts */
    uint64_t low, high; /* of the 95 % interval; equal to peers when exact */
};

struct census {
    double probability; /* of the poll under way or the next */
    uint64_t poll;      /* its number; 0 = none yet */
    uint64_t answers;
    uint64_t open_until_ms; /* 0 = no poll is open */
    uint64_t next_ms;
    struct census_result result;
    struct census_poll {
        uint64_t answers;
        double probability;
    } polls[CENSUS_POLLS]; /* the latest first */
    size_t polls_count;
};

void census_init(struct census *c);
/* `linked`: peers this host is linked to or hears of, without itself. True when a poll has to be
 * sent now with c->poll and c->probability. */
bool census_step(struct census *c, uint64_t now_ms, size_t linked, bool leader);
void census_answer(struct census *c, uint64_t poll);
/* Does this host answer? `draw` is uniform in [0, 1). */
bool census_answers(double probability, double draw);
/* Of one poll; the one who asks is added. */
struct census_result census_estimate(uint64_t answers, double probability);
double census_probability(uint64_t expected);

#endif
