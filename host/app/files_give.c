/* Content that is here gets one more name: what came from another host with a job. */
#include "host/app/files_change.h"

#include "host/base/mem.h"
#include "host/base/str.h"

#include <stdlib.h>
#include <string.h>

/* Of a naming here, `name` is the content's hash. */
static struct entry *content_of(const struct files *f, const struct naming *n)
{
    return entry_content_at(f, entry_content_position(f, n->name), n->name);
}

static int check(const struct files *f, const struct naming *n, struct err *e)
{
    const struct entry *entry = content_of(f, n);
    int rc = name_check(n->to, "new", e);
    if (rc == 0 && entry == NULL) {
        rc = err_set(e, PP_ENOTFOUND, "the content of \"%s\" is not here", n->to);
    }
    if (rc == 0 && (entry_find_any(f, n->to) != NULL || folder_is(f, n->to))) {
        rc = err_field(e, PP_EEXIST, "new", "\"%s\" is there already", n->to);
    }
    if (rc == 0 && f->by_name.count >= FILES_MAX) {
        rc = err_set(e, PP_ELIMIT, "%d files are the most", FILES_MAX);
    }
    return rc != 0 ? rc : name_check_place(f, n->to, e);
}

static void on_given(void *context, const struct err *e)
{
    struct naming *n = context;
    struct files *f = n->task.files;
    if (f != NULL && e == NULL) {
        struct entry *entry = mem_alloc(sizeof *entry);
        *entry = *content_of(f, n);
        entry->moving = entry->removing = false;
        str_copy(entry->file.row.name, sizeof entry->file.row.name, n->to, strlen(n->to));
        entry_insert(f, entry);
        folders_add(f, n->to);
    }
    if (f != NULL) {
        files_unpin(f, n->name);
    }
    naming_end_turn(n, e);
}

static void give(struct turn *t)
{
    struct naming *n = naming_of(t);
    struct files *f = n->task.files;
    if (check(f, n, &n->err) != 0) {
        naming_refuse_turn(n);
        return;
    }
    struct file_change *c = file_change_new();
    files_pin(f, n->name);
    folders_add_rows(f, n->to, c);
    entry_save_row(c, content_of(f, n), n->to);
    store_change_files(f->store, c, on_given, n);
}

void files_give(struct files *f, const char *sha256, const char *name, store_cb done, void *context)
{
    struct naming *n = naming_new(f, sha256, name, done, context);
    if (name_check(name, "new", &n->err) != 0) {
        naming_refuse(n);
        return;
    }
    turn_wait(f, &n->turn, give);
}
