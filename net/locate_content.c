#include "host/base/mem.h"
#include "net/locate_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_FILE "registry.yaml"

__attribute__((format(printf, 3, 4))) static void fail(
    struct locate *l, int code, const char *fmt, ...)
{
    struct err e;
    char text[200];
    char cid[CID_TEXT_SIZE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cid_format(&l->at, cid);
    err_set(&e, code, "%.64s: %s%s", cid, text,
        l->maybe_rsa ? " (if it names an RSA key: only Ed25519 names, k51…, work)" : "");
    locate_fail(l, &e);
}

/* ---- from block to block -------------------------------------------------------------------- */

/* False when this was the last one. */
static bool next_pending(struct locate *l)
{
    if (l->pending_count == 0) {
        locate_done(l);
        return false;
    }
    l->at = l->pending[--l->pending_count];
    return true;
}

/* The links of a file's node are the next ones, the first of them at once. */
static bool push_links(struct locate *l, const struct dag_node *n)
{
    size_t count = l->pending_count + n->links;
    struct dag_links it = dag_links(n);
    struct dag_link link;
    if (count > LOCATE_BLOCKS_MAX) {
        fail(l, PP_ELIMIT, "has more than %d blocks below it", LOCATE_BLOCKS_MAX);
        return false;
    }
    if (count > l->pending_size) {
        l->pending_size = 2 * count;
        l->pending = mem_resize(l->pending, l->pending_size, sizeof *l->pending);
    }
    l->pending_count = count;
    while (dag_next(&it, &link)) {
        l->pending[--count] = link.cid;
    }
    return true;
}

/* A file may begin here; false when something below it is wanted. */
static bool enter_file(struct locate *l)
{
    if (!l->in_file && l->path[0] != '\0') {
        fail(l, PP_ENOTFOUND, "is a file, so there is no \"%.60s\" in it", l->path);
        return false;
    }
    if (!l->in_file) {
        l->in_file = true;
        l->content_cid = l->at;
        l->has_cid = true;
    }
    return true;
}

static bool add_content(struct locate *l, const uint8_t *bytes, size_t len)
{
    if (l->content.len + len > LOCATE_SIZE_MAX) {
        fail(l, PP_ETOOBIG, "is part of a file of more than %d MiB", LOCATE_SIZE_MAX >> 20);
        return false;
    }
    strbuf_add(&l->content, bytes, len);
    return true;
}

static bool take_file(struct locate *l, const struct dag_node *n)
{
    if (!enter_file(l)) {
        return false;
    }
    if (n->file_size > LOCATE_SIZE_MAX) {
        fail(l, PP_ETOOBIG, "is a file of %llu bytes; at most %d MiB are read",
            (unsigned long long)n->file_size, LOCATE_SIZE_MAX >> 20);
        return false;
    }
    return add_content(l, n->data, n->data_len) && push_links(l, n) && next_pending(l);
}

static bool take_folder(struct locate *l, const struct dag_node *n)
{
    struct dag_link link;
    char wanted[sizeof l->path];
    if (l->in_file || (l->path[0] == '\0' && l->defaulted)) {
        fail(l, PP_EINVAL, "is a folder where a file should be");
        return false;
    }
    l->defaulted = l->path[0] == '\0';
    const char *path = l->defaulted ? DEFAULT_FILE : l->path;
    size_t len = strcspn(path, "/");
    str_copy(wanted, sizeof wanted, path, len);
    if (!dag_find(n, wanted, len, &link)) {
        fail(l, PP_ENOTFOUND, "is a folder without \"%.60s\"", wanted);
        return false;
    }
    if (!l->defaulted) {
        const char *rest = path + len + strspn(path + len, "/");
        memmove(l->path, rest, strlen(rest) + 1);
    }
    l->at = link.cid;
    return true;
}

/* A block that is what its CID says. True when there is another one to get, l->at; else it is done
 * or has failed. */
static bool take_block(struct locate *l, const uint8_t *bytes, size_t len)
{
    struct dag_node n;
    struct err e;
    l->fetched += len;
    if (l->fetched > LOCATE_FETCH_MAX) {
        fail(l, PP_ETOOBIG, "is part of more than %d MiB", LOCATE_FETCH_MAX >> 20);
        return false;
    }
    if (l->at.codec == CID_RAW) {
        return enter_file(l) && add_content(l, bytes, len) && next_pending(l);
    }
    if (dag_read(bytes, len, &n, &e) != 0) {
        fail(l, e.code, "%s", e.text);
        return false;
    }
    l->maybe_rsa = false;
    return n.kind == DAG_FOLDER ? take_folder(l, &n) : take_file(l, &n);
}

/* ---- from gateway to gateway ---------------------------------------------------------------- */

static void ask_gateway(struct locate *l)
{
    char cid[CID_TEXT_SIZE];
    cid_format(&l->at, cid);
    locate_want(
        l, LOCATE_GET, LOCATE_BLOCK_MAX, "%s/ipfs/%s?format=raw", l->gateways[l->gateway], cid);
    l->need.accept = "application/vnd.ipld.raw";
}

static bool is_known(struct locate *l)
{
    if (l->at.codec != CID_RAW && l->at.codec != CID_DAG_PB) {
        fail(l, PP_EINVAL, "its codec 0x%llx is not known; only files (dag-pb, raw) are read",
            (unsigned long long)l->at.codec);
    } else if (l->at.hash != CID_SHA2_256 && l->at.hash != CID_IDENTITY) {
        fail(l, PP_EINVAL, "its hash 0x%llx is not known; only sha2-256 is",
            (unsigned long long)l->at.hash);
    } else if (++l->blocks > LOCATE_BLOCKS_MAX) {
        fail(l, PP_ELIMIT, "is one of more than %d blocks", LOCATE_BLOCKS_MAX);
    } else {
        return true;
    }
    return false;
}

/* Asks for l->at. A CID that has the block within itself needs nobody. */
static void get_block(struct locate *l)
{
    l->phase = PHASE_BLOCK;
    while (is_known(l)) {
        if (l->at.hash == CID_SHA2_256) {
            l->tries = 0;
            l->tried = (struct err){0};
            ask_gateway(l);
            return;
        }
        struct cid own = l->at;
        if (!take_block(l, own.digest, own.digest_len)) {
            return;
        }
    }
}

void locate_go_content(struct locate *l, const struct cid *cid)
{
    l->at = *cid;
    get_block(l);
}

void locate_got_block(struct locate *l, const void *bytes, size_t len, const struct err *err)
{
    struct err e = {0};
    const char *gateway = l->gateways[l->gateway];
    if (err == NULL && len <= LOCATE_BLOCK_MAX && cid_matches(&l->at, bytes, len)) {
        if (take_block(l, bytes, len)) {
            get_block(l);
        }
        return;
    }
    if (err != NULL) {
        err_set(&e, err->code, "%s: %s", gateway, err->text);
    } else {
        err_set(&e, PP_ECORRUPT, "%s: gave other bytes", gateway);
    }
    /* That somebody gives other bytes is worth more to know than that somebody is away. */
    if (l->tried.code != PP_ECORRUPT) {
        l->tried = e;
    }
    l->gateway = (l->gateway + 1) % l->gateways_count;
    if (++l->tries < l->gateways_count) {
        ask_gateway(l);
    } else {
        fail(l, l->tried.code, "no gateway has it (asked: %zu); %.110s", l->gateways_count,
            l->tried.text);
    }
}
