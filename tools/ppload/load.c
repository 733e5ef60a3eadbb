#include "tools/ppload/load.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tools/ppload/call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIST     "jobs?limit=200"
#define FOLDER   "load"
#define LOOK_MS  500
#define OPEN_MAX 1000 /* of one list */

struct client {
    struct load *load;
    pthread_t thread;
    struct caller caller;
    size_t host;
    char *bytes; /* of the file it uploads */
};

/* ---- one job ------------------------------------------------------------------------------------
 */

/* Counts it; true if it went well. */
static bool count(struct load *l, enum tally_op op, const struct answer *a)
{
    if (a->kind[0] != '\0') {
        tally_fail(&l->tally, op, a->kind, a->text);
        return false;
    }
    tally_add(&l->tally, op, a->took_ns);
    return true;
}

/* A part without a heater: a few moves, then as many remarks as make its size. Each is another
 * file. */
static size_t write_file(const struct load *l, char *out, size_t number)
{
    size_t size = l->o.file_bytes;
    int used = snprintf(out, size,
        "; load %s %zu\nG28\nG90\nM82\nG92 E0\nG1 Z0.2 F1200\nG1 X10 Y10 F6000\n"
        "G1 X%zu Y20 E0.5 F6000\nG1 X20 Y%zu E1 F6000\n",
        l->run, number, 20 + number % 100, 20 + number / 100 % 100);
    size_t at = (size_t)used < size ? (size_t)used : size;
    for (size_t column = 0; at < size; at++, column = (column + 1) % 80) {
        out[at] = "-;\n"[column == 0 ? 1 : column == 79 ? 2 : 0];
    }
    return size;
}

static bool upload(struct client *c, size_t number, const char *path)
{
    struct answer a;
    char *target = mem_printf("files/%s", path);
    size_t len = write_file(c->load, c->bytes, number);
    caller_put(&c->caller, target, c->bytes, len, &a);
    bool ok = count(c->load, TALLY_UPLOAD, &a);
    answer_fini(&a);
    free(target);
    return ok;
}

static json_t *describe(const struct load *l, size_t number, const char *path)
{
    char *name = mem_printf("load %s %zu", l->run, number);
    json_t *profiles = json_array();
    if (l->o.profile != NULL) {
        json_array_append_new(profiles, json_string(l->o.profile));
    }
    json_t *set = json_pack("{s:s, s:i, s:o}", "path", path, "count", 1, "profiles", profiles);
    json_t *job = json_pack("{s:s, s:b, s:[o]}", "name", name, "draft", 1, "sets", set);
    free(name);
    return job;
}

/* The id of the new job; "" when there is none. */
static void submit(struct client *c, size_t number, const char *path, char id[64])
{
    struct answer a;
    json_t *job = describe(c->load, number, path);
    caller_ask(&c->caller, "POST", "jobs", job, &a);
    const char *made = json_string_value(json_object_get(a.doc, "id"));
    bool ok = count(c->load, TALLY_SUBMIT, &a) && made != NULL;
    snprintf(id, 64, "%s", ok ? made : "");
    answer_fini(&a);
    json_decref(job);
}

static bool ask(
    struct client *c, enum tally_op op, const char *method, const char *path, json_t *body)
{
    struct answer a;
    caller_ask(&c->caller, method, path, body, &a);
    bool ok = count(c->load, op, &a);
    answer_fini(&a);
    json_decref(body);
    return ok;
}

static bool edit(struct client *c, const char *path)
{
    return ask(c, TALLY_EDIT, "PATCH", path,
        json_pack("{s:s, s:b}", "note", "edited", "draft", !c->load->o.print));
}

static bool move(struct client *c, const char *path)
{
    char target[96];
    snprintf(target, sizeof target, "%s/move", path);
    return ask(c, TALLY_MOVE, "POST", target, json_pack("{s:s}", "queue", c->load->o.queue));
}

static void name_file(const struct load *l, size_t number, char out[96])
{
    snprintf(out, 96, FOLDER "/%s-%zu.gcode", l->run, number);
}

static void remove_file(struct caller *c, const char *path)
{
    struct answer a;
    char *target = mem_printf("files/%s?force=1", path);
    caller_ask(c, "DELETE", target, NULL, &a);
    answer_fini(&a);
    free(target);
}

static void do_job(struct client *c, size_t number)
{
    struct load *l = c->load;
    char file[96];
    char id[64];
    char path[80];
    name_file(l, number, file);
    if (!upload(c, number, file)) {
        return;
    }
    submit(c, number, file, id);
    snprintf(path, sizeof path, "jobs/%s", id);
    ask(c, TALLY_LIST, "GET", LIST, NULL);
    if (id[0] != '\0') {
        bool stays = edit(c, path) && l->o.print;
        bool moved = l->o.queue == NULL || move(c, path);
        if (stays && moved) {
            l->where[number] = (unsigned char)(c->host + 1);
            atomic_fetch_add(&l->placed, 1);
            return;
        }
        ask(c, TALLY_REMOVE, "DELETE", path, NULL);
    }
    remove_file(&c->caller, file);
}

