/* What tools/bench/transfer measures: content from one host to others over real links, and the same
 * bytes over bare TCP on the same path.
 *
 *     transfer_bench hold FOLDER MIB ADDRESS       makes content, serves it; until stdin ends
 *     transfer_bench fetch FOLDER ADDRESS:PORT SHA256 BYTES [STOP_AT]
 *     transfer_bench bare FOLDER ADDRESS:PORT BYTES null|file
 *
 * `hold` prints {"sha256", "bytes", "links", "bare"}: two ports. The others print "ready" when they
 * are connected, wait for a line on stdin, and print {"s", "cpu_s", "bytes_in"} at the end. With
 * STOP_AT `fetch` kills itself when that many bytes are there; called again it goes on. `bare file`
 * does what is the least to have a file for certain: written, hashed, synced.
 */
#include "host/app/network/content.h"
#include "host/base/clock.h"
#include "host/base/mem.h"
#include "net/links.h"
#include "net/xfer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUEUE_NAME "transfer"
#define KIND       1
#define TIMEOUT_MS 60000
#define BUFFER     ((size_t)1 << 20)

struct bench {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_pipe_t in;
    struct store *store;
    struct files *files;
    struct content *content;
    struct links *links;
    struct xfer *xfer;
    struct identity id;
    int queue;
    size_t up;
    struct peer dropped[16];
    size_t dropped_count;
    bool told;
    struct err err;
};

static void check(int rc, const struct err *e)
{
    if (rc != 0) {
        fprintf(stderr, "transfer_bench: %s\n", e->text);
        exit(1);
    }
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- a host without the rest --------------------------------------------------------------------
 */

static void on_tick(uv_timer_t *timer);

static void step(struct bench *b)
{
    while (b->dropped_count > 0) {
        links_drop(b->links, &b->dropped[--b->dropped_count], "it lies");
    }
    uint64_t now = clock_ms();
    uint64_t next = xfer_next_ms(b->xfer);
    uint64_t wait = next > now ? next - now : 0;
    uv_timer_start(&b->timer, on_tick, wait < 1000 ? wait : 1000, 0);
}

static void on_tick(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    xfer_tick(b->xfer, clock_ms());
    step(b);
}

static bool io_send(
    void *context, int queue, const struct peer *to, bool bulk, const uint8_t *bytes, size_t len)
{
    struct bench *b = context;
    return links_send(b->links, queue, to, bulk ? LINK_BULK : LINK_NORMAL, KIND, bytes, len) == 0;
}

static void io_drop(void *context, const struct peer *peer, const char *why)
{
    struct bench *b = context;
    fprintf(stderr, "transfer_bench: %s\n", why);
    if (b->dropped_count < 16) {
        b->dropped[b->dropped_count++] = *peer;
    }
}

static void on_up(
    void *context, int queue, const struct link_info *link, const void *hello, size_t n)
{
    struct bench *b = context;
    (void)hello;
    (void)n;
    b->up++;
    xfer_peer_up(b->xfer, clock_ms(), queue, &link->peer);
    step(b);
}

static void on_down(void *context, int queue, const struct peer *peer, const char *why)
{
    struct bench *b = context;
    (void)why;
    b->up--;
    xfer_peer_down(b->xfer, clock_ms(), queue, peer);
    step(b);
}

static void on_message(void *context, int queue, const struct peer *peer, uint8_t kind,
    const uint8_t *bytes, size_t len)
{
    struct bench *b = context;
    (void)kind;
    xfer_receive(b->xfer, clock_ms(), queue, peer, bytes, len);
    step(b);
}

static void on_note(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "transfer_bench: %s\n", text);
}

static void on_read(
    void *context, uint64_t id, const uint8_t *bytes, size_t len, const struct err *e)
{
    struct bench *b = context;
    xfer_read_done(b->xfer, clock_ms(), id, bytes, len, e);
    step(b);
}

static void on_written(void *context, uint64_t id, const struct err *e)
{
    struct bench *b = context;
    xfer_write_done(b->xfer, clock_ms(), id, e);
    step(b);
}

static void on_finished(void *context, uint64_t id, const struct err *e)
{
    struct bench *b = context;
    xfer_finish_done(b->xfer, clock_ms(), id, e);
    step(b);
}

static bool accepts(void *context, int queue, const char *sha256, int64_t size_bytes, struct err *e)
{
    (void)queue;
    (void)context;
    (void)sha256;
    (void)size_bytes;
    err_set(e, PP_EREFUSED, "this is a benchmark");
    return false;
}

static void open_files(struct bench *b, const char *folder)
{
    struct err e = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/blobs", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/pphost.db", folder);
    check(store_open(&b->store, &b->loop, path, &e), &e);
    check(files_open(&b->files, &b->loop, b->store, folder, INT64_C(16) << 30, &e), &e);
    check(content_open(&b->content, &b->loop, b->files, NULL, folder, &e), &e);
    content_set_answers(b->content, &(struct content_answers){on_read, on_written, on_finished, b});
}

