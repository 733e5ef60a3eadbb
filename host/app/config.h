/* Configuration: /etc/pphost/pphost.yaml, then $XDG_CONFIG_HOME/pphost/pphost.yaml, then --config;
 * later files override key by key. Every mistake is told as `file:line:col: key: "value": what
 * would be right`, with a suggestion for a misspelt key.
 */
#ifndef PP_APP_CONFIG_H
#define PP_APP_CONFIG_H

#include "host/base/err.h"
#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_give_up {
    CONFIG_GIVE_UP_STOP,
    CONFIG_GIVE_UP_SKIP,
    CONFIG_GIVE_UP_QUARANTINE
};

/* What follows an upload of a slicer that does not ask for a print. */
enum config_upload {
    CONFIG_UPLOAD_DO_NOTHING,
    CONFIG_UPLOAD_ADD_DRAFT,
    CONFIG_UPLOAD_ADD_PRINTABLE
};

/* What a printer does with its queue. */
struct config_queue {
    enum config_upload upload;
    int attempts;            /* at one print, 3 */
    int64_t retry_within_ms; /* a failure after longer is not tried again, 1 h */
    enum config_give_up give_up;
    bool on_cancel_stop; /* a cancelled print stops managing; else its job is passed over */
    int32_t cooldown_mc; /* the bed is let cool down to this before it is cleared; 0 = it is not */
    int64_t cooldown_timeout_ms;
    int quiet_from_min; /* minutes after midnight; both the same: none */
    int quiet_to_min;
    bool material_check;
    int spool_reserve_g;
    char ignore_lines[1024]; /* commands, one a line */
};

/* The host among others (`net:`). Lists are texts separated by blanks. */
struct config_net {
    bool enabled;         /* false with --no-network */
    char listen[64];      /* "auto" */
    char phrase[129];     /* "" */
    char gateways[1024];  /* "" = well-known ones */
    char dht_nodes[1024]; /* "" = well-known ones */
    char nameserver[64];  /* "IP:PORT", "" = the system's */
    bool dht_local;
    bool map_ports;
    bool announce;              /* by DNS-SD; yes */
    int64_t cache_bytes;        /* of others\' files are kept at most, 10 GiB */
    int64_t registry_period_ms; /* how often registries are read again; an hour */
};

#define CONFIG_QUEUES 16

/* A network queue as configured (`queues:`); texts as jobs.h has them. */
struct config_shared {
    char name[64];
    bool wan;
    bool enabled;
    char namespace[64];
    char key[129];
    char address[64];
    char registry[512];
    char identity[256];
    int strategy; /* enum queue_strategy */
    bool share;
    char control[8];
    char accept[32];
    int replicas;
    int64_t claim_timeout_ms;
};

/* Settings of one printer (section `printers: NAME:`) over the global ones. */
struct config {
    char name[64];    /* section used, "" if none matched */
    char device[256]; /* of the section */
    char profile[64]; /* "" = none */
    int baud;         /* 0 = auto */
    char listen[96];  /* "127.0.0.1:8125" */
    bool listen_set;  /* said by the user: no next free port */
    bool auth_loopback_open;
    int64_t heaters_off_ms;     /* 30 min */
    int64_t resume_within_ms;   /* 60 s */
    int64_t pause_off_ms;       /* hotends in a pause, 30 min */
    int64_t pause_bed_off_ms;   /* bed and chamber in a pause, 8 h */
    int64_t upload_max_bytes;   /* 2 GiB */
    int64_t archive_keep_ms;    /* finished and removed jobs, 90 d; 0 = for ever */
    int archive_keep_jobs;      /* as many of them, 1000; 0 = all */
    int64_t history_keep_ms;    /* runs, 2 years; 0 = for ever */
    char shutdown_command[256]; /* when the printer asks for it; "" = not allowed */
    char profiles_dir[256];     /* extra profiles folder, "" = none */
    char data_dir[256];         /* "" = default */
    struct config_queue queue;
    struct config_net net;
    struct config_shared queues[CONFIG_QUEUES];
    size_t queues_count;
};

/* Fills `c` for the printer called `name`, or, when name is "", for the section whose `device:`
 * resolves to `device`. `paths`: NULL-terminated, missing files are fine unless `required` equals
 * the path. Mistakes are added to `mistakes` line by line; PP_EINVAL if there were any. */
int config_load(struct config *c, const char *const *paths, const char *required, const char *name,
    const char *device, struct strbuf *mistakes, struct err *e);

/* Checks one file by itself: what config_load() checks of it, that two printers do not share a
 * device or an address, and that profiles exist (`profiles` NULL: not checked). */
struct profiles;
int config_check(
    const char *path, const struct profiles *profiles, struct strbuf *mistakes, struct err *e);

/* 0 if `text` is ADDRESS:PORT (IPv4, [IPv6] or a host name); else says what would be right.
 */
int config_check_listen(const char *text, struct err *e);

/* The files read by default plus `extra` (may be NULL), NULL-terminated in out (4 entries). */
void config_paths(const char *out[static 4], const char *extra);

#endif
