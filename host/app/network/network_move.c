/* Jobs that move to another queue: across two databases, in steps of which each may be done again.
 *
 *   local → network   HOLD (no printing meanwhile), OFFER its files to peers, PUT, LET_GO here
 *   network → local   FETCH its files, TAKE it out (with what it is, on our disk before), NAME, PUT
 *   network → network FETCH, OFFER, TAKE, PUT
 *
 * A move is a document in the store from before its first step until after its last, so a host that
 * is killed anywhere goes on. Until the job is taken out, or put in, a mistake ends the move with
 * everything as it was; after that it is tried again until it is done.
 */
#include "host/app/network/network_priv.h"

#include "host/app/files.h"
#include "host/app/queue/package.h"
#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/file_kind.h"
#include "host/io/store_queue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 3000
#define OFFER_MS (10 * 60 * 1000)

enum step {
    STEP_HOLD,
    STEP_FETCH,
    STEP_OFFER,
    STEP_TAKE,
    STEP_NAME,
    STEP_PUT,
    STEP_LET_GO,
    STEPS
};

static const char *const step_names[STEPS] = {
    "hold", "fetch", "offer", "take", "name", "put", "let_go"};

struct move {
    struct network *w;
    struct move *next;
    char job[ID_SIZE];
    char from[QUEUE_NAME_MAX + 1];
    char to[QUEUE_NAME_MAX + 1];
    char after[ID_SIZE];
    char actor[QUEUE_WORD_MAX + 1];
    int64_t sequence; /* of its commands: a command sent again is answered as before */
    enum step step;
    size_t file;            /* within FETCH, OFFER, NAME */
    struct queue_job *spec; /* owned; from TAKE on what it is, before NULL */
    int64_t again_ms;       /* the step is tried (again) then; 0 = something is under way */
    bool dead;              /* ended; freed by the tick */
    jobs_cb done;           /* may be NULL */
    void *context;
};

static bool is_local(const char *queue)
{
    return strcmp(queue, QUEUE_LOCAL) == 0;
}

/* ---- the document -------------------------------------------------------------------------------
 */

static char *write_move(const struct move *m)
{
    json_t *spec = m->spec != NULL ? queue_job_to_json(m->spec) : json_null();
    json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "from", m->from, "to", m->to, "after",
        m->after, "actor", m->actor, "sequence", (json_int_t)m->sequence, "spec", spec);
    char *text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    return text;
}

static void save(struct move *m, bool there, store_cb done, void *context)
{
    struct store_changes *c = store_changes_new();
    store_changes_add(c, STORE_MOVES, "", m->job, there ? write_move(m) : NULL);
    store_save_changes(m->w->o.store, c, done, context);
}

/* ---- going on -----------------------------------------------------------------------------------
 */

static void run(struct move *m);

static void again(struct move *m, int64_t after_ms)
{
    m->again_ms = (int64_t)clock_ms() + after_ms;
    m->again_ms = m->again_ms > 0 ? m->again_ms : 1;
}

static void finish(struct move *m, const struct err *e)
{
    struct queue_result result = {.err = {0}};
    if (e != NULL) {
        result.err = *e;
    }
    memcpy(result.job, m->job, sizeof result.job);
    m->dead = true;
    save(m, false, NULL, NULL);
    if (m->done != NULL) {
        m->done(m->context, &result);
    }
}

static enum step next_step(const struct move *m)
{
    bool from_local = is_local(m->from);
    bool to_local = is_local(m->to);
    switch (m->step) {
    case STEP_HOLD:
        return STEP_OFFER;
    case STEP_FETCH:
        return to_local ? STEP_TAKE : STEP_OFFER;
    case STEP_OFFER:
        return from_local ? STEP_PUT : STEP_TAKE;
    case STEP_TAKE:
        return to_local ? STEP_NAME : STEP_PUT;
    case STEP_NAME:
        return STEP_PUT;
    case STEP_PUT:
        return from_local ? STEP_LET_GO : STEPS;
    case STEP_LET_GO:
    case STEPS:
        break;
    }
    return STEPS;
}

static void advance(struct move *m)
{
    m->step = next_step(m);
    m->file = 0;
    if (m->step == STEPS) {
        finish(m, NULL);
    } else {
        run(m);
    }
}

