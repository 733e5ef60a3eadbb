// link: ppnet
/* Hosts on the local network: the TXT record there and back, and hints for people. */
#include "net/nearby.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct nearby_host host(uint8_t seed, const char *name)
{
    uint8_t bytes[32] = {seed};
    struct identity id;
    struct nearby_host h = {.protocol = NEARBY_PROTOCOL, .port = 40123};
    identity_from_seed(&id, bytes);
    snprintf(h.peer, sizeof h.peer, "%s", id.text);
    snprintf(h.name, sizeof h.name, "%s", name);
    snprintf(h.version, sizeof h.version, "pphost 0.1.0");
    return h;
}

static void queue(struct nearby_host *h, const char *name, const char *tag, int port)
{
    struct nearby_queue *q = &h->queues[h->queues_count++];
    *q = (struct nearby_queue){.port = port};
    snprintf(q->name, sizeof q->name, "%s", name);
    snprintf(q->tag, sizeof q->tag, "%s", tag);
}

static struct mdns_found found(const struct nearby_txt *txt, const char *address)
{
    return (struct mdns_found){.type = NEARBY_TYPE,
        .name = "instance",
        .address = address,
        .port = 40123,
        .txt = (const char *const(*)[2])txt->pairs};
}

static void what_a_host_tells_is_what_others_read(void **state)
{
    struct nearby_host h = host(1, "Shed \xf0\x9f\x96\xa8");
    struct nearby_host again;
    struct nearby_txt txt;
    (void)state;
    queue(&h, "LAN", "", 0);
    queue(&h, "Werkstatt \xc3\xbc", "0123abcd", 6789);
    nearby_txt(&txt, &h);
    struct mdns_found f = found(&txt, "192.168.1.5");
    assert_true(nearby_parse(&f, &again));
    assert_string_equal(again.peer, h.peer);
    assert_string_equal(again.name, h.name);
    assert_string_equal(again.version, h.version);
    assert_string_equal(again.address, "192.168.1.5");
    assert_int_equal(again.port, 40123);
    assert_int_equal(again.protocol, 1);
    assert_int_equal(again.queues_count, 2);
    assert_string_equal(again.queues[0].name, "LAN");
    assert_string_equal(again.queues[0].tag, "");
    assert_string_equal(again.queues[1].name, h.queues[1].name);
    assert_string_equal(again.queues[1].tag, "0123abcd");
    assert_int_equal(again.queues[1].port, 6789);
}

static void ten_queues_of_the_longest_names_keep_within_a_frame(void **state)
{
    struct nearby_host h = host(1, "shed");
    struct nearby_host again;
    struct nearby_txt txt;
    size_t bytes = 0;
    (void)state;
    for (int i = 0; i < NEARBY_QUEUES_MAX; i++) {
        char name[64];
        snprintf(name, sizeof name, "%063d", i);
        queue(&h, name, "0123abcd", 0);
    }
    nearby_txt(&txt, &h);
    for (size_t i = 0; txt.pairs[i][0] != NULL; i++) {
        bytes += strlen(txt.pairs[i][0]) + strlen(txt.pairs[i][1]) + 2;
    }
    assert_in_range(bytes, 800, 1200);
    struct mdns_found f = found(&txt, "192.168.1.5");
    assert_true(nearby_parse(&f, &again));
    assert_int_equal(again.queues_count, NEARBY_QUEUES_MAX);
}

