#include "host/io/sender_priv.h"

#include "host/base/clock.h"
#include "host/core/meatpack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEASURE_EVERY 13

uint64_t sender_now_us(void)
{
    return clock_ns() / 1000;
}

/* ---- notes to the main loop ---------------------------------------------------------------- */

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
void sender_publish_injects(struct sender *s)
{
    atomic_store(&s->injects_waiting, kept_waiting(s->ringfile.kept));
}

void sender_note(void *context, const struct stream_note *note)
{
    struct sender *s = context;
    size_t size = sizeof(struct letter) + note->len + 1;
    if (note->kind == NOTE_NUMBERED) {
        sender_publish_injects(s);
    }
    struct letter *letter = has_room(s, note->kind) ? spsc_reserve(&s->notes, size) : NULL;
    if (letter == NULL) {
        return;
    }
    letter->note = *note;
    if (note->len > 0) {
        memcpy(letter->text, note->text, note->len);
    }
    letter->text[note->len] = '\0';
    spsc_push(&s->notes, size);
    if (!is_lazy(note->kind)) {
        s->main_wanted = true;
    } else if (!uv_is_active((uv_handle_t *)&s->lazy)) {
        atomic_store(&s->notes_waiting, true);
    }
}

void sender_tell(struct sender *s, enum stream_note_kind kind, uint32_t tag, const char *text)
{
    sender_note(
        s, &(struct stream_note){.kind = kind, .tag = tag, .text = text, .len = strlen(text)});
}

void sender_on_lazy(uv_timer_t *timer)
{
    struct sender *s = timer->data;
    uv_async_send(&s->to_main);
}

void sender_on_prepare(uv_prepare_t *prepare)
{
    struct sender *s = prepare->data;
    if (s->main_wanted) {
        s->main_wanted = false;
        uv_async_send(&s->to_main);
    }
}

static void ask_for_more(struct sender *s)
{
    if (s->stream.job_active && spsc_used(&s->ring) < SENDER_RING / 2 &&
        !atomic_exchange(&s->fill_wanted, true)) {
        s->main_wanted = true;
    }
}

/* ---- the port ------------------------------------------------------------------------------ */

static void on_port(uv_poll_t *poll, int status, int events);

static void on_port_closed(uv_handle_t *handle)
{
    struct sender *s = handle->data;
    serial_close(&s->port);
    s->poll_open = false;
    if (!s->quitting) {
        sender_tell(s, NOTE_DETACHED, 0, "");
    }
}

void sender_close_port(struct sender *s)
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

/* An emergency stop ends all there is, and is told instead. A printer that was told to stop may go
 * away with its port. */
static void lose_port(struct sender *s, const char *why)
{
    bool wanted = atomic_exchange(&s->estop_wanted, false);
    if (wanted || (s->phase == PHASE_STOPPED && s->estop.going)) {
        sender_estop_lost(s, why);
    } else {
        sender_tell(s, NOTE_PORT, 0, why);
    }
    sender_close_port(s);
}

void sender_watch(struct sender *s, bool writable)
{
    if (writable != s->writable_wanted) {
        s->writable_wanted = writable;
        uv_poll_start(&s->poll, UV_READABLE | (writable ? UV_WRITABLE : 0), on_port);
    }
}

/* ---- how much of its time the thread needs -------------------------------------------------- */

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* This clock is a system call: so not every time, and never at the stride of something else. */
static void measure_from_here(struct sender *s)
{
    s->react_from_ns = 0;
    if (s->measure_in-- == 0) {
        s->measure_in = MEASURE_EVERY - 1;
        s->react_from_ns = cpu_ns();
    }
}

static void measure_to_here(struct sender *s)
{
    if (s->react_from_ns != 0) {
        histo_add(&s->react, cpu_ns() - s->react_from_ns);
        s->react_from_ns = 0;
    }
}

/* Writes what may go; false when the port is gone. */
bool sender_put(struct sender *s, const char *bytes, size_t len, size_t *written)
{
    measure_to_here(s);
    ssize_t n = write(s->port.fd, bytes, len);
    *written = n > 0 ? (size_t)n : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lose_port(s, strerror(errno));
        return false;
    }
    return true;
}

/* After an XOFF only what is urgent. */
static size_t may_write(struct sender *s, uint64_t now, size_t len)
{
    size_t urgent = stream_urgent_bytes(&s->stream);
    return len > urgent && xonxoff_holds(&s->flow, now) ? urgent : len;
}

