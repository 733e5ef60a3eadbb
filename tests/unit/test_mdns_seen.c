// link: ppnet
/* What others announce: packets read strictly, and what is made of them on virtual time. */
#include "host/base/str.h"
#include "net/mdns_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define TYPE "_pphost._tcp"

/* ---- packets ------------------------------------------------------------------------------------
 */

static struct mdns_name name_of(const char *dotted)
{
    struct mdns_name n;
    assert_true(mdns_name_set(&n, dotted));
    return n;
}

static struct mdns_name instance_of(const char *label)
{
    struct mdns_name type = name_of(TYPE ".local");
    struct mdns_name n;
    assert_true(mdns_name_child(&n, label, &type));
    return n;
}

static void add_ptr(struct mdns_writer *w, const char *label, uint32_t ttl_s)
{
    struct mdns_name type = name_of(TYPE ".local");
    struct mdns_name n = instance_of(label);
    assert_true(mdns_write_answer(w, &type, MDNS_PTR, ttl_s, n.wire, n.len));
}

static void add_srv(
    struct mdns_writer *w, const char *label, const char *host, int port, uint32_t ttl_s)
{
    struct mdns_name n = instance_of(label);
    struct mdns_name target = name_of(host);
    uint8_t data[6 + MDNS_NAME_MAX] = {0};
    data[4] = (uint8_t)(port >> 8);
    data[5] = (uint8_t)port;
    memcpy(data + 6, target.wire, target.len);
    assert_true(mdns_write_answer(w, &n, MDNS_SRV, ttl_s, data, 6u + target.len));
}

static void add_txt(struct mdns_writer *w, const char *label, const char *text)
{
    struct mdns_name n = instance_of(label);
    uint8_t data[256];
    data[0] = (uint8_t)strlen(text);
    memcpy(data + 1, text, data[0]);
    assert_true(mdns_write_answer(w, &n, MDNS_TXT, 4500, data, data[0] + 1u));
}

static void add_address(struct mdns_writer *w, const char *host, uint8_t last, uint32_t ttl_s)
{
    struct mdns_name n = name_of(host);
    const uint8_t ip[4] = {192, 168, 1, last};
    assert_true(mdns_write_answer(w, &n, MDNS_A, ttl_s, ip, 4));
}

/* All four of a host, in the order that helps least. */
static void announce(struct mdns_writer *w, const char *label, const char *host, uint8_t last)
{
    mdns_write_begin(w, true);
    add_address(w, host, last, 120);
    add_txt(w, label, "v=1");
    add_srv(w, label, host, 7001, 120);
    add_ptr(w, label, 4500);
}

static void names_are_compared_without_case_and_may_hold_dots(void **state)
{
    struct mdns_name type = name_of("_PPhost._tcp.local.");
    struct mdns_name n = instance_of("Shed 2.0");
    char label[MDNS_LABEL_MAX + 1];
    (void)state;
    assert_true(mdns_name_below(&n, &type, label));
    assert_string_equal(label, "Shed 2.0");
    assert_false(mdns_name_below(&type, &n, label));
    assert_false(mdns_name_set(&n, "a..b"));
    assert_false(mdns_name_set(
        &n, "0123456789012345678901234567890123456789012345678901234567890123.local"));
}

