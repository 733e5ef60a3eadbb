#include "host/app/device/device_priv.h"

#include "host/base/clock.h"

#include <stdio.h>
#include <string.h>

#define JOURNAL_MS 2000

/* ---- cut off ---- */

void device_recover_unload(struct device *d)
{
    struct device_recovery *r = &d->recovery;
    if (r->spool != NULL) {
        spool_close(r->spool);
    }
    r->spool = NULL;
    r->spool_ready = false;
}

void device_recover_load(struct device *d, spool_ready_cb ready)
{
    struct device_recovery *r = &d->recovery;
    struct spool_options options;
    char path[512];
    struct err e;
    device_recover_unload(d);
    device_spool_options(d, &options, path, sizeof path);
    if (spool_open_at(&r->spool, &options, r->offset, r->words.bed_taken, ready, &e) < 0) {
        r->spool = NULL;
        ready(d, &e);
    }
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The last line of which it is known that the printer has it. */
static void last_acked(struct device *d)
{
    struct sender_past past;
    struct device_recovery *r = &d->recovery;
    sender_past(d->sender, &past);
    r->offset = larger(past.job_acked, r->words.passed_offset);
    r->lines = past.job_lines;
}

static void leave_lines(struct device *d)
{
    if (d->spool != NULL) {
        spool_close(d->spool); /* what it put into the sender's ring is of a generation that ends */
        d->spool = NULL;
    }
    d->run.resends += (int64_t)(atomic_load(&sender_stats(d->sender)->resends) - d->resends_before);
    d->resends_before = 0;
}

void device_recover_cut(struct device *d, const char *why)
{
    struct device_recovery *r = &d->recovery;
    device_recover_words(d);
    snprintf(r->why, sizeof r->why, "%s", why);
    if (r->phase == RECOVER_NONE) {
        leave_lines(d);
    }
    if (r->phase <= RECOVER_CHECK) {
        last_acked(d);
    }
    device_cool_owe(d);
    device_offer(d);
}

/* The link is made anew, by greeting; the heaters go off before all else. */
void device_recover_give_up(struct device *d, const char *why)
{
    device_recover_cut(d, why);
    device_fail(d, PRINTER_OFFLINE, "%s", why);
    if (d->wire.attached) {
        device_link_drop(d, true);
    } else {
        device_link_retry(d);
    }
}

/* The firmware is the one it was; M115 is asked later. */
bool device_recover_may_adopt(struct device *d)
{
    memcpy(d->who.firmware, d->recovery.words.firmware, sizeof d->who.firmware);
    device_choose_dialect(d);
    return d->who.dialect->probe == PROBE_GAP;
}

bool device_recover_port_gone(struct device *d, const char *why)
{
    struct device_recovery *r = &d->recovery;
    struct sender_past past;
    if (d->run.id[0] == '\0' || device_offer_open(d) || d->sd.printing) {
        return false;
    }
    device_cool_owe(d); /* until it goes on */
    if (r->phase == RECOVER_HEAT || r->phase == RECOVER_MOVE) {
        device_recover_cut(d, why);
        return false;
    }
    device_recover_words(d);
    if (!device_recover_may_adopt(d)) {
        device_recover_cut(d, "the port was lost, and this firmware cannot tell where it is");
        return false;
    }
    if (r->phase == RECOVER_NONE || r->phase == RECOVER_CHECK) {
        r->since_ms = clock_ms();
    }
    if (r->phase == RECOVER_NONE) {
        leave_lines(d);
    }
    sender_past(d->sender, &past);
    r->offset = larger(past.job_taken, r->words.passed_offset);
    r->lines = past.job_lines;
    r->job_active = past.job_active;
    r->phase = RECOVER_REOPEN;
    d->wire.retry_ms = 0;
    snprintf(d->error, sizeof d->error,
        "%.120s: %.60s; the print goes on when the printer is back within %lld s", d->path, why,
        (long long)(d->resume_within_ms / 1000));
    device_notice(d, "%s", d->error);
    device_move(d, PRINTER_RECOVERING, why);
    if (r->spool == NULL) {
        device_recover_load(d, device_recover_loaded);
    }
    return true;
}

static bool has_gone_on(const struct device *d)
{
    const struct device_recovery *r = &d->recovery;
    uint64_t offset = atomic_load(&sender_stats(d->sender)->job_offset);
    bool changed = offset != r->journal_offset || device_state(d) != r->journal_state;
    return r->phase == RECOVER_NONE && printer_has_job(device_state(d)) && d->job_wall_ms > 0 &&
           offset > 0 && changed;
}

/* The printer stands still above the part, hot, and waits for our disk alone. */
static bool disk_hangs(const struct device *d, uint64_t now_ms)
{
    const struct device_recovery *r = &d->recovery;
    return r->phase == RECOVER_CHECK && r->checked && !r->spool_ready &&
           now_ms - r->checked_ms > (uint64_t)d->resume_within_ms;
}

void device_recover_tick(struct device *d, uint64_t now_ms)
{
    struct device_recovery *r = &d->recovery;
    const struct stream_stats *stats = sender_stats(d->sender);
    if (d->run.id[0] == '\0' || d->closing) {
        return;
    }
    if (r->phase == RECOVER_REOPEN && now_ms - r->since_ms > (uint64_t)d->resume_within_ms) {
        device_recover_give_up(d, "the printer was away for too long");
    } else if (disk_hangs(d, now_ms)) {
        device_recover_give_up(d, "the print's file could not be read again in time");
    } else if (has_gone_on(d) && !r->journal_busy && now_ms - r->journal_ms >= JOURNAL_MS) {
        device_recover_journal(d, atomic_load(&stats->job_offset), atomic_load(&stats->job_lines),
            device_recover_words(d), NULL);
    }
}

/* ---- the printer is back ---- */

bool device_recover_attach(struct device *d, const struct serial *opened)
{
    struct stream_options options;
    struct device_recovery *r = &d->recovery;
    if (r->phase != RECOVER_REOPEN) {
        return false;
    }
    d->who.baud = r->words.baud;
    device_thermal_reset(d);
    device_stream_options(d, &options);
    d->wire.retry_ms = 0;
    r->phase = RECOVER_ADOPT;
    r->checked = false;
    r->card = false;
    r->done = 0;
    d->who.uuid[0] = '\0'; /* told by what the sender asks to find out where the printer is */
    d->who.firmware[0] = '\0';
    sender_reattach(d->sender, opened, r->words.baud, &options);
    device_move(d, PRINTER_RECOVERING, "port opened");
    return true;
}

/* Unlike any tag of a line that one before us has sent. */
static uint32_t new_tag(void)
{
    return (uint32_t)TAG_COUNT + 1 + ((uint32_t)clock_ns() >> 4 & 0xffffff);
}

void device_recover_adopted(struct device *d)
{
    struct device_recovery *r = &d->recovery;
    if (r->phase != RECOVER_ADOPT) {
        return;
    }
    r->phase = RECOVER_CHECK;
    r->check_tag = new_tag();
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        d->temps.target_mc[i] = TEMP_NONE;
    }
    if (d->who.firmware[0] == '\0') {
        device_inject(d, "M115", TAG_NONE);
    }
    device_sd_caps(d); /* as the answer told by which it was found where the printer is */
    device_sd_look(d); /* somebody may have begun a print there */
    device_inject(d, "M105", (enum device_tag)r->check_tag);
}

