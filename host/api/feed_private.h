/* The feed's inside: what feed.c (all subscribers) and subscriber.c (one of them) share. */
#ifndef PP_API_FEED_PRIVATE_H
#define PP_API_FEED_PRIVATE_H

#include "host/api/feed.h"
#include "host/api/http_private.h"
#include "host/api/ws.h"

#define FEED_READ_SIZE 4096

/* What may wait while a client does not read, and is then told in its newest form. */
enum feed_stale {
    STALE_STATUS = 1,
    STALE_TEMPS = 2,
    STALE_PROGRESS = 4,
    STALE_JOBS = 8,
    STALE_MANAGE = 16,
    STALE_SPOOLS = 32,
    STALE_PEERS = 64
};

struct subscriber {
    struct feed *feed;
    struct subscriber *prev;
    struct subscriber *next;
    uv_tcp_t tcp;
    uv_write_t write;
    struct ws *ws;         /* owned */
    struct strbuf sending; /* of the write under way */
    char in[FEED_READ_SIZE];
    bool writing;
    bool ending;  /* closes once its last frame is written */
    bool closing; /* uv_close() was called */
    bool wants_terminal;
    unsigned stale;
    uint64_t heard_ms;
    uint64_t pinged_ms;
    void (*released)(void *context);
    void *context;
};

struct feed {
    struct http *http;
    struct subscriber *first;
    size_t count;
    size_t terminals; /* subscribers that want them */
    uv_timer_t timer;
    struct hub_listener *events;
    struct hub_listener
        *terminal; /* NULL while nobody wants it, so that the sender can skip work */
    bool closing;
    unsigned open;
    void (*closed)(void *context);
    void *closed_context;
};

/* The message of an event as text; free() it. */
char *feed_message(const struct http *h, enum hub_event event, const void *data);

/* The bit of an event that may be told later in its newest form; 0 for the others. */
unsigned feed_stale_bit(enum hub_event event);

/* One more or one fewer wants the terminal. */
void feed_want_terminal(struct subscriber *s, bool wanted);

/* The subscriber's handle is closed: takes it off the list. */
void feed_forget(struct subscriber *s);

/* Starts to serve; the socket is the subscriber's. */
void subscriber_open(struct subscriber *s, int fd, const void *extra, size_t extra_len);

/* Queues one message; drops the client when its queue is full. */
void subscriber_send(struct subscriber *s, const char *text);
void subscriber_ping(struct subscriber *s);

/* Says why, as far as the socket takes it without waiting, and closes. */
void subscriber_drop(struct subscriber *s, unsigned short code, const char *reason);

#endif
