/* What the leader's host does for claims: those of hosts that are silent for too long are released,
 * and in a group of two all work is claimed ahead for one of them, so that either goes on alone.
 *
 * Where fewer than three hosts vote, nothing is taken from a silent one: the two may only have lost
 * sight of each other, and both may print. There a person says so (takeover).
 */
#include "host/app/network/network_priv.h"

#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_MS     10000
#define LEFT_MAX_MS  (INT64_C(30) * 24 * 3600 * 1000) /* of what a host says of itself */
#define MARGIN_MS    60000 /* before others may be given what a silent host has */
#define ALONE_MS     15000 /* after the start, until a queue of two goes on without the other */
#define UNSTARTED_MS (30 * 60 * 1000) /* a claim without a print, where anybody may claim */

/* A holder of claims that this host has never heard of, since when it is waited for. */
struct absent {
    struct peer peer;
    int64_t since_ms;
};

struct joined *network_joined(const struct network *w, const char *queue)
{
    for (size_t i = 0; i < w->queues_count; i++) {
        if (strcmp(w->queues[i]->name, queue) == 0) {
            return w->queues[i];
        }
    }
    return NULL;
}

const char *network_claim_peer(const char *printer)
{
    const char *at = strrchr(printer, '@');
    return at != NULL ? at + 1 : NULL;
}

void network_lease_free(struct joined *q)
{
    free(q->absent);
    q->absent = NULL;
    q->absent_count = 0;
}

/* Since when this host knows that it has not heard of the peer. */
static int64_t absent_since(struct joined *q, const struct peer *peer, int64_t now)
{
    for (size_t i = 0; i < q->absent_count; i++) {
        if (memcmp(&q->absent[i].peer, peer, sizeof *peer) == 0) {
            return q->absent[i].since_ms;
        }
    }
    q->absent = mem_resize(q->absent, q->absent_count + 1, sizeof *q->absent);
    q->absent[q->absent_count++] = (struct absent){*peer, now};
    return now;
}

/* How long it was away before it was started nobody knows, nor how old its disk is: then others are
 * heard first, and where there seem to be but two, waited for. */
bool network_may_begin(const struct network *w, const char *queue)
{
    const struct joined *q = network_joined(w, queue);
    struct net_queue_status s;
    int64_t now = (int64_t)clock_ms();
    if (q == NULL || !net_queue_status(w->net, queue, &s) || s.connected) {
        return true;
    }
    if (s.voters < 3) { /* nobody gives this host's claims away */
        return q->connected_ms != 0 || now - q->joined_ms > ALONE_MS;
    }
    return q->connected_ms != 0 && now - q->connected_ms < q->shared.claim_timeout_ms - MARGIN_MS;
}

/* How long its print was to last yet, by its own last word; 0 = it was not printing. Not by the
 * time of day: clocks differ. */
static int64_t left_ms(const struct net_peer *p)
{
    json_t *told = p->presence != NULL ? json_loadb((const char *)p->presence, p->presence_len,
                                             JSON_REJECT_DUPLICATES, NULL)
                                       : NULL;
    json_int_t left = json_integer_value(json_object_get(told, "left_ms"));
    json_decref(told);
    return left <= 0 ? 0 : (left < LEFT_MAX_MS ? left : LEFT_MAX_MS);
}

/* One that was printing is waited for until its own estimate plus half. */
static int64_t patience_ms(const struct joined *q, const struct net_peer *p)
{
    int64_t left = left_ms(p);
    int64_t until = left + left / 2;
    return until > q->shared.claim_timeout_ms ? until : q->shared.claim_timeout_ms;
}

static bool is_silent_too_long(
    const struct network *w, struct joined *q, const struct peer *peer, int64_t now)
{
    struct net_peer p;
    if (!net_peer_find(w->net, q->name, peer, &p)) {
        return now - absent_since(q, peer, now) > q->shared.claim_timeout_ms;
    }
    return !p.self && p.silent_ms > patience_ms(q, &p) && now - q->lead_ms > EVERY_MS;
}

/* Its end may be in the history and not told yet. */
static bool ended_well(const struct network *w, const struct queue_claim *claim)
{
    struct run run = {.id = ""};
    struct err e;
    return claim->run[0] != '\0' && store_load_run(w->o.store, claim->run, &run, &e) >= 0 &&
           run.id[0] != '\0' && run.result == RUN_SUCCESS;
}

/* Of another host both at once: between them it could begin anew. Our own word is kept on the disk
 * one by one. */
