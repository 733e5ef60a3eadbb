// link: ppnet
/* Key files, peer ids and texts in base 58, 36, 32. What is accepted is written as it was read. */
#include "net/cid.h"
#include "net/identity.h"
#include "net/identity_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void read_files(const uint8_t *data, size_t size)
{
    struct identity id;
    struct peer p;
    struct peer again;
    struct err e;
    char text[PEER_TEXT_SIZE];
    if (identity_from_bytes(&id, data, size, &e) == 0) {
        require(strlen(id.text) == 52);
        require(memcmp(id.secret + 32, id.peer.key, 32) == 0);
    } else {
        require(e.code == PP_EINVAL && e.text[0] != '\0');
    }
    if (peer_from_bytes(&p, data, size, &e) == 0) {
        peer_format(&p, text);
        require(strlen(text) == 52);
        require(peer_parse(text, &again, NULL) != 0 || peer_compare(&p, &again) == 0);
    }
}

static void read_text(const char *text)
{
    struct peer p;
    struct peer again;
    struct err e;
    char out[PEER_TEXT_SIZE];
    if (peer_parse(text, &p, &e) == 0) {
        peer_format(&p, out);
        require(peer_parse(out, &again, NULL) == 0 && peer_compare(&p, &again) == 0);
    } else {
        require(e.code == PP_EINVAL && e.text[0] != '\0');
    }
}

typedef bool encode(const uint8_t *bytes, size_t len, char *out, size_t out_size);
typedef bool decode(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len);

static void convert(encode *to, decode *from, const uint8_t *data, size_t size)
{
    uint8_t bytes[1024];
    char text[1024];
    size_t len = 0;
    if (to(data, size, text, sizeof text)) {
        require(!from(text, strlen(text), bytes, sizeof bytes, &len) ||
                (len == size && memcmp(bytes, data, size) == 0));
    }
    if (from((const char *)data, size, bytes, sizeof bytes, &len)) {
        require(len <= sizeof bytes);
        require(to(bytes, len, text, sizeof text) && strlen(text) == size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[300];
    if (size > 600 || identity_init() != 0) {
        return 0;
    }
    read_files(data, size);
    if (size < sizeof text) {
        memcpy(text, data, size);
        text[size] = '\0';
        read_text(text);
    }
    convert(base58_encode, base58_decode, data, size);
    convert(base36_encode, base36_decode, data, size);
    convert(base32_encode, base32_decode, data, size);
    return 0;
}
