/* Firmware dialects: what differs between the families that speak the RepRap serial protocol.
 *
 * Facts from the firmwares' sources and from what running ones answered. The row is chosen by
 * FIRMWARE_NAME of M115; the profile's `firmware:` is the hint until then.
 */
#ifndef PP_CORE_DIALECT_H
#define PP_CORE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

struct dialect {
    const char *name;    /* as in profiles: "marlin" */
    const char *match;   /* lower-case part of FIRMWARE_NAME that tells it; NULL = never by name */
    size_t max_line;     /* whole line with N, checksum and newline; 0 = no limit */
    bool split_lines;    /* a line may arrive in two pieces with a pause between them */
    bool probe_by_gap;   /* a number far ahead is answered by Resend: how to ask what is expected */
    bool wait_is_idle;   /* sends "wait" while idle */
    bool job_timer;      /* M75/M76/M77 tell the printer that a print begins, pauses, ends */
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

#endif
