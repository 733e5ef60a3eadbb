// link: ppio
/* The mapped file: what one process leaves another finds, and nothing else. */
#include "host/io/ringfile.h"

#include "tests/unit/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

static char dir[TEMPDIR_SIZE];
static char path[TEMPDIR_SIZE + 16];

static int make(void **state)
{
    (void)state;
    tempdir_make(dir);
    snprintf(path, sizeof path, "%s/prn.ring", dir);
    return 0;
}

static int drop(void **state)
{
    struct ringfile r;
    struct err e;
    (void)state;
    if (ringfile_open(&r, path, &e) == 0) {
        ringfile_forget(&r);
        ringfile_close(&r);
    }
    tempdir_remove(dir);
    return 0;
}

static struct ringfile open_ring(void)
{
    struct ringfile r;
    struct err e;
    assert_int_equal(ringfile_open(&r, path, &e), 0);
    return r;
}

static void leave_something(void)
{
    struct ringfile r = open_ring();
    kept_inject(r.kept, "M400", 4, 7);
    ringfile_set_words(&r, "hello", 5);
    ringfile_alive(&r);
    ringfile_close(&r);
}

static void a_new_file_has_no_past(void **state)
{
    (void)state;
    struct ringfile r = open_ring();
    size_t len;
    assert_false(r.left);
    ringfile_words(&r, &len);
    assert_int_equal(len, 0);
    ringfile_close(&r);
    r = open_ring();
    assert_false(r.left); /* nobody was ever alive */
    ringfile_close(&r);
}

static void what_was_left_is_found_again(void **state)
{
    (void)state;
    size_t len;
    leave_something();
    struct ringfile r = open_ring();
    assert_true(r.left);
    assert_memory_equal(ringfile_words(&r, &len), "hello", 5);
    assert_int_equal(len, 5);
    assert_string_equal(kept_peek(r.kept)->text, "M400");
    assert_true(ringfile_away_ms(&r) < 5000);
    ringfile_close(&r);
}

static void what_is_forgotten_is_gone(void **state)
{
    (void)state;
    leave_something();
    struct ringfile r = open_ring();
    ringfile_forget(&r);
    ringfile_close(&r);
    r = open_ring();
    assert_false(r.left);
    assert_null(kept_peek(r.kept));
    ringfile_close(&r);
}

static void two_processes_do_not_share_it(void **state)
{
    (void)state;
    struct ringfile other;
    struct err e;
    struct ringfile r = open_ring();
    assert_int_equal(ringfile_open(&other, path, &e), -PP_EBUSY);
    assert_non_null(strstr(e.text, "in use by another pphost"));
    ringfile_close(&r);
}

/* Of another build, another boot, or cut short by a full memory. */
static void what_is_not_ours_is_overwritten(void **state)
{
    static const off_t places[] = {0, 16, 20, 30}; /* magic, version, size, boot id */
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        leave_something();
        struct ringfile r = open_ring();
        assert_true(r.left);
        assert_int_equal(pwrite(r.fd, "\xa5", 1, places[i]), 1);
        ringfile_close(&r);
        r = open_ring();
        assert_false(r.left);
        assert_null(kept_peek(r.kept));
        ringfile_close(&r);
    }
    leave_something();
    struct ringfile r = open_ring();
    assert_int_equal(ftruncate(r.fd, 5000), 0);
    ringfile_close(&r);
    r = open_ring();
    assert_false(r.left);
    ringfile_close(&r);
}

static void a_damaged_line_makes_all_of_no_use(void **state)
{
    (void)state;
    leave_something();
    struct ringfile r = open_ring();
    r.kept->inject[0].text[0] = '\n';
    ringfile_close(&r);
    r = open_ring();
    assert_false(r.left);
    ringfile_close(&r);
}

static void it_is_for_the_owner_alone_and_never_behind_a_link(void **state)
{
    (void)state;
    struct stat st;
    struct err e;
    struct ringfile r = open_ring();
    char real[sizeof r.path];
    memcpy(real, r.path, sizeof real);
    assert_int_equal(fstat(r.fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    ringfile_forget(&r);
    ringfile_close(&r);
    assert_int_equal(symlink("/etc/passwd", real), 0);
    assert_true(ringfile_open(&r, path, &e) < 0);
    unlink(real);
}

static void without_a_path_the_memory_is_private(void **state)
{
    (void)state;
    struct ringfile r;
    struct err e;
    assert_int_equal(ringfile_open(&r, "", &e), 0);
    assert_false(r.left);
    assert_true(kept_inject(r.kept, "M105", 4, 0));
    ringfile_alive(&r);
    ringfile_forget(&r);
    ringfile_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_file_has_no_past, make, drop),
        cmocka_unit_test_setup_teardown(what_was_left_is_found_again, make, drop),
        cmocka_unit_test_setup_teardown(what_is_forgotten_is_gone, make, drop),
        cmocka_unit_test_setup_teardown(two_processes_do_not_share_it, make, drop),
        cmocka_unit_test_setup_teardown(what_is_not_ours_is_overwritten, make, drop),
        cmocka_unit_test_setup_teardown(a_damaged_line_makes_all_of_no_use, make, drop),
        cmocka_unit_test_setup_teardown(
            it_is_for_the_owner_alone_and_never_behind_a_link, make, drop),
        cmocka_unit_test_setup_teardown(without_a_path_the_memory_is_private, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
