#include "net/locate.h"

#include "host/base/mem.h"
#include "net/locate_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* They all serve single blocks and records. */
static const char *const usual_gateways[] = {
    "https://trustless-gateway.link", "https://ipfs.io", "https://dweb.link", NULL};

#define GATEWAYS_MAX 16

/* ---- the next step -------------------------------------------------------------------------- */

void locate_fail(struct locate *l, const struct err *e)
{
    l->error = *e;
    l->need = (struct locate_need){.kind = LOCATE_FAILED};
}

void locate_done(struct locate *l)
{
    l->need = (struct locate_need){.kind = LOCATE_DONE};
}

void locate_want(struct locate *l, enum locate_kind kind, size_t limit, const char *fmt, ...)
{
    struct err e;
    va_list ap;
    va_start(ap, fmt);
    l->need = (struct locate_need){.kind = kind, .limit = limit};
    int n = vsnprintf(l->need.what, sizeof l->need.what, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof l->need.what) {
        err_set(&e, PP_ETOOBIG, "\"%.40s…\" is longer than %zu bytes", l->need.what,
            sizeof l->need.what - 1);
        locate_fail(l, &e);
    }
}

/* ---- what a person wrote -------------------------------------------------------------------- */

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool ends(const char *text, const char *end)
{
    size_t len = strlen(text);
    return len > strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static bool is_path(const char *where)
{
    return strchr(where, '/') != NULL || ends(where, ".yaml") || ends(where, ".yml");
}

/* Text behind the prefix, NULL when it does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : NULL;
}

static int begin_url(struct locate *l, const char *url, struct err *e)
{
    char shown[120];
    if (!is_printable(url) || strstr(url, "://")[3] == '\0') {
        return err_set(e, PP_EINVAL, "\"%s\": is no web address",
            str_escape(shown, sizeof shown, url, strlen(url)));
    }
    l->phase = PHASE_PLAIN;
    locate_want(l, LOCATE_GET, LOCATE_SIZE_MAX, "%s", url);
    return 0;
}

/* The scheme's name in front of what follows it. */
static void begin_scheme(struct locate *l, const char *scheme, const char *rest)
{
    char *path = mem_printf("/%s/%s", scheme, rest);
    locate_go(l, path);
    free(path);
}

static int begin_name(struct locate *l, const char *where, struct err *e)
{
    struct cid cid = {0};
    struct peer key;
    char domain[LOCATE_NAME_SIZE];
    char shown[80];
    if (cid_parse(where, &cid, NULL) == 0 || peer_parse(where, &key, NULL) == 0) {
        bool is_key = str_starts(where, "12D3") || cid.codec == CID_LIBP2P_KEY;
        begin_scheme(l, is_key ? "ipns" : "ipfs", where);
        return 0;
    }
    if (strchr(where, '.') == NULL) {
        return err_set(e, PP_EINVAL,
            "\"%s\": must be a path, https://…, ipfs://CID, ipns://NAME or a domain",
            str_escape(shown, sizeof shown, where, strlen(where)));
    }
    if (locate_check_domain(where, domain, e) != 0) {
        return -e->code;
    }
    locate_go_domain(l, domain, true);
    return 0;
}

static int begin(struct locate *l, const char *where, struct err *e)
{
    const char *rest;
    char shown[80];
    if (where[0] == '\0') {
        return err_set(
            e, PP_EINVAL, "\"\": must be a path, https://…, ipfs://CID, ipns://NAME or a domain");
    }
    if (strlen(where) >= sizeof l->need.what) {
        return err_set(
            e, PP_EINVAL, "\"%.40s…\": is longer than %zu bytes", where, sizeof l->need.what - 1);
    }
    if (behind(where, "https://") != NULL || behind(where, "http://") != NULL) {
        return begin_url(l, where, e);
    }
    if ((rest = behind(where, "ipfs://")) != NULL) {
        begin_scheme(l, "ipfs", rest);
    } else if ((rest = behind(where, "ipns://")) != NULL) {
        begin_scheme(l, "ipns", rest);
    } else if (str_starts(where, "/ipfs/") || str_starts(where, "/ipns/")) {
        locate_go(l, where);
    } else if (strstr(where, "://") != NULL) {
        return err_set(e, PP_EINVAL,
            "\"%s\": only https://, http://, ipfs:// and ipns:// are known",
            str_escape(shown, sizeof shown, where, strlen(where)));
    } else if (is_path(where)) {
        l->phase = PHASE_PLAIN;
        locate_want(l, LOCATE_FILE, LOCATE_SIZE_MAX, "%s", where);
    } else {
        return begin_name(l, where, e);
    }
    return 0;
}

static int take_gateways(struct locate *l, const char *const *gateways, struct err *e)
{
    gateways = gateways != NULL && gateways[0] != NULL ? gateways : usual_gateways;
    l->gateways = mem_array(GATEWAYS_MAX, sizeof *l->gateways);
    for (size_t i = 0; gateways[i] != NULL && i < GATEWAYS_MAX; i++) {
        size_t len = strlen(gateways[i]);
        if ((!str_starts(gateways[i], "https://") && !str_starts(gateways[i], "http://")) ||
            !is_printable(gateways[i]) || len > LOCATE_GATEWAY_MAX) {
            return err_set(
                e, PP_EINVAL, "gateway \"%.60s\": must be such as https://ipfs.io", gateways[i]);
        }
        while (gateways[i][len - 1] == '/') {
            len--;
        }
        l->gateways[l->gateways_count++] = mem_printf("%.*s", (int)len, gateways[i]);
    }
    return 0;
}

int locate_new(
    struct locate **out, const char *where, const struct locate_options *o, struct err *e)
{
    struct locate *l = mem_alloc(sizeof *l);
    struct err own = {0};
    *out = NULL;
    l->now_s = o->now_s;
    int rc = take_gateways(l, o->gateways, &own);
    if (rc == 0) {
        rc = begin(l, where, &own);
    }
    if (rc == 0 && l->need.kind == LOCATE_FAILED) { /* seen to be wrong without asking anybody */
        own = l->error;
        rc = -own.code;
    }
    if (rc != 0) {
        locate_free(l);
        return err_set(e, -rc, "%s", own.text);
    }
    *out = l;
    return 0;
}

void locate_free(struct locate *l)
{
    for (size_t i = 0; l != NULL && i < l->gateways_count; i++) {
        free(l->gateways[i]);
    }
    if (l != NULL) {
        free(l->gateways);
        free(l->pending);
        strbuf_fini(&l->content);
        free(l);
    }
}

void locate_need(const struct locate *l, struct locate_need *out)
{
    *out = l->need;
}

void locate_txt(struct locate *l, const char *const *records, size_t n, const struct err *err)
{
    if (l->need.kind == LOCATE_TXT) {
        locate_got_txt(l, records, n, err);
    }
}

static void got_plain(struct locate *l, const void *bytes, size_t len, const struct err *err)
{
    struct err e;
    if (err != NULL) {
        locate_fail(l, err);
    } else if (len > LOCATE_SIZE_MAX) {
        err_set(&e, PP_ETOOBIG, "\"%.100s\": is larger than %d MiB", l->need.what,
            LOCATE_SIZE_MAX >> 20);
        locate_fail(l, &e);
    } else {
        strbuf_add(&l->content, bytes, len);
        locate_done(l);
    }
}

void locate_got(struct locate *l, const void *bytes, size_t len, const struct err *err)
{
    if (l->need.kind != LOCATE_GET && l->need.kind != LOCATE_FILE) {
        return;
    }
    bytes = bytes != NULL ? bytes : "";
    switch (l->phase) {
    case PHASE_PLAIN:
        got_plain(l, bytes, len, err);
        break;
    case PHASE_RECORD:
        locate_got_record(l, bytes, len, err);
        break;
    case PHASE_BLOCK:
        locate_got_block(l, bytes, len, err);
        break;
    case PHASE_DNSLINK:
        break; /* wants TXT, not bytes */
    }
}

int locate_result(const struct locate *l, const void **bytes, size_t *len, char *cid,
    size_t cid_size, struct err *e)
{
    char text[CID_TEXT_SIZE] = "";
    if (l->need.kind != LOCATE_DONE) {
        return err_set(e, l->error.code != 0 ? l->error.code : PP_ESTATE, "%s", l->error.text);
    }
    if (l->has_cid) {
        cid_format(&l->content_cid, text);
    }
    *bytes = strbuf_text(&l->content);
    *len = l->content.len;
    str_copy(cid, cid_size, text, strlen(text));
    return 0;
}

void locate_cids(const void *bytes, size_t len, char v0[64], char v1[80])
{
    char text[CID_TEXT_SIZE];
    struct cid root;
    dag_build(&dag_form_v0, bytes, len, NULL, NULL, &root);
    cid_format(&root, text);
    str_copy(v0, 64, text, strlen(text));
    dag_build(&dag_form_v1, bytes, len, NULL, NULL, &root);
    cid_format(&root, text);
    str_copy(v1, 80, text, strlen(text));
}
