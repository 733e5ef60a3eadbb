/* Reading a spec: what the parts of the reader share. For fault_spec.c, fault_value.c,
 * fault_when.c.
 */
#ifndef PPV_FAULT_READ_H
#define PPV_FAULT_READ_H

#include "tools/ppvirtual/fault_table.h"

#define WORD_MAX 48

/* One `key=value` of a spec; the value still escaped. */
struct fault_pair {
    char key[WORD_MAX];
    char value[FAULT_SPEC_MAX];
};

/* The spec being read, for messages. */
struct fault_reading {
    const char *spec;
    struct fault *f;
    bool has_at;
    bool has_do;
    uint32_t given; /* BIT(enum fault_arg) */
    struct err *e;
};

/* Errors, for people: `KEY="VALUE": RIGHT`, and `no such KIND, did you mean ...`. PP_EINVAL. */
int fault_refuse(struct fault_reading *r, const char *key, const char *value, const char *right);
int fault_refuse_word(struct fault_reading *r, const char *key, const char *value, const char *kind,
    const char *const *names, size_t count);

/* Resolves \n \r \t \, \\ and \xNN; returns the length, or -1 for another escape or too long. */
int fault_unescape(const char *in, char *out, size_t out_size);

/* The value behind a key, into r->f. PP_EINVAL. */
int fault_read_value(struct fault_reading *r, const struct fault_pair *p, enum fault_arg arg);

/* The value behind at=, into r->f. PP_EINVAL. */
int fault_read_when(struct fault_reading *r, const char *value);

#endif