/* Nothing has left its place yet: it stays. */
static void give_up(struct move *m, const struct err *e)
{
    if (is_local(m->from)) {
        struct queue_job *spec = queue_job_new();
        struct queue_command c = {
            .verb = QUEUE_EDIT, .revision = -1, .mask = QUEUE_F_MOVING, .spec = spec};
        memcpy(c.job, m->job, sizeof c.job);
        jobs_do(m->w->o.jobs, m->from, &c, NULL, NULL);
        queue_job_free(spec);
    }
    finish(m, e);
}

/* An outcome that is not known, or a network that is away: later. */
static bool is_passing(int code)
{
    return code == PP_ETIMEOUT || code == PP_EOFFLINE || code == PP_ECANCELED ||
           code == PP_ENOSPC || code == PP_ELIMIT || code == PP_ESTATE;
}

static const struct queue_job *job_of(const struct move *m, const char *queue)
{
    const struct jobs_queue *q = jobs_queue_find(m->w->o.jobs, queue);
    return q != NULL && q->queue != NULL ? queue_find(q->queue, m->job) : NULL;
}

static struct queue_command command(const struct move *m, enum queue_verb verb)
{
    struct queue_command c = {.verb = verb, .revision = -1, .sequence = m->sequence};
    memcpy(c.job, m->job, sizeof c.job);
    snprintf(c.client, sizeof c.client, "move %s %s", queue_verb_name(verb), m->job);
    snprintf(c.actor, sizeof c.actor, "%s", m->actor);
    snprintf(c.printer, sizeof c.printer, "%s", m->w->name);
    return c;
}

/* ---- HOLD ---------------------------------------------------------------------------------------
 */

static void on_held(void *context, const struct queue_result *result)
{
    struct move *m = context;
    if (result->err.code != 0) {
        finish(m, &result->err);
    } else {
        advance(m);
    }
}

static void hold(struct move *m)
{
    struct queue_job *spec = queue_job_new();
    struct queue_command c = command(m, QUEUE_EDIT);
    spec->moving = true;
    c.mask = QUEUE_F_MOVING;
    c.spec = spec;
    jobs_do(m->w->o.jobs, m->from, &c, on_held, m);
    queue_job_free(spec);
}

/* ---- FETCH, OFFER -------------------------------------------------------------------------------
 */

static const struct queue_set *file_of(const struct move *m)
{
    const struct queue_job *job = m->spec != NULL ? m->spec : job_of(m, m->from);
    return job != NULL && m->file < job->sets_count ? &job->sets[m->file] : NULL;
}

static void on_fetched(void *context, const struct err *e)
{
    struct move *m = context;
    if (e != NULL && !is_passing(e->code) && e->code != PP_ENOTFOUND) {
        give_up(m, e);
    } else if (e != NULL) {
        again(m, AGAIN_MS);
    } else {
        m->file++;
        run(m);
    }
}

static void fetch(struct move *m)
{
    const struct queue_set *set = file_of(m);
    if (set == NULL) {
        advance(m);
    } else if (set->sha256 == NULL || files_find_content(m->w->o.files, set->sha256) != NULL) {
        m->file++;
        fetch(m);
    } else {
        network_fetch(m->w, m->from, set->sha256, set->size_bytes, on_fetched, m);
    }
}

static void on_offered(void *context, const struct err *e, size_t holders)
{
    struct move *m = context;
    (void)holders;
    if (e != NULL && !is_passing(e->code)) {
        give_up(m, e);
    } else if (e != NULL) {
        again(m, AGAIN_MS);
    } else {
        m->file++;
        run(m);
    }
}

static void offer(struct move *m)
{
    const struct queue_set *set = file_of(m);
    const struct jobs_queue *q = jobs_queue_find(m->w->o.jobs, m->to);
    if (set == NULL) {
        advance(m);
    } else if (q == NULL || set->sha256 == NULL) {
        m->file++;
        offer(m);
    } else {
        size_t replicas = q->shared.replicas > 0 ? (size_t)q->shared.replicas : 1;
        net_offer(m->w->net, m->to, set->sha256, replicas, OFFER_MS, on_offered, m);
    }
}

/* ---- TAKE: it leaves a network queue ------------------------------------------------------------
 */

static void on_taken(void *context, const struct queue_result *result)
{
    struct move *m = context;
    if (result->err.code == 0) {
        advance(m);
    } else if (is_passing(result->err.code)) {
        again(m, AGAIN_MS);
    } else {
        give_up(m, &result->err);
    }
}

