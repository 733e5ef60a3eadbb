#include "tools/ppvirtual/fault.h"

#include "tools/ppvirtual/fault_table.h"
#include "tools/ppvirtual/when.h"

#include <string.h>

#define SECOND      1e9
#define ARM_COLUMNS 10 /* of a line whose length is not known: shorter than any numbered one */

uint64_t fault_draw(struct fault *f, uint64_t n)
{
    uint64_t z = f->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

static bool chance(struct fault *f)
{
    return (double)fault_draw(f, UINT64_C(1) << 32) < f->at_number * 4294967296.0;
}

static uint64_t in_ns(double seconds)
{
    return (uint64_t)(seconds * SECOND);
}

static bool spent(const struct fault *f)
{
    return f->arg[ARG_TIMES] > 0 && (double)f->fired >= f->arg[ARG_TIMES];
}

/* A state that holds "always" is entered once; a time comes once. */
static bool once_is_enough(const struct fault *f)
{
    return f->row->seam == SEAM_MOMENT &&
           (f->at == AT_ALWAYS || f->at == AT_NOW || f->at == AT_TIME);
}

/* Whether this kind of opportunity is one for this fault at all. */
static bool concerns(const struct fault *f, const struct fault_event *e)
{
    if (f->at == AT_FULL || e->full) {
        return f->at == AT_FULL && e->full &&
               (f->row->seam == e->seam || f->kind == FAULT_RX_FLUSH);
    }
    if (f->row->seam != e->seam) {
        return false;
    }
    bool answer = e->seam == SEAM_REPLY || (e->seam == SEAM_BYTE && e->dir == DIR_OUT);
    if (answer && f->arg[ARG_IN] != IN_ANY && (int)f->arg[ARG_IN] != (int)e->in) {
        return false;
    }
    return e->seam != SEAM_BYTE || (int)f->arg[ARG_DIR] == (int)e->dir;
}

static bool period_over(struct fault *f, uint64_t now_ns)
{
    uint64_t period_ns = in_ns(f->at_number);
    if (f->next_ns == 0) {
        f->next_ns = now_ns < period_ns ? period_ns : now_ns - now_ns % period_ns;
    }
    if (now_ns < f->next_ns) {
        return false;
    }
    f->next_ns += period_ns;
    return true;
}

/* Whether the moment has come; counts the opportunity. */
static bool is_time(struct fault *f, const struct fault_event *e)
{
    switch (f->at) {
    case AT_ALWAYS:
    case AT_NOW:
    case AT_FULL:
        return true;
    case AT_LINE:
        return e->is_line && e->number == f->at_n;
    case AT_NTH:
        return e->is_line && e->nth == (uint64_t)f->at_n;
    case AT_TEXT:
        return e->is_line && e->len >= strlen(f->at_text) &&
               memcmp(e->text, f->at_text, strlen(f->at_text)) == 0;
    case AT_BYTE:
        return e->byte >= (uint64_t)f->at_n;
    case AT_TIME:
        return e->now_ns >= in_ns(f->at_number);
    case AT_PERIOD:
        return period_over(f, e->now_ns);
    case AT_EVERY:
        return e->is_line && ++f->seen % (uint64_t)f->at_n == 0;
    case AT_RATE:
        return e->is_line && chance(f);
    }
    return false;
}

/* True for those that name a byte themselves: which one of the line is no question then. */
static bool names_byte(const struct fault *f)
{
    return f->arg[ARG_POS] == POS_RANDOM &&
           (f->at == AT_BYTE || f->at == AT_RATE || f->at == AT_EVERY || f->at == AT_NOW);
}

static void arm(struct fault *f, const struct fault_event *e)
{
    size_t columns = e->columns > 1 ? e->columns - 1 : ARM_COLUMNS;
    f->armed = true;
    f->column = f->arg[ARG_POS] >= 0 ? (size_t)f->arg[ARG_POS] : fault_draw(f, columns);
}

/* A fault of bytes is armed for a line and fires at its column; a newline ends the wait. */
static bool byte_fires(struct fault *f, const struct fault_event *e)
{
    if (!f->armed && is_time(f, e)) {
        if (names_byte(f)) {
            return !e->line_end || f->kind != FAULT_FLIP;
        }
        arm(f, e);
    }
    if (!f->armed) {
        return false;
    }
    bool here = f->arg[ARG_POS] == POS_END ? e->line_end : e->column >= f->column || e->line_end;
    f->armed = !here;
    return here;
}

struct fault *fault_next(struct fault_set *set, const struct fault_event *e, size_t *from)
{
    while (*from < set->len) {
        struct fault *f = &set->faults[(*from)++];
        if (!concerns(f, e) || spent(f) || (once_is_enough(f) && f->fired > 0)) {
            continue;
        }
        if (e->seam == SEAM_BYTE ? byte_fires(f, e) : is_time(f, e)) {
            f->fired++;
            return f;
        }
    }
    return NULL;
}

static uint64_t due_ns(const struct fault *f)
{
    if (f->row->seam != SEAM_MOMENT || spent(f) || (once_is_enough(f) && f->fired > 0)) {
        return NEVER_NS;
    }
    switch (f->at) {
    case AT_TIME:
        return in_ns(f->at_number);
    case AT_PERIOD:
        return f->next_ns != 0 ? f->next_ns : in_ns(f->at_number);
    case AT_NOW:
    case AT_ALWAYS:
        return 0;
    case AT_LINE:
    case AT_NTH:
    case AT_BYTE:
    case AT_EVERY:
    case AT_RATE:
    case AT_TEXT:
    case AT_FULL:
        break;
    }
    return NEVER_NS;
}

uint64_t fault_next_ns(const struct fault_set *set)
{
    uint64_t next = NEVER_NS;
    for (size_t i = 0; i < set->len; i++) {
        uint64_t due = due_ns(&set->faults[i]);
        next = due < next ? due : next;
    }
    return next;
}
