/* Rows of the table of commands: scripts and filament. */
#include "tools/ppctl/ppctl.h"

const struct command commands_stock[] = {
    {.name = "load",
        .args = "[TOOL MATERIAL|SPOOL]",
        .summary = "what filament is in which tool",
        .help = "TOOL is 0 to 7; MATERIAL is TYPE, TYPE_Color or TYPE_Color_#rrggbb, SPOOL a\n"
                "spool's name or the end of its id; \"none\" says that nothing is loaded. Sets\n"
                "that want a material wait until it is loaded.\n"
                "\n"
                "  ppctl load\n"
                "  ppctl load 0 PLA_Black\n"
                "  ppctl load 1 none\n",
        .kind = COMMAND_CHANGES,
        .most = 2,
        .exec = cmd_load},
    {.name = "spools",
        .args = "",
        .summary = "the spools, and what is left on them",
        .help = "  ppctl spools\n",
        .kind = COMMAND_READS,
        .exec = cmd_spools},
    {.name = "spool",
        .offers = "add edit rm",
        .args = "add NAME KEY=VALUE... | edit SPOOL KEY=VALUE... | rm SPOOL",
        .summary = "add, change or remove a spool",
        .help = "KEY is type (PLA, PETG, ...), color, rgb (#rrggbb), net (grams when full),\n"
                "left (grams; \"unknown\"), density (g/cm3), diameter (mm), name, archived\n"
                "(yes or no).\n"
                "\n"
                "  ppctl spool add black-1 type=PLA color=Black net=1000 left=1000\n"
                "  ppctl spool edit black-1 left=420\n"
                "  ppctl spool rm black-1\n",
        .kind = COMMAND_CHANGES,
        .least = 2,
        .most = 12,
        .exec = cmd_spool},
    {.name = "profiles",
        .args = "[WORD]",
        .summary = "the printers the host knows",
        .help = "Their names are what --profile of ppctl add and profiles= of ppctl set take.\n"
                "With WORD only those in whose name or model it stands.\n"
                "\n"
                "  ppctl profiles\n"
                "  ppctl profiles prusa\n",
        .kind = COMMAND_CHANGES,
        .most = 1,
        .exec = cmd_profiles},
    {.name = "scripts",
        .args = "",
        .summary = "scripts, conditions, and when they run",
        .help = "  ppctl scripts\n",
        .kind = COMMAND_READS,
        .exec = cmd_scripts},
    {.name = "script",
        .offers = "show set edit test rm",
        .args = "show NAME | set NAME FILE [--clears-bed] [--text TEXT] |\n"
                "             edit NAME | test NAME [--condition NAME] [--moment EVENT] | rm NAME",
        .summary = "look at, change or try a script",
        .help = "set takes the gcode from a file (\"-\": standard input); edit opens it in\n"
                "$EDITOR; test shows what would be sent, and sends nothing. --clears-bed says\n"
                "that the bed is clear when the script has ended well: the next print then\n"
                "starts by itself.\n"
                "\n"
                "  ppctl script show pause\n"
                "  ppctl script set push push.gcode --clears-bed\n"
                "  ppctl script test push --moment print_success\n",
        .kind = COMMAND_CHANGES,
        .least = 2,
        .most = 3,
        .option = {{"--clears-bed", NULL, "set: the bed is clear after it"},
            {"--text", "TEXT", "set: what it does, for people"},
            {"--condition", "NAME", "test: under this condition"},
            {"--moment", "EVENT", "test: as if this had happened"}},
        .exec = cmd_script},
    {.name = "condition",
        .offers = "show set edit test rm",
        .args = "show NAME | set NAME FILE [--text TEXT] | edit NAME |\n"
                "                 test NAME [--moment EVENT] | rm NAME",
        .summary = "look at, change or try a condition",
        .help = "A condition is Lua and decides whether a script runs. test says what it\n"
                "decides now.\n"
                "\n"
                "  ppctl condition show bed-hot\n"
                "  ppctl condition test bed-hot\n",
        .kind = COMMAND_CHANGES,
        .least = 2,
        .most = 3,
        .option = {{"--text", "TEXT", "set: what it does, for people"},
            {"--moment", "EVENT", "test: as if this had happened"}},
        .exec = cmd_condition},
    {.name = "events",
        .args = "",
        .summary = "which scripts run at which event",
        .help = "  ppctl events\n",
        .kind = COMMAND_READS,
        .exec = cmd_events},
    {.name = "event",
        .offers = "set",
        .args = "set EVENT [SCRIPT[:CONDITION]]...",
        .summary = "say which scripts run at an event",
        .help = "In this order; none: nothing happens. EVENT is activate, print_start,\n"
                "print_success (a print is done and another follows: clear the bed),\n"
                "print_failure, print_cancel, print_pause, print_resume, cooldown, finish (the\n"
                "last one is done), awaiting_material, awaiting_bed or deactivate.\n"
                "\n"
                "  ppctl event set print_success sweep:tall-part pause\n"
                "  ppctl event set finish\n",
        .kind = COMMAND_CHANGES,
        .least = 2,
        .most = 18,
        .exec = cmd_event},
};

const size_t commands_stock_count = sizeof commands_stock / sizeof *commands_stock;
