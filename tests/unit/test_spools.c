// link: ppapp
#include "host/app/queue/spools.h"

#include "host/base/mem.h"
#include "host/io/store_spools.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <sqlite3.h>

#include <cmocka.h>

#define FILAMENT(...) ((const int64_t[QUEUE_TOOLS_MAX]){__VA_ARGS__})

struct fixture {
    char dir[TEMPDIR_SIZE];
    uv_loop_t loop;
    struct store *store;
    struct spools *spools;
    struct hub *hub;
    int answers;
    int told;
    struct err err;
};

static void on_closed(void *context)
{
    *(bool *)context = true;
}

static void close_all(struct fixture *f)
{
    bool closed = false;
    spools_close(f->spools);
    f->spools = NULL;
    store_close(f->store, on_closed, &closed);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_true(closed);
}

static void on_told(void *context, enum hub_event event, const void *data)
{
    struct fixture *f = context;
    (void)data;
    assert_int_equal(event, HUB_SPOOLS);
    f->told++;
}

static void open_all(struct fixture *f)
{
    const char *const dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    struct err e = {0};
    if (store_open(&f->store, &f->loop, tempdir_path(f->dir, "pphost.db"), &e) != 0 ||
        spools_open(&f->spools, dirs, f->store, &e) != 0) {
        fail_msg("%s", e.text);
    }
    spools_set_hub(f->spools, f->hub);
}

static void reopen(struct fixture *f)
{
    close_all(f);
    open_all(f);
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    f->hub = hub_new();
    hub_add(f->hub, 1u << HUB_SPOOLS, on_told, f);
    open_all(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_all(f);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    hub_free(f->hub);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static void on_answer(void *context, const struct err *e)
{
    struct fixture *f = context;
    f->answers++;
    f->err = e != NULL ? *e : (struct err){0};
}

static void wait_for(struct fixture *f, int answers)
{
    while (f->answers < answers) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static struct spool_entry make_spool(const char *name, const char *type, const char *color)
{
    struct spool_entry s = {.net_mg = 1000000, .left_mg = -1};
    snprintf(s.name, sizeof s.name, "%s", name);
    snprintf(s.type, sizeof s.type, "%s", type);
    snprintf(s.color, sizeof s.color, "%s", color);
    return s;
}

static void save(struct fixture *f, const struct spool_entry *spool)
{
    struct err e = {0};
    int before = f->answers;
    if (spools_save(f->spools, spool, on_answer, f, &e) != 0) {
        fail_msg("%s", e.text);
    }
    wait_for(f, before + 1);
    assert_int_equal(f->err.code, 0);
}

static void load(struct fixture *f, unsigned tool, const char *what)
{
    struct err e = {0};
    int before = f->answers;
    if (spools_load(f->spools, tool, what, on_answer, f, &e) != 0) {
        fail_msg("%s", e.text);
    }
    wait_for(f, before + 1);
    assert_int_equal(f->err.code, 0);
}

static const struct spool_entry *find(struct fixture *f, const char *text)
{
    const struct spool_entry *found = NULL;
    struct err e = {0};
    if (spools_find(f->spools, text, &found, &e) != 0) {
        fail_msg("%s", e.text);
    }
    return found;
}

static void assert_says(const struct err *e, int code, const char *part)
{
    assert_int_equal(e->code, code);
    if (strstr(e->text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", e->text, part);
    }
}

static void assert_save_fails(
    struct fixture *f, const struct spool_entry *spool, const char *field, const char *part)
{
    struct err e = {0};
    assert_int_equal(spools_save(f->spools, spool, on_answer, f, &e), -PP_EINVAL);
    assert_string_equal(e.field, field);
    assert_says(&e, PP_EINVAL, part);
}

static void assert_load_fails(
    struct fixture *f, unsigned tool, const char *what, int code, const char *part)
{
    struct err e = {0};
    assert_int_equal(spools_load(f->spools, tool, what, on_answer, f, &e), -code);
    assert_says(&e, code, part);
}

/* ---- the register ---- */

static void a_spool_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("Galaxy", "PETG", "Black");
    strcpy(s.rgb, "#0A0B0C");
    s.left_mg = 123456;
    s.density_mg_cm3 = 1300;
    s.diameter_um = 2850;
    save(f, &s);
    reopen(f);
    const struct spool_entry *found = find(f, "Galaxy");
    assert_string_equal(found->type, "PETG");
    assert_string_equal(found->color, "Black");
    assert_string_equal(found->rgb, "#0a0b0c");
    assert_int_equal(found->net_mg, 1000000);
    assert_int_equal(found->left_mg, 123456);
    assert_int_equal(found->density_mg_cm3, 1300);
    assert_int_equal(found->diameter_um, 2850);
    assert_false(found->archived);
}

static void a_new_spool_gets_a_name_and_is_full_unless_told(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("", "PLA", "Black");
    save(f, &s);
    assert_int_equal(find(f, "PLA Black")->left_mg, 1000000);
}

static void spools_are_listed_by_name(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"beta", "Alpha", "gamma"};
    for (size_t i = 0; i < 3; i++) {
        struct spool_entry s = make_spool(names[i], "PLA", "");
        save(f, &s);
    }
    assert_string_equal(spools_at(f->spools, 0)->name, "Alpha");
    assert_string_equal(spools_at(f->spools, 1)->name, "beta");
    assert_string_equal(spools_at(f->spools, 2)->name, "gamma");
    assert_null(spools_at(f->spools, 3));
}

static void a_spool_is_found_by_id_end_of_it_or_unique_name(void **state)
{
    struct fixture *f = *state;
    const struct spool_entry *found;
    struct err e = {0};
    struct spool_entry s = make_spool("same", "PLA", "");
    save(f, &s);
    save(f, &s);
    struct spool_entry first = *spools_at(f->spools, 0);
    assert_string_equal(find(f, first.id)->id, first.id);
    assert_string_equal(find(f, first.id + 24)->id, first.id);
    assert_int_equal(spools_find(f->spools, "same", &found, &e), -PP_EINVAL);
    assert_says(&e, PP_EINVAL, "\"same\": 2 spools are meant: same (");
    assert_int_equal(spools_find(f->spools, first.id + 33, &found, &e), -PP_ENOTFOUND);
    assert_int_equal(spools_find(f->spools, "", &found, &e), -PP_ENOTFOUND);
    assert_int_equal(spools_find(f->spools, "no\nne", &found, &e), -PP_ENOTFOUND);
    assert_says(&e, PP_ENOTFOUND, "\"no\\x0ane\": no spool has this id");
}

static void a_spool_is_edited_and_removed(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct spool_entry s = make_spool("one", "PLA", "");
    save(f, &s);
    s = *find(f, "one");
    strcpy(s.name, "two");
    s.left_mg = -1;
    save(f, &s);
    assert_int_equal(find(f, "two")->left_mg, -1);
    int before = f->answers;
    assert_int_equal(spools_remove(f->spools, s.id, on_answer, f, &e), 0);
    wait_for(f, before + 1);
    assert_null(spools_at(f->spools, 0));
    assert_int_equal(spools_remove(f->spools, s.id, on_answer, f, &e), -PP_ENOTFOUND);
    assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), -PP_ENOTFOUND);
    reopen(f);
    assert_null(spools_at(f->spools, 0));
}

