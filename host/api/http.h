/* The HTTP server: our API under /api/v1, OctoPrint's under /api, the live feed, and the page.
 *
 * Happy path: http_open() listens and serves from the loop; http_close() ends every connection.
 * Failure modes: an address that is no address or not ours, a port in use (the next 50 are tried
 * when `next_free_port`), and, while it runs, only what becomes an error answer to somebody.
 */
#ifndef PP_API_HTTP_H
#define PP_API_HTTP_H

#include "host/app/config.h"
#include "host/app/device/device.h"
#include "host/app/device/device_sd.h"
#include "host/app/files.h"
#include "host/app/hub.h"
#include "host/app/keys.h"
#include "host/app/profile.h"
#include "host/app/queue/jobs.h"
#include "host/app/queue/manage.h"
#include "host/app/queue/package.h"
#include "host/app/queue/scripts.h"
#include "host/app/queue/spools.h"
#include "host/app/turns.h"
#include "host/base/err.h"
#include "host/io/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct http;
struct network;

/* Everything is borrowed and must outlive the server. */
struct http_options {
    const char *name;    /* of the printer, for people */
    const char *listen;  /* "127.0.0.1:8125", "[::]:80", "printer.lan:8125"; port 0 = any free */
    bool next_free_port; /* the port was not said by the user: try the 50 after it too */
    bool loopback_open;  /* programs on this machine need no key and are admin */
    int64_t upload_max_bytes; /* larger ones are refused before they are sent; 0 = files decides */
    struct device *device;
    struct files *files;
    struct keys *keys;
    struct hub *hub;
    struct store *store;
    struct jobs *jobs; /* NULL, as the four below: their routes answer 503 */
    struct packages *packages;
    struct manage *manage;
    struct scripts *scripts;
    struct spools *spools;
    struct network *network; /* NULL: none (yet: http_set_network()) */
    const struct profiles *profiles;
    enum config_upload upload_action;
    const struct profile *profile;                    /* of this printer, NULL = unknown */
    int (*may_restart)(void *context, struct err *e); /* NULL = always */
    const struct turns *turns;                        /* of the main loop, NULL = not watched */
    void (*restart)(void *context); /* somebody asked for a restart; called from the loop */
    void *restart_context;
};

int http_open(
    struct http **out, uv_loop_t *loop, const struct http_options *options, struct err *e);

/* Ends every connection, answers what waits with 503; then `closed` runs, once, and the server is
 * gone. */
void http_close(struct http *h, void (*closed)(void *context), void *context);

int http_port(const struct http *h);

/* "http://127.0.0.1:8125", as reached from this machine; no slash at the end. */
const char *http_url(const struct http *h);

/* Tells which profile the printer has now; NULL = unknown. */
void http_set_profile(struct http *h, const struct profile *profile);

/* The network of this host; NULL = there is none. */
void http_set_network(struct http *h, struct network *network);

/* What follows an upload of a slicer that does not ask for a print, from now on. */
void http_set_upload_action(struct http *h, enum config_upload action);

#endif
