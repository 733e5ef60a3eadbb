/* What tools/bench/claims runs: a fleet of hosts without printers races for jobs.
 *
 *     claims_bench FOLDER HOSTS JOBS SEED SECONDS [claim]
 *
 * Every host is the real thing from the socket to the queue (net, jobs, its two databases); only a
 * print is a pause. All claim whatever is offered to them, while the network between them
 * (claims_relay) delays, stalls, breaks off, and falls into parts. The jobs are submitted
 * meanwhile, by all.
 *
 * Into FOLDER goes what a judge needs: HOST.log, what the host's machine was told and answered
 * entry by entry; HOST.prints, when it printed what; HOST.end, its state at the end. Sums as JSON
 * on stdout. Ends with 1 when the jobs are not done within SECONDS.
 *
 * With `claim` the machine forgets, on all hosts alike, that a job which is claimed is not free.
 */
#include "host/app/queue/jobs.h"
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "tests/bench/claims_relay.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define HOSTS_MAX    64
#define QUEUE        "Race"
#define PROFILE      "virtual"
#define TICK_MS      100
#define HEARTBEAT_MS 300
#define ELECTION_MS  1800
#define PRINT_MIN_MS 200
#define PRINT_MS     1500
#define QUIET_MS     3000 /* at the end, without faults and without anything new */

enum doing {
    IDLE,
    ASKING, /* an answer is due */
    PRINTING
};

struct host {
    struct bench *bench;
    size_t index;
    char folder[512];
    struct store *store;
    struct files *files;
    struct hub *hub;
    struct jobs *jobs;
    struct net *net;
    struct net_machine machine; /* of jobs */
    char printer[QUEUE_WORD_MAX + 1];
    FILE *log;
    FILE *prints;
    crypto_generichash_state rows; /* of the entry being applied */
    int code;                      /* of its answer; -1 none */
    enum doing doing;
    bool begun; /* ours, and its BEGIN is answered */
    char job[ID_SIZE];
    char set[ID_SIZE];
    char run[ID_SIZE];
    uv_timer_t print;
    uint64_t look_ms; /* not before */
    size_t to_submit;
    int64_t submitted;
    bool submitting;
    char next_id[ID_SIZE]; /* of the job being submitted */
    uint64_t submit_ms;
    bool led;
    size_t open;
};

struct bench {
    uv_loop_t loop;
    uv_timer_t tick;
    struct claims_relay *relay;
    struct host host[HOSTS_MAX];
    size_t hosts, jobs;
    uint64_t random;
    bool plant;
    bool racing, ending, done;
    uint64_t began_ms, raced_ms, changed_ms, part_ms, limit_ms;
    uint64_t applied; /* sum over all hosts */
    bool parted;
    uint64_t leaders, claims, refused, unknown;
    size_t open;
};

static uint64_t draw(struct bench *b, uint64_t below)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return b->random % below;
}

static void fail(const char *what, const struct err *e)
{
    fprintf(
        stderr, "claims_bench: %s%s%s\n", what, e != NULL ? ": " : "", e != NULL ? e->text : "");
    exit(1);
}

/* ---- what is told to the judge ------------------------------------------------------------------
 */

static void put_hash(FILE *out, crypto_generichash_state *s)
{
    uint8_t hash[12];
    char hex[2 * sizeof hash + 1];
    crypto_generichash_final(s, hash, sizeof hash);
    fprintf(out, " %s", sodium_bin2hex(hex, sizeof hex, hash, sizeof hash) != NULL ? hex : "");
}

static void hash_row(crypto_generichash_state *s, const struct net_row *row)
{
    crypto_generichash_update(s, (const uint8_t *)row->key, strlen(row->key) + 1);
    if (row->bytes != NULL) {
        crypto_generichash_update(s, row->bytes, row->len);
    }
}

static void on_dump_row(void *context, const struct net_row *row)
{
    hash_row(context, row);
}

static void put_state(struct host *h, FILE *out)
{
    crypto_generichash_state s;
    crypto_generichash_init(&s, NULL, 0, 12);
    h->machine.dump(h->machine.context, on_dump_row, &s);
    put_hash(out, &s);
}

