#include "host/io/serial.h"

#include "host/base/file.h"
#include "host/base/str.h"
#include "host/io/ports.h"
#include "host/io/serial_holder.h"
#include "host/io/serial_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PTY_MAJOR     136 /* to 143: Unix98 pty slaves */
#define PTY_MAJOR_END 144
#define TTY_MAJOR     4 /* virtual consoles below minor 64 */
#define TTYAUX_MAJOR  5 /* /dev/tty, /dev/console, /dev/ptmx */

/* ---- what went wrong, for people --------------------------------------------------------------
 */

static int refuse_missing(const char *device, struct err *e)
{
    struct port *ports = NULL;
    size_t count = 0;
    struct strbuf names = {0};
    int rc = 0;
    if (ports_list(&ports, &count, NULL) == 0 && count > 0) {
        for (size_t i = 0; i < count && i < 8; i++) {
            strbuf_printf(&names, "%s%s", i > 0 ? ", " : "", ports[i].device);
        }
        rc = err_set(e, PP_ENOTFOUND, "\"%s\" is not there; serial ports of this machine: %s",
            device, strbuf_text(&names));
    } else {
        rc = err_set(e, PP_ENOTFOUND,
            "\"%s\" is not there, and this machine has no serial port: is the printer plugged in "
            "and switched on?",
            device);
    }
    strbuf_fini(&names);
    free(ports);
    return rc;
}

static int refuse_forbidden(const char *path, struct err *e)
{
    struct stat st;
    struct group *group = NULL;
    if (stat(path, &st) == 0 && (st.st_mode & S_IWGRP) != 0 && st.st_gid != 0) {
        group = getgrgid(st.st_gid);
    }
    if (group == NULL) {
        return err_set(e, PP_EPERM, "\"%s\": no permission to open it", path);
    }
    return err_set(e, PP_EPERM,
        "\"%s\": no permission; it belongs to the group \"%s\": run `sudo usermod -aG %s $USER`, "
        "then log out and in again",
        path, group->gr_name, group->gr_name);
}

static int refuse_busy(const char *path, struct err *e)
{
    char holder[160];
    return err_set(e, PP_EBUSY, "\"%s\" is in use by %s", path,
        serial_holder_find(path, holder, sizeof holder));
}

static int refuse_open(const char *path, int errnum, struct err *e)
{
    if (errnum == EACCES || errnum == EPERM) {
        return refuse_forbidden(path, e);
    }
    if (errnum == EBUSY || errnum == EWOULDBLOCK) {
        return refuse_busy(path, e);
    }
    if (errnum == ENXIO || errnum == EIO || errnum == ENODEV) {
        return err_set(e, PP_EIO, "\"%s\": there is no hardware behind it", path);
    }
    return err_errno(e, errnum, "\"%s\"", path);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

/* The node behind the links, and what kind it is. */
static int resolve(struct serial *s, const char *device, struct err *e)
{
    char path[PATH_MAX];
    struct stat st;
    if (realpath(device, path) == NULL || stat(path, &st) != 0) {
        return errno == EACCES ? refuse_forbidden(device, e)
               : errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                   ? refuse_missing(device, e)
                   : err_errno(e, errno, "\"%s\"", device);
    }
    unsigned kind = S_ISCHR(st.st_mode) ? major(st.st_rdev) : 0;
    bool console = kind == TTYAUX_MAJOR || (kind == TTY_MAJOR && minor(st.st_rdev) < 64);
    if (kind == 0 || console) {
        return err_set(e, PP_EINVAL, "\"%s\" is not a serial port", device);
    }
    if (!str_copy(s->path, sizeof s->path, path, strlen(path))) {
        return err_set(e, PP_EINVAL, "\"%s\": the path is too long", device);
    }
    s->pty = (kind >= PTY_MAJOR && kind < PTY_MAJOR_END) || str_starts(path, "/dev/pts/");
    return 0;
}

/* Opens the node without changing anything on it. */
static int open_node(const struct serial *s, int *fd, struct err *e)
{
    *fd = open(s->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0) {
        return refuse_open(s->path, errno, e);
    }
    if (!isatty(*fd)) {
        int errnum = errno;
        close(*fd);
        return errnum == ENOTTY || errnum == EINVAL
                   ? err_set(e, PP_EINVAL, "\"%s\" is not a serial port", s->path)
                   : refuse_open(s->path, errnum, e);
    }
    return 0;
}

/* TIOCEXCL does not stop root, so that the lock decides. */
static int take(int fd, const struct serial *s, struct err *e)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : refuse_busy(s->path, e);
}

static int open_pty(struct serial *s, int baud, struct err *e)
{
    int fd = -1;
    int rc = open_node(s, &fd, e);
    if (rc != 0) {
        return rc;
    }
    rc = take(fd, s, e);
    if (rc == 0 && serial_tty_setup(fd, baud) != 0) {
        rc = err_errno(e, errno, "\"%s\": set up", s->path);
    }
    if (rc != 0) {
        close(fd);
        return rc;
    }
    s->fd = fd;
    return 0;
}

