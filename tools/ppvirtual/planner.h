/* The motion planner: look-ahead over a ring of blocks, trapezoids, junction speeds like Marlin's.
 *
 * planner_add() plans one straight move behind those waiting; blocks run one after the other in
 * virtual time. A block that has begun is fixed, and so is the speed at which the next one begins;
 * with nothing behind it a block ends at standstill. The first block into an empty planner waits
 * 100 ms or for two more, so that there is something to look ahead over. Lengths in mm (doubles:
 * this is physics, not book-keeping); durations are divided by `speed`.
 */
#ifndef PPV_PLANNER_H
#define PPV_PLANNER_H

#include <stdbool.h>
#include <stdint.h>

#define PLANNER_MAX   64
#define PLANNER_AXES  4 /* X Y Z E */
#define PLANNER_E     3
#define PLANNER_STILL 0.05 /* mm/s: "standing" in Marlin's arithmetic */

struct limits {
    double max_feed[PLANNER_AXES];  /* mm/s */
    double max_accel[PLANNER_AXES]; /* mm/s2 */
    double accel_print;
    double accel_travel;
    double accel_retract;
    double junction_mm; /* junction deviation */
    double jerk[PLANNER_AXES];
    bool classic_jerk; /* jerk instead of junction deviation */
};

extern const struct limits limits_default;

struct block {
    double mm;
    double unit[PLANNER_AXES];
    double target[PLANNER_AXES]; /* machine position at the end */
    double accel;
    double nominal;   /* mm/s */
    double max_entry; /* the junction's limit */
    double entry;
    uint64_t tag; /* the caller's */
};

struct planner {
    struct limits limits;
    double speed;  /* 2 = twice as fast as real */
    unsigned size; /* blocks in the ring; one stays empty, as in Marlin */
    bool instant;  /* moves take no time */

    struct block blocks[PLANNER_MAX];
    unsigned head;
    unsigned count;
    bool running;      /* blocks[head] is being executed */
    double running_s;  /* its real duration */
    uint64_t end_ns;   /* when it ends */
    uint64_t hold_ns;  /* the first block waits until then */
    uint64_t empty_ns; /* when it last ran empty */

    double planned[PLANNER_AXES];   /* position behind all blocks */
    double reached[PLANNER_AXES];   /* position at the end of the last finished block */
    double prev_unit[PLANNER_AXES]; /* of the newest block */
    double prev_nominal;            /* 0: nothing to join to */
};

/* What planner_step() finished. */
struct planner_done {
    uint64_t tag;
    double seconds; /* real duration, not divided by `speed` */
};

void planner_init(struct planner *p, unsigned size, double speed, bool instant);

/* Free slots: size - 1 when empty. */
unsigned planner_free(const struct planner *p);
bool planner_busy(const struct planner *p);

/* Plans a move to `target` at `feed` mm/s; the caller has made sure of a free slot. False if the
 * move is too short to be one. */
bool planner_add(struct planner *p, uint64_t now_ns, const double target[PLANNER_AXES], double feed,
    uint64_t tag);

/* Sets the position without moving; nothing must be planned. */
void planner_set_position(struct planner *p, const double position[PLANNER_AXES]);

/* When something happens next; NEVER_NS (UINT64_MAX) when empty. */
uint64_t planner_next_ns(const struct planner *p);

/* Does what is due at `now`; true if a block has been finished. */
bool planner_step(struct planner *p, uint64_t now_ns, struct planner_done *done);

/* Drops everything; the position is where the motion stood. */
void planner_stop(struct planner *p, uint64_t now_ns);

/* Seconds a trapezoid takes: length, entry, exit and nominal speed, acceleration. */
double planner_seconds(double mm, double entry, double exit, double nominal, double accel);

#endif
