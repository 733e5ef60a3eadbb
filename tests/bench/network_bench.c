/* What tools/bench/network measures: hosts of a network queue, as a process with a pipe.
 *
 *     network_bench FOLDER NETS HEARTBEAT_MS ELECTION_MS [ADDRESS]...
 *
 * NETS hosts of one LAN queue on the loopback, the next one begun when the one before is in touch
 * with a leader; each dials the addresses (none: it founds the queue at once). Their machine keeps
 * a thousand rows and no jobs. On stdout one line of JSON for each thing that happens; on stdin the
 * first host is told, a line each:
 *
 *     status                                         how it stands
 *     load CONCURRENT BYTES COUNT KEPT               commands, so many outstanding; KEPT 1: outbox
 *     bare BYTES COUNT                               the yardstick: SQLite alone, as durable
 *     wait INDEX                                     told when so much is applied (0: in touch)
 *     quit                                           leaves as a host that is switched off
 *
 * The end of stdin ends it at once, as a crash would. Times are CLOCK_MONOTONIC, so that another
 * process may compare them.
 */
#include "tests/bench/network_load.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define QUEUE    "LAN"
#define ROWS     1000
#define FOUND_MS 200 /* of the first host: nobody else is there */

struct row {
    uint8_t *bytes; /* owned */
    size_t len;
};

struct node {
    struct bench *bench;
    struct net *net;
    bool first;
    uint64_t applied;
    struct row rows[ROWS];
};

struct bench {
    uv_loop_t loop;
    uv_pipe_t input;
    uv_prepare_t before;
    uv_check_t after;
    char line[256];
    size_t line_len;
    const char *folder;
    const char *const *addresses; /* NULL-terminated */
    uint32_t heartbeat_ms, election_ms;
    struct node *nodes; /* `wanted` of them, `count` begun */
    size_t wanted, count;
    bool grown;
    bool waiting;
    uint64_t wait_for;
    struct load load;
};

/* ---- the machine --------------------------------------------------------------------------------
 */

static void set_row(struct node *n, size_t at, const uint8_t *bytes, size_t len)
{
    free(n->rows[at].bytes);
    n->rows[at].bytes = mem_alloc(len > 0 ? len : 1);
    memcpy(n->rows[at].bytes, bytes, len);
    n->rows[at].len = len;
}

static void on_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct node *n = context;
    uint64_t number = 0;
    char key[32];
    memcpy(&number, entry->bytes, entry->len < sizeof number ? entry->len : sizeof number);
    size_t at = (size_t)(number % ROWS);
    snprintf(key, sizeof key, "row/%03zu", at);
    set_row(n, at, entry->bytes, entry->len);
    row(row_context, &(struct net_row){key, entry->bytes, entry->len});
    n->applied = entry->index;
    if (n->first && entry->own != 0) {
        load_done(&n->bench->load, entry->own, NULL);
    }
}

static void on_dump(void *context, net_row_cb row, void *row_context)
{
    const struct node *n = context;
    for (size_t i = 0; i < ROWS; i++) {
        char key[32];
        snprintf(key, sizeof key, "row/%03zu", i);
        if (n->rows[i].bytes != NULL) {
            row(row_context, &(struct net_row){key, n->rows[i].bytes, n->rows[i].len});
        }
    }
}

static void forget_rows(struct node *n)
{
    for (size_t i = 0; i < ROWS; i++) {
        free(n->rows[i].bytes);
        n->rows[i].bytes = NULL;
    }
}

static void on_load(void *context, const struct net_row *rows, size_t count)
{
    struct node *n = context;
    forget_rows(n);
    for (size_t i = 0; i < count; i++) {
        unsigned long at = strtoul(rows[i].key + strlen("row/"), NULL, 10);
        if (at < ROWS) {
            set_row(n, at, rows[i].bytes, rows[i].len);
        }
    }
}

static void on_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    (void)context, (void)id, (void)bytes, (void)len;
}

static void on_kept(void *context, uint64_t id)
{
    (void)context, (void)id;
}

static void on_refused(void *context, uint64_t id, const struct err *e)
{
    struct node *n = context;
    if (n->first) {
        load_done(&n->bench->load, id, e);
    }
}

static void on_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    (void)context, (void)submit, (void)c;
}

