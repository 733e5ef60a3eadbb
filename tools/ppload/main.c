/* ppload: many clients at once do to the queues of some hosts what people do, and measure it. */
#include "host/base/mem.h"
#include "tools/ppload/load.h"

#include <curl/curl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX    1000000
#define CLIENTS_MAX 256
#define FILE_MIN    512
#define FILE_MAX    (256 << 20)
#define WITHIN_MAX  604800 /* a week */

enum {
    DONE = 0,
    FAILED = 1,
    USAGE = 2,
    NO_HOST = 3,
    INTERRUPTED = 130
};

static const char usage[] =
    "usage: ppload [-H URL[=KEY]|NAME]... [-n JOBS] [-k CLIENTS] [--queue QUEUE] ...\n"
    "\n"
    "Clients upload files, submit jobs, list, edit, move and remove them on the hosts' HTTP\n"
    "interface, all at once; printed are the percentiles of how long each took. Nothing is "
    "printed\n"
    "by a printer unless --wait is given: the jobs are drafts, and removed again.\n"
    "\n"
    "  -H, --host URL[=KEY]  a host, or the name of one of this machine; may be given again.\n"
    "                        Without it all of this machine. PPCTL_KEY is the key of an address\n"
    "                        that is given none\n"
    "  -n, --jobs JOBS       so many in all (100)\n"
    "  -k, --clients CLIENTS so many at once, spread over the hosts (8, at most 256)\n"
    "      --queue QUEUE     each job is also moved to this shared queue\n"
    "      --profile PROFILE the jobs are for it (any printer); shared queues want one\n"
    "      --files SIZE      of each job's file, such as 20000, 64KiB or 10MiB (4KiB)\n"
    "      --wait            jobs stay, ARE PRINTED where printers manage their queue, and waited\n"
    "                        for; they move and do not heat\n"
    "      --within SECONDS  how long --wait waits (3600)\n"
    "      --json            one JSON document\n"
    "      --version         the version\n"
    "\n"
    "Exit status: 0 all went well, 1 something was refused or failed, 2 usage, 3 there is no "
    "host,\n"
    "130 ctrl-C (the jobs that were begun are finished).\n";

struct options {
    struct load_options load;
    struct hosts hosts;
    bool json;
};

static struct load *running; /* for the signal */

static void on_signal(int number)
{
    (void)number;
    atomic_store(&running->stop, true);
}

/* ---- options ------------------------------------------------------------------------------------
 */

static int complain(const char *option, const char *value, const char *right)
{
    fprintf(stderr, "ppload: %s \"%s\": must be %s\n", option, value, right);
    return USAGE;
}

static bool read_number(const char *text, size_t low, size_t high, size_t *out)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < low || n > high) {
        return false;
    }
    *out = (size_t)n;
    return true;
}

static bool read_size(const char *text, size_t *out)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}};
    size_t digits = strspn(text, "0123456789");
    unsigned long long n = digits > 0 && digits < 12 ? strtoull(text, NULL, 10) : 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text + digits, units[i].name) == 0 && n << units[i].shift >= FILE_MIN &&
            n << units[i].shift <= FILE_MAX) {
            *out = (size_t)(n << units[i].shift);
            return true;
        }
    }
    return false;
}

enum {
    OPTION_QUEUE = 256,
    OPTION_PROFILE,
    OPTION_FILES,
    OPTION_WAIT,
    OPTION_WITHIN,
    OPTION_JSON,
    OPTION_VERSION
};

static int take(struct options *o, int option, const char *value)
{
    struct err e = {0};
    const char *key = getenv("PPCTL_KEY");
    size_t seconds = 0;
    switch (option) {
    case 'H':
        if (hosts_add(&o->hosts, value, key != NULL ? key : "", &e) != 0) {
            fprintf(stderr, "ppload: %s\n", e.text);
            return e.code == PP_ENOTFOUND ? NO_HOST : USAGE;
        }
        return DONE;
    case 'n':
        return read_number(value, 1, JOBS_MAX, &o->load.jobs)
                   ? DONE
                   : complain("--jobs", value, "1 to 1000000");
    case 'k':
        return read_number(value, 1, CLIENTS_MAX, &o->load.clients)
                   ? DONE
                   : complain("--clients", value, "1 to 256");
    case OPTION_FILES:
        return read_size(value, &o->load.file_bytes)
                   ? DONE
                   : complain("--files", value, "512 to 268435456 bytes, such as 64KiB or 10MiB");
    case OPTION_WITHIN:
        if (!read_number(value, 1, WITHIN_MAX, &seconds)) {
            return complain("--within", value, "1 to 604800 seconds");
        }
        o->load.within_s = (double)seconds;
        return DONE;
    default:
        return DONE;
    }
}

