/* The server's inside, for the files of host/api only. */
#ifndef PP_API_HTTP_PRIVATE_H
#define PP_API_HTTP_PRIVATE_H

#include "host/api/http.h"
#include "host/api/limit.h"
#include "host/api/listen.h"
#include "host/api/request.h"

struct feed;

#define HTTP_UPLOADS_MAX 8 /* at the same time */

struct http {
    struct http_options o;
    uv_loop_t *loop;
    struct MHD_Daemon *mhd;
    uv_poll_t poll;    /* MHD's epoll descriptor */
    uv_timer_t timer;  /* MHD's next time-out */
    uv_idle_t soon;    /* MHD has more to do at once */
    uv_timer_t chores; /* a restart asked for */
    struct listen_socket socket;
    char hostname[256];
    const char *names[4]; /* by which a Host header may call us */
    struct limit limit;
    struct request *requests; /* all alive */
    struct feed *feed;
    unsigned uploads;
    char selected[201]; /* the file that OctoPrint's clients have selected, "" = none */
    int64_t started_ms; /* monotonic */
    bool pumping;       /* inside MHD_run(): its objects must stay */
    bool again;         /* MHD_run() is wanted once more */
    bool closing;
    unsigned open; /* libuv handles alive */
    void (*closed)(void *context);
    void *closed_context;
};

/* Lets MHD work in the loop's next turn: something happened that its descriptor does not tell, as a
 * connection resumed or an upgrade that ended. */
void http_pump_soon(struct http *h);

/* Calls the restart callback from the loop. */
void http_restart_soon(struct http *h);

#endif
