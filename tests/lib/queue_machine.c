#include "tests/lib/queue_machine.h"

#include "host/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char *key;
    char *text;
    uint64_t hash;
};

struct queue_machine {
    struct queue *queue;
    struct queue_machine_events events;
    unsigned plant;
    struct row *rows; /* by key */
    size_t count, cap;
    uint64_t digest;   /* sum of the rows' hashes */
    net_row_cb report; /* during apply */
    void *report_context;
};

/* ---- rows ---------------------------------------------------------------------------------------
 */

static uint64_t hash_more(uint64_t h, const char *text)
{
    for (; *text != '\0'; text++) {
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint64_t hash_of(const char *key, const char *text)
{
    uint64_t h = hash_more(hash_more(UINT64_C(0xcbf29ce484222325), key), text);
    return h ^ h >> 32;
}

static size_t place_of(const struct queue_machine *m, const char *key, bool *there)
{
    size_t low = 0;
    size_t high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(m->rows[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *there = low < m->count && strcmp(m->rows[low].key, key) == 0;
    return low;
}

static void drop_row(struct queue_machine *m, size_t at)
{
    m->digest -= m->rows[at].hash;
    free(m->rows[at].key);
    free(m->rows[at].text);
    m->count--;
    memmove(&m->rows[at], &m->rows[at + 1], (m->count - at) * sizeof *m->rows);
}

static void add_row(struct queue_machine *m, size_t at, const char *key, const char *text)
{
    if (m->count == m->cap) {
        m->cap = m->cap * 2 + 32;
        m->rows = mem_resize(m->rows, m->cap, sizeof *m->rows);
    }
    memmove(&m->rows[at + 1], &m->rows[at], (m->count - at) * sizeof *m->rows);
    m->rows[at] = (struct row){mem_strdup(key), mem_strdup(text), hash_of(key, text)};
    m->digest += m->rows[at].hash;
    m->count++;
}

/* `text` NULL: the row is gone. */
static void set_row(struct queue_machine *m, const char *key, const char *text)
{
    bool there;
    size_t at = place_of(m, key, &there);
    if (there) {
        drop_row(m, at);
    }
    if (text != NULL) {
        add_row(m, at, key, text);
    }
    if (m->report != NULL && (there || text != NULL)) {
        struct net_row row = {key, (const uint8_t *)text, text != NULL ? strlen(text) : 0};
        m->report(m->report_context, &row);
    }
}

static void set_json(struct queue_machine *m, const char *kind, const char *name, json_t *value)
{
    char key[160];
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    snprintf(key, sizeof key, "%s/%s", kind, name);
    set_row(m, key, text);
    free(text);
    json_decref(value);
}

/* ---- answers ------------------------------------------------------------------------------------
 */

static json_t *answer_to_json(const struct queue_answer *a)
{
    const struct queue_result *r = &a->result;
    return json_pack("{s:s, s:I, s:I, s:i, s:s, s:s, s:s, s:b, s:b}", "client", a->client,
        "sequence", (json_int_t)a->sequence, "used_ms", (json_int_t)a->used_ms, "code", r->err.code,
        "field", r->err.field, "text", r->err.text, "job", r->job, "copy_done", r->copy_done,
        "job_done", r->job_done);
}

static void copy_text(char *to, size_t size, const char *from)
{
    str_copy(to, size, from, strlen(from));
}

static bool answer_from_json(json_t *object, struct queue_answer *out)
{
    const char *client;
    const char *field;
    const char *text;
    const char *job;
    json_int_t sequence;
    json_int_t used;
    int copy_done;
    int job_done;
    *out = (struct queue_answer){0};
    if (json_unpack(object, "{s:s, s:I, s:I, s:i, s:s, s:s, s:s, s:b, s:b}", "client", &client,
            "sequence", &sequence, "used_ms", &used, "code", &out->result.err.code, "field", &field,
            "text", &text, "job", &job, "copy_done", &copy_done, "job_done", &job_done) != 0) {
        return false;
    }
    copy_text(out->client, sizeof out->client, client);
    copy_text(out->result.err.field, sizeof out->result.err.field, field);
    copy_text(out->result.err.text, sizeof out->result.err.text, text);
    copy_text(out->result.job, sizeof out->result.job, job);
    out->sequence = sequence;
    out->used_ms = used;
    out->result.copy_done = copy_done != 0;
    out->result.job_done = job_done != 0;
    return true;
}

/* ---- applying -----------------------------------------------------------------------------------
 */

static void on_job(void *context, const char *id, const struct queue_job *job)
{
    set_json(context, "job", id, job != NULL ? queue_job_to_json(job) : NULL);
}

static void on_answer(void *context, const char *client, const struct queue_answer *answer)
{
    set_json(context, "answer", client, answer != NULL ? answer_to_json(answer) : NULL);
}

static void settle(struct queue_machine *m)
{
    struct queue_sink sink = {.job = on_job, .answer = on_answer, .context = m};
    queue_changes(m->queue, &sink);
    queue_settle(m->queue);
}

static const struct queue_claim *claim_of_run(
    const struct queue_machine *m, const char *id, const char *run)
{
    const struct queue_job *job = queue_find(m->queue, id);
    for (size_t i = 0; job != NULL && run[0] != '\0' && i < job->claims_count; i++) {
        if (strcmp(job->claims[i].run, run) == 0) {
            return &job->claims[i];
        }
    }
    return NULL;
}

/* The same end may be told twice: by a host that died before it knew that the first was kept. */
static void note_print(struct queue_machine *m, const struct queue_command *c, bool counted)
{
    struct queue_machine_print known;
    if (!queue_machine_print(m, c->run, &known)) {
        set_json(m, "print", c->run,
            json_pack("{s:s, s:s, s:b}", "job", c->job, "set", c->set, "counted", counted));
    }
}

/* The planted bug: whoever had it no longer counts. */
static void claim_by_force(
    struct queue_machine *m, const struct queue_command *c, struct queue_result *result)
{
    const struct queue_job *job = queue_find(m->queue, c->job);
    struct queue_command other = {.verb = QUEUE_FINISH, .now_ms = c->now_ms, .revision = -1};
    struct queue_command again = *c;
    struct queue_result ignored;
    if (job == NULL || job->claims_count == 0) {
        return;
    }
    memcpy(other.job, c->job, sizeof other.job);
    memcpy(other.run, job->claims[0].run, sizeof other.run);
    memcpy(other.printer, job->claims[0].printer, sizeof other.printer);
    if (other.run[0] != '\0') {
        queue_apply(m->queue, &other, &ignored);
    }
    other.verb = QUEUE_RELEASE;
    queue_apply(m->queue, &other, &ignored);
    again.client[0] = '\0';
    queue_apply(m->queue, &again, result);
}

static void apply_command(
    struct queue_machine *m, const struct queue_command *c, struct queue_result *result)
{
    bool counted = claim_of_run(m, c->job, c->run) != NULL;
    queue_apply(m->queue, c, result);
    if ((m->plant & QUEUE_MACHINE_BUG_CLAIM) && c->verb == QUEUE_CLAIM &&
        result->err.code == PP_EBUSY && !result->repeated) {
        claim_by_force(m, c, result);
    }
    settle(m);
    if (c->verb == QUEUE_FINISH && c->success && result->err.code == 0 && !result->repeated) {
        note_print(m, c, counted);
    }
}

static bool decode(const uint8_t *bytes, size_t len, struct queue_command *out)
{
    struct err e;
    json_t *object = json_loadb((const char *)bytes, len, 0, NULL);
    bool right = object != NULL && queue_command_from_json(object, out, &e) == 0;
    json_decref(object);
    return right;
}

static void machine_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct queue_machine *m = context;
    struct queue_command c;
    struct queue_result result = {0};
    if (!decode(entry->bytes, entry->len, &c)) {
        return;
    }
    c.now_ms = entry->utc_ms > 0 ? entry->utc_ms : 1;
    m->report = row;
    m->report_context = row_context;
    apply_command(m, &c, &result);
    m->report = NULL;
    if (m->events.applied != NULL) {
        m->events.applied(m->events.context, entry, &c, &result);
    }
    queue_job_free(c.spec);
}

void queue_machine_encode(struct strbuf *out, const struct queue_command *c)
{
    json_t *object = queue_command_to_json(c);
    char *text = json_dumps(object, JSON_COMPACT);
    strbuf_puts(out, text);
    free(text);
    json_decref(object);
}

/* ---- dump and load ------------------------------------------------------------------------------
 */

static void machine_dump(void *context, net_row_cb row, void *row_context)
{
    struct queue_machine *m = context;
    for (size_t i = 0; i < m->count; i++) {
        struct net_row r = {
            m->rows[i].key, (const uint8_t *)m->rows[i].text, strlen(m->rows[i].text)};
        row(row_context, &r);
    }
}

static void load_row(struct queue_machine *m, const char *key, json_t *object)
{
    struct err e;
    struct queue_job *job;
    struct queue_answer answer;
    if (str_starts(key, "job/") && queue_job_from_json(object, &job, &e) == 0 &&
        queue_load_job(m->queue, job, &e) != 0) {
        queue_job_free(job);
    }
    if (str_starts(key, "answer/") && answer_from_json(object, &answer)) {
        queue_load_answer(m->queue, &answer);
    }
}

static void clear(struct queue_machine *m)
{
    while (m->count > 0) {
        drop_row(m, m->count - 1);
    }
    queue_free(m->queue);
    m->queue = queue_new("LAN");
}

static void machine_load(void *context, const struct net_row *rows, size_t n)
{
    struct queue_machine *m = context;
    clear(m);
    for (size_t i = 0; i < n; i++) {
        json_t *object = json_loadb((const char *)rows[i].bytes, rows[i].len, 0, NULL);
        char *text = object != NULL ? mem_printf("%.*s", (int)rows[i].len, rows[i].bytes) : NULL;
        set_row(m, rows[i].key, text);
        if (object != NULL) {
            load_row(m, rows[i].key, object);
        }
        free(text);
        json_decref(object);
    }
    queue_settle(m->queue);
    if (m->events.loaded != NULL) {
        m->events.loaded(m->events.context);
    }
}

/* ---- the rest of the machine --------------------------------------------------------------------
 */

static void machine_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    struct queue_machine *m = context;
    struct queue_command c;
    if (m->events.pending != NULL && decode(bytes, len, &c)) {
        m->events.pending(m->events.context, id, &c);
        queue_job_free(c.spec);
    }
}

static void machine_kept(void *context, uint64_t id)
{
    struct queue_machine *m = context;
    if (m->events.kept != NULL) {
        m->events.kept(m->events.context, id);
    }
}

static void machine_refused(void *context, uint64_t id, const struct err *e)
{
    struct queue_machine *m = context;
    if (m->events.refused != NULL) {
        m->events.refused(m->events.context, id, e);
    }
}

static void machine_changed(void *context)
{
    struct queue_machine *m = context;
    if (m->events.changed != NULL) {
        m->events.changed(m->events.context);
    }
}

typedef void submit_fn(void *c, const uint8_t *bytes, size_t len);

static void carry(const struct queue_command *c, submit_fn *submit, void *submit_context)
{
    struct strbuf bytes = {0};
    queue_machine_encode(&bytes, c);
    submit(submit_context, (const uint8_t *)bytes.data, bytes.len);
    strbuf_fini(&bytes);
}

static void carry_job(const struct queue_job *job, submit_fn *submit, void *submit_context)
{
    struct queue_command c = {.verb = QUEUE_SUBMIT, .revision = -1};
    c.spec = queue_job_copy(job);
    carry(&c, submit, submit_context);
    queue_job_free(c.spec);
}

/* A print counts where its job is not known; where it is, its end is told there as a surplus. */
static void carry_print(const char *run, const char *text, submit_fn *submit, void *submit_context)
{
    struct queue_command c = {.verb = QUEUE_FINISH, .success = true, .revision = -1};
    const char *job = "";
    const char *set = "";
    json_t *object = json_loads(text, 0, NULL);
    json_unpack(object, "{s:s, s:s}", "job", &job, "set", &set);
    copy_text(c.run, sizeof c.run, run);
    copy_text(c.job, sizeof c.job, job);
    copy_text(c.set, sizeof c.set, set);
    carry(&c, submit, submit_context);
    json_decref(object);
}

static void machine_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    struct queue_machine *m = context;
    const struct queue_job *job = queue_first(m->queue); /* what is done need not be done again */
    if (m->events.carrying != NULL) {
        m->events.carrying(m->events.context);
    }
    for (; job != NULL; job = queue_after(m->queue, job)) {
        carry_job(job, submit, c);
    }
    for (size_t i = 0; i < m->count; i++) {
        if (str_starts(m->rows[i].key, "print/")) {
            carry_print(m->rows[i].key + strlen("print/"), m->rows[i].text, submit, c);
        }
    }
}

/* ---- for the host -------------------------------------------------------------------------------
 */

struct queue_machine *queue_machine_new(const struct queue_machine_events *events, unsigned plant)
{
    struct queue_machine *m = mem_alloc(sizeof *m);
    m->events = *events;
    m->plant = plant;
    m->queue = queue_new("LAN");
    return m;
}

void queue_machine_free(struct queue_machine *m)
{
    if (m == NULL) {
        return;
    }
    clear(m);
    queue_free(m->queue);
    free(m->rows);
    free(m);
}

struct net_machine queue_machine_of(struct queue_machine *m)
{
    return (struct net_machine){.apply = machine_apply,
        .dump = machine_dump,
        .load = machine_load,
        .pending = machine_pending,
        .kept = machine_kept,
        .refused = machine_refused,
        .carry_over = machine_carry_over,
        .changed = machine_changed,
        .context = m};
}

const struct queue *queue_machine_queue(const struct queue_machine *m)
{
    return m->queue;
}

uint64_t queue_machine_digest(const struct queue_machine *m)
{
    return m->digest;
}

bool queue_machine_print(
    const struct queue_machine *m, const char *run, struct queue_machine_print *out)
{
    char key[ID_SIZE + 8];
    bool there;
    const char *job;
    const char *set;
    int counted;
    snprintf(key, sizeof key, "print/%s", run);
    size_t at = place_of(m, key, &there);
    if (!there) {
        return false;
    }
    json_t *object = json_loads(m->rows[at].text, 0, NULL);
    json_unpack(object, "{s:s, s:s, s:b}", "job", &job, "set", &set, "counted", &counted);
    copy_text(out->job, sizeof out->job, job);
    copy_text(out->set, sizeof out->set, set);
    out->counted = counted != 0;
    json_decref(object);
    return true;
}

void queue_machine_show(const struct queue_machine *m, struct strbuf *out)
{
    for (size_t i = 0; i < m->count; i++) {
        strbuf_printf(out, "%s %s\n", m->rows[i].key, m->rows[i].text);
    }
}
