#include "host/app/device/spool_priv.h"

#include "host/base/mem.h"
#include "host/core/sdcard.h"

#include <string.h>

void spool_checkpoint(struct spool *s, uint64_t n, uint64_t offset)
{
    if (s->numbers % 256 == 0) {
        s->number = mem_resize(s->number, s->numbers + 256, sizeof *s->number);
    }
    s->number[s->numbers++] = (struct numbered){.n = n, .offset = offset};
}

void spool_injected(struct spool *s, uint64_t n, const char *text)
{
    if (s->injects % 256 == 0) {
        s->inject = mem_resize(s->inject, s->injects + 256, sizeof *s->inject);
    }
    bool poll = strcmp(text, "M105") == 0;
    s->inject[s->injects++] = (struct injected){.n = n, .text = poll ? NULL : mem_strdup(text)};
}

struct replay {
    struct spool *s;
    uint64_t n; /* of the next line met */
    uint64_t from;
    uint64_t until;
    size_t inject; /* next entry of s->inject that may have this number */
    bool full;
};

static bool replay_one(struct replay *r, const char *text, size_t len, uint64_t end_offset)
{
    struct stream_item item = {.kind = ITEM_REPLAY, .n = r->n, .end_offset = end_offset};
    r->full = r->n >= r->from && !spool_put(r->s, &item, text, len);
    r->n++;
    return !r->full && r->n < r->until;
}

/* Injected lines took numbers between those of the file. */
static bool replay_injected(struct replay *r)
{
    const struct spool *s = r->s;
    while (r->inject < s->injects && s->inject[r->inject].n < r->n) {
        r->inject++;
    }
    while (r->inject < s->injects && s->inject[r->inject].n == r->n && r->n < r->until) {
        const char *text = s->inject[r->inject].text;
        text = text != NULL ? text : "M105";
        if (!replay_one(r, text, strlen(text), 0)) {
            return false;
        }
    }
    return r->n < r->until;
}

static bool replay_line(void *context, const struct gcode *g, uint64_t end_offset)
{
    struct replay *r = context;
    bool left_out = r->s->options.copy ? spool_display_only(g) &&
                                             sd_unwritable(g->text, spool_sent_len(r->s, g)) != NULL
                                       : spool_barrier_of(g) != 0;
    left_out = left_out || (!r->s->options.copy && spool_ignores(r->s, g));
    if (left_out || g->letter == '@') {
        return true;
    }
    return replay_injected(r) && replay_one(r, g->text, spool_sent_len(r->s, g), end_offset);
}

/* The last checkpoint below n, or the start of the job. */
static struct numbered checkpoint_before(const struct spool *s, uint64_t n)
{
    struct numbered best = {.n = 0, .offset = 0};
    for (size_t i = 0; i < s->numbers && s->number[i].n < n; i++) {
        best = s->number[i];
    }
    return best;
}

static void seek(struct spool *s, uint64_t offset)
{
    s->start = 0;
    s->end = 0;
    s->change_step = 0;
    s->discard = s->reading;
    s->file_offset = offset;
    s->at_end = false;
    s->ended = false;
    while (s->layers > 0 && s->layer[(s->layers - 1) % LAYERS].offset > offset) {
        s->layers--;
    }
    s->layer_now = spool_layer(s, offset);
    while (s->heights > 0 && s->height[(s->heights - 1) % HEIGHTS].offset > offset) {
        s->heights--;
    }
}

/* Puts the lines wanted again into the emptied ring and goes back to where the job was. */
bool spool_replay(struct spool *s)
{
    struct err e;
    struct numbered from = checkpoint_before(s, s->replay_from);
    struct replay r = {.s = s, .n = from.n + 1, .from = s->replay_from, .until = s->replay_until};
    s->rewinding = false;
    int rc = from.n > 0
                 ? spool_scan(s, from.offset, s->resume_offset, replay_line, &r, &e)
                 : err_set(&e, PP_EPROTO, "line %llu, which the printer wants again, is lost",
                       (unsigned long long)s->replay_from);
    if (rc == 0 && r.full) {
        rc = err_set(&e, PP_EPROTO,
            "the printer wants %llu lines again, more than can be kept ready",
            (unsigned long long)(s->replay_until - s->replay_from));
    }
    if (rc == 0) {
        rc = spool_state(s, s->resume_offset, &s->modal, &s->drawn, &e);
    }
    if (rc < 0) {
        s->options.on_error(s->options.context, &e);
        return false;
    }
    seek(s, s->resume_offset);
    return true;
}

uint32_t spool_rewind(struct spool *s, uint64_t n, uint64_t until, uint64_t offset)
{
    s->generation = spool_next_generation();
    s->rewinding = true; /* done by spool_fill(), when the sender has emptied the ring */
    s->replay_from = n;
    s->replay_until = until;
    s->resume_offset = offset;
    return s->generation;
}
