#include "tools/ppctl/follow.h"

#include "host/base/clock.h"
#include "tools/ppctl/term.h"

#include <poll.h>

#define RETRY_FIRST_MS 250u
#define RETRY_MOST_MS  5000u
#define REFUSALS_MOST  4u
#define POLL_MOST_MS   1000u

int follow_open(struct follow *f, struct host *h, const char *topic, int *status, struct err *e)
{
    *f = (struct follow){.host = h};
    f->subscribe = topic != NULL ? json_pack("[s]", topic) : NULL;
    f->retry_ms = clock_ms() + RETRY_FIRST_MS;
    return feed_open(&f->feed, h, f->subscribe, status, e);
}

void follow_close(struct follow *f)
{
    feed_close(f->feed);
    json_decref(f->subscribe);
    *f = (struct follow){0};
}

static uint64_t back_off(unsigned tries)
{
    uint64_t wait = RETRY_FIRST_MS << (tries < 8 ? tries : 8);
    return wait < RETRY_MOST_MS ? wait : RETRY_MOST_MS;
}

static enum follow_what lose(struct follow *f)
{
    feed_close(f->feed);
    f->feed = NULL;
    f->tries = 0;
    f->retry_ms = clock_ms() + back_off(0);
    return FOLLOW_LOST;
}

/* One more try at a lost feed; FOLLOW_QUIET when it failed. */
static enum follow_what retry(struct follow *f)
{
    int status;
    host_refresh(f->host);
    if (feed_open(&f->feed, f->host, f->subscribe, &status, &f->error) == 0) {
        f->refusals = 0;
        return FOLLOW_BACK;
    }
    f->tries++;
    f->retry_ms = clock_ms() + back_off(f->tries);
    f->refusals = status == 401 || status == 403 ? f->refusals + 1 : 0;
    if (f->refusals >= REFUSALS_MOST) {
        f->given_up = true;
        return FOLLOW_REFUSED;
    }
    return FOLLOW_QUIET;
}

/* What one feed has right now; FOLLOW_QUIET if nothing. */
static enum follow_what check(struct follow *f, json_t **event)
{
    uint64_t now = clock_ms();
    if (f->given_up) {
        return FOLLOW_QUIET;
    }
    if (f->feed == NULL) {
        return now >= f->retry_ms ? retry(f) : FOLLOW_QUIET;
    }
    int rc = feed_read(f->feed, event, &f->error);
    if (rc == 1) {
        return FOLLOW_EVENT;
    }
    if (rc < 0 || feed_beat(f->feed, now, &f->error) != 0) {
        return lose(f);
    }
    return FOLLOW_QUIET;
}

static unsigned shorten(const struct follow *f, size_t count, unsigned wait_ms)
{
    uint64_t now = clock_ms();
    wait_ms = wait_ms < POLL_MOST_MS ? wait_ms : POLL_MOST_MS;
    for (size_t i = 0; i < count; i++) {
        if (f[i].feed == NULL && !f[i].given_up) {
            uint64_t left = f[i].retry_ms > now ? f[i].retry_ms - now : 0;
            wait_ms = left < wait_ms ? (unsigned)left : wait_ms;
        }
    }
    return wait_ms;
}

/* Sleeps until something may have happened; true if `input_fd` is readable. */
static bool wait_for_any(const struct follow *f, size_t count, int input_fd, unsigned wait_ms)
{
    struct pollfd fds[HOSTS_MAX + 2];
    nfds_t n = 2;
    fds[0] = (struct pollfd){.fd = term_stop_fd(), .events = POLLIN};
    fds[1] = (struct pollfd){.fd = input_fd, .events = POLLIN};
    for (size_t i = 0; i < count && i < HOSTS_MAX; i++) {
        if (f[i].feed != NULL) {
            fds[n++] = (struct pollfd){.fd = feed_fd(f[i].feed), .events = POLLIN};
        }
    }
    int ready = poll(fds, n, (int)shorten(f, count, wait_ms));
    return ready > 0 && fds[1].revents != 0;
}

enum follow_what follow_next(struct follow *f, size_t count, int input_fd, unsigned timeout_ms,
    size_t *which, json_t **event)
{
    uint64_t deadline = clock_ms() + timeout_ms;
    size_t first = *which + 1; /* turn by turn, so that a busy host does not hide the others */
    for (;;) {
        for (size_t i = 0; i < count; i++) {
            *which = (first + i) % count;
            enum follow_what what = check(&f[*which], event);
            if (term_stopped()) {
                if (what == FOLLOW_EVENT) {
                    json_decref(*event);
                }
                return FOLLOW_STOPPED;
            }
            if (what != FOLLOW_QUIET) {
                return what;
            }
        }
        uint64_t now = clock_ms();
        if (now >= deadline) {
            return FOLLOW_QUIET;
        }
        if (wait_for_any(f, count, input_fd, (unsigned)(deadline - now))) {
            return FOLLOW_INPUT;
        }
    }
}
