/* Going on with a print after the printer was reset or left alone: only if a person says so, who
 * has looked at the bed.
 *
 * Nothing moves or heats before the answer. Then: heat; a little up; home X and Y, which lie beside
 * the print; prime; over to where the nozzle was; say how high that is; down; on with the file.
 * Z is never homed, it would drive into the print.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LIFT_NM 2000000

bool device_offer_open(const struct device *d)
{
    return d->recovery.phase == RECOVER_OFFER;
}

/* ---- the offer ---- */

int device_offer_refuse(const struct device *d, struct err *e)
{
    return err_set(e, PP_ESTATE,
        "\"%s\" was cut off and waits for an answer: ppctl recover, or ppctl cancel",
        d->run.file_name);
}

/* Why it cannot be gone on with at all; NULL if it can. */
static const char *why_not(const struct device_words *w)
{
    if (w->state != PRINTER_PRINTING && w->state != PRINTER_PAUSING && w->state != PRINTER_PAUSED &&
        w->state != PRINTER_RESUMING) {
        return w->state == PRINTER_CANCELLING ? "it was being cancelled" : "nothing was left of it";
    }
    if (w->moved) {
        return "it was cut off once more while the tool went back, so its height is not known";
    }
    return w->bed_taken ? NULL : "it had not reached the bed";
}

/* Why this printer cannot go on with any; NULL if it may. */
static const char *why_not_here(const struct device *d)
{
    return d->profile != NULL && d->profile->belt ? "on a belt the print stands where Y is homed, "
                                                    "so the position cannot be found again"
                                                  : NULL;
}

/* Why the tool cannot be brought back to where the file had it; NULL if it can. */
static const char *why_no_way(const struct gcode_modal *m)
{
    if (!m->homed[0] || !m->homed[1] || !m->homed[2]) {
        return "the file had not homed the axes there, so the position is not known";
    }
    return m->extruded ? NULL : "it had not extruded anything";
}

void device_offer_end(struct device *d, const char *reason)
{
    const struct device_words w = d->recovery.words;
    char text[sizeof d->run.reason];
    bool cancelled = w.state == PRINTER_CANCELLING;
    snprintf(text, sizeof text, "%s; %s", d->recovery.why, reason);
    device_notice(d, "the print of \"%.60s\" does not go on: %s", d->run.file_name, text);
    device_print_end(d, cancelled ? w.result : RUN_INTERRUPTED, cancelled ? w.reason : text);
    if (device_state(d) == PRINTER_RECOVERING) {
        device_move(d, d->wire.attached ? PRINTER_OPERATIONAL : PRINTER_OFFLINE, text);
    }
}

static void ask(struct device *d, const struct gcode_modal *m)
{
    const struct device_recovery *r = &d->recovery;
    device_ask(d, "recover",
        "Continue \"%.50s\" at line %" PRIu64 ", Z=%.2f, layer %d? The bed must be as it was. It "
        "heats, homes X and Y, and goes to X%.1f Y%.1f. (%.40s)",
        d->run.file_name, r->lines + 1, (double)m->pos[2] / 1e6, spool_layer(r->spool, r->offset),
        (double)m->pos[0] / 1e6, (double)m->pos[1] / 1e6, r->why);
}

static void on_examined(void *context, const struct err *e)
{
    struct device *d = context;
    struct device_recovery *r = &d->recovery;
    struct gcode_modal modal;
    if (r->phase != RECOVER_OFFER || d->closing) {
        return;
    }
    const char *no = e != NULL ? e->text : NULL;
    r->spool_ready = e == NULL;
    if (no == NULL && spool_modal(r->spool, r->offset, &modal, NULL) < 0) {
        no = "its file cannot be read again";
    }
    no = no != NULL ? no : why_no_way(&modal);
    if (no != NULL) {
        device_offer_end(d, no);
        return;
    }
    ask(d, &modal);
}

void device_offer(struct device *d)
{
    struct device_recovery *r = &d->recovery;
    r->phase = RECOVER_OFFER;
    device_unask(d, "recover");
    const char *no = why_not(&r->words);
    no = no != NULL ? no : why_not_here(d);
    if (no != NULL) {
        device_offer_end(d, no);
        return;
    }
    r->words.offered = true;
    r->words.offset = r->offset;
    r->words.lines = r->lines;
    device_recover_journal(d, r->offset, r->lines, &r->words, NULL);
    device_remember(d);
    device_notice(d, "the print of \"%.60s\" has stopped: %s", d->run.file_name, r->why);
    device_recover_load(d, on_examined);
}

