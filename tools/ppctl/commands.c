/* The table of commands: its groups, and finding a row. */
#include "tools/ppctl/ppctl.h"

#include <string.h>

#define SUGGEST_MAX 128

const struct command_group command_groups[COMMAND_GROUPS] = {
    {"Printing", commands_print, &commands_print_count},
    {"The queue", commands_queue, &commands_queue_count},
    {"Scripts and filament", commands_stock, &commands_stock_count},
    {"The host", commands_host, &commands_host_count},
};

const struct command *command_at(size_t index)
{
    for (size_t g = 0; g < COMMAND_GROUPS; g++) {
        if (index < *command_groups[g].count) {
            return &command_groups[g].list[index];
        }
        index -= *command_groups[g].count;
    }
    return NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *about;
    for (size_t i = 0; (about = command_at(i)) != NULL; i++) {
        if (strcmp(about->name, name) == 0) {
            return about;
        }
    }
    return NULL;
}

const char *command_suggest(const char *name)
{
    const char *names[SUGGEST_MAX];
    size_t count = 0;
    while (count < SUGGEST_MAX && command_at(count) != NULL) {
        names[count] = command_at(count)->name;
        count++;
    }
    return str_suggest(name, names, count);
}
