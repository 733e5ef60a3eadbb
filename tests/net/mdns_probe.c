// link: ppnet
/* mdns_probe NAME PORT: announces itself and prints who comes ("+NAME ADDRESS:PORT") and goes
 * ("-NAME ADDRESS:PORT") until it is told to end. */
#include "net/mdns.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define TYPE "_pphost._tcp"

static struct mdns *mdns;
static uv_signal_t term;

static void on_found(void *context, const struct mdns_found *f)
{
    (void)context;
    printf("%s%s %s:%d\n", f->gone ? "-" : "+", f->name, f->address, f->port);
    fflush(stdout);
}

static void on_term(uv_signal_t *s, int number)
{
    (void)number;
    mdns_close(mdns, NULL, NULL);
    uv_close((uv_handle_t *)s, NULL);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    if (argc != 3) {
        fputs("usage: mdns_probe NAME PORT\n", stderr);
        return 2;
    }
    const struct mdns_service s = {
        .type = TYPE, .name = argv[1], .port = atoi(argv[2]), .txt = {{"v", "1"}}};
    if (mdns_open(&mdns, uv_default_loop(), on_found, NULL, &e) != 0) {
        fprintf(stderr, "mdns_probe: %s\n", e.text);
        return 1;
    }
    fprintf(stderr, "state: %s\n", mdns_state(mdns));
    uv_signal_init(uv_default_loop(), &term);
    uv_signal_start(&term, on_term, SIGTERM);
    mdns_browse(mdns, TYPE);
    mdns_publish(mdns, &s);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop()) == 0 ? 0 : 1;
}
