// quick: PP_ROUNDS=500
/* Replies as running firmwares wrote them, and as a bad cable changes them. */
#include "host/core/reply.h"
#include "tests/lib/rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The number columns hold the number plus one: what is left out means "none told". */
struct row {
    const char *line;
    enum reply_kind kind;
    int64_t n1;
    int planner1;
    int buffer1;
    bool temps;
    bool reset;
    bool waiting;
    int oks;          /* 0: one if it is an ok */
    const char *text; /* NULL = not looked at */
};

#define N(n) .n1 = INT64_C(1) + (n)
#define R(l, k, ...)                                                                               \
    {                                                                                              \
        .line = (l), .kind = REPLY_##k, __VA_ARGS__                                                \
    }

static const struct row oks[] = {
    /* plain: Marlin without ADVANCED_OK, Sprinter, Teacup, Prusa, Smoothie, Klipper */
    R("ok", OK),
    R("ok ", OK),
    /* Marlin with ADVANCED_OK, of a numbered and an unnumbered line */
    R("ok N4 P15 B3", OK, N(4), 16, 4),
    R("ok P15 B3", OK, .planner1 = 16, .buffer1 = 4),
    R("ok N2147483647 P0 B0", OK, N(2147483647), 1, 1),
    R("ok N0 P15 B3", OK, N(0), 16, 4),
    /* Repetier */
    R("ok 12", OK, N(12)),
    R("ok N12", OK, N(12)),
    /* with temperatures: Marlin, Sprinter, the host's own test printer, Prusa, Smoothie, Klipper */
    R("ok T:19.38 /0.00 B:19.38 /0.00 @:0 B@:0", OK, .temps = true),
    R("ok T:21 @:0 B:21", OK, .temps = true),
    R("ok T:21.30/ 0.00 B:21.30/ 0.00 @:64", OK, .temps = true),
    R("ok T:22.4 /0.0 B:24.1 /0.0 T0:22.4 /0.0 @:0 B@:0 P:28.1 A:29.5", OK, .temps = true),
    R("ok T:26.1 /0.0 @0 B:25.1 /0.0 @0", OK, .temps = true),
    R("ok B:22.2 /0.0 T0:21.0 /0.0", OK, .temps = true),
    R("ok T:0", OK, .temps = true),
    /* with a position: no temperatures, however it is written */
    R("ok C: X:0.00 Y:0.00 Z:0.00 E:0.00", OK),
    R("ok X:1.00 Y:2.00 Z:3.00 E:0.00", OK),
    /* newlines between them were lost */
    R("okok", OK, .oks = 2),
    R("okokok T:20.0 /0.0", OK, .temps = true, .oks = 3),
    R("ok N4 P15 B3ok N5 P14 B2", OK, N(5), 15, 3),
    R("okokay", TEXT),
    /* "File deleted" of M30, with the ok behind it */
    R("File deleted:TEST.GCOok", OK),
    R("File deleted:TEST.GCO", TEXT),
    R("Done saving file.", TEXT),
    /* nonsense numbers stay bounded */
    R("ok N99999999999999999999 P9999 B1000", OK, N(999999999999999)),
    /* no oks */
    R("okay", TEXT),
    R("o", TEXT),
    R("k", TEXT),
    R("k N4 P15 B3", TEXT),
    R("oj N4 P15 B3", TEXT),
    R("OK", TEXT),
    R(" ok", TEXT),
    R("\x80\xf3\x11ok", TEXT),
    R("", TEXT, .text = ""),
    R("wait", WAIT),
    R("waiting", TEXT),
};

