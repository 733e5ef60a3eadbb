/* What a firmware says of itself in the "Cap:NAME:0|1" lines of M115: a set of known names.
 *
 * A capability that is not told is one the printer does not have. Names that are not known here are
 * passed over. Pure.
 */
#ifndef PP_CORE_CAPS_H
#define PP_CORE_CAPS_H

#include <stdbool.h>
#include <stdint.h>

enum cap {
    CAP_SERIAL_XON_XOFF,
    CAP_BINARY_FILE_TRANSFER,
    CAP_EEPROM,
    CAP_VOLUMETRIC,
    CAP_AUTOREPORT_POS,
    CAP_AUTOREPORT_TEMP,
    CAP_PROGRESS,
    CAP_PRINT_JOB,
    CAP_AUTOLEVEL,
    CAP_RUNOUT,
    CAP_Z_PROBE,
    CAP_LEVELING_DATA,
    CAP_BUILD_PERCENT,
    CAP_SOFTWARE_POWER,
    CAP_TOGGLE_LIGHTS,
    CAP_CASE_LIGHT_BRIGHTNESS,
    CAP_EMERGENCY_PARSER,
    CAP_HOST_ACTION_COMMANDS,
    CAP_PROMPT_SUPPORT,
    CAP_SDCARD,
    CAP_MULTI_VOLUME,
    CAP_REPEAT,
    CAP_SD_WRITE,
    CAP_AUTOREPORT_SD_STATUS,
    CAP_LONG_FILENAME,
    CAP_LFN_WRITE,
    CAP_CUSTOM_FIRMWARE_UPLOAD,
    CAP_EXTENDED_M20,
    CAP_THERMAL_PROTECTION,
    CAP_MOTION_MODES,
    CAP_ARCS,
    CAP_BABYSTEPPING,
    CAP_EP_BABYSTEP,
    CAP_CHAMBER_TEMPERATURE,
    CAP_COOLER_TEMPERATURE,
    CAP_MEATPACK,
    CAP_CONFIG_EXPORT,
    CAP_PAREN_COMMENTS,
    CAP_QUOTED_STRINGS,
    CAP_AUTOREPORT_FANS,     /* Prusa */
    CAP_AUTOREPORT_POSITION, /* Prusa */
    CAP_PRUSA_MMU2,          /* Prusa */
    CAP_COUNT
};

/* The capabilities a printer has told. Zero-initialise. */
struct caps {
    uint64_t set; /* a bit each */
};

/* Takes one line of M115 ("Cap:NAME:1", any case of "Cap"); false if it names no capability. A name
 * not known here counts as one and changes nothing. */
bool caps_take(struct caps *c, const char *line);

bool caps_has(const struct caps *c, enum cap cap);

/* The name as in M115. */
const char *caps_name(enum cap cap);

#endif
