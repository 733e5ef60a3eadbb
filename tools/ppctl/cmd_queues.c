/* start, stop, quarantine, stats: the queue as a whole. */
#include "tools/ppctl/ppctl.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/view_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_PER_DAY INT64_C(86400000)

static void show_manage(const struct ppctl *c, const json_t *manage)
{
    struct strbuf text = {0};
    const char *told = field_text(manage, "text");
    text_foreign(&text, host_label(c->chosen[0]));
    strbuf_puts(&text, ": ");
    text_foreign(&text, told);
    bool off = strcmp(field_text(manage, "state"), "inactive") == 0;
    if (field_true(manage, "needs_person") && !off) {
        strbuf_printf(&text, " (answer with: ppctl %sconfirm)", c->target_hint);
    } else if (strcmp(told, "nothing to print") == 0) {
        strbuf_printf(&text, " (ppctl %sadd FILE)", c->target_hint);
    }
    strbuf_puts(&text, "\n");
    print_text(&text);
}

int cmd_manage(struct ppctl *c)
{
    bool start = strcmp(c->command->name, "start") == 0;
    const char *path = start ? "/api/v1/manage/start" : "/api/v1/manage/stop";
    struct answer a;
    int status = PPCTL_DONE;
    if (call(c, "POST", path, json_object(), &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else if (c->json) {
        print_json(json_incref(a.doc));
    } else {
        show_manage(c, a.doc);
    }
    answer_fini(&a);
    return status;
}

/* ---- quarantine --------------------------------------------------------------------------------
 */

static int list_quarantine(struct ppctl *c)
{
    return tell_view(c, "GET", "/api/v1/manage", NULL, view_quarantine);
}

static int end_quarantine(struct ppctl *c)
{
    char *path = c->operands > 1 ? client_path("/api/v1/quarantine?what=", c->operand[1])
                                 : mem_strdup("/api/v1/quarantine");
    int status = tell(c, "DELETE", path, NULL,
        c->operands > 1 ? "may be printed again" : "all files may be printed again");
    free(path);
    return status;
}

int cmd_quarantine(struct ppctl *c)
{
    static const struct action actions[] = {
        {"list", "", 0, 0, list_quarantine}, {"rm", "FILE", 0, 1, end_quarantine}};
    return run_action(c, actions, sizeof actions / sizeof *actions);
}

/* ---- stats -------------------------------------------------------------------------------------
 */

static void show_stats(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_stats);
}

int cmd_stats(struct ppctl *c)
{
    const char *by = option_value(c, "--by");
    const char *text = option_value(c, "--days");
    char shown[48];
    char path[96];
    int64_t days = 0;
    by = by != NULL ? by : "printer";
    if (strcmp(by, "printer") != 0 && strcmp(by, "file") != 0 && strcmp(by, "material") != 0 &&
        strcmp(by, "day") != 0) {
        return fail_usage(c, "--by \"%s\": must be printer, file, material or day",
            str_escape(shown, sizeof shown, by, strlen(by)));
    }
    if (text != NULL && !str_to_int(text, 1, 36500, &days)) {
        return fail_usage(c, "--days \"%s\": must be a number from 1 to 36500",
            str_escape(shown, sizeof shown, text, strlen(text)));
    }
    int64_t since = days > 0 ? clock_wall_ms() - days * MS_PER_DAY : 0;
    snprintf(path, sizeof path, "/api/v1/stats?by=%s&since_ms=%lld", by, (long long)since);
    return read_each(c, path, "stats", show_stats);
}
