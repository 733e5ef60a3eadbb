/* The last steps of a move: names for what came from others, into the new queue, out of the old. */
#include "host/app/network/network_move_priv.h"

#include "host/app/files.h"
#include "host/app/queue/package.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 3000
#define WAIT_MS  60000 /* of what a person may have to look at */

static bool was_done(const struct move *m, const char *queue, enum queue_verb verb)
{
    const struct queue_answer *last = move_answer(m, queue, verb);
    return last != NULL && last->result.err.code == 0;
}

/* ---- NAME: what came from others gets names here ------------------------------------------------
 */

static void on_named(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL && e->code != PP_EEXIST) {
        network_note(w, m->from, true, e->text); /* it is printed by its content all the same */
    }
    m->file += e == NULL || e->code != PP_EEXIST;
    move_run(m);
    network_let_go(w);
}

static bool is_named(const struct move *m, const char *name, const char *sha256)
{
    const struct file_entry *f = files_find(m->w->o.files, name);
    return f != NULL && strcmp(f->row.sha256, sha256) == 0;
}

static void wanted_name(const struct move *m, const struct queue_set *set, char out[static 201])
{
    char folder[128];
    const char *slash = strrchr(set->path, '/');
    package_folder(jobs_title(m->spec), folder, sizeof folder);
    snprintf(out, 201, "%.120s/%.70s", folder, slash != NULL ? slash + 1 : set->path);
}

/* True when there is nothing to be done for it. */
static bool name_one(struct move *m, struct queue_set *set)
{
    char wanted[201];
    char free_name[201];
    if (set->sha256 == NULL || is_named(m, set->path, set->sha256)) {
        return true;
    }
    wanted_name(m, set, wanted);
    bool same = is_named(m, wanted, set->sha256);
    if (same) {
        snprintf(free_name, sizeof free_name, "%s", wanted);
    } else {
        files_free_name(m->w->o.files, wanted, free_name, sizeof free_name);
    }
    free(set->path);
    set->path = mem_strdup(free_name);
    if (!same) {
        m->w->open++;
        files_give(m->w->o.files, set->sha256, free_name, on_named, m);
    }
    return same;
}

void move_name(struct move *m)
{
    for (; m->file < m->spec->sets_count; m->file++) {
        if (!name_one(m, &m->spec->sets[m->file])) {
            return;
        }
    }
    move_advance(m);
}

/* ---- PUT, LET_GO --------------------------------------------------------------------------------
 */

static void on_rerouted(void *context, const struct err *e)
{
    struct move *m = context;
    struct network *w = m->w;
    if (e != NULL) {
        move_again(m, AGAIN_MS); /* what the disk has says otherwise */
    } else {
        m->step = MOVE_NAME;
        m->file = 0;
        move_run(m);
    }
    network_let_go(w);
}

/* The place it was to go to does not want it. */
static void put_somewhere(struct move *m, const struct err *e)
{
    char text[500];
    bool gone = m->unknown && !move_was_refused(m, m->to, QUEUE_SUBMIT);
    snprintf(text, sizeof text, "a job that was to go to \"%s\" is in the local queue%s: %.300s",
        m->to, gone ? ", held (it may have arrived)" : "", e->text);
    network_note(m->w, m->from, true, text);
    m->spec->draft = m->spec->draft || gone;
    m->unknown = false;
    snprintf(m->to, sizeof m->to, "%s", QUEUE_LOCAL);
    m->after[0] = '\0';
    move_save(m, on_rerouted);
}

/* What could it be? It must not be lost. */
static void wait_for_person(struct move *m, const struct err *e)
{
    if (!m->told) {
        network_note(m->w, m->from, true, e->text);
    }
    m->told = true;
    move_again(m, WAIT_MS);
}

static void refused(struct move *m, const struct err *e)
{
    if (e->code == PP_ENOTFOUND && m->after[0] != '\0' && move_is_there(m, m->to)) {
        m->after[0] = '\0'; /* the job it was to follow has gone */
        move_run(m);
    } else if (move_is_local(m->from)) {
        move_give_up(m, e);
    } else if (move_is_local(m->to)) {
        wait_for_person(m, e);
    } else {
        put_somewhere(m, e);
    }
}

static void on_put(void *context, const struct queue_result *result)
{
    struct move *m = context;
    struct network *w = m->w;
    m->unknown = m->unknown || move_is_unknown(result->err.code);
    bool there = result->err.code == PP_EEXIST && m->unknown; /* by us, long ago */
    if (result->err.code == 0 || there) {
        move_advance(m);
    } else if (move_is_passing(result->err.code) && result->err.code != PP_ELIMIT) {
        move_again(m, AGAIN_MS);
    } else {
        refused(m, &result->err);
    }
    network_let_go(w);
}

void move_put(struct move *m)
{
    const struct queue_job *job = m->spec != NULL ? m->spec : move_job_of(m, m->from);
    if (was_done(m, m->to, QUEUE_SUBMIT)) { /* maybe by a former life of this host */
        move_advance(m);
        return;
    }
    if (job == NULL || (m->spec == NULL && move_is_in_archive(m, m->from))) {
        struct err e = {0};
        move_no_job(m, &e);
        move_end(m, &e);
        return;
    }
    struct queue_job *spec = jobs_copy_spec(job);
    struct queue_command c = move_command(m, m->to, QUEUE_SUBMIT);
    spec->moving = false;
    c.spec = spec;
    memcpy(c.after, m->after, sizeof c.after);
    move_say(m, m->to, &c, 1, on_put);
    queue_job_free(spec);
}

static void on_let_go(void *context, const struct queue_result *result)
{
    struct move *m = context;
    struct network *w = m->w;
    bool removed = move_is_in_archive(m, m->from); /* by a person, meanwhile */
    if (result->err.code == 0 || result->err.code == PP_ENOTFOUND || removed) {
        move_advance(m);
    } else {
        move_again(m, AGAIN_MS);
    }
    network_let_go(w);
}

void move_let_go(struct move *m)
{
    struct queue_command c = move_command(m, m->from, QUEUE_TAKE);
    move_say(m, m->from, &c, 1, on_let_go);
}
