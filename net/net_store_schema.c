/* The file net.db: whose it is, how old, was it left cleanly (else it is checked), migration.
 *
 * It is locked for this process alone, so that SQLite needs no shared-memory file: a host whose
 * disk is full comes up all the same.
 *
 * Failure modes: damaged or another program's: PP_ECORRUPT, and the caller moves it aside; newer:
 * PP_EREFUSED; open elsewhere: PP_EBUSY.
 */
#include "net/net_store_priv.h"

#include "host/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION_ID 0x70706e65 /* "ppne" */
#define ASIDE_MAX      1000

/* Step i leads from version i to i + 1. Steps are only ever added. */
static const char *const steps[] = {
    "CREATE TABLE host (one INTEGER PRIMARY KEY CHECK (one = 1), clean INTEGER NOT NULL) STRICT;"
    "INSERT INTO host VALUES (1, 1);"
    "CREATE TABLE queues ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL UNIQUE CHECK (name <> ''),"
    "  meta BLOB) STRICT;"
    "CREATE TABLE log ("
    "  queue INTEGER NOT NULL,"
    "  idx INTEGER NOT NULL,"
    "  term INTEGER NOT NULL,"
    "  type INTEGER NOT NULL,"
    "  bytes BLOB NOT NULL,"
    "  PRIMARY KEY (queue, idx)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE rows ("
    "  queue INTEGER NOT NULL,"
    "  key TEXT NOT NULL,"
    "  bytes BLOB NOT NULL,"
    "  PRIMARY KEY (queue, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE outbox ("
    "  queue INTEGER NOT NULL,"
    "  id INTEGER NOT NULL,"
    "  bytes BLOB NOT NULL,"
    "  PRIMARY KEY (queue, id)) STRICT, WITHOUT ROWID;",
};

#define VERSION ((int64_t)(sizeof steps / sizeof *steps))

/* SQLite turns ENOSPC alone into SQLITE_FULL: a quota is an I/O error to it. */
static bool no_room(sqlite3 *db, int which)
{
    sqlite3_file *file = NULL;
    int errnum = 0;
    sqlite3_file_control(db, "main", which, &file);
    if (file != NULL && file->pMethods != NULL) {
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &errnum);
    }
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
}

int net_db_fail(sqlite3 *db, struct err *e)
{
    int rc = sqlite3_errcode(db) & 0xff;
    if (rc == SQLITE_FULL || (rc == SQLITE_IOERR && (no_room(db, SQLITE_FCNTL_JOURNAL_POINTER) ||
                                                        no_room(db, SQLITE_FCNTL_FILE_POINTER)))) {
        return err_set(e, PP_ENOSPC, "no room left on the disk of net.db");
    }
    int code = rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ? PP_ECORRUPT
               : rc == SQLITE_BUSY || rc == SQLITE_LOCKED  ? PP_EBUSY
                                                           : PP_EIO;
    return err_set(e, code, "net.db: %s", sqlite3_errmsg(db));
}

static int run(sqlite3 *db, const char *text, struct err *e)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : net_db_fail(db, e);
}

/* The first column of the first row, as text. */
static int ask(sqlite3 *db, const char *text, char *out, size_t out_size, struct err *e)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, text, -1, &q, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(q) : rc;
    const char *got = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
    str_copy(out, out_size, got != NULL ? got : "0", got != NULL ? strlen(got) : 1);
    rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : net_db_fail(db, e);
    sqlite3_finalize(q);
    return rc;
}

static int number(sqlite3 *db, const char *text, int64_t *out, struct err *e)
{
    char value[32];
    int rc = ask(db, text, value, sizeof value, e);
    *out = 0;
    str_to_int(value, INT64_MIN, INT64_MAX, out);
    return rc;
}