static void what_cannot_be_a_spool_is_refused_and_quoted(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("x", "", "");
    assert_save_fails(f, &s, "type", "type \"\": must be a material");
    s = make_spool("x", "PLA_Black", "");
    assert_save_fails(f, &s, "type", "type \"PLA_Black\": must not contain '_'");
    s = make_spool("x", "PLA", "Black,matt");
    assert_save_fails(f, &s, "color", "color \"Black,matt\": must not contain ','");
    s = make_spool("x", "PLA", "#000000");
    assert_save_fails(f, &s, "color", "color \"#000000\": must not contain '#'");
    s = make_spool("x", "PLA", " Black");
    assert_save_fails(f, &s, "color", "color \" Black\": must be");
    s = make_spool("x\x1b[2J", "PLA", "");
    assert_save_fails(f, &s, "name", "name \"x\\x1b[2J\": must be UTF-8 without control");
    s = make_spool("\xff", "PLA", "");
    assert_save_fails(f, &s, "name", "must be UTF-8");
    s = make_spool("x", "PLA", "");
    strcpy(s.rgb, "#12345g");
    assert_save_fails(f, &s, "rgb", "rgb \"#12345g\": must be like \"#1a2b3c\"");
    s.rgb[0] = '\0';
    s.net_mg = 100000001;
    assert_save_fails(f, &s, "net_g", "must be from 0 (unknown) to 100000");
    s.net_mg = 0;
    s.left_mg = -2;
    assert_save_fails(f, &s, "left_g", "left_g -0.002: must be from 0 to 100000");
    s.left_mg = 0;
    s.density_mg_cm3 = 124;
    assert_save_fails(f, &s, "density_g_cm3", "density_g_cm3 0.124: must be from 0.5 to 20");
    s.density_mg_cm3 = 0;
    s.diameter_um = 175;
    assert_save_fails(f, &s, "diameter_mm", "diameter_mm 0.175: must be from 0.5 to 5");
    assert_null(spools_at(f->spools, 0));
    assert_int_equal(f->answers, 0);
}

