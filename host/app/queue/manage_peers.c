/* Whose jobs are printed here: what a queue's settings accept, and hosts that nobody vouches for,
 * about each of which a person is asked once. */
#include "host/app/queue/manage_priv.h"

#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

static bool has_gcode(const struct manage *m, const struct queue_job *job)
{
    const char *profile = m->o.profile != NULL ? m->o.profile->id : "";
    for (size_t i = 0; i < job->sets_count; i++) {
        if (!job->sets[i].model && queue_set_fits(&job->sets[i], profile)) {
            return true;
        }
    }
    return false;
}

/* The host's name: of "ana at shed" the shed. */
static const char *submitter(const struct queue_job *job)
{
    const char *name = job->submitter != NULL ? job->submitter : "";
    for (const char *at = strstr(name, " at "); at != NULL; at = strstr(name, " at ")) {
        name = at + 4;
    }
    return name[0] != '\0' ? name : "a host";
}

/* "NAME (…Kx3f)": anybody may call itself NAME. */
static void name_peer(const struct queue_job *job, char *out, size_t out_size)
{
    char shown[60];
    size_t len = strlen(job->origin);
    const char *name = submitter(job);
    str_escape(shown, sizeof shown, name, strnlen(name, 40));
    snprintf(out, out_size, "%s (...%s)", shown, job->origin + (len > 6 ? len - 6 : 0));
}

/* Submitted here. */
static bool is_ours(const struct jobs_queue *q, const struct queue_job *job)
{
    const char *at = strrchr(q->printer, '@');
    return at != NULL && job->origin != NULL && strcmp(at + 1, job->origin) == 0;
}

/* In a queue that anybody on the network may join, a host's gcode waits for a person's word; and so
 * does, when a key has been given to it since, what came before. */
static bool is_strange(const struct manage *m, const struct jobs_queue *q,
    const struct queue_job *job, char *why, size_t why_size, struct manage_stranger *stranger)
{
    char name[80];
    bool vouched = q->shared.key[0] != '\0' && job->trusted;
    if (strcmp(q->kind, "lan") != 0 || vouched || job->origin == NULL) {
        return false;
    }
    enum jobs_word word = jobs_peer_word(m->o.jobs, q->name, job->origin);
    if (word == JOBS_ACCEPTED) {
        return false;
    }
    name_peer(job, name, sizeof name);
    if (word == JOBS_DECLINED) {
        snprintf(why, why_size, "jobs from %s are not accepted here: a person said no", name);
        return true;
    }
    snprintf(why, why_size, "a person must say first whether jobs from %s are accepted", name);
    if (stranger != NULL && stranger->peer[0] == '\0') {
        snprintf(stranger->queue, sizeof stranger->queue, "%s", q->name);
        snprintf(stranger->peer, sizeof stranger->peer, "%s", job->origin);
        snprintf(stranger->name, sizeof stranger->name, "%s", name);
    }
    return true;
}

/* Out of touch: what is not claimed cannot be, what is claimed may be another's by now. */
static bool is_out_of_touch(const struct manage *m, const struct jobs_queue *q,
    const struct queue_job *job, char *why, size_t why_size)
{
    struct err e;
    if (!jobs_may_begin(m->o.jobs, q->name, &e)) {
        snprintf(why, why_size, "%s", e.text);
        return true;
    }
    if (!jobs_connected(m->o.jobs, q->name) && manage_own_claim(m, q->name, job) == NULL) {
        snprintf(why, why_size,
            "queue \"%.60s\" has no leader now, so nothing more of it can be claimed", q->name);
        return true;
    }
    return false;
}

bool manage_refuses(const struct manage *m, const char *queue, const struct queue_job *job,
    char *why, size_t why_size, struct manage_stranger *stranger)
{
    const struct jobs_queue *q = jobs_queue_find(m->o.jobs, queue);
    if (q == NULL || strcmp(q->kind, "local") == 0) {
        return false;
    }
    const char *accept = jobs_queue_accept(q);
    if (has_gcode(m, job) && !is_ours(q, job)) {
        if (strcmp(accept, "model") == 0) {
            snprintf(why, why_size, "of queue \"%.60s\" only models are accepted here", queue);
            return true;
        }
        if (strcmp(accept, "trusted") == 0 && !job->trusted) {
            snprintf(why, why_size,
                "the gcode of %.60s is not accepted here: it is no trusted host of queue \"%.60s\"",
                submitter(job), queue);
            return true;
        }
        if (is_strange(m, q, job, why, why_size, stranger)) {
            return true;
        }
    }
    return is_out_of_touch(m, q, job, why, why_size);
}

/* ---- the question ------------------------------------------------------------------------------
 */

static void on_stored(void *context, const struct err *e)
{
    struct manage *m = context;
    if (e != NULL && !m->closing) {
        manage_notice(m, "whose jobs are accepted could not be written: %s", e->text);
    }
    manage_let_go(m);
}

static void on_answer(void *context, int answer)
{
    struct manage *m = context;
    struct manage_stranger s = m->stranger_asked;
    m->stranger_asked.peer[0] = '\0';
    if (answer < 0 || m->closing) {
        return;
    }
    m->open++;
    jobs_peer_say(m->o.jobs, s.queue, s.peer, answer == 0, on_stored, m);
    manage_look(m);
}

void manage_ask_stranger(struct manage *m)
{
    static const char *const answers[] = {"yes", "no", NULL};
    const struct manage_stranger *s = &m->stranger;
    char text[200];
    bool off = driver_state(&m->driver) == DRIVER_INACTIVE;
    bool wanted = s->peer[0] != '\0' && !off;
    if (off && !m->closing && m->stranger_asked.peer[0] != '\0') {
        device_withdraw(m->o.device, "peer");
    }
    if (m->closing || !wanted || m->stranger_asked.peer[0] != '\0') {
        return;
    }
    m->stranger_asked = *s;
    snprintf(text, sizeof text, "Accept jobs from %s in queue \"%.60s\"?", s->name, s->queue);
    device_ask_person(m->o.device, "peer", answers, text, on_answer, m);
}
