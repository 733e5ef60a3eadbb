/* Names of printers as slicers and people write them, and what they must and must not mean. */
// link: ppapp
// quick: PP_ROUNDS=1
#include "host/app/profile.h"
#include "host/core/match.h"
#include "tests/lib/rounds.h"

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

enum word {
    MODEL, /* printer_model and the like: the slicer's own name */
    PERSON /* a name given to a set of settings */
};

static const char *meant(const char *printer, enum word word)
{
    struct analysis a = {.printer_exact = word == MODEL};
    snprintf(a.printer, sizeof a.printer, "%s", printer);
    const struct profile *p = profiles_for_file(shipped, &a);
    return p != NULL ? p->id : "none";
}

static void slicers_words_for_printers_find_their_profiles(void **state)
{
    static const struct {
        const char *printer;
        const char *id;
    } table[] = {
        /* PrusaSlicer: printer_model is a code of the vendor's file. */
        {"MK2S", "prusa-mk2s"},
        {"MK2.5", "prusa-mk25"},
        {"MK2.5S", "prusa-mk25"},
        {"MK2.5MMU2", "none"},
        {"MK3", "prusa-mk3s"},
        {"MK3S", "prusa-mk3s"},
        {"MK3SMMU2S", "prusa-mk3s-mmu"},
        {"MK3.5", "prusa-mk35"},
        {"MK3.9", "prusa-mk39"},
        {"MK4", "prusa-mk4"},
        {"MK4IS", "prusa-mk4"},
        {"MK4S", "prusa-mk4s"},
        {"MK4SMMU3", "prusa-mk4-mmu3"},
        {"MINI", "prusa-mini"},
        {"mini", "prusa-mini"},
        {"MINIIS", "prusa-mini"},
        {"XL", "prusa-xl"},
        {"XL5IS", "prusa-xl5"},
        {"COREONE", "prusa-core-one"},
        {"COREONEL", "prusa-core-one-l"},
        {"COREONEMMU3", "none"},
        {"SL1", "none"},
        {"ENDER3", "creality-ender3"},
        {"ENDER3V2", "creality-ender3-v2"},
        {"ENDER3V2NEO", "creality-ender3-v2-neo"},
        {"ENDER3S1PRO", "creality-ender3-s1-pro"},
        {"CR6SE", "creality-cr6-se"},
        {"CR10SPROV2", "creality-cr10s-pro"},
        {"CR200B", "creality-cr200b"},
        {"I3MEGAS", "anycubic-i3-mega"},
        {"AKLP", "anycubic-kossel-linear-plus"},
        {"X1", "artillery-sidewinder-x1"},
        {"Genius", "artillery-genius"},
        {"NEPTUNE3PRO", "elegoo-neptune3-pro"},
        {"SV06 PLUS", "sovol-sv06-plus"},
        {"QQSP", "flsun-qqs-pro"},
        {"BIQUBX", "biqu-bx"},
        {"TAZ6_AERO", "none"},
        {"Snapmaker A350", "snapmaker-a350"},
        {"Snapmaker A350 Dual", "none"},
        /* OrcaSlicer, BambuStudio: maker and model. */
        {"Bambu Lab X1 Carbon", "none"},
        {"Bambu Lab X1", "none"},
        {"Bambu Lab P1S", "none"},
        {"Bambu Lab A1 mini", "none"},
        {"Creality Ender-3 V3 SE", "creality-ender3-v3-se"},
        {"Creality Ender-3 V3", "none"},
        {"Creality Ender-5 Pro (2019)", "creality-ender5"},
        {"Creality Ender-5S", "none"},
        {"Creality CR-10 SE", "none"},
        {"Creality K1 Max", "none"},
        {"Anycubic Vyper", "anycubic-vyper"},
        {"Anycubic Kobra 2", "anycubic-kobra2"},
        {"Anycubic Kobra 2 Pro", "none"},
        {"Anycubic Kobra S1", "none"},
        {"Anycubic i3 Mega S", "anycubic-i3-mega"},
        {"Elegoo Neptune 4 Pro", "elegoo-neptune4-pro"},
        {"Elegoo Neptune 4 Plus", "none"},
        {"Elegoo Neptune X", "none"},
        {"Sovol SV06", "sovol-sv06"},
        {"Sovol SV08", "none"},
        {"Artillery Sidewinder X2", "artillery-sidewinder-x2"},
        {"Artillery Sidewinder X4 Plus", "none"},
        {"FLSun Super Racer", "flsun-sr"},
        {"Voxelab Aquila X2", "voxelab-aquila-x2"},
        {"Prusa MK3S", "prusa-mk3s"},
        {"Voron 2.4 300", "none"},
        /* Cura: the machine's name of its definition. */
        {"Creality Ender-3 V2", "creality-ender3-v2"},
        {"Creality CR-10S4", "creality-cr10-s4"},
        {"Creality CR-10S Pro", "creality-cr10s-pro"},
        {"Prusa i3 Mk3/Mk3s", "prusa-mk3s"},
        {"Prusa i3", "none"},
        {"Ultimaker 2+", "ultimaker2-plus"},
        {"Ultimaker 2", "ultimaker2"},
        {"Ultimaker 2 Extended+", "none"},
        {"Ultimaker S5", "none"},
        {"Ultimaker Original+", "ultimaker-original-plus"},
        {"LONGER LK5 Pro", "longer-lk5-pro"},
        {"BQ Prusa i3 Hephestos", "none"},
        {"ELEGOO NEPTUNE 2", "elegoo-neptune2"},
        {"Geeetech A10T", "none"},
        {"Tronxy X5SA 500", "none"},
        {"Monoprice Select Mini V1", "none"},
        {"Monoprice Select Mini V2", "monoprice-select-mini-v2"},
        /* Kiri:Moto: the name of a device, by default that of its file. */
        {"Creality.Ender.3", "creality-ender3"},
        {"Creality.CR-30", "creality-cr30"},
        {"Prusa.i3.MK3S+", "prusa-mk3s"},
        {"Prusa.mini", "prusa-mini"},
        {"Ultimaker.Ultimaker2", "ultimaker2"},
        {"Wanhao.Duplicator_4s", "wanhao-d4s"},
        {"IMADE3D.JellyBOX.3.N0.4", "imade3d-jellybox3"},
        {"IMADE3D.JellyBOX.4.N0.4", "none"},
        {"Bambu.A1", "none"},
        {"Any.Generic.Marlin", "none"},
        {"TypeA.Series1Pro", "typea-series1-pro"},
        {"Cubicon.Single+", "cubicon-single-plus"},
        {"FLSUN.QQ-S", "flsun-qqs"},
        {"Virtual", "virtual"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        if (strcmp(meant(table[i].printer, MODEL), table[i].id) != 0) {
            fail_msg("\"%s\" means %s and not %s", table[i].printer, meant(table[i].printer, MODEL),
                table[i].id);
        }
    }
}

static void what_people_call_their_settings_is_taken_with_care(void **state)
{
    static const struct {
        const char *printer;
        const char *id;
    } table[] = {
        /* Simplify3D's profileName, printer_settings_id of PrusaSlicer and its kin. */
        {"Wanhao Duplicator i3 (modified)", "wanhao-i3"},
        {"Creality Ender-3 V2 0.4 nozzle", "creality-ender3-v2"},
        {"Creality Ender-3 S1 Pro (0.4 nozzle)", "creality-ender3-s1-pro"},
        {"Original Prusa i3 MK3S & MK3S+ 0.6 nozzle", "prusa-mk3s"},
        {"Ender 3 V2 PETG", "creality-ender3-v2"},
        {"ender-3", "creality-ender3"},
        {"Creality3D CR-10S", "creality-cr10s"},
        {"my Vyper", "anycubic-vyper"},
        {"FlashForge Creator Pro", "flashforge-creator-pro"},
        {"Flash Forge Creator Pro", "flashforge-creator-pro"},
        {"TwoTrees Sapphire Pro", "twotrees-sapphire-pro"},
        {"Type A Machines Series 1", "typea-series1"},
        {"MINI", "none"}, /* whose? */
        {"X1", "none"},
        {"XL", "none"},
        {"i3", "none"},
        {"Ender", "none"},
        {"Creality", "none"},
        {"Creality Ender", "none"},
        {"PLA fine 0.4 nozzle", "none"},
        {"Ender 3 BLTouch", "creality-ender3"}, /* so PrusaSlicer calls it */
        {"Ender 3 with a hotend of my own", "none"},
        {"Ender 3 Max Pro", "none"},
        {"Ender 3 (Klipper)", "none"},
        {"Vyper test settings for fine PETG draft 0.4 mm nozzle", "none"}, /* too much else */
        {"Prusa Vyper", "none"},
        {"Anycubic Ender 3", "none"},
        {"Default", "none"},
        {"...", "none"},
        {"+", "none"},
        {"a b c d e f g h i j k l m n o p q r s t u v w x y z", "none"},
        {"Abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz 3", "none"},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 3", "none"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        if (strcmp(meant(table[i].printer, PERSON), table[i].id) != 0) {
            fail_msg("\"%s\" means %s and not %s", table[i].printer,
                meant(table[i].printer, PERSON), table[i].id);
        }
    }
}

