/* A shelf: the YAML files of one kind (DIR/printers/NAME.yaml) from several folders, read into
 * structs.
 *
 * A file hides those of the same name in earlier folders, also when it has mistakes: then the name
 * is not there at all, rather than with other facts than its owner wrote. A file that breaks while
 * we run keeps its last good item.
 */
#ifndef PP_APP_SHELF_H
#define PP_APP_SHELF_H

#include "host/base/err.h"
#include "host/base/yaml.h"

#include <stdbool.h>
#include <stddef.h>

#define SHELF_MAX_FILES 1000 /* of one folder */

struct shelf_kind {
    const char *folder; /* "printers" */
    size_t size;        /* of an item's struct */
    const struct yaml_table *table;
    void (*init)(void *item, const char *id, const char *source);
    /* Checks what spans several keys and fills in what follows from them. */
    void (*finish)(void *item, const char *source, struct yaml_mistakes *m);
    void (*fini)(void *item);
};

struct shelf;

/* Reads all of DIR/folder/NAME.yaml (dirs: NULL-terminated; a missing folder is fine). */
int shelf_open(
    struct shelf **out, const struct shelf_kind *kind, const char *const *dirs, struct err *e);
void shelf_close(struct shelf *s);

/* Reads changed files again; true if anything changed. Items given out stay valid until close. */
bool shelf_reload(struct shelf *s);

const void *shelf_find(const struct shelf *s, const char *id);  /* NULL if none */
const void *shelf_at(const struct shelf *s, size_t index);      /* by id; NULL past the last */
const char *shelf_mistake(const struct shelf *s, size_t index); /* one line; NULL past the last */

/* One item from memory; NULL, and the mistakes, if it has any. Free with shelf_item_free(). */
void *shelf_item_read(const struct shelf_kind *kind, const char *source, const char *bytes,
    size_t len, struct yaml_mistakes *m);
void shelf_item_free(const struct shelf_kind *kind, void *item);

#endif
