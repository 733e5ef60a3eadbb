// link: ppvirtual_model
/* Faults: reading their specs, when they fire, what they do to the model, orders over the socket.
 */
#include "ppv.h"

#include "tools/ppvirtual/order.h"

#include <math.h>

/* ---- specs ---- */

static struct fault_set set;

static const char *refused(const char *spec)
{
    static struct err e;
    e = (struct err){0};
    assert_int_not_equal(fault_add(&set, spec, &e), 0);
    assert_int_equal(set.len, 0);
    return e.text;
}

static struct fault *added(const char *spec)
{
    struct err e = {0};
    fault_clear(&set);
    if (fault_add(&set, spec, &e) != 0) {
        fail_msg("%s: %s", spec, e.text);
    }
    return &set.faults[0];
}

static void a_spec_is_read_with_its_keys_in_any_order(void **state)
{
    (void)state;
    const struct fault *f = added("ms=300,do=resend,ok=late,at=line:100,error=checksum,seed=7");
    assert_int_equal(f->kind, FAULT_RESEND);
    assert_int_equal(f->at, AT_LINE);
    assert_int_equal(f->at_n, 100);
    assert_int_equal((int)f->arg[ARG_OK], OK_LATE);
    assert_int_equal((int)f->arg[ARG_ERROR], ERROR_CHECKSUM);
    assert_int_equal((int)f->arg[ARG_MS], 300);
    assert_int_equal((int)f->arg[ARG_TIMES], 1);
    assert_string_equal(f->spec, "ms=300,do=resend,ok=late,at=line:100,error=checksum,seed=7");
}

static void a_text_may_hold_commas_ends_of_lines_and_any_byte(void **state)
{
    (void)state;
    const struct fault *f = added("at=now,do=say,text=a\\,b\\n\\x80\\\\c");
    assert_int_equal(f->text_len, 7);
    assert_memory_equal(f->text, "a,b\n\x80\\c", 7);
    fault_clear(&set);
    assert_non_null(strstr(refused("at=now,do=say,text=\\q"), "as escapes"));
    assert_non_null(strstr(refused("at=now,do=say,text="), "must not be empty"));
}

static void what_fires_each_time_and_what_once_depends_on_the_moment(void **state)
{
    (void)state;
    assert_int_equal((int)added("at=every:20,do=ok-lost")->arg[ARG_TIMES], 0);
    assert_int_equal((int)added("at=text:M109,do=ok-lost")->arg[ARG_TIMES], 1);
    assert_int_equal((int)added("at=text:M109,do=ok-lost,times=always")->arg[ARG_TIMES], 0);
    assert_int_equal((int)added("at=rate:1%,do=ok-lost,times=3")->arg[ARG_TIMES], 3);
    assert_true(fabs(added("at=rate:1.5%,do=flip")->at_number - 0.015) < 1e-12);
    assert_true(fabs(added("at=rate:0.015,do=flip")->at_number - 0.015) < 1e-12);
    fault_clear(&set);
}

static void a_wrong_spec_is_told_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const char *told;
    } cases[] = {
        {"", "do= is missing"},
        {"nonsense", "\"nonsense\": must be like at=line:100,do=resend"},
        {"at=line:1", "do= is missing"},
        {"do=resend", "at= is missing"},
        {"at=line:5,do=resnd", "do=\"resnd\": no such fault, did you mean \"resend\"?"},
        {"at=line:5,do=xyzzyx", "--help-faults"},
        {"at=lime:5,do=resend", "did you mean \"line\"?"},
        {"at=line,do=resend", "needs a value, such as line:100"},
        {"at=now:3,do=resend", "takes no value"},
        {"at=line:five,do=resend", "at=\"line:five\": must be a whole number"},
        {"at=every:0,do=resend", "must be a whole number"},
        {"at=time:-1,do=awol", "must be seconds"},
        {"at=rate:101%,do=resend", "must be like rate:1.5%"},
        {"at=rate:0%,do=resend", "must be like rate:1.5%"},
        {"at=rate:nan%,do=resend", "must be like rate:1.5%"},
        {"at=now,do=resend,pos=3", "resend takes only"},
        {"at=now,do=resend,ms=-1", "ms=\"-1\": must be a number from 0 to 3600000"},
        {"at=now,do=resend,ms=1,ms=2", "is given twice"},
        {"at=now,at=now,do=resend", "is given twice"},
        {"at=now,do=resend,do=awol", "is given twice"},
        {"at=now,do=resend,ok=perhaps", "ok=\"perhaps\": must be no, yes or late"},
        {"at=now,do=fatal,form=maxtmp", "did you mean \"maxtemp\"?"},
        {"at=now,do=temp", "do=temp needs how="},
        {"at=now,do=say", "do=say needs text="},
        {"at=now,do=flip,bit=8", "must be a whole number from 0 to 7"},
        {"at=now,do=flip,pos=-3", "must be a whole number from 0 to 1000"},
        {"at=now,do=insert,value=300", "must be a byte from 0 to 255"},
        {"at=period:2,do=ok-lost", "at=period: does not fit"},
        {"at=full,do=ok-lost", "at=full: fits"},
        {"at=now,do=ok-lost,times=0", "times=\"0\": must be"},
    };
    fault_clear(&set);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *told = refused(cases[i].spec);
        if (strstr(told, cases[i].told) == NULL) {
            fail_msg("\"%s\" is answered \"%s\"", cases[i].spec, told);
        }
    }
}

