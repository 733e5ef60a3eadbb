/* What the commands share: the table of commands, the options given, the hosts meant, and how a
 * failure is told.
 *
 * Every command is a row of `commands`: its arguments are checked against the row before it runs,
 * and help and shell completion come from the same row.
 */
#ifndef PP_PPCTL_PPCTL_H
#define PP_PPCTL_PPCTL_H

#include "host/base/err.h"
#include "tools/ppctl/client.h"
#include "tools/ppctl/hosts.h"
#include "tools/ppctl/term.h"
#include "tools/ppctl/view.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit statuses. */
enum ppctl_status {
    PPCTL_DONE = 0,
    PPCTL_FAILED = 1,  /* refused or failed */
    PPCTL_USAGE = 2,   /* the command line makes no sense */
    PPCTL_NO_HOST = 3, /* nobody answers */
    PPCTL_INTERRUPTED = 130
};

/* Which hosts a command takes when none is named. */
enum command_kind {
    COMMAND_READS,   /* all of them */
    COMMAND_CHANGES, /* the only one */
    COMMAND_LOCAL    /* needs none */
};

#define COMMAND_OPTIONS  10
#define COMMAND_OPERANDS 64
#define COMMAND_GIVEN    64 /* options on one command line */

struct command_option {
    const char *name;  /* "--wait", "-n"; NULL past the last */
    const char *value; /* what follows it, e.g. "LINES"; NULL = nothing */
    const char *help;
};

struct follow;
struct ppctl;

struct command {
    const char *name;
    const char *args;    /* "FILE [--wait] [--bed-clear]" */
    const char *summary; /* one line */
    const char *help;    /* what it does in full, and examples */
    enum command_kind kind;
    const char *offers; /* what an operand may be, for completion: words, ":files", or before them
                           ":jobs" or ":archive" for the first operand; may be NULL */
    size_t least;       /* operands */
    size_t most;
    struct command_option option[COMMAND_OPTIONS + 1];
    int (*exec)(struct ppctl *c); /* returns an exit status */
};

/* Commands that belong together; help lists them under one title. */
struct command_group {
    const char *title;
    const struct command *list;
    const size_t *count;
};
#define COMMAND_GROUPS 4
extern const struct command_group command_groups[COMMAND_GROUPS];

/* The rows, by group: commands_print.c, commands_queue.c, commands_stock.c, commands_host.c. */
extern const struct command commands_print[], commands_queue[], commands_stock[], commands_host[];
extern const size_t commands_print_count, commands_queue_count, commands_stock_count,
    commands_host_count;

/* The commands one after the other; NULL past the last. */
const struct command *command_at(size_t index);

/* What the first operand of a command names: "add" of `ppctl key add NAME`. */
struct action {
    const char *name;
    const char *args; /* what follows it, for the message; "" = nothing */
    size_t least;     /* operands after the name */
    size_t most;
    int (*exec)(struct ppctl *c);
};

/* Runs the action that the first operand names, its operands checked; with none given the first of
 * the table, if it takes none. An exit status. */
int run_action(struct ppctl *c, const struct action *actions, size_t count);

struct ppctl {
    const struct command *command;
    const char *operand[COMMAND_OPERANDS];
    size_t operands;
    struct given {
        const struct command_option *option;
        const char *value; /* "" for a flag */
    } given[COMMAND_GIVEN];
    size_t givens;
    bool json;
    const char *target;   /* -H; NULL = not given */
    const char *key_file; /* NULL = not given */
    struct term term;
    struct hosts hosts; /* on this machine */
    struct host by_url; /* the one given by address */
    struct host *chosen[HOSTS_MAX];
    size_t count;
    char target_hint[80]; /* "-H mk3 " when a suggested command needs it, else "" */
};

/* The command called `name`; NULL if there is none. */
const struct command *command_find(const char *name);

/* The command whose name is nearest, for "did you mean"; NULL if none is near. */
const char *command_suggest(const char *name);

/* Reads the command line into `c`; 0, or -PP_EINVAL with what is wrong and what would be right. */
int options_parse(struct ppctl *c, int argc, char **argv, struct err *e);

/* The value of an option of the command ("" for a flag), the last one where it was given several
 * times; NULL if it was not given. */
const char *option_value(const struct ppctl *c, const char *name);

/* Each value of an option that may be given several times: start with *at = 0; NULL past the last.
 */
const char *option_next(const struct ppctl *c, const char *name, size_t *at);

/* Decides which hosts are meant; an exit status, the failure told. */
int target_choose(struct ppctl *c);

/* Tells a failure: one line on standard error, with --json also an error document on standard
 * output. Returns `status`. */
int fail(const struct ppctl *c, int status, const struct err *e);

