// link: ppnet
/* Two peers say anything at all to a host that holds one content, fetches another and offers: each
 * record is who (and whether it goes or comes, or time passes), u16 length, the message. "S" at the
 * place of a content's hash stands for one of the two. Nothing that does not fit the list of its
 * sender may be written, nothing is answered at once or twice.
 */
#include "net/xfer.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 64
#define HELD_SIZE 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum call_kind {
    CALL_READ,
    CALL_WRITE,
    CALL_FINISH
};

struct call {
    enum call_kind kind;
    uint64_t id;
    size_t len;
};

struct fuzz {
    struct xfer *x;
    struct call calls[CALLS_MAX];
    size_t count;
    uint64_t now_ms;
    bool inside; /* a call of xfer's is under way */
    int told;
    size_t begun;
};

static char held[65] = "1111111111111111111111111111111111111111111111111111111111111111";
static char wanted[65] = "2222222222222222222222222222222222222222222222222222222222222222";
static const uint8_t bytes_held[HELD_SIZE];
static struct fuzz *now;

static bool has(void *context, const char *sha256, int64_t *size_bytes)
{
    (void)context;
    *size_bytes = HELD_SIZE;
    return strcmp(sha256, held) == 0;
}

static bool accepts(void *context, int queue, const char *sha256, int64_t size_bytes, struct err *e)
{
    (void)context;
    (void)queue;
    (void)e;
    assert(strlen(sha256) == 64 && size_bytes >= 0 && size_bytes <= XFER_SIZE_MAX);
    return size_bytes < 1 << 22 || err_set(e, PP_ENOSPC, "too much") == 0;
}

static void later(enum call_kind kind, uint64_t id, size_t len)
{
    assert(now->count < CALLS_MAX);
    now->calls[now->count++] = (struct call){kind, id, len};
}

static void read_part(void *context, uint64_t id, const char *sha256, int64_t offset, size_t len)
{
    (void)context;
    assert(strcmp(sha256, held) == 0 && offset == 0 && len == HELD_SIZE);
    later(CALL_READ, id, len);
}

static int begin(
    void *context, const char *sha256, int64_t size_bytes, uint8_t **have, struct err *e)
{
    (void)context;
    (void)sha256;
    (void)e;
    (void)have;
    now->begun++;
    return size_bytes < 1 << 22 ? 0 : err_set(e, PP_ENOSPC, "too much");
}

static void write_part(void *context, uint64_t id, const char *sha256, int64_t offset,
    const uint8_t *bytes, size_t len)
{
    uint8_t copy[64];
    (void)context;
    assert(strcmp(sha256, held) != 0 && offset % XFER_CHUNK == 0 && len <= XFER_CHUNK && len > 0);
    memcpy(copy, bytes + (len > sizeof copy ? len - sizeof copy : 0),
        len > sizeof copy ? sizeof copy : len);
    later(CALL_WRITE, id, len);
}

static void finish(void *context, uint64_t id, const char *sha256)
{
    (void)context;
    (void)sha256;
    later(CALL_FINISH, id, 0);
}

static void discard(void *context, const char *sha256)
{
    (void)context;
    (void)sha256;
}

static bool send(
    void *context, int queue, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    (void)context;
    (void)queue;
    (void)to;
    assert(len > 0 && len <= 2 << 20 && bulk == (bytes[0] == 7));
    return true;
}

static void drop(void *context, const struct peer *peer, const char *why)
{
    (void)context;
    assert(why[0] != '\0');
    xfer_peer_down(now->x, now->now_ms, 1, peer); /* at once: nobody may still use it */
}

static void on_told(void *context, const struct err *e)
{
    (void)context;
    (void)e;
    assert(!now->inside);
    now->told++;
}

static void on_offered(void *context, const struct err *e, size_t holders)
{
    (void)holders;
    on_told(context, e);
}

/* The store answers: rightly, with an error, or the whole is wrong. */
static void answer(struct fuzz *f, uint8_t how)
{
    struct err e = {0};
    if (f->count == 0) {
        return;
    }
    struct call c = f->calls[how % f->count];
    f->calls[how % f->count] = f->calls[--f->count];
    err_set(&e, how & 0x40 ? PP_ECORRUPT : PP_EIO, "it went wrong");
    const struct err *told = how & 0x80 ? &e : NULL;
    if (c.kind == CALL_READ) {
        xfer_read_done(f->x, f->now_ms, c.id, bytes_held, told == NULL ? c.len : 0, told);
    } else if (c.kind == CALL_WRITE) {
        xfer_write_done(f->x, f->now_ms, c.id, told);
    } else {
        xfer_finish_done(f->x, f->now_ms, c.id, told);
    }
}

static void message(struct fuzz *f, const struct peer *p, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len + 33);
    size_t n = len;
    assert(copy != NULL);
    memcpy(copy, data, len);
    if (len >= 3 && data[1] == 'S') {
        memset(copy + 1, data[2] & 1 ? 0x22 : 0x11, 32);
        memcpy(copy + 33, data + 3, len - 3);
        n = len + 30;
    }
    xfer_receive(f->x, f->now_ms, 1, p, copy, n);
    free(copy);
}

static void record(struct fuzz *f, uint8_t who, const uint8_t *data, size_t len)
{
    struct peer p;
    memset(p.key, who & 1, sizeof p.key);
    switch (who >> 1 & 7) {
    case 0:
        xfer_peer_down(f->x, f->now_ms, 1, &p);
        break;
    case 1:
        xfer_peer_up(f->x, f->now_ms, 1, &p);
        break;
    case 2:
        f->now_ms += len > 0 ? (uint64_t)data[0] * 500 : 1;
        xfer_tick(f->x, f->now_ms);
        break;
    case 3:
        answer(f, len > 0 ? data[0] : 0);
        break;
    default:
        message(f, &p, data, len);
        break;
    }
    while (xfer_next_ms(f->x) == 0) {
        xfer_tick(f->x, f->now_ms);
    }
    assert(xfer_next_ms(f->x) > f->now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.now_ms = 1};
    struct xfer_store store = {has, accepts, read_part, begin, write_part, finish, discard, &f};
    struct xfer_io io = {send, drop, &f};
    struct peer p = {0};
    if (sodium_init() < 0) {
        return 0;
    }
    now = &f;
    f.x = xfer_new(&store, &io);
    xfer_peer_up(f.x, 1, 1, &p);
    memset(p.key, 1, sizeof p.key);
    xfer_peer_up(f.x, 1, 1, &p);
    f.inside = true;
    uint64_t id = xfer_fetch(f.x, 1, 1, wanted, -1, on_told, &f);
    xfer_offer(f.x, 1, 1, held, 3, 60000, on_offered, &f);
    f.inside = false;
    while (size >= 3) {
        size_t len = (size_t)data[1] << 8 | data[2];
        len = len < size - 3 ? len : size - 3;
        record(&f, data[0], data + 3, len);
        data += 3 + len;
        size -= 3 + len;
    }
    xfer_cancel(f.x, id);
    xfer_tick(f.x, f.now_ms);
    assert(f.told <= 2);
    xfer_free(f.x);
    return 0;
}
