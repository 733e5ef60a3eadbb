/* Who holds what is fetched: peers are asked a few at a time until enough do; who does not answer
 * is given a rest.
 */
#include "net/xfer_priv.h"

#include <string.h>

#define LOOK_PEERS   32 /* asked at once */
#define LOOK_STEP_MS 100
#define REST_MS      5000
#define REST_MAX_MS  300000

/* ---- its holders --------------------------------------------------------------------------------
 */

struct holder *fetch_holder(struct fetch *f, const struct xpeer *p)
{
    for (size_t i = 0; i < f->holders_count; i++) {
        if (f->holders[i].peer == p) {
            return &f->holders[i];
        }
    }
    return NULL;
}

/* Also by another queue: one link carries both. */
static bool has_peer(const struct fetch *f, const struct peer *p)
{
    for (size_t i = 0; i < f->holders_count; i++) {
        if (peer_compare(&f->holders[i].peer->peer, p) == 0) {
            return true;
        }
    }
    return false;
}

void fetch_on_hold(struct xfer *x, uint64_t now_ms, struct fetch *f, struct xpeer *p, int64_t size)
{
    bool fits = f->wanted_size < 0 || f->wanted_size == size;
    (void)now_ms;
    if (has_peer(f, &p->peer) || f->holders_count == XFER_HOLDERS_MAX) {
        return;
    }
    if (!fits || wrong_has(x, &p->peer, f->sha)) {
        f->wrong = true;
        return;
    }
    struct holder *h = &f->holders[f->holders_count++];
    *h = (struct holder){.peer = p, .size_bytes = size};
    h->state = f->begun && size != f->size_bytes ? HOLDER_ASIDE : HOLDER_AGREES;
    f->searching_ms = XFER_NEVER;
}

void fetch_lose(struct xfer *x, uint64_t now_ms, struct fetch *f, const struct xpeer *p)
{
    struct holder *h = fetch_holder(f, p);
    if (h == NULL) {
        return;
    }
    chunk_release(x, f, p);
    *h = f->holders[--f->holders_count];
    if (f->holders_count == 0) {
        f->searching_ms = now_ms;
        f->look_at = 0;
        f->look_ms = now_ms;
    }
}

void fetch_forget_peer(struct xfer *x, uint64_t now_ms, struct fetch *f, const struct xpeer *p)
{
    fetch_lose(x, now_ms, f, p);
    for (size_t i = f->offerers_count; i-- > 0;) {
        if (f->offerers[i] == p) {
            f->offerers[i] = f->offerers[--f->offerers_count];
            f->searching_ms = f->searching_ms != XFER_NEVER ? now_ms : XFER_NEVER;
        }
    }
}

void fetch_rest(struct holder *h, uint64_t now_ms)
{
    uint64_t rest = (uint64_t)REST_MS << (h->strikes < 8 ? h->strikes : 8);
    h->strikes++;
    h->rest_ms = now_ms + (rest < REST_MAX_MS ? rest : REST_MAX_MS);
    h->list_asked = false;
}

/* ---- looking for holders ------------------------------------------------------------------------
 */

bool look_wants(const struct fetch *f)
{
    return !f->ending && !f->finishing && f->holders_count < XFER_HOLDERS_FEW;
}

void look_step(struct xfer *x, uint64_t now_ms, struct fetch *f)
{
    size_t asked = 0;
    for (; f->look_at < x->peers_count && asked < LOOK_PEERS; f->look_at++) {
        const struct xpeer *p = x->peers[f->look_at];
        if ((f->queues >> p->queue & 1) != 0 && !has_peer(f, &p->peer)) {
            xfer_say(x, p, SAY_WHO, f->sha);
            asked++;
        }
    }
    bool round = f->look_at >= x->peers_count;
    f->look_at = round ? 0 : f->look_at;
    f->look_ms = now_ms + (round ? XFER_SEARCH_AGAIN : LOOK_STEP_MS);
}
