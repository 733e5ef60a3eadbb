#include "host/base/mem.h"
#include "host/base/yaml_reader.h"
#include "host/base/yaml_value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const yaml_node_t *n)
{
    return (const char *)n->data.scalar.value;
}

bool yaml_is_null(const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (n->data.scalar.length == 0 || strcmp(text_of(n), "~") == 0 ||
               strcmp(text_of(n), "null") == 0);
}

/* What a person wrote at this node, safe to print and short. */
static const char *shown(const yaml_node_t *n, char out[static 64])
{
    if (n->type != YAML_SCALAR_NODE) {
        return n->type == YAML_MAPPING_NODE ? "{...}" : "[...]";
    }
    str_escape(out, 60, (const char *)n->data.scalar.value, n->data.scalar.length);
    if (n->data.scalar.length > 59) {
        memcpy(out + strlen(out), "...", 4);
    }
    return out;
}

static void wrong_value(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, const char *why)
{
    char text[64];
    yaml_wrong(r, n, "%s: \"%s\": %s", f->key, shown(n, text), why);
}

/* No control characters but, where allowed, newlines and tabs. */
static bool is_printable(const yaml_node_t *n, bool lines)
{
    const unsigned char *p = n->data.scalar.value;
    for (size_t i = 0; i < n->data.scalar.length; i++) {
        bool c1 = p[i] == 0xc2 && p[i + 1] < 0xa0;
        if (c1 || p[i] == 0x7f || (p[i] < 0x20 && !(lines && (p[i] == '\n' || p[i] == '\t')))) {
            return false;
        }
    }
    return true;
}

/* A text of at most max_bytes that the field's own check accepts. */
static bool accept_text(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, size_t max_bytes)
{
    char why[96];
    struct err e = {0};
    bool lines = f->kind == YAML_TEXT;
    bool scalar = n->type == YAML_SCALAR_NODE;
    if (!scalar || (!lines && (yaml_is_null(n) || n->data.scalar.length == 0))) {
        wrong_value(r, f, n, scalar ? "must be a text that is not empty" : "must be a text");
    } else if (n->data.scalar.length > max_bytes) {
        snprintf(why, sizeof why, "must be at most %zu bytes long, is %zu", max_bytes,
            n->data.scalar.length);
        wrong_value(r, f, n, why);
    } else if (!is_printable(n, lines)) {
        wrong_value(r, f, n, "must not contain control characters");
    } else if (f->check != NULL && f->check(text_of(n), &e) != 0) {
        wrong_value(r, f, n, e.text);
    } else {
        return true;
    }
    return false;
}

static void read_string(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    if (accept_text(r, f, n, f->size - 1)) {
        str_copy(place, f->size, text_of(n), n->data.scalar.length);
    }
}

static void read_text(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    char **text = place;
    if (accept_text(r, f, n, f->size)) {
        free(*text);
        *text = mem_strdup(yaml_is_null(n) ? "" : text_of(n));
    }
}

static void read_number(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    struct err e = {0};
    bool scalar = n->type == YAML_SCALAR_NODE;
    const char *text = scalar ? text_of(n) : "";
    if (yaml_value_parse(f, text, scalar ? n->data.scalar.length : 0, place, &e) != 0) {
        wrong_value(r, f, n, e.text);
    }
}

static yaml_node_t *node_at(struct yaml_reader *r, int index)
{
    return yaml_document_get_node(&r->doc, index);
}

static size_t list_length(const yaml_node_t *n)
{
    return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
}

static void read_scalar(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    char why[96];
    if (f->count == 0) {
        read_number(r, f, n, place);
        return;
    }
    if (n->type != YAML_SEQUENCE_NODE || list_length(n) != f->count) {
        snprintf(why, sizeof why, "must be a list of %zu numbers, such as [%s]", f->count,
            f->count == 2 ? "0, 220" : "1, 2, 3, 4");
        wrong_value(r, f, n, why);
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        read_number(r, f, node_at(r, n->data.sequence.items.start[i]),
            (char *)place + i * yaml_value_size(f->kind));
    }
}

