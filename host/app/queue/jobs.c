/* Opening and closing, the queues there are, small changes of one document. */
#include "host/app/queue/jobs_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 3600000

/* ---- open ---------------------------------------------------------------------------------------
 */

struct slot *jobs_add_slot(struct jobs *j, const char *name, const char *kind)
{
    struct slot *slot = mem_alloc(sizeof *slot);
    slot->jobs = j;
    slot->network = strcmp(kind, "local") != 0;
    slot->queue = slot->network ? NULL : queue_new(name);
    jobs_list_init(&slot->sent);
    slot->shown = (struct jobs_queue){
        .strategy = QUEUE_IN_ORDER, .enabled = !slot->network, .queue = slot->queue};
    str_copy(slot->shown.name, sizeof slot->shown.name, name, strlen(name));
    str_copy(slot->shown.kind, sizeof slot->shown.kind, kind, strlen(kind));
    str_copy(slot->shown.printer, sizeof slot->shown.printer, j->host_name, strlen(j->host_name));
    j->slots = mem_resize(j->slots, j->slots_count + 1, sizeof(void *));
    j->slots[j->slots_count++] = slot;
    return slot;
}

void jobs_free_slot(struct slot *slot)
{
    jobs_own_free(slot);
    queue_free(slot->queue);
    free(slot->words);
    sodium_memzero(slot->shown.shared.key, sizeof slot->shown.shared.key);
    free(slot);
}

/* Another one at every start: what an earlier one was answered is no answer to this one. */
static void name_client(struct jobs *j, const char *host_name)
{
    uint32_t random = randombytes_random();
    snprintf(j->client, sizeof j->client, "%.64s.%08x", host_name, random);
}

static void destroy(struct jobs *j)
{
    for (size_t i = 0; i < j->slots_count; i++) {
        jobs_free_slot(j->slots[i]);
    }
    for (size_t i = 0; i < j->leaving_count; i++) {
        jobs_free_slot(j->leaving[i]);
    }
    for (size_t i = 0; i < j->notices_count; i++) {
        free(j->notices[i]);
    }
    free(j->leaving);
    free(j->notices);
    for (size_t i = 0; i < j->unread_count; i++) {
        free(j->unread[i]);
    }
    free(j->slots);
    free(j->unread);
    jobs_templates_free(j);
    jobs_content_free(j->content);
    free(j);
}

static void start_handles(struct jobs *j)
{
    uv_idle_init(j->loop, &j->pump);
    uv_timer_init(j->loop, &j->hourly);
    j->pump.data = j->hourly.data = j;
    j->open = 2;
    uv_timer_start(&j->hourly, jobs_sweep, 0, SWEEP_MS);
}

int jobs_open(struct jobs **out, uv_loop_t *loop, const struct jobs_options *o, struct store *store,
    struct files *files, struct hub *hub, struct err *e)
{
    struct jobs *j = mem_alloc(sizeof *j);
    j->loop = loop;
    j->store = store;
    j->files = files;
    j->hub = hub;
    j->profiles = o->profiles;
    j->keep = o->keep;
    j->content = jobs_content_new();
    name_client(j, o->host_name);
    str_copy(j->host_name, sizeof j->host_name, o->host_name, strlen(o->host_name));
    jobs_add_slot(j, QUEUE_LOCAL, "local");
    jobs_requests_init(j);
    int rc = jobs_load(j, e);
    if (rc != 0) {
        destroy(j);
        return rc;
    }
    start_handles(j);
    rc = jobs_make_lan(j, e);
    if (rc != 0) {
        log_warn("the queue \"LAN\" is not made: %s", e->text); /* at the next start, then */
    }
    files_set_users(files, jobs_name_user, j);
    *out = j;
    return 0;
}

/* ---- close --------------------------------------------------------------------------------------
 */