/* An answer's row is the only one with a code; the one that is forgotten for it has no bytes. */
static int code_of(const struct net_row *row)
{
    json_t *doc =
        row->bytes != NULL ? json_loadb((const char *)row->bytes, row->len, 0, NULL) : NULL;
    json_t *inner = json_object_get(doc, "answer");
    json_t *code = json_object_get(inner != NULL ? inner : doc, "code");
    int found = json_is_integer(code) ? (int)json_integer_value(code) : -1;
    json_decref(doc);
    return found;
}

struct applying {
    struct host *host;
    net_row_cb row;
    void *context;
};

static void on_row(void *context, const struct net_row *row)
{
    struct applying *a = context;
    hash_row(&a->host->rows, row);
    if (strncmp(row->key, "answer/", 7) == 0 && row->bytes != NULL) {
        a->host->code = code_of(row);
    }
    a->row(a->context, row);
}

static const char *word(const json_t *command, const char *name)
{
    const char *text = json_string_value(json_object_get(command, name));
    return text != NULL && text[0] != '\0' ? text : "-";
}

/* INDEX BYTES ROWS ANSWER VERB JOB PRINTER RUN SUCCESS CLIENT SEQUENCE */
static void put_entry(struct host *h, const struct net_entry *entry, const json_t *command)
{
    crypto_generichash_state s;
    crypto_generichash_init(&s, NULL, 0, 12);
    crypto_generichash_update(&s, (const uint8_t *)&entry->origin, sizeof entry->origin);
    crypto_generichash_update(&s, (const uint8_t *)&entry->utc_ms, sizeof entry->utc_ms);
    crypto_generichash_update(&s, entry->bytes, entry->len);
    fprintf(h->log, "%" PRIu64, entry->index);
    put_hash(h->log, &s);
    put_hash(h->log, &h->rows);
    fprintf(h->log, " %d %s %s %s %s %d %s %" JSON_INTEGER_FORMAT "\n", h->code,
        word(command, "verb"), word(command, "job"), word(command, "printer"), word(command, "run"),
        json_is_true(json_object_get(command, "success")), word(command, "client"),
        json_integer_value(json_object_get(command, "sequence")));
}

/* ---- the machine, watched -----------------------------------------------------------------------
 */

static void apply_made_up(struct applying *a, const struct net_entry *entry,
    const struct queue_claim *claim, const char *job, enum queue_verb verb)
{
    struct queue_command c = {.verb = verb, .revision = -1};
    snprintf(c.job, sizeof c.job, "%s", job);
    snprintf(c.printer, sizeof c.printer, "%s", claim->printer);
    snprintf(c.run, sizeof c.run, "%s", claim->run);
    json_t *doc = queue_command_to_json(&c);
    char *text = json_dumps(doc, JSON_COMPACT);
    struct net_entry made = *entry;
    made.own = 0;
    made.bytes = (const uint8_t *)text;
    made.len = strlen(text);
    a->host->machine.apply(a->host->machine.context, &made, on_row, a);
    free(text);
    json_decref(doc);
}

/* The planted bug: whoever has the job is forgotten. */
static void forget_claim(struct applying *a, const struct net_entry *entry, const json_t *command)
{
    const struct queue *q = jobs_queue_find(a->host->jobs, QUEUE)->queue;
    const struct queue_job *job = queue_find(q, word(command, "job"));
    if (job == NULL || job->claims_count == 0 ||
        strcmp(job->claims[0].printer, word(command, "printer")) == 0) {
        return;
    }
    struct queue_claim was = job->claims[0];
    char id[ID_SIZE];
    memcpy(id, job->id, sizeof id);
    if (was.run[0] != '\0') {
        apply_made_up(a, entry, &was, id, QUEUE_FINISH);
    }
    apply_made_up(a, entry, &was, id, QUEUE_RELEASE);
}

