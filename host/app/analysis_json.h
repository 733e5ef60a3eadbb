/* The analysis of a file as JSON: for the store and the API. What is unknown is null, never absent.
 *
 * Lengths are integers in micrometres (`_um`), times in milliseconds (`_ms`), temperatures numbers
 * in degrees Celsius (`_c`), lines 1-based.
 */
#ifndef PP_APP_ANALYSIS_JSON_H
#define PP_APP_ANALYSIS_JSON_H

#include "host/core/analyze.h"

#include <jansson.h>

/* A fresh object. */
json_t *analysis_to_json(const struct analysis *a);

/* Reads what analysis_to_json() made; false, and *out is unspecified, when a field is missing or is
 * none of its kind. */
bool analysis_from_json(const json_t *object, struct analysis *out);

#endif
