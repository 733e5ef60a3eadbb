#include "host/core/greet.h"

#include "host/core/reply.h"
#include "host/core/times.h"

#include <stdio.h>
#include <string.h>

#define BOOTS 5 /* a board that boots more often than this boots for ever */

const char greet_hello[] = "\nN0 M110 N0*125\n";

static const int usual[] = {115200, 250000, 230400, 57600, 38400, 19200, 9600, 500000, 1000000};

void greet_init(struct greet *g, uint64_t now_us, int baud, int last_good, bool unpack)
{
    *g = (struct greet){.next_us = now_us, .unpack = unpack};
    if (baud > 0) {
        g->baud[g->bauds++] = baud;
        return;
    }
    if (last_good > 0) {
        g->baud[g->bauds++] = last_good;
    }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (usual[i] != last_good) {
            g->baud[g->bauds++] = usual[i];
        }
    }
}

static bool is_garbage(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < 0x20 && c != '\t') || c >= 0x7f) {
            return true;
        }
    }
    return false;
}

/* Does the next thing when it has been quiet for a while, but not too late. */
static void wait_for_quiet(struct greet *g, uint64_t now_us, uint64_t quiet_us)
{
    uint64_t at = now_us + quiet_us;
    g->next_us = at < g->latest_us ? at : g->latest_us;
}

void greet_rx(struct greet *g, uint64_t now_us, const char *line, size_t len)
{
    struct reply r;
    reply_parse(&r, line, len);
    if (r.kind == REPLY_HALT) {
        snprintf(g->text, sizeof g->text, "the printer is halted (\"%.80s\"): reset it", r.text);
        g->next_us = now_us;
        return;
    }
    if (is_garbage(line, len)) {
        g->garbage++;
        return;
    }
    g->alive = g->alive || r.kind != REPLY_TEXT || strncmp(line, "echo:", 5) == 0;
    if (r.kind == REPLY_START || r.reset) {
        g->answered = false;
        if (g->boots++ < BOOTS) {
            g->hellos = g->hellos > 0 ? g->hellos - 1 : 0; /* what came before does not count */
        }
        g->latest_us = now_us + time_us(TIME_GREET_TALK);
        g->next_us = now_us + time_us(TIME_BANNER);
    } else if (r.kind == REPLY_OK || (r.kind == REPLY_WAIT && g->hellos > 0)) {
        g->latest_us = g->answered ? g->latest_us : now_us + time_us(TIME_GREET_TALK);
        g->answered = true;
        wait_for_quiet(g, now_us, time_us(TIME_ANSWER_QUIET));
    } else if (r.kind == REPLY_BUSY) {
        g->next_us = now_us + time_us(TIME_GREET_BUSY);
        g->latest_us = g->next_us;
    } else if (g->answered) {
        wait_for_quiet(g, now_us, time_us(TIME_ANSWER_QUIET));
    } else if (g->next_us < now_us + time_us(TIME_BANNER)) {
        wait_for_quiet(g, now_us, time_us(TIME_BANNER));
    }
}

static enum greet_result failed(struct greet *g)
{
    if (g->text[0] != '\0') {
        return GREET_FAILED;
    }
    if (g->garbage > 0 && g->bauds > 1) {
        snprintf(g->text, sizeof g->text,
            "what the printer sends makes no sense at any baud rate from 9600 to 1000000");
    } else if (g->garbage > 0) {
        snprintf(g->text, sizeof g->text,
            "what the printer sends makes no sense at %d baud: wrong baud rate?", g->baud[0]);
    } else if (g->bauds == 1) {
        snprintf(g->text, sizeof g->text,
            "no answer at %d baud: printer off, another port, or another baud rate?", g->baud[0]);
    } else {
        snprintf(g->text, sizeof g->text,
            "no answer at any baud rate from 9600 to 1000000: printer off, or another port?");
    }
    return GREET_FAILED;
}

/* How many hellos this rate gets: a board may take 8 s to boot, but only once. */
static int hellos_due(const struct greet *g)
{
    enum time_id whole = g->at == 0 || g->alive ? TIME_HELLO_FIRST : TIME_HELLO_MORE;
    return (int)(time_us(whole) / time_us(TIME_HELLO_AGAIN));
}

/* Some adapters take a moment to change the rate: what is written meanwhile goes out as garbage. */
static void next_rate(struct greet *g, uint64_t now_us)
{
    g->at++;
    g->hellos = 0;
    g->alive = false;
    g->set_baud = true;
    g->next_us = now_us + time_us(TIME_BAUD_PAUSE);
    g->latest_us = g->next_us;
}

enum greet_result greet_tick(struct greet *g, uint64_t now_us)
{
    if (now_us < g->next_us) {
        return GREET_GOING;
    }
    if (g->text[0] != '\0') {
        return GREET_FAILED;
    }
    if (g->answered) {
        return GREET_ANSWERED;
    }
    if (g->hellos >= hellos_due(g)) {
        if (g->at + 1 >= g->bauds) {
            return failed(g);
        }
        next_rate(g, now_us);
        return GREET_GOING;
    }
    g->hellos++;
    g->say_hello = true;
    g->say_reset = g->unpack ? g->hellos % 2 == 0 : g->hellos == hellos_due(g);
    g->next_us = now_us + time_us(TIME_HELLO_AGAIN);
    g->latest_us = g->next_us + time_us(TIME_GREET_TALK);
    return GREET_GOING;
}
