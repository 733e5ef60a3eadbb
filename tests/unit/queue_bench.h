/* A queue to try rules on: ids from names, sets from a word, every command settled. */
#ifndef PP_TESTS_QUEUE_BENCH_H
#define PP_TESTS_QUEUE_BENCH_H

#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The id of a job, a set or a run called `text`: its bytes at the end. */
static inline const char *qid(const char *text)
{
    static char ids[16][ID_SIZE];
    static unsigned next;
    char *id = ids[next++ % 16];
    uint64_t tail = 0;
    for (const char *p = text; *p != '\0'; p++) {
        tail = tail * 131 + (unsigned char)*p;
    }
    snprintf(id, ID_SIZE, "00000000-0000-7000-8000-%012llx",
        (unsigned long long)(tail & 0xffffffffffff));
    return id;
}

static inline void put_id(char out[ID_SIZE], const char *text)
{
    memcpy(out, qid(text), ID_SIZE);
}

/* One set a letter: "A5 B1@mk3 C2%PLA" is 5 of A, 1 of B for mk3 alone, 2 of C from PLA. The set's
 * id is that of job + letter. */
static inline void add_sets(struct queue_job *job, const char *name, const char *sets)
{
    char copy[256];
    char *save = NULL;
    snprintf(copy, sizeof copy, "%s", sets);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        char *at = strchr(word, '@');
        char *material = strchr(word, '%');
        char id[80];
        struct queue_set *set = queue_job_add_set(job);
        snprintf(id, sizeof id, "%s/%c", name, word[0]);
        put_id(set->id, id);
        set->path = mem_printf("%c.gcode", word[0]);
        set->count = (int32_t)strtol(word + 1, NULL, 10);
        set->remaining = set->count;
        if (material != NULL) {
            *material = '\0';
            set->materials[0] = mem_strdup(material + 1);
        }
        if (at != NULL) {
            set->profiles = mem_array(2, sizeof *set->profiles);
            set->profiles[0] = mem_strdup(at + 1);
        }
    }
}

static inline struct queue_job *new_spec(const char *name, const char *sets, int32_t count)
{
    struct queue_job *job = queue_job_new();
    put_id(job->id, name);
    free(job->name);
    job->name = mem_strdup(name);
    job->count = count;
    job->remaining = count;
    add_sets(job, name, sets);
    return job;
}

struct bench {
    struct queue *q;
    struct queue_result result;
    int64_t now_ms;
    const char *printer;
    const char *profile;
    unsigned runs;
    char run[ID_SIZE]; /* the last one begun */
};

static inline struct queue_command command(
    const struct bench *b, enum queue_verb verb, const char *job)
{
    struct queue_command c = {.verb = verb, .now_ms = b->now_ms, .revision = -1};
    put_id(c.job, job);
    snprintf(c.actor, sizeof c.actor, "somebody");
    snprintf(c.printer, sizeof c.printer, "%s", b->printer);
    snprintf(c.profile, sizeof c.profile, "%s", b->profile);
    return c;
}

/* Applies and settles; whatever happens, every job still holds. */
static inline int apply(struct bench *b, const struct queue_command *c)
{
    struct err e;
    int rc = queue_apply(b->q, c, &b->result);
    assert_int_equal(rc, -b->result.err.code);
    queue_settle(b->q);
    for (const struct queue_job *j = queue_first(b->q); j != NULL; j = queue_after(b->q, j)) {
        if (queue_job_holds(j, &e) != 0) {
            fail_msg("%s", e.text);
        }
    }
    b->now_ms += 1000;
    return rc;
}

static inline int submit_spec(struct bench *b, struct queue_job *spec, const char *after)
{
    struct queue_command c = command(b, QUEUE_SUBMIT, "");
    c.job[0] = '\0';
    c.spec = spec;
    spec->created_ms = spec->created_ms != 0 ? spec->created_ms : b->now_ms;
    if (after != NULL && after[0] != '\0') {
        memcpy(c.after, strcmp(after, "-") == 0 ? "-" : qid(after),
            strcmp(after, "-") == 0 ? 2 : ID_SIZE);
    }
    int rc = apply(b, &c);
    queue_job_free(spec);
    return rc;
}

