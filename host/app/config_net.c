/* What the configuration says of other hosts: `net:` and `queues:`. */
#include "host/app/config_file.h"
#include "host/core/queue.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a)  (sizeof(a) / sizeof *(a))
#define MINUTE_MS 60e3
#define HOUR_MS   3600e3

int config_check_queue_name(const char *text, struct err *e)
{
    if (strcmp(text, "local") == 0 || strcmp(text, "archive") == 0) {
        return err_set(e, PP_EINVAL, "is reserved: choose another name");
    }
    return 0;
}

#define NET(member) offsetof(struct config_file_net, member)

static const struct yaml_field net_fields[] = {
    {.key = "enabled", .kind = YAML_BOOL, .offset = NET(enabled)},
    {.key = "listen", .kind = YAML_STRING, .offset = NET(listen), .size = 64},
    {.key = "phrase", .kind = YAML_STRING, .offset = NET(phrase), .size = 129},
    {.key = "gateways", .kind = YAML_STRINGS, .offset = NET(gateways), .size = CONFIG_NET_WORDS},
    {.key = "dht_nodes", .kind = YAML_STRINGS, .offset = NET(dht_nodes), .size = CONFIG_NET_WORDS},
    {.key = "nameserver", .kind = YAML_STRING, .offset = NET(nameserver), .size = 64},
    {.key = "dht_local", .kind = YAML_BOOL, .offset = NET(dht_local)},
    {.key = "map_ports", .kind = YAML_BOOL, .offset = NET(map_ports)},
    {.key = "announce", .kind = YAML_BOOL, .offset = NET(announce)},
    {.key = "cache_limit",
        .kind = YAML_SIZE,
        .offset = NET(cache_bytes),
        .min = 100 << 20,
        .max = 1024.0 * (1 << 30)},
    {.key = "registry_period",
        .kind = YAML_DURATION,
        .offset = NET(registry_period_ms),
        .min = 5e3,
        .max = 24 * HOUR_MS},
};

const struct yaml_table config_net_table = {.fields = net_fields, .count = COUNT(net_fields)};

static const struct yaml_word kind_words[] = {{"lan", 0}, {"wan", 1}, {NULL, 0}};
static const struct yaml_word strategy_words[] = {{"in-order", QUEUE_IN_ORDER},
    {"least-changes", QUEUE_LEAST_CHANGES}, {"oldest-first", QUEUE_OLDEST_FIRST}, {NULL, 0}};
static const struct yaml_word control_words[] = {{"keyed", 0}, {"yes", 1}, {"no", 2}, {NULL, 0}};
static const struct yaml_word accept_words[] = {
    {"all", 1}, {"trusted", 2}, {"model", 3}, {NULL, 0}};

#define SHARED(member) offsetof(struct config_file_shared, member)

static const struct yaml_field shared_fields[] = {
    {.key = "kind", .kind = YAML_CHOICE, .offset = SHARED(wan), .words = kind_words},
    {.key = "enabled", .kind = YAML_BOOL, .offset = SHARED(enabled)},
    {.key = "namespace",
        .kind = YAML_STRING,
        .offset = SHARED(namespace),
        .size = 64,
        .check = config_check_queue_name},
    {.key = "key", .kind = YAML_STRING, .offset = SHARED(key), .size = 129},
    {.key = "address", .kind = YAML_STRING, .offset = SHARED(address), .size = 64},
    {.key = "registry", .kind = YAML_STRING, .offset = SHARED(registry), .size = 512},
    {.key = "identity", .kind = YAML_STRING, .offset = SHARED(identity), .size = 256},
    {.key = "strategy", .kind = YAML_CHOICE, .offset = SHARED(strategy), .words = strategy_words},
    {.key = "share", .kind = YAML_BOOL, .offset = SHARED(share)},
    {.key = "control", .kind = YAML_CHOICE, .offset = SHARED(control), .words = control_words},
    {.key = "accept", .kind = YAML_CHOICE, .offset = SHARED(accept), .words = accept_words},
    {.key = "replicas", .kind = YAML_INT, .offset = SHARED(replicas), .min = 1, .max = 10},
    {.key = "claim_timeout",
        .kind = YAML_DURATION,
        .offset = SHARED(claim_timeout_ms),
        .min = 2 * MINUTE_MS,
        .max = 24 * HOUR_MS},
};

static void init_shared(void *item)
{
    struct config_file_shared *q = item;
    q->enabled = true;
    strcpy(q->address, "auto");
    q->replicas = 2;
    q->claim_timeout_ms = (int64_t)(15 * MINUTE_MS);
}

const struct yaml_table config_shared_table = {
    .fields = shared_fields,
    .count = COUNT(shared_fields),
    .size = sizeof(struct config_file_shared),
    .init = init_shared,
};
