#include "host/core/caps.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static_assert(CAP_COUNT <= 64, "a bit for each capability");

#define NAME(cap) [CAP_##cap] = #cap

static const char *const names[CAP_COUNT] = {
    NAME(SERIAL_XON_XOFF),
    NAME(BINARY_FILE_TRANSFER),
    NAME(EEPROM),
    NAME(VOLUMETRIC),
    NAME(AUTOREPORT_POS),
    NAME(AUTOREPORT_TEMP),
    NAME(PROGRESS),
    NAME(PRINT_JOB),
    NAME(AUTOLEVEL),
    NAME(RUNOUT),
    NAME(Z_PROBE),
    NAME(LEVELING_DATA),
    NAME(BUILD_PERCENT),
    NAME(SOFTWARE_POWER),
    NAME(TOGGLE_LIGHTS),
    NAME(CASE_LIGHT_BRIGHTNESS),
    NAME(EMERGENCY_PARSER),
    NAME(HOST_ACTION_COMMANDS),
    NAME(PROMPT_SUPPORT),
    NAME(SDCARD),
    NAME(MULTI_VOLUME),
    NAME(REPEAT),
    NAME(SD_WRITE),
    NAME(AUTOREPORT_SD_STATUS),
    NAME(LONG_FILENAME),
    NAME(LFN_WRITE),
    NAME(CUSTOM_FIRMWARE_UPLOAD),
    NAME(EXTENDED_M20),
    NAME(THERMAL_PROTECTION),
    NAME(MOTION_MODES),
    NAME(ARCS),
    NAME(BABYSTEPPING),
    NAME(EP_BABYSTEP),
    NAME(CHAMBER_TEMPERATURE),
    NAME(COOLER_TEMPERATURE),
    NAME(MEATPACK),
    NAME(CONFIG_EXPORT),
    NAME(PAREN_COMMENTS),
    NAME(QUOTED_STRINGS),
    NAME(AUTOREPORT_FANS),
    NAME(AUTOREPORT_POSITION),
    NAME(PRUSA_MMU2),
};

bool caps_take(struct caps *c, const char *line)
{
    if (strncasecmp(line, "cap:", 4) != 0) {
        return false;
    }
    const char *name = line + 4;
    size_t len = strcspn(name, ":");
    for (size_t i = 0; i < CAP_COUNT; i++) {
        if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0) {
            uint64_t bit = UINT64_C(1) << i;
            bool has = name[len] == ':' && name[len + 1] == '1';
            c->set = has ? c->set | bit : c->set & ~bit;
        }
    }
    return len > 0 && name[len] == ':';
}

bool caps_has(const struct caps *c, enum cap cap)
{
    return (c->set >> cap & 1) != 0;
}

const char *caps_name(enum cap cap)
{
    return names[cap];
}
