// link: ppio
/* Packages of jobs: a manifest by itself when the input begins with '{', else a whole zip. */
#include "host/io/gjob.h"
#include "host/io/gjob_manifest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BYTES (INT64_C(8) << 20)

static int count(void *context, const void *bytes, size_t len, struct err *e)
{
    (void)bytes;
    (void)e;
    *(int64_t *)context += (int64_t)len;
    return 0;
}

static void check_manifest(const char *text, size_t len)
{
    struct queue_job *job;
    struct err e = {0};
    const char *names[QUEUE_SETS_MAX];
    if (gjob_manifest_read(text, len, &job, &e) != 0) {
        assert(e.code != 0 && e.text[0] != '\0');
        return;
    }
    assert(job->sets_count <= QUEUE_SETS_MAX && job->remaining >= 1);
    for (size_t i = 0; i < job->sets_count; i++) {
        names[i] = job->sets[i].path;
    }
    char *written = gjob_manifest_write(job, names);
    struct queue_job *again;
    int rc = gjob_manifest_read(written, strlen(written), &again, &e);
    assert(rc == 0 && again->remaining == job->remaining && again->sets_count == job->sets_count);
    queue_job_free(again);
    queue_job_free(job);
    free(written);
}

static void check_zip(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    char name[256];
    struct gjob *g;
    struct err e = {0};
    int64_t total = 0;
    if (fd < 0) {
        fd = memfd_create("gjob", MFD_CLOEXEC);
    }
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
        abort();
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (gjob_open(&g, path, MAX_BYTES, &e) != 0) {
        assert(e.code != 0 && e.text[0] != '\0');
        return;
    }
    gjob_file_name(gjob_job(g)->name, name, sizeof name);
    for (size_t i = 0; i < gjob_job(g)->sets_count && i < 4; i++) {
        gjob_read(g, i, count, &total, &e);
        assert(total <= MAX_BYTES + (64 << 10));
    }
    gjob_close(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == '{') {
        check_manifest((const char *)data, size);
    } else {
        check_zip(data, size);
    }
    return 0;
}
