/* Files that only other hosts of a queue have: brought here before they are printed, and for the
 * print after the present one while that goes on. */
#include "host/app/queue/manage_priv.h"

#include "host/base/log.h"
#include "host/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS (5 * 60 * 1000) /* before a file that could not be had is tried again */

/* It lives until its callback has run, which may be after managing is gone. */
struct manage_fetching {
    struct manage *manage; /* NULL: nobody waits any more */
    bool ahead;
    unsigned prepare;
    char job[ID_SIZE];
    char path[QUEUE_TEXT_MAX + 1];
    char sha256[65];
};

static void detach(struct manage_fetching **at)
{
    if (*at != NULL) {
        (*at)->manage = NULL;
        *at = NULL;
    }
}

void manage_drop_fetching(struct manage *m)
{
    detach(&m->fetching);
    detach(&m->fetching_ahead);
}

static void could_not(struct manage *m, const struct manage_fetching *f, const struct err *why)
{
    struct err e = *why;
    err_wrap(&e, "\"%.80s\" could not be fetched from other hosts", f->path);
    if (!f->ahead) {
        manage_cannot_prepare(m, &e, AGAIN_MS);
        return;
    }
    log_warn("%s", e.text);
    manage_pass_over(m, f->job, AGAIN_MS, e.text);
    if (strcmp(m->ahead.job, f->job) == 0) {
        m->ahead.job[0] = '\0';
    }
}

static void on_fetched(void *context, const struct err *e)
{
    struct manage_fetching *f = context;
    struct manage *m = f->manage;
    if (m == NULL) {
        free(f);
        return;
    }
    *(f->ahead ? &m->fetching_ahead : &m->fetching) = NULL;
    bool stale = !f->ahead && f->prepare != m->prepare;
    if (!stale && e != NULL) {
        could_not(m, f, e);
    } else if (!stale && !f->ahead) {
        manage_content_is_here(m);
    }
    free(f);
    manage_look(m);
}

static bool is_here(const struct manage *m, const struct manage_work *w)
{
    return w->sha256[0] == '\0' || files_find_content(m->o.files, w->sha256) != NULL;
}

/* What is not known to be anywhere is found missing by the check before the print. */
void manage_get_content(struct manage *m, const struct manage_work *w, bool ahead)
{
    struct manage_fetching **at = ahead ? &m->fetching_ahead : &m->fetching;
    detach(at);
    if (m->fetch == NULL || is_here(m, w)) {
        if (!ahead) {
            manage_content_is_here(m);
        }
        return;
    }
    struct manage_fetching *f = mem_alloc(sizeof *f);
    *f = (struct manage_fetching){.manage = m, .ahead = ahead, .prepare = m->prepare};
    memcpy(f->job, w->job, sizeof f->job);
    memcpy(f->path, w->path, sizeof f->path);
    memcpy(f->sha256, w->sha256, sizeof f->sha256);
    *at = f;
    m->fetch(m->fetch_context, w->queue, w->sha256, w->size_bytes, on_fetched, f);
}

void manage_set_fetch(struct manage *m, manage_fetch fetch, void *context)
{
    m->fetch = fetch;
    m->fetch_context = context;
    if (fetch == NULL) {
        m->fetch_progress = NULL;
    }
    manage_look(m);
}

void manage_set_fetch_progress(struct manage *m, manage_fetch_progress progress)
{
    m->fetch_progress = progress;
}

bool manage_say_fetching(const struct manage *m, char *out, size_t out_size)
{
    const struct manage_fetching *f = m->fetching;
    struct net_progress p = {0};
    if (m->agreeing) {
        snprintf(
            out, out_size, ": agreeing on it with the other hosts of \"%.60s\"", m->current.queue);
        return true;
    }
    if (f == NULL) {
        return false;
    }
    if (m->fetch_progress == NULL || !m->fetch_progress(m->fetch_context, f->sha256, &p) ||
        p.size_bytes <= 0) {
        snprintf(out, out_size, ": \"%.80s\" is fetched from other hosts", f->path);
        return true;
    }
    snprintf(out, out_size, ": \"%.80s\" is fetched from %zu host%s, %" PRId64 " %%", f->path,
        p.holders, p.holders == 1 ? "" : "s", p.done_bytes * 100 / p.size_bytes);
    return true;
}
