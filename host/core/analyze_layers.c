#include "host/core/analyze_layers.h"

#define HEIGHT_STEP_UM 10   /* heights nearer than this are one */
#define HEIGHT_MAX_UM  5000 /* more is a hop, not a layer */
#define SPIRAL_UM      200  /* a layer of a spiral whose height is not known yet */

static void note_height(struct layer_count *c, int64_t height_um)
{
    height_um = (height_um + HEIGHT_STEP_UM / 2) / HEIGHT_STEP_UM * HEIGHT_STEP_UM;
    if (height_um <= 0 || height_um > HEIGHT_MAX_UM) {
        return;
    }
    c->height_um = height_um;
    for (size_t i = 0; i < c->heights; i++) {
        if (c->height[i].height_um == height_um) {
            c->height[i].count++;
            return;
        }
    }
    if (c->heights < LAYER_HEIGHTS) {
        c->height[c->heights].height_um = height_um;
        c->height[c->heights++].count = 1;
    }
}

static void begin(struct layer_count *c, int64_t z_um)
{
    if (c->have_z) {
        note_height(c, z_um - c->z_um);
    }
    if (c->layers < INT32_MAX) {
        c->layers++;
    }
    c->have_z = true;
    c->z_um = z_um;
}

void layers_mark(struct layers *l)
{
    l->marked = true;
    l->pending = true;
    l->marks += l->marks < INT32_MAX;
}

/* In a spiral every move climbs: a layer is complete when it has climbed by one height. */
static bool is_new(const struct layer_count *c, int64_t z_before_um, int64_t z_um)
{
    if (!c->have_z) {
        return true;
    }
    int64_t step = HEIGHT_STEP_UM;
    if (z_um != z_before_um) {
        step = c->height_um > 0 ? c->height_um : SPIRAL_UM;
    }
    return z_um - c->z_um >= step || c->z_um - z_um >= step;
}

void layers_extrude(struct layers *l, int64_t z_before_um, int64_t z_um)
{
    if (l->pending) {
        l->pending = false;
        begin(&l->by_mark, z_um);
    }
    if (!l->marked && is_new(&l->by_height, z_before_um, z_um)) {
        begin(&l->by_height, z_um);
    }
}

int layers_count(const struct layers *l)
{
    return l->marked ? l->marks : l->by_height.layers;
}

int64_t layers_height_um(const struct layers *l)
{
    const struct layer_count *c = l->marked ? &l->by_mark : &l->by_height;
    int64_t best = 0;
    int64_t count = 0;
    for (size_t i = 0; i < c->heights; i++) {
        if (c->height[i].count > count) {
            count = c->height[i].count;
            best = c->height[i].height_um;
        }
    }
    return best;
}
