#include "host/app/device/spool_priv.h"

#include "host/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int spool_layer(struct spool *s, uint64_t offset)
{
    size_t kept = s->layers < LAYERS ? s->layers : LAYERS;
    for (size_t i = 1; i <= kept; i++) {
        const struct layer_mark *m = &s->layer[(s->layers - i) % LAYERS];
        if (m->offset <= offset) {
            return m->layer;
        }
    }
    return 0;
}

int64_t spool_height_nm(const struct spool *s, uint64_t offset)
{
    size_t kept = s->heights < HEIGHTS ? s->heights : HEIGHTS;
    int64_t oldest_nm = 0;
    for (size_t i = 1; i <= kept; i++) {
        const struct height_mark *m = &s->height[(s->heights - i) % HEIGHTS];
        oldest_nm = m->z_nm;
        if (m->offset <= offset) {
            return m->z_nm;
        }
    }
    return kept == HEIGHTS ? oldest_nm : 0;
}

/* Runs the lines between two offsets of the file through `each`. */
int spool_scan(struct spool *s, uint64_t from, uint64_t to,
    bool (*each)(void *context, const struct gcode *g, uint64_t end_offset), void *context,
    struct err *e)
{
    char *bytes = mem_alloc(CHUNK);
    bool go = true;
    int rc = 0;
    while (go && from < to) {
        ssize_t n = pread(s->fd, bytes, CHUNK, (off_t)from);
        if (n <= 0) {
            rc = n < 0 ? err_errno(e, errno, "read the print's file again") : 0;
            break;
        }
        const char *line = bytes;
        const char *end = bytes + n;
        while (go && from < to && line < end) {
            const char *newline = memchr(line, '\n', (size_t)(end - line));
            if (newline == NULL && n == (ssize_t)CHUNK && line > bytes) {
                break; /* the rest of this line comes with the next piece */
            }
            size_t len = newline != NULL ? (size_t)(newline - line) : (size_t)(end - line);
            struct gcode g;
            gcode_parse(&g, line, len);
            from += len + (newline != NULL);
            go = (g.letter == 0 && g.len == 0) || each(context, &g, from);
            line += len + 1;
        }
    }
    free(bytes);
    return rc;
}

struct state_scan {
    const struct spool *spool;
    struct gcode_modal *modal;
    struct drawn *drawn;
};

static bool step_state(void *context, const struct gcode *g, uint64_t end_offset)
{
    const struct state_scan *scan = context;
    int64_t e_before_nm = scan->modal->pos[3];
    (void)end_offset;
    if (!spool_ignores(scan->spool, g)) {
        gcode_modal_step(scan->modal, g);
        spool_count_drawn(scan->drawn, scan->modal, e_before_nm);
    }
    return true;
}

int spool_state(
    struct spool *s, uint64_t offset, struct gcode_modal *modal, struct drawn *drawn, struct err *e)
{
    uint64_t from = 0;
    struct state_scan scan = {.spool = s, .modal = modal, .drawn = drawn};
    size_t kept = s->checks < CHECKS ? s->checks : CHECKS;
    gcode_modal_init(modal);
    *drawn = (struct drawn){0};
    for (size_t i = 1; i <= kept; i++) {
        const struct check *c = &s->check[(s->checks - i) % CHECKS];
        if (c->end_offset <= offset) {
            from = c->end_offset;
            *modal = c->modal;
            *drawn = c->drawn;
            break;
        }
    }
    return spool_scan(s, from, offset, step_state, &scan, e);
}

int spool_modal(struct spool *s, uint64_t offset, struct gcode_modal *out, struct err *e)
{
    struct drawn drawn;
    return spool_state(s, offset, out, &drawn, e);
}

int64_t spool_drawn_um(struct spool *s, uint64_t offset)
{
    struct gcode_modal modal;
    struct drawn drawn;
    int rc = spool_state(s, offset, &modal, &drawn, NULL);
    return rc == 0 ? drawn.total_nm / 1000 : 0;
}