static void take(struct move *m)
{
    struct queue_command c = command(m, QUEUE_TAKE);
    c.revision = m->spec->revision;
    jobs_do(m->w->o.jobs, m->from, &c, on_taken, m);
}

static void on_spec_saved(void *context, const struct err *e)
{
    struct move *m = context;
    if (e != NULL) {
        give_up(m, e);
    } else {
        take(m);
    }
}

/* What it is must be on our disk before it is nowhere else. */
static void prepare_take(struct move *m)
{
    const struct queue_job *job = job_of(m, m->from);
    if (m->spec != NULL) {
        take(m);
        return;
    }
    if (job == NULL) {
        struct err e = {0};
        err_set(&e, PP_ENOTFOUND, "the job is not in \"%s\" any more", m->from);
        give_up(m, &e);
        return;
    }
    m->spec = queue_job_copy(job);
    save(m, true, on_spec_saved, m);
}

/* ---- NAME: what came from others gets names here ------------------------------------------------
 */

static void on_named(void *context, const struct err *e)
{
    struct move *m = context;
    if (e != NULL && e->code != PP_EEXIST) {
        network_note(m->w, m->from, true, e->text); /* it is printed by its content all the same */
        m->file++;
    } else if (e == NULL) {
        m->file++;
    }
    run(m);
}

/* The file has this very name and content here already. */
static bool has_name(const struct move *m, const struct queue_set *set)
{
    const struct file_entry *f = files_find(m->w->o.files, set->path);
    return f != NULL && set->sha256 != NULL && strcmp(f->row.sha256, set->sha256) == 0;
}

static void wanted_name(const struct move *m, const struct queue_set *set, char out[static 201])
{
    char folder[128];
    const char *slash = strrchr(set->path, '/');
    package_folder(jobs_title(m->spec), folder, sizeof folder);
    snprintf(out, 201, "%.120s/%.70s", folder, slash != NULL ? slash + 1 : set->path);
}

static void name(struct move *m)
{
    char wanted[201];
    char free_name[201];
    if (m->file >= m->spec->sets_count) {
        advance(m);
        return;
    }
    struct queue_set *set = &m->spec->sets[m->file];
    if (set->sha256 == NULL || has_name(m, set)) {
        m->file++;
        name(m);
        return;
    }
    wanted_name(m, set, wanted);
    const struct file_entry *there = files_find(m->w->o.files, wanted);
    bool same = there != NULL && strcmp(there->row.sha256, set->sha256) == 0;
    if (same) {
        snprintf(free_name, sizeof free_name, "%s", wanted);
    } else {
        files_free_name(m->w->o.files, wanted, free_name, sizeof free_name);
    }
    free(set->path);
    set->path = mem_strdup(free_name);
    if (same) {
        m->file++;
        name(m);
    } else {
        files_give(m->w->o.files, set->sha256, free_name, on_named, m);
    }
}

/* ---- PUT, LET_GO --------------------------------------------------------------------------------
 */

static void put_somewhere(struct move *m, const struct err *e);

static void on_put(void *context, const struct queue_result *result)
{
    struct move *m = context;
    if (result->err.code == 0 || result->err.code == PP_EEXIST) {
        advance(m);
    } else if (is_passing(result->err.code)) {
        again(m, AGAIN_MS);
    } else {
        put_somewhere(m, &result->err);
    }
}

/* The place it was to go to does not want it. */
static void put_somewhere(struct move *m, const struct err *e)
{
    if (is_local(m->from)) {
        give_up(m, e);
        return;
    }
    if (is_local(m->to)) { /* what could it be? it must not be lost */
        network_note(m->w, m->from, true, e->text);
        again(m, AGAIN_MS * 20);
        return;
    }
    char text[400];
    snprintf(text, sizeof text, "a job that was to go to \"%s\" is in the local queue: %s", m->to,
        e->text);
    network_note(m->w, m->from, true, text);
    snprintf(m->to, sizeof m->to, "%s", QUEUE_LOCAL);
    m->after[0] = '\0';
    m->step = STEP_NAME;
    m->file = 0;
    run(m);
}

