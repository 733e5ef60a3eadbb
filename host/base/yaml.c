#include "host/base/file.h"
#include "host/base/yaml_reader.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void yaml_mistakes_fini(struct yaml_mistakes *m)
{
    strbuf_fini(&m->text);
    m->count = 0;
}

__attribute__((format(printf, 4, 0))) static void add_mistake(
    struct yaml_mistakes *m, const char *file, struct yaml_mark at, const char *fmt, va_list ap)
{
    char text[512];
    if (m->count >= YAML_MAX_MISTAKES) {
        return;
    }
    m->count++;
    vsnprintf(text, sizeof text, fmt, ap);
    if (at.line > 0) {
        strbuf_printf(&m->text, "%s:%d:%d: %s\n", file, at.line, at.column, text);
    } else {
        strbuf_printf(&m->text, "%s: %s\n", file, text);
    }
}

void yaml_mistake(
    struct yaml_mistakes *m, const char *file, struct yaml_mark at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_mistake(m, file, at, fmt, ap);
    va_end(ap);
}

struct yaml_mark yaml_mark_of(yaml_mark_t m)
{
    return (struct yaml_mark){.line = (int)m.line + 1, .column = (int)m.column + 1};
}

void yaml_wrong(struct yaml_reader *r, const yaml_node_t *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_mistake(r->mistakes, r->file, yaml_mark_of(at->start_mark), fmt, ap);
    va_end(ap);
}

/* By line, as the mark's index counts characters and not bytes. */
static bool is_tab(const struct yaml_reader *r, yaml_mark_t at)
{
    const char *end = r->bytes + r->len;
    const char *p = r->bytes;
    for (size_t line = 0; line < at.line && p != NULL; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p != NULL ? p + 1 : NULL;
    }
    return p != NULL && at.column < (size_t)(end - p) && p[at.column] == '\t';
}

static void wrong_syntax(struct yaml_reader *r, const yaml_parser_t *p)
{
    const char *problem = p->problem != NULL ? p->problem : "is not YAML";
    if (p->error == YAML_READER_ERROR) {
        yaml_mistake(r->mistakes, r->file, (struct yaml_mark){0}, "byte %zu: %s", p->problem_offset,
            problem);
    } else if (p->error == YAML_SCANNER_ERROR && is_tab(r, p->problem_mark)) {
        yaml_mistake(r->mistakes, r->file, yaml_mark_of(p->problem_mark),
            "a tab stands here; indentation must be blanks");
    } else {
        yaml_mistake(r->mistakes, r->file, yaml_mark_of(p->problem_mark), "%s%s%s", problem,
            p->context != NULL ? " " : "", p->context != NULL ? p->context : "");
    }
}

/* Tags of other programs (!include, !secret) would silently mean something else here. */
static const char *foreign_tag(const yaml_event_t *ev)
{
    const yaml_char_t *tag = NULL;
    if (ev->type == YAML_SCALAR_EVENT) {
        tag = ev->data.scalar.tag;
    } else if (ev->type == YAML_SEQUENCE_START_EVENT) {
        tag = ev->data.sequence_start.tag;
    } else if (ev->type == YAML_MAPPING_START_EVENT) {
        tag = ev->data.mapping_start.tag;
    }
    bool foreign = tag != NULL && !str_starts((const char *)tag, "tag:yaml.org,2002:") &&
                   strcmp((const char *)tag, "!") != 0;
    return foreign ? (const char *)tag : NULL;
}

struct scan {
    int depth;
    int nodes;
    int documents;
};

