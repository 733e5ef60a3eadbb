/* `pphost analyze`: reads G-code files and says what they will do, and whether they may be printed.
 *
 * Happy path: the profile comes from -p, else from the printer model the file names; the file is
 * read once with that printer's kinematics (twice when the model only turned up while reading).
 * Failures: a file that cannot be read is one line on stderr and exit 1, as is one that is refused.
 */
#include "host/app/profile.h"
#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/json.h"
#include "host/base/mem.h"
#include "host/cmd.h"
#include "host/cmd_analyze.h"
#include "host/core/dialect.h"
#include "host/core/line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK          ((size_t)256 * 1024)
#define PROGRESS_BYTES (32 << 20) /* smaller files are done before anybody looks */
#define PROGRESS_EVERY UINT64_C(200)

static const char help[] =
    "usage: pphost analyze [-p PROFILE] [--json] FILE...\n"
    "\n"
    "Says what G-code files will do: bounds, layers, filament, time, temperatures, slicer;\n"
    "and whether they may be printed. Exit status 1 if a file is refused or cannot be read.\n"
    "\n"
    "  -p, --profile NAME  check against this printer (default: the one the file was sliced for)\n"
    "      --profiles DIR  read profiles from DIR too; they override others of the same name\n"
    "      --json          one JSON document\n"
    "  -h, --help          this text\n";

struct job {
    struct profiles *profiles;
    const struct profile *profile; /* of -p, NULL = none given */
    const char *profile_id;
    const char *profiles_dir;
    bool json;
    bool show_progress;
    bool printed; /* anything yet */
};

/* What pre-flight holds against any printer: content that is no print. */
static const struct limits any_printer = {
    .min_um = {INT64_MIN / 4, INT64_MIN / 4, INT64_MIN / 4},
    .max_um = {INT64_MAX / 4, INT64_MAX / 4, INT64_MAX / 4},
    .max_tool_mc = INT32_MAX,
    .max_bed_mc = INT32_MAX,
    .max_chamber_mc = INT32_MAX,
};

static void progress(const char *name, off_t done, off_t size, uint64_t started_ms)
{
    uint64_t ms = clock_ms() - started_ms;
    double mb_s = ms > 0 ? (double)done / 1000 / (double)ms : 0;
    double left_s = mb_s > 0 ? (double)(size - done) / 1e6 / mb_s : 0;
    fprintf(stderr, "\r\033[K%s  %3d %%  %.0f MB/s  %.0f s left", name,
        (int)(size > 0 ? done * 100 / size : 0), mb_s, left_s);
}

/* Feeds an open file to the analyser. */
static int feed(struct analyzer *a, int fd, const char *path, off_t size, bool show, struct err *e)
{
    char *bytes = mem_alloc(CHUNK);
    uint64_t started = clock_ms();
    uint64_t shown = started;
    off_t done = 0;
    ssize_t n;
    while ((n = read(fd, bytes, CHUNK)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0) {
            analyze_feed(a, bytes, (size_t)n);
            done += n;
        }
        if (show && clock_ms() - shown >= PROGRESS_EVERY) {
            shown = clock_ms();
            progress(file_basename(path), done, size, started);
        }
    }
    if (show) {
        fputs("\r\033[K", stderr);
    }
    free(bytes);
    return n < 0 ? err_errno(e, errno, "%s", path) : 0;
}

static int analyze_fd(int fd, const struct job *job, const struct kinematics *k, const char *path,
    struct analysis *out, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return err_errno(e, errno, "%s", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, PP_EINVAL, "%s: %s", path,
            S_ISDIR(st.st_mode) ? "is a folder" : "must be a regular file");
    }
    struct analyzer *a = analyze_new(k);
    int rc = feed(a, fd, path, st.st_size, job->show_progress && st.st_size > PROGRESS_BYTES, e);
    analyze_finish(a, out);
    analyze_free(a);
    return rc;
}

/* The limits of the printer, the length of its lines included. */
static struct limits limits_of(const struct profile *p, const struct analysis *a)
{
    if (p == NULL) {
        return any_printer;
    }
    struct limits l = p->limits;
    const struct dialect *d = dialect_by_name(p->firmware);
    if (l.max_line == 0 && d->max_line > 0) {
        l.max_line = dialect_max_command(d, (uint64_t)a->commands * 2);
    }
    return l;
}

