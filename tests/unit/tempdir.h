/* A folder for one test, removed with all in it. */
#ifndef PP_TESTS_TEMPDIR_H
#define PP_TESTS_TEMPDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMPDIR_SIZE 64

static inline void tempdir_make(char path[static TEMPDIR_SIZE])
{
    snprintf(path, TEMPDIR_SIZE, "/tmp/pphost-test-XXXXXX");
    if (mkdtemp(path) == NULL) {
        perror("mkdtemp");
        abort();
    }
}

static inline int tempdir_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void tempdir_remove(const char *path)
{
    nftw(path, tempdir_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* "DIR/NAME" in a buffer that the next call but seven uses again. */
static inline const char *tempdir_path(const char *dir, const char *name)
{
    static char ring[8][512];
    static unsigned at;
    char *out = ring[at++ % 8];
    int len = snprintf(out, sizeof ring[0], "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof ring[0]) {
        fprintf(stderr, "the path is too long: %s/%s\n", dir, name);
        abort();
    }
    return out;
}

#endif
