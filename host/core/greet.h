/* Greeting: find the baud rate and a printer that answers. Pure.
 *
 * Each rate is tried with a newline (ends whatever half line the printer holds) and `M110 N0` until
 * an `ok` comes; a board that resets when the port is opened says `start` first and is greeted
 * again after its banner. Then a short quiet time lets late answers pass, so that none is taken for
 * an acknowledgement later.
 *
 * A printer that another program, or this one before it was killed, has left unpacking (meatpack.h)
 * takes the greeting for garbage: some hellos are to be preceded by the order that ends it. Every
 * second one if the printer may well be such, else the last one alone, because to other firmwares
 * it is a line that makes no sense.
 *
 * Failures: silence at every rate; bytes that make no sense (wrong rate); a printer that says it is
 * halted.
 */
#ifndef PP_CORE_GREET_H
#define PP_CORE_GREET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GREET_BAUDS 12

enum greet_result {
    GREET_GOING,
    GREET_ANSWERED,
    GREET_FAILED /* `text` says why */
};

struct greet {
    int baud[GREET_BAUDS]; /* to try, in this order */
    size_t bauds;
    size_t at;
    int hellos;         /* sent at this rate */
    int boots;          /* banners seen */
    uint64_t next_us;   /* when to do the next thing */
    uint64_t latest_us; /* no line puts it off beyond this */
    bool answered;
    bool alive;     /* something sensible was read at this rate */
    size_t garbage; /* lines without sense at any rate */
    bool unpack;    /* the printer may have been left unpacking */
    bool say_hello; /* output: send greet_hello() now */
    bool say_reset; /* output: and before it MEATPACK_RESET */
    bool set_baud;  /* output: set baud[at] now */
    char text[160];
};

extern const char greet_hello[]; /* the bytes to send */

/* Begins: one rate if `baud` > 0, else the usual ones with `last_good` (0 = none) first.
 * `unpack`: it may well have been left unpacking. */
void greet_init(struct greet *g, uint64_t now_us, int baud, int last_good, bool unpack);

/* A line from the printer. */
void greet_rx(struct greet *g, uint64_t now_us, const char *line, size_t len);

/* To be called at next_us; sets say_hello, say_reset and set_baud, which the caller does
 * and clears. */
enum greet_result greet_tick(struct greet *g, uint64_t now_us);

#endif
