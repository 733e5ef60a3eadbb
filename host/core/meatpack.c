#include "host/core/meatpack.h"

#include <stdint.h>
#include <string.h>

#define LITERAL 15u
#define NEWLINE 12u

static unsigned code_of(char c)
{
    switch (c) {
    case '.':
        return 10;
    case ' ':
        return 11;
    case '\n':
        return NEWLINE;
    case 'G':
        return 13;
    case 'X':
        return 14;
    default:
        return c >= '0' && c <= '9' ? (unsigned)(c - '0') : LITERAL;
    }
}

struct pair {
    unsigned first;
    unsigned second;
};

static struct pair pair_at(const char *line, size_t len, size_t i)
{
    struct pair p = {code_of(line[i]), i + 1 < len ? code_of(line[i + 1]) : NEWLINE};
    if (p.first == p.second && p.first != NEWLINE) {
        p.second = LITERAL; /* lost as one byte the checksum would be none the wiser */
    }
    return p;
}

size_t meatpack_pack(char *out, const char *line, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i += 2) {
        struct pair p = pair_at(line, len, i);
        out[at++] = (char)(uint8_t)(p.first | p.second << 4);
        if (p.first == LITERAL) {
            out[at++] = line[i];
        }
        if (p.second == LITERAL) {
            out[at++] = line[i + 1];
        }
    }
    return at;
}

size_t meatpack_size(const char *line, size_t len)
{
    size_t size = 0;
    for (size_t i = 0; i < len; i += 2) {
        struct pair p = pair_at(line, len, i);
        size += 1u + (p.first == LITERAL) + (p.second == LITERAL);
    }
    return size;
}

const char *meatpack_order(enum meatpack_order order)
{
    static const char *const bytes[] = {
        [MEATPACK_PLAIN_BLANKS] = "\xff\xff\xf6",
        [MEATPACK_ON] = "\xff\xff\xfb",
        [MEATPACK_RESET] = "\xff\xff\xf9",
    };
    return bytes[order];
}

static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    while (*(text += strspn(text, " ")) != '\0') {
        size_t n = strcspn(text, " ");
        if (n == len && memcmp(text, word, n) == 0) {
            return true;
        }
        text += n;
    }
    return false;
}

bool meatpack_report(struct meatpack_report *out, const char *line)
{
    static const char head[] = "[MP]";
    const char *text = line + sizeof head - 1;
    if (strncmp(line, head, sizeof head - 1) != 0) {
        return false;
    }
    bool on = has_word(text, "ON");
    if (!on && !has_word(text, "OFF")) {
        return false;
    }
    out->on = on;
    out->usable = has_word(text, "PV01") && has_word(text, "ESP");
    return true;
}
