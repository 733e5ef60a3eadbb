/* `pphost profiles`: the printers pphost knows, or all it knows of one of them. */
#include "host/app/config.h"
#include "host/app/material.h"
#include "host/app/profile.h"
#include "host/app/queue/scripts.h"
#include "host/cmd.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: pphost profiles [NAME] [--profiles DIR]\n"
    "       pphost profiles --materials | --scripts [--profiles DIR]\n"
    "\n"
    "Lists the known printers, or prints one of them with what it gets by default. Mistakes in\n"
    "profile files are told as FILE:LINE:COLUMN; the exit status is 1 then.\n"
    "\n"
    "  -m, --materials     list the materials instead\n"
    "  -s, --scripts       list the scripts and conditions instead\n"
    "      --profiles DIR  read DIR too; its files override others of the same name\n"
    "  -h, --help          this text\n";

static double mm(int64_t um)
{
    return (double)um / 1000;
}

static void volume_text(const struct limits *l, char *out, size_t size)
{
    double x = mm(l->max_um[0] - l->min_um[0]);
    double y = mm(l->max_um[1] - l->min_um[1]);
    double z = mm(l->max_um[2] - l->min_um[2]);
    if (l->round) {
        snprintf(out, size, "\u2300 %g x %g", x, z);
    } else {
        snprintf(out, size, "%g x %g x %g", x, y, z);
    }
}

struct widths {
    int id;
    int volume;
    int firmware;
};

static void widen(int *width, const char *text)
{
    int len = (int)strlen(text);
    *width = len > *width ? len : *width;
}

static void print_row(const struct profile *p, const struct widths *w)
{
    char size[48];
    volume_text(&p->limits, size, sizeof size);
    int volume = w->volume + (p->limits.round ? 2 : 0); /* the sign has three bytes, one column */
    printf("%-*s  %-*s  %-*s  %s\n", w->id, p->id, volume, size, w->firmware, p->firmware, p->name);
}

static void print_list(const struct profiles *profiles)
{
    const struct profile *p = NULL;
    struct widths w = {.id = 4, .volume = 9, .firmware = 8};
    for (size_t i = 0; (p = profiles_at(profiles, i)) != NULL; i++) {
        char size[48];
        volume_text(&p->limits, size, sizeof size);
        widen(&w.id, p->id);
        widen(&w.volume, size);
        widen(&w.firmware, p->firmware);
    }
    printf("%-*s  %-*s  %-*s  %s\n", w.id, "NAME", w.volume, "VOLUME mm", w.firmware, "FIRMWARE",
        "PRINTER");
    for (size_t i = 0; (p = profiles_at(profiles, i)) != NULL; i++) {
        print_row(p, &w);
    }
}

