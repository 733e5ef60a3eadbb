/* The printers that come with pphost, against tables written apart from their files. */
// link: ppapp
#include "host/app/profile.h"
#include "host/app/queue/scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct profiles *shipped;

static int open_shipped(void **state)
{
    static const char *const dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    (void)state;
    return profiles_open(&shipped, dirs, NULL);
}

static int close_shipped(void **state)
{
    (void)state;
    profiles_close(shipped);
    return 0;
}

enum shape {
    BOX,
    ROUND,
    BELT /* clears itself; depth is along the belt, height above it */
};

struct size {
    int width;
    int depth;
    int height;
};

/* The names by which Continuous Print's jobs ask for a printer, and the sizes it gives them. Where
 * the maker gives a smaller one, that counts: ours. */
static const struct known {
    const char *name;
    struct size size;
    enum shape shape;
    struct size ours;
} known[] = {
    {"Generic", {150, 150, 150}, BOX, {0}},
    {"Prusa Mini", {180, 180, 180}, BOX, {0}},
    {"Creality CR30", {200, 1000, 200}, BELT, {0}},
    {"Monoprice Mini Delta V2", {110, 110, 120}, ROUND, {0}},
    {"Creality Sermoon D1", {280, 260, 310}, BOX, {0}},
    {"MakerGear M2", {200, 250, 200}, BOX, {0}},
    {"XYZ daVinci Mini w", {150, 150, 150}, BOX, {0}},
    {"IMADE3D JellyBOX Original nzl-0.4", {170, 145, 140}, BOX, {0}},
    {"Creality Ender 6", {250, 250, 400}, BOX, {0}},
    {"Flashforge Finder", {140, 140, 140}, BOX, {0}},
    {"Atom v2", {210, 210, 320}, ROUND, {0}},
    {"Prusa i3 MK2S", {250, 210, 210}, BOX, {250, 210, 200}},
    {"Creality CR-10S-Pro", {300, 300, 400}, BOX, {0}},
    {"Anycubic Chiron", {400, 400, 450}, BOX, {0}},
    {"Wanhao Duplicator_6", {200, 200, 180}, BOX, {0}},
    {"SainSmart Infi-20", {200, 300, 170}, BELT, {0}},
    {"TypeA Series1", {305, 305, 305}, BOX, {0}},
    {"Cubicon Single+", {240, 190, 200}, BOX, {0}},
    {"Leapfrog CreatrHS", {270, 280, 180}, BOX, {0}},
    {"Wanhao Duplicator_i3", {200, 200, 180}, BOX, {0}},
    {"Flashforge Guider II", {280, 250, 300}, BOX, {0}},
    {"XYZ daVinci Jr Pro", {150, 150, 150}, BOX, {0}},
    {"Raise3D N2", {310, 310, 305}, BOX, {305, 305, 305}},
    {"Creality Ender 5", {220, 220, 300}, BOX, {0}},
    {"DeltaMaker Original", {240, 240, 260}, ROUND, {0}},
    {"Prusa i3 MK3S+", {250, 210, 210}, BOX, {0}},
    {"Creality CR-10S", {300, 300, 400}, BOX, {0}},
    {"GridBot Two", {300, 300, 300}, BOX, {0}},
    {"IMADE3D JellyBOX3 nzl-0.4", {180, 165, 140}, BOX, {0}},
    {"Wanhao Duplicator_4s", {225, 145, 150}, BOX, {0}},
    {"Creality Ender 3", {220, 220, 300}, BOX, {220, 220, 250}},
    {"Ulio3D", {103, 103, 78}, BOX, {0}},
    {"Makerbot Replicator2", {300, 175, 150}, BOX, {285, 153, 150}},
    {"FolgerTech FT5", {300, 300, 300}, BOX, {0}},
    {"Ultimaker Ultimaker2", {223, 223, 205}, BOX, {0}},
    {"Anycubic Predator", {370, 370, 455}, ROUND, {0}},
    {"DeltaMaker 2T", {240, 240, 480}, ROUND, {0}},
    {"Ulio3D Purge", {103, 103, 78}, BOX, {0}},
    {"TypeA Series1Pro", {305, 305, 305}, BOX, {0}},
    {"IMADE3D JellyBOX2 nzl-0.4", {177, 155, 140}, BOX, {0}},
    {"FLSUN QQ-S", {260, 260, 320}, ROUND, {0}},
    {"Cubicon Style", {150, 150, 150}, BOX, {0}},
    {"Wanhao Duplicator_5s", {305, 205, 575}, BOX, {0}},
    {"Anycubic i3 Mega", {210, 210, 205}, BOX, {0}},
    {"Snapmaker Original", {125, 125, 125}, BOX, {0}},
    {"Anycubic Kobra", {222, 222, 222}, BOX, {220, 220, 250}},
    {"GridBot One", {300, 300, 300}, BOX, {0}},
    {"Creality Ender 3 S1 Pro", {220, 220, 270}, BOX, {0}},
};

static int64_t extent(const struct profile *p, int axis)
{
    return p->limits.max_um[axis] - p->limits.min_um[axis];
}

static void assert_size(const struct profile *p, struct size s)
{
    if (extent(p, 0) != s.width * 1000 || extent(p, 1) != s.depth * 1000 ||
        extent(p, 2) != s.height * 1000) {
        fail_msg("%s is not %d x %d x %d", p->id, s.width, s.depth, s.height);
    }
}

