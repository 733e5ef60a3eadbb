/* What is counted for the report: commands and their hash, under-runs, motion, errors; in total and
 * for each print.
 *
 * A print is what runs between M75 and M77, the print timer by which hosts bracket one, less what
 * runs between M76 and the next M75 (parking and coming back). The hash is SHA-256 over the
 * executed commands in order, one per line, without number, checksum, comment and surrounding
 * blanks; what only asks or shows something is left out.
 */
#ifndef PPV_TALLY_H
#define PPV_TALLY_H

#include "tools/ppvirtual/command.h"

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TALLY_PRINTS_MAX 256 /* older prints are dropped from the report */

enum tally_error {
    TALLY_CHECKSUM,
    TALLY_LINE_NUMBER,
    TALLY_NO_CHECKSUM,
    TALLY_NO_LINE_NUMBER,
    TALLY_UNKNOWN_COMMAND,
    TALLY_LONG_LINE,
    TALLY_ERRORS,
};

/* Where a command came from. */
enum tally_origin {
    TALLY_NUMBERED = 1, /* with a line number */
    TALLY_CARD = 2,     /* from the SD card */
};

/* Where a line stood on the wire. */
struct wire_mark {
    uint64_t at_ns; /* arrival of its end */
    uint64_t seq;   /* bytes that had come over the wire by then */
    uint64_t line;  /* and lines */
};

struct span {
    uint64_t id;
    bool complete; /* a print whose end marker came */
    bool card;     /* a print of the SD card: its own commands alone */
    crypto_hash_sha256_state hash;
    uint64_t commands; /* hashed ones */
    crypto_hash_sha256_state
        numbered_hash; /* of those that came with a number: no tails of lines */
    uint64_t numbered;
    uint64_t resends;
    uint64_t errors[TALLY_ERRORS];
    uint64_t underruns;
    uint64_t starved_ns; /* waiting for serial input with nothing left to move */
    uint64_t moves;      /* blocks finished */
    double motion_s;     /* their real duration */
    uint64_t begin_ns;   /* when it began, when its last command was done */
    uint64_t end_ns;
    bool streamed;          /* there was a move */
    struct wire_mark first; /* the first move's line */
    struct wire_mark last;  /* the last one's */
};

struct tally {
    struct span total;
    struct span *prints; /* owned; TALLY_PRINTS_MAX */
    size_t prints_len;
    uint64_t prints_begun;
    bool printing;     /* prints[prints_len - 1] is open */
    bool paused;       /* and what runs now is no part of it */
    uint64_t lines;    /* complete, not empty */
    uint64_t executed; /* hashed or not */
    uint64_t repeats;  /* repeated numbers met with silence or skipped */
};

void tally_init(struct tally *t);
void tally_fini(struct tally *t);

/* A command has been executed; `origin`: enum tally_origin, or-ed. */
void tally_command(struct tally *t, uint64_t now_ns, const struct command *c, unsigned origin,
    struct wire_mark mark);

/* The markers of a print; a begin after a pause goes on with it, another ends the print before as
 * incomplete. */
void tally_pause(struct tally *t);
void tally_begin(struct tally *t, uint64_t now_ns);
void tally_end(struct tally *t, uint64_t now_ns);

/* The same for a print of the SD card, which the host's markers do not end; dropped by a reset. */
void tally_begin_card(struct tally *t, uint64_t now_ns);
void tally_end_card(struct tally *t, uint64_t now_ns);
void tally_drop_card(struct tally *t, uint64_t now_ns);

void tally_error(struct tally *t, enum tally_error kind);
void tally_resend(struct tally *t);
void tally_underrun(struct tally *t, uint64_t starved_ns);

/* A block planned while print `tag` was open has been finished. */
void tally_motion(struct tally *t, uint64_t tag, double seconds);

/* The tag for blocks planned now: the open print's id, 0 outside of prints. */
uint64_t tally_tag(const struct tally *t);

/* The hashes so far in lower-case hex: of all commands, of those that came with a number. */
void tally_hash(const struct span *s, char out[crypto_hash_sha256_BYTES * 2 + 1]);
void tally_numbered_hash(const struct span *s, char out[crypto_hash_sha256_BYTES * 2 + 1]);

/* "checksum", "line_number"... */
const char *tally_error_name(enum tally_error kind);

#endif
