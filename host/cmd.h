/* The subcommands of pphost: each takes its own arguments (argv[0] is its name) and returns the
 * exit status: 0 done, 1 refused or failed with one line on stderr, 2 wrong usage.
 */
#ifndef PP_CMD_H
#define PP_CMD_H

#include <getopt.h>
#include <stdbool.h>

int cmd_ports(int argc, char **argv);
int cmd_profiles(int argc, char **argv);
int cmd_check_config(int argc, char **argv);
int cmd_analyze(int argc, char **argv);
int cmd_registry(int argc, char **argv);
int cmd_generate_registry(int argc, char **argv);
int cmd_dht_node(int argc, char **argv);

/* getopt_long() for the subcommand `command`; `letters` begins with ':'. A mistake is told on
 * stderr and is '?'.
 */
int cmd_option(
    const char *command, int argc, char **argv, const char *letters, const struct option *options);

/* True if `dir` is NULL or can be read; else `command` (NULL = pphost itself) tells why not. */
bool cmd_folder_ok(const char *command, const char *dir);

/* The folder of the profiles that come with this program. */
const char *shipped_profiles(void);

#endif
