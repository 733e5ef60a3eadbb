/* The subcommands of pphost: each takes its own arguments (argv[0] is its name) and returns the
 * exit status: 0 done, 1 refused or failed with one line on stderr, 2 wrong usage.
 */
#ifndef PP_CMD_H
#define PP_CMD_H

int cmd_ports(int argc, char **argv);
int cmd_profiles(int argc, char **argv);
int cmd_check_config(int argc, char **argv);
int cmd_analyze(int argc, char **argv);

/* The folder of the profiles that come with this program. */
const char *shipped_profiles(void);

#endif
