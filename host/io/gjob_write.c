/* Writing a package: the zip is put together in a temporary file beside it and gets its name when
 * it is complete.
 */
#include "host/io/gjob_impl.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEVEL         6 /* with another the header's flags tell of it */
#define FILE_MODE     (0100644u << 16)
#define MANIFEST_MODE (0600u << 16)

struct packer {
    zip_t *zip;
    const struct queue_job *job;
    char **names; /* owned; of each set's entry */
    const atomic_bool *stop;
};

/* ---- names
 * --------------------------------------------------------------------------------------- */

static bool same_content(const struct queue_set *a, const struct queue_set *b)
{
    return a->sha256 != NULL && b->sha256 != NULL && strcmp(a->sha256, b->sha256) == 0;
}

/* The set before `index` whose entry is called so; -1 without. */
static int find_name(const struct packer *p, size_t index, const char *name)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(p->names[i], name) == 0) {
            return (int)i;
        }
    }
    return strcmp(name, GJOB_MANIFEST_NAME) == 0 ? (int)index : -1;
}

/* Gives the set's file a name; true if that is an entry already. */
static bool choose_name(struct packer *p, size_t index)
{
    const char *name = file_basename(p->job->sets[index].path);
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL ? (size_t)(dot - name) : strlen(name);
    int before;
    p->names[index] = mem_strdup(name);
    for (int n = 2; (before = find_name(p, index, p->names[index])) >= 0; n++) {
        if ((size_t)before < index && same_content(&p->job->sets[before], &p->job->sets[index])) {
            return true;
        }
        free(p->names[index]);
        p->names[index] = mem_printf("%.*s (%d)%s", (int)stem, name, n, name + stem);
    }
    return false;
}

/* ---- entries
 * ------------------------------------------------------------------------------------- */

static int zip_failed(struct packer *p, const char *what, struct err *e)
{
    return gjob_zip_error(zip_get_error(p->zip), e, what);
}

static int add_entry(struct packer *p, const char *name, zip_source_t *source, int method,
    zip_uint32_t mode, struct err *e)
{
    if (source == NULL) {
        return zip_failed(p, name, e);
    }
    zip_int64_t i = zip_file_add(p->zip, name, source, ZIP_FL_ENC_UTF_8);
    if (i < 0) {
        zip_source_free(source);
        return zip_failed(p, name, e);
    }
    if (zip_set_file_compression(
            p->zip, (zip_uint64_t)i, method, method == ZIP_CM_DEFLATE ? LEVEL : 0) != 0 ||
        zip_file_set_external_attributes(p->zip, (zip_uint64_t)i, 0, ZIP_OPSYS_UNIX, mode) != 0) {
        return zip_failed(p, name, e);
    }
    return 0;
}

static int add_file(struct packer *p, size_t index,
    void (*content)(void *context, const struct queue_set *set, char *out, size_t out_size),
    void *context, struct err *e)
{
    char path[4096];
    const struct queue_set *set = &p->job->sets[index];
    if (choose_name(p, index)) {
        return 0;
    }
    content(context, set, path, sizeof path);
    if (path[0] == '\0' || access(path, R_OK) != 0) {
        return err_field(e, PP_ENOTFOUND, "sets", "the content of \"%s\" is not here", set->path);
    }
    return add_entry(
        p, p->names[index], zip_source_file(p->zip, path, 0, -1), ZIP_CM_DEFLATE, FILE_MODE, e);
}

static int add_manifest(struct packer *p, struct err *e)
{
    char *text = gjob_manifest_write(p->job, (const char *const *)p->names);
    zip_source_t *source = zip_source_buffer(p->zip, text, strlen(text), 1); /* frees it */
    if (source == NULL) {
        free(text);
    }
    return add_entry(p, GJOB_MANIFEST_NAME, source, ZIP_CM_STORE, MANIFEST_MODE, e);
}

static int is_stopped(zip_t *zip, void *context)
{
    const struct packer *p = context;
    (void)zip;
    return atomic_load(p->stop);
}

static int open_zip(struct packer *p, const char *path, struct err *e)
{
    int code;
    zip_error_t error;
    p->zip = zip_open(path, ZIP_CREATE | ZIP_EXCL, &code);
    if (p->zip != NULL) {
        zip_register_cancel_callback_with_state(p->zip, is_stopped, NULL, p);
        return 0;
    }
    zip_error_init_with_code(&error, code);
    int rc = code == ZIP_ER_EXISTS ? err_set(e, PP_EEXIST, "\"%s\" is there already", path)
                                   : gjob_zip_error(&error, e, path);
    zip_error_fini(&error);
    return rc;
}

/* Here is the work: everything is read, packed and written. */
static int close_zip(struct packer *p, const char *path, struct err *e)
{
    if (zip_close(p->zip) == 0) {
        p->zip = NULL;
        return 0;
    }
    if (zip_error_code_zip(zip_get_error(p->zip)) == ZIP_ER_CANCELLED) {
        return err_set(e, PP_ECANCELED, "the export was given up");
    }
    return zip_failed(p, path, e);
}

int gjob_write(const char *path, const struct queue_job *job,
    void (*content)(void *context, const struct queue_set *set, char *out, size_t out_size),
    void *context, const atomic_bool *stop, struct err *e)
{
    struct packer p = {.job = job, .stop = stop};
    p.names = mem_array(job->sets_count + 1, sizeof *p.names);
    int rc = open_zip(&p, path, e);
    for (size_t i = 0; rc == 0 && i < job->sets_count; i++) {
        rc = add_file(&p, i, content, context, e);
    }
    rc = rc == 0 ? add_manifest(&p, e) : rc;
    rc = rc == 0 ? close_zip(&p, path, e) : rc;
    if (p.zip != NULL) {
        zip_discard(p.zip);
    }
    for (size_t i = 0; i < job->sets_count; i++) {
        free(p.names[i]);
    }
    free(p.names);
    return rc;
}
