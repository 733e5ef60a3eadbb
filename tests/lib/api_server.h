/* A whole API server over a fake printer, and clients that talk to it in raw bytes, on one loop. */
#ifndef PP_TESTS_API_SERVER_H
#define PP_TESTS_API_SERVER_H

#include "host/api/http.h"
#include "host/base/str.h"
#include "tests/lib/fake_device.h"
#include "tests/lib/fake_manage.h"
#include "tests/lib/fake_network.h"
#include "tests/unit/tempdir.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define API_UPLOAD_MAX 300000

struct api_server {
    char dir[TEMPDIR_SIZE];
    uv_loop_t loop;
    struct store *store;
    struct keys *keys;
    struct files *files;
    struct hub *hub;
    struct profiles *profiles;
    struct jobs *jobs;
    struct packages *packages;
    struct scripts *scripts;
    struct spools *spools;
    struct device device;
    struct manage manage;
    struct network network; /* without api_server_share() there is none */
    struct http *http;
    char host[32];     /* "127.0.0.1:PORT" */
    const char *admin; /* a key */
    char read[KEY_TEXT_SIZE];
    char print[KEY_TEXT_SIZE];
    unsigned restarts;
    bool http_closed;
    bool jobs_closed;
    bool store_closed;
};

/* `loopback_open` as in http_options. */
void api_server_open(struct api_server *a, bool loopback_open);

/* From now on the host is among others. */
void api_server_share(struct api_server *a);

/* Stores a small gcode file under this name. */
void api_server_add_file(struct api_server *a, const char *name);

/* Closes what is open and asserts that the loop is empty. */
void api_server_close(struct api_server *a);
void api_server_close_http(struct api_server *a);

/* One connection. `in` is what came and was not yet taken. */
struct client {
    struct api_server *api;
    int fd;
    struct strbuf in;
    bool eof;
};

void client_open(struct client *c, struct api_server *a);
void client_close(struct client *c);
void client_send(struct client *c, const void *bytes, size_t len);
void client_puts(struct client *c, const char *text);

/* Runs the loop until the condition holds; fails the test after some seconds. */
void client_until(struct client *c, bool (*ready)(const struct client *c));
void client_until_eof(struct client *c);

/* Lets everything happen that can happen now. */
void client_settle(struct client *c);

/* An answer to one request on a connection of its own. */
struct answer {
    int status;
    struct strbuf raw; /* head and body */
    const char *body;
    json_t *json; /* NULL if the body is none */
};

/* Sends `METHOD PATH` with the headers (each ending in CRLF, "" for none) and the body. The Host
 * header is added, and the key unless it is NULL. */
void api_ask(struct api_server *a, struct answer *out, const char *key, const char *method,
    const char *path, const char *headers, const char *body);

/* The answer to a whole request given byte for byte; it must say Connection: close. */
void api_ask_raw(struct api_server *a, struct answer *out, const void *request, size_t len);
void answer_fini(struct answer *w);

/* A header of the answer; "" if absent. Kept until the next call. */
const char *answer_header(const struct answer *w, const char *name);

/* Asks, asserts the status (the body is told when it is another), gives the answer's JSON, NULL
 * without one; json_decref() it. */
json_t *api_expect(struct api_server *a, int status, const char *key, const char *method,
    const char *path, const char *body);

/* Asks what must be refused with this status, and asserts field and text ("" = whatever) of the
 * error. */
void api_refused(struct api_server *a, int status, const char *key, const char *method,
    const char *path, const char *body, const char *field, const char *text);

/* The string at error.message or error.field of our answers. */
const char *answer_error(const struct answer *w, const char *member);

#endif
