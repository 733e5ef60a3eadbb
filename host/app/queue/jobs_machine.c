/* Network queues: what comes out of the log, and the rows it is kept in.
 *
 * What is committed is in the queue and settled; this host's own words lie on top (jobs_own.c), so
 * every entry is applied between jobs_own_off() and jobs_own_on(). Bytes of other hosts are read
 * here: what cannot be read changes nothing, on any host.
 */
#include "host/app/queue/jobs_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- commands as bytes --------------------------------------------------------------------------
 */

struct commands {
    struct queue_command *at;
    size_t count;
};

static void free_commands(struct commands *c)
{
    for (size_t i = 0; i < c->count; i++) {
        queue_job_free(c->at[i].spec);
    }
    free(c->at);
}

/* What other hosts wrote: nothing of it is believed before it is read. */
static int read_commands(const uint8_t *bytes, size_t len, struct commands *out, struct err *e)
{
    json_error_t why;
    *out = (struct commands){.count = 0};
    json_t *doc = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, &why);
    bool many = json_is_array(doc);
    size_t n = many ? json_array_size(doc) : 1;
    int rc = 0;
    if (doc == NULL) {
        return err_set(e, PP_EPROTO, "a command that is no JSON, at byte %d", why.position);
    }
    if (n == 0 || n > JOBS_ALL_MAX) {
        rc = err_set(e, PP_ETOOBIG, "%zu commands at once: must be 1 to %d", n, JOBS_ALL_MAX);
    }
    out->at = rc == 0 ? mem_array(n, sizeof *out->at) : NULL;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = queue_command_from_json(many ? json_array_get(doc, i) : doc, &out->at[i], e);
        out->count += rc == 0;
    }
    json_decref(doc);
    if (rc != 0) {
        free_commands(out);
        *out = (struct commands){.count = 0};
    }
    return rc;
}

/* ---- out of the log -----------------------------------------------------------------------------
 */

static int may(
    const void *context, const struct queue *q, const struct queue_command *c, struct err *e)
{
    return queue_trust_check(q, context, c, e);
}

struct rows {
    net_row_cb row;
    void *context;
};

static void tell_row(const struct rows *r, const char *kind, const char *name, char *doc)
{
    char key[16 + QUEUE_WORD_MAX];
    snprintf(key, sizeof key, "%s/%s", kind, name);
    const struct net_row row = {
        .key = key, .bytes = (const uint8_t *)doc, .len = doc != NULL ? strlen(doc) : 0};
    r->row(r->context, &row);
    free(doc);
}

static void job_row(void *context, const char *id, const struct queue_job *job)
{
    tell_row(context, "job", id, job != NULL ? jobs_write_job(job) : NULL);
}

static void answer_row(void *context, const char *client, const struct queue_answer *answer)
{
    tell_row(context, "answer", client, answer != NULL ? jobs_write_answer(answer) : NULL);
}

static bool may_let_go(const struct commands *all, const struct queue_result *result)
{
    bool drops = result->job_done;
    for (size_t i = 0; i < all->count; i++) {
        const struct queue_command *c = &all->at[i];
        drops = drops || c->verb == QUEUE_ARCHIVE || c->verb == QUEUE_TAKE ||
                c->verb == QUEUE_PURGE || (c->verb == QUEUE_EDIT && (c->mask & QUEUE_F_SETS) != 0);
    }
    return drops;
}

/* As the log says it: its time, its word of who sent it. */
static void sign_all(const struct slot *slot, const struct net_entry *entry, struct commands *all)
{
    const struct queue_trust trust = jobs_net_trust(slot);
    char origin[PEER_TEXT_SIZE];
    /* a time that no row may have would be a row that nobody can read */
    int64_t utc_ms = entry->utc_ms > 0 ? entry->utc_ms : 1;
    utc_ms = utc_ms < QUEUE_TIME_MAX ? utc_ms : QUEUE_TIME_MAX;
    peer_format(&entry->origin, origin);
    for (size_t i = 0; i < all->count; i++) {
        all->at[i].now_ms = utc_ms;
        jobs_net_sign(&all->at[i], origin, entry->trusted);
        queue_trust_trim(&trust, &all->at[i]);
    }
}

static void on_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct slot *slot = context;
    struct rows rows = {row, row_context};
    const struct queue_sink sink = {.job = job_row, .answer = answer_row, .context = &rows};
    const struct queue_trust trust = jobs_net_trust(slot);
    struct queue_result result = {.job = ""};
    struct commands all;
    struct queue_command first = {.client = ""};
    struct run print = {.id = ""};
    jobs_own_off(slot);
    if (read_commands(entry->bytes, entry->len, &all, &result.err) == 0) {
        const struct queue_may rules = {may, &trust};
        first = all.at[0];
        sign_all(slot, entry, &all);
        jobs_history_note(slot, &all.at[0], &print);
        queue_apply_all(slot->queue, &rules, all.at, all.count, &result);
        slot->jobs->network_let_go = slot->jobs->network_let_go || may_let_go(&all, &result);
    }
    jobs_history_keep(slot, &print, &result);
    queue_changes(slot->queue, &sink);
    queue_settle(slot->queue);
    struct request *r = entry->own != 0 ? jobs_list_take_id(&slot->sent, entry->own) : NULL;
    if (r != NULL) {
        jobs_net_answer(slot, r, &result);
    } else {
        jobs_own_applied(slot, entry, &first, &result);
    }
    free_commands(&all);
    jobs_own_on(slot);
    jobs_net_changed(slot->jobs);
}

