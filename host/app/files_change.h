/* Inside files: a change of names on its way. Included by files_change.c, files_give.c and
 * files_move.c only. */
#ifndef PP_APP_FILES_CHANGE_H
#define PP_APP_FILES_CHANGE_H

#include "host/app/files_impl.h"

struct naming {
    struct task task;
    struct turn turn;
    uv_work_t work; /* answers a refusal later, as everything is answered */
    char name[201];
    char to[201];        /* move */
    struct entry *entry; /* remove: the file; NULL: a folder */
    struct err err;
    store_cb done; /* may be NULL */
    void *context;
};

struct naming *naming_new(
    struct files *f, const char *name, const char *to, store_cb done, void *context);
struct naming *naming_of(struct turn *t);

/* Answers with n->err, later; the second of one that has its turn. */
void naming_refuse(struct naming *n);
void naming_refuse_turn(struct naming *n);

/* Ends a turn that has been written, or could not be. */
void naming_end_turn(struct naming *n, const struct err *e);

#endif
