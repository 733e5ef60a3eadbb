/* A thread that reads one file ahead, for the loop it is opened on.
 *
 * It has a thread of its own because libuv's four are shared: uploads that wait for a slow disk can
 * hold all of them for as long as the disk likes, and a print must not wait behind those.
 *
 * Happy path: reader_read(), then `done` with what pread() gave. Failure: a negative errno there.
 */
#ifndef PP_IO_READER_H
#define PP_IO_READER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct reader;

/* `n`: bytes read, 0 at the end of the file, or a negative errno. Runs on the loop. */
typedef void (*reader_cb)(void *context, ssize_t n);

/* Takes over `fd`, which has a position to read at. */
struct reader *reader_open(uv_loop_t *loop, int fd, reader_cb done, void *context);

/* One at a time; `buffer` is the reader's until `done`, or until it is closed. */
void reader_read(struct reader *r, void *buffer, size_t size, uint64_t offset);

/* `done` runs no more. A read under way is waited for in the background; then the descriptor is
 * closed and `closed` runs, on the loop. */
void reader_close(struct reader *r, void (*closed)(void *context), void *context);

#endif
