#include "tools/ppvirtual/medium.h"

#include "host/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_gcode(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && dot != entry->d_name && (dot[1] == 'g' || dot[1] == 'G');
}

static int load_one(struct card *c, const char *dir, const char *name, struct err *e)
{
    char path[PATH_MAX];
    struct strbuf bytes = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int rc = file_read(path, CARD_BYTES, &bytes, e);
    if (rc == 0 && !card_add(c, name, strbuf_text(&bytes), bytes.len)) {
        rc = err_set(e, PP_ETOOBIG, "\"%s\": the card is full (%d files, %d MiB)", path, CARD_FILES,
            (int)(CARD_BYTES >> 20));
    }
    strbuf_fini(&bytes);
    return rc;
}

int medium_load(struct card *c, const char *dir, struct err *e)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, is_gcode, alphasort);
    int rc = count < 0 ? err_errno(e, errno, "--sd \"%s\"", dir) : 0;
    for (int i = 0; i < count; i++) {
        if (rc == 0) {
            rc = load_one(c, dir, entries[i]->d_name, e);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return rc;
}
