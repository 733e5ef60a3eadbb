/* Who may do what in a queue that anybody can join. See queue_trust.h. */
#include "host/core/queue_trust.h"

#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MIB (INT64_C(1) << 20)

static bool is_sent_by(const struct queue_job *job, const char *origin)
{
    return job->origin != NULL && strcmp(job->origin, origin) == 0;
}

/* ---- jobs --------------------------------------------------------------------------------------
 */

/* Of files still to be printed; one that several sets share counts once for each: nobody is
 * believed about what they share. */
static int64_t unprinted(const struct queue_job *job, int64_t limit)
{
    int64_t sum = 0;
    for (size_t i = 0; i < job->sets_count && sum <= limit; i++) {
        const struct queue_set *set = &job->sets[i];
        if (set->size_bytes > 0 && queue_set_pending(job, set) > 0) {
            sum += set->size_bytes;
        }
    }
    return sum;
}

/* `except`: the job as it was before an edit. */
static int check_volume(
    const struct queue *q, const struct queue_command *c, const char *except, struct err *e)
{
    int64_t jobs = 0;
    int64_t bytes = unprinted(c->spec, QUEUE_TRUST_BYTES);
    const struct queue_job *job = queue_first(q);
    for (; job != NULL && bytes <= QUEUE_TRUST_BYTES; job = queue_after(q, job)) {
        if (is_sent_by(job, c->origin) && strcmp(job->id, except) != 0) {
            jobs++;
            bytes += unprinted(job, QUEUE_TRUST_BYTES);
        }
    }
    if (bytes > QUEUE_TRUST_BYTES) {
        return err_set(e, PP_ELIMIT,
            "more than %" PRId64 " MiB of files of one host would wait to be printed in this queue",
            QUEUE_TRUST_BYTES / MIB);
    }
    if (jobs >= QUEUE_TRUST_JOBS) {
        return err_set(e, PP_ELIMIT,
            "%" PRId64 " jobs of this host are in the queue already: %d are the limit", jobs,
            QUEUE_TRUST_JOBS);
    }
    return 0;
}

static int check_owner(const struct queue *q, const struct queue_command *c, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    const struct queue_job *job = queue_find(q, c->job);
    if (job == NULL || c->trusted || is_sent_by(job, c->origin)) {
        return 0; /* what is not there is told by the queue */
    }
    return err_set(e, PP_EPERM,
        "%s: in this queue only the host that sent it in, or a trusted one, may change it",
        queue_label(job, label));
}

static int check_edit(const struct queue *q, const struct queue_command *c, struct err *e)
{
    int rc = check_owner(q, c, e);
    bool sets = c->spec != NULL && (c->mask & QUEUE_F_SETS) != 0;
    return rc == 0 && sets && !c->trusted ? check_volume(q, c, c->job, e) : rc;
}

static int check_submit(const struct queue *q, const struct queue_command *c, struct err *e)
{
    return c->spec != NULL && !c->trusted ? check_volume(q, c, "", e) : 0;
}

/* ---- claims ------------------------------------------------------------------------------------
 */

static int check_printer(const struct queue_command *c, struct err *e)
{
    if (queue_is_printer_of(c->printer, c->origin)) {
        return 0;
    }
    return err_field(e, PP_EPERM, "printer",
        "printer \"%s\": a host speaks for its own printer alone, which is called NAME@%s",
        c->printer, c->origin);
}

static bool has_claim(const struct queue_job *job, const char *origin)
{
    for (size_t i = 0; i < job->claims_count; i++) {
        if (queue_is_printer_of(job->claims[i].printer, origin)) {
            return true;
        }
    }
    return false;
}

static int check_claim(const struct queue *q, const struct queue_command *c, struct err *e)
{
    int held = 0;
    int rc = check_printer(c, e);
    const struct queue_job *job = queue_first(q);
    for (; rc == 0 && job != NULL; job = queue_after(q, job)) {
        held += strcmp(job->id, c->job) != 0 && has_claim(job, c->origin);
    }
    if (held >= QUEUE_TRUST_CLAIMS) {
        return err_set(e, PP_ELIMIT,
            "\"%s\" has claimed %d jobs: one to print and one ahead are the limit", c->printer,
            held);
    }
    return rc;
}

/* The claim of a host that is silent is given back by a trusted one. */
static int check_release(const struct queue *q, const struct queue_command *c, struct err *e)
{
    (void)q;
    return c->trusted ? 0 : check_printer(c, e);
}

/* Nobody ends another's print. */
static int check_finish(const struct queue *q, const struct queue_command *c, struct err *e)
{
    const struct queue_job *job = queue_find(q, c->job);
    if (c->trusted) {
        return 0;
    }
    if (c->job[0] == '\0') {
        return err_field(e, PP_EPERM, "job", "finish: the job must be named in this queue");
    }
    size_t claim = job != NULL ? queue_claim_of_run(job, c->run) : 0;
    if (job == NULL || claim == job->claims_count ||
        queue_is_printer_of(job->claims[claim].printer, c->origin)) {
        return 0;
    }
    return err_set(e, PP_EPERM, "run \"%s\" is one of \"%s\"", c->run, job->claims[claim].printer);
}

