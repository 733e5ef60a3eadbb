/* The stream: which bytes go to the printer now. Pure: no port, no clock, no thread.
 *
 * Lines come from three places, in this order: lines the printer wants again, injected lines (a
 * person's, temperature polls, scripts), the job. Each gets the next number and a checksum when it
 * is committed, goes out as far as the window allows, and stays in flight until its `ok`.
 *
 * Happy path: stream_tx() hands out bytes, the caller writes them and says stream_wrote(); each
 * line received goes into stream_rx(). Every outcome is told through `note`.
 *
 * The window counts lines and bytes. It starts at one line (ping-pong) and opens only on evidence
 * that ping-pong holds the printer back, after a run of clean acknowledgements; one Resend closes
 * it. Bytes in flight stay below 3/4 of the receive buffer: Marlin has no flow control and loses
 * what does not fit. Where the firmware allows it a line goes out in two pieces, so that the bound
 * is used to the last byte.
 *
 * Resend: Marlin empties its receive buffer in the middle of a line, so what is in flight is lost
 * and a tail may be taken for a line. So: stop, drop what is not yet written, wait until the oks of
 * the lines it did accept have come and the wire is quiet, then send again from the number asked
 * for, one line at a time.
 *
 * Silence: an ok may be lost, or a newline. A line is never repeated on suspicion (since
 * Marlin 2.1.2 a repeated number is met with silence); instead a number far ahead is sent, whose
 * refusal names the line the printer expects. A minute without a word about a line of ours ends the
 * stream (NOTE_LOST), ten while a slow command runs, nothing while a person is waited for. Words
 * that belong to nothing (errors, texts, Resends over and over) put that off for five minutes.
 *
 * Plain oks carry nothing that tells one from another: a late one of a Resend or a doubled one lets
 * a line out too early. The answer to M105 tells: where it comes as "ok T:...", no other ok is
 * taken for it, so that each M105 brings both sides together again; one is sent after each Resend
 * and every hundred lines.
 *
 * What another stream has to know to go on lies in `kept` (kept.h) before it is written to the
 * port: stream_adopt(). Lines may go packed (stream_pack.c).
 */
#ifndef PP_CORE_STREAM_H
#define PP_CORE_STREAM_H

#include "host/base/spsc.h"
#include "host/core/dialect.h"
#include "host/core/kept.h"
#include "host/core/line.h"
#include "host/core/reply.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_FLIGHT  64   /* most lines in flight */
#define STREAM_SAMPLES 1024 /* round trips kept for percentiles */

/* How long a command may take without a word. */
enum stream_slow {
    SLOW_NOT,
    SLOW_MINUTES,
    SLOW_PERSON /* waits for a person: for ever */
};

/* Where a line came from. */
enum stream_line {
    STREAM_JOB,
    STREAM_INJECTED,
    STREAM_URGENT, /* unnumbered, past the queue */
    STREAM_PROBE   /* asks which line is expected; refused by the printer, never carried out */
};

/* One entry of the job ring (struct spsc), filled by the owner of the file. */
enum stream_item_kind {
    ITEM_LINE,
    ITEM_SYNC,    /* a line; nothing passes it until it is acknowledged */
    ITEM_BARRIER, /* nothing is sent; all before it must be acknowledged; NOTE_BARRIER(tag) */
    ITEM_REPLAY,  /* line `n` again, older than the history */
    ITEM_END      /* NOTE_END once everything before it is acknowledged */
};

struct stream_item {
    uint64_t end_offset; /* file offset behind the line */
    uint64_t n;          /* ITEM_REPLAY: its number */
    uint32_t generation; /* of the job; entries of others are skipped */
    uint32_t tag;        /* ITEM_BARRIER: handed back */
    uint16_t kind;
    uint16_t len;
    char text[]; /* len bytes: the command without comment, N and checksum */
};

