/* What a spool must be, its key, its weight, its document. */
#include "host/app/queue/spools_priv.h"

#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NET_MAX_MG        INT64_C(100000000) /* 100 kg */
#define DENSITY_MIN       500
#define DENSITY_MAX       20000
#define DIAMETER_MIN_UM   500
#define DIAMETER_MAX_UM   5000
#define DIAMETER_USUAL_UM 1750
#define DENSITY_USUAL     1.24                   /* PLA */
#define LENGTH_MAX_UM     INT64_C(1000000000000) /* 1000 km */

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- checks ----------------------------------------------------------------------------------
 */

static bool is_plain(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7f) {
            return false;
        }
    }
    json_t *utf8 = json_string(text);
    json_decref(utf8);
    return utf8 != NULL;
}

static bool has_outer_blanks(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && (text[0] == ' ' || text[len - 1] == ' ');
}

static int check_text(const char *field, const char *text, struct err *e)
{
    char shown[128];
    if (is_plain(text) && !has_outer_blanks(text)) {
        return 0;
    }
    return err_field(e, PP_EINVAL, field,
        "%s \"%s\": must be UTF-8 without control characters and blanks around it", field,
        str_escape(shown, sizeof shown, text, strlen(text)));
}

/* A part of a key: what separates parts and lists cannot be in it. */
static int check_part(const char *field, const char *text, struct err *e)
{
    char shown[128];
    int rc = check_text(field, text, e);
    const char *bad = strpbrk(text, "_,#");
    if (rc != 0 || bad == NULL) {
        return rc;
    }
    return err_field(e, PP_EINVAL, field, "%s \"%s\": must not contain '%c'", field,
        str_escape(shown, sizeof shown, text, strlen(text)), *bad);
}

static int check_rgb(const char *rgb, struct err *e)
{
    char shown[32];
    bool good = rgb[0] == '\0' || (rgb[0] == '#' && strlen(rgb) == 7 &&
                                      strspn(rgb + 1, "0123456789abcdefABCDEF") == 6);
    return good ? 0
                : err_field(e, PP_EINVAL, "rgb", "rgb \"%s\": must be like \"#1a2b3c\", or empty",
                      str_escape(shown, sizeof shown, rgb, strlen(rgb)));
}

static int check_number(
    const char *field, double value, double per, bool in_range, const char *right, struct err *e)
{
    return in_range
               ? 0
               : err_field(e, PP_EINVAL, field, "%s %g: must be %s", field, value / per, right);
}

static bool is_zero_or(int64_t value, int64_t min, int64_t max)
{
    return value == 0 || (value >= min && value <= max);
}

static int check_numbers(const struct spool_entry *s, struct err *e)
{
    int rc = check_number("net_g", (double)s->net_mg, 1000, is_zero_or(s->net_mg, 1, NET_MAX_MG),
        "from 0 (unknown) to 100000", e);
    if (rc == 0) {
        rc = check_number("left_g", (double)s->left_mg, 1000,
            s->left_mg >= -1 && s->left_mg <= NET_MAX_MG, "from 0 to 100000, or unknown", e);
    }
    if (rc == 0) {
        rc = check_number("density_g_cm3", (double)s->density_mg_cm3, 1000,
            is_zero_or(s->density_mg_cm3, DENSITY_MIN, DENSITY_MAX),
            "from 0.5 to 20, or 0 (the material's)", e);
    }
    if (rc == 0) {
        rc = check_number("diameter_mm", (double)s->diameter_um, 1000,
            is_zero_or(s->diameter_um, DIAMETER_MIN_UM, DIAMETER_MAX_UM),
            "from 0.5 to 5, or 0 (the material's)", e);
    }
    return rc;
}

static void lower_hex(char *rgb)
{
    for (; *rgb != '\0'; rgb++) {
        *rgb = *rgb >= 'A' && *rgb <= 'F' ? (char)(*rgb - 'A' + 'a') : *rgb;
    }
}

int spools_check(struct spool_entry *spool, struct err *e)
{
    int rc = check_text("name", spool->name, e);
    if (rc == 0 && spool->type[0] == '\0') {
        rc = err_field(e, PP_EINVAL, "type", "type \"\": must be a material, like \"PLA\"");
    }
    rc = rc == 0 ? check_part("type", spool->type, e) : rc;
    rc = rc == 0 ? check_part("color", spool->color, e) : rc;
    rc = rc == 0 ? check_rgb(spool->rgb, e) : rc;
    rc = rc == 0 ? check_numbers(spool, e) : rc;
    if (rc == 0) {
        lower_hex(spool->rgb);
    }
    return rc;
}

/* ---- keys ------------------------------------------------------------------------------------
 */

void spools_key(const struct spool_entry *spool, char out[static QUEUE_WORD_MAX + 1])
{
    bool more = spool->color[0] != '\0' || spool->rgb[0] != '\0';
    snprintf(out, QUEUE_WORD_MAX + 1, "%s%s%s%s%s", spool->type, more ? "_" : "", spool->color,
        spool->rgb[0] != '\0' ? "_" : "", spool->rgb);
}

