/* A text changed by a person in $VISUAL or $EDITOR. */
#ifndef PP_PPCTL_EDITOR_H
#define PP_PPCTL_EDITOR_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Opens `text` in the editor (vi when the environment names none) as a file that ends in `suffix`;
 * then `text` is what was saved. -PP_EIO, PP_ECANCELED when the editor says that it failed,
 * PP_ETOOBIG. */
int editor_run(struct strbuf *text, size_t max, const char *suffix, bool *changed, struct err *e);

#endif
