/* What peers are told of this printer, and what they told of theirs: one JSON object each. */
#include "host/app/network/network_priv.h"
#include "host/app/network/network_told.h"

#include "host/app/device/device.h"
#include "host/base/clock.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/core/printer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_MS  10000 /* temperatures alone are no news */
#define COARSE_MC 2000

/* ---- ours ---------------------------------------------------------------------------------------
 */

static int64_t coarse(int32_t mc)
{
    return (mc + COARSE_MC / 2) / COARSE_MC * COARSE_MC / 1000;
}

static json_t *temperatures(const struct device_status *s)
{
    json_t *out = json_object();
    for (size_t i = 0; i < s->heaters; i++) {
        const struct device_heater *h = &s->heater[i];
        json_object_set_new(out, h->name,
            json_pack("{s:I, s:I}", "actual", (json_int_t)coarse(h->actual_mc), "target",
                (json_int_t)(h->target_mc / 1000)));
    }
    return out;
}

/* What a change of makes news at once. */
static json_t *important(const struct network *w)
{
    struct device_status d;
    struct manage_status m;
    device_status(w->o.device, &d);
    manage_status(w->o.manage, &m);
    bool prints = d.job.run_id[0] != '\0';
    return json_pack("{s:s, s:s, s:b, s:s, s:s, s:s?, s:s?, s:I, s:o, s:i}", "profile", w->profile,
        "state", printer_states[d.state].name, "managing", m.managing, "doing", m.text, "queue",
        m.queue, "job", m.job[0] != '\0' ? m.job : NULL, "file", prints ? d.job.file_name : NULL,
        "progress", (json_int_t)(prints ? d.job.percent : 0), "needs_person",
        json_boolean(m.needs_person || d.questions > 0), "api_port", w->o.api_port);
}

/* The rest of it: what changes all the time. */
static void add_rest(const struct network *w, json_t *out)
{
    struct device_status d;
    device_status(w->o.device, &d);
    int64_t left_ms = d.job.run_id[0] != '\0' ? d.job.left_ms : -1;
    json_object_set_new(
        out, "eta_ms", left_ms >= 0 ? json_integer(clock_wall_ms() + left_ms) : json_null());
    json_object_set_new(out, "left_ms", json_integer(left_ms));
    json_object_set_new(out, "temperatures", temperatures(&d));
    json_object_set_new(out, "files", json_integer((json_int_t)content_count(w->content)));
}

void network_tell(struct network *w)
{
    int64_t now = (int64_t)clock_ms();
    if (w->resting || w->queues_count == 0) {
        return;
    }
    json_t *told = important(w);
    char *text = json_dumps(told, JSON_COMPACT | JSON_SORT_KEYS);
    bool news = w->important == NULL || strcmp(w->important, text) != 0;
    if (news || now >= w->told_ms + EVERY_MS) {
        add_rest(w, told);
        char *whole = json_dumps(told, JSON_COMPACT | JSON_SORT_KEYS);
        net_presence(w->net, whole, strlen(whole));
        free(whole);
        free(w->important);
        w->important = text;
        w->told_ms = now;
    } else {
        free(text);
    }
    json_decref(told);
}

/* ---- theirs -------------------------------------------------------------------------------------
 */

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

/* Where people reach its API: where the link came from or goes to, at the port it tells. */
static void put_api(json_t *out, const struct net_peer *p, json_int_t port)
{
    const char *colon = strrchr(p->address, ':');
    char url[96];
    if (colon == NULL || port < 1 || port > 65535) {
        json_object_set_new(out, "api", json_null());
        return;
    }
    snprintf(url, sizeof url, "http://%.*s:%d", (int)(colon - p->address), p->address, (int)port);
    json_object_set_new(out, "api", json_string(url));
}

