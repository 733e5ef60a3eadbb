/* Which hosts there are on this machine, and which one is meant.
 *
 * A running host keeps `NAME.json` {url, pid, key, name} in a runtime folder. When $PPHOST_RUNTIME
 * is set that folder alone counts; else $XDG_RUNTIME_DIR/pphost, /run/pphost and /tmp/pphost-UID
 * do. Left out: files of a process that is gone, and (with a remark) files that somebody else could
 * have put there: wrong owner, writable by others, or no such document.
 */
#ifndef PP_PPCTL_HOSTS_H
#define PP_PPCTL_HOSTS_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define HOSTS_MAX 64

struct host {
    char name[64];  /* "" when given by URL */
    char url[256];  /* "http://127.0.0.1:8125", no '/' at the end */
    char key[128];  /* "" = none */
    char dir[256];  /* runtime folder it was found in; "" when given by URL */
    char via[64];   /* the request goes through this host to the one of that name; "" = it is it */
    bool key_given; /* by --key-file or PPCTL_KEY, not from the runtime file */
};

struct hosts {
    struct host host[HOSTS_MAX]; /* by name */
    size_t count;
    struct strbuf remarks; /* why files were left out, "; " between */
};

/* Looks through the runtime folders of this user and machine. Free with hosts_fini(). */
void hosts_find(struct hosts *h);

/* The host called `name`; NULL if there is none. */
struct host *hosts_named(struct hosts *h, const char *name);

/* Forgets (and wipes) the keys. */
void hosts_fini(struct hosts *h);

/* Reads the runtime file again: after a restart url and key are new. False if there is none now. */
bool host_refresh(struct host *h);

/* True if `target` is an address (URL or host:port) and no name. */
bool host_is_url(const char *target);

/* An address in its normal form: scheme added, no '/' at the end; refuses what is no http(s) URL,
 * and user names or keys in it. */
int host_parse_url(const char *text, char *out, size_t out_size, struct err *e);

/* "mk3", or the address of a host without a name. */
const char *host_label(const struct host *h);

#endif
