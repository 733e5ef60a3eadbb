/* A host's printer and what drives it, as pphost does: a claim is asked of all, and waited for;
 * that a print begins and how it ended are this host's own words, which count here once they are
 * kept, with or without the others.
 *
 * What is recorded of its own prints (past) is durable by itself. After a start a print that was
 * cut off goes on or is given up, and what was not yet told is told.
 */
#include "tests/sim/sim.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define CLAIM_US (15 * SIM_S) /* then nothing was heard of it */
#define ALONE_US (10 * SIM_S) /* then nobody else is there */

static void set_state(struct sim_printer *p, enum sim_printer_state state, uint64_t id, uint64_t us)
{
    p->state = state;
    p->waits_for = id;
    p->since_us = us;
}

/* ---- its own words and what they make of a job --------------------------------------------------
 */

static void add_word(struct sim_host *h, uint64_t id, const struct queue_command *c)
{
    struct sim_printer *p = &h->printer;
    if (p->words_count == SIM_WORDS_MAX) {
        sim_bad(h->sim, "stuck", "%s has %d words that are not committed", h->name, SIM_WORDS_MAX);
        return;
    }
    p->words[p->words_count++] = (struct sim_word){id, *c};
    p->words[p->words_count - 1].command.spec = NULL;
}

static void drop_word(struct sim_printer *p, uint64_t id)
{
    for (size_t i = 0; i < p->words_count; i++) {
        if (p->words[i].id == id) {
            p->words_count--;
            memmove(&p->words[i], &p->words[i + 1], (p->words_count - i) * sizeof *p->words);
            return;
        }
    }
}

static bool has_words(const struct sim_printer *p, const char *job)
{
    for (size_t i = 0; i < p->words_count; i++) {
        if (strcmp(p->words[i].command.job, job) == 0) {
            return true;
        }
    }
    return false;
}

/* It is in the rows already: they came as a dump, and its own entry was not seen. */
static bool is_in(const struct sim_host *h, const struct queue_command *c)
{
    const struct queue_answer *a = queue_last_answer(queue_machine_queue(h->machine), c->client);
    return a != NULL && a->sequence >= c->sequence;
}

/* A queue of this job alone, as this host sees it. */
static struct queue *view_of(const struct sim_host *h, const struct queue_job *job)
{
    const struct sim_printer *p = &h->printer;
    struct queue *view = queue_new("view");
    struct queue_job *copy = queue_job_copy(job);
    struct queue_result ignored;
    if (queue_load_job(view, copy, NULL) != 0) {
        queue_job_free(copy);
    }
    for (size_t i = 0; i < p->words_count; i++) {
        if (strcmp(p->words[i].command.job, job->id) == 0 && !is_in(h, &p->words[i].command)) {
            struct queue_command c = p->words[i].command;
            c.client[0] = '\0';
            queue_apply(view, &c, &ignored);
        }
    }
    queue_settle(view);
    return view;
}

static const struct queue_claim *own_claim(const struct sim_host *h, const struct queue_job *job)
{
    for (size_t i = 0; job != NULL && i < job->claims_count; i++) {
        if (strcmp(job->claims[i].printer, h->name) == 0) {
            return &job->claims[i];
        }
    }
    return NULL;
}

static struct sim_past *past_of(struct sim_host *h, const char *run)
{
    struct sim_printer *p = &h->printer;
    for (size_t i = 0; i < p->past_count; i++) {
        if (strcmp(h->sim->run[p->past[i].run].id, run) == 0) {
            return &p->past[i];
        }
    }
    return NULL;
}

static void drop_past(struct sim_printer *p, unsigned run)
{
    for (size_t i = 0; i < p->past_count; i++) {
        if (p->past[i].run == run) {
            p->past[i] = p->past[--p->past_count];
            return;
        }
    }
}

/* ---- commands -----------------------------------------------------------------------------------
 */

static struct queue_command command_of(
    const struct sim_host *h, enum queue_verb verb, const char *job)
{
    struct queue_command c = {.verb = verb, .revision = -1};
    memcpy(c.printer, h->name, sizeof h->name);
    memcpy(c.actor, h->name, sizeof h->name);
    str_copy(c.job, sizeof c.job, job, strlen(job));
    return c;
}

