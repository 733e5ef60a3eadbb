#include "net/registry_load.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "net/dns.h"
#include "net/locate.h"
#include "net/registry_kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS   UINT64_C(3600000)
#define MINUTE_MS UINT64_C(60000)

/* What the pool does for us, one thing at a time. */
enum job {
    JOB_NONE,
    JOB_READ,  /* the file that locate wants */
    JOB_CHECK, /* parse what was found; keep it */
    JOB_KEPT   /* read and parse the kept copy */
};

struct registry_load {
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_work_t work;
    enum job job; /* under way */
    struct registry_load_options o;
    char **gateways; /* owned */
    char *where;
    char *kept_path;
    char *nameserver;      /* NULL = the system's */
    struct locate *locate; /* NULL between two times */
    struct dns_query *query;
    uint64_t serial;
    uint64_t waiting_id; /* 0 = for no GET */
    uint64_t retry_ms;
    bool has_one; /* `loaded` had a registry */
    bool closing;
    bool timer_closed;
    void (*closed)(void *context);
    void *closed_context;

    /* of the job: what it needs and what came of it */
    char *path;
    struct strbuf bytes;
    char cid[80];
    struct registry *registry;
    struct err error;
};

static void proceed(struct registry_load *l);
static void start_job(struct registry_load *l, enum job job);

/* ---- in the pool ---------------------------------------------------------------------------- */

/* The first mistake stands for all. */
static struct registry *parse(const char *file, const char *bytes, size_t len, struct err *e)
{
    struct registry_notes notes = {0};
    struct registry *r = registry_parse(bytes, len, file, &notes);
    for (size_t i = 0; r == NULL && i < notes.count; i++) {
        if (!notes.at[i].warning) {
            err_set(e, PP_EINVAL, "%.210s%s", notes.at[i].text,
                notes.mistakes > 1 ? " (and more: pphost registry check)" : "");
            break;
        }
    }
    registry_notes_fini(&notes);
    return r;
}

static void check_found(struct registry_load *l)
{
    l->registry = parse(l->where, strbuf_text(&l->bytes), l->bytes.len, &l->error);
    if (l->registry != NULL) {
        kept_save(l->kept_path, l->where, l->cid, strbuf_text(&l->bytes), l->bytes.len);
    }
}

static void read_kept(struct registry_load *l)
{
    struct strbuf bytes = {0};
    if (kept_load(l->kept_path, l->where, &bytes, l->cid, sizeof l->cid)) {
        l->registry = parse(l->kept_path, strbuf_text(&bytes), bytes.len, NULL);
    }
    strbuf_fini(&bytes);
}

static void run_job(uv_work_t *work)
{
    struct registry_load *l = work->data;
    switch (l->job) {
    case JOB_READ:
        file_read(l->path, REGISTRY_SIZE_MAX, &l->bytes, &l->error);
        break;
    case JOB_CHECK:
        check_found(l);
        break;
    case JOB_KEPT:
        read_kept(l);
        break;
    case JOB_NONE:
        break;
    }
}

/* ---- the end of one time -------------------------------------------------------------------- */

static void on_timer(uv_timer_t *t)
{
    registry_load_again(t->data);
}

static uint64_t period(const struct registry_load *l)
{
    return l->o.period_ms > 0 ? l->o.period_ms : HOUR_MS;
}

static void rest(struct registry_load *l, bool well)
{
    uint64_t first = l->o.retry_ms > 0 ? l->o.retry_ms : MINUTE_MS;
    uint64_t longer = l->retry_ms > 0 ? 2 * l->retry_ms : first;
    l->retry_ms = well ? 0 : longer < period(l) ? longer : period(l);
    locate_free(l->locate);
    l->locate = NULL;
    uv_timer_start(&l->timer, on_timer, well ? period(l) : l->retry_ms, 0);
}

static void tell(struct registry_load *l, bool kept, const struct err *problem)
{
    const struct registry_loaded told = {
        .registry = l->registry, .cid = l->cid, .kept = kept, .problem = problem};
    struct registry *r = l->registry;
    l->registry = NULL;
    l->has_one = l->has_one || r != NULL;
    rest(l, problem == NULL);
    l->o.loaded(l->o.context, &told); /* may close us */
    registry_free(r);
}

static void failed(struct registry_load *l)
{
    l->cid[0] = '\0';
    if (l->has_one) {
        tell(l, false, &l->error);
    } else {
        start_job(l, JOB_KEPT);
    }
}

static void close_if_idle(struct registry_load *l);

static void job_done(uv_work_t *work, int status)
{
    struct registry_load *l = work->data;
    enum job job = l->job;
    (void)status;
    l->job = JOB_NONE;
    if (l->closing) {
        close_if_idle(l);
        return;
    }
    struct err error = l->error;
    switch (job) {
    case JOB_READ:
        locate_got(l->locate, l->bytes.data, l->bytes.len, error.code != 0 ? &error : NULL);
        proceed(l);
        break;
    case JOB_CHECK:
        if (l->registry != NULL) {
            tell(l, false, NULL);
        } else {
            failed(l);
        }
        break;
    case JOB_KEPT:
        tell(l, l->registry != NULL, &error);
        break;
    case JOB_NONE:
        break;
    }
}

