/* Progress of a print on the printer's own display: when to tell it, and with which line. Pure.
 *
 * Told are whole percents and minutes, when they have changed and not more often than every ten
 * seconds: a display needs no more, and each line takes room from the moves.
 */
#ifndef PP_CORE_PROGRESS_H
#define PP_CORE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_LINE 64

enum progress_mode {
    PROGRESS_AUTO, /* by M73 where the printer takes it */
    PROGRESS_M73,
    PROGRESS_M117,
    PROGRESS_OFF
};

/* What is to be shown. */
struct progress_now {
    double percent;  /* 0 to 100 */
    int64_t left_ms; /* -1 unknown */
    int layer;       /* 0 = before the first */
    int layers;      /* 0 unknown */
};

/* What was told last. Zero-initialise for a print. */
struct progress {
    bool told;
    int percent;
    int minutes; /* -1 unknown */
    uint64_t at_ms;
};

/* True if a line may be due at all; asked before the progress is worked out. */
bool progress_ready(const struct progress *p, uint64_t now_ms);

/* True if what would be told has changed. */
bool progress_changed(const struct progress *p, const struct progress_now *now);

/* Writes the line, "M73 P42 R83" or "M117 42% 1h23m left layer 3/120", and remembers it. `mode` is
 * PROGRESS_M73 or PROGRESS_M117. */
void progress_tell(struct progress *p, uint64_t now_ms, const struct progress_now *now,
    enum progress_mode mode, char line[PROGRESS_LINE]);

#endif
