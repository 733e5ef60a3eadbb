/* What a network queue is set to: what is right, how it is written, and which hosts a person was
 * asked about. What it holds comes by its log (jobs_machine.c). */
#include "host/app/queue/jobs_priv.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MIN  INT64_C(120000)
#define TIMEOUT_MAX  INT64_C(86400000)
#define REPLICAS_MAX 16
#define WORDS_MAX    200

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
