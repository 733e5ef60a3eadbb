/* The virtual printer on virtual time: send, let time pass, read what it answered. */
#ifndef TEST_PPV_H
#define TEST_PPV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ppvirtual/model.h"
#include "tools/ppvirtual/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig {
    struct model m;
    struct strbuf out;
    uint64_t now_ns;
};

/* A printer without wire model, past its banner; `change` may be NULL. */
static inline struct rig *rig_new(const char *firmware, void (*change)(struct settings *s))
{
    struct rig *r = calloc(1, sizeof(*r));
    struct settings s;
    settings_default(&s);
    s.fw = firmware_find(firmware);
    assert_non_null(s.fw);
    s.ok = s.fw->ok;
    s.wire = false;
    if (change != NULL) {
        change(&s);
    }
    model_init(&r->m, &s);
    return r;
}

static inline void rig_free(struct rig *r)
{
    model_fini(&r->m);
    strbuf_fini(&r->out);
    free(r);
}

/* Steps at each event until `ms` have passed. */
static inline void rig_run(struct rig *r, double ms)
{
    uint64_t end_ns = r->now_ns + (uint64_t)(ms * 1e6);
    for (;;) {
        uint64_t next_ns = model_next_ns(&r->m);
        r->now_ns = next_ns < end_ns ? (next_ns > r->now_ns ? next_ns : r->now_ns) : end_ns;
        model_step(&r->m, r->now_ns, NULL, &r->out);
        if (next_ns > end_ns) {
            return;
        }
    }
}

static inline void rig_send(struct rig *r, const char *text)
{
    struct event e = {EVENT_BYTES, text, strlen(text)};
    model_step(&r->m, r->now_ns, &e, &r->out);
}

static inline void rig_clear(struct rig *r)
{
    r->out.len = 0;
    if (r->out.data != NULL) {
        r->out.data[0] = '\0';
    }
}

/* Sends and lets `ms` pass; the answer replaces the earlier output. */
static inline const char *rig_ask(struct rig *r, const char *text, double ms)
{
    rig_run(r, 0);
    rig_clear(r);
    rig_send(r, text);
    rig_run(r, ms);
    return strbuf_text(&r->out);
}

/* "N1 G28*18\n" in a buffer that the next but three calls overwrite. */
static inline const char *numbered(long n, const char *command)
{
    static char lines[4][200];
    static int turn;
    char *line = lines[turn++ % 4];
    int len = snprintf(line, sizeof(lines[0]), "N%ld %s", n, command);
    unsigned sum = 0;
    for (int i = 0; i < len; i++) {
        sum ^= (unsigned char)line[i];
    }
    snprintf(line + len, sizeof(lines[0]) - (size_t)len, "*%u\n", sum);
    return line;
}

static inline void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", part, text);
    }
}

static inline int count_of(const char *text, const char *part)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part)) {
        n++;
    }
    return n;
}

#endif
