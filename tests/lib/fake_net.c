#include "tests/lib/fake_net.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[FAKE_HOSTS] = {"ada", "bob", "cy", "dan"};

struct fake_net *fake_net_new(const char *queue)
{
    struct fake_net *n = mem_alloc(sizeof *n);
    n->queue = queue;
    n->utc_ms = INT64_C(1700000000000);
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        struct fake_host *h = &n->host[i];
        memset(h->peer.key, (int)i + 1, sizeof h->peer.key);
        h->net = n;
        h->next_id = 1;
        h->may_begin = h->connected = true;
        char text[PEER_TEXT_SIZE];
        peer_format(&h->peer, text);
        memcpy(h->text, text, sizeof text);
        snprintf(h->printer, sizeof h->printer, "%s@%s", names[i], text);
    }
    return n;
}

static void drop_word(struct fake_host *h, struct fake_word *gone)
{
    struct fake_word **at = &h->words;
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    free(gone->bytes);
    free(gone);
}

static void drop_rows(struct fake_host *h)
{
    for (size_t i = 0; i < h->rows_count; i++) {
        free(h->rows[i].key);
        free(h->rows[i].doc);
    }
    free(h->rows);
    h->rows = NULL;
    h->rows_count = 0;
}

void fake_net_free(struct fake_net *n)
{
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        while (n->host[i].words != NULL) {
            drop_word(&n->host[i], n->host[i].words);
        }
        drop_rows(&n->host[i]);
    }
    for (size_t i = 0; i < n->log_count; i++) {
        free(n->log[i].bytes);
    }
    free(n->log);
    free(n);
}

/* ---- rows ---- */

void fake_net_put_row(void *context, const struct net_row *row)
{
    struct fake_host *h = context;
    size_t i = 0;
    assert_true(strlen(row->key) <= 200);
    while (i < h->rows_count && strcmp(h->rows[i].key, row->key) != 0) {
        i++;
    }
    if (i == h->rows_count && row->bytes == NULL) {
        return;
    }
    if (i == h->rows_count) {
        h->rows = mem_resize(h->rows, ++h->rows_count, sizeof *h->rows);
        h->rows[i] = (struct fake_row){.key = mem_strdup(row->key)};
    }
    free(h->rows[i].doc);
    h->rows[i].doc = NULL;
    if (row->bytes == NULL) {
        free(h->rows[i].key);
        h->rows[i] = h->rows[--h->rows_count];
        return;
    }
    h->rows[i].doc = mem_alloc(row->len + 1);
    memcpy(h->rows[i].doc, row->bytes, row->len);
    h->rows[i].len = row->len;
}

static void load(struct fake_host *h)
{
    struct net_row *rows = mem_array(h->rows_count + 1, sizeof *rows);
    for (size_t i = 0; i < h->rows_count; i++) {
        rows[i] = (struct net_row){h->rows[i].key, (const uint8_t *)h->rows[i].doc, h->rows[i].len};
    }
    h->machine.load(h->machine.context, rows, h->rows_count);
    free(rows);
}

static void add_row_text(void *context, const struct net_row *row)
{
    strbuf_printf(context, "%s=%.*s\n", row->key, (int)row->len, (const char *)row->bytes);
}

char *fake_net_dump(struct fake_net *n, size_t index)
{
    struct strbuf text = {0};
    n->host[index].machine.dump(n->host[index].machine.context, add_row_text, &text);
    char *out = mem_strdup(strbuf_text(&text));
    strbuf_fini(&text);
    return out;
}

static void check_row(void *context, const struct net_row *row)
{
    struct fake_host *h = context;
    size_t i = 0;
    while (i < h->rows_count && strcmp(h->rows[i].key, row->key) != 0) {
        i++;
    }
    if (i == h->rows_count) {
        fail_msg("%s is not on the disk", row->key);
    }
    if (h->rows[i].len != row->len || memcmp(h->rows[i].doc, row->bytes, row->len) != 0) {
        fail_msg("%s is %.*s, on the disk %s", row->key, (int)row->len, (const char *)row->bytes,
            h->rows[i].doc);
    }
}

static void count_row(void *context, const struct net_row *row)
{
    (void)row;
    (*(size_t *)context)++;
}

void fake_net_check_rows(struct fake_net *n, size_t index)
{
    struct fake_host *h = &n->host[index];
    size_t count = 0;
    h->machine.dump(h->machine.context, check_row, h);
    h->machine.dump(h->machine.context, count_row, &count);
    assert_int_equal(count, h->rows_count);
}

/* ---- words ---- */

static void add_word(struct fake_host *h, bool keep, const void *bytes, size_t len)
{
    struct fake_word *w = mem_alloc(sizeof *w);
    struct fake_word **last = &h->words;
    *w = (struct fake_word){.id = h->next_id++, .keep = keep, .len = len};
    w->bytes = mem_alloc(len + 1);
    memcpy(w->bytes, bytes, len);
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = w;
}

static uint64_t take_word(
    void *context, const char *queue, bool keep, const void *bytes, size_t len, struct err *e)
{
    struct fake_host *h = context;
    assert_string_equal(queue, h->net->queue);
    if (h->next.code != 0) {
        *e = h->next;
        h->next = (struct err){0};
        return 0;
    }
    if (len > 60 << 10) {
        err_set(e, PP_ETOOBIG, "%zu bytes: at most 60 KiB", len);
        return 0;
    }
    add_word(h, keep, bytes, len);
    return h->next_id - 1;
}

static bool may_begin(void *context, const char *queue)
{
    const struct fake_host *h = context;
    (void)queue;
    return h->may_begin;
}

