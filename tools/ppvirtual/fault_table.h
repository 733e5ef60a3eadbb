/* The faults and their keys as const tables; for fault*.c alone. */
#ifndef PPV_FAULT_TABLE_H
#define PPV_FAULT_TABLE_H

#include "tools/ppvirtual/fault.h"

#define BIT(arg) (UINT32_C(1) << (arg))

struct fault_default {
    enum fault_arg arg;
    double value;
};

struct fault_row {
    const char *name;
    enum fault_seam seam;
    uint32_t args; /* BIT(enum fault_arg) of those it takes */
    uint32_t need; /* those that must be given */
    struct fault_default defaults[4];
    const char *help;
};

enum fault_type {
    TYPE_NUMBER,
    TYPE_WHOLE,
    TYPE_POS,
    TYPE_WORD,
    TYPE_TEXT,
    TYPE_TIMES
};

struct fault_key {
    const char *name;
    enum fault_type type;
    double min;
    double max;
    double preset;
    const char *const *words; /* TYPE_WORD: NULL-terminated */
    const char *help;
};

struct fault_when {
    const char *name;
    enum fault_at at;
    const char *value; /* what follows the colon; NULL: nothing */
    bool forever;      /* fires each time; the others once */
    const char *help;
};

extern const struct fault_row fault_rows[FAULT_KINDS];
extern const struct fault_key fault_keys[FAULT_ARGS];
extern const struct fault_when fault_whens[];
extern const size_t fault_whens_count;

#endif
