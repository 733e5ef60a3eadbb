/* Queues over a link: who proves what, which identity is at the other end, and twins. */
#include "net/links_priv.h"

#include "host/base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char who_label[] = "pphost-queue-identity:";

#define ROLE(initiator) ((uint8_t)((initiator) ? 0 : 1))
#define UP              sizeof(void *) /* an entry of queue.up */
#define BIT(queue)      (UINT64_C(1) << (queue))

/* ---- proofs -------------------------------------------------------------------------------------
 */

/* BLAKE2b over (handshake hash ‖ role ‖ wire name), keyed with the secret: a proof; without a key:
 * a tag, by which who knows the name sees that it is meant. */
static void make_hash(const struct link *k, const struct queue *q, bool initiator, bool keyed,
    uint8_t *out, size_t size)
{
    crypto_generichash_state state;
    uint8_t role = ROLE(initiator);
    crypto_generichash_init(&state, keyed ? q->secret : NULL, keyed ? sizeof q->secret : 0, size);
    crypto_generichash_update(&state, channel_hash(k->channel), 64);
    crypto_generichash_update(&state, &role, 1);
    crypto_generichash_update(&state, (const uint8_t *)q->name, strlen(q->name));
    crypto_generichash_final(&state, out, size);
    sodium_memzero(&state, sizeof state);
}

#define SIGNED (sizeof who_label - 1 + 64 + 1)

static void to_sign(const struct link *k, bool initiator, uint8_t out[SIGNED])
{
    memcpy(out, who_label, sizeof who_label - 1);
    memcpy(out + sizeof who_label - 1, channel_hash(k->channel), 64);
    out[SIGNED - 1] = ROLE(initiator);
}

/* ---- peers of a queue ---------------------------------------------------------------------------
 */

