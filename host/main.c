/* pphost: the command line. `pphost DEVICE` serves, anything without a slash is a subcommand. */
#include "host/app/config.h"
#include "host/base/log.h"
#include "host/base/str.h"
#include "host/cmd.h"
#include "host/host.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"ports", cmd_ports, "serial ports with USB ids, stable names, guessed printer"},
    {"profiles", cmd_profiles, "known printer profiles, or one of them, checked"},
    {"check-config", cmd_check_config, "every mistake of the configuration as FILE:LINE:COL"},
    {"analyze", cmd_analyze, "bounds, layers, time, filament of a file; pre-flight verdict"},
    {"registry", cmd_registry, "registries of queues over the internet: generate, check"},
    {"generate_registry", cmd_generate_registry, "the same as registry generate"},
    {"dht-node", cmd_dht_node, "a DHT node by which hosts of other networks find each other"},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static const char options_help[] =
    "Options:\n"
    "  -n, --name NAME         name of this printer (default: the configuration's, else the "
    "port's)\n"
    "  -p, --profile NAME      printer profile; files that do not fit it are refused\n"
    "  -b, --baud N|auto       baud rate (default: the profile's, else found out)\n"
    "  -l, --listen ADDR:PORT  where to serve HTTP (default: 127.0.0.1:8125 or the next free "
    "port)\n"
    "  -c, --config FILE       read FILE after the other configuration files\n"
    "  -d, --data DIR          data directory (default: $XDG_STATE_HOME/pphost/NAME)\n"
    "      --profiles DIR      read profiles from DIR too; they override others of the same name\n"
    "      --no-network        share no queues with other hosts\n"
    "  -v, --verbose           log state changes in detail\n"
    "  -q, --quiet             log warnings and errors only\n"
    "  -h, --help              this text\n"
    "      --version           the version\n"
    "\n"
    "Every command has a --help of its own.\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n";

static void print_help(void)
{
    fputs("usage: pphost [options] DEVICE    serve the printer on DEVICE, e.g. /dev/ttyUSB0\n"
          "       pphost COMMAND ...\n\nCommands:\n",
        stdout);
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("  %-18s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\n%s", options_help);
}

/* PREFIX of PREFIX/bin/pphost, in place. */
static const char *prefix_of(char *exe)
{
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(exe, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
    return exe;
}

/* The folder of our profiles: the source tree's when run from its build tree, else the one that was
 * installed with this program, wherever that was. */
const char *shipped_profiles(void)
{
    static char beside[600];
    char exe[512];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    if (PP_BUILD_DIR[0] != '\0' && str_starts(exe, PP_BUILD_DIR "/")) {
        return PP_SOURCE_PROFILES;
    }
    snprintf(beside, sizeof beside, "%s/%s/pphost/profiles", prefix_of(exe), PP_DATADIR);
    return access(beside, R_OK | X_OK) == 0 ? beside : PP_PROFILES_DIR;
}

static int unknown_command(const char *word)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    const char *near = str_suggest(word, names, COMMANDS);
    fprintf(stderr, "pphost: \"%s\" is no command and, without a slash, no device", word);
    if (near != NULL) {
        fprintf(stderr, "; did you mean \"%s\"?\n", near);
    } else {
        fprintf(stderr, " (a device is given as /dev/ttyUSB0 or ./name; pphost --help)\n");
    }
    return 2;
}

static int parse_baud(const char *text, int *out)
{
    int64_t value;
    if (strcmp(text, "auto") == 0) {
        *out = 0;
        return 0;
    }
    if (!str_to_int(text, 1200, 4000000, &value)) {
        fprintf(
            stderr, "pphost: baud \"%s\": must be a number from 1200 to 4000000, or auto\n", text);
        return 2;
    }
    *out = (int)value;
    return 0;
}

enum {
    OPTION_PROFILES = 256,
    OPTION_NO_NETWORK,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"name", required_argument, NULL, 'n'},
    {"profile", required_argument, NULL, 'p'},
    {"baud", required_argument, NULL, 'b'},
    {"listen", required_argument, NULL, 'l'},
    {"config", required_argument, NULL, 'c'},
    {"data", required_argument, NULL, 'd'},
    {"profiles", required_argument, NULL, OPTION_PROFILES},
    {"no-network", no_argument, NULL, OPTION_NO_NETWORK},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

/* `word` is the argument just read. 0 = go on, else exit with (result - 1). */
static int take_option(struct host_arguments *a, int option, const char *word)
{
    const char **const texts[] = {
        ['n'] = &a->name,
        ['p'] = &a->profile,
        ['l'] = &a->listen,
        ['c'] = &a->config,
        ['d'] = &a->data_dir,
        [OPTION_PROFILES] = &a->profiles_dir,
    };
    switch (option) {
    case 'b':
        return parse_baud(optarg, &a->baud) == 0 ? 0 : 1 + 2;
    case 'v':
        log_set_level(LOG_DEBUG);
        return 0;
    case 'q':
        log_set_level(LOG_WARN);
        return 0;
    case OPTION_NO_NETWORK:
        a->no_network = true;
        return 0;
    case 'h':
        print_help();
        return 1;
    case OPTION_VERSION:
        puts("pphost " PP_VERSION);
        return 1;
    case ':':
        fprintf(stderr, "pphost: option \"%s\" wants a value (pphost --help)\n", word);
        return 1 + 2;
    case '?':
        fprintf(stderr, "pphost: unknown option \"%s\" (pphost --help)\n", word);
        return 1 + 2;
    default:
        *texts[option] = optarg;
        return 0;
    }
}

/* What can be seen to be wrong before anything is opened; else the exit status. */
static int check_arguments(const struct host_arguments *a)
{
    struct err e;
    if (a->listen != NULL && config_check_listen(a->listen, &e) != 0) {
        fprintf(stderr, "pphost: --listen \"%s\": %s\n", a->listen, e.text);
        return 2;
    }
    return cmd_folder_ok(NULL, a->profiles_dir) ? 0 : 1;
}

static int serve(const struct host_arguments *a, char **argv)
{
    struct err e = {0};
    bool restart = false;
    if (host_run(a, &restart, &e) < 0) {
        log_error("%s", e.text);
        return 1;
    }
    if (restart) {
        execv("/proc/self/exe", argv);
        log_error("cannot start again");
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct host_arguments arguments = {.baud = -1};
    int option;
    if (sodium_init() < 0) {
        fputs("pphost: no source of randomness\n", stderr);
        return 1;
    }
    for (size_t i = 0; argc > 1 && i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":n:p:b:l:c:d:vqh", long_options, NULL)) != -1) {
        int done = take_option(&arguments, option, argv[optind - 1]);
        if (done != 0) {
            return done - 1;
        }
    }
    if (optind >= argc) {
        fputs("pphost: which device? (pphost ports lists them, pphost --help shows the rest)\n",
            stderr);
        return 2;
    }
    if (strchr(argv[optind], '/') == NULL) {
        return unknown_command(argv[optind]);
    }
    if (optind + 1 < argc) {
        fprintf(stderr, "pphost: one device a host; what is \"%s\"? (pphost --help)\n",
            argv[optind + 1]);
        return 2;
    }
    arguments.device = argv[optind];
    int bad = check_arguments(&arguments);
    return bad != 0 ? bad : serve(&arguments, argv);
}
