#include "tools/ppvirtual/fault_table.h"

#include "tools/ppvirtual/fault_text.h"

#define HOUR_MS 3600000.0
#define DAMAGE  (BIT(ARG_DIR) | BIT(ARG_IN) | BIT(ARG_POS))
#define FOR     BIT(ARG_FOR)

static const char *const dirs[] = {"in", "out", NULL};
static const char *const answers[] = {"any", "ok", "resend", "error", "other", NULL};
static const char *const errors[] = {
    "number", "checksum", "no-checksum", "no-number", "none", NULL};
static const char *const oks[] = {"no", "yes", "late", NULL};
static const char *const yes_no[] = {"no", "yes", NULL};
static const char *const heaters[] = {
    "tool0", "tool1", "tool2", "tool3", "tool4", "tool5", "tool6", "tool7", "bed", "chamber", NULL};
static const char *const hows[] = {
    "stuck", "jump", "nan", "value", "wave", "never", "runaway", NULL};
static const char *const forms[] = {"no-ok", "only-ok", "slashes", "error", NULL};

const struct fault_key fault_keys[FAULT_ARGS] = {
    [ARG_MS] = {"ms", TYPE_NUMBER, 0, HOUR_MS, 0, NULL, "milliseconds"},
    [ARG_FOR] = {"for", TYPE_NUMBER, 1, HOUR_MS, 0, NULL, "over again after so many milliseconds"},
    [ARG_N] = {"n", TYPE_WHOLE, -1, 4294967295.0, -1, NULL, "a line number, or how many"},
    [ARG_BYTES] = {"bytes", TYPE_WHOLE, 1, 4096, 1, NULL, "how many bytes"},
    [ARG_POS] = {"pos", TYPE_POS, 0, 1000, POS_RANDOM, NULL,
        "column from 0 on, end for the line's end, `random`"},
    [ARG_BIT] = {"bit", TYPE_WHOLE, 0, 7, -1, NULL, "which bit; else any"},
    [ARG_VALUE] = {"value", TYPE_NUMBER, -10000, 10000, 0, NULL,
        "degrees, or a byte from 0 to 255"},
    [ARG_PERIOD] = {"period", TYPE_NUMBER, 0.1, 3600, 4, NULL, "seconds of a wave"},
    [ARG_PIECES] = {"pieces", TYPE_WHOLE, 1, 100, 1, NULL, "bursts, 100 ms apart"},
    [ARG_BITS] = {"bits", TYPE_WHOLE, 4, 31, 16, NULL, "of the printer's line counter"},
    [ARG_CODE] = {"code", TYPE_WHOLE, 0, 999999, 1234, NULL, "the passcode"},
    [ARG_TEXT] = {"text", TYPE_TEXT, 0, 0, 0, NULL, "with \\n \\, \\\\ and \\xNN"},
    [ARG_LINK] = {"link", TYPE_TEXT, 0, 0, 0, NULL, "another path for the port's link"},
    [ARG_DIR] = {"dir", TYPE_WORD, 0, 0, DIR_IN, dirs, "in: to the printer, out: to the host"},
    [ARG_IN] = {"in", TYPE_WORD, 0, 0, IN_ANY, answers, "which answers (for dir=out)"},
    [ARG_ERROR] = {"error", TYPE_WORD, 0, 0, ERROR_NUMBER, errors, "the error named before it"},
    [ARG_OK] = {"ok", TYPE_WORD, 0, 0, OK_YES, oks, "the ok that belongs to it"},
    [ARG_BUSY] = {"busy", TYPE_WORD, 0, 0, 1, yes_no, "say busy meanwhile"},
    [ARG_KEEP] = {"keep", TYPE_WORD, 0, 0, 0, yes_no, "execute the line all the same"},
    [ARG_COUNT] = {"count", TYPE_WORD, 0, 0, 0, yes_no, "the line's number counts"},
    [ARG_HEATER] = {"heater", TYPE_WORD, 0, 0, 0, heaters, "whose temperature"},
    [ARG_HOW] = {"how", TYPE_WORD, 0, 0, HOW_STUCK, hows, "what the temperature does"},
    [ARG_FORM] = {"form", TYPE_WORD, 0, 0, FORM_NO_OK, forms, "how unknown commands are met"},
    [ARG_FATAL] = {"form", TYPE_WORD, 0, 0, 0, fatal_names, "the words it dies with"},
    [ARG_RESEND] = {"resend", TYPE_WORD, 0, 0, 0, yes_no, "ask for the line again"},
    [ARG_BANNER] = {"banner", TYPE_WORD, 0, 0, 1, yes_no, "tell of the start"},
    [ARG_POWER] = {"power", TYPE_WORD, 0, 0, 0, yes_no, "loses its power too, and starts anew"},
    [ARG_AUTO] = {"auto", TYPE_WORD, 0, 0, 0, yes_no, "goes on by itself"},
    [ARG_TIMES] = {"times", TYPE_TIMES, 1, 1e9, 0, NULL, "fire at most so often, or `always`"},
    [ARG_SEED] = {"seed", TYPE_WHOLE, 0, 4294967295.0, 1, NULL, "of its chance"},
};

