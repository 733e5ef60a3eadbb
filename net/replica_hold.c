/* Messages out: in one order, each once what it promises is on the disk.
 *
 * What is held is bounded; beyond that messages are lost, as the network may lose them anyway. */
#include "net/replica_priv.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1024
#define BYTES_MAX (16 << 20)

static void pop(struct replica *r)
{
    struct replica_hold *h = &r->hold;
    struct replica_held *m = h->first;
    h->first = m->next;
    if (h->first == NULL) {
        h->end = &h->first;
    }
    h->count--;
    h->bytes -= m->len;
    free(m);
}

void replica_hold_release(struct replica *r)
{
    while (r->hold.first != NULL && r->hold.first->needs <= r->durable) {
        struct replica_held *m = r->hold.first;
        r->o.io.send(r->o.io.context, m->to, m->bulk, m->bytes, m->len);
        pop(r);
    }
}

void replica_hold_add(struct replica *r, uint64_t to, bool bulk, uint64_t needs, struct strbuf *b)
{
    struct replica_hold *h = &r->hold;
    if (h->count < COUNT_MAX && h->bytes + b->len <= BYTES_MAX) {
        struct replica_held *m = mem_alloc(sizeof *m + b->len);
        m->to = to;
        m->bulk = bulk;
        m->needs = needs > r->vote_ticket ? needs : r->vote_ticket;
        m->len = b->len;
        memcpy(m->bytes, b->data, b->len);
        *h->end = m;
        h->end = &m->next;
        h->count++;
        h->bytes += m->len;
    }
    strbuf_fini(b);
}

void replica_hold_clear(struct replica *r)
{
    while (r->hold.first != NULL) {
        pop(r);
    }
}
