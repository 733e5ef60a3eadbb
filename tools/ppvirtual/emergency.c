#include "tools/ppvirtual/emergency.h"

#include "host/base/str.h"

#include <string.h>

static const struct {
    const char *text;
    enum emergency what;
} words[] = {
    {"M112", EMERGENCY_KILL},
    {"M108", EMERGENCY_BREAK},
    {"M410", EMERGENCY_STOP},
    {"M876 S", EMERGENCY_REPLY},
};

static enum emergency look(const char *text)
{
    text += strspn(text, " ");
    if (*text == 'N') {
        text += 1 + strspn(text + 1, "-0123456789");
        text += strspn(text, " ");
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_starts(text, words[i].text)) {
            return words[i].what;
        }
    }
    return EMERGENCY_NONE;
}

enum emergency emergency_feed(struct emergency_parser *p, char c)
{
    if (c != '\n' && c != '\r') {
        if (p->len + 1 < sizeof(p->text)) {
            p->text[p->len++] = c;
        }
        return EMERGENCY_NONE;
    }
    p->text[p->len] = '\0';
    p->len = 0;
    return look(p->text);
}
