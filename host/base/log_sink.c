#include "host/base/log_sink.h"

#include "host/base/clock.h"
#include "host/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define QUEUE        512u
#define ROTATE_BYTES (1 << 20)
#define CLOSE_MS     2000

struct entry {
    struct log_line line;
    bool to_stderr;
};

struct log_sink {
    pthread_t thread;
    pthread_mutex_t lock; /* held for a copy, never for a write */
    pthread_cond_t wake;
    pthread_cond_t drained;
    struct entry queue[QUEUE];
    size_t put;
    size_t taken;
    size_t written;
    size_t lost;
    bool ending;

    FILE *file; /* the thread's */
    char *path; /* owned */
};

/* syslog(3) priorities, for a journal that reads "<N>" prefixes */
static const int priorities[] = {
    [LOG_ERROR] = 3,
    [LOG_WARN] = 4,
    [LOG_INFO] = 6,
    [LOG_DEBUG] = 7,
};

void log_to_stderr(const struct log_line *line)
{
    if (getenv("JOURNAL_STREAM") != NULL) {
        fprintf(stderr, "<%d>%s\n", priorities[line->level], line->text);
    } else if (line->level == LOG_INFO) {
        fprintf(stderr, "pphost: %s\n", line->text);
    } else {
        fprintf(stderr, "pphost: %s: %s\n", log_level_name(line->level), line->text);
    }
}

static void rotate(struct log_sink *s)
{
    char *old = mem_printf("%s.1", s->path);
    fclose(s->file);
    rename(s->path, old);
    s->file = fopen(s->path, "ae");
    free(old);
}

static void to_file(struct log_sink *s, const struct log_line *line)
{
    char when[32];
    struct tm tm;
    time_t seconds = (time_t)(line->wall_ms / 1000);
    if (s->file == NULL) {
        return;
    }
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    fprintf(s->file, "%s %s %s\n", when, log_level_name(line->level), line->text);
    fflush(s->file);
    if (ftell(s->file) > ROTATE_BYTES) {
        rotate(s);
    }
}

static void write_entry(struct log_sink *s, const struct entry *e)
{
    if (e->line.level != LOG_DEBUG) {
        to_file(s, &e->line);
    }
    if (e->to_stderr) {
        log_to_stderr(&e->line);
    }
}

static void write_lost(struct log_sink *s, size_t lost)
{
    struct entry e = {.line = {.level = LOG_WARN, .wall_ms = clock_wall_ms()}, .to_stderr = true};
    snprintf(e.line.text, sizeof e.line.text, "%zu lines of the log were lost here", lost);
    write_entry(s, &e);
}

/* The next line, and how many were lost since the last time the queue was empty; false at the end.
 */
static bool take(struct log_sink *s, struct entry *out, bool *line, size_t *lost)
{
    pthread_mutex_lock(&s->lock);
    s->written = s->taken;
    if (s->written == s->put) {
        pthread_cond_broadcast(&s->drained);
    }
    while (s->taken == s->put && s->lost == 0 && !s->ending) {
        pthread_cond_wait(&s->wake, &s->lock);
    }
    *line = s->taken < s->put;
    *lost = *line ? 0 : s->lost;
    s->lost -= *lost;
    if (*line) {
        *out = s->queue[s->taken++ % QUEUE];
    }
    bool more = *line || *lost > 0;
    pthread_mutex_unlock(&s->lock);
    return more;
}

static void *run(void *arg)
{
    struct log_sink *s = arg;
    struct entry e;
    bool line;
    size_t lost;
    while (take(s, &e, &line, &lost)) {
        if (line) {
            write_entry(s, &e);
        } else {
            write_lost(s, lost);
        }
    }
    return NULL;
}

int log_sink_open(struct log_sink **out, const char *path, struct err *e)
{
    FILE *file = fopen(path, "ae");
    if (file == NULL) {
        return err_errno(e, errno, "log file \"%s\"", path);
    }
    struct log_sink *s = mem_alloc(sizeof *s);
    pthread_condattr_t monotonic;
    s->file = file;
    s->path = mem_strdup(path);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, NULL);
    pthread_cond_init(&s->drained, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = pthread_create(&s->thread, NULL, run, s);
    if (rc != 0) {
        fclose(file);
        free(s->path);
        free(s);
        return err_errno(e, rc, "the log's thread");
    }
    *out = s;
    return 0;
}

void log_sink_put(struct log_sink *s, const struct log_line *line, bool to_stderr)
{
    pthread_mutex_lock(&s->lock);
    if (s->put - s->taken == QUEUE || s->lost > 0) {
        s->lost++;
    } else {
        s->queue[s->put++ % QUEUE] = (struct entry){.line = *line, .to_stderr = to_stderr};
    }
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

bool log_sink_flush(struct log_sink *s, int timeout_ms)
{
    uint64_t end_ns = clock_ns() + (uint64_t)timeout_ms * 1000000u;
    struct timespec end = {
        .tv_sec = (time_t)(end_ns / 1000000000u), .tv_nsec = (long)(end_ns % 1000000000u)};
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    while (rc == 0 && (s->written < s->put || s->lost > 0)) {
        rc = pthread_cond_timedwait(&s->drained, &s->lock, &end);
    }
    bool drained = s->written == s->put && s->lost == 0;
    pthread_mutex_unlock(&s->lock);
    return drained;
}

void log_sink_close(struct log_sink *s)
{
    bool drained = log_sink_flush(s, CLOSE_MS);
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    if (!drained) {
        pthread_detach(s->thread);
        return;
    }
    pthread_join(s->thread, NULL);
    if (s->file != NULL) {
        fclose(s->file);
    }
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    pthread_cond_destroy(&s->drained);
    free(s->path);
    free(s);
}