static void on_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct host *h = context;
    struct applying a = {h, row, row_context};
    json_t *command = json_loadb((const char *)entry->bytes, entry->len, 0, NULL);
    crypto_generichash_init(&h->rows, NULL, 0, 12);
    h->code = -1;
    if (h->bench->plant && strcmp(word(command, "verb"), "claim") == 0) {
        forget_claim(&a, entry, command);
    }
    h->machine.apply(h->machine.context, entry, on_row, &a);
    put_entry(h, entry, command);
    json_decref(command);
}

static void on_load(void *context, const struct net_row *rows, size_t n)
{
    struct host *h = context;
    h->machine.load(h->machine.context, rows, n);
    fprintf(h->log, "load %zu\n", n);
}

static void on_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    struct host *h = context;
    fprintf(h->log, "carry\n");
    h->machine.carry_over(h->machine.context, submit, c);
}

static void on_dump(void *context, net_row_cb row, void *row_context)
{
    struct host *h = context;
    h->machine.dump(h->machine.context, row, row_context);
}

static void on_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    struct host *h = context;
    h->machine.pending(h->machine.context, id, bytes, len);
}

static void on_kept(void *context, uint64_t id)
{
    struct host *h = context;
    h->machine.kept(h->machine.context, id);
}

static void on_refused(void *context, uint64_t id, const struct err *e)
{
    struct host *h = context;
    h->machine.refused(h->machine.context, id, e);
}

static void on_changed(void *context)
{
    struct host *h = context;
    h->machine.changed(h->machine.context);
}

/* ---- printing -----------------------------------------------------------------------------------
 */

static struct queue_command command(const struct host *h, enum queue_verb verb)
{
    struct queue_command c = {.verb = verb, .revision = -1};
    memcpy(c.job, h->job, sizeof c.job);
    memcpy(c.set, h->set, sizeof c.set);
    memcpy(c.run, h->run, sizeof c.run);
    memcpy(c.printer, h->printer, sizeof c.printer);
    snprintf(c.profile, sizeof c.profile, PROFILE);
    c.run[0] = verb == QUEUE_CLAIM ? '\0' : c.run[0];
    return c;
}

static void put_print(struct host *h, const char *what)
{
    fprintf(h->prints, "%s %" PRIu64 " %s %s\n", what, clock_ms(), h->job, h->run);
    fflush(h->prints);
}

static void idle(struct host *h, unsigned wait_ms)
{
    h->doing = IDLE;
    h->look_ms = clock_ms() + draw(h->bench, wait_ms + 1);
}

static void tell_end(struct host *h);

static void on_ended(void *context, const struct queue_result *result)
{
    struct host *h = context;
    if (result->err.code != 0 && !h->bench->done) {
        tell_end(h); /* it is printed: it must be told */
        return;
    }
    idle(h, 20);
}

static void tell_end(struct host *h)
{
    struct queue_command c = command(h, QUEUE_FINISH);
    c.success = true;
    h->doing = ASKING;
    jobs_do(h->jobs, QUEUE, &c, on_ended, h);
}

static void on_printed(uv_timer_t *timer)
{
    struct host *h = timer->data;
    put_print(h, "end");
    tell_end(h);
}

static void on_begun(void *context, const struct queue_result *result)
{
    struct host *h = context;
    if (result->err.code != 0 || h->bench->done) {
        idle(h, 200);
        return;
    }
    h->doing = PRINTING;
    put_print(h, "begin");
    uv_timer_start(&h->print, on_printed, PRINT_MIN_MS + draw(h->bench, PRINT_MS), 0);
}

static void on_claimed(void *context, const struct queue_result *result)
{
    struct host *h = context;
    h->bench->claims++;
    h->bench->refused += result->err.code == PP_EBUSY;
    h->bench->unknown += result->err.code == PP_ETIMEOUT;
    idle(h, result->err.code == 0 ? 0 : 60);
}

static bool is_ours(const struct host *h, const struct queue_job *job)
{
    for (size_t i = 0; i < job->claims_count; i++) {
        if (strcmp(job->claims[i].printer, h->printer) == 0) {
            return true;
        }
    }
    return false;
}