/* What one shared word is enough for elsewhere. */
static void one_shared_word_is_not_enough(void **state)
{
    static const char *const chiron[] = {"Anycubic Chiron", NULL};
    static const char *const mini[] = {"MINI", NULL};
    static const struct match_candidate list[] = {
        {"cr30", "Creality CR30", NULL},
        {"mini", "Prusa Mini", mini},
        {"chiron", "Anycubic Chiron", chiron},
        {"ender3", "Creality Ender 3", NULL},
    };
    static const char *const none[] = {"Creality CR-6 SE", "Original Prusa MK4", "Anycubic Vyper",
        "Creality Ender 3 V2", "Creality", "3", "", "Ender 3 3", "Ender 33", "CR-3.0"};
    double score = -1;
    (void)state;
    for (size_t i = 0; i < COUNT(none); i++) {
        assert_int_equal(match_model(none[i], list, COUNT(list), &score), -1);
        assert_true(score >= 0 && score < MATCH_THRESHOLD);
    }
    assert_int_equal(match_model("MINI", list, COUNT(list), &score), 1);
    assert_true(score == 1);
    assert_int_equal(match_model("Mini", list, COUNT(list), NULL), 1);
    assert_int_equal(match_words("MINI", list, COUNT(list), NULL), -1);
    assert_int_equal(match_model("CREALITY CR-30", list, COUNT(list), &score), 0);
    assert_true(score >= MATCH_THRESHOLD);
}

