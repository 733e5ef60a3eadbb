#include "host/app/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/io/ports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL_MS 2000
#define SAME_MC    1000 /* targets are told rounded */

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
        .baud = d->baud};
    memcpy(w->run_id, d->run.id, sizeof w->run_id);
    memcpy(w->reason, d->run.reason, sizeof w->reason);
    memcpy(w->target_mc, d->temps.target_mc, sizeof w->target_mc);
    memcpy(w->reheat_mc, d->heat.reheat_mc, sizeof w->reheat_mc);
    snprintf(w->dialect, sizeof w->dialect, "%s", d->dialect->name);
    memcpy(w->port, d->row.port_identity, sizeof w->port);
    memcpy(w->uuid, d->uuid, sizeof w->uuid);
    memcpy(w->firmware, d->firmware, sizeof w->firmware);
}

/* The run as it is, or as it was when it was cut off. */
static const struct device_words *present_words(struct device *d)
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
        len = device_words_format(present_words(d), text);
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

/* ---- cut off ---- */

static void on_loaded(void *context, const struct err *e);

static void drop_spool(struct device *d)
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
    drop_spool(d);
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
    present_words(d);
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
static void give_up(struct device *d, const char *why)
{
    device_recover_cut(d, why);
    device_fail(d, PRINTER_OFFLINE, "%s", why);
    if (d->attached) {
        device_link_drop(d, true);
    } else {
        device_link_retry(d);
    }
}

/* The firmware is the one it was; M115 is asked later. */
static bool may_adopt(struct device *d)
{
    memcpy(d->firmware, d->recovery.words.firmware, sizeof d->firmware);
    device_choose_dialect(d);
    return d->dialect->probe == PROBE_GAP;
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
    present_words(d);
    if (!may_adopt(d)) {
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
    d->retry_ms = 0;
    device_notice(d, "%s: %s; the print goes on when the printer is back within %lld s", d->path,
        why, (long long)(d->resume_within_ms / 1000));
    snprintf(d->error, sizeof d->error, "%.120s: %.120s", d->path, why);
    device_move(d, PRINTER_RECOVERING, why);
    if (r->spool == NULL) {
        device_recover_load(d, on_loaded);
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
        give_up(d, "the printer was away for too long");
    } else if (disk_hangs(d, now_ms)) {
        give_up(d, "the print's file could not be read again in time");
    } else if (has_gone_on(d) && !r->journal_busy && now_ms - r->journal_ms >= JOURNAL_MS) {
        device_recover_journal(d, atomic_load(&stats->job_offset), atomic_load(&stats->job_lines),
            present_words(d), NULL);
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
    d->baud = r->words.baud;
    device_thermal_reset(d);
    device_stream_options(d, &options);
    d->retry_ms = 0;
    r->phase = RECOVER_ADOPT;
    r->checked = false;
    r->card = false;
    r->done = 0;
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
    d->uuid[0] = '\0';
    d->firmware[0] = '\0';
    for (size_t i = 0; i < TEMP_HEATERS; i++) {
        d->temps.target_mc[i] = TEMP_NONE;
    }
    device_inject(d, "M115", TAG_NONE);
    device_sd_look(d); /* somebody may have begun a print there */
    device_inject(d, "M105", (enum device_tag)r->check_tag);
}

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
    if (strcmp(w->uuid, d->uuid) != 0 || strcmp(w->firmware, d->firmware) != 0) {
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
    device_inject(d, d->dialect->job_timer ? "M77" : "M105", TAG_CANCELLED);
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
    if (d->dialect->job_timer) {
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
        give_up(d, why);
    }
}

static void on_loaded(void *context, const struct err *e)
{
    struct device *d = context;
    if (d->recovery.phase == RECOVER_NONE || d->closing) {
        return;
    }
    if (e != NULL) {
        give_up(d, e->text);
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

void device_recover_ended(struct device *d)
{
    device_unask(d, "recover");
    drop_spool(d);
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
    drop_spool(d);
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
    drop_spool(d);
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
    r->phase = soon && same && may_adopt(d) ? RECOVER_REOPEN : RECOVER_OFFER;
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
    d->analysis = file->analysis;
    d->analysis.bytes = file->row.size_bytes;
    files_pin(d->files, d->run.file_name);
    d->bed_taken = w->bed_taken;
    d->row.bed = w->bed_taken ? BED_OCCUPIED : d->row.bed;
    d->end_result = w->result;
    d->job_wall_ms = w->job_wall_ms;
    d->max_command = w->max_command;
    d->job_start_ms = w->job_wall_ms > 0 && ago > 0 ? clock_ms() - (uint64_t)ago : 0;
    device_cool_owe(d); /* unless it goes on */
    log_info("the print of %s was cut off at byte %" PRIu64, d->run.file_name, r->offset);
}

void device_recover_begin(struct device *d)
{
    if (d->recovery.phase == RECOVER_REOPEN) {
        device_recover_load(d, on_loaded);
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
        file = files_find(d->files, run.file_name);
        bool same = file != NULL && strcmp(file->row.sha256, run.sha256) == 0;
        bool found = same && (find_in_ring(d, &run) || find_in_journal(d, &run));
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
