/* `pphost ports`: the serial ports of this machine, what may hang on them, and by which name a port
 * is found again after a replug.
 */
#include "host/cmd.h"

#include "host/io/port_names.h"
#include "host/io/ports.h"

#include <grp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: pphost ports [--json]\n"
    "\n"
    "Lists the serial ports with their USB ids, the name that stays the same after a replug, and\n"
    "what probably hangs on them. Start a host with: pphost NAME\n"
    "\n"
    "      --json  one JSON document\n"
    "  -h, --help  this text\n";

static const char *stable(const struct port *p)
{
    return port_stable_name(p->device, p->serial, p->by_id, p->by_path);
}

static void put_ids(const struct port *p, char out[static 16])
{
    if (p->usb_vid >= 0) {
        snprintf(
            out, 16, "%04x:%04x", (unsigned)p->usb_vid & 0xffff, (unsigned)p->usb_pid & 0xffff);
    } else {
        snprintf(out, 16, "-");
    }
}

/* NULL for "" (unknown). */
static json_t *text_or_null(const char *text)
{
    return *text != '\0' ? json_string(text) : json_null();
}

static json_t *port_json(const struct port *p)
{
    json_t *o = json_object();
    bool usb = p->usb_vid >= 0;
    json_object_set_new(o, "device", json_string(p->device));
    json_object_set_new(o, "stable_name", json_string(stable(p)));
    json_object_set_new(o, "by_id", text_or_null(p->by_id));
    json_object_set_new(o, "by_path", text_or_null(p->by_path));
    json_object_set_new(o, "usb_vid", usb ? json_integer(p->usb_vid) : json_null());
    json_object_set_new(o, "usb_pid", usb ? json_integer(p->usb_pid) : json_null());
    json_object_set_new(o, "serial", text_or_null(p->serial));
    json_object_set_new(o, "vendor", text_or_null(p->vendor));
    json_object_set_new(o, "product", text_or_null(p->product));
    json_object_set_new(o, "guess", text_or_null(p->guess));
    json_object_set_new(o, "permitted", json_boolean(access(p->device, R_OK | W_OK) == 0));
    return o;
}

static void print_json(const struct port *ports, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, port_json(&ports[i]));
    }
    json_t *root = json_object();
    json_object_set_new(root, "ports", list);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static const char *probably(const struct port *p)
{
    return p->guess[0] != '\0'     ? p->guess
           : p->product[0] != '\0' ? p->product
           : p->usb_vid >= 0       ? "unknown USB device"
                                   : "built-in serial port";
}

/* Columns as wide as their longest entry. */
static void print_table(const struct port *ports, size_t count)
{
    char ids[16];
    int device_width = 6;
    int name_width = 4;
    for (size_t i = 0; i < count; i++) {
        int device = (int)strlen(ports[i].device);
        int name = (int)strlen(stable(&ports[i]));
        device_width = device > device_width ? device : device_width;
        name_width = name > name_width ? name : name_width;
    }
    printf("%-*s  %-9s  %-*s  %s\n", device_width, "DEVICE", "USB", name_width, "NAME", "PROBABLY");
    for (size_t i = 0; i < count; i++) {
        put_ids(&ports[i], ids);
        printf("%-*s  %-9s  %-*s  %s\n", device_width, ports[i].device, ids, name_width,
            stable(&ports[i]), probably(&ports[i]));
    }
}

/* Says what to do about ports this user may not open. */
static void print_hint(const struct port *ports, size_t count)
{
    struct stat st;
    for (size_t i = 0; i < count; i++) {
        if (access(ports[i].device, R_OK | W_OK) == 0 || stat(ports[i].device, &st) != 0) {
            continue;
        }
        const struct group *group = getgrgid(st.st_gid);
        const char *name = group != NULL ? group->gr_name : "dialout";
        printf(
            "\nYou may not open %s: run `sudo usermod -aG %s $USER`, then log out and in again.\n",
            ports[i].device, name);
        return;
    }
}

static int list(bool json)
{
    struct port *ports = NULL;
    size_t count = 0;
    struct err e = {0};
    if (ports_list(&ports, &count, &e) != 0) {
        fprintf(stderr, "pphost ports: %s\n", e.text);
        return 1;
    }
    if (json) {
        print_json(ports, count);
    } else if (count == 0) {
        puts(
            "no serial ports: is the printer plugged in and switched on? A cable that only charges "
            "shows nothing here either.");
    } else {
        print_table(ports, count);
        print_hint(ports, count);
    }
    free(ports);
    return 0;
}

int cmd_ports(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    int c;
    while ((c = cmd_option("ports", argc, argv, ":h", options)) != -1) {
        if (c == 'j') {
            json = true;
        } else if (c == 'h') {
            fputs(help, stdout);
            return 0;
        } else {
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "pphost ports: unexpected argument \"%s\"\n", argv[optind]);
        return 2;
    }
    return list(json);
}
