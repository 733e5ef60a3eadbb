// link: ppapp
#include "host/app/keys.h"

#include "host/base/mem.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
    char dir[TEMPDIR_SIZE];
    char path[TEMPDIR_SIZE + 16];
    uv_loop_t loop;
    struct store *store;
    struct keys *keys;
};

struct answer {
    int count;
    struct err err;
};

static uint64_t now_ms;

static uint64_t fake_clock(void)
{
    return now_ms;
}

static void open_keys(struct fixture *f)
{
    assert_int_equal(store_open(&f->store, &f->loop, f->path, NULL), 0);
    assert_int_equal(keys_open(&f->keys, f->store, NULL), 0);
    keys_set_clock(f->keys, fake_clock);
}

static void close_keys(struct fixture *f)
{
    keys_close(f->keys);
    store_close(f->store, NULL, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    tempdir_make(f->dir);
    snprintf(f->path, sizeof f->path, "%s/pphost.db", f->dir);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    open_keys(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_keys(f);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

static void on_answer(void *context, const struct err *e)
{
    struct answer *a = context;
    a->count++;
    a->err = e != NULL ? *e : (struct err){0};
}

static void wait_for(struct fixture *f, const struct answer *a, int count)
{
    while (a->count < count) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static void add_key(struct fixture *f, const char *name, const char *scope, char *text)
{
    struct answer a = {0};
    struct err e = {0};
    if (keys_add(f->keys, name, scope, text, on_answer, &a, &e) != 0) {
        fail_msg("%s", e.text);
    }
    wait_for(f, &a, 1);
    assert_int_equal(a.err.code, 0);
}

static void assert_add_fails(struct fixture *f, const char *name, const char *scope, int code,
    const char *field, const char *part)
{
    char text[KEY_TEXT_SIZE];
    struct err e = {0};
    assert_int_equal(keys_add(f->keys, name, scope, text, NULL, NULL, &e), -code);
    assert_string_equal(e.field, field);
    if (strstr(e.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", e.text, part);
    }
}

static void a_key_holds_with_its_scope_after_a_restart_too(void **state)
{
    struct fixture *f = *state;
    char text[KEY_TEXT_SIZE];
    char name[64];
    add_key(f, "slicer", "print", text);
    assert_int_equal(strlen(text), KEY_TEXT_SIZE - 1);
    assert_int_equal(
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
        KEY_TEXT_SIZE - 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(keys_check(f->keys, text, name, sizeof name), KEY_PRINT);
        assert_string_equal(name, "slicer");
        close_keys(f);
        open_keys(f);
    }
    assert_string_equal(keys_at(f->keys, 0)->name, "slicer");
    assert_null(keys_at(f->keys, 1));
}

static void the_text_of_a_key_is_nowhere_in_the_store(void **state)
{
    struct fixture *f = *state;
    char text[KEY_TEXT_SIZE];
    char *bytes = mem_alloc(1 << 20);
    add_key(f, "slicer", "print", text);
    close_keys(f);
    FILE *file = fopen(f->path, "r");
    size_t n = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    assert_non_null(memmem(bytes, n, "slicer", 6));
    assert_null(memmem(bytes, n, text, strlen(text)));
    free(bytes);
    open_keys(f);
}

static void what_is_no_key_has_no_scope(void **state)
{
    struct fixture *f = *state;
    char text[KEY_TEXT_SIZE];
    char name[64] = "x";
    char *large = mem_alloc(100000);
    memset(large, 'k', 99999);
    add_key(f, "slicer", "read", text);
    text[7] = text[7] == 'A' ? 'B' : 'A';
    assert_int_equal(keys_check(f->keys, text, name, sizeof name), KEY_NONE);
    assert_string_equal(name, "");
    assert_int_equal(keys_check(f->keys, "", NULL, 0), KEY_NONE);
    assert_int_equal(keys_check(f->keys, NULL, NULL, 0), KEY_NONE);
    assert_int_equal(keys_check(f->keys, large, NULL, 0), KEY_NONE);
    free(large);
}

static void the_local_key_is_admin_and_new_at_each_start(void **state)
{
    struct fixture *f = *state;
    char local[KEY_TEXT_SIZE];
    char name[64];
    strcpy(local, keys_local(f->keys));
    assert_int_equal(keys_check(f->keys, local, name, sizeof name), KEY_ADMIN);
    assert_string_equal(name, "local");
    assert_null(keys_at(f->keys, 0));
    close_keys(f);
    open_keys(f);
    assert_int_equal(keys_check(f->keys, local, NULL, 0), KEY_NONE);
}

static void a_key_holds_only_once_it_is_saved(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    char text[KEY_TEXT_SIZE];
    assert_int_equal(keys_add(f->keys, "slicer", "admin", text, on_answer, &a, NULL), 0);
    assert_int_equal(keys_check(f->keys, text, NULL, 0), KEY_NONE);
    assert_null(keys_at(f->keys, 0));
    assert_add_fails(f, "slicer", "admin", PP_EEXIST, "name", "exists already");
    wait_for(f, &a, 1);
    assert_int_equal(keys_check(f->keys, text, NULL, 0), KEY_ADMIN);
}

static void a_removed_key_is_refused_at_once_and_for_good(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    struct err e = {0};
    char text[KEY_TEXT_SIZE];
    add_key(f, "slicer", "print", text);
    assert_int_equal(keys_remove(f->keys, "slicer", on_answer, &a, NULL), 0);
    assert_int_equal(keys_check(f->keys, text, NULL, 0), KEY_NONE);
    assert_int_equal(keys_remove(f->keys, "slicer", NULL, NULL, &e), -PP_ENOTFOUND);
    assert_string_equal(e.text, "no key is called \"slicer\"");
    wait_for(f, &a, 1);
    assert_int_equal(a.err.code, 0);
    close_keys(f);
    open_keys(f);
    assert_null(keys_at(f->keys, 0));
    add_key(f, "slicer", "print", text);
}

static void a_key_the_store_refuses_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    char text[KEY_TEXT_SIZE];
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
            "CREATE TRIGGER no BEFORE INSERT ON keys BEGIN SELECT RAISE(ABORT, 'no'); END", NULL,
            NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(keys_add(f->keys, "slicer", "print", text, on_answer, &a, NULL), 0);
    wait_for(f, &a, 1);
    assert_int_not_equal(a.err.code, 0);
    assert_null(keys_at(f->keys, 0));
    assert_int_equal(keys_check(f->keys, text, NULL, 0), KEY_NONE);
}

static void a_key_the_store_cannot_remove_holds_again(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    char text[KEY_TEXT_SIZE];
    sqlite3 *db;
    add_key(f, "slicer", "print", text);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
            "CREATE TRIGGER no BEFORE DELETE ON keys BEGIN SELECT RAISE(ABORT, 'no'); END", NULL,
            NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(keys_remove(f->keys, "slicer", on_answer, &a, NULL), 0);
    wait_for(f, &a, 1);
    assert_int_not_equal(a.err.code, 0);
    assert_int_equal(keys_check(f->keys, text, NULL, 0), KEY_PRINT);
}

static void unfit_names_and_scopes_are_refused_with_the_reason(void **state)
{
    struct fixture *f = *state;
    char name[80];
    memset(name, 'n', sizeof name);
    name[64] = '\0';
    assert_add_fails(f, name, "read", PP_EINVAL, "name", "must be 1 to 63 bytes");
    assert_add_fails(f, "", "read", PP_EINVAL, "name", "key name \"\"");
    assert_add_fails(f, "a/b", "read", PP_EINVAL, "name", "key name \"a/b\"");
    assert_add_fails(f, "a\nb", "read", PP_EINVAL, "name", "key name \"a\\x0ab\"");
    assert_add_fails(f, "local", "read", PP_EINVAL, "name", "is used by pphost itself");
    assert_add_fails(f, "phone", "root", PP_EINVAL, "scope", "must be read, print or admin");
    assert_add_fails(f, "phone", "none", PP_EINVAL, "scope", "scope \"none\"");
}

static void there_are_at_most_256_keys(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    char text[KEY_TEXT_SIZE];
    for (int i = 0; i < 256; i++) {
        char name[16];
        snprintf(name, sizeof name, "key %d", i);
        assert_int_equal(keys_add(f->keys, name, "read", text, on_answer, &a, NULL), 0);
    }
    assert_add_fails(f, "one more", "read", PP_ELIMIT, "", "there are 256 keys already");
    wait_for(f, &a, 256);
}

static void a_login_token_is_good_once(void **state)
{
    struct fixture *f = *state;
    char token[KEY_TEXT_SIZE];
    char key[KEY_TEXT_SIZE];
    char name[64];
    struct err e = {0};
    keys_login_token(f->keys, token);
    assert_int_equal(keys_check(f->keys, token, NULL, 0), KEY_NONE);
    assert_int_equal(keys_redeem(f->keys, token, key, NULL), 0);
    assert_int_equal(keys_check(f->keys, key, name, sizeof name), KEY_ADMIN);
    assert_string_equal(name, "session");
    assert_int_equal(keys_redeem(f->keys, token, key, &e), -PP_EAUTH);
    assert_non_null(strstr(e.text, "used already"));
    assert_int_equal(keys_redeem(f->keys, "", key, &e), -PP_EAUTH);
}

static void a_login_token_is_good_for_ten_minutes(void **state)
{
    struct fixture *f = *state;
    char token[2][KEY_TEXT_SIZE];
    char key[KEY_TEXT_SIZE];
    now_ms = 1000;
    keys_login_token(f->keys, token[0]);
    keys_login_token(f->keys, token[1]);
    now_ms += 600000;
    assert_int_equal(keys_redeem(f->keys, token[0], key, NULL), 0);
    now_ms += 1;
    assert_int_equal(keys_redeem(f->keys, token[1], key, NULL), -PP_EAUTH);
}

static void the_oldest_session_gives_way(void **state)
{
    struct fixture *f = *state;
    char token[KEY_TEXT_SIZE];
    char first[KEY_TEXT_SIZE];
    char key[KEY_TEXT_SIZE];
    for (int i = 0; i < 65; i++) {
        keys_login_token(f->keys, token);
        assert_int_equal(keys_redeem(f->keys, token, i == 0 ? first : key, NULL), 0);
    }
    assert_int_equal(keys_check(f->keys, first, NULL, 0), KEY_NONE);
    assert_int_equal(keys_check(f->keys, key, NULL, 0), KEY_ADMIN);
}

static void closing_answers_what_is_under_way(void **state)
{
    struct fixture *f = *state;
    struct answer a = {0};
    char text[KEY_TEXT_SIZE];
    assert_int_equal(keys_add(f->keys, "slicer", "print", text, on_answer, &a, NULL), 0);
    keys_close(f->keys);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.err.code, PP_ECANCELED);
    assert_int_equal(keys_open(&f->keys, f->store, NULL), 0);
    close_keys(f);
    assert_int_equal(a.count, 1);
    open_keys(f);
}

#define KEYS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEYS_TEST(a_key_holds_with_its_scope_after_a_restart_too),
        KEYS_TEST(the_text_of_a_key_is_nowhere_in_the_store),
        KEYS_TEST(what_is_no_key_has_no_scope),
        KEYS_TEST(the_local_key_is_admin_and_new_at_each_start),
        KEYS_TEST(a_key_holds_only_once_it_is_saved),
        KEYS_TEST(a_removed_key_is_refused_at_once_and_for_good),
        KEYS_TEST(a_key_the_store_refuses_is_forgotten),
        KEYS_TEST(a_key_the_store_cannot_remove_holds_again),
        KEYS_TEST(unfit_names_and_scopes_are_refused_with_the_reason),
        KEYS_TEST(there_are_at_most_256_keys),
        KEYS_TEST(a_login_token_is_good_once),
        KEYS_TEST(a_login_token_is_good_for_ten_minutes),
        KEYS_TEST(the_oldest_session_gives_way),
        KEYS_TEST(closing_answers_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
