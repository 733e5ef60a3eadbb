/* Inside packages: what is under way. Included by host/app/queue/package*.c only. */
#ifndef PP_APP_QUEUE_PACKAGE_PRIV_H
#define PP_APP_QUEUE_PACKAGE_PRIV_H

#include "host/app/queue/package.h"
#include "host/base/str.h"

/* An import or export. When packages_close() was quicker, `owner` is NULL and it frees itself where
 * it would have gone on. */
struct package_task {
    struct packages *owner;
    struct package_task *next;
    struct package_task **link;
    void (*cancel)(struct package_task *t, const struct err *e); /* answers */
};

struct packages {
    uv_loop_t *loop;
    struct jobs *jobs;
    struct files *files;
    struct hub *hub;
    const struct profiles *profiles; /* may be NULL */
    char *exports;                   /* owned; DATA/exports */
    char *blobs;                     /* owned; DATA/blobs */
    int64_t max_bytes;
    struct package_task *tasks;
    size_t count;
};

void package_task_add(struct packages *p, struct package_task *t,
    void (*cancel)(struct package_task *t, const struct err *e));
void package_task_end(struct package_task *t);

/* PP_ELIMIT when enough is under way. */
int package_may_begin(const struct packages *p, struct err *e);

/* The profiles a foreign program names become ours where it is clear which are meant. Those that
 * are not known here stay as they are and are told in `notice`. */
void package_take_profiles(
    const struct profiles *profiles, struct queue_job *job, struct strbuf *notice);

/* Our profiles by the names people know, as other programs want them. */
void package_give_profiles(const struct profiles *profiles, struct queue_job *job);

#endif
