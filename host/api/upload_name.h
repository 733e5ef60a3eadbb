/* The name of an uploaded file: foreign text that becomes one plain file name. */
#ifndef PP_API_UPLOAD_NAME_H
#define PP_API_UPLOAD_NAME_H

#include <stdbool.h>

#define UPLOAD_NAME_SIZE 201

/* Keeps the last path component of `raw`; leaves out control characters, quotes, leading dots and
 * outer blanks; bytes that are not UTF-8 become '_'; a longer name is cut before its extension.
 * False if nothing is left. */
bool upload_name_clean(const char *raw, char out[static UPLOAD_NAME_SIZE]);

/* True for .gcode, .gco, .g and .gc in any case. */
bool upload_name_is_gcode(const char *name);

#endif
