#include "host/app/config.h"

#include "host/app/config_file.h"
#include "host/app/profile.h"
#include "host/base/file.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

int config_check_listen(const char *text, struct err *e)
{
    unsigned char address[sizeof(struct in6_addr)];
    char host[64];
    int64_t port = 0;
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    bool ok = len > 0 && str_to_int(colon + 1, 0, 65535, &port) &&
              str_copy(host, sizeof host, text + v6, len - 2 * (size_t)v6);
    bool numeric = ok && inet_pton(v6 ? AF_INET6 : AF_INET, host, address) == 1;
    bool named = ok && !v6 && host[strspn(host, "0123456789.")] != '\0' &&
                 host[strspn(host, NAME_BYTES)] == '\0';
    if (!numeric && !named) {
        return err_set(e, PP_EINVAL,
            "must be ADDRESS:PORT, such as 127.0.0.1:8125, 0.0.0.0:8125 or [::1]:8125");
    }
    return 0;
}

/* A missing file is fine unless `required`. */
static void read_file(
    struct config_file *f, const char *path, bool required, struct yaml_mistakes *m)
{
    struct strbuf bytes = {0};
    struct err e = {0};
    int rc = file_read(path, YAML_MAX_BYTES, &bytes, &e);
    if (rc == 0) {
        config_file_read(f, path, strbuf_text(&bytes), bytes.len, m);
    } else if (required || rc != -PP_ENOTFOUND) {
        strbuf_printf(&m->text, "%s\n", e.text);
        m->count++;
    }
    strbuf_fini(&bytes);
}

/* Behind all links if it exists, else as written. */
static void resolve(const char *device, char out[static PATH_MAX])
{
    if (realpath(device, out) == NULL) {
        snprintf(out, PATH_MAX, "%s", device);
    }
}

static const struct config_section *find_by_name(const struct config_file *f, const char *name)
{
    const struct config_section *s = config_file_section(f, 0);
    for (size_t i = 0; s != NULL && strcmp(s->name, name) != 0;) {
        s = config_file_section(f, ++i);
    }
    return s;
}

static const struct config_section *find_by_device(
    const struct config_file *f, const char *device, struct yaml_mistakes *m)
{
    char wanted[PATH_MAX];
    char other[PATH_MAX];
    const struct config_section *found = NULL;
    const struct config_section *s = NULL;
    resolve(device, wanted);
    for (size_t i = 0; (s = config_file_section(f, i)) != NULL; i++) {
        if (s->device[0] == '\0') {
            continue;
        }
        resolve(s->device, other);
        if (strcmp(wanted, other) != 0) {
            continue;
        }
        if (found != NULL) {
            yaml_mistake(m, device, (struct yaml_mark){0},
                "printers \"%s\" and \"%s\" both have this device; say which with --name",
                found->name, s->name);
            return found;
        }
        found = s;
    }
    return found;
}

static void put_text(char *out, size_t out_size, const char *text)
{
    snprintf(out, out_size, "%s", text);
}

/* "~/x" becomes $HOME/x. */
static void put_folder(char *out, size_t out_size, const char *text)
{
    const char *home = getenv("HOME");
    if (str_starts(text, "~/") && home != NULL) {
        snprintf(out, out_size, "%s%s", home, text + 1);
    } else {
        put_text(out, out_size, text);
    }
}

static void join_lines(char *out, size_t out_size, char *const *lines)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < CONFIG_IGNORE_LINES && lines[i] != NULL && len < out_size; i++) {
        len += (size_t)snprintf(out + len, out_size - len, "%s\n", lines[i]);
    }
}

/* What was given of it in `marks`, NULL = all. */
static void apply_queue(
    struct config_queue *c, const struct config_file_queue *q, const struct yaml_mark *marks)
{
#define GIVEN(key) (marks == NULL || marks[key].line > 0)
    c->upload = GIVEN(QUEUE_UPLOAD_ACTION) ? (enum config_upload)q->upload : c->upload;
    c->attempts = GIVEN(QUEUE_ATTEMPTS) ? q->attempts : c->attempts;
    c->retry_within_ms = GIVEN(QUEUE_RETRY_WITHIN) ? q->retry_within_ms : c->retry_within_ms;
    c->give_up = GIVEN(QUEUE_GIVE_UP) ? (enum config_give_up)q->give_up : c->give_up;
    c->on_cancel_stop = GIVEN(QUEUE_ON_CANCEL) ? q->on_cancel_stop != 0 : c->on_cancel_stop;
    c->cooldown_mc = GIVEN(QUEUE_COOLDOWN) ? q->cooldown_c * 1000 : c->cooldown_mc;
    c->cooldown_timeout_ms =
        GIVEN(QUEUE_COOLDOWN_TIMEOUT) ? q->cooldown_timeout_ms : c->cooldown_timeout_ms;
    c->material_check = GIVEN(QUEUE_MATERIAL_CHECK) ? q->material_check : c->material_check;
    c->spool_reserve_g = GIVEN(QUEUE_SPOOL_RESERVE) ? q->spool_reserve_g : c->spool_reserve_g;
    if (GIVEN(QUEUE_QUIET_HOURS)) {
        config_parse_quiet(q->quiet_hours, &c->quiet_from_min, &c->quiet_to_min, NULL);
    }
    if (GIVEN(QUEUE_IGNORE_LINES)) {
        join_lines(c->ignore_lines, sizeof c->ignore_lines, q->ignore_lines);
    }
#undef GIVEN
}