const struct fault_row fault_rows[FAULT_KINDS] = {
    [FAULT_RESEND] = {"resend", SEAM_LINE,
        BIT(ARG_ERROR) | BIT(ARG_N) | BIT(ARG_OK) | BIT(ARG_MS) | BIT(ARG_KEEP), 0, {{ARG_MS, 300}},
        "the line is refused and asked for again; n= another number"},
    [FAULT_IGNORE] = {"ignore", SEAM_LINE, BIT(ARG_COUNT), 0, {{0}},
        "the line is thrown away without a word"},
    [FAULT_RX_FLUSH] = {"rx-flush", SEAM_LINE, 0, 0, {{0}},
        "the receive buffer is emptied, line included: \"Full RX Buffer\""},
    [FAULT_SLOW] = {"slow", SEAM_COMMAND, BIT(ARG_MS) | BIT(ARG_BUSY), 0, {{ARG_MS, 5000}},
        "the command takes longer by this"},
    [FAULT_OK_EARLY] = {"ok-early", SEAM_COMMAND, 0, 0, {{0}},
        "the ok comes before the command's output"},
    [FAULT_OK_LOST] = {"ok-lost", SEAM_REPLY, 0, 0, {{ARG_IN, IN_OK}}, "the ok does not come"},
    [FAULT_OK_DOUBLE] = {"ok-double", SEAM_REPLY, 0, 0, {{ARG_IN, IN_OK}}, "the ok comes twice"},
    [FAULT_OK_LATE] = {"ok-late", SEAM_REPLY, BIT(ARG_MS), 0, {{ARG_IN, IN_OK}, {ARG_MS, 500}},
        "the ok comes late, what is written meanwhile passes it"},
    [FAULT_OK_BAD] = {"ok-bad", SEAM_REPLY, BIT(ARG_TEXT), 0, {{ARG_IN, IN_OK}},
        "something else comes in place of the ok: text, else \"o\""},
    [FAULT_OK_JOINED] = {"ok-joined", SEAM_REPLY, BIT(ARG_N) | BIT(ARG_MS), 0,
        {{ARG_IN, IN_OK}, {ARG_N, 3}, {ARG_MS, 50}},
        "oks are kept back until there are n of them, or ms have passed, and come at once"},
    [FAULT_OK_SPLIT] = {"ok-split", SEAM_REPLY, BIT(ARG_MS), 0, {{ARG_IN, IN_OK}, {ARG_MS, 200}},
        "the ok comes in two pieces"},
    [FAULT_LOSE] = {"lose", SEAM_REPLY, BIT(ARG_IN), 0, {{0}}, "a line from the printer is lost"},
    [FAULT_DRIP] = {"drip", SEAM_REPLY, BIT(ARG_IN) | BIT(ARG_MS), 0, {{ARG_MS, 20}},
        "a line from the printer comes byte by byte"},
    [FAULT_FLIP] = {"flip", SEAM_BYTE, DAMAGE | BIT(ARG_BIT), 0, {{0}},
        "a bit of a byte turns over; at most one in a line"},
    [FAULT_DROP] = {"drop", SEAM_BYTE, DAMAGE | BIT(ARG_BYTES), 0, {{0}}, "bytes are lost"},
    [FAULT_INSERT] = {"insert", SEAM_BYTE, DAMAGE | BIT(ARG_BYTES) | BIT(ARG_VALUE), 0,
        {{ARG_VALUE, -1}}, "bytes that nobody sent: value (0, 128 ...), else random ones"},
    [FAULT_STALL] = {"stall", SEAM_MOMENT, BIT(ARG_MS), 0, {{ARG_MS, 5000}},
        "the printer does nothing at all for a while"},
    [FAULT_AWOL] = {"awol", SEAM_MOMENT, 0, 0, {{0}},
        "it never answers again; the heaters stay as they are"},
    [FAULT_STOPPED] = {"stopped", SEAM_MOMENT, FOR | BIT(ARG_BUSY), 0, {{ARG_FOR, 5000}},
        "lines are dropped, uncounted and unanswered, as Prusa does while it pauses itself"},
    [FAULT_FATAL] = {"fatal", SEAM_MOMENT, BIT(ARG_FATAL), 0, {{0}},
        "it says so, turns the heaters off and is dead until it is reset"},
    [FAULT_RESET] = {"reset", SEAM_MOMENT,
        BIT(ARG_MS) | BIT(ARG_PIECES) | BIT(ARG_BANNER) | BIT(ARG_VALUE), 0, {{ARG_VALUE, -1}},
        "it starts anew, in the middle of what it writes; ms until the banner, value= a byte in "
        "it"},
    [FAULT_PANIC] = {"power-panic", SEAM_MOMENT, BIT(ARG_MS) | BIT(ARG_AUTO), 0, {{ARG_MS, 3000}},
        "\"INT4\", no power for a while, then //action:uvlo_recovery_ready"},
    [FAULT_SAY] = {"say", SEAM_MOMENT, BIT(ARG_TEXT), BIT(ARG_TEXT), {{0}}, "it writes the text"},
    [FAULT_ACTION] = {"action", SEAM_MOMENT, BIT(ARG_TEXT), BIT(ARG_TEXT), {{0}},
        "it writes //action: and the text"},
    [FAULT_FOREIGN] = {"foreign", SEAM_MOMENT, BIT(ARG_TEXT) | BIT(ARG_OK), BIT(ARG_TEXT), {{0}},
        "another master gives a command; ok=yes: its ok comes to us"},
    [FAULT_TEMP] = {"temp", SEAM_MOMENT,
        BIT(ARG_HEATER) | BIT(ARG_HOW) | BIT(ARG_VALUE) | BIT(ARG_PERIOD) | FOR, BIT(ARG_HOW),
        {{0}},
        "stuck, jump by value, nan, value, wave of value, never there (short by value), runaway to "
        "value"},
    [FAULT_NUMBERED_ONLY] = {"numbered-only", SEAM_MOMENT, FOR, 0, {{0}},
        "a line without a number is an error"},
    [FAULT_WRAP] = {"wrap", SEAM_MOMENT, BIT(ARG_BITS), 0, {{0}},
        "the line counter has only so many bits"},
    [FAULT_RX_TIMEOUT] = {"rx-timeout", SEAM_MOMENT, BIT(ARG_MS) | BIT(ARG_RESEND) | FOR, 0,
        {{ARG_MS, 2000}}, "a line that does not end in time is thrown away"},
    [FAULT_UNKNOWN] = {"unknown", SEAM_MOMENT, BIT(ARG_FORM) | FOR, 0, {{0}},
        "how commands it does not know are met"},
    [FAULT_LOCKED] = {"locked", SEAM_MOMENT, BIT(ARG_CODE) | FOR, 0, {{0}},
        "executes nothing until M511 Pcode"},
    [FAULT_NO_EMERGENCY] = {"no-emergency-parser", SEAM_MOMENT, FOR, 0, {{0}},
        "M112, M108, M410 act only when their turn comes"},
    [FAULT_UNPLUG] = {"unplug", SEAM_MOMENT, BIT(ARG_MS) | BIT(ARG_POWER) | BIT(ARG_LINK), 0,
        {{ARG_MS, 3000}}, "the port is gone, and back after ms under another number"},
    [FAULT_PORT_BUSY] = {"port-busy", SEAM_MOMENT, FOR, 0, {{ARG_FOR, 5000}},
        "another program has the port"},
    [FAULT_PORT_DENY] = {"port-deny", SEAM_MOMENT, FOR, 0, {{ARG_FOR, 5000}},
        "nobody may open the port (but root)"},
    [FAULT_PORT_STALL] = {"port-stall", SEAM_MOMENT, FOR, 0, {{ARG_FOR, 5000}},
        "nothing is taken from the port: the host's writes fall short"},
    [FAULT_OPEN_RESET] = {"reset-on-open", SEAM_MOMENT, FOR, 0, {{0}},
        "opening the port resets the printer, as DTR does"},
};

const struct fault_when fault_whens[] = {
    {"line", AT_LINE, "N", false, "the line numbered N, or its answer"},
    {"nth", AT_NTH, "N", false, "the Nth line, numbered or not"},
    {"text", AT_TEXT, "TEXT", false, "a line whose command begins so"},
    {"byte", AT_BYTE, "N", false, "the Nth byte in the fault's direction"},
    {"time", AT_TIME, "S", false, "S seconds after power-on"},
    {"now", AT_NOW, NULL, false, "the next opportunity"},
    {"full", AT_FULL, NULL, true, "each time the receive buffer overflows"},
    {"every", AT_EVERY, "N", true, "each Nth opportunity"},
    {"period", AT_PERIOD, "S", true, "each S seconds"},
    {"rate", AT_RATE, "P%", true, "by chance, P of 100 opportunities"},
    {"always", AT_ALWAYS, NULL, true, "each opportunity; a state: from now on"},
};

const size_t fault_whens_count = sizeof(fault_whens) / sizeof(fault_whens[0]);
