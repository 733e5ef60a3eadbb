/* A host's disk in a fleet: the state that group writes make. */
#ifndef PP_TESTS_FLEET_DISK_H
#define PP_TESTS_FLEET_DISK_H

#include "net/group.h"

struct fleet_disk {
    struct group_state state; /* everything in it is owned */
};

/* A write of one's own; freed with fleet_write_free(). */
struct group_write *fleet_write_copy(const struct group_write *w);
void fleet_write_free(struct group_write *w);

void fleet_disk_apply(struct fleet_disk *d, const struct group_write *w);
void fleet_disk_copy(struct fleet_disk *to, const struct fleet_disk *from);
void fleet_disk_fini(struct fleet_disk *d);

#endif