static void two_that_are_meant_alike_are_none(void **state)
{
    static const char *const mine[] = {"ENDER3", NULL};
    static const char *const other[] = {"ender3x", "ENDER3", NULL};
    static const struct match_candidate list[] = {
        {"ender3", "Creality Ender-3", NULL},
        {"mine", "Creality Ender 3", mine},
        {"other", "Other", other},
    };
    (void)state;
    assert_int_equal(match_model("Ender 3", list, COUNT(list), NULL), -1); /* by words */
    assert_int_equal(match_model("ENDER3", list, COUNT(list), NULL), -1);  /* by name */
    assert_int_equal(match_model("ender3x", list, COUNT(list), NULL), 2);
    assert_int_equal(match_model("Creality Ender-3", list, COUNT(list), NULL), 0);
    assert_int_equal(match_model("x", list, 0, NULL), -1);
}

/* The law of the shipped files: each is met by its own names, and by no other's. */
static void every_shipped_profile_meets_itself_alone(void **state)
{
    const struct profile *p = NULL;
    (void)state;
    for (size_t i = 0; (p = profiles_at(shipped, i)) != NULL; i++) {
        assert_ptr_equal(profiles_match(shipped, p->id), p);
        if (profiles_match(shipped, p->name) != p) {
            fail_msg("\"%s\" does not mean %s", p->name, p->id);
        }
        for (size_t m = 0; p->models[m] != NULL; m++) {
            struct match_candidate own = {p->id, p->name, p->limits.models};
            assert_ptr_equal(profiles_match(shipped, p->models[m]), p);
            if (strcmp(meant(p->models[m], MODEL), p->id) != 0) {
                fail_msg("\"%s\" does not mean %s", p->models[m], p->id);
            }
            assert_int_equal(match_model(p->models[m], &own, 1, NULL), 0);
        }
    }
}

/* Leaving a word out, or adding one that may be a model's, never finds the wrong one. */
static void another_word_makes_another_model(void **state)
{
    static const char *const more[] = {"Max", "SE", "9", "Quux"};
    size_t words = (size_t)rounds(COUNT(more));
    const struct profile *p = NULL;
    (void)state;
    for (size_t i = 0; (p = profiles_at(shipped, i)) != NULL; i++) {
        for (size_t k = 0; k < words && k < COUNT(more); k++) {
            char name[160];
            snprintf(name, sizeof name, "%s %s", p->name, more[k]);
            if (profiles_match(shipped, name) == p) {
                fail_msg("\"%s\" is taken for %s", name, p->id);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slicers_words_for_printers_find_their_profiles),
        cmocka_unit_test(what_people_call_their_settings_is_taken_with_care),
        cmocka_unit_test(one_shared_word_is_not_enough),
        cmocka_unit_test(two_that_are_meant_alike_are_none),
        cmocka_unit_test(every_shipped_profile_meets_itself_alone),
        cmocka_unit_test(another_word_makes_another_model),
    };
    return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}
