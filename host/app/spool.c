#include "host/app/spool.h"

#include "host/base/log.h"
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/analyze_comments.h"
#include "host/core/sdcard.h"
#include "host/io/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CHUNK       ((size_t)64 << 10)
#define BUFFER      (2 * CHUNK) /* a chunk behind the rest of the last line */
#define CHECK_EVERY 128u        /* lines between two kept modal states */
#define CHECKS      256u        /* back to before the oldest line that the ring may hold */
#define HEIGHTS     4096u
#define LAYERS      256u

struct check {
    uint64_t end_offset;
    struct gcode_modal modal;
};

struct layer_mark {
    uint64_t offset;
    int layer;
};

/* From this offset on the nozzle is at this height. */
struct height_mark {
    uint64_t offset;
    int64_t z_nm;
};

/* A line number and the file offset behind that line. */
struct numbered {
    uint64_t n;
    uint64_t offset;
};

/* An injected line took this number; its text matters only if it is no temperature poll. */
struct injected {
    uint64_t n;
    char *text; /* owned; NULL = M105 */
};

struct spool {
    struct spool_options options;
    struct spsc *ring;
    int fd;
    uint32_t generation;

    struct reader *reader; /* owned; has the descriptor */
    bool reading;
    bool discard; /* what is being read belongs to another place */
    bool at_end;  /* the file is read to its end */
    bool ended;   /* ITEM_END is in the ring */
    bool closed;  /* a copy: and M29 */
    bool failed;  /* a line that cannot be copied: told once */
    uint64_t copied_lines;
    uint64_t copied_bytes;

    char buffer[BUFFER];
    size_t start; /* of the unparsed part */
    size_t end;
    uint64_t file_offset; /* of buffer[end] */
    bool skipping;        /* inside a line too long to be anything but a comment */

    struct gcode_modal modal;
    int change_step; /* items of the filament change at hand that are in the ring */
    bool shows_m73;  /* met in the file */
    bool shows_m117;
    char unknown[8][24]; /* host commands nobody knows, each told once */
    size_t unknowns;
    bool bed_barrier;          /* SPOOL_BED is in the ring */
    uint64_t extruding_offset; /* behind the first extruding move; UINT64_MAX = not met yet */
    uint64_t lines;
    struct check check[CHECKS];
    size_t checks;
    struct layer_mark layer[LAYERS];
    size_t layers;
    struct height_mark height[HEIGHTS];
    size_t heights;
    int layer_now;
    struct comments comments;
    struct analysis said; /* what comments say, of which only layers matter here */

    struct numbered *number; /* owned */
    size_t numbers;
    struct injected *inject; /* owned */
    size_t injects;

    bool passing; /* lines are read, but belong to what was sent before */
    bool levels;  /* the bed's shape is being compensated */
    uint64_t pass_until;
    spool_ready_cb ready;

    bool rewinding; /* lines replay_from .. replay_until-1 go into the ring next */
    uint64_t replay_from;
    uint64_t replay_until;
    uint64_t resume_offset; /* and then the file from here on */
};

static uint32_t next_generation(void)
{
    static uint32_t last;
    return ++last;
}

/* ---- into the ring ---- */

/* `item` gives kind, offset, n and tag. */
static bool put(struct spool *s, const struct stream_item *item, const char *text, size_t len)
{
    if (s->passing) {
        return true;
    }
    struct stream_item *slot = spsc_reserve(s->ring, sizeof *item + len);
    if (slot == NULL) {
        return false;
    }
    *slot = *item;
    slot->generation = s->generation;
    slot->len = (uint16_t)len;
    memcpy(slot->text, text, len);
    spsc_push(s->ring, sizeof *item + len);
    return true;
}

static bool is_display_only(const struct gcode *g)
{
    return g->letter == 'M' && (g->number == 117 || g->number == 118 || g->number == 486);
}

static bool starts_word(const struct gcode *g, const char *word)
{
    size_t n = strlen(word);
    return g->len >= n && strncasecmp(g->text, word, n) == 0 && (g->len == n || g->text[n] == ' ');
}

/* The commands that stop the job where they stand, by our own pause: at the printer nobody could
 * say that it goes on. M226 with words waits for a pin of the board, which the printer does. */
static bool pauses(const struct gcode *g)
{
    return g->letter == 'M' && (g->number == 0 || g->number == 1 || g->number == 25 ||
                                   g->number == 601 || (g->number == 226 && g->has == 0));
}

