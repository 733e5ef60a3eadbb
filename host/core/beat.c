#include "host/core/beat.h"

enum beat_order beat_step(struct beat *b, uint64_t now_ms, uint64_t last_ms, bool idle)
{
    uint64_t silent_ms = now_ms > last_ms ? now_ms - last_ms : 0;
    if (silent_ms <= BEAT_MISSED_MS) {
        *b = (struct beat){0};
        return BEAT_FINE;
    }
    if (!b->missed) {
        b->missed = true;
        return BEAT_COLD;
    }
    if (b->settled) {
        return BEAT_FINE;
    }
    bool late = silent_ms > BEAT_MISSED_MS + BEAT_OBEY_MS;
    b->settled = idle || late;
    return late && !idle ? BEAT_STOP : BEAT_FINE;
}
