#include "host/app/shelf.h"

#include "host/base/file.h"
#include "host/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* When it differs the file is read again. */
struct stamp {
    struct timespec modified;
    off_t size;
    ino_t inode;
    dev_t device;
};

struct entry {
    char id[64];
    char *path; /* owned */
    struct stamp stamp;
    void *item;     /* owned; NULL if the file never was right */
    char *mistakes; /* owned; lines; NULL if there are none */
};

struct entries {
    struct entry *at; /* owned; by id */
    size_t count;
};

struct shelf {
    const struct shelf_kind *kind;
    char **dirs; /* owned, NULL-terminated */
    struct entries entries;
    void **old; /* owned; items no longer on the shelf that somebody may still point to */
    size_t olds;
    char **lines; /* owned; the mistakes of all entries */
    size_t line_count;
};

/* ---- one item ------------------------------------------------------------------------------- */

void shelf_item_free(const struct shelf_kind *kind, void *item)
{
    if (item != NULL) {
        kind->fini(item);
        free(item);
    }
}

/* "/usr/share/.../NAME.yaml" -> "NAME" */
static void id_of(const char *path, char out[static 64])
{
    const char *name = file_basename(path);
    size_t len = strlen(name);
    str_copy(out, 64, name, len > 5 ? len - 5 : len);
}

void *shelf_item_read(const struct shelf_kind *kind, const char *source, const char *bytes,
    size_t len, struct yaml_mistakes *m)
{
    char id[64];
    size_t before = m->count;
    void *item = mem_alloc(kind->size);
    id_of(source, id);
    kind->init(item, id, source);
    if (yaml_read(source, bytes, len, kind->table, item, m) == 0) {
        kind->finish(item, source, m);
    }
    if (m->count > before) {
        shelf_item_free(kind, item);
        return NULL;
    }
    return item;
}

static void load_entry(const struct shelf_kind *kind, struct entry *entry)
{
    struct strbuf bytes = {0};
    struct yaml_mistakes m = {0};
    struct err e = {0};
    if (file_read(entry->path, YAML_MAX_BYTES, &bytes, &e) == 0) {
        entry->item = shelf_item_read(kind, entry->path, strbuf_text(&bytes), bytes.len, &m);
    } else {
        strbuf_printf(&m.text, "%s\n", e.text);
    }
    if (m.text.len > 0) {
        entry->mistakes = mem_strdup(strbuf_text(&m.text));
    }
    yaml_mistakes_fini(&m);
    strbuf_fini(&bytes);
}

/* ---- the folders ---------------------------------------------------------------------------- */

static void entry_fini(struct entry *entry)
{
    free(entry->path);
    free(entry->mistakes);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static struct entry *find_entry(const struct entries *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->at[i].id, id) == 0) {
            return &list->at[i];
        }
    }
    return NULL;
}

/* NAME.yaml with a name that fits and does not begin with a dot. */
static bool is_ours(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && len < 69 && strcmp(name + len - 5, ".yaml") == 0 && file_name_ok(name);
}

/* Puts one file in, over one of that name from an earlier folder. */
static void add_file(struct entries *list, const char *folder, const char *name)
{
    struct entry entry = {.path = mem_printf("%s/%s", folder, name)};
    struct stat st;
    if (stat(entry.path, &st) != 0) {
        st = (struct stat){0}; /* a dangling link: reading it tells */
    }
    id_of(entry.path, entry.id);
    entry.stamp = (struct stamp){
        .modified = st.st_mtim, .size = st.st_size, .inode = st.st_ino, .device = st.st_dev};
    struct entry *place = find_entry(list, entry.id);
    if (place != NULL) {
        entry_fini(place);
    } else {
        list->at = mem_resize(list->at, list->count + 1, sizeof *list->at);
        place = &list->at[list->count++];
    }
    *place = entry;
}

static int scan_folder(struct entries *list, const char *dir, const char *kind, struct err *e)
{
    int rc = 0;
    size_t files = 0;
    struct dirent *d = NULL;
    char *folder = mem_printf("%s/%s", dir, kind);
    DIR *stream = opendir(folder);
    if (stream == NULL) {
        rc = errno == ENOENT ? 0 : err_errno(e, errno, "profiles folder \"%s\"", folder);
        goto out;
    }
    while ((d = readdir(stream)) != NULL && files < SHELF_MAX_FILES) {
        if (is_ours(d->d_name)) {
            add_file(list, folder, d->d_name);
            files++;
        }
    }
    closedir(stream);
out:
    free(folder);
    return rc;
}

static void entries_fini(struct entries *list)
{
    for (size_t i = 0; i < list->count; i++) {
        entry_fini(&list->at[i]);
    }
    free(list->at);
    *list = (struct entries){0};
}

