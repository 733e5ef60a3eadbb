/* The steps of a move; see network_move.c. Each may be done again, in this life or the next. */
#include "host/app/network/network_move_priv.h"

#include "host/app/files.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 3000
#define OFFER_MS (10 * 60 * 1000)

static enum move_step next_step(const struct move *m)
{
    bool from_local = move_is_local(m->from);
    bool to_local = move_is_local(m->to);
    switch (m->step) {
    case MOVE_HOLD:
        return MOVE_OFFER;
    case MOVE_FETCH:
        return to_local ? MOVE_TAKE : MOVE_OFFER;
    case MOVE_OFFER:
        return from_local ? MOVE_PUT : MOVE_TAKE;
    case MOVE_TAKE:
        return to_local ? MOVE_NAME : MOVE_PUT;
    case MOVE_NAME:
        return MOVE_PUT;
    case MOVE_PUT:
        return from_local ? MOVE_LET_GO : MOVE_STEPS;
    case MOVE_LET_GO:
    case MOVE_STEPS:
        break;
    }
    return MOVE_STEPS;
}

void move_advance(struct move *m)
{
    m->step = next_step(m);
    m->file = 0;
    if (m->step == MOVE_STEPS) {
        move_end(m, NULL);
    } else {
        move_run(m);
    }
}

/* A network that is away, a disk that is full: later. */
bool move_is_passing(int code)
{
    return code == PP_ETIMEOUT || code == PP_EOFFLINE || code == PP_ECANCELED ||
           code == PP_ENOSPC || code == PP_ELIMIT || code == PP_ESTATE;
}

/* It may be applied yet. */
bool move_is_unknown(int code)
{
    return code == PP_ETIMEOUT || code == PP_EOFFLINE || code == PP_ECANCELED;
}

bool move_is_there(const struct move *m, const char *queue)
{
    return jobs_queue_find(m->w->o.jobs, queue) != NULL;
}

static bool is_joined(const struct move *m, const char *queue)
{
    const struct jobs_queue *q = jobs_queue_find(m->w->o.jobs, queue);
    return q != NULL && q->queue != NULL;
}

/* Finished, or removed by a person. */
bool move_is_in_archive(const struct move *m, const char *queue)
{
    const struct queue_job *job = move_job_of(m, queue);
    return job != NULL && job->archived_ms != 0;
}

void move_no_job(const struct move *m, struct err *e)
{
    err_set(e, PP_ENOTFOUND, "the job is not in \"%s\" any more", m->from);
}

/* ---- commands -----------------------------------------------------------------------------------
 */

static void client_name(
    const struct move *m, enum queue_verb verb, char out[static QUEUE_WORD_MAX + 1])
{
    snprintf(out, QUEUE_WORD_MAX + 1, "move %s %s", queue_verb_name(verb), m->nonce);
}

const struct queue_answer *move_answer(
    const struct move *m, const char *queue, enum queue_verb verb)
{
    char client[QUEUE_WORD_MAX + 1];
    client_name(m, verb, client);
    return jobs_last_answer(m->w->o.jobs, queue, client);
}

/* What was refused is asked anew; all else is the same again, and answered as before. */
struct queue_command move_command(const struct move *m, const char *queue, enum queue_verb verb)
{
    struct queue_command c = {.verb = verb, .revision = -1, .sequence = 1};
    const struct queue_answer *last = move_answer(m, queue, verb);
    if (last != NULL) {
        c.sequence = last->sequence + (last->result.err.code != 0);
    }
    client_name(m, verb, c.client);
    memcpy(c.job, m->job, sizeof c.job);
    snprintf(c.actor, sizeof c.actor, "%s", m->actor);
    snprintf(c.printer, sizeof c.printer, "%s", m->w->name);
    return c;
}

bool move_was_refused(const struct move *m, const char *queue, enum queue_verb verb)
{
    const struct queue_answer *last = move_answer(m, queue, verb);
    return last != NULL && last->result.err.code != 0;
}

void move_say(struct move *m, const char *queue, struct queue_command *c, size_t n, jobs_cb done)
{
    m->w->open++;
    jobs_do_all(m->w->o.jobs, queue, c, n, done, m);
}