/* The same for an answer; the exit status follows from it. */
int fail_answer(const struct ppctl *c, const struct host *h, const struct answer *a);

/* Posts `body` (taken) to the one host chosen and tells `done`, or the answer with --json, or the
 * failure; the exit status. */
int tell_done(struct ppctl *c, const char *path, json_t *body, const char *done);

/* A usage error of the running command; returns PPCTL_USAGE. */
int fail_usage(const struct ppctl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds "; usage: ppctl ..." to a message. */
void usage_hint(const struct command *command, struct err *e);

/* Prints a document of --json and its newline; takes it. */
void print_json(json_t *doc);

/* Writes a text to standard output and empties it. */
void print_text(struct strbuf *text);

/* How to show things now. */
struct view view_now(const struct ppctl *c);

/* GET `path` from one host. */
int get(const struct host *h, const char *path, struct answer *a);

/* POST `body` (taken; may be NULL) to one host. */
int post(const struct host *h, const char *path, json_t *body, struct answer *a);

/* Any request with a body (taken; may be NULL) to the one host chosen; 0 or -PP_E… */
int call(
    const struct ppctl *c, const char *method, const char *path, json_t *body, struct answer *a);

/* The same, and tells `done` (a line for people), or the answer with --json, or the failure; the
 * exit status. */
int tell(struct ppctl *c, const char *method, const char *path, json_t *body, const char *done);

/* The same, and shows the answer by `show`. */
int tell_view(struct ppctl *c, const char *method, const char *path, json_t *body,
    void (*show)(struct strbuf *out, const struct view *v, const json_t *doc));

/* Asks every chosen host for `path` and shows each answer; with --json one document, of several
 * hosts
 * {"hosts": [{name, url, `what`}]}. An exit status: 3 only when no host answers. */
int read_each(struct ppctl *c, const char *path, const char *what,
    void (*show)(const struct ppctl *c, size_t i, const json_t *doc));

/* Shows the document of one of several hosts, under its name. */
void show_doc(const struct ppctl *c, size_t i, const json_t *doc,
    void (*view)(struct strbuf *out, const struct view *v, const json_t *doc));

/* Opens the feed of every chosen host; an exit status, the failure told. follow_close() them all.
 */
int follow_each(struct ppctl *c, struct follow *follow, const char *topic);

/* How a suggested command reaches this host: "-H mk3 ", or "" when it is the only one. Returns out.
 */
const char *target_of(const struct ppctl *c, const struct host *h, char out[static 80]);

/* ---- the commands ------------------------------------------------------------------------------
 */

int cmd_status(struct ppctl *c);
int cmd_watch(struct ppctl *c);
int cmd_print(struct ppctl *c);
int cmd_confirm(struct ppctl *c);
int cmd_simple(struct ppctl *c); /* pause, resume, cancel, connect, disconnect, restart */
int cmd_temp(struct ppctl *c);
int cmd_send(struct ppctl *c);
int cmd_terminal(struct ppctl *c);
int cmd_estop(struct ppctl *c);
int cmd_sd(struct ppctl *c);
int cmd_key(struct ppctl *c);
int cmd_log(struct ppctl *c);
int cmd_history(struct ppctl *c);
int cmd_stats(struct ppctl *c);
int cmd_help(struct ppctl *c);

/* cmd_add.c, cmd_jobs.c, cmd_package.c, cmd_template.c, cmd_files.c, cmd_queues.c, cmd_network.c */
int cmd_add(struct ppctl *c);
int cmd_jobs(struct ppctl *c);
int cmd_job(struct ppctl *c);
int cmd_edit(struct ppctl *c);
int cmd_set(struct ppctl *c);
int cmd_move(struct ppctl *c);
int cmd_jobs_act(struct ppctl *c); /* rm, restore, reset */
int cmd_export(struct ppctl *c);
int cmd_import(struct ppctl *c);
int cmd_template(struct ppctl *c);
int cmd_manage(struct ppctl *c); /* start, stop */
int cmd_quarantine(struct ppctl *c);
int cmd_files(struct ppctl *c);
int cmd_queues(struct ppctl *c);
int cmd_queue(struct ppctl *c);
int cmd_peers(struct ppctl *c);

/* cmd_spools.c, cmd_profiles.c, cmd_scripts.c */
int cmd_load(struct ppctl *c);
int cmd_spools(struct ppctl *c);
int cmd_spool(struct ppctl *c);
int cmd_profiles(struct ppctl *c);
int cmd_scripts(struct ppctl *c);
int cmd_script(struct ppctl *c);
int cmd_condition(struct ppctl *c);
int cmd_events(struct ppctl *c);
int cmd_event(struct ppctl *c);

/* Prints what can follow the words on a command line, one a line; words[count - 1] is being typed.
 */
int complete(char **words, int count);

#endif
