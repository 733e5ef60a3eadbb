#include "host/api/view_jobs.h"

#include "host/api/http_private.h"
#include "host/app/network/network.h"
#include "host/base/json.h"

#include <stdio.h>
#include <string.h>

#define WHY_SIZE 256

/* Adds the members of `more`, which is dropped. */
static void add(json_t *view, json_t *more)
{
    json_object_update(view, more);
    json_decref(more);
}

static json_t *millimetres(int64_t um)
{
    return json_number((double)um / 1000.0, 3);
}

/* ---- sets */

json_t *view_profiles(const struct queue_set *set)
{
    json_t *list = json_array();
    for (size_t i = 0; set->profiles != NULL && set->profiles[i] != NULL; i++) {
        json_array_append_new(list, json_text(set->profiles[i]));
    }
    return list;
}

json_t *view_materials(const struct queue_set *set)
{
    json_t *list = json_array();
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        const char *material = set->materials[i];
        if (material == NULL || material[0] == '\0') {
            continue;
        }
        while (json_array_size(list) < i) {
            json_array_append_new(list, json_null());
        }
        json_array_append_new(list, json_text(material));
    }
    return list;
}

static json_t *filament_view(const struct queue_set *set)
{
    json_t *all = json_object();
    char name[8] = "tool0";
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        name[4] = (char)('0' + i);
        if (set->filament_um[i] > 0) {
            json_object_set_new(all, name, millimetres(set->filament_um[i]));
        }
    }
    return all;
}

/* A foreign program's words are JSON, if they are. */
static json_t *metadata_view(const char *text)
{
    json_t *value = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return value != NULL ? value : json_text(text);
}

/* What a set wants and what is known of its file. */
static json_t *wanted_view(const struct queue_set *set)
{
    json_t *view = json_pack("{s:o, s:o, s:o, s:b, s:i, s:o, s:o}", "path", json_text(set->path),
        "sha256", json_text(set->sha256), "size_bytes",
        json_known(set->size_bytes > 0 ? set->size_bytes : -1), "model", set->model, "count",
        (int)set->count, "profiles", view_profiles(set), "materials", view_materials(set));
    add(view, json_pack("{s:o, s:o, s:o}", "time_ms", json_known(set->time_ms), "filament_mm",
                  filament_view(set), "metadata", metadata_view(set->metadata)));
    return view;
}

static bool is_shared(const struct view_lens *lens)
{
    return strcmp(lens->queue->kind, "local") != 0;
}

/* By which this printer claims in that queue. */
static const char *printer_of(const struct view_lens *lens)
{
    return is_shared(lens) ? lens->queue->printer : lens->http->o.name;
}

static bool is_mine(const struct view_lens *lens, const struct queue_claim *claim)
{
    return strcmp(claim->printer, printer_of(lens)) == 0;
}

/* Why this set is not printed here now; "" = it can be. */
static void why_not(const struct view_lens *lens, const struct queue_job *job,
    const struct queue_set *set, char *why)
{
    if (is_shared(lens)) {
        manage_why_passed(lens->http->o.manage, lens->queue->name, job, set, why, WHY_SIZE);
    } else {
        manage_why_blocked(lens->http->o.manage, set, why, WHY_SIZE);
    }
}

static json_t *set_view(
    const struct view_lens *lens, const struct queue_job *job, const struct queue_set *set)
{
    char why[WHY_SIZE] = "";
    int64_t pending = queue_set_pending(job, set);
    if (lens->http->o.manage != NULL && pending > 0 && job->archived_ms == 0) {
        why_not(lens, job, set, why);
    }
    json_t *view = wanted_view(set);
    add(view, json_pack("{s:o, s:i, s:i, s:I, s:o}", "id", json_text(set->id), "remaining",
                  (int)set->remaining, "completed", (int)set->completed, "pending",
                  (json_int_t)pending, "why", json_text(why)));
    return view;
}

json_t *view_plain_job(const struct queue_job *job)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < job->sets_count; i++) {
        json_array_append_new(sets, wanted_view(&job->sets[i]));
    }
    return json_pack("{s:o, s:i, s:b, s:b, s:o, s:o}", "name", json_text(job->name), "count",
        (int)job->count, "share", job->share, "repeat", job->repeat, "note", json_text(job->note),
        "sets", sets);
}

/* ---- state */

