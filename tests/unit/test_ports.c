// link: ppio
#include "host/io/port_names.h"
#include "host/io/ports.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BY_ID   "/dev/serial/by-id/usb-x"
#define BY_PATH "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"

static void a_port_with_a_serial_number_is_found_by_id(void **state)
{
    (void)state;
    assert_string_equal(
        port_stable_name("/dev/ttyACM0", "CZPX1234X004XK12345", BY_ID, BY_PATH), BY_ID);
}

static void clones_without_a_serial_number_are_found_by_path(void **state)
{
    static const char *const shared[] = {"", "0001", "0", "00000000", "0123456789", "abc"};
    (void)state;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        assert_string_equal(port_stable_name("/dev/ttyUSB0", shared[i], BY_ID, BY_PATH), BY_PATH);
    }
    assert_string_equal(port_stable_name("/dev/ttyUSB0", "", BY_ID, ""), BY_ID);
    assert_string_equal(port_stable_name("/dev/ttyS0", "", "", ""), "/dev/ttyS0");
}

static void assert_short_name(
    const char *device, const char *serial, const char *by_path, const char *wanted)
{
    char name[64];
    port_short_name(device, serial, by_path, name, sizeof name);
    assert_string_equal(name, wanted);
}

static void the_short_name_has_only_safe_characters(void **state)
{
    (void)state;
    assert_short_name("/dev/ttyACM0", "CZPX12/34 \xc3\xa4", BY_PATH, "CZPX1234");
    assert_short_name("/dev/ttyUSB0", "", BY_PATH, "pci-00000014.0-usb-021.0-port0");
    assert_short_name("/tmp/ppv", "", "", "ppv");
    assert_short_name("/tmp/..ppv", "", "", "ppv");
    assert_short_name("/tmp/\xe2\x9c\x93", "", "", "printer");
}

static void the_short_name_is_cut_to_fit(void **state)
{
    char name[5];
    (void)state;
    port_short_name("/tmp/abcdefgh", "", "", name, sizeof name);
    assert_string_equal(name, "abcd");
}

static void known_usb_ids_are_guessed(void **state)
{
    (void)state;
    assert_string_equal(port_guess(0x2c99, 2), "Original Prusa i3 MK3");
    assert_string_equal(port_guess(0x2c99, 0x7777), "Original Prusa");
    assert_non_null(strstr(port_guess(0x1a86, 0x7523), "CH340"));
    assert_string_equal(port_guess(0x1234, 0x5678), "");
    assert_string_equal(port_guess(-1, -1), "");
}

static void a_pty_has_the_name_of_its_link(void **state)
{
    char slave[64];
    char link[64];
    char out[128];
    int master_fd = -1;
    int slave_fd = -1;
    (void)state;
    assert_int_equal(openpty(&master_fd, &slave_fd, slave, NULL, NULL), 0);
    snprintf(link, sizeof link, "/tmp/test_ports_%d", (int)getpid());
    unlink(link);
    assert_int_equal(symlink(slave, link), 0);
    ports_stable_name(link, out, sizeof out);
    assert_string_equal(out, link);
    ports_default_name(link, out, sizeof out);
    assert_string_equal(out, link + strlen("/tmp/"));
    unlink(link);
    close(slave_fd);
    close(master_fd);
}

static void listing_works_on_any_machine(void **state)
{
    struct port *ports = NULL;
    size_t count = 0;
    struct err e = {0};
    (void)state;
    assert_int_equal(ports_list(&ports, &count, &e), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ports[i].device[0], '/');
    }
    free(ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_with_a_serial_number_is_found_by_id),
        cmocka_unit_test(clones_without_a_serial_number_are_found_by_path),
        cmocka_unit_test(the_short_name_has_only_safe_characters),
        cmocka_unit_test(the_short_name_is_cut_to_fit),
        cmocka_unit_test(known_usb_ids_are_guessed),
        cmocka_unit_test(a_pty_has_the_name_of_its_link),
        cmocka_unit_test(listing_works_on_any_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
