/* The print's progress on the printer's own display, where the file does not tell it itself. */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"

#include <string.h>

/* By which command, PROGRESS_OFF for none. */
static enum progress_mode mode_of(const struct device *d)
{
    enum progress_mode mode = d->profile != NULL ? d->profile->progress : PROGRESS_AUTO;
    if (mode == PROGRESS_AUTO) {
        bool takes = d->who.dialect->shows_progress || caps_has(&d->who.caps, CAP_BUILD_PERCENT);
        mode = takes ? PROGRESS_M73 : PROGRESS_OFF;
    }
    if (d->spool == NULL || spool_shows(d->spool, mode == PROGRESS_M73 ? 73 : 117)) {
        return PROGRESS_OFF;
    }
    return mode;
}

static void tell(struct device *d, uint64_t now, const struct progress_now *what)
{
    char line[PROGRESS_LINE];
    progress_tell(&d->shown, now, what, mode_of(d), line);
    device_inject(d, line, TAG_NONE);
}

/* Whatever waits to be sent already is more important. Before a line of the file is printed nobody
 * has looked whether the file tells its progress itself. */
void device_display_tick(struct device *d, uint64_t now)
{
    struct device_job job;
    if (device_state(d) != PRINTER_PRINTING || !progress_ready(&d->shown, now) ||
        sender_injects(d->sender) > 0 || mode_of(d) == PROGRESS_OFF) {
        return;
    }
    device_job(d, &job);
    if (job.lines == 0) {
        return;
    }
    struct progress_now what = {job.percent, job.left_ms, job.layer, job.layers};
    if (progress_changed(&d->shown, &what)) {
        tell(d, now, &what);
    }
}

void device_display_end(struct device *d)
{
    if (d->shown.told && mode_of(d) != PROGRESS_OFF) {
        int layers = d->analysis.layers;
        tell(d, clock_ms(), &(struct progress_now){100, 0, layers, layers});
    }
}