/* Whatever is offered is claimed; what is claimed begins. */
static void look(struct host *h)
{
    struct jobs_work work;
    struct queue_printer p = {.name = h->printer, .profile = PROFILE, .any_material = true};
    jobs_next(h->jobs, &p, &work);
    if (work.next.job == NULL) {
        idle(h, 100);
        return;
    }
    memcpy(h->job, work.next.job->id, sizeof h->job);
    memcpy(h->set, work.next.set->id, sizeof h->set);
    h->doing = ASKING;
    if (!is_ours(h, work.next.job)) {
        struct queue_command c = command(h, QUEUE_CLAIM);
        jobs_do(h->jobs, QUEUE, &c, on_claimed, h);
        return;
    }
    id_new(h->run, clock_wall_ms());
    struct queue_command c = command(h, QUEUE_BEGIN);
    jobs_do(h->jobs, QUEUE, &c, on_begun, h);
}

/* ---- submitting ---------------------------------------------------------------------------------
 */

static void on_submitted(void *context, const struct queue_result *result)
{
    struct host *h = context;
    h->submitting = false;
    if (result->err.code == 0) {
        h->submitted++;
        h->next_id[0] = '\0';
        h->submit_ms = clock_ms() + draw(h->bench, 1000);
    } else if (result->err.code != PP_ETIMEOUT && result->err.code != PP_EOFFLINE) {
        fail("a job is not taken", &result->err);
    }
}

/* The same again until it is answered. */
static void submit(struct host *h)
{
    struct queue_command c = {
        .verb = QUEUE_SUBMIT, .revision = -1, .client = "bench", .sequence = h->submitted + 1};
    struct queue_job *job = queue_job_new();
    struct queue_set *set = queue_job_add_set(job);
    char text[80];
    uint8_t hash[32];
    char hex[65];
    if (h->next_id[0] == '\0') {
        id_new(h->next_id, clock_wall_ms());
    }
    memcpy(job->id, h->next_id, sizeof job->id);
    id_new(set->id, 1000000 + h->submitted);
    snprintf(text, sizeof text, "part-%zu-%" PRId64 ".gcode", h->index, h->submitted);
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, strlen(text), NULL, 0);
    set->path = mem_strdup(text);
    set->sha256 = mem_strdup(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
    set->size_bytes = 1000;
    set->profiles = mem_array(2, sizeof *set->profiles);
    set->profiles[0] = mem_strdup(PROFILE);
    c.spec = job;
    h->submitting = true;
    jobs_do(h->jobs, QUEUE, &c, on_submitted, h);
    queue_job_free(job);
}

/* ---- a host -------------------------------------------------------------------------------------
 */

static uint64_t net_in(
    void *context, const char *queue, bool keep, const void *bytes, size_t len, struct err *e)
{
    struct host *h = context;
    return net_submit(h->net, queue, keep, bytes, len, e);
}

static void on_queue_added(void *context, const struct err *e)
{
    if (e != NULL) {
        fail("queue", e);
    }
    *(bool *)context = true;
}

static FILE *open_file(const struct host *h, const char *suffix)
{
    char path[600];
    snprintf(path, sizeof path, "%s.%s", h->folder, suffix);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        fail(strerror(errno), NULL);
    }
    return f;
}

static void open_jobs(struct host *h)
{
    struct bench *b = h->bench;
    struct err e = {0};
    char name[32];
    char path[600];
    struct jobs_queue q = {.name = QUEUE, .kind = "lan", .enabled = true};
    bool added = false;
    snprintf(name, sizeof name, "host%zu", h->index);
    snprintf(q.shared.key, sizeof q.shared.key, "a key for the race");
    snprintf(q.shared.address, sizeof q.shared.address, "localhost");
    q.shared.replicas = 1;
    q.shared.claim_timeout_ms = 900000;
    snprintf(path, sizeof path, "%s/blobs", h->folder);
    mkdir(h->folder, 0700);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/pphost.db", h->folder);
    h->hub = hub_new();
    if (store_open(&h->store, &b->loop, path, &e) != 0 ||
        files_open(&h->files, &b->loop, h->store, h->folder, 1 << 20, &e) != 0 ||
        jobs_open(&h->jobs, &b->loop, &(struct jobs_options){.host_name = name}, h->store, h->files,
            h->hub, &e) != 0) {
        fail(name, &e);
    }
    jobs_queue_add(h->jobs, &q, on_queue_added, &added);
    while (!added) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
}

