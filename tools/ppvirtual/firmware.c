#include "tools/ppvirtual/firmware.h"

#include <string.h>

static const char *const marlin2_caps[] = {"SERIAL_XON_XOFF:0", "BINARY_FILE_TRANSFER:0",
    "EEPROM:0", "VOLUMETRIC:1", "AUTOREPORT_POS:0", "AUTOREPORT_TEMP:1", "PROGRESS:0",
    "PRINT_JOB:1", "AUTOLEVEL:1", "RUNOUT:0", "Z_PROBE:1", "LEVELING_DATA:1", "BUILD_PERCENT:1",
    "SOFTWARE_POWER:0", "TOGGLE_LIGHTS:0", "CASE_LIGHT_BRIGHTNESS:0", "EMERGENCY_PARSER:1",
    "HOST_ACTION_COMMANDS:1", "PROMPT_SUPPORT:1", "SDCARD:0", "MULTI_VOLUME:0", "REPEAT:0",
    "SD_WRITE:0", "AUTOREPORT_SD_STATUS:0", "LONG_FILENAME:0", "LFN_WRITE:0",
    "CUSTOM_FIRMWARE_UPLOAD:0", "EXTENDED_M20:0", "THERMAL_PROTECTION:1", "MOTION_MODES:0",
    "ARCS:1", "BABYSTEPPING:0", "EP_BABYSTEP:0", "CHAMBER_TEMPERATURE:0", "COOLER_TEMPERATURE:0",
    "MEATPACK:0", NULL};

static const char *const marlin1_caps[] = {"SERIAL_XON_XOFF:0", "EEPROM:0", "VOLUMETRIC:1",
    "AUTOREPORT_TEMP:1", "PROGRESS:0", "PRINT_JOB:1", "AUTOLEVEL:0", "Z_PROBE:0", "LEVELING_DATA:0",
    "BUILD_PERCENT:0", "SOFTWARE_POWER:0", "TOGGLE_LIGHTS:0", "CASE_LIGHT_BRIGHTNESS:0",
    "EMERGENCY_PARSER:1", "AUTOREPORT_SD_STATUS:0", "THERMAL_PROTECTION:1", NULL};

static const char *const prusa_caps[] = {"AUTOREPORT_TEMP:1", "AUTOREPORT_FANS:0",
    "AUTOREPORT_POSITION:0", "EXTENDED_M20:0", "PRUSA_MMU2:0", NULL};

static const char *const teacup_caps[] = {"AUTOREPORT_TEMP:1", NULL};

#define MARLIN_ERRORS                                                                              \
    .bad_sum = "Error:checksum mismatch, Last Line: ",                                             \
    .bad_number = "Error:Line Number is not Last Line Number+1, Last Line: ",                      \
    .no_sum = "Error:No Checksum with line number, Last Line: ", .resend = "Resend: ",             \
    .unknown_head = "echo:Unknown command: \"", .unknown_tail = "\""

#define MARLIN2                                                                                    \
    .banner = "start\nPowerUp\nMarlin 2.1.2.5\n"                                                   \
              "echo: Last Updated: 2025-01-20 | Author: (none, virtual)\n"                         \
              "echo: Compiled: Jan 20 2025\n"                                                      \
              "echo: Free Memory: 5320  PlannerBufferBytes: 1552\n",                               \
    .about = "FIRMWARE_NAME:Marlin 2.1.2.5 (Jan 20 2025 12:00:00) "                                \
             "SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin PROTOCOL_VERSION:1.0 "              \
             "MACHINE_TYPE:{machine} EXTRUDER_COUNT:{tools} UUID:{uuid}\n",                        \
    .caps = marlin2_caps, .cap_word = "Cap", .area = true, .eol = "\n", .line_max = 95,            \
    .ok = OK_ADVANCED, .temp = TEMP_MARLIN, .kill = KILL_MARLIN2, .m110_unnumbered = true,         \
    .busy = true, .m999_resend = true, .prompts = true, .action = "//action:", MARLIN_ERRORS

