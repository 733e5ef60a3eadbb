/* What a stored file is, by the suffix of its name: gcode that prints, a model that has to be
 * sliced first, or a package of a job. Pure.
 */
#ifndef PP_CORE_FILE_KIND_H
#define PP_CORE_FILE_KIND_H

#include <stdbool.h>
#include <stddef.h>

enum file_kind {
    FILE_GCODE,   /* .gcode .gco .gc .g, and whatever has no suffix known here */
    FILE_MODEL,   /* .stl .3mf .obj */
    FILE_PACKAGE, /* .gjob */
    FILE_KINDS
};

/* By the suffix, in any case. */
enum file_kind file_kind_of(const char *name);

/* "gcode", "model", "job". */
const char *file_kind_name(enum file_kind kind);

/* The suffix of the name's last part, with its dot; NULL unless it is one of those above and
 * something stands before it. */
const char *file_kind_suffix(const char *name);

#endif
