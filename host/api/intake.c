#include "host/api/intake.h"

#include "host/api/http_private.h"
#include "host/api/upload_name.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/core/file_kind.h"

#include <string.h>
#include <strings.h>

#define FORM_BUFFER 32768

struct intake {
    struct request *request; /* borrowed */
    struct http *http;
    struct MHD_PostProcessor *form;  /* owned; NULL for a raw body */
    struct upload *upload;           /* owned until it is stored */
    char name[UPLOAD_NAME_SIZE];     /* with its folders */
    char part[UPLOAD_NAME_SIZE];     /* a form's: without */
    char path[UPLOAD_NAME_SIZE + 1]; /* value of the form's field, cut, as are those below */
    uint64_t bytes;                  /* of the file so far */
    bool path_cut;
    char print[8];
    char select[8];
    struct err error; /* of the part being read: MHD's iterator can only say "stop" */
    void (*done)(struct request *r, const struct file_entry *entry);
    void (*passed)(struct request *r, const char *path);
};

static void on_room(void *context)
{
    struct intake *i = context;
    request_go_on(i->request);
}

static int check_name(const struct intake *i, struct err *e)
{
    if (!file_path_ok(i->name) || strchr(i->name, '"') != NULL) {
        char shown[96];
        str_escape(shown, sizeof shown, i->name, strlen(i->name));
        return err_field(e, PP_EINVAL, "file",
            "file name \"%s\": must be 1 to 200 bytes, at most %d folders deep, no part of it "
            "empty, with quotes or a leading '.'",
            shown, FILE_FOLDERS_MAX);
    }
    if (!upload_name_is_taken(i->name)) {
        return err_field(e, PP_ETYPE, "file",
            "file \"%s\": must be gcode (.gcode, .gco, .g, .gc), a model (.stl, .3mf, .obj) or a "
            "package (.gjob)",
            i->name);
    }
    return 0;
}

static int open_upload(struct intake *i, struct err *e)
{
    int rc = check_name(i, e);
    rc = rc == 0 ? files_begin(i->http->o.files, i->name, &i->upload, e) : rc;
    if (rc == 0) {
        files_on_room(i->upload, on_room, i);
    }
    return rc;
}

