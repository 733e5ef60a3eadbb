/* How often a test of many random cases tries: the quick check tries less often. */
#ifndef TEST_ROUNDS_H
#define TEST_ROUNDS_H

#include <stdlib.h>

/* PP_ROUNDS, or `otherwise`. */
static inline int rounds(int otherwise)
{
    const char *text = getenv("PP_ROUNDS");
    int n = text != NULL ? atoi(text) : otherwise;
    return n > 0 ? n : otherwise;
}

#endif
