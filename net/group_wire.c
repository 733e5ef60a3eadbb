/* What hosts of one queue say to each other, as bytes. */
#include "net/group_wire.h"

#include <string.h>

bool group_epoch_is(const struct group_epoch *a, const struct group_epoch *b)
{
    return a->number == b->number && memcmp(a->id, b->id, sizeof a->id) == 0;
}

bool group_epoch_none(const struct group_epoch *e)
{
    static const struct group_epoch none;
    return memcmp(e->id, none.id, sizeof e->id) == 0;
}

/* ---- parts --------------------------------------------------------------------------------------
 */

static void put_epoch(struct strbuf *b, const struct group_epoch *e)
{
    wire_put_raw(b, e->id, sizeof e->id);
    wire_put_u64(b, e->number);
}

static void get_raw(struct wire_in *in, void *to, size_t len)
{
    const uint8_t *at = wire_raw(in, len);
    memset(to, 0, len);
    if (at != NULL) {
        memcpy(to, at, len);
    }
}

static void get_epoch(struct wire_in *in, struct group_epoch *e)
{
    get_raw(in, e->id, sizeof e->id);
    e->number = wire_u64(in);
}

static void put_peer(struct strbuf *b, const struct peer *p)
{
    wire_put_raw(b, p->key, sizeof p->key);
}

static void get_peer(struct wire_in *in, struct peer *p)
{
    get_raw(in, p->key, sizeof p->key);
}

static bool get_bool(struct wire_in *in)
{
    unsigned value = wire_u8(in);
    in->bad = in->bad || value > 1;
    return value == 1;
}

static void put_mark(struct strbuf *b, const struct group_mark *m)
{
    wire_put_u64(b, m->term);
    wire_put_u64(b, m->index);
}

static void get_mark(struct wire_in *in, struct group_mark *m)
{
    m->term = wire_u64(in);
    m->index = wire_u64(in);
}

static void put_conf(struct strbuf *b, const struct replica_conf *conf)
{
    wire_put_u64(b, conf->index);
    wire_put_u8(b, (uint8_t)conf->count);
    for (size_t i = 0; i < conf->count; i++) {
        wire_put_u64(b, conf->at[i].id);
        wire_put_u8(b, (uint8_t)conf->at[i].role);
        wire_put_text(b, conf->at[i].address);
    }
}

static void get_conf(struct wire_in *in, struct replica_conf *conf)
{
    *conf = (struct replica_conf){.index = wire_u64(in)};
    size_t count = wire_u8(in);
    in->bad = in->bad || count > REPLICA_SERVERS_MAX;
    for (; conf->count < count && !in->bad; conf->count++) {
        struct replica_server *s = &conf->at[conf->count];
        s->id = wire_u64(in);
        unsigned role = wire_u8(in);
        in->bad = in->bad || s->id == 0 || role == REPLICA_NONE || role > REPLICA_VOTER;
        s->role = (enum replica_role)role;
        wire_text(in, s->address, sizeof s->address);
    }
}

/* ---- hello, recall, engine ----------------------------------------------------------------------
 */

void group_wire_hello(struct strbuf *b, const struct group_hello *h)
{
    wire_put_u8(b, GROUP_HELLO);
    wire_put_u8(b, GROUP_WIRE_VERSION);
    wire_put_u8(b, h->ask);
    wire_put_u8(b, h->leaving);
    wire_put_u8(b, h->full);
    wire_put_u8(b, h->has_leader);
    wire_put_u8(b, (uint8_t)h->role);
    put_epoch(b, &h->epoch);
    put_epoch(b, &h->joining);
    wire_put_u64(b, h->incarnation);
    wire_put_u64(b, h->applied);
    wire_put_u64(b, h->applied_term);
    wire_put_u64(b, h->last);
    wire_put_u64(b, h->last_term);
    wire_put_u32(b, h->voters);
    put_peer(b, &h->leader);
    wire_put_u64(b, h->up_ms);
}

bool group_wire_read_hello(struct wire_in in, struct group_hello *out)
{
    unsigned version = wire_u8(&in);
    out->ask = get_bool(&in);
    out->leaving = get_bool(&in);
    out->full = get_bool(&in);
    out->has_leader = get_bool(&in);
    unsigned role = wire_u8(&in);
    in.bad = in.bad || role > GROUP_LEADER;
    out->role = (enum group_role)role;
    get_epoch(&in, &out->epoch);
    get_epoch(&in, &out->joining);
    out->incarnation = wire_u64(&in);
    out->applied = wire_u64(&in);
    out->applied_term = wire_u64(&in);
    out->last = wire_u64(&in);
    out->last_term = wire_u64(&in);
    out->voters = wire_u32(&in);
    get_peer(&in, &out->leader);
    out->up_ms = wire_u64(&in);
    return wire_end(&in) && version == GROUP_WIRE_VERSION && out->voters <= REPLICA_SERVERS_MAX;
}

