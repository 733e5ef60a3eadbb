#include "tools/ppvirtual/command.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 1e9

/* strtod() would take "1e5", "inf" and hex: in gcode an E begins the next word. */
static const char *number(const char *p, double *out, bool *found)
{
    char text[32];
    size_t len = strspn(p, "+-0123456789.");
    *found = len > 0 && len < sizeof(text) && strpbrk(p, "0123456789") != NULL &&
             strcspn(p, "0123456789") < len;
    if (*found) {
        memcpy(text, p, len);
        text[len] = '\0';
        double value = strtod(text, NULL);
        *out = value > VALUE_MAX ? VALUE_MAX : (value < -VALUE_MAX ? -VALUE_MAX : value);
    }
    return p + len;
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static void parameters(struct command *c)
{
    for (const char *p = c->rest; *p != '\0';) {
        char letter = *p++;
        if (!is_letter(letter)) {
            continue;
        }
        p += strspn(p, " ");
        double value = 0;
        bool found;
        p = number(p, &value, &found);
        c->seen |= COMMAND_BIT(letter);
        if (found) {
            c->valued |= COMMAND_BIT(letter);
            c->value[letter - 'A'] = value;
        }
    }
}

void command_parse(struct command *c)
{
    c->letter = 0;
    c->number = -1;
    c->seen = 0;
    c->valued = 0;
    c->rest = c->text;
    char first = c->text[0];
    if (first != 'G' && first != 'M' && first != 'T') {
        return;
    }
    const char *p = c->text + 1;
    p += strspn(p, " ");
    if (*p < '0' || *p > '9') {
        return;
    }
    c->letter = first;
    c->number = (int)(strtol(p, NULL, 10) % 100000);
    p += strspn(p, "0123456789");
    c->rest = p + strspn(p, " ");
    bool words = *p != '.'; /* G92.1 and the like: not known here */
    if (!words) {
        c->letter = 0;
        return;
    }
    parameters(c);
}

bool command_has(const struct command *c, char letter)
{
    return (c->seen & COMMAND_BIT(letter)) != 0;
}

double command_value(const struct command *c, char letter, double other)
{
    return (c->valued & COMMAND_BIT(letter)) != 0 ? c->value[letter - 'A'] : other;
}