static void join_words(char *out, size_t out_size, char *const *words)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < CONFIG_NET_WORDS && words[i] != NULL && len < out_size; i++) {
        len += (size_t)snprintf(out + len, out_size - len, "%s%s", i > 0 ? " " : "", words[i]);
    }
}

static void apply_net(struct config_net *c, const struct config_file_net *n)
{
    c->enabled = n->enabled;
    put_text(c->listen, sizeof c->listen, n->listen);
    put_text(c->phrase, sizeof c->phrase, n->phrase);
    join_words(c->gateways, sizeof c->gateways, n->gateways);
    join_words(c->dht_nodes, sizeof c->dht_nodes, n->dht_nodes);
    put_text(c->nameserver, sizeof c->nameserver, n->nameserver);
    c->dht_local = n->dht_local;
    c->map_ports = n->map_ports;
    c->announce = n->announce;
    c->cache_bytes = n->cache_bytes;
    c->registry_period_ms = n->registry_period_ms;
}

static void apply_shared(struct config_shared *c, const struct config_file_shared *q)
{
    static const char *const control[] = {"", "yes", "no"};
    static const char *const accept[] = {"", "all", "trusted", "model"};
    put_text(c->name, sizeof c->name, q->name);
    put_text(c->namespace, sizeof c->namespace, q->namespace);
    put_text(c->key, sizeof c->key, q->key);
    put_text(c->address, sizeof c->address, q->address);
    put_text(c->registry, sizeof c->registry, q->registry);
    put_folder(c->identity, sizeof c->identity, q->identity);
    put_text(c->control, sizeof c->control, control[q->control]);
    put_text(c->accept, sizeof c->accept, accept[q->accept]);
    c->wan = q->wan != 0;
    c->enabled = q->enabled;
    c->strategy = q->strategy;
    c->share = q->share;
    c->replicas = q->replicas;
    c->claim_timeout_ms = q->claim_timeout_ms;
}

static void apply_queues(struct config *c, const struct config_file *f)
{
    const struct config_file_shared *q = f->queues.items;
    c->queues_count = f->queues.count;
    for (size_t i = 0; i < f->queues.count; i++) {
        apply_shared(&c->queues[i], &q[i]);
    }
}

static void apply_globals(struct config *c, const struct config_file *f)
{
    put_text(c->listen, sizeof c->listen, f->listen);
    c->listen_set = f->mark[GLOBAL_LISTEN].line > 0;
    c->auth_loopback_open = f->auth_loopback_open != 0;
    c->heaters_off_ms = f->heaters_off_ms;
    c->resume_within_ms = f->resume_within_ms;
    c->pause_off_ms = f->pause_off_ms;
    c->pause_bed_off_ms = f->pause_bed_off_ms;
    c->upload_max_bytes = f->upload_max_bytes;
    c->archive_keep_ms = f->archive_keep_ms;
    c->archive_keep_jobs = f->archive_keep_jobs;
    c->history_keep_ms = f->history_keep_ms;
    apply_queue(&c->queue, &f->queue, NULL);
    apply_net(&c->net, &f->net);
    apply_queues(c, f);
    put_text(c->shutdown_command, sizeof c->shutdown_command, f->shutdown_command);
    put_folder(c->profiles_dir, sizeof c->profiles_dir, f->profiles);
}

static void apply_section(struct config *c, const struct config_section *s)
{
    put_text(c->name, sizeof c->name, s->name);
    put_text(c->device, sizeof c->device, s->device);
    put_text(c->profile, sizeof c->profile, s->profile);
    put_folder(c->data_dir, sizeof c->data_dir, s->data);
    c->baud = s->baud;
    apply_queue(&c->queue, &s->queue, s->mark + SECTION_QUEUE);
    if (s->mark[SECTION_LISTEN].line > 0) {
        put_text(c->listen, sizeof c->listen, s->listen);
        c->listen_set = true;
    }
    if (s->mark[SECTION_HEATERS_OFF].line > 0) {
        c->heaters_off_ms = s->heaters_off_ms;
    }
    if (s->mark[SECTION_RESUME_WITHIN].line > 0) {
        c->resume_within_ms = s->resume_within_ms;
    }
    if (s->mark[SECTION_PAUSE_OFF].line > 0) {
        c->pause_off_ms = s->pause_off_ms;
    }
    if (s->mark[SECTION_PAUSE_BED_OFF].line > 0) {
        c->pause_bed_off_ms = s->pause_bed_off_ms;
    }
}

