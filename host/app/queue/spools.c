#include "host/app/queue/spools.h"

#include "host/app/queue/spools_priv.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/store_spools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SUFFIX_MIN 4

/* ---- the list --------------------------------------------------------------------------------
 */

struct kept_spool *spools_by_id(const struct spools *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->spool[i]->entry.id, id) == 0) {
            return s->spool[i];
        }
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    const struct spool_entry *x = &(*(struct kept_spool *const *)a)->entry;
    const struct spool_entry *y = &(*(struct kept_spool *const *)b)->entry;
    int order = strcasecmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->id, y->id);
}

static void sort(struct spools *s)
{
    if (s->count > 1) {
        qsort(s->spool, s->count, sizeof(struct kept_spool *), by_name);
    }
}

static struct kept_spool *put(struct spools *s, const struct spool_entry *entry)
{
    struct kept_spool *k = spools_by_id(s, entry->id);
    if (k == NULL) {
        k = mem_alloc(sizeof *k);
        s->spool = mem_resize(s->spool, s->count + 1, sizeof(struct kept_spool *));
        s->spool[s->count++] = k;
    }
    k->entry = *entry;
    k->version = ++s->versions;
    sort(s);
    return k;
}

static void take_out(struct spools *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->spool[i]->entry.id, id) == 0) {
            free(s->spool[i]);
            memmove(
                &s->spool[i], &s->spool[i + 1], (s->count - i - 1) * sizeof(struct kept_spool *));
            s->count--;
            return;
        }
    }
}

static void make_key(const struct spools *s, struct tool *t)
{
    const struct kept_spool *k = spools_by_id(s, t->holds);
    if (k != NULL) {
        spools_key(&k->entry, t->key);
    } else {
        str_copy(t->key, sizeof t->key, t->holds, strlen(t->holds));
    }
}

void spools_changed(struct spools *s)
{
    for (size_t i = 0; i < QUEUE_TOOLS_MAX; i++) {
        make_key(s, &s->tool[i]);
    }
    if (s->hub != NULL) {
        hub_emit(s->hub, HUB_SPOOLS, NULL);
    }
}

/* ---- open and close --------------------------------------------------------------------------
 */

static void load_spool(void *context, const char *id, const char *doc)
{
    struct spools *s = context;
    struct spool_entry entry;
    struct err e = {0};
    if (s->count >= SPOOLS_COUNT_MAX) {
        log_warn("spool %s is left out: there are more than %d", id, SPOOLS_COUNT_MAX);
    } else if (spools_from_doc(id, doc, &entry, &e) != 0) {
        log_warn("spool %s is left out, it stays in the database: %s", id, e.text);
    } else {
        put(s, &entry)->saved = entry;
    }
}

/* An id without its spool is no material. */
static void load_tool(void *context, unsigned tool, const char *holds)
{
    struct spools *s = context;
    struct err e = {0};
    if (tool >= QUEUE_TOOLS_MAX || strlen(holds) >= sizeof s->tool[0].holds ||
        (spools_by_id(s, holds) == NULL && spools_check_key(s, holds, &e) != 0)) {
        log_warn("tool %u is taken as empty: %s", tool, e.code != 0 ? e.text : "unknown row");
        return;
    }
    str_copy(s->tool[tool].holds, sizeof s->tool[tool].holds, holds, strlen(holds));
    memcpy(s->tool[tool].saved, s->tool[tool].holds, sizeof s->tool[tool].saved);
}

static void free_all(struct spools *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->spool[i]);
    }
    free(s->spool);
    materials_close(s->materials);
    free(s);
}

int spools_open(struct spools **out, const char *const *dirs, struct store *store, struct err *e)
{
    struct spools *s = mem_alloc(sizeof *s);
    s->store = store;
    int rc = materials_open(&s->materials, dirs, e);
    rc = rc == 0 ? store_load_spools(store, load_spool, s, e) : rc;
    rc = rc == 0 ? store_load_tools(store, load_tool, s, e) : rc;
    if (rc != 0) {
        free_all(s);
        return err_wrap(e, "spools");
    }
    spools_changed(s);
    *out = s;
    return 0;
}

