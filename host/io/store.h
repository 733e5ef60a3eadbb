/* The store: one SQLite database a host, written by one thread of its own.
 *
 * Every call below queues a job for the writer thread and returns; `done` (may be NULL) runs later
 * on the loop, once, after the transaction is durable (synchronous=FULL, WAL) or has failed. Jobs
 * run in order, so a read sees every write queued before it. store_open() itself is synchronous: it
 * migrates the schema, and after an unclean stop runs integrity_check. So are the calls that return
 * int: they are for the start, before anything is queued; later they would wait for the disk.
 *
 * Failure modes: a corrupt file (open refuses and names it), a database newer than this program
 * (refused), a full disk (the job's PP_ENOSPC; nothing is half-applied), a disk that hangs
 * (PP_ELIMIT once 1024 jobs wait).
 */
#ifndef PP_IO_STORE_H
#define PP_IO_STORE_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct store;

/* What a call answers with. `e` is NULL on success. */
typedef void (*store_cb)(void *context, const struct err *e);

int store_open(struct store **out, uv_loop_t *loop, const char *path, struct err *e);

/* True if the last process that had it open did not close it cleanly. */
bool store_was_unclean(const struct store *s);

/* Writes what is queued and answers it, marks the stop as clean, closes; then `closed` (may be
 * NULL) runs and `s` is gone. */
void store_close(struct store *s, void (*closed)(void *context), void *context);

/* ---- the printer of this data directory, and its bed ------------------------------------------
 */

enum bed_state {
    BED_UNKNOWN, /* treated as occupied */
    BED_OCCUPIED,
    BED_CLEAR
};

/* Facts kept about the printer; one row. */
struct printer_row {
    char port_identity[256]; /* ports_stable_name() */
    char uuid[64];           /* M115 UUID, "" if none */
    char firmware[128];
    char machine_type[128];
    int baud; /* the last that worked; 0 = none yet */
    enum bed_state bed;
};

/* Nothing saved yet: empty texts and a bed that is unknown. */
int store_load_printer(struct store *s, struct printer_row *out, struct err *e);
void store_save_printer(
    struct store *s, const struct printer_row *row, store_cb done, void *context);

/* ---- runs: one attempt at one file -------------------------------------------------------------
 */

enum run_result {
    RUN_OPEN, /* under way */
    RUN_SUCCESS,
    RUN_FAILURE,
    RUN_CANCELLED,
    RUN_ABORTED,
    RUN_INTERRUPTED
};

struct run {
    char id[37]; /* UUIDv7 */
    char file_name[201];
    char sha256[65];
    int64_t start_ms; /* UTC */
    int64_t end_ms;   /* 0 while open */
    enum run_result result;
    char reason[256];
    int64_t lines; /* sent and acknowledged */
    int64_t resends;
    int64_t filament_um; /* forward extrusion of the file, all tools */
    char printer[64];    /* the host's name for it */
    char peer[80];       /* the id of the other host that printed it, "" = this one */
    char queue[64];      /* "" in these five: not of a queue */
    char job_id[37];
    char job_name[201];
    char set_id[37];
    char material[97]; /* loaded in its first tool */
    int64_t used_um;   /* of filament_um, as far as it came */
    bool fault; /* ended because of the printer, which must be looked at; told with its end, not
                   stored */
};

const char *run_result_name(enum run_result r); /* "open", "success", "failure", ... */

void store_save_run(struct store *s, const struct run *r, store_cb done, void *context);
/* Of another host (`peer`), as it tells it; one that is there stays as it is. */
void store_add_run(struct store *s, const struct run *r, store_cb done, void *context);

/* Which runs; a zeroed filter with a limit means the newest of all. */
struct run_filter {
    size_t limit;        /* at most 1000 */
    int64_t before_ms;   /* begun before this; 0 = any time */
    const char *printer; /* these four: exactly; NULL or "" = any */
    const char *file;
    const char *job; /* its id */
    const char *set;
    const enum run_result *result; /* NULL = any */
    bool own;                      /* only of this host */
};

/* The runs wanted, newest first; the array is valid during the callback. */
typedef void (*store_runs_cb)(void *context, const struct err *e, const struct run *runs, size_t n);
void store_list_runs(
    struct store *s, const struct run_filter *filter, store_runs_cb done, void *context);

/* Forgets the runs that ended before `before_ms` (INT64_MAX = all that have ended), but none whose
 * outcome a job still waits for. */
void store_clear_runs(struct store *s, int64_t before_ms, store_cb done, void *context);

enum stats_by {
    STATS_BY_PRINTER,
    STATS_BY_FILE,
    STATS_BY_MATERIAL,
    STATS_BY_DAY /* of its beginning, local time: "2024-05-31" */
};

