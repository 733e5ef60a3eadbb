/* The values of YAML fields from their text: numbers, durations, sizes, words. Used by yaml.c. */
#ifndef PP_BASE_YAML_VALUE_H
#define PP_BASE_YAML_VALUE_H

#include "host/base/yaml.h"

/* Stores the value at `place`; PP_EINVAL tells what would be right. Kinds BOOL to SIZE. */
int yaml_value_parse(
    const struct yaml_field *field, const char *text, size_t len, void *place, struct err *e);

/* Bytes that one value of this kind takes in its struct (kinds BOOL to SIZE). */
size_t yaml_value_size(enum yaml_kind kind);

#endif
