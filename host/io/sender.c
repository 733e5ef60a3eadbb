#include "host/io/sender.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/core/greet.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ORDERS_BYTES (64u << 10)
#define NOTES_BYTES  (128u << 10)
#define LAZY_MS      50    /* notes nobody waits for are delivered this late */
#define BEAT_MS      60000 /* the main loop must beat within this */
#define PRIORITY     10    /* SCHED_FIFO, where permitted */
#define RESERVED     4     /* places for lines that are injected by this thread itself */
#define ESTOPS       3 /* a firmware that finds half a line drops what follows it: say it again */
#define ESTOP_US     150000

enum order_kind {
    ORDER_ATTACH,
    ORDER_DETACH,
    ORDER_INJECT,
    ORDER_URGENT,
    ORDER_BEGIN,
    ORDER_REWOUND,
    ORDER_DROP,
    ORDER_HOLD,
    ORDER_RELEASE,
    ORDER_TAP,
    ORDER_OPTIONS,
    ORDER_QUIT
};

struct order {
    enum order_kind kind;
    uint32_t value; /* tag, generation, on/off, baud */
    int last_good;
    struct serial port;
    struct stream_options options;
    size_t len;
    char text[LINE_MAX_CMD + 1];
};

/* A note on its way to the main loop; text follows. */
struct letter {
    struct stream_note note;
    char text[];
};

enum phase {
    PHASE_CLOSED,
    PHASE_GREETING,
    PHASE_STREAMING,
    PHASE_STOPPED /* after an emergency stop: open and silent */
};

struct sender {
    /* shared between the threads */
    struct spsc orders;
    struct spsc notes;
    struct spsc ring;
    int wake_fd; /* eventfd: orders or lines wait. No uv_async_t, whose receiver spins while the
                  * sending thread is preempted: at real-time priority that is for ever. */
    uv_async_t to_main;
    _Atomic uint64_t beat_ms;
    _Atomic bool fill_wanted;
    _Atomic bool notes_waiting;
    _Atomic bool estop_wanted;
    _Atomic uint32_t injects_obeyed;
    _Atomic size_t injects_waiting; /* in the stream's queue */
    _Atomic uint64_t dropped;       /* received lines that did not fit into `notes` */

    /* main thread */
    struct sender_options options;
    uint32_t injects_ordered;
    bool closing;
    void (*closed)(void *context);
    void *closed_context;

    /* sender thread */
    uv_thread_t thread;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_timer_t lazy;
    uv_poll_t poll;
    uv_poll_t wake_poll;
    uv_poll_t estop_poll;
    int estop_fd;
    bool poll_open; /* the handle is not yet closed; the port waits for it */
    bool quitting;
    bool writable_wanted;
    bool beat_missed;
    unsigned estops_left;
    uint64_t estop_us; /* when to say it again */
    enum phase phase;
    struct serial port;
    struct stream_options stream_options;
    struct greet greet;
    struct line_split split;
    struct stream stream; /* large */
};

static uint64_t now_us(void)
{
    return clock_ns() / 1000;
}

/* ---- notes to the main loop --------------------------------------------------------------------
 */

static bool is_lazy(enum stream_note_kind kind)
{
    return kind == NOTE_RECEIVED || kind == NOTE_SENT || kind == NOTE_CHECKPOINT ||
           kind == NOTE_NUMBERED;
}

/* Lines nobody acts on leave room for the notes that matter, should the main loop hang. */
static bool has_room(struct sender *s, enum stream_note_kind kind)
{
    bool text_only = kind == NOTE_RECEIVED || kind == NOTE_SENT;
    return !text_only || spsc_used(&s->notes) < NOTES_BYTES / 2;
}

/* Orders that inject are only given while this leaves room. */
static void publish_injects(struct sender *s)
{
    atomic_store(&s->injects_waiting, s->stream.inject_count);
}

