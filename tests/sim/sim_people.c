/* People at the hosts: jobs are submitted, edited, moved, held, removed. And what the leader does
 * about claims of hosts that are silent.
 */
#include "tests/sim/sim.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEADER_US SIM_S

/* ---- jobs ---------------------------------------------------------------------------------------
 */

static void new_id(struct sim *s, char out[static ID_SIZE])
{
    uint8_t random[10];
    for (size_t i = 0; i < sizeof random; i++) {
        random[i] = (uint8_t)sim_random(s, 256);
    }
    id_format(out, (int64_t)(s->now_us / 1000), random);
}

static struct queue_job *make_job(struct sim_host *h, struct sim_job *job)
{
    struct sim *s = h->sim;
    struct queue_job *spec = queue_job_new();
    new_id(s, job->id);
    memcpy(spec->id, job->id, ID_SIZE);
    spec->submitter = mem_strdup(h->name);
    spec->created_ms = 1;
    spec->count = spec->remaining = (int32_t)sim_between(s, 1, 3);
    spec->share = job->share = sim_chance(s, 25);
    job->sets = sim_between(s, 1, 2);
    for (size_t i = 0; i < job->sets; i++) {
        struct queue_set *set = queue_job_add_set(spec);
        new_id(s, job->set[i]);
        memcpy(set->id, job->set[i], ID_SIZE);
        set->path = mem_strdup("part.gcode");
        set->sha256 =
            mem_strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
        set->size_bytes = 1000;
        set->count = set->remaining = (int32_t)sim_between(s, 1, 2);
    }
    return spec;
}

static void submit_job(struct sim_host *h)
{
    struct sim *s = h->sim;
    struct sim_job *job = &s->job[s->jobs];
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1};
    *job = (struct sim_job){.host = h->number, .life = h->life, .kept = sim_chance(s, 50)};
    c.spec = make_job(h, job);
    s->jobs++;
    s->count.submitted++;
    sim_note(s, "%s submits job %u%s", h->name, s->jobs - 1, job->kept ? ", kept" : "");
    uint64_t id = sim_submit(h, job->kept, &c);
    job->submit_id = id;
    queue_job_free(c.spec);
}

/* ---- edits --------------------------------------------------------------------------------------
 */

static const struct queue_job *some_job(struct sim_host *h)
{
    const struct queue *q = queue_machine_queue(h->machine);
    size_t n = queue_count(q);
    const struct queue_job *job = queue_first(q);
    for (size_t at = n > 0 ? sim_random(h->sim, n) : 0; at > 0; at--) {
        job = queue_after(q, job);
    }
    return job;
}

static void edit(struct sim_host *h, const struct queue_job *job, struct queue_command *c)
{
    struct sim *s = h->sim;
    char text[32];
    c->verb = QUEUE_EDIT;
    c->spec = queue_job_new();
    if (sim_chance(s, 40)) {
        c->mask = QUEUE_F_DRAFT;
        c->spec->draft = !job->draft;
    } else if (sim_chance(s, 30) && job->count < 5) {
        c->mask = QUEUE_F_COUNT;
        c->spec->count = job->count + 1;
        c->revision = job->revision; /* what is shown may be old, and more would be less */
    } else {
        c->mask = QUEUE_F_NOTE;
        snprintf(text, sizeof text, "note %u", (unsigned)sim_random(s, 1000));
        c->spec->note = mem_strdup(text);
    }
}

static void change_job(struct sim_host *h)
{
    struct sim *s = h->sim;
    const struct queue_job *job = some_job(h);
    const struct queue_job *other = some_job(h);
    struct queue_command c = {.revision = -1};
    if (job == NULL) {
        return;
    }
    memcpy(c.job, job->id, ID_SIZE);
    memcpy(c.actor, h->name, sizeof h->name);
    if (sim_chance(s, 40)) {
        c.verb = QUEUE_MOVE;
        if (other != job && sim_chance(s, 60)) {
            memcpy(c.after, other->id, ID_SIZE);
        }
    } else if (sim_chance(s, 8)) {
        int number = sim_job_find(s, job->id);
        c.verb = QUEUE_ARCHIVE;
        if (number >= 0) {
            s->job[number].removed = true;
        }
    } else {
        edit(h, job, &c);
    }
    sim_submit(h, false, &c);
    queue_job_free(c.spec);
}

