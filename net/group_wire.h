/* What hosts of one queue say to each other, as bytes: a kind, then its fields (net/wire.h).
 *
 *   HELLO     at the beginning of a link and when it has changed: epoch, role, how far, who leads
 *   RECALL    answer to a HELLO that asks: what is remembered of the other's raft id
 *   ENGINE    between members: bytes of the replica, with the sender's durable position
 *   FOLLOW    a client wants the entries behind (epoch, index), or a dump
 *   ENTRIES   applied entries in order; without any: a word that all is well
 *   DUMP      a piece of all rows; the last one says so
 *   FOLLOWED  so many ENTRIES and DUMPs have arrived: room for more
 *   NOFOLLOW  ask somebody else
 *   SUBMIT    a command on its way to the leader
 *   REMOVED   the configuration at that index is committed and knows the receiver's id no more
 *
 * Reading validates everything but meaning: sizes, counts, enums, texts. Nothing is copied:
 * pointers lead into the message.
 */
#ifndef PP_NET_GROUP_WIRE_H
#define PP_NET_GROUP_WIRE_H

#include "net/group.h"
#include "net/wire.h"

#define GROUP_WIRE_VERSION 1
#define GROUP_KEY_MAX      200         /* of a row */
#define GROUP_PIECE        (128 << 10) /* ENTRIES and DUMP are cut about here */
#define GROUP_ENVELOPE     64          /* what an entry needs besides the command, at most */
#define GROUP_DUMP_MAX     (256 << 20) /* bytes of rows a host takes from another */
#define GROUP_DUMP_ROWS    (1 << 20)

enum group_kind {
    GROUP_HELLO = 1,
    GROUP_RECALL,
    GROUP_ENGINE,
    GROUP_FOLLOW,
    GROUP_ENTRIES,
    GROUP_DUMP,
    GROUP_FOLLOWED,
    GROUP_NOFOLLOW,
    GROUP_SUBMIT,
    GROUP_REMOVED,
};

/* Where a member's disk is: its term, and its last entry if that is of this term (else 0), so that
 * the pair never goes back while the disk forgets nothing. */
struct group_mark {
    uint64_t term, index;
};

struct group_hello {
    bool ask; /* a RECALL is wanted */
    bool leaving;
    bool full; /* its disk */
    bool has_leader;
    enum group_role role;
    struct group_epoch epoch;
    struct group_epoch joining; /* zeroes: none; the group it is about to change to */
    uint64_t incarnation;
    uint64_t applied, applied_term;
    uint64_t last, last_term; /* of its log; a client: as applied */
    uint32_t voters;          /* of the configuration it knows */
    struct peer leader;
    uint64_t up_ms; /* how long it has been there */
};

struct group_recall {
    uint64_t id;
    struct group_mark mark; /* zeroes: nothing */
};

struct group_engine {
    struct group_epoch epoch;
    struct group_mark mark;
    const uint8_t *bytes;
    size_t len;
};

struct group_follow {
    struct group_epoch epoch;
    uint32_t serial; /* which of the sender's requests; answers repeat it */
    bool stop;
    uint64_t index, term; /* applied so far; 0 = a dump is wanted */
};

/* ENTRIES and DUMP begin so. */
struct group_feed {
    struct group_epoch epoch;
    uint32_t serial;
    bool has_leader;
    struct peer leader;
    uint64_t commit; /* as far as the sender has applied */
};

struct group_entries {
    struct group_feed feed;
    size_t count;
    struct wire_in in; /* the entries; group_wire_entry() takes one after the other */
};

struct group_dump {
    struct group_feed feed;
    uint32_t piece; /* from 0 */
    bool last;
    uint64_t index, term; /* what the rows are the state after */
    int64_t utc_ms;
    struct replica_conf conf;
    struct wire_in in; /* the rows; group_wire_row() */
};

struct group_followed {
    uint32_t serial;
    uint64_t count;
};

struct group_submitted {
    struct group_epoch epoch;
    bool forwarded; /* by somebody who is not the origin; goes no further */
    struct peer origin;
    uint64_t id;
    uint64_t before; /* the one of this host that must be in the log before it; 0 = none */
    const uint8_t *bytes;
    size_t len;
};

struct group_removed {
    struct group_epoch epoch;
    uint64_t id;
    uint64_t index;
};

/* An entry of the log, as all see it. */
struct group_envelope {
    uint64_t id;
    struct peer origin;
    bool trusted;
    int64_t utc_ms;
    const uint8_t *bytes;
    size_t len;
};

void group_wire_hello(struct strbuf *b, const struct group_hello *h);
void group_wire_recall(struct strbuf *b, const struct group_recall *r);
void group_wire_engine(struct strbuf *b, const struct group_engine *x);
void group_wire_follow(struct strbuf *b, const struct group_follow *f);
/* The entries follow: group_wire_put_entry() `count` times. */
void group_wire_entries(struct strbuf *b, const struct group_feed *f, size_t count);
void group_wire_put_entry(struct strbuf *b, const struct replica_entry *entry);
/* Rows follow as they stand in a dump: group_wire_put_row() each. `in` is not looked at. */
void group_wire_dump(struct strbuf *b, const struct group_dump *d);
void group_wire_put_row(struct strbuf *b, const struct net_row *row);
void group_wire_followed(struct strbuf *b, const struct group_followed *f);
void group_wire_nofollow(struct strbuf *b, uint32_t serial);
void group_wire_submit(struct strbuf *b, const struct group_submitted *s);
void group_wire_removed(struct strbuf *b, const struct group_removed *r);
void group_wire_envelope(struct strbuf *b, const struct group_envelope *v);
/* A snapshot for the replica: the leader's last time, then rows. */
void group_wire_snapshot(struct strbuf *b, int64_t utc_ms);

/* All: false when it cannot be right. `in` stands behind the kind. */
bool group_wire_read_hello(struct wire_in in, struct group_hello *out);
bool group_wire_read_recall(struct wire_in in, struct group_recall *out);
bool group_wire_read_engine(struct wire_in in, struct group_engine *out);
bool group_wire_read_follow(struct wire_in in, struct group_follow *out);
bool group_wire_read_entries(struct wire_in in, struct group_entries *out);
bool group_wire_read_dump(struct wire_in in, struct group_dump *out);
bool group_wire_read_followed(struct wire_in in, struct group_followed *out);
bool group_wire_read_nofollow(struct wire_in in, uint32_t *serial);
bool group_wire_read_submit(struct wire_in in, struct group_submitted *out);
bool group_wire_read_removed(struct wire_in in, struct group_removed *out);
bool group_wire_read_envelope(const uint8_t *bytes, size_t len, struct group_envelope *out);
bool group_wire_read_snapshot(struct wire_in *in, int64_t *utc_ms);

/* The next entry (its index is the caller's to set); `in` turns bad when it cannot be right. */
void group_wire_entry(struct wire_in *in, struct replica_entry *out);
/* The next row; `key` holds its key and its end. False at the end, or when `in` has turned bad. */
bool group_wire_row(struct wire_in *in, struct net_row *out, char key[GROUP_KEY_MAX + 1]);

bool group_epoch_is(const struct group_epoch *a, const struct group_epoch *b);
bool group_epoch_none(const struct group_epoch *e);

#endif