/* The form's file in the form's folder, as far as that has come. */
static int name_in_folder(struct intake *i, char out[static UPLOAD_NAME_SIZE], struct err *e)
{
    char folder[UPLOAD_NAME_SIZE];
    char whole[2 * UPLOAD_NAME_SIZE];
    bool fits = upload_name_folder(i->path, folder) && !i->path_cut;
    int n = snprintf(whole, sizeof whole, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", i->part);
    if (!fits || !str_copy(out, UPLOAD_NAME_SIZE, whole, (size_t)n)) {
        char shown[96];
        str_escape(shown, sizeof shown, i->path, strlen(i->path));
        return err_field(e, PP_EINVAL, "path",
            "path \"%s\": with the file's name it must be at most 200 bytes", shown);
    }
    return 0;
}

static void add_value(char *value, size_t size, const char *data, uint64_t offset, size_t len)
{
    if (offset + len < size) {
        str_copy(value + offset, size - offset, data, len);
    }
}

static int take_file(
    struct intake *i, const char *filename, const char *data, uint64_t offset, size_t len)
{
    if (offset == 0 && i->bytes > 0) {
        return err_field(&i->error, PP_EINVAL, "file", "only one file at a time is taken");
    }
    if (i->name[0] == '\0') {
        if (filename == NULL || !upload_name_clean(filename, i->part)) {
            return err_field(&i->error, PP_EINVAL, "file", "the part \"file\" has no file name");
        }
        if (name_in_folder(i, i->name, &i->error) != 0 || open_upload(i, &i->error) != 0) {
            return -i->error.code;
        }
    }
    i->bytes += len;
    return len > 0 ? files_write(i->upload, data, len, &i->error) : 0;
}

static enum MHD_Result on_part(void *context, enum MHD_ValueKind kind, const char *key,
    const char *filename, const char *type, const char *encoding, const char *data, uint64_t offset,
    size_t len)
{
    struct intake *i = context;
    (void)kind;
    (void)type;
    (void)encoding;
    if (key == NULL) {
        return MHD_YES;
    }
    if (strcmp(key, "file") == 0) {
        return take_file(i, filename, data, offset, len) == 0 ? MHD_YES : MHD_NO;
    }
    if (strcmp(key, "print") == 0) {
        add_value(i->print, sizeof i->print, data, offset, len);
    } else if (strcmp(key, "select") == 0) {
        add_value(i->select, sizeof i->select, data, offset, len);
    } else if (strcmp(key, "path") == 0) {
        i->path_cut = i->path_cut || offset + len >= sizeof i->path;
        add_value(i->path, sizeof i->path, data, offset, len);
    }
    return MHD_YES;
}

/* A raw body's name stands in the path and is taken as it is, or not at all. */
static int begin_raw(struct intake *i, const char *name, struct err *e)
{
    if (!str_copy(i->name, sizeof i->name, name, strlen(name))) {
        return err_field(
            e, PP_EINVAL, "file", "file name \"%.60s...\": must be 1 to 200 bytes", name);
    }
    return open_upload(i, e);
}

/* A package that is sent to be imported is never stored: no file stands in its way. */
static int begin_package(struct intake *i, struct request *r, struct err *e)
{
    const char *name = request_argument(r, "name");
    name = name != NULL ? name : "package.gjob";
    if (file_kind_of(name) != FILE_PACKAGE || !file_name_ok(name)) {
        char shown[96];
        str_escape(shown, sizeof shown, name, strlen(name));
        return err_field(
            e, PP_EINVAL, "name", "name \"%s\": must be a file name that ends in .gjob", shown);
    }
    files_free_name(i->http->o.files, name, i->name, sizeof i->name);
    return open_upload(i, e);
}

/* What will not fit is refused before it is sent. */
static int expect(struct intake *i, struct request *r, struct err *e)
{
    const char *length = request_header(r, "Content-Length");
    int64_t size_bytes;
    bool told = length != NULL && str_to_int(length, 0, INT64_MAX, &size_bytes);
    return told ? files_expect(i->upload, size_bytes, e) : 0;
}

static int begin_form(struct intake *i, struct request *r, struct err *e)
{
    const char *type = request_header(r, "Content-Type");
    if (type != NULL && strncasecmp(type, "multipart/form-data", 19) == 0) {
        i->form = MHD_create_post_processor(r->connection, FORM_BUFFER, on_part, i);
    }
    if (i->form == NULL) {
        return err_field(e, PP_EINVAL, "Content-Type",
            "the body must be multipart/form-data with a boundary and a part \"file\"");
    }
    return 0;
}

int intake_begin(struct request *r, struct err *e)
{
    if (r->http->uploads >= HTTP_UPLOADS_MAX) {
        return err_set(e, PP_ELIMIT, "%d uploads are under way: try again later", HTTP_UPLOADS_MAX);
    }
    struct intake *i = mem_alloc(sizeof *i);
    i->http = r->http;
    i->request = r;
    i->http->uploads++;
    r->intake = i;
    if (r->route->body == ROUTE_FORM) {
        return begin_form(i, r, e);
    }
    int rc = r->stars.tail[0] != '\0' ? begin_raw(i, r->stars.tail, e) : begin_package(i, r, e);
    return rc == 0 ? expect(i, r, e) : rc;
}

int intake_data(struct intake *i, const char *bytes, size_t len, struct err *e)
{
    if (i->form == NULL) {
        return files_write(i->upload, bytes, len, e);
    }
    if (MHD_post_process(i->form, bytes, len) == MHD_YES && i->error.code == 0) {
        return 0;
    }
    if (i->error.code == 0) {
        return err_set(e, PP_EINVAL, "the multipart body is malformed");
    }
    *e = i->error;
    return -e->code;
}

bool intake_full(const struct intake *i)
{
    return i->upload != NULL && files_full(i->upload);
}

static bool is_true(const char *value)
{
    return strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 ||
           strcasecmp(value, "on") == 0 || strcmp(value, "1") == 0;
}

bool intake_wants_print(const struct intake *i)
{
    return is_true(i->print);
}

bool intake_wants_select(const struct intake *i)
{
    return is_true(i->select);
}

/* The field with the folder may have come after the file. */
static int move_to_folder(struct intake *i, struct err *e)
{
    char name[UPLOAD_NAME_SIZE];
    int rc = name_in_folder(i, name, e);
    if (rc != 0 || strcmp(name, i->name) == 0) {
        return rc;
    }
    str_copy(i->name, sizeof i->name, name, strlen(name));
    rc = check_name(i, e);
    return rc == 0 ? files_rename_upload(i->upload, name, e) : rc;
}

/* Ends the form: its last boundary must have come. */
static int finish_form(struct intake *i, struct err *e)
{
    struct MHD_PostProcessor *form = i->form;
    i->form = NULL;
    if (form != NULL && MHD_destroy_post_processor(form) != MHD_YES) {
        if (i->error.code != 0) {
            *e = i->error;
            return -e->code;
        }
        return err_set(e, PP_EINVAL, "the multipart body is cut short");
    }
    if (i->upload == NULL) {
        return err_field(e, PP_EINVAL, "file", "the part \"file\" is missing");
    }
    return i->part[0] != '\0' ? move_to_folder(i, e) : 0;
}

static void committed(void *context, const struct err *e, const struct file_entry *entry)
{
    struct request *r = context;
    if (r->gone) {
        request_wake(r);
    } else if (entry == NULL) {
        reply_error(r, e);
        request_wake(r);
    } else {
        r->intake->done(r, entry);
    }
}

void intake_commit(
    struct request *r, void (*done)(struct request *r, const struct file_entry *entry))
{
    struct intake *i = r->intake;
    struct err e = {0};
    if (reply_failed(r, finish_form(i, &e), &e)) {
        return;
    }
    struct upload *upload = i->upload;
    i->upload = NULL;
    i->done = done;
    request_wait(r);
    files_commit(upload, committed, r);
}

static void ready(void *context, const struct err *e, const char *path)
{
    struct request *r = context;
    if (path == NULL) {
        r->intake->upload = NULL;
    }
    if (r->gone) {
        request_wake(r);
    } else if (path == NULL) {
        reply_error(r, e);
        request_wake(r);
    } else {
        r->intake->passed(r, path);
    }
}

void intake_pass(struct request *r, void (*done)(struct request *r, const char *path))
{
    struct intake *i = r->intake;
    struct err e = {0};
    if (reply_failed(r, finish_form(i, &e), &e)) {
        return;
    }
    i->passed = done;
    request_wait(r);
    files_commit_unnamed(i->upload, ready, r);
}

void intake_free(struct intake *i)
{
    if (i->form != NULL) {
        MHD_destroy_post_processor(i->form);
    }
    if (i->upload != NULL) {
        files_abort(i->upload);
    }
    i->http->uploads--;
    free(i);
}