static void put(struct move *m)
{
    const struct queue_job *job = m->spec != NULL ? m->spec : job_of(m, m->from);
    if (job == NULL) {
        struct err e = {0};
        err_set(&e, PP_ENOTFOUND, "the job is not in \"%s\" any more", m->from);
        finish(m, &e);
        return;
    }
    if (job_of(m, m->to) != NULL) { /* put by a former life of this host */
        advance(m);
        return;
    }
    struct queue_job *spec = jobs_copy_spec(job);
    struct queue_command c = command(m, QUEUE_SUBMIT);
    spec->moving = false;
    c.spec = spec;
    memcpy(c.after, m->after, sizeof c.after);
    jobs_do(m->w->o.jobs, m->to, &c, on_put, m);
    queue_job_free(spec);
}

static void on_let_go(void *context, const struct queue_result *result)
{
    struct move *m = context;
    if (result->err.code == 0 || result->err.code == PP_ENOTFOUND) {
        advance(m);
    } else {
        again(m, AGAIN_MS);
    }
}

static void let_go(struct move *m)
{
    struct queue_command c = command(m, QUEUE_TAKE);
    jobs_do(m->w->o.jobs, m->from, &c, on_let_go, m);
}

static void run(struct move *m)
{
    static void (*const steps[STEPS])(struct move *) = {
        hold, fetch, offer, prepare_take, name, put, let_go};
    m->again_ms = 0;
    if (!m->w->closing) {
        steps[m->step](m);
    }
}

/* ---- beginning ----------------------------------------------------------------------------------
 */

static struct move *move_new(struct network *w, const char *job, const char *from, const char *to)
{
    struct move *m = mem_alloc(sizeof *m);
    m->w = w;
    m->sequence = clock_wall_ms();
    str_copy(m->job, sizeof m->job, job, strlen(job));
    str_copy(m->from, sizeof m->from, from, strlen(from));
    str_copy(m->to, sizeof m->to, to, strlen(to));
    m->step = is_local(from) ? STEP_HOLD : STEP_FETCH;
    m->next = w->moves;
    w->moves = m;
    return m;
}

static void on_saved(void *context, const struct err *e)
{
    struct move *m = context;
    if (e != NULL) {
        finish(m, e);
    } else {
        run(m);
    }
}

static int check_job(const struct queue_job *job, struct err *e)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        const struct queue_set *s = &job->sets[i];
        char field[32];
        snprintf(field, sizeof field, "sets[%zu]", i);
        if (s->sha256 == NULL) {
            return err_field(
                e, PP_EREFUSED, field, "the content of \"%.80s\" is not known", s->path);
        }
        if (!s->model && (s->profiles == NULL || s->profiles[0] == NULL)) {
            return err_field(e, PP_EINVAL, field,
                "\"%.80s\" names no profile: in a network queue each set must say which printers "
                "it was sliced for",
                s->path);
        }
    }
    return 0;
}

static int check_move(
    struct network *w, const char *from, const char *job_id, const char *to, struct err *e)
{
    const struct jobs_queue *source = jobs_queue_find(w->o.jobs, from);
    const struct jobs_queue *target = jobs_queue_find(w->o.jobs, to);
    const struct queue_job *job =
        source != NULL && source->queue != NULL ? queue_find(source->queue, job_id) : NULL;
    if (job == NULL || job->archived_ms != 0) {
        return err_set(e, PP_ENOTFOUND, "there is no such job in \"%s\"", from);
    }
    if (target == NULL) {
        return err_field(e, PP_ENOTFOUND, "queue", "there is no queue \"%s\"", to);
    }
    if (target->queue == NULL) {
        return err_field(e, PP_ESTATE, "queue", "queue \"%s\" is not enabled", to);
    }
    for (const struct move *m = w->moves; m != NULL; m = m->next) {
        if (!m->dead && strcmp(m->job, job_id) == 0) {
            return err_set(e, PP_EBUSY, "that job is on its way to \"%s\" already", m->to);
        }
    }
    if (is_local(to)) {
        return 0;
    }
    int rc = check_job(job, e);
    return rc != 0 ? rc : (network_somebody_fits(w, to, job, e) ? 0 : -e->code);
}

void network_move(struct network *w, const char *from, const char *job, const char *to,
    const char *after, const char *actor, jobs_cb done, void *context)
{
    struct queue_result result = {.err = {0}};
    if (check_move(w, from, job, to, &result.err) != 0) {
        done(context, &result);
        return;
    }
    struct move *m = move_new(w, job, from, to);
    str_copy(m->after, sizeof m->after, after, strlen(after));
    str_copy(m->actor, sizeof m->actor, actor, strlen(actor));
    m->done = done;
    m->context = context;
    save(m, true, on_saved, m);
}

