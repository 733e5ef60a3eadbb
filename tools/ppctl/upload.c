#include "tools/ppctl/upload.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "tools/ppctl/bar.h"
#include "tools/ppctl/text.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>

int upload_open(struct upload *u, struct ppctl *c, const char *path)
{
    struct stat st;
    struct err e;
    char shown[200];
    *u = (struct upload){.c = c, .path = path, .name = file_basename(path)};
    str_escape(shown, sizeof shown, path, strlen(path));
    u->file = fopen(path, "rbe");
    if (u->file == NULL || fstat(fileno(u->file), &st) != 0) {
        err_errno(&e, errno, "\"%s\"", shown);
    } else if (!S_ISREG(st.st_mode)) {
        err_set(&e, PP_EINVAL, "\"%s\": not a file", shown);
    } else if (st.st_size == 0) {
        err_set(&e, PP_EINVAL, "\"%s\": the file is empty", shown);
    } else if (!file_name_ok(u->name)) {
        err_set(&e, PP_EINVAL,
            "\"%s\": the name must be UTF-8 of at most 200 bytes, without control characters and "
            "not begin with a dot",
            shown);
    } else {
        u->bytes = st.st_size;
        return PPCTL_DONE;
    }
    return fail(c, PPCTL_FAILED, &e);
}

static void on_progress(void *context, int64_t done)
{
    struct upload *u = context;
    struct term *t = &u->c->term;
    struct strbuf line = {0};
    char rate[TEXT_SIZE + 8] = "";
    char left[TEXT_SIZE + 8] = "";
    char text[TEXT_SIZE];
    uint64_t ms = clock_ms() - u->start_ms;
    if (!(u->c->json ? t->err_tty : t->tty)) {
        return;
    }
    if (ms > 500 && done > 0 && done < u->bytes) {
        double per_s = (double)done * 1000 / (double)ms;
        snprintf(rate, sizeof rate, "%s/s", text_size(text, (int64_t)per_s));
        snprintf(left, sizeof left, "%s left",
            text_hms(text, (int64_t)((double)(u->bytes - done) / per_s * 1000)));
    }
    struct bar bar = {.lead = done < u->bytes ? "upload" : "the host reads the file",
        .percent = done < u->bytes ? (double)done * 100 / (double)u->bytes : -1,
        .part = {rate, left}};
    bar_line(&line, &bar, term_columns() - 1, t->utf8);
    term_draw(t, strbuf_text(&line), u->c->json);
    strbuf_fini(&line);
}

int upload_send(struct upload *u, const char *url, json_t **doc)
{
    struct answer a;
    struct request r = {.method = "PUT",
        .path = url,
        .upload = u->file,
        .upload_bytes = u->bytes,
        .progress = on_progress,
        .context = u};
    int status = PPCTL_DONE;
    *doc = NULL;
    u->start_ms = clock_ms();
    int rc = client_call(u->c->chosen[0], &r, &a);
    term_clear(&u->c->term, u->c->json);
    if (rc != 0) {
        if (a.interrupted) {
            err_set(&a.error, PP_ECANCELED, "upload stopped; nothing is printed");
        } else if (a.error.code == PP_ETOOBIG) {
            err_wrap(&a.error, "\"%s\"", u->name);
        }
        status = fail_answer(u->c, u->c->chosen[0], &a);
    } else {
        *doc = a.doc != NULL ? json_incref(a.doc) : json_object();
    }
    answer_fini(&a);
    return status;
}

/* The SHA-256 of the file in hexadecimal; false if it cannot be read. It is read from its beginning
 * again afterwards. */
static bool hash_file(FILE *file, char out[static 2 * SHA256_DIGEST_SIZE + 1])
{
    struct sha256_ctx hash;
    uint8_t block[16384];
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t n;
    sha256_init(&hash);
    while ((n = fread(block, 1, sizeof block, file)) > 0) {
        sha256_update(&hash, n, block);
    }
    bool read = !ferror(file);
    sha256_digest(&hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    }
    return fseek(file, 0, SEEK_SET) == 0 && read;
}

/* Without an analysis it was never taken as a whole, or is no gcode: it is sent. */
static bool is_same(const struct upload *u, const json_t *file)
{
    char hash[2 * SHA256_DIGEST_SIZE + 1];
    return field_int(file, "size_bytes", -1) == u->bytes && field_node(file, "analysis") != NULL &&
           hash_file(u->file, hash) && strcmp(field_text(file, "sha256"), hash) == 0;
}

int upload_place(struct upload *u, const char *url, json_t **doc)
{
    struct answer a;
    u->was_there = get(u->c->chosen[0], url, &a) == 0 && is_same(u, a.doc);
    *doc = u->was_there ? json_incref(a.doc) : NULL;
    answer_fini(&a);
    return u->was_there ? PPCTL_DONE : upload_send(u, url, doc);
}

void upload_close(struct upload *u)
{
    if (u->file != NULL) {
        fclose(u->file);
        u->file = NULL;
    }
}
