/* One print as `print --wait` follows it: from the answer to "print this" to its end. Pure.
 *
 * Happy path: track_init(), then each event of the feed through track_event(); the phase goes from
 * PENDING (over ASKING, while a person is asked) to RUNNING to ENDED, where `result` and `reason`
 * say how. Events of other prints change nothing. When the feed was away while the print ended, the
 * history tells: track_is_lost() says when to ask for it, track_run() takes its rows.
 *
 * A print of the queue is known by its job (track_set_job()): it may wait for its turn for long,
 * and when it fails it may be tried again, which is another run of the same job.
 */
#ifndef PP_PPCTL_TRACK_H
#define PP_PPCTL_TRACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define TRACK_SAMPLES 32

enum track_phase {
    TRACK_PENDING, /* accepted, not begun */
    TRACK_ASKING,  /* waits for a person's answer */
    TRACK_RUNNING,
    TRACK_ENDED
};

struct track {
    enum track_phase phase;
    char file[201];
    char job[37];     /* of the queue; "" = none, it is known by its file */
    char other[37];   /* run that was under way when it was asked for: none of ours */
    bool failed;      /* a run of the job has; `result` and `reason` are its, another may follow */
    char run_id[37];  /* "" until the run is known */
    int64_t since_ms; /* of the host's clock */
    json_t *status;   /* owned; the host's status as far as known */
    char result[16];  /* "success", "failure", "cancelled", ...; "" until ended */
    char reason[256]; /* foreign text */
    int64_t lines;    /* at the end */
    int64_t resends;
    int64_t duration_ms; /* -1 unknown */
    uint64_t seen_ms;    /* when the host last showed a trace of this print */
    struct {
        uint64_t at_ms;
        int64_t lines;
    } sample[TRACK_SAMPLES]; /* for the rate, the newest at `samples - 1` modulo the size */
    unsigned samples;
};

/* `since_ms`: the host's clock (UTC) just before it was asked to print; a run of this file that
 * began later is ours. */
void track_init(struct track *t, const char *file, int64_t since_ms, uint64_t now_ms);
void track_fini(struct track *t);

/* The host has made this job of it, while the run `other` was under way ("" = none). */
void track_set_job(struct track *t, const char *job, const char *other);

void track_event(struct track *t, const json_t *event, uint64_t now_ms);

/* A row of the history, or the like in an event. */
void track_run(struct track *t, const json_t *run, uint64_t now_ms);

/* True when the host has shown no trace of the print for 2 s: ask for the history. */
bool track_is_lost(const struct track *t, uint64_t now_ms);

/* True while managing is at its job: it is begun, printed, asked about, counted. */
bool track_is_managed(const struct track *t);

/* Ends it for a reason found elsewhere. */
void track_end(struct track *t, const char *result, const char *reason);

/* Lines a second over the last seconds; negative while unknown. */
double track_rate(const struct track *t);

#endif
