/* confirm: a person answers the host's question, or says that the bed is clear. */
#include "tools/ppctl/ppctl.h"

#include "tools/ppctl/question.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <string.h>

static int send_answer(struct ppctl *c, const char *id, const char *answer, const char *said)
{
    struct host *h = c->chosen[0];
    struct answer a;
    int status = PPCTL_DONE;
    json_t *body = json_pack("{s:s, s:s}", "id", id, "answer", answer);
    if (post(h, "/api/v1/confirm", body, &a) != 0) {
        status = fail_answer(c, h, &a);
    } else if (c->json) {
        print_json(a.doc != NULL ? json_incref(a.doc) : json_object());
    } else {
        printf("%s: %s\n", host_label(h), said);
    }
    answer_fini(&a);
    return status;
}

static int declare_clear(struct ppctl *c, const json_t *status)
{
    struct err e;
    if (c->operands > 0) {
        char word[64];
        str_escape(word, sizeof word, c->operand[0], strlen(c->operand[0]));
        err_set(&e, PP_ENOTFOUND, "no question \"%s\": nothing is asked now", word);
        return fail(c, PPCTL_FAILED, &e);
    }
    bool known = strcmp(field_text(status, "bed"), "clear") == 0;
    return send_answer(c, "", "clear",
        known ? "nothing is asked; the bed is known to be clear" : "the bed is clear");
}

/* Which question is meant: the one named; the only one; the only one that has the answer named. A
 * word that names a question is used up. */
static const json_t *choose_question(const json_t *list, const char **word)
{
    size_t i;
    json_t *each;
    const json_t *chosen = *word != NULL ? question_find(list, *word) : NULL;
    size_t fitting = 0;
    if (chosen != NULL) {
        *word = NULL;
        return chosen;
    }
    json_array_foreach(list, i, each)
    {
        if (*word == NULL || question_answer(each, *word) != NULL) {
            chosen = each;
            fitting++;
        }
    }
    return fitting == 1 ? chosen : NULL;
}

/* Nothing that is open is meant, or more than one; they are listed where there are several. */
static int refuse_choice(struct ppctl *c, const json_t *list, const char *word)
{
    struct view v = view_now(c);
    struct strbuf text = {0};
    struct err e;
    char safe[64] = "";
    size_t i;
    json_t *each;
    size_t count = json_array_size(list);
    if (word != NULL) {
        str_escape(safe, sizeof safe, word, strlen(word));
    }
    if (count == 1) {
        err_set(&e, PP_ENOTFOUND, "no question \"%s\" is open; the open one is %s", safe,
            question_short_id(json_array_get(list, 0)));
        return fail(c, PPCTL_FAILED, &e);
    }
    json_array_foreach(list, i, each)
    {
        view_question(&text, &v, each);
    }
    if (!c->json) {
        print_text(&text);
    }
    strbuf_fini(&text);
    err_set(&e, PP_ESTATE, "%zu questions are open: say which is answered", count);
    return fail(c, PPCTL_FAILED, &e);
}

/* Without a word: yes, or the only answer. */
static int choose_answer(
    struct ppctl *c, const json_t *question, const char *word, const char **answer)
{
    struct strbuf known = {0};
    char safe[64] = "";
    *answer = word != NULL ? question_answer(question, word) : question_default(question);
    if (*answer != NULL) {
        return PPCTL_DONE;
    }
    question_put_answers(&known, question, ", ");
    if (word != NULL) {
        str_escape(safe, sizeof safe, word, strlen(word));
    }
    int status = word != NULL
                     ? fail_usage(c, "answer \"%s\": must be one of %s", safe, strbuf_text(&known))
                     : fail_usage(c, "say which answer: %s", strbuf_text(&known));
    strbuf_fini(&known);
    return status;
}

static int answer_question(struct ppctl *c, const json_t *list)
{
    const char *answer;
    struct strbuf said = {0};
    const char *first = c->operands > 0 ? c->operand[0] : NULL;
    const json_t *question = choose_question(list, &first);
    if (question == NULL || (c->operands == 2 && first != NULL)) {
        return refuse_choice(c, list, first);
    }
    const char *word = c->operands == 2 ? c->operand[1] : first;
    int status = choose_answer(c, question, word, &answer);
    if (status == PPCTL_DONE) {
        strbuf_puts(&said, "answered ");
        text_foreign(&said, answer);
        strbuf_puts(&said, " to: ");
        text_foreign(&said, field_text(question, "text"));
        status = send_answer(c, field_text(question, "id"), answer, strbuf_text(&said));
    }
    strbuf_fini(&said);
    return status;
}

int cmd_confirm(struct ppctl *c)
{
    struct host *h = c->chosen[0];
    struct answer a;
    int status;
    if (get(h, "/api/v1/status", &a) != 0) {
        status = fail_answer(c, h, &a);
    } else {
        const json_t *list = question_list(a.doc);
        status = list != NULL ? answer_question(c, list) : declare_clear(c, a.doc);
    }
    answer_fini(&a);
    return status;
}
