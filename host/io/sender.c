#include "host/io/sender_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/io/resident.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ORDERS_BYTES (256u << 10) /* as many orders as lines may wait, and more */
#define STACK_BYTES  (256u << 10)
#define NOTES_A_TURN 128
#define RESERVED     12 /* places for lines that are injected by this thread itself */

/* Lines come before everything else. Notes are taken a few at a time: with many who follow the
 * terminal they may come faster than they are told, and the loop has other work. */
static void on_main(uv_async_t *async)
{
    struct sender *s = async->data;
    struct letter *letter = NULL;
    size_t len;
    if (!s->closing && atomic_load(&s->fill_wanted)) {
        s->options.fill(s->options.context);
    }
    for (int i = 0;
         i < NOTES_A_TURN && !s->closing && (letter = spsc_peek(&s->notes, &len)) != NULL; i++) {
        struct stream_note note = letter->note;
        note.text = letter->text;
        s->options.note(s->options.context, &note);
        if (note.kind == NOTE_DONE && note.n > 0) {
            atomic_store(&s->ringfile.kept->told_n, note.n);
        }
        spsc_pop(&s->notes);
    }
    if (!s->closing && letter != NULL) {
        uv_async_send(async);
    }
}

static int open_estop(struct sender *s, const char *path, struct err *e)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) {
        return err_set(e, PP_EINVAL, "runtime path \"%s\" is too long for a socket", path);
    }
    memcpy(addr.sun_path, path, strlen(path));
    unlink(path);
    s->estop_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->estop_fd < 0 || bind(s->estop_fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        int rc = err_errno(e, errno, "emergency-stop socket \"%s\"", path);
        if (s->estop_fd >= 0) {
            close(s->estop_fd);
            s->estop_fd = -1;
        }
        return rc;
    }
    chmod(path, 0660);
    uv_poll_init(&s->loop, &s->estop_poll, s->estop_fd);
    s->estop_poll.data = s;
    uv_poll_start(&s->estop_poll, UV_READABLE, sender_on_estop);
    return 0;
}

static void init_handles(struct sender *s)
{
    uv_loop_init(&s->loop);
    uv_timer_init(&s->loop, &s->timer);
    uv_timer_init(&s->loop, &s->lazy);
    uv_prepare_init(&s->loop, &s->prepare);
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(s->wake_fd >= 0);
    uv_poll_init(&s->loop, &s->wake_poll, s->wake_fd);
    uv_async_init(s->options.loop, &s->to_main, on_main);
    s->timer.data = s;
    s->lazy.data = s;
    s->prepare.data = s;
    uv_prepare_start(&s->prepare, sender_on_prepare);
    s->wake_poll.data = s;
    uv_poll_start(&s->wake_poll, UV_READABLE, sender_on_orders);
    s->to_main.data = s;
}

static void free_sender(uv_handle_t *handle)
{
    struct sender *s = handle->data;
    void (*closed)(void *) = s->closed;
    void *context = s->closed_context;
    if (s->estop_fd >= 0) {
        close(s->estop_fd);
    }
    close(s->wake_fd);
    spsc_fini(&s->orders);
    spsc_fini(&s->notes);
    spsc_fini(&s->ring);
    ringfile_close(&s->ringfile);
    free(s);
    if (closed != NULL) {
        closed(context);
    }
}

/* A stack that is small enough to be locked. */
static void start_thread(struct sender *s)
{
    static const uv_thread_options_t options = {
        .flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_BYTES};
    int rc = uv_thread_create_ex(&s->thread, &options, sender_run, s);
    assert(rc == 0);
    (void)rc;
}

/* Everything that the thread needs for a line is there when the line comes. */
static void stay_resident(struct sender *s)
{
    static void (*const of[])(void) = {(void (*)(void))sender_run, (void (*)(void))uv_run,
        (void (*)(void))memcpy}; /* this program, libuv, libc */
    bool locked = resident_memory(s, sizeof *s);
    locked = resident_memory(s->ring.data, s->ring.size) && locked;
    locked = resident_memory(s->notes.data, s->notes.size) && locked;
    locked = resident_memory(s->orders.data, s->orders.size) && locked;
    locked = resident_code(of, sizeof of / sizeof *of) && locked;
    if (!locked) {
        log_debug("the sender's memory cannot be kept out of swap: see ulimit -l");
    }
}

