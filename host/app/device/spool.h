/* The spool: a gcode file on its way into the sender's ring.
 *
 * It reads ahead in a thread of its own, strips comments and blanks, and puts lines and barriers
 * into the ring as long as there is room; spool_fill() goes on when room was made. It knows the
 * modal state behind any line lately sent, for restoring a position after a pause, and reads lines
 * again that the printer wants after they fell out of the sender's history.
 *
 * Failures: the file cannot be read (on_error, the print must stop).
 */
#ifndef PP_APP_SPOOL_H
#define PP_APP_SPOOL_H

#include "host/base/err.h"
#include "host/core/gcode.h"
#include "host/io/sender.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Why the stream stops at a barrier of the file. */
enum spool_barrier {
    SPOOL_BED =
        1, /* before the first move, so that nothing stops between it and the extruding ones */
    SPOOL_PAUSE,  /* M0, M1, M25, M226, M601, @pause */
    SPOOL_CANCEL, /* @cancel, @abort */
    SPOOL_CHANGE, /* before a filament change (M600), which the printer waits for a person in */
    SPOOL_CHANGED /* behind it */
};

struct spool;

typedef void (*spool_ready_cb)(void *context, const struct err *e);

struct spool_options {
    uv_loop_t *loop;
    struct sender *sender;
    const char *path;
    uint64_t size_bytes;      /* a file that ends earlier is an error */
    size_t max_command;       /* display-only commands are cut to this; 0 = no limit */
    const char *ignore_lines; /* commands left out, one a line; copied; NULL = none */
    bool copy; /* for the printer's card: nothing is a barrier, and M29 is put behind the last line
                */
    void (*on_error)(void *context, const struct err *e);
    void *context;
};

int spool_open(struct spool **out, const struct spool_options *options, struct err *e);

/* For a job that goes on at `offset`, which is behind a line of it. What comes before is read
 * piece by piece, so that the modal state and the layer are known; then `ready` runs, later and
 * once, and not after spool_close(). Until then nothing else may be asked of it. `bed_taken`: there
 * is no SPOOL_BED any more. */
int spool_open_at(struct spool **out, const struct spool_options *options, uint64_t offset,
    bool bed_taken, spool_ready_cb ready, struct err *e);

/* True if the lines before `offset` measured the bed or turned a compensation of it on (G29, M420).
 */
bool spool_levels(const struct spool *s);

/* Stops; a read under way is waited for in the background. The spool is gone for the caller. */
void spool_close(struct spool *s);

/* The generation of the items it writes; for sender_begin(). */
uint32_t spool_generation(const struct spool *s);

/* Puts in as much as fits. */
void spool_fill(struct spool *s);

/* A copy: how much the printer has to write, without line ends, once all is in the ring. */
void spool_copied(const struct spool *s, uint64_t *lines, uint64_t *bytes);

/* The modal state behind the line that ends at `offset` (which the ring still holds or held a
 * moment ago). Reads up to 128 lines of the file again: for once, not for every status. */
int spool_modal(struct spool *s, uint64_t offset, struct gcode_modal *out, struct err *e);

/* The layer at `offset` by the slicer's comments; 0 before the first or if there are none. */
int spool_layer(struct spool *s, uint64_t offset);

/* The height of the nozzle at `offset`, in nanometres as gcode_modal has it; asks no disk. */
int64_t spool_height_nm(const struct spool *s, uint64_t offset);

/* How much filament the file has drawn by `offset`, net, all tools. Reads like spool_modal(). */
int64_t spool_drawn_um(struct spool *s, uint64_t offset);

/* True if there is something in the file before `offset` that extrudes, or may: a macro. */
bool spool_has_extruded(const struct spool *s, uint64_t offset);

/* True if the file uses this M command by itself, as far as it has been read: 73 or 117, which a
 * slicer puts at the beginning if at all. */
bool spool_shows(const struct spool *s, int command);

/* Notes of the stream that number the lines of the file. */
void spool_checkpoint(struct spool *s, uint64_t n, uint64_t offset);
void spool_injected(struct spool *s, uint64_t n, const char *text);

/* Lines n .. until-1 are wanted again, the job was taken up to `offset`. Returns the generation of
 * the items to come, for sender_rewound(); they follow when the old ones are gone from the ring. */
uint32_t spool_rewind(struct spool *s, uint64_t n, uint64_t until, uint64_t offset);

#endif
