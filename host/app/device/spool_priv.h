/* Inside of struct spool, shared by spool*.c alone.
 *
 * spool.c        life, reading ahead
 * spool_lines.c  a line of the file into the ring: what is left out, what stops the job
 * spool_where.c  the modal state, layer and height at an offset
 * spool_replay.c lines that the printer wants again, older than the sender's history
 */
#ifndef PP_APP_SPOOL_PRIV_H
#define PP_APP_SPOOL_PRIV_H

#include "host/app/device/spool.h"
#include "host/core/analyze_comments.h"
#include "host/io/reader.h"

#define CHUNK       ((size_t)64 << 10)
#define BUFFER      (2 * CHUNK) /* a chunk behind the rest of the last line */
#define CHECK_EVERY 128u        /* lines between two kept modal states */
#define CHECKS      256u        /* back to before the oldest line that the ring may hold */
#define HEIGHTS     4096u
#define LAYERS      256u

/* Filament, net of what was drawn back, as host/core/analyze counts it. */
struct drawn {
    int64_t net_nm[ANALYSIS_TOOLS];
    int64_t most_nm[ANALYSIS_TOOLS];
    int64_t total_nm; /* of most_nm */
};

struct check {
    uint64_t end_offset;
    struct gcode_modal modal;
    struct drawn drawn;
};

struct layer_mark {
    uint64_t offset;
    int layer;
};

/* From this offset on the nozzle is at this height. */
struct height_mark {
    uint64_t offset;
    int64_t z_nm;
};

/* A line number and the file offset behind that line. */
struct numbered {
    uint64_t n;
    uint64_t offset;
};

/* An injected line took this number; its text matters only if it is no temperature poll. */
struct injected {
    uint64_t n;
    char *text; /* owned; NULL = M105 */
};

struct spool {
    struct spool_options options;
    struct spsc *ring;
    int fd;
    uint32_t generation;

    struct reader *reader; /* owned; has the descriptor */
    bool reading;
    bool discard; /* what is being read belongs to another place */
    bool at_end;  /* the file is read to its end */
    bool ended;   /* ITEM_END is in the ring */
    bool closed;  /* a copy: and M29 */
    bool failed;  /* a line that cannot be copied: told once */
    uint64_t copied_lines;
    uint64_t copied_bytes;

    char buffer[BUFFER];
    size_t start; /* of the unparsed part */
    size_t end;
    uint64_t file_offset; /* of buffer[end] */
    bool skipping;        /* inside a line too long to be anything but a comment */

    char *ignore; /* owned; commands left out, one a line; NULL = none */
    struct drawn drawn;
    struct gcode_modal modal;
    int change_step; /* items of the filament change at hand that are in the ring */
    bool shows_m73;  /* met in the file */
    bool shows_m117;
    char unknown[8][24]; /* host commands nobody knows, each told once */
    size_t unknowns;
    bool bed_barrier;          /* SPOOL_BED is in the ring */
    uint64_t extruding_offset; /* behind the first extruding move; UINT64_MAX = not met yet */
    uint64_t lines;
    struct check check[CHECKS];
    size_t checks;
    struct layer_mark layer[LAYERS];
    size_t layers;
    struct height_mark height[HEIGHTS];
    size_t heights;
    int layer_now;
    struct comments comments;
    struct analysis said; /* what comments say, of which only layers matter here */

    struct numbered *number; /* owned */
    size_t numbers;
    struct injected *inject; /* owned */
    size_t injects;

    bool passing; /* lines are read, but belong to what was sent before */
    bool levels;  /* the bed's shape is being compensated */
    uint64_t pass_until;
    spool_ready_cb ready;

    bool rewinding; /* lines replay_from .. replay_until-1 go into the ring next */
    uint64_t replay_from;
    uint64_t replay_until;
    uint64_t resume_offset; /* and then the file from here on */
};

/* spool_lines.c */
uint32_t spool_next_generation(void);
bool spool_put(struct spool *s, const struct stream_item *item, const char *text, size_t len);
bool spool_put_line(struct spool *s, const char *line, size_t len, uint64_t end_offset);
bool spool_display_only(const struct gcode *g);
enum spool_barrier spool_barrier_of(const struct gcode *g);
size_t spool_sent_len(const struct spool *s, const struct gcode *g);
uint64_t spool_here(const struct spool *s);
bool spool_ignores(const struct spool *s, const struct gcode *g); /* it is never sent */

void spool_count_drawn(struct drawn *d, const struct gcode_modal *modal, int64_t e_before_nm);

/* spool_where.c */
/* The modal state and the filament drawn at an offset. */
int spool_state(struct spool *s, uint64_t offset, struct gcode_modal *modal, struct drawn *drawn,
    struct err *e);
int spool_scan(struct spool *s, uint64_t from, uint64_t to,
    bool (*each)(void *context, const struct gcode *g, uint64_t end_offset), void *context,
    struct err *e);

/* spool_replay.c */
bool spool_replay(struct spool *s); /* false: told as an error */

#endif
