/* Requests from host to host, over one hop where there is no link: through a voter, who says who
 * asks. */
#include "net/net_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ASKS_MAX   256 /* of ours that wait */
#define SERVED_MAX 256 /* of others */
#define OF_ONE_MAX 32  /* of one host */
#define BY_ONE_MAX 64  /* that one host passes on */
#define BODY_MAX   (1 << 20)
#define SERVE_MS   60000
#define FIRST_HOP  0
#define SECOND_HOP 1

enum ask_kind {
    ASK_REQUEST = 1,
    ASK_ANSWER
};

static struct ask **find(struct net *n, uint64_t id, bool serving)
{
    struct ask **at = &n->asks;
    while (*at != NULL && ((*at)->id != id || (*at)->serving != serving)) {
        at = &(*at)->next;
    }
    return at;
}

static struct ask *take(struct ask **at)
{
    struct ask *a = *at;
    if (a != NULL) {
        *at = a->next;
    }
    return a;
}

static struct ask *ask_new(
    struct net *n, struct net_queue *q, const struct peer *to, int64_t timeout_ms)
{
    struct ask *a = mem_alloc(sizeof *a);
    a->id = ++n->next_id;
    a->queue = q;
    a->to = *to;
    a->until_ms = net_now_ms(n) + (uint64_t)timeout_ms;
    a->next = n->asks;
    n->asks = a;
    return a;
}

static void end(struct ask *a, const struct err *e, const uint8_t *bytes, size_t len)
{
    if (a->done != NULL) {
        a->done(a->context, e, bytes, len);
    }
    free(a);
}

static bool pass(struct net_queue *q, const struct peer *to, enum ask_kind kind, uint8_t hop,
    uint64_t id, const struct peer *from, const struct peer *target, const void *bytes, size_t len)
{
    struct strbuf b = {0};
    wire_put_u8(&b, (uint8_t)kind);
    wire_put_u8(&b, hop);
    wire_put_u64(&b, id);
    wire_put_raw(&b, from->key, sizeof from->key);
    wire_put_raw(&b, target->key, sizeof target->key);
    wire_put_bytes(&b, bytes, len);
    int rc = links_send(q->net->links, q->link, to, LINK_NORMAL, NET_ASK, b.data, b.len);
    strbuf_fini(&b);
    return rc == 0;
}

/* The one it goes to first: himself, or the voter through whom he is known. */
static bool first_hop(const struct net_queue *q, const struct peer *to, struct peer *hop)
{
    const struct member *m = net_member_find(q, to);
    if (links_find(q->net->links, q->link, to) != NULL) {
        *hop = *to;
        return true;
    }
    if (m != NULL && m->via_set && links_find(q->net->links, q->link, &m->via) != NULL) {
        *hop = m->via;
        return true;
    }
    return false;
}

/* Our own. */
static size_t count(const struct net *n)
{
    size_t c = 0;
    for (const struct ask *a = n->asks; a != NULL; a = a->next) {
        c += !a->serving;
    }
    return c;
}

/* Answered with `e` by the next tick, so never within the call. */
static void refuse_later(struct ask *a)
{
    a->until_ms = 0;
}

void net_ask(struct net *n, const char *queue, const struct peer *to, const void *bytes, size_t len,
    int64_t timeout_ms, net_answer_cb done, void *context)
{
    struct net_queue *q = net_queue_find(n, queue);
    struct peer hop;
    bool full = count(n) >= ASKS_MAX || len > BODY_MAX;
    struct ask *a = ask_new(n, q, to, timeout_ms);
    a->done = done;
    a->context = context;
    if (q == NULL || full || !first_hop(q, to, &hop) ||
        !pass(q, &hop, ASK_REQUEST, FIRST_HOP, a->id, &q->id->peer, to, bytes, len)) {
        refuse_later(a);
    }
}

/* ---- serving ------------------------------------------------------------------------------------
 */

/* Who asks too much at once is not heard; all others are. */
static bool has_room(const struct net *n, const struct peer *from, const struct peer *hop)
{
    size_t all = 0, of_one = 0, by_one = 0;
    for (const struct ask *a = n->asks; a != NULL; a = a->next) {
        all += a->serving;
        of_one += a->serving && peer_compare(&a->to, from) == 0;
        by_one += a->serving && peer_compare(&a->hop, hop) == 0;
    }
    return all < SERVED_MAX && of_one < OF_ONE_MAX && by_one < BY_ONE_MAX;
}

