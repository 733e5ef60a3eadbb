#include "tools/ppvirtual/line.h"

#include "host/base/str.h"

#include <stdlib.h>
#include <string.h>

void line_init(struct line_reader *r, const struct firmware *fw)
{
    *r = (struct line_reader){.fw = fw, .number = -1};
}

static void add(struct line_reader *r, char c)
{
    if (r->comment) {
        return;
    }
    if (r->escape) {
        r->escape = false;
    } else if (c == '\\') {
        r->escape = true;
        return;
    } else if (c == ';') {
        r->comment = true;
        return;
    }
    if (c == '\b') {
        r->len -= r->len > 0;
    } else if (r->len < r->fw->line_max) {
        r->text[r->len++] = c;
    } else {
        r->cut = true;
    }
}

static const char *star(const struct firmware *fw, const char *text)
{
    return fw->first_star ? strchr(text, '*') : strrchr(text, '*');
}

static int sum_until(const char *text, const char *end)
{
    unsigned sum = 0;
    for (const char *p = text; p < end; p++) {
        sum ^= (unsigned char)*p;
    }
    return (int)sum;
}

/* The number that counts: in "N5 M110 N9" the parameter. Sets *m110. */
static int64_t line_number(const char *text, bool *m110)
{
    const char *n = text;
    *m110 = strstr(text, "M110") != NULL;
    if (*m110) {
        const char *second = strchr(text + 1, 'N');
        n = second != NULL ? second : n;
    }
    long long number = strtoll(n + 1, NULL, 10); /* 32 bits in the firmware */
    return number > INT32_MAX ? INT32_MAX : (number < INT32_MIN ? INT32_MIN : number);
}

static int64_t masked(const struct line_reader *r, int64_t n)
{
    return r->number_mask > 0 ? n & r->number_mask : n;
}

int64_t line_expected(const struct line_reader *r)
{
    return masked(r, r->last_number + 1);
}

void line_unread(struct line_reader *r)
{
    r->last_number = r->last_before;
}

void line_abandon(struct line_reader *r)
{
    r->len = 0;
    r->escape = false;
    r->comment = false;
}

static enum line_verdict check_repeat(struct line_reader *r)
{
    int64_t n = r->number;
    bool repeated = n == r->last_number || n == masked(r, r->last_number - 1);
    if (!repeated) {
        return LINE_BAD_NUMBER;
    }
    switch (r->fw->repeat) {
    case REPEAT_SILENT:
        return LINE_REPEATED;
    case REPEAT_SKIP:
        return LINE_SKIPPED;
    case REPEAT_EXECUTE:
        return LINE_COMMAND;
    case REPEAT_ERROR:
        break;
    }
    return LINE_BAD_NUMBER;
}

static enum line_verdict check_numbered(struct line_reader *r, const char *text)
{
    bool m110;
    r->number = masked(r, line_number(text, &m110));
    if (r->number != line_expected(r) && !m110 && !r->fw->any_number) {
        enum line_verdict verdict = check_repeat(r);
        if (verdict != LINE_COMMAND) {
            return verdict;
        }
    }
    const char *sum = star(r->fw, text);
    if (sum == NULL) {
        if (!r->fw->no_sum_ok) {
            return LINE_NO_SUM;
        }
    } else if (!r->fw->no_sums) {
        r->want_sum = sum_until(text, sum);
        if (strtol(sum + 1, NULL, 10) != r->want_sum) {
            return LINE_BAD_SUM;
        }
    }
    r->last_number = r->number;
    return LINE_COMMAND;
}

static enum line_verdict check_unnumbered(struct line_reader *r, const char *text)
{
    if (!r->fw->m110_unnumbered && strncmp(text, "M110", 4) == 0) {
        return LINE_BAD_NUMBER;
    }
    if (r->numbered_only) {
        return LINE_NO_SUM;
    }
    const char *sum = star(r->fw, text);
    if (sum == NULL || r->fw->stray == STRAY_EXECUTE) {
        return LINE_COMMAND;
    }
    r->want_sum = sum_until(text, sum);
    return LINE_NO_NUMBER;
}

enum line_verdict line_feed(struct line_reader *r, char c)
{
    if (c != '\n' && c != '\r') {
        if (r->len == 0 && !r->comment) {
            r->cut = false;
        }
        add(r, c);
        return LINE_MORE;
    }
    bool empty = r->len == 0;
    r->text[r->len] = '\0';
    r->len = 0;
    r->escape = false;
    r->comment = false;
    r->number = -1;
    r->last_before = r->last_number;
    if (empty) {
        return LINE_EMPTY;
    }
    const char *text = r->text + strspn(r->text, " ");
    return *text == 'N' ? check_numbered(r, text) : check_unnumbered(r, text);
}

const char *line_behind_number(const char *text)
{
    text += strspn(text, " \t");
    if (*text == 'N' && (text[1] == '-' || (text[1] >= '0' && text[1] <= '9'))) {
        text += 1 + (text[1] == '-');
        text += strspn(text, "0123456789");
        text += strspn(text, " \t");
    }
    return text;
}

int64_t line_number_of(const char *text)
{
    return text[0] == 'N' ? strtoll(text + 1, NULL, 10) : -1;
}

size_t line_command(const struct firmware *fw, const char *text, char *out, size_t out_size)
{
    text = line_behind_number(text);
    const char *end = star(fw, text);
    size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
        len--;
    }
    str_copy(out, out_size, text, len);
    return strlen(out);
}
