#include "host/api/job_list.h"

#include "host/api/http_private.h"
#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct place {
    char id[ID_SIZE];
    size_t position;
};

struct part {
    char *text;   /* owned */
    size_t first; /* of its jobs */
    char queue[QUEUE_NAME_MAX + 1];
};

struct job_list {
    struct view_lens lens;
    job_list_view view;
    struct part *parts; /* owned */
    size_t parts_count;
    size_t part;          /* the one to come */
    struct place *places; /* owned */
    size_t count;
    size_t at;
    bool any; /* one of this part is in the text */
    struct strbuf text;
};

struct job_list *job_list_new(const struct http *h, size_t max, job_list_view view)
{
    struct job_list *l = mem_alloc(sizeof *l);
    view_lens_open(&l->lens, h);
    l->view = view;
    l->places = mem_array(max, sizeof *l->places);
    return l;
}

void job_list_part(struct job_list *l, const char *text, const struct jobs_queue *queue)
{
    l->parts = mem_resize(l->parts, l->parts_count + 1, sizeof *l->parts);
    struct part *p = &l->parts[l->parts_count++];
    *p = (struct part){.text = mem_strdup(text), .first = l->count};
    if (queue != NULL) {
        str_copy(p->queue, sizeof p->queue, queue->name, strlen(queue->name));
    }
}

void job_list_add(struct job_list *l, const char *id, size_t position)
{
    struct place *p = &l->places[l->count++];
    str_copy(p->id, sizeof p->id, id, strlen(id));
    p->position = position;
}

static int compare(const void *a, const void *b)
{
    const struct place *const *x = a;
    const struct place *const *y = b;
    return strcmp((*x)->id, (*y)->id);
}

static int compare_id(const void *id, const void *place)
{
    const struct place *const *p = place;
    return strcmp(id, (*p)->id);
}

void job_list_find_positions(struct job_list *l, const struct jobs_queue *queue)
{
    size_t position = 1;
    const struct queue *q = queue->queue;
    struct place **sorted = mem_array(l->count, sizeof(struct place *));
    for (size_t i = 0; i < l->count; i++) {
        sorted[i] = &l->places[i];
    }
    qsort(sorted, l->count, sizeof *sorted, compare);
    for (const struct queue_job *job = queue_first(q); job != NULL; job = queue_after(q, job)) {
        struct place **found = bsearch(job->id, sorted, l->count, sizeof *sorted, compare_id);
        if (found != NULL) {
            (*found)->position = position;
        }
        position++;
    }
    free(sorted);
}

static void add_job(struct job_list *l)
{
    const struct place *place = &l->places[l->at++];
    const char *name = l->parts[l->part - 1].queue;
    const struct jobs_queue *queue = jobs_queue_find(l->lens.http->o.jobs, name);
    const struct queue_job *job = queue != NULL ? queue_find(queue->queue, place->id) : NULL;
    if (job == NULL) {
        return;
    }
    json_t *value = l->view(&l->lens, queue, job, job->archived_ms == 0 ? place->position : 0);
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
    strbuf_puts(&l->text, l->any ? "," : "");
    strbuf_puts(&l->text, text != NULL ? text : "null");
    l->any = true;
    free(text);
    json_decref(value);
}

/* The next job or the next part; false at the end. */
static bool add_next(struct job_list *l)
{
    if (l->part < l->parts_count && l->parts[l->part].first == l->at) {
        strbuf_puts(&l->text, l->parts[l->part++].text);
        l->any = false;
        return true;
    }
    if (l->at < l->count) {
        add_job(l);
        return true;
    }
    return false;
}

static ssize_t read_list(void *context, uint64_t position, char *out, size_t size)
{
    struct job_list *l = context;
    (void)position;
    while (l->text.len < size && add_next(l)) {
    }
    size_t len = l->text.len < size ? l->text.len : size;
    if (len == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    memcpy(out, l->text.data, len);
    l->text.len -= len;
    memmove(l->text.data, l->text.data + len, l->text.len);
    return (ssize_t)len;
}

static void free_list(void *context)
{
    struct job_list *l = context;
    for (size_t i = 0; i < l->parts_count; i++) {
        free(l->parts[i].text);
    }
    strbuf_fini(&l->text);
    free(l->parts);
    free(l->places);
    free(l);
}

void job_list_reply(struct job_list *l, struct request *r)
{
    reply_pieces(r, 200, read_list, free_list, l);
}