static void a_name_that_points_forward_or_at_itself_ends_the_packet(void **state)
{
    static const uint8_t ends[][2] = {
        {0xc0, 12}, {0xc0, 13}, {0xc0, 14}, {0xff, 0xff}, {0x80, 0}, {0x40, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        uint8_t packet[40] = {0, 0, 0x84, 0, 0, 0, 0, 1};
        struct mdns_reader r;
        struct mdns_rr rr;
        memcpy(packet + 12, ends[i], 2);
        assert_true(mdns_read_begin(&r, packet, sizeof packet));
        assert_false(mdns_read_rr(&r, &rr));
    }
}

static void every_cut_of_a_packet_is_read_within_its_bounds(void **state)
{
    struct mdns_writer w;
    struct mdns_reader r;
    struct mdns_rr rr;
    (void)state;
    announce(&w, "Shed", "shed.local", 5);
    for (size_t len = 0; len <= w.len; len++) {
        unsigned records = 0;
        uint8_t *copy = memcpy(test_malloc(len + 1), w.bytes, len); /* ASan watches its end */
        if (mdns_read_begin(&r, copy, len)) {
            while (mdns_read_rr(&r, &rr)) {
                records++;
            }
        }
        assert_true(records <= 4 && (records == 4) == (len == w.len));
        test_free(copy);
    }
}

static void a_packet_of_another_kind_is_none(void **state)
{
    struct mdns_reader r;
    uint8_t packet[12] = {0};
    (void)state;
    assert_true(mdns_read_begin(&r, packet, 12));
    packet[2] = 0x28; /* UPDATE */
    assert_false(mdns_read_begin(&r, packet, 12));
    packet[2] = 0x84;
    packet[3] = 3; /* NXDOMAIN */
    assert_false(mdns_read_begin(&r, packet, 12));
    packet[3] = 0;
    assert_false(mdns_read_begin(&r, packet, 11));
}

/* ---- what is seen -------------------------------------------------------------------------------
 */

static struct mdns_seen *seen;
static struct strbuf log_text;

static void on_found(void *context, const struct mdns_found *f)
{
    (void)context;
    strbuf_printf(&log_text, "%s%s %s:%d %s=%s\n", f->gone ? "-" : "+", f->name, f->address,
        f->port, f->txt[0][0] != NULL ? f->txt[0][0] : "",
        f->txt[0][0] != NULL ? f->txt[0][1] : "");
}

static void on_ask(void *context, const struct mdns_writer *w)
{
    struct mdns_reader r;
    struct mdns_question q;
    struct mdns_rr rr;
    unsigned known = 0;
    (void)context;
    strbuf_puts(&log_text, "?");
    assert_true(mdns_read_begin(&r, w->bytes, w->len));
    while (mdns_read_question(&r, &q)) {
        strbuf_printf(&log_text, " %u:%.*s", q.type, q.name.wire[0], (const char *)q.name.wire + 1);
    }
    while (mdns_read_rr(&r, &rr)) {
        known++;
    }
    strbuf_printf(&log_text, known > 0 ? " (%u known)\n" : "\n", known);
}

static int setup(void **state)
{
    const struct mdns_seen_events events = {.found = on_found, .ask = on_ask};
    struct mdns_name own = name_of("pphost-0.local");
    (void)state;
    seen = mdns_seen_new(&own, 7, &events);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mdns_seen_free(seen, false);
    strbuf_fini(&log_text);
    return 0;
}

static void hear(const struct mdns_writer *w, int64_t now_ms)
{
    mdns_seen_packet(seen, w->bytes, w->len, now_ms);
}

static void said(const char *wanted)
{
    assert_string_equal(strbuf_text(&log_text), wanted);
    strbuf_fini(&log_text);
}

static void a_host_is_told_once_when_all_of_it_is_known_in_whatever_order(void **state)
{
    struct mdns_writer w;
    (void)state;
    mdns_seen_browse(seen, TYPE, 0);
    announce(&w, "Shed", "shed.local", 5);
    hear(&w, 0);
    said("+Shed 192.168.1.5:7001 v=1\n");
    hear(&w, 500);
    said("");
    mdns_seen_step(seen, 1000);
    said("? 12:_pphost (1 known)\n");
}

static void what_is_missing_is_asked_for_eight_times_and_no_more(void **state)
{
    struct mdns_writer w;
    int64_t now_ms = 0;
    unsigned asked = 0;
    (void)state;
    mdns_seen_browse(seen, TYPE, 0);
    mdns_seen_step(seen, 0);
    said("? 12:_pphost\n");
    mdns_write_begin(&w, true);
    add_ptr(&w, "Shed", 4500);
    hear(&w, 1);
    mdns_seen_step(seen, 1);
    said("? 33:Shed 16:Shed\n");
    mdns_write_begin(&w, true);
    add_srv(&w, "Shed", "shed.local", 7001, 4500);
    hear(&w, 2);
    mdns_seen_step(seen, 2);
    said("? 1:shed\n");
    while (now_ms < 600000) {
        now_ms += mdns_seen_step(seen, now_ms);
        asked += strstr(strbuf_text(&log_text), "16:Shed") != NULL;
        strbuf_fini(&log_text);
    }
    assert_int_equal(asked, 7); /* once above */
}

static void a_host_that_fell_silent_is_asked_four_times_and_then_gone(void **state)
{
    struct mdns_writer w;
    int64_t now_ms = 0;
    unsigned asked = 0;
    (void)state;
    mdns_seen_browse(seen, TYPE, 0);
    announce(&w, "Shed", "shed.local", 5);
    hear(&w, 0);
    said("+Shed 192.168.1.5:7001 v=1\n");
    while (now_ms < 119999) {
        int64_t wait_ms = mdns_seen_step(seen, now_ms);
        asked += strstr(strbuf_text(&log_text), "33:Shed") != NULL;
        strbuf_fini(&log_text);
        now_ms += wait_ms > 119999 - now_ms ? 119999 - now_ms : wait_ms;
    }
    assert_int_equal(asked, 4);
    mdns_seen_step(seen, 120000);
    assert_true(str_starts(strbuf_text(&log_text), "-Shed 192.168.1.5:7001"));
}

static void an_answer_to_anybody_keeps_it_known(void **state)
{
    struct mdns_writer w;
    (void)state;
    mdns_seen_browse(seen, TYPE, 0);
    announce(&w, "Shed", "shed.local", 5);
    for (int64_t now_ms = 0; now_ms < 3600000; now_ms += 90000) {
        hear(&w, now_ms);
        mdns_seen_step(seen, now_ms + 89999);
    }
    assert_null(strstr(strbuf_text(&log_text), "-Shed"));
    assert_null(strstr(strbuf_text(&log_text), "33:Shed"));
}

static void a_goodbye_counts_after_a_second_unless_it_is_taken_back(void **state)
{
    struct mdns_writer hello, bye;
    (void)state;
    mdns_seen_browse(seen, TYPE, -1000000);
    mdns_seen_step(seen, -1000000);
    announce(&hello, "Shed", "shed.local", 5);
    mdns_write_begin(&bye, true);
    add_ptr(&bye, "Shed", 0);
    hear(&hello, 0);
    hear(&bye, 1000);
    hear(&hello, 1500);
    strbuf_fini(&log_text);
    mdns_seen_step(seen, 2100);
    assert_null(strstr(strbuf_text(&log_text), "-Shed"));
    hear(&bye, 3000);
    mdns_seen_step(seen, 3999);
    assert_null(strstr(strbuf_text(&log_text), "-Shed"));
    mdns_seen_step(seen, 4000);
    assert_non_null(strstr(strbuf_text(&log_text), "-Shed"));
    assert_int_equal(mdns_seen_count(seen), 0);
}

static void one_that_moves_is_gone_there_and_found_here(void **state)
{
    struct mdns_writer w;
    (void)state;
    mdns_seen_browse(seen, TYPE, 0);
    announce(&w, "Shed", "shed.local", 5);
    hear(&w, 0);
    announce(&w, "Shed", "shed.local", 9);
    hear(&w, 1);
    said("+Shed 192.168.1.5:7001 v=1\n-Shed 192.168.1.5:7001 v=1\n+Shed 192.168.1.9:7001 v=1\n");
    add_address(&w, "shed.local", 8, 120); /* it has two: the known one stays */
    hear(&w, 2);
    said("");
}

static void our_own_services_and_other_types_are_not_told(void **state)
{
    struct mdns_writer w;
    (void)state;
    announce(&w, "Shed", "shed.local", 5);
    hear(&w, 0); /* nothing is browsed */
    assert_int_equal(mdns_seen_count(seen), 0);
    mdns_seen_browse(seen, TYPE, 0);
    announce(&w, "Mine", "PPHOST-0.local", 5);
    hear(&w, 0);
    said("");
    mdns_seen_step(seen, 0);
    said("? 12:_pphost (1 known)\n");
}

static void a_flood_of_instances_stays_within_its_bound_and_pushes_out_no_real_one(void **state)
{
    struct mdns_writer w;
    (void)state;
    mdns_seen_browse(seen, TYPE, 0);
    announce(&w, "Shed", "shed.local", 5);
    hear(&w, 0);
    said("+Shed 192.168.1.5:7001 v=1\n");
    for (int i = 0; i < 3 * MDNS_SEEN_MAX; i++) {
        char label[16];
        snprintf(label, sizeof label, "x%d", i);
        mdns_write_begin(&w, true);
        add_ptr(&w, label, 86400);
        hear(&w, i);
    }
    assert_int_equal(mdns_seen_count(seen), MDNS_SEEN_MAX);
    announce(&w, "Attic", "attic.local", 6); /* and a real one still gets in */
    hear(&w, 1000);
    said("+Attic 192.168.1.6:7001 v=1\n");
    mdns_seen_step(seen, 1000);
    assert_null(strstr(strbuf_text(&log_text), "-Shed"));
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_compared_without_case_and_may_hold_dots),
        cmocka_unit_test(a_name_that_points_forward_or_at_itself_ends_the_packet),
        cmocka_unit_test(every_cut_of_a_packet_is_read_within_its_bounds),
        cmocka_unit_test(a_packet_of_another_kind_is_none),
        WITH(a_host_is_told_once_when_all_of_it_is_known_in_whatever_order),
        WITH(what_is_missing_is_asked_for_eight_times_and_no_more),
        WITH(a_host_that_fell_silent_is_asked_four_times_and_then_gone),
        WITH(an_answer_to_anybody_keeps_it_known),
        WITH(a_goodbye_counts_after_a_second_unless_it_is_taken_back),
        WITH(one_that_moves_is_gone_there_and_found_here),
        WITH(our_own_services_and_other_types_are_not_told),
        WITH(a_flood_of_instances_stays_within_its_bound_and_pushes_out_no_real_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
