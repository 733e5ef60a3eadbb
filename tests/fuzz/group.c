// link: ppnet
// with: fleet fleet_disk fleet_lines
/* What peers of a queue may send: one host that leads, one that follows it, and a peer of theirs
 * whose messages are the input: pairs of (to whom, how many bytes), and the bytes.
 *
 * Nothing may break. (That a member lies about what was decided is not guarded against.)
 */
#include "tests/lib/fleet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The corpus holds the epoch that this seed draws. */
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
    fleet_free(f);
    return 0;
}
