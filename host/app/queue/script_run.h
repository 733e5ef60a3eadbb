/* A script that runs: its steps, one after the other, on one printer.
 *
 * Happy path: commands in a row go to the device as one script (device_script()), host commands are
 * carried out here; `done` runs once, later on the loop, without an error when the last step is
 * over. The whole script is checked before its first step.
 *
 * Failure modes: a command that this printer may not get, a printer that goes away, starts
 * something of its own or is stopped, @cancel, a temperature that is not reached within
 * `wait_ms`: `done` gets the error and nothing more of the script runs; the heaters are
 * off then (device_script()) or owed. A web address that does not answer is told and passed over:
 * nobody's webhook keeps a printer from working.
 *
 * `beside`: a print is under way. Only @notify, @http and @wait are carried out then.
 */
#ifndef PP_APP_QUEUE_SCRIPT_RUN_H
#define PP_APP_QUEUE_SCRIPT_RUN_H

#include "host/app/device/device.h"
#include "host/app/hub.h"
#include "host/core/script.h"

#define SCRIPT_RUN_WAIT_MS (3 * 60 * 60 * 1000)

struct script_run;

struct script_run_options {
    uv_loop_t *loop;
    struct device *device;
    struct hub *hub;
    const char *name; /* for people; copied */
    bool beside;
    int64_t wait_ms; /* for a temperature, at most; SCRIPT_RUN_WAIT_MS */
    store_cb done;
    void *context;
};

/* Takes the steps over (script_steps_free()), also when it fails. */
int script_run_start(struct script_run **out, const struct script_run_options *o,
    struct script_step *steps, size_t count, struct err *e);

/* Ends it; `done` does not run any more, and `r` is gone for the caller. */
void script_run_stop(struct script_run *r);

/* A web address did not answer: whoever was to do something there has perhaps not done it. Still
 * valid within `done`. */
bool script_run_missed(const struct script_run *r);

/* What it waits for, for people; "" = nothing. Valid until it goes on. */
const char *script_run_waits(const struct script_run *r);

#endif
