/* What was asked for by a signal since the last look.
 *
 * The signals stay blocked but inside ppoll(), so that none is missed between a look and a sleep.
 */
#ifndef PPV_ASKED_H
#define PPV_ASKED_H

#include <signal.h>
#include <stdbool.h>

enum asked {
    ASKED_STOP,   /* SIGTERM, SIGINT */
    ASKED_REPORT, /* SIGUSR1 */
    ASKED_RESET,  /* SIGUSR2 */
    ASKED_CARD,   /* SIGRTMIN */
    ASKED_COUNT,
};

/* Catches the signals; `inside` is the mask for ppoll(). */
void asked_catch(sigset_t *inside);

/* True if it was asked for; forgets that. */
bool asked_take(enum asked what);

#endif
