#include "tools/ppvirtual/options.h"

#include <string.h>

const char options_help[] =
    "usage: ppvirtual --link PATH [options]     a pty of its own; PATH becomes a link to it\n"
    "       ppvirtual --device PATH [options]   an existing pty or serial port, e.g. of socat\n"
    "\n"
    "A virtual Marlin printer with models of wire, buffers, planner and heaters.\n"
    "\n"
    "Firmware\n"
    "  --firmware NAME      marlin-2.1 (default), marlin-2.1.1, marlin-1.1.9, prusa-mk3, "
    "repetier,\n"
    "                       klipper, smoothie, sprinter, teacup\n"
    "  --plain-ok           \"ok\" without N, P and B, as stock builds answer\n"
    "  --no-emergency-parser\n"
    "                       M112, M108 and M410 act only when their turn comes\n"
    "  --meatpack           unpacks lines when told to (MeatPack)\n"
    "  --xonxoff            XOFF at an eighth of the receive ring, XON below a tenth\n"
    "  --uuid TEXT          the UUID that M115 tells\n"
    "  --machine TEXT       the machine's name that M115 tells\n"
    "  --tools N            hotends (1)\n"
    "  --chamber            a heated chamber too\n"
    "  --area X,Y,Z         build volume in mm (220,220,250)\n"
    "  --boot MS            from power-on to the banner (0); what is sent before is lost\n"
    "\n"
    "Wire and buffers\n"
    "  --baud N             bits a second, 10 a byte (115200)\n"
    "  --wire real|off      model the wire, or let bytes arrive at once (real)\n"
    "  --latency MS         added to the round trip, half in each direction (0)\n"
    "  --jitter MS          added at most to each burst in each direction (0)\n"
    "  --seed N             of the jitter (1)\n"
    "  --rx N               receive ring in bytes (128)\n"
    "  --tx N               transmit buffer in bytes (0)\n"
    "  --bufsize N          commands in the queue (4)\n"
    "  --blocks N           blocks of the planner (16)\n"
    "  --line-us N          CPU time of a command in microseconds (0)\n"
    "  --deaf               reads nothing while it waits inside a command\n"
    "\n"
    "SD card\n"
    "  --sd DIR             a card slot, and in it a card with the *.g* files of DIR\n"
    "  --sd-no-ok           M29 is answered without an ok\n"
    "  --sd-ok-joined       M30 writes its ok behind the file's name\n"
    "\n"
    "Physics\n"
    "  --moves real|null    moves take their time, or none (real)\n"
    "  --speed X            moves and dwells run X times as fast (1)\n"
    "  --runout MM          the sensor tells the end of the filament after so much of it (0: "
    "never)\n"
    "  --heat K_PER_S       heaters at full power (3)\n"
    "\n"
    "Faults\n"
    "  --fault SPEC         what breaks and when, as often as there are faults:\n"
    "                         at=line:100,do=resend,error=checksum,ok=late,ms=300\n"
    "                         at=rate:0.1%,do=flip,dir=in,seed=7\n"
    "                         at=time:20,do=unplug,ms=5000\n"
    "  --help-faults        every moment, fault and key\n"
    "  --control PATH       a socket that takes orders while it runs, a line each: a SPEC,\n"
    "                       list, clear, reset, unplug, replug, report, help\n"
    "\n"
    "General\n"
    "  --report FILE        what it has seen, as JSON, written at SIGTERM, SIGINT and SIGUSR1\n"
    "  --executed FILE      each command it has executed for the host, behind its line number\n"
    "                       (-1: it had none)\n"
    "  --stamped            and behind the printer's time in microseconds\n"
    "  -v, --verbose        every line in both directions on stderr\n"
    "  -h, --help           this text\n"
    "  --version            the version\n"
    "\n"
    "SIGUSR2 presses the reset button, SIGRTMIN pulls the SD card out or puts it in.\n";

struct option;
typedef int (*option_set)(
    struct options *o, const struct option *opt, const char *value, struct err *e);

struct option {
    const char *name;
    bool takes_value;
    option_set set;
    size_t offset; /* of the field in struct options, for the general setters */
    double min;
    double max;
};

static void *field(struct options *o, const struct option *opt)
{
    return (char *)o + opt->offset;
}

static int set_text(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    (void)e;
    *(const char **)field(o, opt) = value;
    return 0;
}

static int set_true(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    (void)value;
    (void)e;
    *(bool *)field(o, opt) = true;
    return 0;
}

static int set_unsigned(
    struct options *o, const struct option *opt, const char *value, struct err *e)
{
    int64_t n;
    if (!str_to_int(value, (int64_t)opt->min, (int64_t)opt->max, &n)) {
        return err_set(e, PP_EINVAL, "%s \"%s\": must be a whole number from %.0f to %.0f",
            opt->name, value, opt->min, opt->max);
    }
    *(unsigned *)field(o, opt) = (unsigned)n;
    return 0;
}

