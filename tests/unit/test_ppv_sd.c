// link: ppvirtual_model
#include "tests/unit/ppv.h"

#define SIX "G4 P9000\nG4 P9000\nG4 P9000\nG4 P9000\nG4 P9000\nG4 P9000\n"

static void slot(struct settings *s)
{
    s->sd = true;
    s->heat_k_s = 1000;
    s->speed = 45;
}

static struct rig *with_card(const char *firmware, void (*change)(struct settings *s))
{
    struct rig *r = rig_new(firmware, change);
    card_add(&r->m.card, "part of a bracket.gcode", "G28\nG1 X10 F600 ; go\n\nG1 X20\nM400\n", 35);
    card_add(&r->m.card, "B.GCO", SIX SIX, 2 * strlen(SIX));
    return r;
}

static void the_list_has_each_firmwares_form(void **state)
{
    (void)state;
    static const struct {
        const char *firmware;
        const char *command;
        const char *line;
    } cases[] = {
        {"marlin-2.1", "M20\n", "Begin file list\nPARTOF~1.GCO 35\nB.GCO 108\nEnd file list\nok"},
        {"marlin-2.1", "M20 L\n", "PARTOF~1.GCO 35 part of a bracket.gcode\n"},
        {"marlin-2.1", "M20 T L\n", "PARTOF~1.GCO 35 0x5A346000 part of a bracket.gcode\n"},
        {"marlin-1.1.9", "M20 L\n", "PARTOF~1.GCO 35 part of a bracket.gcode\n"},
        {"prusa-mk3", "M20 L\n", "partof~1.gco 35 \"part of a bracket.gcode\"\n"},
        {"sprinter", "M20\n", "PARTOF~1.GCO\r\nB.GCO\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig *r = with_card(cases[i].firmware, slot);
        assert_contains(rig_ask(r, cases[i].command, 100), cases[i].line);
        rig_free(r);
    }
}

static void a_print_runs_through_the_queue_without_oks_and_has_its_own_hash(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    const char *text = rig_ask(r, "M23 PARTOF~1.GCO\n", 100);
    assert_contains(text, "File opened: PARTOF~1.GCO Size: 35\nFile selected\nok");
    text = rig_ask(r, "M24\n", 40000);
    assert_int_equal(count_of(text, "ok"), 1);
    assert_contains(text, "Done printing file\n");
    assert_int_equal(r->m.tally.prints_len, 1);
    assert_true(r->m.tally.prints[0].card && r->m.tally.prints[0].complete);
    assert_int_equal(r->m.tally.prints[0].commands, 4);
    assert_contains(rig_ask(r, "M27\n", 10), "Not SD printing");
    rig_free(r);
}

static void serial_commands_pass_between_those_of_the_card(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    rig_ask(r, "M23 B.GCO\nM24\n", 1);
    const char *text = rig_ask(r, "M27\n", 1000);
    assert_contains(text, "SD printing byte ");
    assert_contains(text, "/108\nok");
    rig_free(r);
}

static void the_status_comes_by_itself_after_m27_s(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    assert_int_equal(count_of(rig_ask(r, "M27 S1\n", 3500), "Not SD printing"), 3);
    assert_int_equal(count_of(rig_ask(r, "M27 S0\n", 3500), "Not SD printing"), 0);
    rig_free(r);
}

static void a_pause_stops_feeding_and_m24_goes_on(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    rig_ask(r, "M23 B.GCO\nM24\n", 1);
    assert_contains(rig_ask(r, "M25\n", 1000), "//action:pause");
    assert_contains(rig_ask(r, "M27\n", 1000), "SD printing byte ");
    assert_contains(rig_ask(r, "M24\n", 4000), "Done printing file");
    assert_int_equal(r->m.tally.prints[0].commands, 12);
    rig_free(r);
}

static void an_abort_empties_the_queue_and_cools(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    rig_ask(r, "M104 S200\nM23 B.GCO\nM24\n", 1);
    rig_ask(r, "M524\n", 1000);
    assert_false(r->m.card.printing);
    assert_contains(rig_ask(r, "M105\n", 10), "/0.00 B:");
    rig_free(r);
}

static void an_upload_writes_numbered_lines_and_refuses_others(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    assert_contains(rig_ask(r, numbered(0, "M110 N0"), 10), "ok");
    assert_contains(rig_ask(r, numbered(1, "M28 NEW.GCO"), 10), "Writing to file: NEW.GCO");
    assert_contains(rig_ask(r, numbered(2, "G1 X5"), 10), "ok N2");
    assert_contains(rig_ask(r, numbered(3, "M112"), 10), "ok N3");
    assert_contains(rig_ask(r, "M105\n", 10), "No Checksum with line number, Last Line: 3");
    assert_contains(rig_ask(r, numbered(4, "M29"), 10), "Done saving file.\nok N4");
    assert_null(r->m.halted);
    int i = card_find(&r->m.card, "new.gco");
    assert_string_equal(r->m.card.files[i].bytes.data, "G1 X5\r\nM112\r\n");
    assert_contains(rig_ask(r, numbered(5, "M30 NEW.GCO"), 10), "File deleted:NEW.GCO\nok");
    rig_free(r);
}

static void quirky(struct settings *s)
{
    slot(s);
    s->sd_no_ok = true;
    s->sd_ok_joined = true;
}

static void the_missing_and_the_joined_ok_are_options(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", quirky);
    rig_ask(r, "M28 NEW.GCO\n", 10);
    assert_string_equal(rig_ask(r, "M29\n", 10), "Done saving file.\n");
    assert_string_equal(rig_ask(r, "M30 NEW.GCO\n", 10), "File deleted:NEW.GCOok\n");
    rig_free(r);
}

static void without_a_card_it_says_so_or_nothing(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    struct event e = {.kind = EVENT_CARD};
    rig_run(r, 0);
    rig_clear(r);
    model_step(&r->m, r->now_ns, &e, &r->out);
    assert_contains(strbuf_text(&r->out), "//action:sd_ejected");
    assert_contains(rig_ask(r, "M20\n", 10), "echo:No media\nok");
    assert_contains(rig_ask(r, "M21\n", 10), "echo:No SD card\nok");
    assert_string_equal(rig_ask(r, "M23 B.GCO\n", 10), "ok P15 B3\n");
    assert_string_equal(rig_ask(r, "M28 B.GCO\n", 10), "ok P15 B3\n");
    rig_clear(r);
    model_step(&r->m, r->now_ns, &e, &r->out);
    assert_contains(strbuf_text(&r->out), "//action:sd_inserted");
    assert_contains(rig_ask(r, "M20\n", 10), "B.GCO 108");
    rig_free(r);
}

static void a_card_pulled_out_ends_the_print(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    struct event e = {.kind = EVENT_CARD};
    rig_ask(r, "M104 S200\nM23 B.GCO\nM24\n", 1);
    model_step(&r->m, r->now_ns, &e, &r->out);
    rig_run(r, 1000);
    assert_false(r->m.card.printing);
    assert_contains(rig_ask(r, "M27\n", 10), "Not SD printing");
    rig_free(r);
}

static void capabilities_tell_of_the_slot(void **state)
{
    (void)state;
    struct rig *r = with_card("marlin-2.1", slot);
    const char *text = rig_ask(r, "M115\n", 100);
    assert_contains(text, "Cap:SDCARD:1\n");
    assert_contains(text, "Cap:AUTOREPORT_SD_STATUS:1\n");
    rig_free(r);
    r = rig_new("marlin-2.1", NULL);
    assert_contains(rig_ask(r, "M115\n", 100), "Cap:SDCARD:0\n");
    assert_contains(rig_ask(r, "M27\n", 10), "Not SD printing");
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_has_each_firmwares_form),
        cmocka_unit_test(a_print_runs_through_the_queue_without_oks_and_has_its_own_hash),
        cmocka_unit_test(serial_commands_pass_between_those_of_the_card),
        cmocka_unit_test(the_status_comes_by_itself_after_m27_s),
        cmocka_unit_test(a_pause_stops_feeding_and_m24_goes_on),
        cmocka_unit_test(an_abort_empties_the_queue_and_cools),
        cmocka_unit_test(an_upload_writes_numbered_lines_and_refuses_others),
        cmocka_unit_test(the_missing_and_the_joined_ok_are_options),
        cmocka_unit_test(without_a_card_it_says_so_or_nothing),
        cmocka_unit_test(a_card_pulled_out_ends_the_print),
        cmocka_unit_test(capabilities_tell_of_the_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