static const struct row resends[] = {
    R("Resend: 23", RESEND, N(23)),
    R("Resend:23", RESEND, N(23)),
    R("Resend: N23", RESEND, N(23)),
    R("Resend:N23", RESEND, N(23)),
    R("Resend: N:23", RESEND, N(23)),
    R("resend: 23", RESEND, N(23)),
    R("Resend: 23 please", RESEND, N(23)),
    R("rs 23", RESEND, N(23)),
    R("rs N23", RESEND, N(23)),
    R("rs N:23", RESEND, N(23)),
    R("rs N2 Expected checksum 67", RESEND, N(2)),
    R("Resend: 0", RESEND, N(0)),
    R("Resend: 23ok", RESEND, N(23)),
    R("Resend:", RESEND),
    R("Resend: -4", RESEND),
    R("Resend: x", RESEND),
    R("Resend: 123456789012345678901234567890", RESEND, N(123456789012345)),
    /* the newline of the ok before it was lost */
    R("okResend: 23", RESEND, N(23), .oks = 1),
    R("okokrs N23", RESEND, N(23), .oks = 2),
    R("rs", TEXT),
    R("rsync", TEXT),
    R("skip 40", TEXT),
};

static const struct row errors[] = {
    /* a Resend follows: Marlin 2.1 and 1.1.9, Sprinter, Prusa */
    R("Error:checksum mismatch, Last Line: 1", RETRY),
    R("Error: checksum mismatch, Last Line:1", RETRY),
    R("Error:Line Number is not Last Line Number+1, Last Line: 2", RETRY),
    R("Serial Error: Line Number is not Last Line Number+1, Last Line:2", RETRY),
    R("Error:No Checksum with line number, Last Line: 3", RETRY),
    R("Error: No Checksum with line number, Last Line:3", RETRY),
    R("Error: Missing checksum", RETRY),
    R("Error: expected line 3 got 5", RETRY),
    R("Error:Format error", RETRY),
    /* neither Resend nor ok by itself */
    R("Error: No Line Number with checksum, Last Line:4", NO_ACK),
    R("Error:No Line Number with checksum, Last Line: 4", NO_ACK),
    R("Error:Missing linenumber", NO_ACK),
    /* a bad cable */
    R("Error:c:ecksum mismatch, Last Line: 41", RETRY),
    R("Error:checkstm mirmatch, Last Line: 41", RETRY),
    R("Error:Line Number is not Lasp Line Nqmber+1, Last Line: 2", RETRY),
    R("Errpr:checksum mismatch, Last Line: 1", RETRY),
    R("Erro:checksum mismatch, Last Line: 1", TEXT), /* its Resend follows all the same */
    /* ends nothing: SD cards, what the printer does not know */
    R("Error:volume.init failed", ERROR),
    R("Error:openRoot failed", ERROR),
    R("Error:workDir open failed", ERROR),
    R("Error:error writing to file", ERROR),
    R("Error:cannot open TEST.GCO", ERROR),
    R("Error:open failed, File: TEST.GCO.", ERROR),
    R("Error:Cannot enter: SUB", ERROR),
    R("Error:Unknown command: \"M555\"", ERROR),
    R("Error:Probing Failed", ERROR),
    /* ends the print, the printer lives */
    R("!! Must home axis first: 10.000 10.000 0.000 [0.000]", ABORT,
        .text = "Must home axis first: 10.000 10.000 0.000 [0.000]"),
    R("!! Move out of range: 400.000 10.000 0.000 [0.000]", ABORT),
    R("echo:Printer locked! (Unlock with M511 or LCD)", ABORT),
};

static const struct row halts[] = {
    R("Error:Printer halted. kill() called!", HALT, .text = "Printer halted. kill() called!"),
    R("Error:Heating failed, system stopped! Heater_ID: 0", HALT),
    R("Error:Thermal Runaway, system stopped! Heater_ID: bed", HALT),
    R("Error:MAXTEMP triggered, system stopped! Heater_ID: 0", HALT),
    R("Error:MINTEMP triggered, system stopped! Heater_ID: 0", HALT),
    R("Error:MAXTEMP BED triggered", HALT),
    R("Error:MINTEMP BED triggered", HALT),
    R("Error:0 : Extruder switched off. MAXTEMP triggered !", HALT),
    /* the same in two lines */
    R("Error:0", ERROR),
    R(" : Extruder switched off. MAXTEMP triggered !", HALT),
    R("Error:3 - Invalid extruder number !", HALT),
    R("Error:Watchdog Reset", HALT),
    R("Error:KILL caused by KILL button/pin", HALT),
    R("Error:KILL caused by too much inactive time - current command: G1 X1", HALT),
    R("Error:Printer stopped due to errors. Fix the error and use M999 to restart.", HALT),
    R("fatal:Heater/sensor error - Printer stopped and heaters disabled due to this error. Fix "
      "error and restart with M999.",
        HALT),
    R("!! MCU 'mcu' shutdown: Timer too close", HALT),
    R("!! Lost communication with MCU 'mcu'", HALT),
    R("!! Heater extruder not heating at expected rate", HALT),
    /* power panic of a Prusa */
    R("INT4", HALT),
    /* a bad cable */
    R("Error:Printer halued. kill() callee!", HALT),
    R("Ersor:Heating failed, system stopped! Heater_ID: 0", HALT),
    R("Error:Thermal Runavay, system stopped! Heater_ID: 0", HALT),
};