/* "TYPE[_Color][_#rrggbb]" into the fields of a spool; false if it has other parts. */
static bool split_key(const char *key, struct spool_entry *out)
{
    const char *end = key + strlen(key);
    const char *last = strrchr(key, '_');
    if (last != NULL && last[1] == '#') {
        if (!str_copy(out->rgb, sizeof out->rgb, last + 1, (size_t)(end - last - 1))) {
            return false;
        }
        end = last;
    }
    const char *first = memchr(key, '_', (size_t)(end - key));
    const char *type_end = first != NULL ? first : end;
    const char *color = first != NULL ? first + 1 : end;
    return str_copy(out->type, sizeof out->type, key, (size_t)(type_end - key)) &&
           str_copy(out->color, sizeof out->color, color, (size_t)(end - color));
}

static bool is_known_type(const struct spools *s, const char *type)
{
    if (materials_match(s->materials, type) != NULL) {
        return true;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (strcasecmp(s->spool[i]->entry.type, type) == 0) {
            return true;
        }
    }
    return false;
}

static int unknown_type(const struct spools *s, const char *key, struct err *e)
{
    char shown[64];
    struct strbuf known = {0};
    const struct material *m;
    for (size_t i = 0; (m = materials_at(s->materials, i)) != NULL; i++) {
        strbuf_printf(&known, "%s%s", i > 0 ? ", " : "", m->types[0] != NULL ? m->types[0] : m->id);
    }
    int rc = err_field(e, PP_ENOTFOUND, "holds",
        "\"%s\": no spool has this id or name, and no material; materials: %s",
        str_escape(shown, sizeof shown, key, strlen(key)), strbuf_text(&known));
    strbuf_fini(&known);
    return rc;
}

int spools_check_key(const struct spools *s, const char *key, struct err *e)
{
    struct spool_entry parts = {.left_mg = -1};
    char shown[64];
    if (!split_key(key, &parts)) {
        return err_field(e, PP_EINVAL, "holds",
            "\"%s\": must be a spool or a material like \"PLA\", \"PLA_Black\" or "
            "\"PLA_Black_#000000\"",
            str_escape(shown, sizeof shown, key, strlen(key)));
    }
    if (!is_known_type(s, parts.type)) {
        return unknown_type(s, key, e);
    }
    return spools_check(&parts, e) == 0 ? 0 : err_wrap(e, "\"%s\"", key);
}

/* ---- weight ----------------------------------------------------------------------------------
 */

int64_t spools_weigh_mg(const struct spools *s, const struct spool_entry *spool, int64_t length_um)
{
    const struct material *m = materials_match(s->materials, spool->type);
    double density = spool->density_mg_cm3 > 0 ? (double)spool->density_mg_cm3 / 1000
                     : m != NULL               ? m->density_g_cm3
                                               : DENSITY_USUAL;
    int64_t diameter_um = spool->diameter_um > 0 ? spool->diameter_um
                          : m != NULL            ? m->diameter_um
                                                 : DIAMETER_USUAL_UM;
    int64_t length = length_um < 0 ? 0 : length_um > LENGTH_MAX_UM ? LENGTH_MAX_UM : length_um;
    double radius_mm = (double)diameter_um / 2000;
    return llround(M_PI * radius_mm * radius_mm * ((double)length / 1000) * density);
}

/* ---- documents -------------------------------------------------------------------------------
 */

char *spools_to_doc(const struct spool_entry *s)
{
    json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "name", s->name,
        "type", s->type, "color", s->color, "rgb", s->rgb, "net_mg", (json_int_t)s->net_mg,
        "left_mg", (json_int_t)s->left_mg, "density_mg_cm3", (json_int_t)s->density_mg_cm3,
        "diameter_um", (json_int_t)s->diameter_um, "archived", (int)s->archived);
    char *text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    return text;
}

int spools_from_doc(const char *id, const char *doc, struct spool_entry *out, struct err *e)
{
    json_t *object = NULL;
    *out = (struct spool_entry){.left_mg = -1};
    const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, out->name, 0, sizeof out->name - 1},
        {"type", JSON_KIND_TEXT, true, out->type, 1, sizeof out->type - 1},
        {"color", JSON_KIND_TEXT, false, out->color, 0, sizeof out->color - 1},
        {"rgb", JSON_KIND_TEXT, false, out->rgb, 0, sizeof out->rgb - 1},
        {"net_mg", JSON_KIND_INT, false, &out->net_mg, 0, NET_MAX_MG},
        {"left_mg", JSON_KIND_INT, false, &out->left_mg, -1, NET_MAX_MG},
        {"density_mg_cm3", JSON_KIND_INT, false, &out->density_mg_cm3, 0, DENSITY_MAX},
        {"diameter_um", JSON_KIND_INT, false, &out->diameter_um, 0, DIAMETER_MAX_UM},
        {"archived", JSON_KIND_BOOL, false, &out->archived, 0, 0},
    };
    str_copy(out->id, sizeof out->id, id, strlen(id));
    int rc = json_parse(&object, doc, strlen(doc), e);
    rc = rc == 0 ? json_read(object, fields, COUNT(fields), e) : rc;
    json_decref(object);
    return rc == 0 ? spools_check(out, e) : rc;
}
