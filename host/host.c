#include "host/host.h"

#include "host/api/http.h"
#include "host/app/child.h"
#include "host/app/config.h"
#include "host/app/datadir.h"
#include "host/app/device/device.h"
#include "host/app/files.h"
#include "host/app/hub.h"
#include "host/app/keys.h"
#include "host/app/profile.h"
#include "host/app/turns.h"
#include "host/app/watch.h"
#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/cmd.h"
#include "host/host_network.h"
#include "host/host_queue.h"
#include "host/io/ports.h"
#include "host/io/serial.h"
#include "host/io/store.h"

#include <assert.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whoever stops a whole process group signals us twice at once: that is not a second thought. */
#define SECOND_SIGNAL_MS 500

struct host {
    const struct host_arguments *arguments;
    uv_loop_t loop;
    struct config config;
    char name[64];
    char profile_id[64];
    char runtime_file[320];
    char estop_path[320];
    char ring_path[320];
    struct datadir datadir;
    struct serial port;
    struct profiles *profiles;
    struct store *store;
    struct keys *keys;
    struct hub *hub;
    struct files *files;
    struct host_queue queue;
    struct host_network network;
    struct device *device;
    struct http *http;
    struct watch *watch;
    struct turns turns;
    struct child shutdown; /* of this machine, when the printer asks for it */
    uv_signal_t signals[2];
    bool stopping;
    uint64_t stop_ms; /* since when */
    bool restart;
};

/* ---- what is wanted
 * ---------------------------------------------------------------------------------- */

/* The error is the first of the mistakes. */
static int read_config(
    const struct host *h, struct config *out, struct strbuf *mistakes, struct err *e)
{
    const struct host_arguments *a = h->arguments;
    const char *paths[4];
    config_paths(paths, a->config);
    return config_load(
        out, paths, a->config, a->name != NULL ? a->name : "", a->device, mistakes, e);
}

static int load_config(struct host *h, struct config *out, struct err *e)
{
    struct strbuf mistakes = {0};
    int rc = read_config(h, out, &mistakes, e);
    if (rc < 0 && mistakes.len > 0) {
        fputs(strbuf_text(&mistakes), stderr);
        rc = err_set(e, PP_EINVAL, "the configuration has the mistakes above");
    }
    strbuf_fini(&mistakes);
    return rc;
}

static int choose_name(struct host *h, struct err *e)
{
    const struct host_arguments *a = h->arguments;
    if (a->name != NULL) {
        snprintf(h->name, sizeof h->name, "%s", a->name);
    } else if (h->config.name[0] != '\0') {
        snprintf(h->name, sizeof h->name, "%s", h->config.name);
    } else {
        ports_default_name(a->device, h->name, sizeof h->name);
    }
    if (!file_name_ok(h->name)) {
        return err_set(e, PP_EINVAL,
            "name \"%.60s\": must be 1 to 63 letters, digits, dots or dashes, without a slash",
            h->name);
    }
    return 0;
}

static int open_profiles(struct host *h, struct err *e)
{
    const struct host_arguments *a = h->arguments;
    const char *dirs[5];
    const char *mistake;
    profiles_dirs(dirs, shipped_profiles(),
        a->profiles_dir != NULL ? a->profiles_dir : h->config.profiles_dir);
    int rc = profiles_open(&h->profiles, dirs, e);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; (mistake = profiles_mistake(h->profiles, i)) != NULL; i++) {
        log_warn("%s", mistake);
    }
    snprintf(h->profile_id, sizeof h->profile_id, "%s",
        a->profile != NULL ? a->profile : h->config.profile);
    if (h->profile_id[0] != '\0' && profiles_find(h->profiles, h->profile_id) == NULL) {
        return err_set(e, PP_ENOTFOUND,
            "there is no profile \"%s\"; pphost profiles lists those there are", h->profile_id);
    }
    return 0;
}

static const struct profile *profile_of(const struct host *h)
{
    return h->profile_id[0] != '\0' ? profiles_find(h->profiles, h->profile_id) : NULL;
}

/* 0 = found out; what the profile says is tried first, but a board may have been set otherwise. */
static int wanted_baud(const struct host *h)
{
    return h->arguments->baud >= 0 ? h->arguments->baud : h->config.baud;
}

/* ---- runtime file: how ppctl finds us
 * ------------------------------------------------------------------ */

static int choose_runtime(struct host *h, struct err *e)
{
    char dir[200];
    int rc = file_runtime_dir(dir, sizeof dir, true, e);
    snprintf(h->runtime_file, sizeof h->runtime_file, "%s/%s.json", dir, h->name);
    snprintf(h->estop_path, sizeof h->estop_path, "%s/%s.estop", dir, h->name);
    snprintf(h->ring_path, sizeof h->ring_path, "%s/%s.ring", dir, h->name);
    return rc;
}