int sender_open(struct sender **out, const struct sender_options *options, struct err *e)
{
    struct sender *s = mem_alloc(sizeof *s);
    int rc = ringfile_open(&s->ringfile, options->ring_path != NULL ? options->ring_path : "", e);
    if (rc < 0) {
        free(s);
        return rc;
    }
    s->options = *options;
    s->estop_fd = -1;
    s->port.fd = -1;
    spsc_init(&s->orders, ORDERS_BYTES);
    spsc_init(&s->notes, NOTES_BYTES);
    spsc_init(&s->ring, SENDER_RING);
    s->stream.kept = s->ringfile.kept; /* untouched until a port is attached */
    s->stream.stopped = true;
    stream_set_options(&s->stream,
        &(struct stream_options){.dialect = dialect_by_name(""), .window = STREAM_WINDOW_ONE});
    init_handles(s);
    sender_beat(s);
    rc = options->estop_path[0] != '\0' ? open_estop(s, options->estop_path, e) : 0;
    *out = s;
    stay_resident(s);
    start_thread(s);
    if (rc < 0) {
        sender_close(s, NULL, NULL);
        *out = NULL;
    }
    return rc;
}

static void wake(struct sender *s)
{
    uint64_t one = 1;
    (void)!write(s->wake_fd, &one, sizeof one); /* full: it is awake already */
}

static bool order(struct sender *s, const struct order *o)
{
    struct order *slot = spsc_reserve(&s->orders, sizeof *o);
    if (slot == NULL) {
        return false;
    }
    *slot = *o;
    if (o->options.dialect != NULL) {
        slot->dialect = *o->options.dialect; /* whose memory is the main thread's */
        slot->options.dialect = &slot->dialect;
    }
    spsc_push(&s->orders, sizeof *o);
    wake(s);
    return true;
}

/* For orders that may not get lost: the thread empties its queue in microseconds. */
static void sure_order(struct sender *s, const struct order *o)
{
    while (!order(s, o)) {
        uv_sleep(1);
    }
}

void sender_close(struct sender *s, void (*closed)(void *context), void *context)
{
    s->closing = true;
    s->closed = closed;
    s->closed_context = context;
    sure_order(s, &(struct order){.kind = ORDER_QUIT});
    uv_thread_join(&s->thread);
    uv_close((uv_handle_t *)&s->to_main, free_sender);
}

void sender_attach(struct sender *s, const struct serial *port, int baud, int last_good,
    const struct stream_options *options)
{
    sure_order(s, &(struct order){.kind = ORDER_ATTACH,
                      .value = (uint32_t)baud,
                      .last_good = last_good,
                      .port = *port,
                      .options = *options});
}

void sender_reattach(
    struct sender *s, const struct serial *port, int baud, const struct stream_options *options)
{
    sure_order(s,
        &(struct order){
            .kind = ORDER_REATTACH, .value = (uint32_t)baud, .port = *port, .options = *options});
}

/* ---- what outlives us ---- */

void sender_remember(struct sender *s, const void *words, size_t len)
{
    ringfile_set_words(&s->ringfile, words, len);
}

bool sender_past(struct sender *s, struct sender_past *out)
{
    const struct kept *k = s->ringfile.kept;
    *out = (struct sender_past){.away_ms = ringfile_away_ms(&s->ringfile),
        .job_taken = k->job_taken,
        .job_acked = k->job_acked,
        .job_lines = k->job_lines,
        .job_active = k->job_active};
    out->words = ringfile_words(&s->ringfile, &out->words_len);
    return s->ringfile.left;
}

bool sender_past_has_tag(const struct sender *s, uint32_t tag)
{
    return kept_has_tag(s->ringfile.kept, tag);
}

