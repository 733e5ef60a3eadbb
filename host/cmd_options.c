#include "host/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cmd_option(
    const char *command, int argc, char **argv, const char *letters, const struct option *options)
{
    opterr = 0;
    int option = getopt_long(argc, argv, letters, options, NULL);
    if (option == ':') {
        fprintf(stderr, "pphost %s: option \"%s\" wants a value (pphost %s --help)\n", command,
            argv[optind - 1], command);
        return '?';
    }
    if (option == '?') {
        fprintf(stderr, "pphost %s: unknown option \"%s\" (pphost %s --help)\n", command,
            argv[optind - 1], command);
    }
    return option;
}

bool cmd_folder_ok(const char *command, const char *dir)
{
    if (dir == NULL || access(dir, R_OK | X_OK) == 0) {
        return true;
    }
    int error = errno;
    fprintf(stderr, "pphost%s%s: folder \"%s\": %s\n", command != NULL ? " " : "",
        command != NULL ? command : "", dir, strerror(error));
    return false;
}