static void no_content(void *context, uint64_t id, const char *sha256, int64_t offset, size_t len)
{
    (void)context, (void)id, (void)sha256, (void)offset, (void)len;
}

static bool has_none(void *context, const char *sha256, int64_t *size_bytes)
{
    (void)context, (void)sha256, (void)size_bytes;
    return false;
}

static void open_net(struct host *h)
{
    struct bench *b = h->bench;
    struct err e = {0};
    char name[32];
    snprintf(name, sizeof name, "host%zu", h->index);
    struct net_options o = {.folder = h->folder,
        .name = name,
        .version = "bench",
        .listen = "localhost",
        .phrase = "",
        .no_mdns = true,
        .heartbeat_ms = HEARTBEAT_MS,
        .election_ms = ELECTION_MS,
        .found_ms = h->index == 0 ? 1000 : 120000,
        .content = {.has = has_none, .read = no_content, .context = h}};
    if (net_open(&h->net, &b->loop, &o, &e) != 0) {
        fail(name, &e);
    }
    jobs_set_network(h->jobs, &(struct jobs_network){.submit = net_in, .context = h});
}

static void join(struct host *h)
{
    struct bench *b = h->bench;
    struct err e = {0};
    char address[HOSTS_MAX][32];
    const char *bootstrap[HOSTS_MAX + 1] = {NULL};
    struct net_queue_status s;
    for (size_t i = 0; i < h->index; i++) {
        snprintf(address[i], sizeof address[i], "127.0.0.1:%d",
            claims_relay_port(b->relay, h->index, i));
        bootstrap[i] = address[i];
    }
    snprintf(h->printer, sizeof h->printer, "host%zu@%s", h->index, net_self(h->net));
    if (jobs_joined(h->jobs, QUEUE, h->printer, &h->machine, &e) != 0) {
        fail("join", &e);
    }
    struct net_machine watched = {
        on_apply, on_dump, on_load, on_pending, on_kept, on_refused, on_carry_over, on_changed, h};
    struct net_queue_options o = {.name = QUEUE,
        .kind = NET_LAN,
        .key = "a key for the race",
        .address = "localhost",
        .bootstrap = bootstrap};
    if (net_queue_add(h->net, &o, &watched, &e) != 0) {
        fail("join", &e);
    }
    const char *colon = net_queue_status(h->net, QUEUE, &s) ? strrchr(s.address, ':') : NULL;
    if (colon == NULL) {
        fail("a host does not listen", NULL);
    }
    claims_relay_host(b->relay, h->index, (int)strtol(colon + 1, NULL, 10));
}

static void host_open(struct bench *b, const char *folder, size_t index)
{
    struct host *h = &b->host[index];
    h->bench = b;
    h->index = index;
    snprintf(h->folder, sizeof h->folder, "%s/%zu", folder, index);
    open_jobs(h);
    open_net(h);
    h->log = open_file(h, "log");
    h->prints = open_file(h, "prints");
    uv_timer_init(&b->loop, &h->print);
    h->print.data = h;
    h->to_submit = b->jobs / b->hosts + (index < b->jobs % b->hosts);
    join(h);
}

/* ---- the end ------------------------------------------------------------------------------------
 */

static void on_jobs_closed(void *context)
{
    struct host *h = context;
    files_close(h->files);
    store_close(h->store, NULL, NULL);
    hub_free(h->hub);
    fclose(h->log);
    fclose(h->prints);
}

static void on_net_closed(void *context)
{
    struct host *h = context;
    jobs_left(h->jobs, QUEUE);
    jobs_set_network(h->jobs, NULL);
    jobs_close(h->jobs, on_jobs_closed, h);
}

