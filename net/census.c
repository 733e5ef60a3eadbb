/* How many hosts there are; see census.h. */
#include "net/census.h"

#include <math.h>
#include <string.h>

#define Z95 1.96

void census_init(struct census *c)
{
    *c = (struct census){.probability = 1, .result = {.exact = true, 1, 1, 1}};
}

double census_probability(uint64_t expected)
{
    return expected > CENSUS_TARGET ? (double)CENSUS_TARGET / (double)expected : 1;
}

bool census_answers(double probability, double draw)
{
    return draw < probability;
}
