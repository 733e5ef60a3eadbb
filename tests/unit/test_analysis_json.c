// link: ppapp
#include "host/app/analysis_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct analysis analyse(const char *text)
{
    struct analyzer *a = analyze_new(NULL);
    struct analysis out;
    analyze_feed(a, text, strlen(text));
    analyze_finish(a, &out);
    analyze_free(a);
    return out;
}

static struct analysis full(void)
{
    struct analysis a = analyse("M140 S60.5\nM104 S215\nG28\nG1 X10 Y20 Z0.2 F3000\n"
                                "G1 X50 Y20 E5\nT1\nG1 X50 Y60 E10\n");
    a.layers = 3;
    a.slicer_time_ms = 61000;
    a.binary_line_no = 7;
    a.placeholder_line_no = INT64_MAX;
    strcpy(a.placeholder, "{bed \"x\"}");
    strcpy(a.slicer, "PrusaSlicer 2.5.0");
    strcpy(a.printer, "Ender-3 \"Jürgen\"");
    strcpy(a.material, "PLA");
    strcpy(a.filament[0].type, "PLA");
    strcpy(a.filament[2].colour, "#ff8000");
    a.filament[2].density_mg_cm3 = 1240;
    a.relative_xyz_before_home = true;
    a.printer_exact = true;
    a.nozzle_um = 400;
    a.tools_used |= UINT32_C(1) << 31;
    a.filament_um[ANALYSIS_TOOLS - 1] = -3;
    return a;
}

static void assert_same_after_json(const struct analysis *a)
{
    struct analysis back;
    json_t *json = analysis_to_json(a);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    json = json_loads(text, 0, NULL);
    assert_true(analysis_from_json(json, &back));
    json_t *again = analysis_to_json(&back);
    assert_true(json_equal(json, again));
    json_decref(again);
    json_decref(json);
    free(text);
    assert_int_equal(back.bytes, a->bytes);
    assert_int_equal(back.time_ms, a->time_ms);
    assert_int_equal(back.max_bed_mc, a->max_bed_mc);
    assert_int_equal(back.max_chamber_mc, a->max_chamber_mc);
    assert_int_equal(back.tools_used, a->tools_used);
    assert_int_equal(back.slicer_time_ms, a->slicer_time_ms);
    assert_int_equal(back.placeholder_line_no, a->placeholder_line_no);
    assert_memory_equal(back.filament_um, a->filament_um, sizeof a->filament_um);
    assert_string_equal(back.printer, a->printer);
    assert_memory_equal(back.filament, a->filament, sizeof a->filament);
}

static void every_value_comes_back(void **state)
{
    struct analysis a = full();
    (void)state;
    assert_same_after_json(&a);
}

static void what_a_file_without_moves_has_not_is_null(void **state)
{
    static const char *const nulls[] = {"min_um", "max_um", "travel_min_um", "travel_max_um",
        "layers", "layer_height_um", "slicer_time_ms", "max_tool_c", "max_bed_c", "max_chamber_c",
        "binary_line_no", "placeholder", "slicer", "printer", "material", "nozzle_um"};
    struct analysis a = analyse("M117 hello\n");
    (void)state;
    json_t *json = analysis_to_json(&a);
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        if (!json_is_null(json_object_get(json, nulls[i]))) {
            fail_msg("%s is not null", nulls[i]);
        }
    }
    assert_int_equal(json_array_size(json_object_get(json, "filament_um")), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "commands")), 1);
    json_decref(json);
    assert_same_after_json(&a);
}

static void values_have_the_units_of_their_names(void **state)
{
    struct analysis a = full();
    (void)state;
    json_t *json = analysis_to_json(&a);
    assert_true(json_real_value(json_object_get(json, "max_bed_c")) == 60.5);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "max_um"), 0)), 50000);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(json, "tools"), 1)), 1);
    assert_int_equal(json_integer_value(json_object_get(json, "slicer_time_ms")), 61000);
    json_decref(json);
}

static void foreign_bytes_in_a_text_are_escaped(void **state)
{
    struct analysis a = full();
    (void)state;
    strcpy(a.slicer, "Sli\xffsor\n");
    json_t *json = analysis_to_json(&a);
    assert_string_equal(json_string_value(json_object_get(json, "slicer")), "Sli\\xffsor\\x0a");
    json_decref(json);
}

/* Each field in turn: absent, of another kind, out of range. */
static void what_another_program_wrote_is_refused(void **state)
{
    struct analysis a = full();
    struct analysis back;
    json_t *json = analysis_to_json(&a);
    const char *key;
    json_t *value;
    (void)state;
    json_object_foreach(json, key, value)
    {
        json_t *changed = json_copy(json);
        json_object_del(changed, key);
        if (analysis_from_json(changed, &back)) {
            fail_msg("%s may be absent", key);
        }
        json_object_set_new(changed, key, json_object());
        if (analysis_from_json(changed, &back)) {
            fail_msg("%s may be an object", key);
        }
        json_decref(changed);
    }
    const char *const wrong[] = {"[1]", "[{}]", "[null]", "[{}, {}, {}, {}, {}, {}, {}, {}, {}]",
        "[{\"type\": 1, \"colour\": null, \"density_mg_cm3\": 0}]",
        "[{\"type\": null, \"colour\": \"#ff8000ff\", \"density_mg_cm3\": 0}]",
        "[{\"type\": null, \"colour\": null, \"density_mg_cm3\": -1}]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *changed = json_copy(json);
        json_object_set_new(changed, "filaments", json_loads(wrong[i], 0, NULL));
        assert_false(analysis_from_json(changed, &back));
        json_decref(changed);
    }
    json_object_set_new(json, "layers", json_integer(INT64_C(1) << 40));
    assert_false(analysis_from_json(json, &back));
    json_decref(json);
    assert_false(analysis_from_json(NULL, &back));
}

static void lists_that_do_not_fit_are_refused(void **state)
{
    static const char *const lists[][2] = {{"filament_um", "[1,2,3,4,5,6,7,8,9]"},
        {"tools", "[32]"}, {"tools", "[-1]"}, {"min_um", "[1,2]"}, {"max_um", "[1,2,3,4]"},
        {"min_um", "[1,2,null]"}};
    struct analysis a = full();
    struct analysis back;
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_t *json = analysis_to_json(&a);
        json_object_set_new(json, lists[i][0], json_loads(lists[i][1], 0, NULL));
        if (analysis_from_json(json, &back)) {
            fail_msg("%s: %s", lists[i][0], lists[i][1]);
        }
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_comes_back),
        cmocka_unit_test(what_a_file_without_moves_has_not_is_null),
        cmocka_unit_test(values_have_the_units_of_their_names),
        cmocka_unit_test(foreign_bytes_in_a_text_are_escaped),
        cmocka_unit_test(what_another_program_wrote_is_refused),
        cmocka_unit_test(lists_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
