/* Inside the register of scripts. Included by host/app/queue/scripts*.c only. */
#ifndef PP_APP_QUEUE_SCRIPTS_IMPL_H
#define PP_APP_QUEUE_SCRIPTS_IMPL_H

#include "host/app/queue/scripts.h"
#include "host/app/shelf.h"
#include "host/io/store_scripts.h"

enum scripts_kind {
    SCRIPTS_SCRIPT,
    SCRIPTS_CONDITION,
    SCRIPTS_KINDS
};

struct scripts_list {                /* by name */
    const struct scripts_entry **at; /* owned array */
    size_t count;
};

struct scripts_hooks {
    struct scripts_hook at[SCRIPTS_HOOKS_MAX];
    size_t count;
};

/* A change that is not durable yet. */
struct scripts_pending {
    struct scripts_pending *next;
    struct scripts *owner; /* NULL: scripts_close() was quicker than the store */
    struct script_change change;
    store_cb done;
    void *context;
};

struct scripts {
    struct shelf *shelf;
    struct store *store; /* NULL: nothing is kept */
    struct scripts_list all[SCRIPTS_KINDS];
    struct scripts_list own[SCRIPTS_KINDS]; /* a person's; the entries are owned */
    struct scripts_hooks hooks[MOMENTS];
    bool hooks_set[MOMENTS];         /* by a person */
    struct scripts_pending *pending; /* the store's; oldest first */
};

/* The index of a name, or where it would be. */
bool scripts_list_find(const struct scripts_list *l, const char *name, size_t *index);
/* Takes a person's entry (from mem.h) in place of one of its name. */
void scripts_own_put(struct scripts *s, enum scripts_kind kind, struct scripts_entry *entry);
void scripts_own_drop(struct scripts *s, enum scripts_kind kind, const char *name);
/* `all` again, from files and a person's. */
void scripts_index(struct scripts *s);
/* The one from a file, also when a person's hides it; NULL if there is none. */
const struct scripts_entry *scripts_shipped(
    const struct scripts *s, enum scripts_kind kind, const char *name);

/* Puts a durable change into effect; takes what it owns. */
void scripts_apply(struct scripts *s, struct script_change *c);
/* Makes a checked change durable, then applies it; takes what it owns. */
void scripts_submit(struct scripts *s, struct script_change *c, store_cb done, void *context);
/* What is under way is answered with PP_ECANCELED. */
void scripts_forget_pending(struct scripts *s);

/* What a change is put together from; the row's texts are for the caller to set. */
struct script_row *scripts_add_row(
    struct script_change *c, enum scripts_kind kind, const char *name);
void scripts_add_hook(
    struct script_change *c, enum driver_moment m, const char *script, const char *condition);
/* Takes the change, whatever comes of it. */
int scripts_check_and_submit(
    struct scripts *s, struct script_change *c, store_cb done, void *context, struct err *e);

enum scripts_kind scripts_row_kind(const struct script_row *row);
const char *scripts_kind_name(enum scripts_kind kind);
int scripts_check(const struct scripts *s, const struct script_change *c, struct err *e);
int scripts_check_name(enum scripts_kind kind, const char *name, struct err *e);
int scripts_check_removable(
    const struct scripts *s, enum scripts_kind kind, const char *name, struct err *e);
int scripts_too_many_hooks(enum driver_moment m, size_t n, struct err *e);

#endif