static void open_all(struct bench *b, const char *folder)
{
    struct err e = {0};
    struct links_options o = {.phrase = "",
        .events = {
            .up = on_up, .down = on_down, .message = on_message, .note = on_note, .context = b}};
    struct links_queue q = {.name = QUEUE_NAME, .id = &b->id};
    open_files(b, folder);
    const struct net_content *n = content_for_net(b->content);
    struct xfer_store s = {
        n->has, accepts, n->read, n->begin, n->write, n->finish, n->discard, b->content};
    struct xfer_io io = {io_send, io_drop, b};
    identity_create(&b->id);
    memset(q.secret, 7, sizeof q.secret);
    b->xfer = xfer_new(&s, &io);
    uv_timer_init(&b->loop, &b->timer);
    b->timer.data = b;
    check(links_open(&b->links, &b->loop, &o, &e), &e);
    b->queue = links_join(b->links, &q, &e);
    check(b->queue < 0 ? -1 : 0, &e);
}

/* ---- waiting for a line -------------------------------------------------------------------------
 */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    static char bytes[256];
    (void)handle;
    (void)size;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_line(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct bench *b = stream->data;
    (void)buf;
    if (n != 0) {
        b->told = true;
        uv_read_stop(stream);
    }
}

/* Until something comes from stdin, or it ends. */
static void wait_for_line(struct bench *b)
{
    b->told = false;
    uv_pipe_init(&b->loop, &b->in, 0);
    b->in.data = b;
    uv_pipe_open(&b->in, 0);
    uv_read_start((uv_stream_t *)&b->in, on_alloc, on_line);
    while (!b->told) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(uint64_t begin_ns, double begin_cpu, uint64_t bytes_in)
{
    printf("{\"s\": %.6f, \"cpu_s\": %.6f, \"bytes_in\": %" PRIu64 "}\n",
        (double)(clock_ns() - begin_ns) / 1e9, cpu_s() - begin_cpu, bytes_in);
    fflush(stdout);
}

/* ---- fetch --------------------------------------------------------------------------------------
 */

static void on_fetched(void *context, const struct err *e)
{
    struct bench *b = context;
    b->told = true;
    b->err = e != NULL ? *e : (struct err){0};
}

static uint64_t bytes_in(const struct bench *b)
{
    const struct link_info *link = links_at(b->links, b->queue, 0);
    return link != NULL ? link->bytes_in : 0;
}

static void fetch(char **argv, int64_t stop_at)
{
    struct bench b = {0};
    struct xfer_progress p;
    int64_t size = strtoll(argv[4], NULL, 10);
    uv_loop_init(&b.loop);
    open_all(&b, argv[1]);
    links_dial(b.links, b.queue, argv[2], NULL);
    step(&b);
    uint64_t until = clock_ms() + TIMEOUT_MS;
    while (b.up == 0 && clock_ms() < until) {
        uv_run(&b.loop, UV_RUN_ONCE);
    }
    puts("ready");
    fflush(stdout);
    wait_for_line(&b);
    uint64_t begin = clock_ns();
    double cpu = cpu_s();
    b.told = false;
    xfer_fetch(b.xfer, clock_ms(), b.queue, argv[3], size, on_fetched, &b);
    step(&b);
    while (!b.told) {
        uv_run(&b.loop, UV_RUN_ONCE);
        if (stop_at > 0 && xfer_progress(b.xfer, argv[3], &p) && p.done_bytes >= stop_at) {
            kill(getpid(), SIGKILL);
        }
    }
    check(b.err.code, &b.err);
    report(begin, cpu, bytes_in(&b));
    _exit(0); /* what it costs to close is not asked */
}

/* ---- hold ---------------------------------------------------------------------------------------
 */

/* Gcode that is dense enough to cost the analysis what a sliced file does. */
static void make_gcode(const char *path, int64_t bytes)
{
    FILE *f = fopen(path, "w");
    uint64_t v = 1;
    if (f == NULL) {
        die(path);
    }
    int64_t at = fprintf(f, "G28\nG1 Z0.2 F3000\n");
    for (int64_t n = 0; at < bytes; n++) {
        v = v * UINT64_C(6364136223846793005) + 1442695040888963407u;
        at += fprintf(f, "G1 X%.3f Y%.3f E%.5f\n", (double)(v >> 44 & 0xffff) / 400,
            (double)(v >> 28 & 0xffff) / 400, (double)(n % 1000) / 100);
    }
    fclose(f);
}

struct uploaded {
    bool done;
    char sha256[65];
    int64_t bytes;
};

static void on_uploaded(void *context, const struct err *e, const struct file_entry *entry)
{
    struct uploaded *u = context;
    check(e != NULL ? e->code : 0, e);
    u->done = true;
    memcpy(u->sha256, entry->row.sha256, sizeof u->sha256);
    u->bytes = entry->row.size_bytes;
}

static void upload_all(struct bench *b, const char *path, struct uploaded *out)
{
    struct err e = {0};
    struct upload *u;
    char *buffer = mem_alloc(BUFFER);
    FILE *f = fopen(path, "r");
    size_t n;
    if (f == NULL) {
        die(path);
    }
    check(files_begin(b->files, "content.gcode", &u, &e), &e);
    while ((n = fread(buffer, 1, BUFFER, f)) > 0) {
        check(files_write(u, buffer, n, &e), &e);
        while (files_full(u)) {
            uv_run(&b->loop, UV_RUN_ONCE);
        }
    }
    fclose(f);
    free(buffer);
    files_commit(u, on_uploaded, out);
    while (!out->done) {
        uv_run(&b->loop, UV_RUN_ONCE);
    }
}

static void send_file(int to, const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = 1;
    char go;
    if (fd < 0 || read(to, &go, 1) != 1) {
        _exit(1);
    }
    while (n > 0) {
        n = sendfile(to, fd, NULL, BUFFER);
    }
    _exit(n == 0 ? 0 : 1);
}

/* Whoever connects, and sends a byte, gets the file: each from a process of its own. */
static pid_t serve_bare(const char *path, const char *address, int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, address, &a.sin_addr);
    if (bind(s, (struct sockaddr *)&a, len) != 0 || listen(s, 64) != 0 ||
        getsockname(s, (struct sockaddr *)&a, &len) != 0) {
        die("listen");
    }
    *port = ntohs(a.sin_port);
    pid_t child = fork();
    if (child != 0) {
        close(s);
        return child;
    }
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c >= 0 && fork() == 0) {
            send_file(c, path);
        }
        close(c);
    }
}

