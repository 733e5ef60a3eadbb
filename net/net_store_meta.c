/* The bytes of group_meta and replica_conf.
 *
 * A version, then every field in order; what others wrote is never read, but a disk may give
 * anything, so lengths and counts are bounded and every byte must be used.
 *
 * Failure modes: another version, a count or role that cannot be, bytes missing or left over:
 * PP_ECORRUPT.
 */
#include "net/net_store.h"

#include "net/wire.h"

#include <string.h>

#define META_VERSION 1
#define SEEN_MAX     (4 << 20)

static void write_conf(struct strbuf *out, const struct replica_conf *conf)
{
    wire_put_u64(out, conf->index);
    wire_put_u8(out, (uint8_t)conf->count);
    for (size_t i = 0; i < conf->count; i++) {
        wire_put_u64(out, conf->at[i].id);
        wire_put_u8(out, (uint8_t)conf->at[i].role);
        wire_put_text(out, conf->at[i].address);
    }
}

static void read_conf(struct wire_in *in, struct replica_conf *conf)
{
    conf->index = wire_u64(in);
    size_t count = wire_u8(in);
    in->bad = in->bad || count > REPLICA_SERVERS_MAX;
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct replica_server *s = &conf->at[i];
        s->id = wire_u64(in);
        unsigned role = wire_u8(in);
        in->bad = in->bad || s->id == 0 || role > REPLICA_VOTER;
        s->role = (enum replica_role)role;
        wire_text(in, s->address, sizeof s->address);
        conf->count = i + 1;
    }
}

void group_meta_write(struct strbuf *out, const struct group_meta *meta)
{
    wire_put_u8(out, META_VERSION);
    wire_put_raw(out, meta->epoch.id, sizeof meta->epoch.id);
    wire_put_u64(out, meta->epoch.number);
    wire_put_u64(out, meta->incarnation);
    wire_put_u64(out, meta->term);
    wire_put_u64(out, meta->vote);
    wire_put_u64(out, meta->applied_index);
    wire_put_u64(out, meta->applied_term);
    wire_put_u64(out, (uint64_t)meta->applied_utc_ms);
    write_conf(out, &meta->conf);
    wire_put_u8(out, meta->member);
    wire_put_u64(out, meta->next_id);
    wire_put_bytes(out, meta->seen, meta->seen_len);
}

static void read_meta(struct wire_in *in, struct group_meta *out)
{
    const uint8_t *id = wire_raw(in, sizeof out->epoch.id);
    if (id != NULL) {
        memcpy(out->epoch.id, id, sizeof out->epoch.id);
    }
    out->epoch.number = wire_u64(in);
    out->incarnation = wire_u64(in);
    out->term = wire_u64(in);
    out->vote = wire_u64(in);
    out->applied_index = wire_u64(in);
    out->applied_term = wire_u64(in);
    out->applied_utc_ms = (int64_t)wire_u64(in);
    read_conf(in, &out->conf);
    unsigned member = wire_u8(in);
    in->bad = in->bad || member > 1;
    out->member = member == 1;
    out->next_id = wire_u64(in);
    out->seen = wire_bytes(in, SEEN_MAX, &out->seen_len);
}

int group_meta_read(const uint8_t *bytes, size_t len, struct group_meta *out, struct err *e)
{
    struct wire_in in = wire_read(bytes, len);
    *out = (struct group_meta){0};
    unsigned version = wire_u8(&in);
    if (!in.bad && version != META_VERSION) {
        return err_set(e, PP_ECORRUPT, "what is kept of a queue has version %u; this is %d",
            version, META_VERSION);
    }
    read_meta(&in, out);
    if (!wire_end(&in)) {
        *out = (struct group_meta){0};
        return err_set(e, PP_ECORRUPT, "what is kept of a queue cannot be read (%zu bytes)", len);
    }
    return 0;
}