/* The barrier a command is, or 0. */
static enum spool_barrier barrier_of(const struct gcode *g)
{
    if (pauses(g)) {
        return SPOOL_PAUSE;
    }
    if (g->letter == '@') {
        if (starts_word(g, "@pause")) {
            return SPOOL_PAUSE;
        }
        return starts_word(g, "@cancel") || starts_word(g, "@abort") ? SPOOL_CANCEL : 0;
    }
    return 0;
}

/* True for what the firmware may turn into extruding moves: macros, filament changes. */
static bool may_draw(const struct gcode *g)
{
    bool macro = g->number < 0 && g->letter != '@';
    return macro || (g->letter == 'M' && (g->number == 600 || g->number == 701));
}

/* True for a move, the first of which is where the bed may stop being clear soon. */
static bool moves(const struct gcode *g)
{
    return may_draw(g) ||
           (g->letter == 'G' && ((g->number >= 0 && g->number <= 3) || g->number == 5));
}

/* How much of a command is sent, the first time and again. */
static size_t sent_len(const struct spool *s, const struct gcode *g)
{
    size_t len = g->len;
    if ((is_display_only(g) || s->options.copy) && s->options.max_command > 0 &&
        len > s->options.max_command) {
        len = s->options.max_command;
    }
    return len < LINE_MAX_CMD ? len : LINE_MAX_CMD;
}

/* A line for the card; false when the ring is full. */
static bool put_copy(struct spool *s, const struct gcode *g, uint64_t end_offset)
{
    struct stream_item item = {.end_offset = end_offset, .kind = ITEM_LINE};
    size_t len = sent_len(s, g);
    const char *why = len < g->len && !is_display_only(g) ? "is longer than the printer takes"
                                                          : sd_unwritable(g->text, len);
    struct err e;
    if (g->letter == '@' || (why != NULL && is_display_only(g))) {
        return true;
    }
    if (why != NULL) {
        err_set(&e, PP_EREFUSED, "the line \"%.*s\" %s", (int)(len < 60 ? len : 60), g->text, why);
        s->failed = true;
        s->options.on_error(s->options.context, &e);
        return false;
    }
    if (!put(s, &item, g->text, len)) {
        return false;
    }
    s->copied_lines++;
    s->copied_bytes += len;
    return true;
}

/* The file offset of the first line not yet taken. */
static uint64_t here(const struct spool *s)
{
    return s->file_offset - (s->end - s->start);
}

/* A host command that is none of ours is said once, and never sent. */
static void tell_unknown(struct spool *s, const struct gcode *g)
{
    char word[sizeof s->unknown[0]];
    size_t len = 0;
    while (len < g->len && g->text[len] != ' ') {
        len++;
    }
    str_escape(word, sizeof word, g->text, len);
    for (size_t i = 0; i < s->unknowns; i++) {
        if (strcmp(s->unknown[i], word) == 0) {
            return;
        }
    }
    if (!starts_word(g, "@resume") && s->unknowns < sizeof s->unknown / sizeof *s->unknown) {
        memcpy(s->unknown[s->unknowns++], word, sizeof word);
        log_warn("the file has the host command \"%s\", which is not known: left out", word);
    }
}

/* The command between two barriers, so that it is known when the printer is at it. False: the ring
 * is full, and what is in it already is not put there again. */
static bool put_change(struct spool *s, const struct gcode *g, uint64_t end_offset)
{
    const struct stream_item items[] = {
        {.end_offset = here(s), .kind = ITEM_BARRIER, .tag = SPOOL_CHANGE},
        {.end_offset = end_offset, .kind = ITEM_SYNC},
        {.end_offset = end_offset, .kind = ITEM_BARRIER, .tag = SPOOL_CHANGED},
    };
    for (; s->change_step < 3; s->change_step++) {
        size_t len = s->change_step == 1 ? sent_len(s, g) : 0;
        if (!put(s, &items[s->change_step], g->text, len)) {
            return false;
        }
    }
    s->change_step = 0;
    return true;
}

static bool put_command(struct spool *s, const struct gcode *g, uint64_t end_offset)
{
    enum spool_barrier barrier = barrier_of(g);
    struct stream_item item = {.end_offset = end_offset, .kind = ITEM_LINE};
    if (barrier != 0) {
        item.kind = ITEM_BARRIER;
        item.tag = barrier;
        return put(s, &item, "", 0);
    }
    if (g->letter == '@') {
        tell_unknown(s, g);
        return true;
    }
    if (g->letter == 'M' && g->number == 600) {
        return put_change(s, g, end_offset);
    }
    s->shows_m73 = s->shows_m73 || (g->letter == 'M' && g->number == 73);
    s->shows_m117 = s->shows_m117 || (g->letter == 'M' && g->number == 117);
    return put(s, &item, g->text, sent_len(s, g));
}