static void on_note(void *context, const struct stream_note *note)
{
    struct sender *s = context;
    size_t size = sizeof(struct letter) + note->len + 1;
    if (note->kind == NOTE_NUMBERED) {
        publish_injects(s);
    }
    struct letter *letter = has_room(s, note->kind) ? spsc_reserve(&s->notes, size) : NULL;
    if (letter == NULL) {
        atomic_fetch_add(&s->dropped, 1);
        return;
    }
    letter->note = *note;
    if (note->len > 0) {
        memcpy(letter->text, note->text, note->len);
    }
    letter->text[note->len] = '\0';
    spsc_push(&s->notes, size);
    if (!is_lazy(note->kind)) {
        uv_async_send(&s->to_main);
    } else if (!uv_is_active((uv_handle_t *)&s->lazy)) {
        atomic_store(&s->notes_waiting, true);
    }
}

static void tell(struct sender *s, enum stream_note_kind kind, uint32_t tag, const char *text)
{
    on_note(s, &(struct stream_note){.kind = kind, .tag = tag, .text = text, .len = strlen(text)});
}

static void on_lazy(uv_timer_t *timer)
{
    struct sender *s = timer->data;
    uv_async_send(&s->to_main);
}

static void ask_for_more(struct sender *s)
{
    if (s->stream.job_active && spsc_used(&s->ring) < SENDER_RING / 2 &&
        !atomic_exchange(&s->fill_wanted, true)) {
        uv_async_send(&s->to_main);
    }
}

static void on_main(uv_async_t *async)
{
    struct sender *s = async->data;
    struct letter *letter;
    size_t len;
    while (!s->closing && (letter = spsc_peek(&s->notes, &len)) != NULL) {
        struct stream_note note = letter->note;
        note.text = letter->text;
        s->options.note(s->options.context, &note);
        spsc_pop(&s->notes);
    }
    if (!s->closing && atomic_load(&s->fill_wanted)) {
        s->options.fill(s->options.context);
    }
}

/* ---- the port -----------------------------------------------------------------------------------
 */

static void arm(struct sender *s);
static void on_port(uv_poll_t *poll, int status, int events);

static void on_port_closed(uv_handle_t *handle)
{
    struct sender *s = handle->data;
    serial_close(&s->port);
    s->poll_open = false;
    if (!s->quitting) {
        tell(s, NOTE_DETACHED, 0, "");
    }
}

static void close_port(struct sender *s)
{
    if (s->phase == PHASE_CLOSED) {
        return;
    }
    s->phase = PHASE_CLOSED;
    s->stream.job_active = false;
    uv_timer_stop(&s->timer);
    uv_poll_stop(&s->poll);
    uv_close((uv_handle_t *)&s->poll, on_port_closed);
}

static void lose_port(struct sender *s, const char *why)
{
    tell(s, NOTE_PORT, 0, why);
    close_port(s);
}

static void watch(struct sender *s, bool writable)
{
    if (writable != s->writable_wanted) {
        s->writable_wanted = writable;
        uv_poll_start(&s->poll, UV_READABLE | (writable ? UV_WRITABLE : 0), on_port);
    }
}

/* Writes what may go; false when the port is gone. */
static bool put(struct sender *s, const char *bytes, size_t len, size_t *written)
{
    ssize_t n = write(s->port.fd, bytes, len);
    *written = n > 0 ? (size_t)n : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lose_port(s, strerror(errno));
        return false;
    }
    return true;
}

static void pump(struct sender *s, uint64_t now)
{
    const char *bytes;
    size_t len;
    size_t written;
    if (s->phase != PHASE_STREAMING) {
        return;
    }
    while ((len = stream_tx(&s->stream, now, &bytes)) > 0) {
        if (!put(s, bytes, len, &written)) {
            return;
        }
        stream_wrote(&s->stream, written);
        if (written < len) {
            break;
        }
    }
    watch(s, len > 0);
    ask_for_more(s);
}

