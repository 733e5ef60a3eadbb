/* Network queues: commands into the log, entries out of it.
 *
 * What is committed is in the queue and settled; this host's own words lie on top (jobs_own.c), so
 * every entry is applied between jobs_own_off() and jobs_own_on(). The log calls from within its
 * own step and must not be called back: whoever waits is told from the pump.
 *
 * A client's name counts per host: in the queue it is written behind the end of the peer id that
 * the link has proved, so that nobody answers for another's commands.
 */
#include "host/app/queue/jobs_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_trust.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_TAIL 12 /* characters that tell a peer */

/* ---- told from the pump -------------------------------------------------------------------------
 */

void jobs_net_notice(struct jobs *j, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_warn("%s", text);
    j->notices = mem_resize(j->notices, j->notices_count + 1, sizeof(char *));
    j->notices[j->notices_count++] = mem_strdup(text);
    jobs_pump_soon(j);
}

void jobs_net_changed(struct jobs *j)
{
    j->network_changed = true;
    jobs_forget_content(j);
    jobs_pump_soon(j);
}

static void answer_later(struct jobs *j, struct request *r)
{
    jobs_list_add(&j->answered, r);
    jobs_pump_soon(j);
}

static void tell_notices(struct jobs *j)
{
    char **notices = j->notices;
    size_t count = j->notices_count;
    j->notices = NULL;
    j->notices_count = 0;
    for (size_t i = 0; i < count; i++) {
        hub_emit(j->hub, HUB_NOTICE, notices[i]);
        free(notices[i]);
    }
    free(notices);
}

void jobs_net_pump(struct jobs *j)
{
    struct request *r;
    size_t count = j->outgoing.count;
    for (size_t i = 0; i < count && (r = jobs_list_take(&j->outgoing)) != NULL; i++) {
        jobs_send(j, r);
    }
    count = j->answered.count;
    for (size_t i = 0; i < count && (r = jobs_list_take(&j->answered)) != NULL; i++) {
        jobs_answer(r);
    }
    tell_notices(j);
    bool changed = j->network_changed;
    bool let_go = j->network_let_go;
    j->network_changed = j->network_let_go = false;
    if (changed && !j->closing) {
        hub_emit(j->hub, HUB_JOBS, NULL);
    }
    if (let_go && !j->closing) {
        files_drop_unused(j->files);
    }
    if (j->outgoing.count > 0 || j->answered.count > 0 || j->notices_count > 0) {
        jobs_pump_soon(j);
    }
}

/* ---- commands as bytes --------------------------------------------------------------------------
 */

static char *write_commands(const struct queue_command *commands, size_t n)
{
    json_t *doc = n == 1 ? queue_command_to_json(commands) : json_array();
    for (size_t i = 0; n > 1 && i < n; i++) {
        json_array_append_new(doc, queue_command_to_json(&commands[i]));
    }
    char *text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    return text;
}

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

/* ---- as it stands in the queue ------------------------------------------------------------------
 */

void jobs_net_sign(struct queue_command *c, const char *origin, bool trusted)
{
    char client[sizeof c->client];
    size_t len = strlen(origin);
    const char *tail = origin + (len > HOST_TAIL ? len - HOST_TAIL : 0);
    str_copy(c->origin, sizeof c->origin, origin, len);
    c->trusted = trusted;
    if (c->client[0] == '\0') {
        return;
    }
    memcpy(client, c->client, sizeof client);
    int full = snprintf(c->client, sizeof c->client, "%s:%s", tail, client);
    if (full >= (int)sizeof c->client) { /* cut off, two might look like one */
        uint8_t hash[8];
        char hex[2 * sizeof hash + 1];
        crypto_generichash(hash, sizeof hash, (const uint8_t *)client, strlen(client), NULL, 0);
        sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        snprintf(c->client, sizeof c->client, "%s:%s", tail, hex);
    }
}

static int may(
    const void *context, const struct queue *q, const struct queue_command *c, struct err *e)
{
    return queue_trust_check(q, context, c, e);
}

static struct queue_trust trust_of(const struct slot *slot)
{
    return (struct queue_trust){.open_wan = strcmp(slot->shown.kind, "wan") == 0};
}

/* ---- into the log -------------------------------------------------------------------------------
 */

