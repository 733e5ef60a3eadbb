#include "host/core/sdcard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char seen[1000];

static void note(void *context, const struct sd_entry *e)
{
    size_t len = strlen(seen);
    (void)context;
    snprintf(seen + len, sizeof seen - len, "[%s|%s|%lld|%lld]", e->name, e->display,
        (long long)e->size_bytes, (long long)e->date_s);
}

static const char *entries(const char *line)
{
    seen[0] = '\0';
    sd_list_line(line, note, NULL);
    return seen;
}

static void lists_are_read_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *entries;
    } cases[] = {
        {"PART.GCO", "[PART.GCO|PART.GCO|-1|-1]"},
        {"PARTOF~1.GCO 1234", "[PARTOF~1.GCO|PARTOF~1.GCO|1234|-1]"},
        {"part.gco 1234", "[part.gco|part.gco|1234|-1]"},
        {"PART.GCO 1234 part of 12 b.gcode", "[PART.GCO|part of 12 b.gcode|1234|-1]"},
        {"part.gco 1234 \"part of it.gcode\"", "[part.gco|part of it.gcode|1234|-1]"},
        {"PART.GCO 12 0x5A346000", "[PART.GCO|PART.GCO|12|1737374400]"},
        {"PART.GCO 12 0x5A346000 long.gcode", "[PART.GCO|long.gcode|12|1737374400]"},
        {"/SUB/PART.GCO 12", "[/SUB/PART.GCO|/SUB/PART.GCO|12|-1]"},
        {"sub/part.g 12", "[sub/part.g|sub/part.g|12|-1]"},
        {"sub/", ""},
        {"a name with blanks.gcode 99",
            "[a name with blanks.gcode|a name with blanks.gcode|99|-1]"},
        {"part 12 b.gcode 99", "[part 12 b.gcode|part 12 b.gcode|99|-1]"},
        {"\"a.g\",\"b b.gcode\",\"note.txt\"", "[a.g|a.g|-1|-1][b b.gcode|b b.gcode|-1|-1]"},
        {"READ.ME 12", ""},
        {"DIR_ENTER: /SUB/ \"sub.gcode\"", ""},
        {"DIR_EXIT", ""},
        {"ok", ""},
        {" T:20.0 /0.0 B:20.0 /0.0 @:0", ""},
        {".gco 12", ""},
        {"PART.GCO 123456789012345678901", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(entries(cases[i].line), cases[i].entries);
    }
}

static void what_is_said_of_the_card_is_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum sd_kind kind;
        int64_t pos;
        int64_t size;
        const char *name;
    } cases[] = {
        {"Begin file list", SD_LIST_BEGIN, -1, -1, ""},
        {"GCode files:", SD_LIST_BEGIN, -1, -1, ""},
        {"End file list", SD_LIST_END, -1, -1, ""},
        {"SD printing byte 12/3456", SD_POSITION, 12, 3456, ""},
        {"echo:SD printing byte 12/3456", SD_POSITION, 12, 3456, ""},
        {"SD printing byte 12", SD_OTHER, 12, -1, ""},
        {"Not SD printing", SD_NOT_PRINTING, -1, -1, ""},
        {"Not SD printing.", SD_NOT_PRINTING, -1, -1, ""},
        {"File opened: /PART.GCO Size: 12", SD_OPENED, -1, 12, "/PART.GCO"},
        {"File opened:part.gco Size:12", SD_OPENED, -1, 12, "part.gco"},
        {"File opened: part.gco", SD_OPENED, -1, -1, "part.gco"},
        {"File selected", SD_SELECTED, -1, -1, ""},
        {"Current file: PART.GCO part.gcode", SD_CURRENT, -1, -1, "PART.GCO"},
        {"Current file: (no file)", SD_CURRENT, -1, -1, ""},
        {"open failed, File: x.", SD_OPEN_FAILED, -1, -1, ""},
        {"Done printing file", SD_DONE, -1, -1, ""},
        {"Writing to file: /A.GCO", SD_WRITING, -1, -1, "/A.GCO"},
        {"Done saving file.", SD_SAVED, -1, -1, ""},
        {"File deleted:A.GCOok", SD_DELETED, -1, -1, ""},
        {"Deletion failed, File: A.", SD_DELETE_FAILED, -1, -1, ""},
        {"Error:error writing to file", SD_WRITE_ERROR, -1, -1, ""},
        {"Error:SD read error", SD_READ_ERROR, -1, -1, ""},
        {"echo:SD card ok", SD_INSERTED, -1, -1, ""},
        {"echo:No media", SD_MISSING, -1, -1, ""},
        {"echo:SD init fail", SD_MISSING, -1, -1, ""},
        {"Error:volume.init failed", SD_MISSING, -1, -1, ""},
        {"ok", SD_OTHER, -1, -1, ""},
    };
    struct sd_reply r;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sd_parse(&r, cases[i].line);
        assert_int_equal(r.kind, cases[i].kind);
        assert_int_equal(r.pos, cases[i].pos);
        assert_int_equal(r.size, cases[i].size);
        assert_string_equal(r.name, cases[i].name);
    }
}

static bool in_list(void *context, const char *name)
{
    for (const char **p = context; *p != NULL; p++) {
        if (sd_same_name(*p, name)) {
            return true;
        }
    }
    return false;
}

static void a_name_of_8_3_characters_is_found_that_is_free(void **state)
{
    (void)state;
    const char *taken[] = {"/bracket.gco", "BRACKE~1.GCO", NULL};
    char out[13];
    assert_true(sd_dos_name(out, "bracket.gcode", in_list, taken));
    assert_string_equal(out, "BRACKE~2.GCO");
    assert_true(sd_dos_name(out, "a long name, it is.gcode", in_list, taken));
    assert_string_equal(out, "ALONGNAM.GCO");
    assert_true(sd_dos_name(out, "\xc3\xa4.gcode", in_list, taken));
    assert_string_equal(out, "PRINT.GCO");
}

static bool always(void *context, const char *name)
{
    (void)context;
    (void)name;
    return true;
}

static void no_name_is_better_than_somebody_elses(void **state)
{
    char out[13];
    (void)state;
    assert_false(sd_dos_name(out, "a.gcode", always, NULL));
}

static void names_that_would_be_something_else_in_a_command_are_refused(void **state)
{
    (void)state;
    assert_true(sd_name_ok("/SUB/PART~1.GCO"));
    assert_false(sd_name_ok(""));
    assert_false(sd_name_ok("a b.gco"));
    assert_false(sd_name_ok("a*3.gco"));
    assert_false(sd_name_ok("a\nM112"));
    assert_false(sd_name_ok("\"a.gco\""));
}

static void lines_that_would_end_or_lose_something_are_not_written(void **state)
{
    (void)state;
    assert_null(sd_unwritable("G1 X1", 5));
    assert_null(sd_unwritable("M290 Z0.1", 9));
    assert_non_null(sd_unwritable("M29", 3));
    assert_non_null(sd_unwritable("M117 an M29 bolt", 16));
    assert_non_null(sd_unwritable("m29 ", 4));
    assert_non_null(sd_unwritable("M117 2*3", 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_in_every_form),
        cmocka_unit_test(what_is_said_of_the_card_is_recognised),
        cmocka_unit_test(a_name_of_8_3_characters_is_found_that_is_free),
        cmocka_unit_test(no_name_is_better_than_somebody_elses),
        cmocka_unit_test(names_that_would_be_something_else_in_a_command_are_refused),
        cmocka_unit_test(lines_that_would_end_or_lose_something_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
