/* Queues as settings: changed, added, removed, put in order. What a network queue holds comes by
 * its log (jobs_net.c). */
#include "host/app/queue/jobs_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MARKER        "lan_queue" /* the setting that says that "LAN" was made once */
#define TIMEOUT_MIN   INT64_C(120000)
#define TIMEOUT_MAX   INT64_C(86400000)
#define TIMEOUT_USUAL INT64_C(900000)
#define REPLICAS_MAX  16
#define WORDS_MAX     200

/* ---- checks -------------------------------------------------------------------------------------
 */

static int check_text(const char *text, const char *field, struct err *e)
{
    char shown[512];
    size_t len = strlen(text);
    str_escape(shown, sizeof shown, text, len);
    if (strlen(shown) == len) {
        return 0;
    }
    return err_field(e, PP_EINVAL, field, "%s \"%.80s\": must be UTF-8 without control characters",
        field, shown);
}

int jobs_queue_name_check(const struct jobs *j, const char *name, struct err *e)
{
    size_t len = strlen(name);
    if (len < 1 || len > QUEUE_NAME_MAX) {
        return err_field(e, PP_EINVAL, "name",
            "name \"%.70s\": a queue's name must be 1 to %d bytes long, this has %zu", name,
            QUEUE_NAME_MAX, len);
    }
    int rc = check_text(name, "name", e);
    if (rc != 0) {
        return rc;
    }
    if (strcmp(name, QUEUE_LOCAL) == 0 || strcmp(name, QUEUE_ARCHIVED) == 0) {
        return err_field(e, PP_EINVAL, "name",
            "name \"%s\": this name is the host's own, as \"%s\" is; choose another", name,
            name[0] == 'l' ? QUEUE_ARCHIVED : QUEUE_LOCAL);
    }
    if (jobs_slot(j, name) != NULL) {
        return err_field(e, PP_EEXIST, "name",
            "name \"%s\": there is a queue of that name already; choose another", name);
    }
    return 0;
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(*words, text) != 0) {
        words++;
    }
    return *words != NULL;
}

const char *jobs_queue_accept(const struct jobs_queue *q)
{
    const char *usual = strcmp(q->kind, "wan") == 0 ? "trusted" : "all"; /* anybody is there */
    return q->shared.accept[0] != '\0' ? q->shared.accept : usual;
}

static int check_words(const struct jobs_shared *s, struct err *e)
{
    static const char *const controls[] = {"", "yes", "no", NULL};
    static const char *const accepts[] = {"", "all", "trusted", "model", NULL};
    if (!is_one_of(s->control, controls)) {
        return err_field(e, PP_EINVAL, "control", "control \"%s\": must be yes or no", s->control);
    }
    if (!is_one_of(s->accept, accepts)) {
        return err_field(
            e, PP_EINVAL, "accept", "accept \"%s\": must be all, trusted or model", s->accept);
    }
    if (s->replicas < 1 || s->replicas > REPLICAS_MAX) {
        return err_field(
            e, PP_EINVAL, "replicas", "replicas %d: must be 1 to %d", s->replicas, REPLICAS_MAX);
    }
    if (s->claim_timeout_ms < TIMEOUT_MIN || s->claim_timeout_ms > TIMEOUT_MAX) {
        return err_field(e, PP_EINVAL, "claim_timeout",
            "claim_timeout %" PRId64 " s: must be 2 minutes to 24 hours",
            s->claim_timeout_ms / 1000);
    }
    return 0;
}

static int check_texts(const struct jobs_shared *s, struct err *e)
{
    const struct {
        const char *field;
        const char *text;
    } rows[] = {{"namespace", s->namespace}, {"key", s->key}, {"address", s->address},
        {"registry", s->registry}, {"identity", s->identity}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int rc = check_text(rows[i].text, rows[i].field, e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int jobs_check_queue(const struct jobs *j, const struct jobs_queue *q, bool added, struct err *e)
{
    bool lan = strcmp(q->kind, "lan") == 0;
    int rc = added ? jobs_queue_name_check(j, q->name, e) : 0;
    if (rc == 0 && !lan && strcmp(q->kind, "wan") != 0) {
        rc = err_field(e, PP_EINVAL, "kind", "kind \"%s\": must be lan or wan", q->kind);
    }
    rc = rc == 0 ? check_texts(&q->shared, e) : rc;
    rc = rc == 0 ? check_words(&q->shared, e) : rc;
    if (rc == 0 && lan && q->shared.registry[0] != '\0') {
        return err_field(e, PP_EINVAL, "registry",
            "registry \"%.80s\": only a queue of kind wan has one", q->shared.registry);
    }
    if (rc == 0 && !lan && q->shared.registry[0] == '\0') {
        return err_field(
            e, PP_EINVAL, "registry", "registry \"\": a queue of kind wan is found through one");
    }
    if (rc == 0 && !lan && q->shared.key[0] != '\0') {
        return err_field(e, PP_EINVAL, "key", "key: only a queue of kind lan has one");
    }
    return rc;
}

/* ---- documents ----------------------------------------------------------------------------------
 */

json_t *jobs_write_shared(const struct jobs_shared *s)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I}", "namespace", s->namespace,
        "key", s->key, "address", s->address, "registry", s->registry, "identity", s->identity,
        "control", s->control, "accept", s->accept, "replicas", s->replicas, "claim_timeout_ms",
        (json_int_t)s->claim_timeout_ms);
}