static void hold(char **argv)
{
    struct bench b = {0};
    struct uploaded up = {0};
    struct err e = {0};
    char path[4096];
    int port = 0;
    int bare;
    snprintf(path, sizeof path, "%s/content.gcode", argv[1]);
    make_gcode(path, strtoll(argv[2], NULL, 10) << 20);
    pid_t child = serve_bare(path, argv[3], &bare);
    uv_loop_init(&b.loop);
    open_all(&b, argv[1]);
    upload_all(&b, path, &up);
    check(links_listen(b.links, argv[3], &port, -1, &e), &e);
    step(&b);
    printf("{\"sha256\": \"%s\", \"bytes\": %" PRId64 ", \"links\": %d, \"bare\": %d}\n", up.sha256,
        up.bytes, port, bare);
    fflush(stdout);
    wait_for_line(&b);
    kill(child, SIGTERM);
    _exit(0);
}

/* ---- bare TCP -----------------------------------------------------------------------------------
 */

static int connect_to(char *address)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    char *colon = strrchr(address, ':');
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *colon = '\0';
    a.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, address, &a.sin_addr) != 1 ||
        connect(s, (struct sockaddr *)&a, sizeof a) != 0) {
        die("connect");
    }
    return s;
}

static void receive(int s, int fd, int64_t bytes)
{
    crypto_hash_sha256_state hash;
    uint8_t out[crypto_hash_sha256_BYTES];
    char *buffer = mem_alloc(BUFFER);
    crypto_hash_sha256_init(&hash);
    for (int64_t at = 0; at < bytes;) {
        ssize_t n = read(s, buffer, BUFFER);
        if (n <= 0 || (fd >= 0 && write(fd, buffer, (size_t)n) != n)) {
            die("receive");
        }
        if (fd >= 0) {
            crypto_hash_sha256_update(&hash, (uint8_t *)buffer, (unsigned long long)n);
        }
        at += n;
    }
    crypto_hash_sha256_final(&hash, out);
    if (fd >= 0 && fsync(fd) != 0) {
        die("fsync");
    }
    free(buffer);
}

static void bare(char **argv)
{
    char path[4096];
    char line[16];
    int s = connect_to(argv[2]);
    int64_t bytes = strtoll(argv[3], NULL, 10);
    snprintf(path, sizeof path, "%s/bare", argv[1]);
    int fd = strcmp(argv[4], "file") == 0 ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    puts("ready");
    fflush(stdout);
    if (read(0, line, sizeof line) <= 0 || write(s, "g", 1) != 1) {
        die("go");
    }
    uint64_t begin = clock_ns();
    double cpu = cpu_s();
    receive(s, fd, bytes);
    report(begin, cpu, (uint64_t)bytes);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    signal(SIGPIPE, SIG_IGN);
    if (identity_init() != 0) {
        return 1;
    }
    if (strcmp(what, "hold") == 0 && argc == 5) {
        hold(argv + 1);
    } else if (strcmp(what, "fetch") == 0 && (argc == 6 || argc == 7)) {
        fetch(argv + 1, argc == 7 ? strtoll(argv[6], NULL, 10) : 0);
    } else if (strcmp(what, "bare") == 0 && argc == 6) {
        bare(argv + 1);
    } else {
        fprintf(stderr, "usage: see tests/bench/transfer_bench.c\n");
        return 2;
    }
    return 0;
}
