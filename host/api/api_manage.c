/* Managing the queue: start, stop, what failed, what is in quarantine. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/view_jobs.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct manage *manage_of(struct request *r)
{
    struct err e = {0};
    if (r->http->o.manage == NULL) {
        err_set(&e, PP_EOFFLINE, "this host manages no queue");
        reply_error(r, &e);
    }
    return r->http->o.manage;
}

static void reply_manage(struct request *r, const char *what, int rc, const struct err *e)
{
    char text[512];
    if (rc != 0) {
        log_info("%s refused: %s", what, str_escape(text, sizeof text, e->text, strlen(e->text)));
    }
    if (!reply_failed(r, rc, e)) {
        reply_json(r, 200, view_manage(r->http, true));
    }
}

void api_manage(struct request *r)
{
    if (manage_of(r) != NULL) {
        reply_json(r, 200, view_manage(r->http, true));
    }
}

static void act(struct request *r, const char *what, int (*action)(struct manage *, struct err *))
{
    struct err e = {0};
    struct manage *m = manage_of(r);
    if (m == NULL) {
        return;
    }
    int rc = json_read(r->input, NULL, 0, &e);
    if (rc == 0) {
        log_info("%s asked for by %s", what, r->key_name);
        rc = action(m, &e);
    }
    reply_manage(r, what, rc, &e);
}

void api_manage_start(struct request *r)
{
    act(r, "managing of the queue", manage_start);
}

void api_manage_stop(struct request *r)
{
    act(r, "stop of managing", manage_stop);
}

void api_manage_failure(struct request *r)
{
    char by[65] = "";
    char reason[201] = "";
    char shown[256];
    struct err e = {0};
    const struct json_field fields[] = {
        {"by", JSON_KIND_TEXT, true, by, 1, 64},
        {"reason", JSON_KIND_TEXT, false, reason, 0, 200},
    };
    struct manage *m = manage_of(r);
    if (m == NULL) {
        return;
    }
    int rc = json_read(r->input, fields, COUNT(fields), &e);
    if (rc == 0) {
        log_info("failure of the print reported by %s: %s", r->key_name,
            str_escape(shown, sizeof shown, reason, strlen(reason)));
        rc = manage_report_failure(m, by, reason, &e);
    }
    reply_manage(r, "report of a failure", rc, &e);
}

void api_quarantine_remove(struct request *r)
{
    struct err e = {0};
    char shown[256];
    const char *what = request_argument(r, "what");
    struct manage *m = manage_of(r);
    if (m == NULL) {
        return;
    }
    int rc = manage_quarantine_remove(m, what != NULL ? what : "", &e);
    if (!reply_failed(r, rc, &e)) {
        log_info("%s taken out of quarantine by %s",
            what != NULL ? str_escape(shown, sizeof shown, what, strlen(what)) : "all files",
            r->key_name);
        reply_empty(r, 204);
    }
}
