#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/io/ports.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RETRY_FIRST_MS 1000
#define AREA_SLACK_UM  1000 /* ends are rounded and differ by a nozzle's offset */
#define RETRY_MAX_MS   30000
#define SOON_FIRST_MS  250 /* with a print cut off */
#define SOON_MAX_MS    2000
#define PACK_BAUD      115200 /* a faster wire carries more lines than any firmware executes */

/* Before M115 is answered (PERHAPS) the greeting reckons with a printer left unpacking. */
static enum stream_pack_wish pack_wish(const struct device *d)
{
    if (d->profile == NULL || !d->profile->meatpack || d->who.baud > PACK_BAUD) {
        return STREAM_PACK_NEVER;
    }
    return caps_has(&d->who.caps, CAP_MEATPACK) ? STREAM_PACK_WANTED : STREAM_PACK_PERHAPS;
}

void device_stream_options(const struct device *d, struct stream_options *out)
{
    const struct profile *p = d->profile;
    static const enum stream_window windows[] = {
        [WINDOW_AUTO] = STREAM_WINDOW_AUTO,
        [WINDOW_ONE] = STREAM_WINDOW_ONE,
        [WINDOW_BYTES] = STREAM_WINDOW_BYTES,
    };
    *out = (struct stream_options){.dialect = d->who.dialect,
        .meatpack = pack_wish(d),
        .xonxoff = caps_has(&d->who.caps, CAP_SERIAL_XON_XOFF),
        .tools = device_tools(d),
        .chamber = d->temps.actual_mc[TEMP_CHAMBER] != TEMP_NONE ||
                   (p != NULL && p->limits.max_chamber_mc > 0)};
    out->by_itself = d->sd.printing;
    if (p != NULL) {
        out->rx_bytes = p->rx_bytes;
        out->command_slots = p->command_slots;
        out->window = windows[p->window];
    }
}

/* The firmware's own word counts more than the profile's, but for what the profile says of it. */
void device_choose_dialect(struct device *d)
{
    const struct profile *p = d->profile;
    const struct dialect *row = d->who.firmware[0] != '\0'
                                    ? dialect_by_firmware(d->who.firmware)
                                    : dialect_by_name(p != NULL ? p->firmware : "");
    quirks_apply(p != NULL ? &p->quirks : NULL, row, &d->who.own_dialect);
}

/* Hands an open port to the sender, which greets the printer. */
void device_link_open(struct device *d, const struct serial *opened, int baud)
{
    struct stream_options options;
    int likely = d->row.baud > 0 ? d->row.baud : d->profile != NULL ? d->profile->baud : 0;
    d->wire.serial = *opened;
    d->wire.attached = true;
    d->wire.estopped = false;
    if (device_recover_attach(d, opened)) {
        return;
    }
    d->who.baud = 0;
    d->who.caps = (struct caps){0};
    device_stream_options(d, &options);
    sender_attach(d->sender, opened, d->baud_wanted > 0 ? baud : 0, likely, &options);
    device_move(d, d->baud_wanted > 0 ? PRINTER_CONNECTING : PRINTER_DETECTING, "port opened");
}

/* Under its own name, or where the name by which it is found again leads: the system may have given
 * it another one. With a print cut off nobody else's port is opened. */
static int find_port(struct device *d)
{
    char stable[sizeof d->wire.open_stable];
    ports_stable_name(d->path, stable, sizeof stable);
    snprintf(d->wire.open_path, sizeof d->wire.open_path, "%s", d->path);
    if (d->who.port_doubt || d->wire.open_stable[0] == '\0' ||
        strcmp(stable, d->wire.open_stable) == 0) {
        return 0;
    }
    if (access(d->wire.open_stable, F_OK) == 0) {
        memcpy(d->wire.open_path, d->wire.open_stable, sizeof d->wire.open_path);
        return 0;
    }
    return d->wire.open_strict
               ? err_set(&d->wire.open_error, PP_EOFFLINE, "%s is not there", d->wire.open_stable)
               : 0;
}

static void on_open_work(uv_work_t *work)
{
    struct device *d = work->data;
    d->wire.open_rc = find_port(d);
    if (d->wire.open_rc == 0) {
        d->wire.open_rc =
            serial_open(&d->wire.serial, d->wire.open_path, d->wire.open_baud, &d->wire.open_error);
    }
}

static void on_opened(uv_work_t *work, int status)
{
    struct device *d = work->data;
    (void)status;
    d->wire.is_opening = false;
    if ((d->closing || !d->wire.wanted) && d->wire.open_rc == 0) {
        serial_close(&d->wire.serial);
    }
    if (d->closing) {
        device_unref((uv_handle_t *)&d->tick);
        return;
    }
    d->open--;
    if (!d->wire.wanted) {
        return; /* disconnected meanwhile */
    }
    if (d->wire.open_rc < 0 && device_recover_waits(d)) {
        device_link_retry(d);
        return;
    }
    if (d->wire.open_rc < 0) {
        device_fail(d, PRINTER_OFFLINE, "%s", d->wire.open_error.text);
        device_link_retry(d);
        return;
    }
    struct serial port = d->wire.serial;
    device_link_open(d, &port, d->wire.open_baud);
}