static void start_streaming(struct sender *s)
{
    stream_init(&s->stream, &s->stream_options, on_note, s);
    publish_injects(s);
    s->phase = PHASE_STREAMING;
    tell(s, NOTE_CONNECTED, (uint32_t)s->greet.baud[s->greet.at], "");
}

static void tick_greeting(struct sender *s, uint64_t now)
{
    size_t written;
    enum greet_result result = greet_tick(&s->greet, now);
    if (s->greet.set_baud) {
        s->greet.set_baud = false;
        s->split.len = 0;
        serial_set_baud(&s->port, s->greet.baud[s->greet.at], NULL);
    }
    if (s->greet.say_hello) {
        s->greet.say_hello = false;
        if (!put(s, greet_hello, strlen(greet_hello), &written)) {
            return;
        }
    }
    if (result == GREET_ANSWERED) {
        start_streaming(s);
    } else if (result == GREET_FAILED) {
        tell(s, NOTE_SILENT, 0, s->greet.text);
        close_port(s);
    }
}

static void take_bytes(struct sender *s, uint64_t now, const char *bytes, size_t left)
{
    const char *line;
    size_t len;
    while (s->phase != PHASE_CLOSED && line_next(&s->split, &bytes, &left, &line, &len)) {
        if (s->phase == PHASE_STREAMING) {
            stream_rx(&s->stream, now, line, len);
            continue;
        }
        if (s->phase == PHASE_GREETING) {
            greet_rx(&s->greet, now, line, len);
        }
        on_note(s, &(struct stream_note){.kind = NOTE_RECEIVED, .text = line, .len = len});
    }
}

static void on_port(uv_poll_t *poll, int status, int events)
{
    struct sender *s = poll->data;
    char bytes[4096];
    if (status < 0) {
        lose_port(s, "unplugged");
        return;
    }
    uint64_t now = now_us();
    if (events & UV_READABLE) {
        ssize_t n = read(s->port.fd, bytes, sizeof bytes);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            lose_port(s, n == 0 ? "hung up" : strerror(errno));
            return;
        }
        take_bytes(s, now, bytes, n > 0 ? (size_t)n : 0);
    }
    pump(s, now);
    arm(s);
}

/* ---- timers
 * --------------------------------------------------------------------------------------- */

/* Nobody steers any more: better cold than on fire. */
static void check_beat(struct sender *s, uint64_t now)
{
    bool missed = now / 1000 > atomic_load(&s->beat_ms) + BEAT_MS;
    if (missed && !s->beat_missed) {
        stream_inject(&s->stream, "M104 S0", 7, 0);
        stream_inject(&s->stream, "M140 S0", 7, 0);
    }
    s->beat_missed = missed;
}

static void tick_estop(struct sender *s, uint64_t now);

static void on_timer(uv_timer_t *timer)
{
    struct sender *s = timer->data;
    uint64_t now = now_us();
    if (s->phase == PHASE_GREETING) {
        tick_greeting(s, now);
    } else if (s->phase == PHASE_STREAMING) {
        stream_tick(&s->stream, now);
        check_beat(s, now);
    } else if (s->phase == PHASE_STOPPED) {
        tick_estop(s, now);
    }
    pump(s, now);
    arm(s);
}

static uint64_t deadline_of(const struct sender *s)
{
    switch (s->phase) {
    case PHASE_GREETING:
        return s->greet.next_us;
    case PHASE_STREAMING:
        return stream_deadline(&s->stream);
    case PHASE_STOPPED:
        return s->estops_left > 0 ? s->estop_us : UINT64_MAX;
    case PHASE_CLOSED:
        break;
    }
    return UINT64_MAX;
}

/* Arms the timer for the next deadline; at the latest in a second, for the beat. */
static void arm(struct sender *s)
{
    uint64_t deadline = deadline_of(s);
    uint64_t now = now_us();
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
        uv_timer_start(&s->lazy, on_lazy, LAZY_MS, 0);
    }
}

