/* What the queue wants of the device: a print that asks nothing, a bed that is clear, and answers
 * of a person to questions of its own.
 *
 * The gate is the same as for everybody: a print of the queue is refused where a person's would
 * open a question, and the queue opens that question first.
 */
#include "host/app/device/device_priv.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the print ---------------------------------------------------------------------------------
 */

/* The content with this hash, also when the name stands for something else by now; "" = whatever
 * the name stands for. */
const struct file_entry *device_content(
    const struct device *d, const char *file_name, const char *sha256)
{
    const struct file_entry *file = files_find(d->files, file_name);
    if (file != NULL && (sha256[0] == '\0' || strcmp(file->row.sha256, sha256) == 0)) {
        return file;
    }
    return sha256[0] != '\0' ? files_find_content(d->files, sha256) : NULL;
}

static int may_print(const struct device *d, struct err *e)
{
    int rc = device_may_start(d, e);
    if (rc < 0) {
        return rc;
    }
    if (d->pending[0] != '\0') {
        return err_set(
            e, PP_ESTATE, "\"%s\" already waits for an answer (ppctl confirm)", d->pending);
    }
    if (d->who.identity_doubt) {
        return err_set(e, PP_ESTATE,
            "another printer or port than before: a person must say that "
            "it is the right one");
    }
    return d->row.bed == BED_CLEAR ? 0 : err_set(e, PP_ESTATE, "the bed is not known to be clear");
}

int device_check_print(
    const struct device *d, const char *file_name, const char *sha256, struct err *e)
{
    const struct file_entry *file = device_content(d, file_name, sha256);
    if (file == NULL || !file->analysed) {
        return err_field(e, PP_ENOTFOUND, "file", "the content of \"%s\" is not here", file_name);
    }
    return device_preflight(d, file, e);
}

int device_print_run(
    struct device *d, const char *file_name, const struct device_origin *origin, struct err *e)
{
    int rc = may_print(d, e);
    rc = rc == 0 ? device_check_print(d, file_name, origin->sha256, e) : rc;
    if (rc == 0) {
        const struct file_entry *file = device_content(d, file_name, origin->sha256);
        struct device_origin known = *origin;
        memcpy(known.sha256, file->row.sha256, sizeof known.sha256);
        device_print_start(d, file_name, file, &known);
    }
    return rc;
}

int device_fail_run(struct device *d, const char *reason, struct err *e)
{
    enum printer_state state = device_state(d);
    if (d->run.id[0] == '\0' || device_offer_open(d) || state == PRINTER_CANCELLING) {
        return err_set(e, PP_ESTATE, "nothing is printed that could fail: the printer is %s",
            sm_name(&d->state));
    }
    device_abort(d, reason);
    return 0;
}

/* ---- the bed -----------------------------------------------------------------------------------
 */

static void ask_next(struct device *d)
{
    if (d->who.identity_doubt) {
        device_ask(d, "identity", "Another printer or port than before: print on this one?");
    } else if (d->row.bed != BED_CLEAR) {
        device_ask(d, "bed", "%s", d->clear_text);
    }
}

void device_ask_clear(struct device *d, const char *text)
{
    char *copy = mem_strdup(text);
    free(d->clear_text);
    d->clear_text = copy;
    ask_next(d);
}

void device_clear_answered(struct device *d)
{
    if (d->clear_text != NULL) {
        ask_next(d);
    }
}

int device_bed_cleared(struct device *d, struct err *e)
{
    return device_declare_clear(d, "", e);
}

/* ---- questions ---------------------------------------------------------------------------------
 */

void device_withdraw(struct device *d, const char *kind)
{
    bool gate = strcmp(kind, "bed") == 0 || strcmp(kind, "identity") == 0;
    if (!gate) {
        device_unask(d, kind);
        device_person_answered(d, kind, -1);
    } else if (d->pending[0] == '\0') { /* else something else waits for it too */
        device_unask(d, kind);
    }
}

void device_set_ignore_lines(struct device *d, const char *lines)
{
    char *copy = lines != NULL && lines[0] != '\0' ? mem_strdup(lines) : NULL;
    free(d->ignore_lines);
    d->ignore_lines = copy;
}
