/* Uploaded files: names over content-addressed blobs in DATA/blobs, analysed in the thread pool.
 *
 * What a file is tells the suffix of its name (core/file_kind): gcode is analysed and refused when
 * it is none; models and packages are only kept.
 *
 * Happy path: files_begin() makes a temporary file, files_write() appends (and hashes) as bytes
 * arrive, files_commit() syncs, analyses, moves it into blobs/ and saves the row; `done` runs on
 * the loop once the name is durable. files_abort() leaves nothing behind; leftovers are swept at
 * start. Failures: a file too large, a full disk, a name that is no plain file name, content that
 * is no gcode, the store's own.
 */
#ifndef PP_APP_FILES_H
#define PP_APP_FILES_H

#include "host/base/err.h"
#include "host/core/analyze.h"
#include "host/io/store.h"

#include <uv.h>

struct files;
struct upload;

struct file_entry {
    struct file_row row;
    struct analysis analysis; /* valid when analysed */
    bool analysed;
};

/* `max_bytes`: the largest single file accepted. Takes the rows from the store; files without a
 * readable analysis are analysed again, one after the other, in the pool. */
int files_open(struct files **out, uv_loop_t *loop, struct store *store, const char *data_dir,
    int64_t max_bytes, struct err *e);

/* Commits and removals under way are answered PP_ECANCELED within the call; nothing is called after
 * it. An upload not yet committed still has to be aborted by its owner. The loop runs on until the
 * pool has let go. */
void files_close(struct files *f);

/* The printer's kinematics, for the time estimate of what is uploaded from now on (copied). */
void files_set_kinematics(struct files *f, const struct kinematics *k);

const struct kinematics *files_kinematics(const struct files *f);

/* Starts an upload under `name`, replacing an older file of that name when it commits. */
int files_begin(struct files *f, const char *name, struct upload **out, struct err *e);

/* Another name for an upload that is not committed, its suffix of the same kind. */
int files_rename_upload(struct upload *u, const char *name, struct err *e);

/* Refuses at once, instead of after the bytes, an upload that will be this long at least. */
int files_expect(struct upload *u, int64_t size_bytes, struct err *e);

/* Takes the next bytes; returns at once and writes later. An error of the disk is told by the next
 * call or by files_commit(). While files_full() the caller should wait for `room`, which is called
 * on the loop as long as the upload is open. */
int files_write(struct upload *u, const void *bytes, size_t len, struct err *e);
bool files_full(const struct upload *u);
void files_on_room(struct upload *u, void (*room)(void *context), void *context);

/* Ends the upload; it is gone when `done` runs, later on the loop and once. `entry` is NULL on
 * failure, else valid in the callback. */
typedef void (*files_cb)(void *context, const struct err *e, const struct file_entry *entry);
void files_commit(struct upload *u, files_cb done, void *context);

/* Ends an upload that gets no name, of something that is only passed on: `ready` runs later on the
 * loop with the path of what came, which stays until files_abort(), or the next start. `path` is
 * NULL on failure; then the upload is gone. */
typedef void (*files_ready_cb)(void *context, const struct err *e, const char *path);
void files_commit_unnamed(struct upload *u, files_ready_cb ready, void *context);

/* Drops the upload; after files_commit() and before `done` as well, then `done` does not run. Too
 * late once the row is being saved: then the file stays. */
void files_abort(struct upload *u);

/* NULL when there is none. Valid until the next change. */
const struct file_entry *files_find(const struct files *f, const char *name);
const struct file_entry *files_at(
    const struct files *f, size_t index); /* by name; NULL past the end */
const struct file_entry *files_after(const struct files *f, const char *name); /* "": the first */

/* Path of the content with this SHA-256 (64 hex digits). */
void files_path(const struct files *f, const char *sha256, char *out, size_t out_size);

/* While content is pinned it stays, whatever its names stand for meanwhile; the only name it has
 * can not be removed. It must be here (find it first). Pins count. Pin from the moment a file is
 * accepted for printing, so that what was checked is what is printed. */
void files_pin(struct files *f, const char *sha256);
void files_unpin(struct files *f, const char *sha256);

/* ---- content that jobs need --------------------------------------------------------------------
 */

/* Who needs this content, for people ("job \"Vase\""); "" = nobody. Asked before a name is removed
 * or replaced. NULL: nobody ever. */
void files_set_users(struct files *f,
    void (*user)(void *context, const char *sha256, char *out, size_t out_size), void *context);

/* The entry with this content: by any name, or kept for a job although its name is gone or stands
 * for something newer. NULL = the content is not here. */
const struct file_entry *files_find_content(const struct files *f, const char *sha256);

/* Gives content that is here one more name, which must be free (PP_EEXIST). */
void files_give(
    struct files *f, const char *sha256, const char *name, store_cb done, void *context);

/* Lets go of content without a name that nobody needs any more. */
void files_drop_unused(struct files *f);

/* ---- content that came from other hosts --------------------------------------------------------
 *
 * It is kept under a name of ours (".SHA256.net.gcode") as long as `holds` says, or somebody needs
 * it.
 */

/* Takes the whole file at `path` over, whose SHA-256 the caller has found to be this. `called`:
 * what a job calls it, "" = not known: what is no gcode is then kept as a model. `done` as for
 * files_commit(); the file is still at `path` and the caller's to remove. Who is told PP_ECANCELED
 * may try again in the next process. */
void files_adopt(struct files *f, const char *path, const char *sha256, const char *called,
    const struct analysis *analysis, files_cb done, void *context);

/* One after the other, by content; NULL past the last. row.uploaded_ms: when it came. */
const struct file_entry *files_adopted_at(const struct files *f, size_t index);

/* Asked before such content goes. NULL: it is all held, until somebody can tell. */
void files_set_holder(
    struct files *f, bool (*holds)(void *context, const char *sha256), void *context);

/* True while a job needs the content, or it is pinned. */
bool files_is_needed(const struct files *f, const char *sha256);

/* Lets go of such content unless it is held or needed. */
void files_drop_adopted(struct files *f, const char *sha256);

/* ---- folders: names are "folder/part.gcode", at most 200 bytes, 8 folders deep ------------------
 */

int files_mkdir(struct files *f, const char *name, store_cb done, void *context, struct err *e);
const char *files_folder_at(const struct files *f, size_t index); /* all of them, by name */
/* A file or a folder with what is in it gets another name; jobs keep their content. */
void files_move(struct files *f, const char *from, const char *to, store_cb done, void *context);

/* Removes a name, and the content when nothing else has it; `done` (may be NULL) runs later on the
 * loop. PP_ENOTFOUND; PP_EBUSY while it is pinned or being replaced, and, without `force`, while a
 * job needs it (with it the job keeps the content). A folder must be empty. */
void files_remove_name(struct files *f, const char *name, bool force, store_cb done, void *context);

/* A name that is free: `name`, or with " (2)", " (3)" before its suffix. */
void files_free_name(const struct files *f, const char *name, char *out, size_t out_size);

#endif
