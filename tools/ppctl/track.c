#include "tools/ppctl/track.h"

#include "tools/ppctl/text.h"

#include <stdio.h>
#include <string.h>

#define LOST_MS       2000u
#define RATE_SPAN_MS  8000u
#define SAMPLE_GAP_MS 250u
/* a host may stamp a run with a time it took a little before */
#define CLOCK_SLACK_MS 1000

void track_init(struct track *t, const char *file, int64_t since_ms, uint64_t now_ms)
{
    *t = (struct track){.duration_ms = -1, .since_ms = since_ms, .seen_ms = now_ms};
    snprintf(t->file, sizeof t->file, "%s", file);
}

void track_fini(struct track *t)
{
    json_decref(t->status);
    t->status = NULL;
}

void track_end(struct track *t, const char *result, const char *reason)
{
    t->phase = TRACK_ENDED;
    snprintf(t->result, sizeof t->result, "%s", result);
    snprintf(t->reason, sizeof t->reason, "%s", reason);
}

static void take_sample(struct track *t, int64_t lines, uint64_t now_ms)
{
    unsigned last = (t->samples + TRACK_SAMPLES - 1) % TRACK_SAMPLES;
    if (t->samples > 0 && lines < t->sample[last].lines) {
        t->samples = 0; /* it counts anew */
    }
    if (t->samples > 0 && now_ms - t->sample[last].at_ms < SAMPLE_GAP_MS) {
        return;
    }
    t->sample[t->samples % TRACK_SAMPLES].at_ms = now_ms;
    t->sample[t->samples % TRACK_SAMPLES].lines = lines;
    t->samples++;
}

double track_rate(const struct track *t)
{
    unsigned kept = t->samples < TRACK_SAMPLES ? t->samples : TRACK_SAMPLES;
    if (kept < 2) {
        return -1;
    }
    unsigned last = t->samples - 1;
    unsigned first = last;
    for (unsigned i = 1; i < kept; i++) {
        unsigned at = last - i;
        if (t->sample[last % TRACK_SAMPLES].at_ms - t->sample[at % TRACK_SAMPLES].at_ms >
            RATE_SPAN_MS) {
            break;
        }
        first = at;
    }
    uint64_t span = t->sample[last % TRACK_SAMPLES].at_ms - t->sample[first % TRACK_SAMPLES].at_ms;
    int64_t lines = t->sample[last % TRACK_SAMPLES].lines - t->sample[first % TRACK_SAMPLES].lines;
    return span > 0 ? (double)lines * 1000 / (double)span : -1;
}

void track_set_job(struct track *t, const char *job, const char *other)
{
    snprintf(t->job, sizeof t->job, "%s", job);
    snprintf(t->other, sizeof t->other, "%s", other);
}

static const json_t *manage_of(const struct track *t)
{
    return field_node(t->status, "manage");
}

bool track_is_managed(const struct track *t)
{
    return t->job[0] != '\0' && strcmp(field_text(manage_of(t), "job"), t->job) == 0;
}

/* True if the run with this id is the one we follow; the first that fits becomes it. */
static bool run_is_ours(struct track *t, const char *id, bool fits, int64_t start_ms)
{
    bool other = strcmp(id, t->other) == 0;
    if (!other && t->run_id[0] == '\0' && fits && start_ms + CLOCK_SLACK_MS >= t->since_ms) {
        snprintf(t->run_id, sizeof t->run_id, "%s", id);
    }
    return *id != '\0' && strcmp(id, t->run_id) == 0;
}

/* The status does not say which job the run is of, but managing does once it prints. */
static bool job_is_ours(struct track *t, const json_t *job)
{
    const char *state = field_text(manage_of(t), "state");
    bool prints = strcmp(state, "printing") == 0 || strcmp(state, "paused") == 0 ||
                  strcmp(state, "recovering") == 0;
    bool fits = strcmp(field_text(job, "file_name"), t->file) == 0 &&
                (t->job[0] == '\0' || (track_is_managed(t) && prints));
    return run_is_ours(t, field_text(job, "run_id"), fits, field_int(job, "started_ms", 0));
}

/* Before it runs: true if it waits for a person. */
static bool is_asked(const struct track *t)
{
    return strcmp(field_text(t->status, "waiting_for"), t->file) == 0 ||
           (track_is_managed(t) && field_true(manage_of(t), "needs_person"));
}

/* Looks at the status after it changed. */
static void consider(struct track *t, uint64_t now_ms)
{
    const json_t *job = field_node(t->status, "job");
    if (t->phase == TRACK_ENDED) {
        return;
    }
    if (job_is_ours(t, job)) {
        t->phase = TRACK_RUNNING;
        t->seen_ms = now_ms;
        take_sample(t, field_int(job, "lines", 0), now_ms);
    } else if (t->phase != TRACK_RUNNING) {
        bool waits = is_asked(t);
        t->phase = waits ? TRACK_ASKING : TRACK_PENDING;
        t->seen_ms = waits ? now_ms : t->seen_ms;
    }
}

/* An event carries the parts of the status that it changes, under the names they have there. */
static void merge(struct track *t, const json_t *event)
{
    const char *name;
    json_t *value;
    if (t->status == NULL) {
        t->status = json_object();
    }
    json_object_foreach((json_t *)(uintptr_t)event, name, value)
    {
        json_object_set(t->status, name, value);
    }
}

void track_event(struct track *t, const json_t *event, uint64_t now_ms)
{
    if (strcmp(field_text(event, "type"), "run") == 0) {
        track_run(t, field_node(event, "run"), now_ms);
        return;
    }
    merge(t, event);
    consider(t, now_ms);
}

static bool run_fits(const struct track *t, const json_t *run)
{
    return t->job[0] != '\0' ? strcmp(field_text(run, "job"), t->job) == 0
                             : strcmp(field_text(run, "file_name"), t->file) == 0;
}

/* What a person has cancelled is not tried again. */
static bool may_follow_another(const struct track *t, const char *result)
{
    return t->job[0] != '\0' && field_true(manage_of(t), "managing") &&
           strcmp(result, "success") != 0 && strcmp(result, "cancelled") != 0;
}

static void end_run(struct track *t, const json_t *run)
{
    const char *result = field_text(run, "result");
    int64_t start = field_int(run, "start_ms", 0);
    int64_t end = field_int(run, "end_ms", 0);
    t->lines = field_int(run, "lines", 0);
    t->resends = field_int(run, "resends", 0);
    t->duration_ms = end >= start && start > 0 ? end - start : -1;
    track_end(t, result, field_text(run, "reason"));
    if (may_follow_another(t, result)) {
        t->failed = true;
        t->phase = TRACK_PENDING;
        t->run_id[0] = '\0';
        t->since_ms = start + CLOCK_SLACK_MS + 1; /* later ones only */
    }
}

void track_run(struct track *t, const json_t *run, uint64_t now_ms)
{
    const char *result = field_text(run, "result");
    int64_t start = field_int(run, "start_ms", 0);
    if (t->phase == TRACK_ENDED ||
        !run_is_ours(t, field_text(run, "id"), run_fits(t, run), start)) {
        return;
    }
    t->seen_ms = now_ms;
    t->phase = TRACK_RUNNING;
    if (*result != '\0' && strcmp(result, "open") != 0) {
        end_run(t, run);
    }
}

bool track_is_lost(const struct track *t, uint64_t now_ms)
{
    return t->phase != TRACK_ENDED && now_ms - t->seen_ms >= LOST_MS;
}
