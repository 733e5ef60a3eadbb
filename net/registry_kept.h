/* The last registry that was right, kept in a file for when its source is away.
 *
 * The file is the registry itself behind a line of comment that says where it is from; a copy from
 * another place is not given out, for it would be another registry. All of it may be called in
 * libuv's pool.
 */
#ifndef PP_NET_REGISTRY_KEPT_H
#define PP_NET_REGISTRY_KEPT_H

#include "host/base/str.h"

/* FOLDER/registry-NAME.yaml, with what is no letter or digit of the name as %XX; owned by the
 * caller. */
char *kept_path(const char *folder, const char *name);

/* Written only when it differs from what is there. That it cannot be kept is no reason not to use
 * it: nobody is told. */
void kept_save(const char *path, const char *where, const char *cid, const char *bytes, size_t len);

/* False when there is none from `where`; its mistakes are told with the lines of the file. */
bool kept_load(
    const char *path, const char *where, struct strbuf *bytes, char *cid, size_t cid_size);

#endif
