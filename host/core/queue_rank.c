/* Order: each job has a rank, neighbours lie far apart, and a job that comes between two gets a
 * number in the middle. When a gap is used up, the jobs around it are spread anew, as few as will
 * do. Jobs put in front have negative ranks, so that it stays known that somebody wanted them
 * first. */
#include "host/base/mem.h"
#include "host/core/queue_priv.h"

#include <stdlib.h>

/* A stretch of the order and the ranks left and right of it, which stay. */
struct stretch {
    size_t from;
    size_t to;
    int64_t low;
    int64_t high;
};

/* Jobs put in front and the others are two blocks; a stretch lies within one. */
static struct stretch block_at(const struct queue *q, size_t at)
{
    const struct queue_places *p = &q->order;
    struct stretch s = {0, queue_places_find(p, 0, ""), -QUEUE_RANK_MAX, 0};
    if (at >= s.to) {
        s = (struct stretch){s.to, p->count, -1, QUEUE_RANK_MAX};
    }
    return s;
}

static struct stretch around(const struct queue *q, struct stretch block, size_t at, size_t reach)
{
    const struct queue_place *p = q->order.at;
    struct stretch s = block;
    if (at - block.from > reach) {
        s.from = at - reach;
        s.low = p[s.from - 1].key;
    }
    if (block.to - at > reach) {
        s.to = at + reach;
        s.high = p[s.to].key;
    }
    return s;
}

static int64_t step_of(const struct stretch *s)
{
    return (s->high - s->low) / (int64_t)(s->to - s->from + 1);
}

static void put_rank(struct queue *q, struct queue_entry *e, int64_t rank)
{
    struct queue_job *job = queue_draw(e);
    job->rank = rank;
    queue_put(q, e, job);
}

/* The same room between any two. */
static void spread(struct queue *q, const struct stretch *s)
{
    size_t n = s->to - s->from;
    int64_t step = step_of(s) < QUEUE_RANK_GAP ? step_of(s) : QUEUE_RANK_GAP;
    int64_t rank = s->low > -QUEUE_RANK_MAX ? s->low : s->high - step * (int64_t)(n + 1);
    struct queue_entry **moved = mem_array(n, sizeof(struct queue_entry *));
    for (size_t i = 0; i < n; i++) {
        moved[i] = q->order.at[s->from + i].entry;
    }
    for (size_t i = 0; i < n; i++) {
        rank += step;
        put_rank(q, moved[i], rank);
    }
    free(moved);
}

static int64_t middle(int64_t low, int64_t high)
{
    if (high == QUEUE_RANK_MAX && low < QUEUE_RANK_MAX - QUEUE_RANK_GAP) {
        return low + QUEUE_RANK_GAP;
    }
    if (low == -QUEUE_RANK_MAX && high > -QUEUE_RANK_MAX + QUEUE_RANK_GAP) {
        return high - QUEUE_RANK_GAP;
    }
    return low + (high - low) / 2;
}

static void make_room(struct queue *q, struct stretch block, size_t at)
{
    size_t reach = 8;
    struct stretch s = around(q, block, at, reach);
    while (step_of(&s) < 1024 && (s.from > block.from || s.to < block.to)) {
        reach *= 2;
        s = around(q, block, at, reach);
    }
    spread(q, &s);
}

int64_t queue_rank_front(struct queue *q)
{
    struct stretch front = {0, queue_places_find(&q->order, 0, ""), -QUEUE_RANK_MAX, 0};
    int64_t high = front.to > 0 ? q->order.at[0].key : 0;
    if (high - front.low < 2) {
        make_room(q, front, 0);
        high = q->order.at[0].key;
    }
    return middle(front.low, high);
}

/* The ranks between which a job at `at` goes, both exclusive. */
static void gap_at(const struct queue *q, size_t at, int64_t *low, int64_t *high)
{
    const struct queue_places *p = &q->order;
    *low = at > 0 ? p->at[at - 1].key : -1;
    *high = at < p->count ? p->at[at].key : QUEUE_RANK_MAX;
    if (*low < -1 && *high >= 0) {
        *low = -1;
    }
}

int64_t queue_rank_at(struct queue *q, size_t at)
{
    int64_t low;
    int64_t high;
    gap_at(q, at, &low, &high);
    if (high - low < 2) {
        make_room(q, block_at(q, at), at);
        gap_at(q, at, &low, &high);
    }
    return middle(low, high);
}
