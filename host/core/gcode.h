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
    char letter;       /* 'G', 'M', 'T'; '@' for a host command; 0 = nothing to send */
    int number;        /* 28 of "G28"; -1 when missing or not a number */
    int sub;           /* 2 of "G92.2"; 0 when missing */
    uint32_t has;      /* GCODE_BIT of each parameter letter present */
    uint32_t valued;   /* GCODE_BIT of each parameter that has a number */
    int64_t value[26]; /* millionths, valid where `valued` */
    const char *text;  /* the command without comment, N, checksum and surrounding blanks */
    size_t len;        /* of text; borrowed from the line parsed */
};

/* Parses one line (no newline needed; a trailing CR is a blank; a UTF-8 BOM is skipped). Comments
 * (";...", and "(...)" outside of display-only commands), N numbers and checksums are left out of
 * `text`. Never fails: what is not understood has letter 0 (nothing) or number -1. Words after the
 * command of M117, M118, M23, M28, M30, M32, M928, M486 A and '@' are text, not parameters. */
void gcode_parse(struct gcode *g, const char *line, size_t len);

/* True if the parameter has a number. */
bool gcode_valued(const struct gcode *g, char letter);

/* What a sequence of commands leaves behind: where the tool is and which modes hold. */
struct gcode_modal {
    int64_t pos[4];      /* X Y Z E in nanometres (mm * 1e6), machine coordinates after G92 */
    int64_t offset[4];   /* logical = pos - offset (G92) */
    int64_t feed;        /* mm/min * 1e6; 0 = never set */
    bool homed[3];       /* X Y Z known since the last G28 */
    bool relative;       /* G91 */
    bool e_relative;     /* M83, or G91 */
    bool inches;         /* G20 */
    int tool;            /* active tool */
    int fan;             /* S of the last M106 (0 after M107), 0..255 */
    int flow_percent;    /* M221 */
    int speed_percent;   /* M220 */
    int32_t target_mc[9]; /* heater targets: tools 0..7, bed = index 8; milli-degrees */
    bool extruded;       /* an extruding move has been made */
};

void gcode_modal_init(struct gcode_modal *m);

/* Applies one command. G2/G3 move to their end point. */
void gcode_modal_step(struct gcode_modal *m, const struct gcode *g);

#endif