/* Who else has it, so that nothing of it is left for this printer; NULL = nobody. */
static const struct queue_claim *taken_by(const struct view_lens *lens, const struct queue_job *job)
{
    const struct queue_claim *other = NULL;
    int32_t others = 0;
    for (size_t i = 0; i < job->claims_count; i++) {
        const struct queue_claim *claim = &job->claims[i];
        if (claim->printer[0] == '\0') {
            continue;
        }
        if (is_mine(lens, claim)) {
            return NULL;
        }
        other = claim;
        others++;
    }
    return other != NULL && (!job->share || others >= job->remaining) ? other : NULL;
}

static bool prints_here(const struct view_lens *lens, const struct queue_job *job)
{
    for (size_t i = 0; i < job->claims_count; i++) {
        if (is_mine(lens, &job->claims[i]) && job->claims[i].run[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* What stands before the job's next print here; "" = nothing. */
static void why_blocked(const struct view_lens *lens, const struct queue_job *job, char *why)
{
    const struct queue_set *set = queue_job_next(job, printer_of(lens), lens->profile);
    if (job->sets_count == 0) {
        snprintf(why, WHY_SIZE, "it has no file yet: add one or remove it");
    } else if (set == NULL) {
        snprintf(why, WHY_SIZE, "nothing of it is left to print: reset it or remove it");
    } else if (lens->http->o.manage != NULL) {
        why_not(lens, job, set, why);
    }
}

static const char *elsewhere(
    const struct view_lens *lens, const struct queue_job *job, char why[static WHY_SIZE])
{
    const struct queue_claim *other = taken_by(lens, job);
    if (job->moving) {
        snprintf(why, WHY_SIZE, "on its way to another queue");
    } else if (other != NULL) {
        snprintf(why, WHY_SIZE, "%.*s %s it", queue_printer_name_len(other->printer, NULL),
            other->printer, other->run[0] != '\0' ? "prints" : "has");
    } else if (job->sets_count > 0 && !queue_job_fits(job, lens->profile)) {
        snprintf(why, WHY_SIZE, "none of its sets is for this printer (profile %s)",
            lens->profile[0] != '\0' ? lens->profile : "none");
    } else {
        return NULL;
    }
    return "elsewhere";
}

static const char *state_of(const struct view_lens *lens, const struct jobs_queue *queue,
    const struct queue_job *job, char why[static WHY_SIZE])
{
    if (job->archived_ms > 0) {
        return job->finished ? "done" : "removed";
    }
    if (prints_here(lens, job)) {
        return "printing";
    }
    if (job->draft) {
        return "draft";
    }
    const char *away = elsewhere(lens, job, why);
    if (away != NULL) {
        return away;
    }
    bool next = strcmp(job->id, lens->next.job) == 0;
    why_blocked(lens, job, why);
    if (why[0] == '\0' && next) {
        snprintf(why, WHY_SIZE, "%s", lens->next.short_of);
    }
    if (why[0] != '\0' || (next && lens->next.blocked)) {
        return "blocked";
    }
    if (!queue->enabled) {
        snprintf(why, WHY_SIZE, "queue \"%s\" is not enabled", queue->name);
    }
    return next ? "next" : "waiting";
}

void view_lens_open(struct view_lens *lens, const struct http *h)
{
    *lens = (struct view_lens){.http = h, .profile = h->o.profile != NULL ? h->o.profile->id : ""};
    if (h->o.manage != NULL) {
        manage_next(h->o.manage, &lens->next);
    }
}

/* ---- jobs */

static json_t *claims_view(const struct queue_job *job)
{
    json_t *list = json_array();
    for (size_t i = 0; i < job->claims_count; i++) {
        const struct queue_claim *c = &job->claims[i];
        if (c->printer[0] == '\0') {
            continue; /* a copy that waits for whoever takes it next */
        }
        const char *peer;
        json_t *printer =
            json_stringn(c->printer, (size_t)queue_printer_name_len(c->printer, &peer));
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:I, s:o, s:o, s:o}", "printer", printer, "peer",
                      json_text(peer != NULL ? peer : ""), "since_ms", (json_int_t)c->since_ms,
                      "run", json_text(c->run), "set", json_text(c->set), "run_ms",
                      json_known(c->run[0] != '\0' ? c->run_ms : -1)));
    }
    return list;
}

/* Time (ms) and filament (µm) of all prints to come; -1 where a set's is not known. A million
 * copies of a million prints do not fit into an int64_t. */
static void left(const struct queue_job *job, double *time_ms, double *filament_um)
{
    *time_ms = *filament_um = 0;
    for (size_t i = 0; i < job->sets_count; i++) {
        const struct queue_set *set = &job->sets[i];
        double pending = (double)queue_set_pending(job, set);
        if (pending > 0 && set->time_ms < 0) {
            *time_ms = *filament_um = -1;
            return;
        }
        *time_ms += pending > 0 ? pending * (double)set->time_ms : 0;
        for (size_t k = 0; k < QUEUE_TOOLS_MAX; k++) {
            *filament_um += pending * (double)set->filament_um[k];
        }
    }
}

/* Exact as far as programs that read JSON are; above that it is a figure of speech anyway. */
static json_t *known_ms(double ms)
{
    return json_known((int64_t)(ms < 9e15 ? ms : 9e15));
}

static json_t *counts_view(const struct queue_job *job)
{
    double time_ms;
    double filament_um;
    left(job, &time_ms, &filament_um);
    return json_pack("{s:i, s:i, s:i, s:b, s:b, s:b, s:b, s:o, s:o}", "count", (int)job->count,
        "remaining", (int)job->remaining, "completed", (int)(job->count - job->remaining), "draft",
        job->draft, "share", job->share, "repeat", job->repeat, "moving", job->moving,
        "time_left_ms", known_ms(time_ms), "filament_left_mm",
        filament_um < 0 ? json_null() : json_number(filament_um / 1000, 3));
}

static json_t *origin_view(const struct queue_job *job)
{
    return json_pack("{s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:b}", "created_ms",
        (json_int_t)job->created_ms, "submitter", json_text(job->submitter), "note",
        json_text(job->note), "revision", (json_int_t)job->revision, "changed_by",
        json_text(job->changed_by), "changed_ms",
        json_known(job->changed_ms > 0 ? job->changed_ms : -1), "archived_ms",
        json_known(job->archived_ms > 0 ? job->archived_ms : -1), "finished", job->finished);
}

json_t *view_queue_job(const struct view_lens *through, const struct jobs_queue *queue,
    const struct queue_job *job, size_t position)
{
    struct view_lens in_queue = *through;
    const struct view_lens *lens = &in_queue;
    in_queue.queue = queue;
    char why[WHY_SIZE] = "";
    json_t *sets = json_array();
    const char *state = state_of(lens, queue, job, why);
    for (size_t i = 0; i < job->sets_count; i++) {
        json_array_append_new(sets, set_view(lens, job, &job->sets[i]));
    }
    json_t *view = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "id", json_text(job->id), "name",
        json_text(job->name), "queue", json_text(queue->name), "position",
        json_known(position > 0 ? (int64_t)position : -1), "state", state, "why", json_text(why));
    add(view, counts_view(job));
    add(view, origin_view(job));
    json_object_set_new(view, "claims", claims_view(job));
    json_object_set_new(view, "sets", sets);
    return view;
}