void device_offer_connected(struct device *d)
{
    if (device_offer_open(d)) {
        device_move(d, PRINTER_RECOVERING, "a person is asked");
    }
}

/* ---- yes ---- */

static void say(struct device *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct device *d, const char *fmt, ...)
{
    char line[96];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    device_inject(d, line, TAG_NONE);
}

/* What a person set while it printed holds, else what the file did. A report has no checksum: what
 * this printer may not have was never set. */
static double target(const struct device *d, const struct gcode_modal *m, size_t heater)
{
    const struct device_words *w = &d->recovery.words;
    const struct limits *l = device_limits(d);
    int32_t most = heater == TEMP_BED ? l->max_bed_mc : l->max_tool_mc;
    int32_t told = w->reheat_mc[heater] > 0 ? w->reheat_mc[heater] : w->target_mc[heater];
    return (told > 0 && told <= most ? told : m->target_mc[heater]) / 1000.0;
}

/* First all of them at once, then waiting. */
static void heat(struct device *d, const struct gcode_modal *m, bool wait)
{
    double bed = target(d, m, TEMP_BED);
    int tools = device_tools(d);
    if (bed > 0) {
        say(d, "M%d S%g", wait ? 190 : 140, bed);
    }
    for (int i = 0; i < tools; i++) {
        double celsius = target(d, m, (size_t)i);
        if (celsius > 0 && tools > 1) {
            say(d, "M%d T%d S%g", wait ? 109 : 104, i, celsius);
        } else if (celsius > 0) {
            say(d, "M%d S%g", wait ? 109 : 104, celsius);
        }
    }
}

static int64_t lift_nm(const struct device *d, const struct gcode_modal *m)
{
    int64_t room = d->profile->limits.max_um[2] * 1000 - m->pos[2];
    return room > LIFT_NM ? LIFT_NM : room > 0 ? room : 0;
}

static void restore_rest(struct device *d, const struct gcode_modal *m)
{
    if (m->fan > 0) {
        say(d, "M106 S%d", m->fan);
    }
    if (m->speed_percent != 100) {
        say(d, "M220 S%d", m->speed_percent);
    }
    if (m->flow_percent != 100) {
        say(d, "M221 S%d", m->flow_percent);
    }
}

/* Where the nozzle was, its height last: there, and only there, it is known. */
static void go_back(struct device *d, const struct gcode_modal *m, int64_t lift)
{
    say(d, "G90");
    say(d, "G1 X%.3f Y%.3f F6000", (double)m->pos[0] / 1e6, (double)m->pos[1] / 1e6);
    say(d, "G92 Z%.3f", (double)(m->pos[2] + lift) / 1e6);
    say(d, "G1 Z%.3f F600", (double)m->pos[2] / 1e6);
    for (int i = 0; i < 3; i++) {
        if (m->offset[i] != 0) {
            say(d, "G92 %c%.3f", "XYZ"[i], (double)(m->pos[i] - m->offset[i]) / 1e6);
        }
    }
    device_leave_script(d, m);
}

static void move_back(struct device *d)
{
    struct device_recovery *r = &d->recovery;
    struct gcode_modal modal;
    struct gcode_modal script;
    if (spool_modal(r->spool, r->offset, &modal, NULL) < 0) {
        device_offer_end(d, "its file cannot be read again");
        return;
    }
    int64_t lift = lift_nm(d, &modal);
    r->phase = RECOVER_MOVE;
    say(d, "G21");
    say(d, "G91");
    say(d, "G1 Z%.3f F600", (double)lift / 1e6);
    say(d, "G90");
    say(d, "G28 X Y");
    if (spool_levels(r->spool)) {
        say(d, "M420 S1");
    }
    if (modal.tool > 0) {
        say(d, "T%d", modal.tool);
    }
    gcode_modal_init(&script);
    device_run_script(d, d->profile->recover_script, &script);
    restore_rest(d, &modal);
    go_back(d, &modal, lift);
    device_inject(d, d->who.dialect->job_timer ? "M75" : "M105", TAG_RESTORED);
}

