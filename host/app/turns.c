#include "host/app/turns.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#define LONG_NS  UINT64_C(1000000000)
#define QUIET_NS UINT64_C(60000000000)

static void tell(struct turns *t, uint64_t now_ns, uint64_t turn_ns)
{
    if (turn_ns < LONG_NS || (t->logged_ns != 0 && now_ns - t->logged_ns < QUIET_NS)) {
        return;
    }
    t->logged_ns = now_ns;
    log_warn("this program was held up for %.1f s: the machine or its disk is overloaded",
        (double)turn_ns / 1e9);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct turns *t = prepare->data;
    uint64_t now_ns = clock_ns();
    uint64_t idle_ns = uv_metrics_idle_time(prepare->loop);
    uint64_t slept_ns = idle_ns - t->idle_ns;
    uint64_t passed_ns = now_ns - t->last_ns;
    if (t->last_ns != 0 && passed_ns > slept_ns) {
        uint64_t turn_ns = passed_ns - slept_ns;
        t->longest_ns = turn_ns > t->longest_ns ? turn_ns : t->longest_ns;
        tell(t, now_ns, turn_ns);
    }
    t->last_ns = now_ns;
    t->idle_ns = idle_ns;
}

void turns_open(struct turns *t, uv_loop_t *loop)
{
    *t = (struct turns){0};
    uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    uv_prepare_init(loop, &t->prepare);
    t->prepare.data = t;
    uv_prepare_start(&t->prepare, on_prepare);
    uv_unref((uv_handle_t *)&t->prepare);
}

void turns_close(struct turns *t)
{
    uv_close((uv_handle_t *)&t->prepare, NULL);
}

uint64_t turns_longest_us(const struct turns *t)
{
    return t->longest_ns / 1000;
}