/* What stops a print at once, as it is written, and whether the printer is dead then. */
static const struct {
    const char *line;
    bool dead;
} kill_set[] = {
    {"Error:Printer halted. kill() called!", true},
    {"Error:Heating failed, system stopped! Heater_ID: 0", false},
    {"Error:Heating failed, system stopped! Heater_ID: bed", false},
    {"Error:Thermal Runaway, system stopped! Heater_ID: 0", false},
    {"Error:MAXTEMP triggered, system stopped! Heater_ID: 0", false},
    {"Error:MINTEMP triggered, system stopped! Heater_ID: bed", false},
    {"Error:MAXTEMP BED triggered", false},
    {"Error:3 - Invalid extruder number !", false},
    {"Error:Watchdog Reset", false},
    {"Error:KILL caused by KILL button/pin", false},
    {" : Extruder switched off. MAXTEMP triggered !", false},
    {"Error: Temperature heated bed switched off. MINTEMP triggered !!", false},
    {"fatal:Heater/sensor error", false},
    {"!! MCU 'mcu' shutdown: Heater extruder not heating at expected rate", true},
    {"INT4", true},
};

static const struct row others[] = {
    R("start", START),
    R("starting", TEXT),
    R(" start", TEXT),
    R("echo:start", TEXT),
    /* a reset in the middle of a line */
    R("ok T:19.38 /0.00start", OK, .temps = true, .reset = true),
    R(" T:19.38 /0.00 B:19.3start", TEXT, .temps = true, .reset = true),
    R("ok N4 P1start", OK, N(4), 2, .reset = true),
    R("okstart", OK, .reset = true),
    R("echo:busy: processtart", BUSY, .waiting = true, .reset = true),
    R("echo:please restart", TEXT),
    /* still at it */
    R("echo:busy: processing", BUSY, .waiting = true, .text = "processing"),
    R("busy: processing", BUSY, .waiting = true, .text = "processing"),
    R("echo:busy: paused for user", BUSY, .waiting = true, .text = "paused for user"),
    R("echo:busy: paused for input", BUSY, .waiting = true, .text = "paused for input"),
    R("echo:busy: heating", BUSY, .waiting = true, .text = "heating"),
    R("echo:busy: door open", BUSY, .waiting = true, .text = "door open"),
    /* temperatures by themselves */
    R(" T:41.62 /60.00 B:19.38 /0.00 @:127 B@:0 W:?", TEXT, .temps = true, .waiting = true),
    R("T:201 E:0 W:?", TEXT, .temps = true, .waiting = true),
    R("T:31.30", TEXT, .temps = true),
    R("T:95.0/0.0 B:50.0/0.0", TEXT, .temps = true),
    R("TargetExtr0:210", TEXT, .temps = true),
    R("TargetBed:60", TEXT, .temps = true),
    /* and what only looks like them */
    R("X:1.00 Y:2.00 Z:3.00 E:4.00 Count X:80 Y:160 Z:1200", TEXT),
    R("X:1.00 Y:2.00 Z:3.00 E:4.00 Count A:80 B:160 C:1200", TEXT),
    R("C: X:0.00 Y:0.00 Z:0.00 E:0.00", TEXT),
    R("FIRMWARE_NAME:Marlin 2.1.2 (Jan 10 2025 12:00:00) SOURCE_CODE_URL:x PROTOCOL_VERSION:1.0 "
      "MACHINE_TYPE:Ender-3 EXTRUDER_COUNT:1 UUID:cede2a2f-41a2-4748-9b12-c55c62f367ff",
        TEXT),
    R("Cap:AUTOREPORT_TEMP:1", TEXT),
    R("cap:AUTOREPORT_TEMP:1", TEXT),
    R("area:{full:{min:{x:0,y:0,z:0},max:{x:220,y:220,z:250}}}", TEXT),
    R("S_XYZ:0", TEXT),
    R("echo:Unknown command: \"M555555\"", UNKNOWN),
    R("echo:Unknown command: \"T:20\"", UNKNOWN),
    R("// Unknown command:\"M555\"", UNKNOWN),
    R("E: Bad M-code 35", TEXT),
    R("echo:M112 Shutdown", TEXT),
    R("Full RX Buffer", RETRY),
    R("echo:RX timeout", RETRY),
    R("echo:PowerUp", TEXT),
    R("// Klipper state: Ready", TEXT),
    /* what the printer asks of the host */
    R("//action:pause", ACTION, .text = "pause"),
    R("// action:pause", ACTION, .text = "pause"),
    R("//action:start", ACTION, .text = "start"),
    R("//action:prompt_begin Nozzle Parked", ACTION, .text = "prompt_begin Nozzle Parked"),
    R("//action:notification T:210 reached", ACTION, .text = "notification T:210 reached"),
    R("//action:poweroff", ACTION, .text = "poweroff"),
};

