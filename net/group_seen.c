/* What is remembered of others' positions, so that a host whose disk has forgotten something does
 * not decide twice.
 *
 * Each message of a member's engine carries where its disk is (struct group_mark). Whoever gets it
 * keeps the highest per raft id, and tells it when that id says hello. A host that is told more
 * than its disk holds has lost something: it takes a new id and begins as a client.
 *
 * A WAN's first configuration names hosts by ids that a lost disk would find again. So a trusted
 * peer without a past begins under that id only when enough others say that there was none: a
 * majority that has no past itself, or so many that every quorum it could have been part of has one
 * among them.
 */
#include "net/group_priv.h"

#include <string.h>

/* Its place, or seen_count. */
static size_t find(const struct group *g, uint64_t id)
{
    size_t i = 0;
    while (i < g->seen_count && g->seen[i].id != id) {
        i++;
    }
    return i;
}

static struct group_seen *slot_for(struct group *g, uint64_t id)
{
    struct group_seen *s = &g->seen[0];
    size_t at = find(g, id);
    if (at < g->seen_count) {
        return &g->seen[at];
    }
    if (g->seen_count < GROUP_SEEN_MAX) {
        s = &g->seen[g->seen_count++];
    } else {
        for (size_t i = 1; i < g->seen_count; i++) {
            s = g->seen[i].stamp < s->stamp ? &g->seen[i] : s;
        }
    }
    *s = (struct group_seen){.id = id};
    return s;
}

static bool is_less(const struct group_mark *a, const struct group_mark *b)
{
    return a->term < b->term || (a->term == b->term && a->index < b->index);
}

void group_seen_load(struct group *g)
{
    struct wire_in in = wire_read(g->meta.seen, g->meta.seen_len);
    while (in.left > 0 && !in.bad && g->seen_count < GROUP_SEEN_MAX) {
        struct group_seen s = {.id = wire_u64(&in)};
        s.mark.term = wire_u64(&in);
        s.mark.index = wire_u64(&in);
        if (!in.bad) {
            g->seen[g->seen_count++] = s;
        }
    }
}

void group_seen_note(struct group *g, uint64_t id, const struct group_mark *mark)
{
    struct group_seen *s = slot_for(g, id);
    s->stamp = ++g->seen_stamp;
    if (is_less(&s->mark, mark)) {
        /* That there was somebody matters more than how far. */
        g->meta_dirty = g->meta_dirty || s->mark.term == 0;
        s->mark = *mark;
        g->seen_dirty = true;
    }
}

struct group_mark group_seen_of(const struct group *g, uint64_t id)
{
    size_t at = find(g, id);
    return at < g->seen_count ? g->seen[at].mark : (struct group_mark){0};
}

/* ---- a host without a past ----------------------------------------------------------------------
 */

static struct group_witness *witness(struct group *g, const struct peer *p)
{
    size_t max = sizeof g->witnesses / sizeof g->witnesses[0];
    for (size_t i = 0; i < g->witnesses_count; i++) {
        if (peer_compare(&g->witnesses[i].peer, p) == 0) {
            return &g->witnesses[i];
        }
    }
    if (g->witnesses_count == max) {
        return NULL;
    }
    struct group_witness *w = &g->witnesses[g->witnesses_count++];
    *w = (struct group_witness){.peer = *p};
    return w;
}

void group_seen_hello(struct group *g, struct group_peer *p)
{
    struct group_witness *w = group_is_trusted(g, &p->peer) ? witness(g, &p->peer) : NULL;
    if (w != NULL && group_epoch_none(&p->hello.epoch)) {
        w->blank = true;
    }
}

bool group_seen_may_begin(const struct group *g, bool *blank)
{
    size_t blanks = 0;
    size_t clear = 0;
    for (size_t i = 0; i < g->witnesses_count; i++) {
        const struct group_witness *w = &g->witnesses[i];
        if (!group_is_trusted(g, &w->peer)) {
            continue;
        }
        if (w->remembers) {
            return false;
        }
        blanks += w->blank;
        clear += w->clear;
    }
    size_t n = g->trusted_count;
    size_t quorum = n / 2 + 1;
    *blank = blanks + 1 >= quorum;
    return *blank || clear >= n - quorum + 1;
}

void group_seen_recall(struct group *g, struct group_peer *p, struct wire_in in)
{
    struct group_recall r;
    if (!group_wire_read_recall(in, &r)) {
        p->bad++;
        return;
    }
    bool counts = !g->o.fixed || group_is_trusted(g, &p->peer);
    if (r.id != g->id) {
        return;
    }
    p->ready = true;
    struct group_witness *w = counts && g->o.fixed ? witness(g, &p->peer) : NULL;
    bool remembers = r.mark.term != 0 || r.mark.index != 0;
    if (w != NULL && g->meta.incarnation == 0) {
        w->remembers = w->remembers || remembers;
        w->clear = w->clear || !remembers;
    }
    if (counts && is_less(&g->durable, &r.mark) && (g->o.plant & GROUP_BUG_ID) == 0) {
        group_become_client(g);
    }
}