static void on_changed(void *context)
{
    (void)context;
}

/* ---- hosts --------------------------------------------------------------------------------------
 */

static bool no_content(void *context, const char *sha256, int64_t *size_bytes)
{
    (void)context, (void)sha256, (void)size_bytes;
    return false;
}

static void on_request(void *context, const char *queue, const struct peer *from, bool trusted,
    uint64_t id, const uint8_t *bytes, size_t len)
{
    const struct node *n = context;
    (void)queue, (void)from, (void)trusted;
    net_answer(n->net, id, bytes, len);
}

static void on_peers(void *context, const char *queue)
{
    (void)context, (void)queue;
}

static void on_note(void *context, const char *queue, bool warning, const char *text)
{
    (void)context;
    fprintf(stderr, "%s%s: %s\n", warning ? "warning: " : "", queue, text);
}

static void no_get(void *context, uint64_t id, const char *url, const char *accept, size_t limit)
{
    (void)context, (void)id, (void)url, (void)accept, (void)limit;
}

static void open_node(struct bench *b, struct node *n, size_t number)
{
    struct err e = {0};
    char *folder = mem_printf("%s/%zu", b->folder, number);
    char *name = mem_printf("bench %zu", number);
    const struct net_options o = {
        .folder = folder,
        .name = name,
        .version = "bench",
        .no_mdns = true,
        .heartbeat_ms = b->heartbeat_ms,
        .election_ms = b->election_ms,
        .found_ms = b->addresses[0] == NULL ? FOUND_MS : 0,
        .content = {.has = no_content, .context = n},
        .events = {on_request, on_peers, on_note, n},
        .get = no_get,
    };
    const struct net_queue_options q = {
        .name = QUEUE,
        .kind = NET_LAN,
        .key = "a key",
        .address = "localhost",
        .bootstrap = b->addresses,
    };
    const struct net_machine m = {
        on_apply, on_dump, on_load, on_pending, on_kept, on_refused, on_carry_over, on_changed, n};
    mkdir(folder, 0700);
    n->bench = b;
    n->first = number == 0;
    if (net_open(&n->net, &b->loop, &o, &e) != 0 || net_queue_add(n->net, &q, &m, &e) != 0) {
        load_fail(e.text);
    }
    free(folder);
    free(name);
}

static bool look(const struct node *n, struct net_queue_status *s)
{
    return net_queue_status(n->net, QUEUE, s);
}

static void grow(struct bench *b)
{
    struct net_queue_status s;
    bool in_touch = b->count == 0 || (look(&b->nodes[b->count - 1], &s) && s.connected);
    if (in_touch && b->count < b->wanted) {
        open_node(b, &b->nodes[b->count], b->count);
        b->count++;
        if (b->count == 1 && look(&b->nodes[0], &s)) {
            printf("{\"event\": \"open\", \"at_ns\": %" PRIu64 ", \"address\": \"%s\"}\n",
                clock_ns(), s.address);
        }
    } else if (in_touch) {
        b->grown = true;
        printf("{\"event\": \"grown\", \"at_ns\": %" PRIu64 ", \"nets\": %zu}\n", clock_ns(),
            b->count);
    }
    fflush(stdout);
}

/* ---- what is asked ------------------------------------------------------------------------------
 */

