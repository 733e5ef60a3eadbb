/* Managing, for people: what it does or waits for, and why a set is not printed. */
#include "host/app/queue/manage_priv.h"

#include <stdio.h>
#include <string.h>

/* The work the state is about: what is claimed, or what a person is asked for. */
static const struct manage_work *work_of(const struct manage *m)
{
    switch (driver_state(&m->driver)) {
    case DRIVER_PREPARING:
    case DRIVER_STARTING:
    case DRIVER_PRINTING:
    case DRIVER_PAUSED:
    case DRIVER_RECOVERING:
    case DRIVER_FAILURE:
    case DRIVER_SUCCESS:
    case DRIVER_COOLDOWN:
    case DRIVER_CLEARING:
    case DRIVER_FINISHING:
        return &m->current;
    case DRIVER_AWAITING_MATERIAL:
    case DRIVER_AWAITING_BED:
        return &m->work;
    case DRIVER_IDLE:
        return m->driver.asked_file ? &m->work : NULL;
    case DRIVER_INACTIVE:
        return m->open_run.queue[0] != '\0' ? &m->current : NULL;
    case DRIVER_ACTIVATING:
    case DRIVER_STATES:
        break;
    }
    return NULL;
}

static void add_detail(const struct manage *m, char *out, size_t out_size)
{
    size_t len = strlen(out);
    const char *waits = m->script != NULL ? script_run_waits(m->script) : "";
    enum driver_state state = driver_state(&m->driver);
    const struct manage_work *w = &m->work;
    if (state == DRIVER_PREPARING && manage_say_fetching(m, out + len, out_size - len)) {
        return;
    }
    if (waits[0] != '\0') {
        snprintf(out + len, out_size - len, "; \"%.60s\" waits for: %.80s", m->script_name, waits);
    } else if (m->script != NULL) {
        snprintf(out + len, out_size - len, "; \"%.80s\" runs", m->script_name);
    } else if (state == DRIVER_AWAITING_MATERIAL && w->block == QUEUE_NO_MATERIAL) {
        snprintf(out + len, out_size - len, ": tool %u needs %.80s", w->tool, w->wanted);
    } else if (state == DRIVER_AWAITING_MATERIAL) {
        snprintf(out + len, out_size - len, ": %.120s", w->short_of);
    } else if (state == DRIVER_IDLE && m->driver.asked_file) {
        snprintf(out + len, out_size - len, ": \"%.100s\"", w->path);
    } else if (driver_waits_for_morning(&m->driver, &m->facts)) {
        int to = m->settings.quiet_to_min;
        snprintf(out + len, out_size - len, " (until %02d:%02d)", to / 60, to % 60);
    }
}

static void say(const struct manage *m, char *out, size_t out_size)
{
    if (driver_state(&m->driver) == DRIVER_INACTIVE && m->stopped[0] != '\0' &&
        m->open_run.id[0] == '\0') {
        snprintf(out, out_size, "not managing: %.180s", m->stopped);
        return;
    }
    snprintf(out, out_size, "%s", driver_text(&m->driver, &m->facts));
    add_detail(m, out, out_size);
}

void manage_status(const struct manage *m, struct manage_status *out)
{
    memset(out, 0, sizeof *out);
    out->state = driver_state(&m->driver);
    out->managing = manage_is_on(m);
    say(m, out->text, sizeof out->text);
    out->needs_person = driver_needs_person(&m->driver, &m->facts);
    bool stopped = m->stopped_badly && out->state == DRIVER_INACTIVE && m->open_run.id[0] == '\0';
    out->needs_person = out->needs_person || stopped;
    out->in_error = driver_in_error(&m->driver) || stopped;
    const struct manage_work *w = work_of(m);
    const struct run *run = &m->open_run;
    if (w != NULL && out->state != DRIVER_INACTIVE) {
        memcpy(out->job, w->job, sizeof out->job);
        memcpy(out->set, w->set, sizeof out->set);
        memcpy(out->queue, w->queue, sizeof out->queue);
    } else if (run->queue[0] != '\0') {
        memcpy(out->job, run->job_id, sizeof out->job);
        memcpy(out->set, run->set_id, sizeof out->set);
        memcpy(out->queue, run->queue, sizeof out->queue);
    }
    out->attempt = m->driver.attempt;
    snprintf(out->script, sizeof out->script, "%s", m->script != NULL ? m->script_name : "");
    out->dead_ms = m->dead_ms;
}

void manage_tell(struct manage *m)
{
    struct manage_status now;
    manage_status(m, &now);
    if (memcmp(&now, &m->told, sizeof now) != 0) {
        m->told = now;
        hub_emit(m->o.hub, HUB_MANAGE, NULL);
    }
}

static void why_no_file(
    const struct manage *m, const struct queue_set *set, char *out, size_t out_size)
{
    struct err e;
    const struct file_entry *file =
        set->sha256 != NULL ? files_find_content(m->o.files, set->sha256) : NULL;
    if (file == NULL) {
        snprintf(out, out_size,
            "\"%.100s\" as it was then is gone: upload it again, or choose its file anew for this "
            "set",
            set->path);
    } else if (!file->analysed) {
        snprintf(out, out_size,
            "\"%.100s\" is not checked yet; the log tells if it cannot be printed", set->path);
    } else if (device_fits(m->o.device, file, &e) != 0) {
        snprintf(out, out_size, "%s", e.text);
    }
}

static void why_no_material(
    const struct manage *m, const struct queue_set *set, char *out, size_t out_size)
{
    for (unsigned i = 0; m->settings.material_check && i < QUEUE_TOOLS_MAX; i++) {
        const char *loaded = spools_loaded(m->o.spools, i);
        if (!queue_material_fits(set->materials[i], loaded)) {
            snprintf(out, out_size, "tool %u needs %.60s, it holds %.60s", i, set->materials[i],
                loaded[0] != '\0' ? loaded : "nothing that is known");
            return;
        }
    }
}

void manage_why_blocked(
    const struct manage *m, const struct queue_set *set, char *out, size_t out_size)
{
    const struct manage_quarantine *q =
        set->sha256 != NULL ? manage_quarantined(m, set->sha256) : NULL;
    out[0] = '\0';
    if (q != NULL) {
        snprintf(out, out_size, "\"%.80s\" is in quarantine: %.100s", set->path, q->reason);
        return;
    }
    if (set->model) {
        snprintf(out, out_size, "\"%.120s\" is a model: it must be sliced first", set->path);
        return;
    }
    why_no_file(m, set, out, out_size);
    if (out[0] != '\0') {
        return;
    }
    why_no_material(m, set, out, out_size);
}

void manage_why_passed(const struct manage *m, const char *queue, const struct queue_job *job,
    const struct queue_set *set, char *out, size_t out_size)
{
    const struct manage_pass *pass = manage_passed(m, job->id);
    if (manage_refuses(m, queue, job, out, out_size, NULL)) {
        return;
    }
    out[0] = '\0';
    if (pass != NULL) {
        snprintf(out, out_size, "passed over for now: %s", pass->why);
    } else if (!manage_can_print(m, queue, set) ||
               files_find_content(m->o.files, set->sha256) != NULL) {
        manage_why_blocked(m, set, out, out_size);
    } else {
        why_no_material(m, set, out, out_size);
    }
}
