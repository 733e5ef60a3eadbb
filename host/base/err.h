/* Errors: a code for programs and one line of text for people.
 *
 * A function that can fail returns 0 or a negative `-PP_E...` and fills the caller's `struct err`.
 * The text is lower-case, has no full stop, quotes the value and names the limit:
 * `baud "fast": must be a number from 1200 to 4000000, or auto`. On the way up each level may put
 * its own context in front with err_wrap(): `printer "mk3": /dev/ttyACM0: busy`.
 */
#ifndef PP_BASE_ERR_H
#define PP_BASE_ERR_H

/* code, name in JSON, HTTP status */
#define PP_ERRORS(X)                                                                               \
    X(PP_EINVAL, 1, "invalid", 400)                                                                \
    X(PP_EAUTH, 2, "unauthorised", 403)                                                            \
    X(PP_ENOTFOUND, 3, "not_found", 404)                                                           \
    X(PP_ESTATE, 4, "wrong_state", 409)                                                            \
    X(PP_EBUSY, 5, "busy", 409)                                                                    \
    X(PP_EEXIST, 6, "exists", 409)                                                                 \
    X(PP_ETOOBIG, 7, "too_big", 413)                                                               \
    X(PP_ETYPE, 8, "unsupported_type", 415)                                                        \
    X(PP_EREFUSED, 9, "refused", 422)                                                              \
    X(PP_ELIMIT, 10, "limit", 429)                                                                 \
    X(PP_EIO, 11, "io", 500)                                                                       \
    X(PP_ECORRUPT, 12, "corrupt", 500)                                                             \
    X(PP_EPROTO, 13, "protocol", 502)                                                              \
    X(PP_EOFFLINE, 14, "offline", 503)                                                             \
    X(PP_ETIMEOUT, 15, "timeout", 504)                                                             \
    X(PP_ENOSPC, 16, "no_space", 507)                                                              \
    X(PP_EPERM, 17, "forbidden", 403)                                                              \
    X(PP_ECANCELED, 18, "cancelled", 409)                                                          \
    X(PP_EMETHOD, 19, "method_not_allowed", 405)

enum pp_error {
#define X(code, number, name, http) code = number,
    PP_ERRORS(X)
#undef X
};

struct err {
    int code;       /* PP_E..., positive; 0 = none */
    char field[48]; /* the input field at fault, or "" */
    char text[256]; /* one line, truncated when longer */
};

/* Sets code and text; returns -code. `e` may be NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same and names the input field at fault. */
int err_field(struct err *e, int code, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Like err_set() with `: strerror(errnum)` at the end; the code is chosen from errnum. */
int err_errno(struct err *e, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the text; returns -e->code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "busy" for PP_EBUSY (or -PP_EBUSY); "unknown" for no code of ours. */
const char *err_name(int code);

/* The HTTP status of a code (sign ignored); 500 for no code of ours. */
int err_http_status(int code);

#endif
