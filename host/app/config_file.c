#include "host/app/config_file.h"

#include "host/app/config.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PRINTERS   64
#define WORD_BYTES     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
#define SECOND_MS      1e3
#define MINUTE_MS      60e3
#define HOUR_MS        3600e3
#define DAY_MS         86400e3
#define YEAR_MS        (365 * DAY_MS)
#define DEFAULT_LISTEN "127.0.0.1:8125"

/* The name becomes a file name and a host name. */
static int check_name(const char *text, struct err *e)
{
    if (text[strspn(text, WORD_BYTES)] != '\0' || text[0] == '.' || text[0] == '-') {
        return err_set(e, PP_EINVAL,
            "a printer's name has letters, digits, \"_\", \"-\" and \".\" "
            "and begins with none of \"-.\"");
    }
    return 0;
}

static int check_profile(const char *text, struct err *e)
{
    if (text[strspn(text, WORD_BYTES)] != '\0' || text[0] == '.') {
        return err_set(e, PP_EINVAL, "must be a profile's name as `pphost profiles` lists it");
    }
    return 0;
}

static int check_device(const char *text, struct err *e)
{
    if (text[0] != '/') {
        return err_set(
            e, PP_EINVAL, "must be a full path, such as /dev/ttyUSB0 or /dev/serial/by-id/...");
    }
    return 0;
}

static int check_folder(const char *text, struct err *e)
{
    if (text[0] != '/' && !str_starts(text, "~/")) {
        return err_set(e, PP_EINVAL, "must be a full path, beginning with \"/\" or \"~/\"");
    }
    return 0;
}

/* "22:00" */
static bool parse_clock(const char *text, size_t len, int *out_min)
{
    char part[8];
    int64_t hour = 0;
    int64_t minute = 0;
    const char *colon = memchr(text, ':', len);
    size_t hours = colon != NULL ? (size_t)(colon - text) : 0;
    if (hours < 1 || hours > 2 || len != hours + 3) {
        return false;
    }
    str_copy(part, sizeof part, text, hours);
    bool ok = str_to_int(part, 0, 24, &hour);
    str_copy(part, sizeof part, colon + 1, 2);
    ok = ok && str_to_int(part[0] == '0' ? part + 1 : part, 0, 59, &minute);
    *out_min = (int)(hour * 60 + minute) % (24 * 60);
    return ok && (hour < 24 || minute == 0);
}

int config_parse_quiet(const char *text, int *from_min, int *to_min, struct err *e)
{
    const char *dash = strchr(text, '-');
    *from_min = 0;
    *to_min = 0;
    if (text[0] == '\0' || strcmp(text, "off") == 0) {
        return 0;
    }
    if (dash == NULL || !parse_clock(text, (size_t)(dash - text), from_min) ||
        !parse_clock(dash + 1, strlen(dash + 1), to_min)) {
        return err_set(e, PP_EINVAL, "must be off, or from when to when, such as 22:00-07:00");
    }
    if (*from_min == *to_min) {
        return err_set(e, PP_EINVAL, "begins when it ends: must be off, or such as 22:00-07:00");
    }
    return 0;
}

static int check_quiet(const char *text, struct err *e)
{
    int from_min;
    int to_min;
    return config_parse_quiet(text, &from_min, &to_min, e);
}

static int check_command(const char *text, struct err *e)
{
    size_t blank = strspn(text, " \t");
    if (text[blank] == '\0' || text[blank] == ';' || strpbrk(text, "\r\n") != NULL) {
        return err_set(e, PP_EINVAL, "must be one command of gcode, such as M84 or M104 S0");
    }
    return 0;
}

static const struct yaml_word upload_words[] = {{"do_nothing", CONFIG_UPLOAD_DO_NOTHING},
    {"add_draft", CONFIG_UPLOAD_ADD_DRAFT}, {"add_printable", CONFIG_UPLOAD_ADD_PRINTABLE},
    {NULL, 0}};
static const struct yaml_word give_up_words[] = {{"stop", CONFIG_GIVE_UP_STOP},
    {"skip", CONFIG_GIVE_UP_SKIP}, {"quarantine", CONFIG_GIVE_UP_QUARANTINE}, {NULL, 0}};
