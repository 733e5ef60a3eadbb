/* The virtual printer for tests that also include host/core, whose names would clash with its own.
 *
 * The model of tools/ppvirtual on virtual time, set up by a line of ppvirtual's options.
 */
#ifndef TEST_VIRTUAL_PRINTER_H
#define TEST_VIRTUAL_PRINTER_H

#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtual_printer;

/* `options` as on ppvirtual's command line, parted by blanks; "..." holds blanks together. NULL
 * with the reason in `why` if they are wrong. */
struct virtual_printer *virtual_printer_new(const char *options, char *why, size_t why_size);
void virtual_printer_free(struct virtual_printer *p);

/* One more fault. False with the reason in `why`. */
bool virtual_printer_fault(struct virtual_printer *p, const char *spec, char *why, size_t why_size);

/* Bytes from the host (len 0: only time passes); appends what has reached the host. */
void virtual_printer_step(
    struct virtual_printer *p, uint64_t now_us, const char *bytes, size_t len, struct strbuf *out);

/* When to step again, rounded up; UINT64_MAX: nothing will happen. */
uint64_t virtual_printer_next_us(struct virtual_printer *p);

/* "NUMBER TEXT\n" of each command executed, in order; number -1: it came without. */
const char *virtual_printer_executed(const struct virtual_printer *p);

/* Why it is dead; NULL while alive. */
const char *virtual_printer_halted(const struct virtual_printer *p);

/* Bytes the firmware threw away or that did not fit. */
uint64_t virtual_printer_lost_bytes(const struct virtual_printer *p);

/* How often the i-th fault has fired and its spec; NULL behind the last. */
const char *virtual_printer_fired(const struct virtual_printer *p, size_t i, uint64_t *fired);

/* The target the firmware knows, of the first hotend and of the bed together. */
double virtual_printer_targets(const struct virtual_printer *p);

#endif
