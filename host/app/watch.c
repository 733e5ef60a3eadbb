#include "host/app/watch.h"

#include "host/base/file.h"
#include "host/base/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SETTLE_MS 200
#define POLL_MS   1000

/* When it differs the path has changed; all 0 = it is not there. */
struct stamp {
    struct timespec modified;
    off_t size;
    ino_t inode;
};

struct item {
    struct watch *watch;
    char *path;   /* owned */
    char *folder; /* owned; what is watched: the path itself if it is a folder, else its parent */
    const char *name; /* the file in the folder; NULL: everything in it */
    uv_fs_event_t event;
    bool watching; /* `event` runs, on the folder with this identity; else the timer looks */
    bool doubtful; /* to be started anew */
    dev_t device;
    ino_t inode;
    struct stamp stamp; /* of the path when it was last looked at */
};

struct watch {
    struct item *items; /* owned */
    size_t count;
    uv_timer_t settle;
    uv_timer_t poll;
    unsigned open; /* handles */
    bool closing;
    watch_cb changed;
    void *context;
    void (*closed)(void *context);
    void *closed_context;
};

static void on_settled(uv_timer_t *timer);

static void touched(struct watch *w)
{
    if (!uv_is_active((uv_handle_t *)&w->settle)) {
        uv_timer_start(&w->settle, on_settled, SETTLE_MS, 0);
    }
}

static void on_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct item *item = handle->data;
    (void)events;
    /* Without a name, or with the folder's own, something happened to the folder. It may be back
     * already, under the same inode number, and yet not be watched any more. */
    bool self = status != 0 || name == NULL || strcmp(name, file_basename(item->folder)) == 0;
    item->doubtful |= self;
    if (self || item->name == NULL || strcmp(name, item->name) == 0) {
        touched(item->watch);
    }
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A path that is missing is taken for a file until it turns out to be a folder. */
static void choose_folder(struct item *item)
{
    const char *slash = strrchr(item->path, '/');
    free(item->folder);
    item->name = NULL;
    if (is_folder(item->path)) {
        item->folder = mem_strdup(item->path);
    } else if (slash == NULL) {
        item->folder = mem_strdup(".");
        item->name = item->path;
    } else {
        size_t len = slash > item->path ? (size_t)(slash - item->path) : 1;
        item->folder = mem_printf("%.*s", (int)len, item->path);
        item->name = slash + 1;
    }
}

static struct stamp stamp_of(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return (struct stamp){0};
    }
    return (struct stamp){.modified = st.st_mtim, .size = st.st_size, .inode = st.st_ino};
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->inode == b->inode && a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec;
}

static void start(struct item *item)
{
    struct stat st;
    choose_folder(item);
    item->doubtful = false;
    item->watching = stat(item->folder, &st) == 0 && S_ISDIR(st.st_mode) &&
                     uv_fs_event_start(&item->event, on_event, item->folder, 0) == 0;
    if (item->watching) {
        item->device = st.st_dev;
        item->inode = st.st_ino;
    }
    item->stamp = stamp_of(item->path);
}

/* True if the right folder is being watched. */
static bool is_right(const struct item *item)
{
    struct stat st;
    bool became_folder = item->name != NULL && is_folder(item->path);
    return item->watching && !item->doubtful && !became_folder && stat(item->folder, &st) == 0 &&
           st.st_dev == item->device && st.st_ino == item->inode;
}

static void restart_wrong(struct watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (!is_right(&w->items[i])) {
            uv_fs_event_stop(&w->items[i].event);
            start(&w->items[i]);
        }
    }
}

static void on_settled(uv_timer_t *timer)
{
    struct watch *w = timer->data;
    restart_wrong(w);
    w->changed(w->context);
}

/* Looks at what cannot be watched (yet). */
static void on_poll(uv_timer_t *timer)
{
    struct watch *w = timer->data;
    for (size_t i = 0; i < w->count; i++) {
        struct stamp now = stamp_of(w->items[i].path);
        if (!w->items[i].watching && !same(&now, &w->items[i].stamp)) {
            touched(w);
        }
    }
    restart_wrong(w);
}

struct watch *watch_open(uv_loop_t *loop, const char *const *paths, watch_cb changed, void *context)
{
    struct watch *w = mem_alloc(sizeof *w);
    while (paths[w->count] != NULL) {
        w->count++;
    }
    w->items = mem_array(w->count + 1, sizeof *w->items);
    w->changed = changed;
    w->context = context;
    w->open = (unsigned)(2 + w->count);
    uv_timer_init(loop, &w->settle);
    uv_timer_init(loop, &w->poll);
    w->settle.data = w;
    w->poll.data = w;
    for (size_t i = 0; i < w->count; i++) {
        struct item *item = &w->items[i];
        item->watch = w;
        item->path = mem_strdup(paths[i]);
        uv_fs_event_init(loop, &item->event);
        item->event.data = item;
        start(item);
    }
    uv_timer_start(&w->poll, on_poll, POLL_MS, POLL_MS);
    return w;
}

static void finish(struct watch *w)
{
    void (*closed)(void *context) = w->closed;
    void *context = w->closed_context;
    for (size_t i = 0; i < w->count; i++) {
        free(w->items[i].path);
        free(w->items[i].folder);
    }
    free(w->items);
    free(w);
    if (closed != NULL) {
        closed(context);
    }
}

static void handle_closed(struct watch *w)
{
    if (--w->open == 0) {
        finish(w);
    }
}

static void on_item_closed(uv_handle_t *handle)
{
    handle_closed(((struct item *)handle->data)->watch);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

void watch_close(struct watch *w, void (*closed)(void *context), void *context)
{
    assert(!w->closing);
    w->closing = true;
    w->closed = closed;
    w->closed_context = context;
    uv_close((uv_handle_t *)&w->settle, on_timer_closed);
    uv_close((uv_handle_t *)&w->poll, on_timer_closed);
    for (size_t i = 0; i < w->count; i++) {
        uv_close((uv_handle_t *)&w->items[i].event, on_item_closed);
    }
}