static const struct yaml_word on_cancel_words[] = {{"stop", 1}, {"skip", 0}, {NULL, 0}};
static const struct yaml_word off_words[] = {{"off", 0}, {NULL, 0}};

/* The same keys for all printers and for one: `of` is the struct they are in. */
#define IN_QUEUE(of, member)                                                                       \
    (offsetof(struct of, queue) + offsetof(struct config_file_queue, member))
#define QUEUE_FIELDS(at, of)                                                                       \
    [(at) + QUEUE_UPLOAD_ACTION] = {.key = "upload_action",                                        \
        .kind = YAML_CHOICE,                                                                       \
        .offset = IN_QUEUE(of, upload),                                                            \
        .words = upload_words},                                                                    \
            [(at) + QUEUE_ATTEMPTS] = {.key = "attempts",                                          \
                .kind = YAML_INT,                                                                  \
                .offset = IN_QUEUE(of, attempts),                                                  \
                .min = 1,                                                                          \
                .max = 100},                                                                       \
            [(at) + QUEUE_RETRY_WITHIN] = {.key = "retry_within",                                  \
                .kind = YAML_DURATION,                                                             \
                .offset = IN_QUEUE(of, retry_within_ms),                                           \
                .min = SECOND_MS,                                                                  \
                .max = 30 * DAY_MS},                                                               \
            [(at) + QUEUE_GIVE_UP] = {.key = "give_up",                                            \
                .kind = YAML_CHOICE,                                                               \
                .offset = IN_QUEUE(of, give_up),                                                   \
                .words = give_up_words},                                                           \
            [(at) + QUEUE_ON_CANCEL] = {.key = "on_cancel",                                        \
                .kind = YAML_CHOICE,                                                               \
                .offset = IN_QUEUE(of, on_cancel_stop),                                            \
                .words = on_cancel_words},                                                         \
            [(at) + QUEUE_COOLDOWN] = {.key = "cooldown",                                          \
                .kind = YAML_INT,                                                                  \
                .offset = IN_QUEUE(of, cooldown_c),                                                \
                .min = 10,                                                                         \
                .max = 100,                                                                        \
                .words = off_words},                                                               \
            [(at) + QUEUE_COOLDOWN_TIMEOUT] = {.key = "cooldown_timeout",                          \
                .kind = YAML_DURATION,                                                             \
                .offset = IN_QUEUE(of, cooldown_timeout_ms),                                       \
                .min = SECOND_MS,                                                                  \
                .max = 24 * HOUR_MS},                                                              \
            [(at) + QUEUE_QUIET_HOURS] = {.key = "quiet_hours",                                    \
                .kind = YAML_STRING,                                                               \
                .offset = IN_QUEUE(of, quiet_hours),                                               \
                .size = 16,                                                                        \
                .check = check_quiet},                                                             \
            [(at) + QUEUE_MATERIAL_CHECK] = {.key = "material_check",                              \
                .kind = YAML_BOOL,                                                                 \
                .offset = IN_QUEUE(of, material_check)},                                           \
            [(at) + QUEUE_SPOOL_RESERVE] = {.key = "spool_reserve",                                \
                .kind = YAML_INT,                                                                  \
                .offset = IN_QUEUE(of, spool_reserve_g),                                           \
                .min = 0,                                                                          \
                .max = 5000},                                                                      \
            [(at) + QUEUE_IGNORE_LINES] = {.key = "ignore_lines",                                  \
                .kind = YAML_STRINGS,                                                              \
                .offset = IN_QUEUE(of, ignore_lines),                                              \
                .size = CONFIG_IGNORE_LINES,                                                       \
                .check = check_command}

static const struct yaml_word baud_words[] = {{"auto", 0}, {NULL, 0}};

static const struct yaml_word auth_words[] = {{"keys", 0}, {"loopback-open", 1}, {NULL, 0}};

static const struct yaml_word keep_words[] = {{"forever", 0}, {NULL, 0}};

static const struct yaml_word count_words[] = {{"all", 0}, {NULL, 0}};

#define SECTION(member) offsetof(struct config_section, member)