enum stream_note_kind {
    NOTE_RECEIVED,   /* text: a line from the printer (bare oks only while tapped) */
    NOTE_SENT,       /* text: a line sent (while tapped, and injected ones always) */
    NOTE_DONE,       /* tag: the injected line is acknowledged, told once */
    NOTE_BARRIER,    /* tag: reached, everything before it is acknowledged; stream_release() */
    NOTE_DRAINED,    /* after stream_hold(): nothing is in flight any more */
    NOTE_END,        /* the job's last line is acknowledged */
    NOTE_RESEND,     /* n: the printer wants lines again from n on */
    NOTE_NEED,       /* n .. until: wanted again but not in the history; offset: job taken up to */
    NOTE_CHECKPOINT, /* n is the job line that ends at offset */
    NOTE_NUMBERED,   /* n went to an injected line: text */
    NOTE_ADOPTED,    /* after stream_adopt(): the printer expects line n */
    NOTE_RESET,      /* the printer has restarted; the stream has stopped */
    NOTE_HALT,    /* text: the printer has stopped itself; so has the stream. tag: M112 may help */
    NOTE_NOISY,   /* text: more than one line in ten has to be sent again; told once */
    NOTE_LOST,    /* text: it does not answer, or asks for what cannot be; the stream has stopped */
    NOTE_PACKING, /* tag: whether lines go packed from now on; text: why */

    /* from the thread around it (host/io/sender.h) */
    NOTE_CONNECTED, /* tag: the baud rate at which the printer has answered */
    NOTE_SILENT,    /* text: nobody answers on this port */
    NOTE_PORT,      /* text: the port is gone */
    NOTE_ESTOPPED,  /* the emergency stop has left; text: or not, and why */
    NOTE_DETACHED   /* the port is closed as ordered */
};

struct stream_note {
    enum stream_note_kind kind;
    uint32_t tag;
    uint64_t n;
    uint64_t until;
    uint64_t offset;
    const char *text; /* NUL-terminated; borrowed during the call */
    size_t len;
};

typedef void (*stream_note_cb)(void *context, const struct stream_note *note);

enum stream_window {
    STREAM_WINDOW_AUTO,
    STREAM_WINDOW_ONE,
    STREAM_WINDOW_BYTES
};

/* Packing lines (MeatPack). */
enum stream_pack_wish {
    STREAM_PACK_NEVER,
    STREAM_PACK_PERHAPS, /* allowed; whether the printer has it is not known yet */
    STREAM_PACK_WANTED   /* allowed, and it has told that it can */
};

/* What the bytes committed now are. */
enum stream_pack {
    PACK_OFF,
    PACK_ASKED, /* nothing is committed until the printer says that it unpacks */
    PACK_ON
};

struct stream_options {
    const struct dialect *dialect;
    size_t rx_bytes;   /* the printer's receive buffer; 0 = unknown (128) */
    int command_slots; /* its command buffer (BUFSIZE); 0 = unknown (4) */
    enum stream_window window;
    enum stream_pack_wish meatpack;
    bool xonxoff;   /* it has told that it says when its buffer fills */
    int tools;      /* heaters there are, for turning them off when nobody steers; 0 = one */
    bool chamber;   /* has a heater */
    bool by_itself; /* it prints from its own card: it needs nobody to steer it */
};

/* Read by other threads at any time. */
struct stream_stats {
    _Atomic uint64_t lines;      /* acknowledged since the start, of all kinds */
    _Atomic uint64_t job_lines;  /* of the present job */
    _Atomic uint64_t job_offset; /* the file up to here is acknowledged */
    _Atomic uint64_t bytes;      /* written */
    _Atomic uint64_t resends;    /* requests served */
    _Atomic uint64_t starved;    /* how often the planner ran empty while lines waited */
    _Atomic uint32_t window;     /* lines allowed in flight now */
    _Atomic uint32_t samples;    /* round trips ever measured */
    _Atomic uint32_t rtt_us[STREAM_SAMPLES]; /* written -> ok, the last ones */
};

