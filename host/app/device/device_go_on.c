/* The printer is back and has named the line it expects: is it the one it was, as it was? Then the
 * print goes on in the state in which it was cut off. */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAME_MC 1000 /* targets are told rounded */

/* ---- as it was? ---- */

static bool is_same(int32_t a_mc, int32_t b_mc)
{
    return a_mc != TEMP_NONE && b_mc != TEMP_NONE && abs(a_mc - b_mc) <= SAME_MC;
}

/* What the file has set a heater to holds, or what a person has set since. That it was off when
 * last told says nothing: that may have been before the file turned it on. What is off in a pause
 * is heated again before it goes on. */
static bool is_as_left(const struct device *d, const struct gcode_modal *m, size_t heater)
{
    const struct device_words *w = &d->recovery.words;
    int32_t now = d->temps.target_mc[heater];
    int32_t told = w->target_mc[heater];
    bool paused = w->state == PRINTER_PAUSED || w->state == PRINTER_CANCELLING;
    if (now == TEMP_NONE && told == TEMP_NONE) {
        return true;
    }
    if (heater <= TEMP_BED && is_same(now, m->target_mc[heater])) {
        return true;
    }
    return (now > 0 || heater > TEMP_BED || paused) && is_same(now, told);
}

static double celsius(int32_t mc)
{
    return mc == TEMP_NONE ? 0 : mc / 1000.0;
}

/* True if the printer is as it was left; else `why` says what is not. */
static bool is_unchanged(struct device *d, char *why, size_t why_size)
{
    const struct device_recovery *r = &d->recovery;
    const struct device_words *w = &r->words;
    struct gcode_modal modal;
    if (strcmp(w->uuid, d->who.uuid) != 0 || strcmp(w->firmware, d->who.firmware) != 0) {
        snprintf(why, why_size, "another printer answers than the one that was printing");
        return false;
    }
    if (r->card) {
        snprintf(why, why_size, "the printer prints from its card by itself");
        return false;
    }
    if (spool_modal(r->spool, r->offset, &modal, NULL) < 0) {
        snprintf(why, why_size, "the print's file cannot be read again");
        return false;
    }
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        if (!is_as_left(d, &modal, i)) {
            int32_t now = d->temps.target_mc[i];
            int32_t was = i <= TEMP_BED ? modal.target_mc[i] : w->target_mc[i];
            snprintf(why, why_size, "%s is set to %g °C now, it was %g °C", temp_heater_name(i),
                celsius(now), celsius(was));
            return false;
        }
    }
    return true;
}

/* ---- going on ---- */

static bool was_done(const struct device *d, enum device_tag tag)
{
    return (d->recovery.done & (UINT32_C(1) << tag)) != 0;
}

/* `half`: it is not known how far a script that moves came. What it may have extruded is left. */
static void stay_paused(struct device *d, bool half)
{
    if (half) {
        d->pause_extruded = 0;
        device_notice(d, "it is not known how far the tool was moved: look at the printer, then go "
                         "on with: ppctl resume");
    }
    device_move(d, PRINTER_PAUSED, "as before");
    device_cool_found(d);
}

static void go_on_pausing(struct device *d)
{
    if (was_done(d, TAG_PAUSED) || d->script_begun) {
        stay_paused(d, !was_done(d, TAG_PAUSED));
        return;
    }
    device_move(d, PRINTER_PAUSING, "as before");
    sender_hold(d->sender); /* and NOTE_DRAINED once more */
}

static void go_on_printing(struct device *d)
{
    device_move(d, PRINTER_PRINTING, "as before");
    if (d->bed_taken) {
        device_take_bed(d);
    } else {
        device_release(d);
    }
}

static void go_on_starting(struct device *d, bool began)
{
    if (began) {
        go_on_printing(d);
        return;
    }
    spool_close(d->spool);
    d->spool = NULL;
    device_move(d, PRINTER_STARTING, "as before");
    if (d->runs_opening == 0) {
        device_begin_lines(d);
    }
}

/* The cancel script may have begun: what it moves is not moved twice. */
static void go_on_cancelling(struct device *d, bool asked_now)
{
    if (asked_now) {
        device_cancel_run(d, d->end_result, d->run.reason);
        return;
    }
    device_move(d, PRINTER_CANCELLING, "as before");
    if (was_done(d, TAG_CANCELLED)) {
        device_print_tag(d, TAG_CANCELLED);
        return;
    }
    device_heaters_off(d, TAG_NONE);
    device_inject(d, "M107", TAG_NONE);
    device_inject(d, d->who.dialect->job_timer ? "M77" : "M105", TAG_CANCELLED);
}