static json_t *peer_json(const struct net_peer *p)
{
    json_t *out = json_pack("{s:s, s:s, s:o, s:b, s:b, s:b, s:b, s:b, s:o, s:I, s:I, s:I}", "peer",
        p->text, "name", p->name, "version", text_or_null(p->version), "self", p->self, "linked",
        p->linked, "voter", p->voter, "leader", p->leader, "trusted", p->trusted, "address",
        text_or_null(p->address), "silent_ms", (json_int_t)p->silent_ms, "bytes_in",
        (json_int_t)p->bytes_in, "bytes_out", (json_int_t)p->bytes_out);
    json_object_set_new(out, "rtt_us", p->rtt_us >= 0 ? json_integer(p->rtt_us) : json_null());
    json_t *told = network_told(p->presence, p->presence_len);
    put_api(out, p, json_integer_value(json_object_get(told, "api_port")));
    json_object_del(told, "api_port");
    json_object_update(out, told);
    json_decref(told);
    return out;
}

static json_t *find_peer(json_t *list, const char *peer)
{
    size_t i;
    json_t *p;
    json_array_foreach(list, i, p)
    {
        if (strcmp(json_string_value(json_object_get(p, "peer")), peer) == 0) {
            return p;
        }
    }
    return NULL;
}

static void add_queue(const struct network *w, const char *queue, json_t *out)
{
    struct net_peer p;
    for (size_t i = 0; net_peer_at(w->net, queue, i, &p); i++) {
        json_t *there = find_peer(out, p.text);
        if (there == NULL) {
            there = peer_json(&p);
            json_object_set_new(there, "queues", json_array());
            json_array_append_new(out, there);
        }
        json_array_append_new(json_object_get(there, "queues"), json_string(queue));
    }
}

bool network_host_name(
    const struct network *w, const char *queue, const char *peer, char name[static 64])
{
    struct peer who;
    struct net_peer p;
    if (!net_peer_parse(peer, &who) || !net_peer_find(w->net, queue, &who, &p)) {
        return false;
    }
    snprintf(name, 64, "%s", p.name);
    return true;
}

json_t *network_peers(const struct network *w, const char *queue)
{
    json_t *out = json_array();
    for (size_t i = 0; i < w->queues_count; i++) {
        if (queue == NULL || strcmp(queue, w->queues[i]->name) == 0) {
            add_queue(w, w->queues[i]->name, out);
        }
    }
    return out;
}

/* ---- why a peer cannot print a job --------------------------------------------------------------
 */

static void why_not(const struct queue_job *job, const char *profile, char *out, size_t size)
{
    if (profile == NULL || profile[0] == '\0') {
        snprintf(out, size, "its printer's profile is not known");
    } else if (!queue_job_fits(job, profile)) {
        snprintf(out, size, "no set is for its profile \"%s\"", profile);
    } else {
        out[0] = '\0';
    }
}

json_t *network_why(const struct network *w, const char *queue, const struct queue_job *job)
{
    json_t *out = json_object();
    json_t *peers = network_peers(w, queue);
    size_t i;
    json_t *p;
    json_array_foreach(peers, i, p)
    {
        char why[200];
        why_not(job, json_string_value(json_object_get(p, "profile")), why, sizeof why);
        if (why[0] != '\0') {
            json_object_set_new(
                out, json_string_value(json_object_get(p, "name")), json_string(why));
        }
    }
    json_decref(peers);
    return out;
}

bool network_somebody_fits(
    const struct network *w, const char *queue, const struct queue_job *job, struct err *e)
{
    json_t *peers = network_peers(w, queue);
    size_t i;
    json_t *p;
    bool found = false;
    json_array_foreach(peers, i, p)
    {
        char why[200];
        why_not(job, json_string_value(json_object_get(p, "profile")), why, sizeof why);
        found = found || why[0] == '\0';
    }
    if (!found) {
        err_set(e, PP_EREFUSED,
            "none of the %zu printers of \"%s\" has a profile that its sets are for",
            json_array_size(peers), queue);
    }
    json_decref(peers);
    return found;
}
