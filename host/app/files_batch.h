/* Several files that appear together or not at all: what a package brings.
 *
 * Happy path: batch_new(); in the pool batch_begin(), batch_write(), batch_end() for each file; on
 * the loop batch_stage() makes them durable under names that nobody sees (batch_name() tells what
 * they will be called, files_find_content() has them); whoever needs them makes that durable too;
 * batch_show() gives them their names. batch_free() at any time: what is not shown is gone.
 *
 * After a crash the files that were staged are still so: batch_settle() asks about each whether it
 * is to appear.
 */
#ifndef PP_APP_FILES_BATCH_H
#define PP_APP_FILES_BATCH_H

#include "host/app/files.h"

#define BATCH_MAX 200 /* files */

struct file_batch;

struct file_batch *batch_new(struct files *f);

/* In the pool. `part` is a plain file name; one that is too long for its folder is cut. Only gcode
 * and models are taken. PP_ECANCELED once batch_stop() was called. */
int batch_begin(struct file_batch *b, const char *part, struct err *e);
int batch_write(struct file_batch *b, const void *bytes, size_t len, struct err *e);
int batch_end(struct file_batch *b, struct err *e);

/* For the pool: nobody wants it any more. */
void batch_stop(struct file_batch *b);

/* `folder`: "imports/Vase"; with " (2)" when there are other files in it. `done` runs later, once;
 * within files_close() with PP_ECANCELED. */
void batch_stage(struct file_batch *b, const char *folder, store_cb done, void *context);
const char *batch_name(const struct file_batch *b, size_t index);
const char *batch_sha256(const struct file_batch *b, size_t index);
int64_t batch_size(const struct file_batch *b, size_t index);

/* `done` as above. When the disk does not want it they stay staged, for the next start. */
void batch_show(struct file_batch *b, store_cb done, void *context);

/* Not while the pool has it. Too late to drop what is being shown. */
void batch_free(struct file_batch *b);

/* At start: shows the staged files that are wanted and drops the others, unless a job needs their
 * content. */
void batch_settle(struct files *f,
    bool (*wanted)(void *context, const char *name, const char *sha256), void *context);

#endif
