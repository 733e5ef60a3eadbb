/* The steps of a move; see network_move.c. Each may be done again, in this life or the next. */
#include "host/app/network/network_move_priv.h"

#include "host/app/files.h"
#include "host/app/queue/package.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 3000
#define WAIT_MS  60000 /* of what a person may have to look at */
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

static void advance(struct move *m)
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
static bool is_passing(int code)
{
    return code == PP_ETIMEOUT || code == PP_EOFFLINE || code == PP_ECANCELED ||
           code == PP_ENOSPC || code == PP_ELIMIT || code == PP_ESTATE;
}

/* It may be applied yet. */
static bool is_unknown(int code)
{
    return code == PP_ETIMEOUT || code == PP_EOFFLINE || code == PP_ECANCELED;
}

static bool is_there(const struct move *m, const char *queue)
{
    return jobs_queue_find(m->w->o.jobs, queue) != NULL;
}

static bool is_joined(const struct move *m, const char *queue)
{
    const struct jobs_queue *q = jobs_queue_find(m->w->o.jobs, queue);
    return q != NULL && q->queue != NULL;
}

/* Finished, or removed by a person. */
static bool is_in_archive(const struct move *m, const char *queue)
{
    const struct queue_job *job = move_job_of(m, queue);
    return job != NULL && job->archived_ms != 0;
}

static void no_job(const struct move *m, struct err *e)
{
    err_set(e, PP_ENOTFOUND, "the job is not in \"%s\" any more", m->from);
}

/* ---- commands -----------------------------------------------------------------------------------
 */

/* What the queue has answered to this command of the move; NULL: nothing that is known here. */
static const struct queue_answer *answer_to(const struct move *m, const char *queue,
    enum queue_verb verb, char client[static QUEUE_WORD_MAX + 1])
{
    snprintf(client, QUEUE_WORD_MAX + 1, "move %s %s", queue_verb_name(verb), m->nonce);
    return jobs_last_answer(m->w->o.jobs, queue, client);
}

/* What was refused is asked anew; all else is the same again, and answered as before. */
static struct queue_command command(const struct move *m, const char *queue, enum queue_verb verb)
{
    struct queue_command c = {.verb = verb, .revision = -1, .sequence = 1};
    const struct queue_answer *last = answer_to(m, queue, verb, c.client);
    if (last != NULL) {
        c.sequence = last->sequence + (last->result.err.code != 0);
    }
    memcpy(c.job, m->job, sizeof c.job);
    snprintf(c.actor, sizeof c.actor, "%s", m->actor);
    snprintf(c.printer, sizeof c.printer, "%s", m->w->name);
    return c;
}

static bool was_done(const struct move *m, const char *queue, enum queue_verb verb)
{
    char client[QUEUE_WORD_MAX + 1];
    const struct queue_answer *last = answer_to(m, queue, verb, client);
    return last != NULL && last->result.err.code == 0;
}

static bool was_refused(const struct move *m, const char *queue, enum queue_verb verb)
{
    char client[QUEUE_WORD_MAX + 1];
    const struct queue_answer *last = answer_to(m, queue, verb, client);
    return last != NULL && last->result.err.code != 0;
}

