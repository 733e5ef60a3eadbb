/* What is kept for going on: written while a print lasts, found again by the next process.
 *
 * device_remember() puts it into the ring file at every change of state, which outlives the
 * process; the journal in the database gets it every two seconds, which outlives a power cut too.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/io/ports.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what is kept ---- */

static void fill_words(const struct device *d, struct device_words *w)
{
    enum printer_state state = device_state(d);
    if (device_self_paused(d) && d->self.by != WAIT_ACTION) {
        state = PRINTER_PRINTING; /* the printer says once more that it waits */
    }
    *w = (struct device_words){.state = state,
        .bed_taken = d->bed_taken,
        .script_begun = d->script_begun,
        .parked = d->parked,
        .parks = d->self.parks,
        .by_itself = d->self.by == WAIT_ACTION,
        .pause_extruded = d->pause_extruded,
        .passed_offset = d->passed_offset,
        .job_wall_ms = d->job_wall_ms,
        .max_command = d->max_command,
        .result = d->end_result,
        .fault = d->run.fault,
        .baud = d->who.baud};
    memcpy(w->run_id, d->run.id, sizeof w->run_id);
    memcpy(w->reason, d->run.reason, sizeof w->reason);
    memcpy(w->target_mc, d->temps.target_mc, sizeof w->target_mc);
    memcpy(w->reheat_mc, d->heat.reheat_mc, sizeof w->reheat_mc);
    snprintf(w->dialect, sizeof w->dialect, "%s", d->who.dialect->name);
    memcpy(w->port, d->row.port_identity, sizeof w->port);
    memcpy(w->uuid, d->who.uuid, sizeof w->uuid);
    memcpy(w->firmware, d->who.firmware, sizeof w->firmware);
}

/* The run as it is, or as it was when it was cut off. */
const struct device_words *device_recover_words(struct device *d)
{
    if (d->recovery.phase == RECOVER_NONE) {
        fill_words(d, &d->recovery.words);
    }
    return &d->recovery.words;
}

void device_remember(struct device *d)
{
    char text[DEVICE_WORDS + 1];
    size_t len = 0;
    if (d->run.id[0] == '\0' && d->runs_ending > 0) {
        return; /* not yet in the history: whoever comes after us ends it once more */
    }
    if (d->run.id[0] != '\0' && !d->sd.printing) { /* the card's goes on without us */
        len = device_words_format(device_recover_words(d), text);
    }
    sender_remember(d->sender, text, len);
}

static void on_journal_saved(void *context, const struct err *e)
{
    struct device *d = context;
    d->recovery.journal_busy = false;
    if (e != NULL) {
        log_error("the journal could not be written: %s", e->text);
    }
    device_stored(d);
}

void device_recover_journal(struct device *d, uint64_t offset, uint64_t lines,
    const struct device_words *words, store_cb done)
{
    struct journal_row row = {.acked_offset = offset, .lines = lines, .wall_ms = clock_wall_ms()};
    memcpy(row.run_id, d->run.id, sizeof row.run_id);
    device_words_format(words, row.words);
    d->recovery.journal_ms = clock_ms();
    d->recovery.journal_offset = offset;
    d->recovery.journal_state = words->state;
    d->recovery.journal_busy = d->recovery.journal_busy || done == NULL;
    d->open++;
    store_save_journal(d->store, &row, done != NULL ? done : on_journal_saved, d);
}

/* ---- at the start ---- */

static bool port_is_same(const struct device *d)
{
    char stable[sizeof d->recovery.words.port];
    ports_stable_name(d->path, stable, sizeof stable);
    return strcmp(stable, d->recovery.words.port) == 0;
}

