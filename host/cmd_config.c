/* `pphost check-config`: every mistake of a configuration file at once, before a host runs on it.
 */
#include "host/app/config.h"
#include "host/app/profile.h"
#include "host/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: pphost check-config [FILE] [--profiles DIR]\n"
    "\n"
    "Checks FILE, or else the files pphost reads by default. Each mistake is one line\n"
    "FILE:LINE:COLUMN: what is wrong and what would be right. Exit status 1 if there are any.\n"
    "\n"
    "      --profiles DIR  look for profiles in DIR too\n"
    "  -h, --help          this text\n";

/* The profiles as a host with this file would see them; NULL if they cannot be read. */
static struct profiles *open_profiles(const char *path, const char *dir)
{
    const char *const paths[] = {path, NULL};
    const char *dirs[5];
    struct config c;
    struct strbuf ignored = {0};
    struct profiles *profiles = NULL;
    struct err e = {0};
    config_load(&c, paths, NULL, "", "", &ignored, &e);
    strbuf_fini(&ignored);
    profiles_dirs(dirs, shipped_profiles(), dir != NULL ? dir : c.profiles_dir);
    if (profiles_open(&profiles, dirs, &e) != 0) {
        fprintf(stderr, "pphost check-config: %s\n", e.text);
    }
    return profiles;
}

/* 0 = right, 1 = has mistakes, which are printed. */
static int check(const char *path, const char *dir)
{
    struct strbuf mistakes = {0};
    struct err e = {0};
    struct profiles *profiles = open_profiles(path, dir);
    int bad = config_check(path, profiles, &mistakes, &e) != 0 || profiles == NULL;
    fputs(strbuf_text(&mistakes), stderr);
    for (size_t i = 0; profiles != NULL && profiles_mistake(profiles, i) != NULL; i++) {
        fprintf(stderr, "%s\n", profiles_mistake(profiles, i));
        bad = 1;
    }
    if (!bad) {
        printf("%s: ok\n", path);
    }
    strbuf_fini(&mistakes);
    profiles_close(profiles);
    return bad;
}

static int check_defaults(const char *dir)
{
    const char *paths[4];
    int bad = 0;
    int found = 0;
    config_paths(paths, NULL);
    for (size_t i = 0; paths[i] != NULL; i++) {
        if (access(paths[i], F_OK) == 0) {
            bad |= check(paths[i], dir);
            found++;
        }
    }
    if (found == 0) {
        printf("no configuration file, so the defaults hold; looked for:\n");
        for (size_t i = 0; paths[i] != NULL; i++) {
            printf("  %s\n", paths[i]);
        }
    }
    return bad;
}

int cmd_check_config(int argc, char **argv)
{
    static const struct option options[] = {{"profiles", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *dir = NULL;
    int c;
    while ((c = cmd_option("check-config", argc, argv, ":h", options)) != -1) {
        if (c == 'p') {
            dir = optarg;
        } else if (c == 'h') {
            fputs(help, stdout);
            return 0;
        } else {
            return 2;
        }
    }
    if (optind + 1 < argc) {
        fprintf(
            stderr, "pphost check-config: one FILE at a time, not \"%s\" too\n", argv[optind + 1]);
        return 2;
    }
    if (!cmd_folder_ok("check-config", dir)) {
        return 1;
    }
    return optind < argc ? check(argv[optind], dir) : check_defaults(dir);
}
