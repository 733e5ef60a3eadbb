#include "net/locate_priv.h"

#include <stdio.h>
#include <string.h>

#define DOMAIN_MAX 230 /* 253, less what is put before it */
#define DNSLINK    "dnslink="

/* ---- paths ---------------------------------------------------------------------------------- */

static void fail(struct locate *l, int code, const char *what, const char *why)
{
    struct err e;
    char shown[120];
    err_set(&e, code, "\"%s\": %s", str_escape(shown, sizeof shown, what, strlen(what)), why);
    locate_fail(l, &e);
}

/* What stands behind a name comes before what was wanted until now. */
static bool put_before(struct locate *l, const char *rest)
{
    char joined[sizeof l->path];
    rest += strspn(rest, "/");
    size_t len = strlen(rest);
    while (len > 0 && rest[len - 1] == '/') {
        len--;
    }
    int n = snprintf(joined, sizeof joined, "%.*s%s%s", (int)len, rest,
        len > 0 && l->path[0] != '\0' ? "/" : "", l->path);
    if (n < 0 || (size_t)n >= sizeof joined) {
        return false;
    }
    memcpy(l->path, joined, sizeof joined);
    return true;
}

/* One step further; false when there were too many, or we have been there. */
static bool step(struct locate *l, const char *name)
{
    struct err e;
    for (unsigned i = 0; i < l->steps; i++) {
        if (strcmp(l->seen[i], name) == 0) {
            err_set(&e, PP_EINVAL, "\"%s\" leads back to itself in %u steps", name, l->steps - i);
            locate_fail(l, &e);
            return false;
        }
    }
    if (l->steps == LOCATE_STEPS_MAX) {
        err_set(&e, PP_ELIMIT, "more than %d steps from name to name; the last was \"%s\"",
            LOCATE_STEPS_MAX, l->seen[LOCATE_STEPS_MAX - 1]);
        locate_fail(l, &e);
        return false;
    }
    str_copy(l->seen[l->steps++], LOCATE_NAME_SIZE, name, strlen(name));
    return true;
}

static void ask_gateway(struct locate *l)
{
    locate_want(l, LOCATE_GET, IPNS_RECORD_MAX, "%s/ipns/%s?format=ipns-record",
        l->gateways[l->tries], l->name);
    l->need.accept = "application/vnd.ipfs.ipns-record";
}

static void go_key(struct locate *l, const struct peer *key)
{
    struct cid cid = {.version = 1,
        .codec = CID_LIBP2P_KEY,
        .hash = CID_IDENTITY,
        .digest_len = PEER_PROTO_SIZE,
        .digest = {0x08, 0x01, 0x12, PEER_KEY_SIZE}};
    uint8_t bytes[CID_BYTES_MAX];
    memcpy(cid.digest + 4, key->key, PEER_KEY_SIZE);
    l->name[0] = 'k';
    base36_encode(bytes, cid_to_bytes(&cid, bytes), l->name + 1, sizeof l->name - 1);
    if (step(l, l->name)) {
        l->phase = PHASE_RECORD;
        l->key = *key;
        l->has_best = false;
        l->tries = 0;
        ask_gateway(l);
    }
}

static void go_ipns(struct locate *l, const char *name)
{
    struct cid cid;
    struct peer key;
    struct err e = {0};
    char domain[LOCATE_NAME_SIZE];
    bool is_cid = cid_parse(name, &cid, NULL) == 0;
    if (is_cid && cid.codec != CID_LIBP2P_KEY) {
        /* Content under /ipns/ is a mistake that is common; version 0 may be an RSA key's id. */
        l->maybe_rsa = cid.version == 0;
        locate_go_content(l, &cid);
    } else if (is_cid || str_starts(name, "12D3KooW") || str_starts(name, "16Uiu2")) {
        if (peer_parse(name, &key, &e) == 0) {
            go_key(l, &key);
        } else {
            locate_fail(l, &e);
        }
    } else if (locate_check_domain(name, domain, &e) == 0) {
        locate_go_domain(l, domain, false);
    } else {
        fail(l, PP_EINVAL, name, "is no name of IPNS: neither a domain nor a key (k51…)");
    }
}

void locate_go(struct locate *l, const char *path)
{
    struct cid cid;
    struct err e;
    char name[LOCATE_NAME_SIZE];
    bool is_ipns = str_starts(path, "/ipns/");
    const char *begin = path + strlen("/ipfs/");
    size_t len = strcspn(begin, "/");
    if (!str_copy(name, sizeof name, begin, len) || len == 0 || !put_before(l, begin + len)) {
        fail(l, PP_EINVAL, path,
            len == 0 ? "names nothing; wanted: /ipfs/CID or /ipns/NAME" : "is too long");
    } else if (is_ipns) {
        go_ipns(l, name);
    } else if (cid_parse(name, &cid, &e) != 0) {
        locate_fail(l, &e);
    } else if (cid.codec == CID_LIBP2P_KEY) {
        fail(l, PP_EINVAL, path, "is the name of a key; wanted: ipns:// before it");
    } else {
        locate_go_content(l, &cid);
    }
}