struct stream_flight {
    uint64_t n; /* 0 = unnumbered */
    uint64_t end_offset;
    uint64_t seq; /* of an injected line */
    uint64_t sent_us;
    uint32_t bytes;
    uint32_t tag;
    uint8_t kind;   /* enum stream_line */
    uint8_t slow;   /* enum stream_slow */
    bool asks_temp; /* M105: its ok carries no number */
    bool alone;     /* nothing may follow until it is done */
    bool saves;     /* M29: some firmwares answer "Done saving file" and no ok */
};

/* What stream_adopt() waits for. */
enum adopt {
    ADOPT_NOT,
    ADOPT_LISTEN, /* a half line is closed; what the printer still says was not said to us */
    ADOPT_ASK,    /* which line it expects */
    ADOPT_SETTLE  /* the oks of the lines it has already taken */
};

struct stream {
    struct stream_options options; /* its dialect is the copy below */
    struct dialect dialect;
    stream_note_cb note;
    void *context;
    struct kept *kept; /* borrowed */
    struct stream_stats stats;

    /* what is to be sent */
    struct spsc *job; /* borrowed; NULL = none */
    uint32_t generation;
    bool job_active;
    bool hold;         /* take nothing from the job */
    bool drained_told; /* NOTE_DRAINED given for this hold */
    bool barrier;      /* stopped at a barrier item until released */
    bool sync;         /* an ITEM_SYNC is in flight */

    /* numbers and resends */
    uint64_t next_n;   /* of the next new line */
    uint64_t base;     /* number on the wire = number here - base; grows at each renumbering */
    uint64_t old_base; /* before the renumbering that is under way */
    uint8_t renumber;  /* enum stream_renumber */
    uint64_t resend_n; /* the next to send again; == next_n when there is none */
    bool draining;
    unsigned drain_oks;      /* oks still expected before lines are sent again */
    unsigned drain_resends;  /* Resends since it began */
    uint64_t drain_quiet_us; /* time of the last word that belongs to the trouble */
    bool retry_pending;      /* an error was read, its Resend not yet */
    uint64_t retry_us;
    uint64_t repeat_n; /* how often the same line was asked for */
    unsigned repeats;
    bool need_told;
    bool doubted; /* a number that cannot be was asked for; once more and it is believed */
    uint64_t doubted_n;
    uint64_t taken_offset; /* the job was taken up to here */

    /* what is in flight */
    struct stream_flight flight[STREAM_FLIGHT];
    size_t flight_first;
    size_t flight_count;
    uint64_t committed; /* bytes ever committed, written, acknowledged */
    uint64_t written;
    uint64_t urgent_end; /* bytes up to here go out whatever the window says */
    uint64_t acked;
    uint64_t acked_n; /* highest number acknowledged */
    enum adopt adopt; /* going on after another stream */
    unsigned settle;  /* answers to M115 until all earlier oks have come */
    unsigned queries; /* for them */
    bool settled;     /* the answer has come: the next ok is its own */
    bool mid_line;    /* the last byte written was not the end of a line */
    char tx[2048];
    bool tx_ends[2048]; /* the byte at the same place in `tx` is the last of a line */
    size_t tx_at;
    size_t tx_len;

    /* the window */
    int window;
    bool closed_for_good; /* plain oks after a resend: ping-pong until the job ends */
    bool numbered_acks;   /* oks carry N */
    bool temp_oks;        /* M105 is answered by "ok T:...": no other ok is taken for it */
    bool temps_told;      /* the last line told temperatures and no more */
    unsigned since_sync;  /* plain oks since both sides were last known to agree */
    size_t skipped_bytes; /* a jump of "ok N" freed them: not believed until the next ok */
    uint64_t skipped_us;
    bool noise_told;
    uint64_t noise_lines; /* where counting has begun */
    uint64_t noise_resends;
    unsigned clean;  /* acknowledgements since the last trouble */
    unsigned hungry; /* in a row that came at once while lines waited */
    uint32_t rtt_min_us;
    int planner_max;
    bool planner_empty;     /* seen while lines waited, since the window was closed */
    bool planner_empty_now; /* at the last acknowledgement */