/* ---- time, the start, the end -------------------------------------------------------------------
 */

static void sweep(struct network *w)
{
    for (struct move **at = &w->moves; *at != NULL;) {
        struct move *m = *at;
        if (m->dead) {
            *at = m->next;
            queue_job_free(m->spec);
            free(m);
        } else {
            at = &m->next;
        }
    }
}

void network_moves_tick(struct network *w)
{
    int64_t now = (int64_t)clock_ms();
    for (struct move *m = w->moves; m != NULL; m = m->next) {
        if (!m->dead && m->again_ms != 0 && now >= m->again_ms) {
            run(m);
        }
    }
    sweep(w);
}

static void on_row(void *context, const char *queue, const char *job, const char *text)
{
    struct network *w = context;
    const char *from;
    const char *to;
    const char *after;
    const char *actor;
    json_int_t sequence;
    json_t *spec;
    (void)queue;
    json_t *doc = json_loads(text, 0, NULL);
    if (json_unpack(doc, "{s:s, s:s, s:s, s:s, s:I, s:o}", "from", &from, "to", &to, "after",
            &after, "actor", &actor, "sequence", &sequence, "spec", &spec) != 0) {
        network_note(w, "", true, "a job's move between queues cannot be read and is left out");
        json_decref(doc);
        return;
    }
    struct move *m = move_new(w, job, from, to);
    str_copy(m->after, sizeof m->after, after, strlen(after));
    str_copy(m->actor, sizeof m->actor, actor, strlen(actor));
    m->sequence = sequence;
    if (json_is_object(spec) && queue_job_from_json(spec, &m->spec, NULL) == 0) {
        m->step = STEP_TAKE; /* sent again it is answered as before */
    }
    again(m, AGAIN_MS); /* its queues are being joined */
    json_decref(doc);
}

static bool is_on_its_way(const struct network *w, const char *job)
{
    const struct move *m = w->moves;
    while (m != NULL && strcmp(m->job, job) != 0) {
        m = m->next;
    }
    return m != NULL;
}

/* One that was made for another queue, and then the host died before its first step: whoever made
 * it was told nothing. It is kept, as a draft. */
static void hold_stranded(struct network *w, const struct queue_job *job)
{
    struct queue_job *spec = queue_job_new();
    struct queue_command c[2] = {
        {.verb = QUEUE_EDIT, .revision = -1, .mask = QUEUE_F_MOVING, .spec = spec},
        {.verb = QUEUE_EDIT, .revision = -1, .mask = QUEUE_F_DRAFT, .spec = spec}};
    memcpy(c[0].job, job->id, sizeof c[0].job);
    memcpy(c[1].job, job->id, sizeof c[1].job);
    spec->draft = true;
    jobs_do_all(w->o.jobs, QUEUE_LOCAL, c, 2, NULL, NULL);
    queue_job_free(spec);
}

int network_moves_load(struct network *w, struct err *e)
{
    int rc = store_load_docs(w->o.store, STORE_MOVES, on_row, w, e);
    const struct jobs_queue *local = jobs_queue_find(w->o.jobs, QUEUE_LOCAL);
    const struct queue_job *job = queue_first(local->queue);
    for (; rc == 0 && job != NULL; job = queue_after(local->queue, job)) {
        if (job->moving && !is_on_its_way(w, job->id)) {
            hold_stranded(w, job);
        }
    }
    return rc;
}

void network_moves_close(struct network *w)
{
    for (struct move *m = w->moves; m != NULL; m = m->next) {
        m->dead = true;
    }
    sweep(w);
}

json_t *network_moves(const struct network *w)
{
    json_t *out = json_array();
    for (const struct move *m = w->moves; m != NULL; m = m->next) {
        struct net_progress p = {.size_bytes = -1};
        const struct queue_set *set = m->dead ? NULL : file_of(m);
        if (m->dead) {
            continue;
        }
        if (set != NULL && set->sha256 != NULL) {
            net_fetch_progress(m->w->net, set->sha256, &p);
        }
        json_array_append_new(
            out, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "job", m->job, "from", m->from, "to",
                     m->to, "step", step_names[m->step], "done_bytes", (json_int_t)p.done_bytes,
                     "size_bytes", (json_int_t)p.size_bytes));
    }
    return out;
}
