/* Reading a package: the end of the zip by hand, because libzip allocates what it claims; then the
 * entries' names; then the manifest; files only when they are asked for.
 */
#include "host/io/gjob_impl.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES     ((size_t)64 * 1024)
#define RATIO_FREE      (INT64_C(1) << 20)
#define END_SIZE        22
#define END_TAIL        (END_SIZE + 65535) /* with the longest comment */
#define LOCATOR_SIZE    20
#define END64_SIZE      56
#define DIRECTORY_BYTES (1 << 20)

/* ---- the end of the zip
 * -------------------------------------------------------------------------- */

static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t n = 0;
    for (int i = bytes; i-- > 0;) {
        n = n << 8 | p[i];
    }
    return n;
}

static int check_directory(uint64_t entries, uint64_t bytes, struct err *e)
{
    if (entries > GJOB_ENTRIES) {
        return err_set(e, PP_EINVAL, "%" PRIu64 " entries: at most %d", entries, GJOB_ENTRIES);
    }
    if (bytes > DIRECTORY_BYTES) {
        return err_set(
            e, PP_EINVAL, "a directory of %" PRIu64 " bytes: at most %d", bytes, DIRECTORY_BYTES);
    }
    return 0;
}

/* The end of a large zip is in two parts; the one with the figures is where the locator says. */
static int check_end64(int fd, const uint8_t *locator, struct err *e)
{
    uint8_t end[END64_SIZE];
    uint64_t offset = number(locator + 8, 8);
    if (offset > INT64_MAX - END64_SIZE ||
        pread(fd, end, sizeof end, (off_t)offset) != (ssize_t)sizeof end ||
        memcmp(end, "PK\6\6", 4) != 0) {
        return err_set(e, PP_EINVAL, "damaged: it has no directory");
    }
    return check_directory(number(end + 32, 8), number(end + 40, 8), e);
}

static int check_end(int fd, const uint8_t *tail, size_t at, struct err *e)
{
    int rc = check_directory(number(tail + at + 10, 2), number(tail + at + 12, 4), e);
    const uint8_t *locator = at >= LOCATOR_SIZE ? tail + at - LOCATOR_SIZE : NULL;
    if (locator != NULL && memcmp(locator, "PK\6\7", 4) == 0) {
        return check_end64(fd, locator, e);
    }
    return rc;
}

