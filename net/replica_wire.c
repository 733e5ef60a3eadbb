/* The bytes of messages between replicas: u8 version, u8 type, u64 to whom, then the fields of that
 * type. Bounds are checked here; whether it makes sense, in replica_receive.c. */
#include "net/replica_priv.h"

#include <string.h>

#define VERSION 1

static void head(struct strbuf *b, enum replica_message_type type, uint64_t to)
{
    wire_put_u8(b, VERSION);
    wire_put_u8(b, (uint8_t)type);
    wire_put_u64(b, to);
}

/* ---- writing ------------------------------------------------------------------------------------
 */

void replica_wire_append(struct strbuf *b, uint64_t to, const struct raft_append_entries *a,
    const struct replica_entry *entries, size_t n)
{
    head(b, REPLICA_APPEND, to);
    wire_put_u8(b, a->version);
    wire_put_u64(b, a->term);
    wire_put_u64(b, a->prev_log_index);
    wire_put_u64(b, a->prev_log_term);
    wire_put_u64(b, a->leader_commit);
    wire_put_u16(b, (uint16_t)n);
    for (size_t i = 0; i < n; i++) {
        wire_put_u64(b, entries[i].term);
        wire_put_u8(b, (uint8_t)entries[i].type);
        wire_put_bytes(b, entries[i].bytes, entries[i].len);
    }
}

static void put_append_result(struct strbuf *b, const struct raft_append_entries_result *a)
{
    wire_put_u8(b, a->version);
    wire_put_u64(b, a->term);
    wire_put_u64(b, a->rejected);
    wire_put_u64(b, a->last_log_index);
}

static void put_vote(struct strbuf *b, const struct raft_request_vote *v)
{
    wire_put_u8(b, v->version);
    wire_put_u64(b, v->term);
    wire_put_u64(b, v->candidate_id);
    wire_put_u64(b, v->last_log_index);
    wire_put_u64(b, v->last_log_term);
    wire_put_u8(b, v->disrupt_leader);
    wire_put_u8(b, v->pre_vote);
}

static void put_vote_result(struct strbuf *b, const struct raft_request_vote_result *v)
{
    wire_put_u8(b, v->version);
    wire_put_u64(b, v->term);
    wire_put_u8(b, v->vote_granted);
    wire_put_u8(b, v->pre_vote);
}

static void put_timeout_now(struct strbuf *b, const struct raft_timeout_now *t)
{
    wire_put_u8(b, t->version);
    wire_put_u64(b, t->term);
    wire_put_u64(b, t->last_log_index);
    wire_put_u64(b, t->last_log_term);
}

void replica_wire_message(struct strbuf *b, uint64_t to, const struct raft_message *m)
{
    switch (m->type) {
    case RAFT_APPEND_ENTRIES_RESULT:
        head(b, REPLICA_APPEND_RESULT, to);
        put_append_result(b, &m->append_entries_result);
        break;
    case RAFT_REQUEST_VOTE:
        head(b, REPLICA_VOTE, to);
        put_vote(b, &m->request_vote);
        break;
    case RAFT_REQUEST_VOTE_RESULT:
        head(b, REPLICA_VOTE_RESULT, to);
        put_vote_result(b, &m->request_vote_result);
        break;
    case RAFT_TIMEOUT_NOW:
        head(b, REPLICA_TIMEOUT_NOW, to);
        put_timeout_now(b, &m->timeout_now);
        break;
    case RAFT_APPEND_ENTRIES:
    case RAFT_INSTALL_SNAPSHOT:
        break; /* they have forms of their own */
    }
}

void replica_wire_piece(struct strbuf *b, uint64_t to, const struct replica_piece *p)
{
    head(b, REPLICA_PIECE_OF, to);
    wire_put_u64(b, p->lead_term);
    wire_put_u64(b, p->index);
    wire_put_u64(b, p->term);
    wire_put_u64(b, p->conf.index);
    struct strbuf conf = {0};
    replica_conf_encode(&conf, &p->conf);
    wire_put_bytes(b, conf.data, conf.len);
    strbuf_fini(&conf);
    wire_put_u64(b, p->total);
    wire_put_u64(b, p->offset);
    wire_put_bytes(b, p->bytes, p->len);
}

