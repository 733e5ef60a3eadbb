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

#define COMMAND_OPTIONS  4
#define COMMAND_OPERANDS 16

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
    size_t least; /* operands */
    size_t most;
    struct command_option option[COMMAND_OPTIONS + 1];
    int (*exec)(struct ppctl *c); /* returns an exit status */
};

extern const struct command commands[];
extern const size_t commands_count;

struct ppctl {
    const struct command *command;
    const char *operand[COMMAND_OPERANDS];
    size_t operands;
    const char *option[COMMAND_OPTIONS]; /* values, "" for a flag; NULL = not given */
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

/* The value of an option of the command ("" for a flag); NULL if it was not given. */
const char *option_value(const struct ppctl *c, const char *name);

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

/* Asks every chosen host for `path` and shows each answer; with --json one document, of several
 * hosts
 * {"hosts": [{name, url, `what`}]}. An exit status: 3 only when no host answers. */
int read_each(struct ppctl *c, const char *path, const char *what,
    void (*show)(const struct ppctl *c, size_t i, const json_t *doc));

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
int cmd_help(struct ppctl *c);

/* Prints what can follow the words on a command line, one a line; words[count - 1] is being typed.
 */
int complete(char **words, int count);

#endif
