// quick: PP_SEEDS=40
/* Laws of the queue, for any sequence of commands, by seed (PP_SEED=N replays one, PP_SEEDS=N runs
 * as many, 300 commands each):
 *   - the same commands on the same state give the same state and the same answers;
 *   - what is undone was never there; what is saved and loaded again is the same queue;
 *   - between two commands every job holds what always holds, and the order is one;
 *   - looking for work changes nothing, and finds what a plain look at every job finds;
 *   - what is offered can be begun, and nothing else can;
 *   - a print that ended well counts one, no other counts any;
 *   - a command sent twice is applied once.
 */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COMMANDS 300
#define JOBS     10

static uint64_t seed_now;
static uint64_t random_state;

static uint64_t below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % limit;
}

static bool one_in(uint64_t n)
{
    return below(n) == 0;
}

static const char *const printers[] = {"ada", "bob", "cy"};
static const char *const profiles[] = {"mk3", "ender", ""};
static const char *const materials[] = {NULL, "PLA", "PETG", "PLA_Red"};
static const char *const clients[] = {"", "", "page", "ctl"};

static void id_of(char out[ID_SIZE], char kind, unsigned n)
{
    snprintf(out, ID_SIZE, "%08x-0000-7000-8000-%012x", (unsigned)kind, n);
}

/* ---- what a state is ---- */

static uint64_t mix(uint64_t h, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        h = (h ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    }
    return h;
}

static uint64_t mix_text(uint64_t h, const char *text)
{
    return text != NULL ? mix(h, text, strlen(text) + 1) : mix(h, "\1", 1);
}

static uint64_t mix_number(uint64_t h, int64_t n)
{
    h = (h ^ (uint64_t)n) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t mix_set(uint64_t h, const struct queue_set *s)
{
    h = mix_text(mix_text(mix_text(h, s->id), s->path), s->sha256);
    h = mix_number(mix_number(mix_number(h, s->count), s->remaining), s->completed);
    h = mix_number(mix_number(mix_number(h, s->size_bytes), s->time_ms), s->model);
    for (size_t i = 0; s->profiles != NULL && s->profiles[i] != NULL; i++) {
        h = mix_text(h, s->profiles[i]);
    }
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        h = mix_number(mix_text(h, s->materials[i]), s->filament_um[i]);
    }
    return mix_text(h, s->metadata);
}

static uint64_t mix_claim(uint64_t h, const struct queue_job *j, const struct queue_claim *c)
{
    h = mix_text(mix_text(mix_text(h, c->printer), c->run), c->set);
    h = mix_number(mix_number(h, c->since_ms), c->run_ms);
    for (size_t i = 0; c->counters != NULL && i < j->sets_count; i++) {
        h = mix_text(h, c->counters[i].set);
        h = mix_number(mix_number(h, c->counters[i].remaining), c->counters[i].completed);
    }
    return h;
}

static uint64_t mix_job(uint64_t h, const struct queue_job *j)
{
    h = mix_text(mix_text(mix_text(h, j->id), j->name), j->submitter);
    h = mix_text(mix_text(mix_number(h, j->rank), j->note), j->changed_by);
    h = mix_number(mix_number(mix_number(h, j->count), j->remaining), j->revision);
    h = mix_number(mix_number(mix_number(h, j->created_ms), j->changed_ms), j->archived_ms);
    h = mix_number(mix_number(mix_number(h, j->draft), j->share), j->repeat);
    h = mix_number(mix_number(h, j->moving), j->finished);
    for (size_t i = 0; i < j->sets_count; i++) {
        h = mix_set(h, &j->sets[i]);
    }
    for (size_t i = 0; i < j->claims_count; i++) {
        h = mix_claim(h, j, &j->claims[i]);
    }
    return h;
}

static uint64_t mix_result(uint64_t h, const struct queue_result *r)
{
    h = mix_text(mix_text(mix_number(h, r->err.code), r->err.text), r->err.field);
    return mix_number(mix_number(mix_text(h, r->job), r->copy_done), r->job_done);
}

