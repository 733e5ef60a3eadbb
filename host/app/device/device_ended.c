/* The end of a print goes into the history, as soon as the disk takes it: until then the words of
 * the print stay where the next process finds them, unless another print has begun.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>

#define AGAIN_MS 5000

struct device_ended {
    struct device_ended *next;
    struct device *device;
    struct run run;
    uint64_t again_ms; /* not before */
};

static void on_saved(void *context, const struct err *e)
{
    struct device_ended *ended = context;
    struct device *d = ended->device;
    bool again = e != NULL && e->code != PP_ECANCELED && !d->closing;
    if (e != NULL) {
        log_error("the end of \"%s\" could not be written into the history%s: %s",
            ended->run.file_name, again ? " yet" : "", e->text);
    }
    if (again) {
        ended->again_ms = clock_ms() + AGAIN_MS;
        ended->next = d->ended;
        d->ended = ended;
    } else {
        free(ended);
        d->runs_ending--;
        device_remember(d);
    }
    device_stored(d);
}

static void save(struct device_ended *ended)
{
    struct device *d = ended->device;
    d->open++;
    store_save_run(d->store, &ended->run, on_saved, ended);
}

void device_ended_save(struct device *d, const struct run *run)
{
    struct device_ended *ended = mem_alloc(sizeof *ended);
    *ended = (struct device_ended){.device = d, .run = *run};
    d->runs_ending++;
    save(ended);
}

static struct device_ended *take(struct device *d)
{
    struct device_ended *ended = d->ended;
    d->ended = ended->next;
    return ended;
}

void device_ended_tick(struct device *d, uint64_t now_ms)
{
    if (d->ended != NULL && now_ms >= d->ended->again_ms) {
        save(take(d));
    }
}

void device_ended_close(struct device *d)
{
    while (d->ended != NULL) {
        save(take(d));
    }
}
