#include "tools/ppvirtual/port.h"

#include "tools/ppvirtual/rate.h"

#include "host/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void make_raw(int fd)
{
    struct termios t;
    if (tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        t.c_cflag |= CLOCAL | CREAD;
        tcsetattr(fd, TCSANOW, &t);
    }
}

/* True if `path` is a link that leads to `target`. */
static bool links_to(const char *path, const char *target)
{
    char found[256];
    ssize_t n = readlink(path, found, sizeof(found) - 1);
    if (n < 0) {
        return false;
    }
    found[n] = '\0';
    return strcmp(found, target) == 0;
}

/* A link left by a printer that was killed: it leads to a pty that is gone, or is now ours. */
static bool stale(const char *path, const char *ours)
{
    char found[256];
    ssize_t n = readlink(path, found, sizeof(found) - 1);
    if (n < 0) {
        return false;
    }
    found[n] = '\0';
    bool gone = str_starts(found, "/dev/pts/") && access(found, F_OK) != 0;
    return gone || strcmp(found, ours) == 0;
}

static int make_link(struct port *p, const char *link, struct err *e)
{
    if (stale(link, p->name)) {
        unlink(link);
    }
    if (symlink(p->name, link) != 0) {
        return errno == EEXIST ? err_set(e, PP_EEXIST,
                                     "%s: is in the way; remove it or choose another link", link)
                               : err_errno(e, errno, "%s", link);
    }
    p->link = link;
    return 0;
}

static int open_pty(struct port *p, struct err *e)
{
    p->fd = p->next_fd >= 0 ? p->next_fd : posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    p->next_fd = -1;
    if (p->fd < 0) {
        return err_errno(e, errno, "pseudo-terminal");
    }
    if (grantpt(p->fd) != 0 || unlockpt(p->fd) != 0 ||
        ptsname_r(p->fd, p->name, sizeof(p->name)) != 0) {
        return err_errno(e, errno, "pseudo-terminal");
    }
    p->other_fd = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->other_fd < 0) {
        return err_errno(e, errno, "%s", p->name);
    }
    make_raw(p->other_fd);
    rate_set(p->other_fd, p->baud);
    return 0;
}

static int open_device(struct port *p, struct err *e)
{
    p->fd = open(p->device, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (p->fd < 0) {
        return err_errno(e, errno, "%s", p->device);
    }
    if (!isatty(p->fd)) {
        close(p->fd);
        p->fd = -1;
        return err_set(e, PP_ETYPE, "%s: is not a terminal or serial port", p->device);
    }
    make_raw(p->fd);
    rate_set(p->fd, p->baud);
    return 0;
}

int port_open(struct port *p, const char *link, const char *device, unsigned baud, struct err *e)
{
    *p = (struct port){.fd = -1, .other_fd = -1, .next_fd = -1, .baud = baud, .device = device};
    if (device != NULL) {
        str_copy(p->name, sizeof(p->name), device, strlen(device));
        return open_device(p, e);
    }
    int rc = open_pty(p, e);
    if (rc == 0) {
        rc = make_link(p, link, e);
    }
    if (rc != 0) {
        port_close(p);
    }
    return rc;
}

bool port_wrong_rate(const struct port *p)
{
    return p->other_fd >= 0 && rate_of(p->other_fd) != p->baud;
}

void port_garble(char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] =
            (char)(0x80 | ((size_t)(unsigned char)bytes[i] * 5 + i * 3)); /* no line end left */
    }
}

bool port_reopen(struct port *p)
{
    if (p->unplugged) {
        return false;
    }
    if (p->device == NULL) {
        return true;
    }
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
    return open_device(p, NULL) == 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void hang_up(struct port *p)
{
    if (p->link != NULL && links_to(p->link, p->name)) {
        unlink(p->link);
    }
    close_fd(&p->other_fd);
    close_fd(&p->fd);
}

void port_unplug(struct port *p)
{
    if (p->unplugged) {
        return;
    }
    if (p->device == NULL) {
        p->next_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    }
    hang_up(p);
    p->unplugged = true;
}

int port_plug(struct port *p, const char *link, struct err *e)
{
    if (!p->unplugged) {
        return 0;
    }
    p->unplugged = false;
    if (p->device != NULL) {
        return open_device(p, e);
    }
    int rc = open_pty(p, e);
    return rc == 0 ? make_link(p, link[0] != '\0' ? link : p->link, e) : rc;
}

void port_close(struct port *p)
{
    hang_up(p);
    close_fd(&p->next_fd);
    p->link = NULL;
}