/* True if a list has as many items as its field wants. */
static bool accept_length(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, const char *what)
{
    char why[96];
    size_t count = list_length(n);
    if (count > f->size) {
        snprintf(why, sizeof why, "at most %zu%s are possible, here are %zu", f->size, what, count);
    } else if (count == 0 && f->min > 0) {
        snprintf(why, sizeof why, "must not be empty");
    } else if ((double)count < f->min) {
        snprintf(why, sizeof why, "at least %g%s must be given, here are %zu", f->min, what, count);
    } else {
        return true;
    }
    wrong_value(r, f, n, why);
    return false;
}

static void read_strings(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    char **texts = place;
    size_t count = 0;
    if (n->type != YAML_SEQUENCE_NODE) {
        wrong_value(r, f, n, "must be a list of texts, such as [a, b]");
        return;
    }
    if (!accept_length(r, f, n, " texts")) {
        return;
    }
    for (size_t i = 0; i < f->size; i++) {
        free(texts[i]);
        texts[i] = NULL;
    }
    for (size_t i = 0; i < list_length(n); i++) {
        const yaml_node_t *item = node_at(r, n->data.sequence.items.start[i]);
        if (accept_text(r, f, item, 255)) {
            if (f->item_marks != 0) {
                char *target = (char *)place - f->offset;
                struct yaml_mark *marks = (void *)(target + f->item_marks);
                marks[count] = yaml_mark_of(item->start_mark);
            }
            texts[count++] = mem_strdup(text_of(item));
        }
    }
}

/* ---- mappings ------------------------------------------------------------------------------- */

static void read_map(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    if (n->type == YAML_MAPPING_NODE || yaml_is_null(n)) {
        yaml_read_table(r, n, f->table, place);
    } else {
        wrong_value(r, f, n, "must have keys of its own, indented below it");
    }
}

static void *find_item(const struct yaml_items *list, size_t size, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        char *item = (char *)list->items + i * size;
        if (strcmp(item, name) == 0) {
            return item;
        }
    }
    return NULL;
}

/* `name` is NULL in lists, whose items have none. */
static void *add_item(struct yaml_items *list, const struct yaml_table *table, const char *name)
{
    list->items = mem_resize(list->items, list->count + 1, table->size);
    char *item = (char *)list->items + list->count++ * table->size;
    memset(item, 0, table->size);
    if (table->init != NULL) {
        table->init(item);
    }
    if (name != NULL) {
        str_copy(item, 64, name, strlen(name));
    }
    return item;
}

static bool key_seen_before(
    struct yaml_reader *r, const yaml_node_t *n, const yaml_node_pair_t *pair)
{
    const char *name = text_of(node_at(r, pair->key));
    for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *key = node_at(r, p->key);
        if (key->type == YAML_SCALAR_NODE && strcmp(text_of(key), name) == 0) {
            return true;
        }
    }
    return false;
}

static void read_item(struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *mapping,
    const yaml_node_pair_t *pair, struct yaml_items *list)
{
    const yaml_node_t *key = node_at(r, pair->key);
    const yaml_node_t *value = node_at(r, pair->value);
    char text[64];
    if (!accept_text(r, f, key, 63)) {
        return;
    }
    if (key_seen_before(r, mapping, pair)) {
        yaml_wrong(r, key, "%s: given twice", shown(key, text));
        return;
    }
    if (value->type != YAML_MAPPING_NODE && !yaml_is_null(value)) {
        yaml_wrong(r, value, "%s: must have keys of its own, indented below it", shown(key, text));
        return;
    }
    void *item = find_item(list, f->table->size, text_of(key));
    if (item == NULL) {
        item = add_item(list, f->table, text_of(key));
    }
    yaml_read_table(r, value, f->table, item);
}

