#include "host/api/limit.h"

#include <stdio.h>
#include <string.h>

static bool is_current(const struct limit_client *c, const char *address, uint64_t now_ms)
{
    return strcmp(c->address, address) == 0 && now_ms - c->since_ms < LIMIT_WINDOW_MS;
}

unsigned limit_fail(struct limit *l, const char *address, uint64_t now_ms)
{
    struct limit_client *oldest = &l->client[0];
    for (struct limit_client *c = l->client; c < l->client + LIMIT_CLIENTS; c++) {
        if (is_current(c, address, now_ms)) {
            return ++c->failures;
        }
        if (c->since_ms < oldest->since_ms || strcmp(c->address, address) == 0) {
            oldest = c;
        }
    }
    *oldest = (struct limit_client){.failures = 1, .since_ms = now_ms};
    snprintf(oldest->address, sizeof oldest->address, "%s", address);
    return 1;
}

bool limit_is_spent(const struct limit *l, const char *address, uint64_t now_ms)
{
    for (const struct limit_client *c = l->client; c < l->client + LIMIT_CLIENTS; c++) {
        if (is_current(c, address, now_ms)) {
            return c->failures >= LIMIT_FAILURES;
        }
    }
    return false;
}
