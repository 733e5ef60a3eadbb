/* Packages that tests/lib/gjob.py makes and judges. It makes all of its cases at once, for the
 * first that asks: a Python for each of them takes longer than the tests do. Only for tests. */
#ifndef PP_TESTS_UNIT_GJOB_MADE_H
#define PP_TESTS_UNIT_GJOB_MADE_H

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char gjob_dir[TEMPDIR_SIZE];

static inline void gjob_script(const char *verb, const char *path, const char *more)
{
    char command[1024];
    const char *python = access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
    snprintf(command, sizeof command, "%s -I -S " PP_SOURCE_DIR "/tests/lib/gjob.py %s '%s' %s",
        python, verb, path, more);
    assert_int_equal(system(command), 0);
}

/* The package of this case (gjob.py) at `path`. */
static inline void gjob_make(const char *path, const char *made)
{
    char from[TEMPDIR_SIZE + 64];
    char piece[4096];
    size_t n;
    if (gjob_dir[0] == '\0') {
        tempdir_make(gjob_dir);
        gjob_script("all", gjob_dir, "");
    }
    snprintf(from, sizeof from, "%s/%s.gjob", gjob_dir, made);
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(path, "wb");
    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(piece, 1, sizeof piece, in)) > 0) {
        assert_int_equal(fwrite(piece, 1, n, out), n);
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* For the group's teardown. */
static inline int gjob_forget(void **state)
{
    (void)state;
    if (gjob_dir[0] != '\0') {
        tempdir_remove(gjob_dir);
        gjob_dir[0] = '\0';
    }
    return 0;
}

#endif
