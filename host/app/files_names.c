/* Names: what may be one, folders, what is still free. */
#include "host/app/files_impl.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 200
#define FREE_TRIES     10000

/* ---- what may be a name
 * -------------------------------------------------------------------------- */

int name_check(const char *name, const char *what, struct err *e)
{
    char shown[96];
    if (file_path_ok(name)) {
        return 0;
    }
    str_escape(shown, sizeof shown, name, strnlen(name, sizeof shown));
    return err_field(e, PP_EINVAL, "file",
        "%s name \"%s\": must be 1 to 200 bytes, at most %d folders deep, no part of it empty or "
        "with a leading '.' or control characters",
        what, shown, FILE_FOLDERS_MAX);
}

static size_t parts(const char *name)
{
    size_t n = 1;
    for (const char *p = name; *p != '\0'; p++) {
        n += *p == '/';
    }
    return n;
}

int name_check_folder(const char *name, struct err *e)
{
    if (name_check(name, "folder", e) != 0) {
        return -PP_EINVAL;
    }
    if (parts(name) <= FILE_FOLDERS_MAX) {
        return 0;
    }
    return err_field(e, PP_EINVAL, "file",
        "folder name \"%.100s\": is %zu folders deep, at most %d", name, parts(name),
        FILE_FOLDERS_MAX);
}

/* The next folder of `name`, outermost first; *at is NULL at first. */
static bool next_above(const char *name, const char **at, char above[static NAME_MAX_BYTES + 1])
{
    *at = strchr(*at != NULL ? *at + 1 : name, '/');
    return *at != NULL && str_copy(above, NAME_MAX_BYTES + 1, name, (size_t)(*at - name));
}

int name_check_place(const struct files *f, const char *name, struct err *e)
{
    char above[NAME_MAX_BYTES + 1];
    if (folder_is(f, name)) {
        return err_field(e, PP_EEXIST, "file", "\"%s\" is a folder already", name);
    }
    for (const char *at = NULL; next_above(name, &at, above);) {
        if (entry_find_any(f, above) != NULL) {
            return err_field(e, PP_EEXIST, "file", "\"%s\" is a file and no folder", above);
        }
    }
    return 0;
}

int name_not_found(const char *name, struct err *e)
{
    char shown[128];
    str_escape(shown, sizeof shown, name, strnlen(name, sizeof shown));
    return err_field(e, PP_ENOTFOUND, "file", "no file is called \"%s\"", shown);
}

void name_kept(const struct entry *entry, char out[static 201])
{
    const char *suffix = file_kind_suffix(entry->file.row.name);
    snprintf(out, 201, ".%s%s", entry->file.row.sha256, suffix != NULL ? suffix : "");
}

bool name_is_in(const char *name, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(name, folder, len) == 0 && name[len] == '/';
}

/* ---- folders
 * ------------------------------------------------------------------------------------- */

/* The first not before `name`. */
static size_t position(const struct files *f, const char *name)
{
    size_t low = 0;
    size_t high = f->folders_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(f->folders[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool folder_is(const struct files *f, const char *name)
{
    size_t i = position(f, name);
    return i < f->folders_count && strcmp(f->folders[i], name) == 0;
}

void folder_insert(struct files *f, const char *name)
{
    size_t i = position(f, name);
    if (i < f->folders_count && strcmp(f->folders[i], name) == 0) {
        return;
    }
    if (f->folders_count == f->folders_cap) {
        f->folders_cap = f->folders_cap > 0 ? f->folders_cap * 2 : 16;
        f->folders = mem_resize(f->folders, f->folders_cap, sizeof(char *));
    }
    for (size_t at = f->folders_count++; at > i; at--) {
        f->folders[at] = f->folders[at - 1];
    }
    f->folders[i] = mem_strdup(name);
}

void folder_take_out(struct files *f, const char *name)
{
    size_t i = position(f, name);
    assert(strcmp(f->folders[i], name) == 0);
    free(f->folders[i]);
    f->folders_count--;
    for (; i < f->folders_count; i++) {
        f->folders[i] = f->folders[i + 1];
    }
}

const char *files_folder_at(const struct files *f, size_t index)
{
    return index < f->folders_count ? f->folders[index] : NULL;
}

bool folder_is_full(const struct files *f, const char *name)
{
    char first[NAME_MAX_BYTES + 2];
    snprintf(first, sizeof first, "%s/", name);
    size_t file = entry_position(f, first);
    size_t folder = position(f, first);
    return (file < f->by_name.count && name_is_in(f->by_name.at[file]->file.row.name, name)) ||
           (folder < f->folders_count && name_is_in(f->folders[folder], name));
}

void folders_add_rows(const struct files *f, const char *name, struct file_change *c)
{
    char above[NAME_MAX_BYTES + 1];
    for (const char *at = NULL; next_above(name, &at, above);) {
        if (!folder_is(f, above)) {
            file_change_add_folder(c, above);
        }
    }
}

void folders_add(struct files *f, const char *name)
{
    char above[NAME_MAX_BYTES + 1];
    for (const char *at = NULL; next_above(name, &at, above);) {
        folder_insert(f, above);
    }
}

/* ---- what is free
 * -------------------------------------------------------------------------------- */

static bool is_free(const struct files *f, const char *name)
{
    char staged[NAME_MAX_BYTES + 2];
    snprintf(staged, sizeof staged, ".%s", name);
    return entry_find_any(f, name) == NULL && !folder_is(f, name) &&
           entry_find_any(f, staged) == NULL && !folder_is_full(f, staged);
}

size_t name_cut(const char *text, size_t len, size_t most)
{
    if (len <= most) {
        return len;
    }
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80) {
        most--;
    }
    return most;
}

void files_free_name(const struct files *f, const char *name, char *out, size_t out_size)
{
    char mark[16];
    const char *suffix = file_kind_suffix(name);
    suffix = suffix != NULL ? suffix : name + strlen(name);
    str_copy(out, out_size, name, strlen(name));
    for (int n = 2; !is_free(f, out) && n < FREE_TRIES; n++) {
        int mark_len = snprintf(mark, sizeof mark, " (%d)", n);
        size_t most = NAME_MAX_BYTES - (size_t)mark_len - strlen(suffix);
        size_t stem = name_cut(name, (size_t)(suffix - name), most);
        snprintf(out, out_size, "%.*s%s%s", (int)stem, name, mark, suffix);
    }
}