static void print_script(const char *key, const char *text)
{
    printf("  %s:%s\n", key, text[0] != '\0' ? " |" : " \"\"");
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        printf("    %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void print_four(const char *key, const double v[4])
{
    printf("  %s: [%g, %g, %g, %g]\n", key, v[0], v[1], v[2], v[3]);
}

static void print_limits(const struct profile *p)
{
    const struct limits *l = &p->limits;
    printf("volume:\n");
    for (int axis = 0; axis < 3; axis++) {
        printf("  %c: [%g, %g]\n", 'x' + axis, mm(l->min_um[axis]), mm(l->max_um[axis]));
    }
    printf("shape: %s\nmargin: %g\ntools: %d\n",
        l->round  ? "round"
        : p->belt ? "belt"
                  : "rectangular",
        mm(l->margin_um), l->tools);
    printf("max_temperature: {tool: %g, bed: %g, chamber: %g}\n", l->max_tool_mc / 1000.0,
        l->max_bed_mc / 1000.0, l->max_chamber_mc / 1000.0);
}

static void print_link(const struct profile *p)
{
    static const char *const windows[] = {
        [WINDOW_AUTO] = "auto", [WINDOW_ONE] = "1", [WINDOW_BYTES] = "bytes"};
    static const char *const displays[] = {[PROGRESS_AUTO] = "auto",
        [PROGRESS_M73] = "m73",
        [PROGRESS_M117] = "m117",
        [PROGRESS_OFF] = "off"};
    printf("firmware: %s\n", p->firmware);
    if (p->baud > 0) {
        printf("baud: %d\n", p->baud);
    } else {
        printf("baud: auto\n");
    }
    if (p->rx_bytes > 0) {
        printf("rx_buffer: %zu\n", p->rx_bytes);
    }
    if (p->command_slots > 0) {
        printf("command_buffer: %d\n", p->command_slots);
    }
    printf("window: %s\n", windows[p->window]);
    printf("progress_display: %s\n", displays[p->progress]);
    printf("meatpack: %s\n", p->meatpack ? "auto" : "off");
    if (p->limits.max_line > 0) {
        printf("max_line: %zu\n", p->limits.max_line);
    }
}

/* What the row of the firmware comes to; M115 of the printer may choose another row. */
static void print_quirks(const struct profile *p)
{
    struct strbuf text = {0};
    quirks_print(&p->quirks, dialect_by_name(p->firmware), &text);
    printf("quirks:\n%s", strbuf_text(&text));
    strbuf_fini(&text);
}

static void put_quoted(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    }
    puts("\"");
}

static void print_thermal(const struct profile *p)
{
    static const char *const kinds[THERMAL_KINDS] = {"tool", "bed", "chamber"};
    printf("thermal:\n");
    for (size_t i = 0; i < THERMAL_KINDS; i++) {
        const struct thermal_limits *l = &p->thermal[i];
        printf("  %s: {fall: %g, fall_time: %llds, rise: %g, rise_time: %llds, stuck_time: %llds, "
               "rate: %g}\n",
            kinds[i], l->fall_mc / 1e3, (long long)(l->fall_ms / 1000), l->rise_mc / 1e3,
            (long long)(l->rise_ms / 1000), (long long)(l->stuck_ms / 1000), l->rate_mc_s / 1e3);
    }
}

static void print_clearing(const struct profile *p)
{
    if (p->clear_script[0] != '\0') {
        printf("clear_script: ");
        put_quoted(p->clear_script);
    }
    for (size_t i = 0; p->ignore_lines[i] != NULL; i++) {
        printf("%s  - ", i == 0 ? "ignore_lines:\n" : "");
        put_quoted(p->ignore_lines[i]);
    }
}

/* As a file that could be put into a profiles folder. */
static void print_one(const struct profile *p)
{
    const struct kinematics *k = &p->kinematics;
    printf("# %s\nname: ", p->source);
    put_quoted(p->name);
    for (size_t i = 0; p->models[i] != NULL; i++) {
        printf("%s  - ", i == 0 ? "models:\n" : "");
        put_quoted(p->models[i]);
    }
    print_limits(p);
    print_link(p);
    print_quirks(p);
    printf("kinematics:\n");
    print_four("max_feed", k->max_feed_mm_s);
    print_four("max_accel", k->max_accel_mm_s2);
    printf("  accel_print: %g\n  accel_travel: %g\n  accel_retract: %g\n", k->accel_print_mm_s2,
        k->accel_travel_mm_s2, k->accel_retract_mm_s2);
    print_four("jerk", k->jerk_mm_s);
    printf("  junction_deviation: %g\n", k->junction_deviation_mm);
    print_thermal(p);
    print_clearing(p);
    printf("scripts:\n");
    print_script("pause", p->pause_script);
    print_script("resume", p->resume_script);
    print_script("cancel", p->cancel_script);
    print_script("recover", p->recover_script);
    print_script("end", p->end_script);
}

static int refuse_unknown(const struct profiles *profiles, const char *id)
{
    const char *near = profiles_suggest(profiles, id);
    fprintf(stderr, "pphost profiles: there is no profile \"%s\"%s%s%s\n", id,
        near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
        near != NULL ? "\"?" : " (pphost profiles lists them)");
    return 1;
}

/* An empty table would hide that the folders are not where they should be. */
static int refuse_none(const char *const *dirs)
{
    fprintf(stderr, "pphost profiles: there are no profiles in");
    for (size_t i = 0; dirs[i] != NULL; i++) {
        fprintf(stderr, "%s \"%s\"", i > 0 ? "," : "", dirs[i]);
    }
    fputc('\n', stderr);
    return 1;
}

/* The folder the configuration names, if it does. */
static void configured_dir(char *out, size_t out_size)
{
    const char *paths[4];
    struct config c;
    struct strbuf ignored = {0};
    config_paths(paths, NULL);
    config_load(&c, paths, NULL, "", "", &ignored, NULL);
    snprintf(out, out_size, "%s", c.profiles_dir);
    strbuf_fini(&ignored);
}

static void print_materials(const struct materials *materials)
{
    const struct material *m = NULL;
    /* The signs take more bytes than columns. */
    printf("%-12s  %-11s  %-11s  %-7s  %s\n", "NAME", "TOOL \u00b0C", "BED \u00b0C", "g/cm\u00b3",
        "MATERIAL");
    for (size_t i = 0; (m = materials_at(materials, i)) != NULL; i++) {
        printf("%-12s  %3d to %-3d  %3d to %-3d  %-6.2f  %s\n", m->id, m->tool_mc[0] / 1000,
            m->tool_mc[1] / 1000, m->bed_mc[0] / 1000, m->bed_mc[1] / 1000, m->density_g_cm3,
            m->name);
    }
}

static int show_materials(const char *const *dirs)
{
    struct materials *materials = NULL;
    struct err e = {0};
    int bad = 0;
    if (materials_open(&materials, dirs, &e) != 0) {
        fprintf(stderr, "pphost profiles: %s\n", e.text);
        return 1;
    }
    for (size_t i = 0; materials_mistake(materials, i) != NULL; i++) {
        fprintf(stderr, "%s\n", materials_mistake(materials, i));
        bad = 1;
    }
    print_materials(materials);
    materials_close(materials);
    return bad;
}

/* The first sentence on one line. */
static void print_sentence(const char *text)
{
    for (; *text != '\0' && !(text[0] == '.' && strchr(" \n", text[1]) != NULL); text++) {
        putchar(*text == '\n' ? ' ' : *text);
    }
    putchar('\n');
}

static void print_entry(const struct scripts_entry *entry, const char *kind)
{
    printf("%-22s  %-9s  %-10s  ", entry->name, kind, entry->clears_bed ? "clears bed" : "");
    print_sentence(entry->description);
}

static void print_scripts(const struct scripts *scripts)
{
    const struct scripts_entry *entry = NULL;
    printf("%-22s  %-9s  %-10s  %s\n", "NAME", "KIND", "", "WHAT IT DOES");
    for (size_t i = 0; (entry = scripts_at(scripts, i)) != NULL; i++) {
        print_entry(entry, "script");
    }
    for (size_t i = 0; (entry = scripts_condition_at(scripts, i)) != NULL; i++) {
        print_entry(entry, "condition");
    }
}

static int show_scripts(const char *const *dirs)
{
    struct scripts *scripts = NULL;
    struct err e = {0};
    int bad = 0;
    if (scripts_open(&scripts, dirs, NULL, &e) != 0) {
        fprintf(stderr, "pphost profiles: %s\n", e.text);
        return 1;
    }
    for (size_t i = 0; scripts_mistake(scripts, i) != NULL; i++) {
        fprintf(stderr, "%s\n", scripts_mistake(scripts, i));
        bad = 1;
    }
    print_scripts(scripts);
    scripts_close(scripts);
    return bad;
}

static int show_printers(const char *const *dirs, const char *id)
{
    struct profiles *profiles = NULL;
    struct err e = {0};
    int bad = 0;
    if (profiles_open(&profiles, dirs, &e) != 0) {
        fprintf(stderr, "pphost profiles: %s\n", e.text);
        return 1;
    }
    for (size_t i = 0; profiles_mistake(profiles, i) != NULL; i++) {
        fprintf(stderr, "%s\n", profiles_mistake(profiles, i));
        bad = 1;
    }
    const struct profile *one = id != NULL ? profiles_find(profiles, id) : NULL;
    if (profiles_at(profiles, 0) == NULL) {
        bad = refuse_none(dirs);
    } else if (id == NULL) {
        print_list(profiles);
    } else if (one != NULL) {
        print_one(one);
    } else {
        bad = refuse_unknown(profiles, id);
    }
    profiles_close(profiles);
    return bad;
}

enum what {
    PRINTERS,
    MATERIALS,
    SCRIPTS
};

static int show(const char *id, const char *dir, enum what what)
{
    char configured[256];
    const char *dirs[5];
    if (!cmd_folder_ok("profiles", dir)) {
        return 1;
    }
    configured_dir(configured, sizeof configured);
    profiles_dirs(dirs, shipped_profiles(), dir != NULL ? dir : configured);
    switch (what) {
    case MATERIALS:
        return show_materials(dirs);
    case SCRIPTS:
        return show_scripts(dirs);
    case PRINTERS:
        break;
    }
    return show_printers(dirs, id);
}

int cmd_profiles(int argc, char **argv)
{
    static const struct option options[] = {{"profiles", required_argument, NULL, 'p'},
        {"materials", no_argument, NULL, 'm'}, {"scripts", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *dir = NULL;
    enum what what = PRINTERS;
    int c;
    while ((c = cmd_option("profiles", argc, argv, ":hms", options)) != -1) {
        if (c == 'p') {
            dir = optarg;
        } else if (c == 'm' || c == 's') {
            what = c == 'm' ? MATERIALS : SCRIPTS;
        } else if (c == 'h') {
            fputs(help, stdout);
            return 0;
        } else {
            return 2;
        }
    }
    if (argc - optind > (what == PRINTERS ? 1 : 0)) {
        fprintf(stderr, "pphost profiles: unexpected argument \"%s\"\n", argv[argc - 1]);
        return 2;
    }
    return show(optind < argc ? argv[optind] : NULL, dir, what);
}
