#include "host/app/queue/pattern.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 200

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
    const unsigned char *at;
    const unsigned char *end;
    struct pattern *p;
    bool open[PATTERN_CAPTURES];
    const char *wrong;
};

static void put(uint64_t set[4], unsigned c)
{
    set[c / 64] |= UINT64_C(1) << (c % 64);
}

static bool has(const uint64_t set[4], unsigned c)
{
    return (set[c / 64] >> (c % 64) & 1) != 0;
}

static bool in_class(int c, int letter)
{
    switch (letter) {
    case 'a':
        return isalpha(c);
    case 'c':
        return iscntrl(c);
    case 'd':
        return isdigit(c);
    case 'g':
        return isgraph(c);
    case 'l':
        return islower(c);
    case 'p':
        return ispunct(c);
    case 's':
        return isspace(c);
    case 'u':
        return isupper(c);
    case 'w':
        return isalnum(c);
    default:
        return isxdigit(c);
    }
}

/* What follows a '%': a class, or a byte that stands for itself. */
static void put_escaped(uint64_t set[4], unsigned char letter)
{
    int small = tolower(letter);
    if (small == '\0' || strchr("acdglpsuwx", small) == NULL) {
        put(set, letter);
        return;
    }
    for (int c = 0; c < 256; c++) {
        if (in_class(c, small) != (isupper(letter) != 0)) {
            put(set, (unsigned)c);
        }
    }
}

static void invert(uint64_t set[4])
{
    for (int i = 0; i < 4; i++) {
        set[i] = ~set[i];
    }
}

static bool fail(struct reader *r, const char *why)
{
    r->wrong = why;
    return false;
}

/* One member of a set: "a", "a-z", "%d". */
static bool read_member(struct reader *r, uint64_t set[4])
{
    unsigned char c = *r->at++;
    if (c == '%') {
        if (r->at == r->end) {
            return fail(r, "malformed pattern (missing ']')");
        }
        put_escaped(set, *r->at++);
    } else if (r->end - r->at >= 2 && r->at[0] == '-' && r->at[1] != ']') {
        for (unsigned i = c; i <= r->at[1]; i++) {
            put(set, i);
        }
        r->at += 2;
    } else {
        put(set, c);
    }
    return true;
}

/* After the '['. A ']' that comes first is a member. */
static bool read_set(struct reader *r, uint64_t set[4])
{
    bool inverted = r->at < r->end && *r->at == '^';
    r->at += inverted;
    for (bool first = true; r->at < r->end && (first || *r->at != ']'); first = false) {
        if (!read_member(r, set)) {
            return false;
        }
    }
    if (r->at == r->end) {
        return fail(r, "malformed pattern (missing ']')");
    }
    r->at++;
    if (inverted) {
        invert(set);
    }
    return true;
}

static struct pattern_item *add(struct reader *r, enum pattern_kind kind)
{
    struct pattern *p = r->p;
    if (p->count == PATTERN_ITEMS) {
        fail(r, "pattern too long");
        return NULL;
    }
    struct pattern_item *item = &p->items[p->count++];
    *item = (struct pattern_item){.repeat = 1};
    item->kind = kind;
    return item;
}

static bool read_open(struct reader *r)
{
    bool here = r->at < r->end && *r->at == ')';
    struct pattern_item *item = add(r, here ? PATTERN_HERE : PATTERN_OPEN);
    if (item == NULL) {
        return false;
    }
    if (r->p->captures == PATTERN_CAPTURES) {
        return fail(r, "too many captures");
    }
    r->at += here;
    r->open[r->p->captures] = !here;
    item->index = (uint8_t)r->p->captures++;
    return true;
}

/* The last one that is open. */
static bool read_close(struct reader *r)
{
    int i = r->p->captures - 1;
    while (i >= 0 && !r->open[i]) {
        i--;
    }
    if (i < 0) {
        return fail(r, "invalid pattern capture");
    }
    struct pattern_item *item = add(r, PATTERN_CLOSE);
    if (item != NULL) {
        item->index = (uint8_t)i;
        r->open[i] = false;
    }
    return item != NULL;
}

static bool read_again(struct reader *r, unsigned char digit)
{
    int i = digit - '1';
    if (i < 0 || i >= r->p->captures || r->open[i]) {
        return fail(r, "invalid capture index in the pattern");
    }
    struct pattern_item *item = add(r, PATTERN_AGAIN);
    if (item != NULL) {
        item->index = (uint8_t)i;
    }
    return item != NULL;
}