/* Runs of this host that have ended, one row for each printer, file, material or day. */
struct run_stats {
    char key[201];
    int64_t prints;                       /* all of them */
    int64_t results[RUN_INTERRUPTED + 1]; /* by enum run_result */
    int64_t time_ms;                      /* from begin to end, pauses too */
    int64_t filament_um;                  /* as far as they came */
    double grams;                         /* by `weigh`; 0 without */
};

struct stats_filter {
    enum stats_by by;
    int64_t since_ms; /* begun then or later */
    /* What a length of this material weighs in grams; NULL: nothing is weighed. Called on the
     * loop. */
    double (*weigh)(void *context, const char *material, int64_t length_um);
    void *weigh_context;
};

/* The 1000 rows with most prints, days from the newest on; valid during the callback. */
typedef void (*store_stats_cb)(
    void *context, const struct err *e, const struct run_stats *stats, size_t n);
void store_stats(
    struct store *s, const struct stats_filter *filter, store_stats_cb done, void *context);

/* At start: the run that was under way; id "" when there is none. */
int store_load_open_run(struct store *s, struct run *out, struct err *e);

/* At start: the run with this id; id "" when there is none. */
int store_load_run(struct store *s, const char *id, struct run *out, struct err *e);

/* At start: ends every open run but `except_id` ("" = none) as `interrupted` (the host died);
 * *count of them. */
int store_interrupt_runs(
    struct store *s, const char *except_id, int64_t now_ms, size_t *count, struct err *e);

/* ---- the journal: how far the run under way is, for when nothing else is left of it -------------
 */

#define STORE_WORDS 4096

struct journal_row {
    char run_id[37]; /* "" = none */
    char words[STORE_WORDS + 1];
    uint64_t acked_offset; /* the file up to here is acknowledged */
    uint64_t lines;        /* acknowledged */
    int64_t wall_ms;       /* UTC */
};

/* At start. A row that cannot be is PP_ECORRUPT. */
int store_load_journal(struct store *s, struct journal_row *out, struct err *e);
void store_save_journal(
    struct store *s, const struct journal_row *row, store_cb done, void *context);
void store_drop_journal(struct store *s, store_cb done, void *context);

/* ---- temperatures: one row a minute and heater, thinned to one an hour after a week -------------
 */

struct temp_row {
    int64_t wall_ms;
    char heater[8]; /* "tool0", "bed", "chamber" */
    int32_t actual_mc;
    int32_t target_mc; /* INT32_MIN = not told by the printer */
};

/* Takes the first sample of each minute and heater and drops the others at once, so it may be
 * called for every sample. Nobody waits for temperatures: what cannot be written is dropped, and a
 * year is kept. */
void store_add_temps(struct store *s, const struct temp_row *rows, size_t n);

/* ---- files: names for content in blobs/ --------------------------------------------------------
 */

struct file_row {
    char name[201]; /* unique */
    char sha256[65];
    int64_t size_bytes;
    int64_t uploaded_ms;
    char *analysis; /* owned; JSON of host/core/analyze, NULL while unknown */
};
void store_remove_file(struct store *s, const char *name, store_cb done, void *context);

/* At start, by name; free with store_free_files(). */
int store_load_files(struct store *s, struct file_row **out, size_t *n, struct err *e);
void store_free_files(struct file_row *rows, size_t n);

/* Several changes of names in one transaction. */
struct file_change;
struct file_change *file_change_new(void);
void file_change_save(struct file_change *c, const struct file_row *row); /* copied */
void file_change_drop(struct file_change *c, const char *name);
void file_change_add_folder(struct file_change *c, const char *name); /* fine if it is there */
void file_change_drop_folder(struct file_change *c, const char *name);
/* Takes the change over. */
void store_change_files(struct store *s, struct file_change *c, store_cb done, void *context);

/* At start, by name; free() the array. */
struct folder_row {
    char name[201];
};
int store_load_folders(struct store *s, struct folder_row **out, size_t *n, struct err *e);

/* ---- keys: hashed API keys ----------------------------------------------------------------------
 */

struct key_row {
    char name[64]; /* unique */
    char scope[8]; /* "read", "print", "admin" */
    uint8_t hash[32];
    int64_t created_ms;
};
void store_save_key(struct store *s, const struct key_row *k, store_cb done, void *context);
void store_remove_key(struct store *s, const char *name, store_cb done, void *context);

/* At start, by age; free() the array. */
int store_load_keys(struct store *s, struct key_row **out, size_t *n, struct err *e);

/* ---- settings: small named values (up to 4 KiB)
 * --------------------------------------------------- */

/* "" when there is none; PP_ETOOBIG when it does not fit. */
int store_load_setting(
    struct store *s, const char *name, char *out, size_t out_size, struct err *e);
void store_save_setting(
    struct store *s, const char *name, const char *value, store_cb done, void *context);

#endif
