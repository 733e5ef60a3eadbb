/* Tells when files of a person change: configuration, profiles.
 *
 * For a file its folder is watched, as editors replace files; what is not there yet (or cannot be
 * watched) is looked for once a second. Changes within 200 ms are told once. The callback means
 * "read again": something may have changed, not that it did.
 */
#ifndef PP_APP_WATCH_H
#define PP_APP_WATCH_H

#include <uv.h>

struct watch;

typedef void (*watch_cb)(void *context);

/* `paths`: NULL-terminated, files or folders, there or not. */
struct watch *watch_open(
    uv_loop_t *loop, const char *const *paths, watch_cb changed, void *context);

/* No call of `changed` from here on; `closed` (may be NULL) runs once it is gone. */
void watch_close(struct watch *w, void (*closed)(void *context), void *context);

#endif
