#include "tools/ppctl/bar.h"

#include "tools/ppctl/text.h"

#include <stddef.h>

#define CELLS_MIN 8
#define CELLS_MAX 30

static double clamp(double percent)
{
    return percent < 0 ? 0 : percent > 100 ? 100 : percent;
}

void bar_draw(struct strbuf *out, double percent, int cells, bool utf8)
{
    /* a bar is full only when all is done */
    int full = (int)(clamp(percent) / 100 * cells);
    for (int i = 0; i < cells; i++) {
        if (utf8) {
            strbuf_puts(out, i < full ? "\xe2\x96\x88" : "\xe2\x96\x91");
        } else {
            strbuf_puts(out, i < full ? "#" : "-");
        }
    }
}

static int part_columns(const char *part)
{
    return part != NULL && *part != '\0' ? text_columns(part) + 2 : 0;
}

/* How many of the parts fit in `room` columns; what is left over goes to *room. */
static size_t parts_that_fit(const struct bar *b, int *room)
{
    size_t n = 0;
    while (n < BAR_PARTS && part_columns(b->part[n]) <= *room) {
        *room -= part_columns(b->part[n]);
        n++;
    }
    return n;
}

void bar_line(struct strbuf *out, const struct bar *b, int columns, bool utf8)
{
    struct strbuf head = {0};
    bool known = b->percent >= 0;
    strbuf_printf(&head, "%s%s", b->lead, *b->lead != '\0' && known ? " " : "");
    if (known) {
        strbuf_printf(&head, "%3d %% ", (int)clamp(b->percent));
    }
    int brackets = utf8 ? 0 : 2;
    int room = columns - text_columns(strbuf_text(&head)) - (known ? CELLS_MIN + brackets : 0);
    size_t parts = parts_that_fit(b, &room);
    text_cut(out, strbuf_text(&head), columns);
    if (known && room >= 0) {
        int spare = room < CELLS_MAX - CELLS_MIN ? room : CELLS_MAX - CELLS_MIN;
        strbuf_puts(out, utf8 ? "" : "[");
        bar_draw(out, b->percent, CELLS_MIN + spare, utf8);
        strbuf_puts(out, utf8 ? "" : "]");
    }
    for (size_t i = 0; i < parts; i++) {
        if (part_columns(b->part[i]) > 0) {
            strbuf_printf(out, "  %s", b->part[i]);
        }
    }
    strbuf_fini(&head);
}
