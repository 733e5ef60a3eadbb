// link: ppapp
#include "host/app/material.h"
#include "host/app/profile.h"
#include "host/base/file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tempdir.h"

#define SHIPPED PP_SOURCE_DIR "/profiles"

static char dir[TEMPDIR_SIZE];

static int set_up(void **state)
{
    (void)state;
    tempdir_make(dir);
    return mkdir(tempdir_path(dir, "printers"), 0700);
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_remove(dir);
    return 0;
}

static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/printers/%s", dir, name);
    assert_int_equal(file_write(path, text, strlen(text), 0600, NULL), 0);
}

static struct profiles *open_with(const char *first, const char *second)
{
    const char *const dirs[] = {first, second, NULL};
    struct profiles *p = NULL;
    struct err e = {0};
    int rc = profiles_open(&p, dirs, &e);
    assert_string_equal(e.text, "");
    assert_int_equal(rc, 0);
    return p;
}

static const char small[] = "name: Small\n"
                            "volume: {x: [-5, 100], y: [0, 90.5], z: [0, 80]}\n"
                            "max_temperature: {tool: 250, bed: 0}\n";

static void every_shipped_profile_is_right(void **state)
{
    struct profiles *p = open_with(SHIPPED, NULL);
    const struct profile *one = NULL;
    size_t count = 0;
    (void)state;
    assert_null(profiles_mistake(p, 0));
    for (; (one = profiles_at(p, count)) != NULL; count++) {
        assert_ptr_equal(profiles_find(p, one->id), one);
        assert_true(one->limits.max_um[2] >= 75000);
        assert_true(one->limits.max_tool_mc >= 200000);
        assert_true(strlen(one->cancel_script) > 0);
    }
    assert_true(count >= 80);
    profiles_close(p);
}

static void no_two_shipped_profiles_share_a_model(void **state)
{
    struct profiles *p = open_with(SHIPPED, NULL);
    const struct profile *one = NULL;
    (void)state;
    for (size_t i = 0; (one = profiles_at(p, i)) != NULL; i++) {
        for (size_t m = 0; one->models[m] != NULL; m++) {
            assert_ptr_equal(profiles_match(p, one->models[m]), one);
        }
    }
    profiles_close(p);
}

static void a_file_is_read_into_its_struct(void **state)
{
    struct profiles *p = open_with(SHIPPED, NULL);
    (void)state;
    const struct profile *mk3 = profiles_find(p, "prusa-mk3s");
    assert_non_null(mk3);
    assert_string_equal(mk3->name, "Original Prusa i3 MK3S & MK3S+");
    assert_int_equal(mk3->limits.max_um[0], 250000);
    assert_int_equal(mk3->limits.max_um[1], 210000);
    assert_int_equal(mk3->limits.margin_um, 5000);
    assert_int_equal(mk3->limits.max_tool_mc, 300000);
    assert_int_equal(mk3->limits.max_bed_mc, 120000);
    assert_string_equal(mk3->firmware, "prusa");
    assert_int_equal(mk3->rx_bytes, 128);
    assert_int_equal(mk3->command_slots, 4);
    assert_int_equal(mk3->window, WINDOW_AUTO);
    assert_int_equal(mk3->progress, PROGRESS_AUTO);
    assert_false(mk3->own_scripts);
    assert_string_equal(mk3->limits.models[0], "MK3S");
    assert_true(mk3->kinematics.jerk_mm_s[3] == 4.5);
    assert_true(mk3->kinematics.junction_deviation_mm == 0); /* a jerk alone: classic jerk */
    assert_true(profiles_find(p, "anycubic-kossel")->limits.round);
    assert_ptr_equal(profiles_match(p, "mk3s"), mk3);
    assert_null(profiles_match(p, "no such printer"));
    profiles_close(p);
}

static const char *for_file(const struct profiles *p, const char *printer, bool exact)
{
    struct analysis a = {.printer_exact = exact};
    snprintf(a.printer, sizeof a.printer, "%s", printer);
    const struct profile *one = profiles_for_file(p, &a);
    return one != NULL ? one->id : "none";
}

