#include "tools/ppctl/view_network.h"

#include "tools/ppctl/term.h"
#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LABEL_COLUMNS 13
#define LINK_COLUMNS  10
#define WIDE_COLUMNS  100 /* from here on all columns of the table of hosts */

static void label(struct strbuf *out, const char *name)
{
    strbuf_printf(out, "  %-*s", LABEL_COLUMNS - 2, name);
}

static void line(struct strbuf *out, const char *name, const char *foreign)
{
    if (foreign[0] != '\0') {
        label(out, name);
        text_foreign(out, foreign);
        strbuf_puts(out, "\n");
    }
}

/* ---- a queue ------------------------------------------------------------------------------------
 */

static void put_access(struct strbuf *out, const json_t *q)
{
    bool wan = strcmp(field_text(q, "kind"), "wan") == 0;
    label(out, "access");
    if (wan) {
        strbuf_puts(out, "by its registry\n");
    } else if (field_true(q, "locked")) {
        strbuf_puts(out, "locked by a key\n");
    } else {
        strbuf_puts(out, "open: anyone on this network can print here (key=... locks it)\n");
    }
}

static void put_hosts(struct strbuf *out, const json_t *q)
{
    const json_t *peers = field_node(q, "peers");
    const json_t *leader = field_node(q, "leader");
    int64_t count = field_int(peers, "count", 0);
    label(out, "hosts");
    if (count <= 1) {
        strbuf_puts(out, "no other printers yet\n");
        return;
    }
    strbuf_printf(out, "%" PRId64, count);
    if (!field_true(peers, "exact")) {
        strbuf_printf(out, " or so (%" PRId64 " to %" PRId64 ")", field_int(peers, "low", 0),
            field_int(peers, "high", 0));
    }
    strbuf_printf(out, ", %" PRId64 " of %" PRId64 " that decide are linked; led by ",
        field_int(q, "voters_linked", 0), field_int(q, "voters", 0));
    text_foreign(out, leader != NULL ? field_text(leader, "name") : "nobody");
    strbuf_puts(out, "\n");
}

static void put_notes(struct strbuf *out, const struct view *v, const json_t *q)
{
    size_t i;
    json_t *hint;
    const char *problem = field_text(q, "problem");
    if (problem[0] != '\0') {
        struct strbuf text = {0};
        strbuf_puts(&text, "  problem    ");
        text_foreign(&text, problem);
        text_wrap(out, strbuf_text(&text), LABEL_COLUMNS, v->columns);
        strbuf_fini(&text);
    }
    json_array_foreach(field_node(q, "hints"), i, hint)
    {
        struct strbuf text = {0};
        strbuf_puts(&text, i == 0 ? "  maybe      " : "             ");
        text_foreign(&text, json_string_value(hint));
        text_wrap(out, strbuf_text(&text), LABEL_COLUMNS, v->columns);
        strbuf_fini(&text);
    }
}

static void put_shared(struct strbuf *out, const struct view *v, const json_t *q)
{
    put_access(out, q);
    if (strcmp(field_text(q, "namespace"), field_text(q, "name")) != 0) {
        line(out, "namespace", field_text(q, "namespace"));
    }
    line(out, "registry", field_text(q, "registry"));
    line(out, "CID", field_text(q, "registry_cid"));
    line(out, "identity", field_text(q, "identity"));
    line(out, "address", field_text(q, "address"));
    line(out, "listening", field_text(q, "listening"));
    line(out, "control", field_text(q, "control"));
    line(out, "accept", field_text(q, "accept"));
    if (!field_true(q, "enabled")) {
        return;
    }
    put_hosts(out, q);
    line(out, "role", field_text(q, "role"));
    line(out, "peer id", field_text(q, "self"));
    if (field_int(q, "waiting", 0) > 0) {
        label(out, "waiting");
        strbuf_printf(out, "%" PRId64 " changes wait for the others\n", field_int(q, "waiting", 0));
    }
    put_notes(out, v, q);
}

