#include "tools/ppctl/view_network.h"

#include "tools/ppctl/term.h"
#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LABEL_COLUMNS 13
#define LINK_COLUMNS  16
#define WIDE_COLUMNS  110 /* from here on all columns of the table of hosts, in one line each */
#define FULL_COLUMNS  64  /* below, neither profile nor link */
#define NAME_COLUMNS  16
#define LINE_INDENT   4

static void fact(struct strbuf *out, const struct view *v, const char *name, struct strbuf *value)
{
    if (value->len > 0) {
        strbuf_printf(out, "  %-*s", LABEL_COLUMNS - 2, name);
        text_wrap(out, strbuf_text(value), LABEL_COLUMNS, v->columns);
    }
    strbuf_fini(value);
}

static void line(struct strbuf *out, const struct view *v, const char *name, const char *foreign)
{
    struct strbuf value = {0};
    text_foreign(&value, foreign);
    fact(out, v, name, &value);
}

/* ---- a queue ------------------------------------------------------------------------------------
 */

/* Of a queue over the internet: as its registry says. */
static void put_trust(struct strbuf *out, const struct view *v, const json_t *q)
{
    struct strbuf text = {0};
    const json_t *trust = field_node(q, "trust");
    int64_t peers = field_int(trust, "peers", 0);
    strbuf_puts(&text, "by its registry");
    if (peers > 0) {
        strbuf_printf(&text, ": %" PRId64 " trusted peer%s decide%s, %s", peers,
            peers == 1 ? "" : "s", peers == 1 ? "s" : "",
            field_true(trust, "only") ? "nobody else takes part" : "anybody may take part");
        strbuf_puts(&text, field_true(trust, "self") ? "; this host is one of them" : "");
    }
    fact(out, v, "access", &text);
}

static void put_access(struct strbuf *out, const struct view *v, const json_t *q)
{
    if (strcmp(field_text(q, "kind"), "wan") == 0) {
        put_trust(out, v, q);
    } else if (field_true(q, "locked")) {
        line(out, v, "access", "locked by a key");
    } else {
        line(out, v, "access", "open: anyone on this network can print here (key=... locks it)");
    }
}

static void put_hosts(struct strbuf *out, const struct view *v, const json_t *q)
{
    struct strbuf value = {0};
    const json_t *peers = field_node(q, "peers");
    const json_t *leader = field_node(q, "leader");
    int64_t count = field_int(peers, "count", 0);
    if (count <= 1) {
        line(out, v, "hosts", "no other printers yet");
        return;
    }
    strbuf_printf(&value, "%" PRId64, count);
    if (!field_true(peers, "exact")) {
        strbuf_printf(&value, " or so (%" PRId64 " to %" PRId64 ")", field_int(peers, "low", 0),
            field_int(peers, "high", 0));
    }
    strbuf_printf(&value, ", %" PRId64 " of %" PRId64 " that decide are linked; led by ",
        field_int(q, "voters_linked", 0), field_int(q, "voters", 0));
    text_foreign(&value, leader != NULL ? field_text(leader, "name") : "nobody");
    fact(out, v, "hosts", &value);
}

static void put_waiting(struct strbuf *out, const struct view *v, const json_t *q)
{
    struct strbuf value = {0};
    int64_t waiting = field_int(q, "waiting", 0);
    if (waiting > 0) {
        strbuf_printf(&value, "%" PRId64 " change%s for the other hosts", waiting,
            waiting == 1 ? " waits" : "s wait");
    }
    fact(out, v, "waiting", &value);
}

static void put_notes(struct strbuf *out, const struct view *v, const json_t *q)
{
    size_t i;
    json_t *hint;
    line(out, v, "problem", field_text(q, "problem"));
    json_array_foreach(field_node(q, "hints"), i, hint)
    {
        line(out, v, i == 0 ? "maybe" : "", json_is_string(hint) ? json_string_value(hint) : "");
    }
}