/* ---- giving up ----------------------------------------------------------------------------------
 */

struct giving_up {
    struct move *move;
    struct err err;
};

static void on_given_up(void *context, const struct queue_result *result)
{
    struct giving_up *g = context;
    struct network *w = g->move->w;
    if (move_is_passing(result->err.code)) {
        move_again(g->move, AGAIN_MS); /* the step fails again, and then this is tried again */
    } else {
        move_end(g->move, &g->err);
    }
    free(g);
    network_let_go(w);
}

/* What is not known to be elsewhere is not printed here before a person has looked. */
static void let_be_held(struct move *m, const char *queue)
{
    char text[400];
    const struct queue_job *job = move_job_of(m, QUEUE_LOCAL);
    snprintf(text, sizeof text,
        "it could not be found out whether queue \"%.63s\" has job \"%.80s\": it is held in the "
        "local queue; look before you let it be printed",
        queue, job != NULL ? jobs_title(job) : (m->spec != NULL ? jobs_title(m->spec) : m->job));
    network_note(m->w, queue, true, text);
}

/* Nothing has left its place yet: it stays. */
void move_give_up(struct move *m, const struct err *e)
{
    bool held = m->unknown && m->step == MOVE_PUT && !move_was_refused(m, m->to, QUEUE_SUBMIT);
    if (!move_is_local(m->from) || move_job_of(m, m->from) == NULL) {
        move_end(m, e);
        return;
    }
    struct giving_up *g = mem_alloc(sizeof *g);
    struct queue_job *spec = queue_job_new();
    struct queue_command c[2] = {
        {.verb = QUEUE_EDIT, .revision = -1, .mask = QUEUE_F_MOVING, .spec = spec}};
    *g = (struct giving_up){m, *e};
    memcpy(c[0].job, m->job, sizeof c[0].job);
    snprintf(c[0].actor, sizeof c[0].actor, "%s", m->actor);
    c[1] = c[0];
    c[1].mask = QUEUE_F_DRAFT;
    spec->draft = true;
    if (held) {
        let_be_held(m, m->to);
    }
    m->w->open++;
    jobs_do_all(m->w->o.jobs, m->from, c, held ? 2 : 1, on_given_up, g);
    queue_job_free(spec);
}

/* ---- HOLD ---------------------------------------------------------------------------------------
 */

static void on_held(void *context, const struct queue_result *result)
{
    struct move *m = context;
    struct network *w = m->w;
    if (result->err.code == 0) {
        move_advance(m);
    } else if (m->unknown && move_is_passing(result->err.code) && !move_is_in_archive(m, m->from)) {
        move_again(m, AGAIN_MS);
    } else {
        move_end(m, &result->err);
    }
    network_let_go(w);
}

/* Without a name: it is said again after each start, and must hold then. */
static void hold(struct move *m)
{
    struct queue_job *spec = queue_job_new();
    struct queue_command c = move_command(m, m->from, QUEUE_EDIT);
    c.client[0] = '\0';
    c.sequence = 0;
    spec->moving = true;
    c.mask = QUEUE_F_MOVING;
    c.spec = spec;
    move_say(m, m->from, &c, 1, on_held);
    queue_job_free(spec);
}

/* ---- FETCH, OFFER -------------------------------------------------------------------------------
 */

const struct queue_set *move_file(const struct move *m)
{
    const struct queue_job *job = m->spec != NULL ? m->spec : move_job_of(m, m->from);
    return job != NULL && m->file < job->sets_count ? &job->sets[m->file] : NULL;
}

/* Who waits for content is not told when net ends: nothing is held open for it. */
static void on_fetched(void *context, const struct err *e)
{
    struct move *m = context;
    if (e != NULL && !move_is_passing(e->code) && e->code != PP_ENOTFOUND) {
        move_give_up(m, e);
    } else if (e != NULL) {
        move_again(m, AGAIN_MS);
    } else {
        m->file++;
        move_run(m);
    }
}

