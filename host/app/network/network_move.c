/* Jobs that move to another queue: across two databases, in steps of which each may be done again.
 *
 *   local → network   HOLD (no printing meanwhile), OFFER its files to peers, PUT, LET_GO here
 *   network → local   FETCH its files, TAKE it out (with what it is, on our disk before), NAME, PUT
 *   network → network FETCH, OFFER, TAKE, PUT
 *
 * A move is a document in the store from before its first step until after its last, so a host that
 * is killed anywhere goes on. Until the job is taken out, or put in, a mistake ends the move with
 * everything as it was; after that it is tried again until it is done.
 *
 * Failure modes: a network that is away, a queue that is not joined, a full disk: the step is tried
 * again. A queue that is removed while it is not known whether it has taken or given the job: the
 * job is held in the local queue, and a person is told. A place that refuses the job: the local
 * queue.
 */
#include "host/app/network/network_move_priv.h"

#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/store_queue.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 3000

static const char *const step_names[MOVE_STEPS] = {
    "hold", "fetch", "offer", "take", "name", "put", "let_go"};

bool move_is_local(const char *queue)
{
    return strcmp(queue, QUEUE_LOCAL) == 0;
}

const struct queue_job *move_job_of(const struct move *m, const char *queue)
{
    const struct jobs_queue *q = jobs_queue_find(m->w->o.jobs, queue);
    return q != NULL && q->queue != NULL ? queue_find(q->queue, m->job) : NULL;
}

/* ---- the document -------------------------------------------------------------------------------
 */

static char *write_move(const struct move *m)
{
    json_t *spec = m->spec != NULL ? queue_job_to_json(m->spec) : json_null();
    json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "from", m->from, "to", m->to, "after",
        m->after, "actor", m->actor, "nonce", m->nonce, "spec", spec);
    char *text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    return text;
}

static void save(struct move *m, bool there, store_cb done)
{
    struct store_changes *c = store_changes_new();
    store_changes_add(c, STORE_MOVES, "", m->job, there ? write_move(m) : NULL);
    m->w->open++;
    store_save_changes(m->w->o.store, c, done, m);
}

void move_save(struct move *m, store_cb done)
{
    save(m, true, done);
}

/* ---- going on -----------------------------------------------------------------------------------
 */

void move_again(struct move *m, int64_t after_ms)
{
    m->again_ms = (int64_t)clock_ms() + after_ms;
    m->again_ms = m->again_ms > 0 ? m->again_ms : 1;
}

static void on_forgotten(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL) {
        move_again(m, AGAIN_MS); /* left there, it would begin anew some day */
    } else {
        m->dead = true;
    }
    network_let_go(w);
}

void move_end(struct move *m, const struct err *e)
{
    struct queue_result result = {.err = {0}};
    jobs_cb done = m->done;
    if (e != NULL) {
        result.err = *e;
    }
    memcpy(result.job, m->job, sizeof result.job);
    m->ended = true;
    m->done = NULL;
    save(m, false, on_forgotten);
    if (done != NULL) {
        done(m->context, &result);
    }
}

void move_run(struct move *m)
{
    m->again_ms = 0;
    if (m->w->closing) {
        return;
    }
    if (m->ended) {
        save(m, false, on_forgotten);
    } else {
        move_steps[m->step](m);
    }
}

/* ---- beginning ----------------------------------------------------------------------------------
 */

static struct move *move_new(struct network *w, const char *job, const char *from, const char *to)
{
    struct move *m = mem_alloc(sizeof *m);
    uint8_t random[8];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(m->nonce, sizeof m->nonce, random, sizeof random);
    m->w = w;
    str_copy(m->job, sizeof m->job, job, strlen(job));
    str_copy(m->from, sizeof m->from, from, strlen(from));
    str_copy(m->to, sizeof m->to, to, strlen(to));
    m->step = move_is_local(from) ? MOVE_HOLD : MOVE_FETCH;
    m->next = w->moves;
    w->moves = m;
    return m;
}

static void on_saved(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL) {
        move_end(m, e);
    } else {
        move_run(m);
    }
    network_let_go(w);
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
    if (move_is_local(to)) {
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
    move_save(m, on_saved);
}

