#include "host/io/port_names.h"

#include "host/base/file.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int vid;
    int pid; /* -1: any other of this vendor */
    const char *guess;
} known[] = {
    {0x2c99, 0x0001, "Original Prusa i3 MK2"},
    {0x2c99, 0x0002, "Original Prusa i3 MK3"},
    {0x2c99, 0x000c, "Original Prusa MINI"},
    {0x2c99, 0x000d, "Original Prusa MK4"},
    {0x2c99, -1, "Original Prusa"},
    {0x1d50, 0x614e, "Klipper firmware"},
    {0x1d50, 0x6029, "Marlin on an LPC176x board"},
    {0x1d50, 0x6015, "Smoothieboard"},
    {0x1d50, 0x60ec, "Duet (RepRapFirmware)"},
    {0x27b1, -1, "RAMBo or Einsy (UltiMachine)"},
    {0x1a86, 0x7523, "CH340: Creality, Artillery, many boards"},
    {0x1a86, 0x5523, "CH341: many boards"},
    {0x1a86, 0x55d4, "CH9102: many newer boards"},
    {0x0403, 0x6001, "FTDI FT232: many older boards"},
    {0x0403, 0x6015, "FTDI FT231X: many boards"},
    {0x10c4, 0xea60, "CP210x: Anycubic and other boards"},
    {0x067b, 0x2303, "PL2303: cable or older board"},
    {0x2341, 0x0010, "Arduino Mega 2560 (RAMPS)"},
    {0x2341, 0x0042, "Arduino Mega 2560 (RAMPS)"},
    {0x2341, -1, "Arduino"},
    {0x2a03, -1, "Arduino"},
    {0x0483, 0x5740, "STM32 board: BigTreeTech and others"},
    {0x1eaf, 0x0004, "STM32 board (Maple)"},
    {0x16c0, 0x0483, "Teensy, Printrboard"},
    {0x2e8a, -1, "RP2040 board"},
};

const char *port_guess(int vid, int pid)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].vid == vid && (known[i].pid == pid || known[i].pid == -1)) {
            return known[i].guess;
        }
    }
    return "";
}

/* True if a USB serial number tells one device from another: clones share "0001" and the like. */
static bool is_unique(const char *serial)
{
    static const char *const shared[] = {"0001", "0123456789", "123456789", "1234567890"};
    char first[2] = {serial[0], '\0'};
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        if (strcmp(serial, shared[i]) == 0) {
            return false;
        }
    }
    return strlen(serial) >= 4 && strspn(serial, first) != strlen(serial);
}

const char *port_stable_name(
    const char *device, const char *serial, const char *by_id, const char *by_path)
{
    if (*by_id != '\0' && is_unique(serial)) {
        return by_id;
    }
    return *by_path != '\0' ? by_path : *by_id != '\0' ? by_id : device;
}

void port_short_name(
    const char *device, const char *serial, const char *by_path, char *out, size_t out_size)
{
    static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *from = is_unique(serial)  ? serial
                       : *by_path != '\0' ? file_basename(by_path)
                                          : file_basename(device);
    size_t n = 0;
    for (; *from != '\0' && n + 1 < out_size; from++) {
        bool leading = n == 0 && (*from == '.' || *from == '-');
        if (strchr(kept, *from) != NULL && !leading) {
            out[n++] = *from;
        }
    }
    out[n] = '\0';
    if (n == 0) {
        snprintf(out, out_size, "printer");
    }
}