static void on_moved_saved(void *context, const struct err *e)
{
    struct device *d = context;
    if (d->recovery.phase == RECOVER_HEAT && !d->closing) {
        if (e != NULL) {
            device_recover_cut(d, e->text);
        } else {
            move_back(d);
        }
    }
    device_stored(d);
}

static void go_on(struct device *d)
{
    struct device_recovery *r = &d->recovery;
    d->spool = r->spool;
    r->spool = NULL;
    r->spool_ready = false;
    r->phase = RECOVER_NONE;
    d->script_begun = false;
    d->parked = false;
    device_cool_forgive(d);
    d->resends_before = atomic_load(&sender_stats(d->sender)->resends);
    d->job_start_ms = d->job_start_ms > 0 ? d->job_start_ms : clock_ms();
    sender_begin_at(d->sender, spool_generation(d->spool), r->offset, r->lines);
    device_move(d, PRINTER_PRINTING, "a person has said so");
    spool_fill(d->spool);
    r->words.offered = false;
    r->words.moved = false;
    r->words.state = PRINTER_PRINTING;
    device_recover_journal(d, r->offset, r->lines, &r->words, NULL);
    device_notice(d, "the print of \"%.60s\" goes on", d->run.file_name);
}

void device_offer_done(struct device *d, uint32_t tag)
{
    struct device_recovery *r = &d->recovery;
    if (tag == TAG_HEATED && r->phase == RECOVER_HEAT) {
        r->words.moved = true; /* durable before the first move */
        device_remember(d);
        device_recover_journal(d, r->offset, r->lines, &r->words, on_moved_saved);
    } else if (tag == TAG_RESTORED && r->phase == RECOVER_MOVE) {
        go_on(d);
    }
}

/* ---- the answer ---- */

static int may_go_on(const struct device *d, struct err *e)
{
    if (device_state(d) != PRINTER_RECOVERING || !d->wire.attached) {
        return device_refuse_offline(d, e);
    }
    if (d->who.identity_doubt) {
        return err_set(e, PP_EREFUSED,
            "another printer or port than the one that was printing: connect that one, or answer "
            "no");
    }
    if (d->profile == NULL) {
        return err_set(e, PP_EREFUSED,
            "without a profile it is not known whether X and Y can be homed beside the print: "
            "start "
            "the host with --profile, or answer no");
    }
    if (why_not_here(d) != NULL) { /* it has become one meanwhile */
        return err_set(
            e, PP_EREFUSED, "profile \"%s\": %s; answer no", d->profile->id, why_not_here(d));
    }
    if (d->profile->limits.round) {
        return err_set(e, PP_EREFUSED,
            "profile \"%s\" has a round bed: such a printer cannot home X and Y alone; answer no",
            d->profile->id);
    }
    return 0;
}

static int start(struct device *d, struct err *e)
{
    struct device_recovery *r = &d->recovery;
    struct gcode_modal modal;
    int rc = may_go_on(d, e);
    rc = rc == 0 ? spool_modal(r->spool, r->offset, &modal, e) : rc;
    if (rc < 0) {
        return rc;
    }
    r->phase = RECOVER_HEAT;
    heat(d, &modal, false);
    heat(d, &modal, true);
    device_inject(d, "M105", TAG_HEATED);
    return 0;
}

int device_recover(struct device *d, struct err *e)
{
    if (!device_asks(d, "recover")) {
        return err_set(e, PP_ESTATE, "no print waits to be continued");
    }
    int rc = start(d, e);
    if (rc == 0) {
        device_unask(d, "recover");
    }
    return rc;
}

/* The question is closed by then: it is asked anew when it could not be done. */
void device_recover_answered(struct device *d, size_t answer)
{
    struct err e;
    struct gcode_modal modal;
    struct device_recovery *r = &d->recovery;
    if (answer != 0) {
        device_offer_end(d, "a person has ended it");
    } else if (start(d, &e) < 0) {
        device_notice(d, "the print does not go on yet: %s", e.text);
        if (spool_modal(r->spool, r->offset, &modal, NULL) == 0) {
            ask(d, &modal);
        }
    }
}
