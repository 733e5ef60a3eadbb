/* The moments in a spec: at=WORD:VALUE. */
#include "tools/ppvirtual/fault_read.h"

#include <string.h>

#define NAMES_MAX 48

static const struct fault_when *find_when(const char *name, size_t len)
{
    for (size_t i = 0; i < fault_whens_count; i++) {
        const char *word = fault_whens[i].name;
        if (strlen(word) == len && strncmp(word, name, len) == 0) {
            return &fault_whens[i];
        }
    }
    return NULL;
}

static int refuse_when(struct fault_reading *r, const char *value)
{
    const char *names[NAMES_MAX];
    char word[WORD_MAX];
    str_copy(word, sizeof word, value, strcspn(value, ":"));
    for (size_t i = 0; i < fault_whens_count; i++) {
        names[i] = fault_whens[i].name;
    }
    return fault_refuse_word(r, "at", word, "moment", names, fault_whens_count);
}

/* "1.5%" as 0.015; also a share such as 0.015. */
static int read_rate(struct fault_reading *r, const char *value, const char *text)
{
    char number[WORD_MAX];
    size_t len = strlen(text);
    bool percent = len > 0 && text[len - 1] == '%';
    double share;
    if (!str_copy(number, sizeof number, text, len - percent) || !str_to_double(number, &share) ||
        share <= 0 || share > (percent ? 100 : 1)) {
        return fault_refuse(r, "at", value, "must be like rate:1.5% (or rate:0.015), above 0");
    }
    r->f->at_number = percent ? share / 100 : share;
    return 0;
}

static int read_seconds(struct fault_reading *r, const char *value, const char *text)
{
    bool period = r->f->at == AT_PERIOD;
    double s;
    if (!str_to_double(text, &s) || s < (period ? 0.001 : 0) || s > 1e7) {
        return fault_refuse(r, "at", value, "must be seconds, such as time:12.5 or period:2");
    }
    r->f->at_number = s;
    return 0;
}

static int read_count(struct fault_reading *r, const char *value, const char *text)
{
    if (!str_to_int(text, r->f->at != AT_LINE, 4294967295, &r->f->at_n)) {
        return fault_refuse(r, "at", value, "must be a whole number, such as line:100 or every:20");
    }
    return 0;
}

int fault_read_when(struct fault_reading *r, const char *value)
{
    size_t len = strcspn(value, ":");
    const struct fault_when *w = find_when(value, len);
    const char *text = value[len] == ':' ? value + len + 1 : NULL;
    if (w == NULL) {
        return refuse_when(r, value);
    }
    if ((text != NULL) != (w->value != NULL)) {
        return fault_refuse(r, "at", value,
            text != NULL ? "takes no value behind the word"
                         : "needs a value, such as line:100, time:2.5 or rate:1%");
    }
    r->f->at = w->at;
    if (r->f->arg[ARG_TIMES] < 0) {
        r->f->arg[ARG_TIMES] = w->forever ? 0 : 1;
    }
    switch (w->at) {
    case AT_ALWAYS:
    case AT_NOW:
    case AT_FULL:
        return 0;
    case AT_LINE:
    case AT_NTH:
    case AT_BYTE:
    case AT_EVERY:
        return read_count(r, value, text);
    case AT_TIME:
    case AT_PERIOD:
        return read_seconds(r, value, text);
    case AT_RATE:
        return read_rate(r, value, text);
    case AT_TEXT:
        return fault_unescape(text, r->f->at_text, sizeof r->f->at_text) > 0
                   ? 0
                   : fault_refuse(
                         r, "at", value, "needs the beginning of a command, such as text:M109");
    }
    return 0;
}
