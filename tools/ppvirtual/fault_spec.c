/* Reading `at=WHEN,do=WHAT,KEY=VALUE...`. */
#include "tools/ppvirtual/fault_read.h"

#include <string.h>

/* Cuts the next pair off *rest; false if it is no pair. */
static bool next_pair(const char **rest, struct fault_pair *p)
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

static int read_what(struct fault_reading *r, const char *value)
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
    return fault_refuse_word(r, "do", value, "fault", names, FAULT_KINDS);
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

static int refuse_key(struct fault_reading *r, const struct fault_pair *p)
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
    return fault_refuse(r, p->key, p->value, right);
}

static int read_key(struct fault_reading *r, const struct fault_pair *p)
{
    int arg = find_key(r->f->row, p->key);
    if (arg < 0) {
        return refuse_key(r, p);
    }
    if ((r->given & BIT(arg)) != 0) {
        return fault_refuse(r, p->key, p->value, "is given twice");
    }
    r->given |= BIT(arg);
    return fault_read_value(r, p, (enum fault_arg)arg);
}

/* Runs over the spec: first for do=, on which the other keys depend, then for the rest. */
static int read_pairs(struct fault_reading *r, bool what)
{
    const char *rest = r->spec;
    struct fault_pair p;
    while (*rest != '\0') {
        if (!next_pair(&rest, &p)) {
            return fault_refuse(r, "", r->spec, "must be like at=line:100,do=resend,ok=late");
        }
        bool is_at = strcmp(p.key, "at") == 0;
        bool is_do = strcmp(p.key, "do") == 0;
        bool *seen = is_at ? &r->has_at : &r->has_do;
        if ((is_at || is_do) && is_do == what) {
            if (*seen) {
                return fault_refuse(r, p.key, p.value, "is given twice");
            }
            *seen = true;
        }
        int rc = 0;
        if (what) {
            rc = is_do ? read_what(r, p.value) : 0;
        } else if (!is_do) {
            rc = is_at ? fault_read_when(r, p.value) : read_key(r, &p);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* What no single key can tell. */
static int check(struct fault_reading *r)
{
    const struct fault *f = r->f;
    uint32_t missing = f->row->need & ~r->given;
    for (int i = 0; missing != 0 && i < FAULT_ARGS; i++) {
        if ((missing & BIT(i)) != 0) {
            return err_set(r->e, PP_EINVAL, "do=%s needs %s=...", f->row->name, fault_keys[i].name);
        }
    }
    if (f->at == AT_PERIOD && f->row->seam != SEAM_MOMENT) {
        return fault_refuse(
            r, "do", f->row->name, "happens with a line, at=period: does not fit it");
    }
    if (f->at == AT_FULL && f->kind != FAULT_RX_FLUSH && f->row->seam != SEAM_MOMENT) {
        return fault_refuse(r, "do", f->row->name, "at=full: fits rx-flush and what needs no line");
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
    struct fault_reading r = {.spec = spec, .f = &f, .e = e};
    if (!str_copy(f.spec, sizeof f.spec, spec, strlen(spec))) {
        return err_set(e, PP_EINVAL, "the spec is longer than %d characters", FAULT_SPEC_MAX - 1);
    }
    if (set->len == FAULTS_MAX) {
        return err_set(e, PP_ELIMIT, "there are %d faults already, and no more fit", FAULTS_MAX);
    }
    int rc = read_pairs(&r, true);
    if (rc == 0 && !r.has_do) {
        return fault_refuse(&r, "", spec, "do= is missing: at=line:100,do=resend");
    }
    rc = rc != 0 ? rc : read_pairs(&r, false);
    if (rc == 0 && !r.has_at) {
        return fault_refuse(&r, "", spec, "at= is missing: at=now, at=line:100, at=rate:1% ...");
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
