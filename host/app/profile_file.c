#include "host/app/profile_file.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SCRIPT       4096 /* bytes */
#define MAX_SCRIPT_LINE  90   /* what Marlin takes with a line number and a checksum around it */
#define MAX_SCRIPT_LINES 40   /* they wait in the sender's queue all at once */

enum {
    AXES = 3
};

struct volume {
    int64_t range[AXES][2]; /* X Y Z: from, to */
    struct yaml_mark mark[AXES];
};

/* A file as it is written; finish() makes the profile of it. */
struct printer_file {
    struct profile p; /* first: the item given out */
    struct volume volume;
    int shape;
    int firmware;
    int rx_bytes;
    int window;
    int meatpack;
    int progress;
    int max_line;
};

/* ---- the schema ----------------------------------------------------------------------------- */

/* What may be sent to a printer: printable ASCII, lines that fit, no templates. */
static int check_script(const char *text, struct err *e)
{
    int line = 1;
    size_t length = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '{' || *p == '}') {
            return err_set(e, PP_EINVAL, "line %d has a \"%c\": scripts are plain gcode", line, *p);
        }
        if ((unsigned char)*p >= 0x80) {
            return err_set(e, PP_EINVAL, "line %d is not plain ASCII", line);
        }
        length = *p == '\n' ? 0 : length + 1;
        if (length > MAX_SCRIPT_LINE) {
            return err_set(e, PP_EINVAL, "line %d is longer than %d bytes", line, MAX_SCRIPT_LINE);
        }
        line += *p == '\n';
    }
    if (line > MAX_SCRIPT_LINES) {
        return err_set(e, PP_EINVAL, "%d lines: at most %d are possible", line, MAX_SCRIPT_LINES);
    }
    return 0;
}

#define FILE_AT(member)   offsetof(struct printer_file, member)
#define VOLUME_AT(member) offsetof(struct volume, member)
#define COUNT(array)      (sizeof(array) / sizeof *(array))

#define AXIS(name, index)                                                                          \
    {                                                                                              \
        .key = name, .kind = YAML_MM, .offset = VOLUME_AT(range[index]), .count = 2, .min = -2000, \
        .max = 2000, .required = true                                                              \
    }

static const struct yaml_field volume_fields[] = {AXIS("x", 0), AXIS("y", 1), AXIS("z", 2)};

static const struct yaml_table volume_table = {
    .fields = volume_fields, .count = COUNT(volume_fields), .marks = VOLUME_AT(mark)};

static const struct yaml_field temperature_fields[] = {
    {.key = "tool",
        .kind = YAML_CELSIUS,
        .offset = FILE_AT(p.limits.max_tool_mc),
        .min = 100,
        .max = 500,
        .required = true},
    {.key = "bed",
        .kind = YAML_CELSIUS,
        .offset = FILE_AT(p.limits.max_bed_mc),
        .min = 0,
        .max = 250,
        .required = true},
    {.key = "chamber",
        .kind = YAML_CELSIUS,
        .offset = FILE_AT(p.limits.max_chamber_mc),
        .min = 0,
        .max = 200},
};

static const struct yaml_table temperature_table = {
    .fields = temperature_fields, .count = COUNT(temperature_fields)};

#define KIN(name, member, n, low, high)                                                            \
    {                                                                                              \
        .key = name, .kind = YAML_REAL, .offset = FILE_AT(p.kinematics.member), .count = n,        \
        .min = low, .max = high                                                                    \
    }

static const struct yaml_field kinematics_fields[] = {
    KIN("max_feed", max_feed_mm_s, 4, 0.1, 5000),
    KIN("max_accel", max_accel_mm_s2, 4, 1, 100000),
    KIN("accel_print", accel_print_mm_s2, 0, 1, 100000),
    KIN("accel_travel", accel_travel_mm_s2, 0, 1, 100000),
    KIN("accel_retract", accel_retract_mm_s2, 0, 1, 100000),
    KIN("jerk", jerk_mm_s, 4, 0, 200),
    KIN("junction_deviation", junction_deviation_mm, 0, 0, 1),
};

static const struct yaml_table kinematics_table = {
    .fields = kinematics_fields, .count = COUNT(kinematics_fields)};

#define LIMIT(name, how, heater, member, low, high)                                                \
    {                                                                                              \
        .key = name, .kind = how, .offset = FILE_AT(p.thermal[heater].member), .min = low,         \
        .max = high                                                                                \
    }

