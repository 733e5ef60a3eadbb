/* The built-in machine of a fleet: strings in the order of their commands, each once. */
#ifndef PP_TESTS_FLEET_LINES_H
#define PP_TESTS_FLEET_LINES_H

#include "net/machine.h"

struct fleet_lines {
    unsigned host;
    char **at;        /* owned */
    uint64_t *hashes; /* owned; of each */
    size_t count;
    unsigned kept, refused, own, loads;
};

void fleet_lines_machine(struct fleet_lines *l, unsigned host, struct net_machine *out);
void fleet_lines_clear(struct fleet_lines *l);

#endif