static void keep_check(struct spool *s, uint64_t end_offset)
{
    if (s->lines++ % CHECK_EVERY == 0) {
        s->check[s->checks++ % CHECKS] =
            (struct check){.end_offset = end_offset, .modal = s->modal};
    }
}

static void keep_height(struct spool *s, uint64_t end_offset, int64_t before_nm)
{
    if (s->modal.pos[2] != before_nm) {
        s->height[s->heights++ % HEIGHTS] =
            (struct height_mark){.offset = end_offset, .z_nm = s->modal.pos[2]};
    }
}

/* ";@pause", as some slicers write it. */
static bool pauses_comment(const char *comment, size_t len)
{
    static const char word[] = ";@pause";
    size_t n = sizeof word - 1;
    return len >= n && strncasecmp(comment, word, n) == 0 &&
           (len == n || comment[n] == ' ' || comment[n] == '\r');
}

/* False when the ring is full: the line stays for the next time. */
static bool put_line(struct spool *s, const char *line, size_t len, uint64_t end_offset)
{
    struct gcode g;
    gcode_parse(&g, line, len);
    if (g.letter == 0 && g.len == 0 && s->options.copy) {
        return true;
    }
    if (g.letter == 0 && g.len == 0) {
        const char *comment = memchr(line, ';', len);
        size_t before = comment != NULL ? (size_t)(comment - line) : 0;
        if (comment != NULL && pauses_comment(comment, len - before)) {
            return put(s,
                &(struct stream_item){
                    .end_offset = end_offset, .kind = ITEM_BARRIER, .tag = SPOOL_PAUSE},
                "", 0);
        }
        if (comment != NULL && comments_line(&s->comments, &s->said, comment, len - before)) {
            s->layer[s->layers++ % LAYERS] =
                (struct layer_mark){.offset = end_offset, .layer = ++s->layer_now};
        }
        return true;
    }
    if (s->options.copy) {
        return put_copy(s, &g, end_offset);
    }
    if (!s->bed_barrier && moves(&g)) {
        struct stream_item item = {.end_offset = here(s), .kind = ITEM_BARRIER, .tag = SPOOL_BED};
        if (!put(s, &item, "", 0)) {
            return false;
        }
        s->bed_barrier = true;
    }
    if (!put_command(s, &g, end_offset)) {
        return false;
    }
    bool levels = (g.letter == 'G' && g.number == 29) || (g.letter == 'M' && g.number == 420);
    s->levels = s->levels || levels;
    int64_t e_before = s->modal.pos[3];
    int64_t z_before = s->modal.pos[2];
    gcode_modal_step(&s->modal, &g);
    bool extrudes = s->modal.pos[3] > e_before || may_draw(&g); /* priming in place as well */
    if (extrudes && s->extruding_offset == UINT64_MAX) {
        s->extruding_offset = end_offset;
    }
    keep_check(s, end_offset);
    keep_height(s, end_offset, z_before);
    return true;
}

/* ---- reading ---- */