static bool check(const struct row *row)
{
    struct reply r;
    char *line = strdup(row->line); /* so that reading past the end shows */
    reply_parse(&r, line, strlen(line));
    bool same = r.kind == row->kind && r.n == row->n1 - 1 && r.planner_free == row->planner1 - 1 &&
                r.buffer_free == row->buffer1 - 1 && r.temps == row->temps &&
                r.reset == row->reset && r.oks == (row->oks > 0 ? row->oks : r.kind == REPLY_OK) &&
                r.waiting == row->waiting && (row->text == NULL || strcmp(r.text, row->text) == 0);
    if (!same) {
        print_error(
            "\"%s\": kind %d n %lld planner %d buffer %d temps %d reset %d waiting %d \"%s\"\n",
            row->line, r.kind, (long long)r.n, r.planner_free, r.buffer_free, r.temps, r.reset,
            r.waiting, r.text);
    }
    free(line);
    return same;
}

static void check_all(const struct row *rows, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        good = check(&rows[i]) && good;
    }
    assert_true(good);
}

#define CHECK_ALL(table) check_all(table, sizeof(table) / sizeof *(table))

static void every_form_of_ok_is_understood(void **state)
{
    (void)state;
    CHECK_ALL(oks);
}

static void every_form_of_resend_is_understood(void **state)
{
    (void)state;
    CHECK_ALL(resends);
}

static void errors_are_told_apart_by_what_follows_them(void **state)
{
    (void)state;
    CHECK_ALL(errors);
}

static void a_printer_that_has_stopped_itself_is_recognised(void **state)
{
    (void)state;
    CHECK_ALL(halts);
}

static void other_lines_are_what_they_are(void **state)
{
    (void)state;
    CHECK_ALL(others);
}

/* Whatever one wrong character does to a reply, it never becomes a stop or a restart. */
static void one_wrong_character_never_stops_a_print(void **state)
{
    static const char *const lines[] = {"ok N41 P15 B3", "ok", "ok T:19.38 /0.00 B:19.38 /0.00 @:0",
        "Error:checksum mismatch, Last Line: 41", "Resend: 42", "echo:busy: processing",
        "X:1.00 Y:2.00 Z:3.00 E:4.00 Count X:80"};
    char line[80];
    struct reply r;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        for (size_t at = 0; lines[i][at] != '\0'; at++) {
            for (int c = 1; c < 256; c++) {
                strcpy(line, lines[i]);
                line[at] = (char)c;
                reply_parse(&r, line, strlen(line));
                assert_true(r.kind != REPLY_HALT && r.kind != REPLY_START && !r.reset);
            }
        }
    }
}

