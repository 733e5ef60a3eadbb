/* The list of queues: changed, added, removed, put in order; the one that is there from the first
 * start on. */
#include "host/app/queue/jobs_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MARKER "lan_queue" /* the setting that says that "LAN" was made once */

/* ---- order --------------------------------------------------------------------------------------
 */

static int by_rank(const void *a, const void *b)
{
    const struct slot *x = *(struct slot *const *)a;
    const struct slot *y = *(struct slot *const *)b;
    return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : strcmp(x->shown.name, y->shown.name);
}

void jobs_sort_slots(struct jobs *j)
{
    qsort(j->slots, j->slots_count, sizeof(struct slot *), by_rank);
}

static int next_rank(const struct jobs *j)
{
    int rank = 0;
    for (size_t i = 0; i < j->slots_count; i++) {
        rank = j->slots[i]->rank > rank ? j->slots[i]->rank : rank;
    }
    return rank + 1;
}

/* The network first, so that who listens to the hub finds it settled. */
static void tell(struct jobs *j)
{
    if (j->network.queues_changed != NULL) {
        j->network.queues_changed(j->network.context);
    }
    hub_emit(j->hub, HUB_JOBS, NULL);
}

/* ---- changed, added -----------------------------------------------------------------------------
 */

struct queue_change {
    struct jobs_queue queue;
    int rank;
};

static void free_change(void *data)
{
    struct queue_change *c = data;
    sodium_memzero(c->queue.shared.key, sizeof c->queue.shared.key);
    free(c);
}

static void apply_queue(struct jobs *j, void *data)
{
    const struct queue_change *c = data;
    struct slot *slot = jobs_slot(j, c->queue.name);
    if (slot == NULL) {
        slot = jobs_add_slot(j, c->queue.name, c->queue.kind);
    }
    slot->rank = c->rank;
    slot->shown.strategy = c->queue.strategy;
    slot->shown.enabled = c->queue.enabled;
    slot->shown.share = c->queue.share;
    if (slot->network) {
        slot->shown.shared = c->queue.shared;
    }
    jobs_sort_slots(j);
    tell(j);
}

static void save(struct jobs *j, const struct jobs_queue *q, int rank, const struct err *e,
    store_cb done, void *context)
{
    const struct slot *slot = jobs_slot(j, q->name);
    json_t *words = slot != NULL && e->code == 0 ? jobs_write_words(slot) : NULL;
    struct queue_change *c = mem_alloc(sizeof *c);
    *c = (struct queue_change){*q, rank};
    jobs_change(j, &(struct jobs_change){.docs = STORE_QUEUES,
                       .name = c->queue.name,
                       .doc = e->code == 0 ? jobs_write_queue(q, rank, words) : NULL,
                       .apply = apply_queue,
                       .data = c,
                       .free_data = free_change,
                       .err = *e,
                       .done = done,
                       .context = context});
}

static int want_unprinted(const struct slot *slot, struct err *e)
{
    const struct queue_job *job = queue_first(slot->queue);
    for (; job != NULL; job = queue_after(slot->queue, job)) {
        for (size_t i = 0; i < job->claims_count; i++) {
            const struct queue_claim *c = &job->claims[i];
            if (c->run[0] != '\0' && strcmp(c->printer, slot->shown.printer) == 0) {
                return err_set(e, PP_EBUSY,
                    "queue \"%s\": job \"%.80s\" of it is being printed here; wait, or cancel it",
                    slot->shown.name, jobs_title(job));
            }
        }
    }
    return 0;
}

void jobs_queue_edit(struct jobs *j, const struct jobs_queue *changed, store_cb done, void *context)
{
    struct err e = {0};
    const struct slot *slot = jobs_slot(j, changed->name);
    struct jobs_queue q = *changed;
    if (slot == NULL) {
        jobs_no_queue(j, changed->name, &e);
    } else {
        memcpy(q.kind, slot->shown.kind, sizeof q.kind); /* it stays what it is */
    }
    if (slot != NULL && slot->network && jobs_check_queue(j, &q, false, &e) == 0 && !q.enabled) {
        want_unprinted(slot, &e);
    }
    save(j, &q, slot != NULL ? slot->rank : 0, &e, done, context);
}

void jobs_queue_add(struct jobs *j, const struct jobs_queue *q, store_cb done, void *context)
{
    struct err e = {0};
    struct jobs_queue queue = *q;
    struct jobs_shared *s = &queue.shared;
    if (s->address[0] == '\0') {
        str_copy(s->address, sizeof s->address, "auto", 4);
    }
    s->replicas = s->replicas != 0 ? s->replicas : 2;
    s->claim_timeout_ms = s->claim_timeout_ms != 0 ? s->claim_timeout_ms : JOBS_CLAIM_TIMEOUT_MS;
    jobs_check_queue(j, &queue, true, &e);
    save(j, &queue, next_rank(j), &e, done, context);
}

/* ---- removed ------------------------------------------------------------------------------------
 */