static const struct firmware table[] = {
    {.name = "marlin-2.1", .repeat = REPEAT_SILENT, MARLIN2},
    {.name = "marlin-2.1.1", .repeat = REPEAT_ERROR, MARLIN2},
    {
        .name = "marlin-1.1.9",
        .banner = "start\necho:PowerUp\nMarlin 1.1.9.1\n\n"
                  "echo: Last Updated: 2020-05-12 | Author: (none, virtual)\n"
                  "echo: Compiled: Jan 20 2025\n"
                  "echo: Free Memory: 3880  PlannerBufferBytes: 1232\n",
        .about = "FIRMWARE_NAME:Marlin 1.1.9.1 (Github) "
                 "SOURCE_CODE_URL:https://github.com/MarlinFirmware/Marlin "
                 "PROTOCOL_VERSION:1.0 MACHINE_TYPE:{machine} EXTRUDER_COUNT:{tools} "
                 "UUID:{uuid}\n",
        .caps = marlin1_caps,
        .cap_word = "Cap",
        .eol = "\n",
        .line_max = 95,
        .ok = OK_PLAIN,
        .temp = TEMP_MARLIN,
        .kill = KILL_MARLIN1,
        .repeat = REPEAT_ERROR,
        .m110_unnumbered = true,
        .classic_jerk = true,
        .busy = true,
        .m999_resend = true,
        MARLIN_ERRORS,
    },
    {
        .name = "prusa-mk3",
        .banner = "start\necho: 3.14.0-8094\necho: Last Updated: Jan 20 2025 12:00:00 | "
                  "Author: (none, virtual)\nCompiled: Jan 20 2025\n"
                  "echo: Free Memory: 2106  PlannerBufferBytes: 1344\n",
        .about = "FIRMWARE_NAME:Prusa-Firmware 3.14.0 based on Marlin "
                 "FIRMWARE_URL:https://github.com/prusa3d/Prusa-Firmware PROTOCOL_VERSION:1.0 "
                 "MACHINE_TYPE:Prusa i3 MK3S EXTRUDER_COUNT:{tools} UUID:{uuid}\n",
        .caps = prusa_caps,
        .cap_word = "Cap",
        .eol = "\n",
        .line_max = 95,
        .ok = OK_PLAIN,
        .temp = TEMP_PRUSA,
        .kill = KILL_MARLIN1,
        .repeat = REPEAT_ERROR,
        .stray = STRAY_RESEND,
        .m110_unnumbered = true,
        .classic_jerk = true,
        .busy = true,
        .own_pause = true,
        .action = "// action:",
        .no_number = "Error:No Line Number with checksum, Last Line: ",
        MARLIN_ERRORS,
    },
    {
        .name = "repetier",
        .banner = "start\nInfo:External Reset\nFree RAM:4052\n",
        .about = "FIRMWARE_NAME:Repetier_1.0.4 FIRMWARE_URL:https://github.com/repetier/ "
                 "PROTOCOL_VERSION:1.0 MACHINE_TYPE:{machine} EXTRUDER_COUNT:{tools} "
                 "REPETIER_PROTOCOL:3\n",
        .cap_word = "Cap",
        .eol = "\r\n",
        .line_max = 95,
        .ok = OK_NUMBER,
        .temp = TEMP_REPETIER,
        .kill = KILL_SILENT,
        .repeat = REPEAT_SKIP,
        .stray = STRAY_EXECUTE,
        .m110_unnumbered = true,
        .classic_jerk = true,
        .busy = true,
        .waits = true,
        .bad_sum = "Error:Wrong checksum, Last Line: ",
        .bad_number = "Error:expected line after ",
        .no_sum = "Error:Missing checksum, Last Line: ",
        .resend = "Resend:",
        .unknown_head = "Unknown command:",
        .unknown_tail = "",
    },
    {
        .name = "klipper",
        .banner = "// Klipper state: Ready\n",
        .about = "FIRMWARE_VERSION:v0.12.0 FIRMWARE_NAME:Klipper\n",
        .eol = "\n",
        .line_max = 1000,
        .ok = OK_PLAIN,
        .temp = TEMP_KLIPPER,
        .kill = KILL_KLIPPER,
        .repeat = REPEAT_EXECUTE,
        .any_number = true,
        .no_sum_ok = true,
        .no_sums = true,
        .empty_ok = true,
        .m110_unnumbered = true,
        .unknown_head = "// Unknown command:\"",
        .unknown_tail = "\"",
    },
    {
        .name = "smoothie",
        .banner = "Smoothie\nok\n",
        .about = "FIRMWARE_NAME:Smoothieware, FIRMWARE_URL:http%3A//smoothieware.org, "
                 "FIRMWARE_VERSION:edge-9f9f8e1, X-SYSTEM_CLOCK:120MHz, X-AXES:3, X-ARCS:1\n",
        .eol = "\r\n",
        .line_max = 130,
        .ok = OK_PLAIN,
        .temp = TEMP_SMOOTHIE,
        .kill = KILL_SILENT,
        .repeat = REPEAT_ERROR,
        .no_sum_ok = true,
        .m110_unnumbered = true,
        .resend = "rs N",
    },
    {
        .name = "sprinter",
        .banner = "Sprinter\n1.3.22T\nstart\nSD Start\n",
        .about = "FIRMWARE_NAME:Sprinter FIRMWARE_URL:http%3A//github.com/kliment/Sprinter/ "
                 "PROTOCOL_VERSION:1.0 MACHINE_TYPE:{machine} EXTRUDER_COUNT:{tools}\n{uuid}\n",
        .eol = "\r\n",
        .line_max = 95,
        .ok = OK_PLAIN,
        .temp = TEMP_SPRINTER,
        .kill = KILL_NONE,
        .repeat = REPEAT_ERROR,
        .stray = STRAY_ERROR,
        .classic_jerk = true,
        .bad_sum = "Error: checksum mismatch, Last Line:",
        .bad_number = "Serial Error: Line Number is not Last Line Number+1, Last Line:",
        .no_sum = "Error: No Checksum with line number, Last Line:",
        .no_number = "Error: No Line Number with checksum, Last Line:",
        .resend = "Resend:",
    },
    {
        .name = "teacup",
        .banner = "start\nok\n",
        .about = "FIRMWARE_NAME:Teacup FIRMWARE_URL:http://github.com/traumflug/Teacup_Firmware/ "
                 "PROTOCOL_VERSION:1.0 MACHINE_TYPE:{machine} EXTRUDER_COUNT:{tools} "
                 "TEMP_SENSOR_COUNT:2 HEATER_COUNT:2\n",
        .caps = teacup_caps,
        .cap_word = "cap",
        .eol = "\n",
        .line_max = 1000,
        .ok = OK_PLAIN,
        .temp = TEMP_TEACUP,
        .kill = KILL_SILENT,
        .repeat = REPEAT_EXECUTE,
        .stray = STRAY_RESEND,
        .any_number = true,
        .no_sum_ok = true,
        .first_star = true,
        .empty_ok = true,
        .m110_unnumbered = true,
        .resend = "rs N",
        .resend_tail = " Expected checksum ",
        .unknown_head = "E: Bad ",
        .unknown_tail = "-code",
    },
};

#define ROWS (sizeof(table) / sizeof(table[0]))

const struct firmware *firmware_find(const char *name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const char *firmware_name(size_t index)
{
    return index < ROWS ? table[index].name : NULL;
}
