/* A printer in memory that does what device.h says, at once: for tests of what stands above it. */
#ifndef PP_TESTS_FAKE_DEVICE_H
#define PP_TESTS_FAKE_DEVICE_H

#include "host/app/device/device.h"
#include "host/app/device/device_sd.h"

struct device {
    struct device_status status;
    struct hub *hub;    /* borrowed */
    struct err next;    /* what the next call fails with; code 0 = it succeeds */
    char sent[16][256]; /* the gcode injected, oldest first */
    size_t sent_count;
    unsigned calls; /* of anything that acts */
    struct hub_terminal kept[4];
    size_t kept_count;
    struct device_sd_status sd;
    struct sd_entry card[4];
    char card_asked[200]; /* the last order about the card, in words */
};

/* An operational printer with a hotend and a bed. */
void fake_device_init(struct device *d, struct hub *hub);

/* The printer prints `file`. */
void fake_device_start(struct device *d, const char *file);

#endif
