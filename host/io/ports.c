#include "host/io/ports.h"

#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/io/port_names.h"

#include <dirent.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PORTS 256

/* The link in /dev/serial/KIND that leads to the node, "" if none. udev may make two by-path links;
 * the lesser one is the old form, which all versions make. */
static void find_link(const char *kind, const char *node, char *out, size_t out_size)
{
    char folder[64];
    char path[64 + NAME_MAX + 2];
    char target[PATH_MAX];
    struct dirent *d = NULL;
    out[0] = '\0';
    snprintf(folder, sizeof folder, "/dev/serial/%s", kind);
    DIR *stream = opendir(folder);
    while (stream != NULL && (d = readdir(stream)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        if (realpath(path, target) == NULL || strcmp(target, node) != 0) {
            continue;
        }
        if (strlen(path) < out_size && (out[0] == '\0' || strcmp(path, out) < 0)) {
            snprintf(out, out_size, "%s", path);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

/* Strings of a USB device are foreign text. */
static void put_foreign(char *out, size_t out_size, const char *text)
{
    str_escape(out, out_size, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

static void describe(struct port *p, struct sp_port *sp)
{
    *p = (struct port){.usb_vid = -1, .usb_pid = -1};
    put_foreign(p->device, sizeof p->device, sp_get_port_name(sp));
    find_link("by-id", p->device, p->by_id, sizeof p->by_id);
    find_link("by-path", p->device, p->by_path, sizeof p->by_path);
    if (sp_get_port_transport(sp) != SP_TRANSPORT_USB) {
        return;
    }
    if (sp_get_port_usb_vid_pid(sp, &p->usb_vid, &p->usb_pid) != SP_OK) {
        p->usb_vid = -1;
        p->usb_pid = -1;
    }
    put_foreign(p->serial, sizeof p->serial, sp_get_port_usb_serial(sp));
    put_foreign(p->vendor, sizeof p->vendor, sp_get_port_usb_manufacturer(sp));
    put_foreign(p->product, sizeof p->product, sp_get_port_usb_product(sp));
    snprintf(p->guess, sizeof p->guess, "%s", port_guess(p->usb_vid, p->usb_pid));
}

int ports_list(struct port **out, size_t *count, struct err *e)
{
    struct sp_port **found = NULL;
    size_t n = 0;
    *out = NULL;
    *count = 0;
    if (sp_list_ports(&found) != SP_OK) {
        return err_set(e, PP_EIO, "the serial ports of this machine cannot be listed");
    }
    while (found[n] != NULL && n < MAX_PORTS) {
        n++;
    }
    *out = mem_array(n > 0 ? n : 1, sizeof **out);
    *count = n;
    for (size_t i = 0; i < n; i++) {
        describe(&(*out)[i], found[i]);
    }
    sp_free_port_list(found);
    return 0;
}

/* The port at the end of the links; all empty if it is none (a pty, or gone). */
static void look_up(const char *device, struct port *p)
{
    char node[PATH_MAX];
    struct sp_port *sp = NULL;
    *p = (struct port){.usb_vid = -1, .usb_pid = -1};
    if (realpath(device, node) == NULL || str_starts(node, "/dev/pts/") ||
        sp_get_port_by_name(node, &sp) != SP_OK) {
        return;
    }
    describe(p, sp);
    sp_free_port(sp);
}

void ports_stable_name(const char *device, char *out, size_t out_size)
{
    struct port p;
    look_up(device, &p);
    snprintf(out, out_size, "%s", port_stable_name(device, p.serial, p.by_id, p.by_path));
}

void ports_default_name(const char *device, char *out, size_t out_size)
{
    struct port p;
    look_up(device, &p);
    port_short_name(device, p.serial, p.by_path, out, out_size);
}