/* ---- in two queues at once ----------------------------------------------------------------------
 */

static void hold_double(struct network *w, const struct queue_job *job, const char *queue)
{
    struct queue_job *spec = queue_job_new();
    struct queue_command c = {
        .verb = QUEUE_EDIT, .revision = -1, .mask = QUEUE_F_DRAFT, .spec = spec};
    char text[400];
    snprintf(text, sizeof text,
        "job \"%.80s\" is in the local queue and was in this one too (was a backup restored?): it "
        "is "
        "held in the local queue; look before you let it be printed",
        jobs_title(job));
    network_note(w, queue, true, text);
    spec->draft = true;
    memcpy(c.job, job->id, sizeof c.job);
    snprintf(c.actor, sizeof c.actor, "%s", w->name);
    jobs_do(w->o.jobs, QUEUE_LOCAL, &c, NULL, NULL);
    queue_job_free(spec);
}

void network_hold_doubles(struct network *w, const char *queue)
{
    const struct jobs_queue *local = jobs_queue_find(w->o.jobs, QUEUE_LOCAL);
    const struct jobs_queue *shared = jobs_queue_find(w->o.jobs, queue);
    if (local == NULL || shared == NULL || shared->queue == NULL) {
        return;
    }
    for (const struct queue_job *job = queue_first(local->queue); job != NULL;
         job = queue_after(local->queue, job)) {
        if (!job->moving && !job->draft && queue_find(shared->queue, job->id) != NULL) {
            hold_double(w, job, queue);
        }
    }
}

/* ---- what they need -----------------------------------------------------------------------------
 */

bool network_moves_need(void *context, const char *sha256)
{
    const struct network *w = context;
    for (const struct move *m = w->moves; m != NULL; m = m->next) {
        const struct queue_job *job = m->spec != NULL ? m->spec : move_job_of(m, m->from);
        for (size_t i = 0; !m->dead && job != NULL && i < job->sets_count; i++) {
            const char *needed = job->sets[i].sha256;
            if (needed != NULL && strcmp(needed, sha256) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* ---- time, the start, the end -------------------------------------------------------------------
 */

static void sweep(struct network *w, bool all)
{
    for (struct move **at = &w->moves; *at != NULL;) {
        struct move *m = *at;
        if (m->dead || all) {
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
            move_run(m);
        }
    }
    sweep(w, false);
}

static void on_row(void *context, const char *queue, const char *job, const char *text)
{
    struct network *w = context;
    const char *from;
    const char *to;
    const char *after;
    const char *actor;
    const char *nonce;
    json_t *spec;
    (void)queue;
    json_t *doc = json_loads(text, 0, NULL);
    if (json_unpack(doc, "{s:s, s:s, s:s, s:s, s:s, s:o}", "from", &from, "to", &to, "after",
            &after, "actor", &actor, "nonce", &nonce, "spec", &spec) != 0) {
        network_note(w, "", true, "a job's move between queues cannot be read and is left out");
        json_decref(doc);
        return;
    }
    struct move *m = move_new(w, job, from, to);
    str_copy(m->after, sizeof m->after, after, strlen(after));
    str_copy(m->actor, sizeof m->actor, actor, strlen(actor));
    str_copy(m->nonce, sizeof m->nonce, nonce, strlen(nonce));
    m->unknown = m->former = true;
    if (json_is_object(spec) && queue_job_from_json(spec, &m->spec, NULL) == 0) {
        m->step = MOVE_TAKE; /* sent again it is answered as before */
    }
    move_again(m, AGAIN_MS); /* its queues are being joined */
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
static void keep_stranded(struct network *w, const struct queue_job *job)
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
            keep_stranded(w, job);
        }
    }
    return rc;
}

void network_moves_close(struct network *w)
{
    sweep(w, true);
}

json_t *network_moves(const struct network *w)
{
    json_t *out = json_array();
    for (const struct move *m = w->moves; m != NULL; m = m->next) {
        struct net_progress p = {.size_bytes = -1};
        if (m->dead || m->ended) {
            continue;
        }
        const struct queue_set *set = move_file(m);
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