static bool read_words(struct device *d, const struct run *run, const void *bytes, size_t len)
{
    struct err e;
    struct device_words *w = &d->recovery.words;
    if (device_words_parse(w, bytes, len, &e) < 0) {
        if (len > 0) {
            log_warn("%s", e.text);
        }
        return false;
    }
    return strcmp(w->run_id, run->id) == 0;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A question was open, or its yes was being carried out. */
static void find_offered(struct device_recovery *r)
{
    r->phase = RECOVER_OFFER;
    r->offset = r->words.offset;
    r->lines = r->words.lines;
    snprintf(r->why, sizeof r->why, "it was cut off before this program was started");
}

/* Memory that the one before us left. */
static bool find_in_ring(struct device *d, const struct run *run)
{
    struct sender_past past;
    struct device_recovery *r = &d->recovery;
    if (!sender_past(d->sender, &past) || !read_words(d, run, past.words, past.words_len)) {
        return false;
    }
    r->since_ms = clock_ms() - past.away_ms;
    if (r->words.offered) {
        find_offered(r);
        return true;
    }
    bool soon = past.away_ms < (uint64_t)d->resume_within_ms;
    bool same = port_is_same(d);
    r->lines = past.job_lines;
    r->job_active = past.job_active;
    r->phase = soon && same && device_recover_may_adopt(d) ? RECOVER_REOPEN : RECOVER_OFFER;
    r->offset = larger(
        r->phase == RECOVER_REOPEN ? past.job_taken : past.job_acked, r->words.passed_offset);
    snprintf(r->why, sizeof r->why, "%s",
        !soon   ? "the host was away for too long"
        : !same ? "this is another port than before"
                : "this firmware cannot be asked which line it expects");
    return true;
}

static bool find_in_journal(struct device *d, const struct run *run)
{
    struct journal_row row;
    struct err e;
    struct device_recovery *r = &d->recovery;
    if (store_load_journal(d->store, &row, &e) < 0) {
        log_warn("%s", e.text);
        return false;
    }
    if (strcmp(row.run_id, run->id) != 0 || !read_words(d, run, row.words, strlen(row.words))) {
        return false;
    }
    r->phase = RECOVER_OFFER;
    r->offset = larger(row.acked_offset, r->words.passed_offset);
    r->lines = row.lines;
    r->since_ms = clock_ms();
    snprintf(r->why, sizeof r->why, "the host was switched off, or away for too long");
    return true;
}

static void take_over(struct device *d, const struct run *run, const struct file_entry *file)
{
    struct device_recovery *r = &d->recovery;
    const struct device_words *w = &r->words;
    int64_t ago = clock_wall_ms() - w->job_wall_ms;
    d->run = *run;
    memcpy(d->run.reason, w->reason, sizeof d->run.reason);
    d->run.fault = w->fault;
    d->analysis = file->analysis;
    d->analysis.bytes = file->row.size_bytes;
    device_pin(d);
    d->bed_taken = w->bed_taken;
    d->row.bed = w->bed_taken ? BED_OCCUPIED : d->row.bed;
    d->end_result = w->result;
    d->job_wall_ms = w->job_wall_ms;
    d->max_command = w->max_command;
    d->job_start_ms = w->job_wall_ms > 0 && ago > 0 ? clock_ms() - (uint64_t)ago : 0;
    device_cool_owe(d); /* unless it goes on */
    log_info("the print of \"%s\" was cut off at byte %" PRIu64, d->run.file_name, r->offset);
}

void device_recover_begin(struct device *d)
{
    if (d->recovery.phase == RECOVER_REOPEN) {
        device_recover_load(d, device_recover_loaded);
    } else if (d->recovery.phase == RECOVER_OFFER) {
        device_offer(d);
    }
}

int device_recover_open(struct device *d, struct err *e)
{
    struct run run;
    size_t interrupted;
    const struct file_entry *file = NULL;
    int rc = store_load_open_run(d->store, &run, e);
    if (rc == 0 && run.id[0] != '\0') {
        file = device_content(d, run.file_name, run.sha256);
        bool found = file != NULL && (find_in_ring(d, &run) || find_in_journal(d, &run));
        file = found ? file : NULL;
    }
    const char *keep = file != NULL ? run.id : "";
    rc = rc == 0 ? store_interrupt_runs(d->store, keep, clock_wall_ms(), &interrupted, e) : rc;
    if (rc == 0 && interrupted > 0) {
        device_cool_owe(d);
        d->row.bed = d->row.bed == BED_CLEAR ? BED_UNKNOWN : d->row.bed;
        log_warn("the last print was interrupted: the heaters are turned off on connecting; "
                 "clear the bed and say so (ppctl confirm)");
    }
    if (rc == 0 && file != NULL) {
        take_over(d, &run, file);
    }
    return rc;
}