static void a_file_gets_the_profile_of_its_printer_and_none_in_doubt(void **state)
{
    struct profiles *p = open_with(SHIPPED, NULL);
    (void)state;
    assert_string_equal(for_file(p, "", true), "none");
    assert_string_equal(for_file(p, "mini", true), "prusa-mini");
    assert_string_equal(for_file(p, "mini", false), "none"); /* somebody's word for it */
    assert_string_equal(for_file(p, "Prusa mini fine", false), "prusa-mini");
    assert_string_equal(for_file(p, "Creality Ender-3 V2", true), "creality-ender3-v2");
    assert_string_equal(for_file(p, "Creality Ender-3 V7", true), "none");
    assert_string_equal(for_file(p, "generic-marlin", true), "none"); /* not a printer */
    assert_ptr_equal(profiles_match(p, "generic-marlin"), profiles_find(p, "generic-marlin"));
    profiles_close(p);
}

static void what_a_file_leaves_out_has_defaults(void **state)
{
    (void)state;
    put("small.yaml", small);
    struct profiles *p = open_with(dir, NULL);
    const struct profile *s = profiles_find(p, "small");
    assert_non_null(s);
    assert_int_equal(s->limits.min_um[0], -5000);
    assert_int_equal(s->limits.max_um[1], 90500);
    assert_int_equal(s->limits.tools, 1);
    assert_false(s->limits.round);
    assert_int_equal(s->baud, 0);
    assert_int_equal(s->rx_bytes, 0);
    assert_string_equal(s->firmware, "marlin");
    assert_memory_equal(&s->kinematics, &kinematics_marlin, sizeof s->kinematics);
    assert_string_equal(
        s->pause_script, "M83\nG1 E-2 F1800\nG91\nG1 Z10 F600\nG90\nG1 X-5.000 Y90.500 F6000\n");
    assert_string_equal(s->cancel_script,
        "M83\nG1 E-2 F1800\nG91\nG1 Z10 F600\nG90\nG1 X-5.000 Y90.500 F6000\nM84\n");
    assert_string_equal(s->resume_script, "");
    assert_string_equal(s->end_script, "");
    profiles_close(p);
}

static void a_delta_neither_moves_aside_nor_lets_its_carriages_fall(void **state)
{
    (void)state;
    put("big.yaml",
        "name: Big\nvolume: {x: [-100, 100], y: [-100, 100], z: [0, 300]}\n"
        "shape: round\ntools: 2\nmax_temperature: {tool: 250, bed: 100, chamber: 60}\n");
    struct profiles *p = open_with(dir, NULL);
    assert_string_equal(
        profiles_find(p, "big")->cancel_script, "M83\nG1 E-2 F1800\nG91\nG1 Z10 F600\nG90\nG28\n");
    profiles_close(p);
}

static void scripts_are_plain_gcode(void **state)
{
    struct strbuf mistakes = {0};
    char text[1024];
    (void)state;
    snprintf(text, sizeof text, "%sscripts: {end: \"\", pause: \"G28\\nG1 Z{z}\"}\n", small);
    assert_null(profile_read("/x/p.yaml", text, strlen(text), &mistakes));
    assert_string_equal(strbuf_text(&mistakes),
        "/x/p.yaml:4:27: pause: \"G28\\x0aG1 Z{z}\": line 2 "
        "has a \"{\": scripts are plain gcode\n");
    strbuf_fini(&mistakes);
    snprintf(text, sizeof text, "%sscripts: {end: \"\", pause: \"M117 \xc3\xa4\"}\n", small);
    assert_null(profile_read("/x/p.yaml", text, strlen(text), &mistakes));
    strbuf_fini(&mistakes);
    snprintf(text, sizeof text, "%sscripts: {cancel: \"\"}\n", small);
    struct profile *p = profile_read("/x/p.yaml", text, strlen(text), &mistakes);
    assert_string_equal(p->id, "p");
    assert_string_equal(p->cancel_script, ""); /* empty is not left out */
    assert_true(p->own_scripts);
    profile_free(p);
    snprintf(text, sizeof text, "%sscripts: {end: \"M84\"}\nprogress_display: m117\n", small);
    p = profile_read("/x/p.yaml", text, strlen(text), &mistakes);
    assert_false(p->own_scripts); /* the firmware has no command of its own for the end */
    assert_int_equal(p->progress, PROGRESS_M117);
    profile_free(p);
    strbuf_fini(&mistakes);
}

