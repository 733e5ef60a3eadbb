// link: ppnet
/* What a peer may say inside its channel: frames of any kind in any order, while queues come and go
 * here. No socket: frames go in by link_frame(), what the link would send is taken from its lanes.
 *
 * The input is a row of records: one byte of what is done, then, for a frame, its length and bytes.
 */
#include "host/base/mem.h"
#include "net/links_priv.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    uv_loop_t loop;
    struct links *links;
    struct link *link;
    struct identity id[3];
    struct channel *other;
    int queue;
    int up; /* of that queue */
    bool closed;
};

static void on_up(
    void *context, int queue, const struct link_info *link, const void *hello, size_t n)
{
    struct world *w = context;
    assert(link != NULL && n <= LINKS_INFO_MAX && (n == 0 || hello != NULL));
    assert(links_find(w->links, queue, &link->peer) == link);
    w->up++;
    assert(w->up == 1);
}

static void on_down(void *context, int queue, const struct peer *peer, const char *why)
{
    struct world *w = context;
    assert(links_find(w->links, queue, peer) == NULL && why[0] != '\0');
    w->up--;
    assert(w->up == 0);
}

static void on_message(void *context, int queue, const struct peer *peer, uint8_t kind,
    const uint8_t *bytes, size_t len)
{
    struct world *w = context;
    (void)bytes;
    assert(w->up == 1 && len <= LINKS_MESSAGE_MAX && links_find(w->links, queue, peer) != NULL);
    if (kind == 'L') {
        links_leave(w->links, queue);
    } else if (kind == 'D') {
        links_drop(w->links, peer, "said so");
    }
}

static void on_note(void *context, const char *text)
{
    (void)context;
    assert(text[0] != '\0');
}

static void on_closed(void *context)
{
    ((struct world *)context)->closed = true;
}

static void join(struct world *w)
{
    struct links_queue q = {.name = "LAN", .secret = "key", .id = &w->id[0]};
    if (w->queue < 0) {
        w->queue = links_join(w->links, &q, NULL);
    }
}

static struct channel *make(struct world *w, int i)
{
    static const uint8_t psk[32] = {5}, ephemeral[2][32] = {{3}, {4}}, theirs[32] = {2};
    struct channel_options o = {.self = &w->id[i],
        .psk = psk,
        .static_secret = i == 0 ? w->links->static_secret : theirs,
        .ephemeral_secret = ephemeral[i],
        .initiator = i == 0};
    return channel_new(&o);
}

static void carry(struct channel *from, struct channel *to)
{
    size_t len;
    const uint8_t *bytes = channel_out(from, &len);
    int rc = channel_feed(to, bytes, len, NULL, NULL, NULL);
    assert(rc == 0);
    channel_sent(from, len);
}

/* `decides`: it is we who say TAKEN. */
static void begin(struct world *w, bool decides)
{
    memset(w, 0, sizeof *w);
    w->queue = -1;
    uv_loop_init(&w->loop);
    for (int i = 0; i < 3; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        identity_from_seed(&w->id[i], seed);
    }
    struct links_options o = {.hello = "fuzz",
        .hello_len = 4,
        .events = {
            .up = on_up, .down = on_down, .message = on_message, .note = on_note, .context = w}};
    int rc = links_open(&w->links, &w->loop, &o, NULL);
    assert(rc == 0);
    memset(w->links->static_secret, 1, 32);
    crypto_scalarmult_base(w->links->static_public, w->links->static_secret);
    join(w);
    struct link *k = w->link = link_new(w->links, true);
    k->ident = ident_hold(links_ident(w->links));
    k->extra = UINT64_MAX;
    k->writing = k->reading = true; /* no socket: nothing is written, nothing read */
    k->channel = make(w, 0);
    w->other = make(w, 1);
    for (int i = 0; i < 3; i++) {
        carry(i % 2 == 0 ? k->channel : w->other, i % 2 == 0 ? w->other : k->channel);
    }
    memset(w->links->static_public, decides ? 0 : 0xff, 32);
    link_opened(k);
}