static int write_runtime(struct host *h, struct err *e)
{
    json_t *doc = json_pack("{s:s, s:s, s:i, s:s, s:s}", "name", h->name, "url", http_url(h->http),
        "pid", (int)getpid(), "key", keys_local(h->keys), "device", h->arguments->device);
    char *text = json_dumps(doc, JSON_INDENT(2));
    int rc = file_write(h->runtime_file, text, strlen(text), 0600, e);
    free(text);
    json_decref(doc);
    return rc;
}

/* ---- down
 * ------------------------------------------------------------------------------------------------
 */

static void on_store_closed(void *context)
{
    struct host *h = context;
    h->store = NULL;
}

static void on_queue_closed(void *context)
{
    struct host *h = context;
    if (h->files != NULL) {
        files_close(h->files);
    }
    if (h->keys != NULL) {
        keys_close(h->keys);
    }
    if (h->store != NULL) {
        store_close(h->store, on_store_closed, h);
    }
}

static void on_network_closed(void *context)
{
    struct host *h = context;
    host_queue_close(&h->queue, on_queue_closed, h);
}

/* After a restart we are back at once: nobody has to take over for that. */
static void close_rest(struct host *h)
{
    host_network_close(&h->network, !h->restart, on_network_closed, h);
}

static void on_device_closed(void *context)
{
    struct host *h = context;
    h->device = NULL;
    close_rest(h);
}

static void on_queue_stopped(void *context)
{
    struct host *h = context;
    if (h->device != NULL) {
        device_close(h->device, h->restart, on_device_closed, h);
    } else {
        close_rest(h);
    }
}

static void on_http_closed(void *context)
{
    struct host *h = context;
    h->http = NULL;
    host_network_rest(&h->network);
    host_queue_stop(&h->queue, on_queue_stopped, h);
}

static void stop(struct host *h)
{
    if (h->stopping) {
        return;
    }
    h->stopping = true;
    h->stop_ms = clock_ms();
    unlink(h->runtime_file);
    child_close(&h->shutdown);
    watch_close(h->watch, NULL, NULL);
    http_close(h->http, on_http_closed, h);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct host *h = handle->data;
    if (h->stopping && clock_ms() - h->stop_ms < SECOND_SIGNAL_MS) {
        return;
    }
    if (h->stopping) {
        log_warn("second signal: exit at once; the printer is left as it is");
        unlink(h->estop_path);
        log_flush();
        _exit(128 + number);
    }
    log_info("stopping%s", h->device != NULL ? "; a second signal exits at once" : "");
    stop(h);
}

/* A new process that refuses to start would leave the printer, and its heaters, to itself. */
static int may_restart(void *context, struct err *e)
{
    struct host *h = context;
    struct config fresh;
    struct strbuf mistakes = {0};
    struct err why;
    int rc = read_config(h, &fresh, &mistakes, &why);
    strbuf_fini(&mistakes);
    if (rc < 0) {
        return err_set(e, PP_EREFUSED, "not restarted: %s", why.text);
    }
    const char *id = h->arguments->profile != NULL ? h->arguments->profile : fresh.profile;
    if (id[0] != '\0' && profiles_find(h->profiles, id) == NULL) {
        return err_set(e, PP_EREFUSED, "not restarted: there is no profile \"%s\"", id);
    }
    return 0;
}

static void on_restart(void *context)
{
    struct host *h = context;
    h->restart = true;
    log_info("restarting");
    stop(h);
}

/* ---- up
 * --------------------------------------------------------------------------------------------------
 */

/* Time estimates of files to come follow the printer's profile. */
static void use_kinematics(struct host *h)
{
    const struct profile *p = profile_of(h);
    if (h->files != NULL && p != NULL) {
        files_set_kinematics(h->files, &p->kinematics);
    }
}

static void on_files_changed(void *context)
{
    struct host *h = context;
    struct config fresh;
    struct err e;
    const char *mistake;
    if (profiles_reload(h->profiles)) {
        for (size_t i = 0; (mistake = profiles_mistake(h->profiles, i)) != NULL; i++) {
            log_warn("%s", mistake);
        }
    }
    if (load_config(h, &fresh, &e) < 0) {
        log_warn("the changed configuration is not used: %s", e.text);
        return;
    }
    fresh.net.enabled = h->config.net.enabled;
    h->config = fresh;
    if (h->arguments->profile == NULL && profiles_find(h->profiles, fresh.profile) != NULL) {
        snprintf(h->profile_id, sizeof h->profile_id, "%s", fresh.profile);
    }
    if (profile_of(h) != NULL) {
        device_set_profile(h->device, profile_of(h));
        http_set_profile(h->http, profile_of(h));
    } else if (h->profile_id[0] != '\0') {
        log_warn("profile \"%s\" is gone or has mistakes: what it said before still holds",
            h->profile_id);
    }
    use_kinematics(h);
    host_queue_configure(&h->queue, &h->config, profile_of(h));
    host_network_configure(&h->network, h->queue.jobs, &h->config, h->profile_id);
    http_set_upload_action(h->http, h->config.queue.upload);
    device_set_heaters_off(h->device, fresh.heaters_off_ms);
    device_set_resume_within(h->device, fresh.resume_within_ms);
    device_set_pause_off(h->device, fresh.pause_off_ms, fresh.pause_bed_off_ms);
    log_info("configuration and profiles read again");
}

