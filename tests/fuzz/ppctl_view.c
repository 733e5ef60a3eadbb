// link: ppctl_parts
/* Whatever a host sends: what is shown has no control characters and no line wider than asked. */
#include "tools/ppctl/text.h"
#include "tools/ppctl/view_jobs.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 80

static void check(struct strbuf *text, bool bounded)
{
    char *line = text->data;
    while (line != NULL && *line != '\0') {
        char *end = strchr(line, '\n');
        char kept = end != NULL ? *end : '\0';
        if (end != NULL) {
            *end = '\0';
        }
        for (const char *p = line; *p != '\0'; p++) {
            if ((unsigned char)*p < 0x20 || *p == 0x7f) {
                abort();
            }
        }
        if (bounded && text_columns(line) > COLUMNS) {
            abort();
        }
        line = kept != '\0' ? end + 1 : NULL;
    }
    strbuf_fini(text);
}

/* Numbers of 16 digits do not fit into the columns of these tables. */
static void check_queue(const struct view *v, const json_t *doc)
{
    static void (*const all[])(struct strbuf *, const struct view *, const json_t *) = {view_jobs,
        view_job, view_templates, view_queues, view_quarantine, view_profiles, view_stats};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct strbuf text = {0};
        all[i](&text, v, doc);
        check(&text, false);
    }
    struct strbuf text = {0};
    view_manage(&text, v, doc);
    check(&text, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct view v = {
        .columns = COLUMNS, .now_ms = INT64_C(1763620927000), .target = ""};
    struct strbuf text = {0};
    json_t *doc = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(doc)) {
        json_decref(doc);
        return 0;
    }
    view_status(&text, &v, field_text(doc, "name"), doc);
    check(&text, true);
    view_brief(&text, &v, field_text(doc, "name"), doc);
    check(&text, true);
    view_file(&text, &v, doc);
    check(&text, true);
    view_runs(&text, &v, field_node(doc, "runs"));
    check(&text, true);
    view_keys(&text, &v, field_node(doc, "keys"));
    check(&text, true);
    view_terminal(&text, &v, doc);
    check(&text, false);
    view_log(&text, &v, doc);
    check(&text, false);
    check_queue(&v, doc);
    json_decref(doc);
    return 0;
}
