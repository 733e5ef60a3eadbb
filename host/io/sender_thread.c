#include "host/io/sender_priv.h"

#include "host/io/resident.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LAZY_MS  50 /* notes nobody waits for are delivered this late */
#define PRIORITY 10 /* SCHED_FIFO, where permitted */

/* ---- timers -------------------------------------------------------------------------------- */

static void turn_off(struct sender *s)
{
    char line[SENDER_COLD];
    size_t len;
    for (int i = 0; (len = sender_cold_line(&s->stream.options, i, line)) > 0; i++) {
        stream_inject(&s->stream, line, len, 0);
    }
}

/* Nobody steers any more: better cold than on fire. The print ends when the main loop is back. A
 * print from the printer's own card goes on without us, as it does when this program is not there;
 * while a file is written to it nothing else can be sent, and nothing is heated. */
static void check_beat(struct sender *s, uint64_t now)
{
    if (s->stream.options.by_itself || atomic_load(&s->card)) {
        return;
    }
    bool idle = s->stream.flight_count + kept_waiting(s->stream.kept) == 0;
    switch (beat_step(&s->beat, now / 1000, atomic_load(&s->beat_ms), idle)) {
    case BEAT_FINE:
        break;
    case BEAT_COLD:
        stream_hold(&s->stream);
        turn_off(s);
        sender_tell(s, NOTE_LOST, 0, "this program hung for a minute: heaters off");
        break;
    case BEAT_STOP:
        sender_estop_begin(s, now);
        break;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct sender *s = timer->data;
    uint64_t now = sender_now_us();
    if (s->phase == PHASE_GREETING) {
        sender_tick_greeting(s, now);
    } else if (s->phase == PHASE_STREAMING) {
        stream_tick(&s->stream, now);
        check_beat(s, now);
        ringfile_alive(&s->ringfile);
    } else if (s->phase == PHASE_STOPPED) {
        sender_estop_tick(s, now);
    }
    sender_pump(s, now);
    sender_arm(s);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t deadline_of(const struct sender *s)
{
    switch (s->phase) {
    case PHASE_GREETING:
        return s->greet.next_us;
    case PHASE_STREAMING:
        return earlier(stream_deadline(&s->stream), xonxoff_deadline(&s->flow));
    case PHASE_STOPPED:
        return sender_estop_deadline(s);
    case PHASE_CLOSED:
        break;
    }
    return UINT64_MAX;
}

/* Arms the timer for the next deadline; at the latest in a second, for the beat. */
void sender_arm(struct sender *s)
{
    uint64_t deadline = deadline_of(s);
    uint64_t now = sender_now_us();
    uint64_t wait_ms = deadline <= now ? 1 : (deadline - now) / 1000 + 1;
    if (s->phase == PHASE_CLOSED) {
        return;
    }
    wait_ms = wait_ms < 1000 ? wait_ms : 1000;
    if (!uv_is_active((uv_handle_t *)&s->timer) || uv_timer_get_due_in(&s->timer) > wait_ms) {
        uv_update_time(&s->loop);
        uv_timer_start(&s->timer, on_timer, wait_ms, 0);
    }
    if (atomic_exchange(&s->notes_waiting, false) && !uv_is_active((uv_handle_t *)&s->lazy)) {
        uv_timer_start(&s->lazy, sender_on_lazy, LAZY_MS, 0);
    }
}

/* ---- orders -------------------------------------------------------------------------------- */

/* The order's memory is soon that of another. */
static void take_port(struct sender *s, const struct order *o)
{
    assert(!s->poll_open);
    s->port = o->port;
    s->stream_options = o->options;
    s->dialect = *o->options.dialect;
    s->stream_options.dialect = &s->dialect;
}

static void attach(struct sender *s, const struct order *o)
{
    take_port(s, o);
    greet_init(&s->greet, sender_now_us(), (int)o->value, o->last_good,
        o->options.meatpack != STREAM_PACK_NEVER);
    sender_open_port(s);
}

static void reattach(struct sender *s, const struct order *o)
{
    take_port(s, o);
    sender_adopt_port(s, (int)o->value);
}

static void quit(struct sender *s)
{
    s->quitting = true;
    sender_close_port(s);
    if (s->estop_fd >= 0) {
        uv_close((uv_handle_t *)&s->estop_poll, NULL);
    }
    uv_close((uv_handle_t *)&s->timer, NULL);
    uv_close((uv_handle_t *)&s->lazy, NULL);
    uv_close((uv_handle_t *)&s->prepare, NULL);
    uv_close((uv_handle_t *)&s->wake_poll, NULL);
}

static void obey(struct sender *s, const struct order *o, uint64_t now)
{
    switch (o->kind) {
    case ORDER_ATTACH:
        attach(s, o);
        break;
    case ORDER_REATTACH:
        reattach(s, o);
        break;
    case ORDER_DETACH:
        sender_close_port(s);
        break;
    case ORDER_INJECT:
        if (s->phase == PHASE_STREAMING) {
            stream_inject(&s->stream, o->text, o->len, o->value);
        }
        sender_publish_injects(s);
        atomic_fetch_add(&s->injects_obeyed, 1);
        break;
    case ORDER_URGENT:
        stream_urgent(&s->stream, now, o->text, o->len);
        break;
    case ORDER_BEGIN:
        stream_begin_at(&s->stream, &s->ring, o->value, o->offset, o->lines);
        break;
    case ORDER_REJOIN:
        stream_rejoin(&s->stream, &s->ring, o->value);
        break;
    case ORDER_REWOUND:
        stream_rewound(&s->stream, o->value);
        break;
    case ORDER_DROP:
        stream_drop_job(&s->stream);
        break;
    case ORDER_HOLD:
        stream_hold(&s->stream);
        break;
    case ORDER_RELEASE:
        stream_release(&s->stream);
        break;
    case ORDER_TAP:
        stream_tap(&s->stream, o->value != 0);
        break;
    case ORDER_OPTIONS:
        stream_set_options(&s->stream, &o->options);
        xonxoff_obey(&s->flow, o->options.xonxoff);
        break;
    case ORDER_QUIT:
        quit(s);
        break;
    }
}

void sender_obey(struct sender *s, uint64_t now)
{
    struct order *o;
    size_t len;
    bool stop = atomic_exchange(&s->estop_wanted, false);
    if (stop && s->phase != PHASE_CLOSED) {
        sender_estop_begin(s, now); /* before all else */
        stop = false;
    }
    while (!s->quitting && (o = spsc_peek(&s->orders, &len)) != NULL) {
        obey(s, o, now);
        spsc_pop(&s->orders);
    }
    if (stop && !s->quitting) {
        sender_estop_begin(s, now); /* the port was opened just now, or there is none */
    }
}

void sender_on_orders(uv_poll_t *poll, int status, int events)
{
    struct sender *s = poll->data;
    uint64_t count;
    uint64_t now = sender_now_us();
    (void)status;
    (void)events;
    (void)!read(s->wake_fd, &count, sizeof count); /* nothing there: woken for nothing */
    sender_obey(s, now);
    if (!s->quitting) {
        sender_pump(s, now);
        sender_arm(s);
    }
}

void sender_on_estop(uv_poll_t *poll, int status, int events)
{
    struct sender *s = poll->data;
    char bytes[64];
    (void)events;
    ssize_t n = status < 0 ? -1 : recv(s->estop_fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n >= 4 && memmem(bytes, (size_t)n, "M112", 4) != NULL) {
        sender_estop_begin(s, sender_now_us());
        sender_arm(s);
    }
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void ask_for_priority(void)
{
    struct sched_param param = {.sched_priority = PRIORITY};
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
}

void sender_run(void *arg)
{
    struct sender *s = arg;
    ask_for_priority();
    resident_stack();
    uv_run(&s->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&s->loop);
    assert(rc == 0);
    (void)rc;
    uv_async_send(&s->to_main);
}
