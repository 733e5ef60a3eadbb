/* profiles/scripts/NAME.yaml: one script (`gcode:`) or one condition (`lua:`).
 *
 * Folders, hiding and mistakes as for printers (host/app/shelf.h). Template and Lua syntax are
 * checked when the file is read.
 */
#ifndef PP_APP_QUEUE_SCRIPT_FILE_H
#define PP_APP_QUEUE_SCRIPT_FILE_H

#include "host/app/queue/scripts.h"
#include "host/app/shelf.h"

struct script_file {
    struct scripts_entry entry; /* its texts are owned */
    bool condition;
    char *gcode; /* owned; NULL for a condition */
    char *lua;   /* owned; NULL for a script */
    struct yaml_mark marks[4];
};

extern const struct shelf_kind script_file_kind;

/* What may stand in a script or a condition: size and syntax. PP_EINVAL names the line. */
int script_body_check(const char *body, struct err *e);
int condition_body_check(const char *body, struct err *e);

#endif