/* What somebody held is let go, so that all can be done. */
static void let_go(struct sim_host *h)
{
    const struct queue *q = queue_machine_queue(h->machine);
    for (const struct queue_job *j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        if (j->draft) {
            struct queue_command c = {
                .verb = QUEUE_EDIT, .revision = -1, .mask = QUEUE_F_DRAFT, .spec = queue_job_new()};
            memcpy(c.job, j->id, ID_SIZE);
            sim_submit(h, false, &c);
            queue_job_free(c.spec);
            return; /* the queue may have changed */
        }
    }
}

void sim_people_act(struct sim *s)
{
    struct sim_host *h = &s->host[sim_random(s, s->hosts)];
    uint64_t most_ms = s->hosts > 12 ? 800 : 2400;
    bool hurry = s->now_us < s->hurry_until_us;
    sim_after(s, (hurry ? sim_between(s, 2, 40) : sim_between(s, 100, most_ms)) * SIM_MS,
        &(struct sim_event){.what = SIM_DO_PEOPLE});
    if (h->state != SIM_UP) {
        return;
    }
    if (s->healing) {
        let_go(h);
    } else if (s->jobs < s->plan.jobs && sim_chance(s, 60)) {
        submit_job(h);
    } else {
        change_job(h);
    }
}

/* ---- claims of the silent -----------------------------------------------------------------------
 */

static void release(struct sim_host *h, const char *job, const struct queue_claim *claim)
{
    struct sim *s = h->sim;
    int number = sim_job_find(s, job);
    struct queue_command c = {.verb = QUEUE_FINISH, .revision = -1};
    memcpy(c.job, job, ID_SIZE);
    memcpy(c.printer, claim->printer, sizeof c.printer);
    memcpy(c.run, claim->run, sizeof c.run);
    memcpy(c.set, claim->set, sizeof c.set);
    sim_note(s, "%s releases job %d of %s", h->name, number, c.printer);
    s->count.releases++;
    if (number >= 0) {
        s->job[number].excuse |= SIM_RELEASED;
    }
    if (c.run[0] != '\0') {
        sim_submit(h, false, &c);
    }
    c.verb = QUEUE_RELEASE;
    sim_submit(h, false, &c);
}

/* True when its link is up or was, within the time-out. */
static bool is_heard(struct sim_host *h, const char *printer)
{
    struct sim *s = h->sim;
    for (unsigned i = 0; i < s->hosts; i++) {
        if (strcmp(s->host[i].name, printer) == 0) {
            if (i == h->number || s->link[h->number][i].noticed || h->seen_us[i] == 0) {
                h->seen_us[i] = s->now_us;
            }
            return s->now_us - h->seen_us[i] < s->plan.claim_timeout_us;
        }
    }
    return printer[0] == '\0'; /* a copy that was given back */
}

static void release_one(struct sim_host *h)
{
    const struct queue *q = queue_machine_queue(h->machine);
    for (const struct queue_job *j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        for (size_t i = 0; i < j->claims_count; i++) {
            if (!is_heard(h, j->claims[i].printer)) {
                struct queue_claim claim = j->claims[i];
                char id[ID_SIZE];
                memcpy(id, j->id, ID_SIZE);
                release(h, id, &claim);
                return; /* the queue may have changed */
            }
        }
    }
}

void sim_leader_act(struct sim_host *h)
{
    struct group_status st;
    struct sim_event e = {.what = SIM_DO_LEADER, .a = h->number, .number = h->life};
    sim_after(h->sim, LEADER_US, &e);
    group_status(h->group, &st);
    if (st.role == GROUP_LEADER && h->state == SIM_UP) {
        release_one(h);
    } else {
        memset(h->seen_us, 0, sizeof h->seen_us);
    }
}
