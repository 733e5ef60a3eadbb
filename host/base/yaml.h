/* YAML files into structs, by const field tables.
 *
 * A table lists the keys a mapping may have: kind, place in the struct (offsetof), range, words.
 * One call reads a document into a struct; keys that are absent leave their place untouched, so
 * that defaults are set before and files can be laid over each other. Every mistake is told as
 * `FILE:LINE:COL: key: "value": what would be right`, all of a file at once: unknown keys (with a
 * suggestion), duplicate keys, wrong types, ranges, several documents, unknown tags, too deep, too
 * large. Numbers are decimal ("0115200" is 115200).
 */
#ifndef PP_BASE_YAML_H
#define PP_BASE_YAML_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define YAML_MAX_BYTES    (1u << 20)
#define YAML_MAX_NODES    250000
#define YAML_MAX_DEPTH    32
#define YAML_MAX_MISTAKES 50
#define YAML_MAX_FIELDS   32 /* of one table */

enum yaml_kind {
    YAML_STRING,   /* char[size]: one line of text, not empty */
    YAML_TEXT,     /* char *, owned: lines of text, at most `size` bytes */
    YAML_BOOL,     /* bool: yes, no, true, false */
    YAML_CHOICE,   /* int: the value of one of `words` */
    YAML_INT,      /* int: min..max, or one of `words` */
    YAML_REAL,     /* double: min..max */
    YAML_MM,       /* int64_t micrometres from millimetres */
    YAML_CELSIUS,  /* int32_t thousandths of a degree */
    YAML_DURATION, /* int64_t milliseconds: 45s, 30m, 2h, 90d, 2y; min and max in milliseconds */
    YAML_SIZE,     /* int64_t bytes: 500MB, 2GiB */
    YAML_STRINGS,  /* char *[size], owned: a list of texts; the old ones are freed */
    YAML_MAP,      /* a mapping with its own table, into the struct at `offset` */
    YAML_ITEMS,    /* struct yaml_items: a mapping NAME: {...} of at most `size` items */
    YAML_LIST      /* struct yaml_items: a list of at most `size` mappings, without names */
};

struct yaml_word {
    const char *word;
    int value;
};

/* Where a value stands in its file; line 0 = not given. */
struct yaml_mark {
    int line;
    int column;
};

struct yaml_field {
    const char *key;
    enum yaml_kind kind;
    size_t offset;
    size_t size;  /* see the kinds */
    size_t count; /* INT to SIZE: a list of exactly so many; 0 = one value, no list */
    double min;   /* STRINGS, LIST: at least so many */
    double max;
    bool required;
    const struct yaml_word *words;  /* up to {NULL}: CHOICE, INT */
    const struct yaml_table *table; /* MAP, ITEMS, LIST */
    size_t item_marks; /* STRINGS: offset of struct yaml_mark[size] for each text; 0 = none */
    /* STRING, TEXT, each of STRINGS, each name of ITEMS: 0, or tells what would be right. */
    int (*check)(const char *text, struct err *e);
};

struct yaml_table {
    const struct yaml_field *fields;
    size_t count;
    size_t size;  /* of an item's struct (ITEMS, LIST); of ITEMS it begins with char name[64] */
    size_t marks; /* offset of struct yaml_mark[count], which are set for keys given; 0 = none */
    void (*init)(void *item); /* a new item's defaults; may be NULL */
    size_t max_bytes;         /* of a whole document; 0 = YAML_MAX_BYTES */
};

/* Items in order of appearance; an item met again (in a later file) is read over the older one.
 * free(items) when done. */
struct yaml_items {
    void *items;
    size_t count;
};

/* Mistakes, one a line, at most YAML_MAX_MISTAKES of them. Zero-initialise. */
struct yaml_mistakes {
    struct strbuf text;
    size_t count;
};

void yaml_mistakes_fini(struct yaml_mistakes *m);

/* Adds one mistake; `file` is the name shown, `at` where it is (line 0: the file as a whole). */
void yaml_mistake(struct yaml_mistakes *m, const char *file, struct yaml_mark at, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Reads one document from memory into `target`. An empty one is an empty mapping. What is right is
 * set even if there are mistakes; PP_EINVAL then. */
int yaml_read(const char *file, const char *bytes, size_t len, const struct yaml_table *table,
    void *target, struct yaml_mistakes *m);

/* Reads a file; one that cannot be read is a mistake too (PP_EIO and the like). */
int yaml_load(
    const char *path, const struct yaml_table *table, void *target, struct yaml_mistakes *m);

#endif