void view_queue(struct strbuf *out, const struct view *v, const json_t *q)
{
    text_foreign(out, field_text(q, "name"));
    strbuf_printf(out, ": %s queue%s, %" PRId64 " job%s\n", field_text(q, "kind"),
        field_true(q, "enabled") ? "" : " (disabled)", field_int(q, "jobs", 0),
        field_int(q, "jobs", 0) == 1 ? "" : "s");
    line(out, "strategy", field_text(q, "strategy"));
    if (strcmp(field_text(q, "kind"), "local") != 0) {
        put_shared(out, v, q);
    }
}

/* ---- hosts --------------------------------------------------------------------------------------
 */

static void put_link(struct strbuf *out, const json_t *p)
{
    size_t from = out->len;
    int64_t rtt_us = field_int(p, "rtt_us", -1);
    int64_t silent_ms = field_int(p, "silent_ms", 0);
    char text[TEXT_SIZE];
    if (field_true(p, "self")) {
        strbuf_puts(out, "this host");
    } else if (field_true(p, "linked") && rtt_us >= 0) {
        strbuf_printf(out, "%.1f ms", (double)rtt_us / 1000);
    } else if (field_true(p, "linked")) {
        strbuf_puts(out, "linked");
    } else if (silent_ms > 60000) {
        strbuf_printf(out, "- %s", text_duration(text, silent_ms));
    } else {
        strbuf_puts(out, "through others");
    }
    text_pad(out, from, LINK_COLUMNS + 5);
}

static void put_doing(struct strbuf *out, const struct view *v, const json_t *p)
{
    char text[TEXT_SIZE];
    const char *file = field_text(p, "file");
    int64_t eta_ms = field_int(p, "eta_ms", -1);
    if (field_true(p, "needs_person")) {
        term_paint(out, v->color, TERM_YELLOW, "needs a person");
        strbuf_puts(out, "  ");
    }
    if (file[0] == '\0') {
        return;
    }
    strbuf_printf(out, "%" PRId64 "%% of ", field_int(p, "progress", 0));
    text_foreign(out, file);
    if (eta_ms > 0) {
        strbuf_printf(out, ", done %s", text_clock(text, eta_ms, v->now_ms));
    }
}

static const char *role_of(const json_t *p)
{
    return field_true(p, "leader") ? "leads" : field_true(p, "voter") ? "decides" : "";
}

static void peer_row(struct strbuf *out, const struct view *v, const json_t *p)
{
    text_cell(out, field_text(p, "name"), 16);
    strbuf_puts(out, "  ");
    text_cell(out, field_text(p, "profile"), 16);
    strbuf_puts(out, "  ");
    text_cell(out, field_text(p, "state"), 11);
    strbuf_puts(out, "  ");
    put_link(out, p);
    if (v->columns >= WIDE_COLUMNS) {
        text_cell(out, role_of(p), 8);
        text_cell(out, field_text(p, "version"), 9);
    }
    put_doing(out, v, p);
    strbuf_puts(out, "\n");
}

static void put_moves(struct strbuf *out, const json_t *moves)
{
    size_t i;
    json_t *m;
    json_array_foreach(moves, i, m)
    {
        strbuf_puts(out, "a job is on its way from ");
        text_foreign(out, field_text(m, "from"));
        strbuf_puts(out, " to ");
        text_foreign(out, field_text(m, "to"));
        strbuf_printf(out, " (%s)\n", field_text(m, "step"));
    }
}

void view_peers(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *p;
    const json_t *peers = field_node(doc, "peers");
    if (json_array_size(peers) == 0) {
        strbuf_printf(out,
            "no shared queue is enabled (ppctl %squeue enable LAN shares one with all hosts "
            "here)\n",
            v->target);
        return;
    }
    strbuf_printf(out, "%-16s  %-16s  %-11s  %-*s%s\n", "host", "profile", "state",
        LINK_COLUMNS + 5, "link",
        v->columns >= WIDE_COLUMNS ? "role    version  prints" : "prints");
    json_array_foreach(peers, i, p)
    {
        peer_row(out, v, p);
    }
    if (json_array_size(peers) == 1) {
        strbuf_printf(out, "no other printers yet (ppctl %squeue show NAME says why that may be)\n",
            v->target);
    }
    put_moves(out, field_node(doc, "moves"));
}
