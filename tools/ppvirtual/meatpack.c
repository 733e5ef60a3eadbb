#include "tools/ppvirtual/meatpack.h"

#define SIGN    0xffu
#define FULL    15u
#define NEWLINE 12u

enum {
    ORDER_PLAIN_BLANKS = 0xf6,
    ORDER_NO_SPACES = 0xf7,
    ORDER_RESET = 0xf9,
    ORDER_OFF = 0xfa,
    ORDER_ON = 0xfb,
};

static char character(const struct meatpack *p, unsigned code)
{
    static const char table[] = "0123456789. \nGX";
    return p->e_for_blank && table[code] == ' ' ? 'E' : table[code];
}

static size_t unpack(struct meatpack *p, unsigned char byte, char *out)
{
    unsigned first = byte & 15u;
    unsigned second = byte >> 4;
    size_t n = 0;
    if (!p->on) {
        out[n++] = (char)byte;
    } else if (p->full > 0) {
        out[n++] = (char)byte;
        p->full--;
        if (p->second != 0) {
            out[n++] = p->second;
            p->second = 0;
        }
    } else if (first == FULL) {
        p->full = second == FULL ? 2 : 1;
        p->second = second == FULL ? '\0' : character(p, second);
    } else {
        out[n++] = character(p, first);
        if (second == FULL && first != NEWLINE) {
            p->full = 1;
        } else if (first != NEWLINE) {
            out[n++] = character(p, second);
        }
    }
    return n;
}

static void obey(struct meatpack *p, unsigned char order)
{
    switch (order) {
    case ORDER_PLAIN_BLANKS:
    case ORDER_NO_SPACES:
        p->no_spaces = p->e_for_blank = order == ORDER_NO_SPACES;
        break;
    case ORDER_RESET:
        *p = (struct meatpack){.e_for_blank = p->e_for_blank};
        break;
    case ORDER_OFF:
    case ORDER_ON:
        p->on = order == ORDER_ON;
        break;
    default: /* asks for the state, or means nothing */
        break;
    }
}

size_t meatpack_feed(struct meatpack *p, char byte, char out[MEATPACK_CHARS], bool *reports)
{
    unsigned char c = (unsigned char)byte;
    size_t n = 0;
    *reports = false;
    if (c == SIGN) {
        p->order_next = p->order_next || p->signs > 0;
        p->signs = p->signs > 0 ? 0 : 1;
        return 0;
    }
    if (p->order_next) {
        obey(p, c);
        p->order_next = false;
        *reports = true;
        return 0;
    }
    if (p->signs > 0) {
        p->signs = 0;
        n = unpack(p, SIGN, out);
    }
    return n + unpack(p, c, out + n);
}

const char *meatpack_state(const struct meatpack *p)
{
    if (p->on) {
        return p->no_spaces ? "[MP] PV01 ON NSP\n" : "[MP] PV01 ON ESP\n";
    }
    return p->no_spaces ? "[MP] PV01 OFF NSP\n" : "[MP] PV01 OFF ESP\n";
}

bool meatpack_may_end(char byte, char before)
{
    unsigned c = (unsigned char)byte;
    unsigned b = (unsigned char)before;
    bool half = (c & 15u) == NEWLINE || c >> 4 == NEWLINE;
    bool behind_full = (b & 15u) == FULL && b >> 4 == NEWLINE;
    return half || behind_full || c >= ORDER_PLAIN_BLANKS || c == '\n' || c == '\r';
}
