/* What a request says of a job: JSON read into the queue's own structs.
 *
 * Every mistake names the field as the client wrote it ("sets[1].count"), quotes what stands there
 * and says what would be right. Profiles, materials and files are looked up, so that a misspelt one
 * is told now and not when the printer waits for it at night.
 */
#ifndef PP_API_JOB_INPUT_H
#define PP_API_JOB_INPUT_H

#include "host/app/files.h"
#include "host/app/material.h"
#include "host/app/profile.h"
#include "host/core/queue.h"

#include <jansson.h>

/* Where names are looked up; what is NULL is not checked. All borrowed. */
struct job_known {
    const struct files *files;
    const struct profiles *profiles;
    const struct materials *materials;
};

/* A job as wanted, and what was said of it. */
struct job_input {
    struct queue_job *job; /* owned */
    unsigned mask;         /* enum queue_field: what was said */
    char queue[QUEUE_NAME_MAX + 1];
    int64_t position; /* 1-based; 0 = at the end */
    int64_t revision; /* -1 = none was given */
};

/* A new job: {"queue", "name", "count", "draft", "share", "repeat", "note", "position", "sets"}. */
int job_input_new(
    json_t *object, const struct job_known *known, struct job_input *out, struct err *e);

/* Changes to `old`: {"name", "count", "remaining", "draft", "share", "repeat", "note", "revision",
 * "sets"}. Sets with an "id" are those of the job and keep what is not said. */
int job_input_edit(json_t *object, const struct queue_job *old, const struct job_known *known,
    struct job_input *out, struct err *e);

/* One set of `old` changed ("path", "count", "remaining", "profiles", "materials", "position",
 * "revision"), or a new one where `id` is "": `out->job` has all its sets in their new order. */
int job_input_set(json_t *object, const struct queue_job *old, const char *id,
    const struct job_known *known, struct job_input *out, struct err *e);

/* The set of the job with this id, the end of it (4 characters or more), NULL if none or several;
 * then `e` says so. */
const struct queue_set *job_input_find_set(
    const struct queue_job *job, const char *text, struct err *e);

/* A copy of the job without the set of this index, for QUEUE_EDIT; queue_job_free() it. */
struct queue_job *job_input_without(const struct queue_job *old, size_t index);

/* Fine after any of the calls above, failed ones too. */
void job_input_fini(struct job_input *in);

#endif
