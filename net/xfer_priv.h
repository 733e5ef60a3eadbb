/* Inside the exchange of content. Included by net/xfer*.c only.
 *
 *     xfer.c         peers, ids of the store's calls, who is to be told
 *     xfer_message.c what peers say
 *     xfer_fetch.c   a fetch: its life, its turn
 *     xfer_look.c    its holders, and looking for them
 *     xfer_list.c    its list of hashes: who agrees, what follows when it was wrong
 *     xfer_chunk.c   its chunks: asked for, checked, written
 *     xfer_serve.c   chunks for others
 *     xfer_hashes.c  the lists of what we hold
 *     xfer_offer.c   offers, ours and others'
 *     xfer_known.c   who holds what, and whose bytes were wrong
 *     xfer_wire.c    the messages
 *
 * Every public call that has a time ends in xfer_pump(), which does what is due; only there anybody
 * outside is called back, and last.
 */
#ifndef PP_NET_XFER_PRIV_H
#define PP_NET_XFER_PRIV_H

#include "net/wire.h"
#include "net/xfer.h"

#define XFER_SHA           32 /* of the content */
#define XFER_TEXT          65
#define XFER_HASH          32 /* of a chunk */
#define XFER_QUEUES_MAX    64
#define XFER_ACTIVE_MAX    4
#define XFER_FETCHES_MAX   1024
#define XFER_OFFERED_MAX   64 /* fetches that peers asked for */
#define XFER_OFFERERS_MAX  8
#define XFER_HOLDERS_MAX   32
#define XFER_HOLDERS_FEW   8 /* fewer: more are looked for */
#define XFER_WINDOW        4
#define XFER_ON_WAY_MAX    16
#define XFER_HASHES_MAX    1024 /* in a message */
#define XFER_HASHES_LEAST  4    /* worth a message, unless they are the last */
#define XFER_OFFERS_MAX    1024
#define XFER_CANDIDATES    32
#define XFER_SEARCH_MS     10000
#define XFER_SEARCH_AGAIN  30000
#define XFER_STALL_MS      10000
#define XFER_LOST_AFTER_MS 600000 /* what nobody waits for and nobody holds */
#define XFER_NEVER         UINT64_MAX

enum xfer_type {
    SAY_WHO = 1, /* sha */
    SAY_HOLD,    /* sha, u64 size: I hold it */
    SAY_NO,      /* sha: I do not (any more) */
    SAY_LIST,    /* sha, u32 first: hashes from there on */
    SAY_HASHES,  /* sha, u32 first, hashes */
    SAY_GET,     /* sha, u32 index */
    SAY_CHUNK,   /* sha, u32 index, bytes */
    SAY_FORGET,  /* sha, u32 index: not needed any more */
    SAY_GOT,     /* u32: chunks taken from you since we are linked */
    SAY_OFFER,   /* sha, u64 size: please hold it too */
    SAY_TAKE,    /* sha: I shall */
    SAY_REFUSE   /* sha, text: I do not */
};

/* Somebody who is there, in one queue. */
struct xpeer {
    struct peer peer;
    int queue;
    unsigned asked;     /* chunks we wait for, of all fetches */
    uint32_t received;  /* chunks, to tell it */
    uint32_t sent, got; /* chunks it was sent, and has told to have */
    unsigned reading;   /* chunks being read for it */
    unsigned waiting;   /* what it has asked for otherwise */
    uint64_t full_ms;   /* its link was full: not before */
    bool dropped;       /* its link is about to go: nothing of it counts */
};

enum holder_state {
    HOLDER_AGREES, /* with the list as far as it told */
    HOLDER_ASIDE   /* has another list or size */
};

struct holder {
    struct xpeer *peer;
    enum holder_state state;
    int64_t size_bytes;
    uint32_t agreed; /* chunks of the list */
    bool list_asked;
    uint64_t list_ms; /* when */
    unsigned asked;   /* chunks of this fetch on the way */
    unsigned strikes;
    uint64_t heard_ms; /* the last chunk, or when we began to wait for one */
    uint64_t rest_ms;  /* not asked before */
    uint32_t chunk_ms; /* smoothed; 0 = none came yet */
};

enum chunk_state {
    CHUNK_MISSING,
    CHUNK_ASKED,
    CHUNK_WRITING,
    CHUNK_HAVE
};

struct ask {
    struct xpeer *peer;
    uint32_t index;
    uint64_t asked_ms;
};

