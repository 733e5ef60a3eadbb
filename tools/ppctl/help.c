/* help and shell completion, both from the table of commands. */
#include "tools/ppctl/ppctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void list_commands(void)
{
    printf("usage: ppctl [-H URL|NAME] [--json] [--key-file FILE] COMMAND\n\n");
    for (size_t g = 0; g < COMMAND_GROUPS; g++) {
        printf("%s%s\n", g > 0 ? "\n" : "", command_groups[g].title);
        for (size_t i = 0; i < *command_groups[g].count; i++) {
            const struct command *about = &command_groups[g].list[i];
            printf("  %-11s %s\n", about->name, about->summary);
        }
    }
    printf("\n"
           "  -H, --host URL|NAME  which host (or PPCTL_HOST); without it the only one of this "
           "machine\n"
           "  --json               one JSON document instead of text\n"
           "  --key-file FILE      the API key is the file's first line (or PPCTL_KEY)\n"
           "  --version            the version\n"
           "\n"
           "Exit status: 0 done, 1 refused or failed, 2 usage, 3 no host answers, 130 ctrl-C.\n"
           "All about one command: ppctl help COMMAND\n");
}

int cmd_help(struct ppctl *c)
{
    if (c->operands == 0) {
        list_commands();
        return PPCTL_DONE;
    }
    const struct command *about = command_find(c->operand[0]);
    if (about == NULL) {
        char shown[64];
        const char *near = command_suggest(c->operand[0]);
        return fail_usage(c, "unknown command \"%s\"%s%s%s",
            str_escape(shown, sizeof shown, c->operand[0], strlen(c->operand[0])),
            near != NULL ? ": did you mean \"" : "", near != NULL ? near : "",
            near != NULL ? "\"?" : "");
    }
    printf("usage: ppctl %s%s%s\n\n%s\n\n%s", about->name, *about->args != '\0' ? " " : "",
        about->args, about->summary, about->help);
    for (const struct command_option *o = about->option; o->name != NULL; o++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s%s", o->name, o->value != NULL ? " " : "",
            o->value != NULL ? o->value : "");
        printf("%s  %-16s %s\n", o == about->option ? "\n" : "", name, o->help);
    }
    return PPCTL_DONE;
}

/* ---- completion --------------------------------------------------------------------------------
 */

static void offer(const char *candidate, const char *typed)
{
    if (strncmp(candidate, typed, strlen(typed)) == 0) {
        puts(candidate);
    }
}

static void offer_list(const char *const *list, size_t count, const char *typed)
{
    for (size_t i = 0; i < count; i++) {
        offer(list[i], typed);
    }
}

static void offer_hosts(const char *typed)
{
    struct hosts h = {0};
    hosts_find(&h);
    for (size_t i = 0; i < h.count; i++) {
        offer(h.host[i].name, typed);
    }
    hosts_fini(&h);
}

static void offer_commands(const char *typed)
{
    for (size_t i = 0; command_at(i) != NULL; i++) {
        offer(command_at(i)->name, typed);
    }
}

/* What the operands of a command may be; ":files" lets the shell offer files. */
static void offer_operand(const struct command *about, const char *typed)
{
    const char *offers = about->offers != NULL ? about->offers : "";
    if (strcmp(about->name, "help") == 0) {
        offer_commands(typed);
    }
    while (*offers != '\0') {
        char word[48];
        size_t len = strcspn(offers, " ");
        str_copy(word, sizeof word, offers, len);
        offer(word, word[0] == ':' ? "" : typed);
        offers += len + (offers[len] == ' ');
    }
}

static void offer_options(const struct command *about, const char *typed)
{
    static const char *const global[] = {"-H", "--json", "--key-file", "--help"};
    offer_list(global, sizeof global / sizeof *global, typed);
    for (size_t i = 0; about != NULL && about->option[i].name != NULL; i++) {
        offer(about->option[i].name, typed);
    }
    if (about == NULL) {
        offer("--version", typed);
    }
}

/* The command among the words before the one being typed; NULL if there is none yet. */
static const struct command *command_in(char **words, int count)
{
    for (int i = 0; i + 1 < count; i++) {
        if (strcmp(words[i], "-H") == 0 || strcmp(words[i], "--host") == 0 ||
            strcmp(words[i], "--key-file") == 0) {
            i++;
        } else if (words[i][0] != '-') {
            return command_find(words[i]);
        }
    }
    return NULL;
}

int complete(char **words, int count)
{
    static const char *const scopes[] = {"read", "print", "admin"};
    const char *typed = count > 0 ? words[count - 1] : "";
    const char *before = count > 1 ? words[count - 2] : "";
    const struct command *about = command_in(words, count);
    if (strcmp(before, "-H") == 0 || strcmp(before, "--host") == 0) {
        offer_hosts(typed);
    } else if (strcmp(before, "--key-file") == 0) {
        puts(":files");
    } else if (strcmp(before, "--scope") == 0) {
        offer_list(scopes, sizeof scopes / sizeof *scopes, typed);
    } else if (typed[0] == '-') {
        offer_options(about, typed);
    } else if (about == NULL) {
        offer_commands(typed);
    } else {
        offer_operand(about, typed);
    }
    return PPCTL_DONE;
}
