/* What this host says of its own prints: it counts here at once, on top of what is committed, and
 * is answered as soon as it is on this host's disk, so that the host goes on alone. A claim is no
 * such word: it must be committed, since others want the same.
 *
 * The log keeps the order in which they were given, and repeats each until it is applied.
 */
#include "host/app/queue/jobs_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- on top -------------------------------------------------------------------------------------
 */

void jobs_own_off(struct slot *slot)
{
    queue_undo(slot->queue);
}

/* What was sent from here is signed as the log will sign it. */
static void put_on(struct slot *slot, struct own_command *o)
{
    struct queue_command c = o->command;
    jobs_net_sign(&c, slot->self, true);
    queue_apply(slot->queue, &c, &o->result);
}

void jobs_own_on(struct slot *slot)
{
    for (struct own_command *o = slot->own; o != NULL; o = o->next) {
        put_on(slot, o);
    }
}

static void again(struct slot *slot)
{
    jobs_own_off(slot);
    jobs_own_on(slot);
    jobs_net_changed(slot->jobs);
}

static struct own_command *add(struct slot *slot, uint64_t id, const struct queue_command *c)
{
    struct own_command *o = mem_alloc(sizeof *o);
    struct own_command **last = &slot->own;
    o->id = id;
    o->command = *c;
    o->command.spec = c->spec != NULL ? queue_job_copy(c->spec) : NULL;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = o;
    return o;
}

static void drop(struct slot *slot, struct own_command *gone)
{
    struct own_command **at = &slot->own;
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    queue_job_free(gone->command.spec);
    free(gone);
}

void jobs_own_free(struct slot *slot)
{
    while (slot->own != NULL) {
        drop(slot, slot->own);
    }
}

static struct own_command *find(struct slot *slot, uint64_t id)
{
    struct own_command *o = slot->own;
    while (o != NULL && (id == 0 || o->id != id)) {
        o = o->next;
    }
    return o;
}

/* ---- sent ---------------------------------------------------------------------------------------
 */

bool jobs_is_own(const struct slot *slot, const struct request *r)
{
    const struct queue_command *c = &r->commands[0];
    bool of_a_print = c->verb == QUEUE_BEGIN || c->verb == QUEUE_FINISH || c->verb == QUEUE_RELEASE;
    return r->count == 1 && of_a_print && strcmp(c->printer, slot->shown.printer) == 0;
}

static bool has_claim(const struct slot *slot, const struct queue_command *c)
{
    const struct queue_job *job = queue_find(slot->queue, c->job);
    for (size_t i = 0; job != NULL && i < job->claims_count; i++) {
        if (queue_same_printer(job->claims[i].printer, c->printer)) {
            return true;
        }
    }
    return false;
}

static int may_say(const struct slot *slot, const struct queue_command *c, struct err *e)
{
    if (c->verb != QUEUE_BEGIN) {
        return 0;
    }
    if (!has_claim(slot, c)) {
        return err_set(e, PP_ESTATE,
            "nothing of queue \"%s\" begins before its claim is agreed upon", slot->shown.name);
    }
    return jobs_may_begin(slot->jobs, slot->shown.name, e) ? 0 : -e->code;
}

void jobs_own_send(struct slot *slot, struct request *r)
{
    struct queue_command *c = &r->commands[0];
    struct queue_result result = {.job = ""};
    if (c->client[0] == '\0') {
        memcpy(c->client, slot->own_client, sizeof c->client);
        c->sequence = ++slot->own_sequence;
    }
    jobs_stamp(slot->jobs, c);
    if (may_say(slot, c, &result.err) != 0) {
        jobs_net_answer(slot, r, &result);
        return;
    }
    struct own_command *o = add(slot, 0, c);
    put_on(slot, o);
    result = o->result;
    o->id = result.err.code == 0 ? jobs_net_submit(slot, c, &result.err) : 0;
    o->request = r;
    if (o->id == 0) {
        drop(slot, o);
        jobs_net_answer(slot, r, &result);
        again(slot);
    }
    jobs_net_changed(slot->jobs);
}

