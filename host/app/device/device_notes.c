/* What the sender tells: whose it is, and what follows when the printer cannot be steered any more.
 *
 * However a connection ends, the heaters are owed to be turned off, and a print that cannot go on
 * by itself has ended or is offered before the state changes.
 */
#include "host/app/device/device_priv.h"

#include "host/base/log.h"

#include <string.h>

/* ---- trouble
 * ------------------------------------------------------------------------------------------- */

static void end_print(struct device *d, enum run_result result, const char *reason)
{
    if (d->run.id[0] != '\0' && !device_offer_open(d)) {
        device_print_end(d, result, reason);
        device_cool_owe(d);
    }
}

/* The printer cannot be steered any more: what we can do is stop it. */
static void on_lost(struct device *d, const char *text)
{
    bool card = d->sd.printing; /* its own goes on without us */
    bool printing = d->run.id[0] != '\0' && !device_offer_open(d) && !card;
    if (printing && d->recovery.phase != RECOVER_NONE) {
        device_recover_cut(d, text);
    }
    if (printing) {
        device_fault(d, text);
    }
    end_print(d, card ? RUN_INTERRUPTED : RUN_FAILURE, text);
    device_cool_owe(d);
    if (printing) {
        sender_estop(d->sender);
        device_fail(d, PRINTER_ERROR,
            "%s. It was told to stop, but nobody knows whether its heaters are off: switch it off",
            text);
        return;
    }
    device_fail(d, PRINTER_OFFLINE, "%s", text);
    device_link_drop(d, false);
    device_link_retry(d);
}

/* Prusa's power panic: it uses its last moments to save where it is, so not a byte more is sent. It
 * comes back by itself when the power does. */
static void on_power_panic(struct device *d)
{
    end_print(d, RUN_INTERRUPTED, "the printer has lost its power");
    device_cool_owe(d);
    device_fail(d, PRINTER_OFFLINE, "the printer has lost its power");
    device_link_drop(d, false);
    device_link_retry(d);
}

/* What a printer says of itself may be half true: M112 and heaters off, unless it is dead. */
static void on_halt(struct device *d, const char *text, bool alive)
{
    if (strcmp(text, "INT4") == 0) {
        on_power_panic(d);
        return;
    }
    device_fault(d, text);
    end_print(d, RUN_FAILURE, text);
    device_cool_owe(d);
    device_fail(
        d, PRINTER_ERROR, "the printer has stopped: %s (reset it, then: ppctl connect)", text);
    d->wire.wanted = false;
    if (alive) {
        sender_estop(d->sender); /* NOTE_ESTOPPED closes the port */
    } else {
        device_link_drop(d, false);
    }
}

static void on_reset(struct device *d)
{
    if (d->run.id[0] != '\0' && !device_offer_open(d) && !d->sd.printing) {
        device_recover_cut(d, "the printer was reset");
    }
    end_print(d, RUN_FAILURE, "the printer was reset");
    device_cool_owe(d); /* or so a garbled line said */
    device_fail(d, PRINTER_OFFLINE, "the printer was reset");
    device_link_drop(d, true);
}

static void on_port_gone(struct device *d, const char *text)
{
    if (!d->closing && device_recover_port_gone(d, text)) {
        return;
    }
    end_print(d, RUN_INTERRUPTED, text); /* NOTE_DETACHED follows; until then no port is opened */
    device_cool_owe(d);
    device_fail(d, PRINTER_OFFLINE, "%s: %s", d->path, text);
}

static void on_silent(struct device *d, const char *text)
{
    device_fail(d, PRINTER_OFFLINE, "%s: %s", d->path, text);
}

/* At once, and not when the stop is on the wire: whatever happens to the port or to this program
 * until then, the print does not go on by itself. */
void device_link_stopped(struct device *d)
{
    device_fault(d, "emergency stop");
    end_print(d, RUN_ABORTED, "emergency stop");
    if (d->pending[0] != '\0') {
        device_drop_pending(d, "emergency stop");
    }
    device_cool_owe(d); /* not every firmware knows M112 */
    if (d->wire.attached && device_state(d) != PRINTER_ERROR) {
        device_fail(d, PRINTER_ERROR, "emergency stop (reset the printer, then: ppctl connect)");
    } else if (!d->wire.attached && device_state(d) == PRINTER_RECOVERING) {
        device_fail(d, PRINTER_OFFLINE, "%s: not connected; emergency stop", d->path);
    }
}

