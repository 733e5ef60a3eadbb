/* Managing and spools as JSON: view_jobs.h. */
#include "host/api/view_jobs.h"

#include "host/api/http_private.h"
#include "host/base/json.h"

#include <stdio.h>

static json_t *quarantine_view(const struct manage *m)
{
    json_t *list = json_array();
    const struct manage_quarantine *q;
    for (size_t i = 0; (q = manage_quarantine_at(m, i)) != NULL; i++) {
        json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:I}", "path", json_text(q->path),
                                        "sha256", json_text(q->sha256), "reason",
                                        json_text(q->reason), "since_ms", (json_int_t)q->since_ms));
    }
    return list;
}

static json_t *minutes_view(int minutes)
{
    char text[8];
    snprintf(text, sizeof text, "%02d:%02d", minutes / 60 % 100, minutes % 60);
    return json_string(text);
}

static json_t *quiet_view(const struct manage *m)
{
    const struct manage_settings *s = manage_settings(m);
    return s->quiet_from_min == s->quiet_to_min
               ? json_null()
               : json_pack("{s:o, s:o}", "from", minutes_view(s->quiet_from_min), "to",
                     minutes_view(s->quiet_to_min));
}

json_t *view_manage(const struct http *h, bool quarantine)
{
    struct manage_status s;
    if (h->o.manage == NULL) {
        return json_null();
    }
    manage_status(h->o.manage, &s);
    json_t *view = json_pack("{s:s, s:b, s:o, s:b, s:b, s:o, s:o, s:o, s:i, s:o, s:o}", "state",
        driver_states[s.state].name, "managing", s.managing, "text", json_text(s.text),
        "needs_person", s.needs_person, "in_error", s.in_error, "job", json_text(s.job), "set",
        json_text(s.set), "queue", json_text(s.queue), "attempt", s.attempt, "script",
        json_text(s.script), "dead_ms", json_known(s.dead_ms));
    json_object_set_new(view, "quiet", quiet_view(h->o.manage));
    if (quarantine) {
        json_object_set_new(view, "quarantine", quarantine_view(h->o.manage));
    }
    return view;
}

static json_t *grams(int64_t mg)
{
    return mg < 0 ? json_null() : json_number((double)mg / 1000.0, 3);
}

static json_t *spool_view(const struct spool_entry *s)
{
    json_t *view = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "id", json_text(s->id), "name",
        json_text(s->name), "type", json_text(s->type), "color", json_text(s->color), "rgb",
        json_text(s->rgb), "net_g", grams(s->net_mg > 0 ? s->net_mg : -1));
    json_t *rest = json_pack("{s:o, s:o, s:o, s:b}", "left_g", grams(s->left_mg), "density_g_cm3",
        grams(s->density_mg_cm3 > 0 ? s->density_mg_cm3 : -1), "diameter_mm",
        grams(s->diameter_um > 0 ? s->diameter_um : -1), "archived", s->archived);
    json_object_update(view, rest);
    json_decref(rest);
    return view;
}

static json_t *tools_view(const struct spools *spools)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < QUEUE_TOOLS_MAX; i++) {
        const struct spool_entry *spool = spools_loaded_spool(spools, i);
        const char *material = spools_loaded(spools, i);
        if (material[0] != '\0' || spool != NULL) {
            json_array_append_new(
                list, json_pack("{s:i, s:o, s:o}", "tool", (int)i, "material", json_text(material),
                          "spool", spool != NULL ? spool_view(spool) : json_null()));
        }
    }
    return list;
}

json_t *view_spools(const struct spools *spools)
{
    json_t *list = json_array();
    const struct spool_entry *spool;
    for (size_t i = 0; (spool = spools_at(spools, i)) != NULL; i++) {
        json_array_append_new(list, spool_view(spool));
    }
    return json_pack("{s:o, s:o}", "spools", list, "tools", tools_view(spools));
}
