/* The store's spools and what the tools hold. A spool is a document (JSON of whoever asks; nothing
 * is read of it here) under its id; a tool holds a text.
 *
 * Failure modes: those of the store (host/io/store.h).
 */
#ifndef PP_IO_STORE_SPOOLS_H
#define PP_IO_STORE_SPOOLS_H

#include "host/io/store.h"

/* Puts the document in the place of an older one; NULL removes it. */
void store_save_spool(
    struct store *s, const char *id, const char *doc, store_cb done, void *context);

/* `holds` "" = nothing. */
void store_save_tool(
    struct store *s, unsigned tool, const char *holds, store_cb done, void *context);

/* At start: every row; texts are borrowed during the call. */
typedef void (*store_spool_cb)(void *context, const char *id, const char *doc);
int store_load_spools(struct store *s, store_spool_cb row, void *context, struct err *e);
typedef void (*store_tool_cb)(void *context, unsigned tool, const char *holds);
int store_load_tools(struct store *s, store_tool_cb row, void *context, struct err *e);

#endif
