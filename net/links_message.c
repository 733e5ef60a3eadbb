/* Messages of a link: cut into frames by class, and put together again.
 *
 * What waits is kept as it was given and sealed only when the socket takes more, so that what is
 * urgent goes before what was there first: frames of our own, then control; of normal and bulk
 * three to one. Each class is in order by itself, so there is one message in part per class.
 */
#include "net/links_priv.h"

#include "host/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NORMAL_IN_A_ROW 3
#define OVERHEAD        (sizeof(struct link_out) + 16) /* of a message that waits */

/* ---- what waits ---------------------------------------------------------------------------------
 */

void link_lanes_init(struct link *k)
{
    for (int i = 0; i < LANES; i++) {
        k->lane[i].first = NULL;
        k->lane[i].last = &k->lane[i].first;
    }
}

static struct link_out *push(struct link *k, int lane, size_t len)
{
    struct link_out *m = mem_alloc(sizeof *m + len);
    m->len = len;
    *k->lane[lane].last = m;
    k->lane[lane].last = &m->next;
    return m;
}

/* `lane` has one. Takes its first away. */
static void pop(struct link *k, int lane)
{
    struct link_out *m = k->lane[lane].first;
    k->lane[lane].first = m->next;
    if (m->next == NULL) {
        k->lane[lane].last = &k->lane[lane].first;
    }
    if (lane == LANE_URGENT) {
        k->urgent--;
    } else {
        *(lane == LINK_BULK ? &k->waiting_bulk : &k->waiting) -= m->len + OVERHEAD;
    }
    free(m);
}

void link_lanes_fini(struct link *k)
{
    for (int i = 0; i < LANES; i++) {
        while (k->lane[i].first != NULL) {
            pop(k, i);
        }
    }
    for (int i = 0; i < LINK_CLASSES; i++) {
        free(k->in[i].bytes);
        k->in[i] = (struct link_assembly){.active = false};
    }
}

void link_put(struct link *k, const struct frame *f)
{
    uint8_t bytes[FRAME_MAX];
    if (!link_is_alive(k)) {
        return;
    }
    if (k->urgent >= LINKS_URGENT_MAX) {
        link_close(k, "it asks and does not take the answers");
        return;
    }
    size_t len = frame_write(f, bytes);
    struct link_out *m = push(k, LANE_URGENT, len);
    m->type = f->type;
    memcpy(m->bytes, bytes, len);
    k->urgent++;
    link_pump(k);
}

/* The queue is no more there: what has not begun is not sent. */
void link_forget(struct link *k, int queue)
{
    for (int i = 0; i < LINK_CLASSES; i++) {
        struct link_lane kept = k->lane[i];
        k->lane[i].first = NULL;
        k->lane[i].last = &k->lane[i].first;
        while (kept.first != NULL) {
            struct link_out *m = kept.first;
            kept.first = m->next;
            m->next = NULL;
            *k->lane[i].last = m;
            struct link_out **at = k->lane[i].last;
            k->lane[i].last = &m->next;
            if (m->queue == queue && m->at == 0) {
                *(i == LINK_BULK ? &k->waiting_bulk : &k->waiting) -= m->len + OVERHEAD;
                *at = NULL;
                k->lane[i].last = at;
                free(m);
            }
        }
    }
}

static bool is_full(const struct link *k, enum link_class cls, size_t len)
{
    size_t waits = cls == LINK_BULK ? k->waiting_bulk : k->waiting;
    return waits + len + OVERHEAD > (cls == LINK_BULK ? LINKS_WAIT_BULK_MAX : LINKS_WAIT_MAX);
}

int links_send(struct links *l, int queue, const struct peer *peer, enum link_class cls,
    uint8_t kind, const void *bytes, size_t len)
{
    struct queue *q = links_queue_at(l, queue);
    struct member *m = q != NULL ? links_member_find(q, peer) : NULL;
    if (m == NULL) {
        return -PP_EOFFLINE;
    }
    if (len > LINKS_MESSAGE_MAX) {
        return -PP_ETOOBIG;
    }
    struct link *k = m->link;
    if (is_full(k, cls, len)) {
        return -PP_ELIMIT;
    }
    struct link_out *out = push(k, (int)cls, len);
    out->type = FRAME_FIRST;
    out->queue = queue;
    out->to = m->theirs;
    out->kind = kind;
    if (len > 0) {
        memcpy(out->bytes, bytes, len);
    }
    *(cls == LINK_BULK ? &k->waiting_bulk : &k->waiting) += len + OVERHEAD;
    link_pump(k);
    return 0;
}

