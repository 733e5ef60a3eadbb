/* What a command leaves open: who sends it and when, ids, and what is known of each set's file. */
#include "host/app/queue/jobs_priv.h"

#include "host/app/profile.h"
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/file_kind.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 500 /* looked through for a suggestion */

void jobs_stamp(struct jobs *j, struct queue_command *c)
{
    if (c->now_ms == 0) {
        c->now_ms = clock_wall_ms();
    }
    if (c->client[0] == '\0') {
        memcpy(c->client, j->client, sizeof c->client);
        c->sequence = ++j->sequence;
    }
    if (c->verb == QUEUE_SUBMIT && c->spec != NULL) {
        if (c->spec->id[0] == '\0') {
            id_new(c->spec->id, c->now_ms);
        }
        memcpy(c->job, c->spec->id, sizeof c->job);
        c->spec->created_ms = c->spec->created_ms != 0 ? c->spec->created_ms : c->now_ms;
    }
}

/* A plain copy knows no difference between no list of profiles and an empty one. */
struct queue_job *jobs_copy_spec(const struct queue_job *spec)
{
    struct queue_job *copy = queue_job_copy(spec);
    for (size_t i = 0; i < spec->sets_count; i++) {
        if (spec->sets[i].profiles != NULL && copy->sets[i].profiles == NULL) {
            copy->sets[i].profiles = mem_array(1, sizeof(char *));
        }
    }
    return copy;
}

/* ---- files --------------------------------------------------------------------------------------
 */

static int no_file(const struct jobs *j, const char *path, const char *field, struct err *e)
{
    const char *names[NAMES_MAX];
    char shown[QUEUE_TEXT_MAX + 1];
    const struct file_entry *file = files_after(j->files, "");
    size_t n = 0;
    for (; file != NULL && n < NAMES_MAX; file = files_after(j->files, file->row.name)) {
        names[n++] = file->row.name;
    }
    str_escape(shown, sizeof shown, path, strnlen(path, sizeof shown));
    const char *near = str_suggest(shown, names, n);
    if (near != NULL) {
        return err_field(e, PP_ENOTFOUND, field,
            "no file is called \"%.80s\"; did you mean "
            "\"%.80s\"?",
            shown, near);
    }
    return err_field(
        e, PP_ENOTFOUND, field, "no file is called \"%.120s\"; upload it first", shown);
}

/* The profile of the printer a file was sliced for; NULL when that is not beyond doubt, or nothing
 * sliced for this printer could be known as such. */
static char **profiles_of(const struct jobs *j, const struct file_entry *file)
{
    bool known = j->own_profile != NULL && j->own_profile->models[0] != NULL;
    const struct profile *p = j->profiles != NULL && known && file->analysed
                                  ? profiles_for_file(j->profiles, &file->analysis)
                                  : NULL;
    char **list = p != NULL ? mem_array(2, sizeof *list) : NULL;
    if (list != NULL) {
        list[0] = mem_strdup(p->id);
    }
    return list;
}

static void take_figures(struct queue_set *set, const struct file_entry *file)
{
    set->size_bytes = file->row.size_bytes;
    set->time_ms = file->analysed ? file->analysis.time_ms : -1;
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        set->filament_um[i] =
            file->analysed && i < ANALYSIS_TOOLS ? file->analysis.filament_um[i] : 0;
    }
}

/* Content that is given may be on its way here: then the set is blocked until it has come. */
static int take_file(struct jobs *j, struct queue_set *set, const char *field, struct err *e)
{
    bool given = set->sha256 != NULL;
    const struct file_entry *file =
        given ? files_find_content(j->files, set->sha256) : files_find(j->files, set->path);
    set->model = file_kind_of(set->path) == FILE_MODEL;
    if (file == NULL) {
        return given ? 0 : no_file(j, set->path, field, e);
    }
    if (!given) {
        set->sha256 = mem_strdup(file->row.sha256);
    }
    if (!given || set->time_ms < 0) {
        take_figures(set, file);
    }
    if (set->profiles == NULL && !set->model) {
        set->profiles = profiles_of(j, file);
    }
    return 0;
}

/* ---- words --------------------------------------------------------------------------------------
 */

static int unknown_profile(const struct jobs *j, const char *id, const char *field, struct err *e)
{
    const char *names[NAMES_MAX];
    const struct profile *p;
    char shown[QUEUE_WORD_MAX + 1];
    size_t n = 0;
    while (n < NAMES_MAX && (p = profiles_at(j->profiles, n)) != NULL) {
        names[n++] = p->id;
    }
    str_escape(shown, sizeof shown, id, strnlen(id, sizeof shown));
    const char *near = str_suggest(shown, names, n);
    if (near != NULL) {
        return err_field(e, PP_EINVAL, field,
            "profile \"%s\": there is no such profile; did you "
            "mean \"%s\"?",
            shown, near);
    }
    return err_field(e, PP_EINVAL, field,
        "profile \"%s\": there is no such profile; `pphost profiles` lists them", shown);
}

static bool has_profile(const struct queue_set *set, const char *id)
{
    for (size_t i = 0; set != NULL && set->profiles != NULL && set->profiles[i] != NULL; i++) {
        if (strcmp(set->profiles[i], id) == 0) {
            return true;
        }
    }
    return false;
}

