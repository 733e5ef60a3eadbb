#include "host/app/device/spool_priv.h"

#include "host/base/log.h"
#include "host/base/str.h"
#include "host/core/sdcard.h"

#include <string.h>
#include <strings.h>

uint32_t spool_next_generation(void)
{
    static uint32_t last;
    return ++last;
}

/* `item` gives kind, offset, n and tag. */
bool spool_put(struct spool *s, const struct stream_item *item, const char *text, size_t len)
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

bool spool_display_only(const struct gcode *g)
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
enum spool_barrier spool_barrier_of(const struct gcode *g)
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
size_t spool_sent_len(const struct spool *s, const struct gcode *g)
{
    size_t len = g->len;
    if ((spool_display_only(g) || s->options.copy) && s->options.max_command > 0 &&
        len > s->options.max_command) {
        len = s->options.max_command;
    }
    return len < LINE_MAX_CMD ? len : LINE_MAX_CMD;
}

/* A line for the card; false when the ring is full. */
static bool put_copy(struct spool *s, const struct gcode *g, uint64_t end_offset)
{
    struct stream_item item = {.end_offset = end_offset, .kind = ITEM_LINE};
    size_t len = spool_sent_len(s, g);
    const char *why = len < g->len && !spool_display_only(g) ? "is longer than the printer takes"
                                                             : sd_unwritable(g->text, len);
    struct err e;
    if (g->letter == '@' || (why != NULL && spool_display_only(g))) {
        return true;
    }
    if (why != NULL) {
        err_set(&e, PP_EREFUSED, "the line \"%.*s\" %s", (int)(len < 60 ? len : 60), g->text, why);
        s->failed = true;
        s->options.on_error(s->options.context, &e);
        return false;
    }
    if (!spool_put(s, &item, g->text, len)) {
        return false;
    }
    s->copied_lines++;
    s->copied_bytes += len;
    return true;
}

/* The file offset of the first line not yet taken. */
uint64_t spool_here(const struct spool *s)
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
        {.end_offset = spool_here(s), .kind = ITEM_BARRIER, .tag = SPOOL_CHANGE},
        {.end_offset = end_offset, .kind = ITEM_SYNC},
        {.end_offset = end_offset, .kind = ITEM_BARRIER, .tag = SPOOL_CHANGED},
    };
    for (; s->change_step < 3; s->change_step++) {
        size_t len = s->change_step == 1 ? spool_sent_len(s, g) : 0;
        if (!spool_put(s, &items[s->change_step], g->text, len)) {
            return false;
        }
    }
    s->change_step = 0;
    return true;
}

static bool put_command(struct spool *s, const struct gcode *g, uint64_t end_offset)
{
    enum spool_barrier barrier = spool_barrier_of(g);
    struct stream_item item = {.end_offset = end_offset, .kind = ITEM_LINE};
    if (barrier != 0) {
        item.kind = ITEM_BARRIER;
        item.tag = barrier;
        return spool_put(s, &item, "", 0);
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
    return spool_put(s, &item, g->text, spool_sent_len(s, g));
}

static void keep_check(struct spool *s, uint64_t end_offset)
{
    if (s->lines++ % CHECK_EVERY == 0) {
        s->check[s->checks++ % CHECKS] =
            (struct check){.end_offset = end_offset, .modal = s->modal, .drawn = s->drawn};
    }
}

/* Behind the step that moved from `e_before_nm`. */
void spool_count_drawn(struct drawn *d, const struct gcode_modal *modal, int64_t e_before_nm)
{
    int tool = modal->tool;
    int64_t nm = modal->pos[3] - e_before_nm;
    if (tool >= ANALYSIS_TOOLS || nm == 0) {
        return;
    }
    d->net_nm[tool] += nm / 100 * modal->flow_percent + nm % 100 * modal->flow_percent / 100;
    if (d->net_nm[tool] > d->most_nm[tool]) {
        d->total_nm += d->net_nm[tool] - d->most_nm[tool];
        d->most_nm[tool] = d->net_nm[tool];
    }
}

/* Both without comments and surrounding blanks, in any case. */
bool spool_ignores(const struct spool *s, const struct gcode *g)
{
    struct gcode ignored;
    for (const char *line = s->ignore; line != NULL && *line != '\0';) {
        size_t len = strcspn(line, "\n");
        gcode_parse(&ignored, line, len);
        if (ignored.len > 0 && ignored.len == g->len &&
            strncasecmp(ignored.text, g->text, g->len) == 0) {
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
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

/* A line without a command: a pause that some slicers write so, or where a layer begins. */
static bool put_comment(struct spool *s, const char *line, size_t len, uint64_t end_offset)
{
    const struct stream_item pause = {
        .end_offset = end_offset, .kind = ITEM_BARRIER, .tag = SPOOL_PAUSE};
    const char *comment = memchr(line, ';', len);
    size_t before = comment != NULL ? (size_t)(comment - line) : 0;
    if (comment != NULL && pauses_comment(comment, len - before)) {
        return spool_put(s, &pause, "", 0);
    }
    if (comment != NULL && comments_line(&s->comments, &s->said, comment, len - before)) {
        s->layer[s->layers++ % LAYERS] =
            (struct layer_mark){.offset = end_offset, .layer = ++s->layer_now};
    }
    return true;
}

/* False when the ring is full: the line stays for the next time. */
bool spool_put_line(struct spool *s, const char *line, size_t len, uint64_t end_offset)
{
    struct gcode g;
    gcode_parse(&g, line, len);
    if (g.letter == 0 && g.len == 0) {
        return s->options.copy || put_comment(s, line, len, end_offset);
    }
    if (s->options.copy) {
        return put_copy(s, &g, end_offset);
    }
    if (spool_ignores(s, &g)) {
        return true;
    }
    if (!s->bed_barrier && moves(&g)) {
        struct stream_item item = {
            .end_offset = spool_here(s), .kind = ITEM_BARRIER, .tag = SPOOL_BED};
        if (!spool_put(s, &item, "", 0)) {
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
    spool_count_drawn(&s->drawn, &s->modal, e_before);
    keep_check(s, end_offset);
    keep_height(s, end_offset, z_before);
    return true;
}