static uint64_t digest(const struct queue *q)
{
    uint64_t h = UINT64_C(14695981039346656037);
    const struct queue_job *j;
    for (j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        h = mix_job(h, j);
    }
    for (j = queue_archive_first(q); j != NULL; j = queue_archive_after(q, j)) {
        h = mix_job(h, j);
    }
    for (size_t i = 0; i < q->answers.count; i++) {
        const struct queue_answer *a = &q->answers.at[i];
        h = mix_number(mix_number(mix_text(h, a->client), a->sequence), a->used_ms);
        h = mix_result(h, &a->result);
    }
    return h;
}

static char *state_text(const struct queue *q)
{
    json_t *all = json_array();
    const struct queue_job *j;
    for (j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        json_array_append_new(all, queue_job_to_json(j));
    }
    for (j = queue_archive_first(q); j != NULL; j = queue_archive_after(q, j)) {
        json_array_append_new(all, queue_job_to_json(j));
    }
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(all);
    return text;
}

/* ---- the rules, told again as plainly as can be ---- */

static bool fits(const struct queue_set *s, const char *profile)
{
    bool any = s->profiles == NULL;
    for (size_t i = 0; s->profiles != NULL && s->profiles[i] != NULL; i++) {
        any = any || strcmp(s->profiles[i], profile) == 0;
    }
    return any;
}

/* The set a printer gets of the job's own copies; -1 = none. */
static int pick_whole(const struct queue_job *j, int64_t copies, const char *profile)
{
    int32_t rest[16];
    for (size_t i = 0; i < j->sets_count; i++) {
        rest[i] = j->sets[i].remaining;
    }
    for (; copies > 0 && queue_job_fits(j, profile); copies--) {
        for (size_t i = 0; i < j->sets_count; i++) {
            if (rest[i] > 0 && fits(&j->sets[i], profile)) {
                return (int)i;
            }
        }
        for (size_t i = 0; i < j->sets_count; i++) {
            rest[i] = j->sets[i].count;
        }
    }
    return -1;
}

static int pick_counters(const struct queue_job *j, const struct queue_counter *c, const char *p)
{
    for (size_t i = 0; i < j->sets_count; i++) {
        if (c[i].remaining > 0 && fits(&j->sets[i], p)) {
            return (int)i;
        }
    }
    return -1;
}

static int pick(const struct queue_job *job, const char *printer, const char *profile)
{
    const struct queue_claim *own = NULL;
    int found = -1;
    if (job->draft || job->moving || job->archived_ms != 0) {
        return -1;
    }
    for (size_t i = 0; i < job->claims_count; i++) {
        own = strcmp(job->claims[i].printer, printer) == 0 ? &job->claims[i] : own;
    }
    if (own != NULL && own->run[0] != '\0') {
        return -1;
    }
    if (!job->share && job->claims_count > 0 && own == NULL) {
        return -1;
    }
    if (own != NULL && job->share) {
        found = pick_counters(job, own->counters, profile);
    }
    for (size_t i = 0; i < job->claims_count && job->share && own == NULL && found < 0; i++) {
        if (job->claims[i].printer[0] == '\0') {
            found = pick_counters(job, job->claims[i].counters, profile);
        }
    }
    if (found < 0) {
        int64_t taken = job->share ? (int64_t)job->claims_count : 0;
        found = pick_whole(job, job->remaining - taken, profile);
    }
    return found;
}

struct world {
    const char *printer;
    const char *profile;
    const char *loaded;
    enum queue_strategy strategy;
    bool preempt;
    bool no_person;
    bool any_material;
    uint64_t files;   /* of 64 kinds: which are there */
    uint64_t skipped; /* of 64 kinds of jobs */
};

static bool has_file(void *context, const struct queue_set *set)
{
    const struct world *w = context;
    return (w->files >> (set->id[ID_SIZE - 2] & 63) & 1) != 0;
}

