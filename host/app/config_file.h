/* One or more pphost.yaml laid over each other, every section of them; config.c picks from it. */
#ifndef PP_APP_CONFIG_FILE_H
#define PP_APP_CONFIG_FILE_H

#include "host/base/yaml.h"

/* What a printer does with its queue; a section may say it otherwise than the rest. */
enum config_queue_key {
    QUEUE_UPLOAD_ACTION,
    QUEUE_ATTEMPTS,
    QUEUE_RETRY_WITHIN,
    QUEUE_GIVE_UP,
    QUEUE_ON_CANCEL,
    QUEUE_COOLDOWN,
    QUEUE_COOLDOWN_TIMEOUT,
    QUEUE_QUIET_HOURS,
    QUEUE_MATERIAL_CHECK,
    QUEUE_SPOOL_RESERVE,
    QUEUE_IGNORE_LINES,
    QUEUE_KEYS
};

#define CONFIG_IGNORE_LINES 32

struct config_file_queue {
    int upload; /* enum config_upload */
    int attempts;
    int64_t retry_within_ms;
    int give_up;        /* enum config_give_up */
    int on_cancel_stop; /* 0 or 1 */
    int cooldown_c;     /* 0 = off */
    int64_t cooldown_timeout_ms;
    char quiet_hours[16]; /* "22:00-07:00", "" = none */
    bool material_check;
    int spool_reserve_g;
    char *ignore_lines[CONFIG_IGNORE_LINES]; /* owned */
};

enum config_section_key {
    SECTION_DEVICE,
    SECTION_PROFILE,
    SECTION_BAUD,
    SECTION_LISTEN,
    SECTION_HEATERS_OFF,
    SECTION_RESUME_WITHIN,
    SECTION_PAUSE_OFF,
    SECTION_PAUSE_BED_OFF,
    SECTION_DATA,
    SECTION_QUEUE, /* enum config_queue_key from here on */
    SECTION_KEYS = SECTION_QUEUE + QUEUE_KEYS
};

struct config_section {
    char name[64];
    struct yaml_mark mark[SECTION_KEYS]; /* line 0 = not given */
    char device[256];
    char profile[64];
    int baud; /* 0 = auto */
    char listen[96];
    int64_t heaters_off_ms;
    int64_t resume_within_ms;
    int64_t pause_off_ms;
    int64_t pause_bed_off_ms;
    char data[256];
    struct config_file_queue queue;
};

enum config_global_key {
    GLOBAL_LISTEN,
    GLOBAL_AUTH,
    GLOBAL_HEATERS_OFF,
    GLOBAL_RESUME_WITHIN,
    GLOBAL_PAUSE_OFF,
    GLOBAL_PAUSE_BED_OFF,
    GLOBAL_UPLOAD_LIMIT,
    GLOBAL_ARCHIVE_KEEP,
    GLOBAL_ARCHIVE_KEEP_JOBS,
    GLOBAL_HISTORY_KEEP,
    GLOBAL_SHUTDOWN,
    GLOBAL_PROFILES,
    GLOBAL_PRINTERS,
    GLOBAL_QUEUE, /* enum config_queue_key from here on */
    GLOBAL_KEYS = GLOBAL_QUEUE + QUEUE_KEYS
};

struct config_file {
    char listen[96];
    int auth_loopback_open;
    int64_t heaters_off_ms;
    int64_t resume_within_ms;
    int64_t pause_off_ms;
    int64_t pause_bed_off_ms;
    int64_t upload_max_bytes;
    int64_t archive_keep_ms;
    int archive_keep_jobs;
    int64_t history_keep_ms;
    char shutdown_command[256];
    char profiles[256];
    struct config_file_queue queue;
    struct yaml_items printers; /* struct config_section */
    struct yaml_mark mark[GLOBAL_KEYS];
};

/* The defaults of a configuration without a file. */
void config_file_init(struct config_file *f);
void config_file_fini(struct config_file *f);

/* Reads a document over what is there; `name` is shown in mistakes. */
int config_file_read(struct config_file *f, const char *name, const char *bytes, size_t len,
    struct yaml_mistakes *m);

/* The start and end of quiet hours in minutes after midnight; PP_EINVAL if they are none. */
int config_parse_quiet(const char *text, int *from_min, int *to_min, struct err *e);

/* NULL past the last. */
const struct config_section *config_file_section(const struct config_file *f, size_t index);

#endif