struct waiter {
    struct waiter *next;
    uint64_t id;
    xfer_cb done; /* NULL: was told that nobody has it, and waits on */
    void *context;
};

/* Wanted content. */
struct fetch {
    struct fetch *next;
    char sha256[XFER_TEXT];
    uint8_t sha[XFER_SHA];
    uint64_t queues;     /* where to ask: a bit for each */
    int64_t wanted_size; /* -1 = whatever it is */
    struct waiter *waiters;
    struct xpeer *offerers[XFER_OFFERERS_MAX];
    size_t offerers_count;
    bool ending;    /* nobody wants it: gone when the store has let go */
    bool active;    /* one of those whose chunks are on the way */
    bool begun;     /* with the store: size, list and chunks below are there */
    bool resumed;   /* some chunks are from before */
    bool finishing; /* the store hashes the whole */

    struct holder holders[XFER_HOLDERS_MAX];
    size_t holders_count;
    bool wrong;            /* somebody's bytes were not it */
    uint64_t searching_ms; /* nobody holds it since; NEVER: somebody does */
    uint64_t look_ms;      /* when to ask more peers */
    size_t look_at;        /* the next of the peers */

    int64_t size_bytes;
    uint32_t count;
    uint8_t *list;         /* owned; count hashes */
    uint32_t from, listed; /* those from..listed are there */
    uint64_t stalled_ms;   /* none of those who agree answers since; 0 = they do */
    uint8_t *chunk;        /* owned; enum chunk_state */
    uint32_t first;        /* no chunk before it is missing */
    uint32_t have;
    size_t writing;
    struct ask asks[XFER_ON_WAY_MAX];
    size_t asks_count;

    uint64_t rate_ms; /* begin of the window that is measured */
    int64_t rate_bytes, rate_bytes_s;
};

/* The hashes of content we hold. */
struct listing {
    struct listing *next;
    char sha256[XFER_TEXT];
    int64_t size_bytes;
    uint32_t count;
    uint32_t from, to; /* being made */
    unsigned reading;
    bool gone; /* could not be read: freed when no read is out */
    uint64_t used;
    uint8_t *hashes; /* owned */
    uint8_t *state;  /* owned; of each: 0, being read, there */
};

/* Somebody waits for a part of a list, or for a chunk. */
struct request {
    struct request *next;
    struct xpeer *peer;
    uint8_t sha[XFER_SHA];
    char sha256[XFER_TEXT];
    uint32_t index;
    bool forgotten;
};

/* A call of the store that has not answered. */
enum op_kind {
    OP_SERVE,
    OP_HASH,
    OP_WRITE,
    OP_FINISH
};

struct op {
    struct op *next;
    uint64_t id;
    enum op_kind kind;
    struct request *request; /* OP_SERVE: owned; its peer NULL when that has gone */
    struct listing *listing; /* OP_HASH */
    struct fetch *fetch;     /* OP_WRITE, OP_FINISH */
    uint32_t index;
};

enum candidate_state {
    CANDIDATE_ASKED,
    CANDIDATE_TAKES,
    CANDIDATE_REFUSED,
    CANDIDATE_HOLDS
};

struct candidate {
    struct xpeer *peer;
    enum candidate_state state;
    uint64_t until_ms; /* asked, takes: given up then; refused: asked again */
};

struct offer {
    struct offer *next;
    uint64_t id;
    int queue;
    char sha256[XFER_TEXT];
    uint8_t sha[XFER_SHA];
    int64_t size_bytes;
    size_t replicas;
    uint64_t until_ms;
    struct candidate candidates[XFER_CANDIDATES];
    size_t count;
    size_t look_at;
    char why[200]; /* the last refusal */
    xfer_offer_cb done;
    void *context;
};

/* Somebody outside is to be called. */
struct ready {
    struct ready *next;
    xfer_cb fetched; /* one of both */
    xfer_offer_cb offered;
    void *context;
    struct err err; /* code 0: none */
    size_t holders;
};

struct drop {
    struct drop *next;
    struct peer peer;
    char why[120];
};

#define XFER_KNOWN_MAX       256
#define XFER_KNOWN_PEERS_MAX 32
struct known {
    uint8_t sha[XFER_SHA];
    struct xpeer *peers[XFER_KNOWN_PEERS_MAX];
    size_t count;
    uint64_t used; /* 0 = free */
};

