// link: ppio
#include "host/io/serial.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
    int master;
    int slave; /* keeps the terminal alive */
    char path[64];
};

static struct pair pair;

static int make_pair(void **state)
{
    (void)state;
    return openpty(&pair.master, &pair.slave, pair.path, NULL, NULL);
}

static int drop_pair(void **state)
{
    (void)state;
    close(pair.master);
    close(pair.slave);
    return 0;
}

static void a_pty_carries_bytes_both_ways_unchanged(void **state)
{
    struct serial s;
    struct err e = {0};
    char buf[16] = "";
    (void)state;
    assert_int_equal(serial_open(&s, pair.path, 250000, &e), 0);
    assert_true(s.pty);
    assert_int_equal(s.baud, 250000);
    assert_int_equal(write(s.fd, "G28\n\x03", 5), 5);
    assert_int_equal(read(pair.master, buf, sizeof buf), 5);
    assert_memory_equal(buf, "G28\n\x03", 5);
    assert_int_equal(write(pair.master, "ok\r\n", 4), 4);
    assert_int_equal(read(s.fd, buf, sizeof buf), 4);
    assert_memory_equal(buf, "ok\r\n", 4);
    assert_int_equal(read(s.fd, buf, sizeof buf), -1); /* does not block, no echo */
    serial_close(&s);
    serial_close(&s);
    assert_int_equal(s.fd, -1);
}

static void closing_does_not_hang_up(void **state)
{
    struct serial s;
    struct termios t;
    (void)state;
    assert_int_equal(serial_open(&s, pair.path, 115200, NULL), 0);
    assert_int_equal(tcgetattr(pair.slave, &t), 0);
    assert_int_equal(t.c_cflag & HUPCL, 0);
    assert_int_equal(t.c_cflag & CSIZE, CS8);
    assert_int_equal(t.c_cflag & (PARENB | CSTOPB | CRTSCTS), 0);
    assert_int_equal(t.c_iflag & (IXON | IXOFF | ICRNL), 0);
    assert_int_equal(fcntl(s.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    serial_close(&s);
}

static void links_are_followed(void **state)
{
    struct serial s;
    char link[64];
    (void)state;
    snprintf(link, sizeof link, "/tmp/test_serial_%d", (int)getpid());
    unlink(link);
    assert_int_equal(symlink(pair.path, link), 0);
    assert_int_equal(serial_open(&s, link, 115200, NULL), 0);
    assert_string_equal(s.path, pair.path);
    serial_close(&s);
    unlink(link);
}

/* A child holds the port until its pipe is closed. */
static pid_t hold_in_child(int *release)
{
    int ready[2];
    int go[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct serial s;
        int rc = serial_open(&s, pair.path, 115200, NULL);
        close(go[1]);
        _exit(rc != 0 || write(ready[1], "r", 1) != 1 || read(go[0], &byte, 1) != 0);
    }
    close(go[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *release = go[1];
    return pid;
}

static void the_second_host_is_told_who_holds_the_port(void **state)
{
    struct serial s;
    struct err e = {0};
    char wanted[64];
    int release;
    int status;
    (void)state;
    pid_t pid = hold_in_child(&release);
    assert_int_equal(serial_open(&s, pair.path, 115200, &e), -PP_EBUSY);
    assert_int_equal(s.fd, -1);
    snprintf(wanted, sizeof wanted, "(pid %d)", (int)pid);
    assert_non_null(strstr(e.text, wanted));
    assert_non_null(strstr(e.text, "is in use by test_serial"));
    close(release);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    /* Its end, however it comes, frees the port. */
    assert_int_equal(serial_open(&s, pair.path, 115200, &e), 0);
    serial_close(&s);
}

static void assert_refused(const char *device, int code, const char *text)
{
    struct serial s;
    struct err e = {0};
    assert_int_equal(serial_open(&s, device, 115200, &e), -code);
    assert_non_null(strstr(e.text, text));
    assert_int_equal(s.fd, -1);
    serial_close(&s);
}

static void what_is_no_port_is_refused(void **state)
{
    (void)state;
    assert_refused("/etc/passwd", PP_EINVAL, "\"/etc/passwd\" is not a serial port");
    assert_refused("/dev/null", PP_EINVAL, "\"/dev/null\" is not a serial port");
    assert_refused("/tmp", PP_EINVAL, "\"/tmp\" is not a serial port");
    assert_refused("/dev/ttyNONE", PP_ENOTFOUND, "\"/dev/ttyNONE\" is not there");
    assert_refused("/etc/passwd/x", PP_ENOTFOUND, "is not there");
    assert_refused("", PP_ENOTFOUND, "is not there");
}

static void another_rate_can_be_set_and_drops_what_waits(void **state)
{
    struct serial s;
    char buf[8];
    (void)state;
    assert_int_equal(serial_open(&s, pair.path, 115200, NULL), 0);
    assert_int_equal(write(pair.master, "garble", 6), 6);
    assert_int_equal(serial_set_baud(&s, 250000, NULL), 0);
    assert_int_equal(s.baud, 250000);
    assert_int_equal(read(s.fd, buf, sizeof buf), -1);
    serial_close(&s);
}

static void a_pty_drops_output_without_harm(void **state)
{
    struct serial s;
    (void)state;
    assert_int_equal(serial_open(&s, pair.path, 115200, NULL), 0);
    serial_drop_output(&s);
    assert_int_equal(write(s.fd, "x", 1), 1);
    serial_close(&s);
    serial_drop_output(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_pty_carries_bytes_both_ways_unchanged, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(closing_does_not_hang_up, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(links_are_followed, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(
            the_second_host_is_told_who_holds_the_port, make_pair, drop_pair),
        cmocka_unit_test(what_is_no_port_is_refused),
        cmocka_unit_test_setup_teardown(
            another_rate_can_be_set_and_drops_what_waits, make_pair, drop_pair),
        cmocka_unit_test_setup_teardown(a_pty_drops_output_without_harm, make_pair, drop_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