static void claim(struct sim_host *h, const char *job)
{
    struct queue_command c = command_of(h, QUEUE_CLAIM, job);
    uint64_t id = sim_submit(h, false, &c);
    if (id != 0 && h->printer.state == SIM_IDLE) {
        set_state(&h->printer, SIM_CLAIMING, id, h->sim->now_us);
    }
}

/* Kept, as what comes after it is: asked for and given up, it might yet come true in the middle of
 * the next print. */
static void release(struct sim_host *h, const char *job)
{
    struct queue_command c = command_of(h, QUEUE_RELEASE, job);
    uint64_t id = sim_submit(h, true, &c);
    if (id != 0) {
        add_word(h, id, &c);
        set_state(&h->printer, SIM_CLAIMING, id, h->sim->now_us);
    }
}

static void finish(
    struct sim_host *h, const char *job, const char *set, const char *run, bool success)
{
    struct queue_command c = command_of(h, QUEUE_FINISH, job);
    memcpy(c.run, run, ID_SIZE);
    memcpy(c.set, set, ID_SIZE);
    c.success = success;
    uint64_t life = h->life;
    uint64_t id = sim_submit(h, true, &c);
    if (id != 0 && h->life == life) {
        add_word(h, id, &c);
        set_state(&h->printer, SIM_ENDING, id, h->sim->now_us);
    }
}

static void begin(struct sim_host *h, const char *job, const char *set)
{
    struct sim *s = h->sim;
    int number = sim_job_find(s, job);
    uint8_t random[10];
    if (number < 0 || s->runs == SIM_RUNS_MAX || h->printer.past_count == SIM_WORDS_MAX) {
        return;
    }
    struct sim_run *r = &s->run[s->runs];
    *r = (struct sim_run){.job = (unsigned)number, .host = h->number};
    for (size_t i = 0; i < sizeof random; i++) {
        random[i] = (uint8_t)sim_random(s, 256);
    }
    id_format(r->id, (int64_t)(s->now_us / 1000), random);
    while (r->set < s->job[number].sets && strcmp(s->job[number].set[r->set], set) != 0) {
        r->set++;
    }
    struct queue_command c = command_of(h, QUEUE_BEGIN, job);
    memcpy(c.run, r->id, ID_SIZE);
    str_copy(c.set, sizeof c.set, set, strlen(set));
    h->printer.run = s->runs++;
    uint64_t id = sim_submit(h, true, &c);
    if (id != 0) {
        add_word(h, id, &c);
        set_state(&h->printer, SIM_BEGINNING, id, s->now_us);
    }
}

/* ---- what to do next ----------------------------------------------------------------------------
 */

/* What the disk holds may be an old copy of it: after a start the others are heard first, if there
 * are any. */
static bool may_begin(const struct sim_host *h)
{
    return h->fresh || h->sim->now_us - h->boot_us > ALONE_US;
}

/* True if there was something to do about a job that is ours. */
static bool work_on(struct sim_host *h, const struct queue_job *job)
{
    struct queue *view = view_of(h, job);
    const struct queue_job *seen = queue_find(view, job->id);
    const struct queue_claim *claim = own_claim(h, seen);
    bool did = false;
    if (claim != NULL && claim->run[0] != '\0') {
        if (past_of(h, claim->run) == NULL) { /* it never began */
            finish(h, job->id, claim->set, claim->run, false);
            did = true;
        }
    } else if (claim != NULL) {
        const struct queue_set *set = queue_job_next(seen, h->name, "");
        if (set != NULL) {
            begin(h, job->id, set->id);
            did = true;
        } else if (!has_words(&h->printer, job->id)) {
            release(h, job->id);
            did = true;
        }
    }
    queue_free(view);
    return did;
}

static bool is_mine(void *context, const struct queue_job *job)
{
    return own_claim(context, job) != NULL;
}