static void on_dump(void *context, net_row_cb row, void *row_context)
{
    struct slot *slot = context;
    struct rows rows = {row, row_context};
    const struct queue_sink sink = {.job = job_row, .answer = answer_row, .context = &rows};
    jobs_own_off(slot);
    queue_dump(slot->queue, &sink);
    jobs_own_on(slot);
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

static int load_job(struct queue *q, const char *id, const struct net_row *row, struct err *e)
{
    struct queue_job *job = jobs_read_job((const char *)row->bytes, row->len, e);
    if (job == NULL) {
        return -PP_ECORRUPT;
    }
    int rc = strcmp(job->id, id) == 0 ? queue_load_job(q, job, e)
                                      : err_set(e, PP_ECORRUPT, "it says that it is another");
    if (rc != 0) {
        queue_job_free(job);
    }
    return rc;
}

static int load_row(struct queue *q, const struct net_row *row, struct err *e)
{
    struct queue_answer answer;
    if (strncmp(row->key, "job/", 4) == 0) {
        return load_job(q, row->key + 4, row, e);
    }
    if (strncmp(row->key, "answer/", 7) == 0 &&
        jobs_read_answer(row->key + 7, (const char *)row->bytes, row->len, &answer)) {
        queue_load_answer(q, &answer);
        return 0;
    }
    return err_set(e, PP_ECORRUPT, "nothing that is known here");
}

static void on_load(void *context, const struct net_row *rows, size_t n)
{
    struct slot *slot = context;
    struct queue *q = jobs_net_queue(slot);
    for (size_t i = 0; i < n; i++) {
        struct err e = {0};
        char shown[80];
        if (load_row(q, &rows[i], &e) != 0) {
            str_escape(shown, sizeof shown, rows[i].key, strlen(rows[i].key));
            log_error("\"%s\" of queue \"%s\" cannot be read and is left out: %s", shown,
                slot->shown.name, e.text);
        }
    }
    queue_free(slot->queue);
    slot->queue = q;
    slot->shown.queue = q;
    jobs_own_on(slot);
    slot->jobs->network_let_go = true;
    jobs_net_changed(slot->jobs);
}

/* ---- what becomes of our commands ---------------------------------------------------------------
 */

static void on_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    struct slot *slot = context;
    struct commands all;
    struct err e = {0};
    if (read_commands(bytes, len, &all, &e) != 0) {
        log_error("a command of queue \"%s\" that is not committed yet cannot be read: %s",
            slot->shown.name, e.text);
        return;
    }
    if (all.count == 1) {
        jobs_own_pending(slot, id, &all.at[0]);
    }
    free_commands(&all);
    jobs_net_changed(slot->jobs);
}

static void on_kept(void *context, uint64_t id)
{
    jobs_own_kept(context, id);
}

static void on_refused(void *context, uint64_t id, const struct err *e)
{
    struct slot *slot = context;
    struct request *r = jobs_list_take_id(&slot->sent, id);
    if (r != NULL) {
        jobs_net_answer(slot, r, &(struct queue_result){.err = *e});
    } else {
        jobs_own_refused(slot, id, e);
    }
}

struct carry {
    void (*submit)(void *c, const uint8_t *bytes, size_t len);
    void *context;
};

static void carry_job(struct slot *slot, const struct queue_job *job, const struct carry *carry)
{
    struct queue_command c = {
        .verb = QUEUE_SUBMIT, .revision = -1, .mask = QUEUE_F_STATE, .now_ms = clock_wall_ms()};
    memcpy(c.job, job->id, sizeof c.job);
    snprintf(c.actor, sizeof c.actor, "%s", slot->shown.printer);
    memcpy(c.client, slot->own_client, sizeof c.client);
    c.sequence = ++slot->own_sequence;
    c.spec = queue_job_copy(job);
    char *bytes = jobs_net_write(&c, 1);
    carry->submit(carry->context, (const uint8_t *)bytes, strlen(bytes));
    free(bytes);
    jobs_own_pending(slot, 0, &c);
    queue_job_free(c.spec);
}

/* Every unfinished job as it is with our own words on top: those come first in the outbox, and do
 * nothing where the job is not known yet. */
static void on_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *submit_context)
{
    struct slot *slot = context;
    const struct carry carry = {submit, submit_context};
    struct queue_job **all = mem_array(queue_count(slot->queue) + 1, sizeof *all);
    size_t n = 0;
    const struct queue_job *job = queue_first(slot->queue);
    for (; job != NULL; job = queue_after(slot->queue, job)) {
        all[n++] = queue_job_copy(job);
    }
    for (size_t i = 0; i < n; i++) {
        carry_job(slot, all[i], &carry);
        queue_job_free(all[i]);
    }
    free(all);
}

static void on_changed(void *context)
{
    const struct slot *slot = context;
    jobs_net_changed(slot->jobs);
}

void jobs_machine(struct slot *slot, struct net_machine *machine)
{
    *machine = (struct net_machine){.apply = on_apply,
        .dump = on_dump,
        .load = on_load,
        .pending = on_pending,
        .kept = on_kept,
        .refused = on_refused,
        .carry_over = on_carry_over,
        .changed = on_changed,
        .context = slot};
}