static int open_store(struct host *h, struct err *e)
{
    char path[DATADIR_MAX + 16];
    snprintf(path, sizeof path, "%s/log", h->datadir.path);
    int rc = log_open(path, e);
    if (rc == 0) {
        snprintf(path, sizeof path, "%s/pphost.db", h->datadir.path);
        rc = store_open(&h->store, &h->loop, path, e);
    }
    if (rc == 0 && store_was_unclean(h->store)) {
        log_warn("the last stop was not clean; the database was checked and is sound");
    }
    return rc;
}

/* False if there is no command for that, or it cannot be run. */
static bool shut_machine_down(void *context)
{
    struct host *h = context;
    struct err e;
    if (h->config.shutdown_command[0] == '\0') {
        return false;
    }
    int rc = child_start(&h->shutdown, &h->loop, h->config.shutdown_command, &e);
    if (rc < 0) {
        log_error("%s", e.text);
    }
    return rc == 0;
}

static int open_queue(struct host *h, struct err *e)
{
    const char *dirs[5];
    profiles_dirs(dirs, shipped_profiles(),
        h->arguments->profiles_dir != NULL ? h->arguments->profiles_dir : h->config.profiles_dir);
    return host_queue_open(&h->queue, &h->loop,
        &(struct host_queue_options){.name = h->name,
            .config = &h->config,
            .profiles = h->profiles,
            .dirs = dirs,
            .store = h->store,
            .files = h->files,
            .hub = h->hub,
            .data_dir = h->datadir.path},
        e);
}

static int open_device(struct host *h, struct err *e)
{
    return device_open(&h->device, &h->loop,
        &(struct device_options){.name = h->name,
            .device = h->arguments->device,
            .port = &h->port,
            .baud = wanted_baud(h),
            .heaters_off_ms = h->config.heaters_off_ms,
            .pause_off_ms = h->config.pause_off_ms,
            .pause_bed_off_ms = h->config.pause_bed_off_ms,
            .profile = profile_of(h),
            .estop_path = h->estop_path,
            .ring_path = h->ring_path,
            .resume_within_ms = h->config.resume_within_ms,
            .shutdown = shut_machine_down,
            .shutdown_context = h},
        h->store, h->files, h->hub, e);
}

static int open_http(struct host *h, struct err *e)
{
    const char *listen = h->arguments->listen != NULL ? h->arguments->listen : h->config.listen;
    return http_open(&h->http, &h->loop,
        &(struct http_options){.name = h->name,
            .listen = listen,
            .next_free_port = h->arguments->listen == NULL && !h->config.listen_set,
            .loopback_open = h->config.auth_loopback_open,
            .upload_max_bytes = h->config.upload_max_bytes,
            .upload_action = h->config.queue.upload,
            .device = h->device,
            .files = h->files,
            .keys = h->keys,
            .hub = h->hub,
            .store = h->store,
            .jobs = h->queue.jobs,
            .packages = h->queue.packages,
            .manage = h->queue.manage,
            .scripts = h->queue.scripts,
            .spools = h->queue.spools,
            .profiles = h->profiles,
            .profile = profile_of(h),
            .may_restart = may_restart,
            .turns = &h->turns,
            .restart = on_restart,
            .restart_context = h},
        e);
}

static int open_network(struct host *h, struct err *e)
{
    if (h->arguments->no_network) {
        h->config.net.enabled = false;
    }
    int rc = host_network_open(&h->network, &h->loop,
        &(struct host_network_options){.name = h->name,
            .data_dir = h->datadir.path,
            .url = http_url(h->http),
            .listen = h->arguments->listen != NULL ? h->arguments->listen : h->config.listen,
            .port = http_port(h->http),
            .key = keys_local(h->keys),
            .profile = h->profile_id,
            .config = &h->config,
            .queue = &h->queue,
            .device = h->device,
            .files = h->files,
            .hub = h->hub,
            .store = h->store},
        e);
    http_set_network(h->http, h->network.network);
    return rc;
}