static void say(struct move *m, const char *queue, struct queue_command *c, size_t n, jobs_cb done)
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
    if (is_passing(result->err.code)) {
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
static void give_up(struct move *m, const struct err *e)
{
    bool held = m->unknown && m->step == MOVE_PUT && !was_refused(m, m->to, QUEUE_SUBMIT);
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
        advance(m);
    } else if (m->unknown && is_passing(result->err.code) && !is_in_archive(m, m->from)) {
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
    struct queue_command c = command(m, m->from, QUEUE_EDIT);
    c.client[0] = '\0';
    c.sequence = 0;
    spec->moving = true;
    c.mask = QUEUE_F_MOVING;
    c.spec = spec;
    say(m, m->from, &c, 1, on_held);
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
    if (e != NULL && !is_passing(e->code) && e->code != PP_ENOTFOUND) {
        give_up(m, e);
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
    if (is_there(m, m->from) && !is_joined(m, m->from)) {
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
    advance(m);
}

static void on_offered(void *context, const struct err *e, size_t holders)
{
    struct move *m = context;
    (void)holders;
    if (e != NULL && !is_passing(e->code)) {
        give_up(m, e);
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
    advance(m);
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
    if (!m->former && (!m->unknown || was_refused(m, m->from, QUEUE_TAKE))) {
        no_job(m, &e);
        give_up(m, &e);
        return;
    }
    let_be_held(m, m->from);
    m->spec->draft = true;
    snprintf(m->to, sizeof m->to, "%s", QUEUE_LOCAL);
    advance(m);
}

static void on_taken(void *context, const struct queue_result *result)
{
    struct move *m = context;
    struct network *w = m->w;
    const struct err *e = &result->err;
    bool changed = strcmp(e->field, "state") == 0;
    m->unknown = m->unknown || is_unknown(e->code);
    if (e->code == 0) {
        advance(m);
    } else if (changed && copy_anew(m)) {
        m->unknown = false; /* that one is refused for good */
    } else if (e->code == PP_ENOTFOUND) {
        take_from_nowhere(m);
    } else if (is_passing(e->code) && !changed && !is_in_archive(m, m->from)) {
        move_again(m, AGAIN_MS);
    } else {
        give_up(m, e);
    }
    network_let_go(w);
}

/* Only what our disk has leaves: the queue compares. */
static void take(struct move *m)
{
    struct queue_command c = command(m, m->from, QUEUE_TAKE);
    queue_job_state(m->spec, c.state);
    say(m, m->from, &c, 1, on_taken);
}

static void on_spec_saved(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL) {
        give_up(m, e);
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
    } else if (is_there(m, m->from) && !is_joined(m, m->from)) {
        move_again(m, AGAIN_MS);
    } else if (!copy_anew(m)) {
        struct err e = {0};
        no_job(m, &e);
        give_up(m, &e);
    }
}

/* ---- NAME: what came from others gets names here ------------------------------------------------
 */

static void on_named(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL && e->code != PP_EEXIST) {
        network_note(w, m->from, true, e->text); /* it is printed by its content all the same */
    }
    m->file += e == NULL || e->code != PP_EEXIST;
    move_run(m);
    network_let_go(w);
}

static bool is_named(const struct move *m, const char *name, const char *sha256)
{
    const struct file_entry *f = files_find(m->w->o.files, name);
    return f != NULL && strcmp(f->row.sha256, sha256) == 0;
}

static void wanted_name(const struct move *m, const struct queue_set *set, char out[static 201])
{
    char folder[128];
    const char *slash = strrchr(set->path, '/');
    package_folder(jobs_title(m->spec), folder, sizeof folder);
    snprintf(out, 201, "%.120s/%.70s", folder, slash != NULL ? slash + 1 : set->path);
}

/* True when there is nothing to be done for it. */
static bool name_one(struct move *m, struct queue_set *set)
{
    char wanted[201];
    char free_name[201];
    if (set->sha256 == NULL || is_named(m, set->path, set->sha256)) {
        return true;
    }
    wanted_name(m, set, wanted);
    bool same = is_named(m, wanted, set->sha256);
    if (same) {
        snprintf(free_name, sizeof free_name, "%s", wanted);
    } else {
        files_free_name(m->w->o.files, wanted, free_name, sizeof free_name);
    }
    free(set->path);
    set->path = mem_strdup(free_name);
    if (!same) {
        m->w->open++;
        files_give(m->w->o.files, set->sha256, free_name, on_named, m);
    }
    return same;
}

static void name(struct move *m)
{
    for (; m->file < m->spec->sets_count; m->file++) {
        if (!name_one(m, &m->spec->sets[m->file])) {
            return;
        }
    }
    advance(m);
}

/* ---- PUT, LET_GO --------------------------------------------------------------------------------
 */

static void on_rerouted(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL) {
        move_again(m, AGAIN_MS); /* what the disk has says otherwise */
    } else {
        m->step = MOVE_NAME;
        m->file = 0;
        move_run(m);
    }
    network_let_go(w);
}

/* The place it was to go to does not want it. */
static void put_somewhere(struct move *m, const struct err *e)
{
    char text[500];
    bool gone = m->unknown && !was_refused(m, m->to, QUEUE_SUBMIT);
    snprintf(text, sizeof text, "a job that was to go to \"%s\" is in the local queue%s: %.300s",
        m->to, gone ? ", held (it may have arrived)" : "", e->text);
    network_note(m->w, m->from, true, text);
    m->spec->draft = m->spec->draft || gone;
    m->unknown = false;
    snprintf(m->to, sizeof m->to, "%s", QUEUE_LOCAL);
    m->after[0] = '\0';
    move_save(m, on_rerouted);
}

/* What could it be? It must not be lost. */
static void wait_for_person(struct move *m, const struct err *e)
{
    if (!m->told) {
        network_note(m->w, m->from, true, e->text);
    }
    m->told = true;
    move_again(m, WAIT_MS);
}

static void refused(struct move *m, const struct err *e)
{
    if (e->code == PP_ENOTFOUND && m->after[0] != '\0' && is_there(m, m->to)) {
        m->after[0] = '\0'; /* the job it was to follow has gone */
        move_run(m);
    } else if (move_is_local(m->from)) {
        give_up(m, e);
    } else if (move_is_local(m->to)) {
        wait_for_person(m, e);
    } else {
        put_somewhere(m, e);
    }
}

static void on_put(void *context, const struct queue_result *result)
{
    struct move *m = context;
    struct network *w = m->w;
    m->unknown = m->unknown || is_unknown(result->err.code);
    bool there = result->err.code == PP_EEXIST && m->unknown; /* by us, long ago */
    if (result->err.code == 0 || there) {
        advance(m);
    } else if (is_passing(result->err.code) && result->err.code != PP_ELIMIT) {
        move_again(m, AGAIN_MS);
    } else {
        refused(m, &result->err);
    }
    network_let_go(w);
}

static void put(struct move *m)
{
    const struct queue_job *job = m->spec != NULL ? m->spec : move_job_of(m, m->from);
    if (was_done(m, m->to, QUEUE_SUBMIT)) { /* maybe by a former life of this host */
        advance(m);
        return;
    }
    if (job == NULL || (m->spec == NULL && is_in_archive(m, m->from))) {
        struct err e = {0};
        no_job(m, &e);
        move_end(m, &e);
        return;
    }
    struct queue_job *spec = jobs_copy_spec(job);
    struct queue_command c = command(m, m->to, QUEUE_SUBMIT);
    spec->moving = false;
    c.spec = spec;
    memcpy(c.after, m->after, sizeof c.after);
    say(m, m->to, &c, 1, on_put);
    queue_job_free(spec);
}

static void on_let_go(void *context, const struct queue_result *result)
{
    struct move *m = context;
    struct network *w = m->w;
    bool removed = is_in_archive(m, m->from); /* by a person, meanwhile */
    if (result->err.code == 0 || result->err.code == PP_ENOTFOUND || removed) {
        advance(m);
    } else {
        move_again(m, AGAIN_MS);
    }
    network_let_go(w);
}

static void let_go(struct move *m)
{
    struct queue_command c = command(m, m->from, QUEUE_TAKE);
    say(m, m->from, &c, 1, on_let_go);
}

void (*const move_steps[MOVE_STEPS])(struct move *) = {
    hold, fetch, offer, prepare_take, name, put, let_go};
