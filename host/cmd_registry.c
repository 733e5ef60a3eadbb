/* `pphost registry generate` and `check`, and `pphost generate_registry`, as peerprint_server calls
 * it: what sets up a queue that hosts join over the internet.
 */
#include "host/base/str.h"
#include "host/cmd.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PEERS_MAX 64

static const char help[] =
    "usage: pphost registry generate N DIR    (also: pphost generate_registry N DIR)\n"
    "       pphost registry check FILE\n"
    "\n"
    "A registry describes queues that hosts join over the internet, and says which peers are\n"
    "trusted: those decide who prints what, all others only take part.\n"
    "\n"
    "generate  writes DIR/registry.yaml, in which four texts are left to be said by you (TODO), "
    "and\n"
    "          the keys of its N trusted peers, 1 to 64: DIR/trusted_peer_1.priv and .pub, and so\n"
    "          on. Three or more are advised: with one or two the queue stops while one is away.\n"
    "          Nothing that is there is overwritten.\n"
    "check     tells every mistake of FILE as FILE:LINE:COLUMN: what is wrong and what would be\n"
    "          right; else its queues, and the CIDs by which IPFS will know it.\n"
    "\n"
    "  -h, --help  this text\n";

/* ---- generate ------------------------------------------------------------------------------- */

static void print_next(unsigned peers, const char *dir)
{
    printf("%s/registry.yaml and the keys of %u trusted peer%s are written. Now:\n\n", dir, peers,
        peers == 1 ? "" : "s");
    printf("1. Say in it what is marked TODO, and have it checked:\n"
           "   pphost registry check %s/registry.yaml\n",
        dir);
    fputs(
        "2. Copy one pair of keys to each trusted host: trusted_peer_1.priv and .pub to the first, "
        "and so on.\n"
        "   Who has a .priv is trusted: give none of them away, use none of them twice. There:\n"
        "   ppctl queue add NAME --registry registry.yaml --identity trusted_peer_1.priv\n"
        "3. For others to join, put registry.yaml where they can fetch it: at a web address, or in "
        "IPFS\n"
        "   (`ipfs add registry.yaml` prints its CID), which you may also name in DNS:\n"
        "   _dnslink.registry.YOUR.DOMAIN  TXT  \"dnslink=/ipfs/CID\"\n",
        stdout);
    if (peers < 3) {
        printf("\nNote: with %u trusted peer%s the queue stops while %s away; three or more are "
               "advised.\n",
            peers, peers == 1 ? "" : "s", peers == 1 ? "it is" : "one of them is");
    }
}

static int generate(const char *command, int argc, char **argv)
{
    struct err e = {0};
    int64_t peers;
    if (argc != 2) {
        fprintf(stderr, "pphost %s: wanted: N DIR, such as 3 config (pphost %s --help)\n", command,
            command);
        return 2;
    }
    if (!str_to_int(argv[0], 1, PEERS_MAX, &peers)) {
        fprintf(stderr, "pphost %s: \"%s\": must be the number of trusted peers, 1 to %d\n",
            command, argv[0], PEERS_MAX);
        return 2;
    }
    if (net_registry_generate((unsigned)peers, argv[1], (int64_t)time(NULL), &e) != 0) {
        fprintf(stderr, "pphost %s: %s\n", command, e.text);
        return 1;
    }
    print_next((unsigned)peers, argv[1]);
    return 0;
}

/* ---- check ---------------------------------------------------------------------------------- */

/* Held back until it is known whether they are mistakes, for those go to stderr. */
static void add_line(void *context, const char *text)
{
    strbuf_printf(context, "%s\n", text);
}

static int check(int argc, char **argv)
{
    struct strbuf lines = {0};
    struct err e = {0};
    if (argc != 1) {
        fprintf(stderr,
            "pphost registry check: wanted: one FILE, not %d (pphost registry --help)\n", argc);
        return 2;
    }
    int rc = net_registry_check(argv[0], add_line, &lines, &e);
    fputs(strbuf_text(&lines), rc == 0 ? stdout : stderr);
    if (rc != 0) {
        fprintf(stderr, "pphost registry check: %s\n", e.text);
    }
    strbuf_fini(&lines);
    return rc == 0 ? 0 : 1;
}

/* ---- both ----------------------------------------------------------------------------------- */

/* -1 to go on with argv[optind], else the exit status. */
static int take_options(const char *command, int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int c = cmd_option(command, argc, argv, ":h", options);
    if (c == 'h') {
        fputs(help, stdout);
        return 0;
    }
    return c == -1 ? -1 : 2;
}

int cmd_generate_registry(int argc, char **argv)
{
    int done = take_options("generate_registry", argc, argv);
    return done >= 0 ? done : generate("generate_registry", argc - optind, argv + optind);
}

int cmd_registry(int argc, char **argv)
{
    int done = take_options("registry", argc, argv);
    if (done >= 0) {
        return done;
    }
    const char *word = optind < argc ? argv[optind] : "";
    int left = argc - optind - 1;
    if (strcmp(word, "generate") == 0) {
        return generate("registry generate", left, argv + optind + 1);
    }
    if (strcmp(word, "check") == 0) {
        return check(left, argv + optind + 1);
    }
    fprintf(stderr, "pphost registry: \"%s\": must be generate or check (pphost registry --help)\n",
        word);
    return 2;
}
