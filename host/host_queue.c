#include "host/host_queue.h"

#include "host/base/log.h"

static struct jobs_retention retention(const struct config *config)
{
    return (struct jobs_retention){.archive_keep_ms = config->archive_keep_ms,
        .archive_keep_count = config->archive_keep_jobs,
        .history_keep_ms = config->history_keep_ms};
}

/* Borrows the lines to ignore from `config`. */
static struct manage_settings settings(struct config *config)
{
    static const enum driver_give_up give_up[] = {
        [CONFIG_GIVE_UP_STOP] = DRIVER_GIVE_UP_STOP,
        [CONFIG_GIVE_UP_SKIP] = DRIVER_GIVE_UP_SKIP,
        [CONFIG_GIVE_UP_QUARANTINE] = DRIVER_GIVE_UP_QUARANTINE,
    };
    const struct config_queue *q = &config->queue;
    return (struct manage_settings){
        .driver = {.attempts = q->attempts,
            .early_ms = q->retry_within_ms,
            .give_up = give_up[q->give_up],
            .on_cancel_stop = q->on_cancel_stop,
            .cooldown = q->cooldown_mc > 0,
            .cooldown_mc = q->cooldown_mc,
            .cooldown_timeout_ms = q->cooldown_timeout_ms},
        .quiet_from_min = q->quiet_from_min,
        .quiet_to_min = q->quiet_to_min,
        .warn_grams = q->spool_reserve_g,
        .material_check = q->material_check,
        .ignore_lines = config->queue.ignore_lines,
    };
}

static void tell_mistakes(const struct scripts *s)
{
    const char *mistake;
    for (size_t i = 0; (mistake = scripts_mistake(s, i)) != NULL; i++) {
        log_warn("%s", mistake);
    }
}

static void close_rest(struct host_queue *q)
{
    if (q->spools != NULL) {
        spools_set_hub(q->spools, NULL);
        spools_close(q->spools);
        q->spools = NULL;
    }
    if (q->scripts != NULL) {
        scripts_close(q->scripts);
        q->scripts = NULL;
    }
}

int host_queue_open(
    struct host_queue *q, uv_loop_t *loop, const struct host_queue_options *o, struct err *e)
{
    q->o = *o;
    q->loop = loop;
    int rc = scripts_open(&q->scripts, o->dirs, o->store, e);
    if (rc == 0) {
        tell_mistakes(q->scripts);
        rc = spools_open(&q->spools, o->dirs, o->store, e);
    }
    if (rc == 0) {
        spools_set_hub(q->spools, o->hub);
        rc = jobs_open(&q->jobs, loop,
            &(struct jobs_options){
                .host_name = o->name, .profiles = o->profiles, .keep = retention(o->config)},
            o->store, o->files, o->hub, e);
    }
    if (rc < 0) {
        close_rest(q);
        return rc;
    }
    return packages_open(&q->packages, loop,
        &(struct packages_options){.jobs = q->jobs,
            .files = o->files,
            .hub = o->hub,
            .profiles = o->profiles,
            .data_dir = o->data_dir,
            .max_bytes = o->config->upload_max_bytes},
        e);
}

int host_queue_start(
    struct host_queue *q, struct device *device, const struct profile *profile, struct err *e)
{
    jobs_set_profile(q->jobs, profile);
    scripts_set_clear_script(q->scripts, profile != NULL ? profile->clear_script : "");
    return manage_open(&q->manage, q->loop,
        &(struct manage_options){.name = q->o.name,
            .device = device,
            .jobs = q->jobs,
            .files = q->o.files,
            .scripts = q->scripts,
            .spools = q->spools,
            .hub = q->o.hub,
            .store = q->o.store,
            .profile = profile,
            .settings = settings(q->o.config)},
        e);
}

void host_queue_configure(
    struct host_queue *q, struct config *config, const struct profile *profile)
{
    const struct jobs_retention keep = retention(config);
    const struct manage_settings s = settings(config);
    if (scripts_reload(q->scripts)) {
        tell_mistakes(q->scripts);
    }
    jobs_set_retention(q->jobs, &keep);
    manage_set_settings(q->manage, &s);
    if (profile != NULL) {
        jobs_set_profile(q->jobs, profile);
        manage_set_profile(q->manage, profile);
        scripts_set_clear_script(q->scripts, profile->clear_script);
    }
}

static void on_manage_closed(void *context)
{
    struct host_queue *q = context;
    q->manage = NULL;
    q->closed(q->context);
}

void host_queue_stop(struct host_queue *q, void (*stopped)(void *context), void *context)
{
    q->closed = stopped;
    q->context = context;
    if (q->manage != NULL) {
        manage_close(q->manage, on_manage_closed, q);
    } else {
        stopped(context);
    }
}

static void on_jobs_closed(void *context)
{
    struct host_queue *q = context;
    q->jobs = NULL;
    close_rest(q);
    q->closed(q->context);
}

void host_queue_close(struct host_queue *q, void (*closed)(void *context), void *context)
{
    q->closed = closed;
    q->context = context;
    if (q->packages != NULL) {
        packages_close(q->packages);
        q->packages = NULL;
    }
    if (q->jobs != NULL) {
        jobs_close(q->jobs, on_jobs_closed, q);
    } else {
        closed(context);
    }
}