void group_wire_recall(struct strbuf *b, const struct group_recall *r)
{
    wire_put_u8(b, GROUP_RECALL);
    wire_put_u64(b, r->id);
    put_mark(b, &r->mark);
}

bool group_wire_read_recall(struct wire_in in, struct group_recall *out)
{
    out->id = wire_u64(&in);
    get_mark(&in, &out->mark);
    return wire_end(&in);
}

void group_wire_engine(struct strbuf *b, const struct group_engine *x)
{
    wire_put_u8(b, GROUP_ENGINE);
    put_epoch(b, &x->epoch);
    put_mark(b, &x->mark);
    wire_put_raw(b, x->bytes, x->len);
}

bool group_wire_read_engine(struct wire_in in, struct group_engine *out)
{
    get_epoch(&in, &out->epoch);
    get_mark(&in, &out->mark);
    out->len = in.left;
    out->bytes = wire_raw(&in, in.left);
    return wire_end(&in) && out->len > 0;
}

/* ---- following ----------------------------------------------------------------------------------
 */

void group_wire_follow(struct strbuf *b, const struct group_follow *f)
{
    wire_put_u8(b, GROUP_FOLLOW);
    put_epoch(b, &f->epoch);
    wire_put_u32(b, f->serial);
    wire_put_u8(b, f->stop);
    wire_put_u64(b, f->index);
    wire_put_u64(b, f->term);
}

bool group_wire_read_follow(struct wire_in in, struct group_follow *out)
{
    get_epoch(&in, &out->epoch);
    out->serial = wire_u32(&in);
    out->stop = get_bool(&in);
    out->index = wire_u64(&in);
    out->term = wire_u64(&in);
    return wire_end(&in);
}

static void put_feed(struct strbuf *b, const struct group_feed *f)
{
    put_epoch(b, &f->epoch);
    wire_put_u32(b, f->serial);
    wire_put_u8(b, f->has_leader);
    put_peer(b, &f->leader);
    wire_put_u64(b, f->commit);
}

static void get_feed(struct wire_in *in, struct group_feed *f)
{
    get_epoch(in, &f->epoch);
    f->serial = wire_u32(in);
    f->has_leader = get_bool(in);
    get_peer(in, &f->leader);
    f->commit = wire_u64(in);
}

void group_wire_entries(struct strbuf *b, const struct group_feed *f, size_t count)
{
    wire_put_u8(b, GROUP_ENTRIES);
    put_feed(b, f);
    wire_put_u32(b, (uint32_t)count);
}

void group_wire_put_entry(struct strbuf *b, const struct replica_entry *entry)
{
    wire_put_u64(b, entry->index);
    wire_put_u64(b, entry->term);
    wire_put_u8(b, (uint8_t)entry->type);
    wire_put_bytes(b, entry->bytes, entry->len);
}

void group_wire_entry(struct wire_in *in, struct replica_entry *out)
{
    out->index = wire_u64(in);
    out->term = wire_u64(in);
    unsigned type = wire_u8(in);
    in->bad = in->bad || out->index == 0 || out->term == 0;
    in->bad = in->bad || type < REPLICA_COMMAND || type > REPLICA_CHANGE;
    out->type = (enum replica_type)type;
    out->bytes = wire_bytes(in, REPLICA_ENTRY_MAX, &out->len);
}

/* All of them are read once here, so that what is taken one by one later is known to be right. */
bool group_wire_read_entries(struct wire_in in, struct group_entries *out)
{
    get_feed(&in, &out->feed);
    out->count = wire_u32(&in);
    out->in = in;
    struct replica_entry entry;
    for (size_t i = 0; i < out->count && !in.bad; i++) {
        group_wire_entry(&in, &entry);
    }
    return wire_end(&in);
}

void group_wire_dump(struct strbuf *b, const struct group_dump *d)
{
    wire_put_u8(b, GROUP_DUMP);
    put_feed(b, &d->feed);
    wire_put_u32(b, d->piece);
    wire_put_u8(b, d->last);
    wire_put_u64(b, d->index);
    wire_put_u64(b, d->term);
    wire_put_u64(b, (uint64_t)d->utc_ms);
    put_conf(b, &d->conf);
}

static bool check_rows(struct wire_in in)
{
    struct net_row row;
    char key[GROUP_KEY_MAX + 1];
    while (group_wire_row(&in, &row, key)) {
    }
    return wire_end(&in);
}

