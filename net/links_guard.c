/* Who is not taken back for a while, and what people have been told already. */
#include "net/links_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool links_is_banned(struct links *l, const struct peer *peer)
{
    int64_t now = links_now(l);
    for (size_t i = 0; i < LINKS_BANS_MAX; i++) {
        if (l->bans[i].until_ms > now && peer_compare(&l->bans[i].peer, peer) == 0) {
            return true;
        }
    }
    return false;
}

/* The ban that ends first makes room. */
void links_ban(struct links *l, const struct peer *peer)
{
    struct ban *free = &l->bans[0];
    for (size_t i = 0; i < LINKS_BANS_MAX; i++) {
        if (l->bans[i].until_ms > 0 && peer_compare(&l->bans[i].peer, peer) == 0) {
            free = &l->bans[i];
            break;
        }
        free = l->bans[i].until_ms < free->until_ms ? &l->bans[i] : free;
    }
    *free = (struct ban){.peer = *peer, .until_ms = links_now(l) + l->times.ban};
}

void links_twin(struct links *l)
{
    if (!l->closing && l->events.twin != NULL) {
        l->events.twin(l->events.context);
    }
}

/* Without the port, which is another one each time. */
static size_t host_length(const char *address)
{
    const char *colon = strrchr(address, ':');
    return colon != NULL ? (size_t)(colon - address) : strlen(address);
}

/* True if this may be told now; remembers it. When the table is full of what was told lately,
 * nothing more is: a thousand addresses shall not fill the log. */
static bool is_news(struct links *l, enum note_cause cause, const char *address)
{
    int64_t now = links_now(l);
    size_t len = host_length(address);
    struct told *free = NULL;
    for (size_t i = 0; i < LINKS_NOTES_MAX; i++) {
        struct told *t = &l->told[i];
        if (t->at_ms == 0 || now - t->at_ms >= l->times.note) {
            free = t;
        } else if (t->cause == cause && strlen(t->address) == len &&
                   memcmp(t->address, address, len) == 0) {
            return false;
        }
    }
    if (free == NULL) {
        return false;
    }
    *free = (struct told){.cause = cause, .at_ms = now};
    snprintf(free->address, sizeof free->address, "%.*s", (int)len, address);
    return true;
}

void links_note(struct links *l, enum note_cause cause, const char *address, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    if (l->closing || l->events.note == NULL || !is_news(l, cause, address)) {
        return;
    }
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    l->events.note(l->events.context, text);
}