void jobs_own_pending(struct slot *slot, uint64_t id, const struct queue_command *c)
{
    put_on(slot, add(slot, id, c));
}

/* ---- what becomes of it -------------------------------------------------------------------------
 */

bool jobs_own_kept(struct slot *slot, uint64_t id)
{
    struct own_command *o = find(slot, id);
    if (o != NULL && o->request != NULL) {
        jobs_net_answer(slot, o->request, &o->result);
        o->request = NULL;
    }
    return o != NULL;
}

bool jobs_own_refused(struct slot *slot, uint64_t id, const struct err *e)
{
    struct own_command *o = find(slot, id);
    if (o == NULL) {
        return false;
    }
    if (o->request != NULL) {
        jobs_net_answer(slot, o->request, &(struct queue_result){.err = *e});
    } else {
        log_error("what queue \"%s\" was told of a print here was not taken: %s", slot->shown.name,
            e->text);
    }
    drop(slot, o);
    again(slot);
    return true;
}

/* Who else has printed it, as far as the job tells. */
static const char *other_of(const struct slot *slot, const struct queue_job *job)
{
    for (size_t i = 0; job != NULL && i < job->claims_count; i++) {
        const char *printer = job->claims[i].printer;
        if (printer[0] != '\0' && !queue_same_printer(printer, slot->shown.printer)) {
            return printer;
        }
    }
    return "another printer";
}

/* Told again because its answer was missed: it counted then. */
static bool was_counted(const struct slot *slot, const char *run)
{
    for (size_t i = 0; i < JOBS_COUNTED; i++) {
        if (strcmp(slot->counted[i], run) == 0) {
            return true;
        }
    }
    return false;
}

static void note_counted(struct slot *slot, const struct queue_command *c)
{
    memcpy(slot->counted[slot->counted_at], c->run, ID_SIZE);
    slot->counted_at = (slot->counted_at + 1) % JOBS_COUNTED;
}

/* It counts here no more, or never did: what was printed here is one too many. */
static void tell_surplus(
    struct slot *slot, const struct queue_command *c, const struct queue_result *result)
{
    const struct queue_job *job = queue_find(slot->queue, c->job);
    const char *title = job != NULL ? jobs_title(job) : c->job;
    bool begins = c->verb == QUEUE_BEGIN && result->err.code != 0;
    bool ends =
        c->verb == QUEUE_FINISH && c->success && !result->counted && !was_counted(slot, c->run);
    if (result->repeated) {
        return;
    }
    if (begins) {
        jobs_net_notice(slot->jobs,
            "a print of job \"%.60s\" in queue \"%s\" is not this host's to count: %.120s", title,
            slot->shown.name, result->err.text);
    } else if (ends) {
        jobs_net_notice(slot->jobs,
            "a print of job \"%.60s\" in queue \"%s\" ended well here and is not counted: also "
            "printed by %.60s",
            title, slot->shown.name, other_of(slot, job));
    }
}

void jobs_own_applied(struct slot *slot, const struct net_entry *entry,
    const struct queue_command *c, const struct queue_result *result)
{
    struct own_command *o = find(slot, entry->own);
    char origin[PEER_TEXT_SIZE];
    peer_format(&entry->origin, origin);
    for (struct own_command *at = slot->own; o == NULL && at != NULL; at = at->next) {
        bool same = strcmp(at->command.client, c->client) == 0 &&
                    at->command.sequence == c->sequence && strcmp(origin, slot->self) == 0;
        o = same ? at : NULL;
    }
    if (o == NULL) {
        return;
    }
    if (o->request != NULL) {
        jobs_net_answer(slot, o->request, result);
    }
    if (c->verb == QUEUE_FINISH && c->success && result->counted) {
        note_counted(slot, &o->command);
    }
    tell_surplus(slot, &o->command, result);
    drop(slot, o);
}
