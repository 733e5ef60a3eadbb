/* `pphost dht-node`: a node of the DHT that other hosts' `dht_nodes` name, for networks of their
 * own and for who does not want to depend on the well-known ones.
 */
#include "host/cmd.h"

#include "host/base/str.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define NODES_MAX 16

static const char help[] =
    "usage: pphost dht-node [--port N] [--address IP] [--local] [--state FILE] [--join "
    "HOST:PORT]...\n"
    "\n"
    "Serves the DHT by which hosts of a queue over the internet find each other, until it is "
    "ended.\n"
    "Name it in their configuration: net: dht_nodes: [HOST:PORT]\n"
    "\n"
    "  -P, --port N          UDP port (default: 6881)\n"
    "  -a, --address IP      listen at this address only (default: all)\n"
    "      --local           a network of its own: knows nobody at first, takes private addresses\n"
    "  -s, --state FILE      keep the nodes known in FILE for the next start\n"
    "  -j, --join HOST:PORT  begin with this node, not with the well-known ones; may be repeated\n"
    "  -h, --help            this text\n";

static const struct option options[] = {
    {"port", required_argument, NULL, 'P'},
    {"address", required_argument, NULL, 'a'},
    {"local", no_argument, NULL, 'L'},
    {"state", required_argument, NULL, 's'},
    {"join", required_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

static int usage(const char *what, const char *value, const char *wanted)
{
    fprintf(stderr, "pphost dht-node: %s \"%s\": %s\n", what, value, wanted);
    return 2;
}

int cmd_dht_node(int argc, char **argv)
{
    const char *nodes[NODES_MAX + 1] = {NULL};
    size_t count = 0;
    struct net_dht_options o = {.port = 6881};
    struct err e = {0};
    int64_t port;
    int c;
    while ((c = cmd_option("dht-node", argc, argv, ":P:a:s:j:h", options)) != -1) {
        if (c == 'h') {
            fputs(help, stdout);
            return 0;
        } else if (c == 'P') {
            if (!str_to_int(optarg, 1, 65535, &port)) {
                return usage("--port", optarg, "must be a number from 1 to 65535");
            }
            o.port = (int)port;
        } else if (c == 'a') {
            o.ip = optarg;
        } else if (c == 'L') {
            o.local = true;
        } else if (c == 's') {
            o.state_file = optarg;
        } else if (c == 'j') {
            if (count == NODES_MAX || strchr(optarg, ':') == NULL) {
                return usage("--join", optarg, "must be HOST:PORT, at most 16 of them");
            }
            nodes[count++] = optarg;
        } else {
            return 2;
        }
    }
    if (optind < argc) {
        return usage("argument", argv[optind], "none is wanted");
    }
    o.nodes = count > 0 ? nodes : NULL;
    if (net_dht_node(&o, say, &e) != 0) {
        fprintf(stderr, "pphost dht-node: %s\n", e.text);
        return 1;
    }
    return 0;
}
