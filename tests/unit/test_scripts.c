// link: ppio ppapp
/* Scripts, conditions and hooks: from files, from a person, kept, and what runs at a moment. */
#include "host/app/queue/scripts.h"

#include "host/base/mem.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
    char dir[TEMPDIR_SIZE];
    char extra[TEMPDIR_SIZE + 16];
    char path[TEMPDIR_SIZE + 16];
    uv_loop_t loop;
    struct store *store;
    struct scripts *scripts;
    struct scripts_plan plan;
    json_t *symbols;
    struct err err;
};

struct answer {
    int count;
    int code;
};

static const char *const shipped_dirs[] = {PP_SOURCE_DIR "/profiles", NULL};

static void open_scripts(struct fixture *f)
{
    const char *const dirs[] = {PP_SOURCE_DIR "/profiles", f->extra, NULL};
    assert_int_equal(store_open(&f->store, &f->loop, f->path, NULL), 0);
    assert_int_equal(scripts_open(&f->scripts, dirs, f->store, NULL), 0);
}

static void close_scripts(struct fixture *f)
{
    scripts_close(f->scripts);
    store_close(f->store, NULL, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void reopen(struct fixture *f)
{
    close_scripts(f);
    open_scripts(f);
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    snprintf(f->path, sizeof f->path, "%s/pphost.db", f->dir);
    snprintf(f->extra, sizeof f->extra, "%s/profiles", f->dir);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->symbols = json_loads("{\"current\": {\"path\": \"vase.gcode\", \"bed_temp\": 45.0, "
                            "\"state\": \"clearing\", \"materials\": [null]}, \"external\": {}, "
                            "\"metadata\": {}, \"job\": {\"name\": \"vases\"}, "
                            "\"printer\": {\"min_x\": -5.0, \"max_x\": 215.0, \"min_y\": 0, "
                            "\"max_y\": 210.5, \"min_z\": 0, \"max_z\": 200, "
                            "\"motors_off\": \"M84\"}}",
        0, NULL);
    assert_non_null(f->symbols);
    open_scripts(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    scripts_plan_fini(&f->plan);
    json_decref(f->symbols);
    close_scripts(f);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static void on_done(void *context, const struct err *e)
{
    struct answer *a = context;
    a->count++;
    a->code = e != NULL ? e->code : 0;
}

static void wait_for(struct fixture *f, const struct answer *a)
{
    while (a->count == 0) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    assert_int_equal(a->code, 0);
}

static int save(struct fixture *f, const char *name, const char *body, bool clears_bed)
{
    struct answer a = {0};
    struct scripts_entry entry = {
        .body = (char *)(uintptr_t)body, .description = NULL, .clears_bed = clears_bed};
    snprintf(entry.name, sizeof entry.name, "%s", name);
    int rc = scripts_save(f->scripts, &entry, on_done, &a, &f->err);
    if (rc == 0) {
        wait_for(f, &a);
    }
    return rc;
}

static int save_condition(struct fixture *f, const char *name, const char *body)
{
    struct answer a = {0};
    char description[] = "ours";
    struct scripts_entry entry = {.body = (char *)(uintptr_t)body, .description = description};
    snprintf(entry.name, sizeof entry.name, "%s", name);
    int rc = scripts_save_condition(f->scripts, &entry, on_done, &a, &f->err);
    if (rc == 0) {
        wait_for(f, &a);
    }
    return rc;
}

static int set_hooks(
    struct fixture *f, enum driver_moment m, const struct scripts_hook *hooks, size_t n)
{
    struct answer a = {0};
    int rc = scripts_set_hooks(f->scripts, m, hooks, n, on_done, &a, &f->err);
    if (rc == 0) {
        wait_for(f, &a);
    }
    return rc;
}

static int replace(struct fixture *f, const char *text)
{
    struct answer a = {0};
    json_t *all = json_loads(text, 0, NULL);
    assert_non_null(all);
    int rc = scripts_replace(f->scripts, all, on_done, &a, &f->err);
    json_decref(all);
    if (rc == 0) {
        wait_for(f, &a);
    }
    return rc;
}

static int plan(struct fixture *f, enum driver_moment m)
{
    scripts_plan_fini(&f->plan);
    f->err = (struct err){0};
    return scripts_plan(f->scripts, m, f->symbols, &f->plan, &f->err);
}

static void assert_plans(struct fixture *f, enum driver_moment m, const char *printed)
{
    struct strbuf out = {0};
    if (plan(f, m) != 0) {
        fail_msg("%s", f->err.text);
    }
    script_print(f->plan.steps, f->plan.count, &out);
    assert_string_equal(strbuf_text(&out), printed);
    strbuf_fini(&out);
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
    char path[TEMPDIR_SIZE + 96];
    snprintf(path, sizeof path, "%s/scripts", f->extra);
    mkdir(f->extra, 0700);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/scripts/%s.yaml", f->extra, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* ---- what comes with it ---------------------------------------------------------------------- */

static void the_shipped_ones_are_right(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        bool clears_bed;
    } scripts[] = {{"beep", false}, {"belt-long", true}, {"belt-short", true},
        {"cool-and-confirm", true}, {"off", false}, {"pause", true}, {"sweep", true}};
    static const char *const conditions[] = {"bed-hot", "bed-not-hot", "external-ready",
        "fails-often", "from-idle", "long-print", "notify-bed-temperature", "special-file",
        "tall-part"};
    assert_null(scripts_mistake(f->scripts, 0));
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        const struct scripts_entry *entry = scripts_at(f->scripts, i);
        assert_string_equal(entry->name, scripts[i].name);
        assert_int_equal(entry->clears_bed, scripts[i].clears_bed);
        assert_true(entry->shipped && entry->description[0] != '\0');
        assert_ptr_equal(scripts_find(f->scripts, entry->name), entry);
    }
    assert_null(scripts_at(f->scripts, sizeof scripts / sizeof *scripts));
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        assert_string_equal(scripts_condition_at(f->scripts, i)->name, conditions[i]);
    }
    assert_null(scripts_condition_at(f->scripts, sizeof conditions / sizeof *conditions));
    assert_null(scripts_find(f->scripts, "bed-hot"));
    assert_null(scripts_condition_find(f->scripts, "pause"));
}

static void by_default_a_person_is_waited_for_and_at_the_end_all_is_off(void **state)
{
    struct fixture *f = *state;
    const struct scripts_hook *hooks = NULL;
    for (int m = 0; m < MOMENTS; m++) {
        size_t n = scripts_hooks(f->scripts, (enum driver_moment)m, &hooks);
        assert_int_equal(n, m == MOMENT_PRINT_SUCCESS || m == MOMENT_FINISH);
    }
    assert_plans(f, MOMENT_PRINT_SUCCESS,
        "@heaters_off\nM107\nM84\n"
        "@pause Take the part off the bed. Going on means: the bed is clear\n");
    assert_true(f->plan.clears_bed);
    assert_string_equal(f->plan.names, "pause");
    assert_plans(f, MOMENT_FINISH, "@heaters_off\nM107\nM84\nM300 S880 P300\n");
    assert_false(f->plan.clears_bed);
    assert_plans(f, MOMENT_ACTIVATE, "");
}

static void the_motors_of_a_delta_hold_its_carriages(void **state)
{
    struct fixture *f = *state;
    json_object_set_new(json_object_get(f->symbols, "printer"), "motors_off", json_string(""));
    assert_plans(f, MOMENT_FINISH, "@heaters_off\nM107\nM300 S880 P300\n");
}

static void a_printer_may_have_a_script_of_its_own_until_a_person_says_otherwise(void **state)
{
    struct fixture *f = *state;
    const struct scripts_hook *hooks = NULL;
    const struct scripts_hook hook = {"sweep", ""};
    scripts_set_clear_script(f->scripts, "belt-long");
    assert_plans(f, MOMENT_PRINT_SUCCESS, "@heaters_off\nM107\nG91\nG1 Z300 F600\nG90\nM400\n");
    assert_true(f->plan.clears_bed);
    scripts_set_clear_script(f->scripts, "beep"); /* clears nothing */
    assert_int_equal(scripts_hooks(f->scripts, MOMENT_PRINT_SUCCESS, &hooks), 1);
    assert_string_equal(hooks[0].script, "pause");
    scripts_set_clear_script(f->scripts, "belt"); /* there is none */
    scripts_hooks(f->scripts, MOMENT_PRINT_SUCCESS, &hooks);
    assert_string_equal(hooks[0].script, "pause");
    assert_int_equal(set_hooks(f, MOMENT_PRINT_SUCCESS, &hook, 1), 0);
    scripts_set_clear_script(f->scripts, "belt-long");
    scripts_hooks(f->scripts, MOMENT_PRINT_SUCCESS, &hooks);
    assert_string_equal(hooks[0].script, "sweep");
    assert_int_equal(set_hooks(f, MOMENT_PRINT_SUCCESS, NULL, 0), 0);
    close_scripts(f); /* that is a person's word too, also after a restart */
    open_scripts(f);
    scripts_set_clear_script(f->scripts, "belt-long");
    assert_int_equal(scripts_hooks(f->scripts, MOMENT_PRINT_SUCCESS, &hooks), 0);
}

static void what_only_tells_and_waits_clears_no_bed(void **state)
{
    struct fixture *f = *state;
    const struct scripts_hook hook = {"mine", ""};
    static const struct {
        const char *body;
        bool clears;
    } cases[] = {{"@notify the bed is clear\n@wait 1\n", false}, {"{current.nothing}", false},
        {"@heaters_off\n@wait_bed 30\n", false}, {"G1 Y5\n", true}, {"@pause\n", true},
        {"@http http://arm/take\n", true}};
    json_object_set_new(json_object_get(f->symbols, "current"), "nothing", json_string(""));
    assert_int_equal(save(f, "mine", "G28", true), 0);
    assert_int_equal(set_hooks(f, MOMENT_PRINT_SUCCESS, &hook, 1), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(save(f, "mine", cases[i].body, true), 0);
        assert_int_equal(plan(f, MOMENT_PRINT_SUCCESS), 0);
        assert_int_equal(f->plan.clears_bed, cases[i].clears);
    }
}

static void the_sweep_knows_the_printer(void **state)
{
    struct fixture *f = *state;
    const struct scripts_hook hook = {"sweep", ""};
    assert_int_equal(set_hooks(f, MOMENT_PRINT_SUCCESS, &hook, 1), 0);
    assert_int_equal(plan(f, MOMENT_PRINT_SUCCESS), 0);
    assert_true(f->plan.clears_bed);
    assert_int_equal(f->plan.steps[2].kind, SCRIPT_WAIT_BED);
    assert_string_equal(f->plan.steps[7].text, "G1 X17 Y210.5 F6000");
    assert_string_equal(f->plan.steps[9].text, "G1 Y0 F1500");
    json_object_del(f->symbols, "printer");
    assert_int_equal(plan(f, MOMENT_PRINT_SUCCESS), -PP_EINVAL);
    assert_string_equal(f->err.text, "script \"sweep\": line 9: {x_10}: there is no such value "
                                     "here (`{{` is a brace)");
    assert_int_equal(f->plan.count, 0);
}

/* A condition of ours with `symbols` laid over the usual ones: "yes", "no", or the error. */
static void assert_judges(
    struct fixture *f, const char *name, const char *symbols, const char *outcome)
{
    const struct scripts_entry *condition = scripts_condition_find(f->scripts, name);
    json_t *all = json_deep_copy(f->symbols);
    json_t *more = json_loads(symbols, 0, NULL);
    assert_non_null(more);
    json_object_update_recursive(all, more);
    json_t *answer = scripts_try("M84", condition->body, all);
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *got = error != NULL                                   ? error
                      : json_is_true(json_object_get(answer, "runs")) ? "yes"
                                                                      : "no";
    if (strstr(got, outcome) == NULL) {
        fail_msg("%s with %s: %s, not %s", name, symbols, got, outcome);
    }
    json_decref(more);
    json_decref(all);
    json_decref(answer);
}

static void the_shipped_conditions_judge_as_they_say(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[][3] = {
        {"bed-hot", "{}", "yes"},
        {"bed-hot", "{\"current\": {\"bed_temp\": 40}}", "no"},
        {"bed-hot", "{\"current\": {\"bed_temp\": null}}", "no"},
        {"special-file", "{}", "no"},
        {"special-file", "{\"current\": {\"path\": \"a/vase_special.gcode\"}}", "yes"},
        {"special-file", "{\"current\": {\"path\": \"vase_special2.gcode\"}}", "no"},
        {"special-file", "{\"current\": {\"path\": null}}", "no"},
        {"tall-part", "{}", "no"},
        {"tall-part", "{\"metadata\": null}", "no"},
        {"tall-part", "{\"metadata\": {\"analysis\": {\"dimensions\": {\"height\": 9.9}}}}", "no"},
        {"tall-part", "{\"metadata\": {\"analysis\": {\"dimensions\": {\"height\": 10}}}}", "yes"},
        {"long-print", "{}", "no"},
        {"long-print", "{\"metadata\": {\"statistics\": {\"averagePrintTime\": {\"a\": 3601}}}}",
            "yes"},
        {"long-print", "{\"metadata\": {\"statistics\": {\"averagePrintTime\": {\"a\": 3600}}}}",
            "no"},
        {"fails-often", "{}", "no"},
        {"fails-often",
            "{\"metadata\": {\"history\": [{\"success\": true}, {\"success\": false}]}}", "yes"},
        {"fails-often", "{\"metadata\": {\"history\": [{\"success\": true}]}}", "no"},
        {"notify-bed-temperature", "{}", "yes"},
        {"notify-bed-temperature", "{\"current\": {\"bed_temp\": null}}", "yes"},
        {"bed-not-hot", "{}", "yes"},
        {"bed-not-hot", "{\"current\": {\"bed_temp\": 61}}",
            "condition: line 4: the bed has 61 °C"},
        {"bed-not-hot", "{\"current\": {\"bed_temp\": null}}", "is not known"},
        {"from-idle", "{}", "no"},
        {"from-idle", "{\"current\": {\"state\": \"idle\"}}", "yes"},
        {"from-idle", "{\"current\": {\"state\": \"inactive\"}}", "yes"},
        {"from-idle", "{\"current\": {\"state\": \"starting\", \"before\": \"idle\"}}", "yes"},
        {"from-idle", "{\"current\": {\"state\": \"starting\", \"before\": \"clearing\"}}", "no"},
        {"external-ready", "{}", "no"},
        {"external-ready", "{\"external\": {\"ready\": true}}", "yes"},
        {"external-ready", "{\"external\": {\"ready\": \"yes\"}}", "no"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_judges(f, cases[i][0], cases[i][1], cases[i][2]);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static void a_file_hides_the_one_of_its_name_also_with_mistakes(void **state)
{
    struct fixture *f = *state;
    write_file(f, "beep", "description: mine\ngcode: M300\n");
    write_file(f, "wrong", "description: d\ngcode: \"@paus\"\n");
    write_file(f, "sweep", "description: d\nclears_bed: maybe\ngcode: G28\n");
    write_file(f, "mine", "description: d\nlua: current.bed_temp >\n");
    assert_true(scripts_reload(f->scripts));
    assert_string_equal(scripts_find(f->scripts, "beep")->body, "M300");
    assert_null(scripts_find(f->scripts, "wrong"));
    assert_null(scripts_condition_find(f->scripts, "mine"));
    /* One that breaks while the host runs keeps what it was. */
    assert_non_null(scripts_find(f->scripts, "sweep"));
    assert_non_null(strstr(scripts_mistake(f->scripts, 0), "lua: "));
    assert_non_null(strstr(scripts_mistake(f->scripts, 1), "clears_bed"));
    assert_non_null(strstr(scripts_mistake(f->scripts, 2), "there is no command \"@paus\""));
    assert_null(scripts_mistake(f->scripts, 3));
    reopen(f);
    assert_null(scripts_find(f->scripts, "sweep"));
}

static void a_file_is_a_script_or_a_condition(void **state)
{
    struct fixture *f = *state;
    write_file(f, "a", "description: d\n");
    write_file(f, "b", "description: d\ngcode: M84\nlua: \"true\"\n");
    write_file(f, "c", "description: d\nclears_bed: yes\nlua: \"true\"\n");
    write_file(f, "d", "gcode: M84\n");
    scripts_reload(f->scripts);
    assert_non_null(
        strstr(scripts_mistake(f->scripts, 0), "a.yaml: needs gcode (a script) or lua"));
    assert_non_null(strstr(scripts_mistake(f->scripts, 1), "b.yaml:3:"));
    assert_non_null(strstr(scripts_mistake(f->scripts, 2), "c.yaml:2:"));
    assert_non_null(strstr(scripts_mistake(f->scripts, 3), "description"));
}

/* ---- a person's ------------------------------------------------------------------------------ */

static void a_person_s_wins_and_is_kept(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(save(f, "pause", "@pause mine", false), 0);
    assert_int_equal(save(f, "Mein Skript ü", "M84", true), 0);
    assert_int_equal(save_condition(f, "bed-hot", "false"), 0);
    for (int i = 0; i < 2; i++) {
        const struct scripts_entry *entry = scripts_find(f->scripts, "pause");
        assert_string_equal(entry->body, "@pause mine");
        assert_false(entry->shipped || entry->clears_bed);
        assert_string_equal(entry->source, "");
        assert_true(scripts_find(f->scripts, "Mein Skript ü")->clears_bed);
        assert_string_equal(scripts_condition_find(f->scripts, "bed-hot")->description, "ours");
        assert_plans(f, MOMENT_PRINT_SUCCESS, "@pause mine\n");
        assert_false(f->plan.clears_bed);
        reopen(f);
    }
}

static void removing_a_person_s_brings_ours_back(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    assert_int_equal(save(f, "pause", "@pause mine", false), 0);
    assert_int_equal(scripts_remove(f->scripts, "pause", on_done, &a, &f->err), 0);
    wait_for(f, &a);
    assert_true(scripts_find(f->scripts, "pause")->shipped);
    assert_int_equal(scripts_remove(f->scripts, "pause", on_done, &a, &f->err), -PP_EREFUSED);
    assert_int_equal(scripts_remove(f->scripts, "nothing", on_done, &a, &f->err), -PP_ENOTFOUND);
    assert_int_equal(a.count, 1);
    reopen(f);
    assert_true(scripts_find(f->scripts, "pause")->shipped);
}

static void what_hangs_on_a_moment_cannot_be_removed(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    const struct scripts_hook hook = {"mine", "cond"};
    assert_int_equal(save(f, "mine", "M84", false), 0);
    assert_int_equal(save_condition(f, "cond", "true"), 0);
    assert_int_equal(set_hooks(f, MOMENT_PRINT_PAUSE, &hook, 1), 0);
    assert_int_equal(scripts_remove(f->scripts, "mine", on_done, &a, &f->err), -PP_EBUSY);
    assert_non_null(strstr(f->err.text, "\"mine\" hangs on print_pause"));
    assert_int_equal(scripts_remove_condition(f->scripts, "cond", on_done, &a, &f->err), -PP_EBUSY);
    assert_int_equal(set_hooks(f, MOMENT_PRINT_PAUSE, NULL, 0), 0);
    assert_int_equal(scripts_remove(f->scripts, "mine", on_done, &a, &f->err), 0);
    wait_for(f, &a);
}

static void changes_under_way_count_in_checks(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    const struct scripts_hook hook = {"mine", ""};
    assert_int_equal(save(f, "mine", "M84", false), 0);
    assert_int_equal(
        scripts_set_hooks(f->scripts, MOMENT_FINISH, &hook, 1, on_done, &a, &f->err), 0);
    assert_int_equal(scripts_remove(f->scripts, "mine", NULL, NULL, &f->err), -PP_EBUSY);
    wait_for(f, &a);
    assert_int_equal(set_hooks(f, MOMENT_FINISH, NULL, 0), 0);
    a = (struct answer){0};
    assert_int_equal(scripts_remove(f->scripts, "mine", on_done, &a, &f->err), 0);
    assert_int_equal(
        scripts_set_hooks(f->scripts, MOMENT_FINISH, &hook, 1, NULL, NULL, &f->err), -PP_ENOTFOUND);
    wait_for(f, &a);
}

static void a_change_holds_only_once_it_is_durable(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    char body[] = "M84";
    struct scripts_entry entry = {.name = "late", .body = body};
    assert_int_equal(scripts_save(f->scripts, &entry, on_done, &a, &f->err), 0);
    assert_null(scripts_find(f->scripts, "late"));
    assert_int_equal(a.count, 0);
    wait_for(f, &a);
    assert_non_null(scripts_find(f->scripts, "late"));
    a = (struct answer){0};
    entry.name[0] = 'L';
    assert_int_equal(scripts_save(f->scripts, &entry, on_done, &a, &f->err), 0);
    reopen(f); /* closed in between: told so, and kept all the same */
    assert_int_equal(a.count, 1);
    assert_int_equal(a.code, PP_ECANCELED);
    assert_non_null(scripts_find(f->scripts, "Late"));
}

static void what_cannot_be_is_refused(void **state)
{
    struct fixture *f = *state;
    char long_body[SCRIPTS_BODY_MAX + 2];
    memset(long_body, ';', sizeof long_body);
    long_body[sizeof long_body - 1] = '\0';
    assert_int_equal(save(f, "", "M84", false), -PP_EINVAL);
    assert_string_equal(f->err.field, "name");
    assert_int_equal(save(f, "a/b", "M84", false), -PP_EINVAL);
    assert_int_equal(save(f, "..", "M84", false), -PP_EINVAL);
    assert_int_equal(save(f, "a\nb", "M84", false), -PP_EINVAL);
    assert_int_equal(save(f, "x", "M84\n@paus", false), -PP_EINVAL);
    assert_string_equal(f->err.field, "body");
    assert_non_null(strstr(f->err.text, "script \"x\": line 2: there is no command \"@paus\""));
    assert_int_equal(save(f, "x", long_body, false), -PP_EINVAL);
    assert_non_null(strstr(f->err.text, "16385 bytes are more than 16384"));
    assert_int_equal(save_condition(f, "x", "a b"), -PP_EINVAL);
    assert_non_null(strstr(f->err.text, "condition \"x\": line 1: "));
    assert_null(scripts_find(f->scripts, "x"));
}

static void hooks_are_checked_and_kept(void **state)
{
    struct fixture *f = *state;
    struct scripts_hook hooks[SCRIPTS_HOOKS_MAX + 1] = {{"beep", "bed-hot"}, {"off", ""}};
    const struct scripts_hook *got = NULL;
    assert_int_equal(set_hooks(f, MOMENT_DEACTIVATE, hooks, 2), 0);
    assert_int_equal(set_hooks(f, MOMENT_FINISH, NULL, 0), 0);
    reopen(f);
    assert_int_equal(scripts_hooks(f->scripts, MOMENT_DEACTIVATE, &got), 2);
    assert_string_equal(got[0].condition, "bed-hot");
    assert_string_equal(got[1].script, "off");
    assert_int_equal(scripts_hooks(f->scripts, MOMENT_FINISH, &got), 0);
    assert_int_equal(scripts_hooks(f->scripts, MOMENT_PRINT_SUCCESS, &got), 1);
    assert_int_equal(set_hooks(f, MOMENT_FINISH, hooks, SCRIPTS_HOOKS_MAX + 1), -PP_EINVAL);
    assert_int_equal(set_hooks(f, MOMENT_FINISH, hooks, 3), -PP_EINVAL); /* no name */
    strcpy(hooks[0].script, "nothing");
    assert_int_equal(set_hooks(f, MOMENT_FINISH, hooks, 1), -PP_ENOTFOUND);
    assert_string_equal(f->err.text, "finish: there is no script \"nothing\"");
    strcpy(hooks[1].condition, "nothing");
    assert_int_equal(set_hooks(f, MOMENT_FINISH, hooks + 1, 1), -PP_ENOTFOUND);
}

static void all_at_once_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    const struct scripts_hook *got = NULL;
    assert_int_equal(
        replace(f, "{\"scripts\": {\"mine\": \"M117 {n}\", \"full\": {\"body\": \"M84\", "
                   "\"description\": \"d\", \"clears_bed\": true}},"
                   " \"conditions\": {\"three\": \"{n = 3}\"},"
                   " \"events\": {\"activate\": [{\"script\": \"mine\", \"condition\": \"three\"}, "
                   "{\"script\": \"full\", \"condition\": null}], \"finish\": []}}"),
        0);
    for (int i = 0; i < 2; i++) {
        assert_plans(f, MOMENT_ACTIVATE, "M117 3\nM84\n");
        assert_true(f->plan.clears_bed);
        assert_string_equal(f->plan.names, "mine, full");
        assert_int_equal(scripts_hooks(f->scripts, MOMENT_FINISH, &got), 0);
        reopen(f);
    }
    static const struct {
        const char *all;
        int code;
    } wrong[] = {
        {"{\"scripts\": {\"new\": \"M84\", \"bad\": \"@x\"}}", PP_EINVAL},
        {"{\"scripts\": {\"new\": \"M84\"}, \"events\": {\"finish\": [{\"script\": \"no\"}]}}",
            PP_ENOTFOUND},
        {"{\"scripts\": {\"new\": \"M84\", \"mine\": null}}", PP_EBUSY},
        {"{\"scripts\": {\"new\": \"M84\", \"pause\": null}}", PP_EREFUSED},
        {"{\"scripts\": {\"new\": \"M84\", \"nothing\": null}}", PP_ENOTFOUND},
        {"{\"scripts\": {\"new\": \"M84\"}, \"other\": {}}", PP_EINVAL},
        {"{\"scripts\": {\"new\": 5}}", PP_EINVAL},
        {"{\"scripts\": {\"new\": {\"body\": 5}}}", PP_EINVAL},
        {"{\"scripts\": {\"new\": {\"body\": \"M84\", \"bodi\": 5}}}", PP_EINVAL},
        {"{\"scripts\": []}", PP_EINVAL},
        {"{\"events\": {\"never\": []}}", PP_EINVAL},
        {"{\"events\": {\"finish\": {}}}", PP_EINVAL},
        {"{\"events\": {\"finish\": [5]}}", PP_EINVAL},
        {"{\"events\": {\"finish\": [{}]}}", PP_EINVAL},
        {"{\"events\": {\"finish\": [{\"script\": \"mine\", \"x\": 1}]}}", PP_EINVAL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (replace(f, wrong[i].all) != -wrong[i].code) {
            fail_msg("%s: %s", wrong[i].all, f->err.text);
        }
        assert_null(scripts_find(f->scripts, "new"));
    }
    assert_int_equal(
        replace(f, "{\"scripts\": {\"mine\": null}, \"events\": {\"activate\": []}}"), 0);
    assert_null(scripts_find(f->scripts, "mine"));
}

static void a_new_body_alone_does_not_clear_the_bed(void **state)
{
    struct fixture *f = *state;
    const char *body = scripts_find(f->scripts, "pause")->body;
    json_t *same = json_pack("{s:{s:s}}", "scripts", "pause", body);
    struct answer a = {0};
    assert_int_equal(scripts_replace(f->scripts, same, on_done, &a, &f->err), 0);
    wait_for(f, &a);
    json_decref(same);
    assert_true(scripts_find(f->scripts, "pause")->shipped);
    assert_int_equal(replace(f, "{\"scripts\": {\"pause\": \"G28\"}}"), 0);
    assert_false(scripts_find(f->scripts, "pause")->clears_bed);
}

/* ---- what runs ------------------------------------------------------------------------------- */

static void conditions_decide_and_their_values_add_up(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        replace(f, "{\"scripts\": {\"a\": \"M117 {n} {job.name} {s}\", \"b\": \"M117 {n} {s}\"},"
                   " \"conditions\": {\"one\": \"print('first') return {n = 1.50, s = 'x{'}\","
                   " \"two\": \"print('second') return {n = 4 / 2}\", \"no\": \"false\","
                   " \"yes\": \"n == nil\"},"
                   " \"events\": {\"cooldown\": [{\"script\": \"a\", \"condition\": \"one\"},"
                   " {\"script\": \"off\", \"condition\": \"no\"},"
                   " {\"script\": \"b\", \"condition\": \"two\"},"
                   " {\"script\": \"b\", \"condition\": \"yes\"}]}}"),
        0);
    assert_plans(f, MOMENT_COOLDOWN, "M117 1.5 vases x{\nM117 2 x{\nM117 2 x{\n");
    assert_string_equal(f->plan.said, "first\nsecond\n");
    assert_string_equal(f->plan.names, "a, b, b");
}

static void a_dropped_clearing_script_clears_nothing(void **state)
{
    struct fixture *f = *state;
    const struct scripts_hook hooks[] = {{"pause", "external-ready"}, {"beep", ""}};
    assert_int_equal(set_hooks(f, MOMENT_PRINT_SUCCESS, hooks, 2), 0);
    assert_int_equal(plan(f, MOMENT_PRINT_SUCCESS), 0);
    assert_string_equal(f->plan.names, "beep");
    assert_false(f->plan.clears_bed);
}

static void an_error_fails_the_whole_moment(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        replace(f, "{\"conditions\": {\"bad\": \"local x\\nreturn x.y\", \"loop\": \"while true do "
                   "end\"}, \"events\": {\"print_failure\": [{\"script\": \"pause\"}, {\"script\": "
                   "\"off\", \"condition\": \"bad\"}], \"print_cancel\": [{\"script\": \"pause\", "
                   "\"condition\": \"loop\"}]}}"),
        0);
    assert_int_equal(plan(f, MOMENT_PRINT_FAILURE), -PP_EINVAL);
    assert_non_null(strstr(f->err.text, "condition \"bad\": line 2: attempt to index"));
    assert_int_equal(f->plan.count, 0);
    assert_null(f->plan.steps);
    assert_false(f->plan.clears_bed);
    assert_int_equal(plan(f, MOMENT_PRINT_CANCEL), -PP_EINVAL);
    assert_non_null(strstr(f->err.text, "condition \"loop\": line 1: more than 100000 steps"));
}

static void values_have_the_form_gcode_takes(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[][2] = {
        {"M117 {min_x} {printer.max_x} {max_y} {x_0} {x_100} {x_50} {y_33} {z_10}",
            "M117 -5 215 210.5 -5 215 105 69.465 20\n"},
        {"M117 {current.bed_temp} {small} {big} {neg} {tiny}", "M117 45 0.00001 1000000 -0.5 0\n"},
        {"M117 {text} {whole}", "M117 a b 12\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *answer = scripts_try(cases[i][0],
            "{small = 0.00001, big = 1e6, neg = -0.5, tiny = -1e-9, text = 'a b', whole = 12}",
            f->symbols);
        assert_string_equal(json_string_value(json_object_get(answer, "gcode")), cases[i][1]);
        json_decref(answer);
    }
    static const char *const missing[] = {"{x_101}", "{x_}", "{x_-1}", "{current}",
        "{current.nothing}", "{current.path.x}", "{current.materials}", "{a_5}", "{printer.}"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        json_t *answer = scripts_try(missing[i], "", f->symbols);
        assert_false(json_is_true(json_object_get(answer, "runs")));
        json_decref(answer);
    }
}

static void a_dry_run_tells_everything(void **state)
{
    struct fixture *f = *state;
    json_t *answer = scripts_try("@wait_bed {n}\nM84 ; off",
        "print('hi') external.seen = true return {n = 30.0}", f->symbols);
    char *text = json_dumps(answer, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text,
        "{\"error\":null,\"gcode\":\"@wait_bed 30\\nM84\\n\",\"runs\":true,\"said\":\"hi\\n\","
        "\"symbols\":{\"external\":{\"seen\":true}}}");
    free(text);
    json_decref(answer);
    answer = scripts_try("M117 {x}", "true", f->symbols);
    text = json_dumps(answer, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text,
        "{\"error\":\"script: line 1: {x}: there is no such value here (`{{` is a brace)\","
        "\"gcode\":\"\",\"runs\":false,\"said\":\"\",\"symbols\":{}}");
    free(text);
    json_decref(answer);
    answer = scripts_try("M84", "print('\\255') return false", NULL);
    assert_false(json_is_true(json_object_get(answer, "runs")));
    assert_string_equal(json_string_value(json_object_get(answer, "said")), "\\xff\\x0a");
    json_decref(answer);
}

static void without_a_store_changes_hold_at_once(void **state)
{
    (void)state;
    struct scripts *s = NULL;
    struct answer a = {0};
    const struct scripts_hook hook = {"beep", ""};
    const struct scripts_hook *got = NULL;
    assert_int_equal(scripts_open(&s, shipped_dirs, NULL, NULL), 0);
    assert_int_equal(scripts_set_hooks(s, MOMENT_ACTIVATE, &hook, 1, on_done, &a, NULL), 0);
    assert_int_equal(a.count, 1);
    assert_int_equal(scripts_hooks(s, MOMENT_ACTIVATE, &got), 1);
    scripts_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_shipped_ones_are_right),
        TEST(by_default_a_person_is_waited_for_and_at_the_end_all_is_off),
        TEST(the_motors_of_a_delta_hold_its_carriages),
        TEST(a_printer_may_have_a_script_of_its_own_until_a_person_says_otherwise),
        TEST(what_only_tells_and_waits_clears_no_bed),
        TEST(the_sweep_knows_the_printer),
        TEST(the_shipped_conditions_judge_as_they_say),
        TEST(a_file_hides_the_one_of_its_name_also_with_mistakes),
        TEST(a_file_is_a_script_or_a_condition),
        TEST(a_person_s_wins_and_is_kept),
        TEST(removing_a_person_s_brings_ours_back),
        TEST(what_hangs_on_a_moment_cannot_be_removed),
        TEST(changes_under_way_count_in_checks),
        TEST(a_change_holds_only_once_it_is_durable),
        TEST(what_cannot_be_is_refused),
        TEST(hooks_are_checked_and_kept),
        TEST(all_at_once_is_all_or_nothing),
        TEST(a_new_body_alone_does_not_clear_the_bed),
        TEST(conditions_decide_and_their_values_add_up),
        TEST(a_dropped_clearing_script_clears_nothing),
        TEST(an_error_fails_the_whole_moment),
        TEST(values_have_the_form_gcode_takes),
        TEST(a_dry_run_tells_everything),
        cmocka_unit_test(without_a_store_changes_hold_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
