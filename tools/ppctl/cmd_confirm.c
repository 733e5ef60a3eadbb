/* confirm: a person answers the host's question, or says that the bed is clear. */
#include "tools/ppctl/ppctl.h"

#include "tools/ppctl/text.h"

#include <stdio.h>
#include <string.h>

#define SUFFIX_MIN 4

static bool has_answer(const json_t *question, const char *answer)
{
    size_t i;
    json_t *each;
    json_array_foreach(field_node(question, "answers"), i, each)
    {
        const char *text = json_string_value(each);
        if (text != NULL && strcmp(text, answer) == 0) {
            return true;
        }
    }
    return false;
}

/* True if `word` is the id or its end. */
static bool is_id(const json_t *question, const char *word)
{
    const char *id = field_text(question, "id");
    size_t len = strlen(word);
    size_t id_len = strlen(id);
    return len >= SUFFIX_MIN && len <= id_len && strcmp(id + id_len - len, word) == 0;
}

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

/* Which answer is meant: the second word, the first if it is one and no id, else yes. */
static int choose_answer(struct ppctl *c, const json_t *question, const char **answer)
{
    struct err e;
    char word[64];
    *answer = "yes";
    if (c->operands == 2) {
        *answer = c->operand[1];
    }
    if (c->operands >= 1 && !is_id(question, c->operand[0])) {
        if (c->operands == 2 || !has_answer(question, c->operand[0])) {
            const char *id = field_text(question, "id");
            size_t len = strlen(id);
            str_escape(word, sizeof word, c->operand[0], strlen(c->operand[0]));
            err_set(&e, PP_ENOTFOUND, "no question \"%s\" is open; the open one is %s", word,
                len > SUFFIX_MIN ? id + len - SUFFIX_MIN : id);
            return fail(c, PPCTL_FAILED, &e);
        }
        *answer = c->operand[0];
    }
    if (!has_answer(question, *answer)) {
        char *known = json_dumps(field_node(question, "answers"), JSON_ENCODE_ANY);
        str_escape(word, sizeof word, *answer, strlen(*answer));
        int status =
            fail_usage(c, "answer \"%s\": must be one of %s", word, known != NULL ? known : "none");
        free(known);
        return status;
    }
    return PPCTL_DONE;
}

static int answer_question(struct ppctl *c, const json_t *question)
{
    const char *answer;
    struct strbuf said = {0};
    int status = choose_answer(c, question, &answer);
    if (status == PPCTL_DONE) {
        strbuf_printf(&said, "answered %s to: ", answer);
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
        const json_t *question = field_node(a.doc, "question");
        bool open = *field_text(question, "id") != '\0';
        status = open ? answer_question(c, question) : declare_clear(c, a.doc);
    }
    answer_fini(&a);
    return status;
}
