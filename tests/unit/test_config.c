// link: ppapp
#include "host/app/config.h"
#include "host/app/profile.h"
#include "host/base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tempdir.h"

static char dir[TEMPDIR_SIZE];
static struct config config;
static struct strbuf mistakes;
static struct err error;

static int set_up(void **state)
{
    (void)state;
    tempdir_make(dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tempdir_remove(dir);
    strbuf_fini(&mistakes);
    error = (struct err){0};
    return 0;
}

static const char *put(const char *name, const char *text)
{
    const char *path = tempdir_path(dir, name);
    assert_int_equal(file_write(path, text, strlen(text), 0600, NULL), 0);
    return path;
}

static int load(const char *first, const char *second, const char *name, const char *device)
{
    const char *const paths[] = {first, second, NULL};
    return config_load(&config, paths, first, name, device, &mistakes, &error);
}

static void without_a_file_the_defaults_hold(void **state)
{
    const char *const paths[] = {tempdir_path(dir, "none.yaml"), NULL};
    (void)state;
    assert_int_equal(config_load(&config, paths, NULL, "", "/dev/ttyUSB0", &mistakes, &error), 0);
    assert_string_equal(config.listen, "127.0.0.1:8125");
    assert_false(config.listen_set);
    assert_false(config.auth_loopback_open);
    assert_int_equal(config.heaters_off_ms, 30 * 60000);
    assert_int_equal(config.pause_off_ms, 30 * 60000);
    assert_int_equal(config.pause_bed_off_ms, 8 * 60 * 60000);
    assert_int_equal(config.upload_max_bytes, INT64_C(2) << 30);
    assert_int_equal(config.archive_keep_ms, INT64_C(90) * 86400000);
    assert_int_equal(config.archive_keep_jobs, 1000);
    assert_int_equal(config.history_keep_ms, INT64_C(730) * 86400000);
    assert_int_equal(config.baud, 0);
    assert_string_equal(config.name, "");
    assert_string_equal(config.profile, "");
}

static void a_required_file_must_be_there(void **state)
{
    (void)state;
    assert_int_equal(load(tempdir_path(dir, "none.yaml"), NULL, "", "/dev/x"), -PP_EINVAL);
    assert_non_null(strstr(error.text, "none.yaml\": No such file or directory"));
}

static const char two_printers[] = "listen: 0.0.0.0:9000\n"
                                   "auth: loopback-open\n"
                                   "heaters_off_after: 45m\n"
                                   "pause_heaters_off_after: 5m\n"
                                   "pause_bed_off_after: 2h\n"
                                   "upload_limit: 500MB\n"
                                   "profiles: /srv/profiles\n"
                                   "printers:\n"
                                   "  mk3:\n"
                                   "    device: /dev/pphost-a\n"
                                   "    profile: prusa-mk3s\n"
                                   "    baud: 115200\n"
                                   "    listen: 127.0.0.1:9001\n"
                                   "    heaters_off_after: 10m\n"
                                   "    pause_heaters_off_after: 7m\n"
                                   "    pause_bed_off_after: 1h\n"
                                   "    data: /srv/mk3\n"
                                   "  ender:\n"
                                   "    device: /dev/pphost-b\n"
                                   "    baud: auto\n";

static void how_long_jobs_and_runs_are_kept_may_be_for_ever(void **state)
{
    (void)state;
    assert_int_equal(load(put("a.yaml", "archive_keep: 30d\n"
                                        "archive_keep_jobs: 50\n"
                                        "history_keep: 1y\n"),
                         put("b.yaml", "archive_keep: forever\n"
                                       "archive_keep_jobs: all\n"),
                         "", "/dev/other"),
        0);
    assert_int_equal(config.archive_keep_ms, 0);
    assert_int_equal(config.archive_keep_jobs, 0);
    assert_int_equal(config.history_keep_ms, INT64_C(365) * 86400000);
    assert_int_equal(load(put("a.yaml", "archive_keep: 5m\n"), NULL, "", "/dev/x"), -PP_EINVAL);
    assert_non_null(strstr(error.text, "archive_keep: \"5m\": must be a time such as"));
    assert_non_null(strstr(error.text, "from 1h to 100y, or forever"));
}

static void what_follows_an_upload_may_be_said_for_all_or_one(void **state)
{
    (void)state;
    assert_int_equal(load(put("a.yaml", ""), NULL, "", "/dev/x"), 0);
    assert_int_equal(config.queue.upload, CONFIG_UPLOAD_DO_NOTHING);
    const char *both = "upload_action: add_draft\n"
                       "printers:\n"
                       "  mk3:\n"
                       "    device: /dev/pphost-a\n"
                       "    upload_action: add_printable\n";
    assert_int_equal(load(put("a.yaml", both), NULL, "", "/dev/x"), 0);
    assert_int_equal(config.queue.upload, CONFIG_UPLOAD_ADD_DRAFT);
    assert_int_equal(load(put("a.yaml", both), NULL, "mk3", "/dev/pphost-a"), 0);
    assert_int_equal(config.queue.upload, CONFIG_UPLOAD_ADD_PRINTABLE);
    assert_int_equal(load(put("a.yaml", "upload_action: print\n"), NULL, "", "/dev/x"), -PP_EINVAL);
    assert_non_null(strstr(error.text, "upload_action: \"print\": must be"));
    assert_non_null(strstr(error.text, "add_printable"));
}

static void a_section_is_chosen_by_name(void **state)
{
    (void)state;
    assert_int_equal(load(put("a.yaml", two_printers), NULL, "mk3", "/dev/other"), 0);
    assert_string_equal(config.name, "mk3");
    assert_string_equal(config.device, "/dev/pphost-a");
    assert_string_equal(config.profile, "prusa-mk3s");
    assert_int_equal(config.baud, 115200);
    assert_string_equal(config.listen, "127.0.0.1:9001");
    assert_true(config.listen_set);
    assert_int_equal(config.heaters_off_ms, 10 * 60000);
    assert_int_equal(config.pause_off_ms, 7 * 60000);
    assert_int_equal(config.pause_bed_off_ms, 60 * 60000);
    assert_string_equal(config.data_dir, "/srv/mk3");
    assert_int_equal(config.upload_max_bytes, 500000000);
    assert_string_equal(config.profiles_dir, "/srv/profiles");
    assert_true(config.auth_loopback_open);
}

static void what_a_section_leaves_out_comes_from_above(void **state)
{
    (void)state;
    assert_int_equal(load(put("a.yaml", two_printers), NULL, "ender", "/dev/other"), 0);
    assert_string_equal(config.listen, "0.0.0.0:9000");
    assert_true(config.listen_set);
    assert_int_equal(config.heaters_off_ms, 45 * 60000);
    assert_int_equal(config.pause_off_ms, 5 * 60000);
    assert_int_equal(config.pause_bed_off_ms, 2 * 60 * 60000);
    assert_int_equal(config.baud, 0);
}

static void a_name_without_a_section_gets_the_global_settings(void **state)
{
    (void)state;
    assert_int_equal(load(put("a.yaml", two_printers), NULL, "voron", "/dev/pphost-a"), 0);
    assert_string_equal(config.name, "");
    assert_string_equal(config.listen, "0.0.0.0:9000");
}

static void a_section_is_chosen_by_its_device_behind_links(void **state)
{
    char text[512];
    (void)state;
    const char *node = put("ttyX", "");
    const char *link = tempdir_path(dir, "by-id");
    assert_int_equal(symlink(node, link), 0);
    snprintf(text, sizeof text, "printers: {a: {device: /dev/none}, b: {device: %s}}\n", link);
    assert_int_equal(load(put("a.yaml", text), NULL, "", node), 0);
    assert_string_equal(config.name, "b");
    assert_int_equal(load(put("a.yaml", text), NULL, "", "/dev/none"), 0);
    assert_string_equal(config.name, "a");
}

static void two_sections_with_the_device_are_a_mistake(void **state)
{
    (void)state;
    const char *path = put("a.yaml", "printers: {a: {device: /dev/n}, b: {device: /dev/n}}\n");
    assert_int_equal(load(path, NULL, "", "/dev/n"), -PP_EINVAL);
    assert_string_equal(error.text,
        "/dev/n: printers \"a\" and \"b\" both have this device; say which with --name");
    strbuf_fini(&mistakes);
    assert_int_equal(load(path, NULL, "b", "/dev/n"), 0);
}

static void later_files_override_key_by_key(void **state)
{
    (void)state;
    const char *user = put("user.yaml", "heaters_off_after: 5m\n"
                                        "printers: {mk3: {baud: 250000}, new: {device: /dev/z}}\n");
    assert_int_equal(load(put("a.yaml", two_printers), user, "mk3", ""), 0);
    assert_int_equal(config.baud, 250000);
    assert_string_equal(config.profile, "prusa-mk3s");
    assert_int_equal(config.heaters_off_ms, 10 * 60000);
    assert_int_equal(load(put("a.yaml", two_printers), user, "new", ""), 0);
    assert_int_equal(config.heaters_off_ms, 5 * 60000);
}

static void a_home_folder_may_be_short(void **state)
{
    (void)state;
    setenv("HOME", "/home/ann", 1);
    assert_int_equal(load(put("a.yaml", "profiles: ~/p\n"), NULL, "", "/dev/x"), 0);
    assert_string_equal(config.profiles_dir, "/home/ann/p");
}

static void every_mistake_is_told_with_its_place(void **state)
{
    char wanted[1024];
    (void)state;
    const char *path =
        put("a.yaml", "buad: 1\nprinters:\n  mk3:\n    baud: fast\n    device: tty\n");
    assert_int_equal(load(path, NULL, "mk3", ""), -PP_EINVAL);
    snprintf(wanted, sizeof wanted,
        "%s:1:1: buad: unknown key; here may stand: listen, auth, heaters_off_after, "
        "resume_within, pause_heaters_off_after, pause_bed_off_after, upload_limit, "
        "archive_keep, archive_keep_jobs, history_keep, shutdown_command, profiles, printers, net, "
        "queues, "
        "upload_action, attempts, retry_within, give_up, on_cancel, cooldown, cooldown_timeout, "
        "quiet_hours, "
        "material_check, spool_reserve, ignore_lines\n"
        "%s:4:11: baud: \"fast\": must be a number from 1200 to 4000000, or auto\n"
        "%s:5:13: device: \"tty\": must be a full path, such as /dev/ttyUSB0 or "
        "/dev/serial/by-id/...\n",
        path, path, path);
    assert_string_equal(strbuf_text(&mistakes), wanted);
    assert_int_equal(strncmp(error.text, wanted, strlen(path) + 8), 0);
}

static void what_a_queue_accepts_is_kept_apart_from_what_was_not_said(void **state)
{
    (void)state;
    assert_int_equal(load(put("a.yaml", "net:\n"
                                        "  registry_period: 10m\n"
                                        "queues:\n"
                                        "  farm: {kind: wan, registry: example.org}\n"
                                        "  open: {kind: wan, registry: example.org, accept: all}\n"
                                        "  shed: {accept: model}\n"),
                         NULL, "", "/dev/x"),
        0);
    assert_int_equal(config.net.registry_period_ms, 600000);
    assert_int_equal(config.queues_count, 3);
    assert_string_equal(config.queues[0].accept, "");
    assert_string_equal(config.queues[1].accept, "all");
    assert_string_equal(config.queues[2].accept, "model");
    assert_int_equal(
        load(put("b.yaml", "net: {registry_period: 1s}\n"), NULL, "", "/dev/x"), -PP_EINVAL);
    assert_non_null(strstr(error.text, "registry_period"));
    assert_int_equal(load(put("c.yaml", "auth: keys\n"), NULL, "", "/dev/x"), 0);
    assert_int_equal(config.net.registry_period_ms, 3600000);
}

static void what_a_printer_does_with_its_queue_has_sane_defaults(void **state)
{
    (void)state;
    assert_int_equal(load(put("a.yaml", "auth: keys\n"), NULL, "mk3", ""), 0);
    assert_int_equal(config.queue.attempts, 3);
    assert_int_equal(config.queue.retry_within_ms, 3600000);
    assert_int_equal(config.queue.give_up, CONFIG_GIVE_UP_STOP);
    assert_true(config.queue.on_cancel_stop);
    assert_int_equal(config.queue.cooldown_mc, 0);
    assert_int_equal(config.queue.quiet_from_min, config.queue.quiet_to_min);
    assert_true(config.queue.material_check);
    assert_string_equal(config.queue.ignore_lines, "");
}

static void one_printer_may_do_otherwise_with_its_queue(void **state)
{
    (void)state;
    const char *path = put("a.yaml", "attempts: 5\n"
                                     "give_up: skip\n"
                                     "quiet_hours: 22:00-7:30\n"
                                     "ignore_lines: [M84, M300 S440]\n"
                                     "printers:\n"
                                     "  mk3:\n"
                                     "    give_up: quarantine\n"
                                     "    on_cancel: skip\n"
                                     "    cooldown: 28\n"
                                     "    material_check: no\n"
                                     "    ignore_lines: [M104 S0]\n");
    assert_int_equal(load(path, NULL, "other", ""), 0);
    assert_int_equal(config.queue.give_up, CONFIG_GIVE_UP_SKIP);
    assert_string_equal(config.queue.ignore_lines, "M84\nM300 S440\n");
    assert_int_equal(config.queue.cooldown_mc, 0);
    assert_int_equal(load(path, NULL, "mk3", ""), 0);
    assert_int_equal(config.queue.attempts, 5);
    assert_int_equal(config.queue.give_up, CONFIG_GIVE_UP_QUARANTINE);
    assert_false(config.queue.on_cancel_stop);
    assert_false(config.queue.material_check);
    assert_int_equal(config.queue.cooldown_mc, 28000);
    assert_int_equal(config.queue.quiet_from_min, 22 * 60);
    assert_int_equal(config.queue.quiet_to_min, 7 * 60 + 30);
    assert_string_equal(config.queue.ignore_lines, "M104 S0\n");
}

static void quiet_hours_that_are_none_are_told(void **state)
{
    static const char *const wrong[] = {
        "22:00", "22:00-25:00", "22:00-22:00", "22-7", "a:00-7:00", "22:60-07:00", "22:00-07:0"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        snprintf(text, sizeof text, "quiet_hours: \"%s\"\n", wrong[i]);
        assert_int_equal(load(put("a.yaml", text), NULL, "mk3", ""), -PP_EINVAL);
        assert_non_null(strstr(error.text, "22:00-07:00"));
        strbuf_fini(&mistakes);
    }
    assert_int_equal(load(put("a.yaml", "quiet_hours: off\n"), NULL, "mk3", ""), 0);
    assert_int_equal(load(put("a.yaml", "ignore_lines: [\"; M84\"]\n"), NULL, "", ""), -PP_EINVAL);
    assert_non_null(strstr(error.text, "must be one command of gcode"));
}

static void the_whole_of_a_file_can_be_checked(void **state)
{
    const char *dirs[] = {PP_SOURCE_DIR "/profiles", NULL};
    struct profiles *profiles = NULL;
    char wanted[1024];
    (void)state;
    assert_int_equal(profiles_open(&profiles, dirs, NULL), 0);
    const char *path =
        put("a.yaml", "printers:\n"
                      "  a: {device: /dev/n, listen: \"1.2.3.4:5\", profile: virtul}\n"
                      "  b: {device: /dev/n, listen: \"1.2.3.4:5\", profile: virtual}\n");
    assert_int_equal(config_check(path, profiles, &mistakes, &error), -PP_EINVAL);
    snprintf(wanted, sizeof wanted,
        "%s:2:53: profile: \"virtul\": there is no such profile; did you mean \"virtual\"?\n"
        "%s:3:15: device: \"/dev/n\": printer \"a\" has this device already\n"
        "%s:3:31: listen: \"1.2.3.4:5\": printer \"a\" has this address already\n",
        path, path, path);
    assert_string_equal(strbuf_text(&mistakes), wanted);
    strbuf_fini(&mistakes);
    assert_int_equal(config_check(put("b.yaml", two_printers), profiles, &mistakes, &error), 0);
    profiles_close(profiles);
}

static void listen_addresses_are_checked(void **state)
{
    static const char *const right[] = {
        "127.0.0.1:8125", "0.0.0.0:0", "[::1]:80", "[::]:65535", "localhost:1", "printer.lan:8125"};
    static const char *const wrong[] = {"", ":", "8125", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:80", "1.2.3.4.5:80", "::1:80",
        "[::1]", "[::g]:80", "[127.0.0.1]:80", ":8125", "a b:80", "*:80", "[]:80", "http://x:80"};
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_int_equal(config_check_listen(right[i], &error), 0);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(config_check_listen(wrong[i], &error), -PP_EINVAL);
    }
}

