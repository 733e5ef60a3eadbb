/* The name of an uploaded file: foreign text that becomes one plain file name. */
#ifndef PP_API_UPLOAD_NAME_H
#define PP_API_UPLOAD_NAME_H

#include <stdbool.h>

#define UPLOAD_NAME_SIZE 201

/* Keeps the last path component of `raw`; leaves out control characters, quotes, leading dots and
 * outer blanks; bytes that are not UTF-8 become '_'; a longer name is cut before its extension.
 * False if nothing is left. */
bool upload_name_clean(const char *raw, char out[static UPLOAD_NAME_SIZE]);

/* The folder that a form asks for: outer '/' are left out, nothing else is changed. False when it
 * does not fit. */
bool upload_name_folder(const char *raw, char out[static UPLOAD_NAME_SIZE]);

/* True for what is taken: gcode, models, packages of jobs, by the suffix. */
bool upload_name_is_taken(const char *name);

#endif