/* False when the document must not be loaded. */
static bool scan_event(struct yaml_reader *r, const yaml_event_t *ev, struct scan *s)
{
    struct yaml_mark at = yaml_mark_of(ev->start_mark);
    const char *tag = foreign_tag(ev);
    bool opens = ev->type == YAML_SEQUENCE_START_EVENT || ev->type == YAML_MAPPING_START_EVENT;
    bool ends = ev->type == YAML_SEQUENCE_END_EVENT || ev->type == YAML_MAPPING_END_EVENT;
    s->depth += opens - ends;
    s->nodes += !ends;
    s->documents += ev->type == YAML_DOCUMENT_START_EVENT;
    if (tag != NULL) {
        char text[64];
        yaml_mistake(r->mistakes, r->file, at, "\"%s\": tags are not supported",
            str_escape(text, sizeof text, tag, strlen(tag)));
    } else if (s->depth > YAML_MAX_DEPTH) {
        yaml_mistake(r->mistakes, r->file, at, "nested deeper than %d levels", YAML_MAX_DEPTH);
    } else if (s->nodes > YAML_MAX_NODES) {
        yaml_mistake(r->mistakes, r->file, at, "more than %d values", YAML_MAX_NODES);
    } else if (s->documents > 1) {
        yaml_mistake(r->mistakes, r->file, at, "a second document; one file holds one");
    } else {
        return true;
    }
    return false;
}

static void start(struct yaml_reader *r, yaml_parser_t *p)
{
    if (yaml_parser_initialize(p) == 0) {
        abort(); /* out of memory */
    }
    yaml_parser_set_input_string(p, (const unsigned char *)r->bytes, r->len);
}

/* Looks through the events before a tree is built, so that depth and size of the tree are bounded.
 */
static bool scan(struct yaml_reader *r)
{
    yaml_parser_t p;
    yaml_event_t ev;
    struct scan s = {0};
    bool ok = true;
    bool more = true;
    start(r, &p);
    while (ok && more) {
        if (yaml_parser_parse(&p, &ev) == 0) {
            wrong_syntax(r, &p);
            ok = false;
            break;
        }
        ok = scan_event(r, &ev, &s);
        more = ev.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&ev);
    }
    yaml_parser_delete(&p);
    return ok;
}

static void read_document(struct yaml_reader *r, const struct yaml_table *table, void *target)
{
    yaml_parser_t p;
    start(r, &p);
    if (yaml_parser_load(&p, &r->doc) == 0) {
        wrong_syntax(r, &p);
        yaml_parser_delete(&p);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
    if (root != NULL && root->type != YAML_MAPPING_NODE && !yaml_is_null(root)) {
        yaml_wrong(r, root, "must be lines of the form \"key: value\"");
    } else {
        yaml_read_table(r, root, table, target);
    }
    yaml_document_delete(&r->doc);
    yaml_parser_delete(&p);
}

int yaml_read(const char *file, const char *bytes, size_t len, const struct yaml_table *table,
    void *target, struct yaml_mistakes *m)
{
    struct yaml_reader r = {.file = file, .bytes = bytes, .len = len, .mistakes = m};
    size_t before = m->count;
    size_t max_bytes = table->max_bytes > 0 ? table->max_bytes : YAML_MAX_BYTES;
    if (len > max_bytes) {
        yaml_mistake(m, file, (struct yaml_mark){0}, "is larger than %zu bytes", max_bytes);
    } else if (scan(&r)) {
        read_document(&r, table, target);
    }
    return m->count > before || m->count >= YAML_MAX_MISTAKES ? -PP_EINVAL : 0;
}

int yaml_load(
    const char *path, const struct yaml_table *table, void *target, struct yaml_mistakes *m)
{
    struct strbuf bytes = {0};
    struct err e = {0};
    size_t max_bytes = table->max_bytes > 0 ? table->max_bytes : YAML_MAX_BYTES;
    int rc = file_read(path, max_bytes, &bytes, &e);
    if (rc == 0) {
        rc = yaml_read(path, strbuf_text(&bytes), bytes.len, table, target, m);
    } else if (m->count++ < YAML_MAX_MISTAKES) {
        strbuf_printf(&m->text, "%s\n", e.text);
    }
    strbuf_fini(&bytes);
    return rc;
}