/* ---- DNSLink -------------------------------------------------------------------------------- */

static bool is_label(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (!letter && (c != '-' || i == 0 || i == len - 1)) {
            return false;
        }
    }
    return len > 0 && len <= 63;
}

int locate_check_domain(const char *text, char out[LOCATE_NAME_SIZE], struct err *e)
{
    char shown[80];
    size_t len = strlen(text);
    bool ok = len <= DOMAIN_MAX && strchr(text, '.') != NULL;
    len -= ok && text[len - 1] == '.';
    for (size_t i = 0; ok && i < len; i++) {
        out[i] = text[i];
        if (text[i] >= 'A' && text[i] <= 'Z') {
            out[i] = (char)(text[i] | 0x20);
        }
    }
    out[ok ? len : 0] = '\0';
    for (const char *label = out; ok && label != NULL;) {
        size_t n = strcspn(label, ".");
        ok = is_label(label, n);
        label = label[n] == '.' ? label + n + 1 : NULL;
    }
    if (!ok) {
        return err_set(e, PP_EINVAL,
            "\"%s\": is no domain name (others than a to z as xn--…, 230 bytes at most)",
            str_escape(shown, sizeof shown, text, strlen(text)));
    }
    return 0;
}

/* Where a domain's record may be, in order; the first only for the domain a person named. */
static const char *const domain_forms[] = {"_dnslink.registry.", "_dnslink.", ""};

#define DOMAIN_FORMS (sizeof domain_forms / sizeof *domain_forms)

static void ask_dns(struct locate *l)
{
    locate_want(l, LOCATE_TXT, 0, "%s%s", domain_forms[l->form], l->name);
}

void locate_go_domain(struct locate *l, const char *domain, bool own)
{
    if (!step(l, domain)) {
        return;
    }
    str_copy(l->name, sizeof l->name, domain, strlen(domain));
    l->phase = PHASE_DNSLINK;
    l->own = own;
    l->form = own ? 0 : 1;
    ask_dns(l);
}

/* The one record that counts; NULL when there is none, or *two when they differ. */
static const char *find_link(const char *const *records, size_t n, bool *two)
{
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *path = records[i] + strlen(DNSLINK);
        if (!str_starts(records[i], DNSLINK "/ipfs/") &&
            !str_starts(records[i], DNSLINK "/ipns/")) {
            continue;
        }
        *two = *two || (found != NULL && strcmp(found, path) != 0);
        found = path;
    }
    return *two ? NULL : found;
}

static void no_link(struct locate *l)
{
    struct err e;
    err_set(&e, PP_ENOTFOUND,
        "domain \"%.80s\": no TXT record dnslink=/ipfs/CID or dnslink=/ipns/NAME, neither at "
        "%s_dnslink.%.60s nor at itself",
        l->name, l->own ? "_dnslink.registry.…, nor at " : "", l->name);
    locate_fail(l, &e);
}

void locate_got_txt(struct locate *l, const char *const *records, size_t n, const struct err *err)
{
    bool two = false;
    if (err != NULL && err->code != PP_ENOTFOUND) {
        locate_fail(l, err); /* another name's record would be another registry */
        return;
    }
    const char *path = err == NULL ? find_link(records, n, &two) : NULL;
    if (two) {
        fail(l, PP_EINVAL, l->need.what, "has two different dnslink= records; one must go");
    } else if (path != NULL) {
        locate_go(l, path);
    } else if (++l->form < DOMAIN_FORMS) {
        ask_dns(l);
    } else {
        no_link(l);
    }
}

/* ---- IPNS ----------------------------------------------------------------------------------- */

/* Every gateway is asked: one that lags behind, or keeps back what is new, does not decide. */
void locate_got_record(struct locate *l, const void *bytes, size_t len, const struct err *err)
{
    struct ipns_record r;
    struct err e = {0};
    if (err != NULL) {
        e = *err;
    } else if (ipns_read(bytes, len, &l->key, l->now_s, &r, &e) == 0 &&
               (!l->has_best || ipns_is_newer(&r, &l->best))) {
        l->best = r;
        l->has_best = true;
    }
    if (e.code != 0) {
        l->tried = e;
    }
    if (++l->tries < l->gateways_count) {
        ask_gateway(l);
    } else if (!l->has_best) {
        err_wrap(&l->tried, "/ipns/%.24s…: none of %zu gateways has it; the last said", l->name,
            l->gateways_count);
        locate_fail(l, &l->tried);
    } else if (str_starts(l->best.value, "/ipfs/") || str_starts(l->best.value, "/ipns/")) {
        locate_go(l, l->best.value);
    } else {
        fail(l, PP_EINVAL, l->best.value, "is what the name points to; wanted: /ipfs/CID");
    }
}
