/* One heater, first order and in closed form: no ticks, the temperature is a function of time.
 *
 * Heating runs at a constant rate and settles exponentially over the last degrees; cooling decays
 * towards the ambient temperature and stops at the target. Temperatures in degrees Celsius.
 */
#ifndef PPV_HEATER_H
#define PPV_HEATER_H

#include <stdint.h>

struct heater {
    double rate_k_s; /* full power */
    double ambient;
    double max_target; /* higher targets are cut, silently, as Marlin does */
    double target;
    double from;      /* temperature when the target was set */
    uint64_t from_ns; /* and when */
};

void heater_init(struct heater *h, double rate_k_s, double max_target);
void heater_set(struct heater *h, uint64_t now_ns, double target);
double heater_temp(const struct heater *h, uint64_t now_ns);

/* The duty as Marlin prints it, 0 to 127. */
int heater_power(const struct heater *h, uint64_t now_ns);

#endif
