/* Spools in memory: what spools.h says as far as the API can see. */
#include "host/app/queue/spools.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdlib.h>
#include <string.h>

#define FAKE_SPOOLS_MAX 4

struct spools {
    struct materials *materials; /* owned */
    struct spool_entry spool[FAKE_SPOOLS_MAX];
    size_t count;
    char holds[QUEUE_TOOLS_MAX][QUEUE_WORD_MAX + 1];
    char in_tool[QUEUE_TOOLS_MAX][ID_SIZE];
};

int spools_open(struct spools **out, const char *const *dirs, struct store *store, struct err *e)
{
    struct spools *s = mem_alloc(sizeof *s);
    (void)store;
    *out = s;
    return materials_open(&s->materials, dirs, e);
}

void spools_close(struct spools *s)
{
    materials_close(s->materials);
    free(s);
}

const struct materials *spools_materials(const struct spools *s)
{
    return s->materials;
}

const struct spool_entry *spools_at(const struct spools *s, size_t index)
{
    return index < s->count ? &s->spool[index] : NULL;
}

int spools_find(
    const struct spools *s, const char *text, const struct spool_entry **out, struct err *e)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->spool[i].id, text) == 0 || strcmp(s->spool[i].name, text) == 0) {
            *out = &s->spool[i];
            return 0;
        }
    }
    return err_field(e, PP_ENOTFOUND, "spool", "there is no spool \"%s\"", text);
}

int spools_save(
    struct spools *s, const struct spool_entry *spool, store_cb done, void *context, struct err *e)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->spool[i].id, spool->id) == 0) {
            s->spool[i] = *spool;
            done(context, NULL);
            return 0;
        }
    }
    if (s->count == FAKE_SPOOLS_MAX) {
        return err_set(e, PP_ELIMIT, "too many spools");
    }
    s->spool[s->count] = *spool;
    id_new(s->spool[s->count++].id, 1700000000000);
    done(context, NULL);
    return 0;
}

int spools_remove(struct spools *s, const char *id, store_cb done, void *context, struct err *e)
{
    (void)id;
    (void)e;
    s->count = 0;
    done(context, NULL);
    return 0;
}

int spools_load(
    struct spools *s, unsigned tool, const char *what, store_cb done, void *context, struct err *e)
{
    const struct spool_entry *spool = NULL;
    struct err unknown;
    (void)e;
    if (spools_find(s, what, &spool, &unknown) == 0) {
        memcpy(s->in_tool[tool], spool->id, ID_SIZE);
        what = spool->type;
    }
    str_copy(s->holds[tool], sizeof s->holds[tool], what, strlen(what));
    done(context, NULL);
    return 0;
}

const char *spools_loaded(const struct spools *s, unsigned tool)
{
    return s->holds[tool];
}

const struct spool_entry *spools_loaded_spool(const struct spools *s, unsigned tool)
{
    const struct spool_entry *spool = NULL;
    struct err unknown;
    spools_find(s, s->in_tool[tool], &spool, &unknown);
    return spool;
}
