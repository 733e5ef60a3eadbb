#include "host/core/times.h"

#include <assert.h>

static const struct time_row rows[TIME_COUNT] = {
    [TIME_HELLO_FIRST] = {"hello first", 10000, "answers at the first baud rate, boot included"},
    [TIME_HELLO_MORE] = {"hello more", 4000, "answers at each further baud rate"},
    [TIME_HELLO_AGAIN] = {"hello again", 2000, "from one hello to the next"},
    [TIME_BANNER] = {"banner", 300, "quiet behind the banner before the next hello"},
    [TIME_ANSWER_QUIET] = {"answer", 150, "quiet behind the answer: late ones pass"},
    [TIME_GREET_BUSY] = {"greet busy", 30000, "a busy printer is left alone before a hello"},
    [TIME_GREET_TALK] = {"greet talk", 3000, "other lines put off what is due at most"},
    [TIME_BAUD_PAUSE] = {"baud pause", 250, "from a new baud rate to the first byte"},
    [TIME_SILENCE] = {"silence", 30000, "no ok and no sign of life: ask"},
    [TIME_SILENCE_BUSY] = {"silence, busy told", 8000, "the same where busy is told every 2 s"},
    [TIME_SILENCE_SLOW] = {"silence, slow", 60000, "the same while a slow command runs"},
    [TIME_SLOW_LIMIT] = {"slow limit", 600000,
        "a slow command that says nothing; none for a person"},
    [TIME_CHATTER] = {"chatter", 300000, "texts alone are taken as a sign of work for so long"},
    [TIME_WAIT] = {"wait", 1000, "idle time after which Repetier and Marlin say wait"},
    [TIME_PROBE] = {"probe", 3000, "answer to a question which line is expected"},
    [TIME_PROBE_LATER] = {"probe later", 10000, "the same after three of them: a long slow move?"},
    [TIME_GIVE_UP] = {"give up", 60000, "not a word about a line of ours: the printer is gone"},
    [TIME_RETRY] = {"retry", 500, "from an error text to its Resend"},
    [TIME_OWED_OK] = {"owed ok", 500, "ok behind a text that is not always followed by one"},
    [TIME_DRAIN_QUIET] = {"drain", 100, "quiet after a Resend before lines go out again"},
    [TIME_DRAIN_LAST] = {"drain, ok missing", 500, "the same while the Resend's ok is missing"},
    [TIME_PACK] = {"pack", 3000, "answer to an order to unpack, with nothing in flight"},
    [TIME_ADOPT_QUIET] = {"adopt", 300, "quiet before a printer is asked that another has left"},
    [TIME_SETTLE] = {"settle", 3000, "answer to its query where that is acknowledged earlier"},
    [TIME_SKIP] = {"skipped ok", 250, "an ok N that skips lines is confirmed by the next"},
};

const struct time_row *time_row(enum time_id id)
{
    assert(id < TIME_COUNT);
    return &rows[id];
}

uint64_t time_us(enum time_id id)
{
    return time_row(id)->ms * UINT64_C(1000);
}
