/* A heater's temperatures over time, thinned when full: every second sample goes, and from then on
 * half as many are taken. */
#ifndef PPV_HISTORY_H
#define PPV_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#define HISTORY_MAX 1024

struct sample {
    uint64_t at_ns;
    float temp;
    float target;
};

struct history {
    struct sample samples[HISTORY_MAX];
    size_t len;
    size_t every; /* one of so many calls is kept; 0 counts as 1 */
    size_t calls;
};

void history_add(struct history *h, struct sample s);

#endif