static bool read_balance(struct reader *r)
{
    if (r->end - r->at < 2) {
        return fail(r, "malformed pattern (missing arguments to '%b')");
    }
    struct pattern_item *item = add(r, PATTERN_BALANCE);
    if (item != NULL) {
        item->first = *r->at++;
        item->last = *r->at++;
    }
    return item != NULL;
}

static bool read_frontier(struct reader *r)
{
    if (r->at == r->end || *r->at != '[') {
        return fail(r, "missing '[' after '%f' in pattern");
    }
    r->at++;
    struct pattern_item *item = add(r, PATTERN_FRONTIER);
    return item != NULL && read_set(r, item->set);
}

/* One byte's worth and how often. */
static bool read_one(struct reader *r, unsigned char c)
{
    struct pattern_item *item = add(r, PATTERN_ONE);
    if (item == NULL) {
        return false;
    }
    if (c == '.') {
        invert(item->set);
    } else if (c == '[') {
        if (!read_set(r, item->set)) {
            return false;
        }
    } else if (c == '%') {
        put_escaped(item->set, *r->at++);
    } else {
        put(item->set, c);
    }
    if (r->at < r->end && *r->at != '\0' && strchr("*+-?", *r->at) != NULL) {
        item->repeat = (char)*r->at++;
    }
    return true;
}

static bool read_percent(struct reader *r)
{
    if (r->at == r->end) {
        return fail(r, "malformed pattern (ends with '%')");
    }
    unsigned char c = *r->at;
    if (c == 'b' || c == 'f') {
        r->at++;
        return c == 'b' ? read_balance(r) : read_frontier(r);
    }
    if (isdigit(c)) {
        r->at++;
        return read_again(r, c);
    }
    return read_one(r, '%');
}

static bool read_item(struct reader *r)
{
    unsigned char c = *r->at++;
    switch (c) {
    case '(':
        return read_open(r);
    case ')':
        return read_close(r);
    case '%':
        return read_percent(r);
    case '$':
        return r->at == r->end ? add(r, PATTERN_END) != NULL : read_one(r, c);
    default:
        return read_one(r, c);
    }
}

const char *pattern_read(struct pattern *p, const char *text, size_t len, bool anchors)
{
    struct reader r = {.at = (const unsigned char *)text, .p = p};
    r.end = r.at + len;
    p->count = 0;
    p->captures = 0;
    p->anchored = anchors && len > 0 && text[0] == '^';
    r.at += p->anchored;
    while (r.at < r.end && read_item(&r)) {
    }
    for (int i = 0; r.wrong == NULL && i < p->captures; i++) {
        r.wrong = r.open[i] ? "unfinished capture" : NULL;
    }
    return r.wrong;
}

/* ---- matching -------------------------------------------------------------------------------- */

struct matcher {
    const struct pattern *p;
    struct pattern_match *m;
    int depth;
    enum pattern_result stopped; /* PATTERN_YES while going on */
};

static bool match(struct matcher *x, size_t s, size_t i);

static bool fits(const struct matcher *x, const struct pattern_item *item, size_t s)
{
    return s < x->m->len && has(item->set, (unsigned char)x->m->text[s]);
}

static bool count_step(struct matcher *x)
{
    if (x->m->steps-- <= 0) {
        x->stopped = PATTERN_SPENT;
    }
    return x->stopped == PATTERN_YES;
}

/* As many as there are, then fewer. */
static bool match_most(struct matcher *x, const struct pattern_item *item, size_t s, size_t i)
{
    size_t least = s + (item->repeat == '+');
    size_t last = s;
    size_t most = item->repeat == '?' ? s + 1 : x->m->len;
    while (last < most && fits(x, item, last) && count_step(x)) {
        last++;
    }
    for (size_t at = last; at + 1 > least && x->stopped == PATTERN_YES; at--) {
        if (match(x, at, i + 1)) {
            return true;
        }
        if (at == 0) {
            break;
        }
    }
    return false;
}

static bool match_least(struct matcher *x, const struct pattern_item *item, size_t s, size_t i)
{
    while (x->stopped == PATTERN_YES) {
        if (match(x, s, i + 1)) {
            return true;
        }
        if (!fits(x, item, s)) {
            return false;
        }
        s++;
    }
    return false;
}

static bool match_capture(struct matcher *x, const struct pattern_item *item, size_t s, size_t i)
{
    struct pattern_match *m = x->m;
    size_t start = m->capture[item->index].start;
    size_t end = m->capture[item->index].end;
    if (item->kind != PATTERN_CLOSE) {
        m->capture[item->index].start = s;
        m->capture[item->index].position = item->kind == PATTERN_HERE;
    }
    m->capture[item->index].end = s;
    if (match(x, s, i + 1)) {
        return true;
    }
    m->capture[item->index].start = start;
    m->capture[item->index].end = end;
    return false;
}

