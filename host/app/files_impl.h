/* Inside files: entries and what is under way. Included by host/app/files*.c only. */
#ifndef PP_APP_FILES_IMPL_H
#define PP_APP_FILES_IMPL_H

#include "host/app/files.h"
#include "host/io/blob_pour.h"

#include <stdatomic.h>

struct entry {
    struct file_entry file; /* row.analysis stays NULL: it lives in `analysis` */
    int pins;
    bool removing; /* found no more */
    bool hopeless; /* its content could not be analysed */
};

/* Something under way in the pool or in the store. When files_close() was quicker, `files` is NULL
 * and the task frees itself where it would have gone on. */
struct task {
    struct files *files;
    struct task *next;
    struct task **link; /* what points to this one */
    void (*cancel)(struct task *t, const struct err *e);
};

enum upload_state {
    UPLOAD_OPEN,     /* bytes arrive */
    UPLOAD_CHECKING, /* in the pool: the last bytes, then sync, analyse, publish */
    UPLOAD_SAVING    /* in the store: its row */
};

struct upload {
    struct task task;
    uv_work_t work;
    uv_loop_t *loop;
    struct blob_pour pour;
    void (*room)(void *context); /* NULL: nobody waits for it */
    void *room_context;
    int64_t size_bytes; /* arrived so far */
    enum upload_state state;
    bool aborted; /* by its owner: `done` does not run */
    char name[201];
    int64_t max_bytes;
    int64_t room_checked; /* size when the free space was last looked at */
    char *dir;            /* owned; for the pool */
    struct kinematics kinematics;
    files_cb done;
    void *context;
    struct entry *entry; /* owned; what the row being saved will be */

    struct blob blob;            /* the pool's while it pours or checks */
    char sha256[BLOB_NAME_SIZE]; /* the pool's while CHECKING, as is what follows */
    struct analysis analysis;
    struct err err;
    atomic_bool stop; /* for the pool: nobody wants it any more */
};

struct files {
    uv_loop_t *loop;
    struct store *store;
    char *dir; /* owned; DATA/blobs */
    int64_t max_bytes;
    struct kinematics kinematics;
    struct entry **entry; /* owned, by name */
    size_t count;
    size_t cap;
    size_t uploads;
    struct task *tasks;
};

void task_add(struct files *f, struct task *t, void (*cancel)(struct task *t, const struct err *e));
void task_end(struct task *t);

struct entry *entry_find(const struct files *f, const char *name);

/* Puts the entry in, over one of the same name. */
void entry_put(struct files *f, struct entry *entry);

/* Removes the content from the disk unless an entry or an upload has it. */
void entry_drop_content(struct files *f, const char *sha256);

/* PP_EBUSY if the name must stay as it is. */
int entry_may_change(const struct files *f, const char *name, struct err *e);

/* True while the row of an upload under this name is being saved. */
bool entry_is_replaced(const struct files *f, const char *name);

/* Analyses an open file from its start; PP_ECANCELED when *stop becomes true. For the pool. */
int content_analyse(int fd, const struct kinematics *k, const atomic_bool *stop,
    struct analysis *out, struct err *e);

/* Refuses content that cannot be printed at all. */
int content_check(const char *name, const struct analysis *a, struct err *e);

/* True if an upload under way will have this content, or this name. */
bool upload_has_content(const struct task *t, const char *sha256);
bool upload_replaces(const struct task *t, const char *name);

/* The row of an entry, its analysis as JSON in `text`. */
struct file_row entry_row(const struct entry *entry, char **text);

#endif
