/* What is true at the moment of an event. */
#include "host/app/queue/manage_priv.h"

#include "host/base/clock.h"
#include "host/base/str.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define QUIET_LOOK_MS (10 * 60 * 1000) /* somebody may set the clock meanwhile */

/* ---- work --------------------------------------------------------------------------------------
 */

bool manage_is_network(const struct manage *m, const char *queue)
{
    const struct jobs_queue *q = jobs_queue_find(m->o.jobs, queue);
    return q != NULL && strcmp(q->kind, "local") != 0;
}

const char *manage_printer_in(const struct manage *m, const char *queue)
{
    return manage_is_network(m, queue) ? jobs_queue_find(m->o.jobs, queue)->printer : m->name;
}

/* A name that stands for something else by now is no loss: the content counts. What other hosts of
 * its queue have is brought here before it is printed. */
bool manage_can_print(const struct manage *m, const char *queue, const struct queue_set *set)
{
    if (set->model || set->sha256 == NULL || manage_quarantined(m, set->sha256) != NULL) {
        return false;
    }
    const struct file_entry *file = files_find_content(m->o.files, set->sha256);
    struct err e;
    if (file == NULL) {
        return m->fetch != NULL && manage_is_network(m, queue);
    }
    return file->analysed && device_fits(m->o.device, file, &e) == 0;
}

/* ---- who looks for it --------------------------------------------------------------------------
 */

static bool has_file(void *context, const struct queue_set *set)
{
    const struct manage_seeker *s = context;
    return manage_can_print(s->manage, s->printer.queue, set);
}

static bool skips(void *context, const struct queue_job *job)
{
    struct manage_seeker *s = context;
    struct manage *m = s->manage;
    char why[8];
    if ((s->only[0] != '\0' && strcmp(job->id, s->only) != 0) || strcmp(job->id, s->except) == 0) {
        return true;
    }
    return (s->only[0] == '\0' && manage_skips(m, job)) ||
           manage_refuses(m, s->printer.queue, job, why, sizeof why, s->asks ? &m->stranger : NULL);
}

void manage_seek(struct manage *m, struct manage_seeker *out)
{
    *out = (struct manage_seeker){.manage = m, .only = "", .except = ""};
    out->printer = (struct queue_printer){.name = m->name,
        .queue = QUEUE_LOCAL,
        .profile = m->o.profile != NULL ? m->o.profile->id : "",
        .has_file = has_file,
        .skips = skips,
        .any_material = !m->settings.material_check,
        .context = out};
    for (unsigned i = 0; i < QUEUE_TOOLS_MAX; i++) {
        out->printer.loaded[i] = spools_loaded(m->o.spools, i);
    }
}

static void copy_work(struct manage_work *out, const char *queue, const struct queue_next *next)
{
    const struct queue_set *set = next->set;
    *out = (struct manage_work){.block = next->block, .tool = next->tool};
    str_copy(out->queue, sizeof out->queue, queue, strlen(queue));
    memcpy(out->job, next->job->id, sizeof out->job);
    memcpy(out->set, set->id, sizeof out->set);
    snprintf(
        out->job_name, sizeof out->job_name, "%s", next->job->name != NULL ? next->job->name : "");
    snprintf(out->path, sizeof out->path, "%s", set->path);
    snprintf(out->sha256, sizeof out->sha256, "%s", set->sha256 != NULL ? set->sha256 : "");
    memcpy(out->filament_um, set->filament_um, sizeof out->filament_um);
    out->size_bytes = set->size_bytes;
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        snprintf(out->materials[i], sizeof out->materials[i], "%s",
            set->materials[i] != NULL ? set->materials[i] : "");
    }
    if (next->block == QUEUE_NO_MATERIAL && next->tool < QUEUE_TOOLS_MAX) {
        memcpy(out->wanted, out->materials[next->tool], sizeof out->wanted);
    }
}

