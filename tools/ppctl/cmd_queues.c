/* start, stop, quarantine, queues, queue, stats: the queue as a whole. */
#include "tools/ppctl/ppctl.h"

#include "host/base/clock.h"
#include "host/base/mem.h"
#include "tools/ppctl/spec.h"
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

/* ---- queues ------------------------------------------------------------------------------------
 */

static void show_queues(const struct ppctl *c, size_t i, const json_t *doc)
{
    show_doc(c, i, doc, view_queues);
}

int cmd_queues(struct ppctl *c)
{
    return read_each(c, "/api/v1/queues", "queues", show_queues);
}

static int change_queue(struct ppctl *c, json_t *body, const char *done)
{
    char *path = client_path("/api/v1/queues/", c->operand[1]);
    int status = tell(c, "PATCH", path, body, done);
    free(path);
    return status;
}

static int edit_queue(struct ppctl *c)
{
    static const struct spec_key keys[] = {
        {"strategy", NULL, SPEC_TEXT, 0, 0}, {"share", NULL, SPEC_FLAG, 0, 0}};
    json_t *body = json_object();
    int status = spec_take_all(c, 2, keys, sizeof keys / sizeof *keys, body);
    if (status != PPCTL_DONE) {
        json_decref(body);
        return status;
    }
    return change_queue(c, body, "queue changed");
}

static int enable_queue(struct ppctl *c)
{
    bool enable = strcmp(c->operand[0], "enable") == 0;
    return change_queue(c, json_pack("{s:b}", "enabled", enable),
        enable ? "jobs of this queue are printed" : "no job of this queue is printed any more");
}

int cmd_queue(struct ppctl *c)
{
    static const struct action actions[] = {{"edit", "NAME KEY=VALUE...", 2, 3, edit_queue},
        {"enable", "NAME", 1, 1, enable_queue}, {"disable", "NAME", 1, 1, enable_queue}};
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
