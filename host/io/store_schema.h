/* The database file behind the store: opening, migrating, checking, closing. Blocking calls. */
#ifndef PP_IO_STORE_SCHEMA_H
#define PP_IO_STORE_SCHEMA_H

#include "host/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Opens or makes the database and brings it to this program's version; *unclean tells that the last
 * process did not close it. Refuses a damaged, a newer and a foreign one without changing it. */
int schema_open(sqlite3 **out, const char *path, bool *unclean, struct err *e);

/* Marks the stop as clean and closes; the connection is gone even when the mark failed. */
int schema_close(sqlite3 *db, struct err *e);

#endif