static void what_is_not_right_drops_the_host_or_the_queue(void **state)
{
    struct nearby_host h = host(1, "shed");
    struct nearby_host again;
    char peer[64];
    const char *pairs[][2] = {{"v", "1"}, {"p", peer}, {"n", "a\nb"}, {"q0", "good"},
        {"k0", "0123abcd"}, {"q1", "bad\x01"}, {"q2", "bad tag"}, {"k2", "0123ABCD"},
        {"q3", "bad port"}, {"port3", "70000"}, {"q4", "\xff"}, {"q23", "last"}, {"Q5", "upper"},
        {NULL, NULL}};
    struct mdns_found f = {.type = NEARBY_TYPE,
        .name = "x",
        .address = "10.0.0.1",
        .port = 1,
        .txt = (const char *const(*)[2])pairs};
    (void)state;
    snprintf(peer, sizeof peer, "%s", h.peer);
    assert_true(nearby_parse(&f, &again));
    assert_string_equal(again.name, "a\\x0ab");
    assert_string_equal(again.version, "");
    assert_int_equal(again.queues_count, 3);
    assert_string_equal(again.queues[0].name, "good");
    assert_string_equal(again.queues[1].name, "upper");
    assert_string_equal(again.queues[2].name, "last");
    pairs[0][1] = "one";
    assert_false(nearby_parse(&f, &again));
    pairs[0][1] = "1";
    peer[10] = '!';
    assert_false(nearby_parse(&f, &again));
    pairs[0][0] = NULL;
    assert_false(nearby_parse(&f, &again));
}

static void tags_differ_by_key_and_queue_and_tell_nothing_of_no_key(void **state)
{
    char a[NEARBY_TAG_SIZE], b[NEARBY_TAG_SIZE];
    (void)state;
    nearby_key_tag("lab", "secret", a);
    nearby_key_tag("lab", "secret", b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 8);
    nearby_key_tag("lab", "Secret", b);
    assert_string_not_equal(a, b);
    nearby_key_tag("Lab", "secret", b);
    assert_string_not_equal(a, b);
    nearby_key_tag("lab", "", b);
    assert_string_equal(b, "");
}

/* ---- hints --------------------------------------------------------------------------------------
 */

static struct nearby *nearby;
static char lines[NEARBY_HINTS][NEARBY_HINT_SIZE];

static int setup(void **state)
{
    struct nearby_host self = host(99, "here");
    (void)state;
    nearby = nearby_new(&self);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nearby_free(nearby);
    return 0;
}

static bool saw(const struct nearby_host *h, const char *address, int64_t now_ms, bool gone)
{
    struct nearby_txt txt;
    struct nearby_host out;
    nearby_txt(&txt, h);
    struct mdns_found f = found(&txt, address);
    f.gone = gone;
    return nearby_saw(nearby, &f, now_ms, &out);
}

static size_t hints(const char *name, const char *tag, int64_t now_ms)
{
    const struct nearby_question q = {.queue = name, .tag = tag, .trouble = ""};
    return nearby_hints(nearby, &q, now_ms, lines);
}

static void alone_it_says_so(void **state)
{
    struct nearby_host self = host(99, "here");
    (void)state;
    assert_false(saw(&self, "192.168.1.2", 0, false)); /* ourselves are nobody else */
    assert_int_equal(hints("lab", "", 1000), 1);
    assert_string_equal(lines[0], "nobody else announced a queue on this network yet");
}

static void a_name_in_another_case_is_the_first_guess_of_names(void **state)
{
    struct nearby_host shed = host(1, "shed");
    struct nearby_host attic = host(2, "attic");
    (void)state;
    queue(&attic, "Garage", "", 0);
    queue(&shed, "Lab", "", 0);
    assert_true(saw(&attic, "192.168.1.7", 0, false));
    assert_true(saw(&shed, "192.168.1.5", 0, false));
    assert_int_equal(hints("lab", "", 1000), 2);
    assert_string_equal(lines[0],
        "queue \"Lab\" seen at shed (192.168.1.5); yours is \"lab\"; names are case-sensitive");
    assert_string_equal(lines[1], "queue \"Garage\" seen at attic (192.168.1.7); yours is \"lab\"");
}

static void keys_that_differ_are_told_each_in_its_way(void **state)
{
    struct nearby_host shed = host(1, "shed");
    (void)state;
    queue(&shed, "lab", "0123abcd", 0);
    saw(&shed, "192.168.1.5", 0, false);
    assert_int_equal(hints("lab", "ffffffff", 1000), 1);
    assert_string_equal(lines[0], "shed has queue \"lab\" with another key");
    assert_int_equal(hints("lab", "", 1000), 1);
    assert_string_equal(lines[0], "shed has queue \"lab\" with a key, yours is open");
    assert_int_equal(hints("lab", "0123abcd", 1000), 1);
    assert_string_equal(lines[0],
        "shed (192.168.1.5) has queue \"lab\" too, but there is no link to "
        "it yet: is a firewall between?");
    shed.queues[0].tag[0] = '\0';
    saw(&shed, "192.168.1.5", 0, false);
    assert_int_equal(hints("lab", "0123abcd", 1000), 1);
    assert_string_equal(lines[0], "shed has queue \"lab\" without a key, yours has one");
}