static void there_is_an_end_to_how_many_and_how_long(void **state)
{
    (void)state;
    char spec[FAULT_SPEC_MAX + 50];
    fault_clear(&set);
    memset(spec, 'x', sizeof(spec));
    memcpy(spec, "at=now,do=say,text=", 19);
    spec[sizeof(spec) - 1] = '\0';
    assert_non_null(strstr(refused(spec), "longer than"));
    for (int i = 0; i < FAULTS_MAX; i++) {
        assert_int_equal(fault_add(&set, "at=line:5,do=resend", NULL), 0);
    }
    struct err e = {0};
    assert_int_equal(fault_add(&set, "at=line:5,do=resend", &e), -PP_ELIMIT);
    fault_clear(&set);
}

static void every_fault_is_in_the_help(void **state)
{
    (void)state;
    struct strbuf text = {0};
    fault_help(&text);
    static const char *const some[] = {
        "resend", "power-panic", "rate:P%", "heating-failed", "wave"};
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        assert_contains(strbuf_text(&text), some[i]);
    }
    strbuf_fini(&text);
}

/* ---- when ---- */

static bool fires(struct fault_event e)
{
    size_t from = 0;
    e.text = e.text != NULL ? e.text : "G1";
    e.len = strlen(e.text);
    return fault_next(&set, &e, &from) != NULL;
}

static struct fault_event line_event(enum fault_seam seam, int64_t number, uint64_t nth)
{
    return (struct fault_event){.seam = seam, .is_line = true, .number = number, .nth = nth};
}

static void a_line_is_met_by_number_by_order_or_by_text(void **state)
{
    (void)state;
    added("at=line:7,do=resend");
    assert_false(fires(line_event(SEAM_LINE, 6, 9)));
    assert_false(fires(line_event(SEAM_REPLY, 7, 9)));
    assert_true(fires(line_event(SEAM_LINE, 7, 9)));
    assert_false(fires(line_event(SEAM_LINE, 7, 10)));
    added("at=nth:9,do=resend");
    assert_true(fires(line_event(SEAM_LINE, 6, 9)));
    added("at=text:M109 S,do=resend");
    struct fault_event e = line_event(SEAM_LINE, 1, 1);
    e.text = "M109";
    assert_false(fires(e));
    e.text = "M109 S200";
    assert_true(fires(e));
}

static void every_and_rate_count_opportunities_and_nothing_else(void **state)
{
    (void)state;
    added("at=every:3,do=stall");
    unsigned fired = 0;
    for (uint64_t i = 1; i <= 9; i++) {
        fired += fires(line_event(SEAM_MOMENT, (int64_t)i, i));
        fired += fires((struct fault_event){.seam = SEAM_MOMENT, .number = -1});
    }
    assert_int_equal(fired, 3);
    added("at=rate:10%,do=resend,seed=3");
    fired = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        fired += fires(line_event(SEAM_LINE, (int64_t)i, i));
    }
    assert_true(fired > 900 && fired < 1100);
}