void replica_wire_piece_ack(struct strbuf *b, uint64_t to, const struct replica_piece_ack *a)
{
    head(b, REPLICA_PIECE_ACK, to);
    wire_put_u64(b, a->index);
    wire_put_u64(b, a->term);
    wire_put_u64(b, a->offset);
    wire_put_u64(b, a->next);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static bool get_bool(struct wire_in *in)
{
    uint8_t v = wire_u8(in);
    in->bad = in->bad || v > 1;
    return v == 1;
}

static void get_entry(struct wire_in *in, struct replica_message *out)
{
    struct replica_entry *e = &out->entries[out->count];
    e->term = wire_u64(in);
    uint8_t type = wire_u8(in);
    e->type = (enum replica_type)type;
    e->bytes = wire_bytes(in, REPLICA_ENTRY_MAX, &e->len);
    in->bad = in->bad || type < REPLICA_COMMAND || type > REPLICA_CHANGE;
    out->bytes += e->len;
    in->bad = in->bad || out->bytes > REPLICA_BATCH_MAX;
    struct replica_conf conf; /* the engine reads it without looking */
    if (!in->bad && type == REPLICA_CHANGE && replica_conf_decode(e->bytes, e->len, &conf) != 0) {
        in->bad = true;
    }
    out->count++;
}

static void get_append(struct wire_in *in, struct replica_message *out)
{
    struct raft_append_entries *a = &out->raft.append_entries;
    out->raft.type = RAFT_APPEND_ENTRIES;
    a->version = wire_u8(in);
    a->term = wire_u64(in);
    a->prev_log_index = wire_u64(in);
    a->prev_log_term = wire_u64(in);
    a->leader_commit = wire_u64(in);
    unsigned n = wire_u16(in);
    in->bad = in->bad || n > REPLICA_INFLIGHT;
    for (unsigned i = 0; i < n && !in->bad; i++) {
        get_entry(in, out);
    }
}

static void get_append_result(struct wire_in *in, struct replica_message *out)
{
    struct raft_append_entries_result *a = &out->raft.append_entries_result;
    out->raft.type = RAFT_APPEND_ENTRIES_RESULT;
    a->version = wire_u8(in);
    a->term = wire_u64(in);
    a->rejected = wire_u64(in);
    a->last_log_index = wire_u64(in);
}

static void get_vote(struct wire_in *in, struct replica_message *out)
{
    struct raft_request_vote *v = &out->raft.request_vote;
    out->raft.type = RAFT_REQUEST_VOTE;
    v->version = wire_u8(in);
    v->term = wire_u64(in);
    v->candidate_id = wire_u64(in);
    v->last_log_index = wire_u64(in);
    v->last_log_term = wire_u64(in);
    v->disrupt_leader = get_bool(in);
    v->pre_vote = get_bool(in);
}

static void get_vote_result(struct wire_in *in, struct replica_message *out)
{
    struct raft_request_vote_result *v = &out->raft.request_vote_result;
    out->raft.type = RAFT_REQUEST_VOTE_RESULT;
    v->version = wire_u8(in);
    v->term = wire_u64(in);
    v->vote_granted = get_bool(in);
    v->pre_vote = get_bool(in);
}

static void get_timeout_now(struct wire_in *in, struct replica_message *out)
{
    struct raft_timeout_now *t = &out->raft.timeout_now;
    out->raft.type = RAFT_TIMEOUT_NOW;
    t->version = wire_u8(in);
    t->term = wire_u64(in);
    t->last_log_index = wire_u64(in);
    t->last_log_term = wire_u64(in);
}

static void get_piece(struct wire_in *in, struct replica_message *out)
{
    struct replica_piece *p = &out->piece;
    p->lead_term = wire_u64(in);
    p->index = wire_u64(in);
    p->term = wire_u64(in);
    uint64_t conf_index = wire_u64(in);
    size_t len;
    const uint8_t *conf = wire_bytes(in, REPLICA_ENTRY_MAX, &len);
    in->bad = in->bad || replica_conf_decode(conf, len, &p->conf) != 0;
    p->conf.index = conf_index;
    p->total = wire_u64(in);
    p->offset = wire_u64(in);
    p->bytes = wire_bytes(in, REPLICA_PIECE, &p->len);
}

static void get_piece_ack(struct wire_in *in, struct replica_message *out)
{
    struct replica_piece_ack *a = &out->ack;
    a->index = wire_u64(in);
    a->term = wire_u64(in);
    a->offset = wire_u64(in);
    a->next = wire_u64(in);
}

bool replica_wire_read(const uint8_t *bytes, size_t len, struct replica_message *out)
{
    static void (*const get[])(struct wire_in *, struct replica_message *) = {
        [REPLICA_APPEND] = get_append,
        [REPLICA_APPEND_RESULT] = get_append_result,
        [REPLICA_VOTE] = get_vote,
        [REPLICA_VOTE_RESULT] = get_vote_result,
        [REPLICA_TIMEOUT_NOW] = get_timeout_now,
        [REPLICA_PIECE_OF] = get_piece,
        [REPLICA_PIECE_ACK] = get_piece_ack,
    };
    struct wire_in in = wire_read(bytes, len);
    uint8_t version = wire_u8(&in);
    uint8_t type = wire_u8(&in);
    out->to = wire_u64(&in);
    out->count = 0;
    out->bytes = 0;
    memset(&out->raft, 0, sizeof out->raft);
    if (in.bad || version != VERSION || type < REPLICA_APPEND || type > REPLICA_PIECE_ACK) {
        return false;
    }
    out->type = (enum replica_message_type)type;
    get[type](&in, out);
    return wire_end(&in);
}