static void put_shared(struct strbuf *out, const struct view *v, const json_t *q)
{
    static const char *const settings[][2] = {{"registry", "registry"}, {"CID", "registry_cid"},
        {"identity", "identity"}, {"address", "address"}, {"listening", "listening"},
        {"control", "control"}, {"accept", "accept"}};
    put_access(out, v, q);
    if (strcmp(field_text(q, "namespace"), field_text(q, "name")) != 0) {
        line(out, v, "namespace", field_text(q, "namespace"));
    }
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        line(out, v, settings[i][0], field_text(q, settings[i][1]));
    }
    if (!field_true(q, "enabled")) {
        return;
    }
    put_hosts(out, v, q);
    line(out, v, "role", field_text(q, "role"));
    line(out, v, "peer id", field_text(q, "self"));
    put_waiting(out, v, q);
    put_notes(out, v, q);
}

void view_queue(struct strbuf *out, const struct view *v, const json_t *q)
{
    struct strbuf head = {0};
    int64_t jobs = field_int(q, "jobs", 0);
    text_foreign(&head, field_text(q, "name"));
    strbuf_puts(&head, ": ");
    text_foreign(&head, field_text(q, "kind"));
    strbuf_printf(&head, " queue%s, %" PRId64 " job%s",
        field_true(q, "enabled") ? "" : " (disabled)", jobs, jobs == 1 ? "" : "s");
    text_wrap(out, strbuf_text(&head), LINE_INDENT, v->columns);
    strbuf_fini(&head);
    line(out, v, "strategy", field_text(q, "strategy"));
    if (strcmp(field_text(q, "kind"), "local") != 0) {
        put_shared(out, v, q);
    }
}

static void put_line(struct strbuf *out, const json_t *q)
{
    const json_t *peers = field_node(q, "peers");
    const char *leader = field_text(field_node(q, "leader"), "name");
    int64_t count = field_int(peers, "count", 0);
    strbuf_puts(out, strcmp(field_text(q, "kind"), "wan") == 0 ? "by registry"
                     : field_true(q, "locked")                 ? "locked"
                                                               : "open");
    if (count > 1) {
        strbuf_printf(
            out, ", %s%" PRId64 " hosts", field_true(peers, "exact") ? "" : "about ", count);
        strbuf_puts(out, *leader != '\0' ? ", led by " : ", no leader");
        text_foreign(out, leader);
    } else {
        strbuf_puts(out, ", no other printers yet");
    }
    if (field_int(q, "waiting", 0) > 0) {
        strbuf_printf(out, ", %" PRId64 " changes wait", field_int(q, "waiting", 0));
    }
    if (*field_text(q, "problem") != '\0') {
        strbuf_puts(out, "; ");
        text_foreign(out, field_text(q, "problem"));
    }
}

void view_queue_line(struct strbuf *out, const struct view *v, const json_t *q)
{
    struct strbuf line = {0};
    if (strcmp(field_text(q, "kind"), "local") == 0 || !field_true(q, "enabled") ||
        field_node(q, "peers") == NULL) {
        return;
    }
    strbuf_printf(out, "%*s", LINE_INDENT, "");
    put_line(&line, q);
    text_wrap(out, strbuf_text(&line), LINE_INDENT, v->columns);
    strbuf_fini(&line);
}

/* ---- hosts --------------------------------------------------------------------------------------
 */

static void put_link(struct strbuf *out, const struct view *v, const json_t *p)
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
        strbuf_printf(out, "silent %s", text_duration(text, silent_ms));
    } else {
        strbuf_puts(out, "through others");
    }
    if (v->columns >= WIDE_COLUMNS) {
        text_pad(out, from, LINK_COLUMNS + 2);
        strbuf_puts(out, "  ");
    }
}