static int want_removable(const struct jobs *j, const char *name, struct err *e)
{
    const struct slot *slot = jobs_slot(j, name);
    if (slot == NULL) {
        return jobs_no_queue(j, name, e);
    }
    if (!slot->network) {
        return err_field(e, PP_EINVAL, "queue",
            "queue \"%s\": this host's own queue is not removed; it can be disabled", name);
    }
    return want_unprinted(slot, e);
}

static void apply_removal(struct jobs *j, void *data)
{
    struct slot *slot = jobs_slot(j, data);
    size_t at = 0;
    if (slot == NULL) {
        return;
    }
    while (j->slots[at] != slot) {
        at++;
    }
    j->slots_count--;
    memmove(&j->slots[at], &j->slots[at + 1], (j->slots_count - at) * sizeof(void *));
    jobs_forget_content(j);
    if (slot->queue == NULL) {
        jobs_free_slot(slot);
    } else {
        slot->leaving = true;
        j->leaving = mem_resize(j->leaving, j->leaving_count + 1, sizeof(void *));
        j->leaving[j->leaving_count++] = slot;
    }
    tell(j);
    files_drop_unused(j->files);
}

void jobs_queue_remove(struct jobs *j, const char *name, store_cb done, void *context)
{
    struct err e = {0};
    char *copy = mem_strdup(name);
    want_removable(j, name, &e);
    jobs_change(j, &(struct jobs_change){.docs = STORE_QUEUES,
                       .name = copy,
                       .apply = apply_removal,
                       .data = copy,
                       .err = e,
                       .done = done,
                       .context = context});
}

/* ---- put in order -------------------------------------------------------------------------------
 */

struct ranks {
    char (*names)[QUEUE_NAME_MAX + 1];
    size_t count;
};

static void free_ranks(void *data)
{
    struct ranks *r = data;
    free(r->names);
    free(r);
}

static void apply_ranks(struct jobs *j, void *data)
{
    const struct ranks *r = data;
    for (size_t i = 0; i < r->count; i++) {
        struct slot *slot = jobs_slot(j, r->names[i]);
        if (slot != NULL) {
            slot->rank = (int)i;
        }
    }
    jobs_sort_slots(j);
    hub_emit(j->hub, HUB_JOBS, NULL);
}

/* The order with `slot` at `place`, in names and in documents. */
static struct store_changes *put_in_order(
    const struct jobs *j, const struct slot *slot, size_t place, struct ranks *r)
{
    struct store_changes *changes = store_changes_new();
    size_t from = 0;
    for (size_t i = 0; i < j->slots_count; i++) {
        const struct slot *at = slot;
        if (i != place) {
            from += j->slots[from] == slot;
            at = j->slots[from++];
        }
        memcpy(r->names[r->count++], at->shown.name, sizeof at->shown.name);
        store_changes_add(changes, STORE_QUEUES, "", at->shown.name,
            jobs_write_queue(&at->shown, (int)i, jobs_write_words(at)));
    }
    return changes;
}

void jobs_queue_rank(struct jobs *j, const char *name, size_t place, store_cb done, void *context)
{
    struct err e = {0};
    const struct slot *slot = jobs_slot(j, name);
    struct ranks *r = mem_alloc(sizeof *r);
    struct store_changes *changes = NULL;
    r->names = mem_array(j->slots_count, sizeof *r->names);
    if (slot == NULL) {
        jobs_no_queue(j, name, &e);
    } else {
        place = place < j->slots_count ? place : j->slots_count - 1;
        changes = put_in_order(j, slot, place, r);
    }
    jobs_change(j, &(struct jobs_change){.changes = changes,
                       .apply = apply_ranks,
                       .data = r,
                       .free_data = free_ranks,
                       .err = e,
                       .done = done,
                       .context = context});
}

/* ---- the one that is there ----------------------------------------------------------------------
 */

static void on_marked(void *context, const struct err *e)
{
    if (e != NULL) {
        log_warn("that there is a queue \"LAN\" could not be noted: %s", e->text);
    }
    jobs_let_go(context);
}

static void on_made(void *context, const struct err *e)
{
    struct jobs *j = context;
    if (e == NULL && !j->closing) {
        j->open++;
        store_save_setting(j->store, MARKER, "yes", on_marked, j);
    }
}

int jobs_make_lan(struct jobs *j, struct err *e)
{
    char was[8];
    int rc = store_load_setting(j->store, MARKER, was, sizeof was, e);
    if (rc != 0 || strcmp(was, "yes") == 0) {
        return rc;
    }
    if (jobs_slot(j, "LAN") != NULL) { /* made, and not noted any more */
        on_made(j, NULL);
        return 0;
    }
    const struct jobs_queue lan = {.name = "LAN",
        .kind = "lan",
        .strategy = QUEUE_IN_ORDER,
        .shared = {.address = "auto", .replicas = 2, .claim_timeout_ms = JOBS_CLAIM_TIMEOUT_MS}};
    struct slot *slot = jobs_add_slot(j, lan.name, lan.kind);
    slot->rank = next_rank(j);
    slot->shown.shared = lan.shared;
    jobs_change(j, &(struct jobs_change){.docs = STORE_QUEUES,
                       .name = lan.name,
                       .doc = jobs_write_queue(&lan, slot->rank, NULL),
                       .done = on_made,
                       .context = j});
    return 0;
}
