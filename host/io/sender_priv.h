/* Inside of struct sender, shared by sender*.c alone.
 *
 * sender.c        the main thread's side: opening, closing, orders, notes delivered
 * sender_port.c   the thread's side of the port: notes, bytes out and in, the greeting
 * sender_thread.c the thread itself: timers, orders obeyed
 * sender_estop.c  the emergency stop
 */
#ifndef PP_IO_SENDER_PRIV_H
#define PP_IO_SENDER_PRIV_H

#include "host/io/sender.h"

#include "host/core/beat.h"
#include "host/core/greet.h"
#include "host/core/xonxoff.h"

#define NOTES_BYTES (128u << 10)

enum order_kind {
    ORDER_ATTACH,
    ORDER_REATTACH,
    ORDER_DETACH,
    ORDER_INJECT,
    ORDER_URGENT,
    ORDER_BEGIN,
    ORDER_REJOIN,
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
    uint64_t offset; /* of the file, where a job begins */
    uint64_t lines;
    struct serial port;
    struct stream_options options; /* its dialect is the copy below */
    struct dialect dialect;
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

#define SENDER_COLD 24 /* room for a line that turns a heater off */

/* What is being said, and how often still. */
struct estop {
    bool going;    /* NOTE_ESTOPPED was not told yet */
    bool greeting; /* when it began: of the printer only that is known */
    size_t left;   /* how often `text` is still to be written, this time included */
    uint64_t next_us;
    uint64_t giveup_us; /* when the port has not taken `text` */
    size_t done;        /* of `text` */
    size_t len;
    char text[LINE_MAX_OUT + 256];
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
    _Atomic bool card; /* the printer writes to its card */
    _Atomic uint32_t injects_obeyed;
    _Atomic size_t injects_waiting; /* in the stream's queue */
    struct histo react;

    struct ringfile ringfile; /* its words are the main thread's, the rest the sender's */

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
    uv_prepare_t prepare;
    uv_poll_t poll;
    uv_poll_t wake_poll;
    uv_poll_t estop_poll;
    int estop_fd;
    bool poll_open; /* the handle is not yet closed; the port waits for it */
    bool quitting;
    bool writable_wanted;
    struct beat beat;
    bool main_wanted;       /* wake it before going to sleep, not before the line is out */
    unsigned measure_in;    /* reads until one is measured again */
    uint64_t react_from_ns; /* 0 = this one is not */
    struct estop estop;
    enum phase phase;
    struct serial port;
    struct stream_options stream_options; /* its dialect is the copy below */
    struct dialect dialect;
    struct greet greet;
    struct line_split split;
    struct xonxoff flow;
    struct stream stream; /* large */
};

/* sender_port.c */
uint64_t sender_now_us(void);
void sender_note(void *context, const struct stream_note *note);
void sender_tell(struct sender *s, enum stream_note_kind kind, uint32_t tag, const char *text);
void sender_publish_injects(struct sender *s);      /* how full the stream's queue is */
void sender_open_port(struct sender *s);            /* s->port is set: watch it, begin to greet */
void sender_adopt_port(struct sender *s, int baud); /* the same, going on with the past */
void sender_close_port(struct sender *s);
void sender_watch(
    struct sender *s, bool writable); /* is it of interest that the port takes more? */
bool sender_put(struct sender *s, const char *bytes, size_t len, size_t *written);
void sender_pump(struct sender *s, uint64_t now);
void sender_tick_greeting(struct sender *s, uint64_t now);
void sender_on_lazy(uv_timer_t *timer);
void sender_on_prepare(uv_prepare_t *prepare); /* nothing is left to do: wakes the main loop */

/* sender_thread.c */
void sender_run(void *arg); /* the thread's function */
void sender_arm(struct sender *s);
void sender_obey(struct sender *s, uint64_t now); /* every order there is */
void sender_on_orders(uv_poll_t *poll, int status, int events);
void sender_on_estop(uv_poll_t *poll, int status, int events);

/* sender_estop.c */
/* The i-th of the lines that turn every heater off; 0 = there are no more. */
size_t sender_cold_line(const struct stream_options *o, int i, char out[SENDER_COLD]);
void sender_estop_begin(struct sender *s, uint64_t now); /* in any phase */
void sender_estop_tick(struct sender *s, uint64_t now);
void sender_estop_write(struct sender *s, uint64_t now);   /* the port takes more */
void sender_estop_lost(struct sender *s, const char *why); /* the port is, meanwhile */
uint64_t sender_estop_deadline(const struct sender *s);

#endif
