/* What the driver wants of the queue, and what prints come to.
 *
 * In order, each on the disk before the next: BEGIN with the id of the run; the run in the history
 * (the device); its end there; FINISH. Whatever instant the host dies at, the next start finds the
 * claim with its run and counts exactly what the history says.
 */
#include "host/app/queue/manage_priv.h"

#include "host/base/clock.h"
#include "host/base/id.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE_MS 10000 /* between two tries to write a result */
#define REFUSED_MS                                                                                 \
    15000                /* before a job that another has, or nobody agreed upon, is tried again   \
                          */
#define UNFIT_MS 3600000 /* and one whose file is no good here */

/* A command of this printer about the work given. */
struct queue_command manage_command(
    const struct manage *m, enum queue_verb verb, const struct manage_work *w)
{
    struct queue_command c = {.verb = verb, .revision = -1};
    memcpy(c.job, w->job, sizeof c.job);
    memcpy(c.set, w->set, sizeof c.set);
    snprintf(c.printer, sizeof c.printer, "%s", manage_printer_in(m, w->queue));
    snprintf(c.actor, sizeof c.actor, "%s", m->name);
    snprintf(c.profile, sizeof c.profile, "%s", m->o.profile != NULL ? m->o.profile->id : "");
    return c;
}

static void remember_error(struct manage *m, const struct err *e)
{
    snprintf(m->error, sizeof m->error, "%s", e->text);
    log_warn("%s", e->text);
}

/* ---- claim -------------------------------------------------------------------------------------
 */

const struct queue_claim *manage_own_claim(
    const struct manage *m, const char *queue, const struct queue_job *job)
{
    const char *printer = manage_printer_in(m, queue);
    for (size_t i = 0; job != NULL && i < job->claims_count; i++) {
        if (queue_same_printer(job->claims[i].printer, printer)) {
            return &job->claims[i];
        }
    }
    return NULL;
}

static const struct queue_claim *own_claim(const struct manage *m, const struct manage_work *w)
{
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, w->queue);
    return queue != NULL ? manage_own_claim(m, w->queue, queue_find(queue->queue, w->job)) : NULL;
}

static void on_released(void *context, const struct queue_result *result)
{
    struct manage *m = context;
    if (result->err.code != 0 && result->err.code != PP_ENOTFOUND) {
        log_warn("a job could not be given back: %s", result->err.text);
    }
    manage_let_go(m);
}

void manage_give_back(struct manage *m, const struct manage_work *w)
{
    struct queue_command c = manage_command(m, QUEUE_RELEASE, w);
    const struct queue_claim *claim = own_claim(m, w);
    if (claim != NULL && claim->run[0] == '\0') { /* else its result is not written yet */
        m->open++;
        jobs_do(m->o.jobs, w->queue, &c, on_released, m);
    }
}

void manage_do_claim(struct manage *m)
{
    if (strcmp(m->current.job, m->work.job) != 0) {
        manage_give_back(m, &m->current);
    }
    m->ahead.job[0] = '\0'; /* it is this one, or something else comes first */
    m->current = m->work;
    m->error[0] = '\0';
}

void manage_do_release(struct manage *m)
{
    manage_give_back(m, &m->current);
}

/* ---- prepare -----------------------------------------------------------------------------------
 */

/* `pass_ms`: of a network queue the job is passed over for so long, and others are looked at. */
void manage_cannot_prepare(struct manage *m, const struct err *e, int64_t pass_ms)
{
    remember_error(m, e);
    if (manage_is_network(m, m->current.queue)) {
        manage_pass_over(m, m->current.job, pass_ms, e->text);
    }
    manage_post(m, DRIVER_PREPARE_FAILED);
}

static void have_history(struct manage *m)
{
    struct err e;
    const struct manage_work *w = &m->current;
    if (device_check_print(m->o.device, w->path, w->sha256, &e) < 0) {
        manage_cannot_prepare(m, &e, UNFIT_MS);
    } else {
        manage_post(m, DRIVER_PREPARED);
    }
}

