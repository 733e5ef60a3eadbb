/* jobs, job, edit, set, move, rm, restore, reset: looking at the queue and changing it. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/spec.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/view_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 999999
#define ID_SHOWN  6

/* "/api/v1/jobs/ID" and what follows it; free() it. */
static char *job_path(const char *id, const char *rest)
{
    char *base = client_path("/api/v1/jobs/", id);
    char *whole = mem_printf("%s%s", base, rest);
    free(base);
    return whole;
}

/* One request about one job, shown as the job. */
static int act_on(struct ppctl *c, const char *method, const char *rest, json_t *body)
{
    char *path = job_path(c->operand[0], rest);
    int status = tell_view(c, method, path, body, view_job);
    free(path);
    return status;
}

/* ---- by its place ------------------------------------------------------------------------------
 */

#define PLACE_MAX 999 /* from four characters on it is the end of an id */

/* True if no job has that name, so that it can only be a place. */
static bool is_no_name(const struct ppctl *c, const char *word)
{
    struct answer a;
    char *path = job_path(word, "");
    bool unknown = get(c->chosen[0], path, &a) != 0 && a.status == 404;
    answer_fini(&a);
    free(path);
    return unknown;
}

/* The job at a place of the local queue, for `job 2` and `move 2 1`: `id` gets its id, where the
 * operand is such a number and no job's name. What would change or remove a job does not take it:
 * places change while the queue is printed. */
static void resolve_place(struct ppctl *c, char id[static 40])
{
    struct answer a;
    char path[64];
    int64_t place;
    if (!str_to_int(c->operand[0], 1, PLACE_MAX, &place) || !is_no_name(c, c->operand[0])) {
        return;
    }
    snprintf(path, sizeof path, "/api/v1/jobs?queue=local&limit=%d", (int)place);
    if (get(c->chosen[0], path, &a) == 0) {
        const json_t *job = json_array_get(field_node(a.doc, "jobs"), (size_t)place - 1);
        snprintf(id, 40, "%.39s", field_text(job, "id"));
        c->operand[0] = id[0] != '\0' ? id : c->operand[0];
    }
    answer_fini(&a);
}

/* ---- looking -----------------------------------------------------------------------------------
 */

static void show_jobs(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_jobs);
}

int cmd_jobs(struct ppctl *c)
{
    const char *queue = option_value(c, "--queue");
    const char *most = option_value(c, "-n");
    char shown[48];
    int64_t limit = 200;
    if (most != NULL && !str_to_int(most, 1, 1000, &limit)) {
        return fail_usage(c, "-n \"%s\": must be a number from 1 to 1000",
            str_escape(shown, sizeof shown, most, strlen(most)));
    }
    char *path = client_path("/api/v1/jobs?queue=", queue != NULL ? queue : "local");
    char *whole = mem_printf("%s&limit=%d", path, (int)limit);
    int status = read_each(c, whole, "jobs", show_jobs);
    free(whole);
    free(path);
    return status;
}

int cmd_job(struct ppctl *c)
{
    char id[40] = "";
    resolve_place(c, id);
    return act_on(c, "GET", "", NULL);
}

/* ---- changing ----------------------------------------------------------------------------------
 */

int cmd_edit(struct ppctl *c)
{
    static const struct spec_key keys[] = {
        {"name", NULL, SPEC_TEXT, 0, 0},
        {"count", NULL, SPEC_COUNT, 1, COUNT_MAX},
        {"remaining", NULL, SPEC_COUNT, 0, COUNT_MAX},
        {"draft", NULL, SPEC_FLAG, 0, 0},
        {"share", NULL, SPEC_FLAG, 0, 0},
        {"repeat", NULL, SPEC_FLAG, 0, 0},
        {"note", NULL, SPEC_TEXT, 0, 0},
    };
    json_t *body = json_object();
    int status = spec_take_all(c, 1, keys, sizeof keys / sizeof *keys, body);
    if (status != PPCTL_DONE) {
        json_decref(body);
        return status;
    }
    return act_on(c, "PATCH", "", body);
}

/* True if the word names this set: its number, its file (with or without folder), the end of its
 * id. */
static bool names_set(const char *word, const json_t *set, size_t index)
{
    int64_t number;
    const char *path = field_text(set, "path");
    const char *id = field_text(set, "id");
    const char *slash = strrchr(path, '/');
    size_t len = strlen(word);
    return (str_to_int(word, 1, 1000, &number) && (size_t)number == index + 1) ||
           strcmp(word, path) == 0 || (slash != NULL && strcmp(word, slash + 1) == 0) ||
           (len >= 4 && len <= strlen(id) && strcmp(id + strlen(id) - len, word) == 0);
}

/* The id of the set that the second operand names; an exit status. */
static int find_set(struct ppctl *c, const json_t *job, char out[static 64])
{
    const json_t *found = NULL;
    size_t matches = 0;
    size_t i;
    json_t *set;
    char shown[64];
    struct err e;
    json_array_foreach(field_node(job, "sets"), i, set)
    {
        if (names_set(c->operand[1], set, i)) {
            found = set;
            matches++;
        }
    }
    if (matches != 1) {
        err_set(&e, matches == 0 ? PP_ENOTFOUND : PP_EINVAL,
            "\"%s\": %s of this job; ppctl %sjob %.40s lists its files by number",
            str_escape(shown, sizeof shown, c->operand[1], strlen(c->operand[1])),
            matches == 0 ? "no file" : "several files", c->target_hint, c->operand[0]);
        return fail(c, PPCTL_FAILED, &e);
    }
    snprintf(out, 64, "%.63s", field_text(found, "id"));
    return PPCTL_DONE;
}

