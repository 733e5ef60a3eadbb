/* Queue, writer thread, notes.
 *
 * Happy path: net_store_write() copies the write to the end of the queue; the writer takes what
 * stands first, up to a bound, in one transaction, and notes up to which ticket each queue is
 * durable; the loop is woken and tells them. A write that nobody waits for lies for up to 100 ms,
 * unless something urgent comes behind it.
 *
 * Failure modes: a transaction that the disk does not take is rolled back and done again every
 * 200 ms, told once when it begins and once when it ends; at close it is given up after 5 s. A
 * queue that begins a new life (load, forget) hears nothing of the old one's tickets.
 */
#include "net/net_store_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_WRITES 256
#define BATCH_BYTES  (1 << 20)
#define LAZY_MS      100
#define RETRY_MS     200
#define PATIENCE_MS  5000 /* at close, and of a load for what was written before */

enum writer_state {
    WRITER_RUNS,
    WRITER_STOPS, /* close was asked for: write what is queued */
    WRITER_GONE
};

/* To be told on the loop. */
struct note {
    char queue[64];
    uint64_t ticket;
};

struct net_store {
    uv_async_t async;
    uv_thread_t thread;
    struct net_store_events events;
    void (*closed)(void *context);
    void *closed_context;
    bool closing;
    atomic_uint slow_ms;

    uv_mutex_t db_lock; /* protects db; never taken while holding `lock` */
    struct net_db *db;

    uv_mutex_t lock; /* protects what follows */
    uv_cond_t wake;  /* of the writer */
    uv_cond_t done;  /* of who waits in load */
    enum writer_state state;
    uint64_t stop_ms; /* when it was asked for */
    struct net_item *first;
    struct net_item **last;
    size_t count, size_bytes;
    bool flush; /* somebody waits in load */
    struct note *notes;
    size_t notes_count, notes_cap;
    bool failing, told_failing;
    char why[160];
};

/* ---- writer thread: what stands first -----------------------------------------------------------
 */

static bool is_due(const struct net_store *s, uint64_t now_ms)
{
    if (s->first == NULL) {
        return false;
    }
    bool due = s->state != WRITER_RUNS || s->flush || s->count >= BATCH_WRITES ||
               s->size_bytes >= BATCH_BYTES;
    for (const struct net_item *i = s->first; !due && i != NULL; i = i->next) {
        due = i->forget || i->write.urgent || i->due_ms <= now_ms;
    }
    return due;
}

/* What goes into one transaction; it stays queued until it is durable. */
static size_t take(struct net_store *s, struct net_item *batch[BATCH_WRITES])
{
    size_t n = 0;
    size_t size_bytes = 0;
    for (struct net_item *i = s->first; i != NULL && n < BATCH_WRITES; i = i->next) {
        size_bytes += i->size_bytes;
        if (n > 0 && size_bytes > BATCH_BYTES) {
            break;
        }
        batch[n++] = i;
    }
    return n;
}

/* Waits until there is something to write; 0 when it is time to go. */
static size_t wait_for_work(struct net_store *s, struct net_item *batch[BATCH_WRITES])
{
    size_t n = 0;
    uv_mutex_lock(&s->lock);
    for (;;) {
        uint64_t now_ms = clock_ms();
        if (is_due(s, now_ms) || s->state != WRITER_RUNS) {
            break;
        }
        if (s->first == NULL) {
            uv_cond_wait(&s->wake, &s->lock);
        } else { /* the first is the oldest, so the first to be due */
            uv_cond_timedwait(&s->wake, &s->lock, (s->first->due_ms - now_ms) * 1000000);
        }
    }
    n = take(s, batch);
    uv_mutex_unlock(&s->lock);
    return n;
}

/* ---- writer thread: one transaction -------------------------------------------------------------
 */

static int apply(struct net_db *db, const struct net_item *i, struct err *e)
{
    return i->forget ? net_db_forget(db, i->queue, e)
                     : net_db_apply(db, i->queue, &i->write, i->meta, i->meta_len, e);
}

static int run_batch(
    struct net_store *s, struct net_item *const batch[BATCH_WRITES], size_t n, struct err *e)
{
    uv_mutex_lock(&s->db_lock);
    int rc = net_db_begin(s->db, e);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = apply(s->db, batch[i], e);
    }
    rc = rc == 0 ? net_db_commit(s->db, e) : rc;
    if (rc != 0) {
        net_db_rollback(s->db);
    }
    uv_mutex_unlock(&s->db_lock);
    unsigned slow_ms = atomic_load(&s->slow_ms);
    if (rc == 0 && slow_ms > 0) {
        uv_sleep(slow_ms);
    }
    return rc;
}

static void note_written(struct net_store *s, const struct net_item *item)
{
    size_t i = 0;
    if (item->forget || item->silent) {
        return;
    }
    while (i < s->notes_count && strcmp(s->notes[i].queue, item->queue) != 0) {
        i++;
    }
    if (i == s->notes_count) {
        if (i == s->notes_cap) {
            s->notes_cap = s->notes_cap * 2 + 8;
            s->notes = mem_resize(s->notes, s->notes_cap, sizeof *s->notes);
        }
        memcpy(s->notes[i].queue, item->queue, sizeof s->notes[i].queue);
        s->notes_count++;
    }
    s->notes[i].ticket = item->write.ticket;
}