static void a_row_that_cannot_be_right_is_left_out_and_kept(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("good", "PLA", "");
    save(f, &s);
    store_save_spool(f->store, "00000000-0000-7000-8000-000000000001", "{\"name\":5}", NULL, NULL);
    store_save_spool(f->store, "00000000-0000-7000-8000-000000000002", "[", NULL, NULL);
    store_save_tool(f->store, 1, "00000000-0000-7000-8000-000000000001", NULL, NULL);
    store_save_tool(f->store, 77, "PLA", NULL, NULL);
    reopen(f);
    assert_string_equal(spools_at(f->spools, 0)->name, "good");
    assert_null(spools_at(f->spools, 1));
    assert_string_equal(spools_loaded(f->spools, 1), "");
}

/* ---- tools ---- */

static void a_tool_holds_a_spool_or_a_plain_material(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("Galaxy", "PETG", "Black");
    strcpy(s.rgb, "#0a0b0c");
    save(f, &s);
    load(f, 0, "Galaxy");
    load(f, 1, "pla_Red");
    assert_string_equal(spools_loaded(f->spools, 0), "PETG_Black_#0a0b0c");
    assert_string_equal(spools_loaded_spool(f->spools, 0)->name, "Galaxy");
    assert_string_equal(spools_loaded(f->spools, 1), "pla_Red");
    assert_null(spools_loaded_spool(f->spools, 1));
    assert_string_equal(spools_loaded(f->spools, 2), "");
    assert_string_equal(spools_loaded(f->spools, 8), "");
    assert_null(spools_loaded_spool(f->spools, 8));
    reopen(f);
    assert_string_equal(spools_loaded(f->spools, 0), "PETG_Black_#0a0b0c");
    assert_string_equal(spools_loaded(f->spools, 1), "pla_Red");
    load(f, 0, "");
    load(f, 1, "");
    reopen(f);
    assert_string_equal(spools_loaded(f->spools, 0), "");
    assert_string_equal(spools_loaded(f->spools, 1), "");
}

static void the_key_has_no_more_than_is_known(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("a", "PLA", "");
    save(f, &s);
    load(f, 0, "a");
    assert_string_equal(spools_loaded(f->spools, 0), "PLA");
    s = *find(f, "a");
    strcpy(s.color, "Red");
    save(f, &s);
    assert_string_equal(spools_loaded(f->spools, 0), "PLA_Red");
    s.color[0] = '\0';
    strcpy(s.rgb, "#ff0000");
    save(f, &s);
    assert_string_equal(spools_loaded(f->spools, 0), "PLA__#ff0000");
}

static void the_longest_key_fits(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("a", "PLA", "");
    memset(s.type, 'T', sizeof s.type - 1);
    memset(s.color, 'c', sizeof s.color - 1);
    strcpy(s.rgb, "#ff0000");
    save(f, &s);
    load(f, 7, "a");
    assert_int_equal(strlen(spools_loaded(f->spools, 7)), 31 + 1 + 31 + 1 + 7);
}

static void what_cannot_be_loaded_is_refused_and_quoted(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("one", "PLA", "");
    s.archived = true;
    save(f, &s);
    assert_load_fails(f, 8, "PLA", PP_EINVAL, "tool 8: must be from 0 to 7");
    assert_load_fails(f, 0, "PAL", PP_ENOTFOUND, "\"PAL\": no spool has this id or name, and no");
    assert_load_fails(f, 0, "PAL", PP_ENOTFOUND, "PETG, PLA, ");
    assert_load_fails(f, 0, "PLA_a_b", PP_EINVAL, "color \"a_b\": must not contain '_'");
    assert_load_fails(f, 0, "PLA_Red_#12", PP_EINVAL, "rgb \"#12\"");
    assert_load_fails(f, 0, "PLA_Red_#1234567", PP_EINVAL, "must be a spool or a material like");
    assert_load_fails(f, 0, "one", PP_EREFUSED, "spool \"one\" is archived");
    assert_int_equal(f->answers, 1);
}

static void a_spool_is_in_one_tool_and_stays_while_it_is(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct spool_entry s = make_spool("one", "PLA", "");
    save(f, &s);
    load(f, 0, "one");
    load(f, 0, "one");
    assert_load_fails(f, 1, "one", PP_EBUSY, "spool \"one\" is in tool 0: unload it there first");
    s = *find(f, "one");
    assert_int_equal(spools_remove(f->spools, s.id, on_answer, f, &e), -PP_EBUSY);
    assert_says(&e, PP_EBUSY, "spool \"one\" is in tool 0");
    s.archived = true;
    assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), -PP_EBUSY);
}