static int not_joined(const struct slot *slot, struct err *e)
{
    if (!slot->shown.enabled) {
        return err_field(e, PP_ESTATE, "queue",
            "queue \"%s\" is not enabled: this host takes no part in it", slot->shown.name);
    }
    return err_field(e, PP_EOFFLINE, "queue", "queue \"%s\" is not joined (its status says why)",
        slot->shown.name);
}

static void stamp(struct slot *slot, struct request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct queue_command *c = &r->commands[i];
        if (i == 0 && c->client[0] == '\0') {
            memcpy(c->client, slot->client, sizeof c->client);
            c->sequence = ++slot->sequence;
        }
        jobs_stamp(slot->jobs, c);
        if (i > 0) {
            c->client[0] = '\0';
        }
    }
}

/* What every host would refuse is refused at once. */
static int prepare(struct slot *slot, struct request *r, struct err *e)
{
    const struct queue_trust trust = trust_of(slot);
    int rc = 0;
    stamp(slot, r);
    for (size_t i = 0; rc == 0 && i < r->count; i++) {
        struct queue_command c = r->commands[i];
        rc = jobs_fill(slot->jobs, slot->queue, &r->commands[i], e);
        c = r->commands[i];
        str_copy(c.origin, sizeof c.origin, slot->self, strlen(slot->self));
        c.trusted = !trust.open_wan; /* else the log knows */
        rc = rc == 0 && !trust.open_wan ? queue_trust_check(slot->queue, &trust, &c, e) : rc;
    }
    return rc;
}

static void send_request(struct slot *slot, struct request *r)
{
    const struct jobs_network *n = &slot->jobs->network;
    struct err *e = &r->result.err;
    if (prepare(slot, r, e) == 0) {
        char *bytes = write_commands(r->commands, r->count);
        r->id = n->submit(n->context, slot->shown.name, false, bytes, strlen(bytes), e);
        free(bytes);
    }
    if (r->id != 0) {
        jobs_list_add(&slot->sent, r);
        return;
    }
    answer_later(slot->jobs, r);
}

void jobs_send(struct jobs *j, struct request *r)
{
    struct slot *slot = jobs_slot(j, r->queue);
    if (r->result.err.code != 0) {
        answer_later(j, r);
    } else if (slot == NULL || !slot->network) {
        jobs_no_queue(j, r->queue, &r->result.err);
        answer_later(j, r);
    } else if (slot->queue == NULL || j->network.submit == NULL) {
        not_joined(slot, &r->result.err);
        answer_later(j, r);
    } else if (jobs_is_own(slot, r)) {
        jobs_own_send(slot, r);
    } else {
        send_request(slot, r);
    }
}

uint64_t jobs_net_submit(struct slot *slot, const struct queue_command *c, struct err *e)
{
    const struct jobs_network *n = &slot->jobs->network;
    char *bytes = write_commands(c, 1);
    uint64_t id = n->submit(n->context, slot->shown.name, true, bytes, strlen(bytes), e);
    free(bytes);
    return id;
}

void jobs_net_answer(struct slot *slot, struct request *r, const struct queue_result *result)
{
    r->result = *result;
    answer_later(slot->jobs, r);
}

