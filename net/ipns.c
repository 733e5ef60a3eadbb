#include "net/ipns.h"

#include "host/base/mem.h"
#include "net/protobuf.h"

#include <stdlib.h>
#include <string.h>

#define SIGNED_PREFIX "ipns-signature:"
#define CBOR_KEY_MAX  32

/* ---- time ----------------------------------------------------------------------------------- */

static bool two_digits(const char *p, int min, int max, int *out)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
        return false;
    }
    *out = (p[0] - '0') * 10 + (p[1] - '0');
    return *out >= min && *out <= max;
}

/* Days since 1970 in the Gregorian calendar; years begin in March, so that leap days are last. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

bool ipns_parse_time(const char *text, size_t len, int64_t *out)
{
    static const char form[] = "....-..-..T..:..:..";
    int century;
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    if (len < sizeof form || text[len - 1] != 'Z') {
        return false;
    }
    for (size_t i = 0; i < sizeof form - 1; i++) {
        if (form[i] != '.' && text[i] != form[i]) {
            return false;
        }
    }
    for (size_t i = sizeof form - 1; i < len - 1; i++) {
        bool first = i == sizeof form - 1;
        if (first ? text[i] != '.' : text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    if (!two_digits(text, 0, 99, &century) || !two_digits(text + 2, 0, 99, &year) ||
        !two_digits(text + 5, 1, 12, &month) || !two_digits(text + 8, 1, 31, &day) ||
        !two_digits(text + 11, 0, 23, &hour) || !two_digits(text + 14, 0, 59, &minute) ||
        !two_digits(text + 17, 0, 60, &second)) {
        return false;
    }
    *out = ((days_of(century * 100 + year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

/* ---- dag-cbor ------------------------------------------------------------------------------- */

enum cbor_kind {
    CBOR_NUMBER = 0,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_MAP = 5
};

struct cbor_item {
    unsigned kind;
    uint64_t number; /* or the count of a map's pairs */
    const uint8_t *bytes;
};

/* One head, and the bytes of a string behind it. */
static bool cbor_next(struct protobuf_in *in, struct cbor_item *out)
{
    if (in->left == 0) {
        return false;
    }
    unsigned low = in->at[0] & 31;
    size_t more = low < 24 ? 0 : low < 28 ? (size_t)1 << (low - 24) : SIZE_MAX;
    out->kind = in->at[0] >> 5;
    if (more > in->left - 1) {
        return false;
    }
    out->number = more == 0 ? low : 0;
    for (size_t i = 1; i <= more; i++) {
        out->number = out->number << 8 | in->at[i];
    }
    in->at += 1 + more;
    in->left -= 1 + more;
    out->bytes = in->at;
    if (out->kind != CBOR_BYTES && out->kind != CBOR_TEXT) {
        return true;
    }
    if (out->number > in->left) {
        return false;
    }
    in->at += out->number;
    in->left -= (size_t)out->number;
    return true;
}

struct signed_data {
    struct cbor_item value;
    struct cbor_item validity;
    struct cbor_item type;
    struct cbor_item sequence;
};

static const struct {
    const char *key;
    size_t offset;
    unsigned kind;
} data_fields[] = {
    {"Value", offsetof(struct signed_data, value), CBOR_BYTES},
    {"Validity", offsetof(struct signed_data, validity), CBOR_BYTES},
    {"ValidityType", offsetof(struct signed_data, type), CBOR_NUMBER},
    {"Sequence", offsetof(struct signed_data, sequence), CBOR_NUMBER},
};

#define DATA_FIELDS (sizeof data_fields / sizeof *data_fields)

/* A map of numbers and strings; keys that are not known (TTL, others' own) are passed over. */
static bool read_data(const uint8_t *bytes, size_t len, struct signed_data *out)
{
    struct protobuf_in in = protobuf_read(bytes, len);
    struct cbor_item map;
    size_t found = 0;
    if (!cbor_next(&in, &map) || map.kind != CBOR_MAP || map.number > CBOR_KEY_MAX) {
        return false;
    }
    for (uint64_t i = 0; i < map.number; i++) {
        struct cbor_item key;
        struct cbor_item value;
        if (!cbor_next(&in, &key) || key.kind != CBOR_TEXT || !cbor_next(&in, &value) ||
            value.kind > CBOR_TEXT) {
            return false;
        }
        for (size_t k = 0; k < DATA_FIELDS; k++) {
            if (key.number == strlen(data_fields[k].key) &&
                memcmp(key.bytes, data_fields[k].key, (size_t)key.number) == 0) {
                memcpy((char *)out + data_fields[k].offset, &value, sizeof value);
                found += value.kind == data_fields[k].kind;
            }
        }
    }
    return in.left == 0 && found == DATA_FIELDS;
}

/* ---- the record ----------------------------------------------------------------------------- */