static void put_doing(struct strbuf *out, const struct view *v, const json_t *p)
{
    char text[TEXT_SIZE];
    const char *file = field_text(p, "file");
    int64_t eta_ms = field_int(p, "eta_ms", -1);
    if (field_true(p, "needs_person")) {
        term_paint(out, v->color, TERM_YELLOW, "needs a person");
        strbuf_puts(out, file[0] != '\0' ? "  " : "");
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

/* Behind the row where there is room, else below it. */
static void put_last(struct strbuf *out, const struct view *v, const json_t *p)
{
    struct strbuf doing = {0};
    put_doing(&doing, v, p);
    if (v->columns >= WIDE_COLUMNS) {
        strbuf_puts(out, strbuf_text(&doing));
        strbuf_puts(out, "\n");
    } else {
        strbuf_puts(out, "\n");
    }
    if (v->columns < WIDE_COLUMNS && doing.len > 0) {
        strbuf_printf(out, "%*s", LINE_INDENT, "");
        text_wrap(out, strbuf_text(&doing), LINE_INDENT, v->columns);
    }
    strbuf_fini(&doing);
}

static const char *role_of(const json_t *p)
{
    return field_true(p, "leader") ? "leads" : field_true(p, "voter") ? "decides" : "";
}

static void peer_row(struct strbuf *out, const struct view *v, const json_t *p)
{
    text_cell(out, field_text(p, "name"), NAME_COLUMNS);
    strbuf_puts(out, "  ");
    if (v->columns >= FULL_COLUMNS) {
        text_cell(out, field_text(p, "profile"), NAME_COLUMNS);
        strbuf_puts(out, "  ");
    }
    text_cell(out, field_text(p, "state"), 11);
    if (v->columns >= FULL_COLUMNS) {
        strbuf_puts(out, "  ");
        put_link(out, v, p);
    }
    if (v->columns >= WIDE_COLUMNS) {
        text_cell(out, role_of(p), 8);
        strbuf_puts(out, "  ");
        text_cell(out, field_text(p, "version"), 9);
        strbuf_puts(out, "  ");
    }
    put_last(out, v, p);
}

static void peers_head(struct strbuf *out, const struct view *v)
{
    if (v->columns < FULL_COLUMNS) {
        strbuf_printf(out, "%-*s  state\n", NAME_COLUMNS, "host");
        return;
    }
    strbuf_printf(
        out, "%-*s  %-*s  %-11s  ", NAME_COLUMNS, "host", NAME_COLUMNS, "profile", "state");
    if (v->columns >= WIDE_COLUMNS) {
        strbuf_printf(out, "%-*s  role      version    prints\n", LINK_COLUMNS + 2, "link");
    } else {
        strbuf_puts(out, "link\n");
    }
}

static void put_moves(struct strbuf *out, const struct view *v, const json_t *moves)
{
    size_t i;
    json_t *m;
    json_array_foreach(moves, i, m)
    {
        struct strbuf text = {0};
        strbuf_puts(&text, "a job is on its way from ");
        text_foreign(&text, field_text(m, "from"));
        strbuf_puts(&text, " to ");
        text_foreign(&text, field_text(m, "to"));
        strbuf_puts(&text, " (");
        text_foreign(&text, field_text(m, "step"));
        strbuf_puts(&text, ")");
        text_wrap(out, strbuf_text(&text), 0, v->columns);
        strbuf_fini(&text);
    }
}

static void put_hint(
    struct strbuf *out, const struct view *v, const char *before, const char *after)
{
    struct strbuf text = {0};
    strbuf_printf(&text, "%s (ppctl %s%s)", before, v->target, after);
    text_wrap(out, strbuf_text(&text), 0, v->columns);
    strbuf_fini(&text);
}

void view_peers(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *p;
    const json_t *peers = field_node(doc, "peers");
    if (json_array_size(peers) == 0) {
        put_hint(out, v, "no shared queue is enabled",
            "queue enable LAN shares one with all hosts here");
        return;
    }
    peers_head(out, v);
    json_array_foreach(peers, i, p)
    {
        peer_row(out, v, p);
    }
    if (json_array_size(peers) == 1) {
        put_hint(out, v, "no other printers yet", "queue show NAME says why that may be");
    }
    put_moves(out, v, field_node(doc, "moves"));
}