static void the_printers_of_continuous_print_are_known_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(COUNT(known), 48);
    for (size_t i = 0; i < COUNT(known); i++) {
        const struct known *k = &known[i];
        const struct profile *p = profiles_match(shipped, k->name);
        if (p == NULL) {
            fail_msg("nothing is known of \"%s\"", k->name);
        }
        assert_int_equal(p->limits.round, k->shape == ROUND);
        if (k->shape != BELT) {
            assert_size(p, k->ours.width > 0 ? k->ours : k->size);
            continue;
        }
        assert_true(p->belt);
        assert_string_equal(p->clear_script, "belt-long");
        assert_int_equal(extent(p, 0), k->size.width * 1000);
        assert_true(extent(p, 2) >= k->size.depth * 1000);
    }
}

static void only_belts_clear_themselves(void **state)
{
    const struct profile *p = NULL;
    size_t found = 0;
    (void)state;
    for (size_t i = 0; (p = profiles_at(shipped, i)) != NULL; i++) {
        assert_int_equal(p->belt, p->clear_script[0] != '\0');
        found += p->belt;
    }
    assert_int_equal(found, 2);
}

static void a_script_named_for_clearing_a_bed_is_there_and_declares_it(void **state)
{
    static const char *const dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    struct scripts *scripts = NULL;
    const struct profile *p = NULL;
    struct err e = {0};
    (void)state;
    assert_int_equal(scripts_open(&scripts, dirs, NULL, &e), 0);
    for (size_t i = 0; (p = profiles_at(shipped, i)) != NULL; i++) {
        const struct scripts_entry *script = scripts_find(scripts, p->clear_script);
        if (p->clear_script[0] != '\0' && (script == NULL || !script->clears_bed)) {
            fail_msg("%s: clear_script \"%s\"", p->id, p->clear_script);
        }
    }
    scripts_close(scripts);
}

/* Some of today's, from their makers' sheets. */
static void common_printers_have_their_makers_sizes(void **state)
{
    static const struct {
        const char *name;
        struct size size;
        int bed_c;
    } table[] = {
        {"MK4S", {250, 210, 220}, 120},
        {"XL5", {360, 360, 360}, 120},
        {"COREONE", {250, 220, 270}, 120},
        {"Creality Ender-3 V2", {220, 220, 250}, 110},
        {"Creality Ender-3 V3 SE", {220, 220, 250}, 100},
        {"Creality Ender-5 Plus", {350, 350, 400}, 100},
        {"Creality CR-6 SE", {235, 235, 250}, 110},
        {"Creality CR-10 Max", {450, 450, 470}, 100},
        {"Anycubic Vyper", {245, 245, 260}, 110},
        {"Anycubic Kobra Max", {400, 400, 450}, 90},
        {"Anycubic Mega Zero", {220, 220, 250}, 0},
        {"Artillery Sidewinder X2", {300, 300, 400}, 110},
        {"Elegoo Neptune 3 Pro", {225, 225, 280}, 100},
        {"Sovol SV06", {220, 220, 250}, 100},
        {"Voxelab Aquila", {220, 220, 250}, 100},
        {"FLSUN Super Racer", {260, 260, 330}, 100},
        {"LulzBot TAZ 6", {280, 280, 250}, 110},
        {"Tronxy X5SA", {330, 330, 400}, 100},
        {"Geeetech A10", {220, 220, 260}, 100},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct profile *p = profiles_match(shipped, table[i].name);
        assert_non_null(p);
        assert_size(p, table[i].size);
        assert_int_equal(p->limits.max_bed_mc, table[i].bed_c * 1000);
    }
}

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* No file can be far off without this being seen. */
static void all_stay_within_what_printers_are(void **state)
{
    const struct profile *p = NULL;
    size_t count = 0;
    (void)state;
    assert_null(profiles_mistake(shipped, 0));
    for (; (p = profiles_at(shipped, count)) != NULL; count++) {
        const struct limits *l = &p->limits;
        assert_in_range(l->max_tool_mc, 220000, 300000);
        assert_in_range(l->max_bed_mc, 0, 130000);
        assert_in_range(l->max_chamber_mc, 0, 60000);
        assert_in_range(l->margin_um, 5000, 10000);
        assert_in_range(extent(p, 0), 100000, 510000);
        assert_in_range(l->tools, 1, 5);
        assert_true(p->rx_bytes <= 128); /* never more than the smallest boards have */
        assert_int_equal(p->window, WINDOW_AUTO);
        assert_true(l->min_um[0] == 0 || l->min_um[0] == -l->max_um[0]);
        assert_true(!l->round || magnitude(l->min_um[1]) == l->max_um[1]);
        assert_true(p->models[0] != NULL || strncmp(p->id, "generic", 7) == 0);
    }
    assert_true(count >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_printers_of_continuous_print_are_known_by_their_names),
        cmocka_unit_test(only_belts_clear_themselves),
        cmocka_unit_test(a_script_named_for_clearing_a_bed_is_there_and_declares_it),
        cmocka_unit_test(common_printers_have_their_makers_sizes),
        cmocka_unit_test(all_stay_within_what_printers_are),
    };
    return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}