static void go_on_finishing(struct device *d)
{
    device_move(d, PRINTER_FINISHING, "as before");
    if (was_done(d, TAG_FINISHED)) {
        device_print_tag(d, TAG_FINISHED);
        return;
    }
    if (d->profile != NULL && d->profile->end_script[0] != '\0') {
        device_notice(d, "the end script may not have run to its end");
    }
    if (d->who.dialect->job_timer) {
        device_inject(d, "M77", TAG_NONE);
    }
    device_inject(d, "M400", TAG_NONE);
    device_inject(d, "M105", TAG_FINISHED);
}

static void take_back(struct device *d)
{
    struct device_recovery *r = &d->recovery;
    const struct device_words *w = &r->words;
    d->spool = r->spool;
    r->spool = NULL;
    r->spool_ready = false;
    r->phase = RECOVER_NONE;
    device_cool_forgive(d);
    d->error[0] = '\0';
    d->resends_before = 0;
    d->script_begun = w->script_begun;
    d->parked = w->parked;
    d->self = (struct self){.parks = w->parks, .by = w->by_itself ? WAIT_ACTION : WAIT_NONE};
    memcpy(d->heat.reheat_mc, w->reheat_mc, sizeof d->heat.reheat_mc);
    d->pause_extruded = w->pause_extruded;
    d->passed_offset = w->passed_offset;
    spool_modal(d->spool, r->offset, &d->pause_modal, NULL);
}

static void go_on(struct device *d)
{
    struct device_recovery *r = &d->recovery;
    enum printer_state was = r->words.state;
    bool has_lines = was != PRINTER_CANCELLING && was != PRINTER_FINISHING;
    bool began = was != PRINTER_STARTING || r->job_active;
    struct stream_options options;
    take_back(d);
    device_sd_caps(d);
    device_stream_options(d, &options);
    sender_set_options(d->sender, &options);
    device_notice(d, "the print goes on; it was cut off for %.1f s",
        (double)(clock_ms() - r->since_ms) / 1000);
    if (has_lines && began) {
        sender_rejoin(d->sender, spool_generation(d->spool));
        spool_fill(d->spool);
    }
    if (was == PRINTER_STARTING) {
        go_on_starting(d, began);
    } else if (was == PRINTER_PRINTING || (was == PRINTER_RESUMING && was_done(d, TAG_RESUMED))) {
        go_on_printing(d);
    } else if (was == PRINTER_PAUSING) {
        go_on_pausing(d);
    } else if (was == PRINTER_CANCELLING) {
        go_on_cancelling(d, r->cancel_asked);
    } else if (was == PRINTER_FINISHING) {
        go_on_finishing(d);
    } else {
        stay_paused(d, was == PRINTER_RESUMING);
    }
    r->cancel_asked = false;
}

/* Both the printer and the file are known. */
static void decide(struct device *d)
{
    char why[160];
    struct device_recovery *r = &d->recovery;
    if (r->phase != RECOVER_CHECK || !r->checked || !r->spool_ready) {
        return;
    }
    if (is_unchanged(d, why, sizeof why)) {
        go_on(d);
    } else {
        device_recover_give_up(d, why);
    }
}

void device_recover_loaded(void *context, const struct err *e)
{
    struct device *d = context;
    if (d->recovery.phase == RECOVER_NONE || d->closing) {
        return;
    }
    if (e != NULL) {
        device_recover_give_up(d, e->text);
        return;
    }
    d->recovery.spool_ready = true;
    decide(d);
}

bool device_recover_done(struct device *d, uint32_t tag)
{
    struct device_recovery *r = &d->recovery;
    if (r->phase == RECOVER_NONE || d->closing) {
        return tag >= TAG_COUNT;
    }
    if (r->phase >= RECOVER_OFFER) {
        device_offer_done(d, tag);
        return tag >= TAG_COUNT;
    }
    if (tag == TAG_ASKED) {
        return false;
    }
    if (tag < TAG_COUNT) {
        r->done |= UINT32_C(1) << tag;
    } else if (r->phase == RECOVER_CHECK && tag == r->check_tag) {
        r->checked = true;
        r->checked_ms = clock_ms();
        decide(d);
    }
    return true;
}