static void claim_next(struct sim_host *h)
{
    struct queue_next next;
    struct queue_printer p = {
        .name = h->name, .profile = "", .skips = is_mine, .context = h, .any_material = true};
    queue_next(queue_machine_queue(h->machine), &p, false, &next);
    if (next.job != NULL) {
        char id[ID_SIZE];
        memcpy(id, next.job->id, ID_SIZE);
        claim(h, id);
    }
}

/* The jobs that are claimed for us, in order; their ids, since commands may change the queue. */
static size_t own_jobs(const struct sim_host *h, char ids[][ID_SIZE], size_t max)
{
    size_t n = 0;
    const struct queue *q = queue_machine_queue(h->machine);
    for (const struct queue_job *j = queue_first(q); j != NULL && n < max; j = queue_after(q, j)) {
        if (own_claim(h, j) != NULL) {
            memcpy(ids[n++], j->id, ID_SIZE);
        }
    }
    return n;
}

static bool tell_past(struct sim_host *h)
{
    struct sim *s = h->sim;
    for (size_t i = 0; i < h->printer.past_count; i++) {
        const struct sim_past *past = &h->printer.past[i];
        if (past->ended) {
            const struct sim_run *r = &s->run[past->run];
            const struct sim_job *job = &s->job[r->job];
            h->printer.run = past->run;
            finish(h, job->id, job->set[r->set], r->id, past->success);
            return true;
        }
    }
    return false;
}

static void find_work(struct sim_host *h)
{
    char ids[8][ID_SIZE];
    if (tell_past(h) || h->state != SIM_UP) {
        return;
    }
    size_t n = may_begin(h) ? own_jobs(h, ids, 8) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct queue_job *job = queue_find(queue_machine_queue(h->machine), ids[i]);
        if (job != NULL && work_on(h, job)) {
            return;
        }
    }
    claim_next(h);
}

/* ---- a print ------------------------------------------------------------------------------------
 */

static void print_begins(struct sim_host *h)
{
    struct sim *s = h->sim;
    struct sim_printer *p = &h->printer;
    p->past[p->past_count++] = (struct sim_past){.run = p->run};
    p->will_succeed = sim_chance(s, 85);
    p->end_us = s->now_us + sim_between(s, 500, 7000) * SIM_MS;
    set_state(p, SIM_PRINTING, 0, s->now_us);
    sim_judge_begins(s, &s->run[p->run]);
}

static void print_ends(struct sim_host *h)
{
    struct sim_printer *p = &h->printer;
    struct sim_past *past = past_of(h, h->sim->run[p->run].id);
    past->ended = true;
    past->success = p->will_succeed;
    sim_judge_ends(h->sim, &h->sim->run[p->run], p->will_succeed);
    set_state(p, SIM_IDLE, 0, h->sim->now_us);
    tell_past(h);
}

static void look_while_printing(struct sim_host *h)
{
    char ids[2][ID_SIZE];
    if (h->sim->now_us >= h->printer.end_us) {
        print_ends(h);
    } else if (h->state == SIM_UP && sim_chance(h->sim, 15) && own_jobs(h, ids, 2) < 2) {
        claim_next(h); /* the next, so that it can go on alone */
    }
}

void sim_printer_look(struct sim_host *h)
{
    struct sim_printer *p = &h->printer;
    switch (p->state) {
    case SIM_CLAIMING:
        if (h->sim->now_us - p->since_us < CLAIM_US) {
            return;
        }
        set_state(p, SIM_IDLE, 0, h->sim->now_us);
        find_work(h);
        return;
    case SIM_IDLE:
        find_work(h);
        return;
    case SIM_PRINTING:
        look_while_printing(h);
        return;
    case SIM_BEGINNING:
    case SIM_ENDING:
        return;
    }
}

/* ---- what becomes of a command ------------------------------------------------------------------
 */

