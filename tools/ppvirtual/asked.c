#include "tools/ppvirtual/asked.h"

#include <stddef.h>

static volatile sig_atomic_t flags[ASKED_COUNT];

static void on_signal(int number)
{
    enum asked what = ASKED_STOP;
    if (number == SIGUSR1) {
        what = ASKED_REPORT;
    } else if (number == SIGUSR2) {
        what = ASKED_RESET;
    } else if (number == SIGRTMIN) {
        what = ASKED_CARD;
    }
    flags[what] = 1;
}

void asked_catch(sigset_t *inside)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGRTMIN};
    sigset_t blocked;
    sigemptyset(&blocked);
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigaddset(&blocked, numbers[i]);
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_BLOCK, &blocked, inside);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        sigdelset(inside, numbers[i]);
    }
}

bool asked_take(enum asked what)
{
    bool taken = flags[what] != 0;
    flags[what] = 0;
    return taken;
}
