/* manifest.json of a .gjob: a job as Continuous Print writes it. Pure.
 *
 * Read tolerantly: only `sets` and their `path` must be there, unknown keys are left out, null is
 * absent. What is there must be of its kind and in its bounds; PP_EINVAL names the field and quotes
 * the value. Written with every key, in Continuous Print's order.
 */
#ifndef PP_IO_GJOB_MANIFEST_H
#define PP_IO_GJOB_MANIFEST_H

#include "host/core/queue.h"

#define GJOB_MANIFEST_NAME "manifest.json"

/* The sets' paths are reduced to their last part. */
int gjob_manifest_read(const char *text, size_t len, struct queue_job **out, struct err *e);

/* Fresh text; `names` are those of the sets' entries, in order. */
char *gjob_manifest_write(const struct queue_job *job, const char *const *names);

/* True for a name that would be outside the folder it is unpacked into. */
bool gjob_leads_out(const char *path);

#endif
