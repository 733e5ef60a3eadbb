/* Where a registry is: a path, https://, ipfs://CID[/path], ipns://NAME or a domain (DNSLink).
 *
 * Sans-I/O. Happy path: locate_new(), then as long as locate_need() wants something (TXT records of
 * a name, bytes of an address, a file) get it and give it with locate_txt() or locate_got(); at the
 * end locate_result() has the bytes, verified against what named them.
 *
 * For DOMAIN the TXT records at _dnslink.registry.DOMAIN, _dnslink.DOMAIN and DOMAIN are tried in
 * that order (where a name leads to a domain, the last two); "dnslink=/ipfs/CID[/path]" and
 * "dnslink=/ipns/NAME" count, at most 8 steps, and two different ones at a name are refused. Blocks
 * are fetched from any of the gateways by ?format=raw and hashed (sha2-256, CIDv0 and v1; raw and
 * dag-pb UnixFS files of several blocks; a directory means its registry.yaml), at most 10 MiB: a
 * gateway need not be trusted, nor the way to it. An IPNS name is a domain, an Ed25519 key (a
 * signed record, checked; all gateways are asked and the highest sequence counts) or really a CID.
 * RSA names are refused by name. Sources: dnslink.dev, IPFS trustless gateway specification, IPNS
 * record specification, UnixFS.
 *
 * Failure modes: no record, more than 8 steps, a block whose bytes differ (the next gateway is
 * asked), all gateways down, a codec or hash that is not known, a loop, too large.
 */
#ifndef PP_NET_LOCATE_H
#define PP_NET_LOCATE_H

#include "host/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct locate;

struct locate_options {
    const char *const *gateways; /* "https://ipfs.io"; NULL-terminated; NULL = a default list */
    int64_t now_s;               /* UTC, for the validity of IPNS records */
};

enum locate_kind {
    LOCATE_TXT,
    LOCATE_GET,
    LOCATE_FILE,
    LOCATE_DONE,
    LOCATE_FAILED
};

struct locate_need {
    enum locate_kind kind;
    char what[512];     /* domain name, URL, path */
    const char *accept; /* GET: value of the Accept header, or NULL */
    size_t limit;       /* GET, FILE: no more bytes than this are wanted */
};

/* PP_EINVAL when `where` is none of them. */
int locate_new(
    struct locate **out, const char *where, const struct locate_options *o, struct err *e);
void locate_free(struct locate *l);
void locate_need(const struct locate *l, struct locate_need *out);
/* What was found; `err` instead where it was not. Strings of the records' text. */
void locate_txt(struct locate *l, const char *const *records, size_t n, const struct err *err);
void locate_got(struct locate *l, const void *bytes, size_t len, const struct err *err);
/* DONE: the bytes, borrowed, and the CID they had ("" when there was none). FAILED: why. */
int locate_result(const struct locate *l, const void **bytes, size_t *len, char *cid,
    size_t cid_size, struct err *e);

/* The CID (v1, base32) that `ipfs add --cid-version=1 --raw-leaves` gives, and the v0 that plain
 * `ipfs add` gives (chunks of 256 KiB, balanced, 174 links a node), for `registry check`. */
void locate_cids(const void *bytes, size_t len, char v0[64], char v1[80]);

#endif
