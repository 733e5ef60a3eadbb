/* The inside of locate.h. locate.c has what is wanted next and the results, locate_name.c the way
 * from names to content (DNSLink, IPNS), locate_content.c the way from a CID to bytes.
 *
 * Each of the functions below ends with the next need set: another one, LOCATE_DONE or
 * LOCATE_FAILED.
 */
#ifndef PP_NET_LOCATE_PRIV_H
#define PP_NET_LOCATE_PRIV_H

#include "host/base/str.h"
#include "net/dag.h"
#include "net/ipns.h"
#include "net/locate.h"

#define LOCATE_STEPS_MAX   8
#define LOCATE_SIZE_MAX    (10 << 20) /* of the bytes that are found */
#define LOCATE_FETCH_MAX   (16 << 20) /* with the nodes above them */
#define LOCATE_BLOCK_MAX   (2 << 20)
#define LOCATE_BLOCKS_MAX  16384
#define LOCATE_NAME_SIZE   256
#define LOCATE_GATEWAY_MAX 200

enum locate_phase {
    PHASE_DNSLINK,
    PHASE_RECORD,
    PHASE_BLOCK,
    PHASE_PLAIN /* a file or a URL: the bytes as they come */
};

struct locate {
    char **gateways; /* owned */
    size_t gateways_count;
    int64_t now_s;
    enum locate_phase phase;
    struct locate_need need;
    struct err error; /* when FAILED */

    /* names */
    char name[LOCATE_NAME_SIZE];                      /* domain or key that is asked for */
    char path[sizeof((struct locate_need *)0)->what]; /* what is wanted below it, "a/b" or "" */
    bool own;                                         /* the domain itself may have a registry. */
    unsigned form;                                    /* which of the names of a domain */
    char seen[LOCATE_STEPS_MAX][LOCATE_NAME_SIZE];
    unsigned steps;
    struct peer key;
    struct ipns_record best;
    bool has_best;

    /* content */
    struct cid at;       /* the block that is wanted */
    size_t gateway;      /* that is asked; the last one that was right is asked first */
    size_t tries;        /* gateways asked for this block or record */
    struct err tried;    /* what the worst of them said */
    bool maybe_rsa;      /* the name could also be that of an RSA key */
    bool in_file;        /* below the file's root */
    bool defaulted;      /* a folder was met and its registry.yaml taken */
    struct cid *pending; /* owned; blocks still to come, the next one last */
    size_t pending_count;
    size_t pending_size;
    size_t blocks;
    size_t fetched;
    struct strbuf content;
    struct cid content_cid;
    bool has_cid;
};

void locate_fail(struct locate *l, const struct err *e);
void locate_done(struct locate *l);
void locate_want(struct locate *l, enum locate_kind kind, size_t limit, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* "/ipfs/CID[/path]" or "/ipns/NAME[/path]"; what was wanted below before comes behind it. */
void locate_go(struct locate *l, const char *path);
/* A domain; `own` = its registry. is asked first. */
void locate_go_domain(struct locate *l, const char *domain, bool own);
void locate_got_txt(struct locate *l, const char *const *records, size_t n, const struct err *err);
void locate_got_record(struct locate *l, const void *bytes, size_t len, const struct err *err);

/* Content of this CID; l->path is what is wanted below it. */
void locate_go_content(struct locate *l, const struct cid *cid);
void locate_got_block(struct locate *l, const void *bytes, size_t len, const struct err *err);

/* 0 and the domain in lower case; PP_EINVAL for what is none. */
int locate_check_domain(const char *text, char out[LOCATE_NAME_SIZE], struct err *e);

#endif
