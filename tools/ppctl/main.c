/* ppctl: the command line of one or all print hosts. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"

#include <curl/curl.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(struct ppctl *c, int argc, char **argv)
{
    struct err e;
    if (options_parse(c, argc, argv, &e) != 0) {
        return fail(c, PPCTL_USAGE, &e);
    }
    int status = target_choose(c);
    if (status != PPCTL_DONE) {
        return status;
    }
    return c->command->exec(c);
}

/* Output that could not be written is a failure too: `ppctl --json status >/full/disk`. */
static int flush(int status)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == PPCTL_DONE) {
        fprintf(stderr, "ppctl: the output cannot be written\n");
        return PPCTL_FAILED;
    }
    return status;
}

int main(int argc, char **argv)
{
    struct ppctl *c;
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("ppctl %s\n", PP_VERSION);
        return flush(PPCTL_DONE);
    }
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        fprintf(stderr, "ppctl: the libraries cannot start\n");
        return PPCTL_FAILED;
    }
    c = mem_alloc(sizeof *c);
    term_open(&c->term);
    int status;
    if (argc >= 2 && strcmp(argv[1], "--complete") == 0) {
        status = complete(argv + 2, argc - 2);
    } else {
        status = run(c, argc, argv);
    }
    hosts_fini(&c->hosts);
    sodium_memzero(c, sizeof *c);
    free(c);
    curl_global_cleanup();
    return flush(status);
}
