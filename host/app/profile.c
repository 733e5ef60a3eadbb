#include "host/app/profile.h"

#include "host/app/profile_file.h"
#include "host/base/mem.h"
#include "host/core/match.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profiles {
    struct shelf *shelf;
};

struct profile *profile_read(
    const char *source, const char *bytes, size_t len, struct strbuf *mistakes)
{
    struct yaml_mistakes m = {0};
    struct profile *p = shelf_item_read(&profile_kind, source, bytes, len, &m);
    strbuf_puts(mistakes, strbuf_text(&m.text));
    yaml_mistakes_fini(&m);
    return p;
}

void profile_free(struct profile *p)
{
    shelf_item_free(&profile_kind, p);
}

/* ---- all of them ---------------------------------------------------------------------------- */

void profiles_dirs(const char *out[static 5], const char *shipped, const char *extra)
{
    static char user[PATH_MAX];
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    size_t n = 0;
    out[n++] = shipped;
    out[n++] = "/etc/pphost/profiles";
    if (xdg != NULL && xdg[0] == '/') {
        snprintf(user, sizeof user, "%s/pphost/profiles", xdg);
        out[n++] = user;
    } else if (home != NULL && home[0] == '/') {
        snprintf(user, sizeof user, "%s/.config/pphost/profiles", home);
        out[n++] = user;
    }
    if (extra != NULL && extra[0] != '\0') {
        out[n++] = extra;
    }
    out[n] = NULL;
}

int profiles_open(struct profiles **out, const char *const *dirs, struct err *e)
{
    struct shelf *shelf = NULL;
    int rc = shelf_open(&shelf, &profile_kind, dirs, e);
    if (rc == 0) {
        *out = mem_alloc(sizeof **out);
        (*out)->shelf = shelf;
    }
    return rc;
}

void profiles_close(struct profiles *p)
{
    if (p != NULL) {
        shelf_close(p->shelf);
        free(p);
    }
}

bool profiles_reload(struct profiles *p)
{
    return shelf_reload(p->shelf);
}

const struct profile *profiles_find(const struct profiles *p, const char *id)
{
    return shelf_find(p->shelf, id);
}

const struct profile *profiles_at(const struct profiles *p, size_t index)
{
    return shelf_at(p->shelf, index);
}

const char *profiles_suggest(const struct profiles *p, const char *id)
{
    const struct profile *one = NULL;
    size_t count = 0;
    while (profiles_at(p, count) != NULL) {
        count++;
    }
    const char **ids = mem_array(count + 1, sizeof *ids);
    for (size_t i = 0; (one = profiles_at(p, i)) != NULL; i++) {
        ids[i] = one->id;
    }
    const char *near = str_suggest(id, ids, count);
    free(ids);
    return near;
}

const char *profiles_mistake(const struct profiles *p, size_t index)
{
    return shelf_mistake(p->shelf, index);
}

/* ---- which one is meant --------------------------------------------------------------------- */

typedef int (*match_fn)(
    const char *model, const struct match_candidate *candidates, size_t count, double *score);

static const struct profile *meant(const struct profiles *p, const char *model, match_fn match)
{
    const struct profile *one = NULL;
    struct match_candidate *candidates = NULL;
    size_t count = 0;
    while (profiles_at(p, count) != NULL) {
        count++;
    }
    candidates = mem_array(count + 1, sizeof *candidates);
    for (size_t i = 0; (one = profiles_at(p, i)) != NULL; i++) {
        candidates[i] = (struct match_candidate){one->id, one->name, one->limits.models};
    }
    int found = match(model, candidates, count, NULL);
    free(candidates);
    return found >= 0 ? profiles_at(p, (size_t)found) : NULL;
}

const struct profile *profiles_match(const struct profiles *p, const char *model)
{
    return meant(p, model, match_model);
}

const struct profile *profiles_for_file(const struct profiles *p, const struct analysis *a)
{
    if (a->printer[0] == '\0') {
        return NULL;
    }
    const struct profile *one = meant(p, a->printer, a->printer_exact ? match_model : match_words);
    return one != NULL && one->models[0] != NULL ? one : NULL;
}
