/* Temperatures as printers report them, in milli-degrees Celsius.
 *
 * Understood: `T:210.04 /210.00 B:52.00 /52.00 @:85 B@:31`, several tools (`T0: T1:`), C (chamber),
 * blanks and slash optional, `T:21.30/ 0.00`, unused sensors below zero, Repetier's TargetExtr0:
 * and TargetBed:, "T:201 E:1 W:?" of a tool that is waited for. If a name stands twice the first
 * wins.
 */
#ifndef PP_CORE_TEMP_H
#define PP_CORE_TEMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEMP_TOOLS   8
#define TEMP_BED     8
#define TEMP_CHAMBER 9
#define TEMP_HEATERS 10
#define TEMP_NONE    INT32_MIN

struct temp_report {
    int32_t actual_mc[TEMP_HEATERS]; /* TEMP_NONE = not in this report */
    int32_t target_mc[TEMP_HEATERS]; /* TEMP_NONE = not told */
    uint16_t unreadable;             /* bit per heater: "nan" or "inf" stands for its reading */
};

/* True if the line holds a temperature ("T:", "T0:" or "B:" with a number). */
bool temp_is_report(const char *line);

/* Parses a line; false if there is none in it. A bare "T:" counts for `active_tool`, unless T0..
 * also stand there. */
bool temp_parse(struct temp_report *t, const char *line, int active_tool);

/* "tool0".."tool7", "bed", "chamber" */
const char *temp_heater_name(size_t heater);

/* The index of a heater's name, -1 if it is none. */
int temp_heater_index(const char *name);

#endif
