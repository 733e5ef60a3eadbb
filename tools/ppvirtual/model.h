/* The virtual printer: everything between the two ends of the serial wire, on virtual time.
 *
 * model_step() takes bytes the host has written, lets everything happen that is due by `now`, in
 * the order of time, and hands out the bytes that have reached the host. model_next_ns() tells when
 * to step again if nothing is written. No clock, no files, no randomness but the seed's: the same
 * events give the same bytes.
 *
 *     host -> wire -> receive ring -> line reader -> command queue -> command -> planner
 *     host <- wire <------------- replies, errors, reports <------------'
 *
 * The firmware is one thread of control: while it writes a reply (no transmit buffer, as on the
 * ATmega) it reads nothing; while it waits inside a command it reads lines into the queue until
 * that is full, and the rest stays in the ring. `cpu_ns` is the time until which it is busy.
 */
#ifndef PPV_MODEL_H
#define PPV_MODEL_H

#include "tools/ppvirtual/command.h"
#include "tools/ppvirtual/emergency.h"
#include "tools/ppvirtual/fault.h"
#include "tools/ppvirtual/firmware.h"
#include "tools/ppvirtual/gap.h"
#include "tools/ppvirtual/havoc.h"
#include "tools/ppvirtual/heater.h"
#include "tools/ppvirtual/history.h"
#include "tools/ppvirtual/line.h"
#include "tools/ppvirtual/meatpack.h"
#include "tools/ppvirtual/planner.h"
#include "tools/ppvirtual/ring.h"
#include "tools/ppvirtual/sdcard.h"
#include "tools/ppvirtual/tally.h"
#include "tools/ppvirtual/wire.h"

#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_MAX      32
#define TOOLS_MAX      8
#define HEATER_BED     TOOLS_MAX
#define HEATER_CHAMBER (TOOLS_MAX + 1)
#define HEATERS        (TOOLS_MAX + 2)

struct settings {
    const struct firmware *fw;
    enum ok_form ok;
    bool wire; /* model the wire; off: bytes arrive at once */
    unsigned baud;
    double latency_ms; /* added to the round trip */
    double jitter_ms;  /* at most, per burst and direction */
    uint64_t seed;
    double speed; /* of moves and dwells */
    bool real_moves;
    double heat_k_s;
    unsigned rx;      /* bytes in the receive ring */
    unsigned tx;      /* bytes in the transmit buffer */
    unsigned bufsize; /* commands in the queue */
    unsigned blocks;  /* of the planner */
    unsigned tools;
    bool chamber;
    bool emergency_parser;
    bool meatpack;    /* unpacks lines */
    bool xonxoff;     /* says when the ring fills */
    bool deaf;        /* reads nothing while inside a command */
    uint64_t exec_ns; /* CPU time of a command */
    uint64_t boot_ns; /* from the reset to the banner; what comes before is lost */
    double runout_mm; /* the filament sensor sees the end after so much; 0: never */
    const char *uuid;
    const char *machine;
    double area_mm[3];
    bool sd;           /* has a card slot */
    bool sd_no_ok;     /* M29 is answered without an ok */
    bool sd_ok_joined; /* M30 writes its ok behind the name */
    bool stamped;      /* what was executed is written with its time */
};

/* The defaults: Marlin 2.1 at 115200 baud. */
void settings_default(struct settings *s);

struct queued {
    char text[LINE_TEXT_MAX];
    struct wire_mark mark;
    bool from_card; /* gets no ok */
    bool foreign;   /* not the host's: another master's, */
    bool quiet;     /* who alone gets the ok */
};

/* What the command being executed waits for. */
enum task_wait {
    WAIT_NONE,
    WAIT_DRAIN, /* all moves done */
    WAIT_SLOT,  /* a free block for the next piece of `path` */
    WAIT_UNTIL, /* until_ns */
    WAIT_HEAT,
    WAIT_USER,
};

/* A move still to be planned: one piece, or the chords of an arc. Logical millimetres. */
struct path {
    double target[PLANNER_AXES];
    double from[PLANNER_AXES];
    double center[2];
    double radius;
    double angle;
    double sweep; /* 0: a straight line */
    double feed;  /* mm/s */
    unsigned pieces;
    unsigned done;
};

struct heat_wait {
    int heater;
    bool cooling_too;
    bool in_window;
    bool first;
    uint64_t since_ns; /* in the window */
    uint64_t report_ns;
};

struct handler;

struct task {
    bool active;
    bool ok_sent;
    bool from_card;
    bool foreign;
    bool refused;   /* the printer is locked: answered, not executed */
    unsigned phase; /* how often the handler has run */
    enum task_wait wait;
    uint64_t until_ns;
    uint64_t slow_ns;              /* to wait before anything else */
    uint64_t busy_ns;              /* next "busy" line */
    const struct handler *handler; /* NULL: unknown command */
    struct command command;
    struct wire_mark mark;
    struct path path;
    struct heat_wait heat;
};