/* Whatever could be taken for the end of the zip must be within bounds. */
static int check_tail(int fd, const uint8_t *tail, size_t len, struct err *e)
{
    bool found = false;
    for (size_t at = 0; at + END_SIZE <= len; at++) {
        if (memcmp(tail + at, "PK\5\6", 4) == 0) {
            found = true;
            int rc = check_end(fd, tail, at, e);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return found ? 0 : err_set(e, PP_EINVAL, "no zip file (a .gjob is one), or cut short");
}

static int check_zip(const char *path, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int rc = err_errno(e, errno, "open");
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    size_t most = END_TAIL + LOCATOR_SIZE;
    size_t len = st.st_size < (off_t)most ? (size_t)st.st_size : most;
    uint8_t *tail = mem_array(most, 1);
    ssize_t got = pread(fd, tail, len, st.st_size - (off_t)len);
    int rc = got < 0 ? err_errno(e, errno, "read") : check_tail(fd, tail, (size_t)got, e);
    free(tail);
    close(fd);
    return rc;
}

/* ---- entries
 * ------------------------------------------------------------------------------------- */

int gjob_zip_error(zip_error_t *error, struct err *e, const char *what)
{
    int system = zip_error_system_type(error) == ZIP_ET_SYS ? zip_error_code_system(error) : 0;
    if (system != 0) {
        return err_errno(e, system, "%s", what);
    }
    return err_set(e, PP_EINVAL, "%s: %s", what, zip_error_strerror(error));
}

static int bad_name(const char *name, const char *why, struct err *e)
{
    char shown[96];
    str_escape(shown, sizeof shown, name, strlen(name));
    return err_set(e, PP_EINVAL, "entry \"%s\" %s", shown, why);
}

/* The entry whose name's last part is this; -1 without. */
static int64_t find_entry(zip_t *zip, const char *part)
{
    zip_int64_t n = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < n; i++) {
        const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        if (name != NULL && strcmp(file_basename(name), part) == 0) {
            return i;
        }
    }
    return -1;
}

static int check_entry(zip_t *zip, zip_uint64_t i, struct err *e)
{
    zip_stat_t st;
    const char *name = zip_get_name(zip, i, ZIP_FL_ENC_GUESS);
    if (name == NULL || zip_stat_index(zip, i, 0, &st) != 0) {
        return gjob_zip_error(zip_get_error(zip), e, "directory");
    }
    if (gjob_leads_out(name)) {
        return bad_name(name, "leads out of the package: must be a plain file name", e);
    }
    if (file_basename(name)[0] == '\0') {
        return 0; /* a folder */
    }
    if (st.encryption_method != ZIP_EM_NONE) {
        return bad_name(name, "is encrypted: pack it without a password", e);
    }
    if (st.comp_method != ZIP_CM_STORE && st.comp_method != ZIP_CM_DEFLATE) {
        return bad_name(name, "is packed in an unknown way: must be stored or deflated", e);
    }
    if (find_entry(zip, file_basename(name)) != (int64_t)i) {
        return bad_name(name, "is there twice", e);
    }
    return 0;
}

static int check_entries(zip_t *zip, struct err *e)
{
    zip_int64_t n = zip_get_num_entries(zip, 0);
    int rc = check_directory((uint64_t)n, 0, e);
    for (zip_int64_t i = 0; rc == 0 && i < n; i++) {
        rc = check_entry(zip, (zip_uint64_t)i, e);
    }
    return rc;
}

/* ---- contents
 * ------------------------------------------------------------------------------------ */

typedef int (*gjob_sink)(void *context, const void *bytes, size_t len, struct err *e);

static int too_large(const char *name, int64_t bytes, const char *why, struct err *e)
{
    char shown[96];
    str_escape(shown, sizeof shown, name, strlen(name));
    return err_set(
        e, PP_EINVAL, "entry \"%s\" unpacks to more than %" PRId64 " bytes: %s", shown, bytes, why);
}

static int check_growth(const zip_stat_t *st, int64_t got, int64_t most, struct err *e)
{
    if (got > most) {
        return too_large(st->name, most, "more than is taken", e);
    }
    if (got > RATIO_FREE && got / GJOB_RATIO > (int64_t)st->comp_size) {
        return too_large(st->name, got, "no file packs that small", e);
    }
    return 0;
}

static int entry_error(const char *name, zip_error_t *error, struct err *e)
{
    char shown[96];
    char what[128];
    str_escape(shown, sizeof shown, name, strlen(name));
    snprintf(what, sizeof what, "entry \"%s\" cannot be unpacked", shown);
    return gjob_zip_error(error, e, what);
}

/* Unpacks one entry, at most `most` bytes; *total of those unpacked. */
static int unpack(zip_t *zip, zip_uint64_t i, int64_t most, gjob_sink sink, void *context,
    int64_t *total, struct err *e)
{
    zip_stat_t st;
    zip_int64_t n;
    if (zip_stat_index(zip, i, 0, &st) != 0) {
        return gjob_zip_error(zip_get_error(zip), e, "directory");
    }
    zip_file_t *file = zip_fopen_index(zip, i, 0);
    if (file == NULL) {
        return entry_error(st.name, zip_get_error(zip), e);
    }
    char *piece = mem_array(PIECE_BYTES, 1);
    int rc = 0;
    *total = 0;
    while (rc == 0 && (n = zip_fread(file, piece, PIECE_BYTES)) != 0) {
        if (n < 0) {
            rc = entry_error(st.name, zip_file_get_error(file), e);
        } else {
            *total += n;
            rc = check_growth(&st, *total, most, e);
            rc = rc == 0 ? sink(context, piece, (size_t)n, e) : rc;
        }
    }
    free(piece);
    zip_fclose(file);
    return rc;
}

static int add_text(void *context, const void *bytes, size_t len, struct err *e)
{
    (void)e;
    strbuf_add(context, bytes, len);
    return 0;
}

static int read_manifest(struct gjob *g, struct err *e)
{
    struct strbuf text = {0};
    int64_t total;
    int64_t i = find_entry(g->zip, GJOB_MANIFEST_NAME);
    if (i < 0) {
        return err_set(
            e, PP_EINVAL, "no \"" GJOB_MANIFEST_NAME "\" in it: this is no package of a job");
    }
    int rc = unpack(g->zip, (zip_uint64_t)i, GJOB_MANIFEST, add_text, &text, &total, e);
    if (rc == 0) {
        rc = gjob_manifest_read(strbuf_text(&text), text.len, &g->job, e);
        rc = rc != 0 ? err_wrap(e, GJOB_MANIFEST_NAME) : 0;
    }
    strbuf_fini(&text);
    return rc;
}

/* ---- open
 * ---------------------------------------------------------------------------------------- */

/* Finds the sets' entries; what they claim to unpack to must be within the bounds. */
static int find_files(struct gjob *g, struct err *e)
{
    int64_t claimed = 0;
    g->entry = mem_array(g->job->sets_count + 1, sizeof *g->entry);
    for (size_t i = 0; i < g->job->sets_count; i++) {
        const char *path = g->job->sets[i].path;
        int64_t at = strcmp(path, GJOB_MANIFEST_NAME) != 0 ? find_entry(g->zip, path) : -1;
        zip_stat_t st;
        char field[48];
        snprintf(field, sizeof field, "sets[%zu].path", i);
        if (at < 0) {
            return err_field(
                e, PP_EINVAL, field, "%s \"%s\": the package has no such file", field, path);
        }
        if (zip_stat_index(g->zip, (zip_uint64_t)at, 0, &st) != 0) {
            return gjob_zip_error(zip_get_error(g->zip), e, "directory");
        }
        g->entry[i] = (zip_uint64_t)at;
        bool seen = false;
        for (size_t before = 0; before < i; before++) {
            seen = seen || g->entry[before] == g->entry[i];
        }
        if (!seen && st.size > (zip_uint64_t)(g->max_bytes - claimed)) {
            return too_large(path, g->max_bytes - claimed, "more than is taken", e);
        }
        claimed += seen ? 0 : (int64_t)st.size;
    }
    return 0;
}

static int open_zip(struct gjob *g, const char *path, struct err *e)
{
    int code;
    zip_error_t error;
    g->zip = zip_open(path, ZIP_RDONLY, &code);
    if (g->zip != NULL) {
        return 0;
    }
    zip_error_init_with_code(&error, code);
    int rc = gjob_zip_error(&error, e, "zip file");
    zip_error_fini(&error);
    return rc;
}

int gjob_open(struct gjob **out, const char *path, int64_t max_bytes, struct err *e)
{
    struct gjob *g = mem_alloc(sizeof *g);
    g->max_bytes = max_bytes;
    int rc = check_zip(path, e);
    rc = rc == 0 ? open_zip(g, path, e) : rc;
    rc = rc == 0 ? check_entries(g->zip, e) : rc;
    rc = rc == 0 ? read_manifest(g, e) : rc;
    rc = rc == 0 ? find_files(g, e) : rc;
    if (rc != 0) {
        gjob_close(g);
        return rc;
    }
    *out = g;
    return 0;
}

void gjob_close(struct gjob *g)
{
    if (g->zip != NULL) {
        zip_discard(g->zip);
    }
    queue_job_free(g->job);
    free(g->entry);
    free(g);
}

const struct queue_job *gjob_job(const struct gjob *g)
{
    return g->job;
}

int gjob_read(struct gjob *g, size_t index, gjob_sink sink, void *context, struct err *e)
{
    int64_t total = 0;
    int rc = unpack(g->zip, g->entry[index], g->max_bytes - g->unpacked, sink, context, &total, e);
    g->unpacked += total;
    return rc;
}
