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
    };
}

void config_file_fini(struct config_file *f)
{
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