/* Exactly one job is wanted, whatever else would come first, and from whichever queue. */
static void find_once(struct manage_seeker *s, struct manage_work *out)
{
    struct manage *m = s->manage;
    const struct queue_job *job;
    const struct jobs_queue *queue;
    struct queue_next next = {0};
    if (jobs_find(m->o.jobs, m->once_job, &job, &queue, NULL) < 0 || queue->queue == NULL) {
        return;
    }
    s->only = m->once_job;
    s->printer.queue = queue->name;
    s->printer.name = manage_printer_in(m, queue->name);
    queue_next(queue->queue, &s->printer, false, &next);
    if (next.job != NULL) {
        copy_work(out, queue->name, &next);
    }
}

void manage_seek_work(struct manage_seeker *s, struct manage_work *out)
{
    struct jobs_work found = {.queue = ""};
    *out = (struct manage_work){.job = ""};
    jobs_next(s->manage->o.jobs, &s->printer, &found);
    if (found.next.job != NULL) {
        copy_work(out, found.queue, &found.next);
    }
}

/* A spool that will not last is like a material that is not there, until a person says otherwise.
 */
static void check_spools(const struct manage *m, struct manage_work *w)
{
    bool accepted = strcmp(m->accepted_set, w->set) == 0;
    if (w->job[0] == '\0' || w->block != QUEUE_READY || accepted || !m->settings.material_check) {
        return;
    }
    if (spools_enough(m->o.spools, w->filament_um, m->settings.warn_grams * 1000, w->short_of,
            sizeof w->short_of)) {
        w->short_of[0] = '\0';
    }
}

void manage_find_work(struct manage *m, struct manage_work *out)
{
    struct manage_seeker seeker;
    manage_seek(m, &seeker);
    *out = (struct manage_work){.job = ""};
    m->stranger.peer[0] = '\0';
    seeker.asks = true;
    if (m->once_job[0] != '\0') {
        find_once(&seeker, out);
    } else {
        manage_seek_work(&seeker, out);
    }
    check_spools(m, out);
}

void manage_next(struct manage *m, struct manage_next *out)
{
    struct manage_work work;
    manage_find_work(m, &work);
    *out = (struct manage_next){.blocked = work.block != QUEUE_READY || work.short_of[0] != '\0'};
    memcpy(out->job, work.job, sizeof out->job);
    snprintf(out->short_of, sizeof out->short_of, "%s", work.short_of);
}

static bool is_loaded(const struct manage *m, const struct queue_set *set)
{
    for (unsigned i = 0; m->settings.material_check && i < QUEUE_TOOLS_MAX; i++) {
        if (!queue_material_fits(set->materials[i], spools_loaded(m->o.spools, i))) {
            return false;
        }
    }
    return true;
}

/* Of a network queue: neither passed over for now, nor another's by now. */
static bool is_ours(
    const struct manage *m, const struct manage_work *w, const struct queue_job *job)
{
    return manage_passed(m, w->job) == NULL && jobs_may_begin(m->o.jobs, w->queue, NULL) &&
           (m->agreeing || manage_own_claim(m, w->queue, job) != NULL);
}

/* What was claimed is still to be printed, as it was then, and still can be. */
static bool is_wanted(const struct manage *m)
{
    const struct manage_work *w = &m->current;
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, w->queue);
    const struct queue_job *job = queue != NULL ? queue_find(queue->queue, w->job) : NULL;
    if (job == NULL || job->archived_ms != 0 || job->draft || job->moving || job->remaining == 0) {
        return false;
    }
    const struct queue_set *set = queue_job_set(job, w->set);
    if (manage_is_network(m, w->queue) && !is_ours(m, w, job)) {
        return false;
    }
    return set != NULL && queue_set_pending(job, set) > 0 && set->sha256 != NULL &&
           strcmp(set->sha256, w->sha256) == 0 && manage_quarantined(m, w->sha256) == NULL &&
           is_loaded(m, set);
}

/* ---- time --------------------------------------------------------------------------------------
 */

/* The next time of day `minute`; a day with a change of the clocks has 23 or 25 hours. */
static time_t next_time(const struct tm *now, int minute)
{
    struct tm then = *now;
    then.tm_hour = minute / 60;
    then.tm_min = minute % 60;
    then.tm_sec = 0;
    then.tm_mday += now->tm_hour * 60 + now->tm_min >= minute;
    then.tm_isdst = -1;
    return mktime(&then);
}