bool group_wire_read_dump(struct wire_in in, struct group_dump *out)
{
    get_feed(&in, &out->feed);
    out->piece = wire_u32(&in);
    out->last = get_bool(&in);
    out->index = wire_u64(&in);
    out->term = wire_u64(&in);
    out->utc_ms = (int64_t)wire_u64(&in);
    get_conf(&in, &out->conf);
    out->in = in;
    return !in.bad && out->index > 0 && out->term > 0 && out->conf.index <= out->index &&
           check_rows(in);
}

void group_wire_put_row(struct strbuf *b, const struct net_row *row)
{
    wire_put_text(b, row->key);
    wire_put_bytes(b, row->bytes, row->len);
}

bool group_wire_row(struct wire_in *in, struct net_row *out, char key[GROUP_KEY_MAX + 1])
{
    if (in->bad || in->left == 0) {
        return false;
    }
    wire_text(in, key, GROUP_KEY_MAX + 1);
    out->key = key;
    out->bytes = wire_bytes(in, GROUP_ROW_MAX, &out->len);
    in->bad = in->bad || key[0] == '\0';
    return !in->bad;
}

void group_wire_followed(struct strbuf *b, const struct group_followed *f)
{
    wire_put_u8(b, GROUP_FOLLOWED);
    wire_put_u32(b, f->serial);
    wire_put_u64(b, f->count);
}

bool group_wire_read_followed(struct wire_in in, struct group_followed *out)
{
    out->serial = wire_u32(&in);
    out->count = wire_u64(&in);
    return wire_end(&in);
}

void group_wire_nofollow(struct strbuf *b, uint32_t serial)
{
    wire_put_u8(b, GROUP_NOFOLLOW);
    wire_put_u32(b, serial);
}

bool group_wire_read_nofollow(struct wire_in in, uint32_t *serial)
{
    *serial = wire_u32(&in);
    return wire_end(&in);
}

/* ---- commands, removal --------------------------------------------------------------------------
 */

void group_wire_submit(struct strbuf *b, const struct group_submitted *s)
{
    wire_put_u8(b, GROUP_SUBMIT);
    put_epoch(b, &s->epoch);
    wire_put_u8(b, s->forwarded);
    put_peer(b, &s->origin);
    wire_put_u64(b, s->id);
    wire_put_u64(b, s->before);
    wire_put_bytes(b, s->bytes, s->len);
}

bool group_wire_read_submit(struct wire_in in, struct group_submitted *out)
{
    get_epoch(&in, &out->epoch);
    out->forwarded = get_bool(&in);
    get_peer(&in, &out->origin);
    out->id = wire_u64(&in);
    out->before = wire_u64(&in);
    out->bytes = wire_bytes(&in, GROUP_COMMAND_MAX, &out->len);
    return wire_end(&in) && out->id != 0 && out->before < out->id;
}

void group_wire_removed(struct strbuf *b, const struct group_removed *r)
{
    wire_put_u8(b, GROUP_REMOVED);
    put_epoch(b, &r->epoch);
    wire_put_u64(b, r->id);
    wire_put_u64(b, r->index);
}

bool group_wire_read_removed(struct wire_in in, struct group_removed *out)
{
    get_epoch(&in, &out->epoch);
    out->id = wire_u64(&in);
    out->index = wire_u64(&in);
    return wire_end(&in);
}

void group_wire_envelope(struct strbuf *b, const struct group_envelope *v)
{
    wire_put_u64(b, v->id);
    put_peer(b, &v->origin);
    wire_put_u8(b, v->trusted);
    wire_put_u64(b, (uint64_t)v->utc_ms);
    wire_put_bytes(b, v->bytes, v->len);
}

bool group_wire_read_envelope(const uint8_t *bytes, size_t len, struct group_envelope *out)
{
    struct wire_in in = wire_read(bytes, len);
    out->id = wire_u64(&in);
    get_peer(&in, &out->origin);
    out->trusted = get_bool(&in);
    out->utc_ms = (int64_t)wire_u64(&in);
    out->bytes = wire_bytes(&in, GROUP_COMMAND_MAX, &out->len);
    return wire_end(&in);
}

void group_wire_snapshot(struct strbuf *b, int64_t utc_ms)
{
    wire_put_u8(b, GROUP_WIRE_VERSION);
    wire_put_u64(b, (uint64_t)utc_ms);
}

bool group_wire_read_snapshot(struct wire_in *in, int64_t *utc_ms)
{
    unsigned version = wire_u8(in);
    *utc_ms = (int64_t)wire_u64(in);
    return !in->bad && version == GROUP_WIRE_VERSION && check_rows(*in);
}
