/* DNS-SD: our services, their names where others have them, and time. */
#include "net/mdns_priv.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUMP_MS     2000
#define RENAMES_MAX 20

/* ---- our services -------------------------------------------------------------------------------
 */

/* The library takes a dot for the end of a label. Cut between characters of UTF-8. */
static void label_make(char *out, const char *wanted, unsigned attempt)
{
    char tail[16] = "";
    size_t len = strlen(wanted);
    if (attempt > 1) {
        snprintf(tail, sizeof tail, " (%u)", attempt);
    }
    size_t room = MDNS_LABEL_MAX - strlen(tail);
    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)wanted[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    snprintf(out, MDNS_LABEL_MAX + 1, "%.*s%s", (int)len, wanted, tail);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '.') {
            *c = '-';
        }
    }
}

static void own_name(struct mdns_own *o)
{
    label_make(o->label, o->wanted[0] != '\0' ? o->wanted : "pphost", o->attempt);
    bool ok = mdns_name_child(&o->name, o->label, &o->type_name);
    assert(ok); /* a label of 63 and a type of 60 bytes */
    (void)ok;
}

/* Pairs that do not fit are left out. An empty TXT record is one empty string (RFC 6763 §6.1). */
static void own_txt(struct mdns_own *o, const struct mdns_service *s)
{
    o->txt_len = 0;
    for (size_t i = 0; i < MDNS_TXT_MAX && s->txt[i][0] != NULL; i++) {
        char pair[256];
        const char *value = s->txt[i][1] != NULL ? s->txt[i][1] : "";
        int n = snprintf(pair, sizeof pair, "%s=%s", s->txt[i][0], value);
        if (n > 0 && n < (int)sizeof pair && o->txt_len + (size_t)n + 1 <= sizeof o->txt - 100) {
            o->txt[o->txt_len] = (uint8_t)n;
            memcpy(o->txt + o->txt_len + 1, pair, (size_t)n);
            o->txt_len = (uint16_t)(o->txt_len + n + 1);
        }
    }
    if (o->txt_len == 0) {
        o->txt[0] = 0;
        o->txt_len = 1;
    }
}

static struct mdns_own *own_find(struct mdns *m, const char *type, const char *name)
{
    char wanted[MDNS_LABEL_MAX + 1];
    label_make(wanted, name, 1);
    for (size_t i = 0; i < m->services_count; i++) {
        if (strcmp(m->services[i].type, type) == 0 && strcmp(m->services[i].wanted, wanted) == 0) {
            return &m->services[i];
        }
    }
    return NULL;
}

void mdns_publish(struct mdns *m, const struct mdns_service *s)
{
    struct mdns_own *o = own_find(m, s->type, s->name);
    char dotted[80];
    if (o == NULL) {
        assert(m->services_count < MDNS_SERVICES_MAX && strlen(s->type) < sizeof o->type);
        o = &m->services[m->services_count++];
        *o = (struct mdns_own){.attempt = 1};
        str_copy(o->type, sizeof o->type, s->type, strlen(s->type));
        snprintf(dotted, sizeof dotted, "%s.local", s->type);
        bool ok = mdns_name_set(&o->type_name, dotted);
        assert(ok); /* types are constants */
        (void)ok;
        label_make(o->wanted, s->name, 1);
        own_name(o);
    }
    o->port = s->port;
    own_txt(o, s);
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_speak_publish(m->interfaces[i]->speak, o);
    }
    mdns_run(m);
}

static void bye(struct mdns *m, const struct mdns_own *o)
{
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_speak_bye(m->interfaces[i]->speak, o);
    }
}

void mdns_withdraw(struct mdns *m, const char *type, const char *name)
{
    struct mdns_own *o = own_find(m, type, name);
    if (o == NULL) {
        return;
    }
    bye(m, o);
    *o = m->services[--m->services_count];
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_iface_speak_anew(m->interfaces[i]);
    }
    mdns_run(m);
}

void mdns_browse(struct mdns *m, const char *type)
{
    if (m->types_count == MDNS_TYPES_MAX) {
        return;
    }
    str_copy(m->types[m->types_count++], sizeof *m->types, type, strlen(type));
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_seen_browse(m->interfaces[i]->seen, type, (int64_t)uv_now(m->loop));
    }
    mdns_run(m);
}

/* ---- conflicts ----------------------------------------------------------------------------------
 */

/* Another host announces our name. The one whose host name is the lesser takes another: both see
 * the same two, so one of them stays (as of two that probe at a time, RFC 6762 §8.2). */