static bool skips(void *context, const struct queue_job *job)
{
    const struct world *w = context;
    return (w->skipped >> (job->id[ID_SIZE - 2] & 63) & 1) != 0;
}

static int changes(const struct queue_set *s, const struct world *w)
{
    int n = 0;
    for (size_t i = 0; i < QUEUE_TOOLS_MAX && !w->any_material; i++) {
        n += !queue_material_fits(s->materials[i], i == 0 ? w->loaded : NULL);
    }
    return n;
}

/* Smaller goes first; jobs that compare equal go in order. */
static int64_t weight(const struct queue_job *j, const struct queue_set *s, const struct world *w)
{
    bool first = w->preempt && (w->strategy == QUEUE_IN_ORDER || j->rank < 0);
    bool own = queue_claim_of(j, w->printer) < j->claims_count;
    bool file = has_file((void *)(uintptr_t)w, s);
    int need = changes(s, w) + (file ? 0 : QUEUE_TOOLS_MAX);
    int64_t turn = first ? 0 : own ? 1 : 2;
    int64_t total = (need > 0 ? INT64_C(1) << 60 : 0) + (turn << 56);
    if (w->strategy == QUEUE_LEAST_CHANGES) {
        total += need;
    } else if (w->strategy == QUEUE_OLDEST_FIRST && turn > 0) {
        total += j->created_ms;
    }
    return total;
}

static struct queue_next scan(const struct queue *q, const struct world *w)
{
    struct queue_next best = {0};
    int64_t least = INT64_MAX;
    for (const struct queue_job *j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        int i = pick(j, w->printer, w->profile);
        bool skipped = skips((void *)(uintptr_t)w, j);
        if (i < 0 || skipped || weight(j, &j->sets[i], w) >= least) {
            continue;
        }
        const struct queue_set *s = &j->sets[i];
        bool file = has_file((void *)(uintptr_t)w, s);
        least = weight(j, s, w);
        best = (struct queue_next){.job = j, .set = s};
        best.block = !file ? QUEUE_NO_FILE : changes(s, w) > 0 ? QUEUE_NO_MATERIAL : QUEUE_READY;
        while (best.block == QUEUE_NO_MATERIAL &&
               queue_material_fits(s->materials[best.tool], best.tool == 0 ? w->loaded : NULL)) {
            best.tool++;
        }
    }
    return best.block != QUEUE_READY && w->no_person ? (struct queue_next){0} : best;
}

static struct world some_world(void)
{
    size_t p = below(3);
    return (struct world){.printer = printers[p],
        .profile = profiles[one_in(4) ? below(3) : p],
        .loaded = materials[below(4)],
        .strategy = (enum queue_strategy)below(3),
        .preempt = one_in(2),
        .no_person = one_in(4),
        .any_material = one_in(4),
        .skipped = one_in(2) ? 0 : below(UINT64_MAX) & below(UINT64_MAX),
        .files = one_in(2) ? UINT64_MAX : below(UINT64_MAX) | below(UINT64_MAX)};
}

static struct queue_next look(const struct queue *q, struct world *w)
{
    struct queue_printer p = {.name = w->printer,
        .profile = w->profile,
        .loaded = {w->loaded},
        .has_file = has_file,
        .skips = skips,
        .context = w,
        .strategy = w->strategy,
        .any_material = w->any_material,
        .no_person = w->no_person};
    struct queue_next n;
    queue_next(q, &p, w->preempt, &n);
    return n;
}

static void check_next(const struct queue *q)
{
    struct world w = some_world();
    struct queue_next quick = look(q, &w);
    struct queue_next plain = scan(q, &w);
    if (quick.job != plain.job || quick.set != plain.set || quick.block != plain.block ||
        (quick.block == QUEUE_NO_MATERIAL && quick.tool != plain.tool)) {
        fail_msg("seed %" PRIu64 ": offered %s %d tool %u, a full scan finds %s %d tool %u",
            seed_now, quick.job != NULL ? quick.job->id : "nothing", quick.block, quick.tool,
            plain.job != NULL ? plain.job->id : "nothing", plain.block, plain.tool);
    }
}