static const struct yaml_field section_fields[] = {
    [SECTION_DEVICE] = {.key = "device",
        .kind = YAML_STRING,
        .offset = SECTION(device),
        .size = 256,
        .check = check_device},
    [SECTION_PROFILE] = {.key = "profile",
        .kind = YAML_STRING,
        .offset = SECTION(profile),
        .size = 64,
        .check = check_profile},
    [SECTION_BAUD] = {.key = "baud",
        .kind = YAML_INT,
        .offset = SECTION(baud),
        .min = 1200,
        .max = 4000000,
        .words = baud_words},
    [SECTION_LISTEN] = {.key = "listen",
        .kind = YAML_STRING,
        .offset = SECTION(listen),
        .size = 96,
        .check = config_check_listen},
    [SECTION_HEATERS_OFF] = {.key = "heaters_off_after",
        .kind = YAML_DURATION,
        .offset = SECTION(heaters_off_ms),
        .min = MINUTE_MS,
        .max = 24 * HOUR_MS},
    [SECTION_RESUME_WITHIN] = {.key = "resume_within",
        .kind = YAML_DURATION,
        .offset = SECTION(resume_within_ms),
        .min = SECOND_MS,
        .max = 10 * MINUTE_MS},
    [SECTION_PAUSE_OFF] = {.key = "pause_heaters_off_after",
        .kind = YAML_DURATION,
        .offset = SECTION(pause_off_ms),
        .min = MINUTE_MS,
        .max = 24 * HOUR_MS},
    [SECTION_PAUSE_BED_OFF] = {.key = "pause_bed_off_after",
        .kind = YAML_DURATION,
        .offset = SECTION(pause_bed_off_ms),
        .min = MINUTE_MS,
        .max = 24 * HOUR_MS},
    [SECTION_DATA] = {.key = "data",
        .kind = YAML_STRING,
        .offset = SECTION(data),
        .size = 256,
        .check = check_folder},
    QUEUE_FIELDS(SECTION_QUEUE, config_section),
};

static const struct yaml_table section_table = {
    .fields = section_fields,
    .count = SECTION_KEYS,
    .size = sizeof(struct config_section),
    .marks = SECTION(mark),
};

#define GLOBAL(member) offsetof(struct config_file, member)

static const struct yaml_field global_fields[] = {
    [GLOBAL_LISTEN] = {.key = "listen",
        .kind = YAML_STRING,
        .offset = GLOBAL(listen),
        .size = 96,
        .check = config_check_listen},
    [GLOBAL_AUTH] = {.key = "auth",
        .kind = YAML_CHOICE,
        .offset = GLOBAL(auth_loopback_open),
        .words = auth_words},
    [GLOBAL_HEATERS_OFF] = {.key = "heaters_off_after",
        .kind = YAML_DURATION,
        .offset = GLOBAL(heaters_off_ms),
        .min = MINUTE_MS,
        .max = 24 * HOUR_MS},
    [GLOBAL_RESUME_WITHIN] = {.key = "resume_within",
        .kind = YAML_DURATION,
        .offset = GLOBAL(resume_within_ms),
        .min = SECOND_MS,
        .max = 10 * MINUTE_MS},
    [GLOBAL_PAUSE_OFF] = {.key = "pause_heaters_off_after",
        .kind = YAML_DURATION,
        .offset = GLOBAL(pause_off_ms),
        .min = MINUTE_MS,
        .max = 24 * HOUR_MS},
    [GLOBAL_PAUSE_BED_OFF] = {.key = "pause_bed_off_after",
        .kind = YAML_DURATION,
        .offset = GLOBAL(pause_bed_off_ms),
        .min = MINUTE_MS,
        .max = 24 * HOUR_MS},
    [GLOBAL_UPLOAD_LIMIT] = {.key = "upload_limit",
        .kind = YAML_SIZE,
        .offset = GLOBAL(upload_max_bytes),
        .min = 1 << 20,
        .max = 64.0 * (1 << 30)},
    [GLOBAL_ARCHIVE_KEEP] = {.key = "archive_keep",
        .kind = YAML_DURATION,
        .offset = GLOBAL(archive_keep_ms),
        .min = HOUR_MS,
        .max = 100 * YEAR_MS,
        .words = keep_words},
    [GLOBAL_ARCHIVE_KEEP_JOBS] = {.key = "archive_keep_jobs",
        .kind = YAML_INT,
        .offset = GLOBAL(archive_keep_jobs),
        .min = 1,
        .max = 100000,
        .words = count_words},
    [GLOBAL_HISTORY_KEEP] = {.key = "history_keep",
        .kind = YAML_DURATION,
        .offset = GLOBAL(history_keep_ms),
        .min = HOUR_MS,
        .max = 100 * YEAR_MS,
        .words = keep_words},
    [GLOBAL_SHUTDOWN] = {.key = "shutdown_command",
        .kind = YAML_STRING,
        .offset = GLOBAL(shutdown_command),
        .size = 256},
    [GLOBAL_PROFILES] = {.key = "profiles",
        .kind = YAML_STRING,
        .offset = GLOBAL(profiles),
        .size = 256,
        .check = check_folder},
    [GLOBAL_PRINTERS] = {.key = "printers",
        .kind = YAML_ITEMS,
        .offset = GLOBAL(printers),
        .size = MAX_PRINTERS,
        .table = &section_table,
        .check = check_name},
    [GLOBAL_NET] = {.key = "net",
        .kind = YAML_MAP,
        .offset = GLOBAL(net),
        .table = &config_net_table},
    [GLOBAL_QUEUES] = {.key = "queues",
        .kind = YAML_ITEMS,
        .offset = GLOBAL(queues),
        .size = CONFIG_QUEUES,
        .table = &config_shared_table,
        .check = config_check_queue_name},
    QUEUE_FIELDS(GLOBAL_QUEUE, config_file),
};