void network_give_back(struct network *w, const char *queue, const struct queue_job *job,
    const struct queue_claim *claim, const char *actor)
{
    const struct jobs_queue *q = jobs_queue_find(w->o.jobs, queue);
    struct queue_command c[2] = {{.verb = QUEUE_FINISH, .revision = -1}};
    bool own = q != NULL && queue_same_printer(claim->printer, q->printer);
    size_t first = claim->run[0] != '\0' ? 0 : 1;
    snprintf(c[0].actor, sizeof c[0].actor, "%s", actor);
    snprintf(c[0].job, sizeof c[0].job, "%s", job->id);
    snprintf(c[0].set, sizeof c[0].set, "%s", claim->set);
    snprintf(c[0].run, sizeof c[0].run, "%s", claim->run);
    snprintf(c[0].printer, sizeof c[0].printer, "%s", own ? q->printer : claim->printer);
    c[0].success = own && ended_well(w, claim);
    c[1] = c[0];
    c[1].verb = QUEUE_RELEASE;
    for (size_t i = first; own && i < 2; i++) {
        jobs_do(w->o.jobs, queue, &c[i], NULL, NULL);
    }
    if (!own) {
        jobs_do_all(w->o.jobs, queue, c + first, 2 - first, NULL, NULL);
    }
}

static void release(struct network *w, const struct joined *q, const struct queue_job *job,
    const struct queue_claim *claim)
{
    char text[200];
    snprintf(text, sizeof text, "what %.60s had claimed is given back: it was silent for too long",
        claim->printer);
    network_note(w, q->name, true, text);
    network_give_back(w, q->name, job, claim, "lease");
}

/* A person says it: "shed", or its peer id. */
static bool is_of_host(const struct queue_claim *claim, const char *host)
{
    const char *peer = network_claim_peer(claim->printer);
    size_t name = peer != NULL ? (size_t)(peer - 1 - claim->printer) : 0;
    return peer != NULL && (strcmp(peer, host) == 0 ||
                               (strlen(host) == name && strncmp(claim->printer, host, name) == 0));
}

int network_release(
    struct network *w, const char *queue, const char *host, const char *actor, struct err *e)
{
    const struct jobs_queue *q = jobs_queue_find(w->o.jobs, queue);
    const struct queue *jobs = q != NULL ? q->queue : NULL;
    int count = 0;
    for (const struct queue_job *job = queue_first(jobs); job != NULL;
         job = queue_after(jobs, job)) {
        for (size_t i = 0; i < job->claims_count; i++) {
            if (!is_of_host(&job->claims[i], host)) {
                continue;
            }
            if (queue_same_printer(job->claims[i].printer, q->printer)) {
                return err_field(e, PP_ESTATE, "host",
                    "\"%.80s\" is this host: stop managing, and it gives back what it has claimed",
                    host);
            }
            network_give_back(w, queue, job, &job->claims[i], actor);
            count++;
        }
    }
    return count > 0 ? count
                     : err_field(e, PP_ENOTFOUND, "host",
                           "no job of queue \"%s\" is claimed by a host \"%.80s\"", queue, host);
}

static bool is_over(const struct network *w, struct joined *q, const struct queue_claim *claim,
    const struct net_queue_status *s, int64_t now)
{
    struct peer peer;
    const char *text = network_claim_peer(claim->printer);
    bool open_wan = s->kind == NET_WAN && !s->locked;
    if (text == NULL || !net_peer_parse(text, &peer)) {
        return false;
    }
    if (open_wan && claim->run[0] == '\0' && clock_wall_ms() - claim->since_ms > UNSTARTED_MS) {
        return true;
    }
    return s->voters >= 3 && is_silent_too_long(w, q, &peer, now);
}

static void release_silent(
    struct network *w, struct joined *q, const struct net_queue_status *s, int64_t now)
{
    const struct jobs_queue *queue = jobs_queue_find(w->o.jobs, q->name);
    const struct queue *jobs = queue != NULL ? queue->queue : NULL;
    if (jobs == NULL) {
        return;
    }
    for (const struct queue_job *job = queue_first(jobs); job != NULL;
         job = queue_after(jobs, job)) {
        for (size_t i = 0; i < job->claims_count; i++) {
            if (is_over(w, q, &job->claims[i], s, now)) {
                release(w, q, job, &job->claims[i]);
            }
        }
    }
}

/* ---- two hosts ----------------------------------------------------------------------------------
 */

struct half {
    char printer[QUEUE_WORD_MAX + 1]; /* by which it claims */
    char profile[QUEUE_WORD_MAX + 1];
    bool manages;
    size_t ahead; /* jobs claimed and not begun */
};

/* The other one, by its own last word. */
static bool read_other(const struct network *w, const struct joined *q, struct half *out)
{
    struct net_peer p;
    if (net_peers(w->net, q->name) != 2 || !net_peer_at(w->net, q->name, 1, &p) || !p.linked) {
        return false;
    }
    json_t *told = p.presence != NULL ? json_loadb((const char *)p.presence, p.presence_len,
                                            JSON_REJECT_DUPLICATES, NULL)
                                      : NULL;
    const char *profile = json_string_value(json_object_get(told, "profile"));
    snprintf(out->printer, sizeof out->printer, "%.39s@%s", p.name, p.text);
    snprintf(out->profile, sizeof out->profile, "%.90s", profile != NULL ? profile : "");
    out->manages = json_is_true(json_object_get(told, "managing"));
    json_decref(told);
    return true;
}