/* Where the peer stands, or would. */
static size_t place(const struct queue *q, const struct peer *peer)
{
    size_t low = 0, high = q->up_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (peer_compare(&q->up[middle]->info.peer, peer) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct member *links_member_find(const struct queue *q, const struct peer *peer)
{
    size_t at = place(q, peer);
    bool found = at < q->up_count && peer_compare(&q->up[at]->info.peer, peer) == 0;
    return found ? q->up[at] : NULL;
}

static void add_up(struct queue *q, struct member *m)
{
    size_t at = place(q, &m->info.peer);
    if (q->up_count == q->up_cap) {
        q->up_cap = q->up_cap > 0 ? q->up_cap * 2 : 8;
        q->up = mem_resize(q->up, q->up_cap, UP);
    }
    memmove(q->up + at + 1, q->up + at, (q->up_count - at) * UP);
    q->up[at] = m;
    q->up_count++;
}

static void remove_up(struct queue *q, struct member *m)
{
    size_t at = place(q, &m->info.peer);
    q->up_count--;
    memmove(q->up + at, q->up + at + 1, (q->up_count - at) * UP);
}

struct member *link_member(const struct link *k, int queue)
{
    for (struct member *m = k->members; m != NULL; m = m->next) {
        if (m->queue == queue && queue >= 0) {
            return m;
        }
    }
    return NULL;
}

static struct member *member_of_serial(const struct link *k, uint32_t theirs)
{
    for (struct member *m = k->members; m != NULL; m = m->next) {
        if (m->theirs == theirs) {
            return m;
        }
    }
    return NULL;
}

void member_end(struct member *m, const char *why)
{
    struct links *l = m->link->links;
    struct peer peer = m->info.peer;
    int queue = m->queue;
    bool tell = m->up && !l->closing;
    struct member **at = &m->link->members;
    while (*at != m) {
        at = &(*at)->next;
    }
    *at = m->next;
    if (m->up) {
        remove_up(&l->queues[queue], m);
    }
    link_forget(m->link, queue);
    free(m->hello);
    free(m);
    if (tell) {
        l->events.down(l->events.context, queue, &peer, why);
    }
}

/* ---- joining ------------------------------------------------------------------------------------
 */

static void say_who(struct link *k, struct member *m)
{
    struct links *l = k->links;
    struct queue *q = &l->queues[m->queue];
    uint8_t text[SIGNED], signature[IDENTITY_SIGNATURE];
    struct frame f = {.type = FRAME_WHO,
        .from = q->serial,
        .to = m->theirs,
        .bytes = l->hello,
        .len = l->hello_len};
    if (peer_compare(&q->ident->id.peer, &k->ident->id.peer) != 0) {
        to_sign(k, k->initiator, text);
        identity_sign(&q->ident->id, text, sizeof text, signature);
        f.flag = true;
        f.key = q->ident->id.peer.key;
        f.signature = signature;
    }
    link_put(k, &f);
}

static bool try_queue(struct link *k, struct remote *r, int queue)
{
    struct queue *q = &k->links->queues[queue];
    uint8_t proof[FRAME_PROOF], tag[FRAME_TAG];
    make_hash(k, q, !k->initiator, true, proof, sizeof proof);
    if (sodium_memcmp(proof, r->proof, sizeof proof) == 0) {
        struct member *m = mem_alloc(sizeof *m);
        m->link = k;
        m->queue = queue;
        m->theirs = r->serial;
        m->next = k->members;
        k->members = m;
        r->matched = true;
        say_who(k, m);
        return true;
    }
    make_hash(k, q, !k->initiator, false, tag, sizeof tag);
    if (memcmp(tag, r->tag, sizeof tag) == 0) {
        links_note(k->links, NOTE_KEY, k->address,
            "%s has a queue \"%s\" too, but with another key", k->address, q->name);
    }
    return false;
}

/* Finds the queue of ours that is meant; the proof is of use only where we have said JOIN too. */
static void match(struct link *k, struct remote *r)
{
    for (int i = 0; i < LINKS_QUEUES_MAX && !r->matched; i++) {
        if ((k->offered & BIT(i)) != 0 && link_member(k, i) == NULL && try_queue(k, r, i)) {
            return;
        }
    }
}

static void say_join(struct link *k, int queue)
{
    struct queue *q = &k->links->queues[queue];
    uint8_t proof[FRAME_PROOF], tag[FRAME_TAG];
    make_hash(k, q, k->initiator, true, proof, sizeof proof);
    make_hash(k, q, k->initiator, false, tag, sizeof tag);
    struct frame f = {.type = FRAME_JOIN, .from = q->serial, .tag = tag, .proof = proof};
    link_put(k, &f);
}

void link_offer(struct link *k)
{
    struct links *l = k->links;
    uint64_t before = k->offered;
    for (int i = 0; i < LINKS_QUEUES_MAX && k->taken && link_is_alive(k); i++) {
        if (l->queues[i].used && (k->offered & BIT(i)) == 0 && links_offers(l, k, i)) {
            k->offered |= BIT(i);
            say_join(k, i);
        }
    }
    for (size_t i = 0; k->offered != before && i < k->remote_count && link_is_alive(k); i++) {
        match(k, &k->remote[i]);
    }
}

void link_joined(struct link *k, const struct frame *f)
{
    for (size_t i = 0; i < k->remote_count; i++) {
        if (k->remote[i].serial == f->from) {
            link_violation(k, "a queue joined twice");
            return;
        }
    }
    if (k->remote_count == LINKS_QUEUES_MAX) {
        link_violation(k, "too many queues");
        return;
    }
    k->remote = mem_resize(k->remote, k->remote_count + 1, sizeof *k->remote);
    struct remote *r = &k->remote[k->remote_count++];
    *r = (struct remote){.serial = f->from};
    memcpy(r->tag, f->tag, sizeof r->tag);
    memcpy(r->proof, f->proof, sizeof r->proof);
    match(k, r);
}

void link_left(struct link *k, const struct frame *f)
{
    for (size_t i = 0; i < k->remote_count; i++) {
        if (k->remote[i].serial == f->from) {
            k->remote[i] = k->remote[--k->remote_count];
            break;
        }
    }
    struct member *m = member_of_serial(k, f->from);
    if (m != NULL) {
        member_end(m, "it left the queue");
    }
}

/* ---- identities ---------------------------------------------------------------------------------
 */

static void go_up(struct member *m)
{
    struct link *k = m->link;
    struct links *l = k->links;
    if (!m->ready || !m->ready_sent || m->up) {
        return;
    }
    m->up = true;
    k->proved = true;
    add_up(&l->queues[m->queue], m);
    links_dial_check(m);
    const struct link_info *info = links_find(l, m->queue, &m->info.peer);
    l->events.up(l->events.context, m->queue, info, m->hello, m->hello_len);
}

void member_let_in(struct member *m)
{
    struct link *k = m->link;
    struct queue *q = &k->links->queues[m->queue];
    struct frame f = {.type = FRAME_READY, .from = q->serial, .to = m->theirs};
    m->rival_ms = 0;
    m->ready_sent = true;
    link_put(k, &f);
    if (link_is_alive(k)) {
        go_up(m);
    }
}

/* Takes the identity from the frame; false when it may not be let in. */
static bool take_identity(struct member *m, const struct frame *f)
{
    struct link *k = m->link;
    struct queue *q = &k->links->queues[m->queue];
    uint8_t text[SIGNED];
    m->info.peer = *channel_peer(k->channel);
    if (f->flag) {
        memcpy(m->info.peer.key, f->key, PEER_KEY_SIZE);
        to_sign(k, !k->initiator, text);
        if (!peer_verify(&m->info.peer, text, sizeof text, f->signature)) {
            link_violation(k, "an identity that is not proved");
            return false;
        }
    }
    if (peer_compare(&m->info.peer, &q->ident->id.peer) == 0) {
        links_note(k->links, NOTE_TWIN, k->address,
            "%s has this host's identity in queue \"%s\" (%s): a key was copied, one of the two "
            "needs its own",
            k->address, q->name, q->ident->id.text);
        links_twin(k->links);
        link_part(k, BYE_TWIN, "two hosts have one identity");
        return false;
    }
    if (links_is_banned(k->links, &m->info.peer)) {
        link_part(k, BYE_DROPPED, "not taken back yet");
        return false;
    }
    return true;
}

/* Of who is not, nothing of this queue is heard any more; the link goes when it carries no other.
 */
static bool admits(const struct member *m)
{
    const struct links *l = m->link->links;
    return l->events.admits == NULL || l->events.admits(l->events.context, m->queue, &m->info.peer);
}

void link_who(struct link *k, const struct frame *f)
{
    struct member *m = member_of_serial(k, f->from);
    if (m == NULL || k->links->queues[m->queue].serial != f->to) {
        return; /* of a queue that one of us has left meanwhile */
    }
    if (m->known) {
        link_violation(k, "a second identity");
        return;
    }
    if (!take_identity(m, f)) {
        return;
    }
    if (!admits(m)) {
        member_end(m, "it is not admitted");
        return;
    }
    m->known = true;
    m->hello_len = f->len;
    m->hello = mem_alloc(f->len);
    if (f->len > 0) {
        memcpy(m->hello, f->bytes, f->len);
    }
    if (!member_has_rival(m)) {
        member_let_in(m);
    }
}

void link_ready(struct link *k, const struct frame *f)
{
    struct member *m = member_of_serial(k, f->from);
    if (m == NULL || k->links->queues[m->queue].serial != f->to) {
        return;
    }
    if (!m->known || m->ready) {
        link_violation(k, "it is ready before its time");
        return;
    }
    m->ready = true;
    go_up(m);
}
