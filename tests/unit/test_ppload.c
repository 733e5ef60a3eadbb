// link: ppload_parts
/* ppload: its percentiles, its count of errors, the hosts it is told. */
#include "tools/ppload/hosts.h"
#include "tools/ppload/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void percentiles_are_those_of_what_was_measured(void **state)
{
    (void)state;
    struct tally t;
    struct tally_figures f;
    tally_init(&t);
    for (unsigned i = 0; i < 1000; i++) { /* 0 … 999 ms in another order */
        tally_add(&t, TALLY_EDIT, (uint64_t)(i * 7 % 1000) * 1000000);
    }
    tally_figures(&t, TALLY_EDIT, &f);
    assert_int_equal(f.count, 1000);
    assert_int_equal((int)f.p50_ms, 500);
    assert_int_equal((int)f.p90_ms, 900);
    assert_int_equal((int)f.p99_ms, 990);
    assert_int_equal((int)f.max_ms, 999);
    tally_figures(&t, TALLY_MOVE, &f);
    assert_int_equal(f.count, 0);
    assert_true(f.max_ms == 0);
    tally_fini(&t);
}

static void one_measurement_is_every_percentile(void **state)
{
    (void)state;
    struct tally t;
    struct tally_figures f;
    tally_init(&t);
    tally_add(&t, TALLY_LIST, 3000000);
    tally_figures(&t, TALLY_LIST, &f);
    assert_true(f.p50_ms == 3 && f.p99_ms == 3 && f.max_ms == 3);
    tally_fini(&t);
}

static void errors_are_counted_by_operation_and_kind_with_the_first_text(void **state)
{
    (void)state;
    struct tally t;
    tally_init(&t);
    tally_fail(&t, TALLY_MOVE, "busy", "first");
    tally_fail(&t, TALLY_MOVE, "busy", "second");
    tally_fail(&t, TALLY_MOVE, "timeout", "slow");
    tally_fail(&t, TALLY_EDIT, "busy", "other");
    assert_int_equal(t.errors_count, 3);
    assert_int_equal(t.errors[0].count, 2);
    assert_string_equal(t.errors[0].text, "first");
    assert_int_equal(tally_failed(&t), 4);
    for (int i = 0; i < 2 * TALLY_KINDS; i++) {
        char kind[16];
        snprintf(kind, sizeof kind, "kind %d", i);
        tally_fail(&t, TALLY_LIST, kind, "");
    }
    assert_int_equal(t.errors_count, TALLY_KINDS);
    assert_int_equal(tally_failed(&t), 4 + 2 * TALLY_KINDS);
    tally_fini(&t);
}

static void an_address_may_carry_its_key(void **state)
{
    (void)state;
    static struct hosts h;
    struct err e;
    h.count = 0;
    assert_int_equal(hosts_add(&h, "printer:8125=a=key", "other", &e), 0);
    assert_string_equal(h.at[0].url, "http://printer:8125");
    assert_string_equal(h.at[0].key, "a=key");
    assert_int_equal(hosts_add(&h, "https://printer/", "other", &e), 0);
    assert_string_equal(h.at[1].url, "https://printer");
    assert_string_equal(h.at[1].key, "other");
    assert_int_equal(hosts_add(&h, "ftp://printer:21", "", &e), -PP_EINVAL);
    assert_int_equal(hosts_add(&h, "me@printer:8125", "", &e), -PP_EINVAL);
    assert_int_equal(h.count, 2);
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(path, mode);
}

static void hosts_of_this_machine_are_found_and_others_files_left_out(void **state)
{
    (void)state;
    static struct hosts h;
    struct err e;
    char folder[] = "/tmp/test_ppload.XXXXXX";
    char text[200];
    assert_non_null(mkdtemp(folder));
    setenv("PPHOST_RUNTIME", folder, 1);
    snprintf(text, sizeof text,
        "{\"name\": \"b\", \"url\": \"http://127.0.0.1:1\", \"key\": \"k\", \"pid\": %d}",
        (int)getpid());
    write_file(folder, "b.json", text, 0600);
    write_file(folder, "gone.json",
        "{\"name\": \"gone\", \"url\": \"http://127.0.0.1:2\", "
        "\"key\": \"k\", \"pid\": 2147483647}",
        0600);
    write_file(folder, "rubbish.json", "{", 0600);
    text[10] = 'a'; /* another name, at another address */
    strstr(text, "0.1:1")[4] = '3';
    write_file(folder, "open.json", text, 0666);
    h.count = 0;
    hosts_find(&h);
    assert_int_equal(h.count, 1);
    assert_string_equal(h.at[0].name, "b");
    assert_string_equal(h.at[0].key, "k");
    h.count = 0;
    assert_int_equal(hosts_add(&h, "b", "", &e), 0);
    assert_int_equal(hosts_add(&h, "gone", "", &e), -PP_ENOTFOUND);
    char command[320];
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_those_of_what_was_measured),
        cmocka_unit_test(one_measurement_is_every_percentile),
        cmocka_unit_test(errors_are_counted_by_operation_and_kind_with_the_first_text),
        cmocka_unit_test(an_address_may_carry_its_key),
        cmocka_unit_test(hosts_of_this_machine_are_found_and_others_files_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
