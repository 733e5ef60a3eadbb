/* A queue described by a registry: fetched, looked up by the queue's name, told to group and links.
 * Until it is there the queue shows what is on the disk and why it is alone.
 */
#include "net/net_priv.h"
#include "net/registry_load.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "net/locate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_MAX (256 << 10) /* of a file that the loop reads; larger ones are told later */

bool net_wan_trusts(const struct net_queue *q, const struct peer *p)
{
    for (size_t i = 0; i < q->trusted_count; i++) {
        if (peer_compare(&q->trusted[i], p) == 0) {
            return true;
        }
    }
    return false;
}

bool net_wan_admits(const struct net_queue *q, const struct peer *p)
{
    return !q->trusted_only || net_wan_trusts(q, p);
}

static void set_problem(struct net_queue *q, const char *text)
{
    if (strcmp(q->wan_problem, text) != 0) {
        str_copy(q->wan_problem, sizeof q->wan_problem, text, strlen(text));
        if (text[0] != '\0') {
            net_note(q->net, q->name, true, "%s", text);
        }
    }
}

static void take_trusted(struct net_queue *q, const struct registry_queue *r)
{
    free(q->trusted);
    q->trusted = mem_array(r->trusted_count, sizeof *q->trusted);
    q->trusted_count = r->trusted_count;
    memcpy(q->trusted, r->trusted, r->trusted_count * sizeof *r->trusted);
    net_queue_step_begin(q);
    group_set_trusted(q->group, r->trusted, r->trusted_count);
    net_queue_step_end(q);
}

/* Of a queue that has become one of trusted peers only. */
static void drop_others(struct net_queue *q)
{
    struct links *links = q->net->links;
    const struct link_info *at;
    for (size_t i = 0; q->link >= 0 && (at = links_at(links, q->link, i)) != NULL;) {
        struct peer peer = at->peer;
        if (net_wan_admits(q, &peer)) {
            i++;
        } else {
            links_drop(links, &peer, "only trusted peers take part in the queue now");
            i = links_find(links, q->link, &peer) != NULL ? i + 1 : 0;
        }
    }
}

static void leave(struct net_queue *q)
{
    int link = q->link;
    if (link >= 0) {
        net_meet_leave(q);
        links_leave(q->net->links, link);
        q->link = -1;
    }
}

/* Another rendezvous is another queue on the wire: it is joined anew. */
static void take_rendezvous(struct net_queue *q, const char *rendezvous)
{
    if (q->link >= 0 && strcmp(q->rendezvous, rendezvous) == 0) {
        net_far_guides(q);
        return;
    }
    leave(q);
    str_copy(q->rendezvous, sizeof q->rendezvous, rendezvous, strlen(rendezvous));
    net_queue_secret(q, NULL);
    net_queue_link(q);
}

static void take_guides(struct net_queue *q, const struct registry_queue *r)
{
    char **guides = mem_array(r->bootstrap_count + 1, sizeof *guides);
    for (size_t i = 0; i < r->bootstrap_count; i++) {
        guides[i] = mem_strdup(r->bootstrap[i]);
    }
    net_free_list(q->guides);
    q->guides = guides;
}

static void take_queue(struct net_queue *q, const struct registry_queue *r)
{
    char text[200];
    take_trusted(q, r);
    take_guides(q, r);
    q->trusted_only = r->trusted_only;
    drop_others(q);
    if (!net_wan_admits(q, &q->id->peer)) {
        leave(q);
        snprintf(text, sizeof text,
            "only trusted peers take part, and this host (%s) is none: give it one of their keys "
            "(identity)",
            q->id->text);
        set_problem(q, text);
        return;
    }
    set_problem(q, r->trusted_count == 2 ? "the registry has two trusted peers: when one is away "
                                           "the queue stands still"
                                         : "");
    take_rendezvous(q, r->rendezvous);
}

/* "farm", "landing" */
static void name_others(const struct registry *r, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < r->queues_count && len < size; i++) {
        len += (size_t)snprintf(
            out + len, size - len, "%s\"%.40s\"", i > 0 ? ", " : "", r->queues[i].name);
    }
}

static void say_missing(const struct registry *r, const char *queue, char *out, size_t size)
{
    char others[100];
    name_others(r, others, sizeof others);
    snprintf(out, size, "the registry has no queue \"%s\" (namespace); it has %s", queue, others);
}

static void take_registry(struct net_queue *q, const struct registry *r)
{
    char text[300];
    const struct registry_queue *found = registry_find(r, q->wire_name);
    if (found != NULL) {
        take_queue(q, found);
        return;
    }
    say_missing(r, q->wire_name, text, sizeof text);
    set_problem(q, text);
}

/* Told with the registry that counts instead, if any. */
static void take_trouble(struct net_queue *q, const struct registry_loaded *loaded)
{
    char text[320];
    bool has_one = loaded->registry != NULL || q->trusted_count > 0;
    snprintf(text, sizeof text, "%.255s; %s", loaded->problem->text,
        has_one ? "the registry as it was last counts" : "it is tried again");
    set_problem(q, text);
}