static void fetch(struct move *m)
{
    const struct queue_set *set;
    if (move_is_there(m, m->from) && !is_joined(m, m->from)) {
        move_again(m, AGAIN_MS);
        return;
    }
    while ((set = move_file(m)) != NULL) {
        if (set->sha256 != NULL && files_find_content(m->w->o.files, set->sha256) == NULL) {
            network_fetch(m->w, m->from, set->sha256, set->size_bytes, on_fetched, m);
            return;
        }
        m->file++;
    }
    move_advance(m);
}

static void on_offered(void *context, const struct err *e, size_t holders)
{
    struct move *m = context;
    (void)holders;
    if (e != NULL && !move_is_passing(e->code)) {
        move_give_up(m, e);
    } else if (e != NULL) {
        move_again(m, AGAIN_MS);
    } else {
        m->file++;
        move_run(m);
    }
}

static void offer(struct move *m)
{
    const struct jobs_queue *q = jobs_queue_find(m->w->o.jobs, m->to);
    const struct queue_set *set;
    while (q != NULL && (set = move_file(m)) != NULL) {
        if (set->sha256 != NULL) {
            size_t replicas = q->shared.replicas > 0 ? (size_t)q->shared.replicas : 1;
            net_offer(m->w->net, m->to, set->sha256, replicas, OFFER_MS, on_offered, m);
            return;
        }
        m->file++;
    }
    move_advance(m);
}

/* ---- TAKE: it leaves a network queue ------------------------------------------------------------
 */

static void on_spec_saved(void *context, const struct err *e);

/* Prints were counted, or somebody has edited it, since it was copied. */
static bool copy_anew(struct move *m)
{
    const struct queue_job *job = move_job_of(m, m->from);
    if (job == NULL || job->archived_ms != 0) {
        return false;
    }
    queue_job_free(m->spec);
    m->spec = queue_job_copy(job);
    move_save(m, on_spec_saved);
    return true;
}

/* It is not there any more, and it may be we who took it: better held here than lost. */
static void take_from_nowhere(struct move *m)
{
    struct err e = {0};
    if (!m->former && (!m->unknown || move_was_refused(m, m->from, QUEUE_TAKE))) {
        move_no_job(m, &e);
        move_give_up(m, &e);
        return;
    }
    let_be_held(m, m->from);
    m->spec->draft = true;
    snprintf(m->to, sizeof m->to, "%s", QUEUE_LOCAL);
    move_advance(m);
}

static void on_taken(void *context, const struct queue_result *result)
{
    struct move *m = context;
    struct network *w = m->w;
    const struct err *e = &result->err;
    bool changed = strcmp(e->field, "state") == 0;
    m->unknown = m->unknown || move_is_unknown(e->code);
    if (e->code == 0) {
        move_advance(m);
    } else if (changed && copy_anew(m)) {
        m->unknown = false; /* that one is refused for good */
    } else if (e->code == PP_ENOTFOUND) {
        take_from_nowhere(m);
    } else if (move_is_passing(e->code) && !changed && !move_is_in_archive(m, m->from)) {
        move_again(m, AGAIN_MS);
    } else {
        move_give_up(m, e);
    }
    network_let_go(w);
}

/* Only what our disk has leaves: the queue compares. */
static void take(struct move *m)
{
    struct queue_command c = move_command(m, m->from, QUEUE_TAKE);
    queue_job_state(m->spec, c.state);
    move_say(m, m->from, &c, 1, on_taken);
}

static void on_spec_saved(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL) {
        move_give_up(m, e);
    } else if (!w->closing) {
        take(m);
    }
    network_let_go(w);
}

/* What it is must be on our disk before it is nowhere else. */
static void prepare_take(struct move *m)
{
    if (m->spec != NULL) {
        take(m);
    } else if (move_is_there(m, m->from) && !is_joined(m, m->from)) {
        move_again(m, AGAIN_MS);
    } else if (!copy_anew(m)) {
        struct err e = {0};
        move_no_job(m, &e);
        move_give_up(m, &e);
    }
}

void (*const move_steps[MOVE_STEPS])(struct move *) = {
    hold, fetch, offer, prepare_take, move_name, move_put, move_let_go};