size_t view_position(const struct jobs_queue *queue, const struct queue_job *job)
{
    size_t position = 1;
    const struct queue_job *at = queue_first(queue->queue);
    for (; at != NULL && at != job; at = queue_after(queue->queue, at)) {
        position++;
    }
    return at != NULL ? position : 0;
}

/* Of a job that is shared: which hosts cannot print it, and why. */
static json_t *why_view(
    const struct http *h, const struct jobs_queue *queue, const struct queue_job *job)
{
    bool shared = h->o.network != NULL && strcmp(queue->kind, "local") != 0;
    return shared && job->archived_ms == 0 ? network_why(h->o.network, queue->name, job)
                                           : json_null();
}

json_t *view_one_job(
    const struct http *h, const struct jobs_queue *queue, const struct queue_job *job)
{
    struct view_lens lens;
    view_lens_open(&lens, h);
    json_t *view = view_queue_job(&lens, queue, job, view_position(queue, job));
    json_object_set_new(view, "peers_why", why_view(h, queue, job));
    return view;
}

static json_t *leader_view(const struct http *h, const struct jobs_queue *q, const char *leader)
{
    char name[64];
    return network_host_name(h->o.network, q->name, leader, name)
               ? json_pack("{s:s, s:o}", "peer", leader, "name", json_text(name))
               : json_null();
}