static bool connected(void *context, const char *queue)
{
    const struct fake_host *h = context;
    (void)queue;
    return h->connected;
}

void fake_net_join(struct fake_net *n, size_t index, struct jobs *jobs, const char *name)
{
    struct fake_host *h = &n->host[index];
    struct err e = {0};
    const struct jobs_network network = {
        .submit = take_word, .may_begin = may_begin, .connected = connected, .context = h};
    jobs_set_network(jobs, &network);
    if (jobs_joined(jobs, name, h->printer, &h->machine, &e) != 0) {
        fail_msg("%s", e.text);
    }
    h->jobs = jobs;
    load(h);
    for (struct fake_word *w = h->words; w != NULL; w = w->next) {
        h->machine.pending(h->machine.context, w->id, (const uint8_t *)w->bytes, w->len);
    }
}

void fake_net_leave(struct fake_net *n, size_t index)
{
    struct fake_host *h = &n->host[index];
    for (struct fake_word *w = h->words, *next; w != NULL; w = next) {
        next = w->next;
        if (!w->keep || !w->told) {
            drop_word(h, w);
        }
    }
    jobs_left(h->jobs, n->queue);
    h->jobs = NULL;
}

void fake_net_keep(struct fake_net *n, size_t index)
{
    struct fake_host *h = &n->host[index];
    for (struct fake_word *w = h->words; w != NULL && h->jobs != NULL; w = w->next) {
        if (w->keep && !w->told) {
            w->told = true;
            h->machine.kept(h->machine.context, w->id);
        }
    }
}

static bool is_in_log(const struct fake_net *n, size_t host, uint64_t id)
{
    for (size_t i = 0; i < n->log_count; i++) {
        if (n->log[i].host == host && n->log[i].id == id) {
            return true;
        }
    }
    return false;
}

static void append(struct fake_net *n, size_t host, const struct fake_word *w)
{
    struct fake_entry e = {.host = host,
        .id = w->id,
        .trusted = n->host[host].trusted,
        .utc_ms = n->utc_ms++,
        .bytes = mem_alloc(w->len + 1),
        .len = w->len};
    memcpy(e.bytes, w->bytes, w->len);
    n->log = mem_resize(n->log, n->log_count + 1, sizeof *n->log);
    n->log[n->log_count++] = e;
}

size_t fake_net_commit(struct fake_net *n, size_t index, size_t count)
{
    size_t done = 0;
    for (struct fake_word *w = n->host[index].words; w != NULL && done < count; w = w->next) {
        if (!is_in_log(n, index, w->id)) {
            append(n, index, w);
            done++;
        }
    }
    return done;
}

void fake_net_say(struct fake_net *n, size_t index, const struct queue_command *c)
{
    json_t *doc = queue_command_to_json(c);
    char *text = json_dumps(doc, JSON_COMPACT);
    const struct fake_word w = {.id = 0, .bytes = text, .len = strlen(text)};
    append(n, index, &w);
    free(text);
    json_decref(doc);
}

void fake_net_repeat(struct fake_net *n, size_t index)
{
    if (n->host[index].words != NULL) {
        append(n, index, n->host[index].words);
    }
}

void fake_net_refuse(struct fake_net *n, size_t index, int code, const char *text)
{
    struct fake_host *h = &n->host[index];
    struct err e = {0};
    uint64_t id = h->words->id;
    err_set(&e, code, "%s", text);
    drop_word(h, h->words);
    h->machine.refused(h->machine.context, id, &e);
}

static struct fake_word *word_of(const struct fake_host *h, uint64_t id)
{
    struct fake_word *w = h->words;
    while (w != NULL && w->id != id) {
        w = w->next;
    }
    return w;
}

size_t fake_net_deliver(struct fake_net *n, size_t index, size_t count)
{
    struct fake_host *h = &n->host[index];
    size_t done = 0;
    for (; h->jobs != NULL && done < count && h->applied < n->log_count; done++) {
        const struct fake_entry *from = &n->log[h->applied++];
        struct fake_word *w = from->host == index ? word_of(h, from->id) : NULL;
        const struct net_entry entry = {.index = h->applied,
            .utc_ms = from->utc_ms,
            .origin = n->host[from->host].peer,
            .trusted = from->trusted,
            .own = w != NULL ? w->id : 0,
            .bytes = (const uint8_t *)from->bytes,
            .len = from->len};
        h->machine.apply(h->machine.context, &entry, fake_net_put_row, h);
        if (w != NULL) {
            drop_word(h, w);
        }
    }
    return done;
}

void fake_net_settle(struct fake_net *n)
{
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        fake_net_keep(n, i);
        if (n->host[i].jobs != NULL && n->host[i].connected) {
            fake_net_commit(n, i, SIZE_MAX);
        }
    }
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        fake_net_deliver(n, i, n->host[i].connected ? SIZE_MAX : 0);
    }
}

/* ---- another group ---- */

static void carry(void *context, const uint8_t *bytes, size_t len)
{
    add_word(context, true, bytes, len);
}

void fake_net_take_over(struct fake_net *n, size_t index, const struct fake_host *from)
{
    struct fake_host *h = &n->host[index];
    h->machine.carry_over(h->machine.context, carry, h);
    drop_rows(h);
    for (size_t i = 0; i < from->rows_count; i++) {
        const struct net_row row = {
            from->rows[i].key, (const uint8_t *)from->rows[i].doc, from->rows[i].len};
        fake_net_put_row(h, &row);
    }
    load(h);
}