static int read_number(const struct option *opt, const char *value, double *out, struct err *e)
{
    if (!str_to_double(value, out) || *out < opt->min || *out > opt->max) {
        return err_set(e, PP_EINVAL, "%s \"%s\": must be a number from %g to %g", opt->name, value,
            opt->min, opt->max);
    }
    return 0;
}

static int set_double(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    return read_number(opt, value, field(o, opt), e);
}

/* Milliseconds and microseconds kept as nanoseconds. */
static int set_ms(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    double ms;
    int rc = read_number(opt, value, &ms, e);
    if (rc == 0) {
        *(uint64_t *)field(o, opt) = (uint64_t)(ms * 1e6);
    }
    return rc;
}

static int set_us(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    double us;
    int rc = read_number(opt, value, &us, e);
    if (rc == 0) {
        *(uint64_t *)field(o, opt) = (uint64_t)(us * 1e3);
    }
    return rc;
}

static int set_seed(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    int64_t n;
    if (!str_to_int(value, 0, INT64_MAX, &n)) {
        return err_set(
            e, PP_EINVAL, "%s \"%s\": must be a whole number from 0 on", opt->name, value);
    }
    o->settings.seed = (uint64_t)n;
    return 0;
}

static int set_firmware(
    struct options *o, const struct option *opt, const char *value, struct err *e)
{
    const char *names[16] = {NULL};
    size_t count = 0;
    while (count < 16 && firmware_name(count) != NULL) {
        names[count] = firmware_name(count);
        count++;
    }
    o->settings.fw = firmware_find(value);
    if (o->settings.fw == NULL) {
        const char *near = str_suggest(value, names, count);
        return err_set(e, PP_EINVAL, "%s \"%s\": no such firmware%s%s%s; --help lists them",
            opt->name, value, near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
            near != NULL ? "\"" : "");
    }
    o->settings.ok = o->settings.ok == OK_PLAIN ? OK_PLAIN : o->settings.fw->ok;
    return 0;
}

static int set_fault(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    int rc = fault_add(&o->faults, value, e);
    if (rc != 0) {
        char safe[80];
        size_t len = strlen(value);
        str_escape(safe, sizeof(safe), value, len < 70 ? len : 70);
        err_wrap(e, "%s \"%s\"", opt->name, safe);
    }
    return rc;
}

static int set_plain(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    (void)opt;
    (void)value;
    (void)e;
    o->settings.ok = OK_PLAIN;
    return 0;
}

static int set_no_emergency(
    struct options *o, const struct option *opt, const char *value, struct err *e)
{
    (void)opt;
    (void)value;
    (void)e;
    o->settings.emergency_parser = false;
    return 0;
}

static int set_sd(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    (void)opt;
    (void)e;
    o->sd = value;
    o->settings.sd = true;
    return 0;
}

static int set_wire(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    bool real = strcmp(value, "real") == 0;
    if (!real && strcmp(value, "off") != 0) {
        return err_set(e, PP_EINVAL, "%s \"%s\": must be real or off", opt->name, value);
    }
    o->settings.wire = real;
    return 0;
}

static int set_moves(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    bool real = strcmp(value, "real") == 0;
    if (!real && strcmp(value, "null") != 0) {
        return err_set(e, PP_EINVAL, "%s \"%s\": must be real or null", opt->name, value);
    }
    o->settings.real_moves = real;
    return 0;
}

static int set_area(struct options *o, const struct option *opt, const char *value, struct err *e)
{
    const char *p = value;
    for (int i = 0; i < 3; i++) {
        char part[32];
        size_t len = strcspn(p, ",");
        double mm;
        bool last = i == 2;
        if (!str_copy(part, sizeof(part), p, len) || !str_to_double(part, &mm) || mm < 1 ||
            mm > 10000 || (p[len] == ',') == last) {
            return err_set(e, PP_EINVAL, "%s \"%s\": must be three lengths of 1 to 10000 mm, X,Y,Z",
                opt->name, value);
        }
        o->settings.area_mm[i] = mm;
        p += len + !last;
    }
    return 0;
}

#define AT(member) offsetof(struct options, member)