static void assert_wrong(const char *text, const char *wanted)
{
    struct strbuf mistakes = {0};
    assert_null(profile_read("p.yaml", text, strlen(text), &mistakes));
    assert_string_equal(strbuf_text(&mistakes), wanted);
    strbuf_fini(&mistakes);
}

/* Whoever writes one limit does not lose the others; none can be written away. */
static void thermal_limits_may_be_moved_but_not_removed(void **state)
{
    static const char head[] = "name: a\nvolume: {x: [0, 9], y: [0, 9], z: [0, 9]}\n"
                               "max_temperature: {tool: 250, bed: 90}\n";
    char text[400];
    struct strbuf mistakes = {0};
    (void)state;
    snprintf(text, sizeof text, "%sthermal: {bed: {rise: 0.5, rise_time: 10m}}\n", head);
    struct profile *p = profile_read("p.yaml", text, strlen(text), &mistakes);
    strbuf_fini(&mistakes);
    assert_non_null(p);
    assert_int_equal(p->thermal[THERMAL_BED].rise_mc, 500);
    assert_int_equal(p->thermal[THERMAL_BED].rise_ms, 600000);
    assert_int_equal(p->thermal[THERMAL_BED].fall_mc, thermal_defaults[THERMAL_BED].fall_mc);
    assert_memory_equal(&p->thermal[THERMAL_TOOL], &thermal_defaults[THERMAL_TOOL],
        sizeof thermal_defaults[THERMAL_TOOL]);
    profile_free(p);
    snprintf(text, sizeof text, "%sthermal: {tool: {fall: 0, stuck_time: 5h, rate: 2000}}\n", head);
    assert_wrong(text, "p.yaml:4:24: fall: \"0\": must be a number from 4 to 50\n"
                       "p.yaml:4:39: stuck_time: \"5h\": must be a time such as 90s, 30m or 2h, "
                       "from 1m to 2h\n"
                       "p.yaml:4:49: rate: \"2000\": must be a number from 1 to 1000\n");
}

static void impossible_facts_are_refused(void **state)
{
    (void)state;
    assert_wrong("", "p.yaml:1:1: name: is missing\np.yaml:1:1: volume: is missing\n"
                     "p.yaml:1:1: max_temperature: is missing\n");
    assert_wrong("name: a\nvolume: {x: [100, 0], y: [0, 1], z: [0, 1]}\n"
                 "max_temperature: {tool: 250, bed: 0}\n",
        "p.yaml:2:13: x: [100, 0]: the second must be the larger one\n");
    assert_wrong("name: a\nvolume: {x: [-10, 10], y: [0, 10], z: [0, 1]}\nshape: round\n"
                 "max_temperature: {tool: 250, bed: 0}\n",
        "p.yaml:2:27: y: [0, 10]: a round bed is as deep as wide, and x has 20 mm\n");
    assert_wrong("name: a\nvolume: {x: [0, 1], y: [0, 1]}\nmax_temperature: {tool: 2500, bed: 0}\n",
        "p.yaml:2:9: z: is missing\n"
        "p.yaml:3:25: tool: \"2500\": must be a number from 100 to 500\n");
}

static void a_users_file_overrides_ours(void **state)
{
    (void)state;
    put("prusa-mk3s.yaml", small);
    struct profiles *p = open_with(SHIPPED, dir);
    assert_string_equal(profiles_find(p, "prusa-mk3s")->name, "Small");
    assert_non_null(profiles_find(p, "virtual"));
    profiles_close(p);
}

static void a_users_file_with_mistakes_hides_ours(void **state)
{
    (void)state;
    put("prusa-mk3s.yaml", "name: 1\nvolum: 3\n");
    struct profiles *p = open_with(SHIPPED, dir);
    assert_null(profiles_find(p, "prusa-mk3s"));
    assert_non_null(strstr(profiles_mistake(p, 0), "prusa-mk3s.yaml:2:1: volum: unknown key"));
    profiles_close(p);
}

static void other_files_in_the_folder_are_passed_over(void **state)
{
    (void)state;
    put("notes.txt", "x");
    put(".hidden.yaml", "x");
    put(".yaml", "x");
    put("small.yaml~", "x");
    struct profiles *p = open_with(dir, NULL);
    assert_null(profiles_at(p, 0));
    assert_null(profiles_mistake(p, 0));
    profiles_close(p);
}

