/* The hosts that get the load: given by address, or found in the runtime folders of this machine.
 *
 * A running host keeps `NAME.json` {url, pid, key} there: $PPHOST_RUNTIME alone when it is set,
 * else $XDG_RUNTIME_DIR/pphost, /run/pphost and /tmp/pphost-UID. Passed over: files of a process
 * that is gone, of another user than root, us or the folder's, or that everybody may write.
 */
#ifndef PP_PPLOAD_HOSTS_H
#define PP_PPLOAD_HOSTS_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define HOSTS_MAX 64

struct host {
    char name[64]; /* of the runtime file, or the address */
    char url[256]; /* no '/' at its end */
    char key[128]; /* "" = none */
};

struct hosts {
    struct host at[HOSTS_MAX];
    size_t count;
};

/* Adds "http://printer:8125", "printer:8125=KEY" or the name of a host of this machine. Without
 * =KEY an address gets `key` ("" = none). PP_EINVAL, PP_ENOTFOUND, PP_ELIMIT. */
int hosts_add(struct hosts *h, const char *text, const char *key, struct err *e);

/* Adds every host of this machine. */
void hosts_find(struct hosts *h);

#endif