void manage_content_is_here(struct manage *m)
{
    manage_load_history(m, have_history);
}

static void have_claim(struct manage *m)
{
    m->agreeing = false;
    if (manage_is_network(m, m->current.queue)) {
        manage_get_content(m, &m->current, false);
    } else {
        manage_content_is_here(m);
    }
}

struct claiming {
    struct manage *manage;
    unsigned prepare;
};

static void on_claimed(void *context, const struct queue_result *result)
{
    struct claiming *c = context;
    struct manage *m = c->manage;
    bool stale = m->closing || c->prepare != m->prepare;
    free(c);
    if (!stale && result->err.code != 0) {
        m->agreeing = false;
        manage_cannot_prepare(m, &result->err, REFUSED_MS);
    } else if (!stale) {
        have_claim(m);
    }
    manage_let_go(m);
}

/* The claim is on the disk, or waits for nothing where it is held already. One of a network queue
 * is agreed upon first. */
void manage_do_prepare(struct manage *m)
{
    m->prepare++;
    m->agreeing = false;
    if (own_claim(m, &m->current) != NULL) {
        have_claim(m);
        return;
    }
    if (manage_is_network(m, m->current.queue)) {
        m->agreeing = true;
        manage_ask_claim(m, &m->current, false);
        return;
    }
    struct queue_command c = manage_command(m, QUEUE_CLAIM, &m->current);
    struct claiming *claiming = mem_alloc(sizeof *claiming);
    *claiming = (struct claiming){m, m->prepare};
    m->open++;
    jobs_do(m->o.jobs, m->current.queue, &c, on_claimed, claiming);
}

void manage_is_claimed(struct manage *m, const struct err *e)
{
    if (e != NULL) {
        m->agreeing = false;
        manage_cannot_prepare(m, e, REFUSED_MS);
    } else {
        have_claim(m);
    }
}

/* ---- print -------------------------------------------------------------------------------------
 */

/* What has begun in the queue and nowhere else. */
static void take_back(struct manage *m)
{
    struct manage_finish f = {
        .asked = true, .told = DRIVER_PRINT_REFUSED, .not_told = DRIVER_PRINT_REFUSED};
    memcpy(f.queue, m->current.queue, sizeof f.queue);
    memcpy(f.job, m->current.job, sizeof f.job);
    memcpy(f.run.id, m->run, sizeof f.run.id);
    memcpy(f.run.set_id, m->current.set, sizeof f.run.set_id);
    memcpy(f.run.file_name, m->current.path, sizeof f.run.file_name);
    m->run[0] = '\0';
    manage_finish(m, &f, false);
}

static void fill_origin(const struct manage *m, struct device_origin *o)
{
    const struct manage_work *w = &m->current;
    const char *loaded = spools_loaded(m->o.spools, 0);
    *o = (struct device_origin){.run_id = ""};
    memcpy(o->run_id, m->run, sizeof o->run_id);
    memcpy(o->queue, w->queue, sizeof o->queue);
    memcpy(o->job_id, w->job, sizeof o->job_id);
    memcpy(o->job_name, w->job_name, sizeof o->job_name);
    memcpy(o->set_id, w->set, sizeof o->set_id);
    memcpy(o->sha256, w->sha256, sizeof o->sha256);
    snprintf(o->material, sizeof o->material, "%s", loaded[0] != '\0' ? loaded : w->materials[0]);
}

static void on_begun(void *context, const struct queue_result *result)
{
    struct manage *m = context;
    struct device_origin origin;
    struct err e;
    bool stopped = driver_state(&m->driver) == DRIVER_INACTIVE;
    m->begin_out = false;
    fill_origin(m, &origin);
    if (m->closing) { /* found again at the next start: no such run in the history */
        manage_let_go(m);
        return;
    }
    if (result->err.code != 0) {
        remember_error(m, &result->err);
        if (manage_is_network(m, m->current.queue)) {
            manage_pass_over(m, m->current.job, REFUSED_MS, result->err.text);
        }
        m->run[0] = '\0';
        manage_post(m, DRIVER_PRINT_REFUSED);
    } else if (stopped) {
        take_back(m);
    } else if (device_print_run(m->o.device, m->current.path, &origin, &e) < 0) {
        remember_error(m, &e);
        take_back(m);
    }
    manage_let_go(m);
}

