/* One command in, one answer out: the table of verbs, what each needs, and who was answered what.
 */
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <string.h>

enum need {
    NEEDS_JOB = 1 << 0,
    NEEDS_SPEC = 1 << 1,
    NEEDS_PRINTER = 1 << 2,
    NEEDS_RUN = 1 << 3,
};

static const struct verb {
    const char *name;
    queue_apply_fn *apply;
    unsigned needs;
} verbs[QUEUE_VERBS] = {
    [QUEUE_SUBMIT] = {"submit", queue_submit, NEEDS_SPEC},
    [QUEUE_EDIT] = {"edit", queue_edit, NEEDS_JOB | NEEDS_SPEC},
    [QUEUE_MOVE] = {"move", queue_move, NEEDS_JOB},
    [QUEUE_ARCHIVE] = {"archive", queue_archive, NEEDS_JOB},
    [QUEUE_RESTORE] = {"restore", queue_restore, NEEDS_JOB},
    [QUEUE_RESET] = {"reset", queue_reset, NEEDS_JOB},
    [QUEUE_PURGE] = {"purge", queue_purge, NEEDS_JOB},
    [QUEUE_CLAIM] = {"claim", queue_claim, NEEDS_JOB | NEEDS_PRINTER},
    [QUEUE_RELEASE] = {"release", queue_release, NEEDS_JOB | NEEDS_PRINTER},
    [QUEUE_BEGIN] = {"begin", queue_begin, NEEDS_JOB | NEEDS_PRINTER | NEEDS_RUN},
    [QUEUE_FINISH] = {"finish", queue_finish, NEEDS_RUN},
    [QUEUE_TAKE] = {"take", queue_take, NEEDS_JOB | NEEDS_PRINTER},
};

const char *queue_verb_name(enum queue_verb v)
{
    return verbs[v].name;
}

bool queue_verb_parse(const char *text, enum queue_verb *out)
{
    for (size_t i = 0; i < QUEUE_VERBS; i++) {
        if (strcmp(verbs[i].name, text) == 0) {
            *out = (enum queue_verb)i;
            return true;
        }
    }
    return false;
}

static int check_words(const struct queue_command *c, struct err *e)
{
    const struct {
        const char *field;
        const char *text;
    } words[] = {{"client", c->client}, {"actor", c->actor}, {"printer", c->printer},
        {"profile", c->profile}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        int rc = queue_text_check(words[i].text, QUEUE_WORD_MAX, words[i].field, e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int check_needs(const struct queue_command *c, struct err *e)
{
    unsigned needs = verbs[c->verb].needs;
    const struct {
        enum need need;
        const char *field;
        bool there;
    } rows[] = {
        {NEEDS_JOB, "job", c->job[0] != '\0'},
        {NEEDS_SPEC, "spec", c->spec != NULL},
        {NEEDS_PRINTER, "printer", c->printer[0] != '\0'},
        {NEEDS_RUN, "run", queue_id_ok(c->run)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((needs & rows[i].need) && !rows[i].there) {
            return err_field(e, PP_EINVAL, rows[i].field, "%s: %s is missing", verbs[c->verb].name,
                rows[i].field);
        }
    }
    return 0;
}

/* New things carry their ids: chosen once, by whoever sends the command. */
static int check_ids(const struct queue_command *c, struct err *e)
{
    if (!(verbs[c->verb].needs & NEEDS_SPEC)) {
        return 0;
    }
    if (c->verb == QUEUE_SUBMIT && c->spec->id[0] == '\0') {
        return err_field(e, PP_EINVAL, "id", "id \"\": a new job needs one");
    }
    bool sets = c->verb == QUEUE_SUBMIT || (c->mask & QUEUE_F_SETS);
    for (size_t i = 0; sets && i < c->spec->sets_count && i < QUEUE_SETS_MAX; i++) {
        if (c->spec->sets[i].id[0] == '\0') {
            return err_field(e, PP_EINVAL, "sets.id", "sets[%zu].id \"\": a new set needs one", i);
        }
    }
    return 0;
}

static int check(const struct queue_command *c, struct err *e)
{
    int rc = check_words(c, e);
    rc = rc == 0 ? check_needs(c, e) : rc;
    return rc == 0 ? check_ids(c, e) : rc;
}

/* True if the command was answered before; `out` is that answer, or why there is none. */
static bool answered(const struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    const struct queue_answer *last = queue_answer_find(&q->answers, c->client);
    if (c->sequence < 1) {
        err_field(&out->err, PP_EINVAL, "sequence",
            "sequence %" PRId64 " of \"%s\": must be 1 or more", c->sequence, c->client);
        return true;
    }
    if (last == NULL || c->sequence > last->sequence) {
        return false;
    }
    if (c->sequence < last->sequence) {
        err_field(&out->err, PP_ESTATE, "sequence",
            "sequence %" PRId64 " of \"%s\": it is at %" PRId64 " already", c->sequence, c->client,
            last->sequence);
        return true;
    }
    *out = last->result;
    out->repeated = true;
    return true;
}

static void remember(
    struct queue *q, const struct queue_command *c, const struct queue_result *result)
{
    struct queue_answer answer = {.sequence = c->sequence, .used_ms = c->now_ms, .result = *result};
    memcpy(answer.client, c->client, sizeof answer.client);
    queue_answer_set(&q->answers, &answer);
}

int queue_apply(struct queue *q, const struct queue_command *c, struct queue_result *out)
{
    memset(out, 0, sizeof *out);
    bool named = c->client[0] != '\0' && queue_word_ok(c->client);
    if (named && answered(q, c, out)) {
        return -out->err.code;
    }
    if (queue_id_ok(c->job)) {
        memcpy(out->job, c->job, ID_SIZE);
    }
    int rc = check(c, &out->err);
    if (rc == 0) {
        rc = verbs[c->verb].apply(q, c, out);
    }
    if (named) {
        remember(q, c, out);
    }
    return rc;
}

/* Undone is what the commands before have changed, and what is remembered of the first. */
static int take_back(
    struct queue *q, const struct queue_command *first, const struct queue_result *failed)
{
    queue_undo(q);
    if (first->client[0] != '\0' && queue_word_ok(first->client) && first->sequence > 0) {
        remember(q, first, failed);
    }
    return -failed->err.code;
}

static bool was_answered(const struct queue *q, const struct queue_command *c)
{
    const struct queue_answer *last = queue_answer_find(&q->answers, c->client);
    return c->client[0] != '\0' && last != NULL && c->sequence <= last->sequence;
}

static int apply_one(struct queue *q, const struct queue_may *may, const struct queue_command *c,
    struct queue_result *out)
{
    memset(out, 0, sizeof *out);
    if (may != NULL && !was_answered(q, c) && may->check(may->context, q, c, &out->err) != 0) {
        return -out->err.code;
    }
    return queue_apply(q, c, out);
}

int queue_apply_all(struct queue *q, const struct queue_may *may,
    const struct queue_command *commands, size_t n, struct queue_result *out)
{
    int rc = apply_one(q, may, &commands[0], out);
    if (rc != 0 && !was_answered(q, &commands[0])) {
        return take_back(q, &commands[0], out);
    }
    for (size_t i = 1; rc == 0 && !out->repeated && i < n; i++) {
        struct queue_result result;
        struct queue_command c = commands[i];
        c.client[0] = '\0';
        rc = apply_one(q, may, &c, &result);
        if (rc != 0) {
            *out = result;
            return take_back(q, &commands[0], out);
        }
    }
    return rc;
}
