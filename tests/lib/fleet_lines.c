/* The built-in machine of a fleet. */
#include "tests/lib/fleet_lines.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ at[i]) * 0x100000001b3;
    }
    return h;
}

static bool has(const struct fleet_lines *l, const uint8_t *bytes, size_t len)
{
    uint64_t h = hash(bytes, len);
    for (size_t i = 0; i < l->count; i++) {
        if (l->hashes[i] == h) {
            return true;
        }
    }
    return false;
}

static void add(struct fleet_lines *l, const uint8_t *bytes, size_t len)
{
    if ((l->count & (l->count - 1)) == 0) {
        size_t cap = l->count == 0 ? 1 : l->count * 2;
        l->at = mem_resize(l->at, cap, sizeof(*l->at));
        l->hashes = mem_resize(l->hashes, cap, sizeof(*l->hashes));
    }
    l->hashes[l->count] = hash(bytes, len);
    l->at[l->count++] = mem_printf("%.*s", (int)len, (const char *)bytes);
}

void fleet_lines_clear(struct fleet_lines *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->at[i]);
    }
    free(l->at);
    free(l->hashes);
    *l = (struct fleet_lines){0};
}

static void report(const struct fleet_lines *l, size_t i, net_row_cb row, void *context)
{
    char key[32];
    snprintf(key, sizeof key, "s/%08zu", i + 1);
    row(context, &(struct net_row){key, (const uint8_t *)l->at[i], strlen(l->at[i])});
}

static void on_apply(
    void *context, const struct net_entry *entry, net_row_cb row, void *row_context)
{
    struct fleet_lines *l = context;
    l->own += entry->own != 0;
    if (!has(l, entry->bytes, entry->len)) {
        add(l, entry->bytes, entry->len);
        report(l, l->count - 1, row, row_context);
    }
}

static void on_dump(void *context, net_row_cb row, void *row_context)
{
    struct fleet_lines *l = context;
    for (size_t i = 0; i < l->count; i++) {
        report(l, i, row, row_context);
    }
}

static int by_key(const void *a, const void *b)
{
    const struct net_row *x = a;
    const struct net_row *y = b;
    return strcmp(x->key, y->key);
}

static void on_load(void *context, const struct net_row *rows, size_t n)
{
    struct fleet_lines *l = context;
    struct fleet_lines now = {.host = l->host,
        .kept = l->kept,
        .refused = l->refused,
        .own = l->own,
        .loads = l->loads + 1};
    struct net_row *sorted = mem_array(n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = rows[i];
    }
    qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 0; i < n; i++) {
        add(&now, sorted[i].bytes, sorted[i].len);
    }
    free(sorted);
    fleet_lines_clear(l);
    *l = now;
}

static void on_pending(void *context, uint64_t id, const uint8_t *bytes, size_t len)
{
    (void)context;
    (void)id;
    (void)bytes;
    (void)len;
}

static void on_kept(void *context, uint64_t id)
{
    struct fleet_lines *l = context;
    (void)id;
    l->kept++;
}

static void on_refused(void *context, uint64_t id, const struct err *e)
{
    struct fleet_lines *l = context;
    (void)id;
    (void)e;
    l->refused++;
}

static void on_carry_over(
    void *context, void (*submit)(void *c, const uint8_t *bytes, size_t len), void *c)
{
    struct fleet_lines *l = context;
    char mine[16];
    int len = snprintf(mine, sizeof mine, "h%u ", l->host);
    for (size_t i = 0; i < l->count; i++) {
        if (strncmp(l->at[i], mine, (size_t)len) == 0) {
            submit(c, (const uint8_t *)l->at[i], strlen(l->at[i]));
        }
    }
}

static void on_changed(void *context)
{
    (void)context;
}

void fleet_lines_machine(struct fleet_lines *l, unsigned host, struct net_machine *out)
{
    fleet_lines_clear(l);
    l->host = host;
    *out = (struct net_machine){
        on_apply, on_dump, on_load, on_pending, on_kept, on_refused, on_carry_over, on_changed, l};
}
