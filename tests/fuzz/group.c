// link: ppnet
// with: fleet fleet_disk fleet_lines
/* What peers of a queue may send: one host that leads, one that follows it, and a peer of theirs
 * whose messages are the input: pairs of (to whom, how many bytes), and the bytes.
 *
 * Nothing may break; what the peer says of others must not change what was decided before.
 */
#include "tests/lib/fleet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fleet *f = fleet_new(&(struct fleet_options){.seed = 3, .found_ms = 100});
    for (unsigned i = 0; i < 3; i++) {
        fleet_add(f);
    }
    fleet_start(f, 0);
    fleet_run(f, 500);
    fleet_submit(f, 0, true, "one");
    fleet_start(f, 1);
    fleet_start(f, 2);
    fleet_run(f, 500);
    for (size_t at = 0; at + 3 <= size;) {
        unsigned to = data[at] & 1;
        size_t len = (size_t)(data[at + 1] << 8 | data[at + 2]);
        at += 3;
        len = len < size - at ? len : size - at;
        fleet_inject(f, 2, to, data + at, len);
        at += len;
        fleet_run(f, 10);
    }
    fleet_run(f, 1000);
    assert(fleet_broken(f) == NULL);
    fleet_free(f);
    return 0;
}