static void another_protocol_is_told_by_its_version(void **state)
{
    struct nearby_host shed = host(1, "shed");
    (void)state;
    queue(&shed, "lab", "", 0);
    shed.protocol = 2;
    snprintf(shed.version, sizeof shed.version, "pphost 0.0.9");
    saw(&shed, "192.168.1.5", 0, false);
    assert_int_equal(hints("lab", "", 1000), 1);
    assert_string_equal(
        lines[0], "shed runs pphost 0.0.9, this is 0.1.0: they do not understand each other");
}

static void troubles_of_the_network_come_first(void **state)
{
    const struct nearby_question q = {.queue = "lab",
        .tag = "",
        .trouble = "no network interface can multicast",
        .container = "172.17.0.3"};
    (void)state;
    assert_int_equal(nearby_hints(nearby, &q, 0, lines), 2);
    assert_string_equal(lines[0], "no network interface can multicast");
    assert_string_equal(lines[1],
        "172.17.0.3 looks like a container's bridge network: hosts elsewhere cannot be found from "
        "there; give the container the host's network");
}

static void a_host_is_remembered_for_two_minutes_after_it_has_gone(void **state)
{
    struct nearby_host shed = host(1, "shed");
    (void)state;
    queue(&shed, "Lab", "", 0);
    saw(&shed, "192.168.1.5", 0, false);
    assert_int_equal(hints("lab", "", 86400000), 1);
    assert_non_null(strstr(lines[0], "seen at shed"));
    saw(&shed, "192.168.1.5", 1000, true);
    hints("lab", "", 120999);
    assert_non_null(strstr(lines[0], "seen at shed"));
    hints("lab", "", 121000);
    assert_string_equal(lines[0], "nobody else announced a queue on this network yet");
}

static void many_hosts_and_long_names_give_six_lines_that_end_well(void **state)
{
    char long_name[64] = "";
    (void)state;
    for (int i = 0; i < 21; i++) {
        strcat(long_name, "\xe2\x82\xac");
    }
    for (uint8_t i = 0; i < 90; i++) { /* more than are kept */
        struct nearby_host h = host(i, long_name);
        char name[64];
        snprintf(name, sizeof name, "%c%.60s", 'A' + i % 26, long_name);
        queue(&h, name, "", 0);
        queue(&h, "Lab", "", 0);
        saw(&h, "192.168.100.200", 0, false);
    }
    assert_int_equal(hints(long_name, "", 0), NEARBY_HINTS);
    for (size_t i = 0; i < NEARBY_HINTS; i++) {
        size_t len = strlen(lines[i]);
        assert_in_range(len, 1, NEARBY_HINT_SIZE - 1);
        assert_true(len < NEARBY_HINT_SIZE - 3 || (lines[i][len - 1] & 0x80) == 0 ||
                    ((unsigned char)lines[i][len - 3] & 0xf0) == 0xe0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(lines[i], lines[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_host_tells_is_what_others_read),
        cmocka_unit_test(ten_queues_of_the_longest_names_keep_within_a_frame),
        cmocka_unit_test(what_is_not_right_drops_the_host_or_the_queue),
        cmocka_unit_test(tags_differ_by_key_and_queue_and_tell_nothing_of_no_key),
        cmocka_unit_test_setup_teardown(alone_it_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_name_in_another_case_is_the_first_guess_of_names, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_that_differ_are_told_each_in_its_way, setup, teardown),
        cmocka_unit_test_setup_teardown(another_protocol_is_told_by_its_version, setup, teardown),
        cmocka_unit_test_setup_teardown(troubles_of_the_network_come_first, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_host_is_remembered_for_two_minutes_after_it_has_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            many_hosts_and_long_names_give_six_lines_that_end_well, setup, teardown),
    };
    return identity_init() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