void manage_do_print(struct manage *m)
{
    struct queue_command c = manage_command(m, QUEUE_BEGIN, &m->current);
    manage_stop_asides(m);
    m->accepted_set[0] = '\0'; /* for this print */
    id_new(m->run, clock_wall_ms());
    memcpy(c.run, m->run, sizeof c.run);
    m->begin_out = true;
    m->open++;
    jobs_do(m->o.jobs, m->current.queue, &c, on_begun, m);
}

/* ---- the run -----------------------------------------------------------------------------------
 */

/* Of a print that is none of the queue nobody waits for the result. */
static void use_spools(struct manage *m, const struct run *run)
{
    const struct file_entry *file = files_find_content(m->o.files, run->sha256);
    int64_t used_um[QUEUE_TOOLS_MAX] = {0};
    if (run->used_um <= 0) {
        return;
    }
    if (file == NULL || !file->analysed || run->filament_um <= 0) {
        used_um[0] = run->used_um;
    } else {
        double part = (double)run->used_um / (double)run->filament_um;
        for (size_t i = 0; i < QUEUE_TOOLS_MAX && i < ANALYSIS_TOOLS; i++) {
            used_um[i] = (int64_t)((double)file->analysis.filament_um[i] * part);
        }
    }
    spools_use(m->o.spools, used_um);
}

static void run_ended(struct manage *m, const struct run *run)
{
    static const enum driver_event events[] = {
        [RUN_OPEN] = DRIVER_PRINT_FAILED,
        [RUN_SUCCESS] = DRIVER_PRINT_DONE,
        [RUN_FAILURE] = DRIVER_PRINT_FAILED,
        [RUN_CANCELLED] = DRIVER_PRINT_CANCELLED,
        [RUN_ABORTED] = DRIVER_PRINT_FAILED,
        [RUN_INTERRUPTED] = DRIVER_PRINT_FAILED,
    };
    m->open_run = (struct run){0};
    m->paused = false;
    m->ended_ms = clock_ms();
    m->fault = m->fault || run->fault;
    m->run[0] = '\0';
    if (run->result != RUN_SUCCESS) {
        snprintf(m->error, sizeof m->error, "%s", run->reason);
    }
    if (run->queue[0] == '\0') {
        use_spools(m, run);
    }
    manage_post_run(m, events[run->result], run);
}

void manage_on_run(struct manage *m, const struct run *run)
{
    if (run->result != RUN_OPEN) {
        run_ended(m, run);
        return;
    }
    m->open_run = *run;
    m->paused = false;
    m->dead_ms = m->ended_ms > 0 ? (int64_t)(clock_ms() - m->ended_ms) : -1;
    manage_post_run(m, DRIVER_PRINT_BEGUN, run);
}

/* After a restart in the middle of it, or when managing begins beside it. */
void manage_do_adopt(struct manage *m)
{
    const struct run *run = &m->open_run;
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, run->queue);
    const struct queue_job *job = queue != NULL ? queue_find(queue->queue, run->job_id) : NULL;
    const struct queue_set *set = job != NULL ? queue_job_set(job, run->set_id) : NULL;
    struct manage_work *w = &m->current;
    *w = (struct manage_work){.job = ""};
    if (run->queue[0] == '\0') {
        return;
    }
    memcpy(w->queue, run->queue, sizeof w->queue);
    memcpy(w->job, run->job_id, sizeof w->job);
    memcpy(w->set, run->set_id, sizeof w->set);
    memcpy(w->job_name, run->job_name, sizeof w->job_name);
    memcpy(w->path, run->file_name, sizeof w->path);
    memcpy(w->sha256, run->sha256, sizeof w->sha256);
    if (set != NULL) {
        memcpy(w->filament_um, set->filament_um, sizeof w->filament_um);
    }
    memcpy(m->run, run->id, sizeof m->run);
}

