/* Claims in network queues: agreed upon before anything begins, one for the print after the present
 * one, so that this host goes on alone, and none held that is not needed. */
#include "host/app/queue/manage_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_AGAIN_MS 15000
#define FORGET_MS      600000 /* a claim without an answer that is not there by then never was */

/* ---- jobs passed over for a while --------------------------------------------------------------
 */

const struct manage_pass *manage_passed(const struct manage *m, const char *job)
{
    uint64_t now_ms = clock_ms();
    for (size_t i = 0; i < m->passes_count; i++) {
        if (strcmp(m->passes[i].job, job) == 0 && m->passes[i].until_ms > now_ms) {
            return &m->passes[i];
        }
    }
    return NULL;
}

static void drop_pass(struct manage *m, size_t at)
{
    m->passes_count--;
    memmove(&m->passes[at], &m->passes[at + 1], (m->passes_count - at) * sizeof *m->passes);
}

static void wait_for_next(struct manage *m)
{
    uint64_t now_ms = clock_ms();
    uint64_t first_ms = UINT64_MAX;
    for (size_t i = m->passes_count; i > 0; i--) {
        if (m->passes[i - 1].until_ms <= now_ms) {
            drop_pass(m, i - 1);
        } else if (m->passes[i - 1].until_ms < first_ms) {
            first_ms = m->passes[i - 1].until_ms;
        }
    }
    if (m->passes_count > 0 && !m->closing) {
        uv_timer_start(&m->later, manage_on_later, first_ms - now_ms + 1, 0);
    }
}

void manage_on_later(uv_timer_t *timer)
{
    struct manage *m = timer->data;
    wait_for_next(m);
    manage_look(m);
}

void manage_pass_over(struct manage *m, const char *job, int64_t ms, const char *why)
{
    for (size_t i = m->passes_count; i > 0; i--) {
        if (strcmp(m->passes[i - 1].job, job) == 0) {
            drop_pass(m, i - 1);
        }
    }
    if (m->passes_count == MANAGE_PASSES) {
        drop_pass(m, 0);
    }
    struct manage_pass *p = &m->passes[m->passes_count++];
    *p = (struct manage_pass){.until_ms = clock_ms() + (uint64_t)ms};
    snprintf(p->job, sizeof p->job, "%s", job);
    snprintf(p->why, sizeof p->why, "%s", why);
    wait_for_next(m);
}

/* ---- claims asked for --------------------------------------------------------------------------
 */

static struct manage_claim *claim_of(struct manage *m, const char *job)
{
    for (size_t i = 0; i < m->claims_count; i++) {
        if (strcmp(m->claims[i].job, job) == 0) {
            return &m->claims[i];
        }
    }
    return NULL;
}

static void forget(struct manage *m, struct manage_claim *c)
{
    size_t at = (size_t)(c - m->claims);
    m->claims_count--;
    memmove(c, c + 1, (m->claims_count - at) * sizeof *c);
}

static void note(struct manage *m, const struct manage_work *w)
{
    struct manage_claim *c = claim_of(m, w->job);
    if (c == NULL) {
        if (m->claims_count == MANAGE_CLAIMS) {
            forget(m, &m->claims[0]);
        }
        c = &m->claims[m->claims_count++];
    }
    *c = (struct manage_claim){.asked_ms = clock_ms(), .out = true};
    memcpy(c->queue, w->queue, sizeof c->queue);
    memcpy(c->job, w->job, sizeof c->job);
}

struct asking {
    struct manage *manage;
    struct manage_work work;
    bool ahead;
    unsigned prepare;
};

static void ahead_answered(
    struct manage *m, const struct manage_work *w, const struct queue_result *result)
{
    if (strcmp(m->ahead.job, w->job) != 0) {
        return; /* not wanted any more: given back by manage_mind_claims() */
    }
    if (result->err.code != 0) {
        m->ahead.job[0] = '\0';
        manage_pass_over(m, w->job, AHEAD_AGAIN_MS, result->err.text);
    } else {
        manage_get_content(m, w, true);
    }
}

static void on_claim(void *context, const struct queue_result *result)
{
    struct asking *a = context;
    struct manage *m = a->manage;
    struct manage_claim *c = claim_of(m, a->work.job);
    bool unknown = result->err.code == PP_ETIMEOUT;
    if (c != NULL) {
        c->out = false;
    }
    if (c != NULL && result->err.code != 0 && !unknown) {
        forget(m, c);
    }
    if (!m->closing && a->ahead) {
        ahead_answered(m, &a->work, result);
    } else if (!m->closing && a->prepare == m->prepare) {
        manage_is_claimed(m, result->err.code != 0 ? &result->err : NULL);
    }
    manage_look(m);
    free(a);
    manage_let_go(m);
}

void manage_ask_claim(struct manage *m, const struct manage_work *w, bool ahead)
{
    struct queue_command c = manage_command(m, QUEUE_CLAIM, w);
    struct asking *a = mem_alloc(sizeof *a);
    *a = (struct asking){m, *w, ahead, m->prepare};
    note(m, w);
    m->open++;
    jobs_do(m->o.jobs, w->queue, &c, on_claim, a);
}

/* ---- one ahead ---------------------------------------------------------------------------------
 */

