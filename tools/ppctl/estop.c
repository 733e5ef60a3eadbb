#include "tools/ppctl/estop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The socket's path through an open folder: a runtime folder may be too deep for sun_path. */
static int address(const struct host *h, int dir_fd, struct sockaddr_un *out, struct err *e)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n =
        snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s.estop", dir_fd, h->name);
    if (n >= (int)sizeof out->sun_path) {
        return err_set(e, PP_ETOOBIG, "the name \"%s\" is too long for a socket", h->name);
    }
    return 0;
}

static int send_datagram(const struct host *h, int dir_fd, struct err *e)
{
    static const char message[] = "M112\n";
    struct sockaddr_un to;
    int rc = address(h, dir_fd, &to, e);
    if (rc != 0) {
        return rc;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_errno(e, errno, "socket");
    }
    if (sendto(fd, message, sizeof message - 1, 0, (struct sockaddr *)&to, sizeof to) < 0) {
        rc = err_errno(e, errno, "\"%s/%s.estop\"", h->dir, h->name);
    }
    close(fd);
    return rc;
}

int estop_send(const struct host *h, struct err *e)
{
    if (h->dir[0] == '\0') {
        return err_set(e, PP_ENOTFOUND, "the host is not on this machine");
    }
    int dir_fd = open(h->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return err_errno(e, errno, "\"%s\"", h->dir);
    }
    int rc = send_datagram(h, dir_fd, e);
    close(dir_fd);
    return rc;
}
