/* What verbs want of a job before they begin, and the words they refuse with. */
#include "host/base/str.h"
#include "host/core/queue_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *queue_label(const struct queue_job *job, char out[static QUEUE_LABEL_SIZE])
{
    if (job->name != NULL && job->name[0] != '\0') {
        char name[72];
        bool fits = str_copy(name, sizeof name, job->name, strlen(job->name));
        char shown[QUEUE_LABEL_SIZE - 16];
        str_escape(shown, sizeof shown, name, strlen(name));
        snprintf(out, QUEUE_LABEL_SIZE, "job \"%s%s\"", shown, fits ? "" : "...");
    } else {
        size_t len = strlen(job->id);
        snprintf(out, QUEUE_LABEL_SIZE, "job %s", job->id + (len > 6 ? len - 6 : 0));
    }
    return out;
}

int queue_want(
    const struct queue *q, const struct queue_command *c, struct queue_entry **out, struct err *e)
{
    *out = queue_entry_find(q, c->job);
    if (*out == NULL) {
        char shown[64];
        str_escape(shown, sizeof shown, c->job, strlen(c->job));
        return err_field(e, PP_ENOTFOUND, "job", "job \"%s\": not in queue \"%s\"", shown, q->name);
    }
    return 0;
}

int queue_want_open(
    const struct queue *q, const struct queue_command *c, struct queue_entry **out, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    int rc = queue_want(q, c, out, e);
    if (rc == 0 && (*out)->job->archived_ms != 0) {
        return err_set(e, PP_ESTATE, "%s: %s and in the archive; restore it first",
            queue_label((*out)->job, label), (*out)->job->finished ? "finished" : "removed");
    }
    return rc;
}

int queue_printer_name_len(const char *printer, const char **peer)
{
    const char *at = strrchr(printer, '@');
    bool has_peer = at != NULL && strncmp(at + 1, "12D3KooW", 8) == 0;
    if (peer != NULL) {
        *peer = has_peer ? at + 1 : NULL;
    }
    return (int)(has_peer ? (size_t)(at - printer) : strlen(printer));
}

bool queue_is_printer_of(const char *printer, const char *origin)
{
    const char *at = strrchr(printer, '@');
    return at != NULL && strcmp(at + 1, origin) == 0;
}

bool queue_same_printer(const char *a, const char *b)
{
    const char *peer_a;
    const char *peer_b;
    queue_printer_name_len(a, &peer_a);
    queue_printer_name_len(b, &peer_b);
    return strcmp(a, b) == 0 || (peer_a != NULL && peer_b != NULL && strcmp(peer_a, peer_b) == 0);
}

int queue_want_unclaimed(const struct queue_job *job, const struct queue_command *c, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    for (size_t i = 0; c->origin[0] != '\0' && i < job->claims_count; i++) {
        const struct queue_claim *claim = &job->claims[i];
        if (claim->printer[0] != '\0' && !queue_is_printer_of(claim->printer, c->origin)) {
            return err_set(e, PP_EBUSY,
                "%s: claimed by \"%.*s\", which may be printing it without being able to say so",
                queue_label(job, label), queue_printer_name_len(claim->printer, NULL),
                claim->printer);
        }
    }
    return 0;
}

int queue_want_unprinted(const struct queue_job *job, int64_t now_ms, struct err *e)
{
    char label[QUEUE_LABEL_SIZE];
    for (size_t i = 0; i < job->claims_count; i++) {
        const struct queue_claim *c = &job->claims[i];
        if (c->run[0] != '\0') {
            int64_t minutes = now_ms > c->run_ms ? (now_ms - c->run_ms) / 60000 : 0;
            char since[32] = "less than a minute";
            if (minutes > 0) {
                snprintf(since, sizeof since, "%" PRId64 " min", minutes);
            }
            return err_set(e, PP_EBUSY, "%s: \"%.*s\" has been printing it for %s",
                queue_label(job, label), queue_printer_name_len(c->printer, NULL), c->printer,
                since);
        }
    }
    return 0;
}