static void on_estopped(struct device *d, const char *unheard)
{
    device_link_stopped(d);
    if (!d->wire.attached) { /* a datagram, and no port to pass it on to */
        device_notice(d, "an emergency stop was asked for, but the printer is not connected: "
                         "switch it off");
        return;
    }
    d->wire.wanted = false;
    d->wire.estopped = true;
    if (unheard[0] != '\0') {
        device_notice(
            d, "the emergency stop may not have reached the printer (%s): switch it off", unheard);
        device_fail(d, PRINTER_ERROR,
            "emergency stop, but %s: switch the printer off (then: ppctl connect)", unheard);
    }
    device_link_drop(d, false);
}

static void on_detached(struct device *d)
{
    enum printer_state state = device_state(d);
    d->wire.attached = false;
    device_prompt_forget(d);
    if (d->closing) {
        device_finish_closing(d);
    } else if (d->wire.reopen) {
        d->wire.reopen = false;
        device_link_start(d);
    } else if (device_recover_waits(d)) {
        device_link_retry(d);
    } else if (state != PRINTER_ERROR) {
        device_move(d, PRINTER_OFFLINE, "port closed");
        device_link_retry(d);
    } else {
        hub_emit(d->hub, HUB_STATE, NULL); /* the port is gone from it */
    }
}

/* ---- notes
 * -----------------------------------------------------------------------------------------------
 */

static void on_set_up(struct device *d, enum device_tag tag)
{
    if (device_state(d) != PRINTER_CONNECTING) {
        return;
    }
    if (tag == TAG_INFO) {
        device_link_info(d);
    } else {
        device_link_ready(d);
    }
}

static void on_done(struct device *d, enum device_tag tag)
{
    switch (tag) {
    case TAG_INFO:
    case TAG_READY:
        on_set_up(d, tag);
        break;
    case TAG_SAFE:
        device_cool_paid(d);
        break;
    case TAG_ASKED:
        device_thermal_asked(d);
        break;
    case TAG_SCRIPT:
    case TAG_SCRIPT_END:
        device_script_tag(d, tag);
        break;
    case TAG_COLD:
        device_cool_paid(d);
        if (d->closing) {
            device_recover_cooled(d);
            device_finish_closing(d);
        } else {
            device_link_drop(d, false);
        }
        break;
    case TAG_PAUSED:
    case TAG_RESUMED:
    case TAG_CANCELLED:
    case TAG_FINISHED:
        device_print_tag(d, tag);
        break;
    case TAG_SD_SELECTED:
    case TAG_SD_STARTED:
    case TAG_SD_FINISHED:
    case TAG_SD_STOPPED:
    case TAG_SD_EMPTIED:
    case TAG_SD_WRITING:
    case TAG_SD_CLOSED:
    case TAG_SD_LISTED:
    case TAG_SD_CLEANED:
        device_sd_tag(d, (int)tag);
        break;
    case TAG_NONE:
    case TAG_HEATED:
    case TAG_RESTORED:
    case TAG_COUNT:
        break;
    }
}

void device_on_note(void *context, const struct stream_note *note)
{
    struct device *d = context;
    switch (note->kind) {
    case NOTE_RECEIVED:
        device_on_line(d, note->text, note->len);
        break;
    case NOTE_SENT:
        device_terminal_add(d, '>', note->text, note->len);
        break;
    case NOTE_DONE:
        if (!device_recover_done(d, note->tag)) {
            on_done(d, (enum device_tag)note->tag);
        }
        break;
    case NOTE_CONNECTED:
        device_link_connected(d, (int)note->tag);
        break;
    case NOTE_SILENT:
        on_silent(d, note->text);
        break;
    case NOTE_PORT:
        on_port_gone(d, note->text);
        break;
    case NOTE_RESET:
        on_reset(d);
        break;
    case NOTE_HALT:
        on_halt(d, note->text, note->tag != 0);
        break;
    case NOTE_LOST:
        on_lost(d, note->text);
        break;
    case NOTE_NOISY:
        device_notice(d, "%s", note->text);
        break;
    case NOTE_ESTOPPED:
        on_estopped(d, note->text);
        break;
    case NOTE_DETACHED:
        on_detached(d);
        break;
    case NOTE_ADOPTED:
        device_recover_adopted(d);
        break;
    case NOTE_BARRIER:
    case NOTE_DRAINED:
    case NOTE_END:
    case NOTE_RESEND:
    case NOTE_NEED:
    case NOTE_CHECKPOINT:
    case NOTE_NUMBERED:
        device_print_note(d, note);
        break;
    case NOTE_PACKING:
        log_info("%s", note->text);
        break;
    }
}
