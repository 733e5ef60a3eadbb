/* Opening goes: whose file is it, how old is it, was it left cleanly (else integrity_check), then
 * migrate step by step, each in a transaction of its own with the version it leads to.
 */
#include "host/io/store_schema.h"

#include "host/io/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define APPLICATION_ID  0x70706873 /* "pphs" */
#define BUSY_TIMEOUT_MS 5000

/* Step i leads from version i to i + 1. Steps are only ever added. */
static const char *const steps[] = {
    "CREATE TABLE host ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  clean_stop INTEGER NOT NULL) STRICT;"
    "INSERT INTO host VALUES (1, 1);"
    "CREATE TABLE printer ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  port_identity TEXT NOT NULL,"
    "  uuid TEXT NOT NULL,"
    "  firmware TEXT NOT NULL,"
    "  machine_type TEXT NOT NULL,"
    "  baud INTEGER NOT NULL,"
    "  bed TEXT NOT NULL CHECK (bed IN ('unknown', 'occupied', 'clear'))) STRICT;"
    "CREATE TABLE runs ("
    "  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),"
    "  file_name TEXT NOT NULL,"
    "  sha256 TEXT NOT NULL,"
    "  start_ms INTEGER NOT NULL,"
    "  end_ms INTEGER NOT NULL,"
    "  result TEXT NOT NULL CHECK (result IN"
    "    ('open', 'success', 'failure', 'cancelled', 'aborted', 'interrupted')),"
    "  reason TEXT NOT NULL,"
    "  lines INTEGER NOT NULL,"
    "  resends INTEGER NOT NULL,"
    "  filament_um INTEGER NOT NULL) STRICT;"
    "CREATE INDEX runs_by_start ON runs (start_ms);"
    "CREATE TABLE temps ("
    "  heater TEXT NOT NULL,"
    "  minute INTEGER NOT NULL," /* of wall_ms: keeps it to one row a minute */
    "  wall_ms INTEGER NOT NULL,"
    "  actual_mc INTEGER NOT NULL,"
    "  target_mc INTEGER," /* NULL: the printer did not tell */
    "  PRIMARY KEY (heater, minute)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE files ("
    "  name TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),"
    "  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),"
    "  size_bytes INTEGER NOT NULL,"
    "  uploaded_ms INTEGER NOT NULL,"
    "  analysis TEXT) STRICT;"
    "CREATE TABLE keys ("
    "  name TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),"
    "  scope TEXT NOT NULL CHECK (scope IN ('read', 'print', 'admin')),"
    "  hash BLOB NOT NULL CHECK (length(hash) = 32),"
    "  created_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE settings ("
    "  name TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),"
    "  value TEXT NOT NULL) STRICT;",
    "CREATE TABLE journal ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  run_id TEXT NOT NULL CHECK (length(run_id) = 36),"
    "  words TEXT NOT NULL,"
    "  acked_offset INTEGER NOT NULL,"
    "  lines INTEGER NOT NULL,"
    "  wall_ms INTEGER NOT NULL) STRICT;",
    "ALTER TABLE runs ADD COLUMN printer TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN queue TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN job_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN job_name TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN set_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN material TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN used_um INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE queues ("
    "  name TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),"
    "  doc TEXT NOT NULL) STRICT;"
    "CREATE TABLE jobs ("
    "  queue TEXT NOT NULL,"
    "  id TEXT NOT NULL CHECK (length(id) = 36),"
    "  doc TEXT NOT NULL,"
    "  PRIMARY KEY (queue, id)) STRICT;"
    "CREATE TABLE answers (" /* what the last command of each client got */
    "  queue TEXT NOT NULL,"
    "  client TEXT NOT NULL,"
    "  doc TEXT NOT NULL,"
    "  PRIMARY KEY (queue, client)) STRICT;"
    "CREATE TABLE templates ("
    "  name TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),"
    "  doc TEXT NOT NULL) STRICT;"
    "CREATE TABLE folders (name TEXT PRIMARY KEY NOT NULL CHECK (name <> '')) STRICT;"
    "CREATE TABLE scripts ("
    "  kind TEXT NOT NULL CHECK (kind IN ('script', 'condition')),"
    "  name TEXT NOT NULL CHECK (name <> ''),"
    "  description TEXT NOT NULL,"
    "  clears_bed INTEGER NOT NULL,"
    "  body TEXT NOT NULL,"
    "  PRIMARY KEY (kind, name)) STRICT;"
    "CREATE TABLE hooks ("
    "  moment TEXT NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  script TEXT NOT NULL,"
    "  condition TEXT NOT NULL,"
    "  PRIMARY KEY (moment, position)) STRICT;"
    "CREATE TABLE spools ("
    "  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),"
    "  doc TEXT NOT NULL) STRICT;"
    "CREATE TABLE tools ("
    "  tool INTEGER PRIMARY KEY NOT NULL,"
    "  holds TEXT NOT NULL) STRICT;"
    "CREATE TABLE quarantine ("
    "  sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),"
    "  path TEXT NOT NULL,"
    "  reason TEXT NOT NULL,"
    "  since_ms INTEGER NOT NULL) STRICT;",
    /* Jobs on their way to another queue. */
    "CREATE TABLE moves ("
    "  job TEXT PRIMARY KEY NOT NULL CHECK (job <> ''),"
    "  doc TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    /* Prints of other hosts: the peer id of whose it was. */
    "ALTER TABLE runs ADD COLUMN peer TEXT NOT NULL DEFAULT '';",
};