#define XFER_WRONG_MAX 64
struct wrong {
    uint8_t sha[XFER_SHA];
    struct peer peer;
};

struct xfer {
    struct xfer_store store;
    struct xfer_io io;
    uint64_t next_id;
    uint64_t now_ms;      /* of the last pump */
    bool due;             /* something is to be done at once */
    uint64_t used;        /* counts up: what was used last */
    struct xpeer **peers; /* owned, by queue and key */
    size_t peers_count, peers_cap;
    struct fetch *fetches; /* the oldest first */
    size_t fetches_count;
    size_t active;
    size_t on_way; /* chunks asked for and being written, of all fetches */
    struct op *ops;
    struct listing *listings;
    struct request *list_requests;
    size_t list_requests_count;
    struct request *gets; /* the oldest first */
    size_t gets_count;
    size_t reads;    /* chunks being read for others */
    size_t in_links; /* chunks sent that nobody has told to have */
    struct offer *offers;
    size_t offers_count;
    struct known known[XFER_KNOWN_MAX];
    struct wrong wrong[XFER_WRONG_MAX];
    size_t wrong_next;
    struct ready *ready, **ready_last;
    struct drop *drops;
    struct strbuf out; /* a message is made here */
};

/* ---- xfer.c: peers, the store's calls, callbacks */

struct xpeer *xfer_peer_find(const struct xfer *x, int queue, const struct peer *p);
/* The first of the peers that is in this queue or a later one. */
size_t xfer_peer_first(const struct xfer *x, int queue);
uint64_t xfer_op(struct xfer *x, struct op o);
void xfer_ready(struct xfer *x, xfer_cb done, void *context, const struct err *e);
void xfer_ready_offer(
    struct xfer *x, xfer_offer_cb done, void *context, const struct err *e, size_t holders);
/* It lies, or does not speak as we do; its link goes when this call is done. */
void xfer_drop(struct xfer *x, struct xpeer *p, const char *why);
void xfer_pump(struct xfer *x, uint64_t now_ms);
bool xfer_sha_parse(const char *text, uint8_t out[static XFER_SHA]);
void xfer_sha_format(const uint8_t sha[static XFER_SHA], char out[static XFER_TEXT]);
uint32_t xfer_count(int64_t size_bytes); /* chunks */
size_t xfer_chunk_len(int64_t size_bytes, uint32_t index);
/* The earlier of *next and a time that is still to come: what is past has been done, as far as it
 * could be. */
void xfer_sooner(const struct xfer *x, uint64_t *next, uint64_t ms);

/* ---- xfer_message.c */

void message_take(struct xfer *x, uint64_t now_ms, struct xpeer *p, struct wire_in *in);

/* ---- xfer_wire.c: false when the link takes no more */

bool xfer_say(struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha);
bool xfer_say_size(struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha,
    int64_t size_bytes);
bool xfer_say_index(struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha,
    uint32_t index);
bool xfer_say_bytes(struct xfer *x, const struct xpeer *to, enum xfer_type type, const uint8_t *sha,
    uint32_t index, const uint8_t *bytes, size_t len);
bool xfer_say_got(struct xfer *x, const struct xpeer *to, uint32_t count);
bool xfer_say_refuse(struct xfer *x, const struct xpeer *to, const uint8_t *sha, const char *why);

/* ---- xfer_fetch.c */

struct fetch *fetch_find(const struct xfer *x, const uint8_t *sha);
/* NULL and *e when there are too many, or the size cannot be. */
struct fetch *fetch_get(struct xfer *x, uint64_t now_ms, int queue, const uint8_t *sha,
    int64_t size_bytes, struct err *e);
void fetch_free(struct fetch *f);
/* Everybody who waits is told: e NULL, it is here. */
void fetch_end(struct xfer *x, struct fetch *f, const struct err *e);
void fetch_step(struct xfer *x, uint64_t now_ms);
void fetch_next(const struct xfer *x, const struct fetch *f, uint64_t *next);
void fetch_finished(struct xfer *x, uint64_t now_ms, struct fetch *f, const struct err *e);

/* ---- xfer_look.c */

