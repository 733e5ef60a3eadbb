/* scripts, events, event: what runs between prints. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS 22

/* ---- looking -----------------------------------------------------------------------------------
 */

/* A description may be written in several lines; here it is one. */
static void put_description(struct strbuf *out, const char *text)
{
    char *line = mem_strdup(text);
    size_t len = strlen(line);
    for (size_t i = 0; i < len; i++) {
        line[i] = line[i] == '\n' ? ' ' : line[i];
    }
    while (len > 0 && line[len - 1] == ' ') {
        line[--len] = '\0';
    }
    text_foreign(out, line);
    free(line);
}

static void entry_row(struct strbuf *out, const struct view *v, const json_t *entry)
{
    size_t from = out->len;
    struct strbuf text = {0};
    text_foreign(out, field_text(entry, "name"));
    text_pad(out, from, NAME_COLUMNS);
    bool yours = !field_true(entry, "shipped");
    bool clears = field_true(entry, "clears_bed");
    if (yours || clears) {
        strbuf_printf(&text, "(%s%s%s) ", yours ? "yours" : "", yours && clears ? ", " : "",
            clears ? "clears the bed" : "");
    }
    put_description(&text, field_text(entry, "description"));
    strbuf_puts(out, " ");
    text_wrap(out, text.len > 0 ? strbuf_text(&text) : "-", NAME_COLUMNS + 1, v->columns);
    strbuf_fini(&text);
}

static void entry_list(
    struct strbuf *out, const struct view *v, const char *title, const json_t *list)
{
    size_t i;
    json_t *entry;
    strbuf_printf(out, "%s\n", title);
    json_array_foreach(list, i, entry)
    {
        entry_row(out, v, entry);
    }
    strbuf_puts(out, json_array_size(list) == 0 ? "none\n" : "");
}

static void event_row(struct strbuf *out, const char *name, const json_t *hooks)
{
    size_t i;
    json_t *hook;
    size_t from = out->len;
    text_foreign(out, name);
    text_pad(out, from, NAME_COLUMNS);
    strbuf_puts(out, " ");
    json_array_foreach(hooks, i, hook)
    {
        const char *condition = field_text(hook, "condition");
        strbuf_puts(out, i > 0 ? ", then " : "");
        text_foreign(out, field_text(hook, "script"));
        if (*condition != '\0') {
            strbuf_puts(out, " if ");
            text_foreign(out, condition);
        }
    }
    strbuf_puts(out, json_array_size(hooks) == 0 ? "-\n" : "\n");
}

static void view_events(struct strbuf *out, const struct view *v, const json_t *doc)
{
    const char *name;
    json_t *hooks;
    (void)v;
    json_object_foreach(field_node(doc, "events"), name, hooks)
    {
        event_row(out, name, hooks);
    }
}

static void view_scripts(struct strbuf *out, const struct view *v, const json_t *doc)
{
    size_t i;
    json_t *mistake;
    entry_list(out, v, "Scripts", field_node(doc, "scripts"));
    entry_list(out, v, "\nConditions", field_node(doc, "conditions"));
    strbuf_puts(out, "\nEvents\n");
    view_events(out, v, doc);
    json_array_foreach(field_node(doc, "mistakes"), i, mistake)
    {
        text_foreign(out, json_is_string(mistake) ? json_string_value(mistake) : "");
        strbuf_puts(out, "\n");
    }
}

static void show_scripts(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_scripts);
}

static void show_events(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_events);
}

int cmd_scripts(struct ppctl *c)
{
    return read_each(c, "/api/v1/scripts", "scripts", show_scripts);
}

int cmd_events(struct ppctl *c)
{
    return read_each(c, "/api/v1/scripts", "scripts", show_events);
}

/* ---- events ------------------------------------------------------------------------------------
 */

/* "sweep:tall-part" */
static json_t *hook_of(const char *word)
{
    const char *colon = strchr(word, ':');
    size_t len = colon != NULL ? (size_t)(colon - word) : strlen(word);
    return json_pack(
        "{s:s%, s:s}", "script", word, len, "condition", colon != NULL ? colon + 1 : "");
}

static int set_event(struct ppctl *c)
{
    json_t *hooks = json_array();
    for (size_t i = 2; i < c->operands; i++) {
        json_t *hook = hook_of(c->operand[i]);
        if (hook == NULL) {
            json_decref(hooks);
            return fail_usage(c, "SCRIPT must be UTF-8 text");
        }
        json_array_append_new(hooks, hook);
    }
    char *path = client_path("/api/v1/events/", c->operand[1]);
    int status = tell(c, "PUT", path, json_pack("{s:o}", "hooks", hooks),
        c->operands > 2 ? "saved" : "nothing runs at this event");
    free(path);
    return status;
}

int cmd_event(struct ppctl *c)
{
    static const struct action actions[] = {
        {"set", "EVENT [SCRIPT[:CONDITION]]...", 1, COMMAND_OPERANDS, set_event}};
    return run_action(c, actions, sizeof actions / sizeof *actions);
}
