/* Bytes as text: base58btc and base36, where the bytes are one large number, and base32. */
#include "net/cid.h"
#include "net/identity.h"

#include <string.h>

/* What the loops below do grows with the square of this. */
#define NUMBER_MAX 512

static const char digits58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char digits36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char digits32[] = "abcdefghijklmnopqrstuvwxyz234567";

/* A byte of zero in front is one first digit each; the rest is a number in that base. */
static bool number_encode(
    const char *digits, const uint8_t *bytes, size_t len, char *out, size_t out_size)
{
    uint8_t reversed[NUMBER_MAX * 2];
    unsigned base = (unsigned)strlen(digits);
    size_t zeroes = 0;
    size_t n = 0;
    if (len > NUMBER_MAX) {
        return false;
    }
    while (zeroes < len && bytes[zeroes] == 0) {
        zeroes++;
    }
    for (size_t i = zeroes; i < len; i++) {
        unsigned carry = bytes[i];
        for (size_t j = 0; j < n || carry > 0; j++) {
            carry += j < n ? 256u * reversed[j] : 0;
            reversed[j] = (uint8_t)(carry % base);
            carry /= base;
            n += j == n;
        }
    }
    if (zeroes + n >= out_size) {
        return false;
    }
    memset(out, digits[0], zeroes);
    for (size_t i = 0; i < n; i++) {
        out[zeroes + i] = digits[reversed[n - 1 - i]];
    }
    out[zeroes + n] = '\0';
    return true;
}

static int digit_of(const char *digits, char c)
{
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c | 0x20);
    }
    return c;
}

static bool number_decode(const char *digits, bool fold, const char *text, size_t text_len,
    uint8_t *out, size_t out_size, size_t *len)
{
    uint8_t reversed[NUMBER_MAX];
    unsigned base = (unsigned)strlen(digits);
    size_t zeroes = 0;
    size_t n = 0;
    if (text_len > NUMBER_MAX) {
        return false;
    }
    while (zeroes < text_len && text[zeroes] == digits[0]) {
        zeroes++;
    }
    for (size_t i = zeroes; i < text_len; i++) {
        char c = text[i];
        if (fold) {
            c = lower(c);
        }
        int digit = digit_of(digits, c);
        if (digit < 0) {
            return false;
        }
        unsigned carry = (unsigned)digit;
        for (size_t j = 0; j < n || carry > 0; j++) {
            carry += j < n ? base * reversed[j] : 0;
            reversed[j] = (uint8_t)carry;
            carry >>= 8;
            n += j == n;
        }
    }
    if (zeroes + n > out_size) {
        return false;
    }
    memset(out, 0, zeroes);
    for (size_t i = 0; i < n; i++) {
        out[zeroes + i] = reversed[n - 1 - i];
    }
    *len = zeroes + n;
    return true;
}

bool base58_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size)
{
    return number_encode(digits58, bytes, len, out, out_size);
}

bool base58_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len)
{
    return number_decode(digits58, false, text, text_len, out, out_size, len);
}

bool base36_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size)
{
    return number_encode(digits36, bytes, len, out, out_size);
}

bool base36_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len)
{
    return number_decode(digits36, true, text, text_len, out, out_size, len);
}

bool base32_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size)
{
    size_t n = 0;
    unsigned bits = 0;
    unsigned held = 0;
    if ((len * 8 + 4) / 5 >= out_size) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5) {
            out[n++] = digits32[held >> (bits - 5) & 31];
        }
        held &= (1u << bits) - 1;
    }
    if (bits > 0) {
        out[n++] = digits32[held << (5 - bits) & 31];
    }
    out[n] = '\0';
    return true;
}

bool base32_decode(const char *text, size_t text_len, uint8_t *out, size_t out_size, size_t *len)
{
    size_t n = 0;
    unsigned bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < text_len; i++) {
        int digit = digit_of(digits32, lower(text[i]));
        if (digit < 0) {
            return false;
        }
        held = held << 5 | (unsigned)digit;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            if (n == out_size) {
                return false;
            }
            out[n++] = (uint8_t)(held >> bits);
            held &= (1u << bits) - 1;
        }
    }
    *len = n;
    return bits < 5 && held == 0; /* else there is a digit too many, or other bytes read the same */
}