static void say(struct world *w, const struct frame *f)
{
    uint8_t bytes[FRAME_MAX];
    size_t len = frame_write(f, bytes);
    if (link_is_alive(w->link)) {
        link_frame(w->link, bytes, len);
    }
}

static void say_join(struct world *w)
{
    uint8_t proof[FRAME_PROOF], tag[FRAME_TAG] = {0}, text[68], key[32] = "key";
    memcpy(text, channel_hash(w->other), 64);
    memcpy(text + 64, "\1LAN", 4);
    crypto_generichash(proof, sizeof proof, text, sizeof text, key, sizeof key);
    say(w, &(struct frame){.type = FRAME_JOIN, .from = 5, .tag = tag, .proof = proof});
}

static void say_who(struct world *w, bool own)
{
    uint8_t text[22 + 64 + 1], signature[IDENTITY_SIGNATURE];
    uint32_t to = w->queue >= 0 ? w->links->queues[w->queue].serial : 0;
    memcpy(text, "pphost-queue-identity:", 22);
    memcpy(text + 22, channel_hash(w->other), 64);
    text[86] = 1;
    identity_sign(&w->id[2], text, sizeof text, signature);
    say(w, &(struct frame){.type = FRAME_WHO,
               .from = 5,
               .to = to,
               .flag = own,
               .key = w->id[2].peer.key,
               .signature = signature});
}

/* Frames that are read are written the same way. */
static void check_frame(const uint8_t *bytes, size_t len)
{
    struct frame f;
    uint8_t back[FRAME_MAX];
    if (frame_read(bytes, len, &f) && (f.type != FRAME_HELLO || f.version == FRAME_VERSION)) {
        size_t n = frame_write(&f, back);
        assert(n == len && memcmp(back, bytes, n) == 0);
    }
}

/* What it would send: no frame of it is out of bounds. */
static void drain(struct world *w)
{
    uint8_t bytes[FRAME_MAX];
    struct frame f;
    size_t len;
    while ((len = link_next(w->link, bytes)) > 0) {
        bool fine = frame_read(bytes, len, &f);
        assert(fine);
    }
    assert(w->link->waiting == 0 && w->link->waiting_bulk == 0 && w->link->urgent == 0);
}

static size_t act(struct world *w, const uint8_t *data, size_t size)
{
    size_t len;
    switch (data[0]) {
    case 'h':
        say(w, &(struct frame){.type = FRAME_HELLO, .version = 1, .oldest = 1, .number = 1});
        return 1;
    case 't':
        say(w, &(struct frame){.type = FRAME_TAKEN});
        return 1;
    case 'j':
        say_join(w);
        return 1;
    case 'w':
    case 'W':
        say_who(w, data[0] == 'W');
        return 1;
    case 'r':
        say(w, &(struct frame){.type = FRAME_READY,
                   .from = 5,
                   .to = w->queue >= 0 ? w->links->queues[w->queue].serial : 0});
        return 1;
    case 'l':
        links_leave(w->links, w->queue);
        w->queue = -1;
        return 1;
    case 'J':
        w->queue = links_queue_at(w->links, w->queue) != NULL ? w->queue : -1;
        join(w);
        return 1;
    case 's':
        links_send(w->links, w->queue, &w->id[1].peer, LINK_NORMAL, 'x', data, size);
        return 1;
    case 'd':
        drain(w);
        return 1;
    default:
        if (size < 2) {
            return 1;
        }
        len = data[1] < size - 2 ? data[1] : size - 2;
        check_frame(data + 2, len);
        if (link_is_alive(w->link)) {
            link_frame(w->link, data + 2, len);
        }
        return 2 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    if (size < 1 || size > 4096 || identity_init() < 0) {
        return 0;
    }
    begin(&w, data[0] & 1);
    for (size_t at = 1; at < size && !w.link->dead;) {
        at += act(&w, data + at, size - at);
    }
    if (!w.link->dead) {
        drain(&w);
    }
    w.link->writing = false;
    links_close(w.links, on_closed, &w);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert(w.closed && uv_loop_close(&w.loop) == 0);
    channel_free(w.other);
    return 0;
}