static json_t *hints_view(const struct net_queue_status *s)
{
    json_t *out = json_array();
    for (size_t i = 0; i < sizeof s->hints / sizeof s->hints[0] && s->hints[i][0] != '\0'; i++) {
        json_array_append_new(out, json_text(s->hints[i]));
    }
    return out;
}

/* How it goes with the others. */
static json_t *joined_view(const struct http *h, const struct jobs_queue *q)
{
    struct net_queue_status s = {.peers = 0};
    bool joined = h->o.network != NULL && network_status(h->o.network, q->name, &s);
    json_t *peers = json_pack("{s:I, s:I, s:I, s:b}", "count", (json_int_t)s.peers, "low",
        (json_int_t)s.peers_low, "high", (json_int_t)s.peers_high, "exact",
        s.peers_low == s.peers_high);
    json_t *view = json_pack("{s:b, s:o, s:b, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:I}",
        "joined", joined, "role", joined ? json_string(net_role_name(s.role)) : json_null(),
        "connected", s.connected, "leader", joined ? leader_view(h, q, s.leader) : json_null(),
        "self", json_text(s.self), "group", json_text(s.group), "epoch", (json_int_t)s.epoch,
        "applied", (json_int_t)s.applied, "voters", (json_int_t)s.voters, "voters_linked",
        (json_int_t)s.voters_linked, "linked", (json_int_t)s.linked, "peers", peers, "waiting",
        (json_int_t)s.waiting);
    json_t *trust = json_pack("{s:I, s:b, s:b}", "peers", (json_int_t)s.trusted, "only",
        s.trusted_only, "self", s.trusted_self);
    json_t *rest = json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "trust", trust, "disk_full",
        s.disk_full, "listening", json_text(s.address), "registry_cid", json_text(s.registry_cid),
        "problem", json_text(s.problem), "hints", hints_view(&s));
    json_object_update(view, rest);
    json_decref(rest);
    return view;
}

/* How it is set; of the key only that there is one. */
static json_t *shared_view(const struct jobs_queue *q)
{
    const struct jobs_shared *s = &q->shared;
    return json_pack("{s:s, s:b, s:s, s:o, s:o, s:s, s:s, s:i, s:I}", "namespace",
        s->namespace[0] != '\0' ? s->namespace : q->name, "locked", s->key[0] != '\0', "address",
        s->address, "registry", json_text(s->registry), "identity", json_text(s->identity),
        "control", s->control[0] != '\0' ? s->control : "keyed", "accept", jobs_queue_accept(q),
        "replicas", s->replicas, "claim_timeout_ms", (json_int_t)s->claim_timeout_ms);
}

json_t *view_queue(const struct http *h, const struct jobs_queue *queue)
{
    double time_ms = 0;
    const struct queue_job *job = queue_first(queue->queue);
    for (; job != NULL && time_ms >= 0; job = queue_after(queue->queue, job)) {
        double job_ms;
        double filament_um;
        left(job, &job_ms, &filament_um);
        time_ms = job->draft ? time_ms : job_ms < 0 ? -1 : time_ms + job_ms;
    }
    json_t *view = json_pack("{s:o, s:o, s:s, s:b, s:b, s:I, s:I, s:o}", "name",
        json_text(queue->name), "kind", json_text(queue->kind), "strategy",
        queue_strategy_name(queue->strategy), "enabled", queue->enabled, "share", queue->share,
        "jobs", (json_int_t)queue_count(queue->queue), "archived",
        (json_int_t)queue_archive_count(queue->queue), "time_left_ms", known_ms(time_ms));
    if (strcmp(queue->kind, "local") != 0) {
        add(view, shared_view(queue));
        add(view, joined_view(h, queue));
    }
    return view;
}

json_t *view_queue_counts(const struct http *h)
{
    json_t *list = json_array();
    const struct jobs_queue *q;
    for (size_t i = 0; h->o.jobs != NULL && (q = jobs_queue_at(h->o.jobs, i)) != NULL; i++) {
        json_array_append_new(list, json_pack("{s:o, s:I, s:I}", "name", json_text(q->name), "jobs",
                                        (json_int_t)queue_count(q->queue), "archived",
                                        (json_int_t)queue_archive_count(q->queue)));
    }
    return json_pack("{s:o}", "queues", list);
}
