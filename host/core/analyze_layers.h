/* Counting layers and finding their height, by the slicer's marks or by Z alone. */
#ifndef PP_CORE_ANALYZE_LAYERS_H
#define PP_CORE_ANALYZE_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYER_HEIGHTS 32 /* different heights told apart; more are not counted */

struct layer_count {
    int layers;
    bool have_z;
    int64_t z_um;      /* of the newest layer */
    int64_t height_um; /* between the last two */
    size_t heights;
    struct {
        int64_t height_um;
        int64_t count;
    } height[LAYER_HEIGHTS];
};

struct layers {
    bool marked;  /* the file has marks */
    bool pending; /* a mark was seen, its first extrusion not yet */
    int marks;
    struct layer_count by_mark;
    struct layer_count by_height;
};

/* A comment said that a layer begins. */
void layers_mark(struct layers *l);

/* An extruding move across the bed from z_before to z. */
void layers_extrude(struct layers *l, int64_t z_before_um, int64_t z_um);

int layers_count(const struct layers *l);

/* The most common height, 0 if unknown. */
int64_t layers_height_um(const struct layers *l);

#endif