/* ---- random commands ---- */

struct run {
    struct queue *q;
    struct queue_command record[COMMANDS + 8]; /* what was settled, then this transaction */
    size_t settled;
    size_t sent;
    int64_t now_ms;
    int64_t sequence;
    unsigned ids;
};

static void some_set(struct run *r, struct queue_set *s)
{
    id_of(s->id, 's', ++r->ids);
    s->path = mem_printf("f%u.gcode", (unsigned)below(5));
    s->count = 1 + (int32_t)below(3);
    s->remaining = one_in(4) ? (int32_t)below(4) : s->count;
    s->filament_um[0] = (int64_t)below(1000);
    s->metadata = one_in(8) ? mem_strdup("{\"a\": [1]}") : NULL;
    if (one_in(3)) {
        s->sha256 = mem_array(65, 1);
        memset(s->sha256, 'a' + (int)below(6), 64);
    }
    if (one_in(2)) {
        size_t n = 1 + below(2);
        s->profiles = mem_array(n + 1, sizeof *s->profiles);
        for (size_t i = 0; i < n; i++) {
            s->profiles[i] = mem_strdup(profiles[below(2)]);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        const char *material = i == 0 || one_in(10) ? materials[below(4)] : NULL;
        s->materials[i] = material != NULL ? mem_strdup(material) : NULL;
    }
}

static struct queue_job *some_spec(struct run *r)
{
    struct queue_job *j = queue_job_new();
    j->count = one_in(20) ? (int32_t)below(3) - 1 : 1 + (int32_t)below(4);
    j->remaining = one_in(4) ? 1 + (int32_t)below(5) : j->count;
    j->draft = one_in(6);
    j->share = one_in(3);
    j->repeat = one_in(12);
    j->created_ms = r->now_ms - (int64_t)below(5000);
    j->submitter = one_in(2) ? mem_strdup("someone") : NULL;
    for (size_t n = below(4); n > 0; n--) {
        some_set(r, queue_job_add_set(j));
    }
    return j;
}

/* The job as it is with a few things changed, so that sets keep their ids. */
static struct queue_job *changed_spec(struct run *r, const struct queue_job *from)
{
    struct queue_job *j = queue_job_copy(from);
    struct queue_job *other = some_spec(r);
    j->count = other->count;
    j->remaining = other->remaining;
    j->draft = other->draft;
    j->share = other->share;
    j->repeat = other->repeat;
    j->moving = one_in(3);
    queue_job_free(other);
    for (size_t i = 0; i < j->sets_count; i++) {
        j->sets[i].count = one_in(3) ? 1 + (int32_t)below(3) : j->sets[i].count;
        j->sets[i].remaining = one_in(2) ? (int32_t)below(5) - 1 : j->sets[i].remaining;
    }
    if (j->sets_count > 0 && one_in(4)) {
        queue_set_fini(&j->sets[--j->sets_count]);
    }
    if (j->sets_count < 5 && one_in(4)) {
        some_set(r, queue_job_add_set(j));
    }
    if (j->sets_count > 1 && one_in(3)) {
        struct queue_set first = j->sets[0];
        j->sets[0] = j->sets[1];
        j->sets[1] = first;
    }
    return j;
}

static const struct queue_job *some_job(const struct run *r)
{
    bool archived = one_in(5);
    size_t n = archived ? queue_archive_count(r->q) : queue_count(r->q);
    const struct queue_job *j = archived ? queue_archive_first(r->q) : queue_first(r->q);
    for (size_t i = n > 0 ? below(n) : 0; i > 0; i--) {
        j = archived ? queue_archive_after(r->q, j) : queue_after(r->q, j);
    }
    return j;
}

/* The run of some claim, or one that there is not. */
static void some_run(struct run *r, struct queue_command *c)
{
    id_of(c->run, 'r', 1 + (unsigned)below(r->ids + 1));
    for (const struct queue_job *j = queue_first(r->q); j != NULL; j = queue_after(r->q, j)) {
        for (size_t i = 0; i < j->claims_count; i++) {
            if (j->claims[i].run[0] != '\0' && one_in(2)) {
                memcpy(c->run, j->claims[i].run, ID_SIZE);
                snprintf(c->job, sizeof c->job, "%s", one_in(2) ? j->id : "");
            }
        }
    }
}

static void offered(struct run *r, struct queue_command *c)
{
    struct world w = some_world();
    struct queue_next n = look(r->q, &w);
    if (n.job != NULL) {
        memcpy(c->job, n.job->id, ID_SIZE);
        memcpy(c->set, n.set->id, ID_SIZE);
        snprintf(c->printer, sizeof c->printer, "%s", w.printer);
        snprintf(c->profile, sizeof c->profile, "%s", w.profile);
    }
}

static enum queue_verb some_verb(void)
{
    static const enum queue_verb often[] = {QUEUE_SUBMIT, QUEUE_SUBMIT, QUEUE_EDIT, QUEUE_EDIT,
        QUEUE_MOVE, QUEUE_CLAIM, QUEUE_RELEASE, QUEUE_BEGIN, QUEUE_BEGIN, QUEUE_BEGIN, QUEUE_FINISH,
        QUEUE_FINISH, QUEUE_FINISH};
    return one_in(4) ? (enum queue_verb)below(QUEUE_VERBS)
                     : often[below(sizeof often / sizeof *often)];
}

static void aim(struct run *r, struct queue_command *c)
{
    const struct queue_job *j = some_job(r);
    const struct queue_job *left = some_job(r);
    if (j != NULL) {
        memcpy(c->job, j->id, ID_SIZE);
        if (j->sets_count > 0) {
            memcpy(c->set, j->sets[below(j->sets_count)].id, ID_SIZE);
        }
        c->revision = one_in(4) ? j->revision - (int64_t)below(2) : -1;
    }
    if (left != NULL && one_in(2)) {
        memcpy(c->after, left->id, ID_SIZE);
    }
}

static void fill_in(struct run *r, struct queue_command *c)
{
    const struct queue_job *j = queue_find(r->q, c->job);
    if (c->verb == QUEUE_SUBMIT) {
        c->spec = some_spec(r);
        id_of(c->spec->id, 'j', (unsigned)below(JOBS));
        snprintf(c->after, sizeof c->after, "%s", one_in(3) ? "-" : c->after);
        c->job[0] = '\0';
    } else if (c->verb == QUEUE_EDIT) {
        c->spec = j != NULL ? changed_spec(r, j) : some_spec(r);
        c->mask = (unsigned)below(QUEUE_F_SETS << 1);
    } else if (c->verb == QUEUE_FINISH) {
        some_run(r, c);
    } else if (c->verb == QUEUE_BEGIN) {
        id_of(c->run, 'r', ++r->ids);
        if (one_in(2)) {
            offered(r, c);
        }
    }
}

static struct queue_command some_command(struct run *r)
{
    struct queue_command c = {.verb = some_verb(), .revision = -1, .success = !one_in(4)};
    size_t p = below(3);
    r->now_ms += (int64_t)below(100000);
    c.now_ms = r->now_ms;
    snprintf(c.client, sizeof c.client, "%s", clients[below(4)]);
    c.sequence = one_in(20) ? (int64_t)below((uint64_t)r->sequence + 1) : ++r->sequence;
    snprintf(c.actor, sizeof c.actor, "%s", one_in(2) ? "anna" : "");
    snprintf(c.printer, sizeof c.printer, "%s", printers[p]);
    snprintf(c.profile, sizeof c.profile, "%s", profiles[p]);
    aim(r, &c);
    fill_in(r, &c);
    return c;
}

/* ---- the laws ---- */

static void check_order(const struct queue_places *p)
{
    for (size_t i = 1; i < p->count; i++) {
        const struct queue_place *a = &p->at[i - 1];
        const struct queue_place *b = &p->at[i];
        assert_true(
            a->key < b->key || (a->key == b->key && strcmp(a->entry->id, b->entry->id) < 0));
    }
}

static void check_jobs(const struct queue *q)
{
    struct err e;
    size_t n = 0;
    for (size_t i = 0; i < q->count; i++) {
        const struct queue_job *j = q->by_id[i]->job;
        n += j != NULL;
        if (j != NULL && queue_job_holds(j, &e) != 0) {
            fail_msg("seed %" PRIu64 ": %s", seed_now, e.text);
        }
    }
    assert_int_equal(n, queue_count(q) + queue_archive_count(q));
    check_order(&q->order);
    check_order(&q->archive);
}

static int64_t pending_of(const struct queue *q, const char *job, const char *set)
{
    const struct queue_job *j = queue_find(q, job);
    const struct queue_set *s = j != NULL ? queue_job_set(j, set) : NULL;
    return s != NULL ? queue_set_pending(j, s) : -1;
}

/* What a FINISH is about: the claim's job and set, and how many were to come. */
struct print {
    char job[ID_SIZE];
    char set[ID_SIZE];
    int64_t pending;
    bool ends; /* nothing of this set was left in its copy: nothing to take off */
};

static struct print print_of(const struct queue *q, const char *run)
{
    struct print p = {0};
    for (const struct queue_job *j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        size_t i = queue_claim_of_run(j, run);
        if (i < j->claims_count) {
            const struct queue_claim *c = &j->claims[i];
            const struct queue_set *s = queue_job_set(j, c->set);
            memcpy(p.job, j->id, ID_SIZE);
            memcpy(p.set, c->set, ID_SIZE);
            p.pending = pending_of(q, p.job, p.set);
            int32_t rest = s == NULL             ? 0
                           : c->counters != NULL ? c->counters[s - j->sets].remaining
                                                 : s->remaining;
            p.ends = rest == 0 || j->repeat;
        }
    }
    return p;
}

static void check_count(const struct run *r, const struct print *p, bool success)
{
    if (p->job[0] == '\0' || p->pending < 0 || p->ends) {
        return;
    }
    int64_t after = pending_of(r->q, p->job, p->set);
    if (after != p->pending - success) {
        fail_msg("seed %" PRIu64 ": %" PRId64 " prints to come, then %" PRId64, seed_now,
            p->pending, after);
    }
}

static bool can_begin(const struct run *r, const struct queue_command *c)
{
    const struct queue_job *j = queue_find(r->q, c->job);
    struct queue_job seen = j != NULL ? *j : (struct queue_job){.archived_ms = 1};
    for (size_t k = 0; k < seen.claims_count; k++) {
        seen.draft = seen.draft && strcmp(seen.claims[k].printer, c->printer) != 0;
    }
    int i = pick(&seen, c->printer, c->profile);
    return i >= 0 && strcmp(j->sets[i].id, c->set) == 0;
}

/* What is printed is something that its copy still wants. */
static void check_begun(const struct run *r, const struct queue_command *c)
{
    const struct queue_job *j = queue_find(r->q, c->job);
    const struct queue_claim *claim = &j->claims[queue_claim_of_run(j, c->run)];
    const struct queue_set *s = queue_job_set(j, c->set);
    int32_t rest = claim->counters != NULL ? claim->counters[s - j->sets].remaining : s->remaining;
    if (rest < 1 || strcmp(claim->printer, c->printer) != 0) {
        fail_msg(
            "seed %" PRIu64 ": %d of the set begun by %s remain", seed_now, rest, claim->printer);
    }
}

static bool is_new(const struct run *r, const struct queue_command *c)
{
    const struct queue_answer *a = queue_answer_find(&r->q->answers, c->client);
    return c->client[0] == '\0' || (c->sequence > 0 && (a == NULL || c->sequence > a->sequence));
}

static void send_twice(struct run *r, const struct queue_command *c, const struct queue_result *got)
{
    struct queue_result again;
    uint64_t before = digest(r->q);
    queue_apply(r->q, c, &again);
    assert_true(again.repeated);
    assert_true(mix_result(0, &again) == mix_result(0, got));
    assert_true(digest(r->q) == before);
}

static void step(struct run *r)
{
    struct queue_command c = some_command(r);
    struct queue_result result;
    struct print print = c.verb == QUEUE_FINISH ? print_of(r->q, c.run) : (struct print){0};
    bool fresh = is_new(r, &c);
    bool begin = c.verb == QUEUE_BEGIN && can_begin(r, &c);
    uint64_t before = one_in(8) ? digest(r->q) : 0;
    int rc = queue_apply(r->q, &c, &result);
    assert_int_equal(rc, -result.err.code);
    if (c.verb == QUEUE_BEGIN && fresh && (rc == 0) != begin) {
        fail_msg(
            "seed %" PRIu64 ": begin gave \"%s\", offered: %d", seed_now, result.err.text, begin);
    }
    if (begin && fresh) {
        check_begun(r, &c);
    }
    if (c.verb == QUEUE_FINISH && fresh && (c.job[0] == '\0' || strcmp(c.job, print.job) == 0)) {
        check_count(r, &print, c.success);
    }
    if (rc != 0 && c.client[0] == '\0' && before != 0) {
        assert_true(digest(r->q) == before);
    }
    if (c.client[0] != '\0' && fresh && one_in(4)) {
        send_twice(r, &c, &result);
    }
    r->record[r->sent++] = c;
}

/* A queue made of the rows of another, in whatever order. */
static struct queue *reloaded(const struct queue *q)
{
    struct queue *to = queue_new("local");
    size_t start = q->count > 0 ? below(q->count) : 0;
    for (size_t i = 0; i < q->count; i++) {
        struct err e;
        struct queue_job *job;
        json_t *object = queue_job_to_json(q->by_id[(start + i) % q->count]->job);
        char *text = json_dumps(object, 0);
        json_t *again = json_loads(text, 0, NULL);
        if (queue_job_from_json(again, &job, &e) != 0 || queue_load_job(to, job, &e) != 0) {
            fail_msg("seed %" PRIu64 ": %s", seed_now, e.text);
        }
        free(text);
        json_decref(object);
        json_decref(again);
    }
    for (size_t i = 0; i < q->answers.count; i++) {
        queue_load_answer(to, &q->answers.at[i]);
    }
    return to;
}

/* Some commands, kept or taken back together. */
static void transaction(struct run *r)
{
    bool keep = !one_in(4);
    uint64_t before = keep ? 0 : digest(r->q);
    r->sent = r->settled;
    for (size_t n = 1 + below(4); n > 0; n--) {
        step(r);
        check_next(r->q);
    }
    check_jobs(r->q);
    if (keep) {
        queue_settle(r->q);
        r->settled = r->sent;
    } else {
        queue_undo(r->q);
        while (r->sent > r->settled) {
            queue_job_free(r->record[--r->sent].spec);
        }
        check_jobs(r->q);
        check_next(r->q);
        assert_true(digest(r->q) == before);
    }
}

static void check_reload(struct run *r)
{
    struct queue *other = reloaded(r->q);
    assert_true(digest(other) == digest(r->q));
    queue_free(r->q);
    r->q = other;
}

static void check_peek(const struct queue *q)
{
    uint64_t before = digest(q);
    for (int i = 0; i < 20; i++) {
        check_next(q);
    }
    assert_true(digest(q) == before);
}

/* As another host gets it. */
static struct queue_command sent_over(const struct queue_command *c)
{
    struct err e;
    struct queue_command got;
    json_t *object = queue_command_to_json(c);
    if (queue_command_from_json(object, &got, &e) != 0) {
        fail_msg("seed %" PRIu64 ": %s", seed_now, e.text);
    }
    json_decref(object);
    return got;
}

static void check_replay(const struct run *r)
{
    struct queue *again = queue_new("local");
    for (size_t i = 0; i < r->settled; i++) {
        struct queue_result result;
        if (i % 4 != 0) {
            queue_apply(again, &r->record[i], &result);
            continue;
        }
        struct queue_command c = sent_over(&r->record[i]);
        queue_apply(again, &c, &result);
        queue_job_free(c.spec);
    }
    char *expected = state_text(r->q);
    char *got = state_text(again);
    assert_string_equal(got, expected);
    assert_true(digest(again) == digest(r->q));
    free(expected);
    free(got);
    queue_free(again);
}

static size_t one_seed(uint64_t seed)
{
    static struct run r;
    r = (struct run){.q = queue_new("local"), .now_ms = 1700000000000, .ids = 1};
    seed_now = seed;
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    while (r.settled < COMMANDS) {
        transaction(&r);
        if (one_in(40)) {
            check_reload(&r);
        }
        if (one_in(40)) {
            check_peek(r.q);
        }
    }
    check_replay(&r);
    for (size_t i = 0; i < r.settled; i++) {
        queue_job_free(r.record[i].spec);
    }
    queue_free(r.q);
    return r.settled;
}

/* ---- the laws themselves ---- */

static bool all_agree(const struct queue *q)
{
    for (int i = 0; i < 200; i++) {
        struct world w = some_world();
        if (look(q, &w).set != scan(q, &w).set) {
            return false;
        }
    }
    return true;
}

static void a_wrong_hint_and_a_job_changed_behind_its_back_are_seen(void **state)
{
    (void)state;
    static struct run r;
    r = (struct run){.q = queue_new("local"), .now_ms = 1};
    random_state = 99;
    for (unsigned i = 0; i < 4; i++) {
        struct queue_command c = {.verb = QUEUE_SUBMIT, .spec = some_spec(&r)};
        struct queue_result result;
        id_of(c.spec->id, 'j', i);
        c.spec->created_ms = i;
        c.spec->count = c.spec->remaining = 3;
        c.spec->draft = false;
        if (c.spec->sets_count == 0) {
            some_set(&r, queue_job_add_set(c.spec));
        }
        assert_int_equal(queue_apply(r.q, &c, &result), 0);
        queue_job_free(c.spec);
    }
    for (size_t i = 0; i < r.q->order.count; i++) {
        struct queue_entry *e = r.q->order.at[i].entry;
        uint64_t before = digest(r.q);
        assert_true(all_agree(r.q));
        e->hint.held = true;
        assert_false(all_agree(r.q));
        e->hint.held = false;
        e->job->sets[0].completed++;
        assert_true(digest(r.q) != before);
        e->job->sets[0].completed--;
        assert_true(digest(r.q) == before);
    }
    queue_free(r.q);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    int64_t n;
    const char *text = getenv(name);
    return text != NULL && str_to_int(text, 1, INT64_MAX, &n) ? (uint64_t)n : otherwise;
}

static void the_laws_hold_for_any_sequence_of_commands(void **state)
{
    (void)state;
    uint64_t first = from_environment("PP_SEED", 1);
    uint64_t seeds = getenv("PP_SEED") != NULL ? 1 : from_environment("PP_SEEDS", 85);
    size_t commands = 0;
    for (uint64_t i = 0; i < seeds; i++) {
        commands += one_seed(first + i);
    }
    print_message("%zu commands, %" PRIu64 " seeds\n", commands, seeds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_hint_and_a_job_changed_behind_its_back_are_seen),
        cmocka_unit_test(the_laws_hold_for_any_sequence_of_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
