/* Templates, by name. */
#include "host/app/queue/jobs_priv.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdlib.h>
#include <string.h>

#define TEMPLATES_MAX 1000

/* The first one not before `name`. */
static size_t position(const struct jobs *j, const char *name)
{
    size_t i = 0;
    while (i < j->templates_count && strcmp(j->templates[i].name, name) < 0) {
        i++;
    }
    return i;
}

static bool is_there(const struct jobs *j, size_t i, const char *name)
{
    return i < j->templates_count && strcmp(j->templates[i].name, name) == 0;
}

void jobs_template_put(struct jobs *j, const char *name, struct queue_job *job)
{
    size_t i = position(j, name);
    if (is_there(j, i, name)) {
        queue_job_free(j->templates[i].job);
        j->templates[i].job = job;
        return;
    }
    j->templates = mem_resize(j->templates, j->templates_count + 1, sizeof *j->templates);
    memmove(
        &j->templates[i + 1], &j->templates[i], (j->templates_count - i) * sizeof *j->templates);
    j->templates[i] = (struct template_entry){mem_strdup(name), job};
    j->templates_count++;
}

static void take_out(struct jobs *j, size_t i)
{
    free(j->templates[i].name);
    queue_job_free(j->templates[i].job);
    j->templates_count--;
    memmove(
        &j->templates[i], &j->templates[i + 1], (j->templates_count - i) * sizeof *j->templates);
}

void jobs_templates_free(struct jobs *j)
{
    while (j->templates_count > 0) {
        take_out(j, j->templates_count - 1);
    }
    free(j->templates);
}

size_t jobs_templates(const struct jobs *j)
{
    return j->templates_count;
}

const char *jobs_template_name(const struct jobs *j, size_t index)
{
    return index < j->templates_count ? j->templates[index].name : NULL;
}

const struct queue_job *jobs_template(const struct jobs *j, const char *name)
{
    size_t i = position(j, name);
    return is_there(j, i, name) ? j->templates[i].job : NULL;
}

/* ---- saving and removing ------------------------------------------------------------------------
 */

struct saving {
    char *name; /* owned */
    struct queue_job *job;
};

static void free_saving(void *data)
{
    struct saving *s = data;
    free(s->name);
    queue_job_free(s->job);
    free(s);
}

static void apply_save(struct jobs *j, void *data)
{
    struct saving *s = data;
    jobs_template_put(j, s->name, s->job);
    s->job = NULL;
}

static void apply_remove(struct jobs *j, void *data)
{
    const struct saving *s = data;
    size_t i = position(j, s->name);
    if (is_there(j, i, s->name)) { /* not, when it was removed twice */
        take_out(j, i);
    }
}

static void fill_up(struct queue_set *set)
{
    set->remaining = set->count;
    set->completed = 0;
    free(set->sha256);
    set->sha256 = NULL;
}

/* Nobody's, and nothing done of it yet. */
static struct queue_job *make_template(const struct queue_job *job)
{
    struct queue_job *copy = queue_job_copy(job);
    int64_t now_ms = clock_wall_ms();
    if (copy->id[0] == '\0') {
        id_new(copy->id, now_ms);
    }
    for (size_t i = 0; i < copy->sets_count; i++) {
        fill_up(&copy->sets[i]);
        if (copy->sets[i].id[0] == '\0') {
            id_new(copy->sets[i].id, now_ms);
        }
    }
    for (size_t i = 0; i < copy->claims_count; i++) {
        free(copy->claims[i].counters);
    }
    copy->claims_count = 0;
    copy->remaining = copy->count;
    copy->draft = copy->moving = copy->finished = false;
    copy->archived_ms = 0;
    return copy;
}

static int check_name(const char *name, struct err *e)
{
    char shown[80];
    size_t len = strnlen(name, QUEUE_NAME_MAX + 1);
    str_escape(shown, sizeof shown, name, len);
    if (len == 0 || len > QUEUE_NAME_MAX || strcmp(shown, name) != 0 || strchr(name, '/') != NULL) {
        return err_field(e, PP_EINVAL, "name",
            "template \"%s\": its name must have 1 to %d bytes without \"/\" and control "
            "characters",
            shown, QUEUE_NAME_MAX);
    }
    return 0;
}

static int check_new(struct jobs *j, const char *name, const struct queue_job *job, struct err *e)
{
    if (check_name(name, e) != 0 || queue_job_check(job, e) != 0) {
        return -e->code;
    }
    if (jobs_template(j, name) == NULL && j->templates_count >= TEMPLATES_MAX) {
        return err_set(e, PP_ELIMIT, "there are %d templates already", TEMPLATES_MAX);
    }
    return 0;
}

void jobs_template_save(
    struct jobs *j, const char *name, const struct queue_job *job, store_cb done, void *context)
{
    struct err e = {0};
    struct saving *s = mem_alloc(sizeof *s);
    *s = (struct saving){mem_strdup(name), make_template(job)};
    check_new(j, name, s->job, &e);
    jobs_change(j, &(struct jobs_change){.docs = STORE_TEMPLATES,
                       .name = name,
                       .doc = e.code == 0 ? jobs_write_job(s->job) : NULL,
                       .apply = apply_save,
                       .data = s,
                       .free_data = free_saving,
                       .err = e,
                       .done = done,
                       .context = context});
}

void jobs_template_remove(struct jobs *j, const char *name, store_cb done, void *context)
{
    struct err e = {0};
    struct saving *s = mem_alloc(sizeof *s);
    s->name = mem_strdup(name);
    if (jobs_template(j, name) == NULL) {
        char shown[80];
        str_escape(shown, sizeof shown, name, strnlen(name, sizeof shown));
        err_field(&e, PP_ENOTFOUND, "name", "there is no template \"%s\"", shown);
    }
    jobs_change(j, &(struct jobs_change){.docs = STORE_TEMPLATES,
                       .name = name,
                       .apply = apply_remove,
                       .data = s,
                       .free_data = free_saving,
                       .err = e,
                       .done = done,
                       .context = context});
}