static void read_items(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    struct yaml_items *list = place;
    char why[64];
    if (yaml_is_null(n)) {
        return;
    }
    if (n->type != YAML_MAPPING_NODE) {
        wrong_value(r, f, n, "must have a line NAME: for each, with its keys indented below");
        return;
    }
    size_t count = (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
    if (count > f->size || list->count + count > 2 * f->size) {
        snprintf(why, sizeof why, "at most %zu are possible, here are %zu", f->size, count);
        wrong_value(r, f, n, why);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        read_item(r, f, n, &n->data.mapping.pairs.start[i], list);
    }
}

static void read_list(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place)
{
    struct yaml_items *list = place;
    if (n->type != YAML_SEQUENCE_NODE) {
        wrong_value(r, f, n, "must be a list: lines that begin with \"-\"");
        return;
    }
    if (!accept_length(r, f, n, "")) {
        return;
    }
    for (size_t i = 0; i < list_length(n); i++) {
        const yaml_node_t *item = node_at(r, n->data.sequence.items.start[i]);
        if (item->type == YAML_MAPPING_NODE) {
            yaml_read_table(r, item, f->table, add_item(list, f->table, NULL));
        } else {
            wrong_value(r, f, item, "must have keys of its own behind the \"-\"");
        }
    }
}

typedef void read_field(
    struct yaml_reader *r, const struct yaml_field *f, const yaml_node_t *n, void *place);

static read_field *const readers[] = {
    [YAML_STRING] = read_string,
    [YAML_TEXT] = read_text,
    [YAML_BOOL] = read_scalar,
    [YAML_CHOICE] = read_scalar,
    [YAML_INT] = read_scalar,
    [YAML_REAL] = read_scalar,
    [YAML_MM] = read_scalar,
    [YAML_CELSIUS] = read_scalar,
    [YAML_DURATION] = read_scalar,
    [YAML_SIZE] = read_scalar,
    [YAML_STRINGS] = read_strings,
    [YAML_MAP] = read_map,
    [YAML_ITEMS] = read_items,
    [YAML_LIST] = read_list,
};

static void unknown_key(
    struct yaml_reader *r, const yaml_node_t *key, const struct yaml_table *table)
{
    const char *known[YAML_MAX_FIELDS];
    char text[64];
    for (size_t i = 0; i < table->count; i++) {
        known[i] = table->fields[i].key;
    }
    const char *near =
        key->data.scalar.length < 64 ? str_suggest(text_of(key), known, table->count) : NULL;
    if (near != NULL) {
        yaml_wrong(r, key, "%s: unknown key; did you mean \"%s\"?", shown(key, text), near);
        return;
    }
    struct strbuf all = {0};
    for (size_t i = 0; i < table->count; i++) {
        strbuf_printf(&all, "%s%s", i > 0 ? ", " : "", known[i]);
    }
    yaml_wrong(r, key, "%s: unknown key; here may stand: %s", shown(key, text), strbuf_text(&all));
    strbuf_fini(&all);
}

static size_t find_field(const struct yaml_table *table, const char *key)
{
    size_t i = 0;
    while (i < table->count && strcmp(table->fields[i].key, key) != 0) {
        i++;
    }
    return i;
}

/* One `key: value`; `seen` has a bit per field met before. */
static void read_pair(struct yaml_reader *r, const yaml_node_pair_t *pair,
    const struct yaml_table *table, void *target, uint32_t *seen)
{
    const yaml_node_t *key = node_at(r, pair->key);
    const yaml_node_t *value = node_at(r, pair->value);
    if (key->type != YAML_SCALAR_NODE) {
        yaml_wrong(r, key, "a key must be one word, not a list or a mapping");
        return;
    }
    size_t i = find_field(table, text_of(key));
    if (i == table->count || strlen(text_of(key)) != key->data.scalar.length) {
        unknown_key(r, key, table);
        return;
    }
    if (*seen & UINT32_C(1) << i) {
        yaml_wrong(r, key, "%s: given twice", table->fields[i].key);
        return;
    }
    *seen |= UINT32_C(1) << i;
    if (table->marks != 0) {
        struct yaml_mark *marks = (void *)((char *)target + table->marks);
        marks[i] = yaml_mark_of(value->start_mark);
    }
    readers[table->fields[i].kind](
        r, &table->fields[i], value, (char *)target + table->fields[i].offset);
}

void yaml_read_table(
    struct yaml_reader *r, const yaml_node_t *n, const struct yaml_table *table, void *target)
{
    uint32_t seen = 0;
    assert(table->count <= YAML_MAX_FIELDS);
    if (n != NULL && n->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
             p++) {
            read_pair(r, p, table, target, &seen);
        }
    }
    for (size_t i = 0; i < table->count; i++) {
        if (table->fields[i].required && !(seen & UINT32_C(1) << i)) {
            struct yaml_mark at =
                n != NULL ? yaml_mark_of(n->start_mark) : (struct yaml_mark){1, 1};
            yaml_mistake(r->mistakes, r->file, at, "%s: is missing", table->fields[i].key);
        }
    }
}
