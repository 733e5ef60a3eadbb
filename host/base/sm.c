#include "host/base/sm.h"

#include "host/base/log.h"

#include <assert.h>

void sm_move(struct sm *m, int next, const char *why)
{
    log_debug("%s: %s -> %s (%s)", m->label, m->table[m->state].name, m->table[next].name, why);
    assert((m->table[m->state].next & SM_TO(next)) != 0);
    m->state = next;
}

const char *sm_name(const struct sm *m)
{
    return m->table[m->state].name;
}
