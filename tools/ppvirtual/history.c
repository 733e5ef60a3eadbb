#include "tools/ppvirtual/history.h"

void history_add(struct history *h, struct sample s)
{
    if (h->every == 0) {
        h->every = 1;
    }
    if (h->calls++ % h->every != 0) {
        return;
    }
    if (h->len == HISTORY_MAX) {
        for (size_t i = 0; i < HISTORY_MAX / 2; i++) {
            h->samples[i] = h->samples[i * 2];
        }
        h->len = HISTORY_MAX / 2;
        h->every *= 2;
    }
    h->samples[h->len++] = s;
}
