/* One heater, first order and in closed form: no ticks, the temperature is a function of time.
 *
 * Heating runs at a constant rate and settles exponentially over the last degrees; cooling decays
 * towards the ambient temperature and stops at the target. Temperatures in degrees Celsius.
 */
#ifndef PPV_HEATER_H
#define PPV_HEATER_H

#include <stdint.h>

/* What is wrong with a heater or its sensor. */
enum heater_trouble {
    HEATER_FINE,
    HEATER_STUCK,   /* the sensor stays where it is */
    HEATER_JUMP,    /* the sensor is off by `by` */
    HEATER_NAN,     /* the sensor gives no number */
    HEATER_VALUE,   /* the sensor says `by` */
    HEATER_WAVE,    /* the sensor swings by `by` */
    HEATER_NEVER,   /* heating ends `by` below the target */
    HEATER_RUNAWAY, /* heats on to `by` whatever it is told */
};

struct heater {
    double rate_k_s; /* full power */
    double ambient;
    double max_target; /* higher targets are cut, silently, as Marlin does */
    double target;
    double from;      /* temperature when the target was set */
    uint64_t from_ns; /* and when */

    enum heater_trouble trouble;
    double by;
    double period_s;
    double stuck_at;
    double wanted; /* the target asked for, while the trouble bends the real one */
};

void heater_init(struct heater *h, double rate_k_s, double max_target);
void heater_set(struct heater *h, uint64_t now_ns, double target);
double heater_temp(const struct heater *h, uint64_t now_ns);

/* What its sensor tells; may be NAN. */
double heater_reading(const struct heater *h, uint64_t now_ns);

/* Brings a trouble about, or ends it (HEATER_FINE). */
void heater_break(
    struct heater *h, uint64_t now_ns, enum heater_trouble trouble, double by, double period_s);

/* The target as the firmware knows it. */
double heater_target(const struct heater *h);

/* The duty as Marlin prints it, 0 to 127. */
int heater_power(const struct heater *h, uint64_t now_ns);

#endif