/* None of them can be switched off. */
#define THERMAL_FIELDS(heater)                                                                     \
    {                                                                                              \
        LIMIT("fall", YAML_CELSIUS, heater, fall_mc, 4, 50),                                       \
            LIMIT("fall_time", YAML_DURATION, heater, fall_ms, 20e3, 1800e3),                      \
            LIMIT("rise", YAML_CELSIUS, heater, rise_mc, 0.5, 10),                                 \
            LIMIT("rise_time", YAML_DURATION, heater, rise_ms, 20e3, 3600e3),                      \
            LIMIT("stuck_time", YAML_DURATION, heater, stuck_ms, 60e3, 7200e3),                    \
            LIMIT("rate", YAML_CELSIUS, heater, rate_mc_s, 1, 1000)                                \
    }

static const struct yaml_field thermal_tool_fields[] = THERMAL_FIELDS(THERMAL_TOOL);
static const struct yaml_field thermal_bed_fields[] = THERMAL_FIELDS(THERMAL_BED);
static const struct yaml_field thermal_chamber_fields[] = THERMAL_FIELDS(THERMAL_CHAMBER);

static const struct yaml_table thermal_tables[THERMAL_KINDS] = {
    [THERMAL_TOOL] = {.fields = thermal_tool_fields, .count = COUNT(thermal_tool_fields)},
    [THERMAL_BED] = {.fields = thermal_bed_fields, .count = COUNT(thermal_bed_fields)},
    [THERMAL_CHAMBER] = {.fields = thermal_chamber_fields, .count = COUNT(thermal_chamber_fields)},
};

static const struct yaml_field thermal_fields[] = {
    {.key = "tool", .kind = YAML_MAP, .table = &thermal_tables[THERMAL_TOOL]},
    {.key = "bed", .kind = YAML_MAP, .table = &thermal_tables[THERMAL_BED]},
    {.key = "chamber", .kind = YAML_MAP, .table = &thermal_tables[THERMAL_CHAMBER]},
};

static const struct yaml_table thermal_table = {
    .fields = thermal_fields, .count = COUNT(thermal_fields)};

#define SCRIPT(name, member)                                                                       \
    {                                                                                              \
        .key = name, .kind = YAML_TEXT, .offset = FILE_AT(p.member), .size = MAX_SCRIPT,           \
        .check = check_script                                                                      \
    }

static const struct yaml_field script_fields[] = {
    SCRIPT("pause", pause_script),
    SCRIPT("resume", resume_script),
    SCRIPT("cancel", cancel_script),
    SCRIPT("recover", recover_script),
    SCRIPT("end", end_script),
};

static const struct yaml_table script_table = {
    .fields = script_fields, .count = COUNT(script_fields)};

enum shape {
    SHAPE_RECTANGULAR,
    SHAPE_ROUND,
    SHAPE_BELT
};

static const struct yaml_word shape_words[] = {
    {"rectangular", SHAPE_RECTANGULAR}, {"round", SHAPE_ROUND}, {"belt", SHAPE_BELT}, {NULL, 0}};

static const struct yaml_word baud_words[] = {{"auto", 0}, {NULL, 0}};

static const struct yaml_word window_words[] = {
    {"auto", WINDOW_AUTO}, {"1", WINDOW_ONE}, {"bytes", WINDOW_BYTES}, {NULL, 0}};

static const struct yaml_word meatpack_words[] = {{"off", 0}, {"auto", 1}, {NULL, 0}};
static const struct yaml_word progress_words[] = {{"auto", PROGRESS_AUTO}, {"m73", PROGRESS_M73},
    {"m117", PROGRESS_M117}, {"off", PROGRESS_OFF}, {NULL, 0}};

static const struct yaml_word firmware_words[] = {{"marlin", 0}, {"prusa", 1}, {"repetier", 2},
    {"klipper", 3}, {"reprapfirmware", 4}, {"smoothieware", 5}, {"teacup", 6}, {"sprinter", 7},
    {"malyan", 8}, {NULL, 0}};

static int check_ignored(const char *text, struct err *e)
{
    size_t blank = strspn(text, " \t");
    if (text[blank] == '\0' || text[blank] == ';' || strpbrk(text, "\r\n") != NULL) {
        return err_set(e, PP_EINVAL, "must be one command of gcode, such as M84 or M104 S0");
    }
    return 0;
}

