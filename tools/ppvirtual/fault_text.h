/* What firmwares say when something is over: one row per form. */
#ifndef PPV_FAULT_TEXT_H
#define PPV_FAULT_TEXT_H

#include <stdbool.h>

struct fatal_text {
    const char *name;
    const char *text; /* lines, each ending in \n */
    bool revivable;   /* M999 brings it back */
};

/* In the order of fatal_names. */
extern const struct fatal_text fatal_texts[];

/* NULL-terminated. */
extern const char *const fatal_names[];

#endif
