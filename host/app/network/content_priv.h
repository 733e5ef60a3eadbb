/* Inside the content of other hosts. Included by host/app/network/content*.c only.
 *
 *     content.c         open, close, reading for peers, the timer
 *     content_part.c    what comes: begun, written, made safe, thrown away
 *     content_finish.c  hashed along, and its end
 *     content_disk.c    DATA/incoming: what is found there, SHA256.have
 *     content_cache.c   what is kept, and for how long
 *     content_net.c     answers that go to net
 */
#ifndef PP_APP_NETWORK_CONTENT_PRIV_H
#define PP_APP_NETWORK_CONTENT_PRIV_H

#include "host/app/network/content.h"
#include "host/io/blob.h"

#include <sodium.h>
#include <stdatomic.h>

#define CONTENT_CHUNK (1 << 20) /* as hosts send it */

/* What is known of a chunk. A written one outlives this process, not a power cut. */
enum claim {
    CLAIM_NONE,
    CLAIM_WRITTEN,
    CLAIM_SAFE
};

/* Bytes on their way to the disk. */
struct piece {
    struct piece *next;
    uint64_t id;
    int64_t offset;
    size_t len;
    unsigned generation; /* of the part it is for */
    struct err err;
    uint8_t bytes[];
};

/* Content that is not whole yet. Three works in the pool serve it, each at most once at a time: one
 * writes, one makes safe what is written, one hashes what is there from its start on. */
struct part {
    struct part *next;
    struct content *content;
    char sha256[BLOB_NAME_SIZE];
    int64_t size_bytes;
    uint32_t count;
    uint8_t *written;    /* owned; of each chunk: enum claim */
    bool begun;          /* somebody wants it */
    unsigned generation; /* counts what was thrown away */
    bool gone;           /* it has no files */
    bool again;          /* what is in the file is to be thrown away */
    unsigned held;       /* somebody on the stack still uses it */
    uint64_t used_ms;    /* monotonic; last written */
    size_t dirty;        /* chunks written that are not safe */
    bool stale;          /* what is safe stands not in SHA256.have yet */

    uv_work_t io;
    bool io_busy;
    struct piece *waiting, **waiting_last; /* owned */
    bool close;                            /* its file is to be closed */
    /* The pool's while busy: */
    struct piece *writing;
    bool empty, shut; /* what to do besides */
    int fd;
    uint8_t *claims; /* owned; for SHA256.have */
    bool save;
    struct err save_err;

    uv_work_t sync_work;
    bool sync_busy;
    /* The pool's while busy: */
    uint8_t *safe; /* owned; what is to be made safe, as it was written then */
    unsigned sync_generation;
    struct err sync_err;

    uv_work_t hash_work;
    bool hash_busy;
    unsigned hash_generation;
    uint32_t hash_to;
    bool hash_failed; /* it could not be read back: tried again at the end */
    atomic_bool stop;
    /* The pool's while busy: */
    crypto_hash_sha256_state hash;
    uint32_t hashed;           /* chunks */
    struct analyzer *analyzer; /* owned; NULL: it is no text */
    struct analysis analysis;  /* once all is hashed */
    struct err hash_err;

    uint64_t finish_id; /* 0 = it is not to be finished */
    bool adopting;
};

/* A read for a peer. */
struct reading {
    uv_work_t work;
    struct content *content;
    uint64_t id;
    char *path; /* owned */
    int64_t offset;
    size_t len;
    uint8_t *bytes; /* owned */
    struct err err;
};

/* Content that came, by `came_ms`. */
struct kept {
    char sha256[BLOB_NAME_SIZE];
    int64_t size_bytes;
    int64_t came_ms;
    bool gone; /* nobody holds on to it any more */
};

struct content {
    uv_loop_t *loop;
    struct files *files; /* NULL once closed */
    struct jobs *jobs;
    char *dir;        /* owned; DATA/incoming */
    uint8_t boot[16]; /* this run of the machine; zeroes: not known */
    int64_t cache_bytes, reserve_bytes;
    struct net_content net;
    struct content_answers answers;
    struct part *parts;
    struct kept *kept; /* owned; the oldest first */
    size_t kept_count, kept_cap;
    uv_timer_t timer;
    unsigned ticks;
    unsigned busy; /* works and handles that come back */
    bool closed;
};

/* ---- content.c */

void content_busy(struct content *c);
void content_idle(struct content *c); /* may free it */
void content_tell_written(struct content *c, uint64_t id, const struct err *e);
void content_tell_finished(struct content *c, uint64_t id, const struct err *e);

/* ---- content_part.c */

struct part *part_find(const struct content *c, const char *sha256);
struct part *part_new(struct content *c, const char *sha256, int64_t size_bytes);
void part_free(struct part *p); /* takes it out */
void part_go(struct part *p);   /* begins what is to be done; may free it */
void part_tick(struct part *p, uint64_t now_ms);
int64_t part_missing(const struct part *p); /* bytes */
void part_path(const struct part *p, const char *suffix, char *out, size_t out_size);
size_t part_chunk_len(const struct part *p, uint32_t index);
int part_begin(
    void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e);
void part_write(void *context, uint64_t id, const char *sha256, int64_t offset,
    const uint8_t *bytes, size_t len);
void part_discard(void *context, const char *sha256);

/* ---- content_finish.c */

void finish_begin(void *context, uint64_t id, const char *sha256);
void finish_step(struct part *p); /* hashes along, and what follows */
void finish_forget(struct part *p);

/* ---- content_disk.c */

/* Loads what is there and sweeps what is too old or belongs to nothing. */
int disk_load(struct content *c, int64_t now_ms, struct err *e);
/* In the pool: SHA256.have of p->claims, replaced as a whole. */
int disk_save(const struct part *p, struct err *e);

/* ---- content_cache.c */

void cache_load(struct content *c);
void cache_add(struct content *c, const struct file_entry *file);
bool cache_holds(void *context, const char *sha256);
bool cache_accepts(
    void *context, const char *queue, const char *sha256, int64_t size_bytes, struct err *e);

#endif
