/* G-code: one line into its words, and the modal state those words leave behind.
 *
 * Numbers are fixed point, millionths of the unit written (G1 X1.5 -> 1500000), so that what is
 * parsed is exact; units (mm or inch) are the modal state's business. Dialect: RepRap wiki, Marlin.
 */
#ifndef PP_CORE_GCODE_H
#define PP_CORE_GCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCODE_ONE 1000000 /* 1 mm, 1 second, 1 degree */

#define GCODE_BIT(letter) (UINT32_C(1) << ((letter) - 'A'))

/* One parsed line. */
struct gcode {
    char letter;     /* 'G', 'M', 'T', ...; '@' for a host command; '?' for a line that begins with
                        no letter; 0 = nothing to send */
    int number;      /* 28 of "G28"; -1 when missing or not a number */
    int sub;         /* 2 of "G92.2"; 0 when missing */
    uint32_t has;    /* GCODE_BIT of each parameter letter present */
    uint32_t valued; /* GCODE_BIT of each parameter that has a number */
    int64_t value[26]; /* millionths, valid where `valued` */
    const char *text;  /* the command without comment, N, checksum and surrounding blanks */
    size_t len;        /* of text; borrowed from the line parsed, or `joined` */
    bool stray;        /* `text` has bytes that belong to no word, e.g. "{x}" */
    char joined[256]; /* holds `text` when a "(...)" stood between the words: do not copy the struct
                       */
};

/* Parses one line (no newline needed; a trailing CR is a blank; a UTF-8 BOM is skipped). Comments
 * (";...", and "(...)" between words), N numbers and checksums are left out of `text`. Never fails:
 * what is not understood has letter 0 (nothing) or number -1. Words after the command of M117,
 * M118, M23, M28, M30, M32, M928, M486 A, '@' and of commands with number -1 are text, not
 * parameters. Numbers beyond a thousand million are cut to that; a seventh decimal rounds. */
void gcode_parse(struct gcode *g, const char *line, size_t len);

/* True for a command that only changes what a display shows (M117, M118, M486 A): safe to cut. */
bool gcode_display_only(const struct gcode *g);

/* True if the parameter has a number. */
bool gcode_valued(const struct gcode *g, char letter);

/* What a sequence of commands leaves behind: where the tool is and which modes hold. */
struct gcode_modal {
    int64_t pos[4];       /* X Y Z E in nanometres (mm * 1e6), machine coordinates after G92 */
    int64_t offset[4];    /* logical = pos - offset (G92) */
    int64_t feed;         /* mm/min * 1e6; 0 = never set */
    bool homed[3];        /* X Y Z known: G28, until the motors are switched off */
    bool relative;        /* G91 */
    bool e_relative;      /* M83, or G91 */
    bool inches;          /* G20 */
    int tool;             /* active tool */
    int fan;              /* S of the last M106 (0 after M107), 0..255 */
    int flow_percent;     /* M221 */
    int speed_percent;    /* M220 */
    int32_t target_mc[9]; /* heater targets: tools 0..7, bed = index 8; milli-degrees */
    bool extruded;        /* an extruding move has been made */
};

void gcode_modal_init(struct gcode_modal *m);

/* Applies one command as Marlin 2 does: G90 and G91 hold for E too, until the next M82 or M83; G92
 * without a value changes nothing. G2/G3/G5 move to their end point. Positions stay within a
 * million metres. */
void gcode_modal_step(struct gcode_modal *m, const struct gcode *g);

#endif