static void an_edited_file_is_read_again_and_old_pointers_stay_good(void **state)
{
    (void)state;
    put("a.yaml", small);
    put("b.yaml", small);
    struct profiles *p = open_with(dir, NULL);
    const struct profile *a = profiles_find(p, "a");
    const struct profile *b = profiles_find(p, "b");
    assert_false(profiles_reload(p));
    put("a.yaml", "name: Other\nvolume: {x: [0, 9], y: [0, 9], z: [0, 9]}\n"
                  "max_temperature: {tool: 250, bed: 0}\n");
    assert_true(profiles_reload(p));
    assert_string_equal(a->name, "Small");
    assert_string_equal(profiles_find(p, "a")->name, "Other");
    assert_ptr_equal(profiles_find(p, "b"), b);
    unlink(tempdir_path(dir, "printers/b.yaml"));
    assert_true(profiles_reload(p));
    assert_null(profiles_find(p, "b"));
    assert_string_equal(b->name, "Small");
    profiles_close(p);
}

static void a_file_that_breaks_keeps_its_last_good_facts(void **state)
{
    (void)state;
    put("a.yaml", small);
    struct profiles *p = open_with(dir, NULL);
    const struct profile *a = profiles_find(p, "a");
    put("a.yaml", "name: Small\n");
    assert_true(profiles_reload(p));
    assert_ptr_equal(profiles_find(p, "a"), a);
    assert_non_null(profiles_mistake(p, 0));
    assert_false(profiles_reload(p));
    assert_non_null(profiles_mistake(p, 0));
    put("a.yaml", small);
    assert_true(profiles_reload(p));
    assert_null(profiles_mistake(p, 0));
    profiles_close(p);
}

static void quirks_override_single_fields_of_the_firmwares_row(void **state)
{
    char text[512];
    struct strbuf m = {0};
    struct dialect d;
    (void)state;
    snprintf(
        text, sizeof text, "%sfirmware: repetier\nquirks: {probe: checksum, busy: yes}\n", small);
    struct profile *p = profile_read("x/a.yaml", text, strlen(text), &m);
    assert_string_equal(strbuf_text(&m), "");
    quirks_apply(&p->quirks, dialect_by_name(p->firmware), &d);
    assert_int_equal(d.probe, PROBE_CHECKSUM);
    assert_true(d.busy);
    assert_int_equal(d.number_bits, 16);
    assert_true(d.ok_on_receipt);
    quirks_print(&p->quirks, dialect_by_name(p->firmware), &m);
    assert_non_null(strstr(strbuf_text(&m), "  probe: checksum # given here\n"));
    assert_non_null(strstr(strbuf_text(&m), "  ok_on_receipt: yes\n"));
    assert_non_null(strstr(strbuf_text(&m), "  number_bits: 16\n"));
    strbuf_fini(&m);
    quirks_apply(NULL, dialect_by_name("teacup"), &d);
    assert_true(d.first_star);
    profile_free(p);
}

static void every_mistake_in_the_quirks_is_told(void **state)
{
    char text[512];
    struct strbuf m = {0};
    (void)state;
    snprintf(text, sizeof text,
        "%squirks:\n  probe: gab\n  busy: 3\n  number_bits: 99\n  wiat: yes\n", small);
    assert_null(profile_read("x/a.yaml", text, strlen(text), &m));
    assert_non_null(strstr(strbuf_text(&m), "x/a.yaml:5:10: probe: \"gab\""));
    assert_non_null(strstr(strbuf_text(&m), "x/a.yaml:6:9: busy: \"3\""));
    assert_non_null(strstr(strbuf_text(&m), "x/a.yaml:7:16: number_bits: \"99\": must be"));
    assert_non_null(strstr(strbuf_text(&m), "x/a.yaml:8:3: wiat: unknown key"));
    strbuf_fini(&m);
}

