/* The work a printer would do next. Looks at the hint of every job in order; nothing changes. What
 * the printer thinks of a list of profiles or materials is found once and remembered for the look.
 */
#include "host/base/mem.h"
#include "host/core/queue_priv.h"

#include <stdlib.h>
#include <string.h>

struct candidate {
    const struct queue_entry *entry; /* NULL = none yet */
    size_t set;
    enum queue_block block;
    unsigned turn;    /* whose turn it is before the strategy is asked: 0 first */
    unsigned changes; /* a person would have to make */
};

struct look {
    const struct queue *q;
    const struct queue_printer *p;
    bool preempt;
    uint8_t *fits;    /* per list of profiles: 1 no, 2 yes */
    uint8_t *changes; /* per list of materials: 1 + the tools that hold another */
    struct candidate best;
};

#define UNKNOWN 0

/* ---- verdicts, once per list ---- */

static bool find_fits(const struct queue_word *list, const char *profile)
{
    const char *end = list->bytes + list->len;
    for (const char *name = list->bytes; name < end; name += strlen(name) + 1) {
        if (strcmp(name, profile) == 0) {
            return true;
        }
    }
    return list->len == 0;
}

static bool fits(struct look *l, uint32_t profiles)
{
    uint8_t *known = &l->fits[profiles];
    if (*known == UNKNOWN) {
        *known = find_fits(&l->q->profiles.at[profiles], l->p->profile) ? 2 : 1;
    }
    return *known == 2;
}

static unsigned changes(struct look *l, uint32_t materials)
{
    uint8_t *known = &l->changes[materials];
    if (*known == UNKNOWN) {
        const char *wanted = l->q->materials.at[materials].bytes;
        *known = 1;
        for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
            if (!l->p->any_material && !queue_material_fits(wanted, l->p->loaded[i])) {
                ++*known;
            }
            wanted += strlen(wanted) + 1;
        }
    }
    return *known - 1u;
}

/* ---- one job ---- */

static const struct queue_want *wants_of(const struct queue_hint *h)
{
    return h->many != NULL ? h->many : h->few;
}

/* As queue_pick(), of a job that nobody has claimed. */
static bool pick_unclaimed(struct look *l, const struct queue_hint *h, size_t *set)
{
    const struct queue_want *w = wants_of(h);
    size_t first = h->count;
    for (uint32_t i = 0; i < h->count; i++) {
        if (!fits(l, w[i].profiles)) {
            continue;
        }
        if (w[i].open) {
            *set = i;
            return true;
        }
        first = first < h->count ? first : i;
    }
    *set = first;
    return h->more && first < h->count;
}

static bool pick(struct look *l, const struct queue_entry *e, size_t *set)
{
    struct queue_pick found;
    if (e->hint.held) {
        return false;
    }
    if (!e->hint.claimed) {
        return pick_unclaimed(l, &e->hint, set);
    }
    if (!queue_pick(e->job, l->p->name, l->p->profile, &found)) {
        return false;
    }
    *set = found.set;
    return true;
}

static unsigned turn_of(const struct look *l, const struct queue_place *at)
{
    if (l->preempt && (at->key < 0 || l->p->strategy == QUEUE_IN_ORDER)) {
        return 0;
    }
    const struct queue_job *job = at->entry->job;
    bool own = at->entry->hint.claimed && queue_claim_of(job, l->p->name) < job->claims_count;
    return own ? 1 : 2;
}

static bool is_better(
    const struct candidate *a, const struct candidate *b, enum queue_strategy strategy)
{
    if (b->entry == NULL) {
        return true;
    }
    if ((a->block == QUEUE_READY) != (b->block == QUEUE_READY)) {
        return a->block == QUEUE_READY;
    }
    if (a->turn != b->turn) {
        return a->turn < b->turn;
    }
    if (strategy == QUEUE_LEAST_CHANGES) {
        return a->changes < b->changes;
    }
    return strategy == QUEUE_OLDEST_FIRST && a->turn > 0 &&
           a->entry->job->created_ms < b->entry->job->created_ms;
}

static bool is_skipped(const struct look *l, const struct candidate *c)
{
    return l->p->skips != NULL && l->p->skips(l->p->context, c->entry->job);
}

/* Who asks is asked last, and only of what would be the best otherwise. */
static void consider(struct look *l, struct candidate c)
{
    const struct queue_printer *p = l->p;
    c.changes = changes(l, wants_of(&c.entry->hint)[c.set].materials);
    c.block = c.changes > 0 ? QUEUE_NO_MATERIAL : QUEUE_READY;
    if (!is_better(&c, &l->best, p->strategy) || is_skipped(l, &c)) {
        return;
    }
    if (p->has_file != NULL && !p->has_file(p->context, &c.entry->job->sets[c.set])) {
        c.block = QUEUE_NO_FILE;
        c.changes += QUEUE_TOOLS_MAX;
        if (!is_better(&c, &l->best, p->strategy)) {
            return;
        }
    }
    l->best = c;
}

/* ---- all jobs ---- */

/* Nothing behind can be better: jobs put in front come first, and a claimed one is not ahead. */
static bool is_settled(const struct look *l, size_t claimed_seen)
{
    return l->best.entry != NULL && l->best.block == QUEUE_READY &&
           l->p->strategy != QUEUE_OLDEST_FIRST &&
           (l->best.turn < 2 || claimed_seen == l->q->claimed);
}

static void scan(struct look *l)
{
    size_t claimed_seen = 0;
    for (size_t i = 0; i < l->q->order.count && !is_settled(l, claimed_seen); i++) {
        const struct queue_place *at = &l->q->order.at[i];
        struct candidate c = {.entry = at->entry};
        claimed_seen += at->entry->hint.claimed;
        bool skipped = l->p->skips != NULL && l->p->skips(l->p->context, at->entry->job);
        if (!skipped && pick(l, at->entry, &c.set)) {
            c.turn = turn_of(l, at);
            consider(l, c);
        }
    }
}

static unsigned first_wrong(const struct queue_set *set, const struct queue_printer *p)
{
    unsigned i = 0;
    while (i < QUEUE_TOOLS_MAX && queue_material_fits(set->materials[i], p->loaded[i])) {
        i++;
    }
    return i;
}

void queue_next(
    const struct queue *q, const struct queue_printer *p, bool preempt, struct queue_next *out)
{
    struct look l = {.q = q, .p = p, .preempt = preempt};
    l.fits = mem_array(q->profiles.count, 1);
    l.changes = mem_array(q->materials.count, 1);
    scan(&l);
    free(l.fits);
    free(l.changes);
    memset(out, 0, sizeof *out);
    if (l.best.entry == NULL || (l.best.block != QUEUE_READY && p->no_person)) {
        return;
    }
    out->job = l.best.entry->job;
    out->set = &out->job->sets[l.best.set];
    out->block = l.best.block;
    out->tool = out->block == QUEUE_NO_MATERIAL ? first_wrong(out->set, p) : 0;
}