static void say_status(struct bench *b)
{
    const struct node *n = &b->nodes[0];
    struct net_queue_status s = {0};
    struct net_peer p;
    struct timespec cpu;
    uint64_t in = 0;
    uint64_t out = 0;
    look(n, &s);
    for (size_t i = 0; net_peer_at(n->net, QUEUE, i, &p); i++) {
        in += p.bytes_in;
        out += p.bytes_out;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("{\"event\": \"status\", \"at_ns\": %" PRIu64 ", \"role\": \"%s\", \"connected\": %s, "
           "\"applied\": %" PRIu64 ", \"voters\": %zu, \"voters_linked\": %zu, \"linked\": %zu, "
           "\"peers\": %" PRIu64 ", \"waiting\": %zu, \"bytes_in\": %" PRIu64 ", "
           "\"bytes_out\": %" PRIu64 ", \"cpu_us\": %" PRIu64 "}\n",
        clock_ns(), net_role_name(s.role), s.connected ? "true" : "false", s.applied, s.voters,
        s.voters_linked, s.linked, s.peers, s.waiting, in, out,
        (uint64_t)cpu.tv_sec * 1000000 + (uint64_t)cpu.tv_nsec / 1000);
    fflush(stdout);
}

static void check_wait(struct bench *b)
{
    struct net_queue_status s;
    if (b->waiting && look(&b->nodes[0], &s) && s.connected && s.applied >= b->wait_for) {
        b->waiting = false;
        printf("{\"event\": \"reached\", \"at_ns\": %" PRIu64 ", \"applied\": %" PRIu64 "}\n",
            clock_ns(), s.applied);
        fflush(stdout);
    }
}

static void on_left(void *context)
{
    struct bench *b = context;
    uv_close((uv_handle_t *)&b->input, NULL);
    uv_close((uv_handle_t *)&b->before, NULL);
    uv_close((uv_handle_t *)&b->after, NULL);
}

static void do_line(struct bench *b, const char *line)
{
    size_t given[4] = {0};
    if (strcmp(line, "status") == 0) {
        say_status(b);
    } else if (sscanf(line, "load %zu %zu %zu %zu", &given[0], &given[1], &given[2], &given[3]) ==
               4) {
        load_begin(&b->load, given);
    } else if (sscanf(line, "bare %zu %zu", &given[0], &given[1]) == 2) {
        load_bare(b->folder, given[0], given[1]);
    } else if (sscanf(line, "wait %zu", &given[0]) == 1) {
        b->waiting = true;
        b->wait_for = given[0];
    } else if (strcmp(line, "quit") == 0 && b->count == 1) {
        net_close(b->nodes[0].net, true, on_left, b);
        b->count = 0;
    } else {
        load_fail("stdin: no such command");
    }
}

static void on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char space[4096];
    (void)handle, (void)suggested;
    *out = uv_buf_init(space, sizeof space);
}

static void on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct bench *b = stream->data;
    if (n < 0) {
        _Exit(0);
    }
    for (ssize_t i = 0; i < n; i++) {
        char c = bytes->base[i];
        if (c != '\n' && b->line_len + 1 < sizeof b->line) {
            b->line[b->line_len++] = c;
        } else if (c == '\n') {
            b->line[b->line_len] = '\0';
            b->line_len = 0;
            do_line(b, b->line);
        }
    }
}

/* Commands are given between the steps of the queue: none may be given within one. */
static void turn(struct bench *b)
{
    if (b->count == 0 && b->grown) {
        return;
    }
    if (!b->grown) {
        grow(b);
    }
    load_go_on(&b->load, b->nodes[0].net, QUEUE);
    check_wait(b);
}

static void on_before(uv_prepare_t *handle)
{
    turn(handle->data);
}

static void on_after(uv_check_t *handle)
{
    turn(handle->data);
}

static void begin(struct bench *b)
{
    uv_loop_init(&b->loop);
    uv_pipe_init(&b->loop, &b->input, 0);
    uv_prepare_init(&b->loop, &b->before);
    uv_check_init(&b->loop, &b->after);
    b->input.data = b->before.data = b->after.data = b;
    if (uv_pipe_open(&b->input, 0) != 0) {
        load_fail("stdin must be a pipe");
    }
    uv_read_start((uv_stream_t *)&b->input, on_space, on_input);
    uv_prepare_start(&b->before, on_before);
    uv_check_start(&b->after, on_after);
}

int main(int argc, char **argv)
{
    if (argc < 5 || atoi(argv[2]) < 1) {
        load_fail("usage: network_bench FOLDER NETS HEARTBEAT_MS ELECTION_MS [ADDRESS]...");
    }
    struct bench *b = mem_alloc(sizeof *b);
    signal(SIGPIPE, SIG_IGN);
    b->folder = argv[1];
    b->wanted = (size_t)atoi(argv[2]);
    b->heartbeat_ms = (uint32_t)atoi(argv[3]);
    b->election_ms = (uint32_t)atoi(argv[4]);
    b->addresses = (const char *const *)argv + 5;
    b->nodes = mem_array(b->wanted, sizeof *b->nodes);
    begin(b);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < b->wanted; i++) {
        forget_rows(&b->nodes[i]);
    }
    free(b->nodes);
    free(b);
    return 0;
}