static void on_conflict(struct mdns *m, struct mdns_own *o)
{
    if (o->attempt >= RENAMES_MAX) {
        return;
    }
    o->attempt++;
    own_name(o);
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_iface_speak_anew(m->interfaces[i]);
    }
}

void mdns_conflicts(struct mdns *m, const uint8_t *bytes, size_t len)
{
    struct mdns_reader r;
    struct mdns_rr rr;
    if (!mdns_read_begin(&r, bytes, len)) {
        return;
    }
    while (mdns_read_rr(&r, &rr)) {
        if (rr.type != MDNS_SRV || rr.ttl_s == 0 || mdns_name_equal(&rr.target, &m->host_name)) {
            continue;
        }
        for (size_t i = 0; i < m->services_count; i++) {
            struct mdns_own *o = &m->services[i];
            size_t n = m->host_name.len < rr.target.len ? m->host_name.len : rr.target.len;
            if (mdns_name_equal(&rr.name, &o->name) &&
                memcmp(m->host_name.wire, rr.target.wire, n) < 0) {
                on_conflict(m, o);
            }
        }
    }
}

/* ---- time ---------------------------------------------------------------------------------------
 */

static int64_t clock_offset(void)
{
    return clock_wall_ms() - (int64_t)clock_ms();
}

/* A Raspberry Pi starts in 1970 and is told the time later: libmdnsd goes by it. */
static void look_at_clock(struct mdns *m)
{
    int64_t offset = clock_offset();
    if (llabs(offset - m->clock_offset_ms) <= JUMP_MS) {
        return;
    }
    m->clock_offset_ms = offset;
    for (size_t n = 0; n < m->interfaces_count; n++) {
        mdns_iface_speak_anew(m->interfaces[n]);
    }
}

static void on_timer(uv_timer_t *t)
{
    struct mdns *m = t->data;
    if (uv_now(m->loop) >= m->rescan_ms) {
        mdns_scan(m);
    }
    look_at_clock(m);
    mdns_run(m);
}

/* Does what is due everywhere and sets the timer for what is next. */
void mdns_run(struct mdns *m)
{
    int64_t wait_ms = (int64_t)(m->rescan_ms - uv_now(m->loop));
    if (m->closing) {
        return;
    }
    for (size_t n = 0; n < m->interfaces_count && !m->closing; n++) {
        struct iface *i = m->interfaces[n];
        int64_t seen_ms = mdns_seen_step(i->seen, (int64_t)uv_now(m->loop));
        int64_t speak_ms = mdns_speak_step(i->speak);
        wait_ms = seen_ms < wait_ms ? seen_ms : wait_ms;
        wait_ms = speak_ms < wait_ms ? speak_ms : wait_ms;
    }
    if (!m->closing) {
        uv_timer_start(&m->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 1, 0);
    }
}

/* ---- opening and closing ------------------------------------------------------------------------
 */

int mdns_open(struct mdns **out, uv_loop_t *loop, mdns_cb found, void *context, struct err *e)
{
    struct mdns *m = mem_alloc(sizeof *m);
    char dotted[40];
    (void)e; /* no interface yet is no error: it is looked for again */
    m->loop = loop;
    m->found = found;
    m->context = context;
    snprintf(
        m->host, sizeof m->host, "pphost-%08x%08x", randombytes_random(), randombytes_random());
    snprintf(dotted, sizeof dotted, "%s.local", m->host);
    mdns_name_set(&m->host_name, dotted);
    m->timer.data = m;
    m->handles = 1;
    m->clock_offset_ms = clock_offset();
    uv_timer_init(loop, &m->timer);
    mdns_scan(m);
    uv_timer_start(&m->timer, on_timer, 1, 0);
    *out = m;
    return 0;
}

void mdns_let_go(struct mdns *m)
{
    if (--m->handles > 0) {
        return;
    }
    if (m->closed != NULL) {
        m->closed(m->closed_context);
    }
    free(m);
}

static void on_timer_closed(uv_handle_t *h)
{
    mdns_let_go(h->data);
}

void mdns_close(struct mdns *m, void (*closed)(void *context), void *context)
{
    assert(!m->closing);
    for (size_t s = 0; s < m->services_count; s++) {
        bye(m, &m->services[s]);
    }
    m->closing = true;
    m->closed = closed;
    m->closed_context = context;
    for (size_t i = 0; i < m->interfaces_count; i++) {
        mdns_iface_close(m->interfaces[i]);
    }
    uv_close((uv_handle_t *)&m->timer, on_timer_closed);
}

const char *mdns_state(const struct mdns *m)
{
    return m->state;
}