/* ---- orders
 * ----------------------------------------------------------------------------------------- */

static void attach(struct sender *s, const struct order *o)
{
    uint64_t now = now_us();
    assert(!s->poll_open);
    s->port = o->port;
    s->stream_options = o->options;
    s->split.len = 0;
    s->phase = PHASE_GREETING;
    greet_init(&s->greet, now, (int)o->value, o->last_good);
    if (o->value == 0) {
        serial_set_baud(&s->port, s->greet.baud[0], NULL);
    }
    uv_poll_init(&s->loop, &s->poll, s->port.fd);
    s->poll.data = s;
    s->poll_open = true;
    s->writable_wanted = false;
    uv_poll_start(&s->poll, UV_READABLE, on_port);
    tick_greeting(s, now);
}

/* Both forms of M112: a firmware that scans its input sees the bare one, others take the numbered
 * one from the queue. Then the heaters, should it ignore both. */
static void say_estop(struct sender *s, uint64_t now)
{
    static const char cold[] = "M104 S0\nM140 S0\n";
    char text[LINE_MAX_OUT + 64] = "\nM112\n";
    size_t len = strlen(text);
    size_t written;
    len += line_format(text + len, s->stream.next_n, "M112", 4);
    memcpy(text + len, cold, sizeof cold - 1);
    len += sizeof cold - 1;
    serial_drop_output(&s->port);
    if (!put(s, text, len, &written)) {
        return;
    }
    s->estop_us = now + ESTOP_US;
    if (--s->estops_left == 0) {
        tell(s, NOTE_ESTOPPED, 0, "");
    }
}

static void tick_estop(struct sender *s, uint64_t now)
{
    if (s->estops_left > 0 && now >= s->estop_us) {
        say_estop(s, now);
    }
}

static void estop(struct sender *s, uint64_t now)
{
    if (s->phase == PHASE_CLOSED) {
        tell(s, NOTE_ESTOPPED, 0, "");
        return;
    }
    s->phase = PHASE_STOPPED;
    s->stream.job_active = false;
    s->estops_left = ESTOPS;
    say_estop(s, now);
}

static void quit(struct sender *s)
{
    s->quitting = true;
    close_port(s);
    if (s->estop_fd >= 0) {
        uv_close((uv_handle_t *)&s->estop_poll, NULL);
    }
    uv_close((uv_handle_t *)&s->timer, NULL);
    uv_close((uv_handle_t *)&s->lazy, NULL);
    uv_close((uv_handle_t *)&s->wake_poll, NULL);
}

static void obey(struct sender *s, const struct order *o, uint64_t now)
{
    switch (o->kind) {
    case ORDER_ATTACH:
        attach(s, o);
        break;
    case ORDER_DETACH:
        close_port(s);
        break;
    case ORDER_INJECT:
        stream_inject(&s->stream, o->text, o->len, o->value);
        publish_injects(s);
        atomic_fetch_add(&s->injects_obeyed, 1);
        break;
    case ORDER_URGENT:
        stream_urgent(&s->stream, now, o->text, o->len);
        break;
    case ORDER_BEGIN:
        stream_begin(&s->stream, &s->ring, o->value);
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
        break;
    case ORDER_QUIT:
        quit(s);
        break;
    }
}

static void on_orders(uv_poll_t *poll, int status, int events)
{
    struct sender *s = poll->data;
    uint64_t count;
    (void)status;
    (void)events;
    (void)!read(s->wake_fd, &count, sizeof count); /* nothing there: woken for nothing */
    struct order *o;
    size_t len;
    uint64_t now = now_us();
    bool stop = atomic_exchange(&s->estop_wanted, false);
    if (stop && s->phase != PHASE_CLOSED) {
        estop(s, now); /* before all else */
        stop = false;
    }
    while (!s->quitting && (o = spsc_peek(&s->orders, &len)) != NULL) {
        obey(s, o, now);
        spsc_pop(&s->orders);
    }
    if (stop && !s->quitting) {
        estop(s, now); /* the port was opened just now, or there is none */
    }
    if (!s->quitting) {
        pump(s, now);
        arm(s);
    }
}