static void host_close(struct host *h)
{
    struct net_queue_status s;
    FILE *end = open_file(h, "end");
    if (net_queue_status(h->net, QUEUE, &s)) {
        fprintf(end, "%s %" PRIu64 " %" PRIu64, s.group, s.epoch, s.applied);
        put_state(h, end);
        fprintf(end, "\n");
    }
    fclose(end);
    uv_close((uv_handle_t *)&h->print, NULL);
    net_close(h->net, false, on_net_closed, h);
}

static void close_all(struct bench *b)
{
    b->done = true;
    uv_close((uv_handle_t *)&b->tick, NULL);
    for (size_t i = 0; i < b->hosts; i++) {
        host_close(&b->host[i]);
    }
    claims_relay_close(b->relay);
}

static void say_where_it_stands(const struct bench *b)
{
    for (size_t i = 0; i < b->hosts; i++) {
        const struct host *h = &b->host[i];
        struct net_queue_status s;
        net_queue_status(h->net, QUEUE, &s);
        fprintf(stderr,
            "host%zu: %s%s, applied %" PRIu64 ", %zu jobs, %zu links, %zu waiting, doing %d, "
            "submitted %" PRId64 " of %zu %s\n",
            i, net_role_name(s.role), s.connected ? "" : " out of touch", s.applied,
            queue_count(jobs_queue_find(h->jobs, QUEUE)->queue), s.linked, s.waiting, (int)h->doing,
            h->submitted, h->to_submit, s.problem);
    }
}

/* ---- the race -----------------------------------------------------------------------------------
 */

static bool all_are_together(const struct bench *b)
{
    struct net_queue_status first;
    net_queue_status(b->host[0].net, QUEUE, &first);
    for (size_t i = 0; i < b->hosts; i++) {
        struct net_queue_status s;
        net_queue_status(b->host[i].net, QUEUE, &s);
        if (!s.connected || s.linked + 1 < b->hosts || strcmp(s.group, first.group) != 0 ||
            (b->hosts >= 3 && s.voters < (b->hosts >= 7 ? 5 : 3))) {
            return false;
        }
    }
    return true;
}

static void count_leaders(struct bench *b)
{
    for (size_t i = 0; i < b->hosts; i++) {
        struct net_queue_status s;
        bool leads = net_queue_status(b->host[i].net, QUEUE, &s) && s.role == NET_LEADER;
        b->leaders += leads && !b->host[i].led;
        b->host[i].led = leads;
    }
}

static bool all_is_told(const struct bench *b)
{
    for (size_t i = 0; i < b->hosts; i++) {
        const struct host *h = &b->host[i];
        if (h->doing != IDLE || h->submitting || (size_t)h->submitted < h->to_submit ||
            queue_count(jobs_queue_find(h->jobs, QUEUE)->queue) > 0) {
            return false;
        }
    }
    return true;
}

/* Nothing waits anywhere, and all have applied as much. */
static bool is_quiet(struct bench *b, uint64_t now)
{
    uint64_t sum = 0;
    bool equal = true;
    uint64_t first = 0;
    for (size_t i = 0; i < b->hosts; i++) {
        struct net_queue_status s;
        net_queue_status(b->host[i].net, QUEUE, &s);
        first = i == 0 ? s.applied : first;
        equal = equal && s.applied == first && s.waiting == 0;
        sum += s.applied;
    }
    if (sum != b->applied) {
        b->applied = sum;
        b->changed_ms = now;
    }
    return equal && now - b->changed_ms >= QUIET_MS;
}

static void cut(struct bench *b, uint64_t now)
{
    unsigned part[HOSTS_MAX] = {0};
    unsigned parts = 2 + (unsigned)draw(b, 2);
    if (now < b->part_ms) {
        return;
    }
    b->parted = !b->parted;
    for (size_t i = 0; i < b->hosts; i++) {
        part[i] = (unsigned)draw(b, parts);
    }
    if (b->parted && draw(b, 3) == 0) { /* whoever leads is alone */
        for (size_t i = 0; i < b->hosts; i++) {
            part[i] = b->host[i].led;
        }
    }
    claims_relay_part(b->relay, b->parted ? part : NULL);
    b->part_ms = now + (b->parted ? 1500 + draw(b, 5000) : 2000 + draw(b, 6000));
}