/* Hands the mistakes over; the error is the first of them. */
static int finish(struct yaml_mistakes *m, struct strbuf *mistakes, struct err *e)
{
    int rc = 0;
    if (m->count > 0) {
        const char *text = strbuf_text(&m->text);
        rc = err_set(e, PP_EINVAL, "%.*s", (int)strcspn(text, "\n"), text);
        strbuf_puts(mistakes, text);
    }
    yaml_mistakes_fini(m);
    return rc;
}

int config_load(struct config *c, const char *const *paths, const char *required, const char *name,
    const char *device, struct strbuf *mistakes, struct err *e)
{
    struct config_file f;
    struct yaml_mistakes m = {0};
    config_file_init(&f);
    for (; *paths != NULL; paths++) {
        read_file(&f, *paths, required != NULL && strcmp(*paths, required) == 0, &m);
    }
    *c = (struct config){0};
    apply_globals(c, &f);
    const struct config_section *s =
        name[0] != '\0' ? find_by_name(&f, name) : find_by_device(&f, device, &m);
    if (s != NULL) {
        apply_section(c, s);
    }
    config_file_fini(&f);
    return finish(&m, mistakes, e);
}

static void check_profile(const struct config_section *s, const char *path,
    const struct profiles *profiles, struct yaml_mistakes *m)
{
    struct yaml_mark at = s->mark[SECTION_PROFILE];
    if (s->profile[0] == '\0' || profiles_find(profiles, s->profile) != NULL) {
        return;
    }
    const char *near = profiles_suggest(profiles, s->profile);
    if (near != NULL) {
        yaml_mistake(m, path, at, "profile: \"%s\": there is no such profile; did you mean \"%s\"?",
            s->profile, near);
    } else {
        yaml_mistake(m, path, at,
            "profile: \"%s\": there is no such profile; `pphost profiles` lists them", s->profile);
    }
}

static void check_shared(const struct config_section *s, const struct config_section *earlier,
    const char *path, struct yaml_mistakes *m)
{
    char a[PATH_MAX];
    char b[PATH_MAX];
    resolve(s->device, a);
    resolve(earlier->device, b);
    if (a[0] != '\0' && strcmp(a, b) == 0) {
        yaml_mistake(m, path, s->mark[SECTION_DEVICE],
            "device: \"%s\": printer \"%s\" has this device already", s->device, earlier->name);
    }
    bool any_port = strlen(s->listen) > 2 && strcmp(s->listen + strlen(s->listen) - 2, ":0") == 0;
    if (s->listen[0] != '\0' && !any_port && strcmp(s->listen, earlier->listen) == 0) {
        yaml_mistake(m, path, s->mark[SECTION_LISTEN],
            "listen: \"%s\": printer \"%s\" has this address already", s->listen, earlier->name);
    }
}

static void check_sections(const struct config_file *f, const char *path,
    const struct profiles *profiles, struct yaml_mistakes *m)
{
    const struct config_section *s = NULL;
    for (size_t i = 0; (s = config_file_section(f, i)) != NULL; i++) {
        if (profiles != NULL) {
            check_profile(s, path, profiles, m);
        }
        for (size_t j = 0; j < i; j++) {
            check_shared(s, config_file_section(f, j), path, m);
        }
    }
}

int config_check(
    const char *path, const struct profiles *profiles, struct strbuf *mistakes, struct err *e)
{
    struct config_file f;
    struct yaml_mistakes m = {0};
    config_file_init(&f);
    read_file(&f, path, true, &m);
    check_sections(&f, path, profiles, &m);
    config_file_fini(&f);
    return finish(&m, mistakes, e);
}

void config_paths(const char *out[static 4], const char *extra)
{
    static char user[PATH_MAX];
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    size_t n = 0;
    out[n++] = "/etc/pphost/pphost.yaml";
    if (xdg != NULL && xdg[0] == '/') {
        snprintf(user, sizeof user, "%s/pphost/pphost.yaml", xdg);
        out[n++] = user;
    } else if (home != NULL && home[0] == '/') {
        snprintf(user, sizeof user, "%s/.config/pphost/pphost.yaml", home);
        out[n++] = user;
    }
    if (extra != NULL) {
        out[n++] = extra;
    }
    out[n] = NULL;
}
