/* The event bus: whoever wants to know adds a listener; whoever knows emits.
 *
 * A listener may remove itself or others, or add more, from inside its callback: those removed get
 * no further event, those added get the next one.
 */
#ifndef PP_APP_HUB_H
#define PP_APP_HUB_H

#include <stddef.h>
#include <stdint.h>

enum hub_event {
    HUB_STATE,    /* the printer's state or connection changed; data NULL: ask device_status() */
    HUB_TEMPS,    /* a temperature sample; data NULL: ask device_status() */
    HUB_PROGRESS, /* progress of the print, at most 4 a second; data NULL */
    HUB_TERMINAL, /* a line sent or received; data: const struct hub_terminal * */
    HUB_QUESTION, /* a question for a person was opened or answered; data NULL */
    HUB_RUN,      /* a run began or ended; data: const struct run * (host/io/store.h) */
    HUB_CARD,     /* the printer's SD card or its list changed; data NULL: ask device_sd_status() */
    HUB_BED,      /* the bed's state changed; data NULL */
    HUB_JOBS,     /* a job or queue changed; data NULL: ask jobs (host/app/queue/jobs.h) */
    HUB_MANAGE,   /* managing changed its state; data NULL: ask manage_status() */
    HUB_SPOOLS,   /* spools or what is loaded changed; data NULL */
    HUB_QUEUE_GO, /* somebody at the printer wants the queue to be printed; data NULL */
    HUB_FAULT,    /* with no print under way: the printer must be looked at; data: const char * */
    HUB_PEERS,    /* hosts of a network queue came, went or told something; data NULL */
    HUB_NOTICE,   /* something a person should read; data: const char * */
    HUB_EVENTS
};

struct hub_terminal {
    int64_t wall_ms;
    char direction;   /* '>' sent, '<' received, '!' host remark */
    const char *text; /* escaped for display; borrowed during the callback */
};

struct hub;
struct hub_listener;

typedef void (*hub_cb)(void *context, enum hub_event event, const void *data);

struct hub *hub_new(void);
void hub_free(struct hub *h);

/* `events`: bit mask of (1u << HUB_...). The handle stays valid until hub_remove(). */
struct hub_listener *hub_add(struct hub *h, unsigned events, hub_cb cb, void *context);
void hub_remove(struct hub *h, struct hub_listener *l);
void hub_emit(struct hub *h, enum hub_event event, const void *data);

/* How many listeners want this event: lets the sender skip work nobody sees. */
size_t hub_count(const struct hub *h, enum hub_event event);

#endif