void spools_drop(struct spools *s)
{
    if (s->closed && s->open == 0) {
        free_all(s);
    }
}

void spools_close(struct spools *s)
{
    if (s != NULL) {
        s->hub = NULL;
        s->closed = true;
        spools_drop(s);
    }
}

void spools_set_hub(struct spools *s, struct hub *hub)
{
    s->hub = hub;
}

/* ---- reading ---------------------------------------------------------------------------------
 */

const struct materials *spools_materials(const struct spools *s)
{
    return s->materials;
}

const struct spool_entry *spools_at(const struct spools *s, size_t index)
{
    return index < s->count ? &s->spool[index]->entry : NULL;
}

static bool has_name(const struct spool_entry *entry, const char *text)
{
    return strcmp(entry->name, text) == 0;
}

static bool ends_so(const struct spool_entry *entry, const char *text)
{
    size_t len = strlen(text);
    return len >= SUFFIX_MIN && len < strlen(entry->id) &&
           strcasecmp(entry->id + strlen(entry->id) - len, text) == 0;
}

/* How many are meant; *first: the first of them. */
static size_t count_meant(const struct spools *s, const char *text,
    bool (*is_meant)(const struct spool_entry *entry, const char *text),
    const struct spool_entry **first)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (is_meant(&s->spool[i]->entry, text) && n++ == 0) {
            *first = &s->spool[i]->entry;
        }
    }
    return n;
}

static int several(const struct spools *s, const char *text,
    bool (*is_meant)(const struct spool_entry *entry, const char *text), size_t n, struct err *e)
{
    char shown[64];
    struct strbuf names = {0};
    for (size_t i = 0, told = 0; i < s->count && told < 3; i++) {
        const struct spool_entry *entry = &s->spool[i]->entry;
        if (is_meant(entry, text)) {
            strbuf_printf(&names, "%s%s (%s)", told++ > 0 ? ", " : "", entry->name,
                entry->id + strlen(entry->id) - 6);
        }
    }
    int rc = err_set(e, PP_EINVAL, "\"%s\": %zu spools are meant: %s%s; tell the end of the id",
        str_escape(shown, sizeof shown, text, strlen(text)), n, strbuf_text(&names),
        n > 3 ? ", …" : "");
    strbuf_fini(&names);
    return rc;
}

int spools_find(
    const struct spools *s, const char *text, const struct spool_entry **out, struct err *e)
{
    bool (*const ways[])(const struct spool_entry *entry, const char *t) = {has_name, ends_so};
    char shown[64];
    const struct kept_spool *k = spools_by_id(s, text);
    if (k != NULL) {
        *out = &k->entry;
        return 0;
    }
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        size_t n = count_meant(s, text, ways[i], out);
        if (n > 0) {
            return n == 1 ? 0 : several(s, text, ways[i], n, e);
        }
    }
    return err_set(e, PP_ENOTFOUND, "\"%s\": no spool has this id, end of an id, or name",
        str_escape(shown, sizeof shown, text, strlen(text)));
}

/* ---- changes ---------------------------------------------------------------------------------
 */

/* A change that is being written. */
struct change {
    struct spools *owner;
    struct spool_entry entry; /* as changed, or as it was on the disk before it was removed */
    uint64_t version;         /* 0 = it was removed */
    store_cb done;
    void *context;
};

static void keep_change(const struct change *c)
{
    struct kept_spool *k = spools_by_id(c->owner, c->entry.id);
    if (k != NULL) {
        k->saved = k->version == c->version ? k->entry : c->entry;
    }
}

static void take_back(const struct change *c)
{
    struct spools *s = c->owner;
    struct kept_spool *k = spools_by_id(s, c->entry.id);
    if (k == NULL && c->version == 0) {
        k = put(s, &c->entry);
        k->saved = k->entry;
    } else if (k != NULL && k->version == c->version) {
        if (k->saved.id[0] == '\0') {
            take_out(s, c->entry.id);
        } else {
            struct spool_entry saved = k->saved;
            put(s, &saved);
        }
    }
    spools_changed(s);
}