static void drop_first(struct net_store *s)
{
    struct net_item *item = s->first;
    s->first = item->next;
    if (s->first == NULL) {
        s->last = &s->first;
    }
    s->count--;
    s->size_bytes -= item->size_bytes;
    free(item);
}

static void batch_done(struct net_store *s, size_t n)
{
    uv_mutex_lock(&s->lock);
    for (size_t i = 0; i < n; i++) {
        note_written(s, s->first);
        drop_first(s);
    }
    s->failing = false;
    uv_cond_broadcast(&s->done);
    uv_mutex_unlock(&s->lock);
    uv_async_send(&s->async);
}

/* False when it is given up: the host is being ended. */
static bool batch_failed(struct net_store *s, const struct err *e)
{
    uv_mutex_lock(&s->lock);
    s->failing = true;
    str_copy(s->why, sizeof s->why, e->text, strlen(e->text));
    uv_async_send(&s->async);
    uint64_t until_ms = clock_ms() + RETRY_MS;
    uint64_t now_ms;
    while (!(s->state == WRITER_STOPS && clock_ms() - s->stop_ms >= PATIENCE_MS) &&
           (now_ms = clock_ms()) < until_ms) {
        uv_cond_timedwait(&s->wake, &s->lock, (until_ms - now_ms) * 1000000);
    }
    bool again = s->state != WRITER_STOPS || clock_ms() - s->stop_ms < PATIENCE_MS;
    uv_mutex_unlock(&s->lock);
    return again;
}

static void writer(void *arg)
{
    struct net_store *s = arg;
    struct net_item *batch[BATCH_WRITES];
    bool again = true;
    size_t n;
    while (again && (n = wait_for_work(s, batch)) > 0) {
        struct err e = {0};
        if (run_batch(s, batch, n, &e) == 0) {
            batch_done(s, n);
        } else {
            again = batch_failed(s, &e);
        }
    }
    uv_mutex_lock(&s->lock);
    s->state = WRITER_GONE;
    uv_async_send(&s->async); /* within the lock: the loop may free `s` once it sees the state */
    uv_mutex_unlock(&s->lock);
}

/* ---- loop: telling ------------------------------------------------------------------------------
 */

static void destroy(struct net_store *s)
{
    while (s->first != NULL) {
        drop_first(s);
    }
    uv_cond_destroy(&s->done);
    uv_cond_destroy(&s->wake);
    uv_mutex_destroy(&s->lock);
    uv_mutex_destroy(&s->db_lock);
    free(s->notes);
    free(s);
}

static void on_closed(uv_handle_t *handle)
{
    struct net_store *s = handle->data;
    void (*closed)(void *) = s->closed;
    void *context = s->closed_context;
    destroy(s);
    if (closed != NULL) {
        closed(context);
    }
}

static void end_writer(struct net_store *s)
{
    uv_thread_join(&s->thread);
    if (s->first != NULL) {
        log_warn("net.db: %zu writes are given up: %s", s->count, s->why);
    }
    net_db_close(s->db);
    uv_close((uv_handle_t *)&s->async, on_closed);
}

static bool take_note(struct net_store *s, struct note *out)
{
    uv_mutex_lock(&s->lock);
    bool any = s->notes_count > 0;
    if (any) {
        *out = s->notes[0];
        s->notes[0] = s->notes[--s->notes_count];
    }
    uv_mutex_unlock(&s->lock);
    return any;
}

static void tell_disk(struct net_store *s)
{
    char why[sizeof s->why];
    uv_mutex_lock(&s->lock);
    bool failing = s->failing;
    bool news = failing != s->told_failing;
    s->told_failing = failing;
    memcpy(why, s->why, sizeof why);
    uv_mutex_unlock(&s->lock);
    if (news) {
        s->events.disk(s->events.context, failing, failing ? why : "");
    }
}

static void on_async(uv_async_t *async)
{
    struct net_store *s = async->data;
    struct note note;
    if (!s->closing) {
        tell_disk(s);
    }
    while (!s->closing && take_note(s, &note)) {
        s->events.written(s->events.context, note.queue, note.ticket);
    }
    uv_mutex_lock(&s->lock);
    bool gone = s->state == WRITER_GONE;
    uv_mutex_unlock(&s->lock);
    if (gone && !uv_is_closing((uv_handle_t *)async)) {
        end_writer(s);
    }
}

/* ---- loop: writing ------------------------------------------------------------------------------
 */

static void add(struct net_store *s, struct net_item *item)
{
    item->due_ms = clock_ms() + LAZY_MS;
    uv_mutex_lock(&s->lock);
    assert(s->state == WRITER_RUNS);
    *s->last = item;
    s->last = &item->next;
    s->count++;
    s->size_bytes += item->size_bytes;
    uv_cond_signal(&s->wake);
    uv_mutex_unlock(&s->lock);
}

