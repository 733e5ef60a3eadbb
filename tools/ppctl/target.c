/* Which hosts a command is for, and with which key. */
#include "tools/ppctl/ppctl.h"

#include "host/base/file.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* "a, b, c" of the hosts on this machine. */
static void list_names(const struct hosts *h, struct strbuf *out)
{
    for (size_t i = 0; i < h->count; i++) {
        strbuf_printf(out, "%s%s", i > 0 ? ", " : "", h->host[i].name);
    }
}

static int no_host(const struct ppctl *c, const char *what)
{
    struct err e;
    struct strbuf names = {0};
    list_names(&c->hosts, &names);
    if (what == NULL) {
        err_set(&e, PP_EOFFLINE, "no host runs here: start one with pphost DEVICE, or give -H URL");
    } else if (names.len > 0) {
        err_set(
            &e, PP_EOFFLINE, "no host \"%s\" runs here; there are: %s", what, strbuf_text(&names));
    } else {
        err_set(&e, PP_EOFFLINE, "no host \"%s\" runs here", what);
    }
    if (c->hosts.remarks.len > 0) {
        size_t used = strlen(e.text);
        snprintf(e.text + used, sizeof e.text - used, " (%s)", strbuf_text(&c->hosts.remarks));
    }
    strbuf_fini(&names);
    return fail(c, PPCTL_NO_HOST, &e);
}

/* A host of this machine lends its key to its own address. */
static void borrow_key(const struct ppctl *c, struct host *h)
{
    for (size_t i = 0; i < c->hosts.count; i++) {
        if (strcmp(c->hosts.host[i].url, h->url) == 0) {
            *h = c->hosts.host[i];
            return;
        }
    }
}

static int choose_url(struct ppctl *c, const char *target)
{
    struct err e;
    char url[sizeof c->by_url.url];
    if (host_parse_url(target, url, sizeof url, &e) != 0) {
        return fail(c, PPCTL_USAGE, &e);
    }
    memcpy(c->by_url.url, url, sizeof url);
    borrow_key(c, &c->by_url);
    c->chosen[0] = &c->by_url;
    c->count = 1;
    return PPCTL_DONE;
}

/* A name that is not of this machine may be a peer's: a host here passes it on. */
static struct host *through_others(struct ppctl *c, const char *target)
{
    char safe[sizeof c->by_url.via];
    if (c->hosts.count == 0 || strlen(target) >= sizeof safe ||
        strcmp(str_escape(safe, sizeof safe, target, strlen(target)), target) != 0) {
        return NULL;
    }
    c->by_url = c->hosts.host[0];
    str_copy(c->by_url.via, sizeof c->by_url.via, target, strlen(target));
    str_copy(c->by_url.name, sizeof c->by_url.name, target, strlen(target));
    return &c->by_url;
}

static int choose_named(struct ppctl *c, const char *target)
{
    char quoted[64];
    c->chosen[0] = hosts_named(&c->hosts, target);
    if (c->chosen[0] == NULL) {
        c->chosen[0] = through_others(c, target);
    }
    if (c->chosen[0] == NULL) {
        return no_host(c, str_escape(quoted, sizeof quoted, target, strlen(target)));
    }
    c->count = 1;
    return PPCTL_DONE;
}

static int choose_local(struct ppctl *c)
{
    if (c->hosts.count == 0) {
        return no_host(c, NULL);
    }
    if (c->hosts.count > 1 && c->command->kind == COMMAND_CHANGES) {
        struct err e;
        struct strbuf names = {0};
        list_names(&c->hosts, &names);
        err_set(&e, PP_EINVAL, "which host? say -H NAME with one of: %s", strbuf_text(&names));
        strbuf_fini(&names);
        return fail(c, PPCTL_USAGE, &e);
    }
    for (size_t i = 0; i < c->hosts.count; i++) {
        c->chosen[i] = &c->hosts.host[i];
    }
    c->count = c->hosts.count;
    return PPCTL_DONE;
}

static bool key_fits(const char *key, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (key[i] <= ' ' || key[i] > '~') {
            return false;
        }
    }
    return len > 0 && len < sizeof((struct host *)NULL)->key;
}

static void give_key(struct ppctl *c, const char *key, size_t len)
{
    for (size_t i = 0; i < c->count; i++) {
        str_copy(c->chosen[i]->key, sizeof c->chosen[i]->key, key, len);
        c->chosen[i]->key_given = true;
    }
}

/* --key-file, then PPCTL_KEY, then what the runtime file says. */
static int choose_key(struct ppctl *c)
{
    struct err e;
    struct strbuf text = {0};
    const char *key = environment("PPCTL_KEY");
    if (c->key_file != NULL) {
        if (file_read(c->key_file, 4096, &text, &e) != 0) {
            strbuf_fini(&text);
            err_wrap(&e, "--key-file");
            return fail(c, PPCTL_USAGE, &e);
        }
        key = strbuf_text(&text);
    }
    if (key == NULL) {
        return PPCTL_DONE;
    }
    int status = PPCTL_DONE;
    size_t len = strcspn(key, "\r\n");
    if (key_fits(key, len)) {
        give_key(c, key, len);
    } else {
        err_set(&e, PP_EINVAL, "%s: its first line is no key",
            c->key_file != NULL ? "--key-file" : "PPCTL_KEY");
        status = fail(c, PPCTL_USAGE, &e);
    }
    if (text.data != NULL) {
        sodium_memzero(text.data, text.len);
    }
    strbuf_fini(&text);
    return status;
}

int target_choose(struct ppctl *c)
{
    const char *target = c->target != NULL ? c->target : environment("PPCTL_HOST");
    int status;
    if (c->command->kind == COMMAND_LOCAL) {
        return PPCTL_DONE;
    }
    hosts_find(&c->hosts);
    if (target == NULL) {
        status = choose_local(c);
    } else if (host_is_url(target)) {
        status = choose_url(c, target);
    } else {
        status = choose_named(c, target);
    }
    if (status == PPCTL_DONE && c->target != NULL) {
        snprintf(c->target_hint, sizeof c->target_hint, "-H %.70s ", c->target);
    }
    return status == PPCTL_DONE ? choose_key(c) : status;
}