static void serve(struct net_queue *q, const struct peer *hop, const struct peer *from,
    uint64_t foreign, const uint8_t *bytes, size_t len)
{
    struct net *n = q->net;
    if (!has_room(n, from, hop) || n->o.events.request == NULL) {
        return;
    }
    struct ask *a = ask_new(n, q, from, SERVE_MS);
    a->serving = true;
    a->hop = *hop;
    a->foreign = foreign;
    bool trusted = q->locked || (q->kind == NET_WAN && net_wan_trusts(q, from));
    n->o.events.request(n->o.events.context, q->name, from, trusted, a->id, bytes, len);
}

void net_answer(struct net *n, uint64_t id, const void *bytes, size_t len)
{
    struct ask *a = take(find(n, id, true));
    if (a == NULL) {
        return;
    }
    struct net_queue *q = a->queue;
    pass(q, &a->hop, ASK_ANSWER, FIRST_HOP, a->foreign, &q->id->peer, &a->to, bytes,
        len <= BODY_MAX ? len : 0);
    free(a);
}

/* Passed on by a voter, once; who asks is who sent it to him. */
static void pass_on(struct net_queue *q, enum ask_kind kind, uint64_t id, const struct peer *from,
    const struct peer *target, const uint8_t *bytes, size_t len)
{
    if (group_is_voter(q->group, &q->id->peer)) {
        pass(q, target, kind, SECOND_HOP, id, from, target, bytes, len);
    }
}

static void answered(
    struct net_queue *q, uint64_t id, const struct peer *by, const uint8_t *bytes, size_t len)
{
    struct ask **at = find(q->net, id, false);
    if (*at != NULL && (*at)->queue == q && peer_compare(&(*at)->to, by) == 0) {
        end(take(at), NULL, bytes, len);
    }
}

void net_ask_received(
    struct net_queue *q, const struct peer *sender, const uint8_t *bytes, size_t len)
{
    struct wire_in in = wire_read(bytes, len);
    struct peer from = {{0}};
    struct peer target = {{0}};
    size_t body_len;
    uint8_t kind = wire_u8(&in);
    uint8_t hop = wire_u8(&in);
    uint64_t id = wire_u64(&in);
    const uint8_t *a = wire_raw(&in, sizeof from.key);
    const uint8_t *b = wire_raw(&in, sizeof target.key);
    const uint8_t *body = wire_bytes(&in, BODY_MAX, &body_len);
    if (!wire_end(&in) || hop > SECOND_HOP || (kind != ASK_REQUEST && kind != ASK_ANSWER)) {
        return;
    }
    memcpy(from.key, a, sizeof from.key);
    memcpy(target.key, b, sizeof target.key);
    bool is_his_own = peer_compare(&from, sender) == 0;
    if (!is_his_own && (hop != SECOND_HOP || !group_is_voter(q->group, sender))) {
        return;
    }
    if (peer_compare(&target, &q->id->peer) != 0) {
        if (hop == FIRST_HOP && is_his_own) {
            pass_on(q, kind, id, &from, &target, body, body_len);
        }
    } else if (kind == ASK_REQUEST) {
        serve(q, sender, &from, id, body, body_len);
    } else {
        answered(q, id, &from, body, body_len);
    }
}

/* ---- time ---------------------------------------------------------------------------------------
 */

/* Ends those that are over at `now`, of `q` (NULL: of all). */
static void end_some(struct net *n, const struct net_queue *q, uint64_t now)
{
    struct ask *over = NULL;
    for (struct ask **at = &n->asks; *at != NULL;) {
        if ((q == NULL || (*at)->queue == q) && (*at)->until_ms <= now) {
            struct ask *a = take(at);
            a->next = over;
            over = a;
        } else {
            at = &(*at)->next;
        }
    }
    while (over != NULL) {
        struct ask *a = over;
        struct err e = {0};
        over = a->next;
        if (a->until_ms == 0) {
            err_set(&e, PP_EOFFLINE, "there is no way to that host now");
        } else {
            err_set(&e, PP_ETIMEOUT, "that host does not answer; it may have been done");
        }
        end(a, &e, NULL, 0);
    }
}

void net_asks_tick(struct net *n)
{
    end_some(n, NULL, net_now_ms(n));
}

void net_asks_drop(struct net *n, const struct net_queue *q)
{
    end_some(n, q, UINT64_MAX);
}