/* DONE, or how to exit; *stop: there is nothing more to do. */
static int parse(struct options *o, int argc, char **argv, bool *stop)
{
    static const struct option known[] = {{"host", 1, NULL, 'H'}, {"jobs", 1, NULL, 'n'},
        {"clients", 1, NULL, 'k'}, {"queue", 1, NULL, OPTION_QUEUE},
        {"profile", 1, NULL, OPTION_PROFILE}, {"files", 1, NULL, OPTION_FILES},
        {"wait", 0, NULL, OPTION_WAIT}, {"within", 1, NULL, OPTION_WITHIN},
        {"json", 0, NULL, OPTION_JSON}, {"version", 0, NULL, OPTION_VERSION},
        {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    int status = DONE;
    while (status == DONE && (option = getopt_long(argc, argv, "H:n:k:h", known, NULL)) != -1) {
        if (option == 'h' || option == OPTION_VERSION) {
            printf("%s", option == 'h' ? usage : "ppload " PP_VERSION "\n");
            *stop = true;
            return DONE;
        }
        o->load.queue = option == OPTION_QUEUE ? optarg : o->load.queue;
        o->load.profile = option == OPTION_PROFILE ? optarg : o->load.profile;
        o->load.print = o->load.print || option == OPTION_WAIT;
        o->json = o->json || option == OPTION_JSON;
        status = option == '?' ? USAGE : take(o, option, optarg);
    }
    if (status == DONE && optind < argc) {
        fprintf(stderr, "ppload: \"%s\": takes no arguments beside its options\n", argv[optind]);
        status = USAGE;
    }
    if (status == USAGE) {
        fprintf(stderr, "try: ppload --help\n");
    }
    return status;
}

/* ---- the result ---------------------------------------------------------------------------------
 */

static double rate(const struct load *l, size_t count)
{
    return l->submit_s > 0 ? (double)count / l->submit_s : 0;
}

static void say_text(struct load *l)
{
    size_t done = atomic_load(&l->taken);
    done = done < l->o.jobs ? done : l->o.jobs;
    printf("%zu jobs by %zu clients on %zu hosts in %.2f s: %.1f jobs/s\n\n", done, l->o.clients,
        l->hosts->count, l->submit_s, rate(l, done));
    printf("%-8s %8s %8s %10s %10s %10s %10s\n", "", "count", "failed", "p50 ms", "p90 ms",
        "p99 ms", "max ms");
    for (enum tally_op op = 0; op < TALLY_OPS; op++) {
        struct tally_figures f;
        tally_figures(&l->tally, op, &f);
        if (f.count + f.failed > 0) {
            printf("%-8s %8zu %8zu %10.2f %10.2f %10.2f %10.2f\n", tally_name(op), f.count,
                f.failed, f.p50_ms, f.p90_ms, f.p99_ms, f.max_ms);
        }
    }
    for (size_t i = 0; i < l->tally.errors_count; i++) {
        const struct tally_error *e = &l->tally.errors[i];
        printf("%s%s failed %zu times, %s: %s\n", i == 0 ? "\n" : "", tally_name(e->op), e->count,
            e->kind, e->text);
    }
    if (l->o.print && l->unprinted > 0) {
        printf("\n%zu jobs are not printed yet\n", l->unprinted);
    } else if (l->o.print) {
        printf("\nall %zu printed %.1f s after the begin\n", atomic_load(&l->placed), l->print_s);
    }
}

static json_t *operation(const struct tally_figures *f)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:f, s:f}", "count", (json_int_t)f->count, "failed",
        (json_int_t)f->failed, "p50_ms", f->p50_ms, "p90_ms", f->p90_ms, "p99_ms", f->p99_ms,
        "max_ms", f->max_ms);
}

static void say_json(struct load *l)
{
    json_t *operations = json_object();
    json_t *errors = json_array();
    for (enum tally_op op = 0; op < TALLY_OPS; op++) {
        struct tally_figures f;
        tally_figures(&l->tally, op, &f);
        json_object_set_new(operations, tally_name(op), operation(&f));
    }
    for (size_t i = 0; i < l->tally.errors_count; i++) {
        const struct tally_error *e = &l->tally.errors[i];
        json_array_append_new(
            errors, json_pack("{s:s, s:s, s:s, s:I}", "operation", tally_name(e->op), "kind",
                        e->kind, "text", e->text, "count", (json_int_t)e->count));
    }
    json_t *doc = json_pack("{s:I, s:I, s:I, s:f, s:o, s:o}", "jobs", (json_int_t)l->o.jobs,
        "clients", (json_int_t)l->o.clients, "hosts", (json_int_t)l->hosts->count, "seconds",
        l->submit_s, "operations", operations, "errors", errors);
    bool all = l->o.print && l->unprinted == 0;
    json_object_set_new(doc, "printed_s", all ? json_real(l->print_s) : json_null());
    json_object_set_new(
        doc, "unprinted", l->o.print ? json_integer((json_int_t)l->unprinted) : json_null());
    json_dumpf(doc, stdout, JSON_INDENT(1));
    printf("\n");
    json_decref(doc);
}

static int run(struct options *o)
{
    struct load load;
    load_init(&load, &o->load, &o->hosts);
    running = &load;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    load_run(&load);
    bool well = !o->load.print || load_wait(&load);
    (o->json ? say_json : say_text)(&load);
    well = well && tally_failed(&load.tally) == 0;
    int status = atomic_load(&load.stop) ? INTERRUPTED : well ? DONE : FAILED;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    load_fini(&load);
    return status;
}

int main(int argc, char **argv)
{
    bool stop = false;
    struct options *o = mem_alloc(sizeof *o);
    o->load =
        (struct load_options){.jobs = 100, .clients = 8, .file_bytes = 4096, .within_s = 3600};
    int status = parse(o, argc, argv, &stop);
    if (status == DONE && !stop) {
        if (o->hosts.count == 0) {
            hosts_find(&o->hosts);
        }
        if (o->hosts.count == 0) {
            fprintf(stderr, "ppload: no host runs on this machine: name one with -H URL=KEY\n");
            status = NO_HOST;
        } else if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
            fprintf(stderr, "ppload: libcurl cannot start\n");
            status = FAILED;
        } else {
            status = run(o);
            curl_global_cleanup();
        }
    }
    free(o);
    if (fflush(stdout) != 0 && status == DONE) {
        fprintf(stderr, "ppload: the output cannot be written\n");
        status = FAILED;
    }
    return status;
}