static void is_durable(struct sim_host *h, uint64_t id)
{
    struct sim_printer *p = &h->printer;
    if (id != p->waits_for) {
        return;
    }
    if (p->state == SIM_BEGINNING) {
        print_begins(h);
    } else if (p->state == SIM_CLAIMING) {
        set_state(p, SIM_IDLE, 0, h->sim->now_us);
    } else if (p->state == SIM_ENDING) {
        drop_past(p, p->run);
        set_state(p, SIM_IDLE, 0, h->sim->now_us);
    }
    h->look = true;
}

static void note_submitted(struct sim_host *h, uint64_t id, bool right)
{
    for (unsigned i = 0; i < h->sim->jobs; i++) {
        struct sim_job *job = &h->sim->job[i];
        if (right && job->host == h->number && job->life == h->life && job->submit_id == id) {
            h->sim->count.acked += !job->acked;
            job->acked = true;
        }
    }
}

void sim_printer_kept(struct sim_host *h, uint64_t id)
{
    note_submitted(h, id, true);
    is_durable(h, id);
}

void sim_printer_applied(struct sim_host *h, uint64_t own, const struct queue_result *result)
{
    struct sim_printer *p = &h->printer;
    drop_word(p, own);
    note_submitted(h, own, result->err.code == 0);
    if (own != p->waits_for) {
        return;
    }
    if (p->state == SIM_CLAIMING || (p->state == SIM_BEGINNING && result->err.code != 0)) {
        set_state(p, SIM_IDLE, 0, h->sim->now_us);
    } else {
        is_durable(h, own);
    }
    h->look = true;
}

void sim_printer_refused(struct sim_host *h, uint64_t id, const struct err *e)
{
    struct sim_printer *p = &h->printer;
    drop_word(p, id);
    if (id != p->waits_for) {
        return;
    }
    if (p->state != SIM_CLAIMING) {
        sim_note(h->sim, "%s: its word was refused: %s", h->name, e->text);
    }
    set_state(p, SIM_IDLE, 0, h->sim->now_us);
    h->look = true;
}

void sim_printer_pending(struct sim_host *h, uint64_t id, const struct queue_command *c)
{
    if (c->verb == QUEUE_SUBMIT || strcmp(c->printer, h->name) != 0) {
        return; /* of people, or carried over from another group */
    }
    add_word(h, id, c);
    const struct sim_past *past = c->verb == QUEUE_FINISH ? past_of(h, c->run) : NULL;
    if (past != NULL && past->ended) {
        drop_past(&h->printer, past->run); /* it was kept after all */
    }
}

/* ---- start and stop -----------------------------------------------------------------------------
 */

/* A print that was cut off: goes on, or is over. */
static void take_up(struct sim_host *h, struct sim_past *past)
{
    struct sim *s = h->sim;
    struct sim_run *r = &s->run[past->run];
    bool goes_on = r->state == SIM_RUN_PRINTS && h->printer.state == SIM_IDLE && sim_chance(s, 60);
    if (goes_on) {
        h->printer.run = past->run;
        h->printer.will_succeed = sim_chance(s, 85);
        h->printer.end_us = s->now_us + sim_between(s, 300, 4000) * SIM_MS;
        set_state(&h->printer, SIM_PRINTING, 0, s->now_us);
        return;
    }
    past->ended = true;
    past->success = r->state == SIM_RUN_SUCCESS; /* a record older than what happened: see judge */
    if (r->state == SIM_RUN_PRINTS) {
        sim_judge_interrupted(s, r);
    }
}

void sim_printer_boot(struct sim_host *h)
{
    struct sim_printer *p = &h->printer;
    p->words_count = 0;
    set_state(p, SIM_IDLE, 0, h->sim->now_us);
    for (size_t i = 0; i < p->past_count; i++) {
        if (!p->past[i].ended) {
            take_up(h, &p->past[i]);
        }
    }
}

void sim_printer_crash(struct sim_host *h)
{
    set_state(&h->printer, SIM_IDLE, 0, h->sim->now_us);
    h->printer.words_count = 0;
}

bool sim_printer_settled(const struct sim_host *h)
{
    const struct sim_printer *p = &h->printer;
    return p->past_count == 0 && p->words_count == 0 &&
           (p->state == SIM_IDLE || p->state == SIM_CLAIMING);
}
