/* The store's scripts and conditions of a person, and which of them hang on which moment.
 *
 * One change is one transaction: all of it, or after an error nothing.
 */
#ifndef PP_IO_STORE_SCRIPTS_H
#define PP_IO_STORE_SCRIPTS_H

#include "host/io/store.h"

struct script_row {
    bool condition; /* else a script */
    char name[64];
    char *description; /* owned */
    char *body;        /* owned; NULL in a change: the row is removed */
    bool clears_bed;
};

/* A moment that was never set has no rows at all; one with an empty list has one row with the
 * script "". */
struct hook_row {
    char moment[32];
    char script[64];
    char condition[64];
};

struct script_change {
    struct script_row *scripts; /* owned, also what they own */
    size_t script_count;
    /* All hooks of the moments that occur here, in order. */
    struct hook_row *hooks; /* owned */
    size_t hook_count;
};

void script_change_fini(struct script_change *c);

/* Takes what `c` owns. */
void store_change_scripts(struct store *s, struct script_change *c, store_cb done, void *context);

/* At start: everything, scripts by name, hooks in order; script_change_fini() frees it. */
int store_load_scripts(struct store *s, struct script_change *out, struct err *e);

#endif
