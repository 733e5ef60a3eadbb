/* One identity over two links to two processes: a host that came back before its old link was known
 * to be dead, or a key that was copied.
 *
 * The newcomer is not let in before that is known: whoever was let in first is asked. An answer
 * means two hosts, and both are refused; no answer, that the old one is gone.
 */
#include "net/links_priv.h"

static struct member *find_rival(const struct member *m)
{
    for (struct link *k = m->link->links->list; k != NULL; k = k->next) {
        struct member *r = link_is_alive(k) ? link_member(k, m->queue) : NULL;
        if (r != NULL && r != m && r->ready_sent &&
            peer_compare(&r->info.peer, &m->info.peer) == 0) {
            return r;
        }
    }
    return NULL;
}

static void ask_rival(struct member *m, struct member *rival)
{
    struct link *k = rival->link;
    m->rival_ms = links_now(k->links);
    m->asked = k->number;
    m->link->asks = true;
    k->pong_ms = 0;
    link_ping(k);
}

bool member_has_rival(struct member *m)
{
    struct member *rival = find_rival(m);
    if (rival != NULL) {
        ask_rival(m, rival);
    }
    return rival != NULL;
}

static void refuse_twins(struct member *m, struct member *rival)
{
    struct link *k = m->link, *other = rival->link;
    char text[PEER_TEXT_SIZE];
    peer_format(&m->info.peer, text);
    links_note(k->links, NOTE_TWIN, text,
        "%s is at two places, %s and %s: a key was copied; both are refused until one of them has "
        "an identity of its own",
        text, other->address, k->address);
    links_ban(k->links, &m->info.peer);
    link_part(k, BYE_TWIN, "two hosts have one identity");
    link_part(other, BYE_TWIN, "two hosts have one identity");
}

void link_ask_rivals(struct link *k, int queue)
{
    struct links *l = k->links;
    struct member *m = link_member(k, queue);
    if (m == NULL || m->rival_ms == 0) {
        return;
    }
    struct member *rival = find_rival(m);
    if (rival != NULL && m->asked != rival->link->number) {
        ask_rival(m, rival);
    } else if (rival != NULL && rival->link->pong_ms > 0) {
        refuse_twins(m, rival);
    } else if (rival == NULL) {
        member_let_in(m);
    } else if (links_now(l) - m->rival_ms >= l->times.rival) {
        link_close(rival->link, "it does not answer, and has connected anew");
    }
}
