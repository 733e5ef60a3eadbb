/* The inside of yaml.h: one document being read. yaml.c parses it, yaml_field.c walks the tree by
 * the tables.
 */
#ifndef PP_BASE_YAML_READER_H
#define PP_BASE_YAML_READER_H

#include "host/base/yaml.h"

#include <yaml.h>

struct yaml_reader {
    const char *file; /* name shown */
    const char *bytes;
    size_t len;
    yaml_document_t doc;
    struct yaml_mistakes *mistakes;
};

struct yaml_mark yaml_mark_of(yaml_mark_t m);

/* Adds a mistake at a node. */
void yaml_wrong(struct yaml_reader *r, const yaml_node_t *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* True for "key:" with nothing behind it, and for "~". */
bool yaml_is_null(const yaml_node_t *n);

/* Reads a mapping into `target`; `n` may be a null, or NULL (an empty document). */
void yaml_read_table(
    struct yaml_reader *r, const yaml_node_t *n, const struct yaml_table *table, void *target);

#endif
