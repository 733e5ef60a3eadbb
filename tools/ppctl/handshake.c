#include "tools/ppctl/handshake.h"

#include <nettle/sha1.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX    8192u
#define ACCEPT_SIZE 29 /* base64 of 20 bytes and a NUL */

static void encode_nonce(const uint8_t nonce[static HANDSHAKE_NONCE], char out[HANDSHAKE_KEY_SIZE])
{
    sodium_bin2base64(
        out, HANDSHAKE_KEY_SIZE, nonce, HANDSHAKE_NONCE, sodium_base64_VARIANT_ORIGINAL);
}

void handshake_request(struct strbuf *out, const char *authority, const char *path,
    const char *api_key, const uint8_t nonce[static HANDSHAKE_NONCE])
{
    char key[HANDSHAKE_KEY_SIZE];
    encode_nonce(nonce, key);
    strbuf_printf(out,
        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
        path, authority, key);
    if (*api_key != '\0') {
        strbuf_printf(out, "X-Api-Key: %s\r\n", api_key);
    }
    strbuf_puts(out, "\r\n");
}

/* The answer that proves that the other side speaks WebSocket. */
static void expected_accept(const uint8_t nonce[static HANDSHAKE_NONCE], char out[ACCEPT_SIZE])
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char key[HANDSHAKE_KEY_SIZE];
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct sha1_ctx sha1;
    encode_nonce(nonce, key);
    sha1_init(&sha1);
    sha1_update(&sha1, strlen(key), (const uint8_t *)key);
    sha1_update(&sha1, sizeof magic - 1, (const uint8_t *)magic);
    sha1_digest(&sha1, sizeof digest, digest);
    sodium_bin2base64(out, ACCEPT_SIZE, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
}

/* The value of the header in `head` (which ends with an empty line); false if it is not there. */
static bool find_header(const char *head, size_t len, const char *name, char *out, size_t out_size)
{
    const char *end = head + len;
    size_t name_len = strlen(name);
    const char *line = memchr(head, '\n', len);
    while (line != NULL && ++line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL) {
            return false;
        }
        size_t line_len = (size_t)(stop - line);
        if (line_len > name_len && line[name_len] == ':' &&
            strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            while (value < stop && (*value == ' ' || *value == '\t')) {
                value++;
            }
            while (stop > value && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t')) {
                stop--;
            }
            return str_copy(out, out_size, value, (size_t)(stop - value));
        }
        line = stop;
    }
    return false;
}

/* "HTTP/1.1 101 ..." -> 101; 0 if it is no status line. */
static int parse_status(const char *bytes, size_t len)
{
    if (len < 12 || memcmp(bytes, "HTTP/1.", 7) != 0 || bytes[8] != ' ') {
        return 0;
    }
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (bytes[i] < '0' || bytes[i] > '9') {
            return 0;
        }
        status = status * 10 + (bytes[i] - '0');
    }
    return status;
}

int handshake_check(const char *bytes, size_t len, const uint8_t nonce[static HANDSHAKE_NONCE],
    int *status, struct err *e)
{
    char accept[ACCEPT_SIZE];
    char got[ACCEPT_SIZE];
    *status = parse_status(bytes, len);
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return len <= HEAD_MAX ? 0 : err_set(e, PP_EPROTO, "the answer's head has no end");
    }
    size_t head_len = (size_t)(end - bytes) + 4;
    if (head_len > HEAD_MAX || *status == 0) {
        return err_set(e, PP_EPROTO, "the answer is not HTTP");
    }
    if (*status != 101) {
        return err_set(e, PP_EREFUSED, "the feed was refused (HTTP %d)", *status);
    }
    expected_accept(nonce, accept);
    if (!find_header(bytes, head_len, "Sec-WebSocket-Accept", got, sizeof got) ||
        strcmp(got, accept) != 0) {
        return err_set(e, PP_EPROTO, "the answer is not that of a WebSocket");
    }
    return (int)head_len;
}