static int scan(const struct shelf *s, struct entries *out, struct err *e)
{
    *out = (struct entries){0};
    for (size_t i = 0; s->dirs[i] != NULL; i++) {
        if (scan_folder(out, s->dirs[i], s->kind->folder, e) != 0) {
            entries_fini(out);
            return -e->code;
        }
    }
    if (out->count > 0) {
        qsort(out->at, out->count, sizeof *out->at, by_id);
    }
    return 0;
}

/* ---- the shelf ------------------------------------------------------------------------------ */

static void retire(struct shelf *s, void *item)
{
    if (item != NULL) {
        s->old = mem_resize(s->old, s->olds + 1, sizeof *s->old);
        s->old[s->olds++] = item;
    }
}

static bool same_file(const struct entry *a, const struct entry *b)
{
    return strcmp(a->path, b->path) == 0 && a->stamp.size == b->stamp.size &&
           a->stamp.inode == b->stamp.inode && a->stamp.device == b->stamp.device &&
           a->stamp.modified.tv_sec == b->stamp.modified.tv_sec &&
           a->stamp.modified.tv_nsec == b->stamp.modified.tv_nsec;
}

/* Fills a scanned entry from the one of that name before, or from its file; true if it was read. */
static bool take_over(struct shelf *s, struct entry *entry, struct entry *before)
{
    if (before != NULL && same_file(entry, before)) {
        entry->item = before->item;
        entry->mistakes = before->mistakes;
        before->item = NULL;
        before->mistakes = NULL;
        return false;
    }
    load_entry(s->kind, entry);
    if (entry->item == NULL && before != NULL) {
        entry->item = before->item;
        before->item = NULL;
    }
    return true;
}

static void free_lines(struct shelf *s)
{
    for (size_t i = 0; i < s->line_count; i++) {
        free(s->lines[i]);
    }
    free(s->lines);
    s->lines = NULL;
    s->line_count = 0;
}

static void collect_lines(struct shelf *s)
{
    free_lines(s);
    for (size_t i = 0; i < s->entries.count; i++) {
        const char *p = s->entries.at[i].mistakes;
        while (p != NULL && *p != '\0') {
            size_t len = strcspn(p, "\n");
            s->lines = mem_resize(s->lines, s->line_count + 1, sizeof *s->lines);
            s->lines[s->line_count++] = mem_printf("%.*s", (int)len, p);
            p += len + (p[len] == '\n');
        }
    }
}

/* Replaces the entries by those of a new scan; true if anything changed. */
static bool replace(struct shelf *s, struct entries *fresh)
{
    bool changed = fresh->count != s->entries.count;
    for (size_t i = 0; i < fresh->count; i++) {
        struct entry *before = find_entry(&s->entries, fresh->at[i].id);
        changed |= take_over(s, &fresh->at[i], before);
    }
    for (size_t i = 0; i < s->entries.count; i++) {
        retire(s, s->entries.at[i].item);
    }
    entries_fini(&s->entries);
    s->entries = *fresh;
    collect_lines(s);
    return changed;
}

int shelf_open(
    struct shelf **out, const struct shelf_kind *kind, const char *const *dirs, struct err *e)
{
    struct err own = {0};
    struct entries found;
    size_t n = 0;
    while (dirs[n] != NULL) {
        n++;
    }
    struct shelf *s = mem_alloc(sizeof *s);
    s->kind = kind;
    s->dirs = mem_array(n + 1, sizeof *s->dirs);
    for (size_t i = 0; i < n; i++) {
        s->dirs[i] = mem_strdup(dirs[i]);
    }
    if (scan(s, &found, &own) != 0) {
        shelf_close(s);
        return err_set(e, own.code, "%s", own.text);
    }
    replace(s, &found);
    *out = s;
    return 0;
}

bool shelf_reload(struct shelf *s)
{
    struct err e = {0};
    struct entries found;
    /* A folder that cannot be read now keeps what was read before. */
    return scan(s, &found, &e) == 0 && replace(s, &found);
}

void shelf_close(struct shelf *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->entries.count; i++) {
        shelf_item_free(s->kind, s->entries.at[i].item);
    }
    for (size_t i = 0; i < s->olds; i++) {
        shelf_item_free(s->kind, s->old[i]);
    }
    for (size_t i = 0; s->dirs[i] != NULL; i++) {
        free(s->dirs[i]);
    }
    entries_fini(&s->entries);
    free_lines(s);
    free(s->old);
    free(s->dirs);
    free(s);
}

const void *shelf_find(const struct shelf *s, const char *id)
{
    const struct entry *entry = find_entry(&s->entries, id);
    return entry != NULL ? entry->item : NULL;
}

const void *shelf_at(const struct shelf *s, size_t index)
{
    for (size_t i = 0; i < s->entries.count; i++) {
        if (s->entries.at[i].item != NULL && index-- == 0) {
            return s->entries.at[i].item;
        }
    }
    return NULL;
}

const char *shelf_mistake(const struct shelf *s, size_t index)
{
    return index < s->line_count ? s->lines[index] : NULL;
}