static void the_same_seed_gives_the_same_run_and_another_another(void **state)
{
    (void)state;
    uint64_t runs[3] = {0};
    static const char *const specs[] = {"at=rate:50%,do=resend,seed=3",
        "at=rate:50%,do=resend,seed=3", "at=rate:50%,do=resend,seed=4"};
    for (int i = 0; i < 3; i++) {
        added(specs[i]);
        for (int k = 0; k < 60; k++) {
            runs[i] = runs[i] << 1 | fires(line_event(SEAM_LINE, k, (uint64_t)k));
        }
    }
    assert_true(runs[0] == runs[1]);
    assert_true(runs[0] != runs[2]);
}

static void time_alone_is_enough_for_what_needs_no_line(void **state)
{
    (void)state;
    added("at=time:12.5,do=awol");
    assert_true(fault_next_ns(&set) == UINT64_C(12500000000));
    assert_false(fires((struct fault_event){.seam = SEAM_MOMENT, .now_ns = 12499999999}));
    assert_true(fires((struct fault_event){.seam = SEAM_MOMENT, .now_ns = 12500000000}));
    assert_true(fault_next_ns(&set) == UINT64_MAX);
    added("at=period:2,do=action,text=pause");
    assert_true(fault_next_ns(&set) == UINT64_C(2000000000));
    assert_true(fires((struct fault_event){.seam = SEAM_MOMENT, .now_ns = 2000000000}));
    assert_true(fault_next_ns(&set) == UINT64_C(4000000000));
    added("at=time:1,do=ok-lost");
    assert_true(fault_next_ns(&set) == UINT64_MAX);
}

/* ---- what it does to the printer ---- */

static void breaks(struct rig *r, const char *spec)
{
    struct err e = {0};
    if (fault_add(&r->m.faults, spec, &e) != 0) {
        fail_msg("%s: %s", spec, e.text);
    }
}

static struct rig *broken_rig(const char *firmware, const char *spec)
{
    struct rig *r = rig_new(firmware, NULL);
    rig_run(r, 10);
    breaks(r, spec);
    return r;
}

static void a_line_asked_for_again_is_not_executed(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=line:1,do=resend,error=checksum,ok=late,ms=200");
    assert_string_equal(
        rig_ask(r, numbered(1, "G21"), 100), "Error:checksum mismatch, Last Line: 0\nResend: 1\n");
    rig_run(r, 150);
    assert_contains(strbuf_text(&r->out), "Resend: 1\nok\n");
    assert_int_equal(r->m.tally.executed, 0);
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 10), "ok N1 P15 B3\n");
    assert_int_equal(r->m.faults.faults[0].fired, 1);
    rig_free(r);
}

static void an_ok_is_lost_doubled_torn_or_replaced(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=now,do=ok-lost");
    assert_string_equal(rig_ask(r, "G21\n", 10), "");
    breaks(r, "at=now,do=ok-double");
    assert_string_equal(rig_ask(r, "G21\n", 10), "ok P15 B3\nok P15 B3\n");
    breaks(r, "at=now,do=ok-bad,text=k");
    assert_string_equal(rig_ask(r, "G21\n", 10), "k\n");
    breaks(r, "at=now,do=ok-split,ms=100");
    assert_string_equal(rig_ask(r, "G21\n", 50), "o");
    rig_run(r, 60);
    assert_string_equal(strbuf_text(&r->out), "ok P15 B3\n");
    breaks(r, "at=now,do=ok-late,ms=100");
    assert_string_equal(rig_ask(r, "G21\nM114\n", 50), "X:0.00 Y:0.00 Z:0.00 E:0.00 "
                                                       "Count X:0 Y:0 Z:0\nok P15 B3\n");
    rig_run(r, 60);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok P15"), 2);
    assert_int_equal(r->m.tally.executed, 6);
    rig_free(r);
}

static void oks_are_kept_back_and_come_in_one_burst(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-1.1.9", "at=always,do=ok-joined,n=3,ms=200");
    assert_string_equal(rig_ask(r, "G21\nG21\n", 100), "");
    rig_send(r, "G21\n");
    rig_run(r, 1);
    assert_string_equal(strbuf_text(&r->out), "ok\nok\nok\n");
    assert_string_equal(rig_ask(r, "G21\n", 150), "");
    rig_run(r, 60);
    assert_string_equal(strbuf_text(&r->out), "ok\n");
    rig_free(r);
}

