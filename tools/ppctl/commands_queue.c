/* Rows of the table of commands: the queue, its files and what became of them. */
#include "tools/ppctl/ppctl.h"

const struct command commands_queue[] = {
    {.name = "add",
        .offers = ":files",
        .args = "FILE... [-n COUNT] [--job NAME] [--queue Q] [--profile P]...\n"
                "               [--material M]... [--draft] [--repeat] [--share] [--front]\n"
                "               [--folder FOLDER]",
        .summary = "add files to the queue as a job",
        .help = "FILE is here or, by its name, on the host. The files are printed in this\n"
                "order, the whole list COUNT times; FILE*3 prints one of them three times each\n"
                "time. With --job the name of a job that is being edited (a draft), the files\n"
                "are added to it. A .gjob is a whole job by itself.\n"
                "\n"
                "  ppctl add benchy.gcode\n"
                "  ppctl add -n 10 --job gears gear.gcode*4 axle.gcode\n"
                "  ppctl add --profile prusa-mk3s --material PLA_Black vase.gcode\n"
                "  ppctl add party.gjob\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = COMMAND_OPERANDS,
        .option = {{"-n", "COUNT", "how often the whole list is printed (1 to 999999)"},
            {"--job", "NAME", "the job's name"}, {"--queue", "Q", "another queue than local"},
            {"--profile", "P", "printers it may be printed on; again for more"},
            {"--material", "M", "what tool 0 must hold; again for tool 1 and so on; \"any\""},
            {"--draft", NULL, "hold it: it is not printed until ppctl edit ID draft=no"},
            {"--repeat", NULL, "begin anew when it is done, until it is stopped"},
            {"--share", NULL, "several printers may print copies of it"},
            {"--front", NULL, "before all others"},
            {"--folder", "FOLDER", "where uploaded files go on the host"}},
        .exec = cmd_add},
    {.name = "jobs",
        .args = "[--queue Q|archive] [-n JOBS]",
        .summary = "the queue",
        .help = "In the order in which they are printed; of the archive the newest first. A +\n"
                "after the copies: the job begins anew when it is done.\n"
                "\n"
                "  ppctl jobs\n"
                "  ppctl jobs --queue archive\n"
                "  ppctl --json jobs\n",
        .kind = COMMAND_READS,
        .option = {{"--queue", "Q", "another queue than local, or archive"},
            {"-n", "JOBS", "at most so many (1 to 1000; 200)"}},
        .exec = cmd_jobs},
    {.name = "job",
        .offers = ":jobs",
        .args = "ID",
        .summary = "all about one job",
        .help = "ID is the end of the job's id (4 characters or more), as ppctl jobs shows it,\n"
                "or its name where only one has it; one without a name goes by its first file.\n"
                "Here and for ppctl move it may be its position. Positions change while the\n"
                "queue is printed, so that other commands do not take them.\n"
                "\n"
                "  ppctl job 5f2c\n"
                "  ppctl job gears\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = 1,
        .exec = cmd_job},
    {.name = "edit",
        .offers = ":jobs count= remaining= draft=yes draft=no repeat=yes share=yes name= note=",
        .args = "ID KEY=VALUE...",
        .summary = "change a job",
        .help = "KEY is name, count, remaining, draft (yes or no), repeat, share, note.\n"
                "Raising remaining raises count with it.\n"
                "\n"
                "  ppctl edit gears count=20\n"
                "  ppctl edit 5f2c draft=yes\n",
        .kind = COMMAND_CHANGES,
        .least = 2,
        .most = 9,
        .exec = cmd_edit},
    {.name = "set",
        .offers = ":jobs count= remaining= profiles= materials= file= position= rm",
        .args = "ID SET KEY=VALUE... | ID SET rm",
        .summary = "change one file of a job",
        .help = "SET is its number in ppctl job, its file, or the end of its id. KEY is count\n"
                "(in each copy of the job), remaining (in this copy), profiles and materials\n"
                "(lists with commas; any), file (another one), position.\n"
                "\n"
                "  ppctl set gears 1 count=4\n"
                "  ppctl set gears axle.gcode materials=PETG\n"
                "  ppctl set gears 2 rm\n",
        .kind = COMMAND_CHANGES,
        .least = 3,
        .most = 9,
        .exec = cmd_set},
    {.name = "move",
        .offers = ":jobs",
        .args = "ID POSITION | ID QUEUE[:POSITION]",
        .summary = "move a job",
        .help = "POSITION 1 is the front: it is printed next. Where no job has a number for its\n"
                "name, ID may be its present position too. To a shared queue it goes with its\n"
                "files, which takes a while; back to local the same way (any host may do it).\n"
                "\n"
                "  ppctl move gears 1\n"
                "  ppctl move 3 1\n"
                "  ppctl move gears LAN\n"
                "  ppctl move gears local\n"
                "  ppctl move 5f2c local:3\n",
        .kind = COMMAND_CHANGES,
        .least = 2,
        .most = 2,
        .exec = cmd_move},
    {.name = "rm",
        .offers = ":jobs",
        .args = "ID...",
        .summary = "remove jobs from the queue",
        .help = "They go to the archive, from which ppctl restore brings them back. Not while\n"
                "one of its files is printed. All of them or none.\n"
                "\n"
                "  ppctl rm gears 5f2c\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = COMMAND_OPERANDS,
        .exec = cmd_jobs_act},
    {.name = "restore",
        .offers = ":archive",
        .args = "ID...",
        .summary = "bring jobs back from the archive",
        .help = "To the end of the queue, with what was printed of them; a finished one begins\n"
                "anew.\n"
                "\n"
                "  ppctl restore gears\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = COMMAND_OPERANDS,
        .exec = cmd_jobs_act},
    {.name = "reset",
        .offers = ":jobs",
        .args = "ID...",
        .summary = "print jobs from their beginning again",
        .help = "Nothing counts as printed any more.\n"
                "\n"
                "  ppctl reset gears\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = COMMAND_OPERANDS,
        .exec = cmd_jobs_act},
    {.name = "export",
        .offers = ":jobs",
        .args = "ID [FILE.gjob]",
        .summary = "save a job with its files as one file",
        .help = "In Continuous Print's format. \"-\": standard output.\n"
                "\n"
                "  ppctl export gears gears.gjob\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = 2,
        .exec = cmd_export},
    {.name = "import",
        .offers = ":files",
        .args = "FILE.gjob [--queue Q]",
        .summary = "add a job saved by export",
        .help = "It arrives as a draft: look at it, then ppctl edit ID draft=no.\n"
                "\n"
                "  ppctl import gears.gjob\n",
        .kind = COMMAND_CHANGES,
        .least = 1,
        .most = 1,
        .option = {{"--queue", "Q", "another queue than local"}},
        .exec = cmd_import},
    {.name = "template",
        .offers = "list save use rm",
        .args = "[list | save NAME ID | use NAME [-n COUNT] [--job JOBNAME]\n"
                "                 [--queue Q] | rm NAME]",
        .summary = "jobs to be used again",
        .help = "  ppctl template save weekly gears\n"
                "  ppctl template use weekly -n 3\n",
        .kind = COMMAND_CHANGES,
        .most = 3,
        .option = {{"-n", "COUNT", "use: how often"}, {"--job", "JOBNAME", "use: its name"},
            {"--queue", "Q", "use: another queue than local"}},
        .exec = cmd_template},
    {.name = "start",
        .args = "",
        .summary = "start managing: print what is in the queue",
        .help = "One job after the other, until ppctl stop. A print that runs is taken over.\n"
                "\n"
                "  ppctl start\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_manage},
    {.name = "stop",
        .args = "",
        .summary = "stop managing; a print goes on to its end",
        .help = "  ppctl stop\n",
        .kind = COMMAND_CHANGES,
        .exec = cmd_manage},
    {.name = "quarantine",
        .offers = "list rm",
        .args = "[list | rm [FILE]]",
        .summary = "files that failed too often",
        .help = "They are not printed until they are taken off; rm without FILE takes all off.\n"
                "\n"
                "  ppctl quarantine rm vase.gcode\n",
        .kind = COMMAND_CHANGES,
        .most = 2,
        .exec = cmd_quarantine},
    {.name = "files",
        .offers = "ls mkdir mv rm",
        .args = "[ls [FOLDER] | mkdir FOLDER | mv FROM TO | rm NAME [--force]]",
        .summary = "the files on the host",
        .help = "rm refuses a file that a job needs; with --force its name goes, and the job\n"
                "keeps what it needs.\n"
                "\n"
                "  ppctl files\n"
                "  ppctl files mv vase.gcode shelf/vase.gcode\n",
        .kind = COMMAND_CHANGES,
        .most = 3,
        .option = {{"--force", NULL, "rm: although a job needs it"}},
        .exec = cmd_files},
    {.name = "queues",
        .args = "",
        .summary = "the queues of the host",
        .help = "  ppctl queues\n",
        .kind = COMMAND_READS,
        .exec = cmd_queues},
    {.name = "queue",
        .offers = "show add edit rm enable disable takeover release",
        .args = "show NAME | add NAME [KEY=VALUE]... | edit NAME KEY=VALUE... | rm NAME |\n"
                "                 enable NAME | disable NAME | takeover NAME |\n"
                "                 release NAME HOST [--registry LOC] [--identity FILE]\n"
                "                 [--secret KEY] [--key FILE]",
        .summary = "look at a queue, add one that is shared, change it",
        .help = "A queue is shared by all hosts on this network that have one of the same\n"
                "name (and key); with --registry by hosts anywhere. KEY is one of\n"
                "\n"
                "  strategy    in-order, least-changes or oldest-first\n"
                "  share       yes: copies of one job may go to several printers\n"
                "  rank        its place among the queues; the first with work wins\n"
                "  key         a secret: only hosts that have it take part (none: anyone may)\n"
                "  namespace   its name on the network, where that is not NAME\n"
                "  address     auto, IP:PORT, localhost (hosts of this machine) or 0.0.0.0\n"
                "  registry    a path, https://..., ipfs://CID or a domain\n"
                "  identity    a .priv file to take part with\n"
                "  control     may its hosts operate this printer: keyed (if locked), yes, no\n"
                "  accept      all, trusted (gcode of trusted submitters alone) or model\n"
                "  replicas    hosts that hold a job's files before it may be printed (2)\n"
                "  claim_timeout_min\n"
                "              a host silent for so long loses what it has claimed (15)\n"
                "\n"
                "Of a disabled queue nothing is printed, and nothing is heard. takeover: the\n"
                "hosts that decide are gone for good, and this one decides from now on; what\n"
                "they have claimed stays theirs. release: HOST will not print what it has\n"
                "claimed; others may. If it did print it after all, that is told.\n"
                "\n"
                "  ppctl queue enable LAN --secret 'only we know'\n"
                "  ppctl queue add lab key=secret address=192.168.1.43:6789\n"
                "  ppctl queue add world --registry example.org --identity trusted_peer_1.priv\n"
                "  ppctl queue edit local strategy=least-changes\n",
        .kind = COMMAND_CHANGES,
        .least = 2,
        .most = COMMAND_OPERANDS,
        .option = {{"--registry", "LOC", "add, edit: where its registry is"},
            {"--identity", "FILE", "add, edit: the .priv file to take part with"},
            {"--key", "FILE", "the same as --identity"},
            {"--secret", "KEY", "enable: set its key too"}},
        .exec = cmd_queue},
    {.name = "peers",
        .args = "[QUEUE]",
        .summary = "the hosts of the shared queues",
        .help = "What they print, how far they are, and how good the link to them is.\n"
                "When nobody is there: what may be the reason.\n"
                "\n"
                "  ppctl peers\n"
                "  ppctl peers LAN\n",
        .kind = COMMAND_READS,
        .most = 1,
        .exec = cmd_peers},
    {.name = "history",
        .args = "[-n RUNS] [--file FILE] [--job ID] [--result RESULT]",
        .summary = "what was printed, and how it ended",
        .help = "The last 20 runs unless said otherwise, the newest at the bottom.\n"
                "\n"
                "  ppctl history\n"
                "  ppctl --json history -n 100\n",
        .kind = COMMAND_READS,
        .option = {{"-n", "RUNS", "how many of the last runs (1 to 1000)"},
            {"--file", "FILE", "only of this file"}, {"--job", "ID", "only of this job"},
            {"--result", "RESULT", "success, failure, cancelled, aborted or interrupted"}},
        .exec = cmd_history},
    {.name = "stats",
        .args = "[--by printer|file|material|day] [--days N]",
        .summary = "what was printed, in figures",
        .help = "  ppctl stats\n"
                "  ppctl stats --by file --days 30\n",
        .kind = COMMAND_READS,
        .option = {{"--by", "WHAT", "printer (the default), file, material or day"},
            {"--days", "N", "only the last N days"}},
        .exec = cmd_stats},
};

const size_t commands_queue_count = sizeof commands_queue / sizeof *commands_queue;