static void on_loaded(void *context, const struct registry_loaded *loaded)
{
    struct net_queue *q = context;
    if (loaded->registry != NULL) {
        str_copy(q->registry_cid, sizeof q->registry_cid, loaded->cid, strlen(loaded->cid));
        take_registry(q, loaded->registry);
    }
    if (loaded->problem != NULL) {
        take_trouble(q, loaded);
    }
}

/* ---- why nobody may be there --------------------------------------------------------------------
 */

static void hint(struct net_queue_status *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void hint(struct net_queue_status *out, const char *fmt, ...)
{
    size_t at = 0;
    while (at < sizeof out->hints / sizeof out->hints[0] && out->hints[at][0] != '\0') {
        at++;
    }
    if (at < sizeof out->hints / sizeof out->hints[0]) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(out->hints[at], sizeof out->hints[at], fmt, args);
        va_end(args);
    }
}

void net_wan_hints(const struct net_queue *q, struct net_queue_status *out)
{
    const struct net *n = q->net;
    if (q->link < 0) {
        if (q->wan_problem[0] == '\0') {
            hint(out, "the registry is being fetched");
        }
        return;
    }
    if (n->rendezvous == NULL && n->dht_problem[0] != '\0') {
        hint(out, "%s", n->dht_problem);
    } else if (n->rendezvous != NULL) {
        hint(out, "nobody was found in the DHT yet: %.110s", rendezvous_state(n->rendezvous));
    }
    if (q->lost_guide[0] != '\0') {
        hint(out, "%s", q->lost_guide);
    } else if (q->guides != NULL && q->guides[0] != NULL) {
        hint(out, "nobody answers at the registry's bootstrap addresses");
    }
    if (q->listening && !n->o.map_ports) {
        hint(out,
            "behind a router others reach this host only if it forwards TCP port %d (net: "
            "map_ports: yes asks it to)",
            q->listen_port);
    }
}

/* ---- before it is joined ------------------------------------------------------------------------
 */

static int check_text(const char *path, const struct strbuf *text, const char *queue, struct err *e)
{
    struct registry_notes notes = {0};
    char why[256];
    struct registry *r = registry_parse(strbuf_text(text), text->len, path, &notes);
    int rc = 0;
    for (size_t i = 0; r == NULL && rc == 0 && i < notes.count; i++) {
        if (!notes.at[i].warning) {
            rc = err_field(e, PP_EINVAL, "registry", "%.200s%s", notes.at[i].text,
                notes.mistakes > 1 ? " (and more: pphost registry check)" : "");
        }
    }
    if (r != NULL && registry_find(r, queue) == NULL) {
        say_missing(r, queue, why, sizeof why);
        rc = err_field(e, PP_EINVAL, "registry", "%s", why);
    }
    registry_free(r);
    registry_notes_fini(&notes);
    return rc;
}

int net_wan_check(const char *where, const char *queue, struct err *e)
{
    struct locate *l;
    struct locate_need need;
    struct strbuf text = {0};
    const struct locate_options o = {.now_s = clock_wall_ms() / 1000};
    int rc = locate_new(&l, where, &o, e);
    if (rc != 0) {
        return rc;
    }
    locate_need(l, &need);
    locate_free(l);
    if (need.kind == LOCATE_FILE) {
        rc = file_read(need.what, CHECK_MAX, &text, e);
        rc = rc == 0 ? check_text(need.what, &text, queue, e) : rc;
    }
    strbuf_fini(&text);
    return rc;
}

/* ---- life ---------------------------------------------------------------------------------------
 */

void net_wan_begin(struct net_queue *q)
{
    struct net *n = q->net;
    struct err e = {0};
    const struct registry_load_options o = {
        .where = q->registry,
        .name = q->name,
        .folder = n->folder,
        .gateways = n->o.gateways,
        .nameserver = n->nameserver[0] != '\0' ? n->nameserver : NULL,
        .period_ms = n->o.registry_ms,
        .first_id = ++n->loads << 32,
        .get = n->o.get,
        .get_context = n->o.get_context,
        .loaded = on_loaded,
        .context = q,
    };
    if (registry_load_open(&q->loading, n->loop, &o, &e) != 0) {
        q->loading = NULL;
        set_problem(q, e.text);
    }
}

static void on_closed(void *context)
{
    net_queue_let_go(context);
}

void net_wan_stop(struct net_queue *q)
{
    if (q->loading != NULL) {
        q->open++;
        registry_load_close(q->loading, on_closed, q);
        q->loading = NULL;
    }
}

void net_got(struct net *n, uint64_t id, const void *bytes, size_t len, const struct err *e)
{
    for (size_t i = 0; i < n->queues_count; i++) {
        struct registry_load *l = n->queues[i]->loading;
        if (l != NULL && registry_load_got(l, id, bytes, len, e)) {
            return;
        }
    }
}
