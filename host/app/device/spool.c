#include "host/app/device/spool_priv.h"

#include "host/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static void free_spool(void *context)
{
    struct spool *s = context;
    for (size_t i = 0; i < s->injects; i++) {
        free(s->inject[i].text);
    }
    free(s->inject);
    free(s->number);
    free(s->ignore);
    free(s);
}

static void read_more(struct spool *s)
{
    if (s->reading || s->at_end || s->ended) {
        return;
    }
    memmove(s->buffer, s->buffer + s->start, s->end - s->start);
    s->end -= s->start;
    s->start = 0;
    if (BUFFER - s->end < CHUNK) {
        s->end = 0; /* 64 KiB without a newline: no gcode */
        s->skipping = true;
    }
    s->reading = true;
    reader_read(s->reader, s->buffer + s->end, CHUNK, s->file_offset);
}

/* The next whole line in the buffer (the last one needs no newline); NULL when more must be read.
 */
static const char *next_line(struct spool *s, size_t *len, size_t *taken)
{
    const char *line = s->buffer + s->start;
    size_t left = s->end - s->start;
    const char *newline = memchr(line, '\n', left);
    if (newline == NULL && (!s->at_end || left == 0)) {
        return NULL;
    }
    *len = newline != NULL ? (size_t)(newline - line) : left;
    *taken = *len + (newline != NULL);
    return line;
}

static void passed(struct spool *s, const struct err *e)
{
    s->passing = false;
    s->ready(s->options.context, e);
}

/* Goes through what was read of the lines sent before. */
static void pass(struct spool *s)
{
    const char *line;
    size_t len;
    size_t taken;
    struct err e;
    while (spool_here(s) < s->pass_until && (line = next_line(s, &len, &taken)) != NULL) {
        if (!s->skipping) {
            spool_put_line(s, line, len, spool_here(s) + taken);
        }
        s->skipping = false;
        s->start += taken;
    }
    if (spool_here(s) == s->pass_until) {
        passed(s, NULL);
    } else if (spool_here(s) > s->pass_until || s->at_end) {
        err_set(&e, PP_ECORRUPT, "no line of %s ends at byte %llu, where the print was",
            s->options.path, (unsigned long long)s->pass_until);
        passed(s, &e);
    } else {
        read_more(s);
    }
}

static void fail(struct spool *s, const struct err *e)
{
    if (s->passing) {
        passed(s, e);
    } else {
        s->options.on_error(s->options.context, e);
    }
}

static void on_read(void *context, ssize_t n)
{
    struct spool *s = context;
    struct err e;
    s->reading = false;
    if (n < 0) {
        err_errno(&e, (int)-n, "read \"%s\"", s->options.path);
        fail(s, &e);
        return;
    }
    if (n == 0 && !s->discard && s->file_offset != s->options.size_bytes) {
        err_set(&e, PP_ECORRUPT, "%s has %llu bytes, it had %llu when it was checked",
            s->options.path, (unsigned long long)s->file_offset,
            (unsigned long long)s->options.size_bytes);
        fail(s, &e);
        return;
    }
    if (!s->discard) {
        s->at_end = n == 0;
        s->end += (size_t)n;
        s->file_offset += (uint64_t)n;
    }
    s->discard = false;
    if (s->passing) {
        pass(s);
    } else {
        spool_fill(s);
    }
}

void spool_fill(struct spool *s)
{
    const char *line;
    size_t len;
    size_t taken;
    if (s->failed || (s->rewinding && !spool_replay(s))) {
        return;
    }
    while ((line = next_line(s, &len, &taken)) != NULL) {
        uint64_t end_offset = spool_here(s) + taken;
        if (!s->skipping && !spool_put_line(s, line, len, end_offset)) {
            sender_ask_later(s->options.sender);
            return;
        }
        s->skipping = false;
        s->start += taken;
    }
    if (s->at_end && s->options.copy && !s->closed) {
        struct stream_item m29 = {.end_offset = s->file_offset, .kind = ITEM_LINE};
        s->closed = spool_put(s, &m29, "M29", 3);
    }
    if (s->at_end && !s->ended) {
        s->ended =
            (s->closed || !s->options.copy) &&
            spool_put(
                s, &(struct stream_item){.end_offset = s->file_offset, .kind = ITEM_END}, "", 0);
        if (!s->ended) {
            sender_ask_later(s->options.sender);
            return;
        }
    }
    sender_wake(s->options.sender);
    read_more(s);
}

int spool_open(struct spool **out, const struct spool_options *options, struct err *e)
{
    int fd = open(options->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_errno(e, errno, "\"%s\"", options->path);
    }
    struct spool *s = mem_alloc(sizeof *s);
    s->options = *options;
    s->options.path = "the print's file"; /* the caller's text does not outlive this call */
    s->options.ignore_lines = NULL;
    s->ignore = options->ignore_lines != NULL ? mem_strdup(options->ignore_lines) : NULL;
    s->ring = sender_ring(options->sender);
    s->fd = fd;
    s->reader = reader_open(options->loop, fd, on_read, s);
    s->generation = spool_next_generation();
    s->extruding_offset = UINT64_MAX;
    gcode_modal_init(&s->modal);
    comments_init(&s->comments);
    *out = s;
    return 0;
}

int spool_open_at(struct spool **out, const struct spool_options *options, uint64_t offset,
    bool bed_taken, spool_ready_cb ready, struct err *e)
{
    int rc = spool_open(out, options, e);
    if (rc < 0) {
        return rc;
    }
    struct spool *s = *out;
    s->bed_barrier = bed_taken;
    s->pass_until = offset;
    s->ready = ready;
    s->passing = true;
    read_more(s);
    return 0;
}

bool spool_levels(const struct spool *s)
{
    return s->levels;
}

void spool_close(struct spool *s)
{
    reader_close(s->reader, free_spool, s);
}

uint32_t spool_generation(const struct spool *s)
{
    return s->generation;
}

bool spool_shows(const struct spool *s, int command)
{
    return command == 73 ? s->shows_m73 : s->shows_m117;
}

bool spool_has_extruded(const struct spool *s, uint64_t offset)
{
    return offset >= s->extruding_offset;
}

void spool_copied(const struct spool *s, uint64_t *lines, uint64_t *bytes)
{
    *lines = s->copied_lines;
    *bytes = s->copied_bytes;
}
