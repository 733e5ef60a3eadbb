#include "host/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int code;
    const char *name;
    int http;
} errors[] = {
#define X(code, number, name, http) {code, name, http},
    PP_ERRORS(X)
#undef X
};

__attribute__((format(printf, 4, 0))) static void set(
    struct err *e, int code, const char *field, const char *fmt, va_list ap)
{
    if (e == NULL) {
        return;
    }
    e->code = code;
    snprintf(e->field, sizeof e->field, "%s", field);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(e, code, "", fmt, ap);
    va_end(ap);
    return -code;
}

int err_field(struct err *e, int code, const char *field, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(e, code, field, fmt, ap);
    va_end(ap);
    return -code;
}

static int code_of_errno(int errnum)
{
    switch (errnum) {
    case EACCES:
    case EPERM:
    case EROFS:
        return PP_EPERM;
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return PP_ENOTFOUND;
    case EBUSY:
    case EADDRINUSE:
        return PP_EBUSY;
    case EEXIST:
        return PP_EEXIST;
    case ENOSPC:
    case EDQUOT:
        return PP_ENOSPC;
    case EFBIG:
        return PP_ETOOBIG;
    default:
        return PP_EIO;
    }
}

int err_errno(struct err *e, int errnum, const char *fmt, ...)
{
    int code = code_of_errno(errnum);
    va_list ap;
    va_start(ap, fmt);
    set(e, code, "", fmt, ap);
    va_end(ap);
    if (e != NULL) {
        size_t used = strlen(e->text);
        snprintf(e->text + used, sizeof e->text - used, ": %s", strerror(errnum));
    }
    return -code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    char inner[sizeof e->text];
    va_list ap;
    if (e == NULL) {
        return -PP_EIO;
    }
    memcpy(inner, e->text, sizeof inner);
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, ": %s", inner);
    return -e->code;
}

const char *err_name(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].code == abs(code)) {
            return errors[i].name;
        }
    }
    return "unknown";
}

int err_http_status(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].code == abs(code)) {
            return errors[i].http;
        }
    }
    return 500;
}
