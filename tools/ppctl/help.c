/* help, from the table of commands. */
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