static const struct yaml_table global_table = {
    .fields = global_fields,
    .count = GLOBAL_KEYS,
    .marks = GLOBAL(mark),
};

void config_file_init(struct config_file *f)
{
    *f = (struct config_file){
        .listen = DEFAULT_LISTEN,
        .heaters_off_ms = (int64_t)(30 * MINUTE_MS),
        .resume_within_ms = (int64_t)MINUTE_MS,
        .pause_off_ms = (int64_t)(30 * MINUTE_MS),
        .pause_bed_off_ms = (int64_t)(8 * HOUR_MS),
        .upload_max_bytes = INT64_C(2) << 30,
        .archive_keep_ms = (int64_t)(90 * DAY_MS),
        .archive_keep_jobs = 1000,
        .history_keep_ms = (int64_t)(2 * YEAR_MS),
        .net = {.enabled = true,
            .listen = "auto",
            .announce = true,
            .cache_bytes = INT64_C(10) << 30,
            .registry_period_ms = 3600000},
        .queue = {.attempts = 3,
            .retry_within_ms = (int64_t)HOUR_MS,
            .give_up = CONFIG_GIVE_UP_STOP,
            .on_cancel_stop = 1,
            .cooldown_c = 0,
            .cooldown_timeout_ms = (int64_t)HOUR_MS,
            .material_check = true,
            .spool_reserve_g = 10},
    };
}

static void free_lines(struct config_file_queue *q)
{
    for (size_t i = 0; i < CONFIG_IGNORE_LINES; i++) {
        free(q->ignore_lines[i]);
        q->ignore_lines[i] = NULL;
    }
}

void config_file_fini(struct config_file *f)
{
    struct config_section *sections = f->printers.items;
    for (size_t i = 0; i < f->printers.count; i++) {
        free_lines(&sections[i].queue);
    }
    free_lines(&f->queue);
    for (size_t i = 0; i < CONFIG_NET_WORDS; i++) {
        free(f->net.gateways[i]);
        free(f->net.dht_nodes[i]);
        f->net.gateways[i] = f->net.dht_nodes[i] = NULL;
    }
    free(f->queues.items);
    f->queues = (struct yaml_items){0};
    free(f->printers.items);
    f->printers = (struct yaml_items){0};
}

int config_file_read(
    struct config_file *f, const char *name, const char *bytes, size_t len, struct yaml_mistakes *m)
{
    return yaml_read(name, bytes, len, &global_table, f, m);
}

const struct config_section *config_file_section(const struct config_file *f, size_t index)
{
    const struct config_section *sections = f->printers.items;
    return index < f->printers.count ? &sections[index] : NULL;
}