static const struct yaml_field file_fields[] = {
    {.key = "name",
        .kind = YAML_STRING,
        .offset = FILE_AT(p.name),
        .size = sizeof(((struct profile *)0)->name),
        .required = true},
    {.key = "models", .kind = YAML_STRINGS, .offset = FILE_AT(p.models), .size = 15},
    {.key = "ignore_lines",
        .kind = YAML_STRINGS,
        .offset = FILE_AT(p.ignore_lines),
        .size = PROFILE_IGNORE_LINES - 1,
        .check = check_ignored},
    {.key = "volume",
        .kind = YAML_MAP,
        .offset = FILE_AT(volume),
        .table = &volume_table,
        .required = true},
    {.key = "shape", .kind = YAML_CHOICE, .offset = FILE_AT(shape), .words = shape_words},
    {.key = "margin", .kind = YAML_MM, .offset = FILE_AT(p.limits.margin_um), .max = 100},
    {.key = "tools", .kind = YAML_INT, .offset = FILE_AT(p.limits.tools), .min = 1, .max = 8},
    {.key = "max_temperature", .kind = YAML_MAP, .table = &temperature_table, .required = true},
    {.key = "firmware", .kind = YAML_CHOICE, .offset = FILE_AT(firmware), .words = firmware_words},
    {.key = "baud",
        .kind = YAML_INT,
        .offset = FILE_AT(p.baud),
        .min = 1200,
        .max = 4000000,
        .words = baud_words},
    {.key = "rx_buffer", .kind = YAML_INT, .offset = FILE_AT(rx_bytes), .min = 32, .max = 65536},
    {.key = "command_buffer",
        .kind = YAML_INT,
        .offset = FILE_AT(p.command_slots),
        .min = 1,
        .max = 256},
    {.key = "window", .kind = YAML_CHOICE, .offset = FILE_AT(window), .words = window_words},
    {.key = "meatpack", .kind = YAML_CHOICE, .offset = FILE_AT(meatpack), .words = meatpack_words},
    {.key = "progress_display",
        .kind = YAML_CHOICE,
        .offset = FILE_AT(progress),
        .words = progress_words},
    {.key = "max_line", .kind = YAML_INT, .offset = FILE_AT(max_line), .min = 40, .max = 4096},
    {.key = "quirks", .kind = YAML_MAP, .offset = FILE_AT(p.quirks), .table = &quirks_table},
    {.key = "kinematics", .kind = YAML_MAP, .table = &kinematics_table},
    {.key = "thermal", .kind = YAML_MAP, .table = &thermal_table},
    {.key = "scripts", .kind = YAML_MAP, .table = &script_table},
    {.key = "clear_script",
        .kind = YAML_STRING,
        .offset = FILE_AT(p.clear_script),
        .size = sizeof(((struct profile *)0)->clear_script)},
};

static const struct yaml_table file_table = {.fields = file_fields, .count = COUNT(file_fields)};

/* ---- default scripts ------------------------------------------------------------------------ */

/* Off the print before anything else: retract, then straight up (the firmware stops at its own
 * upper end), then to a place beside it. On a round bed sideways moves are left out: where the
 * print is not is not known; on a belt the way off the print is up the slope. What follows on
 * resume puts X, Y, Z, E and the modes back. */
static void put_park(struct strbuf *b, const struct profile *p)
{
    const struct limits *l = &p->limits;
    if (p->belt) {
        strbuf_puts(b, "M83\nG1 E-2 F1800\nG91\nG1 Y10 F600\nG90\n");
        return;
    }
    strbuf_puts(b, "M83\nG1 E-2 F1800\nG91\nG1 Z10 F600\nG90\n");
    if (!l->round) {
        strbuf_printf(
            b, "G1 X%.3f Y%.3f F6000\n", (double)l->min_um[0] / 1000, (double)l->max_um[1] / 1000);
    }
}

static char *take_text(struct strbuf *b)
{
    char *text = mem_strdup(strbuf_text(b));
    strbuf_fini(b);
    return text;
}

static char *default_pause(const struct profile *p)
{
    struct strbuf b = {0};
    put_park(&b, p);
    return take_text(&b);
}

/* Heaters and fan are off before it runs. The motors of a delta hold the carriages up, so that it
 * homes (which is up) and keeps them on. */
static char *default_cancel(const struct profile *p)
{
    struct strbuf b = {0};
    put_park(&b, p);
    strbuf_puts(&b, p->limits.round ? "G28\n" : "M84\n");
    return take_text(&b);
}

