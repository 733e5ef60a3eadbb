/* Firmware dialects: what differs between the families that speak the RepRap serial protocol.
 *
 * Facts from the firmwares' sources and from what running ones answered. The row is chosen by
 * FIRMWARE_NAME of M115; the profile's `firmware:` is the hint until then. Single fields of the row
 * may be overridden by the profile's `quirks:` (host/app/quirks.h).
 */
#ifndef PP_CORE_DIALECT_H
#define PP_CORE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the printer is asked, after silence, which line it expects. None of these moves anything. */
enum dialect_probe {
    PROBE_GAP,         /* a number far ahead is refused, and the refusal names the line */
    PROBE_CHECKSUM,    /* gaps are accepted; a wrong checksum is refused the same way */
    PROBE_TEMPERATURES /* numbers are not looked at: M105, whose answer is unmistakable */
};

struct dialect {
    const char *name;  /* as in profiles: "marlin" */
    const char *match; /* lower-case part of FIRMWARE_NAME that tells it; NULL = never by name */

    int max_line;       /* whole line with N, checksum and newline; 0 = no limit */
    int rx_buffer;      /* bytes the board takes before it reads them; 0 = unknown (128) */
    int command_buffer; /* commands it keeps waiting; 0 = unknown (4) */
    int planner_blocks; /* of its planner; 0 = learned from the P of ADVANCED_OK */
    int number_bits;    /* line numbers count modulo 2 to the power of this; 0 = they do not */
    int probe;          /* enum dialect_probe */

    bool one_line;       /* never more in flight: one lost among several would not be noticed */
    bool split_lines;    /* a line may arrive in two pieces with a pause between them */
    bool wait_is_idle;   /* sends "wait" while idle */
    bool job_timer;      /* M75/M76/M77 tell the printer that a print begins, pauses, ends */
    bool busy;           /* always says "busy" during long commands; else it is seen or not */
    bool ok_on_receipt;  /* ok says that a line was received, not that it was carried out */
    bool unknown_no_ok;  /* "unknown command" is not always followed by an ok */
    bool resend_no_ok;   /* nor is Resend, ever */
    bool dwell_alone;    /* nothing may be sent while G4 runs */
    bool temps_then_ok;  /* M105: a line of temperatures, then a bare ok */
    bool first_star;     /* the first '*' of a line ends it: none may stand in the text */
    bool shows_progress; /* takes M73 whatever its capabilities say */

    const char *pause_command;  /* parks by itself; NULL = the profile's scripts do */
    const char *resume_command; /* given together with pause_command */
    const char *stop_command;
};

/* The row of a profile's `firmware:` name; Marlin's when unknown or "". */
const struct dialect *dialect_by_name(const char *name);

/* The row for a FIRMWARE_NAME of M115 (any case); Marlin's when nothing matches. */
const struct dialect *dialect_by_firmware(const char *firmware);

/* The rows one by one; NULL past the last. */
const struct dialect *dialect_at(size_t index);

/* The longest command that fits a line numbered n; LINE_MAX_CMD where there is no limit. */
size_t dialect_max_command(const struct dialect *d, uint64_t n);

#endif
