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
/* What is under way is answered with PP_ECANCELED. */
void scripts_forget_pending(struct scripts *s);

#endif