void device_link_start(struct device *d)
{
    if (d->wire.is_opening || d->wire.attached || d->closing) {
        return;
    }
    d->wire.is_opening = true;
    d->open++;
    d->wire.open_baud = d->baud_wanted > 0 ? d->baud_wanted : 115200;
    d->wire.opening.data = d;
    d->wire.open_strict = device_recover_waits(d);
    memcpy(d->wire.open_stable, d->row.port_identity, sizeof d->wire.open_stable);
    uv_queue_work(d->loop, &d->wire.opening, on_open_work, on_opened);
}

static void on_retry(uv_timer_t *timer)
{
    device_link_start(timer->data);
}

void device_link_retry(struct device *d)
{
    if (!d->wire.wanted || d->closing) {
        return;
    }
    bool soon = device_recover_waits(d);
    uint64_t first_ms = soon ? SOON_FIRST_MS : RETRY_FIRST_MS;
    uint64_t max_ms = soon ? SOON_MAX_MS : RETRY_MAX_MS;
    d->wire.retry_ms = d->wire.retry_ms == 0 ? first_ms : d->wire.retry_ms * 2;
    d->wire.retry_ms = d->wire.retry_ms < max_ms ? d->wire.retry_ms : max_ms;
    uv_timer_start(&d->wire.retry, on_retry, d->wire.retry_ms, 0);
}

void device_link_drop(struct device *d, bool reopen)
{
    d->wire.reopen = reopen;
    if (d->wire.attached) {
        sender_detach(d->sender);
    } else if (device_state(d) != PRINTER_OFFLINE && device_state(d) != PRINTER_ERROR) {
        device_move(d, PRINTER_OFFLINE, "disconnected");
    }
}

/* ---- after the greeting
 * ------------------------------------------------------------------------------ */

void device_link_connected(struct device *d, int baud)
{
    device_thermal_reset(d);
    d->heat.locked_told = false;
    d->temps_told_ms = 0;
    d->who.baud = baud;
    d->wire.retry_ms = 0;
    d->who.caps = (struct caps){0};
    d->who.info = (struct m115){0};
    d->who.firmware[0] = '\0';
    d->who.machine[0] = '\0';
    d->who.uuid[0] = '\0';
    d->message[0] = '\0';
    device_prompt_forget(d);
    if (device_state(d) != PRINTER_CONNECTING) {
        device_move(d, PRINTER_CONNECTING, "printer answered");
    }
    device_sd_connected(d);
    device_inject(d, "M115", TAG_INFO);
}

/* Who hangs on the port? A printer with another UUID may not get a print unasked. */
static void check_uuid(struct device *d)
{
    bool other =
        d->row.uuid[0] != '\0' && d->who.uuid[0] != '\0' && strcmp(d->row.uuid, d->who.uuid) != 0;
    if (other) {
        log_warn("this printer's UUID is %s, before it was %s: asking before a print", d->who.uuid,
            d->row.uuid);
    }
    bool doubted = d->who.identity_doubt;
    d->who.identity_doubt = d->who.port_doubt || other;
    if (d->who.identity_doubt || doubted) {
        d->row.bed = BED_UNKNOWN;
    }
    if (!d->who.identity_doubt && d->who.uuid[0] != '\0') {
        snprintf(d->row.uuid, sizeof d->row.uuid, "%s", d->who.uuid);
    }
    d->row.baud = d->who.baud;
    snprintf(d->row.firmware, sizeof d->row.firmware, "%s", d->who.firmware);
    snprintf(d->row.machine_type, sizeof d->row.machine_type, "%s", d->who.machine);
    device_save_row(d, NULL);
}

/* A profile that is larger than the printer lets it run into its ends. */
static void check_area(struct device *d)
{
    char text[160];
    const struct limits *l = d->profile != NULL ? &d->profile->limits : NULL;
    if (l != NULL &&
        m115_contradicts(&d->who.info, l->min_um, l->max_um, AREA_SLACK_UM, text, sizeof text)) {
        device_notice(d, "%s: is \"%s\" the right profile?", text, d->profile->id);
    }
}

void device_link_info(struct device *d)
{
    struct stream_options options;
    device_choose_dialect(d);
    device_stream_options(d, &options);
    sender_set_options(d->sender, &options);
    if (device_reports(d)) {
        device_inject(d, "M155 S1", TAG_NONE);
    }
    if (caps_has(&d->who.caps, CAP_PROMPT_SUPPORT)) {
        device_inject(d, "M876 P1", TAG_NONE); /* somebody is here who answers */
    }
    device_sd_caps(d);
    device_sd_look(d);
    device_inject(d, "M105", TAG_READY);
}

/* Only now it is known which heaters there are. */
void device_link_ready(struct device *d)
{
    struct stream_options options;
    device_stream_options(d, &options);
    sender_set_options(d->sender, &options);
    if (d->closing && d->sd.found) { /* it prints from its card: leave it alone */
        device_finish_closing(d);
        return;
    }
    if ((d->heat.owed || d->closing) && !d->sd.found) {
        device_heaters_off(d, d->closing ? TAG_COLD : TAG_SAFE);
    }
    check_uuid(d);
    check_area(d);
    log_info("connected to %s at %d baud: %s%s%s", d->wire.serial.path, d->who.baud,
        d->who.machine[0] != '\0' ? d->who.machine : "printer",
        d->who.firmware[0] != '\0' ? ", " : "", d->who.firmware);
    if (!d->closing && device_sd_adopt(d)) {
        return;
    }
    device_move(d, PRINTER_OPERATIONAL, "set up");
    device_offer_connected(d);
    device_sd_ready(d);
}