/* How late the lines were handed out against the time of the model. */
struct lateness {
    uint64_t lines;
    uint64_t sum_ns;
    uint64_t max_ns;
    uint64_t stalled_ns; /* for how long the clock stood still because the model was not run */
};

struct machine {
    double position[PLANNER_AXES]; /* logical mm */
    double shift[PLANNER_AXES];    /* machine = logical + shift (G92) */
    bool homed[3];
    bool endstops; /* software end stops (M211) */
    bool relative;
    bool e_relative;
    bool inches;
    double feed; /* mm/s */
    double feed_percent;
    double flow_percent;
    int fan;
    int tool;
};

/* What a person at the printer sees and does. */
struct person {
    double percent; /* M73; -1 = never told */
    double minutes;
    uint64_t updates;
    char text[128]; /* M117, escaped */
    bool paused;    /* by M601 */
    double parked_from[PLANNER_AXES];
    double extruded_mm;
    bool ran_out;
};

struct model {
    struct settings s;
    uint64_t now_ns;
    uint64_t cpu_ns;
    uint64_t boot_ns;
    const char *halted;       /* why; NULL while alive */
    uint64_t zero_ns;         /* what the caller's clock shows at 0; 0 = unknown */
    uint64_t halted_clock_ns; /* when it halted, by that clock */
    uint64_t heard_clock_ns;  /* when the caller read M112 from its port; 0 = not since the reset */

    struct wire in;
    struct wire out;
    struct ring ring;
    struct meatpack unpacker;
    char unpacked[MEATPACK_CHARS]; /* characters of a byte, not yet read */
    unsigned unpacked_at;
    unsigned unpacked_len;
    struct ring_byte unpacked_from;
    bool xoff; /* the host was told to stop */
    struct line_reader reader;
    struct emergency_parser emergency;
    struct queued *queue; /* owned; QUEUE_MAX */
    unsigned queue_head;
    unsigned queue_len;
    unsigned queue_max; /* ever */
    bool resend_due;    /* the error is written, the ring is not yet flushed */
    bool booted;
    bool idle;      /* waiting for serial input since idle_ns */
    bool streaming; /* moves follow each other, no synchronising command since the last */

    struct task task;
    struct planner planner;
    struct heater heaters[HEATERS];
    struct machine machine;
    struct person person;
    struct card card;
    bool card_abort;         /* M524 or a card pulled out: before the next command */
    bool card_done;          /* the file is read to its end */
    unsigned card_report_s;  /* M27 S */
    uint64_t card_report_ns; /* next */

    uint64_t idle_ns;
    uint64_t starved_ns; /* idle with an empty planner since the last move */

    unsigned report_s;  /* M155 */
    unsigned busy_s;    /* M113 */
    uint64_t report_ns; /* next */
    uint64_t wait_ns;   /* next "wait" */
    uint64_t sample_ns; /* next temperature sample */
    struct history history[HEATERS];

    struct fault_set faults;
    struct havoc havoc;

    uint64_t chars_in; /* read, after unpacking */
    uint64_t xoffs;
    struct tally tally;
    struct lateness late;
    struct gap gap;
    struct strbuf *executed; /* borrowed; NULL: none. "N text" of each of the host's commands, and
                                "# text" of each note; stamped: with µs of its clock in front */
    struct strbuf *trace;    /* borrowed; NULL: none. Lines in and out, for a person */
};

enum event_kind {
    EVENT_TICK,
    EVENT_BYTES, /* the host has written */
    EVENT_RESET, /* the reset button */
    EVENT_CARD,  /* the SD card is pulled out, or put in again */
    EVENT_POWER_OFF,
    EVENT_POWER_ON,
};

struct event {
    enum event_kind kind;
    const char *bytes; /* borrowed */
    size_t len;
};

void model_init(struct model *m, const struct settings *s);
void model_fini(struct model *m);

/* The reset button: what is half sent is cut off, all but wire, temperatures and counts is new. */
void model_reset(struct model *m, uint64_t boot_ns);

/* Takes one event (NULL: a tick) at `now`, which never goes back; appends to `out` what has reached
 * the host. */
void model_step(struct model *m, uint64_t now_ns, const struct event *event, struct strbuf *out);

/* When to step again without an event; NEVER_NS: nothing will happen. */
uint64_t model_next_ns(struct model *m);

/* When the next line reaches the host, of those on the wire; NEVER_NS: none. */
uint64_t model_output_ns(struct model *m);

#endif