void sender_pump(struct sender *s, uint64_t now)
{
    const char *bytes;
    size_t len;
    size_t written;
    if (s->phase != PHASE_STREAMING) {
        return;
    }
    while ((len = may_write(s, now, stream_tx(&s->stream, now, &bytes))) > 0) {
        if (!sender_put(s, bytes, len, &written)) {
            return;
        }
        stream_wrote(&s->stream, written);
        if (written < len) {
            break;
        }
    }
    sender_publish_injects(s); /* the line that was just numbered was still counted then */
    sender_watch(s, len > 0);
    ask_for_more(s);
}

static void start_streaming(struct sender *s)
{
    stream_init(&s->stream, s->ringfile.kept, &s->stream_options, sender_note, s);
    s->ringfile.left = true;
    ringfile_alive(&s->ringfile);
    sender_publish_injects(s);
    histo_reset(&s->react);
    s->phase = PHASE_STREAMING;
    sender_tell(s, NOTE_CONNECTED, (uint32_t)s->greet.baud[s->greet.at], "");
}

static bool say_hello(struct sender *s)
{
    char text[64];
    size_t written;
    int len = snprintf(text, sizeof text, "%s%s",
        s->greet.say_reset ? meatpack_order(MEATPACK_RESET) : "", greet_hello);
    s->greet.say_hello = false;
    s->greet.say_reset = false;
    return sender_put(s, text, (size_t)len, &written);
}

void sender_tick_greeting(struct sender *s, uint64_t now)
{
    enum greet_result result = greet_tick(&s->greet, now);
    if (s->greet.set_baud) {
        s->greet.set_baud = false;
        s->split.len = 0;
        serial_set_baud(&s->port, s->greet.baud[s->greet.at], NULL);
    }
    if (s->greet.say_hello && !say_hello(s)) {
        return;
    }
    if (result == GREET_ANSWERED) {
        start_streaming(s);
    } else if (result == GREET_FAILED) {
        sender_tell(s, NOTE_SILENT, 0, s->greet.text);
        sender_close_port(s);
    }
}

static void take_bytes(struct sender *s, uint64_t now, char *received, size_t count)
{
    const char *bytes = received;
    size_t left = xonxoff_take(&s->flow, now, received, count);
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
        sender_note(s, &(struct stream_note){.kind = NOTE_RECEIVED, .text = line, .len = len});
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
    uint64_t now = sender_now_us();
    sender_obey(s, now); /* a pause asked for before this answer came holds the next line back */
    if (s->phase == PHASE_CLOSED) {
        return;
    }
    if (events & UV_READABLE) {
        ssize_t n = read(s->port.fd, bytes, sizeof bytes);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            lose_port(s, n == 0 ? "hung up" : strerror(errno));
            return;
        }
        measure_from_here(s);
        take_bytes(s, now, bytes, n > 0 ? (size_t)n : 0);
    }
    if (s->phase == PHASE_STOPPED) {
        sender_estop_write(s, now);
    }
    sender_pump(s, now);
    s->react_from_ns = 0; /* nothing was to be written */
    sender_arm(s);
}

static void watch_port(struct sender *s)
{
    s->split.len = 0;
    s->flow = (struct xonxoff){.obey = s->stream_options.xonxoff};
    uv_poll_init(&s->loop, &s->poll, s->port.fd);
    s->poll.data = s;
    s->poll_open = true;
    s->writable_wanted = false;
    uv_poll_start(&s->poll, UV_READABLE, on_port);
}

/* The first rate is set even if the port was opened with another. */
void sender_open_port(struct sender *s)
{
    s->phase = PHASE_GREETING;
    serial_set_baud(&s->port, s->greet.baud[0], NULL);
    watch_port(s);
    sender_tick_greeting(s, sender_now_us());
}

void sender_adopt_port(struct sender *s, int baud)
{
    uint64_t now = sender_now_us();
    s->phase = PHASE_STREAMING;
    serial_set_baud(&s->port, baud, NULL);
    watch_port(s);
    stream_adopt(&s->stream, s->ringfile.kept, &s->stream_options, sender_note, s, now);
    sender_publish_injects(s);
    sender_pump(s, now);
    sender_arm(s);
}
