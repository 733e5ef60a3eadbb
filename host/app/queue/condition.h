/* Conditions: a few lines of Lua that decide whether a script runs. Sandboxed.
 *
 * The chunk sees the symbols as globals (current, external, metadata, printer, job, history, …) and
 * of Lua's own library what can neither reach out nor run for long: math without random, string
 * without rep, dump and pack, table, assert, error, ipairs, pairs, pcall, print, select, tonumber,
 * tostring, type. It returns true or nil as in the last expression's value: true runs the script as
 * it is, false or nil drops it, a table runs it with its values for {name}. A chunk that is one
 * expression needs no `return`.
 *
 * The same chunk with the same symbols always does the same: pairs() goes by the order of the keys,
 * sort() is stable, tostring() tells no addresses. Texts are not numbers by themselves ("1" + 1 is
 * a mistake). Each call has a state of its own: nothing is left for the next one.
 *
 * It is meant for the main loop: what takes long inside one instruction (patterns, which have their
 * own matcher here, copying, sorting) counts as steps that take as long. Measured with -O2, the
 * slowest chunk found takes 28 ms until CONDITION_STEPS end it; `true` takes 0.02 ms.
 *
 * Failure modes: a syntax or run-time error (with its line), more than CONDITION_STEPS steps or
 * CONDITION_BYTES of memory, a text of more than 16 KiB, any other result: PP_EINVAL with the
 * reason.
 */
#ifndef PP_APP_QUEUE_CONDITION_H
#define PP_APP_QUEUE_CONDITION_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <jansson.h>
#include <stdbool.h>

#define CONDITION_STEPS 100000
#define CONDITION_BYTES (4 << 20)
#define CONDITION_SAYS  4096 /* bytes of print() kept */

struct condition_result {
    bool runs;
    json_t *values; /* owned; an object of texts and numbers, NULL = none */
};

/* `symbols` is read; what the chunk changes of it comes back in *changed (owned; NULL = nothing) if
 * `changed` is not NULL. `said` gets what it printed. */
int condition_run(const char *body, const json_t *symbols, struct condition_result *out,
    json_t **changed, struct strbuf *said, struct err *e);

/* Its syntax alone. */
int condition_check(const char *body, struct err *e);

#endif
