/* The host's own thermal watch: do the reported temperatures follow their targets?
 *
 * Firmwares watch their heaters themselves; this is for those whose watch is switched off, wrong or
 * dead. Marlin's figures are the base (THERMAL_PROTECTION_PERIOD 40 s and _HYSTERESIS 4 K, bed 20 s
 * and 2 K; WATCH_TEMP_PERIOD 40 s and _INCREASE 2 K, bed 60 s and 2 K; Configuration_adv.h), ours
 * are looser, so that a healthy firmware is always the first to act.
 *
 * Happy path: every report goes into thermal_step(), the clock too, with a NULL report; the verdict
 * is THERMAL_FINE. Any other verdict means: stop the print and turn the heaters off. After
 * thermal_off() it watches whether that is obeyed; THERMAL_DISOBEYED means M112.
 *
 * Replies have no checksum: nothing is concluded from a single reading. A heater whose target the
 * printer does not tell is watched for impossible readings only.
 */
#ifndef PP_CORE_THERMAL_H
#define PP_CORE_THERMAL_H

#include "host/core/temp.h"

#include <stdbool.h>
#include <stdint.h>

enum thermal_kind {
    THERMAL_TOOL,
    THERMAL_BED,
    THERMAL_CHAMBER,
    THERMAL_KINDS
};

/* What a heater of a kind may do. Zero = the default. */
struct thermal_limits {
    int32_t fall_mc;   /* once at its target it may be below it by so much ... */
    int64_t fall_ms;   /* ... for so long */
    int32_t rise_mc;   /* while far below its target it must rise by so much ... */
    int64_t rise_ms;   /* ... in this time */
    int64_t stuck_ms;  /* a reading that must move may stay exactly the same for so long */
    int32_t rate_mc_s; /* no heater and no fan changes it faster */
};

extern const struct thermal_limits thermal_defaults[THERMAL_KINDS];

enum thermal_fault {
    THERMAL_FINE,
    THERMAL_FELL,       /* below a target that it had reached */
    THERMAL_COLD,       /* heating without rise */
    THERMAL_OVER,       /* far above its target, and rising, or not cooling */
    THERMAL_STUCK,      /* the same reading although it must move */
    THERMAL_JUMP,       /* changed faster than heat can */
    THERMAL_IMPOSSIBLE, /* no number, or a temperature that cannot be */
    THERMAL_SILENT,     /* asked and asked, and no temperatures come */
    THERMAL_DISOBEYED   /* turned off, and still heating */
};

struct thermal_verdict {
    enum thermal_fault fault;
    int heater;     /* index; -1 = none in particular */
    bool ask;       /* no report for long while heaters are on: send M105 */
    char text[192]; /* what is wrong, for people; "" while fine */
};

/* What the caller knows beside the readings. */
struct thermal_context {
    int32_t max_mc[THERMAL_KINDS]; /* hotter cannot be reached; 0 = unknown */
    bool printing;
    bool tuning;  /* PID tuning heats with a target of zero */
    bool blocked; /* a long command runs: the printer cannot answer */
};

struct thermal_heater {
    int32_t target_mc;  /* TEMP_NONE = not told yet */
    uint64_t target_ms; /* since when */
    int32_t actual_mc;  /* the last believed; TEMP_NONE = none yet */
    uint64_t actual_ms;
    uint64_t same_ms; /* since when it is exactly that */
    uint64_t must_ms; /* since when it must move; 0 = it need not */
    bool reached;     /* the target, since it was set */
    int32_t mark_mc;  /* while heating: the last progress, and when */
    uint64_t mark_ms;
    uint64_t below_ms; /* since when too far below; 0 = it is not */
    int32_t low_mc;    /* lowest since far above the target */
    bool above;        /* low_mc, cool_mc, cool_ms hold */
    int32_t cool_mc;   /* the last it has visibly cooled to, and when */
    uint64_t cool_ms;
    unsigned rising;    /* readings in a row that are too high */
    unsigned odd;       /* readings in a row that cannot be */
    int32_t suspect_mc; /* a reading that jumped; TEMP_NONE = none */
    uint64_t jump_ms;   /* of the first of `jumps` */
    unsigned jumps;
};

struct thermal {
    struct thermal_limits limits[THERMAL_KINDS];
    struct thermal_heater heater[TEMP_HEATERS];
    uint64_t report_ms;  /* of the last report with a reading; 0 = none yet */
    unsigned unanswered; /* M105 acknowledged without temperatures */
    uint64_t off_ms;     /* since when everything must be off; 0 = not ordered */
    bool off_seen;       /* every target was told to be zero since */
};

/* Everything unknown; `limits` (THERMAL_KINDS of them) may be NULL. */
void thermal_init(struct thermal *t, const struct thermal_limits *limits);

/* Other limits for what is watched already. */
void thermal_limit(struct thermal *t, const struct thermal_limits *limits);

/* Takes a report of the printer, or only the time (`r` NULL), and says what to make of it. */
struct thermal_verdict thermal_step(struct thermal *t, uint64_t now_ms, const struct temp_report *r,
    const struct thermal_context *c);

/* An M105 sent because of `ask` was acknowledged, whatever came with it. */
void thermal_asked(struct thermal *t);

/* The heaters were ordered off because of a fault: from now on only obedience is watched, for ten
 * minutes, or until a target is set again after all were seen at zero. */
void thermal_off(struct thermal *t, uint64_t now_ms);

/* Somebody heats on purpose: thermal_off() does not hold any more. */
void thermal_on(struct thermal *t);

#endif
