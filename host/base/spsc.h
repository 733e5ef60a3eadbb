/* A bounded queue of records between exactly one producing and one consuming thread, without locks.
 *
 * Records are whole and contiguous: the consumer reads them in place. A full queue refuses; nobody
 * ever waits.
 */
#ifndef PP_BASE_SPSC_H
#define PP_BASE_SPSC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spsc {
    unsigned char *data;              /* owned */
    size_t size;                      /* power of two */
    _Alignas(64) _Atomic size_t head; /* written by the producer: bytes ever put */
    size_t tail_seen;                 /* the producer's last look at tail */
    _Alignas(64) _Atomic size_t tail; /* written by the consumer: bytes ever taken */
    size_t head_seen;                 /* the consumer's last look at head */
};

/* `size` is a power of two, the bytes of all records with 8 bytes each on top. */
void spsc_init(struct spsc *q, size_t size);
void spsc_fini(struct spsc *q);

/* Producer: space for a record of `len` bytes (8-aligned), NULL if it does not fit now. Fill it,
 * then spsc_push() with the same length. At most size / 4 bytes a record. */
void *spsc_reserve(struct spsc *q, size_t len);
void spsc_push(struct spsc *q, size_t len);

/* Consumer: the oldest record or NULL; valid until spsc_pop(). */
void *spsc_peek(struct spsc *q, size_t *len);
void spsc_pop(struct spsc *q);

/* Bytes in use, as either side may see them. */
size_t spsc_used(const struct spsc *q);

#endif
