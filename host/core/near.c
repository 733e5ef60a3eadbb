#include "host/core/near.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

static unsigned char least(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return (unsigned char)(m < c ? m : c);
}

/* Edit distance with a free beginning and a free end (Sellers): row[i] is what the first i
 * characters of the needle cost when they end here. */
bool near_in(const char *text, size_t len, const char *needle, unsigned edits)
{
    unsigned char row[NEAR_MAX + 1];
    size_t n = strlen(needle);
    assert(n <= NEAR_MAX);
    for (size_t i = 0; i <= n; i++) {
        row[i] = (unsigned char)i;
    }
    for (size_t at = 0; at < len && row[n] > edits; at++) {
        unsigned char before = row[0]; /* of the column to the left, one row up */
        int c = tolower((unsigned char)text[at]);
        for (size_t i = 1; i <= n; i++) {
            unsigned char left = row[i];
            unsigned other = needle[i - 1] != c;
            row[i] = least(before + other, left + 1u, row[i - 1] + 1u);
            before = left;
        }
    }
    return row[n] <= edits;
}
