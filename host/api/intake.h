/* The intake of a file: a request's body, raw or multipart, streamed into an upload.
 *
 * Happy path: intake_begin() before the body, intake_data() for its pieces, intake_commit() in the
 * handler, whose callback gets the stored file. intake_free() at any time leaves nothing behind.
 * Failure modes: no part `file` (400), a name that is neither gcode, model nor package (415),
 * the quota (413), a full disk (507), a body cut short (400).
 */
#ifndef PP_API_INTAKE_H
#define PP_API_INTAKE_H

#include "host/api/request.h"
#include "host/app/files.h"

struct intake;

/* Reads name and kind from the request's route; sets r->intake, or says why not. */
int intake_begin(struct request *r, struct err *e);

int intake_data(struct intake *i, const char *bytes, size_t len, struct err *e);

/* True while the disk is behind: take no more until request_go_on() is called. */
bool intake_full(const struct intake *i);

/* What the form said besides the file. */
bool intake_wants_print(const struct intake *i);
bool intake_wants_select(const struct intake *i);

/* Stores the file; `done` runs later with the entry and must end with request_wake(). When it
 * cannot, the error is replied and nothing runs later. */
void intake_commit(
    struct request *r, void (*done)(struct request *r, const struct file_entry *entry));

/* Ends a file that is only passed on: `done` runs later with its path, good until it ends with
 * request_wake(). Errors as with intake_commit(). */
void intake_pass(struct request *r, void (*done)(struct request *r, const char *path));

void intake_free(struct intake *i);

#endif
