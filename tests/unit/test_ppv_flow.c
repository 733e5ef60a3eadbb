// link: ppvirtual_model ppcore
/* The virtual printer unpacks lines and says XON and XOFF as Marlin does. */
#include "ppv.h"

#include "host/core/meatpack.h"

static void packing(struct settings *s)
{
    s->meatpack = true;
}

static const char *ask_bytes(struct rig *r, const char *bytes, size_t len, double ms)
{
    struct event e = {EVENT_BYTES, bytes, len};
    rig_run(r, 0);
    rig_clear(r);
    model_step(&r->m, r->now_ns, &e, &r->out);
    rig_run(r, ms);
    return strbuf_text(&r->out);
}

static const char *ask_packed(struct rig *r, const char *line, double ms)
{
    char out[256];
    return ask_bytes(r, out, meatpack_pack(out, line, strlen(line)), ms);
}

static void it_unpacks_from_the_order_on_and_tells_so(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", packing);
    assert_contains(rig_ask(r, "M115\n", 1), "Cap:MEATPACK:1\n");
    assert_string_equal(rig_ask(r, "\xff\xff\xfb", 1), "[MP] PV01 ON ESP\n");
    assert_string_equal(ask_packed(r, numbered(1, "G92 X12.5 Y3 E-.8"), 1000), "ok N1 P15 B3\n");
    assert_string_equal(ask_packed(r, "M118 aBc;d\n", 1), "aBc\nok P15 B3\n");
    assert_string_equal(rig_ask(r, "\xff\xff\xf9", 1), "[MP] PV01 OFF ESP\n");
    assert_string_equal(rig_ask(r, numbered(2, "G21"), 1), "ok N2 P15 B3\n");
    rig_free(r);
}

static void without_the_option_it_is_a_firmware_without_it(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    assert_contains(rig_ask(r, "M115\n", 1), "Cap:MEATPACK:0\n");
    assert_contains(rig_ask(r, "\xff\xff\xfb\n", 1), "Unknown command");
    rig_free(r);
}

static void no_spaces_puts_an_e_in_the_place_of_the_blank(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", packing);
    assert_string_equal(
        rig_ask(r, "\xff\xff\xf7\xff\xff\xfb", 1), "[MP] PV01 OFF NSP\n[MP] PV01 ON NSP\n");
    assert_string_equal(ask_packed(r, "M118 5 5\n", 1), "E5E5\nok P15 B3\n");
    /* the order "reset" tells ESP and leaves the table as it is: so does Marlin */
    assert_string_equal(
        rig_ask(r, "\xff\xff\xf9\xff\xff\xfb", 1), "[MP] PV01 OFF ESP\n[MP] PV01 ON ESP\n");
    assert_string_equal(ask_packed(r, "M118 5 5\n", 1), "E5E5\nok P15 B3\n");
    assert_string_equal(rig_ask(r, "\xff\xff\xf6", 1), "[MP] PV01 ON ESP\n");
    assert_string_equal(ask_packed(r, "M118 5 5\n", 1), "5 5\nok P15 B3\n");
    rig_free(r);
}

/* Whatever was read before: in the middle of a pair, of an order, behind one sign too many. */
static void the_order_to_reset_is_understood_in_every_state(void **state)
{
    static const char *const before[] = {
        "", "\x1f", "\xf1", "\xff", "\xff\x4d", "\xff\xff", "\xff\xff\xff", "\x1f\xff\xff", "\xcf"};
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        struct rig *r = rig_new("marlin-2.1", packing);
        rig_ask(r, "\xff\xff\xfb", 1);
        rig_ask(r, before[i], 1);
        assert_contains(rig_ask(r, "\xff\xff\xf9\n", 1), "[MP] PV01 OFF ESP\n");
        assert_string_equal(rig_ask(r, numbered(1, "G21"), 1), "ok N1 P15 B3\n");
        rig_ask(r, "\xff\xff\xfb", 1);
        assert_string_equal(ask_packed(r, numbered(2, "G21"), 1), "ok N2 P15 B3\n");
        rig_free(r);
    }
}