static inline void submit(struct bench *b, const char *name, const char *sets, int32_t count)
{
    assert_int_equal(submit_spec(b, new_spec(name, sets, count), NULL), 0);
}

static inline int act(struct bench *b, enum queue_verb verb, const char *job)
{
    struct queue_command c = command(b, verb, job);
    return apply(b, &c);
}

static inline int move_after(struct bench *b, const char *job, const char *after)
{
    struct queue_command c = command(b, QUEUE_MOVE, job);
    if (after[0] != '\0') {
        put_id(c.after, after);
    }
    return apply(b, &c);
}

static inline const struct queue_job *job_of(const struct bench *b, const char *name)
{
    return queue_find(b->q, qid(name));
}

/* A spec to edit with: the job as it is. */
static inline struct queue_job *edit_of(const struct bench *b, const char *name)
{
    return queue_job_copy(job_of(b, name));
}

static inline int edit(struct bench *b, const char *name, unsigned mask, struct queue_job *spec)
{
    struct queue_command c = command(b, QUEUE_EDIT, name);
    c.mask = mask;
    c.spec = spec;
    int rc = apply(b, &c);
    queue_job_free(spec);
    return rc;
}

static inline struct queue_next next_work(const struct bench *b)
{
    struct queue_printer p = {.name = b->printer, .profile = b->profile};
    struct queue_next n;
    queue_next(b->q, &p, false, &n);
    return n;
}

static inline int begin_set(struct bench *b, const char *job_id, const char *set_id)
{
    char name[32];
    struct queue_command c = command(b, QUEUE_BEGIN, "");
    memcpy(c.job, job_id, ID_SIZE);
    memcpy(c.set, set_id, ID_SIZE);
    snprintf(name, sizeof name, "run %u", ++b->runs);
    put_id(c.run, name);
    memcpy(b->run, c.run, ID_SIZE);
    return apply(b, &c);
}

static inline int finish(struct bench *b, bool success)
{
    struct queue_command c = command(b, QUEUE_FINISH, "");
    c.job[0] = '\0';
    memcpy(c.run, b->run, ID_SIZE);
    c.success = success;
    return apply(b, &c);
}

/* Begins what is offered; its letter, or '-' when there is no work. */
static inline char begin_next(struct bench *b)
{
    char set[ID_SIZE];
    char job[ID_SIZE];
    struct queue_next n = next_work(b);
    if (n.job == NULL) {
        return '-';
    }
    char letter = n.set->path[0];
    memcpy(set, n.set->id, ID_SIZE);
    memcpy(job, n.job->id, ID_SIZE);
    if (begin_set(b, job, set) != 0) {
        fail_msg("%s", b->result.err.text);
    }
    return letter;
}

/* Prints up to `most` times, or until there is no work; `out` gets the letters in order. */
static inline const char *print_all(struct bench *b, size_t most, char *out)
{
    size_t n = 0;
    for (char letter; n < most && (letter = begin_next(b)) != '-'; n++) {
        out[n] = letter;
        assert_int_equal(finish(b, true), 0);
    }
    out[n] = '\0';
    return out;
}

/* The names of the jobs in order, "a b c"; of the archive with `archive`. */
static inline const char *names(const struct bench *b, bool archive, char out[static 512])
{
    size_t len = 0;
    out[0] = '\0';
    const struct queue_job *j = archive ? queue_archive_first(b->q) : queue_first(b->q);
    while (j != NULL) {
        len += (size_t)snprintf(out + len, 512 - len, "%s%s", len > 0 ? " " : "", j->name);
        j = archive ? queue_archive_after(b->q, j) : queue_after(b->q, j);
    }
    return out;
}

static inline struct bench bench_open(void)
{
    return (struct bench){
        .q = queue_new("local"), .now_ms = 1700000000000, .printer = "one", .profile = "mk3"};
}

static inline void bench_close(struct bench *b)
{
    queue_free(b->q);
}

#endif
