/* The ring file: memory in which what must survive this process is kept, locked and mapped.
 *
 * It lies on a tmpfs, so that a store to it never waits for a disk: at `path` if that is on one,
 * else in /dev/shm under a name made of the folder's. It is created with mode 0600 and refused if
 * another user owns it. Killing the process leaves it; ringfile_forget() and a reboot end it (the
 * kernel's boot id is kept inside).
 *
 * Failures: no room (the space is reserved at once, so that no later store can fail), another
 * process has it (locked), not ours. What another version or another boot left is overwritten.
 */
#ifndef PP_IO_RINGFILE_H
#define PP_IO_RINGFILE_H

#include "host/base/err.h"
#include "host/core/kept.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RINGFILE_WORDS 4096

struct ringfile_map;

struct ringfile {
    int fd;
    char path[320]; /* where it really is */
    struct ringfile_map *map;
    struct kept *kept; /* inside the map */
    bool left;         /* a process before us left something that can be believed */
};

/* Opens or makes the file for `path`. With "" the memory is private and dies with the process. */
int ringfile_open(struct ringfile *r, const char *path, struct err *e);
void ringfile_close(struct ringfile *r);

/* Nothing of it is of use any more: the next one to open it finds nothing. */
void ringfile_forget(struct ringfile *r);

/* Notes the time: the owner of `kept` is alive. CLOCK_BOOTTIME. */
void ringfile_alive(struct ringfile *r);

/* Milliseconds since ringfile_alive(), suspended or not. */
uint64_t ringfile_away_ms(const struct ringfile *r);

/* Replaces the words as a whole; at most RINGFILE_WORDS bytes. */
void ringfile_set_words(struct ringfile *r, const void *words, size_t len);
const void *ringfile_words(const struct ringfile *r, size_t *len);

#endif
