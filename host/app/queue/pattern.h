/* Lua's patterns, matched within a limit of steps.
 *
 * Lua's own matcher may run for longer than the universe on a short text, and nothing can interrupt
 * it. This one takes the same patterns: a pattern is read into items first, then matched with
 * backtracking, and each attempt at an item is a step.
 *
 * Failure modes: a pattern that cannot be (PATTERN_BAD and the reason), too many steps
 * (PATTERN_SPENT).
 */
#ifndef PP_APP_QUEUE_PATTERN_H
#define PP_APP_QUEUE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_ITEMS    128
#define PATTERN_CAPTURES 32

enum pattern_kind {
    PATTERN_ONE, /* one byte of `set`, repeated as `repeat` says */
    PATTERN_OPEN,
    PATTERN_CLOSE,
    PATTERN_HERE, /* () */
    PATTERN_AGAIN,
    PATTERN_BALANCE,
    PATTERN_FRONTIER,
    PATTERN_END
};

struct pattern_item {
    enum pattern_kind kind;
    char repeat;   /* '*', '+', '-', '?', or 1 */
    uint8_t index; /* of a capture */
    uint8_t first; /* of a balance */
    uint8_t last;
    uint64_t set[4];
};

struct pattern {
    bool anchored;
    size_t count;
    int captures;
    struct pattern_item items[PATTERN_ITEMS];
};

/* NULL, or what is wrong with it. `anchors`: a '^' at its begin has its meaning. */
const char *pattern_read(struct pattern *p, const char *text, size_t len, bool anchors);

enum pattern_result {
    PATTERN_NO,
    PATTERN_YES,
    PATTERN_SPENT,
    PATTERN_DEEP /* nested too deeply */
};

struct pattern_match {
    const char *text; /* borrowed */
    size_t len;
    int64_t steps; /* left; counted down */
    size_t end;    /* of the match */
    struct {
        size_t start;
        size_t end;
        bool position; /* captured by (): `start` is what counts */
    } capture[PATTERN_CAPTURES];
};

/* A match that begins exactly at `start`. */
enum pattern_result pattern_match_at(
    const struct pattern *p, struct pattern_match *m, size_t start);

/* The first match that begins at `start` or, unless it is anchored, later; *at where it does. */
enum pattern_result pattern_search(
    const struct pattern *p, struct pattern_match *m, size_t start, size_t *at);

#endif