static void free_spool(void *context)
{
    struct spool *s = context;
    for (size_t i = 0; i < s->injects; i++) {
        free(s->inject[i].text);
    }
    free(s->inject);
    free(s->number);
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
    while (here(s) < s->pass_until && (line = next_line(s, &len, &taken)) != NULL) {
        if (!s->skipping) {
            put_line(s, line, len, here(s) + taken);
        }
        s->skipping = false;
        s->start += taken;
    }
    if (here(s) == s->pass_until) {
        passed(s, NULL);
    } else if (here(s) > s->pass_until || s->at_end) {
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

static bool replay(struct spool *s);

void spool_fill(struct spool *s)
{
    const char *line;
    size_t len;
    size_t taken;
    if (s->failed || (s->rewinding && !replay(s))) {
        return;
    }
    while ((line = next_line(s, &len, &taken)) != NULL) {
        uint64_t end_offset = here(s) + taken;
        if (!s->skipping && !put_line(s, line, len, end_offset)) {
            sender_ask_later(s->options.sender);
            return;
        }
        s->skipping = false;
        s->start += taken;
    }
    if (s->at_end && s->options.copy && !s->closed) {
        struct stream_item m29 = {.end_offset = s->file_offset, .kind = ITEM_LINE};
        s->closed = put(s, &m29, "M29", 3);
    }
    if (s->at_end && !s->ended) {
        s->ended =
            (s->closed || !s->options.copy) &&
            put(s, &(struct stream_item){.end_offset = s->file_offset, .kind = ITEM_END}, "", 0);
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
    s->ring = sender_ring(options->sender);
    s->fd = fd;
    s->reader = reader_open(options->loop, fd, on_read, s);
    s->generation = next_generation();
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

/* ---- where the print is ---- */

int spool_layer(struct spool *s, uint64_t offset)
{
    size_t kept = s->layers < LAYERS ? s->layers : LAYERS;
    for (size_t i = 1; i <= kept; i++) {
        const struct layer_mark *m = &s->layer[(s->layers - i) % LAYERS];
        if (m->offset <= offset) {
            return m->layer;
        }
    }
    return 0;
}

int64_t spool_height_nm(const struct spool *s, uint64_t offset)
{
    size_t kept = s->heights < HEIGHTS ? s->heights : HEIGHTS;
    int64_t oldest_nm = 0;
    for (size_t i = 1; i <= kept; i++) {
        const struct height_mark *m = &s->height[(s->heights - i) % HEIGHTS];
        oldest_nm = m->z_nm;
        if (m->offset <= offset) {
            return m->z_nm;
        }
    }
    return kept == HEIGHTS ? oldest_nm : 0;
}

/* Runs the lines between two offsets of the file through `each`. */
static int scan(struct spool *s, uint64_t from, uint64_t to,
    bool (*each)(void *context, const struct gcode *g, uint64_t end_offset), void *context,
    struct err *e)
{
    char *bytes = mem_alloc(CHUNK);
    bool go = true;
    int rc = 0;
    while (go && from < to) {
        ssize_t n = pread(s->fd, bytes, CHUNK, (off_t)from);
        if (n <= 0) {
            rc = n < 0 ? err_errno(e, errno, "read the print's file again") : 0;
            break;
        }
        const char *line = bytes;
        const char *end = bytes + n;
        while (go && from < to && line < end) {
            const char *newline = memchr(line, '\n', (size_t)(end - line));
            if (newline == NULL && n == (ssize_t)CHUNK && line > bytes) {
                break; /* the rest of this line comes with the next piece */
            }
            size_t len = newline != NULL ? (size_t)(newline - line) : (size_t)(end - line);
            struct gcode g;
            gcode_parse(&g, line, len);
            from += len + (newline != NULL);
            go = (g.letter == 0 && g.len == 0) || each(context, &g, from);
            line += len + 1;
        }
    }
    free(bytes);
    return rc;
}

static bool step_modal(void *context, const struct gcode *g, uint64_t end_offset)
{
    (void)end_offset;
    gcode_modal_step(context, g);
    return true;
}

int spool_modal(struct spool *s, uint64_t offset, struct gcode_modal *out, struct err *e)
{
    uint64_t from = 0;
    size_t kept = s->checks < CHECKS ? s->checks : CHECKS;
    gcode_modal_init(out);
    for (size_t i = 1; i <= kept; i++) {
        const struct check *c = &s->check[(s->checks - i) % CHECKS];
        if (c->end_offset <= offset) {
            from = c->end_offset;
            *out = c->modal;
            break;
        }
    }
    return scan(s, from, offset, step_modal, out, e);
}

/* ---- lines older than the history ---- */

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
    r->full = r->n >= r->from && !put(r->s, &item, text, len);
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
    bool left_out = r->s->options.copy
                        ? is_display_only(g) && sd_unwritable(g->text, sent_len(r->s, g)) != NULL
                        : barrier_of(g) != 0;
    if (left_out || g->letter == '@') {
        return true;
    }
    return replay_injected(r) && replay_one(r, g->text, sent_len(r->s, g), end_offset);
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
static bool replay(struct spool *s)
{
    struct err e;
    struct numbered from = checkpoint_before(s, s->replay_from);
    struct replay r = {.s = s, .n = from.n + 1, .from = s->replay_from, .until = s->replay_until};
    s->rewinding = false;
    int rc = from.n > 0
                 ? scan(s, from.offset, s->resume_offset, replay_line, &r, &e)
                 : err_set(&e, PP_EPROTO, "line %llu, which the printer wants again, is lost",
                       (unsigned long long)s->replay_from);
    if (rc == 0 && r.full) {
        rc = err_set(&e, PP_EPROTO,
            "the printer wants %llu lines again, more than can be kept ready",
            (unsigned long long)(s->replay_until - s->replay_from));
    }
    if (rc == 0) {
        rc = spool_modal(s, s->resume_offset, &s->modal, &e);
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
    s->generation = next_generation();
    s->rewinding = true; /* done by spool_fill(), when the sender has emptied the ring */
    s->replay_from = n;
    s->replay_until = until;
    s->resume_offset = offset;
    return s->generation;
}
