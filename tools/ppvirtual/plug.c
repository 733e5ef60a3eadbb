#include "tools/ppvirtual/plug.h"

#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN_NS   UINT64_C(100000000)
#define MODE       0620 /* of a pty, as grantpt() leaves it */
#define EVENTS_MAX 4096

void plug_init(struct plug *p, struct port *port)
{
    *p = (struct plug){.port = port, .watch_fd = -1};
}

static void end_watch(struct plug *p)
{
    if (p->watch_fd >= 0) {
        close(p->watch_fd);
        p->watch_fd = -1;
    }
}

void plug_fini(struct plug *p)
{
    end_watch(p);
}

static void begin_watch(struct plug *p)
{
    end_watch(p);
    p->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (p->watch_fd >= 0 && inotify_add_watch(p->watch_fd, p->port->name, IN_OPEN) < 0) {
        end_watch(p);
    }
}

/* As a program that has the port: a lock, and nobody else may open it. */
static void set_busy(struct plug *p, bool busy)
{
    if (p->port->other_fd >= 0) {
        flock(p->port->other_fd, busy ? LOCK_EX | LOCK_NB : LOCK_UN);
        ioctl(p->port->other_fd, busy ? TIOCEXCL : TIOCNXCL);
    }
}

static void set_denied(struct plug *p, bool denied)
{
    if (p->port->device == NULL && !p->port->unplugged) {
        chmod(p->port->name, denied ? 0 : MODE);
    }
}

/* The states of the old port hold for the new one too. */
static void renew(struct plug *p)
{
    set_busy(p, p->free_ns != 0);
    if (p->allow_ns != 0) {
        set_denied(p, true);
    }
    if (p->reset_ns != 0) {
        begin_watch(p);
    }
}

void plug_in(struct plug *p, uint64_t now_ns)
{
    p->back_ns = 0;
    if (p->port->unplugged && port_plug(p->port, p->link, NULL) != 0) {
        port_unplug(p->port);
        p->back_ns = now_ns + AGAIN_NS;
        return;
    }
    renew(p);
}

void plug_obey(struct plug *p, uint64_t now_ns, const struct havoc_order *o)
{
    uint64_t until_ns = o->for_ns == NEVER_NS ? NEVER_NS : now_ns + o->for_ns;
    switch (o->kind) {
    case ORDER_UNPLUG:
        port_unplug(p->port);
        if (o->link[0] != '\0') { /* the port itself borrows what stood there */
            str_copy(p->link, sizeof(p->link), o->link, strlen(o->link));
        }
        p->back_ns = until_ns;
        break;
    case ORDER_BUSY:
        p->free_ns = until_ns;
        set_busy(p, true);
        break;
    case ORDER_DENY:
        p->allow_ns = until_ns;
        set_denied(p, true);
        break;
    case ORDER_STALL:
        p->read_ns = until_ns;
        break;
    case ORDER_OPEN_RESET:
        p->reset_ns = until_ns;
        begin_watch(p);
        break;
    }
}

static bool over(uint64_t *until_ns, uint64_t now_ns)
{
    if (*until_ns == 0 || now_ns < *until_ns) {
        return false;
    }
    *until_ns = 0;
    return true;
}

void plug_step(struct plug *p, uint64_t now_ns)
{
    if (over(&p->free_ns, now_ns)) {
        set_busy(p, false);
    }
    if (over(&p->allow_ns, now_ns)) {
        set_denied(p, false);
    }
    if (over(&p->reset_ns, now_ns)) {
        end_watch(p);
    }
    over(&p->read_ns, now_ns);
    if (p->back_ns != 0 && now_ns >= p->back_ns) {
        plug_in(p, now_ns);
    }
}

uint64_t plug_next_ns(const struct plug *p)
{
    const uint64_t all[] = {p->free_ns, p->allow_ns, p->read_ns, p->reset_ns, p->back_ns};
    uint64_t next = NEVER_NS;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        next = all[i] != 0 && all[i] < next ? all[i] : next;
    }
    return next;
}

bool plug_reads(const struct plug *p)
{
    return p->read_ns == 0;
}

bool plug_resets(struct plug *p)
{
    char events[EVENTS_MAX];
    return p->watch_fd >= 0 && read(p->watch_fd, events, sizeof(events)) > 0;
}
