/* Spools, and what is loaded in the printer's tools. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define GRAMS_MAX    100000

static struct spools *spools_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.spools == NULL) {
        err_set(&e, PP_EOFFLINE, "this host keeps no spools");
        reply_error(r, &e);
    }
    return r->http->o.spools;
}

static json_t *materials_list(const struct materials *all)
{
    json_t *list = json_array();
    const struct material *m;
    for (size_t i = 0; (m = materials_at(all, i)) != NULL; i++) {
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", json_text(m->id), "name",
                      json_text(m->name), "type", json_text(m->types[0]), "density_g_cm3",
                      json_number(m->density_g_cm3, 3), "diameter_mm",
                      json_number((double)m->diameter_um / 1000, 3)));
    }
    return list;
}

void api_spools(struct request *r)
{
    const struct spools *spools = spools_of(r);
    if (spools != NULL) {
        json_t *view = view_spools(spools);
        json_object_set_new(view, "materials", materials_list(spools_materials(spools)));
        reply_json(r, 200, view);
    }
}

/* ---- one spool */

/* Known by null: what is not known any more. */
static void replace_null(json_t *object, const char *name, json_t *unknown)
{
    if (json_is_null(json_object_get(object, name))) {
        json_object_set(object, name, unknown);
    }
    json_decref(unknown);
}

static int read_spool(json_t *input, struct spool_entry *spool, struct err *e)
{
    double net_g = (double)spool->net_mg / 1000;
    double left_g = spool->left_mg < 0 ? -1 : (double)spool->left_mg / 1000;
    double density = (double)spool->density_mg_cm3 / 1000;
    double diameter = (double)spool->diameter_um / 1000;
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, false, spool->name, 0, sizeof spool->name - 1},
        {"type", JSON_KIND_TEXT, spool->id[0] == '\0', spool->type, 1, sizeof spool->type - 1},
        {"color", JSON_KIND_TEXT, false, spool->color, 0, sizeof spool->color - 1},
        {"rgb", JSON_KIND_TEXT, false, spool->rgb, 0, sizeof spool->rgb - 1},
        {"net_g", JSON_KIND_NUMBER, false, &net_g, 0, GRAMS_MAX},
        {"left_g", JSON_KIND_NUMBER, false, &left_g, 0, GRAMS_MAX},
        {"density_g_cm3", JSON_KIND_NUMBER, false, &density, 0, 20},
        {"diameter_mm", JSON_KIND_NUMBER, false, &diameter, 0, 10},
        {"archived", JSON_KIND_BOOL, false, &spool->archived, 0, 0},
    };
    bool forget_left = json_is_null(json_object_get(input, "left_g"));
    replace_null(input, "left_g", json_integer(0));
    replace_null(input, "net_g", json_integer(0));
    replace_null(input, "density_g_cm3", json_integer(0));
    replace_null(input, "diameter_mm", json_integer(0));
    replace_null(input, "name", json_string(""));
    replace_null(input, "color", json_string(""));
    replace_null(input, "rgb", json_string(""));
    int rc = json_read(input, fields, COUNT(fields), e);
    spool->net_mg = llround(net_g * 1000);
    spool->left_mg = forget_left || left_g < 0 ? -1 : llround(left_g * 1000);
    spool->density_mg_cm3 = llround(density * 1000);
    spool->diameter_um = llround(diameter * 1000);
    return rc;
}

static void added(void *context, const struct err *e)
{
    struct request *r = context;
    if (r->gone) {
        /* nobody waits any more */
    } else if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_json(r, strcmp(r->method, "POST") == 0 ? 201 : 200, view_spools(r->http->o.spools));
    }
    request_wake(r);
}

/* Whoever waits for the disk waits with the request; an error at once ends both. */
static void finish(struct request *r, int rc, const struct err *e)
{
    if (rc != 0) {
        request_wake(r);
        reply_error(r, e);
    }
}

static void save(struct request *r, struct spool_entry *spool)
{
    struct err e = {0};
    request_wait(r);
    finish(r, spools_save(r->http->o.spools, spool, added, r, &e), &e);
}

void api_spool_add(struct request *r)
{
    struct err e = {0};
    struct spool_entry spool = {.left_mg = -1};
    if (spools_of(r) != NULL && !reply_failed(r, read_spool(r->input, &spool, &e), &e)) {
        log_info("spool \"%s\" added by %s", spool.name, r->key_name);
        save(r, &spool);
    }
}

static const struct spool_entry *find_spool(struct request *r)
{
    struct err e = {0};
    const struct spool_entry *spool = NULL;
    const struct spools *spools = spools_of(r);
    if (spools != NULL) {
        reply_failed(r, spools_find(spools, r->stars.star[0], &spool, &e), &e);
    }
    return spool;
}

void api_spool_edit(struct request *r)
{
    struct err e = {0};
    const struct spool_entry *old = find_spool(r);
    if (old == NULL) {
        return;
    }
    struct spool_entry spool = *old;
    if (!reply_failed(r, read_spool(r->input, &spool, &e), &e)) {
        log_info("spool \"%s\" edited by %s", spool.name, r->key_name);
        save(r, &spool);
    }
}

static void removed(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

void api_spool_remove(struct request *r)
{
    struct err e = {0};
    const struct spool_entry *spool = find_spool(r);
    if (spool != NULL) {
        log_info("spool \"%s\" removed by %s", spool->name, r->key_name);
        request_wait(r);
        finish(r, spools_remove(r->http->o.spools, spool->id, removed, r, &e), &e);
    }
}

/* ---- tools */

void api_tool_load(struct request *r)
{
    char holds[QUEUE_WORD_MAX + 1] = "";
    char shown[QUEUE_WORD_MAX + 1];
    int64_t tool = 0;
    struct err e = {0};
    const struct json_field fields[] = {
        {"holds", JSON_KIND_TEXT, true, holds, 0, QUEUE_WORD_MAX},
    };
    if (spools_of(r) == NULL) {
        return;
    }
    const char *text = r->stars.star[0];
    int rc = str_to_int(text, 0, QUEUE_TOOLS_MAX - 1, &tool)
                 ? 0
                 : err_field(&e, PP_EINVAL, "tool", "tool \"%s\": must be a number from 0 to %d",
                       str_escape(shown, sizeof shown, text, strlen(text)), QUEUE_TOOLS_MAX - 1);
    replace_null(r->input, "holds", json_string(""));
    rc = rc == 0 ? json_read(r->input, fields, COUNT(fields), &e) : rc;
    if (reply_failed(r, rc, &e)) {
        return;
    }
    log_info("tool %lld holds \"%s\" now, says %s", (long long)tool,
        str_escape(shown, sizeof shown, holds, strlen(holds)), r->key_name);
    request_wait(r);
    finish(r, spools_load(r->http->o.spools, (unsigned)tool, holds, added, r, &e), &e);
}