static int check_owner(sqlite3 *db, int64_t *version, struct err *e)
{
    int64_t id = 0;
    int64_t tables = 0;
    if (number(db, "PRAGMA application_id", &id, e) != 0 ||
        number(db, "PRAGMA user_version", version, e) != 0 ||
        number(db, "SELECT count(*) FROM sqlite_schema", &tables, e) != 0) {
        return -e->code;
    }
    if (id != APPLICATION_ID && (id != 0 || tables != 0)) {
        return err_set(
            e, PP_EREFUSED, "belongs to another program (application_id %" PRId64 ")", id);
    }
    if (*version > VERSION) {
        return err_set(e, PP_EREFUSED,
            "version %" PRId64 " was written by a newer pphost; this one knows up to %" PRId64,
            *version, VERSION);
    }
    return 0;
}

static int check_stop(sqlite3 *db, bool *dirty, struct err *e)
{
    int64_t clean = 0;
    char verdict[120];
    int rc = number(db, "SELECT clean FROM host", &clean, e);
    *dirty = clean == 0;
    if (rc != 0 || !*dirty) {
        return rc;
    }
    rc = ask(db, "PRAGMA integrity_check(1)", verdict, sizeof verdict, e);
    if (rc == 0 && strcmp(verdict, "ok") != 0) {
        for (char *line = verdict; (line = strchr(line, '\n')) != NULL;) {
            *line = ' ';
        }
        return err_set(e, PP_ECORRUPT, "damaged (%s)", verdict);
    }
    return rc;
}

static int migrate_one(sqlite3 *db, int64_t from, struct err *e)
{
    char mark[96];
    snprintf(mark, sizeof mark, "PRAGMA user_version = %" PRId64 "; PRAGMA application_id = %d;",
        from + 1, APPLICATION_ID);
    if (run(db, "BEGIN IMMEDIATE", e) != 0) {
        return -e->code;
    }
    if (run(db, steps[from], e) == 0 && run(db, mark, e) == 0 && run(db, "COMMIT", e) == 0) {
        return 0;
    }
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err_wrap(e, "migration from version %" PRId64, from);
}

static int prepare(sqlite3 *db, bool *dirty, struct err *e)
{
    int64_t version = 0;
    *dirty = false;
    if (run(db, "PRAGMA locking_mode = EXCLUSIVE", e) != 0 || check_owner(db, &version, e) != 0 ||
        run(db,
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "PRAGMA journal_size_limit = 4194304;",
            e) != 0) {
        return -e->code;
    }
    int rc = version > 0 ? check_stop(db, dirty, e) : 0;
    for (; rc == 0 && version < VERSION; version++) {
        rc = migrate_one(db, version, e);
    }
    return rc;
}

/* SQLite would make the file readable for all. A log without its database is of one that was moved
 * aside or away: replayed into a new one it would damage it. */
static int make_private(const char *path, struct err *e)
{
    char other[4096];
    if (access(path, F_OK) != 0) {
        snprintf(other, sizeof other, "%s-wal", path);
        unlink(other);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_errno(e, errno, "cannot be opened");
    }
    close(fd);
    return 0;
}

int net_schema_open(sqlite3 **out, const char *path, bool *dirty, struct err *e)
{
    sqlite3 *db = NULL;
    *dirty = false;
    if (make_private(path, e) != 0) {
        return err_wrap(e, "database \"%s\"", path);
    }
    int rc = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        rc = net_db_fail(db, e);
    }
    if (rc == 0 && (rc = prepare(db, dirty, e)) == 0) {
        *out = db;
        return 0;
    }
    sqlite3_close(db);
    return err_wrap(e, "database \"%s\"", path);
}

int net_schema_move_aside(const char *path, char *out, size_t out_size, struct err *e)
{
    char from[4096];
    char to[4096];
    int n = 1;
    do {
        snprintf(out, out_size, "%s.corrupt-%d", path, n);
    } while (access(out, F_OK) == 0 && ++n < ASIDE_MAX);
    /* The database first: if we die now, the log that is left is dropped by the next start. */
    if (rename(path, out) != 0) {
        return err_errno(e, errno, "database \"%s\": cannot be moved to \"%s\"", path, out);
    }
    snprintf(from, sizeof from, "%s-wal", path);
    snprintf(to, sizeof to, "%s-wal", out);
    if (rename(from, to) != 0 && errno != ENOENT) {
        return err_errno(e, errno, "\"%s\" cannot be moved to \"%s\"", from, to);
    }
    return file_sync_parent(path, e);
}