static void on_estop(uv_poll_t *poll, int status, int events)
{
    struct sender *s = poll->data;
    char bytes[64];
    (void)events;
    ssize_t n = status < 0 ? -1 : recv(s->estop_fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n >= 4 && memmem(bytes, (size_t)n, "M112", 4) != NULL) {
        estop(s, now_us());
        arm(s);
    }
}

/* ---- the thread
 * ---------------------------------------------------------------------------------------- */

static void ask_for_priority(void)
{
    struct sched_param param = {.sched_priority = PRIORITY};
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
}

static void run(void *arg)
{
    struct sender *s = arg;
    ask_for_priority();
    uv_run(&s->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&s->loop);
    assert(rc == 0);
    (void)rc;
    uv_async_send(&s->to_main);
}

static int open_estop(struct sender *s, const char *path, struct err *e)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) {
        return err_set(e, PP_EINVAL, "runtime path \"%s\" is too long for a socket", path);
    }
    memcpy(addr.sun_path, path, strlen(path));
    unlink(path);
    s->estop_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->estop_fd < 0 || bind(s->estop_fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        int rc = err_errno(e, errno, "emergency-stop socket \"%s\"", path);
        if (s->estop_fd >= 0) {
            close(s->estop_fd);
            s->estop_fd = -1;
        }
        return rc;
    }
    chmod(path, 0660);
    uv_poll_init(&s->loop, &s->estop_poll, s->estop_fd);
    s->estop_poll.data = s;
    uv_poll_start(&s->estop_poll, UV_READABLE, on_estop);
    return 0;
}

static void init_handles(struct sender *s)
{
    uv_loop_init(&s->loop);
    uv_timer_init(&s->loop, &s->timer);
    uv_timer_init(&s->loop, &s->lazy);
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(s->wake_fd >= 0);
    uv_poll_init(&s->loop, &s->wake_poll, s->wake_fd);
    uv_async_init(s->options.loop, &s->to_main, on_main);
    s->timer.data = s;
    s->lazy.data = s;
    s->wake_poll.data = s;
    uv_poll_start(&s->wake_poll, UV_READABLE, on_orders);
    s->to_main.data = s;
}

static void free_sender(uv_handle_t *handle)
{
    struct sender *s = handle->data;
    void (*closed)(void *) = s->closed;
    void *context = s->closed_context;
    if (s->estop_fd >= 0) {
        close(s->estop_fd);
    }
    close(s->wake_fd);
    spsc_fini(&s->orders);
    spsc_fini(&s->notes);
    spsc_fini(&s->ring);
    free(s);
    if (closed != NULL) {
        closed(context);
    }
}

int sender_open(struct sender **out, const struct sender_options *options, struct err *e)
{
    struct sender *s = mem_alloc(sizeof *s);
    s->options = *options;
    s->estop_fd = -1;
    s->port.fd = -1;
    spsc_init(&s->orders, ORDERS_BYTES);
    spsc_init(&s->notes, NOTES_BYTES);
    spsc_init(&s->ring, SENDER_RING);
    stream_init(&s->stream,
        &(struct stream_options){.dialect = dialect_by_name(""), .window = STREAM_WINDOW_ONE},
        on_note, s);
    init_handles(s);
    sender_beat(s);
    int rc = options->estop_path[0] != '\0' ? open_estop(s, options->estop_path, e) : 0;
    *out = s;
    uv_thread_create(&s->thread, run, s);
    if (rc < 0) {
        sender_close(s, NULL, NULL);
        *out = NULL;
    }
    return rc;
}

static void wake(struct sender *s)
{
    uint64_t one = 1;
    (void)!write(s->wake_fd, &one, sizeof one); /* full: it is awake already */
}

