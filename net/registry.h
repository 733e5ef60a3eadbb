/* registry.yaml: the queues of a network and who may decide in them. PeerPrint's format.
 *
 *   created: "1668812345"
 *   url: https://example.org/queues
 *   queues:
 *   - name: workshop
 *     desc: Parts for the workshop
 *     url: https://example.org/workshop
 *     rendezvous: 1fc7e6d4-…
 *     trustedPeers: [12D3KooW…, 12D3KooW…, 12D3KooW…]
 *     bootstrap: [/dns4/print.example.org/tcp/6789/p2p/12D3KooW…]   # optional, ours
 *     access: open                                                  # optional, ours: open |
 * trusted
 *
 * Failure modes: every mistake is told as FILE:LINE:COL with what would be right: a TODO that was
 * left, two queues of one name, a peer twice, an id that is none, unknown fields, no rendezvous,
 * nobody trusted. Two trusted peers are a warning: one of them away stops the queue.
 */
#ifndef PP_NET_REGISTRY_H
#define PP_NET_REGISTRY_H

#include "net/identity.h"

#define REGISTRY_SIZE_MAX    (10 << 20)
#define REGISTRY_QUEUES_MAX  256
#define REGISTRY_TRUSTED_MAX 64

struct registry_queue {
    char *name;
    char *desc;
    char *url;
    char *rendezvous;
    struct peer *trusted; /* in the file's order */
    size_t trusted_count;
    char **bootstrap; /* multiaddrs */
    size_t bootstrap_count;
    bool trusted_only; /* access: trusted; only trusted peers may take part */
};

struct registry {
    int64_t created_s;
    char *url;
    struct registry_queue *queues;
    size_t queues_count;
};

/* Mistakes and warnings, one line each, "FILE:12:3: trustedPeers: …". */
struct registry_note {
    bool warning;
    char text[320];
};
struct registry_notes {
    struct registry_note *at; /* owned */
    size_t count;             /* at most 100; then the last says that there are more */
    size_t mistakes;
};

/* NULL (and at least one mistake in `notes`, which may be NULL) when it is not right. `file` is
 * what the notes begin with. Owned by the caller. */
struct registry *registry_parse(
    const char *text, size_t len, const char *file, struct registry_notes *notes);
void registry_free(struct registry *r);
void registry_notes_fini(struct registry_notes *notes);
const struct registry_queue *registry_find(const struct registry *r, const char *name);

/* Writes registry.yaml with its TODOs and trusted_peer_1..N.priv (0600) and .pub into `folder`,
 * which is made when missing; nothing is overwritten (PP_EEXIST before anything is written). N is
 * 1..REGISTRY_TRUSTED_MAX. */
int registry_generate(unsigned peers, const char *folder, int64_t now_s, struct err *e);

#endif
