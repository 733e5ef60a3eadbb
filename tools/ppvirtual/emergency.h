/* Marlin's emergency parser: it sees every byte as it arrives, whatever the firmware is doing.
 *
 * Commands that are too urgent for the queue are recognised at the end of their line, with or
 * without a line number; the checksum is not looked at.
 */
#ifndef PPV_EMERGENCY_H
#define PPV_EMERGENCY_H

#include <stddef.h>

enum emergency {
    EMERGENCY_NONE,
    EMERGENCY_KILL,  /* M112 */
    EMERGENCY_BREAK, /* M108 */
    EMERGENCY_STOP,  /* M410 */
    EMERGENCY_REPLY, /* M876 Sn */
};

struct emergency_parser {
    char text[32]; /* the beginning of the line */
    size_t len;
};

enum emergency emergency_feed(struct emergency_parser *p, char c);

#endif
