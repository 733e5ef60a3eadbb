/* The printer waits by itself: for a filament change, for a person, because somebody paused it at
 * its own display.
 *
 * It has parked itself or will, so nothing is sent: lines of the job are held back (a filament
 * change of the file holds them back anyway, nothing passes it), and no script runs. The state is
 * "paused" meanwhile and "printing" again afterwards. How the end is known depends on how the
 * beginning was:
 *
 *     WAIT_CHANGE  a command of the file: when it is acknowledged
 *     WAIT_BUSY    "busy: paused for user": when everything in flight is acknowledged and it says
 *                  no more that it waits
 *     WAIT_ACTION  "//action:paused": at "//action:resumed", or when a person resumes here
 *
 * Failures: a firmware without prompts asks nobody, so a question is opened whose answer is M108.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <string.h>

#define PERSON_MS 5000 /* "paused for user" comes every two seconds */
#define CHANGE_MS 3000 /* a firmware that knows no M600 acknowledges it at once */

/* ---- beginning and end
 * ----------------------------------------------------------------------------- */

bool device_self_paused(const struct device *d)
{
    return d->self.by != WAIT_NONE && device_state(d) == PRINTER_PAUSED;
}

/* Heaters that were turned off in a long wait are heated again to what the file asked for. */
static void remember_targets(struct device *d)
{
    uint64_t offset = atomic_load(&sender_stats(d->sender)->job_offset);
    gcode_modal_init(&d->pause_modal);
    if (d->spool != NULL) {
        spool_modal(d->spool, offset, &d->pause_modal, NULL);
    }
}

void device_self_pause(struct device *d, enum self_wait by, const char *why)
{
    if (device_state(d) == PRINTER_PAUSED && d->self.by == WAIT_BUSY && by == WAIT_ACTION) {
        d->self.by = by; /* it will say when it goes on */
    }
    if (device_state(d) != PRINTER_PRINTING) {
        return;
    }
    d->self.by = d->self.change ? WAIT_CHANGE : by;
    d->self.drained = false;
    remember_targets(d);
    if (!d->self.change) {
        sender_hold(d->sender);
    }
    log_info("the printer waits by itself: %s", why);
    device_move(d, PRINTER_PAUSED, why);
}

void device_self_resume(struct device *d)
{
    if (!device_self_paused(d)) {
        return;
    }
    bool held = d->self.by != WAIT_CHANGE;
    d->self.by = WAIT_NONE;
    device_unask(d, "wait");
    device_reheat(d);
    device_move(d, PRINTER_PRINTING, "the printer goes on");
    if (held) {
        device_release(d);
    }
}

void device_self_forget(struct device *d)
{
    d->self = (struct self){.by = WAIT_NONE};
    device_unask(d, "wait");
}

void device_change_begins(struct device *d, uint64_t offset)
{
    d->self.change = true;
    d->self.change_ms = clock_ms();
    d->self.change_offset = offset;
    device_release(d);
}

void device_change_ends(struct device *d)
{
    d->self.change = false;
    device_self_resume(d);
    device_release(d);
}

/* ---- what the printer says meanwhile
 * --------------------------------------------------------------- */

static bool may_ask(const struct device *d, uint64_t now)
{
    bool asked = device_asks(d, "prompt") || device_asks(d, "wait");
    return !asked && !d->closing && now - d->self.answered_ms >= PERSON_MS &&
           device_state(d) != PRINTER_CANCELLING;
}

void device_waits_for_person(struct device *d, const char *text)
{
    static const char *const answers[] = {"continue"};
    uint64_t now = clock_ms();
    d->self.person_ms = now;
    device_self_pause(d, WAIT_BUSY, text);
    if (may_ask(d, now)) {
        device_ask_choice(d, "wait", answers, 1,
            d->self.change ? "The printer waits for a filament change. Is it done?"
                           : "The printer waits for a person. Shall it go on?");
    }
}

/* M108 is looked for as it is read, even behind a command that waits. */
static void end_wait(struct device *d)
{
    d->self.answered_ms = clock_ms();
    sender_urgent(d->sender, "M108", 4);
}

void device_wait_answered(struct device *d, size_t answer)
{
    (void)answer;
    end_wait(d);
}

void device_self_drained(struct device *d)
{
    d->self.drained = true;
}

static bool job_is_past(const struct device *d, uint64_t offset)
{
    return atomic_load(&sender_stats(d->sender)->job_offset) > offset;
}

void device_wait_tick(struct device *d, uint64_t now)
{
    bool said = now - d->self.person_ms < PERSON_MS;
    if (!said) {
        device_unask(d, "wait");
    }
    if (device_self_paused(d) && d->self.by == WAIT_BUSY && d->self.drained && !said) {
        device_self_resume(d);
    }
    if (d->self.change && job_is_past(d, d->self.change_offset)) {
        device_change_ends(d); /* its second barrier was lost in a rewind */
    } else if (d->self.change && now - d->self.change_ms >= CHANGE_MS) {
        device_self_pause(d, WAIT_CHANGE, "a filament change");
    }
}

/* ---- a person here
 * ----------------------------------------------------------------------------------- */

int device_self_go_on(struct device *d, struct err *e)
{
    if (device_asks(d, "prompt")) {
        return device_prompt_go_on(d, e);
    }
    if (device_asks(d, "wait") || d->self.by != WAIT_ACTION) {
        device_unask(d, "wait");
        end_wait(d);
        return 0;
    }
    if (d->who.dialect->resume_command != NULL) {
        device_inject(d, d->who.dialect->resume_command, TAG_NONE);
    } else {
        device_self_resume(d);
    }
    return 0;
}

const char *device_self_text(const struct device *d)
{
    static const char *const texts[] = {
        [WAIT_NONE] = "",
        [WAIT_CHANGE] = "waiting for a filament change",
        [WAIT_BUSY] = "the printer waits for a person",
        [WAIT_ACTION] = "paused at the printer",
    };
    return device_self_paused(d) ? texts[d->self.by] : "";
}