/* ---- all of them --------------------------------------------------------------------------------
 */

static void *work(void *context)
{
    struct client *c = context;
    struct load *l = c->load;
    size_t number;
    while (!atomic_load(&l->stop) && (number = atomic_fetch_add(&l->taken, 1)) < l->o.jobs) {
        do_job(c, number);
    }
    return NULL;
}

void load_init(struct load *l, const struct load_options *o, const struct hosts *hosts)
{
    memset(l, 0, sizeof *l);
    l->o = *o;
    l->hosts = hosts;
    tally_init(&l->tally);
    l->where = mem_array(o->jobs, 1);
    snprintf(l->run, sizeof l->run, "%" PRIx64, (uint64_t)clock_wall_ms());
}

void load_fini(struct load *l)
{
    tally_fini(&l->tally);
    free(l->where);
}

static double since_s(uint64_t begin_ns)
{
    return (double)(clock_ns() - begin_ns) / 1e9;
}

void load_run(struct load *l)
{
    struct client *clients = mem_array(l->o.clients, sizeof *clients);
    size_t started = 0;
    l->begin_ns = clock_ns();
    for (size_t i = 0; i < l->o.clients; i++) {
        struct client *c = &clients[i];
        c->load = l;
        c->bytes = mem_alloc(l->o.file_bytes);
        c->host = i % l->hosts->count;
        caller_open(&c->caller, &l->hosts->at[c->host]);
        if (pthread_create(&c->thread, NULL, work, c) != 0) {
            fprintf(stderr, "ppload: only %zu clients could be started\n", i);
            caller_close(&c->caller);
            free(c->bytes);
            break;
        }
        started++;
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(clients[i].thread, NULL);
        caller_close(&clients[i].caller);
        free(clients[i].bytes);
    }
    l->submit_s = since_s(l->begin_ns);
    free(clients);
}

/* ---- until they are printed ---------------------------------------------------------------------
 */

static bool is_ours(const struct load *l, const json_t *job)
{
    const char *name = json_string_value(json_object_get(job, "name"));
    return name != NULL && strncmp(name, "load ", 5) == 0 &&
           strncmp(name + 5, l->run, strlen(l->run)) == 0;
}

/* How many of ours are open in a host's list; -1 when it does not say. */
static long open_jobs(const struct load *l, struct caller *c, const char *queue)
{
    struct answer a;
    char *escaped = curl_easy_escape(c->curl, queue, 0);
    char *path = mem_printf("jobs?limit=%d&queue=%s", OPEN_MAX, escaped);
    caller_ask(c, "GET", path, NULL, &a);
    const json_t *jobs = json_object_get(a.doc, "jobs");
    long n = a.kind[0] == '\0' && json_is_array(jobs) ? 0 : -1;
    for (size_t i = 0; n >= 0 && i < json_array_size(jobs); i++) {
        n += is_ours(l, json_array_get(jobs, i));
    }
    answer_fini(&a);
    curl_free(escaped);
    free(path);
    return n;
}

/* The most any host knows of: a shared queue is the same on all of them. */
static size_t open_anywhere(const struct load *l, struct caller *callers)
{
    size_t local = 0;
    size_t shared = 0;
    for (size_t i = 0; i < l->hosts->count; i++) {
        long n = open_jobs(l, &callers[i], "local");
        local += n >= 0 ? (size_t)n : 1;
        n = l->o.queue != NULL ? open_jobs(l, &callers[i], l->o.queue) : 0;
        n = n >= 0 ? n : 1;
        shared = (size_t)n > shared ? (size_t)n : shared;
    }
    return local + shared;
}

static void remove_files(const struct load *l, struct caller *callers)
{
    char file[96];
    for (size_t i = 0; i < l->o.jobs; i++) {
        if (l->where[i] != 0) {
            name_file(l, i, file);
            remove_file(&callers[l->where[i] - 1], file);
        }
    }
}

bool load_wait(struct load *l)
{
    struct caller *callers = mem_array(l->hosts->count, sizeof *callers);
    for (size_t i = 0; i < l->hosts->count; i++) {
        caller_open(&callers[i], &l->hosts->at[i]);
    }
    while ((l->unprinted = open_anywhere(l, callers)) > 0 && !atomic_load(&l->stop) &&
           since_s(l->begin_ns) < l->o.within_s) {
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    l->print_s = l->unprinted == 0 ? since_s(l->begin_ns) : 0;
    if (l->unprinted == 0) {
        remove_files(l, callers);
    }
    for (size_t i = 0; i < l->hosts->count; i++) {
        caller_close(&callers[i]);
    }
    free(callers);
    return l->unprinted == 0;
}
