/* Rows of the table of commands: the host. */
#include "tools/ppctl/ppctl.h"

const struct command commands_host[] = {
    {.name = "connect",
        .args = "",
        .summary = "open the port and talk to the printer",
        .help = "Also after an error, an emergency stop or ppctl disconnect.\n"
                "\n"
                "  ppctl connect\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_simple},
    {.name = "disconnect",
        .args = "",
        .summary = "close the port and leave it closed",
        .help = "Refused while a print runs.\n"
                "\n"
                "  ppctl disconnect\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_simple},
    {.name = "restart",
        .args = "",
        .summary = "restart the host",
        .help = "The printer and its heaters stay as they are; a print goes on by itself. It is\n"
                "the same program that starts again: for a new version stop it and start that.\n"
                "\n"
                "  ppctl restart\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_simple},
    {.name = "key",
        .offers = "add list rm",
        .args = "add NAME [--scope SCOPE] | list | rm NAME",
        .summary = "keys for slicers, phones and other machines",
        .help = "A key is shown once, when it is made; the host keeps only its hash. SCOPE is\n"
                "read (look), print (and print, pause, set temperatures, send gcode; the\n"
                "default) or admin (and keys, restart).\n"
                "\n"
                "  ppctl key add prusaslicer\n"
                "  ppctl key add --scope read phone >phone.key\n"
                "  ppctl key list\n"
                "  ppctl key rm phone\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = 2,
        .option = {{"--scope", "SCOPE", "read, print or admin"}},
        .exec = cmd_key},
    {.name = "log",
        .args = "[-n LINES]",
        .summary = "the host's log",
        .help = "The newest lines that the host keeps in memory, 50 unless said otherwise.\n"
                "\n"
                "  ppctl log -n 200\n",
        .kind = COMMAND_READS,
        .option = {{"-n", "LINES", "how many of the last lines (1 to 500)"}},
        .exec = cmd_log},
    {.name = "help",
        .args = "[COMMAND]",
        .summary = "this list, or all about one command",
        .help = "  ppctl help print\n",
        .kind = COMMAND_LOCAL,
        .most = 1,
        .exec = cmd_help},
};

const size_t commands_host_count = sizeof commands_host / sizeof *commands_host;
