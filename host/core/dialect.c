#include "host/core/dialect.h"

#include <string.h>
#include <strings.h>

/* Order matters: the first row whose `match` is part of the firmware's name wins; Marlin is last.
 */
static const struct dialect dialects[] = {
    {.name = "prusa-buddy",
        .match = "prusa-firmware-buddy",
        .max_line = 96,
        .probe_by_gap = true,
        .job_timer = true,
        .shows_progress = true,
        .pause_command = "M601",
        .resume_command = "M602",
        .stop_command = "M604"},
    {.name = "prusa",
        .match = "prusa",
        .max_line = 96,
        .probe_by_gap = true,
        .job_timer = true,
        .shows_progress = true,
        .pause_command = "M601",
        .resume_command = "M602",
        .stop_command = "M603"},
    {.name = "repetier",
        .match = "repetier",
        .max_line = 96,
        .probe_by_gap = true,
        .wait_is_idle = true},
    {.name = "repetier-anet",
        .match = "anet_a8",
        .max_line = 96,
        .probe_by_gap = true,
        .wait_is_idle = true},
    {.name = "klipper", .match = "klipper", .split_lines = true},
    {.name = "reprapfirmware", .match = "reprapfirmware", .max_line = 200, .probe_by_gap = true},
    {.name = "smoothieware", .match = "smoothie", .max_line = 128, .probe_by_gap = true},
    {.name = "teacup", .match = "teacup", .max_line = 96},
    {.name = "malyan", .match = "malyan", .max_line = 96, .probe_by_gap = true},
    {.name = "sprinter", .match = "sprinter", .max_line = 96, .probe_by_gap = true},
    {.name = "marlin",
        .match = "marlin",
        .max_line = 96,
        .split_lines = true,
        .probe_by_gap = true,
        .job_timer = true},
};

#define COUNT  (sizeof dialects / sizeof *dialects)
#define MARLIN (&dialects[COUNT - 1])

const struct dialect *dialect_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (strcasecmp(dialects[i].name, name) == 0) {
            return &dialects[i];
        }
    }
    return MARLIN;
}

const struct dialect *dialect_by_firmware(const char *firmware)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (dialects[i].match != NULL && strcasestr(firmware, dialects[i].match) != NULL) {
            return &dialects[i];
        }
    }
    return MARLIN;
}

const struct dialect *dialect_at(size_t index)
{
    return index < COUNT ? &dialects[index] : NULL;
}
