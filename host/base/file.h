/* Files: whole-file reads with a bound, durable replacement, directories, names that are safe.
 */
#ifndef PP_BASE_FILE_H
#define PP_BASE_FILE_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads a whole file into `out`; refuses one above max_bytes. */
int file_read(const char *path, size_t max_bytes, struct strbuf *out, struct err *e);

/* Replaces `path` by `bytes`: temporary file, fsync, rename, fsync of the folder. */
int file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e);

/* The same for a file that is not there yet; PP_EEXIST and nothing changed when it is. */
int file_create(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e);

/* Makes a folder and its parents (mode of the last one); fine if it is there. */
int file_mkdirs(const char *path, mode_t mode, struct err *e);

/* fsync of the folder that holds `path`, so that a rename in it is durable. */
int file_sync_parent(const char *path, struct err *e);

/* True if `name` is one path component we are ready to create: 1 to 200 bytes of UTF-8, no '/', no
 * control characters, not "." or "..", no leading '.'. */
bool file_name_ok(const char *name);

#define FILE_FOLDERS_MAX 8

/* True for a file_name_ok(), or up to FILE_FOLDERS_MAX of them and one more joined by '/', 200
 * bytes together. */
bool file_path_ok(const char *name);

/* The part after the last '/'. */
const char *file_basename(const char *path);

/* The folder of runtime files (url, pid, key of each host): $PPHOST_RUNTIME, else
 * $XDG_RUNTIME_DIR/pphost, else /run/pphost if it is ours, else /tmp/pphost-UID (0700, owner
 * checked). Made when `create`. */
int file_runtime_dir(char *out, size_t out_size, bool create, struct err *e);

#endif
