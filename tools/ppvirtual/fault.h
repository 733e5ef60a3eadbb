/* Faults: what breaks, when, how often. Pure decisions; havoc.c does the breaking.
 *
 * A fault is written `at=WHEN,do=WHAT,KEY=VALUE...`. fault_add() reads it; from then on the seams
 * of the model ask fault_next() at each opportunity (a line read, a command begun, a line written,
 * a byte, the passing of time) which faults fire now. Chance comes from each fault's own seed, so
 * the same bytes from the host give the same run. Failures: a spec that cannot be understood; the
 * message quotes it and says what would be right.
 */
#ifndef PPV_FAULT_H
#define PPV_FAULT_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULTS_MAX     64
#define FAULT_SPEC_MAX 240
#define FAULT_TEXT_MAX 160

/* Where in the model a fault is asked for. */
enum fault_seam {
    SEAM_LINE,    /* a right line has been read */
    SEAM_COMMAND, /* a command begins */
    SEAM_REPLY,   /* a line is written */
    SEAM_BYTE,    /* a byte, in either direction */
    SEAM_MOMENT,  /* after each line read, and when it is time */
};

enum fault_kind {
    FAULT_RESEND,
    FAULT_IGNORE,
    FAULT_RX_FLUSH,
    FAULT_SLOW,
    FAULT_OK_EARLY,
    FAULT_OK_LOST,
    FAULT_OK_DOUBLE,
    FAULT_OK_LATE,
    FAULT_OK_BAD,
    FAULT_OK_JOINED,
    FAULT_OK_SPLIT,
    FAULT_LOSE,
    FAULT_DRIP,
    FAULT_FLIP,
    FAULT_DROP,
    FAULT_INSERT,
    FAULT_STALL,
    FAULT_AWOL,
    FAULT_STOPPED,
    FAULT_FATAL,
    FAULT_RESET,
    FAULT_PANIC,
    FAULT_SAY,
    FAULT_ACTION,
    FAULT_FOREIGN,
    FAULT_TEMP,
    FAULT_NUMBERED_ONLY,
    FAULT_WRAP,
    FAULT_RX_TIMEOUT,
    FAULT_UNKNOWN,
    FAULT_LOCKED,
    FAULT_NO_EMERGENCY,
    FAULT_UNPLUG,
    FAULT_PORT_BUSY,
    FAULT_PORT_DENY,
    FAULT_PORT_STALL,
    FAULT_OPEN_RESET,
    FAULT_KINDS,
};

enum fault_at {
    AT_ALWAYS,
    AT_NOW, /* the next opportunity */
    AT_LINE,
    AT_NTH,
    AT_BYTE,
    AT_TIME,
    AT_PERIOD,
    AT_EVERY,
    AT_RATE,
    AT_TEXT,
    AT_FULL,
};

/* Values of a fault; choices are indices into their words. */
enum fault_arg {
    ARG_MS,
    ARG_FOR,
    ARG_N,
    ARG_BYTES,
    ARG_POS, /* POS_RANDOM, POS_END or a column */
    ARG_BIT, /* -1: any */
    ARG_VALUE,
    ARG_PERIOD,
    ARG_PIECES,
    ARG_BITS,
    ARG_CODE,
    ARG_TEXT,
    ARG_LINK,
    ARG_DIR,
    ARG_IN,
    ARG_ERROR,
    ARG_OK,
    ARG_BUSY,
    ARG_KEEP,
    ARG_COUNT,
    ARG_HEATER,
    ARG_HOW,
    ARG_FORM,
    ARG_FATAL,
    ARG_RESEND,
    ARG_BANNER,
    ARG_POWER,
    ARG_AUTO,
    ARG_TIMES,
    ARG_SEED,
    FAULT_ARGS,
};

#define POS_RANDOM (-1)
#define POS_END    (-2)

/* The choices, in the order of their words in the table. */
enum fault_dir {
    DIR_IN,
    DIR_OUT
};
enum fault_in {
    IN_ANY,
    IN_OK,
    IN_RESEND,
    IN_ERROR,
    IN_OTHER
};
enum fault_error {
    ERROR_NUMBER,
    ERROR_CHECKSUM,
    ERROR_NO_CHECKSUM,
    ERROR_NO_NUMBER,
    ERROR_NONE
};
enum fault_ok {
    OK_NO,
    OK_YES,
    OK_LATE
};
enum fault_how {
    HOW_STUCK,
    HOW_JUMP,
    HOW_NAN,
    HOW_VALUE,
    HOW_WAVE,
    HOW_NEVER,
    HOW_RUNAWAY
};
enum fault_form {
    FORM_NO_OK,
    FORM_ONLY_OK,
    FORM_SLASHES,
    FORM_ERROR
};

struct fault_row;

struct fault {
    char spec[FAULT_SPEC_MAX]; /* as written */
    enum fault_kind kind;
    const struct fault_row *row; /* const table */
    enum fault_at at;
    int64_t at_n;
    double at_number; /* seconds, or a chance from 0 to 1 */
    char at_text[FAULT_TEXT_MAX];
    double arg[FAULT_ARGS];
    char text[FAULT_TEXT_MAX];
    size_t text_len; /* may hold any byte */
    char link[FAULT_TEXT_MAX];

    uint64_t random;
    uint64_t seen;    /* opportunities, for every: */
    uint64_t next_ns; /* for period: */
    uint64_t fired;
    bool armed; /* a byte of this line is to break: the one at `column` */
    size_t column;
};

struct fault_set {
    struct fault faults[FAULTS_MAX];
    size_t len;
    uint32_t seams; /* 1 << enum fault_seam of those there are */
};

/* One opportunity. */
struct fault_event {
    enum fault_seam seam;
    uint64_t now_ns;
    bool is_line;   /* a line (or its answer): counts for every: and rate: */
    int64_t number; /* its N; -1 = none */
    uint64_t nth;   /* lines so far, with it */
    uint64_t byte;  /* bytes so far in this direction, with it */
    const char *text;
    size_t len;         /* of the command so far */
    bool full;          /* the receive ring has just overflown */
    enum fault_dir dir; /* SEAM_BYTE */
    enum fault_in in;   /* what kind of answer this is */
    size_t column;      /* SEAM_BYTE: of the byte in its line, */
    size_t columns;     /* of so many; 0 = not known yet */
    bool line_end;      /* SEAM_BYTE: it is a newline */
};

/* Reads one spec and adds it. Errors: PP_EINVAL with the reason, PP_ELIMIT. */
int fault_add(struct fault_set *set, const char *spec, struct err *e);

/* Forgets all of them. */
void fault_clear(struct fault_set *set);

/* The next fault that fires at this opportunity; *from counts on, begin with 0. NULL: no more. What
 * is returned has been counted as fired. */
struct fault *fault_next(struct fault_set *set, const struct fault_event *e, size_t *from);

/* When a fault of SEAM_MOMENT is due by time alone; UINT64_MAX: none. */
uint64_t fault_next_ns(const struct fault_set *set);

/* A random number below n (n > 0), from this fault's own seed. */
uint64_t fault_draw(struct fault *f, uint64_t n);

/* True if a fault for this seam exists. */
static inline bool fault_has(const struct fault_set *set, enum fault_seam seam)
{
    return (set->seams & (UINT32_C(1) << seam)) != 0;
}

/* The grammar, every fault and every key, for people. */
void fault_help(struct strbuf *out);

#endif
