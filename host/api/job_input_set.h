/* The sets of job_input.h. */
#ifndef PP_API_JOB_INPUT_SET_H
#define PP_API_JOB_INPUT_SET_H

#include "host/api/job_input.h"

/* What a request says of one set. */
struct set_input {
    char id[ID_SIZE]; /* "" = a new one */
    char path[QUEUE_TEXT_MAX + 1];
    int64_t count;     /* -1 = not said, likewise below */
    int64_t remaining; /* -1 */
    int64_t position;  /* 0 */
    int64_t revision;  /* -1 */
    json_t *profiles;  /* borrowed; NULL = not said, empty = any printer */
    json_t *materials; /* borrowed; NULL = not said */
};

enum set_place {
    SET_LISTED, /* in the list of a job: has an id, no position */
    SET_NEW,    /* in the list of a new job: has neither */
    SET_ALONE   /* in a request of its own: the path names it */
};

int set_input_read(json_t *object, enum set_place place, struct set_input *out, struct err *e);

/* Puts what was said into the set; names are looked up. */
int set_input_take(const struct set_input *in, const struct job_known *known, struct queue_set *set,
    struct err *e);

/* Marks the counters of all sets as not to be changed by an edit: prints that end meanwhile go on
 * counting. */
void set_inputs_keep(struct queue_job *job);

int input_sets_new(
    json_t *sets, const struct job_known *known, struct queue_job *job, struct err *e);
int input_sets_edit(json_t *sets, const struct queue_job *old, const struct job_known *known,
    struct queue_job *job, struct err *e);

#endif
