/* Multicast DNS packets, read strictly and written plainly (RFC 1035 §4, RFC 6762 §18).
 *
 * Pure. What a reader gives is within the packet, its names whole and uncompressed; whatever is not
 * right ends the reading. A record whose data do not fit its type is skipped.
 */
#ifndef PP_NET_MDNS_PACKET_H
#define PP_NET_MDNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MDNS_NAME_MAX   255
#define MDNS_LABEL_MAX  63
#define MDNS_PACKET_MAX 9000 /* RFC 6762 §17 */
#define MDNS_WRITE_MAX  1440 /* ours fit an Ethernet frame */

enum mdns_type {
    MDNS_A = 1,
    MDNS_PTR = 12,
    MDNS_TXT = 16,
    MDNS_SRV = 33,
    MDNS_ANY = 255
};

/* ---- names --------------------------------------------------------------------------------------
 */

/* As on the wire: labels with their lengths and the root's 0. A label may hold dots. */
struct mdns_name {
    uint8_t len;
    uint8_t wire[MDNS_NAME_MAX];
};

/* From "_pphost._tcp.local"; false when it is none. */
bool mdns_name_set(struct mdns_name *out, const char *dotted);
/* `label` in front of `parent`. */
bool mdns_name_child(struct mdns_name *out, const char *label, const struct mdns_name *parent);
/* Letters of ASCII match in either case. */
bool mdns_name_equal(const struct mdns_name *a, const struct mdns_name *b);
/* True when `name` is one label below `parent`; `label` gets it as a text (cut at a NUL). */
bool mdns_name_below(
    const struct mdns_name *name, const struct mdns_name *parent, char label[MDNS_LABEL_MAX + 1]);

/* ---- reading ------------------------------------------------------------------------------------
 */

struct mdns_question {
    struct mdns_name name;
    uint16_t type;
};

struct mdns_rr {
    struct mdns_name name;
    uint16_t type;
    unsigned section; /* 1 answer, 2 authority, 3 additional */
    uint32_t ttl_s;
    struct mdns_name target; /* PTR, SRV */
    uint16_t port;           /* SRV */
    uint8_t ip[4];           /* A */
    const uint8_t *data;     /* TXT: its strings; in the packet */
    size_t data_len;
};

struct mdns_reader {
    const uint8_t *bytes;
    size_t len, pos;
    bool response;
    unsigned left[4];
};

/* False for what is no query or response of multicast DNS. */
bool mdns_read_begin(struct mdns_reader *r, const uint8_t *bytes, size_t len);
/* The next of class IN; false when there is none or the rest is broken. Questions come first. */
bool mdns_read_question(struct mdns_reader *r, struct mdns_question *out);
/* The next of class IN and of the types above; passes over questions. */
bool mdns_read_rr(struct mdns_reader *r, struct mdns_rr *out);

/* ---- writing ------------------------------------------------------------------------------------
 */

struct mdns_writer {
    uint8_t bytes[MDNS_WRITE_MAX + 64]; /* ended by zeros */
    size_t len;
};

void mdns_write_begin(struct mdns_writer *w, bool response);
/* False, with nothing written, when it does not fit. Questions come first, then answers. */
bool mdns_write_question(struct mdns_writer *w, const struct mdns_name *name, uint16_t type);
bool mdns_write_answer(struct mdns_writer *w, const struct mdns_name *name, uint16_t type,
    uint32_t ttl_s, const void *data, size_t len);
bool mdns_write_empty(const struct mdns_writer *w);

#endif
