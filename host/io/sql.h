/* SQLite with our errors: statements with typed arguments, one call each.
 *
 *     sql_run(db, "INSERT INTO keys VALUES (?, ?)", SQL_ARGS(SQL_TEXT(name), SQL_INT(now)), e);
 *
 * Failure modes: SQLITE_FULL, and a write the file system has no room for, are PP_ENOSPC; a damaged
 * file PP_ECORRUPT; a broken CHECK or UNIQUE PP_EINVAL; a lock that is not let go PP_EBUSY.
 */
#ifndef PP_IO_SQL_H
#define PP_IO_SQL_H

#include "host/base/err.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

enum sql_type {
    SQL_IS_TEXT,
    SQL_IS_INT,
    SQL_IS_BLOB,
    SQL_IS_NULL
};

struct sql_arg {
    enum sql_type type;
    const void *bytes; /* borrowed during the call */
    int64_t number;    /* the value, or the length of a blob */
};

struct sql_args {
    const struct sql_arg *at;
    int count;
};

#define SQL_TEXT(text)       ((struct sql_arg){SQL_IS_TEXT, (text), 0})
#define SQL_INT(value)       ((struct sql_arg){SQL_IS_INT, NULL, (int64_t)(value)})
#define SQL_BLOB(data, size) ((struct sql_arg){SQL_IS_BLOB, (data), (int64_t)(size)})
#define SQL_NULL             ((struct sql_arg){SQL_IS_NULL, NULL, 0})
#define SQL_ARGS(...)                                                                              \
    ((struct sql_args){(const struct sql_arg[]){__VA_ARGS__},                                      \
        sizeof((const struct sql_arg[]){__VA_ARGS__}) / sizeof(struct sql_arg)})
#define SQL_NO_ARGS ((struct sql_args){NULL, 0})

/* Fills `e` from the connection's last error; returns -code. */
int sql_fail(sqlite3 *db, struct err *e);

/* Runs statements without arguments, separated by ';'. */
int sql_exec(sqlite3 *db, const char *text, struct err *e);

/* Runs one statement to its end; rows it may give are dropped. */
int sql_run(sqlite3 *db, const char *text, struct sql_args args, struct err *e);

/* Begins a query: step it with sql_next(), end it with sqlite3_finalize(). */
int sql_query(
    sqlite3 *db, const char *text, struct sql_args args, sqlite3_stmt **out, struct err *e);

/* 1 for a row, 0 at the end, -PP_E… on failure. */
int sql_next(sqlite3_stmt *q, struct err *e);

/* The first column of the first row as a number; 0 when there is no row. */
int sql_number(sqlite3 *db, const char *text, int64_t *out, struct err *e);

/* A text column, cut to fit; "" for NULL. */
void sql_text(sqlite3_stmt *q, int column, char *out, size_t out_size);

#endif
