// link: ppapp
// with: one_net
/* What hosts of a queue tell and ask a host that votes in it, beyond the log: presence, census,
 * requests, in any order, while hosts come and go and it asks something itself.
 *
 * The input is a row of records: what happens (its low bits) and who does it (its high ones; 3 is a
 * voter), two bytes of length, the message. 32 times "S" in a message stands for the host's own
 * key. Every request of its own is answered once; what is shown of a host is text that a terminal
 * bears.
 */
#include "host/app/network/network_told.h"
#include "net/net_priv.h"
#include "tests/lib/one_net.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ASKS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum what {
    PRESENCE,
    CENSUS,
    ASK,
    UP,
    DOWN,
    OWN_ASK,
    TICK,
    ANSWERS
};

struct own_ask {
    int answered;
};

static uv_loop_t loop;
static struct one_net host;
static struct own_ask asks[ASKS_MAX];
static size_t asks_count;

static void remove_folder(void)
{
    tempdir_remove(host.dir);
}

static void wake(uv_timer_t *timer)
{
    (void)timer;
}

static struct net_queue *queue(void)
{
    return net_queue_find(host.net, "open");
}

/* Until it leads, and so votes. */
static void begin(void)
{
    uv_timer_t again;
    assert(sodium_init() >= 0);
    uv_loop_init(&loop);
    one_net_open(&host, &loop, "first", "", NULL);
    atexit(remove_folder);
    uv_timer_init(&loop, &again);
    uv_timer_start(&again, wake, 10, 10);
    while (!one_net_status(&host).connected) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&again, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static struct peer who(unsigned number)
{
    struct peer p = queue()->id->peer;
    if (number < 3) {
        memset(p.key, (int)('a' + number), sizeof p.key);
    }
    return p;
}

static void name_ourselves(uint8_t *bytes, size_t len)
{
    static const char place[] = "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS";
    const struct peer *self = &queue()->id->peer;
    for (size_t i = 0; i + sizeof self->key <= len; i++) {
        if (memcmp(bytes + i, place, sizeof self->key) == 0) {
            memcpy(bytes + i, self->key, sizeof self->key);
        }
    }
}

static void on_answer(void *context, const struct err *e, const uint8_t *bytes, size_t len)
{
    struct own_ask *a = context;
    assert(e != NULL || bytes != NULL || len == 0);
    a->answered++;
    assert(a->answered == 1);
}

static void ask_something(const struct peer *to)
{
    if (asks_count < ASKS_MAX) {
        struct own_ask *a = &asks[asks_count++];
        a->answered = 0;
        net_ask(host.net, "open", to, "x", 1, 1000, on_answer, a);
        /* As if it had gone on its way. */
        host.net->asks->until_ms = UINT64_MAX;
    }
}

static void step(uint8_t first, uint8_t *bytes, size_t len)
{
    struct net_queue *q = queue();
    const struct peer p = who(first >> 6);
    switch ((enum what)(first & 7)) {
    case PRESENCE:
        net_presence_received(q, &p, bytes, len);
        break;
    case CENSUS:
        net_census_received(q, &p, bytes, len);
        q->passed_ms = q->counted_ms = 0;
        break;
    case ASK:
        net_ask_received(q, &p, bytes, len);
        break;
    case UP:
        if (first >> 6 != 3) {
            net_member_up(q, &p, bytes, len);
        }
        break;
    case DOWN:
        net_member_down(q, &p);
        break;
    case OWN_ASK:
        ask_something(&p);
        break;
    case TICK:
        net_peers_tick(q);
        net_asks_tick(host.net);
        break;
    case ANSWERS:
        host.answers = !host.answers;
        break;
    }
}

static void check_shown(const struct net_peer *p)
{
    json_t *told = network_told(p->presence, p->presence_len);
    char *text = json_dumps(told, JSON_COMPACT);
    assert(text != NULL && strlen(p->name) < sizeof p->name && p->silent_ms >= 0);
    for (const char *at = text; *at != '\0'; at++) {
        assert((unsigned char)*at >= ' ' && *at != 0x7f);
    }
    free(text);
    json_decref(told);
}

static void judge(void)
{
    struct net_peer p;
    size_t serving = 0;
    struct net_queue_status s = one_net_status(&host);
    assert(s.peers_low <= s.peers && s.peers <= s.peers_high);
    for (size_t i = 0; net_peer_at(host.net, "open", i, &p); i++) {
        check_shown(&p);
    }
    for (const struct ask *a = host.net->asks; a != NULL; a = a->next) {
        serving++;
    }
    assert(serving <= 512 + ASKS_MAX);
}

/* All that was left behind goes; each of its requests has its answer. */
static void clean(void)
{
    struct net_queue *q = queue();
    net_asks_drop(host.net, NULL);
    assert(host.net->asks == NULL);
    for (size_t i = 0; i < asks_count; i++) {
        assert(asks[i].answered == 1);
    }
    asks_count = 0;
    net_members_free(q);
    q->told = (struct census_result){.peers = 0};
    q->polled = 0;
    host.answers = false;
    uv_run(&loop, UV_RUN_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (host.net == NULL) {
        begin();
    }
    for (size_t at = 0; at + 3 <= size;) {
        size_t len = (size_t)(data[at + 1] << 8 | data[at + 2]);
        uint8_t first = data[at];
        at += 3;
        len = len < size - at ? len : size - at;
        uint8_t *bytes = malloc(len + 1); /* its end is a border */
        memcpy(bytes, data + at, len);
        name_ourselves(bytes, len);
        bytes = realloc(bytes, len > 0 ? len : 1);
        step(first, bytes, len);
        free(bytes);
        at += len;
    }
    judge();
    clean();
    return 0;
}