static void an_early_ok_comes_before_the_output(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-1.1.9", "at=always,do=ok-early");
    assert_string_equal(
        rig_ask(r, "M114\n", 10), "ok\nX:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0\n");
    assert_string_equal(rig_ask(r, "M105\n", 10), "ok\n T:22.00 /0.00 B:22.00 /0.00 @:0 B@:0\n");
    rig_free(r);
}

static void a_byte_breaks_where_it_was_told_to(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=line:1,do=flip,dir=in,pos=4,bit=0");
    assert_contains(rig_ask(r, numbered(1, "G21"), 10), "Error:checksum mismatch");
    breaks(r, "at=line:1,do=drop,dir=in,pos=end");
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 10), "");
    assert_contains(rig_ask(r, "\n", 10), "ok N1 P15 B3\n");
    breaks(r, "at=line:2,do=flip,dir=out,in=ok,pos=0,bit=0");
    assert_string_equal(rig_ask(r, numbered(2, "G21"), 10), "nk N2 P15 B3\n");
    breaks(r, "at=line:3,do=insert,dir=out,in=ok,pos=1,value=0,bytes=2");
    rig_ask(r, numbered(3, "G21"), 10);
    assert_int_equal(r->out.len, strlen("ok N3 P15 B3\n") + 2);
    assert_memory_equal(r->out.data, "o\0\0k N3", 7);
    rig_free(r);
}

static void at_most_one_byte_of_a_line_is_damaged_by_chance(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=rate:90%,do=flip,dir=in");
    for (int i = 0; i < 100; i++) {
        rig_ask(r, numbered(1, "G1 X12.345 Y6.789"), 10);
        rig_ask(r, "\n", 10);
    }
    const char *got = strbuf_text(&r->out);
    assert_int_equal(count_of(got, "ok N1"), 0); /* two in a line could pass the checksum */
    rig_free(r);
}

static void a_fatal_error_turns_all_off_and_only_a_reset_helps(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=text:G28,do=fatal,form=runaway-bed");
    rig_ask(r, "M140 S60\nM104 S200\n", 10);
    assert_string_equal(rig_ask(r, "G28\n", 10),
        "Error:Thermal Runaway, system stopped! Heater_ID: bed\n"
        "Error:Printer halted. kill() called!\n");
    assert_string_equal(rig_ask(r, "M999\nM105\n", 2000), "");
    assert_true(r->m.heaters[0].target + r->m.heaters[HEATER_BED].target < 1);
    struct event reset = {.kind = EVENT_RESET};
    model_step(&r->m, r->now_ns, &reset, &r->out);
    assert_contains(rig_ask(r, "M105\n", 10), "ok T:");
    rig_free(r);
}

static void repetiers_fatal_ends_with_m999(void **state)
{
    (void)state;
    struct rig *r = broken_rig("repetier", "at=text:G21,do=fatal,form=repetier");
    assert_contains(rig_ask(r, "G21\n", 10), "fatal:Heater/sensor defect");
    assert_string_equal(rig_ask(r, "M105\n", 100), "");
    assert_contains(rig_ask(r, "M999\n", 10), "ok");
    assert_contains(rig_ask(r, "M105\n", 10), "T:");
    rig_free(r);
}

static void a_reset_cuts_off_what_is_half_sent(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    model_fini(&r->m);
    struct settings s = r->m.s;
    s.wire = true;
    model_init(&r->m, &s);
    rig_run(r, 100);
    rig_clear(r);
    breaks(r, "at=time:0.103,do=reset,pieces=3,value=128");
    rig_send(r, "M105\n");
    rig_run(r, 1000);
    const char *got = strbuf_text(&r->out);
    assert_memory_equal(got, "ok T:22", 7);
    assert_contains(got, "start\nPowerUp\n");
    assert_null(strstr(got, "@:0 B@:0"));
    assert_non_null(memchr(got, 0x80, r->out.len));
    rig_free(r);
}

static void a_power_panic_says_int4_and_comes_back_with_the_offer(void **state)
{
    (void)state;
    struct rig *r = broken_rig("prusa-mk3", "at=text:G21,do=power-panic,ms=500");
    rig_ask(r, "M104 S200\n", 10);
    assert_string_equal(rig_ask(r, "G21\n", 100), "INT4\n");
    assert_string_equal(r->m.halted, "power panic");
    rig_run(r, 500);
    assert_contains(strbuf_text(&r->out), "\n//action:uvlo_recovery_ready\n");
    assert_contains(strbuf_text(&r->out), "INT4\nstart\n");
    assert_true(r->m.heaters[0].target < 1);
    rig_free(r);
}

