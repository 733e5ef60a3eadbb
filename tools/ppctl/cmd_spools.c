/* load, spools, spool: filament, and what is where. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/spec.h"
#include "tools/ppctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS     20
#define MATERIAL_COLUMNS 28

static const struct spec_key spool_keys[] = {
    {"name", NULL, SPEC_TEXT, 0, 0},
    {"type", NULL, SPEC_TEXT, 0, 0},
    {"color", NULL, SPEC_TEXT, 0, 0},
    {"rgb", NULL, SPEC_TEXT, 0, 0},
    {"net", "net_g", SPEC_GRAMS, 0, 100000},
    {"left", "left_g", SPEC_GRAMS, 0, 100000},
    {"density", "density_g_cm3", SPEC_GRAMS, 0, 20},
    {"diameter", "diameter_mm", SPEC_GRAMS, 0, 10},
    {"archived", NULL, SPEC_FLAG, 0, 0},
};
#define SPOOL_KEYS (sizeof spool_keys / sizeof *spool_keys)

/* ---- looking -----------------------------------------------------------------------------------
 */

/* "PLA Black #101010" */
static void put_material(struct strbuf *out, const json_t *spool)
{
    static const char *const parts[] = {"type", "color", "rgb"};
    struct strbuf text = {0};
    for (size_t i = 0; i < 3; i++) {
        const char *part = field_text(spool, parts[i]);
        strbuf_printf(&text, "%s%s", text.len > 0 && *part != '\0' ? " " : "", part);
    }
    text_cell(out, strbuf_text(&text), MATERIAL_COLUMNS);
    strbuf_fini(&text);
}

static void spool_row(struct strbuf *out, const json_t *spool)
{
    double left = field_real(spool, "left_g", -1);
    double net = field_real(spool, "net_g", -1);
    const char *id = field_text(spool, "id");
    size_t len = strlen(id);
    text_cell(out, len > 6 ? id + len - 6 : id, 6);
    strbuf_puts(out, "  ");
    text_cell(out, field_text(spool, "name"), NAME_COLUMNS);
    strbuf_puts(out, "  ");
    put_material(out, spool);
    if (left >= 0) {
        strbuf_printf(out, "  %7.0f g", left);
    } else {
        strbuf_printf(out, "  %9s", "unknown");
    }
    if (left >= 0 && net > 0) {
        strbuf_printf(out, " of %.0f", net);
    }
    strbuf_puts(out, field_true(spool, "archived") ? "  archived\n" : "\n");
}

static void view_tools(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *tool;
    (void)v;
    json_array_foreach(field_node(doc, "tools"), i, tool)
    {
        const char *material = field_text(tool, "material");
        const char *spool = field_text(field_node(tool, "spool"), "name");
        strbuf_printf(out, "tool %" PRId64 ": ", field_int(tool, "tool", 0));
        text_foreign(out, *material != '\0' ? material : "nothing is known to be loaded");
        if (*spool != '\0') {
            strbuf_puts(out, ", spool ");
            text_foreign(out, spool);
        }
        strbuf_puts(out, "\n");
    }
}

/* Never nothing: what is not known is said to be. */
static void view_loaded(struct strbuf *out, const struct view *v, const json_t *doc)
{
    if (json_array_size(field_node(doc, "tools")) == 0) {
        strbuf_printf(out,
            "no tool is known to hold anything; ppctl %sload TOOL MATERIAL says what it holds\n",
            v->target);
    }
    view_tools(out, v, doc);
}

static void view_spools(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *spool;
    if (json_array_size(field_node(doc, "spools")) == 0) {
        strbuf_printf(
            out, "no spools; ppctl %sspool add NAME type=PLA left=1000 makes one\n", v->target);
    } else {
        strbuf_printf(out, "%-6s  %-*s  %-*s  %9s\n", "id", NAME_COLUMNS, "spool", MATERIAL_COLUMNS,
            "material", "left");
    }
    json_array_foreach(field_node(doc, "spools"), i, spool)
    {
        spool_row(out, spool);
    }
    view_tools(out, v, doc);
}

static void show_spools(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_spools);
}

int cmd_spools(struct ppctl *c)
{
    return read_each(c, "/api/v1/spools", "spools", show_spools);
}

/* ---- changing ----------------------------------------------------------------------------------
 */

int cmd_load(struct ppctl *c)
{
    int64_t tool;
    char shown[48];
    char path[48];
    if (c->operands == 0) {
        return tell_view(c, "GET", "/api/v1/spools", NULL, view_loaded);
    }
    if (c->operands == 1) {
        return fail_usage(c, "MATERIAL or SPOOL is missing; \"none\" for nothing");
    }
    if (!str_to_int(c->operand[0], 0, 7, &tool)) {
        return fail_usage(c, "\"%s\": TOOL must be a number from 0 to 7",
            str_escape(shown, sizeof shown, c->operand[0], strlen(c->operand[0])));
    }
    const char *what = strcmp(c->operand[1], "none") == 0 ? "" : c->operand[1];
    json_t *body = json_pack("{s:s}", "holds", what);
    if (body == NULL) {
        return fail_usage(c, "MATERIAL must be UTF-8 text");
    }
    snprintf(path, sizeof path, "/api/v1/tools/%d", (int)tool);
    return tell_view(c, "PUT", path, body, view_loaded);
}

static int add_spool(struct ppctl *c)
{
    json_t *body = json_object();
    int status = spec_take_all(c, 2, spool_keys, SPOOL_KEYS, body);
    json_t *name = json_string(c->operand[1]);
    if (status == PPCTL_DONE && name == NULL) {
        status = fail_usage(c, "NAME must be UTF-8 text");
    }
    if (status == PPCTL_DONE && json_object_get(body, "type") == NULL) {
        status = fail_usage(c, "say of what it is, type=PLA for example");
    }
    if (status != PPCTL_DONE) {
        json_decref(name);
        json_decref(body);
        return status;
    }
    json_object_set_new(body, "name", name);
    return tell_done(
        c, "/api/v1/spools", body, "spool added; ppctl load TOOL SPOOL says where it is");
}

static int edit_spool(struct ppctl *c)
{
    json_t *body = json_object();
    int status = spec_take_all(c, 2, spool_keys, SPOOL_KEYS, body);
    if (status != PPCTL_DONE) {
        json_decref(body);
        return status;
    }
    char *path = client_path("/api/v1/spools/", c->operand[1]);
    status = tell(c, "PATCH", path, body, "spool changed");
    free(path);
    return status;
}

static int remove_spool(struct ppctl *c)
{
    char *path = client_path("/api/v1/spools/", c->operand[1]);
    int status = tell(c, "DELETE", path, NULL, "spool removed");
    free(path);
    return status;
}

int cmd_spool(struct ppctl *c)
{
    static const struct action actions[] = {{"add", "NAME KEY=VALUE...", 1, 10, add_spool},
        {"edit", "SPOOL KEY=VALUE...", 2, 10, edit_spool}, {"rm", "SPOOL", 1, 1, remove_spool}};
    return run_action(c, actions, sizeof actions / sizeof *actions);
}