static int refuse_sp(const struct serial *s, const char *what, enum sp_return result, struct err *e)
{
    int errnum = errno;
    if (result == SP_ERR_FAIL && errnum != 0) {
        return refuse_open(s->path, errnum, e);
    }
    return err_set(e, PP_EIO, "\"%s\": %s is not possible", s->path, what);
}

/* Some UART drivers keep a stale parity setting unless it changes once: odd first, then none. */
static int set_frame(struct sp_port *port)
{
    enum sp_return rc = sp_set_bits(port, 8);
    rc = rc == SP_OK ? sp_set_parity(port, SP_PARITY_ODD) : rc;
    rc = rc == SP_OK ? sp_set_parity(port, SP_PARITY_NONE) : rc;
    rc = rc == SP_OK ? sp_set_stopbits(port, 1) : rc;
    return rc == SP_OK ? sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE) : rc;
}

/* The driver may pick another rate than asked for; more than 3 % off no byte arrives whole. */
static int set_rate(struct serial *s, int baud, struct err *e)
{
    enum sp_return result = sp_set_baudrate(s->port, baud);
    int64_t got = serial_tty_baud(s->fd);
    int64_t off = got > baud ? got - baud : baud - got;
    if (result != SP_OK || (got > 0 && off * 100 > (int64_t)baud * 3)) {
        return err_set(e, PP_EINVAL, "\"%s\" cannot do %d baud", s->path, baud);
    }
    s->baud = baud;
    return 0;
}

static void lower_latency(const struct serial *s)
{
    char timer[PATH_MAX];
    snprintf(timer, sizeof timer, "/sys/bus/usb-serial/devices/%s/latency_timer",
        file_basename(s->path));
    int fd = open(timer, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, "1", 1) == 1;
    if (fd >= 0) {
        close(fd);
    }
    if (!done) {
        serial_tty_low_latency(s->fd);
    }
}

static int set_up(struct serial *s, int baud, struct err *e)
{
    int flags = fcntl(s->fd, F_GETFL);
    fcntl(s->fd, F_SETFL, flags | O_NONBLOCK);
    fcntl(s->fd, F_SETFD, FD_CLOEXEC);
    int rc = take(s->fd, s, e);
    if (rc != 0) {
        return rc;
    }
    /* Not on a pty: there it would outlive its holder. */
    serial_tty_set_exclusive(s->fd, true);
    enum sp_return result = set_frame(s->port);
    if (result != SP_OK) {
        return refuse_sp(s, "8N1", result, e);
    }
    rc = set_rate(s, baud, e);
    serial_tty_keep_dtr(s->fd);
    lower_latency(s);
    return rc;
}

/* libserialport opens by itself and sets modes as it does so. That must not touch a port somebody
 * else prints on: a first descriptor finds out, and stays open meanwhile, as its closing would be a
 * hang-up. */
static int open_real(struct serial *s, int baud, struct err *e)
{
    int probe = -1;
    int rc = open_node(s, &probe, e);
    if (rc != 0) {
        return rc;
    }
    /* Programs that know only the one or only the other way are both seen. */
    rc = serial_tty_is_exclusive(probe) ? refuse_busy(s->path, e) : take(probe, s, e);
    if (rc != 0) {
        close(probe);
        return rc;
    }
    struct sp_port *port = NULL;
    flock(probe, LOCK_UN);
    enum sp_return result = sp_get_port_by_name(s->path, &port);
    if (result == SP_OK) {
        s->port = port;
        result = sp_open(port, SP_MODE_READ_WRITE);
    }
    rc = result == SP_OK ? 0 : refuse_sp(s, "opening it", result, e);
    if (rc == 0) {
        sp_get_port_handle(port, &s->fd);
        rc = set_up(s, baud, e);
    }
    close(probe);
    return rc;
}

int serial_open(struct serial *s, const char *device, int baud, struct err *e)
{
    *s = (struct serial){.fd = -1, .baud = baud};
    int rc = resolve(s, device, e);
    if (rc == 0) {
        rc = s->pty ? open_pty(s, baud, e) : open_real(s, baud, e);
    }
    if (rc != 0) {
        serial_close(s);
    }
    return rc;
}

/* ---- in use -----------------------------------------------------------------------------------
 */

int serial_set_baud(struct serial *s, int baud, struct err *e)
{
    int rc = 0;
    if (s->pty) {
        rc = serial_tty_setup(s->fd, baud) == 0 ? 0 : err_errno(e, errno, "\"%s\"", s->path);
        s->baud = rc == 0 ? baud : s->baud;
    } else {
        rc = set_rate(s, baud, e);
        serial_tty_keep_dtr(s->fd);
    }
    serial_tty_flush_input(s->fd);
    return rc;
}

void serial_drop_output(struct serial *s)
{
    if (s->fd >= 0) {
        serial_tty_flush_output(s->fd);
    }
}

size_t serial_unsent(const struct serial *s)
{
    return s->fd >= 0 ? serial_tty_unsent(s->fd) : 0;
}

void serial_close(struct serial *s)
{
    if (s->port != NULL) {
        if (s->fd >= 0) {
            serial_tty_set_exclusive(s->fd, false);
            sp_close(s->port);
        }
        sp_free_port(s->port);
    } else if (s->fd >= 0) {
        close(s->fd);
    }
    s->port = NULL;
    s->fd = -1;
}