static int change_set(struct ppctl *c, const char *set)
{
    static const struct spec_key keys[] = {
        {"count", NULL, SPEC_COUNT, 1, COUNT_MAX},
        {"remaining", NULL, SPEC_COUNT, 0, COUNT_MAX},
        {"profiles", NULL, SPEC_LIST, 0, 0},
        {"materials", NULL, SPEC_MATERIALS, 0, 0},
        {"file", "path", SPEC_TEXT, 0, 0},
        {"position", NULL, SPEC_COUNT, 1, 1000},
    };
    char rest[96];
    json_t *body = json_object();
    snprintf(rest, sizeof rest, "/sets/%s", set);
    if (c->operands == 3 && strcmp(c->operand[2], "rm") == 0) {
        json_decref(body);
        return act_on(c, "DELETE", rest, NULL);
    }
    int status = spec_take_all(c, 2, keys, sizeof keys / sizeof *keys, body);
    if (status != PPCTL_DONE) {
        json_decref(body);
        return status;
    }
    return act_on(c, "PATCH", rest, body);
}

int cmd_set(struct ppctl *c)
{
    struct answer a;
    char set[64] = "";
    char *path = job_path(c->operand[0], "");
    int status = get(c->chosen[0], path, &a) != 0 ? fail_answer(c, c->chosen[0], &a)
                                                  : find_set(c, a.doc, set);
    answer_fini(&a);
    free(path);
    return status == PPCTL_DONE ? change_set(c, set) : status;
}

/* "local:3", "local", "3" */
int cmd_move(struct ppctl *c)
{
    char id[40] = "";
    const char *where = c->operand[1];
    const char *colon = strrchr(where, ':');
    const char *number = colon != NULL ? colon + 1 : where;
    char shown[64];
    int64_t position = 0;
    bool numbered = str_to_int(number, 1, 1000000, &position);
    if (colon != NULL && !numbered) {
        return fail_usage(c, "\"%s\": POSITION must be a number, 1 is the front",
            str_escape(shown, sizeof shown, where, strlen(where)));
    }
    json_t *body = json_object();
    if (numbered) {
        json_object_set_new(body, "position", json_integer(position));
    }
    if (colon != NULL || !numbered) {
        size_t len = colon != NULL ? (size_t)(colon - where) : strlen(where);
        json_t *queue = json_stringn(where, len);
        if (queue == NULL) {
            json_decref(body);
            return fail_usage(c, "QUEUE must be UTF-8 text");
        }
        json_object_set_new(body, "queue", queue);
    }
    resolve_place(c, id);
    return act_on(c, "POST", "/move", body);
}

/* ---- several at once ---------------------------------------------------------------------------
 */

/* One line for each job; `back`: what brings it back, "" = nothing. */
static void view_acted(
    struct strbuf *out, const struct view *v, const json_t *doc, const char *done, const char *back)
{
    size_t i;
    json_t *job;
    json_array_foreach(field_node(doc, "jobs"), i, job)
    {
        const json_t *first = json_array_get(field_node(job, "sets"), 0);
        const char *name = field_text(job, "name");
        const char *id = field_text(job, "id");
        char end[ID_SHOWN + 1];
        size_t len = strlen(id);
        id += len > ID_SHOWN ? len - ID_SHOWN : 0;
        str_escape(end, sizeof end, id, strlen(id));
        text_foreign(out, *name != '\0' ? name : field_text(first, "path"));
        strbuf_printf(out, " (%s) %s", end, done);
        if (*back != '\0') {
            strbuf_printf(out, "; ppctl %s%s %s brings it back", v->target, back, end);
        }
        strbuf_puts(out, "\n");
    }
}

static void view_removed(struct strbuf *out, const struct view *v, const json_t *doc)
{
    view_acted(out, v, doc, "is in the archive", "restore");
}

static void view_restored(struct strbuf *out, const struct view *v, const json_t *doc)
{
    view_acted(out, v, doc, "is back, at the end of the queue", "");
}

static void view_reset(struct strbuf *out, const struct view *v, const json_t *doc)
{
    view_acted(out, v, doc, "is printed from its beginning again", "");
}

int cmd_jobs_act(struct ppctl *c)
{
    static const struct {
        const char *command;
        const char *action;
        void (*show)(struct strbuf *out, const struct view *v, const json_t *doc);
    } acts[] = {{"rm", "remove", view_removed}, {"restore", "restore", view_restored},
        {"reset", "reset", view_reset}};
    size_t which = 0;
    json_t *jobs = json_array();
    for (size_t i = 0; i < c->operands; i++) {
        json_t *id = json_string(c->operand[i]);
        if (id == NULL) {
            json_decref(jobs);
            return fail_usage(c, "ID must be UTF-8 text");
        }
        json_array_append_new(jobs, id);
    }
    while (strcmp(acts[which].command, c->command->name) != 0) {
        which++;
    }
    return tell_view(c, "POST", "/api/v1/jobs/act",
        json_pack("{s:s, s:o}", "action", acts[which].action, "jobs", jobs), acts[which].show);
}
