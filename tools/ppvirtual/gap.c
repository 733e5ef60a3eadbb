#include "tools/ppvirtual/gap.h"

#define NO_OK 3 /* the line began with something else */

void gap_byte(struct gap *g, char c, bool counts)
{
    static const char ok[] = "ok";
    if (c == '\n') {
        g->due = g->due || (g->at == 2 && counts);
        g->at = 0;
    } else if (g->at < 2) {
        g->at = c == ok[g->at] ? g->at + 1 : NO_OK;
    }
}

void gap_hand_over(struct gap *g, uint64_t now_ns)
{
    if (g->due && g->since == 0) {
        g->since = now_ns;
    }
    g->due = false;
}

void gap_answered(struct gap *g, uint64_t now_ns)
{
    if (g->since != 0) {
        histo_add(&g->ns, now_ns - g->since);
    }
    g->since = 0;
}