/* Where the text captured before ends if it stands here too; SIZE_MAX if not. */
static size_t after_again(struct matcher *x, const struct pattern_item *item, size_t s)
{
    const struct pattern_match *m = x->m;
    size_t start = m->capture[item->index].start;
    size_t len = m->capture[item->index].end - start;
    if (m->capture[item->index].position) {
        return SIZE_MAX; /* a position is no text */
    }
    x->m->steps -= (int64_t)(len / 16);
    return m->len - s >= len && memcmp(m->text + start, m->text + s, len) == 0 ? s + len : SIZE_MAX;
}

static size_t after_balance(struct matcher *x, const struct pattern_item *item, size_t s)
{
    size_t depth = 0;
    for (; s < x->m->len && count_step(x); s++) {
        unsigned char c = (unsigned char)x->m->text[s];
        if (depth > 0 && c == item->last) {
            if (--depth == 0) {
                return s + 1;
            }
        } else if (c == item->first) {
            depth++;
        } else if (depth == 0) {
            return SIZE_MAX;
        }
    }
    return SIZE_MAX;
}

/* Before the text and after it there is a zero byte. */
static bool at_frontier(const struct matcher *x, const struct pattern_item *item, size_t s)
{
    const struct pattern_match *m = x->m;
    unsigned before = s > 0 ? (unsigned char)m->text[s - 1] : 0;
    unsigned here = s < m->len ? (unsigned char)m->text[s] : 0;
    return !has(item->set, before) && has(item->set, here);
}

/* Where an item that can match in one way only ends; SIZE_MAX if it does not. */
static size_t after_simple(struct matcher *x, const struct pattern_item *item, size_t s)
{
    switch (item->kind) {
    case PATTERN_ONE:
        return fits(x, item, s) ? s + 1 : SIZE_MAX;
    case PATTERN_AGAIN:
        return after_again(x, item, s);
    case PATTERN_BALANCE:
        return after_balance(x, item, s);
    case PATTERN_FRONTIER:
        return at_frontier(x, item, s) ? s : SIZE_MAX;
    case PATTERN_OPEN:
    case PATTERN_CLOSE:
    case PATTERN_HERE:
    case PATTERN_END:
        break;
    }
    return s == x->m->len ? s : SIZE_MAX;
}

static bool match_choices(struct matcher *x, const struct pattern_item *item, size_t s, size_t i)
{
    bool found = false;
    if (++x->depth > DEPTH_MAX) {
        x->stopped = PATTERN_DEEP;
    } else if (item->kind != PATTERN_ONE) {
        found = match_capture(x, item, s, i);
    } else if (item->repeat == '-') {
        found = match_least(x, item, s, i);
    } else {
        found = match_most(x, item, s, i);
    }
    x->depth--;
    return found;
}

static bool has_choices(const struct pattern_item *item)
{
    return item->repeat != 1 || item->kind == PATTERN_OPEN || item->kind == PATTERN_CLOSE ||
           item->kind == PATTERN_HERE;
}

/* Items from `i` on match at `s`; sets the end of the whole. */
static bool match(struct matcher *x, size_t s, size_t i)
{
    while (count_step(x)) {
        const struct pattern_item *item = &x->p->items[i];
        if (i == x->p->count) {
            x->m->end = s;
            return true;
        }
        if (has_choices(item)) {
            return match_choices(x, item, s, i);
        }
        s = after_simple(x, item, s);
        if (s == SIZE_MAX) {
            return false;
        }
        i++;
    }
    return false;
}

enum pattern_result pattern_match_at(const struct pattern *p, struct pattern_match *m, size_t start)
{
    struct matcher x = {.p = p, .m = m, .stopped = PATTERN_YES};
    bool found = match(&x, start, 0);
    return found ? PATTERN_YES : x.stopped == PATTERN_YES ? PATTERN_NO : x.stopped;
}

enum pattern_result pattern_search(
    const struct pattern *p, struct pattern_match *m, size_t start, size_t *at)
{
    enum pattern_result result = PATTERN_NO;
    for (*at = start; *at <= m->len; (*at)++) {
        result = pattern_match_at(p, m, *at);
        if (result != PATTERN_NO || p->anchored) {
            break;
        }
    }
    return result;
}