enum {
    RECORD_VALUE = 1,
    RECORD_SIGNATURE_V1 = 2,
    RECORD_VALIDITY_TYPE = 3,
    RECORD_VALIDITY = 4,
    RECORD_SEQUENCE = 5,
    RECORD_TTL = 6,
    RECORD_KEY = 7,
    RECORD_SIGNATURE = 8,
    RECORD_DATA = 9,
    RECORD_FIELDS
};

struct record {
    struct protobuf_field at[RECORD_FIELDS]; /* number 0 = absent */
};

static bool read_record(const void *bytes, size_t len, struct record *out)
{
    struct protobuf_in in = protobuf_read(bytes, len);
    struct protobuf_field f;
    *out = (struct record){0};
    while (protobuf_next(&in, &f)) {
        if (f.number < RECORD_FIELDS) {
            out->at[f.number] = f;
        }
    }
    return !in.bad;
}

static bool is_signed(const struct record *r, const struct peer *key)
{
    const struct protobuf_field *data = &r->at[RECORD_DATA];
    const struct protobuf_field *signature = &r->at[RECORD_SIGNATURE];
    struct strbuf message = {0};
    strbuf_puts(&message, SIGNED_PREFIX);
    strbuf_add(&message, data->bytes, data->len);
    bool ok = signature->len == IDENTITY_SIGNATURE &&
              peer_verify(key, message.data, message.len, signature->bytes);
    strbuf_fini(&message);
    return ok;
}

static bool same_bytes(const struct protobuf_field *f, const struct cbor_item *item)
{
    return f->number == 0 ||
           (f->is_bytes && f->len == item->number && memcmp(f->bytes, item->bytes, f->len) == 0);
}

/* The fields of version 1, which nobody has signed, may not say something else; a number that is
 * absent is 0 there. */
static bool agrees(const struct record *r, const struct signed_data *d)
{
    if (r->at[RECORD_VALUE].number == 0) {
        return true;
    }
    return same_bytes(&r->at[RECORD_VALUE], &d->value) &&
           same_bytes(&r->at[RECORD_VALIDITY], &d->validity) &&
           r->at[RECORD_SEQUENCE].value == d->sequence.number &&
           r->at[RECORD_VALIDITY_TYPE].value == d->type.number;
}

static int take_data(
    const struct signed_data *d, int64_t now_s, struct ipns_record *out, struct err *e)
{
    char until[40];
    const char *validity = (const char *)d->validity.bytes;
    size_t len = (size_t)d->validity.number;
    str_escape(until, sizeof until, validity, len);
    if (d->type.number != 0 || !ipns_parse_time(validity, len, &out->valid_until_s)) {
        return err_set(e, PP_EPROTO, "IPNS record: validity \"%s\": is no time in UTC", until);
    }
    if (out->valid_until_s <= now_s) {
        return err_set(e, PP_EREFUSED,
            "IPNS record: was valid until %s; its owner must publish it anew", until);
    }
    if (d->value.number >= sizeof out->value ||
        memchr(d->value.bytes, '\0', (size_t)d->value.number) != NULL) {
        return err_set(e, PP_EPROTO, "IPNS record: its value is not a path");
    }
    str_copy(out->value, sizeof out->value, (const char *)d->value.bytes, (size_t)d->value.number);
    out->sequence = d->sequence.number;
    return 0;
}

int ipns_read(const void *bytes, size_t len, const struct peer *key, int64_t now_s,
    struct ipns_record *out, struct err *e)
{
    struct record r;
    struct signed_data d = {0};
    if (len > IPNS_RECORD_MAX) {
        return err_set(e, PP_ETOOBIG, "IPNS record: is larger than %d bytes", IPNS_RECORD_MAX);
    }
    if (!read_record(bytes, len, &r)) {
        return err_set(e, PP_EPROTO, "IPNS record: is damaged, or something else");
    }
    if (!r.at[RECORD_DATA].is_bytes || !r.at[RECORD_SIGNATURE].is_bytes) {
        return err_set(
            e, PP_EPROTO, "IPNS record: has no signature of version 2; its owner must update");
    }
    if (!is_signed(&r, key)) {
        return err_set(e, PP_EAUTH, "IPNS record: is not signed by the key it is asked for");
    }
    if (!read_data(r.at[RECORD_DATA].bytes, r.at[RECORD_DATA].len, &d) || !agrees(&r, &d)) {
        return err_set(e, PP_EPROTO, "IPNS record: what was signed is damaged or contradicts it");
    }
    return take_data(&d, now_s, out, e);
}

bool ipns_is_newer(const struct ipns_record *a, const struct ipns_record *b)
{
    return a->sequence > b->sequence ||
           (a->sequence == b->sequence && a->valid_until_s > b->valid_until_s);
}