/* In the midst of a print of a network queue, or between it and the next. */
static bool may_look_ahead(const struct manage *m)
{
    const uint32_t with = SM_TO(DRIVER_PRINTING) | SM_TO(DRIVER_PAUSED) | SM_TO(DRIVER_RECOVERING) |
                          SM_TO(DRIVER_SUCCESS) | SM_TO(DRIVER_COOLDOWN) | SM_TO(DRIVER_CLEARING);
    return manage_is_on(m) && (SM_TO(driver_state(&m->driver)) & with) != 0 &&
           m->current.job[0] != '\0' && manage_is_network(m, m->current.queue);
}

/* What was claimed ahead is kept while a person is waited for with nobody to agree with. */
static bool may_keep_ahead(const struct manage *m)
{
    const uint32_t waits = SM_TO(DRIVER_AWAITING_BED) | SM_TO(DRIVER_AWAITING_MATERIAL);
    enum driver_state state = driver_state(&m->driver);
    if (state == DRIVER_INACTIVE || !manage_is_on(m)) {
        return false;
    }
    return (waits & SM_TO(state)) == 0 || !jobs_connected(m->o.jobs, m->ahead.queue);
}

/* So many prints of the job are left here after the one under way. */
static int64_t left_of(const struct manage *m, const struct queue_job *job)
{
    const char *profile = m->o.profile != NULL ? m->o.profile->id : "";
    int64_t left = 0;
    if (job->share) {
        const struct queue_claim *own = manage_own_claim(m, m->current.queue, job);
        left = job->remaining > (int64_t)job->claims_count; /* another copy may be had */
        for (size_t i = 0; own != NULL && own->counters != NULL && i < own->counters_count; i++) {
            left += own->counters[i].remaining;
        }
        return left - 1;
    }
    for (size_t i = 0; i < job->sets_count; i++) {
        bool fits = queue_set_fits(&job->sets[i], profile);
        left += fits ? queue_set_pending(job, &job->sets[i]) : 0;
    }
    return left - 1;
}

static bool is_last(const struct manage *m)
{
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, m->current.queue);
    const struct queue_job *job = queue != NULL ? queue_find(queue->queue, m->current.job) : NULL;
    return job == NULL || job->archived_ms != 0 || (!job->repeat && left_of(m, job) <= 0);
}

static const struct queue_claim *claim_in(const struct manage *m, const struct manage_work *w)
{
    const struct jobs_queue *queue = jobs_queue_find(m->o.jobs, w->queue);
    return queue != NULL ? manage_own_claim(m, w->queue, queue_find(queue->queue, w->job)) : NULL;
}

static void look_ahead(struct manage *m)
{
    struct manage_seeker seeker;
    struct manage_work next;
    manage_seek(m, &seeker);
    seeker.except = m->current.job;
    manage_seek_work(&seeker, &next);
    bool good =
        next.job[0] != '\0' && next.block == QUEUE_READY && manage_is_network(m, next.queue);
    if (strcmp(m->ahead.job, good ? next.job : "") == 0) {
        return;
    }
    bool held = good && claim_in(m, &next) != NULL;
    m->ahead.job[0] = '\0';
    if (good && (held || jobs_connected(m->o.jobs, next.queue))) {
        m->ahead = next;
    }
    if (m->ahead.job[0] != '\0' && !held) {
        manage_ask_claim(m, &m->ahead, true);
    } else if (m->ahead.job[0] != '\0') {
        manage_get_content(m, &m->ahead, true);
    }
}

/* ---- those not needed --------------------------------------------------------------------------
 */

static bool is_wanted(const struct manage *m, const struct manage_claim *c)
{
    bool current = (m->driver.claimed || m->driver.counting) && strcmp(m->current.job, c->job) == 0;
    return current || strcmp(m->ahead.job, c->job) == 0;
}

static void give_back(struct manage *m, const struct manage_claim *c)
{
    struct manage_work w = {.job = ""};
    memcpy(w.queue, c->queue, sizeof w.queue);
    memcpy(w.job, c->job, sizeof w.job);
    manage_give_back(m, &w);
}

static void give_back_unwanted(struct manage *m)
{
    for (size_t i = m->claims_count; i > 0; i--) {
        struct manage_claim *c = &m->claims[i - 1];
        struct manage_work w = {.job = ""};
        memcpy(w.queue, c->queue, sizeof w.queue);
        memcpy(w.job, c->job, sizeof w.job);
        const struct queue_claim *held = claim_in(m, &w);
        if (c->out || is_wanted(m, c) || (held != NULL && held->run[0] != '\0')) {
            continue;
        }
        bool over = clock_ms() - c->asked_ms > FORGET_MS;
        if (held != NULL) {
            log_info("a job of queue \"%s\" that was claimed is given back", c->queue);
            give_back(m, c);
        }
        if (held != NULL || over) {
            forget(m, c);
        }
    }
}

void manage_mind_claims(struct manage *m)
{
    if (m->closing) {
        return;
    }
    if (may_look_ahead(m)) {
        if (is_last(m)) {
            look_ahead(m);
        }
    } else if (m->ahead.job[0] != '\0' && !may_keep_ahead(m)) {
        m->ahead.job[0] = '\0';
    }
    give_back_unwanted(m);
}
