/* Who is there and what they tell: soft state, never in the log. Voters pass on what they hear, so
 * that hosts without a link between them know of each other; while there are many, all at once
 * every NET_RELAY_MS.
 */
#include "net/net_priv.h"

#include "host/base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FORGET_MS     ((uint64_t)10 * 60 * 1000) /* heard of through others, and silent */
#define PER_PACKET    64
#define TELLS         3
#define TELL_AGAIN_MS 4000
#define COUNT_MAX     1000000000 /* more hosts there are not */

/* ---- members ------------------------------------------------------------------------------------
 */

/* Where he is, or would be. */
static size_t place(const struct net_queue *q, const struct peer *p)
{
    size_t low = 0;
    size_t high = q->members_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (peer_compare(&q->members[mid].peer, p) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

struct member *net_member_find(const struct net_queue *q, const struct peer *p)
{
    size_t at = place(q, p);
    bool there = at < q->members_count && peer_compare(&q->members[at].peer, p) == 0;
    return there ? &q->members[at] : NULL;
}

static void member_remove(struct net_queue *q, size_t at)
{
    free(q->members[at].presence);
    q->members_count--;
    memmove(&q->members[at], &q->members[at + 1], (q->members_count - at) * sizeof *q->members);
}

/* Of those that are only heard of, the one heard of longest ago makes room. */
static void make_room(struct net_queue *q)
{
    size_t oldest = q->members_count;
    for (size_t i = 0; q->members != NULL && i < q->members_count; i++) {
        const struct member *m = &q->members[i];
        if (!m->linked &&
            (oldest == q->members_count || m->heard_ms < q->members[oldest].heard_ms)) {
            oldest = i;
        }
    }
    if (oldest < q->members_count) {
        member_remove(q, oldest);
    }
}

/* NULL when there are too many; one that is `here` takes the place of one that is only heard of. */
static struct member *member_make(struct net_queue *q, const struct peer *p, bool here)
{
    struct member *m = net_member_find(q, p);
    if (m == NULL && here && q->members_count == NET_PEERS_MAX) {
        make_room(q);
    }
    if (m != NULL || q->members_count == NET_PEERS_MAX) {
        return m;
    }
    size_t at = place(q, p);
    q->members = mem_resize(q->members, q->members_count + 1, sizeof *q->members);
    memmove(&q->members[at + 1], &q->members[at], (q->members_count - at) * sizeof *q->members);
    q->members_count++;
    q->members[at] = (struct member){.peer = *p, .heard_ms = net_now_ms(q->net)};
    return &q->members[at];
}

void net_members_free(struct net_queue *q)
{
    while (q->members_count > 0) {
        member_remove(q, q->members_count - 1);
    }
    free(q->members);
    q->members = NULL;
}

static void tell_above(struct net_queue *q)
{
    struct net *n = q->net;
    if (n->o.events.peers != NULL && !n->closing) {
        n->o.events.peers(n->o.events.context, q->name);
    }
}

/* ---- presence on the wire -----------------------------------------------------------------------
 */

static void put_member(struct strbuf *b, const struct peer *p, const char *name,
    const char *version, uint64_t instance, uint64_t sequence, uint64_t age_ms,
    const uint8_t *presence, size_t len)
{
    wire_put_raw(b, p->key, sizeof p->key);
    wire_put_text(b, name);
    wire_put_text(b, version);
    wire_put_u64(b, instance);
    wire_put_u64(b, sequence);
    wire_put_u64(b, age_ms);
    wire_put_bytes(b, presence, len);
}

static void put_self(const struct net_queue *q, struct strbuf *b)
{
    const struct net *n = q->net;
    put_member(b, &q->id->peer, n->name, n->version, n->instance, n->presence_sequence, 0,
        n->presence, n->presence_len);
}

static void send_presence(struct net_queue *q, const struct peer *to, const struct strbuf *b)
{
    links_send(q->net->links, q->link, to, LINK_NORMAL, NET_PRESENCE, b->data, b->len);
}

static void send_self(struct net_queue *q, const struct peer *to)
{
    struct strbuf b = {0};
    put_self(q, &b);
    send_presence(q, to, &b);
    strbuf_fini(&b);
}

/* What a member tells of himself or, a voter, of another; is it news? */
static bool take(struct net_queue *q, struct wire_in *in, const struct peer *sender)
{
    struct member told = {.sequence = 0};
    size_t len;
    const uint8_t *key = wire_raw(in, sizeof told.peer.key);
    wire_text(in, told.name, sizeof told.name);
    wire_text(in, told.version, sizeof told.version);
    told.instance = wire_u64(in);
    told.sequence = wire_u64(in);
    uint64_t age_ms = wire_u64(in);
    const uint8_t *presence = wire_bytes(in, NET_PRESENCE_MAX, &len);
    if (in->bad) {
        return false;
    }
    memcpy(told.peer.key, key, sizeof told.peer.key);
    bool himself = peer_compare(&told.peer, sender) == 0;
    if ((!himself && !group_is_voter(q->group, sender)) ||
        peer_compare(&told.peer, &q->id->peer) == 0) {
        return false;
    }
    struct member *m = member_make(q, &told.peer, himself);
    if (m == NULL || (!himself && m->linked) ||
        (m->instance == told.instance && m->sequence >= told.sequence && m->presence != NULL)) {
        return false;
    }
    uint64_t now = net_now_ms(q->net);
    memcpy(m->name, told.name, sizeof m->name);
    memcpy(m->version, told.version, sizeof m->version);
    m->instance = told.instance;
    m->sequence = told.sequence;
    m->heard_ms = now - (age_ms < now ? age_ms : now);
    m->via_set = !himself;
    m->via = *sender;
    m->dirty = himself;
    m->presence = mem_resize(m->presence, len + 1, 1);
    m->presence_len = len;
    memcpy(m->presence, presence, len);
    return true;
}

void net_presence_received(
    struct net_queue *q, const struct peer *from, const uint8_t *bytes, size_t len)
{
    struct wire_in in = wire_read(bytes, len);
    bool news = false;
    while (in.left > 0 && !in.bad) {
        news = take(q, &in, from) || news;
    }
    if (news) {
        tell_above(q);
    }
}

void net_presence(struct net *n, const void *bytes, size_t len)
{
    if (len > NET_PRESENCE_MAX ||
        (len == n->presence_len && n->presence != NULL && memcmp(bytes, n->presence, len) == 0)) {
        return;
    }
    n->presence = mem_resize(n->presence, len + 1, 1);
    memcpy(n->presence, bytes, len);
    n->presence_len = len;
    n->presence_sequence++;
}

/* ---- passing on ---------------------------------------------------------------------------------
 */

/* To one peer: what others (not he) have told since the last time, or (`all`) whatever is known. */
static void relay_to(struct net_queue *q, const struct peer *to, bool all)
{
    struct strbuf b = {0};
    uint64_t now = net_now_ms(q->net);
    size_t packed = 0;
    for (size_t i = 0; i < q->members_count; i++) {
        const struct member *m = &q->members[i];
        if (!m->linked || m->presence == NULL || (!all && !m->dirty) ||
            peer_compare(&m->peer, to) == 0) {
            continue;
        }
        put_member(&b, &m->peer, m->name, m->version, m->instance, m->sequence, now - m->heard_ms,
            m->presence, m->presence_len);
        if (++packed % PER_PACKET == 0) {
            send_presence(q, to, &b);
            strbuf_fini(&b);
        }
    }
    if (b.len > 0) {
        send_presence(q, to, &b);
    }
    strbuf_fini(&b);
}

static bool i_am_voter(const struct net_queue *q)
{
    return group_is_voter(q->group, &q->id->peer);
}

/* Who is new is told of all others: at once, and again when he knows who decides, since he believes
 * nobody else. */
static void tell_new(struct net_queue *q)
{
    uint64_t now = net_now_ms(q->net);
    if (!i_am_voter(q) || q->members_count > CENSUS_EXACT_MAX) {
        return;
    }
    for (size_t i = 0; i < q->members_count; i++) {
        struct member *m = &q->members[i];
        if (m->linked && m->tells > 0 && now >= m->tell_ms) {
            relay_to(q, &m->peer, true);
            m->tells--;
            m->tell_ms = now + TELL_AGAIN_MS;
        }
    }
}

/* Up to CENSUS_EXACT_MAX of them: beyond that nobody needs to know all. */
static void relay(struct net_queue *q)
{
    uint64_t now = net_now_ms(q->net);
    bool few = q->members_count <= NET_RELAY_FEW;
    if (!i_am_voter(q) || q->members_count > CENSUS_EXACT_MAX ||
        (!few && now < q->relayed_ms + NET_RELAY_MS)) {
        return;
    }
    q->relayed_ms = now;
    for (size_t i = 0; i < q->members_count; i++) {
        if (q->members[i].linked) {
            relay_to(q, &q->members[i].peer, false);
        }
    }
    for (size_t i = 0; i < q->members_count; i++) {
        q->members[i].dirty = false;
    }
}

/* ---- links --------------------------------------------------------------------------------------
 */

void net_member_up(struct net_queue *q, const struct peer *p, const void *hello, size_t n)
{
    struct wire_in in = wire_read(hello, n);
    struct member *m = member_make(q, p, true);
    if (m == NULL) {
        return;
    }
    m->instance = m->sequence = 0; /* whatever others said of it */
    m->linked = true;
    m->via_set = false;
    m->heard_ms = net_now_ms(q->net);
    wire_u8(&in);
    wire_text(&in, m->name, sizeof m->name);
    wire_text(&in, m->version, sizeof m->version);
    send_self(q, p);
    m->tells = TELLS;
    m->tell_ms = m->heard_ms;
    tell_new(q);
    tell_above(q);
}

void net_member_down(struct net_queue *q, const struct peer *p)
{
    struct member *m = net_member_find(q, p);
    if (m != NULL) {
        m->linked = false;
        m->heard_ms = net_now_ms(q->net);
        tell_above(q);
    }
}

/* ---- census -------------------------------------------------------------------------------------
 */

enum census_kind {
    CENSUS_POLL = 1,
    CENSUS_ANSWER,
    CENSUS_RESULT
};

static void send_census(struct net_queue *q, const struct peer *to, enum census_kind kind,
    uint64_t a, uint64_t b, uint64_t c)
{
    struct strbuf out = {0};
    wire_put_u8(&out, (uint8_t)kind);
    wire_put_u64(&out, a);
    wire_put_u64(&out, b);
    wire_put_u64(&out, c);
    links_send(q->net->links, q->link, to, LINK_NORMAL, NET_CENSUS, out.data, out.len);
    strbuf_fini(&out);
}

static void send_census_all(struct net_queue *q, const struct peer *but, enum census_kind kind,
    uint64_t a, uint64_t b, uint64_t c)
{
    for (size_t i = 0; i < q->members_count; i++) {
        const struct member *m = &q->members[i];
        if (m->linked && (but == NULL || peer_compare(&m->peer, but) != 0)) {
            send_census(q, &m->peer, kind, a, b, c);
        }
    }
}

#define PPM 1000000.0

static void polled(struct net_queue *q, const struct peer *from, uint64_t poll, uint64_t ppm)
{
    uint64_t now = net_now_ms(q->net);
    if (poll == q->polled || now < q->passed_ms + CENSUS_WINDOW_MS) {
        return; /* two at once would go round for ever */
    }
    q->polled = poll;
    q->passed_ms = now;
    q->polled_by = *from;
    double draw = (double)randombytes_random() / ((double)UINT32_MAX + 1);
    if (census_answers((double)ppm / PPM, draw)) {
        send_census(q, from, CENSUS_ANSWER, poll, 0, 0);
    }
    if (i_am_voter(q)) {
        send_census_all(q, from, CENSUS_POLL, poll, ppm, 0);
    }
}

static void counted(struct net_queue *q, const struct peer *from, const struct census_result *r)
{
    uint64_t now = net_now_ms(q->net);
    bool news = q->told.peers != r->peers || q->told.low != r->low;
    if (r->low > r->peers || r->peers > r->high || r->high > COUNT_MAX ||
        now < q->counted_ms + CENSUS_WINDOW_MS) {
        return;
    }
    q->told = *r;
    q->counted_ms = now;
    if (news && i_am_voter(q)) {
        send_census_all(q, from, CENSUS_RESULT, r->peers, r->low, r->high);
    }
}

void net_census_received(
    struct net_queue *q, const struct peer *from, const uint8_t *bytes, size_t len)
{
    struct wire_in in = wire_read(bytes, len);
    uint8_t kind = wire_u8(&in);
    uint64_t a = wire_u64(&in);
    uint64_t b = wire_u64(&in);
    uint64_t c = wire_u64(&in);
    bool of_voter = group_is_voter(q->group, from);
    if (!wire_end(&in)) {
        return;
    }
    if (kind == CENSUS_POLL && of_voter) {
        polled(q, from, a, b);
    } else if (kind == CENSUS_ANSWER && a == q->census.poll) {
        census_answer(&q->census, a);
    } else if (kind == CENSUS_ANSWER && a == q->polled && i_am_voter(q)) {
        send_census(q, &q->polled_by, CENSUS_ANSWER, a, 0, 0);
    } else if (kind == CENSUS_RESULT && of_voter) {
        counted(q, from, &(struct census_result){.peers = a, .low = b, .high = c});
    }
}

static void count(struct net_queue *q)
{
    struct group_status s;
    uint64_t before = q->census.result.peers;
    group_status(q->group, &s);
    bool lead = s.role == GROUP_LEADER;
    if (census_step(&q->census, net_now_ms(q->net), q->members_count, lead)) {
        uint64_t ppm = (uint64_t)(q->census.probability * PPM);
        q->polled = q->census.poll;
        send_census_all(q, NULL, CENSUS_POLL, q->census.poll, ppm, 0);
    }
    const struct census_result *r = &q->census.result;
    if (lead && !r->exact && r->peers != before) {
        send_census_all(q, NULL, CENSUS_RESULT, r->peers, r->low, r->high);
    }
}

/* ---- every second -------------------------------------------------------------------------------
 */

static void forget_silent(struct net_queue *q)
{
    uint64_t now = net_now_ms(q->net);
    for (size_t i = q->members_count; i-- > 0;) {
        if (!q->members[i].linked && now - q->members[i].heard_ms > FORGET_MS) {
            member_remove(q, i);
        }
    }
}

void net_peers_tick(struct net_queue *q)
{
    if (q->link < 0) {
        return;
    }
    if (q->told_sequence != q->net->presence_sequence) {
        q->told_sequence = q->net->presence_sequence;
        for (size_t i = 0; i < q->members_count; i++) {
            if (q->members[i].linked) {
                send_self(q, &q->members[i].peer);
            }
        }
    }
    tell_new(q);
    relay(q);
    count(q);
    forget_silent(q);
}

/* ---- asking -------------------------------------------------------------------------------------
 */

static void copy(char *dst, size_t size, const char *text)
{
    str_copy(dst, size, text, strlen(text));
}

static void roles(const struct net_queue *q, struct net_peer *out)
{
    struct group_status s;
    group_status(q->group, &s);
    peer_format(&out->peer, out->text);
    out->voter = group_is_voter(q->group, &out->peer);
    out->leader = s.has_leader && peer_compare(&s.leader, &out->peer) == 0;
    out->trusted = q->locked || (q->kind == NET_WAN && net_wan_trusts(q, &out->peer));
}

static void fill_self(const struct net_queue *q, struct net_peer *out)
{
    const struct net *n = q->net;
    *out = (struct net_peer){.peer = q->id->peer, .self = true, .rtt_us = -1};
    copy(out->name, sizeof out->name, n->name);
    copy(out->version, sizeof out->version, n->version);
    out->presence = n->presence;
    out->presence_len = n->presence_len;
    roles(q, out);
}

static void fill(const struct net_queue *q, const struct member *m, struct net_peer *out)
{
    const struct link_info *link = links_find(q->net->links, q->link, &m->peer);
    uint64_t heard = link != NULL && (uint64_t)link->heard_ms > m->heard_ms
                         ? (uint64_t)link->heard_ms
                         : m->heard_ms;
    *out = (struct net_peer){.peer = m->peer, .linked = link != NULL, .rtt_us = -1};
    copy(out->name, sizeof out->name, m->name);
    copy(out->version, sizeof out->version, m->version);
    out->silent_ms = (int64_t)(net_now_ms(q->net) - heard);
    if (link != NULL) {
        out->rtt_us = link->rtt_us;
        out->bytes_in = link->bytes_in;
        out->bytes_out = link->bytes_out;
        copy(out->address, sizeof out->address, link->address);
    }
    out->presence = m->presence;
    out->presence_len = m->presence_len;
    roles(q, out);
}

bool net_peer_parse(const char *text, struct peer *out)
{
    struct err e = {0};
    return peer_parse(text, out, &e) == 0;
}

size_t net_peers(const struct net *n, const char *queue)
{
    const struct net_queue *q = net_queue_find(n, queue);
    return q != NULL ? q->members_count + 1 : 0;
}

bool net_peer_at(const struct net *n, const char *queue, size_t index, struct net_peer *out)
{
    const struct net_queue *q = net_queue_find(n, queue);
    if (q == NULL || index > q->members_count) {
        return false;
    }
    if (index == 0) {
        fill_self(q, out);
    } else {
        fill(q, &q->members[index - 1], out);
    }
    return true;
}

bool net_peer_find(
    const struct net *n, const char *queue, const struct peer *peer, struct net_peer *out)
{
    const struct net_queue *q = net_queue_find(n, queue);
    if (q == NULL) {
        return false;
    }
    if (peer_compare(peer, &q->id->peer) == 0) {
        fill_self(q, out);
        return true;
    }
    const struct member *m = net_member_find(q, peer);
    if (m != NULL) {
        fill(q, m, out);
    }
    return m != NULL;
}