static void the_users_file_comes_after_the_machines(void **state)
{
    const char *paths[4];
    (void)state;
    setenv("XDG_CONFIG_HOME", "/home/ann/cfg", 1);
    config_paths(paths, "/x.yaml");
    assert_string_equal(paths[0], "/etc/pphost/pphost.yaml");
    assert_string_equal(paths[1], "/home/ann/cfg/pphost/pphost.yaml");
    assert_string_equal(paths[2], "/x.yaml");
    assert_null(paths[3]);
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", "/home/ann", 1);
    config_paths(paths, NULL);
    assert_string_equal(paths[1], "/home/ann/.config/pphost/pphost.yaml");
    assert_null(paths[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_file_the_defaults_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_required_file_must_be_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            how_long_jobs_and_runs_are_kept_may_be_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_follows_an_upload_may_be_said_for_all_or_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_section_is_chosen_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_a_section_leaves_out_comes_from_above, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_name_without_a_section_gets_the_global_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_section_is_chosen_by_its_device_behind_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            two_sections_with_the_device_are_a_mistake, set_up, tear_down),
        cmocka_unit_test_setup_teardown(later_files_override_key_by_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_home_folder_may_be_short, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_mistake_is_told_with_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_a_queue_accepts_is_kept_apart_from_what_was_not_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_a_printer_does_with_its_queue_has_sane_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            one_printer_may_do_otherwise_with_its_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quiet_hours_that_are_none_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_whole_of_a_file_can_be_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listen_addresses_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_users_file_comes_after_the_machines, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
