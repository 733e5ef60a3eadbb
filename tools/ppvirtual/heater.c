#include "tools/ppvirtual/heater.h"

#include <math.h>

#define AMBIENT  22.0
#define PI       3.14159265358979323846
#define SETTLE_K 5.0   /* below the target by this much the duty falls */
#define COOL_K   360.0 /* time constant of cooling = this / rate: 120 s at 3 K/s */

void heater_init(struct heater *h, double rate_k_s, double max_target)
{
    *h = (struct heater){
        .rate_k_s = rate_k_s,
        .ambient = AMBIENT,
        .max_target = max_target,
        .from = AMBIENT,
    };
}

static double heating(const struct heater *h, double seconds)
{
    double knee = h->target - SETTLE_K;
    double linear_s = h->from < knee ? (knee - h->from) / h->rate_k_s : 0;
    if (seconds <= linear_s) {
        return h->from + h->rate_k_s * seconds;
    }
    double left = h->from < knee ? SETTLE_K : h->target - h->from;
    return h->target - left * exp(-(seconds - linear_s) * h->rate_k_s / SETTLE_K);
}

static double cooling(const struct heater *h, double seconds)
{
    double floor = h->target > h->ambient ? h->target : h->ambient;
    double tau_s = COOL_K / h->rate_k_s;
    double temp = h->ambient + (h->from - h->ambient) * exp(-seconds / tau_s);
    return temp > floor ? temp : floor;
}

double heater_temp(const struct heater *h, uint64_t now_ns)
{
    double seconds = now_ns > h->from_ns ? (double)(now_ns - h->from_ns) / 1e9 : 0;
    if (h->target > h->from) {
        return heating(h, seconds);
    }
    return h->from > h->ambient ? cooling(h, seconds) : h->from;
}

/* Where the heater really goes when it is told to. */
static double bent(const struct heater *h)
{
    if (h->trouble == HEATER_RUNAWAY) {
        return h->by;
    }
    if (h->trouble == HEATER_NEVER && h->wanted > h->ambient) {
        return h->wanted - h->by > h->ambient ? h->wanted - h->by : h->ambient;
    }
    return h->wanted;
}

static void head_for(struct heater *h, uint64_t now_ns)
{
    double now = heater_temp(h, now_ns);
    h->from = now;
    h->from_ns = now_ns;
    h->target = bent(h);
}

void heater_set(struct heater *h, uint64_t now_ns, double target)
{
    h->wanted = target < h->max_target ? target : h->max_target;
    h->wanted = h->wanted > 0 ? h->wanted : 0;
    head_for(h, now_ns);
}

double heater_target(const struct heater *h)
{
    return h->wanted;
}

void heater_break(
    struct heater *h, uint64_t now_ns, enum heater_trouble trouble, double by, double period_s)
{
    h->stuck_at = heater_reading(h, now_ns);
    h->trouble = trouble;
    h->by = by;
    h->period_s = period_s > 0 ? period_s : 1;
    head_for(h, now_ns);
}

double heater_reading(const struct heater *h, uint64_t now_ns)
{
    double temp = heater_temp(h, now_ns);
    switch (h->trouble) {
    case HEATER_FINE:
    case HEATER_NEVER:
    case HEATER_RUNAWAY:
        return temp;
    case HEATER_STUCK:
        return h->stuck_at;
    case HEATER_JUMP:
        return temp + h->by;
    case HEATER_NAN:
        return NAN;
    case HEATER_VALUE:
        return h->by;
    case HEATER_WAVE:
        return temp + h->by * sin((double)now_ns / 1e9 / h->period_s * 2 * PI);
    }
    return temp;
}

int heater_power(const struct heater *h, uint64_t now_ns)
{
    double temp = heater_reading(h, now_ns);
    if (h->wanted <= h->ambient || temp > h->wanted + 0.5) {
        return 0;
    }
    double duty = (h->wanted - temp) / SETTLE_K;
    double hold = (h->wanted - h->ambient) / 600; /* what losses ask for at the target */
    double sum = (duty > 0 ? duty : 0) + hold;
    return sum >= 1 ? 127 : (int)(sum * 127);
}
