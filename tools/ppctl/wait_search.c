/* Following a print of which the feed shows no trace: in the history and in the queue. */
#include "tools/ppctl/wait_priv.h"

#include "host/base/clock.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <string.h>

#define SEARCHES_MOST 3u

void wait_end_unbegun(struct wait *w, const char *why)
{
    char text[256];
    const char *job = w->track.job;
    size_t len = strlen(job);
    snprintf(text, sizeof text, "%.160s", why);
    if (len > WAIT_JOB_SHOWN) {
        job += len - WAIT_JOB_SHOWN;
        snprintf(text, sizeof text,
            "%.110s; its job stays in the queue (ppctl %.70srm %.6s takes it off)", why,
            w->c->target_hint, job);
    }
    track_end(&w->track, "not started", text);
}

/* True if the printer does nothing that could be the beginning of a print. */
static bool is_idle(const struct wait *w)
{
    const char *state = field_text(w->track.status, "state");
    return strcmp(state, "operational") == 0 || strcmp(state, "offline") == 0 ||
           strcmp(state, "error") == 0;
}

/* A print that waits for its turn says why, once. */
static void tell_why(struct wait *w, const char *why)
{
    char safe[sizeof w->why];
    str_escape(safe, sizeof safe, why, strlen(why));
    if (strcmp(safe, w->why) != 0) {
        memcpy(w->why, safe, sizeof safe);
        if (safe[0] != '\0') {
            wait_say(w, safe);
        }
    }
}

/* Nothing is managed and nothing printed: its turn comes when a person starts managing. */
static void consider_off(struct wait *w)
{
    char text[sizeof w->why];
    snprintf(text, sizeof text, "nothing is managed: ppctl %.79sstart prints what is in the queue",
        w->c->target_hint);
    if (wait_can_ask(w)) {
        tell_why(w, text);
    } else if (++w->searches >= SEARCHES_MOST) {
        wait_end_unbegun(w, text);
    }
}

/* Its job is in the queue: what becomes of it there? */
static void consider_job(struct wait *w, const json_t *job)
{
    const json_t *manage = field_node(w->track.status, "manage");
    bool at_it = track_is_managed(&w->track) || strcmp(field_text(job, "state"), "printing") == 0;
    if (at_it) {
        w->searches = 0;
    } else if (w->track.failed) {
        w->track.phase = TRACK_ENDED;
    } else if (field_true(manage, "managing") || !is_idle(w)) {
        w->searches = 0;
        tell_why(w, field_text(job, "why"));
    } else {
        consider_off(w);
    }
}

/* Asks for its job; false when it is not in the queue any more. */
static bool search_job(struct wait *w)
{
    struct answer a;
    char path[80];
    snprintf(path, sizeof path, "/api/v1/jobs/%s", w->track.job);
    int rc = get(w->host, path, &a);
    bool there = rc == 0 ? field_int(a.doc, "archived_ms", 0) <= 0 : a.status != 404;
    if (rc == 0 && there) {
        consider_job(w, a.doc);
    }
    answer_fini(&a);
    return there;
}

static void search_history(struct wait *w)
{
    struct answer a;
    size_t i;
    json_t *run;
    if (get(w->host, WAIT_RUNS_PATH, &a) == 0) {
        json_array_foreach(field_node(a.doc, "runs"), i, run)
        {
            track_run(&w->track, run, clock_ms());
        }
    }
    answer_fini(&a);
}

/* Looks for the print: the feed was away when it ended, or it waits for its turn, or it never
 * began. */
void wait_search(struct wait *w)
{
    bool of_queue = w->track.job[0] != '\0';
    w->track.seen_ms = clock_ms();
    search_history(w);
    if (w->track.phase == TRACK_ENDED ||
        (of_queue && w->track.phase != TRACK_RUNNING && search_job(w))) {
        return;
    }
    w->searches += is_idle(w);
    if (w->searches >= SEARCHES_MOST) {
        track_end(&w->track, "not started",
            of_queue ? "its job is gone from the queue" : "the host has dropped it");
    }
}
