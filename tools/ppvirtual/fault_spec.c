/* Reading `at=WHEN,do=WHAT,KEY=VALUE...`. */
#include "tools/ppvirtual/fault_table.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX  48
#define NAMES_MAX 48

/* One `key=value` of a spec; the value still escaped. */
struct pair {
    char key[WORD_MAX];
    char value[FAULT_SPEC_MAX];
};

/* The spec being read, for messages. */
struct reading {
    const char *spec;
    struct fault *f;
    bool has_at;
    bool has_do;
    uint32_t given; /* BIT(enum fault_arg) */
    struct err *e;
};

static int refuse(struct reading *r, const char *key, const char *value, const char *right)
{
    char safe[FAULT_SPEC_MAX];
    str_escape(safe, 100, value, strlen(value));
    return err_set(r->e, PP_EINVAL, "%s%s\"%s\": %s", key, key[0] != '\0' ? "=" : "", safe, right);
}

/* `no such KIND, did you mean "X"?` */
static int refuse_word(struct reading *r, const char *key, const char *value, const char *kind,
    const char *const *names, size_t count)
{
    char right[160];
    struct strbuf list = {0};
    const char *near = str_suggest(value, names, count);
    if (near != NULL) {
        strbuf_printf(&list, "no such %s, did you mean \"%s\"?", kind, near);
    } else if (count <= 8) {
        strbuf_puts(&list, "must be");
        for (size_t i = 0; i < count; i++) {
            strbuf_printf(&list, "%s %s", i == 0 ? "" : (i + 1 < count ? "," : " or"), names[i]);
        }
    } else {
        strbuf_printf(&list, "no such %s; --help-faults lists them", kind);
    }
    str_copy(right, sizeof right, strbuf_text(&list), list.len);
    strbuf_fini(&list);
    return refuse(r, key, value, right);
}