/* ---- out of the log -----------------------------------------------------------------------------
 */

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
    const struct queue_trust trust = trust_of(slot);
    char origin[PEER_TEXT_SIZE];
    peer_format(&entry->origin, origin);
    for (size_t i = 0; i < all->count; i++) {
        all->at[i].now_ms = entry->utc_ms;
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
    const struct queue_trust trust = trust_of(slot);
    struct queue_result result = {.job = ""};
    struct commands all;
    struct queue_command first = {.client = ""};
    jobs_own_off(slot);
    if (read_commands(entry->bytes, entry->len, &all, &result.err) == 0) {
        const struct queue_may rules = {may, &trust};
        first = all.at[0];
        sign_all(slot, entry, &all);
        queue_apply_all(slot->queue, &rules, all.at, all.count, &result);
        slot->jobs->network_let_go = slot->jobs->network_let_go || may_let_go(&all, &result);
    }
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

/* In texts that all hosts keep, the queue has the name that all of them know it by. */
static struct queue *new_queue(const struct slot *slot)
{
    const char *common = slot->shown.shared.namespace;
    return queue_new(common[0] != '\0' ? common : slot->shown.name);
}

static void on_load(void *context, const struct net_row *rows, size_t n)
{
    struct slot *slot = context;
    struct queue *q = new_queue(slot);
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
    char *bytes = write_commands(&c, 1);
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

/* ---- joined and left ----------------------------------------------------------------------------
 */

void jobs_set_network(struct jobs *j, const struct jobs_network *network)
{
    j->network = network != NULL ? *network : (struct jobs_network){.submit = NULL};
}

bool jobs_may_begin(const struct jobs *j, const char *queue, struct err *e)
{
    const struct slot *slot = jobs_slot(j, queue);
    const struct jobs_network *n = &j->network;
    if (slot == NULL || !slot->network || n->may_begin == NULL || n->may_begin(n->context, queue)) {
        return true;
    }
    err_set(e, PP_EOFFLINE,
        "this host has been out of touch with queue \"%s\" for so long that others may have been "
        "given its jobs",
        queue);
    return false;
}

bool jobs_connected(const struct jobs *j, const char *queue)
{
    const struct slot *slot = jobs_slot(j, queue);
    const struct jobs_network *n = &j->network;
    return slot == NULL || !slot->network || n->connected == NULL ||
           n->connected(n->context, queue);
}

static void name_ourselves(struct slot *slot, const char *printer)
{
    const char *at = strrchr(printer, '@');
    uint32_t random = randombytes_random();
    str_copy(slot->shown.printer, sizeof slot->shown.printer, printer, strlen(printer));
    snprintf(slot->self, sizeof slot->self, "%s", at != NULL ? at + 1 : printer);
    snprintf(slot->client, sizeof slot->client, "%.40s.%08x", slot->jobs->host_name, random);
    snprintf(
        slot->own_client, sizeof slot->own_client, "%.40s.%08x.own", slot->jobs->host_name, random);
    slot->sequence = slot->own_sequence = 0;
}

int jobs_joined(struct jobs *j, const char *name, const char *printer, struct net_machine *machine,
    struct err *e)
{
    struct slot *slot = jobs_slot(j, name);
    if (slot == NULL || !slot->network) {
        return jobs_no_queue(j, name, e);
    }
    if (slot->queue != NULL) {
        return err_field(e, PP_ESTATE, "queue", "queue \"%s\" is joined already", name);
    }
    name_ourselves(slot, printer);
    slot->queue = new_queue(slot);
    slot->shown.queue = slot->queue;
    slot->shown.joins++;
    *machine = (struct net_machine){.apply = on_apply,
        .dump = on_dump,
        .load = on_load,
        .pending = on_pending,
        .kept = on_kept,
        .refused = on_refused,
        .carry_over = on_carry_over,
        .changed = on_changed,
        .context = slot};
    return 0;
}

void jobs_net_leave(struct slot *slot, int code, const char *why)
{
    struct request *r;
    struct queue_result result = {.job = ""};
    err_set(&result.err, code, "%s", why);
    while ((r = jobs_list_take(&slot->sent)) != NULL) {
        jobs_net_answer(slot, r, &result);
    }
    for (struct own_command *o = slot->own; o != NULL; o = o->next) {
        if (o->request != NULL) {
            jobs_net_answer(slot, o->request, &result);
            o->request = NULL;
        }
    }
}

static void free_leaving(struct jobs *j, size_t at)
{
    struct slot *slot = j->leaving[at];
    j->leaving_count--;
    memmove(&j->leaving[at], &j->leaving[at + 1], (j->leaving_count - at) * sizeof(void *));
    jobs_net_leave(slot, PP_EOFFLINE, "the queue is removed");
    jobs_free_slot(slot);
}

void jobs_left(struct jobs *j, const char *name)
{
    struct slot *slot = jobs_slot(j, name);
    for (size_t i = 0; i < j->leaving_count; i++) {
        if (strcmp(j->leaving[i]->shown.name, name) == 0) {
            free_leaving(j, i);
            return;
        }
    }
    if (slot == NULL || slot->queue == NULL) {
        return;
    }
    jobs_net_leave(slot, PP_EOFFLINE, "this host has left the queue; it may be carried out yet");
    jobs_own_free(slot);
    queue_free(slot->queue);
    slot->queue = NULL;
    slot->shown.queue = NULL;
    jobs_net_changed(j);
}