static void a_stopped_printer_drops_lines_without_counting_them(void **state)
{
    (void)state;
    struct rig *r = broken_rig("prusa-mk3", "at=now,do=stopped,for=5000");
    rig_run(r, 10);
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 1000), "");
    rig_run(r, 4500);
    assert_int_equal(count_of(strbuf_text(&r->out), "busy"), 2);
    assert_contains(rig_ask(r, numbered(2, "G21"), 10), "Resend: 1\n");
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 10), "ok\n");
    rig_free(r);
}

static void a_locked_printer_says_ok_and_does_nothing(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=always,do=locked,code=99");
    rig_run(r, 1);
    assert_string_equal(rig_ask(r, "M104 S200\n", 10),
        "echo:Printer locked! (Unlock with M511 or LCD)\nok P15 B3\n");
    assert_true(r->m.heaters[0].target < 1);
    assert_contains(rig_ask(r, "M511 P1\n", 10), "echo:Incorrect Password\n");
    assert_string_equal(rig_ask(r, "M511 P99\n", 10), "ok P15 B3\n");
    assert_string_equal(rig_ask(r, "M104 S200\n", 10), "ok P15 B3\n");
    assert_int_equal(r->m.tally.executed, 1);
    rig_free(r);
}

static void another_masters_commands_are_executed_and_not_counted_as_the_hosts(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=text:G21,do=foreign,text=G1 X5");
    assert_string_equal(rig_ask(r, "G21\n", 3000), "ok P15 B2\nok P14 B3\n");
    assert_true(fabs(r->m.machine.position[0] - 5) < 1e-6);
    assert_int_equal(r->m.tally.total.commands, 1);
    assert_int_equal(r->m.havoc.foreign, 1);
    breaks(r, "at=text:G20,do=foreign,text=G1 X7,ok=no");
    assert_int_equal(count_of(rig_ask(r, "G20\n", 3000), "ok"), 1);
    rig_free(r);
}

static void sensors_stick_jump_and_lie(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=now,do=temp,heater=bed,how=value,value=-55.7");
    assert_contains(rig_ask(r, "M105\n", 10), "B:-55.70 /0.00");
    breaks(r, "at=now,do=temp,how=nan,for=1000");
    rig_run(r, 1);
    assert_contains(rig_ask(r, "M105\n", 10), "T:nan /0.00");
    rig_run(r, 1000);
    assert_contains(rig_ask(r, "M105\n", 10), "T:22.00 /0.00");
    breaks(r, "at=now,do=temp,how=stuck");
    rig_ask(r, "M104 S100\n", 20000);
    assert_contains(rig_ask(r, "M105\n", 10), "T:22.00 /100.00");
    assert_true(heater_temp(&r->m.heaters[0], r->now_ns) > 70);
    rig_free(r);
}

static void a_state_ends_in_time_though_its_fault_is_forgotten(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=now,do=temp,how=nan,for=1000");
    rig_run(r, 1);
    fault_clear(&r->m.faults);
    assert_contains(rig_ask(r, "M105\n", 10), "T:nan /0.00");
    rig_run(r, 1000);
    assert_contains(rig_ask(r, "M105\n", 10), "T:22.00 /0.00");
    rig_free(r);
}

static void a_heater_never_gets_there_or_does_not_stop(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=now,do=temp,how=never,value=20");
    rig_run(r, 1);
    rig_ask(r, "M109 S100\n", 600000);
    assert_int_equal(count_of(strbuf_text(&r->out), "ok"), 0);
    assert_contains(strbuf_text(&r->out), "T:80.00 /100.00");
    rig_free(r);
    r = broken_rig("marlin-2.1", "at=now,do=temp,how=runaway,value=280");
    rig_ask(r, "M104 S0\n", 200000);
    assert_contains(rig_ask(r, "M105\n", 10), "T:280.00 /0.00");
    rig_free(r);
}

