#include "host/io/sql.h"

#include "host/base/str.h"

#include <errno.h>
#include <string.h>

/* The errno of the last failed call on the database or, within a COMMIT, on its log. SQLite turns
 * ENOSPC alone into SQLITE_FULL: a quota is an I/O error to it. */
static bool no_room_errno(sqlite3 *db, int which)
{
    sqlite3_file *file = NULL;
    int errnum = 0;
    sqlite3_file_control(db, "main", which, &file);
    if (file != NULL && file->pMethods != NULL) {
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &errnum);
    }
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
}

static bool no_room(sqlite3 *db, int primary)
{
    return primary == SQLITE_FULL ||
           (primary == SQLITE_IOERR && (no_room_errno(db, SQLITE_FCNTL_JOURNAL_POINTER) ||
                                           no_room_errno(db, SQLITE_FCNTL_FILE_POINTER)));
}

static int code_of(sqlite3 *db, int primary)
{
    if (no_room(db, primary)) {
        return PP_ENOSPC;
    }
    switch (primary) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return PP_ECORRUPT;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
        return PP_EINVAL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return PP_EBUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return PP_EPERM;
    default:
        return PP_EIO;
    }
}

int sql_fail(sqlite3 *db, struct err *e)
{
    int code = code_of(db, sqlite3_errcode(db) & 0xff);
    if (code == PP_ENOSPC) {
        return err_set(e, code, "no room left on the disk of the database");
    }
    return err_set(e, code, "database: %s", sqlite3_errmsg(db));
}

int sql_exec(sqlite3 *db, const char *text, struct err *e)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(db, e);
}

static int bind(sqlite3_stmt *q, int at, const struct sql_arg *arg)
{
    switch (arg->type) {
    case SQL_IS_TEXT:
        return sqlite3_bind_text(q, at, arg->bytes, -1, SQLITE_STATIC);
    case SQL_IS_INT:
        return sqlite3_bind_int64(q, at, arg->number);
    case SQL_IS_BLOB:
        return sqlite3_bind_blob64(q, at, arg->bytes, (sqlite3_uint64)arg->number, SQLITE_STATIC);
    case SQL_IS_NULL:
        return sqlite3_bind_null(q, at);
    }
    return SQLITE_MISUSE;
}

int sql_query(
    sqlite3 *db, const char *text, struct sql_args args, sqlite3_stmt **out, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, text, -1, &q, NULL);
    for (int i = 0; rc == SQLITE_OK && i < args.count; i++) {
        rc = bind(q, i + 1, &args.at[i]);
    }
    if (rc != SQLITE_OK) {
        int failed = sql_fail(db, e);
        sqlite3_finalize(q);
        return failed;
    }
    *out = q;
    return 0;
}

int sql_next(sqlite3_stmt *q, struct err *e)
{
    switch (sqlite3_step(q)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        return sql_fail(sqlite3_db_handle(q), e);
    }
}

int sql_run(sqlite3 *db, const char *text, struct sql_args args, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sql_query(db, text, args, &q, e);
    if (rc != 0) {
        return rc;
    }
    while ((rc = sql_next(q, e)) > 0) {
    }
    sqlite3_finalize(q);
    return rc;
}

int sql_number(sqlite3 *db, const char *text, int64_t *out, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sql_query(db, text, SQL_NO_ARGS, &q, e);
    if (rc != 0) {
        return rc;
    }
    rc = sql_next(q, e);
    *out = rc > 0 ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_finalize(q);
    return rc < 0 ? rc : 0;
}

void sql_text(sqlite3_stmt *q, int column, char *out, size_t out_size)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    str_copy(out, out_size, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}
