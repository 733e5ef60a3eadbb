/* Configurations as bytes: the engine's own form of them, since it reads entries of type CHANGE
 * itself, and reads them without looking: what comes from others is judged here first.
 *
 * u8 1, u64 count, then of each u64 id, text with its NUL, u8 role; little-endian, zeroes up to a
 * multiple of 8. The engine wants texts that differ, but one host may be in it under an old id and
 * a new one: the text is the id in hexadecimal, a blank, and the address. */
#include "net/replica_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT   1
#define ID_CHARS 17 /* and the blank */

const struct replica_server *replica_conf_find(const struct replica_conf *conf, uint64_t id)
{
    for (size_t i = 0; i < conf->count; i++) {
        if (conf->at[i].id == id) {
            return &conf->at[i];
        }
    }
    return NULL;
}

size_t replica_conf_voters(const struct replica_conf *conf)
{
    size_t n = 0;
    for (size_t i = 0; i < conf->count; i++) {
        n += conf->at[i].role == REPLICA_VOTER;
    }
    return n;
}

bool replica_conf_sole(const struct replica_conf *conf, uint64_t id)
{
    const struct replica_server *s = replica_conf_find(conf, id);
    return s != NULL && s->role == REPLICA_VOTER && replica_conf_voters(conf) == 1;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

static void put_u64(struct strbuf *b, uint64_t value)
{
    uint8_t out[8];
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
    strbuf_add(b, out, sizeof out);
}

static void put_u8(struct strbuf *b, uint8_t value)
{
    strbuf_add(b, &value, 1);
}

void replica_conf_encode(struct strbuf *b, const struct replica_conf *conf)
{
    size_t begin = b->len;
    put_u8(b, FORMAT);
    put_u64(b, conf->count);
    for (size_t i = 0; i < conf->count; i++) {
        const struct replica_server *s = &conf->at[i];
        put_u64(b, s->id);
        strbuf_printf(b, "%016" PRIx64 " %s", s->id, s->address);
        put_u8(b, 0);
        put_u8(b, s->role == REPLICA_VOTER ? RAFT_VOTER : RAFT_STANDBY);
    }
    while ((b->len - begin) % 8 != 0) {
        put_u8(b, 0);
    }
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static uint64_t get_u64(struct wire_in *in)
{
    const uint8_t *at = wire_raw(in, 8);
    uint64_t value = 0;
    for (unsigned i = 0; at != NULL && i < 8; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static bool get_address(struct wire_in *in, struct replica_server *s)
{
    const uint8_t *end = in->left > 0 ? memchr(in->at, 0, in->left) : NULL;
    if (end == NULL) {
        return false;
    }
    size_t len = (size_t)(end - in->at);
    const char *text = (const char *)wire_raw(in, len + 1);
    char id[ID_CHARS + 1];
    snprintf(id, sizeof id, "%016" PRIx64 " ", s->id);
    return len >= ID_CHARS && memcmp(text, id, ID_CHARS) == 0 &&
           str_copy(s->address, sizeof s->address, text + ID_CHARS, len - ID_CHARS);
}

static bool get_server(struct wire_in *in, struct replica_conf *out)
{
    struct replica_server *s = &out->at[out->count];
    s->id = get_u64(in);
    if (in->bad || s->id == 0 || replica_conf_find(out, s->id) != NULL || !get_address(in, s)) {
        return false;
    }
    uint8_t role = wire_u8(in);
    s->role = role == RAFT_VOTER ? REPLICA_VOTER : REPLICA_LEARNER;
    out->count++;
    return !in->bad && (role == RAFT_VOTER || role == RAFT_STANDBY);
}

static bool get_padding(struct wire_in *in, size_t len)
{
    if (len % 8 != 0 || in->left >= 8) {
        return false;
    }
    for (size_t i = 0; i < in->left; i++) {
        if (in->at[i] != 0) {
            return false;
        }
    }
    return true;
}

int replica_conf_decode(const uint8_t *bytes, size_t len, struct replica_conf *out)
{
    struct wire_in in = wire_read(bytes, len);
    *out = (struct replica_conf){0};
    uint8_t format = wire_u8(&in);
    uint64_t count = get_u64(&in);
    if (in.bad || format != FORMAT || count == 0 || count > REPLICA_SERVERS_MAX) {
        return -PP_EPROTO;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!get_server(&in, out)) {
            return -PP_EPROTO;
        }
    }
    return get_padding(&in, len) && replica_conf_voters(out) > 0 ? 0 : -PP_EPROTO;
}

void replica_engine_conf(const struct replica_conf *conf, struct raft_configuration *out)
{
    struct strbuf b = {0};
    replica_conf_encode(&b, conf);
    struct raft_buffer buf = {.base = b.data, .len = b.len};
    int rv = raft_configuration_decode(&buf, out);
    assert(rv == 0); /* only what has been judged gets here; else memory is out */
    strbuf_fini(&b);
}

/* ---- first entries ------------------------------------------------------------------------------
 */

static void change_entry(
    struct replica_entry *e, uint64_t index, uint64_t term, const struct replica_conf *conf)
{
    struct strbuf b = {0};
    replica_conf_encode(&b, conf);
    *e = (struct replica_entry){.index = index,
        .term = term,
        .type = REPLICA_CHANGE,
        .bytes = (uint8_t *)b.data,
        .len = b.len};
}

void replica_bootstrap(const struct replica_conf *conf, struct replica_entry *first)
{
    change_entry(first, 1, 1, conf);
}

void replica_recover(const struct replica_state *state, uint64_t self, const char *address,
    uint64_t *term, struct replica_entry *change)
{
    struct replica_conf conf = {.count = 1, .at[0] = {.id = self, .role = REPLICA_VOTER}};
    str_copy(conf.at[0].address, sizeof conf.at[0].address, address, strlen(address));
    uint64_t last = state->entries_count > 0 ? state->entries[state->entries_count - 1].index
                                             : state->applied_index;
    *term = state->term + 1;
    change_entry(change, last + 1, *term, &conf);
}
