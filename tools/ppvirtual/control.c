#include "tools/ppvirtual/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket nobody listens on any more is in nobody's way. */
static void remove_stale(const struct sockaddr_un *address)
{
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && stat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED) {
        unlink(address->sun_path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static int listen_at(struct control *c, const char *path, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!str_copy(address.sun_path, sizeof(address.sun_path), path, strlen(path))) {
        return err_set(e, PP_ETOOBIG,
            "--control \"%s\": longer than the %zu characters a socket's "
            "path may have",
            path, sizeof(address.sun_path) - 1);
    }
    remove_stale(&address);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0077);
    int rc = c->fd < 0 ? -1 : bind(c->fd, (struct sockaddr *)&address, sizeof(address));
    int why = errno;
    umask(mask);
    if (rc != 0 || listen(c->fd, CONTROL_CLIENTS) != 0) {
        why = rc != 0 ? why : errno;
        return err_errno(e, why, "--control \"%s\"", path);
    }
    c->path = path;
    return 0;
}

int control_open(struct control *c, const char *path, struct err *e)
{
    *c = (struct control){.fd = -1};
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        c->clients[i].fd = -1;
    }
    int rc = path != NULL ? listen_at(c, path, e) : 0;
    if (rc != 0) {
        control_close(c);
    }
    return rc;
}

static void drop(struct control_client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    client->fd = -1;
    client->len = 0;
}

void control_close(struct control *c)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        drop(&c->clients[i]);
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    if (c->path != NULL) {
        unlink(c->path);
    }
    *c = (struct control){.fd = -1};
}

size_t control_poll(const struct control *c, struct pollfd *fds)
{
    size_t n = 0;
    bool room = false;
    for (size_t i = 0; c->fd >= 0 && i < CONTROL_CLIENTS; i++) {
        room = room || c->clients[i].fd < 0;
        if (c->clients[i].fd >= 0) {
            fds[n++] = (struct pollfd){.fd = c->clients[i].fd, .events = POLLIN};
        }
    }
    if (room) {
        fds[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    }
    return n;
}

static void accept_one(struct control *c)
{
    int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (size_t i = 0; fd >= 0 && i < CONTROL_CLIENTS; i++) {
        if (c->clients[i].fd < 0) {
            c->clients[i].fd = fd;
            return;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Obeys each whole line; what is left stays for the next read. */
static void obey_lines(struct control_client *client, control_obey obey, void *context)
{
    struct strbuf answer = {0};
    char *newline;
    while ((newline = memchr(client->line, '\n', client->len)) != NULL) {
        size_t len = (size_t)(newline - client->line);
        *newline = '\0';
        if (len > 0 && client->line[len - 1] == '\r') {
            client->line[len - 1] = '\0';
        }
        obey(context, client->line, &answer);
        client->len -= len + 1;
        memmove(client->line, newline + 1, client->len);
    }
    if (answer.len > 0 &&
        send(client->fd, answer.data, answer.len, MSG_NOSIGNAL) != (ssize_t)answer.len) {
        drop(client);
    }
    strbuf_fini(&answer);
}

static void read_client(struct control_client *client, control_obey obey, void *context)
{
    ssize_t n = read(client->fd, client->line + client->len, sizeof(client->line) - client->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        drop(client);
        return;
    }
    client->len += (size_t)n;
    obey_lines(client, obey, context);
    if (client->len == sizeof(client->line)) {
        drop(client);
    }
}

void control_read(
    struct control *c, const struct pollfd *fds, size_t count, control_obey obey, void *context)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i].revents == 0) {
            continue;
        }
        if (fds[i].fd == c->fd) {
            accept_one(c);
        }
        for (size_t k = 0; k < CONTROL_CLIENTS && fds[i].fd != c->fd; k++) {
            if (c->clients[k].fd == fds[i].fd) {
                read_client(&c->clients[k], obey, context);
            }
        }
    }
}