static void the_line_counter_wraps(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=always,do=wrap");
    rig_run(r, 1);
    rig_ask(r, "M110 N65534\n", 10);
    assert_string_equal(rig_ask(r, numbered(65535, "G21"), 10), "ok N65535 P15 B3\n");
    assert_string_equal(rig_ask(r, numbered(65536, "G21"), 10), "ok N0 P15 B3\n");
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 10), "ok N1 P15 B3\n");
    assert_contains(rig_ask(r, numbered(9, "G21"), 10), "Resend: 2\n");
    rig_free(r);
}

static void a_line_that_does_not_end_is_given_up(void **state)
{
    (void)state;
    struct rig *r = broken_rig("prusa-mk3", "at=always,do=rx-timeout");
    rig_run(r, 1);
    assert_string_equal(rig_ask(r, "N1 G2", 1900), "");
    rig_run(r, 200);
    assert_string_equal(strbuf_text(&r->out), "RX timeout\n");
    assert_string_equal(rig_ask(r, numbered(1, "G21"), 10), "ok\n");
    rig_free(r);
}

static void lines_without_number_may_be_refused(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=always,do=numbered-only");
    rig_run(r, 1);
    assert_contains(rig_ask(r, "M105\n", 10), "Error:No Checksum with line number");
    assert_contains(rig_ask(r, numbered(1, "M105"), 10), "ok T:");
    rig_free(r);
}

static void unknown_commands_are_met_in_other_ways(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=always,do=unknown,form=no-ok");
    rig_run(r, 1);
    assert_string_equal(rig_ask(r, "M5555\n", 10), "echo:Unknown command: \"M5555\"\n");
    breaks(r, "at=now,do=unknown,form=slashes");
    rig_run(r, 1);
    assert_string_equal(rig_ask(r, "M5555\n", 10), "// Unknown command:\"M5555\"\nok P15 B3\n");
    rig_free(r);
}

static void prusas_buffer_is_flushed_when_it_is_full(void **state)
{
    (void)state;
    struct rig *r = broken_rig("prusa-mk3", "at=full,do=rx-flush");
    breaks(r, "at=now,do=stall,ms=500");
    rig_run(r, 1);
    for (int i = 0; i < 8; i++) {
        rig_send(r, numbered(1 + i, "G1 X100.123 Y100.123"));
    }
    rig_clear(r);
    rig_run(r, 1000);
    assert_contains(strbuf_text(&r->out), "Full RX Buffer\n");
    assert_true(r->m.faults.faults[0].fired > 0);
    rig_free(r);
}

static void cable_and_power_go_and_come_back(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=text:G21,do=unplug,ms=400,power=yes,link=/tmp/x");
    struct havoc_order o;
    rig_ask(r, "G21\n", 10);
    assert_true(havoc_take_order(&r->m, &o));
    assert_int_equal(o.kind, ORDER_UNPLUG);
    assert_true(o.for_ns == 400 * UINT64_C(1000000));
    assert_string_equal(o.link, "/tmp/x");
    assert_false(havoc_take_order(&r->m, &o));
    assert_string_equal(r->m.halted, "no power");
    rig_run(r, 400);
    assert_contains(strbuf_text(&r->out), "start\n");
    assert_null(r->m.halted);
    rig_free(r);
}

static void the_report_tells_how_often_each_has_fired(void **state)
{
    (void)state;
    struct rig *r = broken_rig("marlin-2.1", "at=every:2,do=ok-lost");
    rig_ask(r, "G21\nG21\nG21\nG21\n", 10);
    char *text = report_text(&r->m);
    assert_contains(text, "\"spec\": \"at=every:2,do=ok-lost\"");
    assert_contains(text, "\"fired\": 2");
    free(text);
    rig_free(r);
}

/* ---- orders ---- */

static enum order_kind ordered(struct rig *r, const char *line, const char *answer)
{
    struct strbuf b = {0};
    struct order o = order_line(&r->m, line, &b);
    assert_contains(strbuf_text(&b), answer);
    strbuf_fini(&b);
    return o.kind;
}

