/* template: jobs to be used again. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/view_jobs.h"

#include <stdlib.h>
#include <string.h>

static int list(struct ppctl *c)
{
    return tell_view(c, "GET", "/api/v1/templates", NULL, view_templates);
}

static int save(struct ppctl *c)
{
    char *path = client_path("/api/v1/templates/", c->operand[1]);
    json_t *body = json_pack("{s:s}", "job", c->operand[2]);
    int status = body == NULL ? fail_usage(c, "ID must be UTF-8 text")
                              : tell(c, "PUT", path, body, "template saved");
    free(path);
    return status;
}

static int use(struct ppctl *c)
{
    const char *copies = option_value(c, "-n");
    const char *name = option_value(c, "--job");
    const char *queue = option_value(c, "--queue");
    char shown[48];
    int64_t count = 0;
    if (copies != NULL && !str_to_int(copies, 1, 999999, &count)) {
        return fail_usage(c, "-n \"%s\": must be a number from 1 to 999999",
            str_escape(shown, sizeof shown, copies, strlen(copies)));
    }
    json_t *body = json_object();
    if (count > 0) {
        json_object_set_new(body, "count", json_integer(count));
    }
    if (name != NULL) {
        json_object_set_new(body, "name", json_string(name));
    }
    if (queue != NULL) {
        json_object_set_new(body, "queue", json_string(queue));
    }
    char *base = client_path("/api/v1/templates/", c->operand[1]);
    char *path = mem_printf("%s/use", base);
    int status = tell_view(c, "POST", path, body, view_job);
    free(path);
    free(base);
    return status;
}

static int take_away(struct ppctl *c)
{
    char *path = client_path("/api/v1/templates/", c->operand[1]);
    int status = tell(c, "DELETE", path, NULL, "template removed");
    free(path);
    return status;
}

int cmd_template(struct ppctl *c)
{
    static const struct action actions[] = {{"list", "", 0, 0, list},
        {"save", "NAME ID", 2, 2, save}, {"use", "NAME", 1, 1, use},
        {"rm", "NAME", 1, 1, take_away}};
    return run_action(c, actions, sizeof actions / sizeof *actions);
}