/* ---- words and numbers ---- */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Resolves \n \r \t \, \\ and \xNN; returns the length, or -1 for another escape or too long. */
static int unescape(const char *in, char *out, size_t out_size)
{
    size_t len = 0;
    for (const char *p = in; *p != '\0'; p++) {
        char c = *p;
        if (c == '\\') {
            c = *++p;
            if (c == 'x' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
                c = (char)(hex_digit(p[1]) * 16 + hex_digit(p[2]));
                p += 2;
            } else if (c == 'n' || c == 'r' || c == 't') {
                c = c == 'n' ? '\n' : (c == 'r' ? '\r' : '\t');
            } else if (c != ',' && c != '\\') {
                return -1;
            }
        }
        if (len + 1 >= out_size) {
            return -1;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return (int)len;
}

/* Cuts the next pair off *rest; false if it is no pair. */
static bool next_pair(const char **rest, struct pair *p)
{
    const char *s = *rest;
    size_t key = strcspn(s, "=,");
    if (s[key] != '=' || key == 0 || !str_copy(p->key, sizeof p->key, s, key)) {
        return false;
    }
    s += key + 1;
    size_t len = 0;
    while (s[len] != '\0' && s[len] != ',') {
        len += s[len] == '\\' && s[len + 1] != '\0' ? 2 : 1;
    }
    str_copy(p->value, sizeof p->value, s, len);
    *rest = s + len + (s[len] == ',');
    return true;
}

static int read_number(
    struct reading *r, const char *key, const char *value, const struct fault_key *k, double *out)
{
    char right[96];
    int64_t whole = 0;
    bool good = k->type == TYPE_NUMBER
                    ? str_to_double(value, out) && *out >= k->min && *out <= k->max
                    : str_to_int(value, (int64_t)k->min, (int64_t)k->max, &whole);
    if (!good) {
        snprintf(right, sizeof right, "must be a %snumber from %g to %.0f",
            k->type == TYPE_NUMBER ? "" : "whole ", k->min, k->max);
        return refuse(r, key, value, right);
    }
    *out = k->type == TYPE_NUMBER ? *out : (double)whole;
    return 0;
}

static int read_word(
    struct reading *r, const char *key, const char *value, const char *const *words, double *out)
{
    size_t count = 0;
    while (words[count] != NULL) {
        if (strcmp(words[count], value) == 0) {
            *out = (double)count;
            return 0;
        }
        count++;
    }
    return refuse_word(r, key, value, key, words, count);
}

static int read_text(struct reading *r, const char *key, const char *value, enum fault_arg arg)
{
    bool link = arg == ARG_LINK;
    int len = unescape(value, link ? r->f->link : r->f->text, FAULT_TEXT_MAX);
    if (len <= 0) {
        return refuse(r, key, value,
            len == 0 ? "must not be empty"
                     : "at most 159 characters, with \\n \\, \\\\ and \\xNN as escapes");
    }
    r->f->text_len = link ? r->f->text_len : (size_t)len;
    return 0;
}

static int read_value(struct reading *r, const struct pair *p, enum fault_arg arg)
{
    const struct fault_key *k = &fault_keys[arg];
    double *out = &r->f->arg[arg];
    switch (k->type) {
    case TYPE_WORD:
        return read_word(r, p->key, p->value, k->words, out);
    case TYPE_TEXT:
        return read_text(r, p->key, p->value, arg);
    case TYPE_POS:
        if (strcmp(p->value, "end") == 0 || strcmp(p->value, "random") == 0) {
            *out = p->value[0] == 'e' ? POS_END : POS_RANDOM;
            return 0;
        }
        break;
    case TYPE_TIMES:
        if (strcmp(p->value, "always") == 0) {
            *out = 0;
            return 0;
        }
        break;
    case TYPE_NUMBER:
    case TYPE_WHOLE:
        break;
    }
    return read_number(r, p->key, p->value, k, out);
}

/* ---- when ---- */

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

static int refuse_when(struct reading *r, const char *value)
{
    const char *names[NAMES_MAX];
    char word[WORD_MAX];
    str_copy(word, sizeof word, value, strcspn(value, ":"));
    for (size_t i = 0; i < fault_whens_count; i++) {
        names[i] = fault_whens[i].name;
    }
    return refuse_word(r, "at", word, "moment", names, fault_whens_count);
}

/* "1.5%" as 0.015; also a share such as 0.015. */
static int read_rate(struct reading *r, const char *value, const char *text)
{
    char number[WORD_MAX];
    size_t len = strlen(text);
    bool percent = len > 0 && text[len - 1] == '%';
    double share;
    if (!str_copy(number, sizeof number, text, len - percent) || !str_to_double(number, &share) ||
        share <= 0 || share > (percent ? 100 : 1)) {
        return refuse(r, "at", value, "must be like rate:1.5% (or rate:0.015), above 0");
    }
    r->f->at_number = percent ? share / 100 : share;
    return 0;
}

static int read_seconds(struct reading *r, const char *value, const char *text)
{
    bool period = r->f->at == AT_PERIOD;
    double s;
    if (!str_to_double(text, &s) || s < (period ? 0.001 : 0) || s > 1e7) {
        return refuse(r, "at", value, "must be seconds, such as time:12.5 or period:2");
    }
    r->f->at_number = s;
    return 0;
}

static int read_count(struct reading *r, const char *value, const char *text)
{
    if (!str_to_int(text, r->f->at != AT_LINE, 4294967295, &r->f->at_n)) {
        return refuse(r, "at", value, "must be a whole number, such as line:100 or every:20");
    }
    return 0;
}

static int read_when(struct reading *r, const char *value)
{
    size_t len = strcspn(value, ":");
    const struct fault_when *w = find_when(value, len);
    const char *text = value[len] == ':' ? value + len + 1 : NULL;
    if (w == NULL) {
        return refuse_when(r, value);
    }
    if ((text != NULL) != (w->value != NULL)) {
        return refuse(r, "at", value,
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
        return unescape(text, r->f->at_text, sizeof r->f->at_text) > 0
                   ? 0
                   : refuse(r, "at", value, "needs the beginning of a command, such as text:M109");
    }
    return 0;
}

/* ---- what ---- */

static void set_defaults(struct fault *f)
{
    const struct fault_default *d = f->row->defaults;
    for (int i = 0; i < FAULT_ARGS; i++) {
        f->arg[i] = fault_keys[i].preset;
    }
    f->arg[ARG_TIMES] = -1;
    for (size_t i = 0; i < sizeof f->row->defaults / sizeof *d; i++) {
        if (d[i].arg != 0 || d[i].value != 0) {
            f->arg[d[i].arg] = d[i].value;
        }
    }
}

static int read_what(struct reading *r, const char *value)
{
    const char *names[FAULT_KINDS];
    for (size_t i = 0; i < FAULT_KINDS; i++) {
        names[i] = fault_rows[i].name;
        if (strcmp(value, names[i]) == 0) {
            r->f->kind = (enum fault_kind)i;
            r->f->row = &fault_rows[i];
            set_defaults(r->f);
            return 0;
        }
    }
    return refuse_word(r, "do", value, "fault", names, FAULT_KINDS);
}

/* Finds the key among those this fault takes. */
static int find_key(const struct fault_row *row, const char *name)
{
    uint32_t args = row->args | BIT(ARG_TIMES) | BIT(ARG_SEED);
    for (int i = 0; i < FAULT_ARGS; i++) {
        if ((args & BIT(i)) != 0 && strcmp(fault_keys[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

static int refuse_key(struct reading *r, const struct pair *p)
{
    char right[160];
    struct strbuf list = {0};
    strbuf_printf(&list, "%s takes only", r->f->row->name);
    for (int i = 0; i < FAULT_ARGS; i++) {
        if ((r->f->row->args & BIT(i)) != 0) {
            strbuf_printf(&list, " %s", fault_keys[i].name);
        }
    }
    strbuf_puts(&list, " times seed");
    str_copy(right, sizeof right, strbuf_text(&list), list.len);
    strbuf_fini(&list);
    return refuse(r, p->key, p->value, right);
}

static int read_key(struct reading *r, const struct pair *p)
{
    int arg = find_key(r->f->row, p->key);
    if (arg < 0) {
        return refuse_key(r, p);
    }
    if ((r->given & BIT(arg)) != 0) {
        return refuse(r, p->key, p->value, "is given twice");
    }
    r->given |= BIT(arg);
    return read_value(r, p, (enum fault_arg)arg);
}

/* Runs over the spec: first for do=, on which the other keys depend, then for the rest. */
static int read_pairs(struct reading *r, bool what)
{
    const char *rest = r->spec;
    struct pair p;
    while (*rest != '\0') {
        if (!next_pair(&rest, &p)) {
            return refuse(r, "", r->spec, "must be like at=line:100,do=resend,ok=late");
        }
        bool is_at = strcmp(p.key, "at") == 0;
        bool is_do = strcmp(p.key, "do") == 0;
        bool *seen = is_at ? &r->has_at : &r->has_do;
        if ((is_at || is_do) && is_do == what) {
            if (*seen) {
                return refuse(r, p.key, p.value, "is given twice");
            }
            *seen = true;
        }
        int rc = 0;
        if (what) {
            rc = is_do ? read_what(r, p.value) : 0;
        } else if (!is_do) {
            rc = is_at ? read_when(r, p.value) : read_key(r, &p);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* What no single key can tell. */
static int check(struct reading *r)
{
    const struct fault *f = r->f;
    uint32_t missing = f->row->need & ~r->given;
    for (int i = 0; missing != 0 && i < FAULT_ARGS; i++) {
        if ((missing & BIT(i)) != 0) {
            return err_set(r->e, PP_EINVAL, "do=%s needs %s=...", f->row->name, fault_keys[i].name);
        }
    }
    if (f->at == AT_PERIOD && f->row->seam != SEAM_MOMENT) {
        return refuse(r, "do", f->row->name, "happens with a line, at=period: does not fit it");
    }
    if (f->at == AT_FULL && f->kind != FAULT_RX_FLUSH && f->row->seam != SEAM_MOMENT) {
        return refuse(r, "do", f->row->name, "at=full: fits rx-flush and what needs no line");
    }
    if (f->kind == FAULT_INSERT && (r->given & BIT(ARG_VALUE)) != 0 &&
        (f->arg[ARG_VALUE] < 0 || f->arg[ARG_VALUE] > 255)) {
        return err_set(
            r->e, PP_EINVAL, "value=%g: must be a byte from 0 to 255", f->arg[ARG_VALUE]);
    }
    return 0;
}

int fault_add(struct fault_set *set, const char *spec, struct err *e)
{
    struct fault f = {0};
    struct reading r = {.spec = spec, .f = &f, .e = e};
    if (!str_copy(f.spec, sizeof f.spec, spec, strlen(spec))) {
        return err_set(e, PP_EINVAL, "the spec is longer than %d characters", FAULT_SPEC_MAX - 1);
    }
    if (set->len == FAULTS_MAX) {
        return err_set(e, PP_ELIMIT, "there are %d faults already, and no more fit", FAULTS_MAX);
    }
    int rc = read_pairs(&r, true);
    if (rc == 0 && !r.has_do) {
        return refuse(&r, "", spec, "do= is missing: at=line:100,do=resend");
    }
    rc = rc != 0 ? rc : read_pairs(&r, false);
    if (rc == 0 && !r.has_at) {
        return refuse(&r, "", spec, "at= is missing: at=now, at=line:100, at=rate:1% ...");
    }
    rc = rc != 0 ? rc : check(&r);
    if (rc != 0) {
        return rc;
    }
    f.random = (uint64_t)f.arg[ARG_SEED] * UINT64_C(0x9e3779b97f4a7c15) + set->len;
    set->seams |= BIT(f.row->seam);
    set->faults[set->len++] = f;
    return 0;
}

void fault_clear(struct fault_set *set)
{
    set->len = 0;
    set->seams = 0;
}
