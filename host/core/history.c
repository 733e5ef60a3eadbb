#include "host/core/history.h"

#include <string.h>

void history_put(struct history *h, const struct history_line *l, const char *bytes)
{
    size_t at = h->written % HISTORY_BYTES;
    if (at + l->len > HISTORY_BYTES) {
        h->written += HISTORY_BYTES - at;
        at = 0;
    }
    struct history_line *slot = &h->line[l->n % HISTORY_LINES];
    *slot = *l;
    slot->at = h->written;
    h->written += l->len; /* before the bytes: what they overwrite is no longer found */
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(h->bytes + at, bytes, l->len);
    atomic_store_explicit(&h->last_n, l->n, memory_order_release);
}

const struct history_line *history_find(const struct history *h, uint64_t n, const char **bytes)
{
    const struct history_line *slot = &h->line[n % HISTORY_LINES];
    if (slot->len == 0 || slot->n != n ||
        n > atomic_load_explicit(&h->last_n, memory_order_relaxed) ||
        h->written - slot->at > HISTORY_BYTES) {
        return NULL;
    }
    *bytes = h->bytes + slot->at % HISTORY_BYTES;
    return slot;
}
