/* What a gcode file will do: bounds, layers, filament, time, temperatures, who made it for what.
 *
 * Streaming: analyze_feed() takes the bytes in any pieces, analyze_finish() gives the result;
 * memory is constant. The time comes from a look-ahead planner like Marlin's (trapezoids, junction
 * speeds) fed with the file's own M201/M203/M204/M205 over the defaults given. Never fails: a file
 * without sense has no extruding moves and says so. Of a line longer than 16 KiB only that much is
 * read.
 */
#ifndef PP_CORE_ANALYZE_H
#define PP_CORE_ANALYZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANALYSIS_TOOLS 8

/* Kinematic defaults until the file says otherwise. X Y Z E. */
struct kinematics {
    double max_feed_mm_s[4];
    double max_accel_mm_s2[4];
    double accel_print_mm_s2;
    double accel_travel_mm_s2;
    double accel_retract_mm_s2;
    double jerk_mm_s[4]; /* classic jerk */
    double
        junction_deviation_mm; /* > 0: used instead of classic jerk on X Y Z (Marlin 2 default) */
};

extern const struct kinematics kinematics_marlin; /* Marlin's shipped defaults */

/* What the file says of the filament in one tool. */
struct analysis_filament {
    char type[24];      /* "PETG", "" unknown */
    char colour[8];     /* "#rrggbb", lower case, "" unknown */
    int density_mg_cm3; /* 0 unknown */
};

struct analysis {
    int64_t bytes;
    int64_t lines;     /* newline-terminated or last */
    int64_t commands;  /* lines that are sent */
    bool has_moves;    /* extruding moves at all */
    int64_t min_um[3]; /* of extruding moves: X Y Z */
    int64_t max_um[3];
    int64_t min_line[3]; /* the lines that reach these */
    int64_t max_line[3];
    int64_t radius_um; /* of extruding moves: largest distance from X0 Y0 */
    bool has_travel;
    int64_t travel_min_um[3]; /* of all moves of an axis while it is homed */
    int64_t travel_max_um[3];
    int64_t travel_min_line[3];
    int64_t travel_max_line[3];
    int layers;                          /* by the slicer's marks, else by height */
    int64_t layer_height_um;             /* most common, else the slicer's word, else 0 */
    int64_t filament_um[ANALYSIS_TOOLS]; /* net forward extrusion per tool */
    uint32_t tools_used;                 /* bit per tool that extrudes; 31: that one or higher */
    int64_t time_ms;                     /* our estimate, heating and homing excluded */
    int64_t slicer_time_ms;              /* the slicer's own, -1 if none */
    int32_t max_tool_mc;                 /* highest hotend target, INT32_MIN if none set */
    int32_t max_bed_mc;
    int32_t max_chamber_mc;
    int64_t longest_line;    /* longest command in bytes, without N and checksum */
    int64_t longest_line_no; /* its 1-based line number */
    int64_t longest_display; /* the same of commands that only change a display (may be cut) */
    int64_t longest_display_no;
    int64_t
        binary_line_no; /* first line with NUL or other binary bytes, comments apart; 0 = none */
    int64_t placeholder_line_no; /* first command with an unresolved "{...}" or "[...]"; 0 = none */
    char placeholder[48];
    int64_t person_line_no; /* first command that waits for a person (M0, M600, ...); 0 = none */
    bool relative_xyz_before_home; /* moves of X Y Z before any G28/G92 */
    char slicer[48];               /* "PrusaSlicer 2.5.0", "" if unknown */
    char printer[64];              /* printer model the file was made for, "" if unknown */
    bool printer_exact; /* it is the model's own name, not one a person gave to a set of settings */
    char material[32];  /* type in the first tool that extrudes, "" if unknown */
    int nozzle_um;      /* 0 unknown */
    int filament_diameter_um; /* 0 unknown */
    int density_mg_cm3;       /* in the first tool that extrudes, 0 unknown */
    struct analysis_filament filament[ANALYSIS_TOOLS];
};

struct analyzer;

/* `k` NULL: kinematics_marlin. Free with analyze_free(). */
struct analyzer *analyze_new(const struct kinematics *k);
void analyze_feed(struct analyzer *a, const char *bytes, size_t len);
void analyze_finish(struct analyzer *a, struct analysis *out);
void analyze_free(struct analyzer *a);

/* Weight of a length of filament in milligrams: by the diameter and density the file tells, else by
 * 1.75 mm and what its material usually has; 0 when nothing is known of either. */
int64_t analyze_weight_mg(const struct analysis *a, int64_t filament_um);

/* The same for the filament of one tool (0..ANALYSIS_TOOLS-1), which may be of another material. */
int64_t analyze_tool_weight_mg(const struct analysis *a, int tool, int64_t filament_um);

#endif