/* ---- prints ---- */

/* 1 m of 1.75 mm is 2.405 cm3. */
static void a_print_takes_what_it_weighs(void **state)
{
    struct fixture *f = *state;
    struct spool_entry pla = make_spool("a", "PLA", "");
    struct spool_entry own = make_spool("b", "PLA", "");
    struct spool_entry unknown = make_spool("c", "Wood", "");
    own.density_mg_cm3 = 2000;
    own.diameter_um = 2850;
    save(f, &pla);
    save(f, &own);
    save(f, &unknown);
    load(f, 0, "a");
    load(f, 1, "b");
    load(f, 2, "c");
    load(f, 3, "ABS");
    spools_use(f->spools, FILAMENT(1000000, 1000000, 1000000, 1000000));
    assert_int_equal(find(f, "a")->left_mg, 1000000 - 2983);
    assert_int_equal(find(f, "b")->left_mg, 1000000 - 12759);
    assert_int_equal(find(f, "c")->left_mg, 1000000 - 2983);
    reopen(f);
    assert_int_equal(find(f, "a")->left_mg, 1000000 - 2983);
}

static void a_spool_is_empty_at_zero_and_unknown_stays_unknown(void **state)
{
    struct fixture *f = *state;
    struct spool_entry little = make_spool("a", "PLA", "");
    struct spool_entry unknown = make_spool("b", "PLA", "");
    little.left_mg = 10;
    unknown.net_mg = 0;
    save(f, &little);
    save(f, &unknown);
    load(f, 0, "a");
    load(f, 1, "b");
    spools_use(f->spools, FILAMENT(1000000, 1000000));
    spools_use(f->spools, FILAMENT(INT64_MAX, -5));
    assert_int_equal(find(f, "a")->left_mg, 0);
    assert_int_equal(find(f, "b")->left_mg, -1);
}

static void it_is_told_when_a_spool_will_not_do(void **state)
{
    struct fixture *f = *state;
    char text[200] = "x";
    struct spool_entry s = make_spool("Galaxy", "PLA", "");
    s.left_mg = 5000;
    save(f, &s);
    load(f, 1, "Galaxy");
    assert_true(spools_enough(f->spools, FILAMENT(0, 1000000), 2000, text, sizeof text));
    assert_string_equal(text, "");
    assert_false(spools_enough(f->spools, FILAMENT(0, 1000000), 2100, text, sizeof text));
    assert_string_equal(text,
        "tool 1: spool \"Galaxy\" has 5.0 g left, this print needs 3.0 g, and "
        "2 g to spare");
    assert_false(spools_enough(f->spools, FILAMENT(0, 2000000), 0, text, sizeof text));
    assert_string_equal(text, "tool 1: spool \"Galaxy\" has 5.0 g left, this print needs 6.0 g");
    assert_true(spools_enough(f->spools, FILAMENT(2000000), 0, text, sizeof text));
}

/* ---- changes ---- */

static void every_change_is_told(void **state)
{
    struct fixture *f = *state;
    struct spool_entry s = make_spool("a", "PLA", "");
    save(f, &s);
    assert_int_equal(f->told, 1);
    load(f, 0, "a");
    assert_int_equal(f->told, 2);
    spools_use(f->spools, FILAMENT(1000));
    assert_int_equal(f->told, 3);
    spools_use(f->spools, FILAMENT(0, 1000));
    assert_int_equal(f->told, 3);
}

static void too_many_are_refused(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct spool_entry s = make_spool("a", "PLA", "");
    for (int i = 0; i < SPOOLS_COUNT_MAX; i++) {
        assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), 0);
        if (i % 100 == 0) {
            wait_for(f, i + 1);
        }
    }
    assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), -PP_ELIMIT);
    wait_for(f, SPOOLS_COUNT_MAX);
}

