/* Inside of the thermal watch, shared by thermal*.c alone.
 *
 * thermal.c         limits, all heaters, the order to turn everything off, silence
 * thermal_heater.c  one heater
 */
#ifndef PP_CORE_THERMAL_PRIV_H
#define PP_CORE_THERMAL_PRIV_H

#include "host/core/thermal.h"

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)

/* A look at one heater. */
struct thermal_look {
    struct thermal *t;
    struct thermal_heater *h;
    int heater;
    enum thermal_kind kind;
    const struct thermal_limits *limits;
    uint64_t now_ms;
    const struct thermal_context *context;
    struct thermal_verdict verdict;
};

/* The first fault found is told; once everything is to be off only disobedience is left to tell. */
void thermal_condemn(struct thermal_look *w, enum thermal_fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool thermal_is_on(const struct thermal_heater *h);
void thermal_take_target(struct thermal_look *w, int32_t target_mc);
void thermal_take_reading(struct thermal_look *w, int32_t actual_mc);
void thermal_take_unreadable(struct thermal_look *w); /* it was told, and is no number */

#endif
