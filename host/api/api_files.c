/* Files: list, show, upload (raw by PUT, a form by POST), remove. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/intake.h"
#include "host/api/view.h"
#include "host/base/json.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A list of thousands on its way out, a piece in each turn of the loop: the files as they are when
 * their piece is made. */
struct listing {
    const struct files *files;
    char last[sizeof((struct file_row *)0)->name]; /* already in it */
    struct strbuf text;
    bool ended;
};

static void add_file(struct listing *l)
{
    const struct file_entry *file = files_after(l->files, l->last);
    if (file == NULL) {
        strbuf_puts(&l->text, "]}");
        l->ended = true;
        return;
    }
    json_t *value = view_file(file);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
    strbuf_printf(&l->text, "%s%s", l->last[0] != '\0' ? "," : "", text != NULL ? text : "null");
    free(text);
    json_decref(value);
    str_copy(l->last, sizeof l->last, file->row.name, strlen(file->row.name));
}

static ssize_t read_listing(void *context, uint64_t position, char *out, size_t size)
{
    struct listing *l = context;
    (void)position;
    while (!l->ended && l->text.len < size) {
        add_file(l);
    }
    size_t len = l->text.len < size ? l->text.len : size;
    if (len == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    memcpy(out, l->text.data, len);
    l->text.len -= len;
    memmove(l->text.data, l->text.data + len, l->text.len);
    return (ssize_t)len;
}

static void free_listing(void *context)
{
    struct listing *l = context;
    strbuf_fini(&l->text);
    free(l);
}

void api_files(struct request *r)
{
    struct listing *l = mem_alloc(sizeof *l);
    l->files = r->http->o.files;
    strbuf_puts(&l->text, "{\"files\":[");
    reply_pieces(r, 200, read_listing, free_listing, l);
}

static const struct file_entry *find_file(struct request *r)
{
    char shown[96];
    struct err e = {0};
    const struct file_entry *file = files_find(r->http->o.files, r->stars.tail);
    if (file == NULL) {
        str_escape(shown, sizeof shown, r->stars.tail, strlen(r->stars.tail));
        err_field(&e, PP_ENOTFOUND, "file", "there is no file \"%s\"", shown);
        reply_error(r, &e);
    }
    return file;
}

void api_file(struct request *r)
{
    const struct file_entry *file = find_file(r);
    if (file != NULL) {
        reply_json(r, 200, view_file(file));
    }
}

static void uploaded(struct request *r, const struct file_entry *file)
{
    log_info("file \"%s\" (%lld bytes) uploaded by %s", file->row.name,
        (long long)file->row.size_bytes, r->key_name);
    reply_json(r, 201, view_file(file));
    request_wake(r);
}

void api_file_upload(struct request *r)
{
    intake_commit(r, uploaded);
}

static void removed(void *context, const struct err *e)
{
    struct request *r = context;
    if (e != NULL) {
        reply_error(r, e);
    } else {
        reply_empty(r, 204);
    }
    request_wake(r);
}

void api_file_remove(struct request *r)
{
    struct device_status s;
    struct err e = {0};
    if (find_file(r) == NULL) {
        return;
    }
    device_status(r->http->o.device, &s);
    if (s.job.run_id[0] != '\0' && strcmp(s.job.file_name, r->stars.tail) == 0) {
        err_field(&e, PP_EBUSY, "file", "file \"%s\" is being printed", r->stars.tail);
        reply_error(r, &e);
        return;
    }
    log_info("file \"%s\" removed by %s", r->stars.tail, r->key_name);
    request_wait(r);
    files_remove(r->http->o.files, r->stars.tail, removed, r);
}
