/* The host's open questions to a person, as its status lists them. Pure. */
#ifndef PP_PPCTL_QUESTION_H
#define PP_PPCTL_QUESTION_H

#include "host/base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The open questions of a status, oldest first, as an array; NULL if it has none. Borrowed. */
const json_t *question_list(const json_t *status);

/* The question whose id is `word` or ends in it (at least 4 characters); NULL if none does. */
const json_t *question_find(const json_t *list, const char *word);

/* The answer of the question that `word` means: its text in any case, or its place in the list from
 * 1 on; NULL if none is meant. Borrowed from the question. */
const char *question_answer(const json_t *question, const char *word);

/* What no word at all means: "yes" where that is an answer, or the only answer; NULL: a choice must
 * be made. */
const char *question_default(const json_t *question);

/* True if it is answered by yes or no. */
bool question_is_yes_no(const json_t *question);

/* The end of the id that is enough to name it. */
const char *question_short_id(const json_t *question);

/* The answers, escaped, with `between` between them; those of several words are quoted for a shell.
 */
void question_put_answers(struct strbuf *out, const json_t *question, const char *between);

#endif
