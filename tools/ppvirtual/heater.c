#include "tools/ppvirtual/heater.h"

#include <math.h>

#define AMBIENT  22.0
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

void heater_set(struct heater *h, uint64_t now_ns, double target)
{
    double now = heater_temp(h, now_ns);
    h->from = now;
    h->from_ns = now_ns;
    h->target = target < h->max_target ? target : h->max_target;
    if (h->target < 0) {
        h->target = 0;
    }
}

int heater_power(const struct heater *h, uint64_t now_ns)
{
    double temp = heater_temp(h, now_ns);
    if (h->target <= h->ambient || temp > h->target + 0.5) {
        return 0;
    }
    double duty = (h->target - temp) / SETTLE_K;
    double hold = (h->target - h->ambient) / 600; /* what losses ask for at the target */
    double sum = (duty > 0 ? duty : 0) + hold;
    return sum >= 1 ? 127 : (int)(sum * 127);
}
