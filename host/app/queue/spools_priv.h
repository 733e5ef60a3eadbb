/* Inside the spools. Included by host/app/queue/spools*.c only. */
#ifndef PP_APP_QUEUE_SPOOLS_PRIV_H
#define PP_APP_QUEUE_SPOOLS_PRIV_H

#include "host/app/queue/spools.h"

struct kept_spool {
    struct spool_entry entry;
    struct spool_entry saved; /* as it is on the disk; id "" = it is not */
    uint64_t version; /* of people's changes, so that a late failure takes back only its own */
};

struct tool {
    char holds[QUEUE_WORD_MAX + 1]; /* a spool's id, a material key, "" = nothing */
    char saved[QUEUE_WORD_MAX + 1]; /* as it is on the disk */
    char key[QUEUE_WORD_MAX + 1];   /* of that spool, or the same */
    uint64_t version;
};

struct spools {
    struct materials *materials;
    struct store *store;
    struct hub *hub;
    struct kept_spool **spool; /* owned, by name */
    size_t count;
    struct tool tool[QUEUE_TOOLS_MAX];
    uint64_t versions;
    size_t open; /* writes that are not answered */
    bool closed;
};

/* ---- spools.c ---- */

struct kept_spool *spools_by_id(const struct spools *s, const char *id); /* NULL if none */
void spools_changed(struct spools *s); /* keys are made anew, the hub is told */
void spools_drop(struct spools *s);    /* frees it once closed and nothing is open */
void spools_write(struct spools *s, const struct spool_entry *entry, store_cb done, void *context);

/* ---- spools_check.c ---- */

/* PP_EINVAL with the field and what would be right. Trims nothing, lowers `rgb`. */
int spools_check(struct spool_entry *spool, struct err *e);

/* TYPE, TYPE_Color, TYPE_Color_#rrggbb, TYPE__#rrggbb. */
void spools_key(const struct spool_entry *spool, char out[static QUEUE_WORD_MAX + 1]);

/* A material key as a person types it, of a type that the materials or a spool have. */
int spools_check_key(const struct spools *s, const char *key, struct err *e);

/* What this length weighs. */
int64_t spools_weigh_mg(const struct spools *s, const struct spool_entry *spool, int64_t length_um);

/* The document of a spool; free() it. And back: PP_EINVAL. */
char *spools_to_doc(const struct spool_entry *spool);
int spools_from_doc(const char *id, const char *doc, struct spool_entry *out, struct err *e);

#endif