/* ---- profiles ----------------------------------------------------------------------------------
 */

/* "Any printer" is nothing that a host elsewhere could believe of gcode. */
static int check_profiles(const struct queue_command *c, struct err *e)
{
    bool submits = c->verb == QUEUE_SUBMIT && (c->mask & QUEUE_F_STATE) == 0;
    bool edits = c->verb == QUEUE_EDIT && (c->mask & QUEUE_F_SETS) != 0;
    for (size_t i = 0; c->spec != NULL && (submits || edits) && i < c->spec->sets_count; i++) {
        const struct queue_set *set = &c->spec->sets[i];
        char field[40];
        if (set->model || (set->profiles != NULL && set->profiles[0] != NULL)) {
            continue;
        }
        snprintf(field, sizeof field, "sets[%zu].profiles", i);
        return err_field(e, PP_EINVAL, field,
            "set %zu, \"%.80s\", names no profile: in a network queue each set says for which "
            "printers its gcode was made",
            i + 1, set->path != NULL ? set->path : "");
    }
    return 0;
}

/* ---- content ------------------------------------------------------------------------------------
 */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* The same content for the same printers. */
static bool prints_the_same(const struct queue_set *a, const struct queue_set *b)
{
    size_t i = 0;
    if (!same_text(a->sha256, b->sha256) || a->model != b->model ||
        (a->sha256 == NULL && !same_text(a->path, b->path))) {
        return false;
    }
    const char *const none[] = {NULL};
    const char *const *of_a = a->profiles != NULL ? (const char *const *)a->profiles : none;
    const char *const *of_b = b->profiles != NULL ? (const char *const *)b->profiles : none;
    while (of_a[i] != NULL && of_b[i] != NULL && strcmp(of_a[i], of_b[i]) == 0) {
        i++;
    }
    return of_a[i] == NULL && of_b[i] == NULL;
}

static bool has_set(const struct queue_job *job, const struct queue_set *set)
{
    for (size_t i = 0; i < job->sets_count; i++) {
        if (prints_the_same(&job->sets[i], set)) {
            return true;
        }
    }
    return false;
}

/* Where nobody vouches for anybody, a person's word for a host is about what that host sent in, and
 * what is our own needs none: so nobody else puts other content under it. */
static int check_content(const struct queue *q, const struct queue_command *c, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    const struct queue_job *job = queue_find(q, c->job);
    bool edits = c->verb == QUEUE_EDIT && (c->mask & QUEUE_F_SETS) != 0 && c->spec != NULL;
    if (!edits || job == NULL || c->trusted || c->origin[0] == '\0' || is_sent_by(job, c->origin)) {
        return 0;
    }
    for (size_t i = 0; i < c->spec->sets_count; i++) {
        if (!has_set(job, &c->spec->sets[i])) {
            return err_set(e, PP_EPERM,
                "%s: in this queue only the host that sent it in changes what it prints; others "
                "how often",
                queue_label(job, label));
        }
    }
    return 0;
}

/* ---- all ---------------------------------------------------------------------------------------
 */

int queue_trust_check(const struct queue *q, const struct queue_trust *t,
    const struct queue_command *c, struct err *e)
{
    static int (*const checks[QUEUE_VERBS])(
        const struct queue *, const struct queue_command *, struct err *) = {
        [QUEUE_SUBMIT] = check_submit,
        [QUEUE_EDIT] = check_edit,
        [QUEUE_MOVE] = check_owner,
        [QUEUE_ARCHIVE] = check_owner,
        [QUEUE_RESTORE] = check_owner,
        [QUEUE_RESET] = check_owner,
        [QUEUE_PURGE] = check_owner,
        [QUEUE_CLAIM] = check_claim,
        [QUEUE_RELEASE] = check_release,
        [QUEUE_BEGIN] = check_claim,
        [QUEUE_FINISH] = check_finish,
        [QUEUE_TAKE] = check_owner,
    };
    int rc = check_profiles(c, e);
    rc = rc == 0 && t->open_wan ? checks[c->verb](q, c, e) : rc;
    return rc == 0 ? check_content(q, c, e) : rc;
}

void queue_trust_trim(const struct queue_trust *t, struct queue_command *c)
{
    if (!t->open_wan || c->trusted || c->spec == NULL) {
        return;
    }
    for (size_t i = c->spec->claims_count; i > 0; i--) {
        if (!queue_is_printer_of(c->spec->claims[i - 1].printer, c->origin)) {
            queue_claim_drop(c->spec, i - 1);
        }
    }
}
