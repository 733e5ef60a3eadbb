/* What follows an upload of a slicer that does not ask for a print, by the configuration's
 * `upload_action`: nothing, or a job at the end of the local queue. Gcode and models become a job
 * of one set, held or not; a package is imported, which is always held.
 */
#ifndef PP_API_UPLOAD_ACTION_H
#define PP_API_UPLOAD_ACTION_H

#include "host/api/request.h"

/* `e` is NULL unless there should be a job and is none; `job`: its id, NULL = none. */
typedef void (*upload_action_cb)(
    struct request *r, const struct err *e, const char *file, const char *job);

/* The request must wait already (request_wait()); `done` must end that with request_wake(). It does
 * not run when the request is gone by then. */
void upload_action(struct request *r, const char *file, upload_action_cb done);

#endif