#define VERSION ((int64_t)(sizeof steps / sizeof *steps))

static int damaged(const char *detail, struct err *e)
{
    return err_set(e, PP_ECORRUPT,
        "damaged (%s): put a backup in its place, or move it away to start with an empty one",
        detail);
}

/* A wrong file given by mistake must not get our tables. */
static int check_owner(sqlite3 *db, int64_t *version, struct err *e)
{
    int64_t id = 0;
    int64_t tables = 0;
    if (sql_number(db, "PRAGMA application_id", &id, e) != 0 ||
        sql_number(db, "PRAGMA user_version", version, e) != 0 ||
        sql_number(db, "SELECT count(*) FROM sqlite_schema", &tables, e) != 0) {
        return -e->code;
    }
    if (id != APPLICATION_ID && (id != 0 || tables != 0)) {
        return err_set(
            e, PP_ECORRUPT, "belongs to another program (application_id %" PRId64 ")", id);
    }
    if (*version > VERSION) {
        return err_set(e, PP_EREFUSED,
            "version %" PRId64 " was written by a newer pphost; this one knows up to %" PRId64,
            *version, VERSION);
    }
    return 0;
}

static int set_pragmas(sqlite3 *db, struct err *e)
{
    return sql_exec(db,
        "PRAGMA journal_mode = WAL;"
        "PRAGMA synchronous = FULL;"
        "PRAGMA foreign_keys = ON;"
        "PRAGMA journal_size_limit = 4194304;",
        e);
}

static int check_integrity(sqlite3 *db, struct err *e)
{
    char verdict[120] = "no answer";
    sqlite3_stmt *q;
    int rc = sql_query(db, "PRAGMA integrity_check(1)", SQL_NO_ARGS, &q, e);
    if (rc != 0) {
        return rc;
    }
    if ((rc = sql_next(q, e)) > 0) {
        sql_text(q, 0, verdict, sizeof verdict);
    }
    sqlite3_finalize(q);
    if (rc < 0) {
        return rc;
    }
    return sqlite3_stricmp(verdict, "ok") == 0 ? 0 : damaged(verdict, e);
}

static int check_stop(sqlite3 *db, bool *unclean, struct err *e)
{
    int64_t clean = 0;
    int rc = sql_number(db, "SELECT clean_stop FROM host", &clean, e);
    *unclean = clean == 0;
    return rc == 0 && *unclean ? check_integrity(db, e) : rc;
}

static int migrate_one(sqlite3 *db, int64_t from, struct err *e)
{
    char mark[96];
    snprintf(mark, sizeof mark, "PRAGMA user_version = %" PRId64 "; PRAGMA application_id = %d;",
        from + 1, APPLICATION_ID);
    if (sql_exec(db, "BEGIN IMMEDIATE", e) != 0) {
        return -e->code;
    }
    if (sql_exec(db, steps[from], e) == 0 && sql_exec(db, mark, e) == 0 &&
        sql_exec(db, "COMMIT", e) == 0) {
        return 0;
    }
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err_wrap(e, "migration from version %" PRId64, from);
}

static int prepare(sqlite3 *db, bool *unclean, struct err *e)
{
    int64_t version = 0;
    *unclean = false;
    if (check_owner(db, &version, e) != 0 || set_pragmas(db, e) != 0) {
        return -e->code;
    }
    if (version > 0 && check_stop(db, unclean, e) != 0) {
        return -e->code;
    }
    for (; version < VERSION; version++) {
        if (migrate_one(db, version, e) != 0) {
            return -e->code;
        }
    }
    return sql_exec(db, "UPDATE host SET clean_stop = 0", e);
}

/* SQLite would make the file readable for all, and gives its -wal and -shm the mode of the file. */
static int make_private(const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_errno(e, errno, "database \"%s\"", path);
    }
    close(fd);
    return 0;
}

int schema_open(sqlite3 **out, const char *path, bool *unclean, struct err *e)
{
    struct err why = {0};
    sqlite3 *db = NULL;
    if (make_private(path, &why) != 0) {
        goto fail;
    }
    /* One thread at a time uses the connection: the store's db_lock sees to it. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        sql_fail(db, &why);
        goto fail_named;
    }
    sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    if (prepare(db, unclean, &why) == 0) {
        *out = db;
        return 0;
    }
    if (sqlite3_errcode(db) == SQLITE_NOTADB || sqlite3_errcode(db) == SQLITE_CORRUPT) {
        damaged(sqlite3_errmsg(db), &why);
    }
fail_named:
    err_wrap(&why, "database \"%s\"", path);
fail:
    sqlite3_close(db);
    if (e != NULL) {
        *e = why;
    }
    return -why.code;
}

int schema_close(sqlite3 *db, struct err *e)
{
    int rc = sql_exec(db, "UPDATE host SET clean_stop = 1", e);
    sqlite3_close(db);
    return rc;
}