static int examine_fd(struct examined *x, int fd, const struct job *job, struct err *e)
{
    x->profile = job->profile;
    const struct kinematics *k = x->profile != NULL ? &x->profile->kinematics : NULL;
    int rc = analyze_fd(fd, job, k, x->path, &x->analysis, e);
    if (rc == 0 && x->profile == NULL) {
        x->profile = profiles_for_file(job->profiles, &x->analysis);
        x->by_model = x->profile != NULL;
    }
    if (rc == 0 && x->by_model) {
        if (lseek(fd, 0, SEEK_SET) != 0) {
            return err_errno(e, errno, "%s", x->path);
        }
        rc = analyze_fd(fd, job, &x->profile->kinematics, x->path, &x->analysis, e);
    }
    struct limits limits = limits_of(x->profile, &x->analysis);
    preflight_check(&x->analysis, &limits, &x->preflight);
    return rc;
}

static int examine(struct examined *x, const struct job *job, struct err *e)
{
    int fd = open(x->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return err_errno(e, errno, "%s", x->path);
    }
    int rc = examine_fd(x, fd, job, e);
    close(fd);
    return rc;
}

static json_t *error_json(const char *path, const struct err *e)
{
    return json_pack("{s:o, s:{s:s, s:o, s:o}}", "file", json_text(path), "error", "code",
        err_name(e->code), "message", json_text(e->text), "field", json_text(e->field));
}

/* One file; false if it is refused or cannot be read. */
static bool run_one(struct job *job, const char *path, json_t *files)
{
    struct examined x = {.path = path};
    struct err e;
    if (examine(&x, job, &e) != 0) {
        fprintf(stderr, "pphost analyze: %s\n", e.text);
        if (files != NULL) {
            json_array_append_new(files, error_json(path, &e));
        }
        return false;
    }
    if (files != NULL) {
        json_array_append_new(files, examined_json(&x));
    } else {
        printf("%s", job->printed ? "\n" : "");
        examined_print(&x);
        job->printed = true;
    }
    return !x.preflight.refused;
}

static int run(struct job *job, char *const *paths, int count)
{
    bool good = true;
    json_t *files = job->json ? json_array() : NULL;
    for (int i = 0; i < count; i++) {
        good = run_one(job, paths[i], files) && good;
    }
    if (job->json) {
        json_t *document = json_pack("{s:o}", "files", files);
        json_dumpf(document, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
        putchar('\n');
        json_decref(document);
    }
    return good ? 0 : 1;
}

static int unknown_profile(const struct profiles *profiles, const char *id)
{
    const char *near = profiles_suggest(profiles, id);
    fprintf(stderr, "pphost analyze: profile \"%s\": there is none of this name", id);
    if (near != NULL) {
        fprintf(stderr, "; did you mean \"%s\"?\n", near);
    } else {
        fputs(" (pphost profiles lists them)\n", stderr);
    }
    const char *mistake;
    for (size_t i = 0; (mistake = profiles_mistake(profiles, i)) != NULL; i++) {
        fprintf(stderr, "%s\n", mistake);
    }
    return 1;
}

static int with_profiles(struct job *job, char *const *paths, int count)
{
    const char *dirs[5];
    struct err e;
    profiles_dirs(dirs, shipped_profiles(), job->profiles_dir);
    if (profiles_open(&job->profiles, dirs, &e) != 0) {
        fprintf(stderr, "pphost analyze: %s\n", e.text);
        return 1;
    }
    int status;
    if (job->profile_id != NULL) {
        job->profile = profiles_find(job->profiles, job->profile_id);
    }
    if (job->profile_id != NULL && job->profile == NULL) {
        status = unknown_profile(job->profiles, job->profile_id);
    } else {
        status = run(job, paths, count);
    }
    profiles_close(job->profiles);
    return status;
}

enum {
    OPTION_PROFILES = 256,
    OPTION_JSON
};

static const struct option long_options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"profiles", required_argument, NULL, OPTION_PROFILES},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

int cmd_analyze(int argc, char **argv)
{
    struct job job = {.show_progress = isatty(STDERR_FILENO) == 1};
    int option;
    while ((option = cmd_option("analyze", argc, argv, ":p:h", long_options)) != -1) {
        switch (option) {
        case 'p':
            job.profile_id = optarg;
            break;
        case OPTION_PROFILES:
            job.profiles_dir = optarg;
            break;
        case OPTION_JSON:
            job.json = true;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return 2;
        }
    }
    if (optind == argc) {
        fputs("pphost analyze: no FILE given (pphost analyze --help)\n", stderr);
        return 2;
    }
    if (!cmd_folder_ok("analyze", job.profiles_dir)) {
        return 1;
    }
    return with_profiles(&job, argv + optind, argc - optind);
}
