#include "host/core/dialect.h"

#include "host/core/line.h"

#include <string.h>
#include <strings.h>

/* Order matters: the first row whose `match` is part of the firmware's name wins; Marlin is last.
 */
static const struct dialect dialects[] = {
    {.name = "prusa-buddy",
        .match = "prusa-firmware-buddy",
        .max_line = 96,
        .unknown_no_ok = true,
        .job_timer = true,
        .shows_progress = true,
        .pause_command = "M601",
        .resume_command = "M602",
        .stop_command = "M604"},
    {.name = "prusa",
        .match = "prusa",
        .max_line = 96,
        .unknown_no_ok = true,
        .job_timer = true,
        .shows_progress = true,
        .pause_command = "M601",
        .resume_command = "M602",
        .stop_command = "M603"},
    {.name = "repetier",
        .match = "repetier",
        .max_line = 96,
        .number_bits = 16,
        .wait_is_idle = true,
        .ok_on_receipt = true,
        .dwell_alone = true},
    {.name = "repetier-anet",
        .match = "anet_a8",
        .max_line = 96,
        .number_bits = 16,
        .wait_is_idle = true,
        .ok_on_receipt = true,
        .dwell_alone = true},
    {.name = "klipper",
        .match = "klipper",
        .probe = PROBE_TEMPERATURES,
        .split_lines = true,
        .unknown_no_ok = true},
    {.name = "reprapfirmware",
        .match = "reprapfirmware",
        .max_line = 200,
        .probe = PROBE_TEMPERATURES,
        .one_line = true},
    {.name = "smoothieware", .match = "smoothie", .max_line = 128, .resend_no_ok = true},
    {.name = "teacup",
        .match = "teacup",
        .max_line = 96,
        .probe = PROBE_CHECKSUM,
        .one_line = true,
        .temps_then_ok = true,
        .first_star = true},
    {.name = "malyan", .match = "malyan", .max_line = 96, .dwell_alone = true},
    {.name = "sprinter", .match = "sprinter", .max_line = 96},
    {.name = "marlin", .match = "marlin", .max_line = 96, .split_lines = true, .job_timer = true},
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

size_t dialect_max_command(const struct dialect *d, uint64_t n)
{
    size_t most = d->max_line > 0 ? (size_t)d->max_line : LINE_MAX_OUT;
    size_t around = line_overhead(n);
    most = most > around ? most - around : 1;
    return most < LINE_MAX_CMD ? most : LINE_MAX_CMD;
}
