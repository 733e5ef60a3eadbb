/* files: what is stored on the host, in folders. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_COLUMNS 9
#define TIME_COLUMNS 14
#define NAME_LEAST   20

/* True if the name lies in the folder ("" = everywhere). */
static bool lies_in(const char *name, const char *folder)
{
    size_t len = strlen(folder);
    while (len > 0 && folder[len - 1] == '/') {
        len--;
    }
    return len == 0 || (strncmp(name, folder, len) == 0 && name[len] == '/');
}

static void file_row(struct strbuf *out, const struct view *v, const json_t *file)
{
    char text[TEXT_SIZE];
    struct strbuf name = {0};
    const json_t *analysis = field_node(file, "analysis");
    int64_t time_ms = field_int(analysis, "time_ms", -1);
    int wide = v->columns - SIZE_COLUMNS - TIME_COLUMNS - 4;
    strbuf_printf(out, "%*s  ", SIZE_COLUMNS, text_size(text, field_int(file, "size_bytes", 0)));
    strbuf_printf(out, "%-*s  ", TIME_COLUMNS, time_ms > 0 ? text_duration(text, time_ms) : "-");
    text_foreign(&name, field_text(file, "name"));
    text_cut(out, strbuf_text(&name), wide > NAME_LEAST ? wide : NAME_LEAST);
    strbuf_puts(out, "\n");
    strbuf_fini(&name);
}

static void folder_row(struct strbuf *out, const char *folder)
{
    strbuf_printf(out, "%*s  %-*s  ", SIZE_COLUMNS, "-", TIME_COLUMNS, "folder");
    text_foreign(out, folder);
    strbuf_puts(out, "/\n");
}

static void show_files(struct ppctl *c, const json_t *doc, const char *folder)
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    size_t i;
    json_t *entry;
    json_array_foreach(field_node(doc, "folders"), i, entry)
    {
        const char *name = json_is_string(entry) ? json_string_value(entry) : "";
        if (name[0] != '\0' && lies_in(name, folder)) {
            folder_row(&text, name);
        }
    }
    json_array_foreach(field_node(doc, "files"), i, entry)
    {
        if (lies_in(field_text(entry, "name"), folder)) {
            file_row(&text, &v, entry);
        }
    }
    if (text.len == 0) {
        puts(folder[0] != '\0' ? "nothing in this folder" : "no files");
    } else {
        printf("%*s  %-*s  name\n", SIZE_COLUMNS, "size", TIME_COLUMNS, "time");
    }
    print_text(&text);
}

static int list(struct ppctl *c)
{
    struct answer a;
    int status = PPCTL_DONE;
    if (get(c->chosen[0], "/api/v1/files", &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else if (c->json) {
        print_json(json_incref(a.doc));
    } else {
        show_files(c, a.doc, c->operands > 1 ? c->operand[1] : "");
    }
    answer_fini(&a);
    return status;
}

static int make_folder(struct ppctl *c)
{
    json_t *body = json_pack("{s:s}", "name", c->operand[1]);
    return body == NULL ? fail_usage(c, "FOLDER must be UTF-8 text")
                        : tell_done(c, "/api/v1/folders", body, "folder made");
}

static int rename_file(struct ppctl *c)
{
    json_t *body = json_pack("{s:s, s:s}", "from", c->operand[1], "to", c->operand[2]);
    return body == NULL ? fail_usage(c, "FROM and TO must be UTF-8 text")
                        : tell_done(c, "/api/v1/files/move", body, "moved");
}

/* A name that ends in a slash is a folder. */
static int take_away(struct ppctl *c)
{
    const char *name = c->operand[1];
    size_t len = strlen(name);
    bool folder = len > 0 && name[len - 1] == '/';
    char *bare = mem_strdup(name);
    bare[folder ? len - 1 : len] = '\0';
    char *base = client_path(folder ? "/api/v1/folders/" : "/api/v1/files/", bare);
    char *path =
        mem_printf("%s%s", base, option_value(c, "--force") != NULL && !folder ? "?force=1" : "");
    int status = tell(c, "DELETE", path, NULL, folder ? "folder removed" : "removed");
    free(path);
    free(base);
    free(bare);
    return status;
}

int cmd_files(struct ppctl *c)
{
    static const struct action actions[] = {{"ls", "FOLDER", 0, 1, list},
        {"mkdir", "FOLDER", 1, 1, make_folder}, {"mv", "FROM TO", 2, 2, rename_file},
        {"rm", "NAME", 1, 1, take_away}};
    return run_action(c, actions, sizeof actions / sizeof *actions);
}
