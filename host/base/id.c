#include "host/base/id.h"

#include <sodium.h>
#include <string.h>

#define VERSION 0x70u
#define VARIANT 0x80u

static void print(char *out, const uint8_t bytes[static 16])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

void id_format(char out[static ID_SIZE], int64_t wall_ms, const uint8_t random[static 10])
{
    uint8_t bytes[16];
    uint64_t ms = wall_ms > 0 ? (uint64_t)wall_ms : 0;
    for (int i = 0; i < 6; i++) {
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    memcpy(bytes + 6, random, 10);
    bytes[6] = (uint8_t)((bytes[6] & 0x0fu) | VERSION);
    bytes[8] = (uint8_t)((bytes[8] & 0x3fu) | VARIANT);
    print(out, bytes);
}

void id_new(char out[static ID_SIZE], int64_t wall_ms)
{
    uint8_t random[10];
    randombytes_buf(random, sizeof random);
    id_format(out, wall_ms, random);
}
