// link: ppnet
/* What names registries and what comes back from outside. The first byte chooses: a CID's text, a
 * block, the signed part of an IPNS record (signed here, so that it is read), a whole record, an
 * answer of DNS, or a whole search, whose first line is the place and whose other lines are what
 * is found. */
#include "net/dag.h"
#include "net/dns.h"
#include "net/ipns.h"
#include "net/locate.h"
#include "net/protobuf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void read_cid(const uint8_t *data, size_t size)
{
    struct cid c;
    struct cid again;
    char text[300] = "";
    char out[CID_TEXT_SIZE];
    memcpy(text, data, size < sizeof text ? size : sizeof text - 1);
    if (cid_parse(text, &c, NULL) == 0) {
        cid_format(&c, out);
        require(cid_parse(out, &again, NULL) == 0);
        require(again.codec == c.codec && again.digest_len == c.digest_len &&
                memcmp(again.digest, c.digest, c.digest_len) == 0);
    }
}

static void read_block(const uint8_t *data, size_t size)
{
    struct dag_node n;
    struct dag_link link;
    size_t links = 0;
    if (dag_read(data, size, &n, NULL) != 0) {
        return;
    }
    struct dag_links it = dag_links(&n);
    while (dag_next(&it, &link)) {
        require(dag_find(&n, link.name, link.name_len, &link));
        links++;
        if (links > 64) {
            return; /* what follows takes the square of them */
        }
    }
    require(links == n.links);
    require(n.data_len <= size);
}

static void read_signed(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32];
    static const char prefix[] = "ipns-signature:";
    struct identity id;
    struct ipns_record r;
    struct strbuf message = {0};
    struct strbuf record = {0};
    uint8_t signature[IDENTITY_SIGNATURE];
    identity_from_seed(&id, seed);
    strbuf_puts(&message, prefix);
    strbuf_add(&message, data, size);
    identity_sign(&id, message.data, message.len, signature);
    protobuf_put_bytes(&record, 8, signature, sizeof signature);
    protobuf_put_bytes(&record, 9, data, size);
    if (ipns_read(record.data, record.len, &id.peer, 1800000000, &r, NULL) == 0) {
        require(strlen(r.value) < IPNS_VALUE_SIZE && r.valid_until_s > 1800000000);
    }
    ipns_read(data, size, &id.peer, 1800000000, &r, NULL);
    strbuf_fini(&message);
    strbuf_fini(&record);
}

static void read_dns(const uint8_t *data, size_t size)
{
    char *records[DNS_RECORDS_MAX];
    size_t n;
    dns_read_txt(data, size, records, &n, NULL);
    require(n <= DNS_RECORDS_MAX);
    while (n > 0) {
        free(records[--n]);
    }
}

/* The next line in `out`; false when there is none. */
static bool take_line(const uint8_t **data, size_t *size, char out[1024], size_t *len)
{
    if (*size == 0) {
        return false;
    }
    const uint8_t *end = memchr(*data, '\n', *size);
    size_t n = end != NULL ? (size_t)(end - *data) : *size;
    *len = n < 1023 ? n : 1023;
    memcpy(out, *data, *len);
    out[*len] = '\0';
    n += end != NULL;
    *data += n;
    *size -= n;
    return true;
}

static void search(const uint8_t *data, size_t size)
{
    static const char *const gateways[] = {"https://a", "https://b", NULL};
    const struct locate_options o = {.gateways = gateways, .now_s = 1800000000};
    struct locate *l;
    struct locate_need need;
    char line[1024];
    size_t len;
    const void *bytes;
    char cid[80];
    struct err e;
    if (!take_line(&data, &size, line, &len) || locate_new(&l, line, &o, NULL) != 0) {
        return;
    }
    for (;;) {
        locate_need(l, &need);
        require(strlen(need.what) < sizeof need.what);
        if (need.kind == LOCATE_DONE || need.kind == LOCATE_FAILED) {
            break;
        }
        bool more = take_line(&data, &size, line, &len);
        const char *const records[] = {line};
        err_set(&e, PP_EOFFLINE, "nothing more");
        if (need.kind == LOCATE_TXT) {
            locate_txt(l, records, more ? 1 : 0, more ? NULL : &e);
        } else {
            locate_got(l, line, len, more ? NULL : &e);
        }
    }
    require(
        (locate_result(l, &bytes, &len, cid, sizeof cid, &e) == 0) == (need.kind == LOCATE_DONE));
    require(need.kind == LOCATE_DONE || e.text[0] != '\0');
    locate_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const uint8_t *data, size_t size) = {
        read_cid, read_block, read_signed, read_dns, search};
    if (size < 2 || size > 8192 || data[0] < '0' || data[0] > '4' || identity_init() != 0) {
        return 0;
    }
    readers[data[0] - '0'](data + 1, size - 1);
    return 0;
}
