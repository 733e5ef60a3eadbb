/* Inside batches. Included by files_batch*.c only. */
#ifndef PP_APP_FILES_BATCH_IMPL_H
#define PP_APP_FILES_BATCH_IMPL_H

#include "host/app/files_batch.h"
#include "host/app/files_impl.h"

#define BATCH_PART_BYTES 98 /* with its folder, '.' and '/' no more than a name may have */

struct batch_file {
    char part[BATCH_PART_BYTES + 1];
    char name[201]; /* once staged */
    struct blob blob;
    char sha256[BLOB_NAME_SIZE];
    struct analysis analysis;
};

enum batch_state {
    BATCH_FILLING, /* the pool's */
    BATCH_STAGING, /* from here on its contents are taken */
    BATCH_STAGED,
    BATCH_SHOWING
};

struct file_batch {
    struct task task;
    struct turn turn;
    uv_work_t work;
    uv_loop_t *loop;
    char *dir; /* owned; for the pool */
    struct kinematics kinematics;
    int64_t room_checked; /* bytes written since */
    atomic_bool stop;
    struct batch_file *files; /* owned */
    size_t count;
    enum batch_state state;
    bool busy;  /* the pool, the store or the turns will come back to it */
    bool freed; /* by its owner: goes when that is over */
    char folder[201];
    struct err err;
    store_cb done;
    void *context;
};

/* Ends what kept it busy and answers, which may free it or close the files. */
void batch_done(struct file_batch *b, const struct err *e);

/* What is staged and nobody needs goes; a row that stays is asked about at the next start. */
void batch_drop_staged(struct files *f, const char *name);

#endif
