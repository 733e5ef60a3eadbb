/* Sends a file of this machine to the host, with a bar on a terminal. */
#ifndef PP_PPCTL_UPLOAD_H
#define PP_PPCTL_UPLOAD_H

#include "tools/ppctl/ppctl.h"

#include <stdio.h>

struct upload {
    struct ppctl *c;
    const char *path;
    const char *name; /* of the file, without folders */
    FILE *file;
    int64_t bytes;
    uint64_t start_ms;
    bool was_there; /* the host had this very content under that name */
};

/* Opens it and refuses what can be no file for printing; an exit status. upload_close() either way.
 */
int upload_open(struct upload *u, struct ppctl *c, const char *path);

/* Sends it to `url` ("/api/v1/files/NAME", escaped) as `name`; *doc (owned) gets the answer. */
int upload_send(struct upload *u, const char *url, json_t **doc);

/* The same, unless it is there already: a file that is just printed can be printed again, though
 * not replaced. *doc is what the host says of the file. */
int upload_place(struct upload *u, const char *url, json_t **doc);

void upload_close(struct upload *u);

#endif
