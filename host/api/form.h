/* Small form fields as JSON: application/x-www-form-urlencoded and multipart/form-data. Pure.
 *
 * {"name": text}; a field that comes several times, or is called "name[]", is a list of texts under
 * "name". A body that begins with '{' is JSON, whatever it is called: that is what curl -d sends.
 * Failure modes: a broken percent sign, bytes that are not UTF-8, a NUL, a file among the fields, a
 * multipart body that is cut short or has no boundary (PP_EINVAL, the piece is quoted); another
 * type of body (PP_ETYPE); too many fields (PP_ETOOBIG).
 */
#ifndef PP_API_FORM_H
#define PP_API_FORM_H

#include "host/base/err.h"

#include <jansson.h>
#include <stddef.h>

#define FORM_FIELDS_MAX 2000
#define FORM_NAME_MAX   64 /* bytes of a field's name */

/* `type`: the Content-Type, NULL = none was said. The caller drops `*out`. */
int form_parse(json_t **out, const char *type, const char *bytes, size_t len, struct err *e);

#endif
