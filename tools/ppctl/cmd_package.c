/* export, import: a job and its files as one file. */
#include "tools/ppctl/package.h"

#include "host/base/mem.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/upload.h"
#include "tools/ppctl/view_jobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_SHOWN 6

static void show_import(const struct ppctl *c, const json_t *job)
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    const char *id = field_text(job, "id");
    view_job(&text, &v, job);
    if (*field_text(job, "notice") != '\0') {
        text_foreign(&text, field_text(job, "notice"));
        strbuf_puts(&text, "\n");
    }
    if (field_true(job, "draft")) {
        strbuf_printf(&text, "it is a draft: ppctl %sedit ", c->target_hint);
        text_foreign(&text, strlen(id) > ID_SHOWN ? id + strlen(id) - ID_SHOWN : id);
        strbuf_puts(&text, " draft=no when you have looked at it\n");
    }
    print_text(&text);
}

int package_import(struct ppctl *c, const char *path, const char *queue)
{
    struct upload u;
    json_t *job = NULL;
    int status = upload_open(&u, c, path);
    if (status == PPCTL_DONE) {
        char *name = client_path("/api/v1/jobs/import?name=", u.name);
        char *where = client_path("&queue=", queue != NULL ? queue : "local");
        char *url = mem_printf("%s%s", name, where);
        status = upload_send(&u, url, &job);
        free(url);
        free(where);
        free(name);
    }
    if (status == PPCTL_DONE && c->json) {
        print_json(json_incref(job));
    } else if (status == PPCTL_DONE) {
        show_import(c, job);
    }
    json_decref(job);
    upload_close(&u);
    return status;
}

int cmd_import(struct ppctl *c)
{
    return package_import(c, c->operand[0], option_value(c, "--queue"));
}

/* ---- export ------------------------------------------------------------------------------------
 */

/* Where it goes: the second operand, else the name the host gives it; owned. */
static char *target_path(const struct ppctl *c, const struct answer *a)
{
    if (c->operands > 1) {
        return mem_strdup(c->operand[1]);
    }
    const char *name = a->file_name;
    bool sane = name[0] != '\0' && strchr(name, '/') == NULL && name[0] != '.';
    return mem_strdup(sane ? name : "job.gjob");
}

static int tell_saved(const struct ppctl *c, const char *path, int64_t bytes)
{
    char size[TEXT_SIZE];
    char shown[200];
    str_escape(shown, sizeof shown, path, strlen(path));
    if (c->json) {
        print_json(json_pack("{s:s, s:I}", "file", shown, "size_bytes", (json_int_t)bytes));
    } else {
        printf("%s: %s\n", shown, text_size(size, bytes));
    }
    return PPCTL_DONE;
}

/* The bytes lie in a temporary file: nothing of that name stays behind when it fails. */
static int keep(const struct ppctl *c, const struct answer *a, const char *temporary)
{
    struct err e;
    char shown[200];
    char *path = target_path(c, a);
    int status = PPCTL_DONE;
    str_escape(shown, sizeof shown, path, strlen(path));
    if (link(temporary, path) != 0) { /* never over a file that is there */
        int code = errno;
        err_errno(&e, code, "\"%s\"", shown);
        if (code == EEXIST) {
            err_set(&e, PP_EEXIST, "\"%s\" is there already; say another name", shown);
        }
        status = fail(c, PPCTL_FAILED, &e);
    } else {
        tell_saved(c, path, a->bytes);
    }
    free(path);
    return status;
}

/* Beside its target, so that a link() is enough to put it in place. */
static FILE *open_temporary(const struct ppctl *c, char *out, size_t out_size)
{
    const char *target = c->operands > 1 ? c->operand[1] : "";
    const char *slash = strrchr(target, '/');
    int n = snprintf(
        out, out_size, "%.*s.ppctl-XXXXXX", slash != NULL ? (int)(slash - target + 1) : 0, target);
    int fd = n > 0 && (size_t)n < out_size ? mkstemp(out) : -1;
    if (fd >= 0) { /* like any file this user makes */
        mode_t mask = umask(0);
        umask(mask);
        fchmod(fd, 0666 & ~mask);
    }
    return fd >= 0 ? fdopen(fd, "wb") : NULL;
}

static int fetch(struct ppctl *c, const char *path, FILE *into, struct answer *a)
{
    struct request r = {.method = "GET", .path = path, .download = into};
    return client_call(c->chosen[0], &r, a) != 0 ? fail_answer(c, c->chosen[0], a) : PPCTL_DONE;
}

static int export_to_file(struct ppctl *c, const char *path)
{
    struct answer a = {0};
    struct err e;
    char shown[200];
    char temporary[4096];
    FILE *into = open_temporary(c, temporary, sizeof temporary);
    if (into == NULL) {
        const char *target = c->operands > 1 ? c->operand[1] : "the folder you are in";
        int code = errno;
        err_errno(&e, code, "cannot write to \"%s\"",
            str_escape(shown, sizeof shown, target, strlen(target)));
        return fail(c, PPCTL_FAILED, &e);
    }
    int status = fetch(c, path, into, &a);
    if (fclose(into) != 0 && status == PPCTL_DONE) {
        err_errno(&e, errno, "cannot write the file");
        status = fail(c, PPCTL_FAILED, &e);
    }
    status = status == PPCTL_DONE ? keep(c, &a, temporary) : status;
    unlink(temporary);
    answer_fini(&a);
    return status;
}

int cmd_export(struct ppctl *c)
{
    char *base = client_path("/api/v1/jobs/", c->operand[0]);
    char *path = mem_printf("%s/export", base);
    int status;
    if (c->operands > 1 && strcmp(c->operand[1], "-") == 0) {
        struct answer a = {0};
        status = fetch(c, path, stdout, &a);
        answer_fini(&a);
    } else {
        status = export_to_file(c, path);
    }
    free(path);
    free(base);
    return status;
}