static void start_job(struct registry_load *l, enum job job)
{
    l->job = job;
    l->work.data = l;
    if (uv_queue_work(l->loop, &l->work, run_job, job_done) != 0) {
        abort(); /* only without a function to run */
    }
}

/* ---- one time ------------------------------------------------------------------------------- */

static void got_txt(void *context, const char *const *records, size_t n, const struct err *e)
{
    struct registry_load *l = context;
    l->query = NULL;
    locate_txt(l->locate, records, n, e);
    proceed(l);
}

static void found(struct registry_load *l)
{
    const void *bytes;
    size_t len;
    if (locate_result(l->locate, &bytes, &len, l->cid, sizeof l->cid, &l->error) != 0) {
        failed(l);
        return;
    }
    l->bytes.len = 0;
    strbuf_add(&l->bytes, bytes, len);
    start_job(l, JOB_CHECK);
}

static void get(struct registry_load *l, const struct locate_need *need)
{
    l->serial = (l->serial + 1) & UINT32_MAX;
    l->waiting_id = l->o.first_id + l->serial;
    l->o.get(l->o.get_context, l->waiting_id, need->what, need->accept, need->limit);
}

/* What the resolver wants next. */
static void proceed(struct registry_load *l)
{
    struct locate_need need;
    l->error = (struct err){0};
    locate_need(l->locate, &need);
    switch (need.kind) {
    case LOCATE_TXT:
        l->query = dns_txt(l->loop, need.what, l->nameserver, got_txt, l);
        break;
    case LOCATE_GET:
        get(l, &need);
        break;
    case LOCATE_FILE:
        free(l->path);
        l->path = mem_strdup(need.what);
        l->bytes.len = 0;
        start_job(l, JOB_READ);
        break;
    case LOCATE_DONE:
    case LOCATE_FAILED:
        found(l);
        break;
    }
}

bool registry_load_got(
    struct registry_load *l, uint64_t id, const void *bytes, size_t len, const struct err *e)
{
    if (l->waiting_id == 0 || id != l->waiting_id) {
        return false;
    }
    l->waiting_id = 0;
    locate_got(l->locate, bytes, len, e);
    proceed(l);
    return true;
}

static int begin(struct registry_load *l, struct err *e)
{
    const struct locate_options o = {
        .gateways = (const char *const *)l->gateways, .now_s = clock_wall_ms() / 1000};
    return locate_new(&l->locate, l->where, &o, e);
}

void registry_load_again(struct registry_load *l)
{
    if (l->locate != NULL || l->closing || l->job != JOB_NONE) {
        return;
    }
    if (begin(l, &l->error) != 0) {
        failed(l);
    } else {
        proceed(l);
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

static char **copy_texts(const char *const *texts)
{
    size_t n = 0;
    while (texts != NULL && texts[n] != NULL) {
        n++;
    }
    char **copy = mem_array(n + 1, sizeof *copy);
    for (size_t i = 0; i < n; i++) {
        copy[i] = mem_strdup(texts[i]);
    }
    return copy;
}

static void release(struct registry_load *l)
{
    for (size_t i = 0; l->gateways[i] != NULL; i++) {
        free(l->gateways[i]);
    }
    free(l->gateways);
    free(l->where);
    free(l->kept_path);
    free(l->nameserver);
    free(l->path);
    strbuf_fini(&l->bytes);
    registry_free(l->registry);
    locate_free(l->locate);
    free(l);
}

int registry_load_open(struct registry_load **out, uv_loop_t *loop,
    const struct registry_load_options *o, struct err *e)
{
    struct registry_load *l = mem_alloc(sizeof *l);
    l->loop = loop;
    l->o = *o;
    l->gateways = copy_texts(o->gateways);
    l->where = mem_strdup(o->where);
    l->kept_path = kept_path(o->folder, o->name);
    l->nameserver = o->nameserver != NULL ? mem_strdup(o->nameserver) : NULL;
    if (begin(l, e) != 0) {
        release(l);
        *out = NULL;
        return -PP_EINVAL;
    }
    locate_free(l->locate); /* it was only to see that it can be; the loop begins it */
    l->locate = NULL;
    uv_timer_init(loop, &l->timer);
    l->timer.data = l;
    uv_timer_start(&l->timer, on_timer, 0, 0);
    *out = l;
    return 0;
}

static void close_if_idle(struct registry_load *l)
{
    if (!l->timer_closed || l->job != JOB_NONE) {
        return;
    }
    void (*closed)(void *context) = l->closed;
    void *context = l->closed_context;
    release(l);
    if (closed != NULL) {
        closed(context);
    }
}

static void timer_closed(uv_handle_t *t)
{
    struct registry_load *l = t->data;
    l->timer_closed = true;
    close_if_idle(l);
}

void registry_load_close(struct registry_load *l, void (*closed)(void *context), void *context)
{
    l->closing = true;
    l->closed = closed;
    l->closed_context = context;
    l->waiting_id = 0;
    if (l->query != NULL) {
        dns_cancel(l->query);
        l->query = NULL;
    }
    uv_close((uv_handle_t *)&l->timer, timer_closed);
}