void device_recover_ended(struct device *d)
{
    device_unask(d, "recover");
    device_recover_unload(d);
    d->recovery.phase = RECOVER_NONE;
    d->recovery.cancel_asked = false;
    d->recovery.journal_offset = 0;
    d->script_begun = false;
    d->passed_offset = 0;
    d->job_wall_ms = 0;
    d->bed_taken = false;
    device_remember(d);
}

void device_recover_drop(struct device *d)
{
    device_unask(d, "recover");
    device_recover_unload(d);
    d->recovery.phase = RECOVER_NONE;
}

void device_recover_cooled(struct device *d)
{
    if (d->recovery.phase < RECOVER_OFFER) {
        device_recover_drop(d);
    }
}

void device_recover_close(struct device *d)
{
    device_recover_unload(d);
    if (d->run.id[0] == '\0') {
        sender_forget(d->sender);
    } else if (d->spool != NULL) {
        spool_close(d->spool);
        d->spool = NULL;
    }
}

bool device_recover_cancel(struct device *d, enum run_result result, const char *reason)
{
    struct device_recovery *r = &d->recovery;
    if (!device_recover_unsure(d)) {
        return false;
    }
    r->cancel_asked = r->cancel_asked || r->words.state != PRINTER_CANCELLING;
    r->words.state = PRINTER_CANCELLING;
    r->words.result = result;
    snprintf(r->words.reason, sizeof r->words.reason, "%s", reason);
    memcpy(d->run.reason, r->words.reason, sizeof d->run.reason);
    d->end_result = result;
    device_remember(d);
    device_notice(d, "the print is cancelled as soon as the printer is back");
    return true;
}

bool device_recover_unsure(const struct device *d)
{
    return d->recovery.phase >= RECOVER_REOPEN && d->recovery.phase <= RECOVER_CHECK;
}

bool device_recover_keeps(const struct device *d)
{
    return d->recovery.phase >= RECOVER_OFFER;
}

bool device_recover_blind(const struct device *d)
{
    return d->recovery.phase == RECOVER_REOPEN || d->recovery.phase == RECOVER_ADOPT;
}

bool device_recover_waits(const struct device *d)
{
    return d->recovery.phase == RECOVER_REOPEN;
}
