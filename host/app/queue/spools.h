/* Spools: what filament there is, what is loaded in which tool, and how much is left.
 *
 * A spool's material key is TYPE_Color_#rrggbb (host/core/queue.h, queue_material_fits). Prints
 * take from the loaded spool what they extruded, success or not. A tool may also hold a plain
 * material without a spool: then nothing is counted. All in memory, written through; `done` (may be
 * NULL) when durable.
 *
 * Failure modes: what the disk does not take is taken back and answered with the error; only what a
 * print has used stays used, and is written with the next change of that spool. A row that cannot
 * be right is left out at the start, kept in the database and told.
 */
#ifndef PP_APP_QUEUE_SPOOLS_H
#define PP_APP_QUEUE_SPOOLS_H

#include "host/app/hub.h"
#include "host/app/material.h"
#include "host/core/queue.h"
#include "host/io/store.h"

#define SPOOLS_COUNT_MAX 1000

struct spools;

struct spool_entry {
    char id[ID_SIZE];
    char name[QUEUE_WORD_MAX + 1];
    char type[32];          /* "PLA" */
    char color[32];         /* name, "" = not told */
    char rgb[8];            /* "#rrggbb", "" */
    int64_t net_mg;         /* filament on it when full; 0 unknown */
    int64_t left_mg;        /* -1 unknown */
    int64_t density_mg_cm3; /* 0: the material's */
    int64_t diameter_um;    /* 0: 1750 */
    bool archived;
};

/* `dirs`: materials (material.h). */
int spools_open(struct spools **out, const char *const *dirs, struct store *store, struct err *e);
void spools_close(struct spools *s); /* what is being written is still answered */

/* Tells of every change from now on (HUB_SPOOLS); NULL = no more. */
void spools_set_hub(struct spools *s, struct hub *hub);

const struct materials *spools_materials(const struct spools *s);
/* By name; NULL past the last. Valid until the next change. */
const struct spool_entry *spools_at(const struct spools *s, size_t index);
/* An id, a unique name, or the end of an id (4 characters or more). PP_ENOTFOUND; PP_EINVAL when
 * several are meant (the text names some). */
int spools_find(
    const struct spools *s, const char *text, const struct spool_entry **out, struct err *e);
/* id "" = a new one: without a name it gets one of type and colour, and is full unless told.
 * PP_EINVAL names the field; PP_EBUSY when a loaded one would be archived. */
int spools_save(
    struct spools *s, const struct spool_entry *spool, store_cb done, void *context, struct err *e);
/* PP_EBUSY while it is loaded. */
int spools_remove(struct spools *s, const char *id, store_cb done, void *context, struct err *e);

/* What is in a tool (0..7): a spool (id, end of it, name), a material key ("PLA", "PLA_Black") of a
 * known type, or "" = nothing. A spool can be in one tool only (PP_EBUSY). */
int spools_load(
    struct spools *s, unsigned tool, const char *what, store_cb done, void *context, struct err *e);
const char *spools_loaded(const struct spools *s, unsigned tool); /* material key, "" = nothing */
const struct spool_entry *spools_loaded_spool(const struct spools *s, unsigned tool); /* or NULL */

/* A print has used these lengths. */
void spools_use(struct spools *s, const int64_t filament_um[QUEUE_TOOLS_MAX]);

/* Does what is loaded last for such a print? false and a text for people when it does not, with
 * `reserve_mg` to spare; true when it does or nobody knows. */
bool spools_enough(const struct spools *s, const int64_t filament_um[QUEUE_TOOLS_MAX],
    int64_t reserve_mg, char *out, size_t out_size);

#endif