void net_store_write(struct net_store *s, const char *queue, const struct group_write *w)
{
    add(s, net_item_new(queue, w));
}

/* Nobody is told any more of what was written of this queue until now. Within the lock. */
static void silence(struct net_store *s, const char *queue)
{
    for (struct net_item *i = s->first; i != NULL; i = i->next) {
        i->silent = i->silent || strcmp(i->queue, queue) == 0;
    }
    for (size_t i = 0; i < s->notes_count; i++) {
        if (strcmp(s->notes[i].queue, queue) == 0) {
            s->notes[i] = s->notes[--s->notes_count];
            break; /* there is one for each queue at most */
        }
    }
}

void net_store_forget(struct net_store *s, const char *queue)
{
    uv_mutex_lock(&s->lock);
    silence(s, queue);
    uv_mutex_unlock(&s->lock);
    add(s, net_item_forget(queue));
}

void net_store_slow(struct net_store *s, unsigned extra_ms)
{
    atomic_store(&s->slow_ms, extra_ms);
}

/* ---- loop: reading ------------------------------------------------------------------------------
 */

/* The last that waits for this queue. */
static const struct net_item *waiting(const struct net_store *s, const char *queue)
{
    const struct net_item *found = NULL;
    for (const struct net_item *i = s->first; i != NULL; i = i->next) {
        found = strcmp(i->queue, queue) == 0 ? i : found;
    }
    return found;
}

/* What a former life of the queue left to be written, is. 1: it is to be forgotten. */
static int settle(struct net_store *s, const char *queue, struct err *e)
{
    uint64_t until_ms = clock_ms() + PATIENCE_MS;
    const struct net_item *item;
    uint64_t now_ms;
    uv_mutex_lock(&s->lock);
    silence(s, queue);
    while (
        (item = waiting(s, queue)) != NULL && !item->forget && (now_ms = clock_ms()) < until_ms) {
        s->flush = true;
        uv_cond_signal(&s->wake);
        uv_cond_timedwait(&s->done, &s->lock, (until_ms - now_ms) * 1000000);
    }
    s->flush = false;
    int rc = item == NULL ? 0 : item->forget ? 1 : -PP_EBUSY;
    if (rc < 0) {
        err_set(e, PP_EBUSY, "queue \"%s\": what it had to write is still not on the disk: %s",
            queue, s->failing ? s->why : "it is slow");
    }
    uv_mutex_unlock(&s->lock);
    return rc;
}

int net_store_load(struct net_store *s, const char *queue, struct group_state **out, struct err *e)
{
    int rc = settle(s, queue, e);
    if (rc < 0) {
        return rc;
    }
    uv_mutex_lock(&s->db_lock);
    /* Of a queue that is being forgotten nothing is there: no queue has an empty name. */
    rc = net_db_load(s->db, rc == 1 ? "" : queue, out, e);
    uv_mutex_unlock(&s->db_lock);
    return rc == 0 ? 0 : err_wrap(e, "queue \"%s\"", queue);
}

int net_store_names(struct net_store *s, char ***names, size_t *n, struct err *e)
{
    uv_mutex_lock(&s->db_lock);
    int rc = net_db_names(s->db, names, n, e);
    uv_mutex_unlock(&s->db_lock);
    return rc;
}

/* ---- open and close -----------------------------------------------------------------------------
 */

int net_store_open(struct net_store **out, uv_loop_t *loop, const char *path,
    const struct net_store_events *events, bool *was_corrupt, struct err *e)
{
    struct net_db *db;
    int rc = net_db_open(&db, path, was_corrupt, e);
    if (rc != 0) {
        return rc;
    }
    struct net_store *s = mem_alloc(sizeof *s);
    s->db = db;
    s->events = *events;
    s->last = &s->first;
    if (uv_mutex_init(&s->db_lock) != 0 || uv_mutex_init(&s->lock) != 0 ||
        uv_cond_init(&s->wake) != 0 || uv_cond_init(&s->done) != 0) {
        abort(); /* fails only for want of memory */
    }
    rc = uv_async_init(loop, &s->async, on_async);
    if (rc != 0) {
        net_db_close(db);
        destroy(s);
        return err_set(e, PP_EIO, "net.db: %s", uv_strerror(rc));
    }
    s->async.data = s;
    rc = uv_thread_create(&s->thread, writer, s);
    if (rc != 0) {
        net_db_close(db);
        uv_close((uv_handle_t *)&s->async, on_closed);
        return err_set(e, PP_EIO, "thread of net.db: %s", uv_strerror(rc));
    }
    *out = s;
    return 0;
}

void net_store_close(struct net_store *s, void (*closed)(void *context), void *context)
{
    s->closed = closed;
    s->closed_context = context;
    s->closing = true;
    uv_mutex_lock(&s->lock);
    assert(s->state == WRITER_RUNS);
    s->state = WRITER_STOPS;
    s->stop_ms = clock_ms();
    uv_cond_signal(&s->wake);
    uv_mutex_unlock(&s->lock);
}
