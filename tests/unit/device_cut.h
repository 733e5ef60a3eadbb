/* A print on the bench that is cut off, and comes back: the program ends and leaves it, or the port
 * is lost. */
#ifndef TEST_DEVICE_CUT_H
#define TEST_DEVICE_CUT_H

#include "tests/unit/device_bench.h"

#define HOT   "M140 S60\nM104 S200\n"
#define FIRST HOT "G28\nG1 X10 Y20 Z0.3 F3000\nG1 X50 Y20 E2.5 F1500\n"
#define REST  "G1 X60 Y20 E3\nG1 X70 Y20 E4\nG1 X80 Y20 E5\n"
#define PARTS FIRST REST

static char ring[TEMPDIR_SIZE + 32]; /* on a tmpfs, so that it lies where it is said to */

static inline struct bench *bench_with_ring(void)
{
    struct bench *b = make_bench(&bench_profile);
    b->printer.counts = true;
    snprintf(ring, sizeof ring, "/dev/shm/%s.ring", strrchr(b->dir, '/') + 1);
    b->options.ring_path = ring;
    open_device(b);
    UNTIL_STATE(b, PRINTER_OPERATIONAL);
    return b;
}

static inline struct bench *printing_at(const char *text, const char *command)
{
    struct bench *b = bench_with_ring();
    b->printer.stuck_at = command;
    print(b, text);
    RUN_UNTIL(b, b->printer.stuck);
    return b;
}

static inline void done(struct bench *b)
{
    finish(b);
    unlink(ring); /* a print may still be open */
}

/* The program ends and leaves the print as it is. */
static inline void leave(struct bench *b)
{
    device_close(b->device, true, on_device_closed, b);
    RUN_UNTIL(b, b->closed);
    settle(b);
    files_close(b->files);
    close_store(b);
    hub_free(b->hub);
}

/* How the print is cut off, and how it comes back. */
static inline void restart(struct bench *b)
{
    leave(b);
    open_device(b);
}

static inline void pull(struct bench *b)
{
    unplug(b);
    UNTIL_STATE(b, PRINTER_RECOVERING);
    plug_in(b);
}

static inline void free_printer(struct bench *b)
{
    b->printer.stuck = false;
    b->printer.stuck_at = NULL;
    b->printer.owed = 0; /* their oks went to whoever is gone */
}

static const struct {
    const char *name;
    void (*cut)(struct bench *b);
} cuts[] = {{"left", restart}, {"pulled", pull}};

#define EACH_CUT(i) for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)

/* The heaters go off, and a person is asked. */
static inline void is_offered(struct bench *b, const char *why)
{
    RUN_UNTIL(b, status(b).questions == 1 && cold(b));
    struct device_status s = status(b);
    assert_string_equal(s.question[0].kind, "recover");
    if (strstr(b->notice, why) == NULL && strstr(s.question[0].text, why) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", why, s.question[0].text);
    }
    UNTIL_STATE(b, PRINTER_RECOVERING);
    assert_int_equal(b->runs, 1);
    assert_int_not_equal(s.bed, BED_CLEAR);
}

#endif