/* One the set had already may have gone meanwhile: that keeps nobody from editing the rest. */
static int check_profiles(const struct jobs *j, const struct queue_set *set,
    const struct queue_set *old, size_t index, struct err *e)
{
    char field[48];
    for (size_t i = 0; j->profiles != NULL && set->profiles != NULL && set->profiles[i]; i++) {
        const char *id = set->profiles[i];
        if (profiles_find(j->profiles, id) == NULL && !has_profile(old, id)) {
            snprintf(field, sizeof field, "sets[%zu].profiles[%zu]", index, i);
            return unknown_profile(j, id, field, e);
        }
    }
    return 0;
}

static bool is_color(const char *text)
{
    size_t n = 0;
    while (n < 6 && isxdigit((unsigned char)text[1 + n])) {
        n++;
    }
    return n == 6 && text[7] == '\0';
}

/* TYPE, TYPE_Color or TYPE_Color_#rrggbb; the colour's name may have a "_" of its own. */
static bool is_material(const char *text)
{
    const char *type_end = strchr(text, '_');
    const char *last = strrchr(text, '_');
    if (text[0] == '\0' || text[0] == '#' || type_end == text) {
        return false;
    }
    if (type_end == NULL) {
        return true;
    }
    const char *hash = strstr(type_end, "_#");
    return hash != NULL ? hash == last && is_color(hash + 1) : last[1] != '\0';
}

static int check_materials(
    const struct queue_set *set, const struct queue_set *old, size_t index, struct err *e)
{
    char field[48];
    char shown[QUEUE_WORD_MAX + 1];
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        const char *text = set->materials[i];
        const char *before = old != NULL ? old->materials[i] : NULL;
        if (text == NULL || is_material(text) || (before && strcmp(before, text) == 0)) {
            continue;
        }
        str_escape(shown, sizeof shown, text, strnlen(text, sizeof shown));
        snprintf(field, sizeof field, "sets[%zu].materials[%zu]", index, i);
        return err_field(e, PP_EINVAL, field,
            "material \"%s\": must be TYPE, TYPE_Color or TYPE_Color_#rrggbb, such as "
            "PLA_Black_#000000",
            shown);
    }
    return 0;
}

/* ---- sets ---------------------------------------------------------------------------------------
 */

static void keep_file(struct queue_set *set, const struct queue_set *old)
{
    free(set->sha256);
    set->sha256 = old->sha256 != NULL ? mem_strdup(old->sha256) : NULL;
    set->size_bytes = old->size_bytes;
    set->model = old->model;
    set->time_ms = old->time_ms;
    memcpy(set->filament_um, old->filament_um, sizeof set->filament_um);
    if (set->metadata == NULL && old->metadata != NULL) {
        set->metadata = mem_strdup(old->metadata);
    }
}

/* Content that is lost is taken anew from the file that has the name now. */
static bool has_its_file(const struct jobs *j, const struct queue_set *old, const char *path)
{
    return old != NULL && old->sha256 != NULL && strcmp(old->path, path) == 0 &&
           (files_find_content(j->files, old->sha256) != NULL ||
               files_find(j->files, path) == NULL);
}

/* "Any printer" is said by an empty list; the queue knows it as none. */
static void drop_empty_list(struct queue_set *set)
{
    if (set->profiles != NULL && set->profiles[0] == NULL) {
        free(set->profiles);
        set->profiles = NULL;
    }
}

static int fill_set(struct jobs *j, const struct queue_job *job, struct queue_set *set,
    size_t index, int64_t now_ms, struct err *e)
{
    char field[48];
    const struct queue_set *old = job != NULL ? queue_job_set(job, set->id) : NULL;
    int rc = 0;
    snprintf(field, sizeof field, "sets[%zu].path", index);
    if (set->id[0] == '\0') {
        id_new(set->id, now_ms);
    }
    if (set->path == NULL || set->path[0] == '\0') {
        return err_field(e, PP_EINVAL, field, "a set must name its file");
    }
    bool foreign = job == NULL && set->sha256 != NULL;
    if (has_its_file(j, old, set->path)) {
        keep_file(set, old);
    } else {
        rc = take_file(j, set, field, e);
    }
    drop_empty_list(set);
    if (foreign && rc == 0) {
        return 0; /* its words are another program's, about printers that may be elsewhere */
    }
    rc = rc == 0 ? check_profiles(j, set, old, index, e) : rc;
    return rc == 0 ? check_materials(set, old, index, e) : rc;
}

int jobs_fill(struct jobs *j, const struct queue *q, struct queue_command *c, struct err *e)
{
    bool submits = c->verb == QUEUE_SUBMIT;
    if (c->spec == NULL || !(submits || (c->verb == QUEUE_EDIT && (c->mask & QUEUE_F_SETS) != 0))) {
        return 0;
    }
    if (submits && c->spec->submitter == NULL) {
        c->spec->submitter = mem_strdup(c->actor);
    }
    const struct queue_job *job = submits ? NULL : queue_find(q, c->job);
    for (size_t i = 0; i < c->spec->sets_count; i++) {
        int rc = fill_set(j, job, &c->spec->sets[i], i, c->now_ms, e);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}
