/* The heaters of one printer: watched while they are on, off when nobody needs them, and never
 * forgotten to be on. Shared by device*.c alone.
 *
 * device_thermal.c  the watch (host/core/thermal.h) and what follows a fault
 * device_cool.c     idle and pause limits, reheating, the debt of turning everything off
 */
#ifndef PP_APP_DEVICE_HEAT_H
#define PP_APP_DEVICE_HEAT_H

#include "host/core/temp.h"
#include "host/core/thermal.h"

#include <stdbool.h>
#include <stdint.h>

struct device;

struct device_heat {
    struct thermal thermal;
    bool asked; /* an M105 of the watch is not acknowledged yet */
    uint64_t asked_ms;
    bool off_wanted;    /* as soon as the printer takes commands again */
    uint64_t tuning_ms; /* since when the firmware tunes a regulator; 0 = it does not */
    bool locked;        /* it has said so since the last order to turn everything off */
    bool locked_told;   /* a person knows, since connecting */
    uint64_t again_ms;  /* when what is owed was last tried again */
    bool owed;          /* every heater off at the next connection */
    bool owed_stored;   /* and the store knows */
    uint64_t used_ms;   /* since when heaters are on with no job, or somebody used them */
    int64_t idle_off_ms;
    int64_t pause_off_ms;     /* hotends in a pause */
    int64_t pause_bed_off_ms; /* and the bed */
    bool tools_cooled;        /* in this pause, by us */
    bool bed_cooled;
    int32_t reheat_mc[TEMP_HEATERS]; /* to be reached again on resume; 0 = nothing */
};

/* A new connection: the watch knows nothing yet. */
void device_thermal_reset(struct device *d);

/* Another profile: what the watch knows, and what it has ordered, holds. */
void device_thermal_limits(struct device *d);

/* A report has come; the clock has moved on; any line; an M105 of the watch is acknowledged. */
void device_thermal_report(struct device *d, const struct temp_report *r);
void device_thermal_tick(struct device *d, uint64_t now_ms);
void device_thermal_line(struct device *d, const char *text);
void device_thermal_asked(struct device *d);

/* Heaters were ordered off because something is wrong: M112 if they stay on. */
void device_thermal_off(struct device *d, uint64_t now_ms);

/* Stops what cannot be steered: M112, heaters off, the print has failed. */
void device_halt(struct device *d, const char *reason);

/* Heaters that are on with nothing to do, or in a long pause. */
void device_cool_tick(struct device *d, uint64_t now_ms);

/* Heats again what a pause let cool, and waits for it; before any move. */
void device_reheat(struct device *d);

/* Somebody sets temperatures: what is left on for how long is counted anew. */
void device_cool_used(struct device *d);

/* A pause is taken over from another process: what is off of what the file had on is heated again
 * on resume. */
void device_cool_found(struct device *d);

/* The heaters may be on and cannot be reached: they go off at the next connection, also of another
 * process. Kept in the store until device_cool_paid(). */
void device_cool_owe(struct device *d);
void device_cool_paid(struct device *d); /* every heater off is acknowledged; not by a locked one */
/* A locked printer acknowledges what it does not do: no print goes on, and what it owes it owes on
 * until it does as it is told. */
void device_cool_locked(struct device *d);

void device_cool_forgive(struct device *d); /* the print that they are on for goes on */
bool device_cool_is_owed(struct device *d); /* by an earlier process; at the start */

#endif