static void read_self(const struct joined *q, const char *profile, bool manages, struct half *out)
{
    snprintf(out->printer, sizeof out->printer, "%s", q->printer);
    snprintf(out->profile, sizeof out->profile, "%s", profile);
    out->manages = manages;
}

/* Who has this job ahead: 0, 1, or 2 for nobody. */
static size_t holder(const struct queue_job *job, const struct half pair[static 2])
{
    for (size_t i = 0; i < job->claims_count; i++) {
        for (size_t who = 0; who < 2; who++) {
            if (job->claims[i].run[0] == '\0' &&
                queue_same_printer(job->claims[i].printer, pair[who].printer)) {
                return who;
            }
        }
    }
    return 2;
}

static void count_ahead(const struct queue *jobs, struct half pair[static 2])
{
    for (const struct queue_job *job = queue_first(jobs); job != NULL;
         job = queue_after(jobs, job)) {
        size_t who = holder(job, pair);
        if (who < 2) {
            pair[who].ahead++;
        }
    }
}

static struct queue_command command(
    enum queue_verb verb, const struct queue_job *job, const struct half *of)
{
    struct queue_command c = {.verb = verb, .revision = -1};
    snprintf(c.actor, sizeof c.actor, "pair");
    snprintf(c.job, sizeof c.job, "%s", job->id);
    snprintf(c.printer, sizeof c.printer, "%s", of->printer);
    snprintf(c.profile, sizeof c.profile, "%s", of->profile);
    return c;
}

/* Only who holds a claim gives it away: nobody else knows whether its print has begun. As a word of
 * our own the release holds here at once, before it is committed: so no print of it begins
 * meanwhile. */
static void hand_over(struct network *w, const struct joined *q, const struct queue_job *job,
    struct half *from, struct half *to)
{
    const struct queue_command release = command(QUEUE_RELEASE, job, from);
    const struct queue_command claim = command(QUEUE_CLAIM, job, to);
    jobs_do(w->o.jobs, q->name, &release, NULL, NULL);
    jobs_do(w->o.jobs, q->name, &claim, NULL, NULL);
    from->ahead--;
    to->ahead++;
}

/* What is free goes to whoever has less and could print it. */
static void claim_free(struct network *w, const struct joined *q, const struct queue_job *job,
    struct half pair[static 2])
{
    size_t first = pair[1].ahead < pair[0].ahead;
    for (size_t i = 0; i < 2; i++) {
        struct half *h = &pair[i == 0 ? first : !first];
        if (h->manages && queue_job_next(job, h->printer, h->profile) != NULL) {
            const struct queue_command c = command(QUEUE_CLAIM, job, h);
            jobs_do(w->o.jobs, q->name, &c, NULL, NULL);
            h->ahead++;
            return;
        }
    }
}

/* The next look sees what has become of it. */
static void claim_ahead(struct network *w, struct joined *q)
{
    const struct jobs_queue *queue = jobs_queue_find(w->o.jobs, q->name);
    struct half pair[2] = {{.ahead = 0}};
    struct manage_status m;
    if (queue == NULL || queue->queue == NULL || !read_other(w, q, &pair[1])) {
        return;
    }
    manage_status(w->o.manage, &m);
    read_self(q, w->profile, m.managing, &pair[0]);
    count_ahead(queue->queue, pair);
    for (const struct queue_job *job = queue_first(queue->queue); job != NULL;
         job = queue_after(queue->queue, job)) {
        bool other_can = pair[1].manages && queue_job_fits(job, pair[1].profile);
        bool too_many = !pair[0].manages || pair[0].ahead > pair[1].ahead + 1;
        if (job->draft || job->moving || job->share || strcmp(job->id, m.job) == 0) {
            continue;
        }
        if (job->claims_count == 0 && q->lead_ms != 0) {
            claim_free(w, q, job, pair);
        } else if (holder(job, pair) == 0 && too_many && other_can) {
            hand_over(w, q, job, &pair[0], &pair[1]);
        }
    }
}

void network_lease_tick(struct network *w)
{
    int64_t now = (int64_t)clock_ms();
    if (w->resting || now < w->leased_ms + EVERY_MS) {
        return;
    }
    w->leased_ms = now;
    for (size_t i = 0; i < w->queues_count; i++) {
        struct joined *q = w->queues[i];
        struct net_queue_status s;
        if (!net_queue_status(w->net, q->name, &s) || !s.connected) {
            continue;
        }
        if (q->lead_ms != 0) {
            release_silent(w, q, &s, now);
        }
        if (s.kind == NET_LAN && s.voters == 1) {
            claim_ahead(w, q);
        }
    }
}