static bool order(struct sender *s, const struct order *o)
{
    struct order *slot = spsc_reserve(&s->orders, sizeof *o);
    if (slot == NULL) {
        return false;
    }
    *slot = *o;
    spsc_push(&s->orders, sizeof *o);
    wake(s);
    return true;
}

/* For orders that may not get lost: the thread empties its queue in microseconds. */
static void sure_order(struct sender *s, const struct order *o)
{
    while (!order(s, o)) {
        uv_sleep(1);
    }
}

void sender_close(struct sender *s, void (*closed)(void *context), void *context)
{
    s->closing = true;
    s->closed = closed;
    s->closed_context = context;
    sure_order(s, &(struct order){.kind = ORDER_QUIT});
    uv_thread_join(&s->thread);
    uv_close((uv_handle_t *)&s->to_main, free_sender);
}

void sender_attach(struct sender *s, const struct serial *port, int baud, int last_good,
    const struct stream_options *options)
{
    sure_order(s, &(struct order){.kind = ORDER_ATTACH,
                      .value = (uint32_t)baud,
                      .last_good = last_good,
                      .port = *port,
                      .options = *options});
}

static bool text_order(
    struct sender *s, enum order_kind kind, const char *text, size_t len, uint32_t tag)
{
    struct order o = {.kind = kind, .value = tag, .len = len};
    if (!stream_is_line(text, len)) {
        return false;
    }
    memcpy(o.text, text, len);
    return order(s, &o);
}

/* Lines on their way to the stream and in its queue; counted too often rather than too little. */
static size_t injects_pending(struct sender *s)
{
    uint32_t obeyed = atomic_load(&s->injects_obeyed);
    return s->injects_ordered - obeyed + atomic_load(&s->injects_waiting);
}

bool sender_inject(struct sender *s, const char *text, size_t len, uint32_t tag)
{
    bool done = injects_pending(s) < STREAM_INJECT - RESERVED &&
                text_order(s, ORDER_INJECT, text, len, tag);
    s->injects_ordered += done;
    return done;
}

void sender_urgent(struct sender *s, const char *text, size_t len)
{
    text_order(s, ORDER_URGENT, text, len, 0);
}

static void plain_order(struct sender *s, enum order_kind kind, uint32_t value)
{
    sure_order(s, &(struct order){.kind = kind, .value = value});
}

void sender_detach(struct sender *s)
{
    plain_order(s, ORDER_DETACH, 0);
}

void sender_begin(struct sender *s, uint32_t generation)
{
    plain_order(s, ORDER_BEGIN, generation);
}

void sender_rewound(struct sender *s, uint32_t generation)
{
    plain_order(s, ORDER_REWOUND, generation);
}

void sender_drop_job(struct sender *s)
{
    plain_order(s, ORDER_DROP, 0);
}

void sender_hold(struct sender *s)
{
    plain_order(s, ORDER_HOLD, 0);
}

void sender_release(struct sender *s)
{
    plain_order(s, ORDER_RELEASE, 0);
}

void sender_tap(struct sender *s, bool on)
{
    plain_order(s, ORDER_TAP, on);
}

void sender_estop(struct sender *s)
{
    atomic_store(&s->estop_wanted, true);
    wake(s);
}

void sender_set_options(struct sender *s, const struct stream_options *options)
{
    sure_order(s, &(struct order){.kind = ORDER_OPTIONS, .options = *options});
}

void sender_wake(struct sender *s)
{
    wake(s);
}

void sender_ask_later(struct sender *s)
{
    atomic_store(&s->fill_wanted, false);
    wake(s);
}

struct spsc *sender_ring(struct sender *s)
{
    return &s->ring;
}

void sender_beat(struct sender *s)
{
    atomic_store(&s->beat_ms, clock_ms());
}

const struct stream_stats *sender_stats(const struct sender *s)
{
    return &s->stream.stats;
}