/* *left_ms: until they end, where they are. */
bool manage_is_quiet(const struct manage *m, int64_t wall_ms, int64_t *left_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    int from = m->settings.quiet_from_min;
    int to = m->settings.quiet_to_min;
    if (from == to || localtime_r(&seconds, &local) == NULL) {
        return false;
    }
    int now = local.tm_hour * 60 + local.tm_min;
    bool quiet = from < to ? now >= from && now < to : now >= from || now < to;
    *left_ms = (int64_t)next_time(&local, to) * 1000 - wall_ms;
    return quiet;
}

/* ---- the printer -------------------------------------------------------------------------------
 */

static int32_t bed_temperature(const struct device_status *st)
{
    for (size_t i = 0; i < st->heaters; i++) {
        if (strcmp(st->heater[i].name, "bed") == 0) {
            return st->heater[i].actual_mc;
        }
    }
    return INT32_MIN;
}

static void printer_facts(
    const struct manage *m, const struct device_status *st, struct driver_facts *f)
{
    bool connected = printer_is_connected(st->state);
    f->printing = st->job.run_id[0] != '\0';
    f->ready = st->state == PRINTER_OPERATIONAL && !f->printing && st->script[0] == '\0' &&
               m->script == NULL && st->waiting_for[0] == '\0';
    f->down = !f->printing && !connected;
    f->away = f->printing && (!connected || st->state == PRINTER_RECOVERING);
    f->paused = st->state == PRINTER_PAUSED;
    f->bed_clear = st->bed == BED_CLEAR && !st->identity_doubt;
    f->bed_mc = bed_temperature(st);
    f->print_ms = st->job.elapsed_ms;
    f->ours =
        f->printing && m->open_run.queue[0] != '\0' && strcmp(m->open_run.id, st->job.run_id) == 0;
}

/* Of the run that the event is about, which may be over by now. */
static void run_facts(const struct run *run, struct driver_facts *f)
{
    if (run->id[0] != '\0') {
        f->ours = run->queue[0] != '\0';
        f->fault = run->fault;
        f->print_ms = run->end_ms > run->start_ms ? run->end_ms - run->start_ms : f->print_ms;
    }
}

static bool needs_person(const struct manage *m, const struct manage_work *w)
{
    const struct file_entry *file =
        w->sha256[0] != '\0' ? files_find_content(m->o.files, w->sha256) : NULL;
    return file != NULL && file->analysed && file->analysis.person_line_no > 0;
}

void manage_find_facts(struct manage *m, const struct manage_event *event)
{
    struct driver_facts *out = &m->facts;
    struct device_status st;
    int64_t left_ms = 0;
    struct manage_work *w = &m->work;
    device_status(m->o.device, &st);
    *out = (struct driver_facts){.now_ms = (int64_t)clock_ms()};
    printer_facts(m, &st, out);
    run_facts(&event->run, out);
    bool off = driver_state(&m->driver) == DRIVER_INACTIVE;
    if (event->kind != DRIVER_LOOK || (!out->printing && !off)) { /* else nobody asks */
        manage_find_work(m, w);
    }
    out->work = w->job[0] != '\0';
    out->work_blocked_file = out->work && w->block == QUEUE_NO_FILE;
    out->work_blocked_material =
        out->work && (w->block == QUEUE_NO_MATERIAL || w->short_of[0] != '\0');
    out->work_again =
        out->work && strcmp(w->job, m->current.job) == 0 && strcmp(w->set, m->current.set) == 0;
    out->still_wanted = m->current.job[0] != '\0' && is_wanted(m);
    out->needs_person = out->work && needs_person(m, w);
    out->quiet = manage_is_quiet(m, clock_wall_ms(), &left_ms);
    out->quiet_end_ms = out->now_ms + (left_ms < QUIET_LOOK_MS ? left_ms : QUIET_LOOK_MS);
    for (int i = 0; i < MOMENTS; i++) {
        const struct scripts_hook *hooks;
        out->has_script[i] = scripts_hooks(m->o.scripts, (enum driver_moment)i, &hooks) > 0;
    }
}