struct holder *fetch_holder(struct fetch *f, const struct xpeer *p);
void fetch_on_hold(struct xfer *x, uint64_t now_ms, struct fetch *f, struct xpeer *p, int64_t size);
/* The holder is none any more; its chunks are asked for elsewhere. */
void fetch_lose(struct xfer *x, uint64_t now_ms, struct fetch *f, const struct xpeer *p);
void fetch_forget_peer(struct xfer *x, uint64_t now_ms, struct fetch *f, const struct xpeer *p);
void fetch_rest(struct holder *h, uint64_t now_ms); /* it did not answer */
bool look_wants(const struct fetch *f);
void look_step(struct xfer *x, uint64_t now_ms, struct fetch *f);

/* ---- xfer_list.c */

/* `have`: a byte for each chunk that is there; NULL = none. */
void list_begin(struct fetch *f, int64_t size_bytes, const uint8_t *have);
void list_ask(struct xfer *x, uint64_t now_ms, struct fetch *f);
void list_take(struct xfer *x, uint64_t now_ms, struct fetch *f, struct holder *h, uint32_t first,
    const uint8_t *hashes, size_t n);
/* The whole was wrong, or those who agree on the list do not answer: begins anew with the others.
 */
void list_restart(struct xfer *x, uint64_t now_ms, struct fetch *f, bool was_wrong);
void list_next(const struct xfer *x, const struct fetch *f, uint64_t *next);

/* ---- xfer_chunk.c */

void chunk_step(struct xfer *x, uint64_t now_ms, struct fetch *f);
void chunk_take(struct xfer *x, uint64_t now_ms, struct xpeer *from, const uint8_t *sha,
    uint32_t index, const uint8_t *bytes, size_t len);
void chunk_written(
    struct xfer *x, uint64_t now_ms, struct fetch *f, uint32_t index, const struct err *e);
void chunk_release(struct xfer *x, struct fetch *f, const struct xpeer *p); /* NULL: of all */
void chunk_next(const struct xfer *x, const struct fetch *f, uint64_t *next);

/* ---- xfer_serve.c, xfer_hashes.c */

void serve_get(struct xfer *x, struct xpeer *from, const uint8_t *sha, uint32_t index);
void serve_forget(struct xfer *x, const struct xpeer *from, const uint8_t *sha, uint32_t index);
void serve_got(struct xfer *x, struct xpeer *from, uint32_t count);
void serve_forget_peer(struct xfer *x, struct xpeer *p);
void serve_step(struct xfer *x, uint64_t now_ms);
void serve_read(struct xfer *x, uint64_t now_ms, struct request *r, const uint8_t *bytes,
    size_t len, const struct err *e);
void serve_next(const struct xfer *x, uint64_t *next);
void serve_free(struct xfer *x);

void hashes_ask(struct xfer *x, struct xpeer *from, const uint8_t *sha, uint32_t first);
void hashes_read(struct xfer *x, struct listing *l, uint32_t index, const uint8_t *bytes,
    size_t len, const struct err *e);
void hashes_forget_peer(struct xfer *x, struct xpeer *p);
void hashes_step(struct xfer *x);
void hashes_free(struct xfer *x);

/* ---- xfer_offer.c */

void offer_take(
    struct xfer *x, uint64_t now_ms, struct xpeer *from, const uint8_t *sha, int64_t size_bytes);
void offer_on_hold(struct xfer *x, const struct xpeer *from, const uint8_t *sha);
void offer_on_take(struct xfer *x, uint64_t now_ms, const struct xpeer *from, const uint8_t *sha);
void offer_on_refuse(
    struct xfer *x, uint64_t now_ms, const struct xpeer *from, const uint8_t *sha, const char *why);
void offer_on_get(struct xfer *x, uint64_t now_ms, const struct xpeer *from, const uint8_t *sha);
void offer_forget_peer(struct xfer *x, const struct xpeer *p);
void offer_step(struct xfer *x, uint64_t now_ms);
void offer_next(const struct xfer *x, uint64_t *next);
void offer_free(struct xfer *x);

/* ---- xfer_known.c */

void known_add(struct xfer *x, struct xpeer *p, const uint8_t *sha);
void known_remove(struct xfer *x, const struct xpeer *p, const uint8_t *sha);
bool known_has(const struct xfer *x, const struct xpeer *p, const uint8_t *sha);
size_t known_count(const struct xfer *x, int queue, const uint8_t *sha);
void known_forget_peer(struct xfer *x, const struct xpeer *p);
void wrong_add(struct xfer *x, const struct peer *p, const uint8_t *sha);
bool wrong_has(const struct xfer *x, const struct peer *p, const uint8_t *sha);

#endif
