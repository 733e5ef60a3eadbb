/* Jobs and commands from other hosts and from rows: whatever is read can be written, read again and
 * applied; a queue takes only what holds. */
#include "host/core/queue_priv.h"
#include "host/core/queue_trust.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const json_t *written)
{
    struct err e;
    struct queue_job *again;
    int rc = queue_job_from_json(written, &again, &e);
    assert(rc == 0);
    json_t *twice = queue_job_to_json(again);
    assert(json_equal(written, twice));
    json_decref(twice);
    queue_job_free(again);
}

static void check_job(const json_t *object)
{
    struct err e = {0};
    struct queue_job *job;
    if (queue_job_from_json(object, &job, &e) != 0) {
        assert(e.code == PP_EINVAL && e.text[0] != '\0');
        return;
    }
    json_t *written = queue_job_to_json(job);
    check_again(written);
    json_decref(written);
    struct queue *q = queue_new("q");
    char id[ID_SIZE];
    memcpy(id, job->id, ID_SIZE);
    if (queue_load_job(q, job, &e) != 0) {
        assert(e.code == PP_ECORRUPT && e.text[0] != '\0');
        queue_job_free(job);
    } else {
        struct queue_printer p = {.name = "one", .profile = "mk3", .loaded = {"PLA"}};
        struct queue_next n;
        queue_next(q, &p, true, &n);
        assert(queue_find(q, id) != NULL);
    }
    queue_free(q);
}

static void check_holds(const struct queue *q)
{
    struct err e;
    for (const struct queue_job *j = queue_first(q); j != NULL; j = queue_after(q, j)) {
        int rc = queue_job_holds(j, &e);
        assert(rc == 0);
    }
}

/* Commands one after the other, "commands": [...], some of them taken back. */
static void check_commands(const json_t *list)
{
    struct queue *q = queue_new("q");
    for (size_t i = 0; i < json_array_size(list) && i < 64; i++) {
        struct err e = {0};
        struct queue_command c;
        struct queue_result result;
        if (queue_command_from_json(json_array_get(list, i), &c, &e) != 0) {
            assert(e.code == PP_EINVAL && e.text[0] != '\0');
            continue;
        }
        int rc = queue_apply(q, &c, &result);
        assert(rc == -result.err.code);
        json_decref(queue_command_to_json(&c));
        queue_job_free(c.spec);
        check_holds(q);
        if (i % 5 == 4) {
            queue_undo(q);
        } else if (i % 2 == 0) {
            queue_settle(q);
        }
        check_holds(q);
    }
    queue_free(q);
}

static int may(
    const void *context, const struct queue *q, const struct queue_command *c, struct err *e)
{
    return queue_trust_check(q, context, c, e);
}

/* The same as a log of two hosts has them, in pairs, the second of them not trusted. */
static void check_log(const json_t *list, bool open_wan)
{
    const struct queue_trust trust = {.open_wan = open_wan};
    const struct queue_may rules = {may, &trust};
    struct queue *q = queue_new("q");
    struct queue_command c[2];
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list) && i < 64; i++) {
        struct queue_result result;
        if (queue_command_from_json(json_array_get(list, i), &c[n], NULL) != 0) {
            continue;
        }
        memcpy(c[n].origin, i % 4 < 2 ? "one" : "two", 4);
        c[n].trusted = i % 4 < 2;
        queue_trust_trim(&trust, &c[n++]);
        if (n == 2 || i % 3 == 0) {
            int rc = queue_apply_all(q, &rules, c, n, &result);
            assert(rc == -result.err.code);
            queue_settle(q);
            check_holds(q);
            while (n > 0) {
                queue_job_free(c[--n].spec);
            }
        }
    }
    while (n > 0) {
        queue_job_free(c[--n].spec);
    }
    queue_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *object = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
    if (object != NULL) {
        const json_t *commands = json_object_get(object, "commands");
        if (commands != NULL) {
            check_commands(commands);
            check_log(commands, true);
            check_log(commands, false);
        } else {
            check_job(object);
        }
        json_decref(object);
    }
    return 0;
}
