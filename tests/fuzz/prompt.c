/* "//action:" lines, one after the other into one prompt. */
#include "host/core/line.h"
#include "host/core/prompt.h"
#include "host/core/reply.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printable(const char *text, size_t size)
{
    size_t len = strlen(text);
    assert(len < size);
    for (size_t i = 0; i < len; i++) {
        assert((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
    }
}

static void check_prompt(const struct prompt *p, enum prompt_event event)
{
    assert(p->buttons <= PROMPT_BUTTONS && !(p->begun && p->shown));
    assert(event != PROMPT_SHOW || p->shown);
    assert(event != PROMPT_CLOSE || !p->shown);
    check_printable(p->text, sizeof p->text);
    for (size_t i = 0; i < p->buttons; i++) {
        check_printable(p->button[i], sizeof p->button[i]);
        assert(p->button[i][0] != '\0');
        for (size_t k = 0; k < i; k++) {
            assert(strcmp(p->button[i], p->button[k]) != 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_split split = {.len = 0};
    struct prompt p = {0};
    const char *bytes = (const char *)data;
    const char *line;
    size_t len;
    while (line_next(&split, &bytes, &size, &line, &len)) {
        struct reply r;
        struct action_line a;
        reply_parse(&r, line, len);
        action_parse(&a, r.kind == REPLY_ACTION ? r.text : line);
        assert(a.what < ACTION_COUNT);
        check_printable(a.word, sizeof a.word);
        check_printable(a.text, sizeof a.text);
        check_prompt(&p, prompt_take(&p, &a));
    }
    return 0;
}