    /* packing */
    enum stream_pack pack;
    bool pack_touched;      /* the printer was ever told to unpack */
    bool pack_reset;        /* it may be unpacking: end that before anything else is sent */
    bool pack_told;         /* NOTE_PACKING said that lines go packed */
    unsigned pack_troubles; /* how often it had to be given up */
    uint64_t pack_us;       /* when it was asked */

    /* silence */
    uint64_t alive_us;
    uint64_t ok_us;       /* the last sign that belongs to a line of ours, not a report by itself */
    uint64_t work_us;     /* since when the oldest line has been worked at without a word */
    uint64_t owed_us;     /* an ok may be missing behind a text read then; 0 = none */
    unsigned slow_behind; /* lines still to come that queue behind a slow one (ok on receipt) */
    bool saw_busy;
    bool saved; /* "Done saving file" has come, its ok not yet */
    unsigned probes;
    bool probing;
    bool stopped;
    bool tapped;
};

/* Starts with line 1 (the caller has sent M110 N0 and seen its ok). What `kept` held is forgotten;
 * it is borrowed. `s` is large: allocate it. */
void stream_init(struct stream *s, struct kept *kept, const struct stream_options *options,
    stream_note_cb note, void *context);

/* Goes on where the stream that left `kept` (checked: kept_check()) was stopped, in mid-line or
 * not; the printer has kept its power. It is asked which line it expects, by a number far ahead;
 * NOTE_ADOPTED names it, and lines it lacks go out again from `kept`. Tagged lines it has since
 * taken are told as NOTE_DONE. The job is held until stream_rejoin() and stream_release().
 * NOTE_RESET: it counts anew. NOTE_LOST: it does not answer, or its firmware cannot be asked. */
void stream_adopt(struct stream *s, struct kept *kept, const struct stream_options *options,
    stream_note_cb note, void *context, uint64_t now_us);

/* Another dialect or buffer sizes, once M115 has told them. */
void stream_set_options(struct stream *s, const struct stream_options *options);

/* A NUL-terminated line from the printer. */
void stream_rx(struct stream *s, uint64_t now_us, const char *line, size_t len);

/* Bytes to write now (0 = none). Valid until the next call; stream_wrote() tells how many went. */
size_t stream_tx(struct stream *s, uint64_t now_us, const char **bytes);
void stream_wrote(struct stream *s, size_t len);

/* Timers; call at stream_deadline() or later. */
void stream_tick(struct stream *s, uint64_t now_us);
uint64_t stream_deadline(const struct stream *s); /* UINT64_MAX = none */

/* Queues a line before the job's; false when the queue is full or this is no line. */
bool stream_inject(struct stream *s, const char *text, size_t len, uint32_t tag);

/* Sends a line at once, unnumbered, past everything (M108, M410, M876 where parsed early). */
void stream_urgent(struct stream *s, uint64_t now_us, const char *text, size_t len);

/* The number that the next new line would get on the wire. */
uint64_t stream_next_number(const struct stream *s);

/* Bytes still to be written that nothing may hold back. */
size_t stream_urgent_bytes(const struct stream *s);

/* Begins a job: items of `generation` are taken from `ring` from now on. */
void stream_begin(struct stream *s, struct spsc *ring, uint32_t generation);

/* The same for a job whose file is taken up to `offset`, `lines` of it acknowledged. */
void stream_begin_at(
    struct stream *s, struct spsc *ring, uint32_t generation, uint64_t offset, uint64_t lines);

/* After stream_adopt(): the job goes on with items of `generation`, whose first is the one behind
 * kept->job_taken. Still held. */
void stream_rejoin(struct stream *s, struct spsc *ring, uint32_t generation);

/* After NOTE_NEED: takes the items of this generation, replays first. */
void stream_rewound(struct stream *s, uint32_t generation);

/* Drops the job: nothing more of it is committed; what is in flight finishes. */
void stream_drop_job(struct stream *s);

/* Takes nothing more from the job; NOTE_DRAINED follows. stream_release() goes on. */
void stream_hold(struct stream *s);
void stream_release(struct stream *s);

/* Whether each line sent and received is told. */
void stream_tap(struct stream *s, bool on);

#endif
