#include "tools/ppctl/question.h"

#include "tools/ppctl/text.h"

#include <string.h>
#include <strings.h>

#define SUFFIX_MIN 4

const json_t *question_list(const json_t *status)
{
    const json_t *list = field_node(status, "questions");
    return json_array_size(list) > 0 ? list : NULL;
}

const json_t *question_find(const json_t *list, const char *word)
{
    size_t i;
    json_t *question;
    size_t len = strlen(word);
    json_array_foreach(list, i, question)
    {
        const char *id = field_text(question, "id");
        size_t id_len = strlen(id);
        if (len >= SUFFIX_MIN && len <= id_len && strcmp(id + id_len - len, word) == 0) {
            return question;
        }
    }
    return NULL;
}

const char *question_answer(const json_t *question, const char *word)
{
    const json_t *answers = field_node(question, "answers");
    size_t i;
    int64_t place;
    json_t *answer;
    json_array_foreach(answers, i, answer)
    {
        const char *text = json_string_value(answer);
        if (text != NULL && strcasecmp(text, word) == 0) {
            return text;
        }
    }
    bool counted = str_to_int(word, 1, (int64_t)json_array_size(answers), &place);
    return counted ? json_string_value(json_array_get(answers, (size_t)place - 1)) : NULL;
}

const char *question_default(const json_t *question)
{
    const json_t *answers = field_node(question, "answers");
    const char *yes = question_answer(question, "yes");
    if (strcmp(field_text(question, "kind"), "recover") == 0) {
        return NULL; /* who meant to say that the bed is clear would start the print again */
    }
    return yes != NULL || json_array_size(answers) != 1
               ? yes
               : json_string_value(json_array_get(answers, 0));
}

bool question_is_yes_no(const json_t *question)
{
    return json_array_size(field_node(question, "answers")) == 2 &&
           question_answer(question, "yes") != NULL && question_answer(question, "no") != NULL;
}

const char *question_short_id(const json_t *question)
{
    const char *id = field_text(question, "id");
    size_t len = strlen(id);
    return len > SUFFIX_MIN ? id + len - SUFFIX_MIN : id; /* the end of an id is its random part */
}

void question_put_answers(struct strbuf *out, const json_t *question, const char *between)
{
    size_t i;
    json_t *answer;
    json_array_foreach(field_node(question, "answers"), i, answer)
    {
        const char *text = json_string_value(answer);
        text = text != NULL ? text : "";
        const char *quote = strpbrk(text, " '\"\\$&|;<>()*?!") != NULL ? "\"" : "";
        strbuf_puts(out, i > 0 ? between : "");
        strbuf_puts(out, quote);
        text_foreign(out, text);
        strbuf_puts(out, quote);
    }
}