static void run_sql(struct fixture *f, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(tempdir_path(f->dir, "pphost.db"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void refuse_writes(struct fixture *f)
{
    run_sql(f, "CREATE TRIGGER a BEFORE INSERT ON spools BEGIN SELECT RAISE(ABORT, 'no'); END;"
               "CREATE TRIGGER b BEFORE DELETE ON spools BEGIN SELECT RAISE(ABORT, 'no'); END;"
               "CREATE TRIGGER c BEFORE INSERT ON tools BEGIN SELECT RAISE(ABORT, 'no'); END;"
               "CREATE TRIGGER d BEFORE DELETE ON tools BEGIN SELECT RAISE(ABORT, 'no'); END;");
}

static void accept_writes(struct fixture *f)
{
    run_sql(f, "DROP TRIGGER a; DROP TRIGGER b; DROP TRIGGER c; DROP TRIGGER d;");
}

static void wait_for_failure(struct fixture *f, int answers)
{
    wait_for(f, answers);
    assert_int_not_equal(f->err.code, 0);
}

static void what_the_disk_does_not_take_is_taken_back(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct spool_entry s = make_spool("a", "PLA", "");
    save(f, &s);
    load(f, 0, "a");
    s = *find(f, "a");
    int before = f->answers;
    refuse_writes(f);
    strcpy(s.name, "b");
    s.left_mg = 500000;
    assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), 0);
    spools_use(f->spools, FILAMENT(1000000));
    wait_for_failure(f, before + 1);
    assert_int_equal(find(f, "a")->left_mg, 1000000 - 2983); /* what was used is used */
    struct spool_entry other = make_spool("new", "PLA", "");
    assert_int_equal(spools_save(f->spools, &other, on_answer, f, &e), 0);
    wait_for_failure(f, before + 2);
    assert_null(spools_at(f->spools, 1));
    assert_int_equal(spools_load(f->spools, 0, "", on_answer, f, &e), 0);
    wait_for_failure(f, before + 3);
    assert_string_equal(spools_loaded_spool(f->spools, 0)->name, "a");
    accept_writes(f);
    load(f, 0, "");
    refuse_writes(f);
    assert_int_equal(spools_remove(f->spools, s.id, on_answer, f, &e), 0);
    assert_null(spools_at(f->spools, 0));
    wait_for_failure(f, before + 5);
    assert_string_equal(spools_at(f->spools, 0)->name, "a");
    accept_writes(f);
}

/* Two changes on their way fail one after the other. */
static void what_is_taken_back_is_as_it_was_on_the_disk(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct spool_entry s = make_spool("a", "PLA", "");
    save(f, &s);
    s = *find(f, "a");
    int before = f->answers;
    refuse_writes(f);
    strcpy(s.name, "b");
    assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), 0);
    strcpy(s.name, "c");
    assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), 0);
    assert_string_equal(spools_at(f->spools, 0)->name, "c");
    wait_for(f, before + 1);
    assert_string_equal(spools_at(f->spools, 0)->name, f->answers == before + 1 ? "c" : "a");
    wait_for(f, before + 2);
    assert_string_equal(spools_at(f->spools, 0)->name, "a");
    accept_writes(f);
    assert_int_equal(spools_load(f->spools, 0, "a", NULL, NULL, &e), 0);
    assert_int_equal(spools_load(f->spools, 0, "PLA", NULL, NULL, &e), 0);
    load(f, 0, "PETG");
    assert_string_equal(spools_loaded(f->spools, 0), "PETG");
}

static void closing_leaves_what_is_being_written_to_be_answered(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct spool_entry s = make_spool("a", "PLA", "");
    int before = f->answers;
    assert_int_equal(spools_save(f->spools, &s, on_answer, f, &e), 0);
    assert_int_equal(spools_load(f->spools, 0, "a", on_answer, f, &e), 0);
    spools_use(f->spools, FILAMENT(1000000));
    reopen(f);
    assert_int_equal(f->answers, before + 2);
    assert_int_equal(spools_loaded_spool(f->spools, 0)->left_mg, 1000000 - 2983);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_spool_is_there_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_new_spool_gets_a_name_and_is_full_unless_told, setup, teardown),
        cmocka_unit_test_setup_teardown(spools_are_listed_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_spool_is_found_by_id_end_of_it_or_unique_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_spool_is_edited_and_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_cannot_be_a_spool_is_refused_and_quoted, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_row_that_cannot_be_right_is_left_out_and_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tool_holds_a_spool_or_a_plain_material, setup, teardown),
        cmocka_unit_test_setup_teardown(the_key_has_no_more_than_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(the_longest_key_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_cannot_be_loaded_is_refused_and_quoted, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_spool_is_in_one_tool_and_stays_while_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_print_takes_what_it_weighs, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_spool_is_empty_at_zero_and_unknown_stays_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_told_when_a_spool_will_not_do, setup, teardown),
        cmocka_unit_test_setup_teardown(every_change_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_disk_does_not_take_is_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_is_taken_back_is_as_it_was_on_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(
            closing_leaves_what_is_being_written_to_be_answered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