static void on_changed(void *context, const struct err *e)
{
    struct change *c = context;
    c->owner->open--;
    if (e != NULL) {
        take_back(c);
    } else if (c->version > 0) {
        keep_change(c);
    }
    if (c->done != NULL) {
        c->done(c->context, e);
    }
    spools_drop(c->owner);
    free(c);
}

static struct change *new_change(
    struct spools *s, const struct spool_entry *entry, store_cb done, void *context)
{
    struct change *c = mem_alloc(sizeof *c);
    *c = (struct change){.owner = s, .entry = *entry, .done = done, .context = context};
    s->open++;
    return c;
}

void spools_write(struct spools *s, const struct spool_entry *entry, store_cb done, void *context)
{
    char *doc = spools_to_doc(entry);
    store_save_spool(s->store, entry->id, doc, done, context);
    free(doc);
}

static int tool_of(const struct spools *s, const char *id)
{
    for (int i = 0; i < QUEUE_TOOLS_MAX; i++) {
        if (strcmp(s->tool[i].holds, id) == 0) {
            return i;
        }
    }
    return -1;
}

static int loaded(const struct spools *s, const struct spool_entry *spool, struct err *e)
{
    return err_set(e, PP_EBUSY, "spool \"%s\" is in tool %d: unload it first", spool->name,
        tool_of(s, spool->id));
}

static void fill_in(struct spool_entry *entry)
{
    id_new(entry->id, clock_wall_ms());
    if (entry->name[0] == '\0') {
        snprintf(entry->name, sizeof entry->name, "%s%s%s", entry->type,
            entry->color[0] != '\0' ? " " : "", entry->color);
    }
    if (entry->left_mg < 0 && entry->net_mg > 0) {
        entry->left_mg = entry->net_mg;
    }
}

int spools_save(
    struct spools *s, const struct spool_entry *spool, store_cb done, void *context, struct err *e)
{
    struct spool_entry entry = *spool;
    bool is_new = entry.id[0] == '\0';
    int rc = spools_check(&entry, e);
    if (rc == 0 && is_new && s->count >= SPOOLS_COUNT_MAX) {
        rc = err_set(e, PP_ELIMIT, "there are %d spools already: remove some", SPOOLS_COUNT_MAX);
    } else if (rc == 0 && !is_new && spools_by_id(s, entry.id) == NULL) {
        rc = err_set(e, PP_ENOTFOUND, "spool \"%s\": there is none", entry.id);
    } else if (rc == 0 && !is_new && entry.archived && tool_of(s, entry.id) >= 0) {
        rc = loaded(s, &entry, e);
    } else if (rc == 0 && !is_new && entry.name[0] == '\0') {
        rc = err_field(e, PP_EINVAL, "name", "name \"\": must not be empty");
    }
    if (rc != 0) {
        return rc;
    }
    if (is_new) {
        fill_in(&entry);
    }
    struct change *c = new_change(s, &entry, done, context);
    c->version = put(s, &entry)->version;
    spools_write(s, &entry, on_changed, c);
    spools_changed(s);
    return 0;
}

int spools_remove(struct spools *s, const char *id, store_cb done, void *context, struct err *e)
{
    char shown[64];
    const struct kept_spool *k = spools_by_id(s, id);
    if (k == NULL) {
        return err_set(e, PP_ENOTFOUND, "spool \"%s\": there is none",
            str_escape(shown, sizeof shown, id, strlen(id)));
    }
    if (tool_of(s, id) >= 0) {
        return loaded(s, &k->entry, e);
    }
    struct change *c = new_change(s, k->saved.id[0] != '\0' ? &k->saved : &k->entry, done, context);
    store_save_spool(s->store, c->entry.id, NULL, on_changed, c);
    take_out(s, c->entry.id);
    spools_changed(s);
    return 0;
}