static void orders_are_faults_or_words(void **state)
{
    (void)state;
    struct rig *r = rig_new("marlin-2.1", NULL);
    rig_run(r, 1);
    assert_int_equal(ordered(r, "do=ok-lost", "ok\n"), DO_NOTHING);
    assert_string_equal(rig_ask(r, "G21\n", 10), "");
    assert_int_equal(ordered(r, "list", "1 at=now,do=ok-lost\nok\n"), DO_NOTHING);
    assert_int_equal(ordered(r, "clear", "ok\n"), DO_NOTHING);
    assert_int_equal(r->m.faults.len, 0);
    assert_int_equal(ordered(r, "at=line:x,do=resend", "error: at=\"line:x\""), DO_NOTHING);
    assert_int_equal(ordered(r, "reset", "ok\n"), DO_RESET);
    assert_int_equal(ordered(r, "replug", "ok\n"), DO_REPLUG);
    assert_int_equal(ordered(r, "unplug", "ok\n"), DO_UNPLUG);
    assert_int_equal(ordered(r, "unplug 300", "ok\n"), DO_UNPLUG);
    assert_int_equal(ordered(r, "unplug soon", "error: unplug \"soon\""), DO_NOTHING);
    assert_int_equal(ordered(r, "report", "\"firmware\""), DO_REPORT);
    assert_int_equal(ordered(r, "power off", "ok\n"), DO_POWER_OFF);
    struct strbuf executed = {0};
    r->m.executed = &executed;
    r->m.s.stamped = true;
    assert_int_equal(ordered(r, "note a=b", "ok\n"), DO_NOTHING);
    assert_contains(strbuf_text(&executed), " # a=b\n");
    r->m.executed = NULL;
    strbuf_fini(&executed);
    assert_int_equal(ordered(r, "repor", "did you mean \"report\""), DO_NOTHING);
    assert_int_equal(ordered(r, "", "error: \"\": no such order"), DO_NOTHING);
    assert_int_equal(ordered(r, "help", "unplug [MS]"), DO_NOTHING);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spec_is_read_with_its_keys_in_any_order),
        cmocka_unit_test(a_text_may_hold_commas_ends_of_lines_and_any_byte),
        cmocka_unit_test(what_fires_each_time_and_what_once_depends_on_the_moment),
        cmocka_unit_test(a_wrong_spec_is_told_what_would_be_right),
        cmocka_unit_test(there_is_an_end_to_how_many_and_how_long),
        cmocka_unit_test(every_fault_is_in_the_help),
        cmocka_unit_test(a_line_is_met_by_number_by_order_or_by_text),
        cmocka_unit_test(every_and_rate_count_opportunities_and_nothing_else),
        cmocka_unit_test(the_same_seed_gives_the_same_run_and_another_another),
        cmocka_unit_test(time_alone_is_enough_for_what_needs_no_line),
        cmocka_unit_test(a_line_asked_for_again_is_not_executed),
        cmocka_unit_test(an_ok_is_lost_doubled_torn_or_replaced),
        cmocka_unit_test(oks_are_kept_back_and_come_in_one_burst),
        cmocka_unit_test(an_early_ok_comes_before_the_output),
        cmocka_unit_test(a_byte_breaks_where_it_was_told_to),
        cmocka_unit_test(at_most_one_byte_of_a_line_is_damaged_by_chance),
        cmocka_unit_test(a_fatal_error_turns_all_off_and_only_a_reset_helps),
        cmocka_unit_test(repetiers_fatal_ends_with_m999),
        cmocka_unit_test(a_reset_cuts_off_what_is_half_sent),
        cmocka_unit_test(a_power_panic_says_int4_and_comes_back_with_the_offer),
        cmocka_unit_test(a_stopped_printer_drops_lines_without_counting_them),
        cmocka_unit_test(a_locked_printer_says_ok_and_does_nothing),
        cmocka_unit_test(another_masters_commands_are_executed_and_not_counted_as_the_hosts),
        cmocka_unit_test(sensors_stick_jump_and_lie),
        cmocka_unit_test(a_state_ends_in_time_though_its_fault_is_forgotten),
        cmocka_unit_test(a_heater_never_gets_there_or_does_not_stop),
        cmocka_unit_test(the_line_counter_wraps),
        cmocka_unit_test(a_line_that_does_not_end_is_given_up),
        cmocka_unit_test(lines_without_number_may_be_refused),
        cmocka_unit_test(unknown_commands_are_met_in_other_ways),
        cmocka_unit_test(prusas_buffer_is_flushed_when_it_is_full),
        cmocka_unit_test(cable_and_power_go_and_come_back),
        cmocka_unit_test(the_report_tells_how_often_each_has_fired),
        cmocka_unit_test(orders_are_faults_or_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