void jobs_let_go(struct jobs *j)
{
    if (--j->open > 0) {
        return;
    }
    void (*closed)(void *) = j->closed;
    void *context = j->closed_context;
    files_set_users(j->files, NULL, NULL);
    destroy(j);
    if (closed != NULL) {
        closed(context);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    jobs_let_go(handle->data);
}

void jobs_close_handles(struct jobs *j)
{
    uv_close((uv_handle_t *)&j->pump, on_handle_closed);
    uv_close((uv_handle_t *)&j->hourly, on_handle_closed);
}

void jobs_close(struct jobs *j, void (*closed)(void *context), void *context)
{
    j->closing = true;
    j->closed = closed;
    j->closed_context = context;
    for (size_t i = 0; i < j->slots_count; i++) {
        jobs_net_leave(j->slots[i], PP_ECANCELED, "the host is stopping");
    }
    jobs_cancel_waiting(j);
    jobs_answer_refused(j);
    if (!j->busy) {
        jobs_close_handles(j);
    }
}

void jobs_set_profile(struct jobs *j, const struct profile *own)
{
    j->own_profile = own;
}

void jobs_set_retention(struct jobs *j, const struct jobs_retention *keep)
{
    j->keep = *keep;
    if (!j->closing) {
        uv_timer_start(&j->hourly, jobs_sweep, 0, SWEEP_MS);
    }
}

/* ---- queues -------------------------------------------------------------------------------------
 */

struct slot *jobs_slot(const struct jobs *j, const char *name)
{
    for (size_t i = 0; i < j->slots_count; i++) {
        if (strcmp(j->slots[i]->shown.name, name) == 0) {
            return j->slots[i];
        }
    }
    return NULL;
}

const struct jobs_queue *jobs_queue_at(const struct jobs *j, size_t index)
{
    return index < j->slots_count ? &j->slots[index]->shown : NULL;
}

const struct jobs_queue *jobs_queue_find(const struct jobs *j, const char *name)
{
    const struct slot *slot = jobs_slot(j, name);
    return slot != NULL ? &slot->shown : NULL;
}

int jobs_no_queue(const struct jobs *j, const char *name, struct err *e)
{
    char shown[80];
    struct strbuf known = {0};
    str_escape(shown, sizeof shown, name, strnlen(name, sizeof shown));
    for (size_t i = 0; i < j->slots_count; i++) {
        strbuf_printf(&known, "%s%s", i > 0 ? ", " : "", j->slots[i]->shown.name);
    }
    int rc = err_field(e, PP_ENOTFOUND, "queue", "there is no queue \"%s\"; there is %s", shown,
        strbuf_text(&known));
    strbuf_fini(&known);
    return rc;
}

/* ---- small changes ------------------------------------------------------------------------------
 */

struct pending {
    struct pending *next;
    struct jobs *jobs;
    struct jobs_change change;
};

static void answer(struct pending *p, const struct err *e)
{
    struct jobs *j = p->jobs;
    if (e == NULL && p->change.apply != NULL) {
        p->change.apply(j, p->change.data);
    }
    if (p->change.done != NULL) {
        p->change.done(p->change.context, e);
    }
    if (p->change.free_data != NULL) {
        p->change.free_data(p->change.data);
    } else {
        free(p->change.data);
    }
    free(p);
    jobs_let_go(j);
}

static void on_changed(void *context, const struct err *e)
{
    answer(context, e);
}

void jobs_answer_refused(struct jobs *j)
{
    struct pending *p = j->refused;
    j->refused = NULL;
    for (struct pending *next; p != NULL; p = next) {
        next = p->next;
        answer(p, &p->change.err);
    }
}

void jobs_change(struct jobs *j, const struct jobs_change *change)
{
    struct pending *p = mem_alloc(sizeof *p);
    p->jobs = j;
    p->change = *change;
    j->open++;
    if (j->closing) {
        err_set(&p->change.err, PP_ECANCELED, "the host is stopping");
    }
    if (p->change.err.code == 0) {
        struct store_changes *c = change->changes != NULL ? change->changes : store_changes_new();
        if (change->changes == NULL) {
            store_changes_add(c, change->docs, "", change->name, change->doc);
        }
        store_save_changes(j->store, c, on_changed, p);
        return;
    }
    free(change->doc);
    store_changes_free(change->changes);
    if (j->closing) {
        answer(p, &p->change.err);
        return;
    }
    p->next = j->refused;
    j->refused = p;
    uv_idle_start(&j->pump, jobs_pump);
}
