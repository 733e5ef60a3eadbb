/* What a device must know to go on with a print that was cut off, as text: it lies in the ring
 * file beside the stream's own memory, and in the journal of the database.
 *
 * Happy path: device_words_format() at every change of state; after a restart device_words_parse()
 * gives the same back. What is read may be of another version or damaged: every field is checked.
 */
#ifndef PP_APP_DEVICE_WORDS_H
#define PP_APP_DEVICE_WORDS_H

#include "host/base/err.h"
#include "host/core/printer.h"
#include "host/core/temp.h"
#include "host/io/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_WORDS STORE_WORDS /* most bytes, NUL not counted */

struct device_words {
    char run_id[37];
    enum printer_state state; /* starting .. finishing */
    bool bed_taken;
    bool script_begun;               /* pausing: its lines are being injected */
    bool parked;                     /* the pause script has moved the tool */
    bool parks;                      /* the printer has done so by itself */
    bool offered;                    /* it goes on only if a person says so */
    bool moved;                      /* said yes, and the tool is not where the print was cut off */
    bool by_itself;                  /* paused: by the printer, which says when it goes on */
    uint64_t offset;                 /* offered: the file goes on here */
    uint64_t lines;                  /* and so many lines of it were acknowledged before */
    int64_t pause_extruded;          /* nanometres */
    uint64_t passed_offset;          /* pauses of the file up to here have been met */
    size_t max_command;              /* display-only commands are cut to this */
    int64_t job_wall_ms;             /* UTC, when its lines began; 0 = not yet */
    enum run_result result;          /* cancelling: how it ends */
    char reason[256];                /* and why */
    bool fault;                      /* because of the printer */
    int32_t target_mc[TEMP_HEATERS]; /* as last reported; TEMP_NONE = never */
    int32_t reheat_mc[TEMP_HEATERS]; /* paused: to be reached again on resume; 0 = nothing */
    int baud;
    char dialect[32];
    char port[256]; /* stable name */
    char uuid[64];
    char firmware[128];
};

/* At most DEVICE_WORDS bytes and a NUL into `out`; returns how many. */
size_t device_words_format(const struct device_words *w, char out[static DEVICE_WORDS + 1]);

/* PP_ECORRUPT and what is wrong. */
int device_words_parse(struct device_words *w, const char *bytes, size_t len, struct err *e);

#endif
