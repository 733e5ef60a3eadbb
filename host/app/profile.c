#include "host/app/profile.h"

#include "host/app/profile_file.h"
#include "host/base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

const char *profiles_mistake(const struct profiles *p, size_t index)
{
    return shelf_mistake(p->shelf, index);
}

static bool has_model(const struct profile *p, const char *model)
{
    for (size_t i = 0; i < sizeof p->models / sizeof *p->models && p->models[i] != NULL; i++) {
        if (strcasecmp(p->models[i], model) == 0) {
            return true;
        }
    }
    return false;
}

const struct profile *profiles_match(const struct profiles *p, const char *model)
{
    const struct profile *found = NULL;
    for (size_t i = 0; (found = profiles_at(p, i)) != NULL && !has_model(found, model);) {
        i++;
    }
    return found;
}