static void add_default_scripts(struct profile *p)
{
    p->own_scripts =
        p->pause_script != NULL || p->resume_script != NULL || p->cancel_script != NULL;
    if (p->pause_script == NULL) {
        p->pause_script = default_pause(p);
    }
    if (p->resume_script == NULL) {
        p->resume_script = mem_strdup("");
    }
    if (p->recover_script == NULL) {
        p->recover_script = mem_strdup("M83\nG1 E10 F200\nG4 P1000\n");
    }
    if (p->cancel_script == NULL) {
        p->cancel_script = default_cancel(p);
    }
    if (p->end_script == NULL) {
        p->end_script = mem_strdup("");
    }
}

/* ---- one file ------------------------------------------------------------------------------- */

static void init(void *item, const char *id, const char *source)
{
    struct printer_file *f = item;
    str_copy(f->p.id, sizeof f->p.id, id, strlen(id));
    str_copy(f->p.source, sizeof f->p.source, source, strlen(source));
    f->p.limits.tools = 1;
    f->p.kinematics = kinematics_marlin;
    memcpy(f->p.thermal, thermal_defaults, sizeof f->p.thermal);
    f->p.kinematics.junction_deviation_mm = -1; /* not given */
    f->p.kinematics.jerk_mm_s[0] = -1;
}

static void fini(void *item)
{
    struct profile *p = &((struct printer_file *)item)->p;
    for (size_t i = 0; i < COUNT(p->models); i++) {
        free(p->models[i]);
    }
    for (size_t i = 0; i < COUNT(p->ignore_lines); i++) {
        free(p->ignore_lines[i]);
    }
    free(p->pause_script);
    free(p->resume_script);
    free(p->cancel_script);
    free(p->recover_script);
    free(p->end_script);
}

static void check_volume(const struct printer_file *f, const char *source, struct yaml_mistakes *m)
{
    const struct volume *v = &f->volume;
    for (size_t i = 0; i < AXES; i++) {
        if (v->range[i][0] >= v->range[i][1]) {
            yaml_mistake(m, source, v->mark[i], "%s: [%g, %g]: the second must be the larger one",
                volume_fields[i].key, (double)v->range[i][0] / 1000, (double)v->range[i][1] / 1000);
        }
    }
    int64_t width = v->range[0][1] - v->range[0][0];
    int64_t depth = v->range[1][1] - v->range[1][0];
    if (f->shape == SHAPE_ROUND && width != depth) {
        yaml_mistake(m, source, v->mark[1],
            "y: [%g, %g]: a round bed is as deep as wide, and x has %g mm",
            (double)v->range[1][0] / 1000, (double)v->range[1][1] / 1000, (double)width / 1000);
    }
}

/* A file that gives a jerk and no junction deviation means classic jerk. */
static void finish_kinematics(struct kinematics *k)
{
    bool jerk_given = k->jerk_mm_s[0] >= 0;
    if (k->junction_deviation_mm < 0) {
        k->junction_deviation_mm = jerk_given ? 0 : kinematics_marlin.junction_deviation_mm;
    }
    if (!jerk_given) {
        k->jerk_mm_s[0] = kinematics_marlin.jerk_mm_s[0];
    }
}

static void finish(void *item, const char *source, struct yaml_mistakes *m)
{
    struct printer_file *f = item;
    struct profile *p = &f->p;
    check_volume(f, source, m);
    for (size_t i = 0; i < AXES; i++) {
        p->limits.min_um[i] = f->volume.range[i][0];
        p->limits.max_um[i] = f->volume.range[i][1];
    }
    for (size_t i = 0; i < COUNT(p->models); i++) {
        p->limits.models[i] = p->models[i];
    }
    const char *firmware = firmware_words[f->firmware].word;
    str_copy(p->firmware, sizeof p->firmware, firmware, strlen(firmware));
    p->limits.round = f->shape == SHAPE_ROUND;
    p->belt = f->shape == SHAPE_BELT;
    p->limits.max_line = (size_t)f->max_line;
    p->rx_bytes = (size_t)f->rx_bytes;
    p->window = (enum window_mode)f->window;
    p->meatpack = f->meatpack != 0;
    p->progress = (enum progress_mode)f->progress;
    finish_kinematics(&p->kinematics);
    add_default_scripts(p);
}

const struct shelf_kind profile_kind = {
    .folder = "printers",
    .size = sizeof(struct printer_file),
    .table = &file_table,
    .init = init,
    .finish = finish,
    .fini = fini,
};