static bool read_text(const json_t *object, const char *name, char *out, size_t out_size)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    return text != NULL && str_copy(out, out_size, text, json_string_length(value));
}

int jobs_read_shared(const json_t *object, struct jobs_shared *s, struct err *e)
{
    json_int_t timeout = 0;
    *s = (struct jobs_shared){.replicas = 2};
    bool right = read_text(object, "namespace", s->namespace, sizeof s->namespace) &&
                 read_text(object, "key", s->key, sizeof s->key) &&
                 read_text(object, "address", s->address, sizeof s->address) &&
                 read_text(object, "registry", s->registry, sizeof s->registry) &&
                 read_text(object, "identity", s->identity, sizeof s->identity) &&
                 read_text(object, "control", s->control, sizeof s->control) &&
                 read_text(object, "accept", s->accept, sizeof s->accept) &&
                 json_unpack((json_t *)(uintptr_t)object, "{s:i, s:I}", "replicas", &s->replicas,
                     "claim_timeout_ms", &timeout) == 0;
    s->claim_timeout_ms = timeout;
    return right ? check_words(s, e) : err_set(e, PP_ECORRUPT, "settings of a network queue");
}

/* ---- hosts a person was asked about -------------------------------------------------------------
 */

json_t *jobs_write_words(const struct slot *slot)
{
    json_t *array = slot->words_count > 0 ? json_array() : NULL;
    for (size_t i = 0; i < slot->words_count; i++) {
        const struct peer_word *w = &slot->words[i];
        json_array_append_new(
            array, json_pack("{s:s, s:b}", "peer", w->peer, "accepted", (int)w->accepted));
    }
    return array;
}

static void add_word(struct slot *slot, const char *peer, bool accepted)
{
    size_t i = 0;
    while (i < slot->words_count && strcmp(slot->words[i].peer, peer) != 0) {
        i++;
    }
    if (i == slot->words_count && i < WORDS_MAX) {
        slot->words = mem_resize(slot->words, ++slot->words_count, sizeof *slot->words);
    } else if (i == slot->words_count) { /* the oldest is asked about anew */
        memmove(slot->words, slot->words + 1, (--i) * sizeof *slot->words);
    }
    slot->words[i] = (struct peer_word){.accepted = accepted};
    str_copy(slot->words[i].peer, sizeof slot->words[i].peer, peer, strlen(peer));
}

void jobs_read_words(struct slot *slot, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array) && i < WORDS_MAX; i++) {
        const json_t *word = json_array_get(array, i);
        const char *peer = json_string_value(json_object_get(word, "peer"));
        if (peer != NULL) {
            add_word(slot, peer, json_is_true(json_object_get(word, "accepted")));
        }
    }
}

enum jobs_word jobs_peer_word(const struct jobs *j, const char *queue, const char *peer)
{
    const struct slot *slot = jobs_slot(j, queue);
    for (size_t i = 0; slot != NULL && i < slot->words_count; i++) {
        if (strcmp(slot->words[i].peer, peer) == 0) {
            return slot->words[i].accepted ? JOBS_ACCEPTED : JOBS_DECLINED;
        }
    }
    return JOBS_NOT_ASKED;
}

/* Holds at once; what the disk does not take is asked again after the next start. */
void jobs_peer_say(struct jobs *j, const char *queue, const char *peer, bool accepted,
    store_cb done, void *context)
{
    struct err e = {0};
    struct slot *slot = jobs_slot(j, queue);
    if (slot == NULL) {
        jobs_no_queue(j, queue, &e);
    } else {
        add_word(slot, peer, accepted);
    }
    jobs_change(j,
        &(struct jobs_change){.docs = STORE_QUEUES,
            .name = queue,
            .doc = slot != NULL ? jobs_write_queue(&slot->shown, slot->rank, jobs_write_words(slot))
                                : NULL,
            .err = e,
            .done = done,
            .context = context});
    jobs_net_changed(j);
}

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
    s->claim_timeout_ms = s->claim_timeout_ms != 0 ? s->claim_timeout_ms : TIMEOUT_USUAL;
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

void jobs_queue_rank(struct jobs *j, const char *name, size_t place, store_cb done, void *context)
{
    struct err e = {0};
    struct slot *slot = jobs_slot(j, name);
    struct ranks *r = mem_alloc(sizeof *r);
    struct store_changes *changes = NULL;
    r->names = mem_array(j->slots_count, sizeof *r->names);
    if (slot == NULL) {
        jobs_no_queue(j, name, &e);
    } else {
        changes = store_changes_new();
        place = place < j->slots_count ? place : j->slots_count - 1;
    }
    for (size_t i = 0, from = 0; slot != NULL && i < j->slots_count; i++) {
        from += j->slots[from] == slot;
        const struct slot *at = i == place ? slot : j->slots[from++];
        memcpy(r->names[r->count++], at->shown.name, sizeof at->shown.name);
        store_changes_add(changes, STORE_QUEUES, "", at->shown.name,
            jobs_write_queue(&at->shown, (int)i, jobs_write_words(at)));
        from += from < j->slots_count && j->slots[from] == slot;
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
        .shared = {.address = "auto", .replicas = 2, .claim_timeout_ms = TIMEOUT_USUAL}};
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
