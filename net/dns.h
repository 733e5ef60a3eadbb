/* TXT records of a name, asked of the system's name servers in libuv's pool.
 *
 * Failure modes: no such name or no such record (PP_ENOTFOUND), no answer (PP_ETIMEOUT), an answer
 * that is nonsense (PP_EPROTO). Records with a NUL byte in them are left out.
 */
#ifndef PP_NET_DNS_H
#define PP_NET_DNS_H

#include "host/base/err.h"

#include <stddef.h>
#include <uv.h>

#define DNS_RECORDS_MAX 64

struct dns_query;

/* Once, on the loop, later. Each record is one text, its pieces joined; borrowed. */
typedef void (*dns_cb)(void *context, const char *const *records, size_t n, const struct err *e);

/* `nameserver`: "IP:PORT" (IPv4) to ask that one alone; NULL = the system's. Never NULL. */
struct dns_query *dns_txt(
    uv_loop_t *loop, const char *name, const char *nameserver, dns_cb done, void *context);
/* `done` does not run any more; the loop is kept alive until the pool has let go. */
void dns_cancel(struct dns_query *q);

/* The TXT records in an answer's bytes. records[0..*n) are owned by the caller; PP_EPROTO when it
 * is no answer. */
int dns_read_txt(const unsigned char *answer, size_t len, char *records[DNS_RECORDS_MAX], size_t *n,
    struct err *e);

#endif
