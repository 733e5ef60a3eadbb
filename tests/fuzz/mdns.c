// link: ppnet
/* Packets of multicast DNS, each with its length in front: through our reader into what is seen and
 * into libmdnsd, as from a network interface. */
#include "net/mdns_seen.h"
#include "net/mdns_speak.h"
#include "net/nearby.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_found(void *context, const struct mdns_found *f)
{
    struct nearby_host h;
    size_t n = 0;
    (void)context;
    if (nearby_parse(f, &h)) {
        assert(h.protocol > 0 && h.queues_count <= NEARBY_QUEUES_MAX && h.name[0] != '\0');
    }
    while (f->txt[n][0] != NULL) {
        assert(f->txt[n][1] != NULL && f->txt[n][0][0] != '\0');
        n++;
    }
    assert(n <= MDNS_TXT_MAX && strlen(f->name) <= MDNS_LABEL_MAX && strlen(f->address) < 16);
    assert(f->port >= 0 && f->port <= 65535);
}

static void on_ask(void *context, const struct mdns_writer *w)
{
    struct mdns_reader r;
    struct mdns_question q;
    struct mdns_rr rr;
    (void)context;
    assert(w->len <= MDNS_WRITE_MAX && mdns_read_begin(&r, w->bytes, w->len) && !r.response);
    assert(mdns_read_question(&r, &q));
    while (mdns_read_rr(&r, &rr)) {
        assert(rr.type == MDNS_PTR && rr.section == 1);
    }
    assert(r.pos == r.len);
}

static void on_send(void *context, const void *bytes, size_t len, struct in_addr to, int port)
{
    struct mdns_reader r;
    struct mdns_rr rr;
    (void)context;
    (void)to;
    (void)port;
    assert(len <= MDNS_WRITE_MAX + 512 && mdns_read_begin(&r, bytes, len));
    while (mdns_read_rr(&r, &rr)) {
    }
    assert(r.pos == r.len); /* what libmdnsd writes is whole */
}

static struct mdns_speak *speaker(void)
{
    const struct in_addr ip = {.s_addr = htonl(0xc0a80105)};
    struct mdns_speak *a = mdns_speak_new("pphost-0", ip, on_send, NULL);
    struct mdns_own o = {.type = "_pphost._tcp", .label = "Shed", .port = 1, .txt = {0}};
    o.txt_len = 1;
    mdns_name_set(&o.type_name, "_pphost._tcp.local");
    mdns_name_child(&o.name, "Shed", &o.type_name);
    mdns_speak_publish(a, &o);
    return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mdns_seen_events events = {.found = on_found, .ask = on_ask};
    const struct in_addr from = {.s_addr = htonl(0xc0a80106)};
    struct mdns_name host;
    int64_t now_ms = 1000;
    mdns_name_set(&host, "pphost-0.local");
    struct mdns_seen *s = mdns_seen_new(&host, 1, &events);
    struct mdns_speak *a = speaker();
    mdns_seen_browse(s, "_pphost._tcp", now_ms);
    mdns_seen_browse(s, "_http._tcp", now_ms);
    while (size >= 3) {
        size_t len = (size_t)(data[0] << 8 | data[1]);
        now_ms += (int64_t)data[2] * data[2] * 10;
        data += 3;
        size -= 3;
        len = len > size ? size : len;
        mdns_seen_packet(s, data, len, now_ms);
        mdns_speak_packet(a, data, len, from, 5353);
        if (len > 0 && (data[len - 1] & 1) != 0) {
            mdns_speak_packet(a, data, len, from, 4000);
        }
        mdns_speak_step(a);
        int64_t wait_ms = mdns_seen_step(s, now_ms);
        assert(wait_ms >= 0 && mdns_seen_count(s) <= MDNS_SEEN_MAX);
        data += len;
        size -= len;
    }
    mdns_seen_free(s, true);
    mdns_speak_free(a);
    return 0;
}