static void a_dead_printer_is_told_from_one_that_may_still_heat(void **state)
{
    struct reply r;
    (void)state;
    for (size_t i = 0; i < sizeof kill_set / sizeof *kill_set; i++) {
        reply_parse(&r, kill_set[i].line, strlen(kill_set[i].line));
        assert_int_equal(r.kind, REPLY_HALT);
        assert_int_equal(r.dead, kill_set[i].dead);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Changes, loses or adds one character at `at`. */
static void garble(char *line, size_t at, uint32_t how)
{
    size_t left = strlen(line + at);
    char c = (char)(33 + how / 3 % 90);
    if (how % 3 == 0) {
        line[at] = c;
    } else if (how % 3 == 1) {
        memmove(line + at, line + at + 1, left);
    } else {
        memmove(line + at + 1, line + at, left + 1);
        line[at] = c;
    }
}

/* Also in "Error:", of which all but two characters are left; "fatal:", "!!", "INT4" and " :" have
 * nothing else to be known by. */
static void two_wrong_characters_do_not_hide_a_halt(void **state)
{
    char line[120];
    struct reply r;
    uint32_t seed = 1;
    int tries = rounds(3000);
    (void)state;
    for (size_t i = 0; i < sizeof kill_set / sizeof *kill_set; i++) {
        bool bare = strchr("fI!", kill_set[i].line[0]) != NULL;
        size_t from = kill_set[i].line[0] == ' ' ? 2 : 0;
        for (int round = 0; round < tries; round++) {
            strcpy(line, kill_set[i].line);
            for (int k = 0; k < 2 && !bare; k++) {
                garble(line, from + next_random(&seed) % (strlen(line) - from), next_random(&seed));
            }
            reply_parse(&r, line, strlen(line));
            if (r.kind != REPLY_HALT) {
                fail_msg("\"%s\": kind %d", line, r.kind);
            }
        }
    }
}

static void two_wrong_characters_never_make_a_halt(void **state)
{
    static const char *const lines[] = {"ok N41 P15 B3", "ok T:19.38 /0.00 B:19.38 /0.00 @:0",
        "Error:checksum mismatch, Last Line: 41", "Resend: 42", "echo:busy: processing",
        "Error:Line Number is not Last Line Number+1, Last Line: 2",
        "Error:No Checksum with line number, Last Line: 3", "Error:Probing Failed",
        " T:41.62 /60.00 B:19.38 /0.00 @:127 B@:0 W:?", "echo:Unknown command: \"M555555\"",
        "Error:cannot open TEST.GCO", "//action:notification Heating...", "echo:M112 Shutdown",
        "X:1.00 Y:2.00 Z:3.00 E:4.00 Count X:80", "Cap:THERMAL_PROTECTION:1"};
    char line[120];
    struct reply r;
    uint32_t seed = 2;
    int tries = rounds(3000);
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        for (int round = 0; round < tries; round++) {
            strcpy(line, lines[i]);
            for (int k = 0; k < 2; k++) {
                garble(line, next_random(&seed) % strlen(line), next_random(&seed));
            }
            reply_parse(&r, line, strlen(line));
            if (r.kind == REPLY_HALT) {
                fail_msg("\"%s\" is no halt", line);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_ok_is_understood),
        cmocka_unit_test(every_form_of_resend_is_understood),
        cmocka_unit_test(errors_are_told_apart_by_what_follows_them),
        cmocka_unit_test(a_printer_that_has_stopped_itself_is_recognised),
        cmocka_unit_test(other_lines_are_what_they_are),
        cmocka_unit_test(one_wrong_character_never_stops_a_print),
        cmocka_unit_test(a_dead_printer_is_told_from_one_that_may_still_heat),
        cmocka_unit_test(two_wrong_characters_do_not_hide_a_halt),
        cmocka_unit_test(two_wrong_characters_never_make_a_halt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
