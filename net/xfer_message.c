/* What peers say, taken apart: what makes no sense drops them, what is of a newer version is passed
 * over.
 */
#include "net/xfer_priv.h"

static void on_who(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    char sha256[XFER_TEXT];
    int64_t size_bytes = 0;
    (void)now_ms;
    xfer_sha_format(sha, sha256);
    if (wire_end(in) && x->store.has(x->store.context, sha256, &size_bytes)) {
        xfer_say_size(x, p, SAY_HOLD, sha, size_bytes);
    }
}

static void on_hold(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint64_t size = wire_u64(in);
    struct fetch *f = fetch_find(x, sha);
    if (!wire_end(in) || size > (uint64_t)XFER_SIZE_MAX) {
        in->bad = true;
        return;
    }
    if (!wrong_has(x, &p->peer, sha)) {
        known_add(x, p, sha);
        offer_on_hold(x, p, sha);
    }
    if (f != NULL && !f->ending) {
        fetch_on_hold(x, now_ms, f, p, (int64_t)size);
    }
}

static void on_no(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    struct fetch *f = fetch_find(x, sha);
    if (!wire_end(in)) {
        return;
    }
    known_remove(x, p, sha);
    if (f != NULL) {
        fetch_lose(x, now_ms, f, p);
    }
}

static void on_list(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint32_t first = wire_u32(in);
    (void)now_ms;
    if (wire_end(in)) {
        hashes_ask(x, p, sha, first);
    }
}

static void on_hashes(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint32_t first = wire_u32(in);
    size_t n = in->left / XFER_HASH;
    const uint8_t *hashes = wire_raw(in, n * XFER_HASH);
    struct fetch *f = fetch_find(x, sha);
    struct holder *h = f != NULL ? fetch_holder(f, p) : NULL;
    if (n == 0 || n > XFER_HASHES_MAX || !wire_end(in)) {
        in->bad = true;
    } else if (h != NULL) {
        list_take(x, now_ms, f, h, first, hashes, n);
    }
}

static void on_get(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint32_t index = wire_u32(in);
    if (wire_end(in)) {
        offer_on_get(x, now_ms, p, sha);
        serve_get(x, p, sha, index);
    }
}

static void on_chunk(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint32_t index = wire_u32(in);
    size_t len = in->left;
    const uint8_t *bytes = wire_raw(in, len);
    if (len == 0 || len > XFER_CHUNK || in->bad) {
        in->bad = true;
    } else {
        chunk_take(x, now_ms, p, sha, index, bytes, len);
    }
}

static void on_forget(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint32_t index = wire_u32(in);
    (void)now_ms;
    if (wire_end(in)) {
        serve_forget(x, p, sha, index);
    }
}

static void on_got(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint32_t count = wire_u32(in);
    (void)now_ms;
    (void)sha;
    if (wire_end(in)) {
        serve_got(x, p, count);
    }
}

static void on_offer(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    uint64_t size = wire_u64(in);
    if (!wire_end(in) || size > (uint64_t)XFER_SIZE_MAX) {
        in->bad = true;
    } else {
        offer_take(x, now_ms, p, sha, (int64_t)size);
    }
}

static void on_take(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    if (wire_end(in)) {
        offer_on_take(x, now_ms, p, sha);
    }
}

static void on_refuse(
    struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in)
{
    char why[200];
    wire_text(in, why, sizeof why);
    if (wire_end(in)) {
        offer_on_refuse(x, now_ms, p, sha, why);
    }
}

static const struct {
    bool sha; /* it begins with one */
    void (*take)(
        struct xfer *x, uint64_t now_ms, struct xpeer *p, const uint8_t *sha, struct wire_in *in);
} messages[] = {
    [SAY_WHO] = {true, on_who},
    [SAY_HOLD] = {true, on_hold},
    [SAY_NO] = {true, on_no},
    [SAY_LIST] = {true, on_list},
    [SAY_HASHES] = {true, on_hashes},
    [SAY_GET] = {true, on_get},
    [SAY_CHUNK] = {true, on_chunk},
    [SAY_FORGET] = {true, on_forget},
    [SAY_GOT] = {false, on_got},
    [SAY_OFFER] = {true, on_offer},
    [SAY_TAKE] = {true, on_take},
    [SAY_REFUSE] = {true, on_refuse},
};

void message_take(struct xfer *x, uint64_t now_ms, struct xpeer *p, struct wire_in *in)
{
    uint8_t type = wire_u8(in);
    if (type >= sizeof messages / sizeof *messages || messages[type].take == NULL) {
        return; /* of a newer version */
    }
    const uint8_t *sha = messages[type].sha ? wire_raw(in, XFER_SHA) : NULL;
    if (!in->bad) {
        messages[type].take(x, now_ms, p, sha, in);
    }
    if (in->bad || in->left > 0) {
        xfer_drop(x, p, "a message about content that makes no sense");
    }
}