static int start_modules(struct host *h, struct err *e)
{
    int rc = open_store(h, e);
    rc = rc == 0 ? keys_open(&h->keys, h->store, e) : rc;
    rc = rc == 0 ? files_open(&h->files, &h->loop, h->store, h->datadir.path,
                       h->config.upload_max_bytes, e)
                 : rc;
    h->hub = hub_new();
    use_kinematics(h);
    rc = rc == 0 ? open_queue(h, e) : rc;
    rc = rc == 0 ? open_device(h, e) : rc;
    if (rc < 0) {
        serial_close(&h->port);
        close_rest(h);
        return rc;
    }
    rc = host_queue_start(&h->queue, h->device, profile_of(h), e);
    rc = rc == 0 ? open_http(h, e) : rc;
    if (rc < 0) {
        host_queue_stop(&h->queue, on_queue_stopped, h);
        return rc;
    }
    rc = open_network(h, e);
    rc = rc == 0 ? write_runtime(h, e) : rc;
    if (rc < 0) {
        http_close(h->http, on_http_closed, h);
    }
    return rc;
}

static void watch_files(struct host *h)
{
    const char *paths[16];
    const char *configs[4];
    const char *dirs[5];
    char folders[5][2][512];
    size_t n = 0;
    config_paths(configs, h->arguments->config);
    profiles_dirs(dirs, shipped_profiles(),
        h->arguments->profiles_dir != NULL ? h->arguments->profiles_dir : h->config.profiles_dir);
    for (size_t i = 0; configs[i] != NULL; i++) {
        paths[n++] = configs[i];
    }
    /* A folder's watch does not reach into those in it. */
    for (size_t i = 0; dirs[i] != NULL; i++) {
        snprintf(folders[i][0], sizeof folders[i][0], "%s/printers", dirs[i]);
        snprintf(folders[i][1], sizeof folders[i][1], "%s/scripts", dirs[i]);
        paths[n++] = folders[i][0];
        paths[n++] = folders[i][1];
    }
    paths[n] = NULL;
    h->watch = watch_open(&h->loop, paths, on_files_changed, h);
}

static void watch_signals(struct host *h)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&h->loop, &h->signals[i]);
        h->signals[i].data = h;
        uv_signal_start(&h->signals[i], on_signal, numbers[i]);
        uv_unref((uv_handle_t *)&h->signals[i]);
    }
}

/* The link is a secret: it goes to the person at this terminal, never into the log. */
static void greet_person(struct host *h)
{
    char token[KEY_TEXT_SIZE];
    const struct profile *p = profile_of(h);
    log_info("%s: serving %s at %s, profile %s, data in %s", h->name, h->arguments->device,
        http_url(h->http), p != NULL ? p->id : "none (--profile NAME checks files before printing)",
        h->datadir.path);
    if (isatty(STDERR_FILENO)) {
        log_flush(); /* in this order */
        keys_login_token(h->keys, token);
        fprintf(stderr, "pphost: page: %s/#login=%s (good once, for 10 minutes)\n",
            http_url(h->http), token);
    }
}

static void close_signals(struct host *h)
{
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&h->signals[i], NULL);
    }
}

static int serve(struct host *h, struct err *e)
{
    int rc = datadir_open(&h->datadir,
        h->arguments->data_dir != NULL ? h->arguments->data_dir : h->config.data_dir, h->name, e);
    if (rc < 0) {
        serial_close(&h->port);
        return rc;
    }
    uv_loop_init(&h->loop);
    watch_signals(h);
    turns_open(&h->turns, &h->loop);
    rc = start_modules(h, e);
    if (rc == 0) {
        watch_files(h);
        greet_person(h);
    }
    uv_run(&h->loop, UV_RUN_DEFAULT);
    close_signals(h);
    turns_close(&h->turns);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&h->loop);
    assert(busy == 0);
    (void)busy;
    unlink(h->runtime_file);
    unlink(h->estop_path);
    if (h->hub != NULL) {
        hub_free(h->hub);
    }
    log_close();
    datadir_close(&h->datadir);
    return rc;
}

int host_run(const struct host_arguments *arguments, bool *restart, struct err *e)
{
    struct host *h = mem_alloc(sizeof *h);
    h->arguments = arguments;
    int rc = load_config(h, &h->config, e);
    rc = rc == 0 ? choose_name(h, e) : rc;
    rc = rc == 0 ? open_profiles(h, e) : rc;
    rc = rc == 0 ? choose_runtime(h, e) : rc;
    int baud = rc == 0 ? wanted_baud(h) : 0;
    rc = rc == 0 ? serial_open(&h->port, arguments->device, baud > 0 ? baud : 115200, e) : rc;
    rc = rc == 0 ? serve(h, e) : rc;
    *restart = h->restart;
    if (h->profiles != NULL) {
        profiles_close(h->profiles);
    }
    free(h);
    return rc;
}
