/* Inside files: entries and what is under way. Included by host/app/files*.c only. */
#ifndef PP_APP_FILES_IMPL_H
#define PP_APP_FILES_IMPL_H

#include "host/app/files.h"
#include "host/core/file_kind.h"
#include "host/io/blob_pour.h"

#include <stdatomic.h>

#define FILES_MAX 4096

/* A name and what it stands for. Names of people never begin with '.'; those that do are ours and
 * never shown: ".SHA256.gcode" keeps content for jobs that nothing is called by any more,
 * ".SHA256.net.gcode" is content that came from another host,
 * ".imports/Vase/part.gcode" is a file of an import that is not complete yet. Like all rows they
 * are in the store, so that the sweep at the start knows what to leave alone. */
struct entry {
    struct file_entry file; /* row.analysis stays NULL: it lives in `analysis` */
    bool removing;          /* found by its name no more */
    bool moving;            /* a row under another name is being written */
    bool hopeless;          /* its content could not be analysed */
};

struct entry_list {
    struct entry **at; /* owned */
    size_t count;
    size_t cap;
};

/* Something under way in the pool or in the store. When files_close() was quicker, `files` is NULL
 * and the task frees itself where it would have gone on. */
struct task {
    struct files *files;
    struct task *next;
    struct task **link; /* what points to this one */
    void (*cancel)(struct task *t, const struct err *e);
};

/* Whoever changes names waits for its turn, so that what was checked still holds when the store has
 * written it. `begin` answers nobody within the call. */
struct turn {
    struct turn *next;
    bool begun;
    void (*begin)(struct turn *t);
};

/* Content that is being printed or read. */
struct pin {
    struct pin *next;
    char sha256[BLOB_NAME_SIZE];
    unsigned count;
};

enum upload_state {
    UPLOAD_OPEN,     /* bytes arrive */
    UPLOAD_CHECKING, /* in the pool: the last bytes, then sync, analyse, publish */
    UPLOAD_WAITING,  /* for its turn */
    UPLOAD_SAVING,   /* in the store: its row */
    UPLOAD_READY     /* without a name: its owner's until that aborts it */
};

struct upload {
    struct task task;
    struct turn turn;
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
    files_ready_cb ready; /* not NULL: it gets no name; instead of `done` */
    void *context;
    struct entry *entry; /* owned; what the row being saved will be */
    enum file_kind kind;

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
    struct entry_list by_name; /* owns the entries */
    struct entry_list by_content;
    size_t hidden;  /* of them, names of ours */
    char **folders; /* owned, by name */
    size_t folders_count;
    size_t folders_cap;
    size_t uploads;
    struct task *tasks;
    struct turn *turns; /* the first has begun */
    struct pin *pins;   /* owned */
    void (*user)(void *context, const char *sha256, char *out, size_t out_size);
    void *user_context;
    bool users_left;
    bool (*holds)(void *context, const char *sha256); /* NULL: all that was adopted is */
    void *holds_context;
};

void task_add(struct files *f, struct task *t, void (*cancel)(struct task *t, const struct err *e));
void task_end(struct task *t);

void turn_wait(struct files *f, struct turn *t, void (*begin)(struct turn *t));
void turn_end(struct files *f, struct turn *t);

/* ---- entries */

bool entry_is_hidden(const struct entry *entry);
struct entry *entry_find(const struct files *f, const char *name); /* not one being removed */

/* The same, also one being removed. */
struct entry *entry_find_any(const struct files *f, const char *name);

/* The first by name that is not before `name`. */
size_t entry_position(const struct files *f, const char *name);

/* The entries with this content, by name: from this index on, NULL past the last. */
size_t entry_content_position(const struct files *f, const char *sha256);
struct entry *entry_content_at(const struct files *f, size_t index, const char *sha256);

/* Puts the entry in; there is none of that name. */
void entry_insert(struct files *f, struct entry *entry);
void entry_take_out(struct files *f, struct entry *entry);

/* The same content under another name. */
void entry_rename(struct files *f, struct entry *entry, const char *name);

/* An entry loses its name: while nothing else has its content, that is kept under a name of ours
 * until nobody needs it. entry_keep_row() adds the row to the change; entry_keep() then does the
 * same here and lets go at once of what nobody needs. */
void entry_keep_row(const struct files *f, const struct entry *entry, struct file_change *c);
void entry_keep(struct files *f, struct entry *entry);

/* True if no other entry has its content. One that waits to be removed has it still: its own turn
 * finds it to be the only one. */
bool entry_is_only(const struct files *f, const struct entry *entry);

/* Lets go of an entry, its row and its content. */
void entry_drop(struct files *f, struct entry *entry);

/* Who needs this content; "" = nobody. */
void entry_user(const struct files *f, const char *sha256, char *out, size_t out_size);

/* True for what files_adopt() made. */
bool entry_is_adopted(const struct entry *entry);

/* True also while it is pinned, or held, and when those who could tell are gone already: the next
 * start asks again. */
bool entry_is_needed(const struct files *f, const struct entry *entry);

/* Removes the content from the disk unless an entry or an upload has it. */
void entry_drop_content(struct files *f, const char *sha256);

bool content_is_pinned(const struct files *f, const char *sha256);

/* True while the row of an upload under this name is being saved, or about to be. */
bool entry_is_replaced(const struct files *f, const char *name);

/* Analyses an open file from its start; PP_ECANCELED when *stop becomes true. For the pool. */
int content_analyse(int fd, const struct kinematics *k, const atomic_bool *stop,
    struct analysis *out, struct err *e);

/* Refuses content that cannot be printed at all. */
int content_check(const char *name, const struct analysis *a, struct err *e);

/* Analysis and check as the kind wants them: only gcode is looked into. */
int content_judge(int fd, const char *name, const struct kinematics *k, const atomic_bool *stop,
    struct analysis *out, struct err *e);

/* PP_ENOSPC unless the disk takes `more` bytes and keeps its reserve: the database lives there too.
 */
int upload_check_room(const struct upload *u, int64_t more, struct err *e);

/* True if an upload, or a batch, under way will have this content, or this name. */
bool upload_has_content(const struct task *t, const char *sha256);
bool batch_has_content(const struct task *t, const char *sha256);
bool adoption_has_content(const struct task *t, const char *sha256);
bool upload_replaces(const struct task *t, const char *name);

/* Adds the row of an entry, under its name or another. */
void entry_save_row(struct file_change *c, const struct entry *entry, const char *name);

/* ---- names */

/* PP_EINVAL unless a file, or a folder, may be called so. */
int name_check(const char *name, const char *what, struct err *e);
int name_check_folder(const char *name, struct err *e);

/* PP_EEXIST when a folder has the name, or a file that of one of its folders. */
int name_check_place(const struct files *f, const char *name, struct err *e);

int name_not_found(const char *name, struct err *e);

/* Length of as much of `text` as fits, no character cut in two. */
size_t name_cut(const char *text, size_t len, size_t most);

/* The name that keeps content, from its entry's kind. */
void name_kept(const struct entry *entry, char out[static 201]);

bool folder_is(const struct files *f, const char *name);
void folder_insert(struct files *f, const char *name);
void folder_take_out(struct files *f, const char *name);

/* True if anything is in it. */
bool folder_is_full(const struct files *f, const char *name);

/* The folders of a name that are not there yet, into the change; then here. */
void folders_add_rows(const struct files *f, const char *name, struct file_change *c);
void folders_add(struct files *f, const char *name);

/* True if `name` is in the folder. */
bool name_is_in(const char *name, const char *folder);

#endif
