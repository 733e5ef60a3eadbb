#include "host/core/progress.h"

#include <stdio.h>

#define EVERY_MS     10000
#define MINUTE_MS    60000
#define MOST_MINUTES 99999 /* 69 days */

static int percent_of(const struct progress_now *now)
{
    return now->percent <= 0 ? 0 : now->percent >= 100 ? 100 : (int)now->percent;
}

/* Rounded up: it says 1 until the end is near. */
static int minutes_of(const struct progress_now *now)
{
    if (now->left_ms < 0) {
        return -1;
    }
    int64_t minutes = now->left_ms / MINUTE_MS + (now->left_ms % MINUTE_MS != 0);
    return minutes < MOST_MINUTES ? (int)minutes : MOST_MINUTES;
}

bool progress_ready(const struct progress *p, uint64_t now_ms)
{
    return !p->told || now_ms - p->at_ms >= EVERY_MS;
}

bool progress_changed(const struct progress *p, const struct progress_now *now)
{
    return !p->told || percent_of(now) != p->percent || minutes_of(now) != p->minutes;
}

static void put_m73(const struct progress *p, char line[PROGRESS_LINE])
{
    if (p->minutes < 0) {
        snprintf(line, PROGRESS_LINE, "M73 P%d", p->percent);
    } else {
        snprintf(line, PROGRESS_LINE, "M73 P%d R%d", p->percent, p->minutes);
    }
}

/* Displays are narrow: what matters most comes first. */
static void put_m117(
    const struct progress *p, const struct progress_now *now, char line[PROGRESS_LINE])
{
    char layer[24] = "";
    char left[24] = "";
    if (now->layers > 0) {
        snprintf(layer, sizeof layer, " layer %d/%d", now->layer, now->layers);
    }
    if (p->minutes >= 0) {
        snprintf(left, sizeof left, " %dh%02dm left", p->minutes / 60, p->minutes % 60);
    }
    snprintf(line, PROGRESS_LINE, "M117 %d%%%s%s", p->percent, left, layer);
}

void progress_tell(struct progress *p, uint64_t now_ms, const struct progress_now *now,
    enum progress_mode mode, char line[PROGRESS_LINE])
{
    *p = (struct progress){
        .told = true, .percent = percent_of(now), .minutes = minutes_of(now), .at_ms = now_ms};
    if (mode == PROGRESS_M117) {
        put_m117(p, now, line);
    } else {
        put_m73(p, line);
    }
}
