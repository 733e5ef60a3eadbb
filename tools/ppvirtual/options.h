/* The command line of ppvirtual. */
#ifndef PPV_OPTIONS_H
#define PPV_OPTIONS_H

#include "tools/ppvirtual/model.h"

#include "host/base/err.h"

struct options {
    const char *link;     /* a pty of our own, linked here; or */
    const char *device;   /* an existing one */
    const char *report;   /* NULL: none */
    const char *executed; /* file for the executed commands; NULL: none */
    const char *sd;       /* folder whose gcode files are on the SD card; NULL: no card slot */
    bool verbose;
    bool help;
    bool version;
    bool help_faults;
    const char *control; /* socket for orders while it runs; NULL: none */
    struct settings settings;
    struct fault_set faults;
};

/* Reads argv; strings stay borrowed from it. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);

extern const char options_help[];

#endif
