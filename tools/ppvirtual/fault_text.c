#include "tools/ppvirtual/fault_text.h"

#include <stddef.h>

#define HALTED "Error:Printer halted. kill() called!\n"

/* One list for both tables: X(word, text, revivable) */
#define FATALS(X)                                                                                  \
    X("kill", HALTED, false)                                                                       \
    X("mintemp", "Error:MINTEMP triggered, system stopped! Heater_ID: 0\n" HALTED, false)          \
    X("maxtemp", "Error:MAXTEMP triggered, system stopped! Heater_ID: 0\n" HALTED, false)          \
    X("mintemp-bed", "Error:MINTEMP triggered, system stopped! Heater_ID: bed\n" HALTED, false)    \
    X("maxtemp-bed", "Error:MAXTEMP triggered, system stopped! Heater_ID: bed\n" HALTED, false)    \
    X("runaway", "Error:Thermal Runaway, system stopped! Heater_ID: 0\n" HALTED, false)            \
    X("runaway-bed", "Error:Thermal Runaway, system stopped! Heater_ID: bed\n" HALTED, false)      \
    X("heating-failed", "Error:Heating failed, system stopped! Heater_ID: 0\n" HALTED, false)      \
    X("split", "Error:0\n : Extruder switched off. MAXTEMP triggered !\n", false)                  \
    X("split-mintemp", "Error:0\n : Extruder switched off. MINTEMP triggered !\n", false)          \
    X("stopped", "Error:Printer stopped due to errors. Fix the error and use M999 to restart!\n",  \
        true)                                                                                      \
    X("watchdog", "Error:Watchdog barked, please turn off the printer.\n", false)                  \
    X("repetier",                                                                                  \
        "fatal:Heater/sensor defect - Printer stopped and heaters disabled due to "                \
        "this error. Fix error and restart with M999.\n",                                          \
        true)                                                                                      \
    X("klipper", "!! MCU 'mcu' shutdown: ADC out of range\n", false)                               \
    X("klipper-lost", "!! Lost communication with MCU 'mcu'\n", false)

const struct fatal_text fatal_texts[] = {
#define X(word, said, again) {.name = word, .text = said, .revivable = again},
    FATALS(X)
#undef X
};

const char *const fatal_names[] = {
#define X(word, said, again) word,
    FATALS(X)
#undef X
        NULL,
};