static void the_shipped_materials_are_right(void **state)
{
    static const char *const dirs[] = {SHIPPED, NULL};
    struct materials *m = NULL;
    (void)state;
    assert_int_equal(materials_open(&m, dirs, NULL), 0);
    assert_null(materials_mistake(m, 0));
    const struct material *pla = materials_match(m, "pla");
    assert_non_null(pla);
    assert_ptr_equal(pla, materials_find(m, "pla"));
    assert_int_equal(pla->tool_mc[0], 190000);
    assert_int_equal(pla->diameter_um, 1750);
    assert_true(fabs(material_grams(pla, 1000000) - 2.983) < 0.001);
    const struct material *one = NULL;
    for (size_t i = 0; (one = materials_at(m, i)) != NULL; i++) {
        for (size_t t = 0; one->types[t] != NULL; t++) {
            assert_ptr_equal(materials_match(m, one->types[t]), one);
        }
        assert_in_range(one->tool_mc[1], 200000, 320000);
        assert_true(one->density_g_cm3 >= 0.9 && one->density_g_cm3 <= 1.3);
    }
    materials_close(m);
}

static void a_material_is_weighed_by_its_key(void **state)
{
    static const char *const dirs[] = {SHIPPED, NULL};
    struct materials *m = NULL;
    (void)state;
    assert_int_equal(materials_open(&m, dirs, NULL), 0);
    double pla = materials_weigh(m, "PLA", 1000000);
    assert_true(fabs(pla - 2.983) < 0.001);
    assert_true(materials_weigh(m, "pla_Fire Red_#ff0000", 1000000) == pla);
    assert_true(materials_weigh(m, "PLA-Wood", 1000000) == pla);
    assert_true(fabs(materials_weigh(m, "ABS", 1000000) - 2.501) < 0.001);
    assert_true(materials_weigh(m, "PLANT", 1000000) == 0);
    assert_true(materials_weigh(m, "", 1000000) == 0);
    assert_true(materials_weigh(m, "_Black", 1000000) == 0);
    assert_true(materials_weigh(m, "-x", 1000000) == 0);
    materials_close(m);
}

static void a_belt_says_so_and_what_clears_it(void **state)
{
    struct strbuf mistakes = {0};
    char text[400];
    (void)state;
    snprintf(text, sizeof text, "%sshape: belt\nclear_script: my belt\n", small);
    struct profile *p = profile_read("p.yaml", text, strlen(text), &mistakes);
    assert_non_null(p);
    assert_true(p->belt && !p->limits.round);
    assert_string_equal(p->clear_script, "my belt");
    assert_null(strchr(p->pause_script, 'Z')); /* the belt stays where it is */
    assert_null(strchr(p->cancel_script, 'Z'));
    profile_free(p);
    p = profile_read("p.yaml", small, strlen(small), &mistakes);
    assert_false(p->belt);
    assert_string_equal(p->clear_script, "");
    profile_free(p);
    snprintf(text, sizeof text, "%sshape: belts\n", small);
    assert_null(profile_read("p.yaml", text, strlen(text), &mistakes));
    assert_non_null(strstr(strbuf_text(&mistakes), "shape: \"belts\""));
    strbuf_fini(&mistakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_profile_is_right),
        cmocka_unit_test(no_two_shipped_profiles_share_a_model),
        cmocka_unit_test(a_file_is_read_into_its_struct),
        cmocka_unit_test(a_file_gets_the_profile_of_its_printer_and_none_in_doubt),
        cmocka_unit_test_setup_teardown(what_a_file_leaves_out_has_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_delta_neither_moves_aside_nor_lets_its_carriages_fall, set_up, tear_down),
        cmocka_unit_test(scripts_are_plain_gcode),
        cmocka_unit_test(thermal_limits_may_be_moved_but_not_removed),
        cmocka_unit_test(impossible_facts_are_refused),
        cmocka_unit_test_setup_teardown(a_users_file_overrides_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_users_file_with_mistakes_hides_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            other_files_in_the_folder_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_edited_file_is_read_again_and_old_pointers_stay_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_file_that_breaks_keeps_its_last_good_facts, set_up, tear_down),
        cmocka_unit_test(quirks_override_single_fields_of_the_firmwares_row),
        cmocka_unit_test(every_mistake_in_the_quirks_is_told),
        cmocka_unit_test(the_shipped_materials_are_right),
        cmocka_unit_test(a_material_is_weighed_by_its_key),
        cmocka_unit_test(a_belt_says_so_and_what_clears_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
