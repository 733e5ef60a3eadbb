/* One or more pphost.yaml laid over each other, every section of them; config.c picks from it. */
#ifndef PP_APP_CONFIG_FILE_H
#define PP_APP_CONFIG_FILE_H

#include "host/app/config.h"
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

/* Strings of a list: how many at most. */
#define CONFIG_NET_WORDS 16

/* The host among others. */
struct config_file_net {
    bool enabled;
    char listen[64];
    char phrase[129];
    char *gateways[CONFIG_NET_WORDS];  /* owned */
    char *dht_nodes[CONFIG_NET_WORDS]; /* owned */
    char nameserver[64];
    bool dht_local;
    bool map_ports;
    bool announce;
    int64_t cache_bytes;
    int64_t registry_period_ms;
};

/* A network queue. */
struct config_file_shared {
    char name[64];
    int wan; /* kind */
    bool enabled;
    char namespace[64];
    char key[129];
    char address[64];
    char registry[512];
    char identity[256];
    int strategy; /* enum queue_strategy */
    bool share;
    int control; /* 0 = by the key, 1 = yes, 2 = no */
    int accept;  /* 0 = as usual for its kind, 1 = all, 2 = trusted, 3 = model */
    int replicas;
    int64_t claim_timeout_ms;
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
    GLOBAL_NET,
    GLOBAL_QUEUES,
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
    struct config_file_net net;
    struct yaml_items queues;   /* of struct config_file_shared */
    struct yaml_items printers; /* struct config_section */
    struct yaml_mark mark[GLOBAL_KEYS];
};

/* The defaults of a configuration without a file. */
/* The tables of `net:` and of an item of `queues:` (config_net.c). */
extern const struct yaml_table config_net_table;
extern const struct yaml_table config_shared_table;
int config_check_queue_name(const char *text, struct err *e);

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