/* ---- its result --------------------------------------------------------------------------------
 */

struct finishing {
    struct manage *manage;
    struct manage_finish finish;
    bool at_start;
};

/* It is written again as long as this program runs; after that the next start finds it. */
static void keep_late(struct manage *m, const struct manage_finish *f)
{
    m->late = mem_resize(m->late, m->late_count + 1, sizeof *m->late);
    m->late[m->late_count] = *f;
    m->late[m->late_count++].asked = false;
    if (!m->closing) {
        uv_timer_start(&m->again, manage_write_late, LATE_MS, 0);
    }
}

static void on_finished(void *context, const struct queue_result *result)
{
    struct finishing *f = context;
    struct manage *m = f->manage;
    bool failed = result->err.code != 0;
    if (failed) {
        log_error("the result of \"%s\" could not be written: %s", f->finish.run.file_name,
            result->err.text);
        snprintf(m->error, sizeof m->error, "%s", result->err.text);
        keep_late(m, &f->finish);
    } else if (!result->repeated) {
        use_spools(m, &f->finish.run);
    }
    if (f->finish.asked && !m->closing) {
        manage_post(m, failed ? f->finish.not_told : f->finish.told);
    } else if (!failed && !m->closing) {
        struct manage_work w = {.job = ""};
        memcpy(w.queue, f->finish.queue, sizeof w.queue);
        memcpy(w.job, f->finish.job, sizeof w.job);
        manage_give_back(m, &w); /* the driver does not know that it is held */
    }
    m->starting -= f->at_start;
    manage_look(m);
    free(f);
    manage_let_go(m);
}

static void tell_print(struct queue_print *p, const struct run *run)
{
    if (run->result == RUN_OPEN) {
        return;
    }
    snprintf(p->result, sizeof p->result, "%s", run_result_name(run->result));
    str_copy(p->reason, sizeof p->reason, run->reason, strlen(run->reason));
    str_copy(p->material, sizeof p->material, run->material, strlen(run->material));
    p->took_ms = run->end_ms > run->start_ms ? run->end_ms - run->start_ms : 0;
    p->used_um = run->used_um > 0 ? run->used_um : 0;
}

void manage_finish(struct manage *m, const struct manage_finish *what, bool at_start)
{
    struct finishing *f = mem_alloc(sizeof *f);
    struct manage_work w = {.job = ""};
    memcpy(w.queue, what->queue, sizeof w.queue);
    struct queue_command c = manage_command(m, QUEUE_FINISH, &w);
    *f = (struct finishing){.manage = m, .finish = *what, .at_start = at_start};
    memcpy(c.job, what->job, sizeof c.job);
    memcpy(c.set, what->run.set_id, sizeof c.set);
    memcpy(c.run, what->run.id, sizeof c.run);
    c.success = what->success;
    tell_print(&c.print, &what->run);
    m->starting += at_start;
    m->open++;
    jobs_do(m->o.jobs, what->queue, &c, on_finished, f);
}

void manage_do_finish(struct manage *m, bool success)
{
    struct manage_finish f = {.run = m->ended,
        .success = success,
        .asked = true,
        .told = DRIVER_COUNTED,
        .not_told = DRIVER_COUNT_FAILED};
    memcpy(f.queue, m->ended.queue, sizeof f.queue);
    memcpy(f.job, m->ended.job_id, sizeof f.job);
    manage_finish(m, &f, false);
}

void manage_write_late(uv_timer_t *timer)
{
    struct manage *m = timer->data;
    struct manage_finish *late = m->late;
    size_t count = m->late_count;
    m->late = NULL;
    m->late_count = 0;
    for (size_t i = 0; i < count; i++) {
        manage_finish(m, &late[i], false);
    }
    free(late);
}