static const struct option table[] = {
    {"--link", true, set_text, AT(link), 0, 0},
    {"--device", true, set_text, AT(device), 0, 0},
    {"--report", true, set_text, AT(report), 0, 0},
    {"--executed", true, set_text, AT(executed), 0, 0},
    {"--stamped", false, set_true, AT(settings.stamped), 0, 0},
    {"--baud", true, set_unsigned, AT(settings.baud), 1200, 4000000},
    {"--firmware", true, set_firmware, 0, 0, 0},
    {"--plain-ok", false, set_plain, 0, 0, 0},
    {"--no-emergency-parser", false, set_no_emergency, 0, 0, 0},
    {"--meatpack", false, set_true, AT(settings.meatpack), 0, 0},
    {"--xonxoff", false, set_true, AT(settings.xonxoff), 0, 0},
    {"--uuid", true, set_text, AT(settings.uuid), 0, 0},
    {"--machine", true, set_text, AT(settings.machine), 0, 0},
    {"--tools", true, set_unsigned, AT(settings.tools), 1, TOOLS_MAX},
    {"--chamber", false, set_true, AT(settings.chamber), 0, 0},
    {"--area", true, set_area, 0, 0, 0},
    {"--boot", true, set_ms, AT(settings.boot_ns), 0, 60000},
    {"--sd", true, set_sd, 0, 0, 0},
    {"--sd-no-ok", false, set_true, AT(settings.sd_no_ok), 0, 0},
    {"--sd-ok-joined", false, set_true, AT(settings.sd_ok_joined), 0, 0},
    {"--wire", true, set_wire, 0, 0, 0},
    {"--latency", true, set_double, AT(settings.latency_ms), 0, 10000},
    {"--jitter", true, set_double, AT(settings.jitter_ms), 0, 10000},
    {"--seed", true, set_seed, 0, 0, 0},
    {"--rx", true, set_unsigned, AT(settings.rx), 16, RING_MAX},
    {"--tx", true, set_unsigned, AT(settings.tx), 0, RING_MAX},
    {"--bufsize", true, set_unsigned, AT(settings.bufsize), 1, QUEUE_MAX},
    {"--blocks", true, set_unsigned, AT(settings.blocks), 2, PLANNER_MAX},
    {"--line-us", true, set_us, AT(settings.exec_ns), 0, 1000000},
    {"--deaf", false, set_true, AT(settings.deaf), 0, 0},
    {"--moves", true, set_moves, 0, 0, 0},
    {"--speed", true, set_double, AT(settings.speed), 0.01, 100000},
    {"--runout", true, set_double, AT(settings.runout_mm), 0, 1e6},
    {"--heat", true, set_double, AT(settings.heat_k_s), 0.01, 100000},
    {"--fault", true, set_fault, 0, 0, 0},
    {"--control", true, set_text, AT(control), 0, 0},
    {"--help-faults", false, set_true, AT(help_faults), 0, 0},
    {"--verbose", false, set_true, AT(verbose), 0, 0},
    {"-v", false, set_true, AT(verbose), 0, 0},
    {"--help", false, set_true, AT(help), 0, 0},
    {"-h", false, set_true, AT(help), 0, 0},
    {"--version", false, set_true, AT(version), 0, 0},
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

static const struct option *find(const char *word, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strlen(table[i].name) == len && strncmp(table[i].name, word, len) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static int unknown(const char *word, struct err *e)
{
    const char *names[OPTIONS];
    for (size_t i = 0; i < OPTIONS; i++) {
        names[i] = table[i].name;
    }
    const char *near = str_suggest(word, names, OPTIONS);
    if (near != NULL) {
        return err_set(e, PP_EINVAL, "unknown option \"%s\": did you mean %s?", word, near);
    }
    return err_set(e, PP_EINVAL, "unknown option \"%s\": --help lists them", word);
}

/* `--name value` and `--name=value`; *i stands on the word and moves to its value. */
static int parse_one(struct options *o, int argc, char **argv, int *i, struct err *e)
{
    const char *word = argv[*i];
    size_t len = strcspn(word, "=");
    const struct option *opt = find(word, len);
    if (opt == NULL) {
        return unknown(word, e);
    }
    const char *value = word[len] == '=' ? word + len + 1 : NULL;
    if (!opt->takes_value) {
        if (value != NULL) {
            return err_set(e, PP_EINVAL, "%s takes no value", opt->name);
        }
    } else if (value == NULL) {
        if (*i + 1 >= argc) {
            return err_set(e, PP_EINVAL, "%s needs a value", opt->name);
        }
        value = argv[++*i];
    }
    return opt->set(o, opt, value, e);
}

int options_parse(struct options *o, int argc, char **argv, struct err *e)
{
    *o = (struct options){0};
    settings_default(&o->settings);
    for (int i = 1; i < argc; i++) {
        int rc = parse_one(o, argc, argv, &i, e);
        if (rc != 0) {
            return rc;
        }
    }
    if (o->help || o->version || o->help_faults) {
        return 0;
    }
    if ((o->link == NULL) == (o->device == NULL)) {
        return err_set(e, PP_EINVAL, "one of --link PATH and --device PATH is needed; see --help");
    }
    return 0;
}