void sender_forget(struct sender *s)
{
    ringfile_forget(&s->ringfile);
}

static bool text_order(
    struct sender *s, enum order_kind kind, const char *text, size_t len, uint32_t tag)
{
    struct order o = {.kind = kind, .value = tag, .len = len};
    if (!line_is_command(text, len)) {
        return false;
    }
    memcpy(o.text, text, len);
    return order(s, &o);
}

/* Lines on their way to the stream and in its queue; counted too often rather than too little. */
static size_t injects_pending(struct sender *s)
{
    uint32_t obeyed = atomic_load(&s->injects_obeyed);
    return s->injects_ordered - obeyed + atomic_load(&s->injects_waiting);
}

static bool may_pass(struct sender *s, const char *text, size_t len)
{
    bool of_card =
        (len > 4 && memcmp(text, "M28 ", 4) == 0) || (len == 3 && memcmp(text, "M29", 3) == 0);
    return of_card || !atomic_load(&s->card);
}

bool sender_inject(struct sender *s, const char *text, size_t len, uint32_t tag)
{
    if (!may_pass(s, text, len)) {
        return false;
    }
    bool done =
        injects_pending(s) < KEPT_INJECT - RESERVED && text_order(s, ORDER_INJECT, text, len, tag);
    s->injects_ordered += done;
    return done;
}

size_t sender_injects(struct sender *s)
{
    return injects_pending(s);
}

void sender_urgent(struct sender *s, const char *text, size_t len)
{
    if (may_pass(s, text, len)) {
        text_order(s, ORDER_URGENT, text, len, 0);
    }
}

void sender_card(struct sender *s, bool on)
{
    atomic_store(&s->card, on);
}

static void plain_order(struct sender *s, enum order_kind kind, uint32_t value)
{
    sure_order(s, &(struct order){.kind = kind, .value = value});
}

void sender_detach(struct sender *s)
{
    plain_order(s, ORDER_DETACH, 0);
}

void sender_begin(struct sender *s, uint32_t generation)
{
    sender_begin_at(s, generation, 0, 0);
}

void sender_begin_at(struct sender *s, uint32_t generation, uint64_t offset, uint64_t lines)
{
    sure_order(s, &(struct order){
                      .kind = ORDER_BEGIN, .value = generation, .offset = offset, .lines = lines});
    while (spsc_used(&s->orders) > 0) {
        uv_sleep(1); /* microseconds, usually */
    }
}

void sender_rejoin(struct sender *s, uint32_t generation)
{
    plain_order(s, ORDER_REJOIN, generation);
}

void sender_rewound(struct sender *s, uint32_t generation)
{
    plain_order(s, ORDER_REWOUND, generation);
}

void sender_drop_job(struct sender *s)
{
    plain_order(s, ORDER_DROP, 0);
}

void sender_hold(struct sender *s)
{
    plain_order(s, ORDER_HOLD, 0);
}

void sender_release(struct sender *s)
{
    plain_order(s, ORDER_RELEASE, 0);
}

void sender_tap(struct sender *s, bool on)
{
    plain_order(s, ORDER_TAP, on);
}

void sender_estop(struct sender *s)
{
    atomic_store(&s->estop_wanted, true);
    wake(s);
}

void sender_set_options(struct sender *s, const struct stream_options *options)
{
    sure_order(s, &(struct order){.kind = ORDER_OPTIONS, .options = *options});
}

void sender_wake(struct sender *s)
{
    wake(s);
}

void sender_ask_later(struct sender *s)
{
    atomic_store(&s->fill_wanted, false);
    wake(s);
}

const struct histo *sender_react(const struct sender *s)
{
    return &s->react;
}

struct spsc *sender_ring(struct sender *s)
{
    return &s->ring;
}

void sender_beat(struct sender *s)
{
    atomic_store(&s->beat_ms, clock_ms());
}

const struct stream_stats *sender_stats(const struct sender *s)
{
    return &s->stream.stats;
}
