/* The first frames of a link, and where each frame goes.
 *
 * Which of two links between the same two processes stays must be the same at both ends, whatever
 * crosses on the way. So only one end decides: the one with the smaller static key. It takes the
 * first link whose HELLO it reads, and refuses another one, unless that HELLO was said later than
 * the first one's and says that there is no other: then the first is gone at that end, and only the
 * news of it has not come. What a refused link was allowed to carry, the remaining one may carry.
 */
#include "net/links_priv.h"

#include <string.h>

/* Another link to the same process. */
static struct link *find_other(const struct link *k, bool must_be_taken)
{
    const uint8_t *key = channel_static(k->channel);
    for (struct link *o = k->links->list; o != NULL; o = o->next) {
        if (o != k && o->open && link_is_alive(o) && (o->taken || !must_be_taken) &&
            memcmp(channel_static(o->channel), key, 32) == 0) {
            return o;
        }
    }
    return NULL;
}

static bool decides(const struct link *k)
{
    return memcmp(k->links->static_public, channel_static(k->channel), 32) < 0;
}

void link_opened(struct link *k)
{
    struct links *l = k->links;
    k->open = true;
    k->since_ms = k->used_ms = k->ping_ms = links_now(l);
    if (memcmp(channel_static(k->channel), l->static_public, 32) == 0) {
        links_dial_ourselves(k);
        link_close(k, "it is ourselves");
        return;
    }
    struct frame hello = {.type = FRAME_HELLO,
        .version = FRAME_VERSION,
        .oldest = FRAME_OLDEST,
        .number = k->number,
        .flag = find_other(k, false) != NULL};
    link_put(k, &hello);
    if (links_is_banned(l, channel_peer(k->channel))) {
        link_part(k, BYE_DROPPED, "not taken back yet");
    }
}

static void take(struct link *k)
{
    k->taken = true;
    link_ping(k);
    link_offer(k);
}

/* What `from` might carry, `to` may carry. */
static void inherit(struct link *from, struct link *to)
{
    for (int i = 0; i < LINKS_QUEUES_MAX; i++) {
        if (links_offers(from->links, from, i)) {
            to->extra |= UINT64_C(1) << i;
        }
    }
    links_dial_led_to(from, to);
    if (to->taken) {
        link_offer(to);
    }
}

static void decide(struct link *k, bool has_other)
{
    struct link *other = find_other(k, true);
    if (other != NULL && (has_other || k->turn < other->turn)) {
        inherit(k, other);
        link_part(k, BYE_DUPLICATE, "there is another link");
        return;
    }
    if (other != NULL) {
        link_close(other, "it has connected anew");
    }
    struct frame taken = {.type = FRAME_TAKEN};
    link_put(k, &taken);
    take(k);
}

static void on_hello(struct link *k, const struct frame *f)
{
    if (k->helloed) {
        link_violation(k, "a second greeting");
        return;
    }
    k->helloed = true;
    k->turn = f->number;
    if (f->oldest > FRAME_VERSION || f->version < FRAME_OLDEST) {
        links_note(k->links, NOTE_VERSION, k->address,
            "%s speaks version %u of the links, this host speaks %d: one of the two must be "
            "updated",
            k->address, f->version, FRAME_VERSION);
        link_part(k, BYE_VERSION, "another version");
    } else if (decides(k)) {
        decide(k, f->flag);
    }
}

static void on_taken(struct link *k)
{
    if (k->taken || decides(k)) {
        link_violation(k, "it decides what is not its to decide");
        return;
    }
    struct link *other = find_other(k, true);
    if (other != NULL) {
        link_close(other, "it has connected anew");
    }
    take(k);
}

static void on_bye(struct link *k, const struct frame *f)
{
    struct link *other = f->reason == BYE_DUPLICATE ? find_other(k, false) : NULL;
    if (other != NULL) {
        inherit(k, other);
    }
    switch (f->reason) {
    case BYE_DUPLICATE:
        link_close(k, "there is another link");
        break;
    case BYE_VERSION:
        link_close(k, "another version");
        break;
    case BYE_IDLE:
        link_close(k, "no queue in common");
        break;
    case BYE_DROPPED:
        link_close(k, "it does not want us for a while");
        break;
    case BYE_TWIN:
        links_note(k->links, NOTE_TWIN, k->address,
            "%s refuses us: an identity of this host (%s or a queue's) is in use at two places",
            k->address, k->ident->id.text);
        links_twin(k->links);
        link_close(k, "two hosts have one identity");
        break;
    default:
        link_close(k, "it said good-bye");
        break;
    }
}

static void on_ping(struct link *k, const struct frame *f)
{
    struct frame pong = {.type = FRAME_PONG, .number = f->number};
    link_limit(k);
    link_put(k, &pong);
}

static void on_pong(struct link *k, const struct frame *f)
{
    if (k->ping_stamp == 0 || f->number != k->ping_stamp) {
        return;
    }
    uint64_t took = uv_hrtime() / 1000 - k->ping_stamp;
    int32_t us = took < INT32_MAX / 8 ? (int32_t)took : INT32_MAX / 8;
    k->ping_stamp = 0;
    k->pong_ms = links_now(k->links);
    k->rtt_us = k->rtt_us < 0 ? us : k->rtt_us + (us - k->rtt_us) / 8;
}

/* After TAKEN. */
static void on_working_frame(struct link *k, const struct frame *f)
{
    switch (f->type) {
    case FRAME_JOIN:
        link_joined(k, f);
        break;
    case FRAME_WHO:
        link_who(k, f);
        break;
    case FRAME_READY:
        link_ready(k, f);
        break;
    case FRAME_LEAVE:
        link_left(k, f);
        break;
    case FRAME_FIRST:
    case FRAME_MORE:
        link_data(k, f);
        break;
    case FRAME_HELLO:
    case FRAME_TAKEN:
    case FRAME_PING:
    case FRAME_PONG:
    case FRAME_BYE:
        break;
    }
}

void link_frame(struct link *k, const uint8_t *bytes, size_t len)
{
    struct frame f;
    if (!frame_read(bytes, len, &f)) {
        link_violation(k, "a frame that is none");
    } else if (f.type == FRAME_HELLO) {
        on_hello(k, &f);
    } else if (f.type == FRAME_BYE) {
        on_bye(k, &f);
    } else if (!k->helloed) {
        link_violation(k, "no greeting");
    } else if (f.type == FRAME_TAKEN) {
        on_taken(k);
    } else if (f.type == FRAME_PING) {
        on_ping(k, &f);
    } else if (f.type == FRAME_PONG) {
        on_pong(k, &f);
    } else if (!k->taken) {
        link_violation(k, "it speaks before it was taken");
    } else {
        on_working_frame(k, &f);
    }
}
