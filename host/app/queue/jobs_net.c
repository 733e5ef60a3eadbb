/* Network queues: commands into the log, answers to who sent them, queues joined and left. What
 * comes out of the log is jobs_machine.c's.
 *
 * The log calls from within its own step and must not be called back: whoever waits is told from
 * the pump.
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

#define HOST_TAIL   12 /* characters that tell a peer */
#define COMMAND_MAX (48 << 10)

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

struct queue_trust jobs_net_trust(const struct slot *slot)
{
    return (struct queue_trust){.open_wan = strcmp(slot->shown.kind, "wan") == 0};
}

/* ---- into the log -------------------------------------------------------------------------------
 */

char *jobs_net_write(const struct queue_command *commands, size_t n)
{
    json_t *doc = n == 1 ? queue_command_to_json(commands) : json_array();
    for (size_t i = 0; n > 1 && i < n; i++) {
        json_array_append_new(doc, queue_command_to_json(&commands[i]));
    }
    char *text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    return text;
}

static int not_joined(const struct slot *slot, struct err *e)
{
    if (!slot->shown.enabled) {
        return err_field(e, PP_ESTATE, "queue",
            "queue \"%s\" is not enabled: this host takes no part in it", slot->shown.name);
    }
    return err_field(e, PP_EOFFLINE, "queue", "queue \"%s\" is not joined (its status says why)",
        slot->shown.name);
}

/* Other hosts know nothing of our keys: "ana at shed"; and whoever sits at this host is the host.
 */
static void name_person(const struct jobs *j, char *name, size_t size)
{
    char key[QUEUE_WORD_MAX + 1];
    bool nobody = name[0] == '\0' || strcmp(name, j->host_name) == 0;
    if (nobody || strstr(name, " at ") != NULL) {
        return;
    }
    if (strcmp(name, "local") == 0 || strcmp(name, "session") == 0) {
        str_copy(name, size, j->host_name, strlen(j->host_name));
        return;
    }
    str_copy(key, sizeof key, name, strlen(name));
    snprintf(name, size, "%.44s at %.44s", key, j->host_name);
}

static void rename_person(const struct jobs *j, char **name)
{
    char text[QUEUE_WORD_MAX + 1];
    if (*name != NULL) {
        str_copy(text, sizeof text, *name, strlen(*name));
        name_person(j, text, sizeof text);
        free(*name);
        *name = mem_strdup(text);
    }
}

static void name_people(const struct jobs *j, struct queue_command *c)
{
    name_person(j, c->actor, sizeof c->actor);
    if (c->verb == QUEUE_SUBMIT && c->spec != NULL) {
        rename_person(j, &c->spec->submitter);
        rename_person(j, &c->spec->changed_by);
    }
}

static void stamp(struct slot *slot, struct request *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct queue_command *c = &r->commands[i];
        name_people(slot->jobs, c);
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

const struct queue_answer *jobs_last_answer(
    const struct jobs *j, const char *queue, const char *client)
{
    const struct slot *slot = jobs_slot(j, queue);
    struct queue_command c = {.client = ""};
    str_copy(c.client, sizeof c.client, client, strlen(client));
    if (slot != NULL && slot->network) {
        jobs_net_sign(&c, slot->self, true);
    }
    return slot != NULL ? queue_last_answer(slot->queue, c.client) : NULL;
}

/* It has its answer, whatever has become of its files. */
static bool was_answered(const struct slot *slot, const struct queue_command *c)
{
    const struct queue_answer *last = jobs_last_answer(slot->jobs, slot->shown.name, c->client);
    return last != NULL && last->sequence >= c->sequence;
}

/* What every host would refuse whoever sends it is refused at once. */
static int prepare(struct slot *slot, struct request *r, struct err *e)
{
    const struct queue_trust of_all = {.open_wan = false};
    int rc = 0;
    stamp(slot, r);
    for (size_t i = 0; rc == 0 && i < r->count && !was_answered(slot, &r->commands[0]); i++) {
        rc = jobs_fill(slot->jobs, slot->queue, &r->commands[i], e);
        rc = rc == 0 ? queue_trust_check(slot->queue, &of_all, &r->commands[i], e) : rc;
    }
    return rc;
}

/* Smaller than what the log takes: on its way into another group's log a job has its claims too. */
static int check_size(const struct request *r, size_t len, struct err *e)
{
    bool carries = r->commands[0].spec != NULL;
    if (!carries || len <= COMMAND_MAX) {
        return 0;
    }
    return err_set(e, PP_ETOOBIG,
        "the job has %zu sets and is %zu bytes as a message: a network queue takes at most %d "
        "bytes "
        "of one job; make several of it, or leave out what the sets say beyond their files",
        r->commands[0].spec->sets_count, len, COMMAND_MAX);
}

static void send_request(struct slot *slot, struct request *r)
{
    const struct jobs_network *n = &slot->jobs->network;
    struct err *e = &r->result.err;
    if (prepare(slot, r, e) == 0) {
        char *bytes = jobs_net_write(r->commands, r->count);
        if (check_size(r, strlen(bytes), e) == 0) {
            r->id = n->submit(n->context, slot->shown.name, false, bytes, strlen(bytes), e);
        }
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
    char *bytes = jobs_net_write(c, 1);
    uint64_t id = n->submit(n->context, slot->shown.name, true, bytes, strlen(bytes), e);
    free(bytes);
    return id;
}

void jobs_net_answer(struct slot *slot, struct request *r, const struct queue_result *result)
{
    r->result = *result;
    answer_later(slot->jobs, r);
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

/* In texts that all hosts keep, the queue has the name that all of them know it by. */
struct queue *jobs_net_queue(const struct slot *slot)
{
    const char *common = slot->shown.shared.namespace;
    return queue_new(common[0] != '\0' ? common : slot->shown.name);
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
    slot->queue = jobs_net_queue(slot);
    slot->shown.queue = slot->queue;
    slot->shown.joins++;
    jobs_machine(slot, machine);
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