static void switching_off_alone_leaves_a_half_pair_behind(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", packing);
    rig_ask(r, "\xff\xff\xfb", 1);
    rig_ask(r, "\x1f\xff\xff\xfa", 1); /* "?1", its "?" still to come */
    rig_ask(r, "\n", 1);
    rig_ask(r, "\xff\xff\xfb", 1);
    assert_contains(ask_packed(r, numbered(1, "G21"), 1), "Unknown command");
    rig_free(r);
}

static void the_emergency_parser_sees_bytes_and_not_what_they_mean(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", packing);
    rig_ask(r, "\xff\xff\xfb", 1);
    ask_packed(r, numbered(1, "M109 S200"), 500);
    assert_string_equal(ask_packed(r, "M108\n", 100), "");
    assert_contains(rig_ask(r, "\xff\xff\xf9\nM108\n", 1), "ok N1");
    rig_ask(r, "\xff\xff\xfb", 1);
    rig_ask(r, "\x1d\x0a", 1); /* half a line */
    rig_ask(r, "\xff\xff\xf9\nM112\n", 1);
    assert_non_null(r->m.halted);
    rig_free(r);
}

static void a_reset_of_the_board_ends_unpacking(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", packing);
    rig_ask(r, "\xff\xff\xfb", 1);
    model_step(&r->m, r->now_ns, &(struct event){.kind = EVENT_RESET}, &r->out);
    rig_run(r, 1);
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 1), "ok N1 P15 B3\n");
    rig_free(r);
}

static void slow_wire(struct settings *s)
{
    s->meatpack = true;
    s->wire = true;
    s->baud = 9600;
}

static void a_packed_line_is_answered_when_its_last_byte_is_there(void **state)
{
    char out[128];
    (void)state;
    struct rig *r = rig_new("marlin-2.1", slow_wire);
    rig_run(r, 1000); /* the banner */
    ask_bytes(r, "\xff\xff\xfb", 3, 100);
    assert_string_equal(strbuf_text(&r->out), "[MP] PV01 ON ESP\n");
    const char *line = numbered(1, "G92 X100.00 Y");
    size_t len = meatpack_pack(out, line, strlen(line));
    ask_bytes(r, out, len, (double)len * 10 / 9.6 + 13 * 10 / 9.6 + 0.1);
    assert_string_equal(strbuf_text(&r->out), "ok N1 P15 B3\n");
    rig_free(r);
}

static void small_ring(struct settings *s)
{
    s->xonxoff = true;
    s->deaf = true;
    s->rx = 64;
}

static void it_stops_the_host_at_an_eighth_and_lets_it_go_on_below_a_tenth(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", small_ring);
    assert_contains(rig_ask(r, "M115\n", 1), "Cap:SERIAL_XON_XOFF:1\n");
    assert_string_equal(rig_ask(r, "G4 P100\n", 1), ""); /* each byte is read at once */
    assert_string_equal(rig_ask(r, "G90 G90", 1), "");
    assert_string_equal(rig_ask(r, "\n", 1), "\x13");
    assert_string_equal(rig_ask(r, "G91\nG90\n", 1), "");
    rig_clear(r);
    rig_run(r, 200);
    assert_int_equal(count_of(strbuf_text(&r->out), "\x11"), 1);
    assert_int_equal(r->m.xoffs, 1);
    assert_int_equal(r->m.ring.lost, 0);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_unpacks_from_the_order_on_and_tells_so),
        cmocka_unit_test(without_the_option_it_is_a_firmware_without_it),
        cmocka_unit_test(no_spaces_puts_an_e_in_the_place_of_the_blank),
        cmocka_unit_test(the_order_to_reset_is_understood_in_every_state),
        cmocka_unit_test(switching_off_alone_leaves_a_half_pair_behind),
        cmocka_unit_test(the_emergency_parser_sees_bytes_and_not_what_they_mean),
        cmocka_unit_test(a_reset_of_the_board_ends_unpacking),
        cmocka_unit_test(a_packed_line_is_answered_when_its_last_byte_is_there),
        cmocka_unit_test(it_stops_the_host_at_an_eighth_and_lets_it_go_on_below_a_tenth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