/* ---- the next frame -----------------------------------------------------------------------------
 */

bool link_has_more(const struct link *k)
{
    for (int i = 0; i < LANES; i++) {
        if (k->lane[i].first != NULL) {
            return true;
        }
    }
    return false;
}

static int choose(struct link *k)
{
    static const int first[] = {LANE_URGENT, LINK_CONTROL};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        if (k->lane[first[i]].first != NULL) {
            return first[i];
        }
    }
    bool normal = k->lane[LINK_NORMAL].first != NULL, bulk = k->lane[LINK_BULK].first != NULL;
    if (normal && (!bulk || k->in_a_row < NORMAL_IN_A_ROW)) {
        k->in_a_row++;
        return LINK_NORMAL;
    }
    k->in_a_row = 0;
    return bulk ? LINK_BULK : -1;
}

/* The next part of the first message of this lane. */
static size_t cut(struct link *k, int lane, uint8_t *out)
{
    struct link_out *m = k->lane[lane].first;
    size_t len = m->len - m->at < FRAME_DATA ? m->len - m->at : FRAME_DATA;
    struct frame f = {.type = m->at == 0 ? FRAME_FIRST : FRAME_MORE,
        .cls = (enum link_class)lane,
        .to = m->to,
        .kind = m->kind,
        .total = (uint32_t)m->len,
        .bytes = m->bytes + m->at,
        .len = len};
    size_t n = frame_write(&f, out);
    m->at += len;
    if (m->at == m->len) {
        pop(k, lane);
    }
    return n;
}

size_t link_next(struct link *k, uint8_t *out)
{
    int lane = choose(k);
    if (lane < 0) {
        return 0;
    }
    struct link_out *m = k->lane[lane].first;
    if (m->type == FRAME_FIRST) {
        return cut(k, lane, out);
    }
    size_t len = m->len;
    memcpy(out, m->bytes, len);
    pop(k, lane);
    return len;
}

/* ---- what comes ---------------------------------------------------------------------------------
 */

static void deliver(struct link *k, uint32_t to, uint8_t kind, const uint8_t *bytes, size_t len)
{
    struct links *l = k->links;
    struct member *m = link_member(k, links_queue_of_serial(l, to));
    if (m == NULL || !m->up) {
        return; /* we have left the queue, and they do not know yet */
    }
    struct peer peer = m->info.peer; /* the callee may leave */
    l->events.message(l->events.context, m->queue, &peer, kind, bytes, len);
}

static void finish(struct link *k, struct link_assembly *a)
{
    uint8_t *bytes = a->bytes;
    a->bytes = NULL;
    a->active = false;
    if (!a->unwanted) {
        deliver(k, a->to, a->kind, bytes, a->total);
    }
    free(bytes);
}

/* Memory follows what has come, not what was announced. */
static void add(struct link *k, struct link_assembly *a, const struct frame *f)
{
    if (f->len > a->total - a->len) {
        link_violation(k, "a message longer than it said");
        return;
    }
    if (!a->unwanted && (a->bytes == NULL || a->len + f->len > a->cap)) {
        size_t cap = a->cap * 2 > a->len + f->len ? a->cap * 2 : a->len + f->len;
        a->cap = cap < a->total ? cap : a->total;
        a->bytes = mem_resize(a->bytes, a->cap, 1);
    }
    if (!a->unwanted) {
        memcpy(a->bytes + a->len, f->bytes, f->len);
    }
    a->len += f->len;
    if (a->len == a->total) {
        finish(k, a);
    }
}

static void first(struct link *k, struct link_assembly *a, const struct frame *f)
{
    struct member *m = link_member(k, links_queue_of_serial(k->links, f->to));
    if (f->total <= LINKS_SMALL_BYTES) {
        link_limit(k);
    }
    if (f->len == f->total) {
        deliver(k, f->to, f->kind, f->bytes, f->len);
        return;
    }
    *a = (struct link_assembly){.active = true,
        .unwanted = m == NULL || !m->up,
        .to = f->to,
        .kind = f->kind,
        .total = f->total};
    add(k, a, f);
}

void link_data(struct link *k, const struct frame *f)
{
    struct link_assembly *a = &k->in[f->cls];
    if ((f->type == FRAME_FIRST) == a->active) {
        link_violation(
            k, a->active ? "a message within a message" : "a message without a beginning");
    } else if (f->type == FRAME_FIRST) {
        first(k, a, f);
    } else {
        add(k, a, f);
    }
}
