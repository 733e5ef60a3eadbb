#include "net/dns.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 65536
#define TRY_S      3
#define TRIES      2

struct dns_query {
    uv_work_t work;
    char name[256];
    char nameserver[64]; /* "" = the system's */
    char *records[DNS_RECORDS_MAX];
    size_t count;
    struct err error;
    dns_cb done; /* NULL = cancelled */
    void *context;
};

/* ---- answers -------------------------------------------------------------------------------- */

/* A record is a row of texts, each with its length before it; NULL when it does not add up. */
static char *join_texts(const unsigned char *bytes, size_t len)
{
    char *text = mem_array(len + 1, 1);
    size_t at = 0;
    while (len > 0) {
        size_t n = bytes[0];
        if (n > len - 1 || memchr(bytes + 1, '\0', n) != NULL) {
            free(text);
            return NULL;
        }
        memcpy(text + at, bytes + 1, n);
        at += n;
        bytes += 1 + n;
        len -= 1 + n;
    }
    return text;
}

int dns_read_txt(const unsigned char *answer, size_t len, char *records[DNS_RECORDS_MAX], size_t *n,
    struct err *e)
{
    ns_msg message;
    ns_rr rr;
    *n = 0;
    if (len > ANSWER_MAX || ns_initparse(answer, (int)len, &message) != 0) {
        return err_set(e, PP_EPROTO, "the name server's answer is damaged");
    }
    for (int i = 0; i < ns_msg_count(message, ns_s_an) && *n < DNS_RECORDS_MAX; i++) {
        if (ns_parserr(&message, ns_s_an, i, &rr) != 0) {
            break; /* cut off; what came before it is right */
        }
        if (ns_rr_type(rr) == ns_t_txt && ns_rr_class(rr) == ns_c_in) {
            records[*n] = join_texts(ns_rr_rdata(rr), ns_rr_rdlen(rr));
            *n += records[*n] != NULL;
        }
    }
    return 0;
}

/* ---- asking, in the pool -------------------------------------------------------------------- */

static bool use_nameserver(struct __res_state *res, const char *text)
{
    char ip[INET_ADDRSTRLEN];
    int64_t port;
    struct sockaddr_in a = {.sin_family = AF_INET};
    const char *colon = strchr(text, ':');
    if (colon == NULL || !str_copy(ip, sizeof ip, text, (size_t)(colon - text)) ||
        inet_pton(AF_INET, ip, &a.sin_addr) != 1 || !str_to_int(colon + 1, 1, 65535, &port)) {
        return false;
    }
    a.sin_port = htons((uint16_t)port);
    res->nsaddr_list[0] = a;
    res->nscount = 1;
    return true;
}

static void tell_failure(struct dns_query *q, int h_error)
{
    switch (h_error) {
    case HOST_NOT_FOUND:
        err_set(&q->error, PP_ENOTFOUND, "DNS: there is no name \"%s\"", q->name);
        break;
    case NO_DATA:
        err_set(&q->error, PP_ENOTFOUND, "DNS: \"%s\" has no TXT record", q->name);
        break;
    case TRY_AGAIN:
        err_set(&q->error, PP_ETIMEOUT, "DNS: no name server has answered for \"%s\"", q->name);
        break;
    default:
        err_set(&q->error, PP_EPROTO, "DNS: the name server refused to answer for \"%s\"", q->name);
    }
}

static void ask(uv_work_t *work)
{
    struct dns_query *q = work->data;
    struct __res_state res = {0};
    unsigned char *answer = mem_array(ANSWER_MAX, 1);
    if (res_ninit(&res) != 0) {
        err_set(&q->error, PP_EIO, "DNS: the resolver cannot be set up");
        free(answer);
        return;
    }
    res.retrans = TRY_S;
    res.retry = TRIES;
    if (q->nameserver[0] != '\0' && !use_nameserver(&res, q->nameserver)) {
        err_set(&q->error, PP_EINVAL, "DNS: name server \"%s\": must be IP:PORT", q->nameserver);
    } else {
        int len = res_nquery(&res, q->name, ns_c_in, ns_t_txt, answer, ANSWER_MAX);
        if (len < 0) {
            tell_failure(q, res.res_h_errno);
        } else {
            dns_read_txt(answer, len < ANSWER_MAX ? (size_t)len : ANSWER_MAX, q->records, &q->count,
                &q->error);
        }
    }
    res_nclose(&res);
    free(answer);
}

static void asked(uv_work_t *work, int status)
{
    struct dns_query *q = work->data;
    const char *records[DNS_RECORDS_MAX];
    (void)status; /* cancelled: `done` is NULL then */
    for (size_t i = 0; i < q->count; i++) {
        records[i] = q->records[i];
    }
    if (q->done != NULL && q->error.code != 0) {
        q->done(q->context, NULL, 0, &q->error);
    } else if (q->done != NULL) {
        q->done(q->context, records, q->count, NULL);
    }
    for (size_t i = 0; i < q->count; i++) {
        free(q->records[i]);
    }
    free(q);
}

struct dns_query *dns_txt(
    uv_loop_t *loop, const char *name, const char *nameserver, dns_cb done, void *context)
{
    struct dns_query *q = mem_alloc(sizeof *q);
    q->work.data = q;
    q->done = done;
    q->context = context;
    str_copy(q->name, sizeof q->name, name, strlen(name));
    if (nameserver != NULL) {
        str_copy(q->nameserver, sizeof q->nameserver, nameserver, strlen(nameserver));
    }
    if (uv_queue_work(loop, &q->work, ask, asked) != 0) {
        abort(); /* only without a function to run */
    }
    return q;
}

void dns_cancel(struct dns_query *q)
{
    q->done = NULL;
    uv_cancel((uv_req_t *)&q->work); /* when it has not begun; else it is waited for */
}