static void go(struct host *h, uint64_t now)
{
    if (h->doing == IDLE && now >= h->look_ms) {
        look(h);
    }
    if (!h->submitting && (size_t)h->submitted < h->to_submit && now >= h->submit_ms) {
        submit(h);
    }
}

static void start_race(struct bench *b, uint64_t now)
{
    b->racing = true;
    b->raced_ms = now;
    b->part_ms = now + 2000;
    b->leaders = 0;
    claims_relay_set_faults(
        b->relay, &(struct claims_relay_faults){
                      .delay_ms = 4, .stall_per_mill = 3, .stall_ms = 800, .reset_per_min = 40});
}

static void end_race(struct bench *b, uint64_t now)
{
    b->ending = true;
    b->changed_ms = now;
    claims_relay_set_faults(b->relay, &(struct claims_relay_faults){.delay_ms = 1});
    claims_relay_part(b->relay, NULL);
}

static void on_tick(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    uint64_t now = clock_ms();
    count_leaders(b);
    if (!b->racing && all_are_together(b)) {
        start_race(b, now);
    }
    for (size_t i = 0; b->racing && i < b->hosts; i++) {
        go(&b->host[i], now);
    }
    if (b->racing && !b->ending) {
        cut(b, now);
        if (all_is_told(b)) {
            end_race(b, now);
        }
    } else if (b->ending && is_quiet(b, now)) {
        close_all(b);
        return;
    }
    if (now >= b->limit_ms) {
        say_where_it_stands(b);
        fail("the jobs are not done in time", NULL);
    }
}

static void say_sums(const struct bench *b, uint64_t end_ms)
{
    struct claims_relay_sums s;
    claims_relay_sums(b->relay, &s);
    printf("{\"seconds\": %.1f, \"gathered_s\": %.1f, \"leaders\": %" PRIu64
           ", \"partitions\": %" PRIu64 ", \"connections\": %" PRIu64 ", \"resets\": %" PRIu64
           ", \"stalls\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"claims\": %" PRIu64
           ", \"refused\": %" PRIu64 ", \"unknown\": %" PRIu64 "}\n",
        (double)(end_ms - b->raced_ms) / 1000, (double)(b->raced_ms - b->began_ms) / 1000,
        b->leaders, s.partitions, s.connections, s.resets, s.stalls, s.bytes, b->claims, b->refused,
        b->unknown);
}

static size_t number(const char *text, size_t max)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end != '\0' || n < 1 || n > max) {
        fprintf(stderr, "claims_bench: \"%s\": must be 1 to %zu\n", text, max);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct rlimit files;
    if (argc < 6) {
        fprintf(stderr, "usage: claims_bench FOLDER HOSTS JOBS SEED SECONDS [claim]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    b.hosts = number(argv[2], HOSTS_MAX);
    b.jobs = number(argv[3], 100000);
    uint64_t seed = number(argv[4], SIZE_MAX / 2);
    b.random = seed * UINT64_C(0xd1342543de82ef95) + 1;
    b.began_ms = clock_ms();
    b.limit_ms = b.began_ms + 1000 * number(argv[5], 100000);
    b.plant = argc > 6 && strcmp(argv[6], "claim") == 0;
    uv_loop_init(&b.loop);
    b.relay = claims_relay_new(&b.loop, seed);
    for (size_t i = 0; i < b.hosts; i++) {
        host_open(&b, argv[1], i);
    }
    uv_timer_init(&b.loop, &b.tick);
    b.tick.data = &b;
    uv_timer_start(&b.tick, on_tick, TICK_MS, TICK_MS);
    while (!b.done) {
        uv_run(&b.loop, UV_RUN_ONCE);
    }
    uint64_t end_ms = clock_ms();
    uv_run(&b.loop, UV_RUN_DEFAULT);
    say_sums(&b, end_ms);
    claims_relay_free(b.relay);
    return uv_loop_close(&b.loop) == 0 ? 0 : 1;
}
