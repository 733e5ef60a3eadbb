/* The card as struct device keeps it, and where the rest of device*.c calls in.
 *
 * device_sd.c      what the printer says of the card, its list, small orders
 * device_sd_start.c  how a print from the card begins: questions, M23 and M24, or without us
 * device_sd_run.c  and goes on to its end
 * device_sd_put.c  a copy to the card
 */
#ifndef PP_APP_DEVICE_SD_PRIV_H
#define PP_APP_DEVICE_SD_PRIV_H

#include "host/app/device/device_sd.h"
#include "host/io/store.h"

struct stream_note;

/* A run that goes on without us, as kept in the settings: it is taken up again. */
struct sd_kept {
    char id[37]; /* "" = none */
    int64_t start_ms;
    char name[201];
};

struct sd_put {
    bool active;
    bool asked;   /* M28 is on its way */
    bool opened;  /* the printer writes */
    bool failed;  /* and what there is of it is to be deleted */
    bool closing; /* M29 is on its way */
    char file[201];
    char sha256[65]; /* pinned */
    char name[SD_NAME_SIZE];
    char why[160]; /* it failed, or was cancelled */
    int64_t size;
    uint64_t lines;
    uint64_t bytes;
};

struct device_sd {
    /* what the firmware can, by M115 */
    bool told; /* it told of SDCARD */
    bool slot;
    bool reports;  /* M27 S */
    bool longs;    /* M20 L, M27 C */
    bool extended; /* M20 T */

    enum sd_presence presence;
    struct sd_entry *files; /* owned */
    size_t count;
    struct sd_entry *fresh; /* owned; a list being read */
    size_t fresh_count;
    bool listing;

    /* a print of the card */
    bool pending; /* device.pending names a file of the card: */
    char wanted[SD_NAME_SIZE];
    bool unchecked_ok; /* a person wants it unchecked */
    bool printing;     /* device.run is the card's */
    bool opened;       /* M23 was answered well */
    bool done;         /* "Done printing file" */
    bool muted;        /* an abort empties the printer's queue: nothing else may be in it */
    bool found;        /* while connecting: it prints already */
    char path[SD_NAME_SIZE];
    int64_t pos;
    int64_t size;
    int64_t paused_pos;    /* the first told after a pause; -1 = none */
    unsigned not_printing; /* answers "Not SD printing" in a row */
    unsigned read_errors;
    uint64_t asked_ms; /* M27 */
    uint64_t told_ms;  /* its last answer */
    struct sd_kept kept;

    struct sd_put put;
    char unfinished[SD_NAME_SIZE]; /* a copy that was cut off and still is to be deleted */
};

/* device_sd.c */
void device_sd_load(struct device *d); /* what was kept in the settings, once at the start */
void device_sd_free(struct device *d);
void device_sd_connected(struct device *d);             /* before M115 */
void device_sd_cap(struct device *d, const char *line); /* of M115 */
void device_sd_caps(struct device *d);                  /* M115 has been answered */
void device_sd_look(struct device *d);  /* does it print by itself? before anything is turned off */
void device_sd_ready(struct device *d); /* operational: the list */
void device_sd_line(struct device *d, const char *line);
bool device_sd_action(struct device *d, const char *action); /* true: it was for the card */
void device_sd_tick(struct device *d, uint64_t now_ms);
void device_sd_tag(struct device *d, int tag);
bool device_sd_swallows(const struct device *d, const char *text); /* would go into the file */
bool device_sd_muted(const struct device *d);                      /* no polls now */
void device_sd_list(struct device *d, int tag);
void device_sd_path(const struct device *d, const char *name, char out[SD_NAME_SIZE]);

/* device_sd_start.c */
void device_sd_keep(struct device *d); /* the run is found again when it goes on without us */
void device_sd_forget(struct device *d);
void device_sd_selected(struct device *d); /* M23 and M24 are answered */
void device_sd_started(struct device *d);
void device_sd_go_on(struct device *d); /* a question was answered */
void device_unchecked_answered(struct device *d, size_t answer);
bool device_sd_adopt(struct device *d); /* true: it prints by itself, and now we know */

/* device_sd_run.c */
void device_sd_report(struct device *d, bool on); /* M27 by itself; how patient the stream is */
void device_sd_position(struct device *d, int64_t pos, int64_t size);
void device_sd_not_printing(struct device *d);
void device_sd_done(struct device *d);
void device_sd_moved_there(struct device *d, bool paused); /* not by us */
void device_sd_pause(struct device *d);
void device_sd_resume(struct device *d);
void device_sd_cancel(struct device *d);
void device_sd_ended(struct device *d, enum run_result result);
void device_sd_run_tag(struct device *d, int tag);
void device_sd_run_tick(struct device *d, uint64_t now_ms);
struct device_job;
void device_sd_job(const struct device *d, struct device_job *out);

/* device_sd_put.c */
void device_sd_put_tag(struct device *d, int tag);
void device_sd_put_note(struct device *d, const struct stream_note *note);
void device_sd_put_stop(struct device *d, const char *why); /* ends it, deletes what there is */
void device_sd_put_cleaned(struct device *d); /* nothing of an earlier one is left on the card */
void device_sd_put_lost(struct device *d);    /* the printer is gone */

#endif
