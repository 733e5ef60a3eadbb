/* The work a printer would do next: one look at every job, in order; nothing changes. */
#include "host/core/queue_priv.h"

#include <stddef.h>
#include <string.h>

static unsigned changes_needed(
    const struct queue_set *set, const struct queue_printer *p, unsigned *first)
{
    unsigned n = 0;
    for (unsigned i = QUEUE_TOOLS_MAX; i-- > 0;) {
        if (!p->any_material && !queue_material_fits(set->materials[i], p->loaded[i])) {
            *first = i;
            n++;
        }
    }
    return n;
}

/* Whose turn it is before the strategy is asked: 0 first. */
static unsigned turn_of(const struct queue_job *job, const struct queue_printer *p, bool preempt)
{
    if (preempt && (job->rank < 0 || p->strategy == QUEUE_IN_ORDER)) {
        return 0;
    }
    return queue_claim_of(job, p->name) < job->claims_count ? 1 : 2;
}

struct candidate {
    struct queue_next next;
    unsigned turn;
    unsigned changes;
};

static bool is_better(
    const struct candidate *a, const struct candidate *b, enum queue_strategy strategy)
{
    if (b->next.job == NULL) {
        return true;
    }
    if ((a->next.block == QUEUE_READY) != (b->next.block == QUEUE_READY)) {
        return a->next.block == QUEUE_READY;
    }
    if (a->turn != b->turn) {
        return a->turn < b->turn;
    }
    if (strategy == QUEUE_LEAST_CHANGES) {
        return a->changes < b->changes;
    }
    return strategy == QUEUE_OLDEST_FIRST && a->turn > 0 &&
           a->next.job->created_ms < b->next.job->created_ms;
}

static void judge(struct candidate *c, const struct queue_printer *p)
{
    c->changes = changes_needed(c->next.set, p, &c->next.tool);
    c->next.block = c->changes > 0 ? QUEUE_NO_MATERIAL : QUEUE_READY;
    if (p->has_file != NULL && !p->has_file(p->context, c->next.set)) {
        c->next.block = QUEUE_NO_FILE;
        c->changes += QUEUE_TOOLS_MAX;
    }
}

void queue_next(
    const struct queue *q, const struct queue_printer *p, bool preempt, struct queue_next *out)
{
    struct candidate best = {0};
    for (size_t i = 0; i < q->order.count; i++) {
        const struct queue_job *job = q->order.at[i].entry->job;
        struct queue_pick pick;
        bool skipped = p->skips != NULL && p->skips(p->context, job);
        if (skipped || !queue_pick(job, p->name, p->profile, &pick)) {
            continue;
        }
        struct candidate c = {
            .next = {.job = job, .set = &job->sets[pick.set]}, .turn = turn_of(job, p, preempt)};
        judge(&c, p);
        if (is_better(&c, &best, p->strategy)) {
            best = c;
        }
    }
    bool offered = best.next.block == QUEUE_READY || !p->no_person;
    *out = offered ? best.next : (struct queue_next){0};
}
