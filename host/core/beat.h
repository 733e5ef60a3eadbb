/* Does the main loop still live? What the sender does when it does not: heaters off after a minute
 * without a beat, and M112 when the printer has not taken that half a minute later, because it
 * waits for a temperature or a person. Pure; the caller has the clock. */
#ifndef PP_CORE_BEAT_H
#define PP_CORE_BEAT_H

#include <stdbool.h>
#include <stdint.h>

#define BEAT_MISSED_MS UINT64_C(60000)
#define BEAT_OBEY_MS   UINT64_C(30000)

enum beat_order {
    BEAT_FINE,
    BEAT_COLD, /* turn the heaters off; told once */
    BEAT_STOP  /* M112; told once */
};

struct beat {
    bool missed;
    bool settled; /* the heaters are off, or M112 was ordered */
};

/* `last_ms`: of the last beat. `idle`: nothing waits for the printer's acknowledgement, so that
 * what was ordered is done. */
enum beat_order beat_step(struct beat *b, uint64_t now_ms, uint64_t last_ms, bool idle);

#endif
