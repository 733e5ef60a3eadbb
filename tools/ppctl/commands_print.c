/* Rows of the table of commands: the printer and its print. */
#include "tools/ppctl/ppctl.h"

const struct command commands_print[] = {
    {.name = "status",
        .args = "",
        .summary = "what the printer does now",
        .help = "State, print, temperatures, questions to a person, and the serial link of\n"
                "every host of this machine, or of the one given with -H.\n"
                "\n"
                "  ppctl status\n"
                "  ppctl -H mk3 --json status\n",
        .kind = COMMAND_READS,
        .exec = cmd_status},
    {.name = "watch",
        .args = "",
        .summary = "follow the state until ctrl-C",
        .help = "Like status, kept up to date. When the output is no terminal, one line for\n"
                "each change; with --json, one document for each event.\n"
                "\n"
                "  ppctl watch\n"
                "  ppctl --json watch | jq .type\n",
        .kind = COMMAND_READS,
        .exec = cmd_watch},
    {.name = "print",
        .offers = ":files",
        .args = "FILE [--wait] [--bed-clear]",
        .summary = "upload a gcode file and print it",
        .help = "Nothing starts on a bed that is not known to be clear. If it is not, the host\n"
                "asks, and the print waits for the answer (ppctl confirm). With --wait on a\n"
                "terminal you are asked right here; without a terminal --wait then ends with\n"
                "status 1.\n"
                "\n"
                "While something else is printed it waits for its turn at the front of the queue;\n"
                "--wait follows it there too. ppctl add puts files at the end of the queue.\n"
                "\n"
                "  ppctl print benchy.gcode\n"
                "  ppctl print --wait --bed-clear benchy.gcode\n"
                "\n"
                "With --wait: 0 when the print ended well, 1 when it failed or was cancelled,\n"
                "130 on ctrl-C, which leaves the print running.\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = 1,
        .option = {{"--wait", NULL, "follow the print to its end"},
            {"--bed-clear", NULL, "you have looked: the bed is clear"}},
        .exec = cmd_print},
    {.name = "confirm",
        .args = "[QUESTION [ANSWER]]",
        .summary = "answer a question of the host; the bed is clear",
        .help = "Without arguments: says yes to the open question, or, when nothing is asked,\n"
                "that the bed is clear. QUESTION is the end of the question's id (at least 4\n"
                "characters), as ppctl status shows it; ANSWER is one of its answers or their\n"
                "number from 1 on. With several questions open, say which. Look at the printer\n"
                "first.\n"
                "\n"
                "  ppctl confirm\n"
                "  ppctl confirm 5f2c no\n"
                "  ppctl confirm Continue\n",
        .kind = COMMAND_CHANGES,
        .most = 2,
        .exec = cmd_confirm},
    {.name = "pause",
        .args = "",
        .summary = "pause the print",
        .help = "The moves already sent are finished, then the head is parked. In a long pause\n"
                "the hotend goes off after 30 minutes, the bed after 8 hours (the host's\n"
                "configuration can change that); resume heats them first.\n"
                "\n"
                "  ppctl pause\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_simple},
    {.name = "resume",
        .args = "",
        .summary = "go on with a paused print",
        .help = "The position is restored, then the print goes on.\n"
                "\n"
                "  ppctl resume\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_simple},
    {.name = "cancel",
        .args = "",
        .summary = "end the print for good",
        .help = "The moves already sent are finished, then the cancel script runs. To stop at\n"
                "once: ppctl estop.\n"
                "\n"
                "  ppctl cancel\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_simple},
    {.name = "recover",
        .args = "",
        .summary = "go on with a print that was cut off",
        .help = "For when the printer was reset, lost power or was away for too long. Look at it\n"
                "first: the print must still stand on the bed as it did. It heats up, homes X and\n"
                "Y, primes, goes back to where it was and prints on. ppctl cancel gives the print\n"
                "up instead.\n"
                "\n"
                "  ppctl recover\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_simple},
    {.name = "temp",
        .offers = "tool0= tool1= bed= chamber=",
        .args = "HEATER=DEGREES...",
        .summary = "set target temperatures",
        .help = "HEATER is tool0 .. tool7, bed or chamber; DEGREES are Celsius, 0 or off turns\n"
                "it off.\n"
                "\n"
                "  ppctl temp tool0=210 bed=60\n"
                "  ppctl temp tool0=off bed=off\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = 10,
        .exec = cmd_temp},
    {.name = "send",
        .args = "GCODE...",
        .summary = "send gcode to the printer",
        .help = "Each argument is one command; they go before the lines of a running print.\n"
                "What the printer answers shows in ppctl terminal.\n"
                "\n"
                "  ppctl send G28\n"
                "  ppctl send 'G91' 'G1 Z10 F600' 'G90'\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = COMMAND_OPERANDS,
        .exec = cmd_send},
    {.name = "terminal",
        .args = "[-n LINES] [--follow]",
        .summary = "what is said between host and printer",
        .help = "Shows the last 20 lines and follows until ctrl-C; with -n the last LINES and\n"
                "ends, unless --follow is given too. '>' was sent, '<' received, '!' is a\n"
                "remark of the host.\n"
                "\n"
                "  ppctl terminal\n"
                "  ppctl terminal -n 100\n",
        .kind = COMMAND_READS,
        .option = {{"-n", "LINES", "how many of the last lines (0 to 200)"},
            {"--follow", NULL, "go on after them"}},
        .exec = cmd_terminal},
    {.name = "estop",
        .args = "",
        .summary = "emergency stop: M112, heaters off, at once",
        .help = "Goes to the host by HTTP and, on this machine, at the same time straight to\n"
                "the thread that talks to the printer, so that it works when the host does not\n"
                "answer. The printer needs a reset (ppctl connect) afterwards.\n"
                "\n"
                "  ppctl estop\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_estop},
    {.name = "sd",
        .offers = "ls print put rm init release",
        .args = "[ls | print FILE [--wait] [--bed-clear] [--unchecked] |\n"
                "                 put FILE [--name NAME] | rm FILE | init | release]",
        .summary = "the SD card in the printer",
        .help = "ls lists it. print has the printer print a file of it: that cannot be checked\n"
                "before, so you are asked, beside whether the bed is clear; --unchecked says so\n"
                "at once. put copies a file to it over the cable, slowly, and nothing can be\n"
                "heated or sent meanwhile (ppctl cancel stops it); FILE is here or on the host.\n"
                "rm deletes; release before the card is taken out, init after it is put in.\n"
                "\n"
                "  ppctl sd\n"
                "  ppctl sd put bracket.gcode\n"
                "  ppctl sd print BRACKET.GCO --wait\n"
                "\n"
                "A print from the card goes on when the host is stopped, and when the cable is\n"
                "pulled; pause, resume and cancel work as for any print.\n",
        .kind = COMMAND_CHANGES,
        .most = 2,
        .option = {{"--wait", NULL, "print: follow it to its end"},
            {"--bed-clear", NULL, "print: you have looked: the bed is clear"},
            {"--unchecked", NULL, "print: as it is, whatever is in it"},
            {"--name", "NAME", "put: its name on the card, 8.3 characters"}},
        .exec = cmd_sd},
};

const size_t commands_print_count = sizeof commands_print / sizeof *commands_print;
